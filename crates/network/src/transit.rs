//! The hops over a transit gateway of this account, and out of an egress VPC behind it.
//!
//! A path is proven only where every route table on it belongs to this account and was read. A transit gateway without a
//! route to the internet proves no fault while X-Ray's name may lead to an endpoint in a network behind it.

use gatelight_model::{
    Gap,
    inventory::{Route, Subnet, TransitAttachment},
};

use crate::{
    address_set::Family,
    answers::{NatEntry, ReturnPath},
    firewall::{Flow, Remote},
    hop::{Hop, HopKind, HopResult, combine_alternatives, result_of},
    packet::{Packet, Side},
    remedy::{Remedy, RouteGoal},
    route_hops::{cannot_follow, inactive_route},
    routes::{self, RouteTarget, follow_routes},
    walk::Walk,
};

/// Why a transit gateway cannot be followed.
enum AttachmentProblem {
    /// What it is, to follow "a transit gateway": what lies beyond is not seen.
    Unseen(String),
    Hidden(Gap),
}

impl<'a> Walk<'a> {
    /// The hops after a route of the subnet `at` that leads to this transit gateway. `passed` are the attachments by which
    /// packets entered one before.
    pub(crate) fn through_transit(
        &self,
        from: &'a Subnet,
        at: &'a Subnet,
        id: &'a str,
        packet: &Packet,
        passed: &[&'a str],
    ) -> Vec<Hop> {
        let kind = HopKind::Transit;
        let unseen = |what: &str| {
            let message = format!(
                "from {} the path continues through {id}, a transit gateway {what}; what follows is not visible here",
                at.id
            );
            vec![Hop::unprovable(kind, id, message)]
        };
        let (attachment, table) = match self.usable_attachment(at, id) {
            Ok(found) => found,
            Err(AttachmentProblem::Unseen(what)) => return unseen(&what),
            Err(AttachmentProblem::Hidden(gap)) => return vec![Hop::unknown(kind, id, gap)],
        };
        if packet.family == Family::V6 {
            return unseen("whose IPv6 routes are not followed");
        }
        if passed.contains(&attachment.id.as_str()) {
            let message = format!("packets come back to {id} by {}, and go round for ever", attachment.id);
            return vec![Hop::stops(HopKind::TransitRoutes, table, message)];
        }
        let message = format!("{id} by {}, routed by {table}", attachment.id);
        let mut hops = vec![Hop::through(kind, id, message)];
        let routes = match self.index.transit_routes(table) {
            Ok(routes) => routes,
            Err(gap) => {
                hops.push(Hop::unknown(HopKind::TransitRoutes, table, gap));
                return hops;
            }
        };
        let choice = routes::choose(self.index, routes, Side::Remote, packet, Family::V4);
        let missing = Remedy::TransitRoute {
            table: table.clone(),
            destination: routes::EVERYTHING.to_owned(),
            replaces: routes::has_default(routes),
            attachment: None,
        };
        let passed = [passed, &[attachment.id.as_str()]].concat();
        let label = format!("{table} of {id}");
        let onward = follow_routes(HopKind::TransitRoutes, table, &label, &choice, missing.clone(), |route| {
            self.follow_transit_route(from, id, (table, &missing), route, packet, &passed)
        });
        // Which subnet packets enter by matters only where the rest of the path lets them through.
        if result_of(&onward) == HopResult::Through {
            hops.push(self.same_zone_hop(at, id, attachment, packet));
        }
        hops.extend(onward);
        hops
    }

    /// The attachment of a subnet's VPC to a transit gateway, and the route table that is associated with it.
    fn usable_attachment(
        &self,
        at: &Subnet,
        id: &str,
    ) -> Result<(&'a TransitAttachment, &'a String), AttachmentProblem> {
        let unseen = |what: String| Err(AttachmentProblem::Unseen(what));
        let found = self.index.transit(id).and_then(|found| Ok((found, self.index.attachment_of(id, &at.vpc)?)));
        let attachment = match found.map_err(AttachmentProblem::Hidden)? {
            (None, _) => return unseen("that AWS does not list".to_owned()),
            (Some(gateway), _) if self.account != Some(&gateway.owner) => {
                return unseen(format!("of account {}, whose route tables it alone sees", gateway.owner));
            }
            (Some(_), None) => return unseen(format!("that {} is not listed as attached to", at.vpc)),
            (Some(_), Some(attachment)) => attachment,
        };
        usable(attachment).map_err(AttachmentProblem::Unseen)?;
        match &attachment.table {
            Some(table) => Ok((attachment, table)),
            None => unseen(format!("in which no route table is associated with {}", attachment.id)),
        }
    }

    /// Whether the attachment has a subnet in the function's zone: a transit gateway takes packets from no other zone
    /// (<https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html>).
    pub(crate) fn same_zone_hop(
        &self,
        from: &Subnet,
        id: &str,
        attachment: &TransitAttachment,
        packet: &Packet,
    ) -> Hop {
        let kind = HopKind::Transit;
        let subnets = match self.attachment_subnets(attachment) {
            Ok(subnets) => subnets,
            Err(gap) => return Hop::unknown(kind, id, gap),
        };
        match subnets.iter().find(|subnet| subnet.zone == from.zone) {
            None => {
                let message = format!(
                    "{} has no subnet in {}, and {id} takes no packets from a zone without one",
                    attachment.id, from.zone
                );
                let (attachment, zone) = (attachment.id.clone(), from.zone.clone());
                Hop::stops(kind, id, message).with(Remedy::AttachmentZone { attachment, zone })
            }
            Some(subnet) => self.attachment_acl(kind, from, subnet, packet).unwrap_or_else(|| {
                Hop::through(kind, id, format!("{} stands in {}, in the same zone", attachment.id, subnet.id))
            }),
        }
    }

    /// The subnets of an attachment.
    pub(crate) fn attachment_subnets(&self, attachment: &TransitAttachment) -> Result<Vec<&'a Subnet>, Gap> {
        self.index.attachment_subnets(&attachment.id)?.iter().map(|id| self.index.subnet(id)).collect()
    }

    /// The hop of the network ACL of an attachment's subnet, where it may stop packets. AWS evaluates only some of its rules,
    /// so an ACL that allows everything needed is no obstacle, and any other is unknown.
    pub(crate) fn attachment_acl(
        &self,
        kind: HopKind,
        from: &Subnet,
        subnet: &'a Subnet,
        packet: &Packet,
    ) -> Option<Hop> {
        if from.id == subnet.id {
            return None;
        }
        let family = Family::V4;
        let own = Remote { family, side: Side::Function, groups: Some(&[]), range: &from.cidr, name: &from.id };
        let out = self.acl_hops(kind, subnet, true, Flow::https(Remote::public(family)), packet);
        let back = self.acl_hops(kind, subnet, false, Flow::https(own), packet);
        let hop = out.into_iter().chain(back).find(|hop| hop.result != HopResult::Through)?;
        Some(match hop.result {
            HopResult::Stops => {
                let message = format!(
                    "{}; whether that rule holds for what a transit gateway carries is not decided here",
                    hop.message
                );
                Hop::unprovable(kind, &hop.id, message)
            }
            _ => hop,
        })
    }

    /// The hops along a route of the transit gateway's table.
    fn follow_transit_route(
        &self,
        from: &'a Subnet,
        gateway: &'a str,
        (table, missing): (&str, &Remedy),
        route: &'a Route,
        packet: &Packet,
        passed: &[&'a str],
    ) -> Vec<Hop> {
        let (kind, to) = (HopKind::TransitRoutes, &route.target);
        let named = if to.is_empty() { "an attachment that it does not name" } else { to };
        let message = format!("{table}: {} → {named}", route.destination);
        if let Some(dead) = inactive_route(kind, table, &message, route) {
            return vec![dead.with(missing.clone())];
        }
        let beyond = |what: &str| vec![cannot_follow(kind, table, gateway, route, what)];
        let attachment = match self.index.attachment(to) {
            Ok(Some(attachment)) => attachment,
            Ok(None) => return beyond("an attachment that AWS does not list"),
            Err(gap) => return vec![Hop::unknown(kind, table, gap)],
        };
        let TransitAttachment { kind: attached, resource, owner, .. } = attachment;
        if attached != "vpc" {
            return beyond(&format!("an attachment of the kind {attached} ({resource})"));
        }
        if self.account != Some(owner) {
            return beyond(&format!("the attachment of {resource} in account {owner}"));
        }
        if let Err(why) = usable(attachment) {
            return beyond(&format!("a way {why}"));
        }
        let mut hops = vec![Hop::through(kind, table, format!("{message}, {resource}")).by(&route.destination)];
        let subnets = match self.attachment_subnets(attachment) {
            Ok(subnets) => subnets,
            Err(gap) => {
                hops.push(Hop::unknown(kind, table, gap));
                return hops;
            }
        };
        // It delivers packets in the zone that they come from, if it can.
        let same: Vec<_> = subnets.iter().copied().filter(|subnet| subnet.zone == from.zone).collect();
        let entries = if same.is_empty() { subnets } else { same };
        if entries.is_empty() {
            return beyond("an attachment of which AWS names no subnet");
        }
        let ways =
            entries.into_iter().map(|at| self.hops_out_of_egress_vpc(from, at, gateway, packet, passed)).collect();
        hops.extend(combine_alternatives(HopKind::EgressRoutes, &attachment.id, ways));
        hops
    }

    /// The hops out of an egress VPC, from the subnet in which the transit gateway delivers packets.
    fn hops_out_of_egress_vpc(
        &self,
        from: &'a Subnet,
        at: &'a Subnet,
        gateway: &'a str,
        packet: &Packet,
        passed: &[&'a str],
    ) -> Vec<Hop> {
        let kind = HopKind::EgressRoutes;
        let mut hops: Vec<_> = self.attachment_acl(HopKind::EgressAcl, from, at, packet).into_iter().collect();
        let table = match self.index.table_of(at) {
            Ok((table, _)) => table,
            Err(gap) => {
                hops.push(Hop::unknown(kind, &at.id, gap));
                return hops;
            }
        };
        let choice = routes::choose(self.index, &table.routes, Side::Remote, packet, Family::V4);
        let missing = Remedy::VpcRoute {
            table: table.id.clone(),
            destination: routes::EVERYTHING.to_owned(),
            replaces: routes::has_default(&table.routes),
            target: RouteGoal::PublicNat { vpc: at.vpc.clone() },
        };
        hops.extend(follow_routes(kind, &table.id, &table.id, &choice, missing.clone(), |route| {
            self.follow_egress_route(from, at, (gateway, &missing), route, packet, passed)
        }));
        hops
    }

    /// The hops along a route of the egress VPC.
    fn follow_egress_route(
        &self,
        from: &'a Subnet,
        at: &'a Subnet,
        (gateway, remedy): (&'a str, &Remedy),
        route: &'a Route,
        packet: &Packet,
        passed: &[&'a str],
    ) -> Vec<Hop> {
        let (kind, to) = (HopKind::EgressRoutes, &route.target);
        let table = match self.index.table_of(at) {
            Ok((table, _)) => table.id.as_str(),
            Err(gap) => return vec![Hop::unknown(kind, &at.id, gap)],
        };
        let message = format!("{table} (of {}): {} → {to}", at.vpc, route.destination);
        if let Some(dead) = inactive_route(kind, table, &message, route) {
            return vec![dead.with(remedy.clone())];
        }
        let stops = |why: &str| Hop::stops(kind, table, format!("{message}; {why}")).by(&route.destination);
        let no_way = |why: &str| vec![stops(why).with(remedy.clone())];
        let through = Hop::through(kind, table, message.clone()).by(&route.destination);
        match RouteTarget::of(route) {
            RouteTarget::Nat => {
                // Packets may have come back to the VPC that they started in.
                let back = if at.vpc == from.vpc { ReturnPath::Inside } else { ReturnPath::Transit(gateway) };
                let entry = NatEntry { source: from, at, back };
                [vec![through], self.through_nat(entry, to, packet)].concat()
            }
            RouteTarget::InternetGateway => no_way("what comes over a transit gateway has no public address here"),
            RouteTarget::EgressOnly => no_way("an egress-only gateway takes IPv6, and X-Ray has no IPv6 address"),
            RouteTarget::Peering => no_way("a peering connection carries nothing on to the internet"),
            RouteTarget::Endpoint => [vec![through], self.through_firewall(at, to, packet)].concat(),
            RouteTarget::Transit => [vec![through], self.through_transit(from, at, to, packet, passed)].concat(),
            RouteTarget::Appliance if self.dropped_by_interface(to).is_some() => {
                let (dropped, check) = self.dropped_by_interface(to).unwrap_or_default();
                vec![stops(&dropped).with(check.unwrap_or_else(|| remedy.clone()))]
            }
            _ => vec![cannot_follow(kind, table, &at.id, route, "which leads out of the egress VPC")],
        }
    }
}

/// Whether an attachment is available.
///
/// # Errors
/// Its state, in words.
fn usable(attachment: &TransitAttachment) -> Result<(), String> {
    let TransitAttachment { id, state, .. } = attachment;
    if state.eq_ignore_ascii_case("available") {
        Ok(())
    } else {
        Err(format!("whose attachment {id} is in the state “{state}”"))
    }
}
