//! What `gatelight path` knows of a function, for all its formats.

use gatelight_checks::verdict::Fix;
use gatelight_network::PathFromSubnet;

/// A function, and the paths that its packets take.
pub(super) struct FunctionPaths {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) arn: String,
    pub(super) name: String,
    /// X-Ray's host and port.
    pub(super) endpoint: String,
    /// The path from each subnet; empty if the function is not in a VPC, or its network is not known.
    pub(super) subnets: Vec<PathFromSubnet>,
    pub(super) verdict: PathVerdict,
    /// The verdict in words.
    pub(super) message: String,
    pub(super) fix: Option<Fix>,
}

/// What happens to the packets of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathVerdict {
    /// The function is not in a VPC.
    NotInVpc,
    /// They arrive from every subnet.
    Arrives,
    /// They stop from some subnet.
    Stops,
    /// It is not known.
    Unknown,
}

impl PathVerdict {
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::NotInVpc | Self::Arrives => 0,
            Self::Stops => 1,
            Self::Unknown => 3,
        }
    }
}
