//! The hops to an endpoint in another VPC, to which a private hosted zone leads X-Ray's name: over a peering connection or a
//! transit gateway, and back.

use gatelight_model::{
    Gap,
    inventory::{Route, RouteTable, Subnet, TransitAttachment, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family},
    endpoint::range,
    firewall::{self, Remote},
    hop::{Hop, HopKind, combine_alternatives},
    hosted_zone::ZoneTarget,
    remedy::{Remedy, RouteGoal, Traffic},
    routes::{self, RouteTarget, cannot_follow, inactive_route},
    walk::Walk,
};

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
            hops.push(Hop::unprovable(
                kind,
                id,
                format!("AWS names no subnet of endpoint {id} that the record leads to"),
            ));
            return hops;
        }
        let ways = places.into_iter().map(|(subnet, address)| self.hops_to_far_subnet(from, endpoint, subnet, address));
        hops.extend(combine_alternatives(kind, id, ways.collect()));
        hops.push(self.endpoint_groups_hop(from, endpoint));
        hops.push(self.endpoint_policy_hop(endpoint));
        hops
    }

    /// The hops to the interface of an endpoint in a subnet of another VPC, and of the answers back.
    fn hops_to_far_subnet(
        &self,
        from: &'a Subnet,
        endpoint: &VpcEndpoint,
        subnet: &str,
        address: Option<&AddressSet>,
    ) -> Vec<Hop> {
        let id = &endpoint.id;
        let found = self.index.subnet(subnet).and_then(|at| Ok((at, range(at)?, range(from)?)));
        let (at, whole, own) = match found {
            Ok(found) => found,
            Err(gap) => return vec![Hop::unknown(HopKind::Endpoint, id, gap)],
        };
        let addresses = address.unwrap_or(&whole);
        let there = format!("endpoint {id} in {}", at.id);
        let remote = Remote::new(Family::V4, addresses, &endpoint.security_groups, &there);
        let groups = &self.vpc.security_groups;
        let group =
            Hop::decided(HopKind::Group, &groups.join(", "), firewall::groups_allow(self.index, groups, true, remote));
        let traffic = Traffic { outbound: true, protocol: "tcp", ports: (443, 443), range: at.cidr.clone() };
        let peer_groups = endpoint.security_groups.clone();
        let mut hops = vec![group.with(Remedy::GroupRule { groups: groups.clone(), traffic, peer_groups })];
        hops.extend(self.acl_hops(HopKind::Acl, from, true, remote));
        let (table, main) = match self.index.table_of(from) {
            Ok(found) => found,
            Err(gap) => {
                hops.push(Hop::unknown(HopKind::Routes, &from.id, gap));
                return hops;
            }
        };
        let label = if main { format!("{} (main of {})", table.id, table.vpc) } else { table.id.clone() };
        match self.one_route(HopKind::Routes, &table.id, &label, &table.routes, addresses, &there) {
            Ok(route) => hops.extend(self.follow_to_endpoint(from, endpoint, at, (table, &label), route, addresses)),
            Err(hop) => hops.push(hop.with(self.route_to(from, endpoint, at, table))),
        }
        let remote = Remote::new(Family::V4, &own, &[], &from.id);
        hops.extend(self.acl_hops(HopKind::EndpointAcl, at, false, remote));
        hops
    }

    /// The route that a subnet lacks: by the peering connection or transit gateway that both VPCs are known to share.
    fn route_to(&self, from: &Subnet, endpoint: &VpcEndpoint, at: &Subnet, table: &RouteTable) -> Remedy {
        let network = self.index.network;
        let peered = network.peering_connections.seen.iter().find(|peering| {
            [&from.vpc, &endpoint.vpc].iter().all(|vpc| peering.ends.iter().any(|end| end.vpc == **vpc))
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
            replaces: table.routes.iter().any(|route| route.destination == at.cidr),
            target: RouteGoal::Target(target),
        }
    }

    /// The hops along the route of the function's subnet that takes the endpoint's addresses.
    fn follow_to_endpoint(
        &self,
        from: &'a Subnet,
        endpoint: &VpcEndpoint,
        at: &'a Subnet,
        (table, label): (&'a RouteTable, &str),
        route: &'a Route,
        addresses: &AddressSet,
    ) -> Vec<Hop> {
        let (kind, to) = (HopKind::Routes, &route.target);
        let message = format!("{label}: {} → {to}", route.destination);
        if let Some(dead) = inactive_route(kind, &table.id, &message, route) {
            return vec![dead.with(self.route_to(from, endpoint, at, table))];
        }
        let through = Hop::through(kind, &table.id, message.clone()).by(&route.destination);
        let no_way = |why: &str| {
            let hop = Hop::stops(kind, &table.id, format!("{message}; {why}")).by(&route.destination);
            vec![hop.with(self.route_to(from, endpoint, at, table))]
        };
        let mut hops = match RouteTarget::of(route) {
            RouteTarget::Peering => vec![through, self.peering_hop(endpoint, to)],
            RouteTarget::Transit => [vec![through], self.over_transit(from, endpoint, at, to, addresses)].concat(),
            RouteTarget::Local => return no_way("the endpoint's addresses are taken for the VPC's own"),
            RouteTarget::InternetGateway | RouteTarget::EgressOnly => {
                return no_way("an internet gateway carries nothing to private addresses");
            }
            _ => return vec![cannot_follow(kind, &table.id, &from.id, route, "which is not followed to an endpoint")],
        };
        hops.extend(self.answers_from_endpoint(from, endpoint, at, to));
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
    fn over_transit(
        &self,
        from: &'a Subnet,
        endpoint: &VpcEndpoint,
        at: &'a Subnet,
        id: &'a str,
        addresses: &AddressSet,
    ) -> Vec<Hop> {
        let kind = HopKind::Transit;
        let (near, far) = match self.both_attachments(from, endpoint, id) {
            Ok(found) => found,
            Err(hop) => return vec![*hop],
        };
        let (table, routes) = match self.transit_table(near) {
            Ok(found) => found,
            Err(hop) => return vec![*hop],
        };
        let mut hops = vec![Hop::through(kind, id, format!("{id} by {}, routed by {table}", near.id))];
        let there = format!("endpoint {} in {}", endpoint.id, at.id);
        hops.push(self.same_zone_hop(from, id, near, (addresses, &there)));
        let lacks = || Remedy::TransitRoute {
            table: table.to_owned(),
            destination: at.cidr.clone(),
            replaces: routes.iter().any(|route| route.destination == at.cidr),
            attachment: Some(far.id.clone()),
        };
        let kind = HopKind::TransitRoutes;
        match self.one_route(kind, table, table, routes, addresses, &there) {
            Ok(route) => {
                let message = format!("{table}: {} → {}", route.destination, route.target);
                let hop = inactive_route(kind, table, &message, route).unwrap_or_else(|| {
                    if route.target == far.id {
                        Hop::through(kind, table, format!("{message}, {}", far.resource)).by(&route.destination)
                    } else {
                        let message = format!("{message}, which is not {}, the attachment of {}", far.id, far.resource);
                        self.other_attachment(kind, table, &route.target, &message).by(&route.destination)
                    }
                });
                hops.push(hop.with(lacks()));
            }
            Err(hop) => hops.push(hop.with(lacks())),
        }
        hops.extend(self.far_acl_hop(from, far, (addresses, &there)));
        hops
    }

    /// The hop of the network ACL where the transit gateway delivers packets, where it may stop them. It delivers them in the
    /// zone that they come from, if it can.
    fn far_acl_hop(&self, from: &Subnet, far: &TransitAttachment, to: (&AddressSet, &str)) -> Option<Hop> {
        let kind = HopKind::EndpointAcl;
        let subnets = match self.attachment_subnets(far) {
            Ok(subnets) => subnets,
            Err(gap) => return Some(Hop::unknown(kind, &far.id, gap)),
        };
        let same = subnets.iter().find(|subnet| subnet.zone == from.zone);
        let mut entries = same.map_or(subnets.as_slice(), std::slice::from_ref).iter();
        entries.find_map(|subnet| self.attachment_acl(kind, from, subnet, to))
    }

    /// The hop of a transit gateway's route to another attachment: a VPC does not carry packets on, unless an appliance in it
    /// does.
    fn other_attachment(&self, kind: HopKind, table: &str, target: &str, message: &str) -> Hop {
        match self.index.attachment(target) {
            Err(gap) => Hop::unknown(kind, table, gap),
            Ok(_) => Hop::unprovable(kind, table, format!("{message}; what lies beyond is not seen here")),
        }
    }

    /// The attachments of the function's VPC and of the endpoint's to a transit gateway, both in use.
    fn both_attachments(
        &self,
        from: &Subnet,
        endpoint: &VpcEndpoint,
        id: &str,
    ) -> Result<(&'a TransitAttachment, &'a TransitAttachment), Box<Hop>> {
        let kind = HopKind::Transit;
        let owner = match self.index.transit(id) {
            Ok(found) => found.map(|gateway| gateway.owner.as_str()).filter(|owner| Some(*owner) != self.account),
            Err(gap) => return Err(Box::new(Hop::unknown(kind, id, gap))),
        };
        let of = |vpc: &str| match self.index.attachment_of(id, vpc) {
            Ok(Some(own)) if own.state.eq_ignore_ascii_case("available") => Ok(own),
            Ok(Some(own)) => {
                let message = format!("attachment {} of {id} is in the state “{}”", own.id, own.state);
                Err(Box::new(Hop::unprovable(kind, id, message)))
            }
            // Another account's gateway lists only this account's attachments here.
            Ok(None) if owner.is_none() => {
                Err(Box::new(Hop::stops(kind, id, format!("{vpc} is not attached to {id}"))))
            }
            Ok(None) => {
                let owner = owner.unwrap_or_default();
                let message =
                    format!("{id} belongs to account {owner}, and whether {vpc} is attached to it is not seen");
                Err(Box::new(Hop::unprovable(kind, id, message)))
            }
            Err(gap) => Err(Box::new(Hop::unknown(kind, id, gap))),
        };
        Ok((of(&from.vpc)?, of(&endpoint.vpc)?))
    }

    /// The route table that holds for what comes from an attachment, and its routes.
    fn transit_table(&self, own: &'a TransitAttachment) -> Result<(&'a str, &'a [Route]), Box<Hop>> {
        let kind = HopKind::TransitRoutes;
        let Some(table) = &own.table else {
            let message = format!("no route table of {} is seen to be associated with {}", own.gateway, own.id);
            return Err(Box::new(Hop::unprovable(kind, &own.gateway, message)));
        };
        let unread = |gap: Gap| {
            let owner = self.index.transit(&own.gateway).ok().flatten().map(|gateway| gateway.owner.as_str());
            match owner.filter(|owner| Some(*owner) != self.account && gap.why().operation.is_empty()) {
                Some(owner) => {
                    let message = format!("{table} belongs to account {owner}, whose routes are not read here");
                    Box::new(Hop::unprovable(kind, table, message))
                }
                None => Box::new(Hop::unknown(kind, table, gap)),
            }
        };
        Ok((table, self.index.transit_routes(table).map_err(unread)?))
    }

    /// The hops of the answers from the endpoint's subnet back over `to`, a peering connection or transit gateway.
    fn answers_from_endpoint(&self, from: &'a Subnet, endpoint: &VpcEndpoint, at: &'a Subnet, to: &str) -> Vec<Hop> {
        let own = match range(from) {
            Ok(own) => own,
            Err(gap) => return vec![Hop::unknown(HopKind::EndpointRoutes, &at.id, gap)],
        };
        let table = match self.index.table_of(at) {
            Ok((table, _)) => table,
            Err(gap) => return vec![Hop::unknown(HopKind::EndpointRoutes, &at.id, gap)],
        };
        let mut hops: Vec<_> = self
            .answers_by_routes(HopKind::EndpointRoutes, &table.id, &table.routes, &own, from, to)
            .into_iter()
            .collect();
        if to.starts_with("tgw-")
            && let Ok((near, far)) = self.both_attachments(from, endpoint, to)
        {
            match self.transit_table(far) {
                Ok((table, routes)) => {
                    hops.extend(self.answers_by_routes(HopKind::TransitRoutes, table, routes, &own, from, &near.id));
                }
                Err(hop) => hops.push(*hop),
            }
        }
        hops
    }

    /// The one route that takes all of some addresses.
    ///
    /// # Errors
    /// The hop at which they stop, or at which it is not known where they go.
    fn one_route(
        &self,
        kind: HopKind,
        table: &str,
        label: &str,
        routes: &'a [Route],
        addresses: &AddressSet,
        there: &str,
    ) -> Result<&'a Route, Box<Hop>> {
        let split = routes::split(self.index, routes, Family::V4, addresses);
        if let Some((_, gap)) = split.maybe.first() {
            return Err(Box::new(Hop::unknown(kind, table, gap.clone())));
        }
        match split.routes.as_slice() {
            [] => Err(Box::new(Hop::stops(kind, table, format!("{label} has no route to {there}")))),
            [first, rest @ ..] if !split.unrouted && rest.iter().all(|route| is_same_way(route, first)) => Ok(first),
            _ => Err(Box::new(Hop::unprovable(
                kind,
                table,
                format!("{label} leads only a part of the addresses to {there}"),
            ))),
        }
    }
}

fn is_same_way(route: &Route, other: &Route) -> bool {
    route.target == other.target && route.state == other.state
}
