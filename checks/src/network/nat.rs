//! Through a NAT gateway to the internet.

use super::{
    address::{Family, PUBLIC, Set, everything},
    hop::{Hop, Place},
    path::{Walk, dead, ways},
    routes::{self, Target},
};
use crate::{
    all,
    fetched::Gap,
    inventory::{NatGateway, Route, RouteTable, Subnet},
};

impl<'a> Walk<'a> {
    /// The rest of the way of a packet that a route hands to this NAT gateway.
    pub(super) fn through_nat(&self, from: &'a Subnet, id: &str, family: Family) -> Vec<Hop> {
        let nat = match self.index.nat(id) {
            Ok(Some(nat)) => nat,
            Ok(None) => return vec![self.missing(from, Place::Nat, id, "NAT gateway")],
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
        match (&nat.subnet, &nat.route_table) {
            (Some(subnet), _) => self.through_zonal(from, nat, subnet, family),
            (None, Some(table)) => self.through_regional(from, nat, table),
            (None, None) => {
                let says = format!("AWS names neither a subnet nor a route table of NAT gateway {id}");
                vec![Hop::unprovable(Place::Nat, id, says)]
            }
        }
    }

    fn missing(&self, from: &Subnet, place: Place, id: &str, what: &str) -> Hop {
        match self.shared(from) {
            Ok(()) => Hop::stops(place, id, format!("{what} {id} does not exist")),
            Err(gap) => Hop::unknown(place, id, gap),
        }
    }

    fn through_zonal(&self, from: &'a Subnet, nat: &'a NatGateway, subnet: &str, family: Family) -> Vec<Hop> {
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
        hops.extend(self.nat_acl(from, subnet, family));
        match self.index.table_of(subnet) {
            Ok((table, _)) => hops.extend(self.beyond_nat(from, nat, Some(subnet), table)),
            Err(gap) => hops.push(Hop::unknown(Place::NatRoutes, id, gap)),
        }
        hops
    }

    /// A regional one has no subnet and so no network ACL, and a route table of its own.
    fn through_regional(&self, from: &'a Subnet, nat: &'a NatGateway, table: &str) -> Vec<Hop> {
        let (id, zone) = (&nat.id, &from.zone);
        if !nat.zones.is_empty() && !nat.zones.contains(zone) {
            return vec![Hop::stops(Place::Nat, id, format!("regional NAT gateway {id} does not cover {zone}"))];
        }
        let mut hops = vec![Hop::through(Place::Nat, id, format!("{id}, regional, available"))];
        match self.index.table(table) {
            Ok(table) => hops.extend(self.beyond_nat(from, nat, None, table)),
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
            Family::V4 => Set::read(family, std::iter::once(&from.cidr)),
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

    fn beyond_nat(
        &self,
        from: &'a Subnet,
        nat: &NatGateway,
        subnet: Option<&Subnet>,
        table: &'a RouteTable,
    ) -> Vec<Hop> {
        let shares = routes::split(self.index, &table.routes, Family::V4, &PUBLIC);
        let label = format!("{} (of NAT gateway {})", table.id, nat.id);
        ways(Place::NatRoutes, &table.id, &label, &shares, |route| {
            self.onward(from, nat, subnet, &table.id, &label, route)
        })
    }

    /// Where a route of the NAT gateway's subnet leads.
    fn onward(
        &self,
        from: &'a Subnet,
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
        match Target::of(route) {
            Target::InternetGateway if !nat.public => {
                no_way("the NAT gateway is private, so the internet gateway drops its packets")
            }
            Target::InternetGateway => {
                vec![
                    Hop::through(place, table, says).by(&route.destination),
                    self.gateway(from, to),
                    Self::public_access(subnet.unwrap_or(from), to),
                ]
            }
            Target::Nat => no_way(&format!("NAT gateway {id} stands in a private subnet, with no internet gateway")),
            Target::Peering => no_way("a peering connection carries nothing on to the internet"),
            Target::EgressOnly | Target::Local => no_way("it does not lead to the internet"),
            _ => {
                let message = format!(
                    "from NAT gateway {id} the way goes on through {to}, and what lies beyond is not seen here"
                );
                vec![Hop::unknown(place, table, Gap::unprovable(to, message)).by(&route.destination)]
            }
        }
    }

    fn gateway(&self, from: &Subnet, id: &str) -> Hop {
        let vpc = &from.vpc;
        match self.index.gateway(id) {
            Ok(Some(gateway)) if gateway.vpcs.contains(vpc) => {
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

    /// Whether both DNS attributes of a VPC are on, as private DNS of endpoints needs.
    pub(super) fn resolves(&self, vpc: &str) -> Result<bool, Gap> {
        let vpc = self.index.vpc(vpc)?;
        all([&vpc.dns_support, &vpc.dns_hostnames].map(|attribute| attribute.get().copied()))
    }
}
