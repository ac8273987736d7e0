//! The reference: what becomes of the packets of one function, by trying them.
//!
//! A packet has an address and a port that it comes from, and an address that it goes to. Facts of a few values that were
//! not told are tried with each value.

mod internet;

use gatelight_checks::testing::Inventory;
use gatelight_model::{
    Fetched,
    inventory::{Function, FunctionVpc, Network, Subnet, Vpc, VpcEndpoint},
};

use super::{
    cells::{Address, Cells, within},
    fate::{Fate, all, any, either},
    rules::{DNS, HTTPS, Onward, Peer, Service},
};

/// A subnet's IPv6 range is not told: an address of each of the two pieces that the worlds' rules make of IPv6.
const SOME_IPV6: [Address; 2] = [Address::V6((0x2600_1f18 << 96) | 1), Address::V6((0x0064_ff9b << 96) | 1)];

/// A world, and the packets to try in it.
pub(crate) struct Reference<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) network: &'a Network,
    pub(crate) cells: Cells,
}

/// Whom the function asks for X-Ray's name.
#[derive(Clone, Copy)]
enum Server<'a> {
    Amazons,
    /// One of the owner's, at this address; none: it is not an address in the VPC.
    Own(Option<&'a str>),
}

/// The packets of a function from one of its subnets.
#[derive(Clone, Copy)]
struct Sender<'a> {
    subnet: &'a Subnet,
    vpc: Option<&'a Vpc>,
    groups: &'a [String],
    ipv6: bool,
    managed: bool,
}

/// The values that a fact may have.
fn values(fact: Option<&Fetched<bool>>) -> Vec<bool> {
    match fact.map(Fetched::get) {
        Some(Ok(value)) => vec![*value],
        Some(Err(_)) | None => vec![true, false],
    }
}

impl<'a> Reference<'a> {
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        let network = &inventory.region.network;
        Self { inventory, network, cells: Cells::new(network) }
    }

    /// What becomes of the packets of a function, whichever subnet it runs in; `None` if it is in no VPC.
    pub(crate) fn decide(&self, function: &Function) -> Option<Fate> {
        let network = match &function.capacity_provider {
            Some(arn) => {
                let answer = self.inventory.region.capacity_providers.iter().find(|answer| answer.arn == *arn);
                match answer.map(|answer| answer.vpc.get()) {
                    Some(Ok(network)) => network,
                    Some(Err(_)) | None => return Some(Fate::Unknown),
                }
            }
            None => function.vpc.as_ref()?,
        };
        // It runs in any of them: one that drops its packets is enough to lose traces.
        let managed = function.capacity_provider.is_some();
        Some(all(network.subnets.iter().map(|id| self.sent_from(network, id, managed))))
    }

    fn sent_from(&self, network: &'a FunctionVpc, id: &str, managed: bool) -> Fate {
        let Ok(Some(subnet)) = self.network.subnets.find(|subnet| subnet.id == id) else { return Fate::Unknown };
        let vpc = self.network.vpcs.find(|vpc| vpc.id == subnet.vpc).ok().flatten();
        let sender = Sender { subnet, vpc, groups: &network.security_groups, ipv6: network.ipv6, managed };
        let mut fates = Vec::new();
        for server in self.servers(sender) {
            for support in values(vpc.map(|vpc| &vpc.dns_support)) {
                for hostnames in values(vpc.map(|vpc| &vpc.dns_hostnames)) {
                    fates.push(self.asked(sender, server, support, hostnames));
                }
            }
        }
        either(fates)
    }

    /// The servers that the function may ask.
    fn servers(&self, sender: Sender<'a>) -> Vec<Server<'a>> {
        let hidden = vec![Server::Amazons, Server::Own(None)];
        let Some(vpc) = sender.vpc else { return hidden };
        let Some(id) = &vpc.dhcp_options else { return vec![Server::Amazons] };
        let Ok(Some(options)) = self.network.dhcp_options.find(|options| options.id == *id) else { return hidden };
        let own = options.dns_servers.iter().find(|server| *server != "AmazonProvidedDNS");
        // The worlds' servers are two above the base of a range only where they are Amazon's.
        let amazons = |server: &String| {
            let primary = vpc.primary_cidr.get().map(String::as_str);
            primary.map(|primary| primary.ends_with(".0.0/16") && server.replace(".0.2", ".0.0/16") == primary)
        };
        match own {
            None => vec![Server::Amazons],
            Some(server) if amazons(server) == Ok(true) => vec![Server::Amazons],
            Some(server) => vec![Server::Own(Some(server))],
        }
    }

    /// What becomes of packets if the function asks this server, with the two DNS attributes of the VPC.
    fn asked(&self, sender: Sender<'a>, server: Server<'a>, support: bool, hostnames: bool) -> Fate {
        let answers = match server {
            // The only server there is does not answer: <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>.
            // No group and no ACL filters it.
            Server::Amazons => Fate::of(Some(support)),
            Server::Own(server) => self.to_server(sender, server),
        };
        let internet = || self.to_internet(sender);
        let mut endpoints = self.network.endpoints.seen.iter().filter(|own| self.answers(own, sender.subnet));
        let endpoint = endpoints.next();
        let hidden = self.network.endpoints.rest.get().is_err() || self.shared(sender.subnet);
        // Servers of one's own may ask Amazon's or not.
        let own = matches!(server, Server::Own(_));
        let name = match endpoint {
            _ if !support || !hostnames => internet(),
            Some(endpoint) if own => either([self.to_endpoint(sender, endpoint), internet()]),
            Some(endpoint) => self.to_endpoint(sender, endpoint),
            None if hidden => either([all([self.lets_into_the_vpc(sender), Fate::Unknown]), internet()]),
            None => internet(),
        };
        match answers {
            Fate::Stops => Fate::Stops,
            Fate::Arrives | Fate::Segments => name,
            Fate::Unknown => either([Fate::Stops, name]),
        }
    }

    /// To a DNS server of the owner's. One in the VPC is a host like others; of one elsewhere nobody can say.
    fn to_server(&self, sender: Sender<'a>, server: Option<&str>) -> Fate {
        let (Some(server), Some(vpc)) = (server, sender.vpc) else { return Fate::Unknown };
        let range = format!("{server}/32");
        let target = self.cells.of(&range);
        let inside = |address: &&Address| vpc.cidrs.iter().any(|cidr| within(cidr, **address));
        let Some(target) = target.iter().find(inside) else { return Fate::Unknown };
        match DNS.map(|service| self.to_server_by(sender, *target, service)) {
            // A long answer comes by TCP.
            [Fate::Arrives, Fate::Stops] => Fate::Unknown,
            [udp, _] => udp,
        }
    }

    fn to_server_by(&self, sender: Sender<'a>, target: Address, service: Service) -> Fate {
        let here = sender.subnet;
        let holds = |own: &&Subnet| own.vpc == here.vpc && within(&own.cidr, target);
        let there = self.network.subnets.seen.iter().find(holds);
        let group = self.groups_let_service(sender.groups, true, service, Peer { address: target, groups: None });
        if there.is_some_and(|there| there.id == here.id) {
            return group;
        }
        let ports = self.cells.ephemeral();
        let sources = self.cells.of(&here.cidr);
        either(sources.iter().flat_map(|&source| {
            ports.iter().map(move |&port| {
                let far = match there {
                    Some(there) => all([self.acl_in(there, service, source, port), self.goes_back(there, source)]),
                    None => Fate::of(self.network.subnets.rest.get().is_ok().then_some(true)),
                };
                all([group, self.acl_out(here, service, target, port), self.goes_back(here, target), far])
            })
        }))
    }

    /// Whether the function's groups let it send to anything in its VPC: some address, or some group.
    fn lets_into_the_vpc(&self, sender: Sender<'_>) -> Fate {
        let everywhere = || [self.cells.public(), self.cells.private()].concat();
        let ipv4 = match sender.vpc {
            Some(vpc) => vpc.cidrs.iter().flat_map(|cidr| self.cells.of(cidr)).collect(),
            None => everywhere(),
        };
        let ipv6 = if sender.ipv6 { SOME_IPV6.to_vec() } else { vec![] };
        let anybody = |address: Address| Peer { address, groups: None };
        any(ipv4.into_iter().chain(ipv6).map(|address| self.groups_let(sender.groups, true, anybody(address))))
    }

    /// Whether an endpoint takes over the name of X-Ray in the VPC of a subnet, if DNS lets it.
    fn answers(&self, endpoint: &VpcEndpoint, subnet: &Subnet) -> bool {
        endpoint.vpc == subnet.vpc
            && endpoint.service == format!("com.amazonaws.{}.xray", self.inventory.region.name)
            && endpoint.kind == "Interface"
            && endpoint.state.eq_ignore_ascii_case("available")
            && endpoint.private_dns
    }

    /// Whether a subnet belongs to another account, whose things may be out of sight.
    pub(crate) fn shared(&self, subnet: &Subnet) -> bool {
        let account = self.inventory.region.functions.seen[0].arn.split(':').nth(4);
        account != Some(subnet.owner.as_str())
    }

    /// To an interface endpoint: to one of its addresses, for the name stands for all of them. The worlds do not tell the
    /// IPv6 addresses of subnets, so that by IPv6 packets may arrive wherever a group lets any out.
    fn to_endpoint(&self, sender: Sender<'_>, endpoint: &VpcEndpoint) -> Fate {
        let (addresses, records) = (&endpoint.ip_address_type, &endpoint.dns_record_type);
        let told = |fact: &Fetched<Option<String>>| fact.get().ok().cloned().flatten();
        // What the worlds do not tell is IPv4, as the subnets have IPv4 ranges, unless the addresses are of both kinds.
        let (ipv4, ipv6) = match (told(addresses).as_deref(), told(records).as_deref()) {
            (Some("ipv6"), _) | (_, Some("ipv6")) => (Fate::Stops, true),
            (Some("dualstack"), None) => (Fate::Unknown, true),
            (Some("dualstack"), Some("dualstack")) => (Fate::Arrives, true),
            _ => (Fate::Arrives, false),
        };
        let by_ipv4 = all([ipv4, if ipv4 == Fate::Stops { Fate::Stops } else { self.to_ipv4_of(sender, endpoint) }]);
        let anybody = |address: Address| Peer { address, groups: None };
        let let_out = || any(SOME_IPV6.map(|address| self.groups_let(sender.groups, true, anybody(address))));
        match by_ipv4 {
            Fate::Arrives | Fate::Segments => by_ipv4,
            _ if sender.ipv6 && ipv6 && all([let_out(), policy(endpoint)]) != Fate::Stops => Fate::Unknown,
            fate => fate,
        }
    }

    fn to_ipv4_of(&self, sender: Sender<'_>, endpoint: &VpcEndpoint) -> Fate {
        let here = sender.subnet;
        let ports = self.cells.ephemeral();
        let ways = endpoint.subnets.iter().map(|id| {
            let sources = self.cells.of(&here.cidr);
            let guards = |source: Address| {
                let from = Peer { address: source, groups: Some(sender.groups) };
                self.groups_let(&endpoint.security_groups, false, from)
            };
            let Ok(Some(there)) = self.network.subnets.find(|subnet| subnet.id == *id) else {
                return all([Fate::Unknown, either(sources.into_iter().map(guards))]);
            };
            let targets = self.cells.of(&there.cidr);
            // Which address of its subnet either has is not known, nor the port that the function sends from.
            either(sources.iter().flat_map(|&source| {
                let ports = &ports;
                targets.iter().flat_map(move |&target| {
                    ports.iter().map(move |&port| {
                        let between = if here.id == there.id {
                            Fate::Arrives
                        } else {
                            all([
                                self.acl_out(here, HTTPS, target, port),
                                self.goes_back(here, target),
                                self.acl_in(there, HTTPS, source, port),
                                self.goes_back(there, source),
                            ])
                        };
                        let to = Peer { address: target, groups: Some(&endpoint.security_groups) };
                        all([self.groups_let(sender.groups, true, to), between, guards(source)])
                    })
                })
            }))
        });
        all([either(ways), policy(endpoint)])
    }

    /// Within a VPC every table has a local route; a longer one may lead through an appliance
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html>).
    fn stays_local(&self, onward: Vec<Onward<'_>>) -> Fate {
        either(onward.into_iter().map(|onward| match onward {
            Onward::To("local") => Fate::Arrives,
            Onward::Nowhere => Fate::Stops,
            Onward::To(target) if self.checks_destinations(target) => Fate::Stops,
            Onward::To(_) | Onward::Strange | Onward::Hidden => Fate::Unknown,
        }))
    }

    /// Whether a target is an interface that drops what is not addressed to it
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html>).
    pub(crate) fn checks_destinations(&self, target: &str) -> bool {
        let interfaces = &self.network.network_interfaces.seen;
        let own = interfaces.iter().find(|own| own.id == target || own.instance.as_deref() == Some(target));
        own.is_some_and(|own| own.source_dest_check && own.status == "in-use")
    }

    /// An answer that goes back into the VPC from a subnet of it. Of IPv6 the worlds have no local routes.
    fn goes_back(&self, from: &Subnet, to: Address) -> Fate {
        self.goes_back_by(to, || self.onward(from, to))
    }

    /// The same, by these ways on.
    fn goes_back_by(&self, to: Address, onward: impl FnOnce() -> Vec<Onward<'a>>) -> Fate {
        match to {
            Address::V4(_) => self.stays_local(onward()),
            Address::V6(_) => Fate::Arrives,
        }
    }
}

/// Whether a policy lets traces pass. The scenarios have policies that allow everything, nothing, or the action that sends
/// them with or without the one that sends statistics.
fn policy(endpoint: &VpcEndpoint) -> Fate {
    let Some(policy) = &endpoint.policy else { return Fate::Arrives };
    let all_of_it = policy.contains(r#""Effect":"Allow""#) && policy.contains(r#""Action":"*""#);
    let allows = |action: &str| all_of_it || (policy.contains(r#""Effect":"Allow""#) && policy.contains(action));
    match (allows("xray:PutTraceSegments"), allows("xray:PutTelemetryRecords")) {
        (true, true) => Fate::Arrives,
        (true, false) => Fate::Segments,
        (false, _) => Fate::Stops,
    }
}
