//! Small networks at random. Each decision is one number of a list, and 0 is always the healthy choice: proptest makes
//! the numbers and, when a network shows a disagreement, sets back to 0 all that the disagreement does not need.

use gatelight_checks::{
    Fetched, Listing,
    inventory::{
        AclEntry, DhcpOptions, Function, FunctionVpc, InternetGateway, NatGateway, NetworkAcl, PeeredVpc,
        PeeringConnection, Permission, PrefixListAnswer, Route, RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint,
    },
    testing::{Inventory, break_off, denied, healthy},
};

/// The numbers, read one by one; when they run out, all else is healthy.
struct Choices<'a> {
    numbers: std::slice::Iter<'a, u16>,
    /// How many of a thousand decisions are not the healthy one.
    trouble: u16,
}

impl Choices<'_> {
    fn number(&mut self) -> u16 {
        self.numbers.next().copied().unwrap_or(0)
    }

    /// One of `options`; the first is the healthy one.
    fn of<T: Copy>(&mut self, options: &[T]) -> T {
        let number = self.number();
        // The low part says whether, the high part which: shrinking the number leads to health.
        if number % 1000 < 1000 - self.trouble {
            return options[0];
        }
        options[usize::from(number / 1000) % options.len()]
    }

    fn trouble(&mut self) -> bool {
        self.of(&[false, true])
    }

    /// Any of `options`, all alike.
    fn any<T: Copy>(&mut self, options: &[T]) -> T {
        options[usize::from(self.number()) % options.len()]
    }
}

/// The healthy world of the crate with another network: things are copied from it, so that a fact which is new to the
/// inventory has the healthy value here too.
pub(crate) fn network(numbers: &[u16]) -> Inventory {
    let mut choices = Choices { numbers: numbers.iter(), trouble: 0 };
    choices.trouble = choices.any(&[120, 30, 60, 250]);
    let pattern = healthy();
    let mut world = healthy();
    let network = &mut world.region.network;
    network.subnets.seen.clear();
    network.vpcs.seen.clear();
    network.route_tables.seen.clear();
    network.nat_gateways.seen.clear();
    network.internet_gateways.seen.clear();
    network.endpoints.seen.clear();
    network.security_groups.seen.clear();
    network.network_acls.seen.clear();
    network.dhcp_options.seen.clear();
    network.prefix_lists.clear();
    world.region.functions.seen.clear();
    world.region.capacity_providers.clear();
    lists(&mut world, &mut choices);
    for number in 0..choices.any(&[1, 2, 3]) {
        let mut maker = Maker { pattern: &pattern, choices, vpc: format!("vpc-{number}"), number };
        maker.vpc(&mut world);
        choices = maker.choices;
    }
    gaps(&mut world, &mut choices);
    world
}

/// Ranges of the prefix lists: both halves of the internet, all of it, a little of it, the VPCs, none.
fn lists(world: &mut Inventory, choices: &mut Choices<'_>) {
    let ranges: [(&str, &[&str]); 5] = [
        ("pl-lower", &["0.0.0.0/1"]),
        ("pl-upper", &["128.0.0.0/2", "192.0.0.0/2"]),
        ("pl-all", &["0.0.0.0/0"]),
        ("pl-vpcs", &["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"]),
        ("pl-little", &["52.94.0.0/16", "10.9.0.0/16"]),
    ];
    for (id, ranges) in ranges {
        let cidrs = match choices.of(&[0, 1, 2]) {
            0 => Fetched::known(texts(ranges)),
            1 => Fetched::known(vec![]),
            _ => Err(denied("ec2:GetManagedPrefixListEntries")).into(),
        };
        world.region.network.prefix_lists.push(PrefixListAnswer { id: id.to_owned(), cidrs });
    }
}

/// What was not told, each list and each fact by itself.
fn gaps(world: &mut Inventory, choices: &mut Choices<'_>) {
    let network = &mut world.region.network;
    gap(&mut network.subnets, choices);
    gap(&mut network.vpcs, choices);
    gap(&mut network.route_tables, choices);
    gap(&mut network.nat_gateways, choices);
    gap(&mut network.internet_gateways, choices);
    gap(&mut network.endpoints, choices);
    gap(&mut network.security_groups, choices);
    gap(&mut network.network_acls, choices);
    gap(&mut network.dhcp_options, choices);
    gap(&mut network.peering_connections, choices);
    if choices.trouble() && choices.trouble() {
        world.account.id = Err(denied("sts:GetCallerIdentity")).into();
    }
}

/// A list that broke off, with or without what it held.
fn gap<T>(list: &mut Listing<T>, choices: &mut Choices<'_>) {
    if choices.trouble() && choices.trouble() {
        break_off(list, "ec2:Describe");
        if choices.any(&[false, true]) {
            list.seen.pop();
        }
    }
}

pub(crate) fn texts<T: AsRef<str>>(texts: &[T]) -> Vec<String> {
    texts.iter().map(|text| text.as_ref().to_owned()).collect()
}

/// Makes one VPC and what stands in it.
struct Maker<'a, 'c> {
    pattern: &'a Inventory,
    choices: Choices<'c>,
    vpc: String,
    number: u8,
}

const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

impl Maker<'_, '_> {
    fn name(&self, kind: &str) -> String {
        format!("{kind}-{}", self.number)
    }

    fn cidr(&self, third: u8) -> String {
        format!("10.{}.{third}.0/24", self.number)
    }

    fn vpc(&mut self, world: &mut Inventory) {
        let network = &mut world.region.network;
        let mut vpc: Vpc = self.pattern.region.network.vpcs.seen[1].clone();
        vpc.id.clone_from(&self.vpc);
        vpc.cidrs = vec![format!("10.{}.0.0/16", self.number)];
        let extra = self.choices.of(&["", "100.64.0.0/16", "52.94.0.0/17"]);
        if !extra.is_empty() {
            vpc.cidrs.push(extra.to_owned());
        }
        vpc.dns_support = self.attribute();
        vpc.dns_hostnames = self.attribute();
        vpc.dhcp_options = match self.choices.of(&[1, 0, 2]) {
            0 => None,
            1 => Some(self.name("dopt")),
            _ => Some("dopt-gone".to_owned()),
        };
        let servers: &[&str] = self.choices.of(&[&["AmazonProvidedDNS"][..], &["10.0.0.53"], &[]]);
        network.dhcp_options.seen.push(DhcpOptions { id: self.name("dopt"), dns_servers: texts(servers) });
        network.vpcs.seen.push(vpc.clone());

        let private = self.choices.any(&[1, 2, 3]);
        let mut subnets: Vec<String> = (0..private).map(|place| self.subnet(world, place)).collect();
        let public = self.subnet(world, 9);
        self.ways_out(world, &public, &subnets, &vpc.cidrs);
        self.endpoint(world, &subnets, &public);
        self.groups(world);
        self.acls(world, &subnets, &public);
        if self.choices.trouble() {
            subnets.push(public);
        }
        self.functions(world, &subnets);
    }

    fn attribute(&mut self) -> Fetched<bool> {
        match self.choices.of(&[0, 1, 2]) {
            0 => Fetched::known(true),
            1 => Fetched::known(false),
            _ => Err(denied("ec2:DescribeVpcAttribute")).into(),
        }
    }

    fn subnet(&mut self, world: &mut Inventory, place: u8) -> String {
        let mut subnet: Subnet = self.pattern.region.network.subnets.seen[0].clone();
        subnet.id = format!("subnet-{}-{place}", self.number);
        subnet.vpc.clone_from(&self.vpc);
        subnet.zone = ZONES[usize::from(place) % 3].to_owned();
        subnet.cidr = self.cidr(place);
        subnet.dns64 = self.choices.any(&[false, false, true]);
        subnet.owner = self.choices.of(&["123456789012", "210987654321"]).to_owned();
        let block = self.choices.of(&[Some("off"), None, Some("block-ingress"), Some("block-bidirectional")]);
        subnet.public_access_block = block.map(str::to_owned);
        let id = subnet.id.clone();
        world.region.network.subnets.seen.push(subnet);
        id
    }

    fn table(&self, id: String, main: bool, subnets: &[String], cidrs: &[String]) -> RouteTable {
        let mut table: RouteTable = self.pattern.region.network.route_tables.seen[0].clone();
        let local = cidrs.iter().map(|cidr| self.route(cidr, "local"));
        table.routes = local.collect();
        table.id = id;
        table.vpc.clone_from(&self.vpc);
        table.main = main;
        table.subnets = subnets.to_vec();
        table
    }

    fn route(&self, destination: &str, target: &str) -> Route {
        let mut route: Route = self.pattern.region.network.route_tables.seen[0].routes[0].clone();
        destination.clone_into(&mut route.destination);
        target.clone_into(&mut route.target);
        route
    }

    /// Gateways and route tables: the function's subnets lead to a NAT gateway, its subnet to the internet gateway.
    fn ways_out(&mut self, world: &mut Inventory, public: &str, private: &[String], cidrs: &[String]) {
        let (igw, nat) = (self.name("igw"), self.name("nat"));
        let end = |vpc: &str, owner: &str| PeeredVpc { vpc: vpc.to_owned(), owner: owner.to_owned() };
        let peering = PeeringConnection {
            id: self.name("pcx"),
            status: self.choices.of(&["active", "deleted"]).to_owned(),
            ends: vec![end(&self.vpc, "123456789012"), end("vpc-far", "210987654321")],
        };
        world.region.network.peering_connections.seen.push(peering);
        let attached = self.choices.of(&[true, false]).then(|| self.vpc.clone());
        let gateway = InternetGateway { id: igw.clone(), vpcs: attached.into_iter().collect() };
        world.region.network.internet_gateways.seen.push(gateway);

        let regional = self.choices.any(&[false, false, false, true]);
        let mut gateway: NatGateway = self.pattern.region.network.nat_gateways.seen[0].clone();
        gateway.id.clone_from(&nat);
        gateway.vpc.clone_from(&self.vpc);
        gateway.state = self.choices.of(&["available", "pending", "failed", "deleting", "deleted"]).to_owned();
        gateway.public = self.choices.of(&[true, false]);
        gateway.subnet = (!regional).then(|| public.to_owned());
        gateway.route_table = regional.then(|| self.name("rtb-nat"));
        gateway.zones = texts(self.choices.of(&[&[][..], &ZONES[..2], &ZONES[2..]]));
        if !regional {
            gateway.zones.clear();
        }
        if self.choices.trouble() {
            gateway.subnet = (!regional).then(|| private[0].clone());
        }
        let missing = self.choices.trouble() && self.choices.trouble();
        if !missing {
            world.region.network.nat_gateways.seen.push(gateway);
        }

        let mut own = self.table(self.name("rtb-nat"), false, &[], cidrs);
        own.routes.push(self.route("0.0.0.0/0", &igw));
        self.meddle(&mut own);
        let mut outer = self.table(self.name("rtb-public"), false, &[public.to_owned()], cidrs);
        outer.routes.push(self.route("0.0.0.0/0", &igw));
        self.meddle(&mut outer);
        // A subnet that no table names follows the main one.
        let named = if self.choices.any(&[false, true]) { &private[..1] } else { &[] };
        let mut main = self.table(self.name("rtb-main"), true, &[], cidrs);
        self.lead(&mut main, &nat);
        self.meddle(&mut main);
        let mut inner = self.table(self.name("rtb-inner"), false, named, cidrs);
        self.lead(&mut inner, &nat);
        self.meddle(&mut inner);
        world.region.network.route_tables.seen.extend([own, outer, main, inner]);
    }

    /// A default route to `target`, in one of the ways to write it.
    fn lead(&mut self, table: &mut RouteTable, target: &str) {
        let destinations: &[&str] = self.choices.any(&[
            &["0.0.0.0/0"][..],
            &["0.0.0.0/0"],
            &[],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["pl-lower", "pl-upper"],
            &["pl-all"],
            &["0.0.0.0/1"],
        ]);
        table.routes.extend(destinations.iter().map(|destination| self.route(destination, target)));
        if self.choices.any(&[false, false, false, true]) {
            table.routes.push(self.route("64:ff9b::/96", target));
        }
    }

    /// More routes, and worse ones.
    fn meddle(&mut self, table: &mut RouteTable) {
        let nat = self.name("nat");
        let igw = self.name("igw");
        let peer = self.name("pcx");
        let targets = [
            peer.as_str(),
            igw.as_str(),
            nat.as_str(),
            "tgw-far",
            "vgw-far",
            "eni-box",
            "i-box",
            "eigw-here",
            "vpce-firewall",
            "vpce-s3",
            "cagw-edge",
            "lgw-edge",
            "arn:aws:networkmanager::123456789012:core-network/core-network-1",
            "nat-gone",
            "",
        ];
        let destinations = [
            "0.0.0.0/0",
            "128.0.0.0/1",
            "52.94.0.0/16",
            "10.0.0.0/8",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "::/0",
            "64:ff9b::/96",
            "64:ff9b::3400:0/104",
            "pl-all",
            "pl-upper",
            "pl-little",
            "pl-hidden",
            &self.cidr(0),
        ];
        for _ in 0..3 {
            if !self.choices.trouble() {
                continue;
            }
            let destination = self.choices.any(&destinations);
            let target = match destination {
                "pl-hidden" => "vpce-s3",
                // Inside a VPC a route leads to what can stand between two subnets, nowhere else.
                inner if inner.starts_with("10.") && inner != "10.0.0.0/8" => {
                    self.choices.any(&["eni-box", "i-box", "vpce-firewall"])
                }
                inner if inner.starts_with("1") && inner != "128.0.0.0/1" => {
                    self.choices.any(&targets[..targets.len() - 1])
                }
                // Whether a default route to a peer may lead to an endpoint there is open; see the tests of single cases.
                wide if wide.ends_with("/0") || wide.ends_with("/1") || wide.starts_with("pl-") => {
                    self.choices.any(&targets[1..])
                }
                _ => self.choices.any(&targets),
            };
            // AWS holds one route for a destination, and gateway endpoints take their own lists only.
            let taken = table.routes.iter().any(|route| route.destination == destination);
            if taken || (target == "vpce-s3") != (destination == "pl-hidden") {
                continue;
            }
            table.routes.push(self.route(destination, target));
        }
        if self.choices.trouble() && self.choices.trouble() {
            let place = usize::from(self.choices.number()) % table.routes.len();
            if table.routes[place].target != "local" {
                table.routes[place].state = "blackhole".to_owned();
            }
        }
    }

    fn endpoint(&mut self, world: &mut Inventory, subnets: &[String], public: &str) {
        let pattern = &self.pattern.region.network.endpoints.seen;
        let mut gateway = pattern[0].clone();
        gateway.vpc.clone_from(&self.vpc);
        let mut firewall = gateway.clone();
        firewall.id = "vpce-firewall".to_owned();
        firewall.kind = "GatewayLoadBalancer".to_owned();
        firewall.service = "com.amazonaws.vpce.us-east-1.vpce-svc-1".to_owned();
        let mut xray: VpcEndpoint = pattern[1].clone();
        xray.id = self.name("vpce-xray");
        xray.vpc.clone_from(&self.vpc);
        xray.state = self.choices.of(&["available", "Available", "pending", "deleting", "rejected"]).to_owned();
        xray.private_dns = self.choices.of(&[true, false]);
        let service = ["com.amazonaws.us-east-1.xray", "com.amazonaws.eu-west-1.xray", "com.amazonaws.us-east-1.logs"];
        xray.service = self.choices.of(&service).to_owned();
        xray.subnets = match self.choices.any(&[0, 1, 2]) {
            0 => subnets.to_vec(),
            1 => vec![public.to_owned()],
            _ => subnets[..1].to_vec(),
        };
        xray.security_groups = vec![self.name("sg-endpoint")];
        xray.policy = self.policy();
        let endpoints = &mut world.region.network.endpoints.seen;
        endpoints.push(gateway);
        endpoints.push(firewall);
        if self.choices.any(&[false, true]) {
            endpoints.push(xray);
        }
    }

    fn policy(&mut self) -> Option<String> {
        let statement = |effect: &str, action: &str| {
            Some(format!(
                r#"{{"Statement":[{{"Effect":"{effect}","Principal":"*","Action":{action},"Resource":"*"}}]}}"#
            ))
        };
        let both = r#"["xray:PutTraceSegments","xray:PutTelemetryRecords"]"#;
        match self.choices.of(&[0, 1, 2, 3, 4]) {
            0 => statement("Allow", r#""*""#),
            1 => None,
            2 => statement("Deny", r#""*""#),
            3 => statement("Allow", both),
            _ => statement("Allow", r#""xray:PutTraceSegments""#),
        }
    }

    fn groups(&mut self, world: &mut Inventory) {
        let (own, other, guard) = (self.name("sg-own"), self.name("sg-other"), self.name("sg-endpoint"));
        let mut make = |id: String, ingress, egress| {
            let mut group: SecurityGroup = self.pattern.region.network.security_groups.seen[0].clone();
            group.id = id;
            group.ingress = ingress;
            group.egress = egress;
            world.region.network.security_groups.seen.push(group);
        };
        let choices = &mut self.choices;
        let egress = permission(self.pattern, choices, &guard, &["0.0.0.0/0", "::/0"], self.number);
        let more = choices.trouble().then(|| permission(self.pattern, choices, &guard, &["10.0.0.0/8"], self.number));
        let ingress = permission(self.pattern, choices, &own, &["10.0.0.0/8"], self.number);
        make(own, vec![], vec![egress]);
        make(other, vec![], more.into_iter().collect());
        make(guard, vec![ingress], vec![]);
    }

    fn acls(&mut self, world: &mut Inventory, subnets: &[String], public: &str) {
        for (name, subnets) in [("acl", subnets.to_vec()), ("acl-public", vec![public.to_owned()])] {
            let mut acl: NetworkAcl = self.pattern.region.network.network_acls.seen[0].clone();
            acl.id = self.name(name);
            acl.subnets = subnets;
            acl.entries = [true, false].into_iter().flat_map(|egress| self.entries(egress)).collect();
            world.region.network.network_acls.seen.push(acl);
        }
    }

    /// Rules of one direction: everything, or what is needed; before it a few others.
    fn entries(&mut self, egress: bool) -> Vec<AclEntry> {
        let rule = |number, allow, protocol: &str, cidr: &str, ports: Option<(i32, i32)>| {
            let mut entry: AclEntry = self.pattern.region.network.network_acls.seen[0].entries[0].clone();
            entry.number = number;
            entry.egress = egress;
            entry.allow = allow;
            protocol.clone_into(&mut entry.protocol);
            cidr.clone_into(&mut entry.cidr);
            (entry.from_port, entry.to_port) = (ports.map(|(first, _)| first), ports.map(|(_, last)| last));
            entry
        };
        let mut entries = match self.choices.of(&[0, 1, 2]) {
            0 => vec![rule(100, true, "-1", "0.0.0.0/0", None), rule(101, true, "-1", "::/0", None)],
            1 => vec![
                rule(100, true, "6", "0.0.0.0/0", Some((443, 443))),
                rule(110, true, "6", "0.0.0.0/0", Some((1024, 65535))),
            ],
            _ => vec![],
        };
        entries.extend([rule(32767, false, "-1", "0.0.0.0/0", None), rule(32768, false, "-1", "::/0", None)]);
        for number in [90, 105, 80] {
            if !self.choices.trouble() {
                continue;
            }
            let own = self.cidr(0);
            let ranges = ["0.0.0.0/0", "::/0", "64:ff9b::/96", "10.0.0.0/8", "52.94.0.0/16", "128.0.0.0/1", &own];
            let ports = [
                None,
                Some((443, 443)),
                Some((1024, 65535)),
                Some((32768, 65535)),
                Some((0, 65535)),
                Some((1024, 4999)),
            ];
            let cidr = self.choices.any(&ranges);
            let allow = self.choices.any(&[false, true]);
            let protocol = self.choices.any(&["6", "-1", "17"]);
            let ports = if protocol == "-1" { None } else { self.choices.any(&ports) };
            entries.push(rule(number, allow, protocol, cidr, ports));
        }
        // The order in which AWS lists them says nothing.
        entries.reverse();
        entries
    }

    fn functions(&mut self, world: &mut Inventory, subnets: &[String]) {
        let mut function: Function = self.pattern.region.functions.seen[1].clone();
        function.name = self.name("function");
        function.arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", function.name);
        let some = self.choices.any(&[true, true, false]);
        let subnets = if some { subnets } else { &subnets[..1] };
        let mut groups = vec![self.name("sg-own")];
        if self.choices.trouble() {
            groups.push(self.name("sg-other"));
        }
        let ipv6 = self.choices.any(&[false, true]);
        let network = FunctionVpc { subnets: subnets.to_vec(), security_groups: groups, ipv6 };
        match self.choices.of(&[0, 1, 2]) {
            0 => function.vpc = Some(network),
            1 => function.vpc = None,
            _ => {
                let mut answer = self.pattern.region.capacity_providers[0].clone();
                answer.arn = format!("arn:aws:lambda:us-east-1:123456789012:capacity-provider:{}", self.number);
                function.capacity_provider = Some(answer.arn.clone());
                answer.vpc = match self.choices.of(&[true, false]) {
                    true => Fetched::known(network),
                    false => Err(denied("lambda:GetCapacityProvider")).into(),
                };
                world.region.capacity_providers.push(answer);
            }
        }
        world.region.functions.seen.push(function);
    }
}

/// A rule of a security group that lets all through, or less.
fn permission(pattern: &Inventory, choices: &mut Choices<'_>, group: &str, wide: &[&str], number: u8) -> Permission {
    let mut rule: Permission = pattern.region.network.security_groups.seen[0].egress[0].clone();
    rule.protocol = choices.of(&["-1", "tcp", "6", "udp", "icmp"]).to_owned();
    let ports = [(443, 443), (0, 65535), (80, 80), (1024, 65535)];
    let ports = (rule.protocol != "-1").then(|| choices.of(&ports));
    (rule.from_port, rule.to_port) = (ports.map(|(first, _)| first), ports.map(|(_, last)| last));
    let own = format!("10.{number}.0.0/24");
    let half = format!("10.{number}.9.0/25");
    (rule.cidrs, rule.prefix_lists, rule.security_groups) = (vec![], vec![], vec![]);
    match choices.of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        0 => rule.cidrs = texts(wide),
        1 => rule.prefix_lists = texts(&["pl-all"]),
        2 => rule.prefix_lists = texts(&["pl-lower", "pl-upper"]),
        3 => rule.prefix_lists = texts(&["pl-vpcs"]),
        4 => rule.security_groups = texts(&[group]),
        5 => rule.cidrs = vec![own],
        6 => rule.cidrs = vec![half],
        7 => rule.cidrs = texts(&["52.94.0.0/16"]),
        8 => rule.cidrs = texts(&["::/0"]),
        _ => rule.prefix_lists = texts(&["pl-missing"]),
    }
    rule
}
