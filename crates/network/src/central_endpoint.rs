//! Whether a private hosted zone decides where X-Ray's name leads, and what packets then come to. `far_endpoint` follows them.
//!
//! Where no hosted zone leads there, `remote_endpoint` says whether one may by what is not read: rules of a Resolver, zones of
//! a Route 53 profile.

use gatelight_model::{
    Gap, GapKind, any,
    inventory::{Route, Subnet},
};

use crate::{
    hop::{Hop, HopKind, HopResult, combine_alternatives, result_of},
    hosted_zone::{ZoneAnswer, host},
    remedy::Remedy,
    routes::RouteTarget,
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
                let central = self.hops_by_zone(subnet, name, answer);
                let end = result_of(&central);
                match matters {
                    Err(gap) if end != result => end_with(hops, Hop::unknown(HopKind::Name, &subnet.vpc, gap)),
                    _ => (central, end),
                }
            }
            Err(gap) if result == HopResult::Through => end_with(hops, Hop::unknown(HopKind::Name, &subnet.vpc, gap)),
            Err(gap) => match beyond {
                Some(beyond) if is_not_of_route53(&gap, subnet) => {
                    if result == HopResult::Stops {
                        end_with(hops, beyond)
                    } else {
                        (hops, result)
                    }
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
    fn hops_by_zone(&self, subnet: &'a Subnet, name: XrayName, answer: ZoneAnswer<'a>) -> Vec<Hop> {
        match answer {
            ZoneAnswer::NotCovered => Vec::new(),
            ZoneAnswer::NoAddress(zone, why) => {
                let record = Remedy::ZoneRecord { zone: zone.id.clone(), name: host(self.region, name) };
                vec![Hop::stops(HopKind::Name, &zone.id, why).with(record)]
            }
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
}

/// Whether a gap comes from elsewhere than Route 53: zones were not collected, or a DNS attribute of the VPC is unknown.
fn is_not_of_route53(gap: &Gap, subnet: &Subnet) -> bool {
    let why = gap.why();
    why.kind == GapKind::NotCollected || why.kind == GapKind::Unprovable && why.resource == subnet.vpc
}

fn end_with(mut hops: Vec<Hop>, last: Hop) -> (Vec<Hop>, HopResult) {
    let end = last.result.clone();
    hops.push(last);
    (hops, end)
}
