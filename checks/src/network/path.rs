//! The way from one subnet of a function to X-Ray, hop by hop.

use super::{
    address::{Family, NAT64, PUBLIC, Set, everything},
    firewall::{self, EPHEMERAL, HTTPS, Peer},
    hop::{Hop, Passage, PathFromSubnet, Place, agree, end},
    index::Index,
    network_of,
    routes::{self, Shares, Target},
};
use crate::{
    Context,
    fetched::Gap,
    inventory::{Function, FunctionVpc, Route, Subnet},
};

/// Who walks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    pub(super) index: &'a Index<'a>,
    pub(super) region: &'a str,
    /// The account, if it is known.
    pub(super) account: Option<&'a str>,
    pub(super) vpc: &'a FunctionVpc,
    /// Whether this is the network of managed instances.
    pub(super) managed: bool,
    /// The ARN of the function's role.
    pub(super) role: &'a str,
}

impl<'a> Walk<'a> {
    /// From where this function is; none if it is in no VPC.
    ///
    /// # Errors
    /// If the network of its capacity provider is not known.
    pub(super) fn of(function: &'a Function, context: &'a Context<'a>) -> Result<Option<Self>, Gap> {
        let vpc = network_of(function, context)?;
        Ok(vpc.map(|vpc| Self {
            index: context.network(),
            region: &context.region().name,
            account: context.account_of(function).ok(),
            vpc,
            managed: function.capacity_provider.is_some(),
            role: &function.role,
        }))
    }

    /// The ways from all its subnets.
    pub(super) fn paths(&self) -> Vec<PathFromSubnet> {
        self.vpc.subnets.iter().map(|subnet| self.from(subnet)).collect()
    }

    /// The way from a subnet of the function.
    fn from(&self, id: &'a str) -> PathFromSubnet {
        let subnet = match self.index.subnet(id) {
            Ok(subnet) => subnet,
            Err(gap) => {
                let end = Passage::Unknown(gap.clone());
                let hops = vec![Hop::unknown(Place::Subnet, id, gap)];
                return PathFromSubnet { subnet: id.to_owned(), zone: None, vpc: None, hops, end };
            }
        };
        let hops = match self.name(subnet) {
            Ok(Some(endpoint)) => self.by_endpoint(subnet, endpoint),
            Ok(None) => self.by_public_address(subnet),
            // What stops every packet at the first hop stops it wherever it is going.
            Err(gap) => {
                let mut hops = vec![Hop::unknown(Place::Name, &subnet.vpc, gap)];
                let (groups, index) = (&self.vpc.security_groups, self.index);
                if firewall::reaches_none(index, groups, Family::V4, None)
                    && (!self.vpc.ipv6 || firewall::reaches_none(index, groups, Family::V6, None))
                {
                    let groups = groups.join(", ");
                    hops.push(Hop::stops(Place::Group, &groups, format!("{groups}: tcp 443 is let out to nowhere")));
                }
                hops
            }
        };
        let (mut end, mut hops) = (end(&hops), hops);
        if end == Passage::Stops
            && hops.iter().any(|hop| hop.place == Place::Routes)
            && let Some(beyond) = self.beyond(subnet)
        {
            end = beyond.passage.clone();
            hops.push(beyond);
        }
        let (zone, vpc) = (Some(subnet.zone.clone()), Some(subnet.vpc.clone()));
        PathFromSubnet { subnet: id.to_owned(), zone, vpc, hops, end }
    }

    /// Whether a subnet may be shared by another account, of which not everything is listed.
    pub(super) fn shared(&self, subnet: &Subnet) -> Result<(), Gap> {
        let owner = &subnet.owner;
        match self.account {
            _ if owner.is_empty() => Ok(()),
            Some(own) if own == owner => Ok(()),
            _ => {
                let id = &subnet.id;
                let why =
                    format!("{id} is shared by account {owner}, of whose network AWS may not list everything here");
                Err(Gap::unprovable(id, why))
            }
        }
    }

    pub(super) fn peer<'b>(family: Family, addresses: &'b Set, groups: &'b [String], name: &'b str) -> Peer<'b> {
        Peer { family, addresses, groups, name }
    }

    /// A public address by IPv4 and, where that has no way, by the IPv6 address that DNS64 makes of it.
    fn by_public_address(&self, subnet: &'a Subnet) -> Vec<Hop> {
        let name = Hop::through(
            Place::Name,
            &subnet.vpc,
            format!("no usable xray endpoint with private DNS in {}: a public address", subnet.vpc),
        );
        let mut ipv4 = vec![name];
        ipv4.extend(self.out(subnet, Family::V4));
        if end(&ipv4) == Passage::Through || !(self.vpc.ipv6 && subnet.dns64) {
            return ipv4;
        }
        let ipv6 = self.out(subnet, Family::V6);
        if end(&ipv6) == Passage::Stops { ipv4 } else { ipv6 }
    }

    fn out(&self, subnet: &'a Subnet, family: Family) -> Vec<Hop> {
        let target: &Set = if family == Family::V4 { &PUBLIC } else { &NAT64 };
        let peer = Self::peer(family, target, &[], "public addresses");
        let groups = &self.vpc.security_groups;
        let group = firewall::groups_let(self.index, groups, true, peer);
        let mut hops = vec![Hop::decided(Place::Group, &groups.join(", "), group)];
        hops.extend(self.acl(Place::Acl, subnet, true, peer));
        hops.extend(self.by_routes(subnet, family, target));
        hops
    }

    /// The network ACL of a subnet: to the peer's port 443 and back, or from the peer to port 443 and back.
    pub(super) fn acl(&self, place: Place, subnet: &Subnet, to_peer: bool, peer: Peer<'_>) -> Vec<Hop> {
        let acl = match self.index.acl(&subnet.id) {
            Ok(acl) => acl,
            Err(gap) => return vec![Hop::unknown(place, &subnet.id, gap)],
        };
        let there = firewall::acl_lets(acl, to_peer, HTTPS, peer);
        let back = firewall::acl_lets(acl, !to_peer, EPHEMERAL, peer);
        [there, back].map(|decided| Hop::decided(place, &acl.id, decided)).to_vec()
    }

    fn by_routes(&self, subnet: &'a Subnet, family: Family, target: &Set) -> Vec<Hop> {
        let (table, main) = match self.index.table_of(subnet) {
            Ok(found) => found,
            Err(gap) => return vec![Hop::unknown(Place::Routes, &subnet.id, gap)],
        };
        let label = if main { format!("{} (main of {})", table.id, table.vpc) } else { table.id.clone() };
        let shares = routes::split(self.index, &table.routes, family, target);
        ways(Place::Routes, &table.id, &label, &shares, |route| self.follow(subnet, &table.id, &label, route, family))
    }

    /// Where a route of the function's subnet leads.
    fn follow(&self, subnet: &'a Subnet, table: &str, label: &str, route: &'a Route, family: Family) -> Vec<Hop> {
        let (place, to) = (Place::Routes, &route.target);
        let says = format!("{label}: {} → {to}", route.destination);
        if let Some(dead) = dead(place, table, &says, route) {
            return vec![dead];
        }
        let lies_beyond = |what: &str| {
            let (from, to) = (&subnet.id, &route.target);
            let message =
                format!("from {from} the way goes on through {to}, {what}, and what lies beyond is not seen here");
            vec![Hop::unknown(place, table, Gap::unprovable(to, message)).by(&route.destination)]
        };
        let no_way = |why: &str| vec![Hop::stops(place, table, format!("{says}; {why}")).by(&route.destination)];
        match Target::of(route) {
            Target::Nat => {
                let mut hops = vec![Hop::through(place, table, says).by(&route.destination)];
                hops.extend(self.through_nat(subnet, to, family));
                hops
            }
            Target::InternetGateway if self.managed => {
                lies_beyond("which takes only what has a public address; whether a managed instance has one")
            }
            Target::InternetGateway => {
                no_way("a function's interface has no public address, so its packets are dropped")
            }
            Target::EgressOnly => no_way("an egress-only gateway takes IPv6, and X-Ray has no IPv6 address"),
            Target::Peering => no_way("a peering connection carries nothing on to the internet"),
            Target::Local => no_way("it stays in the VPC"),
            Target::Transit => lies_beyond("a transit gateway"),
            Target::CoreNetwork => lies_beyond("a core network"),
            Target::VirtualGateway => lies_beyond("a virtual private gateway"),
            Target::Endpoint => lies_beyond("the endpoint of a firewall or another appliance"),
            Target::Appliance => lies_beyond("an appliance or NAT instance"),
            Target::Other => lies_beyond("of a kind that is not understood"),
        }
    }

    /// X-Ray may be reached in another network, through an endpoint there whose name a private hosted zone gives: if a
    /// route leads to private addresses over something that carries packets to one.
    fn beyond(&self, subnet: &'a Subnet) -> Option<Hop> {
        let private = everything(Family::V4).minus(&PUBLIC);
        let reached =
            |ranges: &Set| !firewall::reaches_none(self.index, &self.vpc.security_groups, Family::V4, Some(ranges));
        let (table, _) = match self.index.table_of(subnet) {
            Ok(found) => found,
            Err(gap) => return reached(&private).then(|| Hop::unknown(Place::Beyond, &subnet.id, gap)),
        };
        let shares = routes::split(self.index, &table.routes, Family::V4, &private);
        let leads = |route: &&Route| {
            let carries = matches!(Target::of(route), Target::Transit | Target::CoreNetwork | Target::Peering);
            let own = Set::read(Family::V4, std::iter::once(&route.destination)).unwrap_or_default();
            // The ranges of a prefix list are among the private ones, if it is known at all.
            let ranges = if own.is_empty() { &private } else { &own };
            // A default route was judged already.
            let default = !own.and(&PUBLIC).is_empty();
            carries && !default && !route.state.eq_ignore_ascii_case("blackhole") && reached(ranges)
        };
        let maybe = shares.maybe.iter().map(|(route, _)| *route);
        let to = &shares.routes.iter().copied().chain(maybe).find(leads)?.target;
        let message = format!(
            "{} has no way to X-Ray's public addresses; whether its name leads to an endpoint shared over {to} is not seen \
             here",
            subnet.id
        );
        Some(Hop::unknown(Place::Beyond, to, Gap::unprovable(to, message)))
    }
}

/// A route that does not work, or of which that is not known.
pub(super) fn dead(place: Place, table: &str, says: &str, route: &Route) -> Option<Hop> {
    let state = &route.state;
    if state.eq_ignore_ascii_case("active") {
        None
    } else if state.eq_ignore_ascii_case("blackhole") {
        Some(
            Hop::stops(place, table, format!("{says} is a blackhole: what it leads to is gone")).by(&route.destination),
        )
    } else {
        let says = format!("{says} is in the state “{state}”, which is not understood");
        Some(Hop::unprovable(place, table, says).by(&route.destination))
    }
}

/// The ways that a route table opens to some addresses.
pub(super) fn ways<'a>(
    place: Place,
    table: &str,
    label: &str,
    shares: &Shares<'a>,
    follow: impl Fn(&'a Route) -> Vec<Hop>,
) -> Vec<Hop> {
    // The ranges of a VPC, even public ones, are not where X-Ray is.
    let away = |route: &&'a Route| Target::of(route) != Target::Local;
    let mut targets: Vec<(&str, &str)> = Vec::new();
    let mut ways = Vec::new();
    let maybe = shares.maybe.iter().map(|(route, gap)| (*route, Some(gap)));
    for (route, gap) in shares.routes.iter().copied().filter(away).map(|route| (route, None)).chain(maybe) {
        if targets.contains(&(&route.target, &route.state)) {
            continue;
        }
        targets.push((&route.target, &route.state));
        ways.push((follow(route), gap));
    }
    if shares.unrouted || ways.is_empty() {
        let nowhere = format!("{label} has no route to {}public addresses", if ways.is_empty() { "" } else { "some " });
        ways.push((vec![Hop::stops(place, table, nowhere)], None));
    }
    let hidden = ways.iter().find_map(|(_, gap)| *gap);
    let sure: Vec<_> = ways.iter().filter(|(_, gap)| gap.is_none()).map(|(way, _)| way.clone()).collect();
    let all = agree(place, table, ways.iter().map(|(way, _)| way.clone()).collect());
    match hidden {
        // What is hidden could as well take nothing, or everything.
        Some(gap) if matches!(end(&all), Passage::Unknown(_)) || sure.is_empty() => {
            vec![Hop::unknown(place, table, gap.clone())]
        }
        _ => all,
    }
}
