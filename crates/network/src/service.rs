//! X-Ray's two DNS names, and which VPC endpoints serve them.

use gatelight_model::inventory::VpcEndpoint;

/// The two names that X-Ray's endpoint has in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XrayName {
    /// `xray.REGION.amazonaws.com`.
    Plain,
    /// `xray-fips.REGION.amazonaws.com`.
    Fips,
}

impl XrayName {
    /// The last part of the endpoint service's name, and the first of the host name.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Plain => "xray",
            Self::Fips => "xray-fips",
        }
    }

    /// Whether the region has this name (<https://docs.aws.amazon.com/general/latest/gr/xray.html>).
    pub(crate) fn exists(self, region: &str) -> bool {
        self == Self::Plain
            || ["us-east-1", "us-east-2", "us-west-1", "us-west-2"].contains(&region)
            || region.starts_with("us-gov-")
    }
}

/// Whether it is an interface endpoint for this name of X-Ray in this region, in any state.
pub(crate) fn is_xray(endpoint: &VpcEndpoint, region: &str, name: XrayName) -> bool {
    let service = endpoint.service.strip_prefix("cn.").unwrap_or(&endpoint.service);
    let rest = service.strip_prefix("com.amazonaws.").and_then(|rest| rest.strip_prefix(region));
    let own = rest.and_then(|rest| rest.strip_prefix('.')) == Some(name.label());
    own && endpoint.kind.eq_ignore_ascii_case("interface")
}
