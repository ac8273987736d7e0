//! X-Ray in another network: through an endpoint there, whose name a private hosted zone or a DNS server of one's own gives.

use gatelight_model::{
    Gap,
    inventory::{PeeredVpc, Route, Subnet, VpcEndpoint},
};

use super::{
    endpoint::is_xray,
    firewall,
    hop::{Hop, HopResult, Place, end},
    routes::{self, Target},
};
use crate::{
    address_set::{AddressSet, Family, PUBLIC, everything},
    dns::Service,
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// What stops on `way` may still arrive, if a route leads to private addresses over something that carries packets to
    /// an endpoint in another network. A default route carries those as well.
    pub(crate) fn elsewhere(&self, subnet: &'a Subnet, way: &[Hop]) -> Option<Hop> {
        let all = everything(Family::V4).minus(&PUBLIC);
        let let_out = firewall::let_out(self.index, &self.vpc.security_groups, Family::V4);
        let private = let_out.map_or_else(|| all.clone(), |let_out| let_out.and(&all));
        let acl = self.acl(Place::Acl, subnet, true, Self::peer(Family::V4, &private, &[], "private addresses"));
        if private.is_empty() || end(&acl) == HopResult::Stops {
            return None;
        }
        let (table, _) = match self.index.table_of(subnet) {
            Ok(found) => found,
            Err(gap) => return Some(Hop::unknown(Place::Beyond, &subnet.id, gap)),
        };
        let shares = routes::split(self.index, &table.routes, Family::V4, &private);
        let maybe = shares.maybe.iter().map(|(route, _)| *route);
        let mut leads = shares.routes.iter().copied().chain(maybe);
        let route = leads.find(|route| self.carries(subnet, way, route))?;
        let to = &route.target;
        let far = self.index.far_end(to, &subnet.vpc);
        let over = if to.is_empty() { "a target of a kind that is not understood" } else { to };
        let message = format!(
            "{} has no way to X-Ray's public addresses; whether its name leads to an endpoint shared over {over}{far} is \
             not seen here",
            subnet.id
        );
        let id = if to.is_empty() { &table.id } else { to };
        Some(Hop::unknown(Place::Beyond, id, Gap::unprovable(id, message)))
    }

    /// Whether a route may carry packets to another network with an endpoint in it.
    fn carries(&self, from: &Subnet, way: &[Hop], route: &Route) -> bool {
        let to = &route.target;
        let shut = |hop: &Hop| hop.place == Place::Transit && hop.passage == HopResult::Stops && hop.id == *to;
        let may = match Target::of(route) {
            Target::Peering => match self.index.peering(to) {
                Ok(Some(peering)) => {
                    // AWS leaves out an end that it would not describe.
                    let mut far = peering.ends.iter().filter(|end| end.vpc != from.vpc).peekable();
                    let may = far.peek().is_none() || far.any(|end| !self.is_without_endpoint(end));
                    may && peering.status.eq_ignore_ascii_case("active")
                }
                Ok(None) => self.shared(from).is_err(),
                Err(_) => true,
            },
            Target::Transit => {
                let own = AddressSet::read(Family::V4, std::iter::once(&route.destination)).unwrap_or_default();
                // A route to private addresses alone is there for something in another network. A default route may be
                // there for the internet, which was judged already.
                let default = !own.and(&PUBLIC).is_empty();
                !(way.iter().any(shut) || default && self.leads_to_no_endpoint(to, from))
            }
            Target::CoreNetwork | Target::Other => true,
            _ => false,
        };
        may && !route.state.eq_ignore_ascii_case("blackhole")
    }

    /// Whether it is a VPC of this account and region, and no endpoint of X-Ray stands in it. What lies behind it does not
    /// matter: peering does not go on to further networks
    /// (<https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>).
    fn is_without_endpoint(&self, end: &PeeredVpc) -> bool {
        let endpoints = &self.index.network.endpoints;
        self.account == Some(&end.owner)
            && end.region == self.region
            && endpoints.rest.get().is_ok()
            && !self.has_endpoint(&end.vpc)
    }

    fn has_endpoint(&self, vpc: &str) -> bool {
        let is_xray = |endpoint: &&VpcEndpoint| {
            [Service::Plain, Service::Fips].iter().any(|service| is_xray(endpoint, self.region, *service))
        };
        self.index.endpoints_in(vpc).iter().any(is_xray)
    }

    /// Whether it is a transit gateway of this account between VPCs of this account alone, none of which, but for the one
    /// that packets come from, has an endpoint of X-Ray.
    fn leads_to_no_endpoint(&self, gateway: &str, from: &Subnet) -> bool {
        let network = self.index.network;
        let own = |owner: &String| self.account == Some(owner);
        let mut attachments = network.transit_attachments.seen.iter().filter(|own| own.gateway == gateway);
        self.index.transit(gateway).is_ok_and(|found| found.is_some_and(|found| own(&found.owner)))
            && network.transit_attachments.rest.get().is_ok()
            && network.endpoints.rest.get().is_ok()
            && attachments.all(|attachment| {
                let vpc = &attachment.resource;
                attachment.kind == "vpc" && own(&attachment.owner) && (*vpc == from.vpc || !self.has_endpoint(vpc))
            })
    }
}
