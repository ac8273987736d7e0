//! Paths as one JSON document.

use std::io::{self, Write};

use gatelight_network::{Hop, HopKind, HopResult, PathFromSubnet};
use serde::Serialize;

use super::paths::{FunctionPaths, PathVerdict};
use crate::text::{shell_line, shell_lines};

#[derive(Serialize)]
struct PathDocument<'a> {
    version: u32,
    paths: Vec<PathEntry<'a>>,
}

#[derive(Serialize)]
struct PathEntry<'a> {
    account: &'a str,
    region: &'a str,
    function: FunctionName<'a>,
    endpoint: &'a str,
    verdict: &'static str,
    message: &'a str,
    subnets: Vec<SubnetEntry<'a>>,
    fix: Option<&'a str>,
    fix_command: Option<String>,
    fix_commands: Vec<String>,
}

#[derive(Serialize)]
struct FunctionName<'a> {
    arn: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct SubnetEntry<'a> {
    id: &'a str,
    zone: Option<&'a str>,
    vpc: Option<&'a str>,
    verdict: &'static str,
    hops: Vec<HopEntry<'a>>,
}

#[derive(Serialize)]
struct HopEntry<'a> {
    place: &'static str,
    id: &'a str,
    rule: Option<&'a str>,
    verdict: &'static str,
    message: &'a str,
}

/// Writes the paths.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(paths: &[FunctionPaths], out: &mut dyn Write) -> io::Result<()> {
    let document = PathDocument { version: 1, paths: paths.iter().map(function).collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn function(path: &FunctionPaths) -> PathEntry<'_> {
    let commands = path.fix.as_ref().map_or(&[][..], |fix| &fix.commands);
    PathEntry {
        account: &path.account,
        region: &path.region,
        function: FunctionName { arn: &path.arn, name: &path.name },
        endpoint: &path.endpoint,
        verdict: match path.verdict {
            PathVerdict::NotInVpc => "not-in-vpc",
            PathVerdict::Arrives => "arrives",
            PathVerdict::Stops => "stops",
            PathVerdict::Unknown => "unknown",
        },
        message: &path.message,
        subnets: path.subnets.iter().map(subnet).collect(),
        fix: path.fix.as_ref().map(|fix| fix.text.as_str()),
        fix_command: shell_line(commands),
        fix_commands: shell_lines(commands),
    }
}

fn subnet(path: &PathFromSubnet) -> SubnetEntry<'_> {
    SubnetEntry {
        id: &path.subnet,
        zone: path.zone.as_deref(),
        vpc: path.vpc.as_deref(),
        verdict: match path.result {
            HopResult::Through => "arrives",
            HopResult::Stops => "stops",
            HopResult::Unknown(_) => "unknown",
        },
        hops: path.hops.iter().map(hop).collect(),
    }
}

fn hop(hop: &Hop) -> HopEntry<'_> {
    HopEntry {
        place: kind(hop.kind),
        id: &hop.id,
        rule: hop.rule.as_deref(),
        verdict: match hop.result {
            HopResult::Through => "through",
            HopResult::Stops => "stops",
            HopResult::Unknown(_) => "unknown",
        },
        message: &hop.message,
    }
}

/// The name of a kind of hop in JSON: unlike those for people, no two are the same.
fn kind(kind: HopKind) -> &'static str {
    match kind {
        HopKind::Subnet => "subnet",
        HopKind::Name => "name",
        HopKind::NameServer => "dns-server",
        HopKind::Group => "security-group",
        HopKind::Acl => "network-acl",
        HopKind::Routes => "route-table",
        HopKind::Nat => "nat-gateway",
        HopKind::NatAcl => "nat-gateway-network-acl",
        HopKind::NatRoutes => "nat-gateway-route-table",
        HopKind::Gateway => "internet-gateway",
        HopKind::PublicAccess => "block-public-access",
        HopKind::Endpoint => "endpoint",
        HopKind::EndpointAcl => "endpoint-network-acl",
        HopKind::EndpointRoutes => "endpoint-route-table",
        HopKind::EndpointGroup => "endpoint-security-group",
        HopKind::EndpointPolicy => "endpoint-policy",
        HopKind::Appliance => "network-interface",
        HopKind::Firewall => "firewall-endpoint",
        HopKind::Peering => "peering-connection",
        HopKind::Transit => "transit-gateway",
        HopKind::TransitRoutes => "transit-gateway-route-table",
        HopKind::EgressRoutes => "egress-route-table",
        HopKind::EgressAcl => "egress-network-acl",
        HopKind::Beyond => "beyond",
    }
}
