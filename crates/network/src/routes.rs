//! Which route takes which addresses, and what its target is.

use gatelight_model::{
    Gap,
    inventory::{Route, RouteTable, Subnet},
};

use crate::{
    address_set::{AddressSet, Block, Family},
    hop::{Hop, HopKind, HopResult, combine_alternatives, result_of},
    index::NetworkIndex,
    remedy::{Remedy, RouteGoal},
    walk::Walk,
};

/// How a set of addresses is split over the routes of a table.
#[derive(Debug, Default)]
pub(crate) struct RouteSplit<'a> {
    /// The routes that take some of them.
    pub(crate) routes: Vec<&'a Route>,
    /// Whether no route takes some of them.
    pub(crate) unrouted: bool,
    /// Routes that may take some of them, and why that is not known.
    pub(crate) maybe: Vec<(&'a Route, Gap)>,
}

/// Splits `target` over the routes: the longest prefix wins, and between equals a range written out beats one in a
/// prefix list (<https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>).
pub(crate) fn split<'a>(
    index: &NetworkIndex<'a>,
    routes: &'a [Route],
    family: Family,
    target: &AddressSet,
) -> RouteSplit<'a> {
    let mut split = RouteSplit::default();
    let mut blocks: Vec<(u32, bool, Block, &Route)> = Vec::new();
    for route in routes {
        let destination = &route.destination;
        if !destination.starts_with("pl-") {
            match Block::parse(destination) {
                Some(block) => blocks.push((block.length, true, block, route)),
                None => split.maybe.push((route, unreadable(destination))),
            }
            continue;
        }
        // Gateway endpoints take the prefix lists of S3 and DynamoDB, which contain no address of X-Ray.
        let gateway = match route.target.starts_with("vpce-").then(|| index.endpoint(&route.target)) {
            Some(Ok(Some(endpoint))) => endpoint.kind.eq_ignore_ascii_case("gateway"),
            _ => false,
        };
        if gateway {
            continue;
        }
        match index.list(destination) {
            Ok(cidrs) => {
                for cidr in cidrs {
                    match Block::parse(cidr) {
                        Some(block) => blocks.push((block.length, false, block, route)),
                        None => split.maybe.push((route, unreadable(cidr))),
                    }
                }
            }
            Err(gap) => split.maybe.push((route, gap)),
        }
    }
    blocks.retain(|(_, _, block, _)| block.family == family);
    blocks.sort_by_key(|(length, written, ..)| std::cmp::Reverse((*length, *written)));

    let mut left = target.clone();
    for equals in blocks.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let mut taken = AddressSet::default();
        for (_, _, block, route) in equals {
            let share = left.and(&block.set());
            if !share.is_empty() {
                taken = taken.or(&share);
                if !split.routes.contains(route) {
                    split.routes.push(route);
                }
            }
        }
        left = left.minus(&taken);
    }
    split.unrouted = !left.is_empty();
    split
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
    /// Where the routes of a subnet divert packets to `addresses` inside the VPC, if they do: a route more specific than the
    /// VPC's local route can lead them through an appliance, or nowhere
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html#middlebox-routing>). `there` names those
    /// addresses in messages.
    pub(crate) fn diverted_from(
        &self,
        kind: HopKind,
        from: &Subnet,
        addresses: &AddressSet,
        there: &str,
    ) -> Option<Hop> {
        match self.index.table_of(from) {
            Ok((table, _)) => self.diverted_by(kind, table, addresses, there),
            Err(gap) => Some(Hop::unknown(kind, &from.id, gap)),
        }
    }

    /// The same for one route table.
    pub(crate) fn diverted_by(
        &self,
        kind: HopKind,
        table: &RouteTable,
        addresses: &AddressSet,
        there: &str,
    ) -> Option<Hop> {
        let id = &table.id;
        let split = split(self.index, &table.routes, Family::V4, addresses);
        // The local route exists even where it is not listed, and beats routes that are no more specific.
        let own = self.index.vpc(&table.vpc).ok().and_then(|vpc| AddressSet::read(Family::V4, &vpc.cidrs).ok());
        let wider = |route: &Route| {
            let range = AddressSet::read(Family::V4, std::iter::once(&route.destination));
            own.as_ref().is_some_and(|own| range.is_ok_and(|range| !own.covers(&range)))
        };
        let away = |route: &&&Route| RouteTarget::of(route) != RouteTarget::Local && !wider(route);
        let led = split.routes.iter().filter(away).map(|route| {
            let message =
                format!("{id}: {} → {}, a more specific route than the VPC's own", route.destination, route.target);
            let lacks = Remedy::VpcRoute {
                table: id.clone(),
                destination: route.destination.clone(),
                replaces: true,
                target: RouteGoal::Removed,
            };
            inactive_route(kind, id, &message, route).map_or_else(
                || {
                    let message =
                        format!("{message}, leads packets to {there} away, and what lies beyond is not seen here");
                    Hop::unprovable(kind, id, message).by(&route.destination)
                },
                |hop| hop.with(lacks),
            )
        });
        let hidden = || split.maybe.iter().map(|(_, gap)| Hop::unknown(kind, id, gap.clone())).next();
        let hops: Vec<_> = led.collect();
        // Diverting a part of the addresses proves nothing about the rest.
        let all_stop = !hops.is_empty() && hops.iter().all(|hop| hop.result == HopResult::Stops);
        let whole = !split.unrouted && split.routes.iter().all(|route| away(&route));
        match hops.into_iter().next() {
            Some(hop) if all_stop && whole && split.maybe.is_empty() => Some(hop),
            Some(hop) if hop.result == HopResult::Stops => {
                let message = format!("{}, for a part of {there}", hop.message);
                Some(Hop::unprovable(kind, id, message))
            }
            Some(hop) => Some(hop),
            None => hidden(),
        }
    }
}

/// The hop for a route whose target cannot be followed.
pub(crate) fn cannot_follow(kind: HopKind, id: &str, from: &str, route: &Route, what: &str) -> Hop {
    let to = &route.target;
    let message = format!("from {from} the way goes on through {to}, {what}, and what lies beyond is not seen here");
    Hop::unknown(kind, id, Gap::unprovable(to, message)).by(&route.destination)
}

/// The hop for a route that is not active, if it is not.
pub(crate) fn inactive_route(kind: HopKind, table: &str, message: &str, route: &Route) -> Option<Hop> {
    let state = &route.state;
    if state.eq_ignore_ascii_case("active") {
        None
    } else if state.eq_ignore_ascii_case("blackhole") {
        Some(
            Hop::stops(kind, table, format!("{message} is a blackhole: what it leads to is gone"))
                .by(&route.destination),
        )
    } else {
        let message = format!("{message} is in the state “{state}”, which is not understood");
        Some(Hop::unprovable(kind, table, message).by(&route.destination))
    }
}

/// The hops along the routes that take some addresses. Which of those addresses packets go to is not known.
pub(crate) fn follow_routes<'a>(
    kind: HopKind,
    table: &str,
    label: &str,
    split: &RouteSplit<'a>,
    follow: impl Fn(&'a Route) -> Vec<Hop>,
) -> Vec<Hop> {
    // X-Ray's addresses are not in a VPC's own ranges, even public ones.
    let away = |route: &&'a Route| RouteTarget::of(route) != RouteTarget::Local;
    let mut targets: Vec<(&str, &str)> = Vec::new();
    let mut ways = Vec::new();
    let maybe = split.maybe.iter().map(|(route, gap)| (*route, Some(gap)));
    for (route, gap) in split.routes.iter().copied().filter(away).map(|route| (route, None)).chain(maybe) {
        if targets.contains(&(&route.target, &route.state)) {
            continue;
        }
        targets.push((&route.target, &route.state));
        ways.push((follow(route), gap));
    }
    if split.unrouted || ways.is_empty() {
        let nowhere = format!("{label} has no route to {}public addresses", if ways.is_empty() { "" } else { "some " });
        ways.push((vec![Hop::stops(kind, table, nowhere)], None));
    }
    let hidden = ways.iter().find_map(|(_, gap)| *gap);
    let sure: Vec<_> = ways.iter().filter(|(_, gap)| gap.is_none()).map(|(way, _)| way.clone()).collect();
    let all = combine_alternatives(kind, table, ways.iter().map(|(way, _)| way.clone()).collect());
    match hidden {
        // A hidden list may hold none of the addresses, or all.
        Some(gap) if matches!(result_of(&all), HopResult::Unknown(_)) || sure.is_empty() => {
            vec![Hop::unknown(kind, table, gap.clone())]
        }
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
                })
                .collect();
            let region = Region::unread("eu-west-1", &Gap::not_collected("a test"));
            let address = at << 27;
            let one = Block::parse(&format!("{}/32", std::net::Ipv4Addr::from_bits(address))).expect("one").set();
            let split = split(&NetworkIndex::new(&region, None), &routes, Family::V4, &one);
            let expected = naive(&routes, address);
            prop_assert_eq!(split.routes, expected.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(split.unrouted, expected.is_none());
        }
    }

    #[test]
    fn a_range_written_out_beats_the_same_in_a_list_and_a_list_that_is_not_known_may_take_any() {
        let route = |destination: &str, target: &str| Route {
            destination: destination.to_owned(),
            state: "active".to_owned(),
            target: target.to_owned(),
        };
        let mut region = Region::unread("eu-west-1", &Gap::not_collected("a test"));
        let cidrs = vec!["0.0.0.0/0".to_owned()];
        region.network.prefix_lists =
            vec![PrefixListAnswer { id: "pl-1".to_owned(), cidrs: gatelight_model::Fetched::known(cidrs) }];
        let routes = [route("pl-1", "nat-1"), route("0.0.0.0/0", "nat-2"), route("pl-2", "nat-3")];
        let split = split(&NetworkIndex::new(&region, None), &routes, Family::V4, &crate::address_set::PUBLIC);
        assert_eq!(split.routes, [&routes[1]]);
        assert_eq!(split.maybe[0].0, &routes[2]);
    }
}
