//! Through a NAT gateway to the internet.

use gatelight_model::inventory::{NatGateway, Route, RouteTable, Subnet};

use super::{
    hop::{Hop, Place},
    routes::{self, Target},
};
use crate::{
    address_set::{AddressSet, Family, PUBLIC, everything},
    routing::{dead, lies_beyond, ways},
    walk::Walk,
};

/// How packets come to a NAT gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// The function's subnet: their addresses are from there.
    pub(crate) source: &'a Subnet,
    /// The subnet whose route leads them to it.
    pub(crate) at: &'a Subnet,
    /// How the answers find back.
    pub(crate) back: Back<'a>,
}

/// How answers find back to the function's subnet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Back<'a> {
    /// It is in the same VPC.
    Inside,
    /// Through the transit gateway of this id.
    Transit(&'a str),
}

impl<'a> Walk<'a> {
    /// The rest of the way of a packet that a route hands to this NAT gateway.
    pub(crate) fn through_nat(&self, entry: Entry<'a>, id: &str, family: Family) -> Vec<Hop> {
        let nat = match self.index.nat(id) {
            Ok(Some(nat)) => nat,
            Ok(None) => return vec![self.missing(entry.at, Place::Nat, id, "NAT gateway")],
            Err(gap) => return vec![Hop::unknown(Place::Nat, id, gap)],
        };
        match nat.state.to_ascii_lowercase().as_str() {
            "available" => {}
            state @ ("pending" | "failed" | "deleting" | "deleted") => {
                return vec![Hop::stops(Place::Nat, id, format!("NAT gateway {id} is {state}"))];
            }
            state => {
                let says = format!("NAT gateway {id} is in the state “{state}”, which is not understood");
                return vec![Hop::unprovable(Place::Nat, id, says)];
            }
        }
        let mut hops = match (&nat.subnet, &nat.route_table) {
            (Some(subnet), _) => self.through_zonal(entry, nat, subnet, family),
            (None, Some(table)) => self.through_regional(entry, nat, table, family),
            (None, None) => {
                let says = format!("AWS names neither a subnet nor a route table of NAT gateway {id}");
                vec![Hop::unprovable(Place::Nat, id, says)]
            }
        };
        if let Some(appliance) = nat.appliances.first() {
            let says = format!("at NAT gateway {id} packets pass {appliance}, whose rules are not seen here");
            hops.push(Hop::unprovable(Place::Nat, id, says));
        }
        hops
    }

    pub(crate) fn missing(&self, from: &Subnet, place: Place, id: &str, what: &str) -> Hop {
        match self.shared(from) {
            Ok(()) => Hop::stops(place, id, format!("{what} {id} does not exist")),
            Err(gap) => Hop::unknown(place, id, gap),
        }
    }

    fn through_zonal(&self, entry: Entry<'a>, nat: &'a NatGateway, subnet: &str, family: Family) -> Vec<Hop> {
        let id = &nat.id;
        let kind = if nat.public { "public" } else { "private" };
        let mut hops = vec![Hop::through(Place::Nat, id, format!("{id}, {kind}, available, in {subnet}"))];
        let subnet = match self.index.subnet(subnet) {
            Ok(subnet) => subnet,
            Err(gap) => {
                hops.push(Hop::unknown(Place::Nat, id, gap));
                return hops;
            }
        };
        hops.extend(self.nat_acl(entry.source, subnet, family));
        match self.index.table_of(subnet) {
            Ok((table, _)) => {
                hops.extend(self.beyond_nat(entry, nat, Some(subnet), table));
                hops.extend(self.back_from(entry, nat, Some(subnet), table, family));
            }
            Err(gap) => hops.push(Hop::unknown(Place::NatRoutes, id, gap)),
        }
        hops
    }

    /// A regional one has no subnet and so no network ACL, and a route table of its own.
    fn through_regional(&self, entry: Entry<'a>, nat: &'a NatGateway, table: &str, family: Family) -> Vec<Hop> {
        let (id, zone) = (&nat.id, &entry.at.zone);
        if !nat.zones.is_empty() && !nat.zones.contains(zone) {
            return vec![Hop::stops(Place::Nat, id, format!("regional NAT gateway {id} does not cover {zone}"))];
        }
        let mut hops = vec![Hop::through(Place::Nat, id, format!("{id}, regional, available"))];
        match self.index.table(table) {
            Ok(table) => {
                hops.extend(self.beyond_nat(entry, nat, None, table));
                hops.extend(self.back_from(entry, nat, None, table, family));
            }
            Err(gap) => hops.push(Hop::unknown(Place::NatRoutes, id, gap)),
        }
        hops
    }

    /// In from the function and back, out to the internet and back. What stays in a subnet meets no ACL.
    fn nat_acl(&self, from: &Subnet, subnet: &Subnet, family: Family) -> Vec<Hop> {
        let place = Place::NatAcl;
        let mut hops = self.acl(place, subnet, true, Self::peer(Family::V4, &PUBLIC, &[], "public addresses"));
        if from.id == subnet.id {
            return hops;
        }
        // The IPv6 range of a subnet is not known.
        let addresses = match family {
            Family::V4 => AddressSet::read(family, std::iter::once(&from.cidr)),
            Family::V6 => Ok(everything(family)),
        };
        match addresses {
            Ok(addresses) => {
                hops.extend(self.acl(place, subnet, false, Self::peer(family, &addresses, &[], &from.id)));
            }
            Err(range) => {
                hops.push(Hop::unprovable(place, &from.id, format!("the range {range} of {} cannot be read", from.id)));
            }
        }
        hops
    }

    /// The answers from a NAT gateway to the function; those of IPv6 find back as IPv6, whose ranges are not known.
    fn back_from(
        &self,
        entry: Entry<'a>,
        nat: &NatGateway,
        subnet: Option<&Subnet>,
        table: &'a RouteTable,
        family: Family,
    ) -> Option<Hop> {
        match entry.back {
            Back::Inside if subnet.is_some_and(|own| own.id == entry.source.id) || family == Family::V6 => None,
            Back::Inside => {
                let there = format!("{} from NAT gateway {}", entry.source.id, nat.id);
                let addresses = AddressSet::read(Family::V4, std::iter::once(&entry.source.cidr)).ok()?;
                self.stays(Place::NatRoutes, table, &addresses, &there)
            }
            Back::Transit(gateway) => self.back_over_transit(entry, table, gateway),
        }
    }

    fn beyond_nat(
        &self,
        entry: Entry<'a>,
        nat: &NatGateway,
        subnet: Option<&Subnet>,
        table: &'a RouteTable,
    ) -> Vec<Hop> {
        let shares = routes::split(self.index, &table.routes, Family::V4, &PUBLIC);
        let label = format!("{} (of NAT gateway {})", table.id, nat.id);
        ways(Place::NatRoutes, &table.id, &label, &shares, |route| {
            self.onward(entry, nat, subnet, &table.id, &label, route)
        })
    }

    /// Where a route of the NAT gateway's subnet leads.
    fn onward(
        &self,
        entry: Entry<'a>,
        nat: &NatGateway,
        subnet: Option<&Subnet>,
        table: &str,
        label: &str,
        route: &Route,
    ) -> Vec<Hop> {
        let (place, id, to) = (Place::NatRoutes, &nat.id, &route.target);
        let says = format!("{label}: {} → {to}", route.destination);
        if let Some(dead) = dead(place, table, &says, route) {
            return vec![dead];
        }
        let no_way = |why: &str| vec![Hop::stops(place, table, format!("{says}; {why}")).by(&route.destination)];
        let through = || Hop::through(place, table, says.clone()).by(&route.destination);
        match Target::of(route) {
            Target::InternetGateway if !nat.public => {
                no_way("the NAT gateway is private, so the internet gateway drops its packets")
            }
            Target::InternetGateway => {
                let mut hops = vec![
                    through(),
                    self.gateway(entry.at, &nat.vpc, to),
                    Self::public_access(subnet.unwrap_or(entry.at), to),
                ];
                hops.extend(subnet.and_then(|subnet| self.edge(subnet, to)));
                hops
            }
            Target::Nat => vec![self.by_another(entry.at, id, table, &says, route)],
            Target::Peering => no_way("a peering connection carries nothing on to the internet"),
            Target::EgressOnly | Target::Local => no_way("it does not lead to the internet"),
            Target::Endpoint => [vec![through()], self.through_firewall(entry.at, to)].concat(),
            _ => vec![lies_beyond(place, table, &format!("NAT gateway {id}"), route, "which leads out of the VPC")],
        }
    }

    /// To another NAT gateway: what becomes of packets there AWS does not describe, unless there is none.
    fn by_another(&self, from: &Subnet, id: &str, table: &str, says: &str, route: &Route) -> Hop {
        let (place, to) = (Place::NatRoutes, &route.target);
        if to == id {
            let why = "it stands in a private subnet, and the route leads back to itself";
            return Hop::stops(place, table, format!("{says}; {why}")).by(&route.destination);
        }
        match self.index.nat(to) {
            Ok(None) => self.missing(from, Place::Nat, to, "NAT gateway"),
            Ok(Some(other)) if !other.state.eq_ignore_ascii_case("available") => {
                let state = other.state.to_ascii_lowercase();
                let says = format!("{says}, a NAT gateway in the state {state}");
                if ["pending", "failed", "deleting", "deleted"].contains(&state.as_str()) {
                    Hop::stops(place, table, says).by(&route.destination)
                } else {
                    Hop::unprovable(place, table, says).by(&route.destination)
                }
            }
            Ok(Some(_)) => lies_beyond(place, table, &format!("NAT gateway {id}"), route, "another NAT gateway"),
            Err(gap) => Hop::unknown(place, table, gap).by(&route.destination),
        }
    }

    /// The answers that an internet gateway hands to the NAT gateway's subnet: a route table of the gateway's own can lead
    /// them through a firewall (<https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html>).
    fn edge(&self, subnet: &Subnet, gateway: &str) -> Option<Hop> {
        let table = match self.index.table_of_gateway(gateway) {
            Ok(table) => table?,
            Err(gap) => return Some(Hop::unknown(Place::NatRoutes, gateway, gap)),
        };
        let addresses = AddressSet::read(Family::V4, std::iter::once(&subnet.cidr)).ok()?;
        self.stays(Place::NatRoutes, table, &addresses, &format!("{} from {gateway}", subnet.id))
    }

    fn gateway(&self, from: &Subnet, vpc: &str, id: &str) -> Hop {
        match self.index.gateway(id) {
            Ok(Some(gateway)) if gateway.vpcs.iter().any(|own| own == vpc) => {
                Hop::through(Place::Gateway, id, format!("{id}, attached to {vpc}"))
            }
            Ok(Some(_)) => Hop::stops(Place::Gateway, id, format!("internet gateway {id} is not attached to {vpc}")),
            Ok(None) => self.missing(from, Place::Gateway, id, "internet gateway"),
            Err(gap) => Hop::unknown(Place::Gateway, id, gap),
        }
    }

    /// What Block Public Access does to the NAT gateway's way out: in its subnet, or in the function's where it has none.
    fn public_access(subnet: &Subnet, gateway: &str) -> Hop {
        let place = Place::PublicAccess;
        let mode = subnet.public_access_block.as_deref().unwrap_or("off");
        let says = format!("VPC Block Public Access of {} is {mode}", subnet.id);
        match mode {
            "off" | "" | "block-ingress" => Hop::through(place, gateway, says),
            "block-bidirectional" => {
                Hop::stops(place, gateway, format!("{says}: nothing leaves through internet gateway {gateway}"))
            }
            _ => Hop::unprovable(place, gateway, format!("{says}, which is not understood")),
        }
    }
}
