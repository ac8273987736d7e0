//! What networks lead into: appliances, peering connections, a transit gateway with an egress VPC; and what can be
//! missing from the list where it should stand.

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        InternetGateway, NatGateway, Network, NetworkAcl, NetworkInterface, PeeredVpc, PeeringConnection,
        TransitAttachment, TransitGateway, TransitSubnets, TransitTableAnswer, VpcEndpoint,
    },
};

use super::{
    super::{Fault, Inventory, break_off},
    lead, route, subnet, table, table_mut, texts,
};

const OWN: &str = "123456789012";

fn attachment(id: &str, vpc: &str, table: &str) -> TransitAttachment {
    TransitAttachment {
        id: id.to_owned(),
        gateway: "tgw-hub".to_owned(),
        kind: "vpc".to_owned(),
        resource: vpc.to_owned(),
        owner: OWN.to_owned(),
        state: "available".to_owned(),
        table: Some(table.to_owned()),
    }
}

/// Leads `rtb-orders` over a transit gateway of this account, and from there out of an egress VPC.
fn over_transit(inventory: &mut Inventory) {
    lead(inventory, "rtb-orders", "tgw-hub");
    let network = &mut inventory.region.network;
    network.subnets.seen.extend([
        subnet("subnet-orders-hub", "vpc-orders", "us-east-1a", "10.0.200.0/28"),
        subnet("subnet-egress-hub", "vpc-egress", "us-east-1a", "10.2.1.0/28"),
        subnet("subnet-egress-public", "vpc-egress", "us-east-1a", "10.2.9.0/24"),
    ]);
    let local = ("10.2.0.0/16", "local");
    network.route_tables.seen.extend([
        table("rtb-egress", "vpc-egress", None, &[local, ("0.0.0.0/0", "nat-egress")]),
        table(
            "rtb-egress-public",
            "vpc-egress",
            Some(&["subnet-egress-public"]),
            &[local, ("0.0.0.0/0", "igw-egress"), ("10.0.0.0/8", "tgw-hub")],
        ),
    ]);
    network.nat_gateways.seen.push(NatGateway {
        id: "nat-egress".to_owned(),
        vpc: "vpc-egress".to_owned(),
        subnet: Some("subnet-egress-public".to_owned()),
        ..network.nat_gateways.seen[0].clone()
    });
    network.internet_gateways.seen.push(InternetGateway { id: "igw-egress".to_owned(), vpcs: texts(&["vpc-egress"]) });
    network.network_acls.seen.push(NetworkAcl {
        id: "acl-egress".to_owned(),
        subnets: texts(&["subnet-orders-hub", "subnet-egress-hub", "subnet-egress-public"]),
        ..network.network_acls.seen[0].clone()
    });
    network.transit_gateways = Listing::whole(vec![TransitGateway { id: "tgw-hub".to_owned(), owner: OWN.to_owned() }]);
    network.transit_attachments = Listing::whole(vec![
        attachment("tgw-attach-orders", "vpc-orders", "tgw-rtb-spokes"),
        attachment("tgw-attach-egress", "vpc-egress", "tgw-rtb-egress"),
    ]);
    let stand = |attachment: &str, subnet: &str| TransitSubnets {
        attachment: attachment.to_owned(),
        subnets: texts(&[subnet]),
    };
    network.transit_subnets = Listing::whole(vec![
        stand("tgw-attach-orders", "subnet-orders-hub"),
        stand("tgw-attach-egress", "subnet-egress-hub"),
    ]);
    let answer = |id: &str, destination: &str, target: &str| TransitTableAnswer {
        id: id.to_owned(),
        routes: Fetched::known(vec![route(destination, target)]),
    };
    network.transit_tables = vec![
        answer("tgw-rtb-spokes", "0.0.0.0/0", "tgw-attach-egress"),
        answer("tgw-rtb-egress", "10.0.0.0/16", "tgw-attach-orders"),
    ];
}

/// Leads `rtb-orders` to a NAT instance, and `rtb-users` to a peering connection.
fn over_others(inventory: &mut Inventory) {
    lead(inventory, "rtb-orders", "eni-nat");
    table_mut(inventory, "rtb-users").routes.push(route("10.7.0.0/16", "pcx-shared"));
    let network = &mut inventory.region.network;
    network.network_interfaces = Listing::whole(vec![NetworkInterface {
        id: "eni-nat".to_owned(),
        instance: Some("i-nat".to_owned()),
        status: "in-use".to_owned(),
        source_dest_check: false,
        public_ip: Some("198.51.100.7".to_owned()),
        security_groups: texts(&["sg-nat"]),
    }]);
    let end = |vpc: &str, owner: &str| PeeredVpc {
        vpc: vpc.to_owned(),
        owner: owner.to_owned(),
        region: "eu-north-1".to_owned(),
    };
    network.peering_connections = Listing::whole(vec![PeeringConnection {
        id: "pcx-shared".to_owned(),
        status: "active".to_owned(),
        ends: vec![end("vpc-users", OWN), end("vpc-shared", "210987654321")],
    }]);
    network.security_groups.seen.push(gatelight_model::inventory::SecurityGroup {
        id: "sg-nat".to_owned(),
        ingress: vec![super::permission("-1", None, &["10.0.0.0/16"], &[], &[])],
        egress: vec![],
    });
    // The users' VPC has its endpoint still; without private DNS its functions need another way.
    super::xray_mut(inventory).private_dns = false;
    super::group_mut(inventory, "sg-shared").egress[0].cidrs = texts(&["0.0.0.0/0"]);
}

fn firewall(id: &str, vpc: &str, subnet: &str) -> VpcEndpoint {
    VpcEndpoint {
        id: id.to_owned(),
        vpc: vpc.to_owned(),
        service: "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b".to_owned(),
        kind: "GatewayLoadBalancer".to_owned(),
        state: "available".to_owned(),
        private_dns: false,
        ip_address_type: Fetched::known(None),
        dns_record_type: Fetched::known(None),
        subnets: texts(&[subnet]),
        security_groups: vec![],
        policy: None,
    }
}

/// Takes the things of these ids out of the lists that hold them, and breaks those off if `cut`.
fn without(inventory: &mut Inventory, ids: &[&str], cut: bool) {
    fn take<T>(list: &mut Listing<T>, id: fn(&T) -> &str, ids: &[&str], cut: Option<&str>) {
        let before = list.seen.len();
        list.seen.retain(|thing| !ids.contains(&id(thing)));
        if let Some(operation) = cut.filter(|_| list.seen.len() < before) {
            break_off(list, operation);
        }
    }
    let Network {
        subnets,
        vpcs,
        route_tables,
        nat_gateways,
        internet_gateways,
        endpoints,
        security_groups,
        network_acls,
        dhcp_options,
        prefix_lists: _,
        network_interfaces,
        peering_connections,
        transit_gateways,
        transit_attachments,
        transit_subnets,
        transit_tables: _,
        hosted_zones: _,
        zone_records: _,
        endpoint_addresses: _,
    } = &mut inventory.region.network;
    let of = |operation: &'static str| cut.then_some(operation);
    take(subnets, |own| &own.id, ids, of("ec2:DescribeSubnets"));
    take(vpcs, |own| &own.id, ids, of("ec2:DescribeVpcs"));
    take(route_tables, |own| &own.id, ids, of("ec2:DescribeRouteTables"));
    take(nat_gateways, |own| &own.id, ids, of("ec2:DescribeNatGateways"));
    take(internet_gateways, |own| &own.id, ids, of("ec2:DescribeInternetGateways"));
    take(endpoints, |own| &own.id, ids, of("ec2:DescribeVpcEndpoints"));
    take(security_groups, |own| &own.id, ids, of("ec2:DescribeSecurityGroups"));
    take(network_acls, |own| &own.id, ids, of("ec2:DescribeNetworkAcls"));
    take(dhcp_options, |own| &own.id, ids, of("ec2:DescribeDhcpOptions"));
    take(network_interfaces, |own| &own.id, ids, of("ec2:DescribeNetworkInterfaces"));
    take(peering_connections, |own| &own.id, ids, of("ec2:DescribeVpcPeeringConnections"));
    take(transit_gateways, |own| &own.id, ids, of("ec2:DescribeTransitGateways"));
    take(transit_attachments, |own| &own.id, ids, of("ec2:DescribeTransitGatewayAttachments"));
    take(transit_subnets, |own| &own.attachment, ids, of("ec2:DescribeTransitGatewayVpcAttachments"));
}

/// One thing that the orders' functions need is not listed, and one that the users' do.
const NOT_LISTED: [[&str; 2]; 6] = [
    ["nat-zonal", "dopt-users"],
    ["igw-orders", "sg-shared"],
    ["acl-orders", "vpc-users"],
    ["sg-orders", "subnet-users-a"],
    ["rtb-orders", "vpce-xray"],
    ["vpc-orders", "acl-users"],
];

/// What can be wrong, or not known, where ways lead on, and with what is named and not listed.
pub(in crate::testing) const BEYOND: &[Fault] = &[
    ("a way out through an egress VPC", |inventory| over_transit(inventory)),
    ("an egress VPC that answers do not find back from", |inventory| {
        over_transit(inventory);
        inventory.region.network.transit_tables[1].routes = Fetched::known(vec![]);
        inventory.region.network.transit_subnets.seen[0].subnets.clear();
    }),
    ("a transit gateway that is not attached as it was", |inventory| {
        over_transit(inventory);
        inventory.region.network.transit_attachments.seen[1].table = None;
        lead(inventory, "rtb-orders-nat", "tgw-hub");
    }),
    ("a NAT instance and a peering connection", |inventory| over_others(inventory)),
    ("a NAT instance that drops packets, and a peering connection that was deleted", |inventory| {
        over_others(inventory);
        let network = &mut inventory.region.network;
        network.network_interfaces.seen[0].source_dest_check = true;
        network.peering_connections.seen[0].status = String::from("deleted");
    }),
    ("a network interface of nothing, and a peering connection to nowhere", |inventory| {
        over_others(inventory);
        let network = &mut inventory.region.network;
        let interface = &mut network.network_interfaces.seen[0];
        (interface.instance, interface.public_ip) = (None, None);
        interface.security_groups.clear();
        network.peering_connections.seen[0].ends.clear();
    }),
    ("firewalls on the way out and on the way back", |inventory| {
        lead(inventory, "rtb-orders", "vpce-wall");
        let network = &mut inventory.region.network;
        network.endpoints.seen.push(firewall("vpce-wall", "vpc-orders", "subnet-orders-public"));
        network.nat_gateways.seen[1].appliances = texts(&["arn:aws:network-firewall:us-east-1:123456789012:proxy/web"]);
    }),
    ("a firewall behind the internet gateway", |inventory| {
        let network = &mut inventory.region.network;
        network.endpoints.seen.push(firewall("vpce-edge", "vpc-orders", "subnet-orders-public"));
        let mut edge =
            table("rtb-edge", "vpc-orders", Some(&[]), &[("10.0.0.0/16", "local"), ("10.0.9.0/24", "vpce-edge")]);
        edge.gateways = texts(&["igw-orders"]);
        network.route_tables.seen.push(edge);
    }),
    ("an endpoint of both address families, and Amazon's DNS server by its address", |inventory| {
        let endpoint = super::xray_mut(inventory);
        endpoint.ip_address_type = Fetched::known(Some("dualstack".to_owned()));
        endpoint.dns_record_type = Fetched::known(Some("dualstack".to_owned()));
        inventory.region.network.dhcp_options.seen[0].dns_servers = texts(&["10.1.0.2"]);
    }),
    ("a propagated route beside one for a prefix list, and a DNS server of one's own", |inventory| {
        let mut propagated = route("128.0.0.0/2", "vgw-orders");
        propagated.origin = Fetched::known("EnableVgwRoutePropagation".to_owned());
        let routes = &mut table_mut(inventory, "rtb-orders").routes;
        routes.retain(|route| route.target == "local");
        routes.extend([route("pl-upper", "nat-zonal"), route("0.0.0.0/1", "nat-zonal"), propagated]);
        inventory.region.network.dhcp_options.seen[0].dns_servers = texts(&["10.1.2.53"]);
    }),
    ("a NAT gateway and DHCP options that are not listed", |inventory| without(inventory, &NOT_LISTED[0], false)),
    ("… of which the lists broke off", |inventory| without(inventory, &NOT_LISTED[0], true)),
    ("an internet gateway and a group that are not listed", |inventory| without(inventory, &NOT_LISTED[1], false)),
    ("… of which those lists broke off", |inventory| without(inventory, &NOT_LISTED[1], true)),
    ("a network ACL and a VPC that are not listed", |inventory| without(inventory, &NOT_LISTED[2], false)),
    ("… the lists of which broke off", |inventory| without(inventory, &NOT_LISTED[2], true)),
    ("a group and a subnet that are not listed", |inventory| without(inventory, &NOT_LISTED[3], false)),
    ("… whose lists broke off", |inventory| without(inventory, &NOT_LISTED[3], true)),
    ("a route table and an endpoint that are not listed", |inventory| without(inventory, &NOT_LISTED[4], false)),
    ("… where the lists broke off", |inventory| without(inventory, &NOT_LISTED[4], true)),
    ("a VPC and a network ACL that are not listed", |inventory| without(inventory, &NOT_LISTED[5], false)),
    ("… as the lists broke off", |inventory| without(inventory, &NOT_LISTED[5], true)),
    ("an interface and a peering connection that are not listed", |inventory| {
        over_others(inventory);
        without(inventory, &["eni-nat", "pcx-shared"], false);
    }),
    ("… because the lists broke off", |inventory| {
        over_others(inventory);
        without(inventory, &["eni-nat", "pcx-shared"], true);
    }),
    ("a transit gateway that is not listed", |inventory| {
        over_transit(inventory);
        without(inventory, &["tgw-hub"], false);
    }),
    ("… whose list broke off", |inventory| {
        over_transit(inventory);
        without(inventory, &["tgw-hub"], true);
    }),
    ("an attachment that is not listed", |inventory| {
        over_transit(inventory);
        without(inventory, &["tgw-attach-egress"], false);
    }),
    ("… of which both lists broke off", |inventory| {
        over_transit(inventory);
        without(inventory, &["tgw-attach-egress"], true);
    }),
];
