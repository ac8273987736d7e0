//! Whether the answers find their way from a NAT gateway back to the function's subnet.

use gatelight_model::inventory::{NatGateway, Route, RouteTable, Subnet};

use crate::{
    address_set::{AddressSet, Family},
    hop::{Hop, HopKind},
    remedy::{Remedy, RouteGoal},
    routes::{self, RouteTarget, inactive_route},
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
        family: Family,
    ) -> Option<Hop> {
        match entry.back {
            ReturnPath::Inside if subnet.is_some_and(|own| own.id == entry.source.id) || family == Family::V6 => None,
            ReturnPath::Inside => {
                let there = format!("{} from NAT gateway {}", entry.source.id, nat.id);
                let addresses = AddressSet::read(Family::V4, std::iter::once(&entry.source.cidr)).ok()?;
                self.diverted_by(HopKind::NatRoutes, table, &addresses, &there)
            }
            ReturnPath::Transit(gateway) => self.answers_over_transit(entry, table, gateway),
        }
    }

    /// Where the answers from an internet gateway to the NAT gateway's subnet are diverted, if they are: a route table of
    /// the gateway itself can lead them through a firewall
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html>).
    pub(crate) fn answers_from_gateway(&self, subnet: &Subnet, gateway: &str) -> Option<Hop> {
        let table = match self.index.table_of_gateway(gateway) {
            Ok(table) => table?,
            Err(gap) => return Some(Hop::unknown(HopKind::NatRoutes, gateway, gap)),
        };
        let addresses = AddressSet::read(Family::V4, std::iter::once(&subnet.cidr)).ok()?;
        self.diverted_by(HopKind::NatRoutes, table, &addresses, &format!("{} from {gateway}", subnet.id))
    }

    /// Where the answers from a NAT gateway in an egress VPC to the function's subnet are lost, if they are. `table` is the
    /// NAT gateway's route table.
    pub(crate) fn answers_over_transit(
        &self,
        entry: NatEntry<'a>,
        table: &'a RouteTable,
        gateway: &str,
    ) -> Option<Hop> {
        let (kind, source) = (HopKind::NatRoutes, entry.source);
        let Ok(own) = AddressSet::read(Family::V4, std::iter::once(&source.cidr)) else {
            return Some(Hop::unprovable(kind, &table.id, format!("the range of {} cannot be read", source.id)));
        };
        if let Some(lost) = self.answers_by_routes(kind, &table.id, &table.routes, &own, source, gateway) {
            return Some(lost);
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
        match self.index.transit_routes(transit) {
            Ok(routes) => self.answers_by_routes(HopKind::TransitRoutes, transit, routes, &own, source, &near.id),
            Err(gap) => Some(Hop::unknown(HopKind::TransitRoutes, transit, gap)),
        }
    }

    /// What happens to the answers if these routes do not lead all of the function's subnet to `target`.
    pub(crate) fn answers_by_routes(
        &self,
        kind: HopKind,
        table: &str,
        routes: &'a [Route],
        own: &AddressSet,
        source: &Subnet,
        target: &str,
    ) -> Option<Hop> {
        let split = routes::split(self.index, routes, Family::V4, own);
        let good = |route: &&Route| route.target == target && route.state.eq_ignore_ascii_case("active");
        if let Some((_, gap)) = split.maybe.first() {
            return Some(Hop::unknown(kind, table, gap.clone()));
        }
        let lacks = || route_back(kind, table, routes, source, target);
        let mut bad = split.routes.iter().copied().filter(|route| !good(route)).peekable();
        match bad.peek() {
            None if !split.unrouted => None,
            None if split.routes.is_empty() => {
                Some(Hop::stops(kind, table, format!("{table} has no route back to {}", source.id)).with(lacks()))
            }
            Some(route) if split.routes.len() == 1 && !split.unrouted => {
                let message = format!("back to {}, {table}: {} → {}", source.id, route.destination, route.target);
                let lost = matches!(
                    RouteTarget::of(route),
                    RouteTarget::InternetGateway | RouteTarget::EgressOnly | RouteTarget::Local
                );
                let elsewhere = || {
                    if lost {
                        Hop::stops(kind, table, format!("{message}, where the answers are lost"))
                    } else {
                        Hop::unprovable(kind, table, format!("{message}, another way than there"))
                    }
                };
                Some(inactive_route(kind, table, &message, route).unwrap_or_else(elsewhere).with(lacks()))
            }
            _ => Some(Hop::unprovable(kind, table, format!("{table} leads only a part of {} back", source.id))),
        }
    }
}

/// The route back to the function's subnet that a table lacks.
fn route_back(kind: HopKind, table: &str, routes: &[Route], source: &Subnet, target: &str) -> Remedy {
    let (table, destination) = (table.to_owned(), source.cidr.clone());
    let replaces = routes.iter().any(|route| route.destination == source.cidr);
    if kind == HopKind::TransitRoutes {
        Remedy::TransitRoute { table, destination, replaces, attachment: Some(target.to_owned()) }
    } else {
        Remedy::VpcRoute { table, destination, replaces, target: RouteGoal::Target(target.to_owned()) }
    }
}
