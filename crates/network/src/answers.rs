//! Whether the answers find their way from a NAT gateway back to the function's subnet.

use gatelight_model::inventory::{NatGateway, Route, RouteTable, Subnet};

use crate::{
    address_set::{AddressSet, Family},
    hop::{Hop, HopKind, combine_alternatives},
    packet::{Packet, Side, each_part, join_parts},
    remedy::{Remedy, RouteGoal},
    route_hops::inactive_route,
    routes::{self, RouteTarget},
    walk::Walk,
};

/// How packets enter a NAT gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NatEntry<'a> {
    /// The function's subnet, which their source addresses belong to.
    pub(crate) source: &'a Subnet,
    /// The subnet whose route leads to the NAT gateway.
    pub(crate) at: &'a Subnet,
    /// How the answers get back to `source`.
    pub(crate) back: ReturnPath<'a>,
}

/// How answers get back to the function's subnet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReturnPath<'a> {
    /// Within the VPC.
    Inside,
    /// Through the transit gateway of this id.
    Transit(&'a str),
}

impl<'a> Walk<'a> {
    /// Where the answers from a NAT gateway to the function are lost or diverted, if they are. IPv6 answers are not checked:
    /// the IPv6 ranges of subnets are not read.
    pub(crate) fn answers_from_nat(
        &self,
        entry: NatEntry<'a>,
        nat: &NatGateway,
        subnet: Option<&Subnet>,
        table: &'a RouteTable,
        packet: &Packet,
    ) -> Option<Hop> {
        match entry.back {
            ReturnPath::Inside
                if subnet.is_some_and(|own| own.id == entry.source.id) || packet.family == Family::V6 =>
            {
                None
            }
            ReturnPath::Inside => {
                let there = format!("{} from NAT gateway {}", entry.source.id, nat.id);
                self.diverted_by(HopKind::NatRoutes, table, Side::Function, packet, &there)
            }
            ReturnPath::Transit(gateway) => self.answers_over_transit(entry, table, gateway, packet),
        }
    }

    /// Where the answers from an internet gateway to the NAT gateway's subnet are diverted, if they are: a route table of
    /// the gateway itself can lead them through a firewall
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html>).
    pub(crate) fn answers_from_gateway(&self, subnet: &Subnet, gateway: &str) -> Option<Hop> {
        let kind = HopKind::NatRoutes;
        let table = match self.index.table_of_gateway(gateway) {
            Ok(table) => table?,
            Err(gap) => return Some(Hop::unknown(kind, gateway, gap)),
        };
        // The NAT gateway has some address of its subnet. No other hop looks at that address.
        let addresses = AddressSet::read(Family::V4, std::iter::once(&subnet.cidr)).ok()?;
        let there = format!("{} from {gateway}", subnet.id);
        let packet = Packet::new(AddressSet::default(), addresses);
        let parts = each_part(packet, |packet| {
            self.diverted_by(kind, table, Side::Remote, packet, &there).into_iter().collect()
        });
        join_parts(parts).into_iter().next()
    }

    /// Where the answers from a NAT gateway in an egress VPC to the function's subnet are lost, if they are. `table` is the
    /// NAT gateway's route table.
    fn answers_over_transit(
        &self,
        entry: NatEntry<'a>,
        table: &'a RouteTable,
        gateway: &str,
        packet: &Packet,
    ) -> Option<Hop> {
        let (kind, source) = (HopKind::NatRoutes, entry.source);
        let missing = Remedy::VpcRoute {
            table: table.id.clone(),
            destination: source.cidr.clone(),
            replaces: table.routes.iter().any(|route| route.destination == source.cidr),
            target: RouteGoal::Target(gateway.to_owned()),
        };
        if let Some(lost) = self.answers_by_routes(kind, &table.id, &table.routes, source, gateway, packet) {
            return Some(lost.with(missing));
        }
        let attachments = self.index.attachment_of(gateway, &entry.at.vpc);
        let attachments = attachments.and_then(|far| Ok((far, self.index.attachment_of(gateway, &source.vpc)?)));
        let (far, near) = match attachments {
            Ok((Some(far), Some(near))) => (far, near),
            Ok(_) => return Some(Hop::unprovable(kind, gateway, format!("AWS lists no way back over {gateway}"))),
            Err(gap) => return Some(Hop::unknown(kind, gateway, gap)),
        };
        let Some(transit) = &far.table else {
            let message = format!("no route table of {gateway} is associated with {}", far.id);
            return Some(Hop::unprovable(HopKind::TransitRoutes, gateway, message));
        };
        let routes = match self.index.transit_routes(transit) {
            Ok(routes) => routes,
            Err(gap) => return Some(Hop::unknown(HopKind::TransitRoutes, transit, gap)),
        };
        let lost = self.answers_by_routes(HopKind::TransitRoutes, transit, routes, source, &near.id, packet)?;
        Some(lost.with(Remedy::TransitRoute {
            table: transit.clone(),
            destination: source.cidr.clone(),
            replaces: routes.iter().any(|route| route.destination == source.cidr),
            attachment: Some(near.id.clone()),
        }))
    }

    /// What happens to the answers if these routes do not lead them to `target`.
    pub(crate) fn answers_by_routes(
        &self,
        kind: HopKind,
        table: &str,
        routes: &'a [Route],
        source: &Subnet,
        target: &str,
        packet: &Packet,
    ) -> Option<Hop> {
        let choice = routes::choose(self.index, routes, Side::Function, packet, Family::V4);
        if let Some((_, gap)) = choice.maybe.first() {
            return Some(Hop::unknown(kind, table, gap.clone()));
        }
        let partial = format!("{table} leads only a part of {} back", source.id);
        if choice.routes.is_empty() {
            let message = format!("{table} has no route back to {}", source.id);
            return Some(Hop::stops(kind, table, message).partly(partial));
        }
        let led = |route: &Route| {
            let message = format!("back to {}, {table}: {} → {}", source.id, route.destination, route.target);
            if let Some(dead) = inactive_route(kind, table, &message, route) {
                return vec![dead.partly(partial.clone())];
            }
            if route.target == target {
                return vec![];
            }
            let lost = match RouteTarget::of(route) {
                RouteTarget::InternetGateway | RouteTarget::EgressOnly | RouteTarget::Local => {
                    Some("where the answers are lost".to_owned())
                }
                RouteTarget::Appliance => self.dropped_by_interface(&route.target).map(|(why, _)| why),
                RouteTarget::Endpoint => self.dropped_by_firewall(&route.target).map(|(why, _)| why),
                _ => None,
            };
            vec![match lost {
                Some(why) => Hop::stops(kind, table, format!("{message}, {why}")).partly(partial.clone()),
                None => Hop::unprovable(kind, table, format!("{message}, another way than there")),
            }]
        };
        let ways = choice.routes.iter().map(|route| led(route)).collect();
        combine_alternatives(kind, table, ways).into_iter().next()
    }
}
