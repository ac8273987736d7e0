//! The ways as one JSON document.

use std::io::{self, Write};

use gatelight_network::{Hop, HopResult, PathFromSubnet, Place};
use serde::Serialize;

use super::{End, Way};
use crate::text::command_line;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    paths: Vec<WayEntry<'a>>,
}

#[derive(Serialize)]
struct WayEntry<'a> {
    account: &'a str,
    region: &'a str,
    function: FunctionEntry<'a>,
    endpoint: &'a str,
    verdict: &'static str,
    message: &'a str,
    subnets: Vec<SubnetEntry<'a>>,
    fix: Option<&'a str>,
    fix_command: Option<String>,
}

#[derive(Serialize)]
struct FunctionEntry<'a> {
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

/// Writes the ways.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(ways: &[Way], out: &mut dyn Write) -> io::Result<()> {
    let document = Document { version: 1, paths: ways.iter().map(way).collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn way(way: &Way) -> WayEntry<'_> {
    WayEntry {
        account: &way.account,
        region: &way.region,
        function: FunctionEntry { arn: &way.arn, name: &way.name },
        endpoint: &way.endpoint,
        verdict: match way.end {
            End::NotInVpc => "not-in-vpc",
            End::Arrives => "arrives",
            End::Stops => "stops",
            End::Unknown => "unknown",
        },
        message: &way.says,
        subnets: way.subnets.iter().map(subnet).collect(),
        fix: way.fix.as_ref().map(|fix| fix.text.as_str()),
        fix_command: way.fix.as_ref().and_then(|fix| fix.command.as_deref()).map(command_line),
    }
}

fn subnet(path: &PathFromSubnet) -> SubnetEntry<'_> {
    SubnetEntry {
        id: &path.subnet,
        zone: path.zone.as_deref(),
        vpc: path.vpc.as_deref(),
        verdict: match path.end {
            HopResult::Through => "arrives",
            HopResult::Stops => "stops",
            HopResult::Unknown(_) => "unknown",
        },
        hops: path.hops.iter().map(hop).collect(),
    }
}

fn hop(hop: &Hop) -> HopEntry<'_> {
    HopEntry {
        place: place(hop.place),
        id: &hop.id,
        rule: hop.rule.as_deref(),
        verdict: match hop.passage {
            HopResult::Through => "through",
            HopResult::Stops => "stops",
            HopResult::Unknown(_) => "unknown",
        },
        message: &hop.says,
    }
}

/// The name of a place in JSON: unlike those for people, no two are the same.
fn place(place: Place) -> &'static str {
    match place {
        Place::Subnet => "subnet",
        Place::Name => "name",
        Place::Group => "security-group",
        Place::Acl => "network-acl",
        Place::Routes => "route-table",
        Place::Nat => "nat-gateway",
        Place::NatAcl => "nat-gateway-network-acl",
        Place::NatRoutes => "nat-gateway-route-table",
        Place::Gateway => "internet-gateway",
        Place::PublicAccess => "block-public-access",
        Place::Endpoint => "endpoint",
        Place::EndpointAcl => "endpoint-network-acl",
        Place::EndpointGroup => "endpoint-security-group",
        Place::EndpointPolicy => "endpoint-policy",
        Place::Appliance => "network-interface",
        Place::Firewall => "firewall-endpoint",
        Place::Transit => "transit-gateway",
        Place::TransitRoutes => "transit-gateway-route-table",
        Place::EgressRoutes => "egress-route-table",
        Place::EgressAcl => "egress-network-acl",
        Place::Beyond => "beyond",
    }
}
