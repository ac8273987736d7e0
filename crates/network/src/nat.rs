//! The hops through a NAT gateway to the internet.

use gatelight_model::inventory::{NatGateway, Route, RouteTable, Subnet};

use crate::{
    address_set::Family,
    answers::NatEntry,
    firewall::{Flow, Remote},
    hop::{Hop, HopKind},
    packet::{Packet, Side},
    remedy::{Remedy, RouteGoal},
    route_hops::{cannot_follow, inactive_route},
    routes::{self, RouteTarget, follow_routes},
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// The hops after a route that leads to this NAT gateway.
    pub(crate) fn through_nat(&self, entry: NatEntry<'a>, id: &str, packet: &Packet) -> Vec<Hop> {
        let nat = match self.index.nat(id) {
            Ok(Some(nat)) => nat,
            Ok(None) => {
                let gone = self.not_found(entry.at, HopKind::Nat, id, "NAT gateway");
                return vec![gone.with(Remedy::WorkingNat { nat: id.to_owned() })];
            }
            Err(gap) => return vec![Hop::unknown(HopKind::Nat, id, gap)],
        };
        let mut before = None;
        match nat.state.to_ascii_lowercase().as_str() {
            "available" => {}
            // https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html: it “may still be processing traffic”.
            "deleting" => {
                let message = format!("NAT gateway {id} is deleting, and may still process traffic for a while");
                before = Some(Hop::unprovable(HopKind::Nat, id, message));
            }
            state @ ("pending" | "failed" | "deleted") => {
                let stops = Hop::stops(HopKind::Nat, id, format!("NAT gateway {id} is {state}"));
                return vec![stops.with(Remedy::WorkingNat { nat: id.to_owned() })];
            }
            state => {
                let message = format!("NAT gateway {id} is in the state “{state}”, which is not understood");
                return vec![Hop::unprovable(HopKind::Nat, id, message)];
            }
        }
        let through = match (&nat.subnet, &nat.route_table) {
            (Some(subnet), _) => self.through_zonal(entry, nat, subnet, packet),
            (None, Some(table)) => self.through_regional(entry, nat, table, packet),
            (None, None) => {
                let message = format!("AWS names neither a subnet nor a route table of NAT gateway {id}");
                vec![Hop::unprovable(HopKind::Nat, id, message)]
            }
        };
        let mut hops: Vec<_> = before.into_iter().chain(through).collect();
        if let Some(appliance) = nat.appliances.first() {
            let message = format!("at NAT gateway {id} packets pass {appliance}, whose rules are not seen here");
            hops.push(Hop::unprovable(HopKind::Nat, id, message));
        }
        hops
    }

    /// The hop for something that a route names and AWS does not list.
    pub(crate) fn not_found(&self, from: &Subnet, kind: HopKind, id: &str, what: &str) -> Hop {
        match self.is_fully_listed(from) {
            Ok(()) => Hop::stops(kind, id, format!("{what} {id} does not exist")),
            Err(gap) => Hop::unknown(kind, id, gap),
        }
    }

    /// The hops through a NAT gateway in a subnet.
    fn through_zonal(&self, entry: NatEntry<'a>, nat: &'a NatGateway, subnet: &str, packet: &Packet) -> Vec<Hop> {
        let id = &nat.id;
        let kind = if nat.public { "public" } else { "private" };
        let mut hops = vec![Hop::through(HopKind::Nat, id, format!("{id}, {kind}, {}, in {subnet}", nat.state))];
        let subnet = match self.index.subnet(subnet) {
            Ok(subnet) => subnet,
            Err(gap) => {
                hops.push(Hop::unknown(HopKind::Nat, id, gap));
                return hops;
            }
        };
        hops.extend(self.nat_acl_hops(entry.source, subnet, packet));
        match self.index.table_of(subnet) {
            Ok((table, _)) => {
                hops.extend(self.hops_out_of_nat(entry, nat, Some(subnet), table, packet));
                hops.extend(self.answers_from_nat(entry, nat, Some(subnet), table, packet));
            }
            Err(gap) => hops.push(Hop::unknown(HopKind::NatRoutes, id, gap)),
        }
        hops
    }

    /// The hops through a regional NAT gateway, which has a route table but no subnet, and so no network ACL.
    fn through_regional(&self, entry: NatEntry<'a>, nat: &'a NatGateway, table: &str, packet: &Packet) -> Vec<Hop> {
        let (id, zone) = (&nat.id, &entry.at.zone);
        if !nat.zones.is_empty() && !nat.zones.contains(zone) {
            let stops = Hop::stops(HopKind::Nat, id, format!("regional NAT gateway {id} does not cover {zone}"));
            return vec![stops.with(Remedy::NatZone { nat: id.clone(), zone: zone.clone() })];
        }
        let mut hops = vec![Hop::through(HopKind::Nat, id, format!("{id}, regional, {}", nat.state))];
        match self.index.table(table) {
            Ok(table) => {
                hops.extend(self.hops_out_of_nat(entry, nat, None, table, packet));
                hops.extend(self.answers_from_nat(entry, nat, None, table, packet));
            }
            Err(gap) => hops.push(Hop::unknown(HopKind::NatRoutes, id, gap)),
        }
        hops
    }

    /// The hops of the network ACL of the NAT gateway's subnet: in from the function and back, out to the internet and back.
    /// Packets within one subnet pass no ACL.
    fn nat_acl_hops(&self, from: &Subnet, subnet: &Subnet, packet: &Packet) -> Vec<Hop> {
        let kind = HopKind::NatAcl;
        // Behind the NAT gateway packets go to the IPv4 address.
        let public = Remote::public(Family::V4);
        let mut hops = self.acl_hops(kind, subnet, true, Flow::https_from_nat(public), packet);
        if from.id != subnet.id {
            let family = packet.family;
            let range = if family == Family::V6 { "::/0" } else { &from.cidr };
            let remote = Remote { family, side: Side::Function, groups: Some(&[]), range, name: &from.id };
            hops.extend(self.acl_hops(kind, subnet, false, Flow::https(remote), packet));
        }
        hops
    }

    /// The hops from the NAT gateway to the internet.
    fn hops_out_of_nat(
        &self,
        entry: NatEntry<'a>,
        nat: &NatGateway,
        subnet: Option<&Subnet>,
        table: &'a RouteTable,
        packet: &Packet,
    ) -> Vec<Hop> {
        // Behind the NAT gateway packets go to the IPv4 address.
        let choice = routes::choose(self.index, &table.routes, Side::Remote, packet, Family::V4);
        let label = format!("{} (of NAT gateway {})", table.id, nat.id);
        let missing = to_internet(table, &nat.vpc);
        follow_routes(HopKind::NatRoutes, &table.id, &label, &choice, missing, |route| {
            self.follow_nat_route(entry, nat, subnet, (table, &label), route, packet)
        })
    }

    /// The hops along a route of the NAT gateway's route table.
    fn follow_nat_route(
        &self,
        entry: NatEntry<'a>,
        nat: &NatGateway,
        subnet: Option<&Subnet>,
        (table, label): (&RouteTable, &str),
        route: &Route,
        packet: &Packet,
    ) -> Vec<Hop> {
        let (kind, id, to) = (HopKind::NatRoutes, &nat.id, &route.target);
        let remedy = || to_internet(table, &nat.vpc);
        let table = table.id.as_str();
        let message = format!("{label}: {} → {to}", route.destination);
        if let Some(dead) = inactive_route(kind, table, &message, route) {
            return vec![dead.with(remedy())];
        }
        let stops = |why: &str| Hop::stops(kind, table, format!("{message}; {why}")).by(&route.destination);
        let no_way = |why: &str| vec![stops(why).with(remedy())];
        let through = || Hop::through(kind, table, message.clone()).by(&route.destination);
        match RouteTarget::of(route) {
            RouteTarget::InternetGateway if !nat.public => {
                let private = stops("the NAT gateway is private, so the internet gateway drops its packets");
                vec![private.with(Remedy::WorkingNat { nat: id.clone() })]
            }
            RouteTarget::InternetGateway => {
                let mut hops = vec![
                    through(),
                    self.internet_gateway_hop(entry.at, &nat.vpc, to),
                    Self::public_access_hop(subnet.unwrap_or(entry.at), to),
                ];
                hops.extend(subnet.and_then(|subnet| self.answers_from_gateway(subnet, to)));
                hops
            }
            RouteTarget::Nat => vec![self.through_second_nat(entry.at, id, table, &message, route).with(remedy())],
            RouteTarget::Peering => no_way("a peering connection carries nothing on to the internet"),
            RouteTarget::EgressOnly | RouteTarget::Local => no_way("it does not lead to the internet"),
            RouteTarget::Endpoint => [vec![through()], self.through_firewall(entry.at, to, packet)].concat(),
            RouteTarget::Appliance if self.dropped_by_interface(to).is_some() => {
                let (dropped, check) = self.dropped_by_interface(to).unwrap_or_default();
                vec![stops(&dropped).with(check.unwrap_or_else(remedy))]
            }
            _ => vec![cannot_follow(kind, table, &format!("NAT gateway {id}"), route, "which leads out of the VPC")],
        }
    }

    /// The hop to a second NAT gateway. AWS does not describe what happens there, unless that gateway is gone.
    fn through_second_nat(&self, from: &Subnet, id: &str, table: &str, message: &str, route: &Route) -> Hop {
        let (kind, to) = (HopKind::NatRoutes, &route.target);
        if to == id {
            let why = "it stands in a private subnet, and the route leads back to itself";
            return Hop::stops(kind, table, format!("{message}; {why}")).by(&route.destination);
        }
        match self.index.nat(to) {
            Ok(None) => self.not_found(from, HopKind::Nat, to, "NAT gateway"),
            Ok(Some(other)) if !other.state.eq_ignore_ascii_case("available") => {
                let state = other.state.to_ascii_lowercase();
                let message = format!("{message}, a NAT gateway in the state {state}");
                if ["pending", "failed", "deleted"].contains(&state.as_str()) {
                    Hop::stops(kind, table, message).by(&route.destination)
                } else {
                    Hop::unprovable(kind, table, message).by(&route.destination)
                }
            }
            Ok(Some(_)) => cannot_follow(kind, table, &format!("NAT gateway {id}"), route, "another NAT gateway"),
            Err(gap) => Hop::unknown(kind, table, gap).by(&route.destination),
        }
    }

    /// The internet gateway, which must exist and be attached to the VPC.
    pub(crate) fn internet_gateway_hop(&self, from: &Subnet, vpc: &str, id: &str) -> Hop {
        match self.index.gateway(id) {
            Ok(Some(gateway)) if gateway.vpcs.iter().any(|own| own == vpc) => {
                Hop::through(HopKind::Gateway, id, format!("{id}, attached to {vpc}"))
            }
            Ok(Some(_)) => Hop::stops(HopKind::Gateway, id, format!("internet gateway {id} is not attached to {vpc}"))
                .with(Remedy::AttachGateway { gateway: id.to_owned(), vpc: vpc.to_owned() }),
            Ok(None) => self.not_found(from, HopKind::Gateway, id, "internet gateway"),
            Err(gap) => Hop::unknown(HopKind::Gateway, id, gap),
        }
    }

    /// VPC Block Public Access in the NAT gateway's subnet, or in the function's for a regional NAT gateway.
    pub(crate) fn public_access_hop(subnet: &Subnet, gateway: &str) -> Hop {
        let kind = HopKind::PublicAccess;
        let mode = subnet.public_access_block.as_deref().unwrap_or("off");
        let message = format!("VPC Block Public Access of {} is {mode}", subnet.id);
        match mode {
            "off" | "" | "block-ingress" => Hop::through(kind, gateway, message),
            "block-bidirectional" => {
                Hop::stops(kind, gateway, format!("{message}: nothing leaves through internet gateway {gateway}"))
                    .with(Remedy::PublicAccessExclusion { subnet: subnet.id.clone(), vpc: subnet.vpc.clone() })
            }
            _ => Hop::unprovable(kind, gateway, format!("{message}, which is not understood")),
        }
    }
}

/// A route from the NAT gateway's table to the internet.
fn to_internet(table: &RouteTable, vpc: &str) -> Remedy {
    Remedy::VpcRoute {
        table: table.id.clone(),
        destination: routes::EVERYTHING.to_owned(),
        replaces: routes::has_default(&table.routes),
        target: RouteGoal::InternetGateway { vpc: vpc.to_owned() },
    }
}
