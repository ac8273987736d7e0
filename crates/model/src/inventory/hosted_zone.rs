//! Private hosted zones of Route 53, as far as they may answer X-Ray's name.

use serde::{Deserialize, Serialize};

use crate::{Fetched, Listing, fetched::required_option, gaps::walk_gaps};

/// What AWS said about the private hosted zones that are associated with a VPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostedZonesAnswer {
    /// `vpc-…`.
    pub vpc: String,
    /// Those of them that cover one of X-Ray's names. Zones that a Route 53 profile associates are not listed by AWS.
    pub zones: Listing<HostedZone>,
}

/// A private hosted zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostedZone {
    /// `Z0123456789ABC`.
    pub id: String,
    /// In lower case, without the dot at its end: `xray.us-east-1.amazonaws.com`.
    pub name: String,
    /// The account that owns it, or the AWS service: `vpce.amazonaws.com`.
    pub owner: String,
}

/// What AWS said about the records of a hosted zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZoneRecordsAnswer {
    /// The zone's id.
    pub zone: String,
    /// Those that bear on one of X-Ray's names: of the name itself, wildcards above it, and delegations above it.
    pub records: Fetched<Vec<DnsRecord>>,
}

/// A record of a hosted zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// In lower case, without the dot at its end: `xray.us-east-1.amazonaws.com`, `*.us-east-1.amazonaws.com`.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, `NS`, …
    pub kind: String,
    /// Its values: addresses or names. Empty for an alias.
    pub values: Vec<String>,
    /// The name that it is an alias of.
    #[serde(deserialize_with = "required_option")]
    pub alias: Option<String>,
    /// Whether it is one of several of this name and type, of which a routing policy chooses.
    pub routed: bool,
}

/// What AWS said about an address that a record leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointAddress {
    /// `10.9.1.17`.
    pub address: String,
    /// The VPC endpoint whose network interface has it; none if another kind of interface has it.
    #[serde(deserialize_with = "required_option")]
    pub endpoint: Option<String>,
    /// The subnet of that interface.
    pub subnet: String,
}

walk_gaps! {
    HostedZonesAnswer { vpc, zones }
    HostedZone { id, name, owner }
    ZoneRecordsAnswer { zone, records }
    DnsRecord { name, kind, values, alias, routed }
    EndpointAddress { address, endpoint, subnet }
}
