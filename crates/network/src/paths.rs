//! The path from each subnet of a function to X-Ray: the name first, then the hops to where it leads.

use std::rc::Rc;

use gatelight_model::{
    Gap,
    inventory::{Subnet, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family, NAT64, PUBLIC},
    cache::PathKey,
    dns::Resolution,
    firewall::{self, Remote},
    hop::{Hop, HopKind, HopResult, PathFromSubnet, result_of},
    service::{XrayName, is_xray},
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// The path from each of the function's subnets, decided once for all functions in the same position.
    #[must_use]
    pub fn paths(&self) -> Rc<Vec<PathFromSubnet>> {
        self.index.cache.paths(self.key(), || self.vpc.subnets.iter().map(|subnet| self.path_from(subnet)).collect())
    }

    /// What the paths depend on.
    pub(crate) fn key(&self) -> PathKey {
        PathKey {
            subnets: self.vpc.subnets.clone(),
            security_groups: self.vpc.security_groups.clone(),
            ipv6: self.vpc.ipv6,
            managed: self.managed,
            fips: self.fips,
            account: self.account.map(str::to_owned),
            role: self.depends_on_role().then(|| self.role.to_owned()),
        }
    }

    /// Whether an endpoint's policy may allow one role what it denies another.
    fn depends_on_role(&self) -> bool {
        // A private hosted zone may lead to one of another network.
        self.index.network.endpoints.seen.iter().any(|own| {
            let xray = [XrayName::Plain, XrayName::Fips].iter().any(|name| is_xray(own, self.region, *name));
            xray && !self.allows_everyone(own)
        })
    }

    /// The path from one subnet of the function.
    fn path_from(&self, id: &'a str) -> PathFromSubnet {
        let subnet = match self.index.subnet(id) {
            Ok(subnet) => subnet,
            Err(gap) => {
                let result = HopResult::Unknown(gap.clone());
                let hops = vec![Hop::unknown(HopKind::Subnet, id, gap)];
                return PathFromSubnet {
                    subnet: id.to_owned(),
                    zone: None,
                    vpc: None,
                    hops,
                    result,
                    telemetry_refusal: None,
                };
            }
        };
        let (hops, result) = self.hops_by_either_name(subnet);
        let (zone, vpc) = (Some(subnet.zone.clone()), Some(subnet.vpc.clone()));
        let arrives = result == HopResult::Through;
        let telemetry_refusal = arrives.then(|| self.telemetry_refusal(&hops)).flatten();
        PathFromSubnet { subnet: id.to_owned(), zone, vpc, hops, result, telemetry_refusal }
    }

    /// The hops by the name that the function uses, and what they add up to. Where it may use either name, both are tried.
    fn hops_by_either_name(&self, subnet: &'a Subnet) -> (Vec<Hop>, HopResult) {
        let (plain, plain_result) = self.hops_by_name(subnet, XrayName::Plain);
        if !self.fips {
            return (plain, plain_result);
        }
        let (fips, fips_result) = self.hops_by_name(subnet, XrayName::Fips);
        match (&plain_result, &fips_result) {
            (HopResult::Unknown(_), _) => (plain, plain_result),
            _ if plain_result == fips_result => (plain, plain_result),
            (_, HopResult::Unknown(_)) => (fips, fips_result),
            _ => {
                let [arrive, stop] =
                    if fips_result == HopResult::Stops { ["plain", "FIPS"] } else { ["FIPS", "plain"] };
                let why = fips.iter().chain(&plain).find(|hop| hop.result == HopResult::Stops);
                let why = why.map_or("", |hop| hop.message.as_str());
                let message = format!(
                    "whether AWS_USE_FIPS_ENDPOINT is on is not known, as values are not read: by X-Ray's {arrive} name \
                     packets arrive, by its {stop} name they stop ({why})"
                );
                let hops = vec![Hop::unprovable(HopKind::Name, &subnet.vpc, message)];
                let result = result_of(&hops);
                (hops, result)
            }
        }
    }

    /// The hops by one of X-Ray's names, and what they add up to.
    fn hops_by_name(&self, subnet: &'a Subnet, name: XrayName) -> (Vec<Hop>, HopResult) {
        let (hops, ask_zones) = self.hops_without_zones(subnet, name);
        let result = result_of(&hops);
        if ask_zones { self.with_hosted_zone(subnet, name, hops, result) } else { (hops, result) }
    }

    /// The VPCs of the function whose private hosted zones may change what its packets come to.
    pub(crate) fn vpcs_whose_zones_matter(&self) -> impl Iterator<Item = &'a str> {
        let subnets = self.vpc.subnets.iter().filter_map(|id| self.index.subnet(id).ok());
        let names = if self.fips { &[XrayName::Plain, XrayName::Fips][..] } else { &[XrayName::Plain] };
        let matter = |subnet: &'a Subnet, name: XrayName| {
            let (hops, ask_zones) = self.hops_without_zones(subnet, name);
            let result = result_of(&hops);
            ask_zones && self.zone_matters(subnet, &hops, &result) != Ok(false)
        };
        subnets.filter(move |subnet| names.iter().any(|name| matter(subnet, *name))).map(|subnet| subnet.vpc.as_str())
    }

    /// The hops by one of X-Ray's names as if no private hosted zone answered it, and whether one may.
    fn hops_without_zones(&self, subnet: &'a Subnet, name: XrayName) -> (Vec<Hop>, bool) {
        // Where the name surely leads to an endpoint of this VPC, no endpoint in another network can answer it.
        match self.resolve(subnet, name) {
            Ok(Resolution::Endpoint(endpoint)) => (self.hops_to_endpoint(subnet, endpoint), false),
            Ok(Resolution::Public) => (self.hops_to_public_addresses(subnet), true),
            Ok(Resolution::Nowhere(message)) => (vec![Hop::stops(HopKind::Name, &subnet.vpc, message)], false),
            // Packets that stop before they reach public addresses never reach X-Ray, whether or not the name resolves.
            Ok(Resolution::PublicOrNowhere(gap)) => {
                let unknown = Hop::unknown(HopKind::Name, &subnet.vpc, gap);
                (
                    std::iter::once(unknown).chain(self.hops_to_public_addresses(subnet).into_iter().skip(1)).collect(),
                    true,
                )
            }
            Ok(Resolution::EndpointOrPublic(endpoint, gap)) => {
                (self.hops_to_endpoint_or_public(subnet, endpoint, gap), true)
            }
            Err(gap) => {
                let unknown = Hop::unknown(HopKind::Name, &subnet.vpc, gap);
                (std::iter::once(unknown).chain(self.no_group_allows_anything()).collect(), false)
            }
        }
    }

    /// The hops where the name leads either to an endpoint or to public addresses. If both stop, those to the endpoint.
    fn hops_to_endpoint_or_public(&self, subnet: &'a Subnet, endpoint: &'a VpcEndpoint, gap: Gap) -> Vec<Hop> {
        let unknown = Hop::unknown(HopKind::Name, &subnet.vpc, gap);
        let (to_endpoint, to_public) = (self.hops_to_endpoint(subnet, endpoint), self.hops_to_public_addresses(subnet));
        if result_of(&to_endpoint) == HopResult::Stops && result_of(&to_public) == HopResult::Stops {
            return std::iter::once(unknown).chain(to_endpoint.into_iter().skip(1)).collect();
        }
        std::iter::once(unknown).chain(self.no_group_allows_anything()).collect()
    }

    /// The hop at which every packet stops, if the function's security groups allow nothing out.
    fn no_group_allows_anything(&self) -> Option<Hop> {
        let groups = &self.vpc.security_groups;
        let is_empty = |family| firewall::allowed_out(self.index, groups, family).is_some_and(|set| set.is_empty());
        let nothing = is_empty(Family::V4) && (!self.vpc.ipv6 || is_empty(Family::V6));
        let groups = groups.join(", ");
        nothing.then(|| Hop::stops(HopKind::Group, &groups, format!("{groups}: tcp 443 is let out to nowhere")))
    }

    /// The hops to a public address by IPv4 or, where that does not get through, by the IPv6 address that DNS64 makes of it.
    fn hops_to_public_addresses(&self, subnet: &'a Subnet) -> Vec<Hop> {
        let name = Hop::through(
            HopKind::Name,
            &subnet.vpc,
            format!("no usable xray endpoint with private DNS in {}: a public address", subnet.vpc),
        );
        let mut ipv4 = vec![name];
        ipv4.extend(self.hops_out(subnet, Family::V4));
        if result_of(&ipv4) == HopResult::Through || !(self.vpc.ipv6 && subnet.dns64) {
            return ipv4;
        }
        let ipv6 = self.hops_out(subnet, Family::V6);
        if result_of(&ipv6) == HopResult::Stops { ipv4 } else { ipv6 }
    }

    /// The hops out of the function's subnet to public addresses.
    fn hops_out(&self, subnet: &'a Subnet, family: Family) -> Vec<Hop> {
        let target: &AddressSet = if family == Family::V4 { &PUBLIC } else { &NAT64 };
        let remote = Remote::new(family, target, &[], "public addresses");
        let groups = &self.vpc.security_groups;
        let group = firewall::groups_allow(self.index, groups, true, remote);
        let mut hops = vec![Hop::decided(HopKind::Group, &groups.join(", "), group)];
        hops.extend(self.acl_hops(HopKind::Acl, subnet, true, remote));
        // Only addresses that the groups allow are routed.
        let allowed = firewall::allowed_out(self.index, groups, family).map(|allowed| allowed.and(target));
        let allowed = allowed.filter(|allowed| !allowed.is_empty());
        hops.extend(self.hops_by_routes(subnet, family, allowed.as_ref().unwrap_or(target)));
        hops
    }
}
