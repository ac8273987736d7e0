//! What X-Ray's name resolves to in a VPC.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gatelight_model::{
    Gap, all, any,
    inventory::{Subnet, VpcEndpoint},
};
use ipnet::Ipv4Net;

use crate::{
    service::{XrayName, is_xray},
    walk::Walk,
};

/// What a name resolves to.
#[derive(Clone, Debug)]
pub(crate) enum Resolution<'a> {
    /// The private addresses of an endpoint.
    Endpoint(&'a VpcEndpoint),
    /// Public addresses.
    Public,
    /// An endpoint, public addresses or nothing; why that is not known.
    EndpointOrPublic(&'a VpcEndpoint, Gap),
    /// Public addresses or nothing; why that is not known.
    PublicOrNowhere(Gap),
    /// Nothing; why no server answers.
    Nowhere(String),
}

impl<'a> Walk<'a> {
    /// What the name resolves to in the subnet's VPC.
    ///
    /// With private DNS an endpoint answers the public name, if both DNS attributes of the VPC are on
    /// (<https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html>). With `enableDnsSupport` off,
    /// Amazon's DNS server answers nothing (<https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>).
    ///
    /// # Errors
    /// If the VPC's endpoints are not all known.
    pub(crate) fn resolve(&self, subnet: &Subnet, name: XrayName) -> Result<Resolution<'a>, Gap> {
        let vpc = &subnet.vpc;
        if !name.exists(self.region) {
            let message = format!("{} has no endpoint {}", self.region, name.label());
            return Ok(Resolution::Nowhere(message));
        }
        let named = |endpoint: &&&'a VpcEndpoint| {
            is_xray(endpoint, self.region, name)
                && endpoint.private_dns
                && endpoint.state.eq_ignore_ascii_case("available")
        };
        let mut endpoints = self.index.endpoints_in(vpc).iter().filter(named);
        let Some(endpoint) = endpoints.next() else {
            self.index.network.endpoints.rest.get()?;
            self.is_fully_listed(subnet)?;
            return Ok(self.resolve_publicly(vpc));
        };
        let resolves = self.dns_attributes_on(vpc);
        if resolves == Ok(false) {
            return Ok(self.resolve_publicly(vpc));
        }
        if endpoints.next().is_some() {
            let why =
                format!("several xray endpoints of {vpc} have private DNS, and which of them is used is not known");
            return Err(Gap::unprovable(vpc, why));
        }
        Ok(match resolves.and_then(|_| self.custom_dns_server(vpc)) {
            Err(gap) => Resolution::EndpointOrPublic(endpoint, gap),
            Ok(None) => Resolution::Endpoint(endpoint),
            Ok(Some(server)) => {
                let why = format!(
                    "{vpc} has a DNS server of its own, {server}: whether X-Ray's name leads to {} there is not seen here",
                    endpoint.id
                );
                Resolution::EndpointOrPublic(endpoint, Gap::unprovable(vpc, why))
            }
        })
    }

    /// Public addresses, if any DNS server answers.
    fn resolve_publicly(&self, vpc: &str) -> Resolution<'a> {
        let support = self.index.vpc(vpc).and_then(|vpc| vpc.dns_support.get().copied());
        if support == Ok(true) {
            return Resolution::Public;
        }
        // The owner's DNS server answers even if Amazon's does not.
        match any([support, self.custom_dns_server(vpc).map(|server| server.is_some())]) {
            Ok(true) => Resolution::Public,
            Ok(false) => Resolution::Nowhere(format!(
                "enableDnsSupport of {vpc} is off, so no DNS server answers X-Ray's name there"
            )),
            Err(gap) => Resolution::PublicOrNowhere(gap),
        }
    }

    /// Whether both DNS attributes of a VPC are on, as the private DNS of endpoints needs.
    ///
    /// # Errors
    /// If an attribute could not be read.
    pub fn dns_attributes_on(&self, vpc: &str) -> Result<bool, Gap> {
        let vpc = self.index.vpc(vpc)?;
        all([&vpc.dns_support, &vpc.dns_hostnames].map(|attribute| attribute.get().copied()))
    }

    /// The first DNS server of a VPC that is not Amazon's.
    ///
    /// # Errors
    /// If the servers could not be read, or it is not known whether one of them is Amazon's.
    pub(crate) fn custom_dns_server(&self, vpc: &str) -> Result<Option<&'a str>, Gap> {
        let vpc = self.index.vpc(vpc)?;
        // `default`: the set that AWS provides, which has no id of its own.
        let servers = match vpc.dhcp_options.as_deref().filter(|id| !id.is_empty() && *id != "default") {
            Some(id) => self.index.dhcp(id)?.dns_servers.as_slice(),
            None => &[],
        };
        let resolver = |server: &String| is_amazons(server, &vpc.cidrs);
        if let Some(custom) = servers.iter().find(|server| resolver(server) == Some(false)) {
            return Ok(Some(custom));
        }
        servers.iter().find(|server| resolver(server).is_none()).map_or(Ok(None), |server| {
            let why = format!(
                "DNS server {server} is Amazon's if it belongs to the primary range of {}, and which one that is is not read",
                vpc.id
            );
            Err(Gap::unprovable(&vpc.id, why))
        })
    }
}

/// Whether a DNS server is Amazon's resolver: by name, by one of its two fixed addresses, or by the base of the VPC's
/// primary range plus two (<https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>). `None`: it is the
/// base plus two of one of several ranges, and the primary one is not known.
fn is_amazons(server: &str, cidrs: &[String]) -> Option<bool> {
    const FIXED: [IpAddr; 2] =
        [IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253))];
    let Ok(address) = server.trim().parse::<IpAddr>() else {
        return Some(server.eq_ignore_ascii_case("AmazonProvidedDNS"));
    };
    if FIXED.contains(&address) {
        return Some(true);
    }
    let IpAddr::V4(address) = address else { return Some(false) };
    let ranges: Vec<Ipv4Net> = cidrs.iter().filter_map(|cidr| cidr.parse().ok()).collect();
    let of_range = |range: &Ipv4Net| range.network().to_bits().checked_add(2) == Some(address.to_bits());
    match ranges.iter().filter(|range| of_range(range)).count() {
        0 => Some(false),
        _ if ranges.len() == 1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_resolver_has_a_name_and_three_addresses() {
        let one = ["10.0.0.0/16".to_owned()];
        let two = ["10.0.0.0/16".to_owned(), "100.64.0.0/16".to_owned()];
        for server in ["AmazonProvidedDNS", "amazonprovideddns", "169.254.169.253", "fd00:ec2::253", "FD00:EC2:0::253"]
        {
            assert_eq!(is_amazons(server, &two), Some(true), "{server}");
        }
        assert_eq!(is_amazons("10.0.0.2", &one), Some(true));
        for server in ["10.0.0.53", "10.0.1.2", "fd00:ec2::2", "8.8.8.8", "dns.example.com"] {
            assert_eq!(is_amazons(server, &two), Some(false), "{server}");
        }
        // Which of two ranges is the primary one is not read.
        assert_eq!((is_amazons("10.0.0.2", &two), is_amazons("100.64.0.2", &two)), (None, None));
    }
}
