//! The way from one subnet of a function to X-Ray, hop by hop.

use std::rc::Rc;

use gatelight_model::{
    Gap,
    inventory::{Function, FunctionVpc, Subnet, VpcEndpoint},
};

use super::{
    endpoint::is_xray,
    firewall::{self, EPHEMERAL, HTTPS, Peer},
    hop::{Hop, HopResult, PathFromSubnet, Place, end},
    index::Index,
};
use crate::{
    address_set::{AddressSet, Family, NAT64, PUBLIC},
    cache::Key,
    dns::{Resolution, Service},
};

/// Who walks.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    /// The region's networks.
    pub index: &'a Index<'a>,
    /// The region's name.
    pub region: &'a str,
    /// The account, if it is known.
    pub(crate) account: Option<&'a str>,
    /// The VPC, subnets and security groups that packets start in.
    pub vpc: &'a FunctionVpc,
    /// Whether this is the network of managed instances.
    pub managed: bool,
    /// Whether it may be told to use X-Ray's FIPS endpoint. That the variable is set is known, and not to what.
    pub(crate) fips: bool,
    /// The ARN of the function's role.
    pub(crate) role: &'a str,
}

impl<'a> Walk<'a> {
    /// From where this function is; none if it is in no VPC.
    ///
    /// # Errors
    /// If the network of its capacity provider is not known.
    pub fn of(function: &'a Function, index: &'a Index<'a>) -> Result<Option<Self>, Gap> {
        let vpc = network_of(function, index)?;
        Ok(vpc.map(|vpc| Self {
            index,
            region: &index.region.name,
            account: index.account_of(function),
            vpc,
            managed: function.capacity_provider.is_some(),
            fips: function.tracing_variables.iter().any(|variable| variable == "AWS_USE_FIPS_ENDPOINT"),
            role: &function.role,
        }))
    }

    /// The ways from all its subnets.
    #[must_use]
    pub fn paths(&self) -> Rc<Vec<PathFromSubnet>> {
        let key = Key {
            subnets: self.vpc.subnets.clone(),
            security_groups: self.vpc.security_groups.clone(),
            ipv6: self.vpc.ipv6,
            managed: self.managed,
            fips: self.fips,
            account: self.account.map(str::to_owned),
            role: self.meets_policy().then(|| self.role.to_owned()),
        };
        self.index.memo.paths(key, || self.vpc.subnets.iter().map(|subnet| self.from(subnet)).collect())
    }

    /// The interface endpoint of X-Ray in a VPC, whatever its state.
    #[must_use]
    pub fn xray_endpoint_in(&self, vpc: &str) -> Option<&'a VpcEndpoint> {
        self.index.endpoints_in(vpc).iter().copied().find(|own| is_xray(own, self.region, Service::Plain))
    }

    /// Whether a security group surely lets the function's packets in on port 443 from IPv4 `ranges`. `peer` names them.
    #[must_use]
    pub fn group_lets_in(&self, group: &String, ranges: &[String], peer: &str) -> bool {
        let Ok(addresses) = AddressSet::read(Family::V4, ranges) else { return false };
        let peer = Self::peer(Family::V4, &addresses, &self.vpc.security_groups, peer);
        let decided = firewall::groups_let(self.index, std::slice::from_ref(group), false, peer);
        !addresses.is_empty() && decided.passage == HopResult::Through
    }

    /// Whether the policy of an endpoint may treat one role otherwise than another.
    fn meets_policy(&self) -> bool {
        let vpcs = self.vpc.subnets.iter().filter_map(|subnet| Some(self.index.subnet(subnet).ok()?.vpc.as_str()));
        let mut endpoints = vpcs.flat_map(|vpc| self.index.endpoints_in(vpc));
        endpoints.any(|own| {
            let xray = [Service::Plain, Service::Fips].iter().any(|service| is_xray(own, self.region, *service));
            xray && !self.is_open(own)
        })
    }

    /// The way from a subnet of the function.
    fn from(&self, id: &'a str) -> PathFromSubnet {
        let subnet = match self.index.subnet(id) {
            Ok(subnet) => subnet,
            Err(gap) => {
                let end = HopResult::Unknown(gap.clone());
                let hops = vec![Hop::unknown(Place::Subnet, id, gap)];
                return PathFromSubnet { subnet: id.to_owned(), zone: None, vpc: None, hops, end };
            }
        };
        let (hops, end) = self.hops(subnet);
        let (zone, vpc) = (Some(subnet.zone.clone()), Some(subnet.vpc.clone()));
        PathFromSubnet { subnet: id.to_owned(), zone, vpc, hops, end }
    }

    /// The hops by the one name that the function uses, or by both if it is not known by which; and what they come to.
    fn hops(&self, subnet: &'a Subnet) -> (Vec<Hop>, HopResult) {
        let (plain, plain_end) = self.by_name(subnet, Service::Plain);
        if !self.fips {
            return (plain, plain_end);
        }
        let (fips, fips_end) = self.by_name(subnet, Service::Fips);
        match (&plain_end, &fips_end) {
            (HopResult::Unknown(_), _) => (plain, plain_end),
            _ if plain_end == fips_end => (plain, plain_end),
            (_, HopResult::Unknown(_)) => (fips, fips_end),
            _ => {
                let [arrive, stop] = if fips_end == HopResult::Stops { ["plain", "FIPS"] } else { ["FIPS", "plain"] };
                let why = fips.iter().chain(&plain).find(|hop| hop.passage == HopResult::Stops);
                let why = why.map_or("", |hop| hop.says.as_str());
                let says = format!(
                    "whether AWS_USE_FIPS_ENDPOINT is on is not known, as values are not read: by X-Ray's {arrive} name \
                     packets arrive, by its {stop} name they stop ({why})"
                );
                let hops = vec![Hop::unprovable(Place::Name, &subnet.vpc, says)];
                let end = end(&hops);
                (hops, end)
            }
        }
    }

    fn by_name(&self, subnet: &'a Subnet, service: Service) -> (Vec<Hop>, HopResult) {
        // An endpoint of the VPC's own that surely has the name leaves it to no other.
        let (mut hops, elsewhere) = match self.name(subnet, service) {
            Ok(Resolution::Endpoint(endpoint)) => (self.by_endpoint(subnet, endpoint), false),
            Ok(Resolution::Public) => (self.by_public_address(subnet), true),
            Ok(Resolution::Nowhere(says)) => (vec![Hop::stops(Place::Name, &subnet.vpc, says)], false),
            // What stops on the way to public addresses does not get to X-Ray, whether or not the name is answered.
            Ok(Resolution::Perhaps(gap)) => {
                let unknown = Hop::unknown(Place::Name, &subnet.vpc, gap);
                (std::iter::once(unknown).chain(self.by_public_address(subnet).into_iter().skip(1)).collect(), true)
            }
            Ok(Resolution::Either(endpoint, gap)) => (self.by_either(subnet, endpoint, gap), true),
            Err(gap) => {
                let unknown = Hop::unknown(Place::Name, &subnet.vpc, gap);
                (std::iter::once(unknown).chain(self.shut()).collect(), false)
            }
        };
        let end = end(&hops);
        if elsewhere
            && end == HopResult::Stops
            && let Some(beyond) = self.elsewhere(subnet, &hops)
        {
            let perhaps = beyond.passage.clone();
            hops.push(beyond);
            return (hops, perhaps);
        }
        (hops, end)
    }

    /// To an endpoint or to public addresses, it is not known which: the way to the endpoint, if both stop.
    fn by_either(&self, subnet: &'a Subnet, endpoint: &'a VpcEndpoint, gap: Gap) -> Vec<Hop> {
        let unknown = Hop::unknown(Place::Name, &subnet.vpc, gap);
        let (to_endpoint, to_public) = (self.by_endpoint(subnet, endpoint), self.by_public_address(subnet));
        if end(&to_endpoint) == HopResult::Stops && end(&to_public) == HopResult::Stops {
            return std::iter::once(unknown).chain(to_endpoint.into_iter().skip(1)).collect();
        }
        std::iter::once(unknown).chain(self.shut()).collect()
    }

    /// Groups that let nothing out stop every packet, wherever it is going.
    fn shut(&self) -> Option<Hop> {
        let groups = &self.vpc.security_groups;
        let nothing = |family| firewall::let_out(self.index, groups, family).is_some_and(|set| set.is_empty());
        let shut = nothing(Family::V4) && (!self.vpc.ipv6 || nothing(Family::V6));
        let groups = groups.join(", ");
        shut.then(|| Hop::stops(Place::Group, &groups, format!("{groups}: tcp 443 is let out to nowhere")))
    }

    /// Whether a subnet may be shared by another account, of which not everything is listed.
    pub(crate) fn shared(&self, subnet: &Subnet) -> Result<(), Gap> {
        let owner = &subnet.owner;
        match self.account {
            _ if owner.is_empty() => Ok(()),
            Some(own) if own == owner => Ok(()),
            _ => {
                let id = &subnet.id;
                let why =
                    format!("{id} is shared by account {owner}, of whose network AWS may not list everything here");
                Err(Gap::unprovable(id, why))
            }
        }
    }

    pub(crate) fn peer<'b>(family: Family, addresses: &'b AddressSet, groups: &'b [String], name: &'b str) -> Peer<'b> {
        Peer { family, addresses, groups, name }
    }

    /// A public address by IPv4 and, where that has no way, by the IPv6 address that DNS64 makes of it.
    fn by_public_address(&self, subnet: &'a Subnet) -> Vec<Hop> {
        let name = Hop::through(
            Place::Name,
            &subnet.vpc,
            format!("no usable xray endpoint with private DNS in {}: a public address", subnet.vpc),
        );
        let mut ipv4 = vec![name];
        ipv4.extend(self.out(subnet, Family::V4));
        if end(&ipv4) == HopResult::Through || !(self.vpc.ipv6 && subnet.dns64) {
            return ipv4;
        }
        let ipv6 = self.out(subnet, Family::V6);
        if end(&ipv6) == HopResult::Stops { ipv4 } else { ipv6 }
    }

    fn out(&self, subnet: &'a Subnet, family: Family) -> Vec<Hop> {
        let target: &AddressSet = if family == Family::V4 { &PUBLIC } else { &NAT64 };
        let peer = Self::peer(family, target, &[], "public addresses");
        let groups = &self.vpc.security_groups;
        let group = firewall::groups_let(self.index, groups, true, peer);
        let mut hops = vec![Hop::decided(Place::Group, &groups.join(", "), group)];
        hops.extend(self.acl(Place::Acl, subnet, true, peer));
        // What becomes of addresses that the groups stop does not matter any more.
        let let_out = firewall::let_out(self.index, groups, family).map(|let_out| let_out.and(target));
        let left = let_out.filter(|left| !left.is_empty());
        hops.extend(self.by_routes(subnet, family, left.as_ref().unwrap_or(target)));
        hops
    }

    /// The network ACL of a subnet: to the peer's port 443 and back, or from the peer to port 443 and back.
    pub(crate) fn acl(&self, place: Place, subnet: &Subnet, to_peer: bool, peer: Peer<'_>) -> Vec<Hop> {
        let acl = match self.index.acl(&subnet.id) {
            Ok(acl) => acl,
            Err(gap) => return vec![Hop::unknown(place, &subnet.id, gap)],
        };
        let there = firewall::acl_lets(acl, to_peer, HTTPS, peer);
        let back = firewall::acl_lets(acl, !to_peer, EPHEMERAL, peer);
        [there, back].map(|decided| Hop::decided(place, &acl.id, decided)).to_vec()
    }
}

/// The network that the function's packets start in.
fn network_of<'a>(function: &'a Function, index: &Index<'a>) -> Result<Option<&'a FunctionVpc>, Gap> {
    let Some(arn) = &function.capacity_provider else {
        return Ok(function.vpc.as_ref().filter(|vpc| !vpc.subnets.is_empty()));
    };
    let mut answers = index.region.capacity_providers.iter();
    let answer = answers.find(|answer| answer.arn == *arn);
    let vpc = answer.ok_or_else(|| Gap::not_collected(format!("capacity provider {arn}")))?.vpc.get()?;
    if vpc.subnets.is_empty() {
        return Err(Gap::unprovable(arn, format!("AWS names no subnet of capacity provider {arn}")));
    }
    Ok(Some(vpc))
}
