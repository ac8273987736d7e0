//! What X-Ray's name resolves to in a VPC.

use gatelight_model::{
    Gap, all, any,
    inventory::{Subnet, VpcEndpoint},
};

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
    fn custom_dns_server(&self, vpc: &str) -> Result<Option<&'a str>, Gap> {
        let options = self.index.vpc(vpc)?.dhcp_options.as_deref();
        // `default`: the set that AWS provides, which has no id of its own.
        let servers = match options.filter(|id| !id.is_empty() && *id != "default") {
            Some(id) => self.index.dhcp(id)?.dns_servers.as_slice(),
            None => &[],
        };
        let amazons =
            |server: &&String| server.eq_ignore_ascii_case("AmazonProvidedDNS") || server.as_str() == "169.254.169.253";
        Ok(servers.iter().find(|server| !amazons(server)).map(String::as_str))
    }
}
