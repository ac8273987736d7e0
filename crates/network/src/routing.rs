//! The hops along the routes of the function's own subnet.

use gatelight_model::inventory::{Route, RouteTable, Subnet};

use crate::{
    address_set::Family,
    answers::{NatEntry, ReturnPath},
    hop::{Hop, HopKind},
    packet::{Packet, Side},
    remedy::{Remedy, RouteGoal},
    route_hops::{cannot_follow, inactive_route},
    routes::{self, RouteTarget, follow_routes},
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// The hops along the route of the function's subnet that takes the packet.
    pub(crate) fn hops_by_routes(&self, subnet: &'a Subnet, packet: &Packet) -> Vec<Hop> {
        let (table, main) = match self.index.table_of(subnet) {
            Ok(found) => found,
            Err(gap) => return vec![Hop::unknown(HopKind::Routes, &subnet.id, gap)],
        };
        let label = if main { format!("{} (main of {})", table.id, table.vpc) } else { table.id.clone() };
        let choice = routes::choose(self.index, &table.routes, Side::Remote, packet, packet.family);
        let remedy = to_nat(table);
        follow_routes(HopKind::Routes, &table.id, &label, &choice, remedy.clone(), |route| {
            self.follow_route(subnet, (&table.id, &label), route, &remedy, packet)
        })
    }

    /// The hops along one route of the function's subnet.
    fn follow_route(
        &self,
        subnet: &'a Subnet,
        (table, label): (&str, &str),
        route: &'a Route,
        remedy: &Remedy,
        packet: &Packet,
    ) -> Vec<Hop> {
        let (kind, to) = (HopKind::Routes, &route.target);
        let message = format!("{label}: {} → {to}", route.destination);
        if let Some(dead) = inactive_route(kind, table, &message, route) {
            return vec![dead.with(remedy.clone())];
        }
        let beyond = |what: &str| vec![cannot_follow(kind, table, &subnet.id, route, what)];
        let stops = |why: &str| Hop::stops(kind, table, format!("{message}; {why}")).by(&route.destination);
        let no_way = |why: &str| vec![stops(why).with(remedy.clone())];
        let through = || Hop::through(kind, table, message.clone()).by(&route.destination);
        match RouteTarget::of(route) {
            RouteTarget::Nat => {
                let entry = NatEntry { source: subnet, at: subnet, back: ReturnPath::Inside };
                [vec![through()], self.through_nat(entry, to, packet)].concat()
            }
            RouteTarget::InternetGateway if self.managed && packet.family == Family::V4 => {
                let mut hops = beyond("which takes only what has a public address; whether a managed instance has one");
                // With a public address too, the gateway has to work.
                hops.push(self.internet_gateway_hop(subnet, &subnet.vpc, to));
                hops.push(Self::public_access_hop(subnet, to));
                hops
            }
            RouteTarget::InternetGateway => {
                no_way("a function's interface has no public address, so its packets are dropped")
            }
            RouteTarget::EgressOnly => no_way("an egress-only gateway takes IPv6, and X-Ray has no IPv6 address"),
            RouteTarget::Peering => no_way("a peering connection carries nothing on to the internet"),
            RouteTarget::Local => no_way("it stays in the VPC"),
            RouteTarget::Transit => [vec![through()], self.through_transit(subnet, subnet, to, packet, &[])].concat(),
            RouteTarget::CoreNetwork => beyond("a core network of Cloud WAN, which is not read"),
            RouteTarget::VirtualGateway => {
                beyond("a virtual private gateway, to a network behind a VPN or Direct Connect")
            }
            RouteTarget::LocalGateway => beyond("a local gateway, to the network around an Outpost"),
            RouteTarget::CarrierGateway => beyond("a carrier gateway, which takes only what has a carrier address"),
            RouteTarget::Endpoint => [vec![through()], self.through_firewall(subnet, to, packet)].concat(),
            RouteTarget::Appliance => [vec![through()], self.through_appliance(subnet, to, packet)].concat(),
            RouteTarget::Other => beyond("of a kind that is not understood"),
        }
    }
}

/// A route from the function's table to a NAT gateway.
fn to_nat(table: &RouteTable) -> Remedy {
    Remedy::VpcRoute {
        table: table.id.clone(),
        destination: routes::EVERYTHING.to_owned(),
        replaces: routes::has_default(&table.routes),
        target: RouteGoal::PublicNat { vpc: table.vpc.clone() },
    }
}
