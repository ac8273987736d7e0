//! What `gatelight path` knows of a function, for all its formats.

use gatelight_checks::verdict::Fix;
use gatelight_network::PathFromSubnet;
use jiff::Timestamp;

use super::rows::Mark;

/// A function, and the paths that its packets take.
pub(super) struct FunctionPaths {
    pub(super) account: String,
    pub(super) region: String,
    /// When its network was read.
    pub(super) read_at: Timestamp,
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

impl FunctionPaths {
    /// Where and when: `account 123456789012 · eu-west-1 · 2026-11-05 03:00 UTC`.
    pub(super) fn origin(&self) -> String {
        format!("account {} · {} · {}", self.account, self.region, self.read_at.strftime("%Y-%m-%d %H:%M UTC"))
    }
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
    /// Packets of a function that is not in a VPC arrive.
    pub(super) fn mark(self) -> Mark {
        match self {
            Self::NotInVpc | Self::Arrives => Mark::Through,
            Self::Stops => Mark::Stops,
            Self::Unknown => Mark::Unknown,
        }
    }

    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::NotInVpc | Self::Arrives => 0,
            Self::Stops => 1,
            Self::Unknown => 3,
        }
    }
}
