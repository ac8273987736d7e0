//! Where the name of X-Ray's endpoint leads.

use gatelight_model::{
    Gap, all, any,
    inventory::{Subnet, VpcEndpoint},
};

use super::endpoint::is_xray;
use crate::walk::Walk;

/// The two names that X-Ray's endpoint has in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// `xray.REGION.amazonaws.com`.
    Plain,
    /// `xray-fips.REGION.amazonaws.com`.
    Fips,
}

/// Where a name leads.
#[derive(Clone, Debug)]
pub(crate) enum Resolution<'a> {
    /// To the private addresses of an endpoint.
    Endpoint(&'a VpcEndpoint),
    /// To public addresses.
    Public,
    /// To an endpoint or to public addresses, or nowhere; why that is not known.
    Either(&'a VpcEndpoint, Gap),
    /// To public addresses or nowhere; why that is not known.
    Perhaps(Gap),
    /// Nowhere: why it is not answered.
    Nowhere(String),
}

impl Service {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "xray",
            Self::Fips => "xray-fips",
        }
    }

    /// Whether there is such a name (<https://docs.aws.amazon.com/general/latest/gr/xray.html>).
    fn exists(self, region: &str) -> bool {
        self == Self::Plain
            || ["us-east-1", "us-east-2", "us-west-1", "us-west-2"].contains(&region)
            || region.starts_with("us-gov-")
    }
}

impl<'a> Walk<'a> {
    /// Where the name leads in the subnet's VPC.
    ///
    /// With private DNS an endpoint answers the public name, if both DNS attributes of the VPC are on
    /// (<https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html>). With `enableDnsSupport` off,
    /// Amazon's DNS server answers nothing (<https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>).
    ///
    /// # Errors
    /// If that is not known.
    pub(crate) fn name(&self, subnet: &Subnet, service: Service) -> Result<Resolution<'a>, Gap> {
        let vpc = &subnet.vpc;
        if !service.exists(self.region) {
            let says = format!("{} has no endpoint {}", self.region, service.name());
            return Ok(Resolution::Nowhere(says));
        }
        let named = |endpoint: &&&'a VpcEndpoint| {
            is_xray(endpoint, self.region, service)
                && endpoint.private_dns
                && endpoint.state.eq_ignore_ascii_case("available")
        };
        let mut endpoints = self.index.endpoints_in(vpc).iter().filter(named);
        let Some(endpoint) = endpoints.next() else {
            self.index.network.endpoints.rest.get()?;
            self.shared(subnet)?;
            return Ok(self.publicly(vpc));
        };
        let resolves = self.resolves(vpc);
        if resolves == Ok(false) {
            return Ok(self.publicly(vpc));
        }
        if endpoints.next().is_some() {
            let why =
                format!("several xray endpoints of {vpc} have private DNS, and which of them is used is not known");
            return Err(Gap::unprovable(vpc, why));
        }
        Ok(match resolves.and_then(|_| self.own_server(vpc)) {
            Err(gap) => Resolution::Either(endpoint, gap),
            Ok(None) => Resolution::Endpoint(endpoint),
            Ok(Some(server)) => {
                let why = format!(
                    "{vpc} has a DNS server of its own, {server}: whether X-Ray's name leads to {} there is not seen here",
                    endpoint.id
                );
                Resolution::Either(endpoint, Gap::unprovable(vpc, why))
            }
        })
    }

    /// To public addresses, if anything answers.
    fn publicly(&self, vpc: &str) -> Resolution<'a> {
        let support = self.index.vpc(vpc).and_then(|vpc| vpc.dns_support.get().copied());
        if support == Ok(true) {
            return Resolution::Public;
        }
        // A server of the VPC's own answers whatever Amazon's does.
        match any([support, self.own_server(vpc).map(|server| server.is_some())]) {
            Ok(true) => Resolution::Public,
            Ok(false) => Resolution::Nowhere(format!(
                "enableDnsSupport of {vpc} is off, so no DNS server answers X-Ray's name there"
            )),
            Err(gap) => Resolution::Perhaps(gap),
        }
    }

    /// Whether both DNS attributes of a VPC are on, as private DNS of endpoints needs.
    ///
    /// # Errors
    /// If AWS would not say.
    pub fn resolves(&self, vpc: &str) -> Result<bool, Gap> {
        let vpc = self.index.vpc(vpc)?;
        all([&vpc.dns_support, &vpc.dns_hostnames].map(|attribute| attribute.get().copied()))
    }

    /// The first DNS server of a VPC that is not Amazon's.
    fn own_server(&self, vpc: &str) -> Result<Option<&'a str>, Gap> {
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
