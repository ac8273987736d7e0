//! Where a function's packets start, and what every hop needs to know of the function. It decides no path itself.

use gatelight_model::{
    Gap,
    inventory::{Function, FunctionVpc, Subnet, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family},
    firewall::{self, Flow, Remote},
    hop::{Hop, HopKind, HopResult, result_of},
    index::NetworkIndex,
    packet::{Packet, Side, each_part, join_parts},
    service::{XrayName, is_xray},
};

/// A function's position in its network, from which its paths are decided.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    /// The region's networks.
    pub index: &'a NetworkIndex<'a>,
    /// The region's name.
    pub region: &'a str,
    /// The account, if it is known.
    pub(crate) account: Option<&'a str>,
    /// The subnets and security groups of the interface that packets leave from.
    pub vpc: &'a FunctionVpc,
    /// Whether the function runs on managed instances.
    pub managed: bool,
    /// Whether it may use X-Ray's FIPS endpoint: the environment variable is set, but its value is not read.
    pub(crate) fips: bool,
    /// The ARN of the function's role.
    pub(crate) role: &'a str,
}

impl<'a> Walk<'a> {
    /// The position of this function; none if it is not in a VPC.
    ///
    /// # Errors
    /// If the network of its capacity provider could not be read.
    pub fn of(function: &'a Function, index: &'a NetworkIndex<'a>) -> Result<Option<Self>, Gap> {
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

    /// The interface endpoint of X-Ray in a VPC, whatever its state.
    #[must_use]
    pub fn xray_endpoint_in(&self, vpc: &str) -> Option<&'a VpcEndpoint> {
        self.index.endpoints_in(vpc).iter().copied().find(|endpoint| is_xray(endpoint, self.region, XrayName::Plain))
    }

    /// Whether a security group surely lets the function's packets in on TCP port 443 from the IPv4 CIDRs `ranges`.
    #[must_use]
    pub fn group_admits(&self, group: &String, ranges: &[String]) -> bool {
        let Ok(addresses) = AddressSet::read(Family::V4, ranges) else { return false };
        let groups = Some(self.vpc.security_groups.as_slice());
        let (family, side) = (Family::V4, Side::Function);
        let remote = Remote { family, side, groups, range: "", name: "the function" };
        let packet = Packet::new(addresses.clone(), AddressSet::default());
        let parts = each_part(packet, |packet| {
            let decided =
                firewall::groups_allow(self.index, std::slice::from_ref(group), false, Flow::https(remote), packet);
            vec![Hop::decided(HopKind::EndpointGroup, group, decided)]
        });
        !addresses.is_empty() && result_of(&join_parts(parts)) == HopResult::Through
    }

    /// Fails for a subnet that another account shares: AWS may not list everything that belongs to it.
    pub(crate) fn is_fully_listed(&self, subnet: &Subnet) -> Result<(), Gap> {
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

    /// The range that packets of the function come from.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn range(subnet: &Subnet) -> Result<AddressSet, Gap> {
        AddressSet::read(Family::V4, std::iter::once(&subnet.cidr))
            .map_err(|range| Gap::unprovable(&subnet.id, format!("the range {range} of {} cannot be read", subnet.id)))
    }

    /// The hops of a subnet's network ACL: to the service on the remote side and back to the sender's port, or from the
    /// remote side to the service and back.
    pub(crate) fn acl_hops(
        &self,
        kind: HopKind,
        subnet: &Subnet,
        to_remote: bool,
        flow: Flow<'_>,
        packet: &Packet,
    ) -> Vec<Hop> {
        let acl = match self.index.acl(&subnet.id) {
            Ok(acl) => acl,
            Err(gap) => return vec![Hop::unknown(kind, &subnet.id, gap)],
        };
        let there = firewall::acl_allows(acl, to_remote, false, flow, packet);
        let back = firewall::acl_allows(acl, !to_remote, true, flow, packet);
        [there, back].map(|decided| Hop::decided(kind, &acl.id, decided)).to_vec()
    }
}

/// The subnets and groups of the function, or of the capacity provider that it runs on.
fn network_of<'a>(function: &'a Function, index: &NetworkIndex<'a>) -> Result<Option<&'a FunctionVpc>, Gap> {
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
