//! The hops to an endpoint in another network, to which a private hosted zone leads X-Ray's name: over a peering connection
//! or a transit gateway, and back.
//!
//! Where no hosted zone leads there, `remote_endpoint` says whether one may by what is not read: rules of a Resolver, zones of
//! a Route 53 profile.

use gatelight_model::{
    Gap, GapKind, any,
    inventory::{Route, RouteTable, Subnet, TransitAttachment, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family},
    firewall::{self, Remote},
    hop::{Hop, HopKind, HopResult, combine_alternatives, result_of},
    hosted_zone::{ZoneAnswer, ZoneTarget},
    obstacle::Obstacle,
    routes::{self, RouteTarget, cannot_follow, inactive_route},
    service::XrayName,
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// The hops and their result by way of a private hosted zone, where it answers the name. `hops` are those to public
    /// addresses or to an endpoint of the VPC that may have the name.
    pub(crate) fn with_hosted_zone(
        &self,
        subnet: &'a Subnet,
        name: XrayName,
        hops: Vec<Hop>,
        result: HopResult,
    ) -> (Vec<Hop>, HopResult) {
        let matters = match self.zone_matters(subnet, &hops, &result) {
            Ok(false) => return (hops, result),
            other => other,
        };
        let answer = self.zone_answer(&subnet.vpc, name);
        let beyond = (result != HopResult::Through).then(|| self.remote_endpoint(subnet, &hops)).flatten();
        match answer {
            Ok(ZoneAnswer::NotCovered) => match beyond {
                Some(beyond) if result == HopResult::Stops => end_with(hops, beyond),
                _ => (hops, result),
            },
            Ok(answer) => {
                let central = self.hops_by_zone(subnet, answer);
                let end = result_of(&central);
                match matters {
                    Err(gap) if end != result => end_with(hops, Hop::unknown(HopKind::Name, &subnet.vpc, gap)),
                    _ => (central, end),
                }
            }
            Err(gap) if result == HopResult::Through => end_with(hops, Hop::unknown(HopKind::Name, &subnet.vpc, gap)),
            Err(gap) => match beyond {
                // Nobody asked about zones, or it is not known whether the VPC asks them.
                Some(beyond) if gap.why().kind == GapKind::NotCollected || gap.why().resource == subnet.vpc => {
                    if result == HopResult::Stops { end_with(hops, beyond) } else { (hops, result) }
                }
                Some(beyond) => end_with(hops, Hop::unknown(HopKind::Beyond, &beyond.id, gap)),
                None => (hops, result),
            },
        }
    }

    /// Whether a hosted zone may change what packets from a subnet come to: what stops or is unknown may arrive by an endpoint
    /// in another network, and the name may lead to such an endpoint though public addresses can be reached.
    ///
    /// # Errors
    /// If it is not known which networks the routes lead to.
    pub(crate) fn zone_matters(&self, subnet: &'a Subnet, hops: &[Hop], result: &HopResult) -> Result<bool, Gap> {
        match result {
            HopResult::Stops => Ok(self.remote_endpoint(subnet, hops).is_some()),
            HopResult::Unknown(_) => Ok(self.routes_elsewhere(subnet).next().is_some()),
            HopResult::Through => {
                let elsewhere: Vec<_> = self.routes_elsewhere(subnet).collect();
                any(elsewhere.into_iter().map(|route| self.leads_to_seen_endpoint(subnet, route)))
            }
        }
    }

    /// The routes of a subnet that lead to another network.
    fn routes_elsewhere(&self, subnet: &'a Subnet) -> impl Iterator<Item = &'a Route> {
        let table = self.index.table_of(subnet).ok();
        let routes = table.into_iter().flat_map(|(table, _)| &table.routes);
        routes.filter(|route| {
            let kind = RouteTarget::of(route);
            let elsewhere = matches!(kind, RouteTarget::Peering | RouteTarget::Transit | RouteTarget::CoreNetwork);
            elsewhere && !route.state.eq_ignore_ascii_case("blackhole")
        })
    }

    /// Whether a route leads to a VPC in which an endpoint of X-Ray was seen.
    fn leads_to_seen_endpoint(&self, from: &Subnet, route: &Route) -> Result<bool, Gap> {
        let seen = |vpc: &str| vpc != from.vpc && self.xray_endpoint_in(vpc).is_some();
        if !self.index.network.endpoints.seen.iter().any(|endpoint| seen(&endpoint.vpc)) {
            return Ok(false);
        }
        match RouteTarget::of(route) {
            RouteTarget::Peering => {
                let peering = self.index.peering(&route.target)?;
                Ok(peering.is_some_and(|peering| peering.ends.iter().any(|end| seen(&end.vpc))))
            }
            RouteTarget::Transit => {
                let attachments = &self.index.network.transit_attachments;
                let own = attachments.each().map(|own| {
                    let own = own?;
                    Ok(own.gateway == route.target && own.kind == "vpc" && seen(&own.resource))
                });
                any(own)
            }
            _ => Ok(false),
        }
    }

    /// The hops by what a zone answers.
    fn hops_by_zone(&self, subnet: &'a Subnet, answer: ZoneAnswer<'a>) -> Vec<Hop> {
        match answer {
            ZoneAnswer::NotCovered => Vec::new(),
            ZoneAnswer::NoAddress(zone, why) => vec![Hop::stops(HopKind::Name, &zone.id, why)],
            ZoneAnswer::Endpoints(zone, targets) => {
                let ways = targets.into_iter().map(|target| {
                    let message = format!("hosted zone {} ({}) leads to {}", zone.id, zone.name, target.endpoint.id);
                    let name = Hop::through(HopKind::Name, &zone.id, message);
                    std::iter::once(name).chain(self.hops_to_target(subnet, &target)).collect()
                });
                combine_alternatives(HopKind::Name, &zone.id, ways.collect())
            }
        }
    }

    /// The hops to an endpoint that a record leads to.
    fn hops_to_target(&self, from: &'a Subnet, target: &ZoneTarget<'a>) -> Vec<Hop> {
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
            hops.push(Hop::unprovable(kind, id, format!("AWS names no subnet of endpoint {id} that the record leads to")));
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
        let group = Hop::decided(HopKind::Group, &groups.join(", "), firewall::groups_allow(self.index, groups, true, remote));
        let lacks = groups.first().map(|group| Obstacle::GroupRule {
            group: group.clone(),
            egress: true,
            peer: at.cidr.clone(),
        });
        let mut hops = vec![match lacks {
            Some(lacks) => group.lacking(lacks),
            None => group,
        }];
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
            Err(hop) => hops.push(hop.lacking(self.route_to(from, endpoint, at))),
        }
        let remote = Remote::new(Family::V4, &own, &[], &from.id);
        hops.extend(self.acl_hops(HopKind::EndpointAcl, at, false, remote));
        hops
    }

    /// The route that a subnet lacks: by the peering connection or transit gateway that both VPCs are known to share.
    fn route_to(&self, from: &Subnet, endpoint: &VpcEndpoint, at: &Subnet) -> Obstacle {
        let network = self.index.network;
        let peered = network.peering_connections.seen.iter().find(|peering| {
            [&from.vpc, &endpoint.vpc].iter().all(|vpc| peering.ends.iter().any(|end| end.vpc == **vpc))
        });
        let attachments = || network.transit_attachments.seen.iter().filter(|own| own.kind == "vpc");
        let shared = attachments().filter(|own| own.resource == from.vpc).find(|own| {
            attachments().any(|far| far.gateway == own.gateway && far.resource == endpoint.vpc)
        });
        let target = peered.map(|peering| peering.id.clone()).or_else(|| shared.map(|own| own.gateway.clone()));
        let target = target.unwrap_or_else(|| format!("<peering connection or transit gateway to {}>", endpoint.vpc));
        Obstacle::Route { destination: at.cidr.clone(), target }
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
            return vec![dead.lacking(self.route_to(from, endpoint, at))];
        }
        let through = Hop::through(kind, &table.id, message.clone()).by(&route.destination);
        let no_way = |why: &str| {
            let hop = Hop::stops(kind, &table.id, format!("{message}; {why}")).by(&route.destination);
            vec![hop.lacking(self.route_to(from, endpoint, at))]
        };
        let mut hops = match RouteTarget::of(route) {
            RouteTarget::Peering => vec![through, self.peering_hop(endpoint, to)],
            RouteTarget::Transit => {
                [vec![through], self.over_transit(from, endpoint, at, to, addresses)].concat()
            }
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
            Err(hop) => return vec![hop],
        };
        let (table, routes) = match self.transit_table(near) {
            Ok(found) => found,
            Err(hop) => return vec![hop],
        };
        let mut hops = vec![Hop::through(kind, id, format!("{id} by {}, routed by {table}", near.id))];
        let there = format!("endpoint {} in {}", endpoint.id, at.id);
        hops.push(self.same_zone_hop(from, id, near, (addresses, &there)));
        let lacks = || Obstacle::Route { destination: at.cidr.clone(), target: far.id.clone() };
        let kind = HopKind::TransitRoutes;
        match self.one_route(kind, table, table, routes, addresses, &there) {
            Ok(route) => {
                let message = format!("{table}: {} → {}", route.destination, route.target);
                let hop = inactive_route(kind, table, &message, route).unwrap_or_else(|| {
                    if route.target == far.id {
                        Hop::through(kind, table, format!("{message}, {}", far.resource)).by(&route.destination)
                    } else {
                        let message = format!("{message}, which is not {}, the attachment of {}", far.id, far.resource);
                        self.other_attachment(kind, table, &route.target, message).by(&route.destination)
                    }
                });
                hops.push(hop.lacking(lacks()));
            }
            Err(hop) => hops.push(hop.lacking(lacks())),
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
    fn other_attachment(&self, kind: HopKind, table: &str, target: &str, message: String) -> Hop {
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
    ) -> Result<(&'a TransitAttachment, &'a TransitAttachment), Hop> {
        let kind = HopKind::Transit;
        let owner = match self.index.transit(id) {
            Ok(found) => found.map(|gateway| gateway.owner.as_str()).filter(|owner| Some(*owner) != self.account),
            Err(gap) => return Err(Hop::unknown(kind, id, gap)),
        };
        let of = |vpc: &str| match self.index.attachment_of(id, vpc) {
            Ok(Some(own)) if own.state.eq_ignore_ascii_case("available") => Ok(own),
            Ok(Some(own)) => {
                let message = format!("attachment {} of {id} is in the state “{}”", own.id, own.state);
                Err(Hop::unprovable(kind, id, message))
            }
            // Another account's gateway lists only this account's attachments here.
            Ok(None) if owner.is_none() => Err(Hop::stops(kind, id, format!("{vpc} is not attached to {id}"))),
            Ok(None) => {
                let owner = owner.unwrap_or_default();
                let message = format!("{id} belongs to account {owner}, and whether {vpc} is attached to it is not seen");
                Err(Hop::unprovable(kind, id, message))
            }
            Err(gap) => Err(Hop::unknown(kind, id, gap)),
        };
        Ok((of(&from.vpc)?, of(&endpoint.vpc)?))
    }

    /// The route table that holds for what comes from an attachment, and its routes.
    fn transit_table(&self, own: &'a TransitAttachment) -> Result<(&'a str, &'a [Route]), Hop> {
        let kind = HopKind::TransitRoutes;
        let Some(table) = &own.table else {
            let message = format!("no route table of {} is seen to be associated with {}", own.gateway, own.id);
            return Err(Hop::unprovable(kind, &own.gateway, message));
        };
        let unread = |gap: Gap| {
            let owner = self.index.transit(&own.gateway).ok().flatten().map(|gateway| gateway.owner.as_str());
            match owner.filter(|owner| Some(*owner) != self.account && gap.why().operation.is_empty()) {
                Some(owner) => {
                    let message = format!("{table} belongs to account {owner}, whose routes are not read here");
                    Hop::unprovable(kind, table, message)
                }
                None => Hop::unknown(kind, table, gap),
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
        let mut hops: Vec<_> =
            self.answers_by_routes(HopKind::EndpointRoutes, &table.id, &table.routes, &own, from, to).into_iter().collect();
        if to.starts_with("tgw-")
            && let Ok((near, far)) = self.both_attachments(from, endpoint, to)
        {
            match self.transit_table(far) {
                Ok((table, routes)) => {
                    hops.extend(self.answers_by_routes(HopKind::TransitRoutes, table, routes, &own, from, &near.id));
                }
                Err(hop) => hops.push(hop),
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
    ) -> Result<&'a Route, Hop> {
        let split = routes::split(self.index, routes, Family::V4, addresses);
        if let Some((_, gap)) = split.maybe.first() {
            return Err(Hop::unknown(kind, table, gap.clone()));
        }
        match split.routes.as_slice() {
            [] => Err(Hop::stops(kind, table, format!("{label} has no route to {there}"))),
            [first, rest @ ..] if !split.unrouted && rest.iter().all(|route| is_same_way(route, first)) => Ok(first),
            _ => Err(Hop::unprovable(kind, table, format!("{label} leads only a part of the addresses to {there}"))),
        }
    }
}

fn is_same_way(route: &Route, other: &Route) -> bool {
    route.target == other.target && route.state == other.state
}

fn end_with(mut hops: Vec<Hop>, last: Hop) -> (Vec<Hop>, HopResult) {
    let end = last.result.clone();
    hops.push(last);
    (hops, end)
}

fn range(subnet: &Subnet) -> Result<AddressSet, Gap> {
    AddressSet::read(Family::V4, std::iter::once(&subnet.cidr))
        .map_err(|range| Gap::unprovable(&subnet.id, format!("the range {range} of {} cannot be read", subnet.id)))
}
