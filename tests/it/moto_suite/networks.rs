//! Whether packets of functions find a way to X-Ray.
//!
//! moto does not know VPC Block Public Access (the proxy answers that it is off), gives every function's VPC the id `vpc-123abc`, leaves the route to a deleted NAT gateway active, and has no
//! rule 32767 in network ACLs; the verdicts hold nevertheless. It does not tell where routes of transit gateways lead (the
//! proxy does). It cannot show managed instances, regional NAT gateways,
//! Block Public Access, or endpoints that are pending: those are left to the checks' own tests.

use crate::support::{
    proxy::{Proxy, Rule},
    report::Report,
    seed::{Account, Seeded},
};

fn audit() -> (Report, Seeded) {
    let account = Account::new();
    let seeded = account.script("us-east-1", include_str!("seeds/networks.py"));
    let audit = account.audit().args(["--region", "us-east-1", "--check", "function-cannot-reach-xray"]);
    let hub = seeded["table-hub"].clone();
    let routes =
        [("0.0.0.0/0", seeded["attachment-egress"].clone()), ("10.20.0.0/16", seeded["attachment-spoke"].clone())];
    let proxy = Proxy::start(move |call| match call.operation.as_str() {
        "ec2:SearchTransitGatewayRoutes" if String::from_utf8_lossy(&call.body).contains(&hub) => {
            Rule::Answer(transit_routes(&routes))
        }
        _ => Rule::Forward,
    });
    (audit.endpoint(&proxy.url()).run().report(), seeded)
}

/// The routes of a transit gateway's table: their destinations, and the attachments that they lead to.
fn transit_routes(routes: &[(&str, String)]) -> String {
    let route = |(destination, attachment): &(&str, String)| {
        let id = format!("<transitGatewayAttachmentId>{attachment}</transitGatewayAttachmentId>");
        let to = format!(
            "<transitGatewayAttachments><item>{id}<resourceType>vpc</resourceType></item></transitGatewayAttachments>"
        );
        format!(
            "<item><destinationCidrBlock>{destination}</destinationCidrBlock>{to}<type>static</type><state>active</state></item>"
        )
    };
    let routes: String = routes.iter().map(route).collect();
    format!(
        "<SearchTransitGatewayRoutesResponse><requestId>r</requestId><routeSet>{routes}</routeSet>\
         <additionalRoutesAvailable>false</additionalRoutesAvailable></SearchTransitGatewayRoutesResponse>"
    )
}

#[test]
fn every_network() {
    let (report, seeded) = audit();
    // Beside functions the seed names what the proxy tells about.
    let subjects: Vec<_> = seeded.subjects().into_iter().filter(|(_, arn)| arn.starts_with("arn:")).collect();
    report.is(
        &subjects,
        "                                reach
        no-vpc                           n/a
        nat                              pass
        nat-mixed                        low
        nat-mixed-public                 low
        two-halves                       pass
        prefix-list                      pass
        prefix-list-elsewhere            low
        route-elsewhere                  low
        no-egress                        low
        egress-443                       pass
        egress-80                        low
        egress-udp                       low
        egress-inside                    low
        egress-of-second-group           pass
        acl-good                         pass
        acl-no-out                       low
        acl-no-back                      low
        acl-empty                        low
        acl-deny-later                   pass
        main-table                       pass
        main-table-bare                  low
        nat-by-main-table                pass
        internet-gateway                 low
        internet-gateway-otel            high
        no-route                         low
        no-route-passthrough             low
        no-route-otel-layer              high
        no-route-otel-layer-passthrough  high
        no-route-wrapper                 high
        no-route-otlp                    high
        no-route-other-variable          low
        nat-deleted                      low
        nat-private                      low
        nat-in-private-subnet            low
        nat-detached-gateway             low
        egress-only                      low
        transit-gateway                  low
        nat-instance                     ?
        nat-instance-alive               ?
        nat-instance-check-on            low
        egress-vpc                       pass
        nat-without-dns                  low
        nat-with-own-dns                 pass
        nat-fips                         pass
        endpoint-with-own-dns            ?
        endpoint-fips                    ?
        endpoint-led-away                ?
        peering                          ?
        central                          pass
        central-closed                   low
        central-no-way-back              low
        central-no-record                low
        endpoint                         pass
        endpoint-no-private-dns          low
        endpoint-no-hostnames            low
        endpoint-no-dns                  low
        endpoint-closed-group            low
        endpoint-other-range             low
        endpoint-own-range               pass
        endpoint-other-service           low
        endpoint-policy-denies           low
        endpoint-policy-half             low
        endpoint-policy-both             pass
        endpoint-policy-other-account    low
        endpoint-by-groups               pass
        endpoint-not-our-group           low
        endpoint-acl                     low",
    );

    // What is not known is said, in each verdict that could be taken for more.
    let message = |name: &str| report.outcome("function-cannot-reach-xray", &seeded[name])["message"].to_string();
    for name in ["no-route", "no-route-passthrough"] {
        assert!(message(name).contains("daemon"), "{}", message(name));
    }
    // A subnet that is bad next to a good one: sometimes. The bad one is named.
    let mixed = report.outcome("function-cannot-reach-xray", &seeded["nat-mixed"]).to_string();
    assert!(mixed.contains("subnet-"), "{mixed}");
}

/// What Route 53 would not say is named where a hosted zone decides, and changes nothing elsewhere.
#[test]
fn hosted_zones_that_are_denied_matter_behind_routes_to_other_networks_alone() {
    let account = Account::new();
    let seeded = account.script("us-east-1", include_str!("seeds/networks.py"));
    let verdicts = |denied: Option<&'static str>| {
        let proxy = Proxy::start(move |call| match denied {
            Some(denied) if call.operation == denied => Rule::Deny,
            _ => Rule::Forward,
        });
        let audit = account.audit().args(["--region", "us-east-1", "--check", "function-cannot-reach-xray"]);
        audit.endpoint(&proxy.url()).run().report()
    };
    let before = verdicts(None);
    for denied in ["route53:ListHostedZonesByVPC", "route53:ListResourceRecordSets"] {
        let report = verdicts(Some(denied));
        for (name, arn) in seeded.subjects().into_iter().filter(|(_, arn)| arn.starts_with("arn:")) {
            let outcome = report.outcome("function-cannot-reach-xray", arn);
            if name.starts_with("central") {
                let message = outcome["message"].as_str().unwrap();
                assert_eq!(outcome["verdict"], "unknown", "{name}: {outcome:#}");
                assert!(message.contains(&format!("needs {denied}")), "{name}: {message}");
            } else {
                let was = &before.outcome("function-cannot-reach-xray", arn)["verdict"];
                assert_eq!(outcome["verdict"], *was, "{name}: {outcome:#}");
            }
        }
    }
}

/// The hub, its hosted zone and its endpoint belong to another account: they are read if that account is one of the run.
#[test]
fn a_hub_of_another_account_is_followed_where_the_run_has_that_account() {
    let (spoke, hub) = (Account::new(), Account::new());
    let tools = include_str!("seeds/networks.py").split_once("\n# NAT.\n").unwrap().0;
    let of_hub = hub.script("us-east-1", &format!("{tools}{}", HUB.replace("SPOKE", &spoke.id)));
    let net = "
net = Net('10.41')
answer['vpc'] = net.id
peering = ec2.create_vpc_peering_connection(VpcId=net.id, PeerVpcId='HUB_VPC', PeerOwnerId='HUB')
peering = peering['VpcPeeringConnection']['VpcPeeringConnectionId']
answer['peering'] = peering
put('spoke', net, [net.subnet(dict(DestinationCidrBlock='10.40.0.0/16', VpcPeeringConnectionId=peering))])
";
    let net = net.replace("HUB_VPC", &of_hub["vpc"]).replace("HUB", &hub.id);
    let seeded = spoke.script("us-east-1", &format!("{tools}{net}"));
    let back = format!(
        "
ec2.create_route(RouteTableId='{}', DestinationCidrBlock='10.41.0.0/16', VpcPeeringConnectionId='{}')",
        of_hub["table"], seeded["peering"]
    );
    let accept = format!("ec2.accept_vpc_peering_connection(VpcPeeringConnectionId='{}')", seeded["peering"]);
    hub.script("us-east-1", &format!("{accept}{back}"));
    // AWS lists a VPC's zones whoever owns them; moto lists the caller's alone. And it knows no filter by endpoints' ids.
    let (zone, vpc, owner) = (of_hub["zone"].clone(), seeded["vpc"].clone(), hub.id.clone());
    let by_id = endpoints(&of_hub["endpoint"], &of_hub["vpc"], &of_hub["subnet"], &of_hub["group"]);
    let proxy = Proxy::start(move |call| match call.operation.as_str() {
        "route53:ListHostedZonesByVPC" => Rule::Answer(zones(&zone, &owner, &vpc)),
        "ec2:DescribeVpcEndpoints" if String::from_utf8_lossy(&call.body).contains("vpc-endpoint-id") => {
            Rule::Answer(by_id.clone())
        }
        _ => Rule::Forward,
    });
    let role = |account: &Account| format!("arn:aws:iam::{}:role/gatelight", account.id);
    let audit = |accounts: &[&Account]| {
        let roles = accounts.iter().flat_map(|account| ["--role-arn".to_owned(), role(account)]);
        let audit = spoke.audit().args(["--region", "us-east-1", "--check", "function-cannot-reach-xray"]);
        audit.args(roles.collect::<Vec<_>>()).endpoint(&proxy.url()).run().report()
    };
    let outcome = |report: &Report| report.outcome("function-cannot-reach-xray", &seeded["spoke"]).clone();
    let both = outcome(&audit(&[&spoke, &hub]));
    assert_eq!(both["verdict"], "pass", "{both:#}");
    let alone = outcome(&audit(&[&spoke]));
    assert_eq!(alone["verdict"], "unknown", "{alone:#}");
    let named = format!("belongs to account {}, which is not among the accounts of this run", hub.id);
    assert!(alone["message"].as_str().unwrap().contains(&named), "{alone:#}");
}

const HUB: &str = "
hub = Net('10.40')
subnet, group = hub.bare(), hub.group('endpoint', ingress=[tcp(443, **ANYBODY)])
endpoint = hub.endpoint([subnet], [group], private_dns=False)
route53 = client('route53')
name = f'xray.{REGION}.amazonaws.com'
zone = route53.create_hosted_zone(
    Name=name, CallerReference='hub', VPC=dict(VPCRegion=REGION, VPCId=hub.id), HostedZoneConfig=dict(PrivateZone=True)
)['HostedZone']['Id']
target = dict(HostedZoneId='Z7HUB8UULQXV', DNSName=f'{endpoint}-1a2b.xray.{REGION}.vpce.amazonaws.com', EvaluateTargetHealth=False)
record = dict(Name=name, Type='A', AliasTarget=target)
changes = [dict(Action='CREATE', ResourceRecordSet=record)]
route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=dict(Changes=changes))
answer |= dict(
    vpc=hub.id, table=hub.main(), zone=zone.split('/')[-1], endpoint=endpoint,
    subnet=subnet if isinstance(subnet, str) else subnet['SubnetId'], group=group,
)
";

/// The endpoint of the hub as AWS lists it.
fn endpoints(id: &str, vpc: &str, subnet: &str, group: &str) -> String {
    format!(
        "<DescribeVpcEndpointsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>\
         <vpcEndpointSet><item><vpcEndpointId>{id}</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType>\
         <vpcId>{vpc}</vpcId><serviceName>com.amazonaws.us-east-1.xray</serviceName><state>available</state>\
         <privateDnsEnabled>false</privateDnsEnabled><ipAddressType>ipv4</ipAddressType>\
         <dnsOptions><dnsRecordIpType>ipv4</dnsRecordIpType></dnsOptions>\
         <subnetIdSet><item>{subnet}</item></subnetIdSet><groupSet><item><groupId>{group}</groupId></item></groupSet>\
         </item></vpcEndpointSet></DescribeVpcEndpointsResponse>"
    )
}

/// The hosted zone of X-Ray's name as AWS lists it of a VPC.
fn zones(id: &str, owner: &str, vpc: &str) -> String {
    let summary = format!(
        "<HostedZoneId>{id}</HostedZoneId><Name>xray.us-east-1.amazonaws.com.</Name>\
         <Owner><OwningAccount>{owner}</OwningAccount></Owner>"
    );
    format!(
        "<ListHostedZonesByVPCResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><!-- {vpc} -->\
         <HostedZoneSummaries><HostedZoneSummary>{summary}</HostedZoneSummary></HostedZoneSummaries>\
         <MaxItems>100</MaxItems></ListHostedZonesByVPCResponse>"
    )
}

/// Nothing about networks is asked where no function is in one.
#[test]
fn functions_outside_of_vpcs_cost_no_call_about_networks() {
    let account = Account::new();
    account.script("us-east-1", "function('plain', role('plain', allow('*')))");
    let proxy = Proxy::start(|_| Rule::Forward);
    account.audit().args(["--region", "us-east-1", "--metrics", "off"]).endpoint(&proxy.url()).run().report();
    let about = |operation: &&String| operation.starts_with("ec2:");
    assert_eq!(proxy.operations().iter().filter(about).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// What routes do not lead to is not asked about; what they lead to is, each kind once.
#[test]
fn routes_decide_what_is_asked_about() {
    const BEYOND: [&str; 6] = [
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeTransitGatewayAttachments",
        "ec2:DescribeTransitGatewayVpcAttachments",
        "ec2:DescribeTransitGateways",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:SearchTransitGatewayRoutes",
    ];
    let asked = |script: &str| {
        let account = Account::new();
        account.script("us-east-1", script);
        let proxy = Proxy::start(|_| Rule::Forward);
        let audit = account.audit().args(["--region", "us-east-1", "--check", "function-cannot-reach-xray"]);
        audit.endpoint(&proxy.url()).run().report();
        let calls: Vec<_> = proxy.calls().into_iter().map(|call| call.operation).collect();
        BEYOND.map(|operation| calls.iter().filter(|call| *call == operation).count())
    };
    let plain = "
vpc = ec2.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId']
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.0.1.0/24')['Subnet']['SubnetId']
group = ec2.create_security_group(GroupName='g', Description='g', VpcId=vpc)['GroupId']
function('f', role('r', allow('*')), 'Active', [subnet], [group])
table = ec2.describe_route_tables(Filters=[{'Name': 'vpc-id', 'Values': [vpc]}])['RouteTables'][0]['RouteTableId']
";
    assert_eq!(asked(plain), [0; 6]);
    let eni = "
eni = ec2.create_network_interface(SubnetId=subnet)['NetworkInterface']['NetworkInterfaceId']
ec2.create_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', NetworkInterfaceId=eni)
";
    assert_eq!(asked(&format!("{plain}{eni}")), [1, 0, 0, 0, 0, 0]);
    let transit = "
hub = ec2.create_transit_gateway()['TransitGateway']['TransitGatewayId']
ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=hub, VpcId=vpc, SubnetIds=[subnet])
ec2.create_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', TransitGatewayId=hub)
";
    assert_eq!(asked(&format!("{plain}{transit}")), [0, 1, 1, 1, 0, 1]);
}
