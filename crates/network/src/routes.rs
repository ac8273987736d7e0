//! Which route takes a packet, and what its target is.

use gatelight_model::{
    Gap,
    inventory::{Route, RouteTable, Subnet},
};

use crate::{
    address_set::{AddressSet, Block, Family},
    hop::{Hop, HopKind, HopResult, combine_alternatives, result_of},
    index::NetworkIndex,
    packet::{Packet, Side},
    remedy::{Remedy, RouteGoal},
    route_hops::inactive_route,
    walk::Walk,
};

/// What a route table does with a packet.
#[derive(Debug, Default)]
pub(crate) struct RouteChoice<'a> {
    /// The route that takes it, of those to one target the most specific. Several: AWS does not say which of them.
    pub(crate) routes: Vec<&'a Route>,
    /// Routes that may take it, and why that is not known.
    pub(crate) maybe: Vec<(&'a Route, Gap)>,
}

/// How AWS chooses between routes with the same prefix: the later, the better
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Propagated,
    /// A static route for a prefix list.
    List,
    Static,
}

/// The addresses that a route is for.
struct Claim<'a> {
    length: u32,
    precedence: Precedence,
    set: AddressSet,
    route: &'a Route,
}

/// Whether a route was propagated rather than written.
///
/// # Errors
/// If that is not known: its origin was not read, and it leads to what both kinds lead to. AWS propagates the routes of
/// virtual private gateways; internet, NAT, transit and egress-only gateways, interfaces, peering connections and endpoints
/// have static ones. A table holds one static route for a range.
fn is_propagated(route: &Route, routes: &[Route]) -> Result<bool, Gap> {
    match route.origin.get() {
        Ok(origin) => Ok(["EnableVgwRoutePropagation", "Advertisement", "propagated"].contains(&origin.as_str())),
        Err(gap) if RouteTarget::of(route) == RouteTarget::VirtualGateway => {
            let rival = |own: &Route| {
                own.destination == route.destination
                    && RouteTarget::of(own) != RouteTarget::VirtualGateway
                    && is_propagated(own, &[]) == Ok(false)
            };
            if routes.iter().any(rival) { Ok(true) } else { Err(gap) }
        }
        Err(_) => Ok(false),
    }
}

/// What the routes of a table claim.
#[derive(Default)]
struct Claims<'a> {
    /// The best first.
    sorted: Vec<Claim<'a>>,
    /// Routes of which the addresses are not known.
    maybe: Vec<(&'a Route, Gap)>,
    /// Why the precedence of some claim is not known.
    precedence: Option<Gap>,
}

impl<'a> Claims<'a> {
    /// Those of a table; those of which the precedence is not known have the precedence `unknown`.
    fn of(index: &NetworkIndex<'a>, routes: &'a [Route], family: Family, unknown: Precedence) -> Self {
        let mut all = Self::default();
        let locals = routes.iter().filter(|route| RouteTarget::of(route) == RouteTarget::Local);
        let locals: Vec<_> = locals.filter_map(|route| Block::parse(&route.destination)).collect();
        for route in routes {
            if route.destination.starts_with("pl-") {
                all.add_list(index, route, family);
                continue;
            }
            let Some(block) = Block::parse(&route.destination) else {
                all.maybe.push((route, unreadable(&route.destination)));
                continue;
            };
            if block.family != family {
                continue;
            }
            let propagated = is_propagated(route, routes);
            // A VPC's own route beats propagated ones, however specific, and AWS accepts no static one to a virtual
            // private gateway there (<https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html>).
            if propagated != Ok(false) && locals.iter().any(|local| local.holds(block)) {
                continue;
            }
            let precedence = match propagated {
                Ok(false) => Precedence::Static,
                Ok(true) => Precedence::Propagated,
                Err(gap) => {
                    all.precedence.get_or_insert(gap);
                    unknown
                }
            };
            all.sorted.push(Claim { length: block.length, precedence, set: block.set(), route });
        }
        all.sorted.sort_by_key(|claim| std::cmp::Reverse((claim.length, claim.precedence)));
        all
    }

    /// The claims of a route for a prefix list.
    fn add_list(&mut self, index: &NetworkIndex<'a>, route: &'a Route, family: Family) {
        // Gateway endpoints take the prefix lists of S3 and DynamoDB, which contain no address of X-Ray.
        let gateway = match route.target.starts_with("vpce-").then(|| index.endpoint(&route.target)) {
            Some(Ok(Some(endpoint))) => endpoint.kind.eq_ignore_ascii_case("gateway"),
            _ => false,
        };
        if gateway {
            return;
        }
        let cidrs = match index.list(&route.destination) {
            Ok(cidrs) => cidrs,
            Err(gap) => return self.maybe.push((route, gap)),
        };
        for cidr in cidrs {
            match Block::parse(cidr) {
                Some(block) if block.family == family => {
                    let (length, set) = (block.length, block.set());
                    self.sorted.push(Claim { length, precedence: Precedence::List, set, route });
                }
                Some(_) => {}
                None => self.maybe.push((route, unreadable(cidr))),
            }
        }
    }
}

/// Routes that take the same addresses, and these addresses. Several routes: AWS does not say which of them.
type Share<'a> = (Vec<&'a Route>, AddressSet);

fn leads_alike(a: &Route, b: &Route) -> bool {
    a.target == b.target && a.state == b.state
}

/// Splits addresses over the routes of a table: the longest prefix wins, and between equals the better precedence. No
/// routes: none takes them.
fn shares<'a>(claims: &[Claim<'a>], target: &AddressSet) -> Vec<Share<'a>> {
    let mut all: Vec<Share<'a>> = Vec::new();
    let mut left = target.clone();
    for equals in claims.chunk_by(|a, b| (a.length, a.precedence) == (b.length, b.precedence)) {
        let mut level: Vec<Share<'a>> = Vec::new();
        for claim in equals {
            let mut rest = left.and(&claim.set);
            for (routes, set) in std::mem::take(&mut level) {
                let both = set.and(&rest);
                if both.is_empty() || routes.iter().any(|own| leads_alike(own, claim.route)) {
                    rest = rest.minus(&both);
                    level.push((routes, set));
                    continue;
                }
                rest = rest.minus(&both);
                let apart = set.minus(&both);
                level.push(([routes.as_slice(), &[claim.route]].concat(), both));
                level.push((routes, apart));
            }
            level.push((vec![claim.route], rest));
        }
        level.retain(|(_, set)| !set.is_empty());
        left = level.iter().fold(left, |left, (_, set)| left.minus(set));
        all.extend(level);
    }
    all.push((vec![], left));
    let mut joined: Vec<Share<'a>> = Vec::new();
    for (routes, set) in all.into_iter().filter(|(_, set)| !set.is_empty()) {
        let alike = |own: &&mut Share<'a>| {
            own.0.len() == routes.len() && own.0.iter().zip(&routes).all(|(a, b)| leads_alike(a, b))
        };
        match joined.iter_mut().find(alike) {
            Some(own) => own.1 = own.1.or(&set),
            None => joined.push((routes, set)),
        }
    }
    joined
}

/// What the routes do with a packet that goes to the address on this side of it.
pub(crate) fn choose<'a>(
    index: &NetworkIndex<'a>,
    routes: &'a [Route],
    side: Side,
    packet: &Packet,
    family: Family,
) -> RouteChoice<'a> {
    let by = |claims: &mut Claims<'a>| {
        if family == Family::V6 && side == Side::Remote {
            claims.sorted.iter_mut().for_each(|claim| claim.set = claim.set.before_nat64());
        }
        let shares = shares(&claims.sorted, packet.addresses(side));
        if let [(_, first), _, ..] = shares.as_slice() {
            packet.divide(side, first);
        }
        shares.into_iter().next().map(|(routes, _)| routes).unwrap_or_default()
    };
    let mut claims = Claims::of(index, routes, family, Precedence::Propagated);
    let mut choice = RouteChoice { routes: by(&mut claims), maybe: claims.maybe };
    if let Some(gap) = claims.precedence {
        let other = by(&mut Claims::of(index, routes, family, Precedence::Static));
        let new = |route: &&'a Route| !choice.routes.iter().any(|own| leads_alike(own, route));
        let others: Vec<_> = other.into_iter().filter(new).map(|route| (route, gap.clone())).collect();
        choice.maybe.extend(others);
    }
    choice
}

/// The default route's range.
pub(crate) const EVERYTHING: &str = "0.0.0.0/0";

/// Whether a table has a static route for everything.
pub(crate) fn has_default(routes: &[Route]) -> bool {
    routes.iter().any(|route| route.destination == EVERYTHING && is_propagated(route, routes) == Ok(false))
}

/// The addresses that the routes keep in the VPC.
pub(crate) fn kept_local(routes: &[Route]) -> AddressSet {
    let locals = routes.iter().filter(|route| RouteTarget::of(route) == RouteTarget::Local);
    let sets = locals.filter_map(|route| Block::parse(&route.destination)).filter(|block| block.family == Family::V4);
    sets.fold(AddressSet::default(), |all, block| all.or(&block.set()))
}

fn unreadable(range: &str) -> Gap {
    Gap::unprovable(range, format!("the range {range} cannot be read"))
}

/// The kind of a route's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteTarget {
    Local,
    InternetGateway,
    Nat,
    EgressOnly,
    Endpoint,
    Peering,
    Transit,
    CoreNetwork,
    VirtualGateway,
    LocalGateway,
    CarrierGateway,
    Appliance,
    Other,
}

impl RouteTarget {
    pub(crate) fn of(route: &Route) -> Self {
        let target = route.target.as_str();
        let kinds = [
            ("igw-", Self::InternetGateway),
            ("nat-", Self::Nat),
            ("eigw-", Self::EgressOnly),
            ("vpce-", Self::Endpoint),
            ("pcx-", Self::Peering),
            ("tgw-", Self::Transit),
            ("vgw-", Self::VirtualGateway),
            ("lgw-", Self::LocalGateway),
            ("cagw-", Self::CarrierGateway),
            ("eni-", Self::Appliance),
            ("i-", Self::Appliance),
        ];
        if target == "local" {
            Self::Local
        } else if target.starts_with("arn:") && target.contains(":core-network/") {
            Self::CoreNetwork
        } else {
            kinds.iter().find(|(start, _)| target.starts_with(start)).map_or(Self::Other, |(_, kind)| *kind)
        }
    }
}

impl Walk<'_> {
    /// Where the routes of a subnet divert packets to `side` inside the VPC, if they do: a route more specific than the
    /// VPC's local route can lead them through an appliance, or nowhere
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html#middlebox-routing>). `there` names those
    /// addresses in messages.
    pub(crate) fn diverted_from(
        &self,
        kind: HopKind,
        from: &Subnet,
        side: Side,
        packet: &Packet,
        there: &str,
    ) -> Option<Hop> {
        match self.index.table_of(from) {
            Ok((table, _)) => self.diverted_by(kind, table, side, packet, there),
            Err(gap) => Some(Hop::unknown(kind, &from.id, gap)),
        }
    }

    /// The same for one route table.
    pub(crate) fn diverted_by(
        &self,
        kind: HopKind,
        table: &RouteTable,
        side: Side,
        packet: &Packet,
        there: &str,
    ) -> Option<Hop> {
        let id = &table.id;
        let choice = choose(self.index, &table.routes, side, packet, Family::V4);
        // The local route exists even where it is not listed, and beats routes that are no more specific.
        let own = self.index.vpc(&table.vpc).ok().and_then(|vpc| AddressSet::read(Family::V4, &vpc.cidrs).ok());
        let wider = |route: &Route| {
            let range = AddressSet::read(Family::V4, std::iter::once(&route.destination));
            own.as_ref().is_some_and(|own| range.is_ok_and(|range| !own.covers(&range)))
        };
        let away = |route: &Route| RouteTarget::of(route) != RouteTarget::Local && !wider(route);
        let led = |route: &Route| if away(route) { vec![self.diverting_hop(kind, id, route, there)] } else { vec![] };
        let mut ways: Vec<Vec<Hop>> = choice.routes.iter().map(|route| led(route)).collect();
        if ways.is_empty() {
            ways.push(vec![]);
        }
        // A hidden list may hold none of the addresses, or all.
        let hidden = choice.maybe.first().map(|(_, gap)| gap.clone());
        ways.extend(choice.maybe.iter().map(|(route, _)| led(route)));
        let joined = combine_alternatives(kind, id, ways);
        match (hidden, result_of(&joined)) {
            (Some(gap), HopResult::Unknown(_)) => Some(Hop::unknown(kind, id, gap)),
            _ => joined.into_iter().next(),
        }
    }

    /// What becomes of packets that a route leads away from their way inside the VPC.
    fn diverting_hop(&self, kind: HopKind, table: &str, route: &Route, there: &str) -> Hop {
        let Route { destination, target, .. } = route;
        let message = format!("{table}: {destination} → {target}, a more specific route than the VPC's own");
        let removed = || Remedy::VpcRoute {
            table: table.to_owned(),
            destination: destination.clone(),
            replaces: true,
            target: RouteGoal::Removed,
        };
        if let Some(dead) = inactive_route(kind, table, &message, route) {
            let partial = format!("{}, for a part of {there}", dead.message);
            return if dead.result == HopResult::Stops { dead.with(removed()).partly(partial) } else { dead };
        }
        let lost = match RouteTarget::of(route) {
            RouteTarget::Appliance => self.dropped_by_interface(target),
            RouteTarget::Endpoint => self.dropped_by_firewall(target),
            _ => None,
        };
        if let Some((why, remedy)) = lost {
            let message = format!("{message}, leads packets to {there} away: {why}");
            return Hop::stops(kind, table, message).by(destination).with(remedy.unwrap_or_else(removed));
        }
        let message = format!("{message}, leads packets to {there} away, and what follows is not visible here");
        Hop::unprovable(kind, table, message).by(destination)
    }
}

/// The hops along the route that takes a packet. `label` names the table; without a route, `missing` is what it lacks.
pub(crate) fn follow_routes<'a>(
    kind: HopKind,
    table: &str,
    label: &str,
    choice: &RouteChoice<'a>,
    missing: Remedy,
    follow: impl Fn(&'a Route) -> Vec<Hop>,
) -> Vec<Hop> {
    let mut ways: Vec<Vec<Hop>> = choice.routes.iter().map(|route| follow(route)).collect();
    if ways.is_empty() {
        let nowhere = Hop::stops(kind, table, format!("{label} has no route to public addresses"));
        ways.push(vec![nowhere.partly(format!("{label} has no route to some public addresses")).with(missing)]);
    }
    let sure = !choice.routes.is_empty() || choice.maybe.is_empty();
    let hidden = choice.maybe.first().map(|(_, gap)| gap.clone());
    // A hidden list may hold none of the addresses, or all.
    let maybe: Vec<Vec<Hop>> = choice.maybe.iter().map(|(route, _)| follow(route)).collect();
    if sure {
        ways.extend(maybe);
    } else {
        ways.splice(0..0, maybe);
    }
    let all = combine_alternatives(kind, table, ways);
    match hidden {
        Some(gap) if matches!(result_of(&all), HopResult::Unknown(_)) => vec![Hop::unknown(kind, table, gap)],
        _ => all,
    }
}

#[cfg(test)]
mod tests {
    use gatelight_model::{
        Gap,
        inventory::{PrefixListAnswer, Region},
    };
    use proptest::prelude::*;

    use super::*;

    /// By the book: of the routes that hold the address, the longest.
    fn naive(routes: &[Route], address: u32) -> Option<&Route> {
        let block = |route: &Route| {
            let (start, length) = route.destination.split_once('/').expect("a range");
            let start = start.parse::<std::net::Ipv4Addr>().expect("an address").to_bits();
            let length = length.parse::<u32>().expect("a length");
            (start, length)
        };
        let holds = |route: &&Route| {
            let (start, length) = block(route);
            (0..length).all(|bit| (start >> (31 - bit)) & 1 == (address >> (31 - bit)) & 1)
        };
        routes.iter().filter(holds).max_by_key(|route| block(route).1)
    }

    proptest! {
        #[test]
        fn the_longest_prefix_wins(blocks in proptest::collection::btree_set((0_u32..32, 0_u32..6), 0..8), at in 0_u32..32) {
            let routes: Vec<_> = blocks
                .iter()
                .map(|(start, length)| (start & !(31 >> length), *length))
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .enumerate()
                .map(|(number, (start, length))| Route {
                    destination: format!("{}/{length}", std::net::Ipv4Addr::from_bits(start << 27)),
                    state: "active".to_owned(),
                    target: format!("nat-{number}"),
                    origin: gatelight_model::Fetched::known("CreateRoute".to_owned()),
                })
                .collect();
            let region = Region::unread("eu-west-1", &Gap::not_collected("a test"));
            let address = at << 27;
            let one = Block::parse(&format!("{}/32", std::net::Ipv4Addr::from_bits(address))).expect("one").set();
            let packet = Packet::new(AddressSet::default(), one);
            let choice = choose(&NetworkIndex::new(&region, None), &routes, Side::Remote, &packet, Family::V4);
            prop_assert_eq!(choice.routes, naive(&routes, address).into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_range_written_out_beats_the_same_in_a_list_and_a_list_that_is_not_known_may_take_any() {
        let route = |destination: &str, target: &str| Route {
            destination: destination.to_owned(),
            state: "active".to_owned(),
            target: target.to_owned(),
            origin: gatelight_model::Fetched::known("CreateRoute".to_owned()),
        };
        let mut region = Region::unread("eu-west-1", &Gap::not_collected("a test"));
        let cidrs = vec!["0.0.0.0/0".to_owned()];
        region.network.prefix_lists =
            vec![PrefixListAnswer { id: "pl-1".to_owned(), cidrs: gatelight_model::Fetched::known(cidrs) }];
        let routes = [route("pl-1", "nat-1"), route("0.0.0.0/0", "nat-2"), route("pl-2", "nat-3")];
        let packet = Packet::new(AddressSet::default(), crate::address_set::PUBLIC.clone());
        let choice = choose(&NetworkIndex::new(&region, None), &routes, Side::Remote, &packet, Family::V4);
        assert_eq!(choice.routes, [&routes[1]]);
        assert_eq!(choice.maybe[0].0, &routes[2]);
    }
}
