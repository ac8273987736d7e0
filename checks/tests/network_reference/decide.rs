//! The reference: what becomes of the packets of one function, by trying them.

mod internet;

use std::cell::Cell;

use gatelight_checks::testing::Inventory;
use gatelight_model::inventory::{Function, FunctionVpc, Network, Subnet, Vpc, VpcEndpoint};

use super::{
    cells::{Address, Cells},
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
    /// To addresses of the internet, endpoint or not, or to nothing: nobody can say which.
    Perhaps,
    /// To the endpoint, past it, or to nothing: nobody can say which.
    Hidden,
}

/// How many hops there are on the longest way: groups, ACL out and back, and route of the function's subnet, entry, ACL
/// out and back, and route of the NAT gateway's.
const HOPS: usize = 8;

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
        let mut hops = [Fate::Arrives; HOPS];
        hops[3] = fate;
        Self::of(hops)
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
        Some(all(network.subnets.iter().map(|id| self.sent_from(network, id, managed))))
    }

    fn sent_from(&self, network: &'a FunctionVpc, id: &str, managed: bool) -> Fate {
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
            (None, _) if hidden => untold(),
            (_, Name::Perhaps) | (None, Name::Hidden) => all([self.to_internet(sender), Fate::Unknown]),
            (_, Name::Public) | (None, Name::Private | Name::Either) => self.to_internet(sender),
            (Some(endpoint), Name::Private) => self.to_endpoint(sender, endpoint),
            (Some(endpoint), Name::Either | Name::Hidden) => {
                // Or to an endpoint in another network.
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
            (None, Some(false), _) | (None | Some(true), None, Some(false)) => Name::Perhaps,
            (None | Some(true), None, _) => Name::Hidden,
            (Some(false), Some(false), _) | (Some(false), None, Some(false)) | (_, Some(true), Some(false)) => {
                Name::Public
            }
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
        self.goes_back_by(to, || self.onward(from, to))
    }

    /// The same, by these ways on.
    fn goes_back_by(&self, to: Address, onward: impl FnOnce() -> Vec<Onward<'a>>) -> Fate {
        let fate = match to {
            Address::V4(_) => Self::stays_local(onward()),
            Address::V6(_) => Fate::Arrives,
        };
        if fate == Fate::Unknown {
            self.pieced.set(true);
        }
        fate
    }
}

/// Whether a policy lets traces pass. The scenarios have policies that allow everything, nothing, or the action that sends
/// them with or without the one that sends statistics.
fn policy(endpoint: &VpcEndpoint) -> Fate {
    let Some(policy) = &endpoint.policy else { return Fate::Arrives };
    let all_of_it = policy.contains(r#""Effect":"Allow""#) && policy.contains(r#""Action":"*""#);
    let segments = policy.contains("xray:PutTraceSegments");
    Fate::of(Some(all_of_it || (policy.contains(r#""Effect":"Allow""#) && segments)))
}
