//! The hops to an endpoint in another VPC, to which a private hosted zone leads X-Ray's name: over a peering connection or a
//! transit gateway, and back.

use gatelight_model::{
    Gap,
    inventory::{Route, RouteTable, Subnet, TransitAttachment, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family},
    firewall::{self, Flow, Remote},
    hop::{Hop, HopKind, combine_alternatives},
    hosted_zone::ZoneTarget,
    packet::{Packet, Side, each_part, join_parts},
    remedy::{Remedy, RouteGoal},
    route_hops::{cannot_follow, inactive_route},
    routes::{self, RouteTarget},
    walk::Walk,
};

/// Where packets of the function go to.
#[derive(Clone, Copy)]
struct FarPlace<'a> {
    /// The function's subnet.
    from: &'a Subnet,
    endpoint: &'a VpcEndpoint,
    /// The endpoint's subnet.
    at: &'a Subnet,
}

impl FarPlace<'_> {
    fn name(&self) -> String {
        format!("endpoint {} in {}", self.endpoint.id, self.at.id)
    }
}

impl<'a> Walk<'a> {
    /// The hops to an endpoint that a record leads to.
    pub(crate) fn hops_to_target(&self, from: &'a Subnet, target: &ZoneTarget<'a>) -> Vec<Hop> {
        let endpoint = target.endpoint;
        let (kind, id) = (HopKind::Endpoint, &endpoint.id);
        let mut hops = Vec::new();
        match endpoint.state.to_ascii_lowercase().as_str() {
            "available" => {}
            state @ ("deleted" | "deleting" | "failed" | "rejected" | "expired") => {
                return vec![Hop::stops(kind, id, format!("endpoint {id} is {state}"))];
            }
            state => hops.push(Hop::unprovable(kind, id, format!("endpoint {id} is in the state “{state}”"))),
        }
        if endpoint.vpc == from.vpc {
            hops.extend(self.hops_to_endpoint(from, endpoint).into_iter().skip(1));
            return hops;
        }
        let places: Vec<(&str, Option<&AddressSet>)> = match &target.at {
            Some((subnet, address)) => vec![(subnet, Some(address))],
            None => endpoint.subnets.iter().map(|subnet| (subnet.as_str(), None)).collect(),
        };
        let in_zone = |subnet: &str| {
            let zone = self.index.subnet(subnet).map(|subnet| &subnet.zone);
            target.zone.as_ref().is_none_or(|own| zone.is_ok_and(|zone| zone == own))
        };
        let places: Vec<_> = places.into_iter().filter(|(subnet, _)| in_zone(subnet)).collect();
        if places.is_empty() {
            let message = format!("AWS names no subnet of endpoint {id} that the record leads to");
            hops.push(Hop::unprovable(kind, id, message));
            return hops;
        }
        let ways = places.into_iter().map(|(subnet, address)| self.hops_to_far_subnet(from, endpoint, subnet, address));
        hops.extend(combine_alternatives(kind, id, ways.collect()));
        hops
    }

    /// The hops to the interface of an endpoint in a subnet of another VPC, and of the answers back.
    fn hops_to_far_subnet(
        &self,
        from: &'a Subnet,
        endpoint: &'a VpcEndpoint,
        subnet: &str,
        address: Option<&AddressSet>,
    ) -> Vec<Hop> {
        let found = self.index.subnet(subnet).and_then(|at| Ok((at, Self::range(at)?, Self::range(from)?)));
        let (at, whole, own) = match found {
            Ok(found) => found,
            Err(gap) => return vec![Hop::unknown(HopKind::Endpoint, &endpoint.id, gap)],
        };
        let (table, main) = match self.index.table_of(from) {
            Ok(found) => found,
            Err(gap) => return vec![Hop::unknown(HopKind::Routes, &from.id, gap)],
        };
        let label = if main { format!("{} (main of {})", table.id, table.vpc) } else { table.id.clone() };
        let place = FarPlace { from, endpoint, at };
        let packet = Packet::new(own, address.cloned().unwrap_or(whole));
        join_parts(each_part(packet, |packet| {
            let choice = routes::choose(self.index, &table.routes, Side::Remote, packet, Family::V4);
            if let Some((_, gap)) = choice.maybe.first() {
                return vec![Hop::unknown(HopKind::Routes, &table.id, gap.clone())];
            }
            let mut ways: Vec<_> =
                choice.routes.iter().map(|route| self.hops_by_route(place, (table, &label), route, packet)).collect();
            if ways.is_empty() {
                let message = format!("{label} has no route to {}", place.name());
                let partial = format!("{label} has a route to some addresses of {} only", place.name());
                let stops = Hop::stops(HopKind::Routes, &table.id, message).partly(partial);
                let mut hops = self.hops_of_function(place, true, packet);
                hops.push(stops.with(self.route_to(place, table)));
                ways.push(hops);
            }
            combine_alternatives(HopKind::Routes, &table.id, ways)
        }))
    }

    /// The function's own security groups and network ACL. `peered`: whether rules may name the groups of the other VPC. Over
    /// a transit gateway they hold only if that is turned on
    /// (<https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html>).
    fn hops_of_function(&self, place: FarPlace<'a>, peered: bool, packet: &Packet) -> Vec<Hop> {
        let name = place.name();
        let there = peered.then_some(place.endpoint.security_groups.as_slice());
        let remote =
            Remote { family: Family::V4, side: Side::Remote, groups: there, range: &place.at.cidr, name: &name };
        let groups = &self.vpc.security_groups;
        let group = firewall::groups_allow(self.index, groups, true, Flow::https(remote), packet);
        let mut hops = vec![Hop::decided(HopKind::Group, &groups.join(", "), group)];
        hops.extend(self.acl_hops(HopKind::Acl, place.from, true, Flow::https(remote), packet));
        hops
    }

    /// All hops where this route of the function's subnet takes the packet.
    fn hops_by_route(
        &self,
        place: FarPlace<'a>,
        (table, label): (&'a RouteTable, &str),
        route: &'a Route,
        packet: &Packet,
    ) -> Vec<Hop> {
        let FarPlace { from, endpoint, at } = place;
        let peered = RouteTarget::of(route) == RouteTarget::Peering;
        let mut hops = self.hops_of_function(place, peered, packet);
        hops.extend(self.follow_to_endpoint(place, (table, label), route, packet));
        let own = peered.then_some(self.vpc.security_groups.as_slice());
        let here = Remote { family: Family::V4, side: Side::Function, groups: own, range: &from.cidr, name: &from.id };
        hops.extend(self.acl_hops(HopKind::EndpointAcl, at, false, Flow::https(here), packet));
        hops.extend(self.hops_into_endpoint(endpoint, here, packet));
        hops
    }

    /// The route that a subnet lacks: by the peering connection or transit gateway that both VPCs are known to share.
    fn route_to(&self, place: FarPlace<'_>, table: &RouteTable) -> Remedy {
        let FarPlace { from, endpoint, at } = place;
        let network = self.index.network;
        let peered = network.peering_connections.seen.iter().find(|peering| {
            let has = |vpc: &String| peering.ends.iter().any(|end| end.vpc == *vpc);
            has(&from.vpc) && has(&endpoint.vpc)
        });
        let attachments = || network.transit_attachments.seen.iter().filter(|own| own.kind == "vpc");
        let shared = attachments()
            .filter(|own| own.resource == from.vpc)
            .find(|own| attachments().any(|far| far.gateway == own.gateway && far.resource == endpoint.vpc));
        let target = peered.map(|peering| peering.id.clone()).or_else(|| shared.map(|own| own.gateway.clone()));
        let target = target.unwrap_or_else(|| format!("<peering connection or transit gateway to {}>", endpoint.vpc));
        Remedy::VpcRoute {
            table: table.id.clone(),
            destination: at.cidr.clone(),
            replaces: has_route(&table.routes, &at.cidr),
            target: RouteGoal::Target(target),
        }
    }

    /// The hops along the route of the function's subnet that takes the endpoint's addresses, and of the answers.
    fn follow_to_endpoint(
        &self,
        place: FarPlace<'a>,
        (table, label): (&'a RouteTable, &str),
        route: &'a Route,
        packet: &Packet,
    ) -> Vec<Hop> {
        let (kind, to) = (HopKind::Routes, &route.target);
        let message = format!("{label}: {} → {to}", route.destination);
        if let Some(dead) = inactive_route(kind, &table.id, &message, route) {
            return vec![dead.with(self.route_to(place, table))];
        }
        let through = Hop::through(kind, &table.id, message.clone()).by(&route.destination);
        let no_way = |why: &str| {
            let hop = Hop::stops(kind, &table.id, format!("{message}; {why}")).by(&route.destination);
            vec![hop.with(self.route_to(place, table))]
        };
        let mut hops = match RouteTarget::of(route) {
            RouteTarget::Peering => vec![through, self.peering_hop(place.endpoint, to)],
            RouteTarget::Transit => [vec![through], self.over_transit(place, to, packet)].concat(),
            RouteTarget::Local => return no_way("the endpoint's addresses are taken for the VPC's own"),
            RouteTarget::InternetGateway | RouteTarget::EgressOnly => {
                return no_way("an internet gateway carries nothing to private addresses");
            }
            _ => {
                let what = "which is not followed to an endpoint";
                return vec![cannot_follow(kind, &table.id, &place.from.id, route, what)];
            }
        };
        hops.extend(self.answers_from_endpoint(place, to, packet));
        hops
    }

    /// A peering connection, which must be active and lead to the endpoint's VPC: it carries nothing on to a third
    /// (<https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>).
    fn peering_hop(&self, endpoint: &VpcEndpoint, id: &str) -> Hop {
        let kind = HopKind::Peering;
        match self.index.peering(id) {
            Ok(Some(peering)) if !peering.status.eq_ignore_ascii_case("active") => {
                Hop::stops(kind, id, format!("peering connection {id} is {}", peering.status))
            }
            Ok(Some(peering)) if peering.ends.iter().any(|end| end.vpc == endpoint.vpc) => {
                Hop::through(kind, id, format!("{id}, active, to {}", endpoint.vpc))
            }
            Ok(Some(peering)) if peering.ends.len() < 2 => {
                Hop::unprovable(kind, id, format!("AWS does not name both ends of {id}"))
            }
            Ok(Some(_)) => {
                Hop::stops(kind, id, format!("{id} does not lead to {}, in which {} stands", endpoint.vpc, endpoint.id))
            }
            Ok(None) => Hop::unprovable(kind, id, format!("AWS lists no peering connection {id}")),
            Err(gap) => Hop::unknown(kind, id, gap),
        }
    }

    /// The hops over a transit gateway to the endpoint's VPC.
    fn over_transit(&self, place: FarPlace<'a>, id: &'a str, packet: &Packet) -> Vec<Hop> {
        let found = self.both_attachments(place, id).and_then(|(near, far)| {
            let (table, routes) = self.transit_table(near)?;
            Ok((near, far, table, routes))
        });
        let (near, far, table, routes) = match found {
            Ok(found) => found,
            Err(hop) => return vec![*hop],
        };
        let mut hops = vec![Hop::through(HopKind::Transit, id, format!("{id} by {}, routed by {table}", near.id))];
        hops.push(self.same_zone_hop(place.from, id, near, packet));
        let kind = HopKind::TransitRoutes;
        let missing = || Remedy::TransitRoute {
            table: table.to_owned(),
            destination: place.at.cidr.clone(),
            replaces: has_route(routes, &place.at.cidr),
            attachment: Some(far.id.clone()),
        };
        let choice = routes::choose(self.index, routes, Side::Remote, packet, Family::V4);
        if let Some((_, gap)) = choice.maybe.first() {
            hops.push(Hop::unknown(kind, table, gap.clone()));
            return hops;
        }
        let led = |route: &&'a Route| {
            let message = format!("{table}: {} → {}", route.destination, route.target);
            if let Some(dead) = inactive_route(kind, table, &message, route) {
                return vec![dead.with(missing())];
            }
            if route.target == far.id {
                let message = format!("{message}, {}", far.resource);
                return vec![Hop::through(kind, table, message).by(&route.destination)];
            }
            // A VPC carries packets on only if an appliance in it does.
            let why = "what follows is not visible here";
            let message = format!("{message}, which is not {}, the attachment of {}; {why}", far.id, far.resource);
            vec![Hop::unprovable(kind, table, message).by(&route.destination)]
        };
        let mut ways: Vec<_> = choice.routes.iter().map(led).collect();
        if ways.is_empty() {
            let partial = format!("{table} leads only a part of the addresses to {}", place.name());
            let stops = Hop::stops(kind, table, format!("{table} has no route to {}", place.name()));
            ways.push(vec![stops.partly(partial).with(missing())]);
        }
        hops.extend(combine_alternatives(kind, table, ways));
        hops.extend(self.far_acl_hop(place.from, far, packet));
        hops
    }

    /// The hop of the network ACL where the transit gateway delivers packets, where it may stop them. It delivers them in the
    /// zone that they come from, if it can.
    fn far_acl_hop(&self, from: &Subnet, far: &TransitAttachment, packet: &Packet) -> Option<Hop> {
        let kind = HopKind::EndpointAcl;
        let subnets = match self.attachment_subnets(far) {
            Ok(subnets) => subnets,
            Err(gap) => return Some(Hop::unknown(kind, &far.id, gap)),
        };
        let same = subnets.iter().find(|subnet| subnet.zone == from.zone);
        let mut entries = same.map_or(subnets.as_slice(), std::slice::from_ref).iter();
        entries.find_map(|subnet| self.attachment_acl(kind, from, subnet, packet))
    }

    /// The attachments of the function's VPC and of the endpoint's to a transit gateway, both in use.
    ///
    /// # Errors
    /// The hop at which packets stop, or may.
    fn both_attachments(
        &self,
        place: FarPlace<'_>,
        id: &str,
    ) -> Result<(&'a TransitAttachment, &'a TransitAttachment), Box<Hop>> {
        let kind = HopKind::Transit;
        let owner = match self.index.transit(id) {
            Ok(found) => found.map(|gateway| gateway.owner.as_str()).filter(|owner| Some(*owner) != self.account),
            Err(gap) => return Err(Box::new(Hop::unknown(kind, id, gap))),
        };
        let of = |vpc: &str| {
            let hop = match self.index.attachment_of(id, vpc) {
                Ok(Some(own)) if own.state.eq_ignore_ascii_case("available") => return Ok(own),
                Ok(Some(own)) => {
                    let message = format!("attachment {} of {id} is in the state “{}”", own.id, own.state);
                    Hop::unprovable(kind, id, message)
                }
                // Another account's gateway lists only this account's attachments here.
                Ok(None) => match owner {
                    None => Hop::stops(kind, id, format!("{vpc} is not attached to {id}")),
                    Some(owner) => {
                        let message =
                            format!("{id} belongs to account {owner}, and whether {vpc} is attached to it is not seen");
                        Hop::unprovable(kind, id, message)
                    }
                },
                Err(gap) => Hop::unknown(kind, id, gap),
            };
            Err(Box::new(hop))
        };
        Ok((of(&place.from.vpc)?, of(&place.endpoint.vpc)?))
    }

    /// The route table that holds for what comes from an attachment, and its routes.
    ///
    /// # Errors
    /// The hop at which that is not known.
    fn transit_table(&self, own: &'a TransitAttachment) -> Result<(&'a str, &'a [Route]), Box<Hop>> {
        let kind = HopKind::TransitRoutes;
        let Some(table) = &own.table else {
            let message = format!("no route table of {} is seen to be associated with {}", own.gateway, own.id);
            return Err(Box::new(Hop::unprovable(kind, &own.gateway, message)));
        };
        let unread = |gap: Gap| {
            let owner = self.index.transit(&own.gateway).ok().flatten().map(|gateway| gateway.owner.as_str());
            Box::new(match owner.filter(|owner| Some(*owner) != self.account && gap.why().operation.is_empty()) {
                Some(owner) => {
                    let message = format!("{table} belongs to account {owner}, whose routes are not read here");
                    Hop::unprovable(kind, table, message)
                }
                None => Hop::unknown(kind, table, gap),
            })
        };
        Ok((table, self.index.transit_routes(table).map_err(unread)?))
    }

    /// The hops of the answers from the endpoint's subnet back over `to`, a peering connection or transit gateway, where they
    /// are lost or may be.
    fn answers_from_endpoint(&self, place: FarPlace<'a>, to: &str, packet: &Packet) -> Vec<Hop> {
        let (from, kind) = (place.from, HopKind::EndpointRoutes);
        let table = match self.index.table_of(place.at) {
            Ok((table, _)) => table,
            Err(gap) => return vec![Hop::unknown(kind, &place.at.id, gap)],
        };
        let lost = self.answers_by_routes(kind, &table.id, &table.routes, from, to, packet);
        let lacks = |hop: Hop| {
            hop.with(Remedy::VpcRoute {
                table: table.id.clone(),
                destination: from.cidr.clone(),
                replaces: has_route(&table.routes, &from.cidr),
                target: RouteGoal::Target(to.to_owned()),
            })
        };
        let mut hops: Vec<_> = lost.map(lacks).into_iter().collect();
        if to.starts_with("tgw-")
            && let Ok((near, far)) = self.both_attachments(place, to)
        {
            match self.transit_table(far) {
                Ok((table, routes)) => {
                    let kind = HopKind::TransitRoutes;
                    let lost = self.answers_by_routes(kind, table, routes, from, &near.id, packet);
                    hops.extend(lost.map(|hop| {
                        hop.with(Remedy::TransitRoute {
                            table: table.to_owned(),
                            destination: from.cidr.clone(),
                            replaces: has_route(routes, &from.cidr),
                            attachment: Some(near.id.clone()),
                        })
                    }));
                }
                Err(hop) => hops.push(*hop),
            }
        }
        hops
    }
}

/// Whether the routes have one for just this range.
fn has_route(routes: &[Route], range: &str) -> bool {
    routes.iter().any(|route| route.destination == range)
}
