//! The reference: what becomes of the packets of one function, by trying them.

use std::cell::Cell;

use gatelight_checks::{
    inventory::{Function, FunctionVpc, NatGateway, Network, Subnet, Vpc, VpcEndpoint},
    testing::Inventory,
};

use super::{
    cells::{Address, Cells, within},
    fate::{Fate, all, any, either},
    rules::{Onward, Peer},
};

/// A subnet's IPv6 range is not told: an address of each of the two pieces that the worlds' rules make of IPv6.
const SOME_IPV6: [Address; 2] = [Address::V6((0x2600_1f18 << 96) | 1), Address::V6((0x0064_ff9b << 96) | 1)];

/// A world, and the packets to try in it.
pub(crate) struct Reference<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) network: &'a Network,
    pub(crate) cells: Cells,
    /// Whether it took more than one hop to find that a function's packets stop: some addresses are stopped here, the
    /// others there. A check that looks at one hop after the other may then say that it cannot tell.
    pub(crate) pieced: Cell<bool>,
}

/// What X-Ray's name resolves to.
enum Name {
    /// To nothing: no server answers.
    Nothing,
    /// To the endpoint, if there is one.
    Private,
    /// To addresses of the internet, endpoint or not.
    Public,
    /// To the endpoint or past it.
    Either,
    /// Nobody can say whether it resolves at all.
    Hidden,
}

/// How many hops there are on the longest way: groups, ACL and route of the function's subnet, entry, ACL and route of
/// the NAT gateway's.
const HOPS: usize = 6;

/// What became of one packet, and what each hop by itself would have done.
struct Try {
    fate: Fate,
    hops: [Fate; HOPS],
}

impl Try {
    fn of(hops: [Fate; HOPS]) -> Self {
        Self { fate: all(hops), hops }
    }

    fn stopped_by_route(fate: Fate) -> Self {
        Self::of([Fate::Arrives, Fate::Arrives, fate, Fate::Arrives, Fate::Arrives, Fate::Arrives])
    }

    /// One of several, and nobody knows which.
    fn either(tries: &[Self]) -> Self {
        let hops = std::array::from_fn(|hop| either(tries.iter().map(|one| one.hops[hop])));
        Self { fate: either(tries.iter().map(|one| one.fate)), hops }
    }
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

impl<'a> Reference<'a> {
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        let network = &inventory.region.network;
        Self { inventory, network, cells: Cells::new(network), pieced: Cell::new(false) }
    }

    /// What becomes of the packets of a function, whichever subnet it runs in; `None` if it is in no VPC.
    pub(crate) fn decide(&self, function: &Function) -> Option<Fate> {
        self.pieced.set(false);
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
        Some(all(network.subnets.iter().map(|id| self.from_subnet(network, id, managed))))
    }

    fn from_subnet(&self, network: &'a FunctionVpc, id: &str, managed: bool) -> Fate {
        let Ok(Some(subnet)) = self.network.subnets.find(|subnet| subnet.id == id) else { return Fate::Unknown };
        let vpc = self.network.vpcs.find(|vpc| vpc.id == subnet.vpc).ok().flatten();
        let sender = Sender { subnet, vpc, groups: &network.security_groups, ipv6: network.ipv6, managed };
        let mut endpoints = self.network.endpoints.seen.iter().filter(|endpoint| self.answers(endpoint, subnet));
        let endpoint = endpoints.next();
        let hidden = self.network.endpoints.rest.get().is_err() || self.shared(subnet);
        // To the endpoint, to the internet, or to what a server of one's own says.
        let untold = || all([self.lets_something_out(sender), Fate::Unknown]);
        match (endpoint, self.name(sender)) {
            (_, Name::Nothing) if hidden => self.in_pieces(),
            (_, Name::Nothing) => Fate::Stops,
            (_, Name::Hidden) => untold(),
            (None, _) if hidden => untold(),
            (_, Name::Public) | (None, Name::Private | Name::Either) => self.to_internet(sender),
            (Some(endpoint), Name::Private) => self.to_endpoint(sender, endpoint),
            (Some(endpoint), Name::Either) => {
                let both = [self.to_endpoint(sender, endpoint), self.to_internet(sender)];
                if both == [Fate::Stops; 2] { self.in_pieces() } else { untold() }
            }
        }
    }

    /// Whether there is anything at all that the function's groups let it send to: some address, or some group.
    fn lets_something_out(&self, sender: Sender<'_>) -> Fate {
        let ipv4 = [self.cells.public(), self.cells.private()].concat();
        let ipv6: Vec<_> =
            if sender.ipv6 { ipv4.iter().map(|address| address.through_nat64()).collect() } else { vec![] };
        let rules = self.network.security_groups.seen.iter().flat_map(|group| &group.egress);
        let groups: Vec<_> = rules.flat_map(|rule| rule.security_groups.clone()).collect();
        let anybody = |address: Address| Peer { address, groups: &groups };
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

    /// What the DNS of a subnet's VPC makes of the name of X-Ray, if an endpoint wants to take it over.
    fn name(&self, sender: Sender<'_>) -> Name {
        let Some(vpc) = sender.vpc else { return Name::Hidden };
        let (support, hostnames) = (vpc.dns_support.get().ok(), vpc.dns_hostnames.get().ok());
        let servers = match &vpc.dhcp_options {
            None => Some(true),
            Some(id) => match self.network.dhcp_options.find(|options| options.id == *id) {
                Ok(Some(options)) => Some(options.dns_servers.iter().all(|server| server == "AmazonProvidedDNS")),
                Ok(None) | Err(_) => None,
            },
        };
        match (servers, support, hostnames) {
            // The only server there is does not answer: <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>.
            (Some(true), Some(false), _) => Name::Nothing,
            (Some(true), None, _) | (None, Some(false) | None, _) => Name::Hidden,
            (Some(false), Some(false), _) | (_, Some(true), Some(false)) => Name::Public,
            (Some(false), None, Some(false)) => Name::Public,
            (Some(true), Some(true), Some(true)) => Name::Private,
            // Servers of one's own may ask Amazon's or not.
            (_, _, Some(true) | None) => Name::Either,
        }
    }

    /// They stop, and a check that gives up at the first thing which is not known may say that it cannot tell.
    fn in_pieces(&self) -> Fate {
        self.pieced.set(true);
        Fate::Stops
    }

    /// What becomes of packets of which one is sent, and nobody knows which.
    fn one_of(&self, tries: &[Try]) -> Fate {
        let whole = Try::either(tries);
        if whole.fate == Fate::Stops && all(whole.hops) != Fate::Stops {
            self.pieced.set(true);
        }
        whole.fate
    }

    /// Whether a subnet belongs to another account, whose things may be out of sight.
    pub(crate) fn shared(&self, subnet: &Subnet) -> bool {
        let account = self.inventory.region.functions.seen[0].arn.split(':').nth(4);
        account != Some(subnet.owner.as_str())
    }

    /// To an interface endpoint: to one of its addresses, for the name stands for all of them.
    fn to_endpoint(&self, sender: Sender<'_>, endpoint: &VpcEndpoint) -> Fate {
        let here = sender.subnet;
        let ways = endpoint.subnets.iter().map(|id| {
            let sources = self.cells.of(&here.cidr);
            let guards = |source: Address| {
                let from = Peer { address: source, groups: sender.groups };
                self.groups_let(&endpoint.security_groups, false, from)
            };
            let Ok(Some(there)) = self.network.subnets.find(|subnet| subnet.id == *id) else {
                return all([Fate::Unknown, either(sources.into_iter().map(guards))]);
            };
            let targets = self.cells.of(&there.cidr);
            // Which address of its subnet either has is not known.
            either(sources.iter().flat_map(|&source| {
                targets.iter().map(move |&target| {
                    let between = if here.id == there.id {
                        Fate::Arrives
                    } else {
                        let back = self.goes_back(there, source);
                        all([
                            self.acl_out(here, target),
                            self.goes_back(here, target),
                            self.acl_in(there, source),
                            back,
                        ])
                    };
                    let to = Peer { address: target, groups: &endpoint.security_groups };
                    all([self.groups_let(sender.groups, true, to), between, guards(source)])
                })
            }))
        });
        all([either(ways), policy(endpoint)])
    }

    /// Within a VPC every table has a local route; a longer one may lead through an appliance
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html>).
    fn stays_local(onward: Vec<Onward<'_>>) -> Fate {
        either(onward.into_iter().map(|onward| match onward {
            Onward::To("local") => Fate::Arrives,
            Onward::Nowhere => Fate::Stops,
            Onward::To(_) | Onward::Strange | Onward::Hidden => Fate::Unknown,
        }))
    }

    /// An answer that goes back into the VPC from a subnet of it. Of IPv6 the worlds have no local routes.
    fn goes_back(&self, from: &Subnet, to: Address) -> Fate {
        let fate = match to {
            Address::V4(_) => Self::stays_local(self.onward(from, to)),
            Address::V6(_) => Fate::Arrives,
        };
        if fate == Fate::Unknown {
            self.pieced.set(true);
        }
        fate
    }

    /// To the internet: the way of IPv4, or that of IPv6 through NAT64. Where both are shut, another network may still
    /// hold an endpoint for all.
    fn to_internet(&self, sender: Sender<'_>) -> Fate {
        let own = |address: &Address| sender.vpc.is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| within(cidr, *address)));
        let sources = self.cells.of(&sender.subnet.cidr);
        let local = |address: &Address| {
            self.onward(sender.subnet, *address).iter().any(|onward| matches!(onward, Onward::To("local")))
        };
        // A VPC's own addresses are its owner's, not X-Ray's.
        let public = self.cells.public().into_iter();
        let targets: Vec<_> = public.filter(|address| !own(address) && !local(address)).collect();
        // Which of the addresses are X-Ray's is not known.
        let pairs = || sources.iter().flat_map(|&source| targets.iter().map(move |&target| (source, target)));
        let ipv4: Vec<_> = pairs().map(|(source, target)| self.packet(sender, source, target, target)).collect();
        let ipv4 = self.one_of(&ipv4);
        let nat64 = if sender.ipv6 && sender.subnet.dns64 {
            let packets = |source| targets.iter().map(move |&target| (source, target));
            let pairs = SOME_IPV6.into_iter().flat_map(packets);
            let packet = |(source, target): (_, Address)| self.packet(sender, source, target, target.through_nat64());
            self.one_of(&pairs.map(packet).collect::<Vec<_>>())
        } else {
            Fate::Stops
        };
        match any([ipv4, nat64]) {
            Fate::Stops => self.shared_endpoint(sender),
            fate => fate,
        }
    }

    /// One packet to `target`, which the function knows as `name`: the same, or its form in NAT64.
    fn packet(&self, sender: Sender<'_>, source: Address, target: Address, name: Address) -> Try {
        let onward = self.onward(sender.subnet, name).into_iter().map(|onward| match onward {
            Onward::To(nat) if nat.starts_with("nat-") => self.through_nat(nat, sender.subnet, source, target),
            // An instance may have a public address. Lambda's own interfaces have none.
            Onward::To(gateway) if gateway.starts_with("igw-") && sender.managed && name == target => {
                Try::stopped_by_route(Fate::Unknown)
            }
            Onward::To(other) if unseen(other) => Try::stopped_by_route(Fate::Unknown),
            // An internet gateway too: a function has no public address, and X-Ray none of IPv6.
            Onward::To(_) | Onward::Nowhere => Try::stopped_by_route(Fate::Stops),
            Onward::Strange | Onward::Hidden => Try::stopped_by_route(Fate::Unknown),
        });
        let onward = Try::either(&onward.collect::<Vec<_>>());
        let groups = self.groups_let(sender.groups, true, Peer { address: name, groups: &[] });
        let acl = self.acl_out(sender.subnet, name);
        let [_, _, rest @ ..] = onward.hops;
        let [route, entry, nat_acl, nat_route] = rest;
        Try { fate: all([groups, acl, onward.fate]), hops: [groups, acl, route, entry, nat_acl, nat_route] }
    }

    /// From a subnet into a NAT gateway, and on.
    fn through_nat(&self, id: &str, from: &Subnet, source: Address, target: Address) -> Try {
        let Ok(found) = self.network.nat_gateways.find(|nat| nat.id == id) else {
            return Try::stopped_by_route(Fate::Unknown);
        };
        let Some(nat) = found else {
            return Try::stopped_by_route(if self.shared(from) { Fate::Unknown } else { Fate::Stops });
        };
        if nat.state != "available" {
            return Try::stopped_by_route(Fate::Stops);
        }
        let go = Fate::Arrives;
        match (&nat.subnet, &nat.route_table) {
            (Some(subnet), _) => {
                let Ok(Some(there)) = self.network.subnets.find(|own| own.id == *subnet) else {
                    return Try::stopped_by_route(Fate::Unknown);
                };
                // Inside a subnet its ACL is not asked. The packet still bears the function's address, and the answer
                // goes back to it.
                let back = || all([self.acl_in(there, source), self.goes_back(there, source)]);
                let entry = if from.id == there.id { go } else { back() };
                let blocked = there.public_access_block.as_deref() == Some("block-bidirectional");
                let ways = self.onward(there, target).into_iter();
                let onward = either(ways.map(|onward| self.out_of_nat(nat, from, onward, blocked)));
                Try::of([go, go, go, entry, self.acl_out(there, target), onward])
            }
            (None, Some(table)) => {
                let covered = Fate::of(Some(nat.zones.is_empty() || nat.zones.contains(&from.zone)));
                let Ok(Some(table)) = self.network.route_tables.find(|own| own.id == *table) else {
                    return Try::of([go, go, covered, go, go, Fate::Unknown]);
                };
                let blocked = from.public_access_block.as_deref() == Some("block-bidirectional");
                let ways = self.next(&table.routes, target).into_iter();
                let onward = either(ways.map(|onward| self.out_of_nat(nat, from, onward, blocked)));
                // How answers go on from there AWS does not describe.
                Try::of([go, go, covered, go, go, onward])
            }
            (None, None) => Try::stopped_by_route(Fate::Unknown),
        }
    }

    /// Where a NAT gateway's own route leads.
    fn out_of_nat(&self, nat: &NatGateway, from: &Subnet, onward: Onward<'_>, blocked: bool) -> Fate {
        match onward {
            Onward::To(gateway) if gateway.starts_with("igw-") => {
                let attached = match self.network.internet_gateways.find(|own| own.id == gateway) {
                    Ok(Some(own)) => Fate::of(Some(own.vpcs.contains(&nat.vpc))),
                    Ok(None) if self.shared(from) => Fate::Unknown,
                    Ok(None) => Fate::Stops,
                    Err(_) => Fate::Unknown,
                };
                // The internet gateway drops what comes from a private address.
                // A table of the gateway itself, which leads what comes in through an appliance, may not have been seen.
                let edge = self.network.route_tables.rest.get().is_ok() || nat.subnet.is_none();
                let edge = Fate::of(edge.then_some(true));
                all([Fate::of(Some(nat.public && !blocked)), attached, edge])
            }
            Onward::To(other) if unseen(other) => Fate::Unknown,
            // To another NAT gateway, which AWS does not describe; back to itself, it goes round for ever.
            Onward::To(other) if other.starts_with("nat-") && other != nat.id => {
                let another = self.network.nat_gateways.find(|own| own.id == other);
                if matches!(another, Ok(None)) && !self.shared(from) { Fate::Stops } else { Fate::Unknown }
            }
            Onward::To(_) | Onward::Nowhere => Fate::Stops,
            Onward::Strange | Onward::Hidden => Fate::Unknown,
        }
    }

    /// Whether a packet to some private address could go to another network: an endpoint there may have taken over
    /// the name by a hosted zone, of which the inventory knows nothing.
    fn shared_endpoint(&self, sender: Sender<'_>) -> Fate {
        let mut fate = Fate::Stops;
        for address in self.cells.private() {
            let routed = self.onward(sender.subnet, address).into_iter().any(|onward| match onward {
                Onward::To(target) => self.carries_to_others(target),
                Onward::Hidden => true,
                Onward::Strange | Onward::Nowhere => false,
            });
            if !routed {
                continue;
            }
            let groups = self.groups_let(sender.groups, true, Peer { address, groups: &[] });
            match all([groups, self.acl_out(sender.subnet, address)]) {
                // There is a way, and it takes a look at the groups and ACLs to see that nothing gets that far.
                Fate::Stops => self.pieced.set(true),
                _ => fate = Fate::Unknown,
            }
        }
        fate
    }

    /// Whether another VPC may lie behind a target.
    fn carries_to_others(&self, target: &str) -> bool {
        if target.starts_with("pcx-") {
            return match self.network.peering_connections.find(|own| own.id == target) {
                Ok(Some(peering)) => peering.status == "active",
                Ok(None) => false,
                Err(_) => true,
            };
        }
        target.starts_with("tgw-") || target.starts_with("arn:")
    }
}

/// Targets that may go on to the internet or not, which nothing here can tell.
fn unseen(target: &str) -> bool {
    let prefixes = ["tgw-", "vpce-", "vgw-", "eni-", "i-", "cagw-", "lgw-", "arn:"];
    prefixes.iter().any(|prefix| target.starts_with(prefix))
}

/// The worlds have three policies: none, one that allows all or two of the actions needed, and those that lack one.
fn policy(endpoint: &VpcEndpoint) -> Fate {
    let Some(policy) = &endpoint.policy else { return Fate::Arrives };
    let all_of_it = policy.contains(r#""Effect":"Allow""#) && policy.contains(r#""Action":"*""#);
    let both = policy.contains("xray:PutTraceSegments") && policy.contains("xray:PutTelemetryRecords");
    Fate::of(Some(all_of_it || (policy.contains(r#""Effect":"Allow""#) && both)))
}
