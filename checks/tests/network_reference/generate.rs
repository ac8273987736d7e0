//! Small networks at random. Each decision is one number of a list, and 0 is always the healthy choice: proptest makes
//! the numbers and, when a network shows a disagreement, sets back to 0 all that the disagreement does not need.

mod firewall;
mod routes;

use gatelight_checks::testing::{Inventory, break_off, denied, healthy};
use gatelight_model::{
    Fetched, Gap, Listing,
    inventory::{DhcpOptions, Function, FunctionVpc, PrefixListAnswer, Subnet, Vpc, VpcEndpoint},
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
    let mut scenario = healthy();
    let network = &mut scenario.region.network;
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
    network.network_interfaces = Listing::whole(vec![]);
    scenario.region.functions.seen.clear();
    scenario.region.capacity_providers.clear();
    lists(&mut scenario, &mut choices);
    for number in 0..choices.any(&[1, 2, 3]) {
        let mut maker = Maker { pattern: &pattern, choices, vpc: format!("vpc-{number}"), number };
        maker.vpc(&mut scenario);
        choices = maker.choices;
    }
    gaps(&mut scenario, &mut choices);
    scenario
}

/// Ranges of the prefix lists: both halves of the internet, all of it, a little of it, the VPCs, none.
fn lists(scenario: &mut Inventory, choices: &mut Choices<'_>) {
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
        scenario.region.network.prefix_lists.push(PrefixListAnswer { id: id.to_owned(), cidrs });
    }
}

/// What was not told, each list and each fact by itself.
fn gaps(scenario: &mut Inventory, choices: &mut Choices<'_>) {
    let network = &mut scenario.region.network;
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
        scenario.account.id = Err(denied("sts:GetCallerIdentity")).into();
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

    fn vpc(&mut self, scenario: &mut Inventory) {
        let network = &mut scenario.region.network;
        let mut vpc: Vpc = self.pattern.region.network.vpcs.seen[1].clone();
        vpc.id.clone_from(&self.vpc);
        vpc.cidrs = vec![format!("10.{}.0.0/16", self.number)];
        vpc.primary_cidr = Fetched::known(vpc.cidrs[0].clone());
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
        let (host, resolver) = (format!("10.{}.9.53", self.number), format!("10.{}.0.2", self.number));
        let servers = ["AmazonProvidedDNS", &host, "", &resolver, "10.0.0.53", &host];
        let server = self.choices.of(&servers);
        let dns_servers = if server.is_empty() { vec![] } else { texts(&[server]) };
        network.dhcp_options.seen.push(DhcpOptions { id: self.name("dopt"), dns_servers });
        network.vpcs.seen.push(vpc.clone());

        let private = self.choices.any(&[1, 2, 3]);
        let mut subnets: Vec<String> = (0..private).map(|place| self.subnet(scenario, place)).collect();
        let public = self.subnet(scenario, 9);
        self.ways_out(scenario, &public, &subnets, &vpc.cidrs);
        self.endpoint(scenario, &subnets, &public);
        self.groups(scenario);
        self.acls(scenario, &subnets, &public);
        if self.choices.trouble() {
            subnets.push(public);
        }
        self.functions(scenario, &subnets);
    }

    fn attribute(&mut self) -> Fetched<bool> {
        match self.choices.of(&[0, 1, 2]) {
            0 => Fetched::known(true),
            1 => Fetched::known(false),
            _ => Err(denied("ec2:DescribeVpcAttribute")).into(),
        }
    }

    fn subnet(&mut self, scenario: &mut Inventory, place: u8) -> String {
        let mut subnet: Subnet = self.pattern.region.network.subnets.seen[0].clone();
        subnet.id = format!("subnet-{}-{place}", self.number);
        subnet.vpc.clone_from(&self.vpc);
        subnet.zone = ZONES[usize::from(place) % 3].into();
        subnet.cidr = self.cidr(place);
        subnet.dns64 = self.choices.any(&[false, false, true]);
        subnet.owner = self.choices.of(&["123456789012", "210987654321"]).into();
        let block = self.choices.of(&[Some("off"), None, Some("block-ingress"), Some("block-bidirectional")]);
        subnet.public_access_block = block.map(str::to_owned);
        let id = subnet.id.clone();
        scenario.region.network.subnets.seen.push(subnet);
        id
    }

    fn endpoint(&mut self, scenario: &mut Inventory, subnets: &[String], public: &str) {
        let pattern = &self.pattern.region.network.endpoints.seen;
        let mut gateway = pattern[0].clone();
        gateway.vpc.clone_from(&self.vpc);
        let mut firewall = gateway.clone();
        firewall.id = "vpce-firewall".into();
        firewall.kind = "GatewayLoadBalancer".into();
        firewall.service = "com.amazonaws.vpce.us-east-1.vpce-svc-1".into();
        let mut xray: VpcEndpoint = pattern[1].clone();
        xray.id = self.name("vpce-xray");
        xray.vpc.clone_from(&self.vpc);
        xray.state = self.choices.of(&["available", "Available", "pending", "deleting", "rejected"]).into();
        xray.private_dns = self.choices.of(&[true, false]);
        let told = |kind: &str| Fetched::known(Some(kind.to_owned()));
        let hidden = || Fetched::from(Err(denied("ec2:DescribeVpcEndpoints")));
        let older = || Fetched::from(Err(Gap::not_collected("an older inventory")));
        let kinds = self.choices.of(&[0, 1, 2, 3, 4, 5]);
        (xray.ip_address_type, xray.dns_record_type) = match kinds {
            0 => (told("ipv4"), told("ipv4")),
            1 => (told("ipv6"), told("ipv6")),
            2 => (told("dualstack"), told("dualstack")),
            3 => (told("dualstack"), told("ipv6")),
            4 => (told("dualstack"), hidden()),
            _ => (older(), older()),
        };
        let service = ["com.amazonaws.us-east-1.xray", "com.amazonaws.eu-west-1.xray", "com.amazonaws.us-east-1.logs"];
        xray.service = self.choices.of(&service).into();
        xray.subnets = match self.choices.any(&[0, 1, 2]) {
            0 => subnets.to_vec(),
            1 => vec![public.to_owned()],
            _ => subnets[..1].to_vec(),
        };
        xray.security_groups = vec![self.name("sg-endpoint")];
        xray.policy = self.policy();
        let endpoints = &mut scenario.region.network.endpoints.seen;
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

    fn functions(&mut self, scenario: &mut Inventory, subnets: &[String]) {
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
                answer.vpc = match self.choices.of(&[0, 1]) {
                    0 => Fetched::known(network),
                    _ => Err(denied("lambda:GetCapacityProvider")).into(),
                };
                scenario.region.capacity_providers.push(answer);
            }
        }
        scenario.region.functions.seen.push(function);
    }
}
