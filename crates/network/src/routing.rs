//! Where routes lead.

use gatelight_model::{
    Gap,
    inventory::{Route, RouteTable, Subnet},
};

use super::{
    hop::{Hop, HopResult, Place, agree, end},
    nat::{Back, Entry},
    routes::{self, RouteSplit, Target},
};
use crate::{
    address_set::{AddressSet, Family},
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// Over the routes of the function's subnet.
    pub(crate) fn by_routes(&self, subnet: &'a Subnet, family: Family, target: &AddressSet) -> Vec<Hop> {
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
        let beyond = |what: &str| vec![lies_beyond(place, table, &subnet.id, route, what)];
        let no_way = |why: &str| vec![Hop::stops(place, table, format!("{says}; {why}")).by(&route.destination)];
        let through = || Hop::through(place, table, says.clone()).by(&route.destination);
        match Target::of(route) {
            Target::Nat => {
                let entry = Entry { source: subnet, at: subnet, back: Back::Inside };
                [vec![through()], self.through_nat(entry, to, family)].concat()
            }
            Target::InternetGateway if self.managed => {
                beyond("which takes only what has a public address; whether a managed instance has one")
            }
            Target::InternetGateway => {
                no_way("a function's interface has no public address, so its packets are dropped")
            }
            Target::EgressOnly => no_way("an egress-only gateway takes IPv6, and X-Ray has no IPv6 address"),
            Target::Peering => no_way("a peering connection carries nothing on to the internet"),
            Target::Local => no_way("it stays in the VPC"),
            Target::Transit => [vec![through()], self.through_transit(subnet, to, family)].concat(),
            Target::CoreNetwork => beyond("a core network of Cloud WAN, which is not read"),
            Target::VirtualGateway => beyond("a virtual private gateway, to a network behind a VPN or Direct Connect"),
            Target::LocalGateway => beyond("a local gateway, to the network around an Outpost"),
            Target::CarrierGateway => beyond("a carrier gateway, which takes only what has a carrier address"),
            Target::Endpoint => [vec![through()], self.through_firewall(subnet, to)].concat(),
            Target::Appliance => [vec![through()], self.through_appliance(subnet, to)].concat(),
            Target::Other => beyond("of a kind that is not understood"),
        }
    }

    /// Whether the routes of a subnet leave packets to addresses in the VPC alone: a route that is more specific than the
    /// VPC's own can lead them through an appliance, or nowhere
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html#middlebox-routing>). `there` is what
    /// sentences call those addresses. What a table says nothing about is in the VPC all the same.
    pub(crate) fn inside(&self, place: Place, from: &Subnet, addresses: &AddressSet, there: &str) -> Option<Hop> {
        match self.index.table_of(from) {
            Ok((table, _)) => self.stays(place, table, addresses, there),
            Err(gap) => Some(Hop::unknown(place, &from.id, gap)),
        }
    }

    /// The same for a route table.
    pub(crate) fn stays(&self, place: Place, table: &RouteTable, addresses: &AddressSet, there: &str) -> Option<Hop> {
        let id = &table.id;
        let shares = routes::split(self.index, &table.routes, Family::V4, addresses);
        // The VPC's own route is there even where it is not listed, and beats those that are no more specific.
        let own = self.index.vpc(&table.vpc).ok().and_then(|vpc| AddressSet::read(Family::V4, &vpc.cidrs).ok());
        let wider = |route: &Route| {
            let range = AddressSet::read(Family::V4, std::iter::once(&route.destination));
            own.as_ref().is_some_and(|own| range.is_ok_and(|range| !own.covers(&range)))
        };
        let away = |route: &&&Route| Target::of(route) != Target::Local && !wider(route);
        let led = shares.routes.iter().filter(away).map(|route| {
            let says =
                format!("{id}: {} → {}, a more specific route than the VPC's own", route.destination, route.target);
            dead(place, id, &says, route).unwrap_or_else(|| {
                let says = format!("{says}, leads packets to {there} away, and what lies beyond is not seen here");
                Hop::unprovable(place, id, says).by(&route.destination)
            })
        });
        let hidden = || shares.maybe.iter().map(|(_, gap)| Hop::unknown(place, id, gap.clone())).next();
        let hops: Vec<_> = led.collect();
        // A part that is led away is no proof against the rest.
        let all_stop = !hops.is_empty() && hops.iter().all(|hop| hop.passage == HopResult::Stops);
        let whole = !shares.unrouted && shares.routes.iter().all(|route| away(&route));
        match hops.into_iter().next() {
            Some(hop) if all_stop && whole && shares.maybe.is_empty() => Some(hop),
            Some(hop) if hop.passage == HopResult::Stops => {
                let says = format!("{}, for a part of {there}", hop.says);
                Some(Hop::unprovable(place, id, says))
            }
            Some(hop) => Some(hop),
            None => hidden(),
        }
    }
}

/// A way that goes on out of sight.
pub(crate) fn lies_beyond(place: Place, id: &str, from: &str, route: &Route, what: &str) -> Hop {
    let to = &route.target;
    let message = format!("from {from} the way goes on through {to}, {what}, and what lies beyond is not seen here");
    Hop::unknown(place, id, Gap::unprovable(to, message)).by(&route.destination)
}

/// A route that does not work, or of which that is not known.
pub(crate) fn dead(place: Place, table: &str, says: &str, route: &Route) -> Option<Hop> {
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
pub(crate) fn ways<'a>(
    place: Place,
    table: &str,
    label: &str,
    shares: &RouteSplit<'a>,
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
        Some(gap) if matches!(end(&all), HopResult::Unknown(_)) || sure.is_empty() => {
            vec![Hop::unknown(place, table, gap.clone())]
        }
        _ => all,
    }
}
