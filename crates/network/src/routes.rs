//! Which routes take which addresses.

use gatelight_model::{Gap, inventory::Route};

use super::index::Index;
use crate::address_set::{AddressSet, Block, Family};

/// What a route table does with a set of addresses.
#[derive(Debug, Default)]
pub(crate) struct RouteSplit<'a> {
    /// The routes that take some of them.
    pub(crate) routes: Vec<&'a Route>,
    /// Whether no route takes some of them.
    pub(crate) unrouted: bool,
    /// Routes that may take some, and why it is not known.
    pub(crate) maybe: Vec<(&'a Route, Gap)>,
}

/// Splits `target` over the routes: the longest prefix wins, and between equals a range written out beats one in a
/// prefix list (<https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>).
pub(crate) fn split<'a>(index: &Index<'a>, routes: &'a [Route], family: Family, target: &AddressSet) -> RouteSplit<'a> {
    let mut shares = RouteSplit::default();
    let mut blocks: Vec<(u32, bool, Block, &Route)> = Vec::new();
    for route in routes {
        let destination = &route.destination;
        if !destination.starts_with("pl-") {
            match Block::parse(destination) {
                Some(block) => blocks.push((block.length, true, block, route)),
                None => shares.maybe.push((route, unreadable(destination))),
            }
            continue;
        }
        // The lists of S3 and DynamoDB, which lead to gateway endpoints, hold no address of X-Ray.
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
                        None => shares.maybe.push((route, unreadable(cidr))),
                    }
                }
            }
            Err(gap) => shares.maybe.push((route, gap)),
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
                if !shares.routes.contains(route) {
                    shares.routes.push(route);
                }
            }
        }
        left = left.minus(&taken);
    }
    shares.unrouted = !left.is_empty();
    shares
}

fn unreadable(range: &str) -> Gap {
    Gap::unprovable(range, format!("the range {range} cannot be read"))
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
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

impl Target {
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
            let shares = split(&Index::new(&region, None), &routes, Family::V4, &one);
            let expected = naive(&routes, address);
            prop_assert_eq!(shares.routes, expected.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(shares.unrouted, expected.is_none());
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
        let shares = split(&Index::new(&region, None), &routes, Family::V4, &crate::address_set::PUBLIC);
        assert_eq!(shares.routes, [&routes[1]]);
        assert_eq!(shares.maybe[0].0, &routes[2]);
    }
}
