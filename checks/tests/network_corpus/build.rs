//! The two healthy networks, and a hand on each thing in them. Things are copied from the crate's healthy world, so that
//! a fact which is new to the inventory has the healthy value here too.

use gatelight_checks::testing::{Inventory, healthy};
use gatelight_model::{
    Fetched, Listing,
    inventory::{
        AclEntry, DhcpOptions, Function, FunctionVpc, InternetGateway, NatGateway, Network, NetworkAcl,
        NetworkInterface, PeeredVpc, PeeringConnection, Permission, PrefixListAnswer, Route, RouteTable, SecurityGroup,
        Subnet, VpcEndpoint,
    },
};

/// A world with one function, `orders`, in the subnets `subnet-a` and `subnet-b`.
pub(crate) struct Scenario {
    pub(crate) inventory: Inventory,
}

/// With a way through `nat-1` in `subnet-public`, and from there through `igw-1`.
pub(crate) fn with_nat() -> Scenario {
    let mut scenario = bare();
    scenario.route("rtb-private", "0.0.0.0/0", "nat-1");
    scenario.route("rtb-public", "0.0.0.0/0", "igw-1");
    let mut nat = healthy().region.network.nat_gateways.seen[0].clone();
    (nat.id, nat.vpc, nat.subnet) = ("nat-1".into(), "vpc-1".into(), Some("subnet-public".into()));
    let network = scenario.network();
    network.nat_gateways.seen.push(nat);
    network.internet_gateways.seen.push(InternetGateway { id: "igw-1".into(), vpcs: vec!["vpc-1".into()] });
    scenario
}

/// With an endpoint, `vpce-1` in `subnet-endpoint`, and no other way.
pub(crate) fn with_endpoint() -> Scenario {
    let mut scenario = bare();
    let mut endpoint = healthy().region.network.endpoints.seen[1].clone();
    (endpoint.id, endpoint.vpc, endpoint.policy) = ("vpce-1".into(), "vpc-1".into(), None);
    endpoint.subnets = texts(&["subnet-endpoint"]);
    endpoint.security_groups = texts(&["sg-endpoint"]);
    scenario.network().endpoints.seen.push(endpoint);
    scenario
}

/// Subnets, the rules that a careful owner writes, and no way out.
fn bare() -> Scenario {
    let mut inventory = healthy();
    let pattern = inventory.region.network.clone();
    let network = &mut inventory.region.network;
    network.route_tables.seen.clear();
    network.nat_gateways.seen.clear();
    network.internet_gateways.seen.clear();
    network.endpoints.seen.clear();
    network.prefix_lists.clear();
    network.dhcp_options.seen = vec![DhcpOptions { id: "dopt-1".into(), dns_servers: texts(&["AmazonProvidedDNS"]) }];
    let mut vpc = pattern.vpcs.seen[1].clone();
    (vpc.id, vpc.cidrs, vpc.dhcp_options) = ("vpc-1".into(), texts(&["10.0.0.0/16"]), Some("dopt-1".into()));
    vpc.primary_cidr = Fetched::known("10.0.0.0/16".into());
    network.vpcs.seen = vec![vpc];
    let subnet = |(id, cidr, zone): (&str, &str, &str)| {
        let mut subnet = pattern.subnets.seen[3].clone();
        (subnet.id, subnet.cidr, subnet.zone) = (id.into(), cidr.into(), zone.into());
        subnet.vpc = "vpc-1".into();
        subnet
    };
    network.subnets.seen = [
        ("subnet-a", "10.0.1.0/24", "us-east-1a"),
        ("subnet-b", "10.0.2.0/24", "us-east-1b"),
        ("subnet-public", "10.0.9.0/24", "us-east-1a"),
        ("subnet-endpoint", "10.0.5.0/24", "us-east-1c"),
    ]
    .map(subnet)
    .into();
    let function = FunctionVpc {
        subnets: texts(&["subnet-a", "subnet-b"]),
        security_groups: texts(&["sg-function"]),
        ipv6: false,
    };
    inventory.region.functions.seen.truncate(1);
    let orders = &mut inventory.region.functions.seen[0];
    (orders.name, orders.vpc, orders.capacity_provider) = ("orders".into(), Some(function), None);
    let mut scenario = Scenario { inventory };
    scenario.table("rtb-private", true, &[]);
    scenario.table("rtb-public", false, &["subnet-public"]);
    scenario.network().security_groups.seen.clear();
    scenario.group("sg-function", vec![], vec![https(&["0.0.0.0/0"], &[])]);
    scenario.group("sg-endpoint", vec![https(&[], &["sg-function"])], vec![]);
    scenario.network().network_acls.seen.clear();
    for (id, subnets) in [
        ("acl-private", &["subnet-a", "subnet-b"][..]),
        ("acl-public", &["subnet-public"]),
        ("acl-endpoint", &["subnet-endpoint"]),
    ] {
        let entries = [true, false].into_iter().flat_map(|egress| {
            [entry(100, egress, true, "0.0.0.0/0", (443, 443)), entry(110, egress, true, "0.0.0.0/0", (1024, 65535))]
        });
        let mut acl: NetworkAcl = pattern.network_acls.seen[0].clone();
        (acl.id, acl.subnets, acl.entries) = (id.into(), texts(subnets), entries.collect());
        scenario.network().network_acls.seen.push(acl);
    }
    scenario
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// TCP 443 to or from ranges and groups.
pub(crate) fn https(cidrs: &[&str], groups: &[&str]) -> Permission {
    let mut rule = healthy().region.network.security_groups.seen[0].egress[0].clone();
    (rule.protocol, rule.from_port, rule.to_port) = ("tcp".into(), Some(443), Some(443));
    (rule.cidrs, rule.security_groups, rule.prefix_lists) = (texts(cidrs), texts(groups), vec![]);
    rule
}

/// A rule of an ACL about TCP.
pub(crate) fn entry(number: i32, egress: bool, allow: bool, cidr: &str, ports: (i32, i32)) -> AclEntry {
    let mut entry = healthy().region.network.network_acls.seen[0].entries[0].clone();
    (entry.number, entry.egress, entry.allow) = (number, egress, allow);
    (entry.protocol, entry.cidr) = ("6".into(), cidr.into());
    (entry.from_port, entry.to_port) = (Some(ports.0), Some(ports.1));
    entry
}

fn find<T>(list: &mut Listing<T>, fits: impl Fn(&T) -> bool) -> &mut T {
    list.seen.iter_mut().find(|thing| fits(thing)).expect("a thing of that name")
}

impl Scenario {
    pub(crate) fn network(&mut self) -> &mut Network {
        &mut self.inventory.region.network
    }

    pub(crate) fn function(&mut self) -> &mut Function {
        &mut self.inventory.region.functions.seen[0]
    }

    pub(crate) fn attached(&mut self) -> &mut FunctionVpc {
        self.function().vpc.as_mut().expect("it is in a VPC")
    }

    pub(crate) fn subnet(&mut self, id: &str) -> &mut Subnet {
        find(&mut self.network().subnets, |own| own.id == id)
    }

    pub(crate) fn nat(&mut self) -> &mut NatGateway {
        &mut self.network().nat_gateways.seen[0]
    }

    pub(crate) fn endpoint(&mut self) -> &mut VpcEndpoint {
        &mut self.network().endpoints.seen[0]
    }

    /// Makes the NAT gateway a regional one, with `rtb-regional`.
    pub(crate) fn regional(&mut self, zones: &[&str]) {
        self.table("rtb-regional", false, &[]);
        self.route("rtb-regional", "0.0.0.0/0", "igw-1");
        let nat = self.nat();
        (nat.subnet, nat.route_table, nat.zones) = (None, Some("rtb-regional".into()), texts(zones));
    }

    pub(crate) fn table(&mut self, id: &str, main: bool, subnets: &[&str]) -> &mut RouteTable {
        let mut table = healthy().region.network.route_tables.seen[0].clone();
        (table.id, table.vpc, table.main, table.subnets) = (id.into(), "vpc-1".into(), main, texts(subnets));
        table.routes.clear();
        self.network().route_tables.seen.push(table);
        self.route(id, "10.0.0.0/16", "local");
        self.routes(id)
    }

    pub(crate) fn routes(&mut self, table: &str) -> &mut RouteTable {
        find(&mut self.network().route_tables, |own| own.id == table)
    }

    pub(crate) fn route(&mut self, table: &str, destination: &str, target: &str) -> &mut Route {
        let mut route = healthy().region.network.route_tables.seen[0].routes[0].clone();
        (route.destination, route.target) = (destination.into(), target.into());
        let routes = &mut self.routes(table).routes;
        routes.push(route);
        routes.last_mut().expect("the one just pushed")
    }

    /// Another target for the default route of a table.
    pub(crate) fn lead(&mut self, table: &str, target: &str) {
        let routes = &mut self.routes(table).routes;
        routes.retain(|route| route.target == "local");
        self.route(table, "0.0.0.0/0", target);
    }

    pub(crate) fn acl(&mut self, id: &str) -> &mut NetworkAcl {
        find(&mut self.network().network_acls, |own| own.id == id)
    }

    pub(crate) fn deny(&mut self, acl: &str, egress: bool, cidr: &str, ports: (i32, i32)) {
        self.acl(acl).entries.push(entry(50, egress, false, cidr, ports));
    }

    pub(crate) fn group(&mut self, id: &str, ingress: Vec<Permission>, egress: Vec<Permission>) {
        let mut group: SecurityGroup = healthy().region.network.security_groups.seen[0].clone();
        (group.id, group.ingress, group.egress) = (id.into(), ingress, egress);
        self.network().security_groups.seen.retain(|own| own.id != id);
        self.network().security_groups.seen.push(group);
    }

    /// What the function's group lets out.
    pub(crate) fn egress(&mut self, rules: Vec<Permission>) {
        self.group("sg-function", vec![], rules);
    }

    /// Another DNS server for the VPC.
    pub(crate) fn dns_server(&mut self, server: &str) {
        self.network().dhcp_options.seen[0].dns_servers = texts(&[server]);
    }

    /// Lets the function's group and every ACL pass DNS inside the VPC.
    pub(crate) fn let_dns_out(&mut self) {
        let dns = |protocol: &str| {
            let mut rule = https(&["10.0.0.0/16"], &[]);
            (rule.protocol, rule.from_port, rule.to_port) = (protocol.into(), Some(53), Some(53));
            rule
        };
        self.egress(vec![https(&["0.0.0.0/0"], &[]), dns("udp"), dns("tcp")]);
        for acl in &mut self.network().network_acls.seen {
            acl.entries.extend([true, false].map(|egress| {
                let mut udp = entry(120, egress, true, "10.0.0.0/16", (0, 65535));
                udp.protocol = "17".into();
                udp
            }));
            acl.entries.extend([true, false].map(|egress| entry(130, egress, true, "10.0.0.0/16", (53, 53))));
        }
    }

    pub(crate) fn prefix_list(&mut self, id: &str, cidrs: &[&str]) {
        self.network().prefix_lists.push(PrefixListAnswer { id: id.into(), cidrs: Fetched::known(texts(cidrs)) });
    }

    pub(crate) fn peering(&mut self) {
        let end =
            |vpc: &str, owner: &str| PeeredVpc { vpc: vpc.into(), owner: owner.into(), region: "eu-north-1".into() };
        self.network().peering_connections.seen.push(PeeringConnection {
            id: "pcx-1".into(),
            status: "active".into(),
            ends: vec![end("vpc-1", "123456789012"), end("vpc-far", "210987654321")],
        });
    }

    /// The network interface of a NAT instance that works.
    pub(crate) fn nat_instance(&mut self) -> &mut NetworkInterface {
        self.group("sg-nat", vec![https(&["10.0.0.0/16"], &[])], vec![https(&["0.0.0.0/0"], &[])]);
        let interfaces = &mut self.network().network_interfaces.seen;
        interfaces.push(NetworkInterface {
            id: "eni-nat".into(),
            instance: Some("i-nat".into()),
            status: "in-use".into(),
            source_dest_check: false,
            public_ip: Some("198.51.100.7".into()),
            security_groups: texts(&["sg-nat"]),
        });
        interfaces.last_mut().expect("the one just pushed")
    }
}
