//! The networks of the scenarios: one VPC with NAT gateways, one with an endpoint, and what can be wrong with them.

mod beyond;
pub(crate) mod central;

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        AclEntry, CapacityProviderAnswer, DhcpOptions, FunctionVpc, HostedZonesAnswer, InternetGateway, NatGateway,
        Network, NetworkAcl, Permission, PrefixListAnswer, Route, RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint,
    },
};

use super::{Fault, Inventory, break_off, denied};

pub(super) use beyond::BEYOND;
pub(super) use central::CENTRAL;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// The capacity providers of the healthy account.
pub(super) const CAPACITY_PROVIDERS: [&str; 2] = [
    "arn:aws:lambda:us-east-1:123456789012:capacity-provider:batch",
    "arn:aws:lambda:us-east-1:123456789012:capacity-provider:steady",
];

/// In a VPC whose subnets are routed to NAT gateways, a zonal and a regional one.
pub(super) fn behind_nat() -> FunctionVpc {
    FunctionVpc {
        subnets: texts(&["subnet-orders-a", "subnet-orders-b"]),
        security_groups: texts(&["sg-orders", "sg-users"]),
        ipv6: true,
    }
}

/// In a VPC that has an endpoint and no way to the internet.
pub(super) fn beside_endpoint() -> FunctionVpc {
    FunctionVpc {
        subnets: texts(&["subnet-users-a", "subnet-users-b"]),
        security_groups: texts(&["sg-shared"]),
        ipv6: false,
    }
}

/// What AWS says about [`CAPACITY_PROVIDERS`]: one in each VPC.
pub(super) fn capacity_providers() -> Vec<CapacityProviderAnswer> {
    let vpcs = [behind_nat(), beside_endpoint()];
    let answer =
        |(arn, vpc): (&str, FunctionVpc)| CapacityProviderAnswer { arn: arn.to_owned(), vpc: Fetched::known(vpc) };
    CAPACITY_PROVIDERS.into_iter().zip(vpcs).map(answer).collect()
}

fn route(destination: &str, target: &str) -> Route {
    Route {
        destination: destination.to_owned(),
        state: "active".to_owned(),
        target: target.to_owned(),
        origin: Fetched::known(if target == "local" { "CreateRouteTable" } else { "CreateRoute" }.to_owned()),
    }
}

fn table(id: &str, vpc: &str, subnets: Option<&[&str]>, routes: &[(&str, &str)]) -> RouteTable {
    RouteTable {
        id: id.to_owned(),
        vpc: vpc.to_owned(),
        main: subnets.is_none(),
        subnets: texts(subnets.unwrap_or_default()),
        gateways: vec![],
        routes: routes.iter().map(|(destination, target)| route(destination, target)).collect(),
    }
}

fn subnet(id: &str, vpc: &str, zone: &str, cidr: &str) -> Subnet {
    Subnet {
        id: id.to_owned(),
        vpc: vpc.to_owned(),
        zone: zone.to_owned(),
        cidr: cidr.to_owned(),
        dns64: vpc == "vpc-orders",
        owner: "123456789012".to_owned(),
        public_access_block: (vpc == "vpc-users").then(|| "off".to_owned()),
    }
}

fn permission(
    protocol: &str,
    ports: Option<(i32, i32)>,
    cidrs: &[&str],
    lists: &[&str],
    groups: &[&str],
) -> Permission {
    Permission {
        protocol: protocol.to_owned(),
        from_port: ports.map(|(first, _)| first),
        to_port: ports.map(|(_, last)| last),
        cidrs: texts(cidrs),
        prefix_lists: texts(lists),
        security_groups: texts(groups),
    }
}

fn entry(number: i32, egress: bool, allow: bool, protocol: &str, ports: Option<(i32, i32)>) -> AclEntry {
    AclEntry {
        number,
        egress,
        allow,
        protocol: protocol.to_owned(),
        cidr: "0.0.0.0/0".to_owned(),
        from_port: ports.map(|(first, _)| first),
        to_port: ports.map(|(_, last)| last),
    }
}

/// The network of the healthy account.
pub(super) fn network() -> Network {
    Network {
        subnets: Listing::whole(subnets()),
        vpcs: Listing::whole(vpcs()),
        route_tables: Listing::whole(route_tables()),
        nat_gateways: Listing::whole(nat_gateways()),
        internet_gateways: Listing::whole(vec![
            InternetGateway { id: "igw-orders".to_owned(), vpcs: texts(&["vpc-orders"]) },
            InternetGateway { id: "igw-spare".to_owned(), vpcs: vec![] },
        ]),
        endpoints: Listing::whole(endpoints()),
        security_groups: Listing::whole(groups()),
        network_acls: Listing::whole(acls()),
        dhcp_options: Listing::whole(vec![DhcpOptions {
            id: "dopt-users".to_owned(),
            dns_servers: texts(&["AmazonProvidedDNS"]),
        }]),
        prefix_lists: vec![
            PrefixListAnswer {
                id: "pl-upper".to_owned(),
                cidrs: Fetched::known(texts(&["128.0.0.0/2", "192.0.0.0/2"])),
            },
            PrefixListAnswer { id: "pl-users".to_owned(), cidrs: Fetched::known(texts(&["10.1.0.0/16"])) },
        ],
        network_interfaces: Listing::whole(vec![]),
        peering_connections: Listing::whole(vec![]),
        transit_gateways: Listing::whole(vec![]),
        transit_attachments: Listing::whole(vec![]),
        transit_subnets: Listing::whole(vec![]),
        transit_tables: vec![],
        hosted_zones: no_zones(),
        zone_records: vec![],
        endpoint_addresses: Listing::whole(vec![]),
    }
}

fn subnets() -> Vec<Subnet> {
    vec![
        subnet("subnet-orders-a", "vpc-orders", "us-east-1a", "10.0.1.0/24"),
        subnet("subnet-orders-b", "vpc-orders", "us-east-1b", "10.0.2.0/24"),
        subnet("subnet-orders-public", "vpc-orders", "us-east-1a", "10.0.9.0/24"),
        subnet("subnet-users-a", "vpc-users", "us-east-1a", "10.1.1.0/24"),
        subnet("subnet-users-b", "vpc-users", "us-east-1c", "10.1.2.0/24"),
    ]
}

fn vpcs() -> Vec<Vpc> {
    vec![
        Vpc {
            id: "vpc-orders".to_owned(),
            cidrs: texts(&["10.0.0.0/16"]),
            primary_cidr: Fetched::known("10.0.0.0/16".to_owned()),
            dhcp_options: None,
            dns_support: Fetched::known(true),
            dns_hostnames: Fetched::known(false),
        },
        Vpc {
            id: "vpc-users".to_owned(),
            cidrs: texts(&["10.1.0.0/16", "100.64.0.0/16"]),
            primary_cidr: Fetched::known("10.1.0.0/16".to_owned()),
            dhcp_options: Some("dopt-users".to_owned()),
            dns_support: Fetched::known(true),
            dns_hostnames: Fetched::known(true),
        },
    ]
}

fn route_tables() -> Vec<RouteTable> {
    vec![
        table("rtb-orders", "vpc-orders", None, &[("10.0.0.0/16", "local"), ("0.0.0.0/0", "nat-zonal")]),
        table(
            "rtb-orders-b",
            "vpc-orders",
            Some(&["subnet-orders-b"]),
            &[
                ("10.0.0.0/16", "local"),
                ("0.0.0.0/1", "nat-regional"),
                ("pl-upper", "nat-regional"),
                ("pl-63a5400a", "vpce-s3"),
            ],
        ),
        table(
            "rtb-orders-public",
            "vpc-orders",
            Some(&["subnet-orders-public"]),
            &[("10.0.0.0/16", "local"), ("0.0.0.0/0", "igw-orders")],
        ),
        table("rtb-orders-nat", "vpc-orders", Some(&[]), &[("10.0.0.0/16", "local"), ("0.0.0.0/0", "igw-orders")]),
        table("rtb-users", "vpc-users", None, &[("10.1.0.0/16", "local")]),
    ]
}

fn nat_gateways() -> Vec<NatGateway> {
    vec![
        NatGateway {
            id: "nat-zonal".to_owned(),
            vpc: "vpc-orders".to_owned(),
            state: "available".to_owned(),
            public: true,
            subnet: Some("subnet-orders-public".to_owned()),
            route_table: None,
            zones: vec![],
            appliances: vec![],
        },
        NatGateway {
            id: "nat-regional".to_owned(),
            vpc: "vpc-orders".to_owned(),
            state: "available".to_owned(),
            public: true,
            subnet: None,
            route_table: Some("rtb-orders-nat".to_owned()),
            zones: texts(&["us-east-1b", "us-east-1c"]),
            appliances: vec![],
        },
    ]
}

fn endpoints() -> Vec<VpcEndpoint> {
    let xray = VpcEndpoint {
        id: "vpce-xray".to_owned(),
        vpc: "vpc-users".to_owned(),
        service: "com.amazonaws.us-east-1.xray".to_owned(),
        kind: "Interface".to_owned(),
        state: "available".to_owned(),
        private_dns: true,
        ip_address_type: Fetched::known(Some("ipv4".to_owned())),
        dns_record_type: Fetched::known(Some("ipv4".to_owned())),
        subnets: texts(&["subnet-users-a", "subnet-users-b"]),
        security_groups: texts(&["sg-endpoint"]),
        policy: Some(ALLOW.to_owned()),
    };
    let s3 = VpcEndpoint {
        id: "vpce-s3".to_owned(),
        vpc: "vpc-orders".to_owned(),
        service: "com.amazonaws.us-east-1.s3".to_owned(),
        kind: "Gateway".to_owned(),
        private_dns: false,
        subnets: vec![],
        security_groups: vec![],
        policy: None,
        ..xray.clone()
    };
    vec![s3, xray]
}

const ALLOW: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

fn groups() -> Vec<SecurityGroup> {
    let all = permission("-1", None, &["0.0.0.0/0", "::/0"], &[], &[]);
    let group = |id: &str, ingress, egress| SecurityGroup { id: id.to_owned(), ingress, egress };
    let https = Some((443, 443));
    vec![
        group("sg-orders", vec![], vec![all]),
        group("sg-users", vec![], vec![]),
        group("sg-shared", vec![], vec![permission("tcp", https, &[], &["pl-users"], &["sg-endpoint"])]),
        group("sg-endpoint", vec![permission("tcp", https, &["10.1.1.0/24"], &["pl-users"], &["sg-shared"])], vec![]),
    ]
}

fn acls() -> Vec<NetworkAcl> {
    vec![
        NetworkAcl {
            id: "acl-orders".to_owned(),
            subnets: texts(&["subnet-orders-a", "subnet-orders-b", "subnet-orders-public"]),
            entries: vec![entry(100, true, true, "-1", None), entry(100, false, true, "-1", None)],
        },
        NetworkAcl {
            id: "acl-users".to_owned(),
            subnets: texts(&["subnet-users-a", "subnet-users-b"]),
            entries: vec![
                entry(90, false, false, "17", Some((0, 65535))),
                entry(100, true, true, "6", Some((443, 443))),
                entry(110, true, true, "6", Some((1024, 65535))),
                entry(100, false, true, "6", Some((443, 443))),
                entry(110, false, true, "6", Some((1024, 65535))),
            ],
        },
    ]
}

fn table_mut<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut RouteTable {
    inventory.region.network.route_tables.seen.iter_mut().find(|table| table.id == id).expect("that route table")
}

fn xray_mut(inventory: &mut Inventory) -> &mut VpcEndpoint {
    inventory.region.network.endpoints.seen.iter_mut().find(|own| own.id == "vpce-xray").expect("the endpoint")
}

fn nat_mut<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut NatGateway {
    inventory.region.network.nat_gateways.seen.iter_mut().find(|nat| nat.id == id).expect("that NAT gateway")
}

fn group_mut<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut SecurityGroup {
    inventory.region.network.security_groups.seen.iter_mut().find(|group| group.id == id).expect("that group")
}

fn lead(inventory: &mut Inventory, table: &str, target: &str) {
    let routes = &mut table_mut(inventory, table).routes;
    routes.retain(|route| route.target == "local");
    routes.push(route("0.0.0.0/0", target));
}

/// What can be wrong, or not known, with [`network`].
pub(super) const NETWORKS: &[Fault] = &[
    ("networks without a way out", |inventory| {
        lead(inventory, "rtb-orders", "igw-orders");
        table_mut(inventory, "rtb-orders-b").routes.clear();
        xray_mut(inventory).private_dns = false;
    }),
    ("one subnet of two without a way, and an endpoint that refuses", |inventory| {
        nat_mut(inventory, "nat-zonal").state = String::from("deleted");
        group_mut(inventory, "sg-endpoint").ingress.clear();
    }),
    ("NAT gateways that lead nowhere, and an endpoint whose policy denies", |inventory| {
        nat_mut(inventory, "nat-zonal").public = false;
        nat_mut(inventory, "nat-regional").zones.clear();
        table_mut(inventory, "rtb-orders-nat").routes[1].state = String::from("blackhole");
        xray_mut(inventory).policy = Some(ALLOW.replace("Allow", "Deny"));
    }),
    ("routes to what is not there", |inventory| {
        lead(inventory, "rtb-orders", "nat-gone");
        lead(inventory, "rtb-orders-nat", "igw-gone");
        lead(inventory, "rtb-users", "pcx-gone");
        inventory.region.network.endpoints.seen.retain(|endpoint| endpoint.id != "vpce-xray");
    }),
    ("ways that go on out of sight", |inventory| {
        lead(inventory, "rtb-orders", "tgw-far");
        table_mut(inventory, "rtb-orders").routes.push(route("::/0", "eigw-orders"));
        inventory.region.network.dhcp_options.seen[0].dns_servers = texts(&["10.1.0.53"]);
        xray_mut(inventory).security_groups.push("sg-orders".to_owned());
    }),
    ("networks that let nothing out", |inventory| {
        group_mut(inventory, "sg-orders").egress.clear();
        group_mut(inventory, "sg-shared").egress[0].security_groups.clear();
        group_mut(inventory, "sg-shared").egress[0].prefix_lists.clear();
        inventory.region.network.network_acls.seen[1].entries.clear();
    }),
    ("DNS that does not lead to the endpoint, and public access blocked", |inventory| {
        inventory.region.network.vpcs.seen[0].dns_support = Fetched::known(false);
        inventory.region.network.vpcs.seen[1].dns_hostnames = Fetched::known(false);
        for subnet in &mut inventory.region.network.subnets.seen {
            subnet.public_access_block = Some("block-bidirectional".to_owned());
        }
    }),
    ("networks of another account", |inventory| {
        for subnet in &mut inventory.region.network.subnets.seen {
            subnet.owner = String::from("210987654321");
        }
    }),
    ("networks of which some is hidden", |inventory| {
        let network = &mut inventory.region.network;
        network.prefix_lists[0].cidrs = Err(denied("ec2:GetManagedPrefixListEntries")).into();
        network.prefix_lists[1].cidrs = Fetched::known(vec![]);
        network.vpcs.seen[0].cidrs.clear();
        network.dhcp_options.seen[0].dns_servers.clear();
        network.vpcs.seen[1].dns_support = Err(denied("ec2:DescribeVpcAttribute")).into();
        break_off(&mut network.nat_gateways, "ec2:DescribeNatGateways");
    }),
    ("networks of which nothing is known", |inventory| {
        inventory.region.network = Network::unread(&denied("ec2:DescribeSubnets"));
        for answer in &mut inventory.region.capacity_providers {
            answer.vpc = Err(denied("lambda:GetCapacityProvider")).into();
        }
    }),
];

/// What AWS says about the hosted zones of the healthy account: nobody has any.
fn no_zones() -> Vec<HostedZonesAnswer> {
    let answer = |vpc: &str| HostedZonesAnswer { vpc: vpc.to_owned(), zones: Listing::whole(vec![]) };
    ["vpc-orders", "vpc-users"].map(answer).into()
}
