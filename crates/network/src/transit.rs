//! Over this account's own transit gateway, and out of an egress VPC behind it.
//!
//! A way is proven only where every table on it is this account's and was read. That nothing leads on from a transit
//! gateway is no proof of a fault as long as X-Ray's name may lead to an endpoint in a network behind it.

use gatelight_model::{
    Gap,
    inventory::{Route, RouteTable, Subnet, TransitAttachment},
};

use super::{
    hop::{Hop, HopResult, Place, agree, end},
    nat::{Back, Entry},
    routes::{self, Target},
};
use crate::{
    address_set::{AddressSet, Family, PUBLIC},
    routing::{dead, lies_beyond, ways},
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// The rest of the way of a packet that a route of the function's subnet hands to this transit gateway.
    pub(crate) fn through_transit(&self, from: &'a Subnet, id: &'a str, family: Family) -> Vec<Hop> {
        let place = Place::Transit;
        let unseen = |what: &str| {
            let says = format!(
                "from {} the way goes on through {id}, a transit gateway {what}; what lies beyond is not seen here",
                from.id
            );
            vec![Hop::unprovable(place, id, says)]
        };
        let attachment = self.index.transit(id).and_then(|found| Ok((found, self.index.attachment_of(id, &from.vpc)?)));
        let attachment = match attachment {
            Ok((None, _)) => return unseen("that AWS does not list"),
            Ok((Some(gateway), _)) if self.account != Some(&gateway.owner) => {
                return unseen(&format!("of account {}, whose route tables it alone sees", gateway.owner));
            }
            Ok((Some(_), None)) => return unseen(&format!("that {} is not listed as attached to", from.vpc)),
            Ok((Some(_), Some(attachment))) => attachment,
            Err(gap) => return vec![Hop::unknown(place, id, gap)],
        };
        if let Err(why) = usable(attachment) {
            return unseen(&why);
        }
        let Some(table) = &attachment.table else {
            return unseen(&format!("in which no route table is associated with {}", attachment.id));
        };
        if family == Family::V6 {
            return unseen("whose IPv6 routes are not followed");
        }
        let says = format!("{id} by {}, routed by {table}", attachment.id);
        let mut hops = vec![Hop::through(place, id, says)];
        let routes = match self.index.transit_routes(table) {
            Ok(routes) => routes,
            Err(gap) => {
                hops.push(Hop::unknown(Place::TransitRoutes, table, gap));
                return hops;
            }
        };
        let shares = routes::split(self.index, routes, Family::V4, &PUBLIC);
        if shares.unrouted || shares.routes.is_empty() {
            let says = format!(
                "{table} of {id} has no route to {}public addresses; whether X-Ray's name leads to an endpoint in a network \
                 behind it is not seen here",
                if shares.routes.is_empty() { "" } else { "some " }
            );
            hops.push(Hop::unprovable(Place::TransitRoutes, table, says));
            return hops;
        }
        let onward = ways(Place::TransitRoutes, table, table, &shares, |route| {
            self.by_attachment(from, id, attachment, table, route)
        });
        // Only where the rest is a way does it matter by which subnet packets come in.
        if end(&onward) == HopResult::Through {
            hops.push(self.covers_zone(from, id, attachment));
        }
        hops.extend(onward);
        hops
    }

    /// A transit gateway takes packets only from zones in which the attachment has a subnet
    /// (<https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html>).
    fn covers_zone(&self, from: &Subnet, id: &str, attachment: &TransitAttachment) -> Hop {
        let place = Place::Transit;
        let stands = match self.stands(attachment) {
            Ok(stands) => stands,
            Err(gap) => return Hop::unknown(place, id, gap),
        };
        match stands.iter().find(|subnet| subnet.zone == from.zone) {
            None => {
                let says = format!(
                    "{} has no subnet in {}, and {id} takes no packets from a zone without one",
                    attachment.id, from.zone
                );
                Hop::stops(place, id, says)
            }
            Some(subnet) => self.free(place, from, subnet).unwrap_or_else(|| {
                Hop::through(place, id, format!("{} stands in {}, in the same zone", attachment.id, subnet.id))
            }),
        }
    }

    /// The subnets in which an attachment stands.
    fn stands(&self, attachment: &TransitAttachment) -> Result<Vec<&'a Subnet>, Gap> {
        self.index.attachment_subnets(&attachment.id)?.iter().map(|id| self.index.subnet(id)).collect()
    }

    /// AWS evaluates only some rules of the ACL of an attachment's subnet. One that lets all of this through both ways
    /// lets it through; what another does is not decided here.
    fn free(&self, place: Place, from: &Subnet, subnet: &'a Subnet) -> Option<Hop> {
        if from.id == subnet.id {
            return None;
        }
        let unread = |_| Gap::unprovable(&from.id, format!("the range of {} cannot be read", from.id));
        let own = match AddressSet::read(Family::V4, std::iter::once(&from.cidr)).map_err(unread) {
            Ok(own) => own,
            Err(gap) => return Some(Hop::unknown(place, &subnet.id, gap)),
        };
        let out = self.acl(place, subnet, true, Self::peer(Family::V4, &PUBLIC, &[], "public addresses"));
        let back = self.acl(place, subnet, false, Self::peer(Family::V4, &own, &[], &from.id));
        let hop = out.into_iter().chain(back).find(|hop| hop.passage != HopResult::Through)?;
        Some(match hop.passage {
            HopResult::Stops => {
                let says = format!(
                    "{}; whether that rule holds for what a transit gateway carries is not decided here",
                    hop.says
                );
                Hop::unprovable(place, &hop.id, says)
            }
            _ => hop,
        })
    }

    /// Where a route of the transit gateway's table leads.
    fn by_attachment(
        &self,
        from: &'a Subnet,
        gateway: &'a str,
        own: &TransitAttachment,
        table: &str,
        route: &'a Route,
    ) -> Vec<Hop> {
        let (place, to) = (Place::TransitRoutes, &route.target);
        let named = if to.is_empty() { "an attachment that it does not name" } else { to };
        let says = format!("{table}: {} → {named}", route.destination);
        if let Some(dead) = dead(place, table, &says, route) {
            return vec![dead];
        }
        let beyond = |what: &str| vec![lies_beyond(place, table, gateway, route, what)];
        let attachment = match self.index.attachment(to) {
            Ok(Some(attachment)) => attachment,
            Ok(None) => return beyond("an attachment that AWS does not list"),
            Err(gap) => return vec![Hop::unknown(place, table, gap)],
        };
        let TransitAttachment { kind, resource, owner, .. } = attachment;
        if kind != "vpc" {
            return beyond(&format!("an attachment of the kind {kind} ({resource})"));
        }
        if self.account != Some(owner) {
            return beyond(&format!("the attachment of {resource} in account {owner}"));
        }
        if let Err(why) = usable(attachment) {
            return beyond(&format!("a way {why}"));
        }
        if attachment.id == own.id {
            return beyond("the VPC that packets come from");
        }
        let mut hops = vec![Hop::through(place, table, format!("{says}, {resource}")).by(&route.destination)];
        let stands = match self.stands(attachment) {
            Ok(stands) => stands,
            Err(gap) => {
                hops.push(Hop::unknown(place, table, gap));
                return hops;
            }
        };
        // It hands packets over in the zone that they come from, if it can.
        let same: Vec<_> = stands.iter().copied().filter(|subnet| subnet.zone == from.zone).collect();
        let entries = if same.is_empty() { stands } else { same };
        if entries.is_empty() {
            return beyond("an attachment of which AWS names no subnet");
        }
        let ways = entries.into_iter().map(|at| self.out_of(from, at, gateway)).collect();
        hops.extend(agree(Place::EgressRoutes, &attachment.id, ways));
        hops
    }

    /// Out of an egress VPC, from the subnet in which the transit gateway hands packets over.
    fn out_of(&self, from: &'a Subnet, at: &'a Subnet, gateway: &'a str) -> Vec<Hop> {
        let place = Place::EgressRoutes;
        let mut hops: Vec<_> = self.free(Place::EgressAcl, from, at).into_iter().collect();
        match self.index.table_of(at) {
            Ok((table, _)) => {
                let shares = routes::split(self.index, &table.routes, Family::V4, &PUBLIC);
                hops.extend(ways(place, &table.id, &table.id, &shares, |route| {
                    self.follow_out(from, at, gateway, &table.id, route)
                }));
            }
            Err(gap) => hops.push(Hop::unknown(place, &at.id, gap)),
        }
        hops
    }

    fn follow_out(
        &self,
        from: &'a Subnet,
        at: &'a Subnet,
        gateway: &'a str,
        table: &str,
        route: &'a Route,
    ) -> Vec<Hop> {
        let (place, to) = (Place::EgressRoutes, &route.target);
        let says = format!("{table} (of {}): {} → {to}", at.vpc, route.destination);
        if let Some(dead) = dead(place, table, &says, route) {
            return vec![dead];
        }
        let no_way = |why: &str| vec![Hop::stops(place, table, format!("{says}; {why}")).by(&route.destination)];
        let through = Hop::through(place, table, says.clone()).by(&route.destination);
        match Target::of(route) {
            Target::Nat => {
                let entry = Entry { source: from, at, back: Back::Transit(gateway) };
                [vec![through], self.through_nat(entry, to, Family::V4)].concat()
            }
            Target::InternetGateway => no_way("what comes over a transit gateway has no public address here"),
            Target::EgressOnly => no_way("an egress-only gateway takes IPv6, and X-Ray has no IPv6 address"),
            Target::Peering => no_way("a peering connection carries nothing on to the internet"),
            Target::Endpoint => [vec![through], self.through_firewall(at, to)].concat(),
            // Not followed once more: a loop of transit gateways would trap packets, and whoever follows them.
            _ => vec![lies_beyond(place, table, &at.id, route, "which leads out of the egress VPC")],
        }
    }

    /// The answers from a NAT gateway in an egress VPC, whose route table this is, to the function's subnet.
    pub(crate) fn back_over_transit(&self, entry: Entry<'a>, table: &'a RouteTable, gateway: &str) -> Option<Hop> {
        let (place, source) = (Place::NatRoutes, entry.source);
        let Ok(own) = AddressSet::read(Family::V4, std::iter::once(&source.cidr)) else {
            return Some(Hop::unprovable(place, &table.id, format!("the range of {} cannot be read", source.id)));
        };
        if let Some(lost) = self.leads_back(place, &table.id, &table.routes, &own, source, gateway) {
            return Some(lost);
        }
        let attachments = self.index.attachment_of(gateway, &entry.at.vpc);
        let attachments = attachments.and_then(|far| Ok((far, self.index.attachment_of(gateway, &source.vpc)?)));
        let (far, near) = match attachments {
            Ok((Some(far), Some(near))) => (far, near),
            Ok(_) => return Some(Hop::unprovable(place, gateway, format!("AWS lists no way back over {gateway}"))),
            Err(gap) => return Some(Hop::unknown(place, gateway, gap)),
        };
        let Some(transit) = &far.table else {
            let says = format!("no route table of {gateway} is associated with {}", far.id);
            return Some(Hop::unprovable(Place::TransitRoutes, gateway, says));
        };
        match self.index.transit_routes(transit) {
            Ok(routes) => self.leads_back(Place::TransitRoutes, transit, routes, &own, source, &near.id),
            Err(gap) => Some(Hop::unknown(Place::TransitRoutes, transit, gap)),
        }
    }

    /// Whether routes lead all these addresses to `target`: if not, what becomes of the answers.
    fn leads_back(
        &self,
        place: Place,
        table: &str,
        routes: &'a [Route],
        own: &AddressSet,
        source: &Subnet,
        target: &str,
    ) -> Option<Hop> {
        let shares = routes::split(self.index, routes, Family::V4, own);
        let good = |route: &&Route| route.target == target && route.state.eq_ignore_ascii_case("active");
        if let Some((_, gap)) = shares.maybe.first() {
            return Some(Hop::unknown(place, table, gap.clone()));
        }
        let mut bad = shares.routes.iter().copied().filter(|route| !good(route)).peekable();
        match bad.peek() {
            None if !shares.unrouted => None,
            None if shares.routes.is_empty() => {
                Some(Hop::stops(place, table, format!("{table} has no route back to {}", source.id)))
            }
            Some(route) if shares.routes.len() == 1 && !shares.unrouted => {
                let says = format!("back to {}, {table}: {} → {}", source.id, route.destination, route.target);
                let lost = matches!(Target::of(route), Target::InternetGateway | Target::EgressOnly | Target::Local);
                let elsewhere = || {
                    if lost {
                        Hop::stops(place, table, format!("{says}, where the answers are lost"))
                    } else {
                        Hop::unprovable(place, table, format!("{says}, another way than there"))
                    }
                };
                Some(dead(place, table, &says, route).unwrap_or_else(elsewhere))
            }
            _ => Some(Hop::unprovable(place, table, format!("{table} leads only a part of {} back", source.id))),
        }
    }
}

/// Whether an attachment carries packets; else why that is not known.
fn usable(attachment: &TransitAttachment) -> Result<(), String> {
    let TransitAttachment { id, state, .. } = attachment;
    if state.eq_ignore_ascii_case("available") {
        Ok(())
    } else {
        Err(format!("whose attachment {id} is in the state “{state}”"))
    }
}
