//! The path from each subnet of a function to X-Ray: the name first, then the hops to where it leads.

use std::rc::Rc;

use gatelight_model::{Gap, inventory::Subnet};

use crate::{
    address_set::{AddressSet, Family, PUBLIC, everything},
    cache::PathKey,
    dns::Resolution,
    firewall::{self, Flow, HTTPS, Remote},
    hop::{Hop, HopKind, HopResult, PathFromSubnet, result_of},
    packet::{Packet, each_part, join_parts},
    routes,
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

    /// The hops by one of X-Ray's names, and what they add up to. Where the name may lead to one thing or another, and all
    /// come to one result, it is that one.
    fn hops_by_name(&self, subnet: &'a Subnet, name: XrayName) -> (Vec<Hop>, HopResult) {
        let names = self.resolve(subnet, name);
        let ways: Vec<_> = names.all.iter().map(|one| self.hops_to(subnet, name, one)).collect();
        let (true, Some(why)) = (ways.len() > 1, names.why) else {
            let none =
                || (Vec::new(), HopResult::Unknown(Gap::unprovable(&subnet.vpc, "the name leads nowhere known")));
            return ways.into_iter().next().unwrap_or_else(none);
        };
        let all = |wanted: HopResult| ways.iter().all(|(_, result)| *result == wanted);
        // An endpoint's policy may refuse the statistics about traces, which public addresses take.
        let statistics = |hops: &[Hop]| self.telemetry_refusal(hops).map(|refusal| refusal.result);
        let alike = ways.windows(2).all(|two| matches!(two, [a, b] if statistics(&a.0) == statistics(&b.0)));
        if all(HopResult::Through) && alike {
            return ways.into_iter().next().unwrap_or_else(|| (Vec::new(), HopResult::Through));
        }
        let unknown = Hop::unknown(HopKind::Name, &subnet.vpc, why.clone());
        let behind_name = |hops: Vec<Hop>| {
            let rest = hops.into_iter().skip_while(|hop| hop.kind == HopKind::Name && hop.result == HopResult::Through);
            std::iter::once(unknown.clone()).chain(rest).collect()
        };
        if all(HopResult::Stops) {
            let first = ways.into_iter().next().map(|(hops, _)| hops).unwrap_or_default();
            return (behind_name(first), HopResult::Stops);
        }
        // Where one way arrives, or is not listed, what matters is which it is.
        let unlisted = |at: usize| matches!(names.all.get(at), Some(Resolution::UnlistedEndpoint));
        let is_open = |at: usize, result: &HopResult| match result {
            HopResult::Through => true,
            HopResult::Stops => false,
            HopResult::Unknown(_) => unlisted(at),
        };
        let open = ways.iter().enumerate().any(|(at, (_, result))| is_open(at, result));
        let beyond = ways.into_iter().find(|(_, result)| matches!(result, HopResult::Unknown(_)));
        match beyond {
            Some((hops, result)) if !open => (behind_name(hops), result),
            _ => (vec![unknown], HopResult::Unknown(why)),
        }
    }

    /// The hops to what the name resolves to, and what they add up to.
    fn hops_to(&self, subnet: &'a Subnet, name: XrayName, resolution: &Resolution<'a>) -> (Vec<Hop>, HopResult) {
        let hops = match resolution {
            Resolution::Endpoint(endpoint) => self.hops_to_endpoint(subnet, endpoint),
            Resolution::UnlistedEndpoint => self.hops_to_unlisted_endpoint(subnet),
            Resolution::Nowhere(hops) => hops.clone(),
            Resolution::Public => self.hops_to_public_addresses(subnet),
        };
        let result = result_of(&hops);
        // A hosted zone or an endpoint in another network can answer only a name that no endpoint of this VPC surely has.
        if matches!(resolution, Resolution::Public) {
            return self.with_hosted_zone(subnet, name, hops, result);
        }
        (hops, result)
    }

    /// The VPCs of the function whose private hosted zones may change what its packets come to.
    pub(crate) fn vpcs_whose_zones_matter(&self) -> impl Iterator<Item = &'a str> {
        let subnets = self.vpc.subnets.iter().filter_map(|id| self.index.subnet(id).ok());
        let names = if self.fips { &[XrayName::Plain, XrayName::Fips][..] } else { &[XrayName::Plain] };
        let matter = |subnet: &'a Subnet, name: XrayName| {
            let is_public = |one: &Resolution<'_>| matches!(one, Resolution::Public);
            self.resolve(subnet, name).all.iter().any(is_public) && {
                let hops = self.hops_to_public_addresses(subnet);
                self.zone_matters(subnet, &hops, &result_of(&hops)) != Ok(false)
            }
        };
        subnets.filter(move |subnet| names.iter().any(|name| matter(subnet, *name))).map(|subnet| subnet.vpc.as_str())
    }

    /// The hops to an endpoint of the VPC that was not listed: it has some address of the VPC, and some security group.
    fn hops_to_unlisted_endpoint(&self, subnet: &'a Subnet) -> Vec<Hop> {
        let groups = &self.vpc.security_groups;
        let shut = |family, to: &AddressSet| firewall::lets_nothing_out(self.index, groups, HTTPS, family, to);
        let all = everything(Family::V4);
        let own = self.index.vpc(&subnet.vpc).ok().and_then(|vpc| AddressSet::read(Family::V4, &vpc.cidrs).ok());
        let names = groups.join(", ");
        let message = if self.vpc.ipv6 && !shut(Family::V6, &everything(Family::V6)) {
            None
        } else if shut(Family::V4, &all) {
            Some(format!("{names}: tcp 443 is let out to nowhere"))
        } else {
            let nothing = shut(Family::V4, own.as_ref().unwrap_or(&all));
            nothing.then(|| format!("{names}: tcp 443 is let out to no address of {}", subnet.vpc))
        };
        if let Some(message) = message {
            return vec![Hop::stops(HopKind::Group, &names, message)];
        }
        let message = format!("not all endpoints of {} are known", subnet.vpc);
        vec![Hop::unprovable(HopKind::Name, &subnet.vpc, message)]
    }

    /// The hops to a public address by IPv4 or, where that does not get through, by the IPv6 address that DNS64 makes of it.
    fn hops_to_public_addresses(&self, subnet: &'a Subnet) -> Vec<Hop> {
        let name = Hop::through(
            HopKind::Name,
            &subnet.vpc,
            format!("no usable xray endpoint with private DNS in {}: a public address", subnet.vpc),
        );
        let range = match Self::range(subnet) {
            Ok(range) => range,
            Err(gap) => return vec![name, Hop::unknown(HopKind::Subnet, &subnet.id, gap)],
        };
        let packet = Packet::new(range, self.public_addresses_outside(subnet));
        let mut ipv4 = vec![name];
        ipv4.extend(self.hops_out(subnet, packet.clone()));
        if result_of(&ipv4) == HopResult::Through || !(self.vpc.ipv6 && subnet.dns64) {
            return ipv4;
        }
        let ipv6 = self.hops_out(subnet, packet.through_nat64());
        if result_of(&ipv6) == HopResult::Stops { ipv4 } else { ipv6 }
    }

    /// The public addresses that are not the VPC's own: X-Ray has none of those.
    fn public_addresses_outside(&self, subnet: &Subnet) -> AddressSet {
        let vpc = self.index.vpc(&subnet.vpc).ok();
        let own = vpc.and_then(|vpc| AddressSet::read(Family::V4, &vpc.cidrs).ok()).unwrap_or_default();
        let local = self.index.table_of(subnet).map(|(table, _)| routes::kept_local(&table.routes));
        PUBLIC.minus(&own).minus(&local.unwrap_or_default())
    }

    /// The hops out of the function's subnet to public addresses.
    fn hops_out(&self, subnet: &'a Subnet, packet: Packet) -> Vec<Hop> {
        let flow = Flow::https(Remote::public(packet.family));
        let groups = &self.vpc.security_groups;
        join_parts(each_part(packet, |packet| {
            let group = firewall::groups_allow(self.index, groups, true, flow, packet);
            let mut hops = vec![Hop::decided(HopKind::Group, &groups.join(", "), group)];
            hops.extend(self.acl_hops(HopKind::Acl, subnet, true, flow, packet));
            hops.extend(self.hops_by_routes(subnet, packet));
            hops
        }))
    }
}
