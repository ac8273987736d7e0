//! Whether X-Ray's name may lead to an endpoint in another network, by a private hosted zone or a DNS server of the owner's.
//! Neither is read, so this can only turn “stops” into “unknown”.

use gatelight_model::{
    Gap,
    inventory::{PeeredVpc, Route, Subnet, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family, PUBLIC, everything},
    firewall::{self, Flow, Remote},
    hop::{Hop, HopKind, HopResult, result_of},
    packet::{Packet, Side, each_part},
    routes::{self, RouteTarget},
    service::{XrayName, is_xray},
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// The hop at which packets that stop on `path` may still reach X-Ray: a route to private addresses leads to another
    /// network, where an endpoint may be shared. A default route takes private addresses too. The addresses of the VPC
    /// itself belong to no other network.
    pub(crate) fn remote_endpoint(&self, subnet: &'a Subnet, path: &[Hop]) -> Option<Hop> {
        let vpc = self.index.vpc(&subnet.vpc).ok();
        let own = vpc.and_then(|vpc| AddressSet::read(Family::V4, &vpc.cidrs).ok()).unwrap_or_default();
        let private = everything(Family::V4).minus(&PUBLIC).minus(&own);
        let range = Self::range(subnet).ok()?;
        let remote = Remote {
            family: Family::V4,
            side: Side::Remote,
            groups: None,
            range: "10.0.0.0/8",
            name: "private addresses",
        };
        let parts = each_part(Packet::new(range, private), |packet| {
            let flow = Flow::https(remote);
            let groups = &self.vpc.security_groups;
            let group = firewall::groups_allow(self.index, groups, true, flow, packet);
            let mut hops = vec![Hop::decided(HopKind::Group, &groups.join(", "), group)];
            hops.extend(self.acl_hops(HopKind::Acl, subnet, true, flow, packet));
            hops.push(self.route_to_remote_endpoint(subnet, path, packet));
            hops
        });
        let mut open = parts.into_iter().filter(|hops| result_of(hops) != HopResult::Stops);
        open.next().and_then(|hops| hops.into_iter().next_back())
    }

    /// The hop along the route of the function's subnet that takes a packet to another network; it stops where the route
    /// leads to none that may have an endpoint.
    fn route_to_remote_endpoint(&self, subnet: &'a Subnet, path: &[Hop], packet: &Packet) -> Hop {
        let kind = HopKind::Beyond;
        let (table, _) = match self.index.table_of(subnet) {
            Ok(found) => found,
            Err(gap) => return Hop::unknown(kind, &subnet.id, gap),
        };
        let choice = routes::choose(self.index, &table.routes, Side::Remote, packet, Family::V4);
        let maybe = choice.maybe.iter().map(|(route, _)| *route);
        let mut leads = choice.routes.iter().copied().chain(maybe);
        let Some(route) = leads.find(|route| self.may_reach_remote_endpoint(subnet, path, route)) else {
            return Hop::stops(kind, &table.id, format!("{} leads to no endpoint in another network", table.id));
        };
        let to = &route.target;
        let far = self.index.other_end(to, &subnet.vpc);
        let over = if to.is_empty() { "a target of a kind that is not understood" } else { to };
        let message = format!(
            "{} has no way to X-Ray's public addresses; whether its name leads to an endpoint shared over {over}{far} is \
             not seen here",
            subnet.id
        );
        let id = if to.is_empty() { &table.id } else { to };
        Hop::unknown(kind, id, Gap::unprovable(id, message))
    }

    /// Whether a route may lead to another network that has an endpoint.
    fn may_reach_remote_endpoint(&self, from: &Subnet, path: &[Hop], route: &Route) -> bool {
        let to = &route.target;
        let shut = |hop: &Hop| hop.kind == HopKind::Transit && hop.result == HopResult::Stops && hop.id == *to;
        let may = match RouteTarget::of(route) {
            RouteTarget::Peering => match self.index.peering(to) {
                Ok(Some(peering)) => {
                    // AWS leaves out an end that it does not describe.
                    let mut far = peering.ends.iter().filter(|end| end.vpc != from.vpc).peekable();
                    let may = far.peek().is_none() || far.any(|end| !self.peer_has_no_endpoint(end));
                    may && peering.status.eq_ignore_ascii_case("active")
                }
                Ok(None) => self.is_fully_listed(from).is_err(),
                Err(_) => true,
            },
            RouteTarget::Transit => {
                let own = AddressSet::read(Family::V4, std::iter::once(&route.destination)).unwrap_or_default();
                // A route to private addresses only is meant for another network. A default route may be meant for the
                // internet, and that path was decided already.
                let default = !own.and(&PUBLIC).is_empty();
                !(path.iter().any(shut) || default && self.transit_has_no_endpoint(to, from))
            }
            RouteTarget::CoreNetwork | RouteTarget::Other => true,
            _ => false,
        };
        may && !route.state.eq_ignore_ascii_case("blackhole")
    }

    /// Whether a peer is a VPC of this account and region without an X-Ray endpoint. Networks behind it do not matter:
    /// peering is not transitive
    /// (<https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>).
    fn peer_has_no_endpoint(&self, end: &PeeredVpc) -> bool {
        let endpoints = &self.index.network.endpoints;
        self.account == Some(&end.owner)
            && end.region == self.region
            && endpoints.rest.get().is_ok()
            && !self.has_endpoint(&end.vpc)
    }

    fn has_endpoint(&self, vpc: &str) -> bool {
        let is_xray = |endpoint: &&VpcEndpoint| {
            [XrayName::Plain, XrayName::Fips].iter().any(|service| is_xray(endpoint, self.region, *service))
        };
        self.index.endpoints_in(vpc).iter().any(is_xray)
    }

    /// Whether a transit gateway of this account connects only VPCs of this account, and none but the function's own has an
    /// X-Ray endpoint.
    fn transit_has_no_endpoint(&self, gateway: &str, from: &Subnet) -> bool {
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
