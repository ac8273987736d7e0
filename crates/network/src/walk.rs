//! Where a function's packets start, and what every hop needs to know of the function. It decides no path itself.

use gatelight_model::{
    Gap,
    inventory::{Function, FunctionVpc, Subnet, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family},
    firewall::{self, EPHEMERAL, HTTPS, Remote},
    hop::{Hop, HopKind, HopResult},
    index::NetworkIndex,
    remedy::{Remedy, Traffic},
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
        let remote = Remote::new(Family::V4, &addresses, &self.vpc.security_groups, "the function");
        let decided = firewall::groups_allow(self.index, std::slice::from_ref(group), false, remote);
        !addresses.is_empty() && decided.result == HopResult::Through
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

    /// The hops of a subnet's network ACL: to port 443 of the remote side and back, or from the remote side to port 443 and
    /// back.
    pub(crate) fn acl_hops(&self, kind: HopKind, subnet: &Subnet, to_remote: bool, remote: Remote<'_>) -> Vec<Hop> {
        let acl = match self.index.acl(&subnet.id) {
            Ok(acl) => acl,
            Err(gap) => return vec![Hop::unknown(kind, &subnet.id, gap)],
        };
        let range = remote.addresses.as_ipv4_range();
        let ways = [(to_remote, HTTPS, (443, 443)), (!to_remote, EPHEMERAL, (1024, 65535))];
        let ways = ways.map(|(outbound, ports, numbers)| {
            let decided = firewall::acl_allows(acl, outbound, ports, remote);
            let before = decided.rule.as_ref().and_then(|rule| rule.parse().ok());
            let traffic = Traffic { outbound, protocol: "tcp", ports: numbers, range: range.clone() };
            Hop::decided(kind, &acl.id, decided).with(Remedy::AclEntry { acl: acl.id.clone(), traffic, before })
        });
        ways.to_vec()
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
