//! What to do about a function that cannot reach X-Ray: the one change at the hop that stops packets, and the endpoint as
//! the other way.

use std::collections::BTreeSet;

use gatelight_model::inventory::Network;
use gatelight_network::{Hop, HopKind, PathFromSubnet, Remedy, Walk};

use super::remedy::{Change, Place, dns_attribute};
use crate::verdict::{Command, Fix};

/// The changes that let packets from every stopped subnet arrive.
pub(super) fn fix(walk: &Walk<'_>, network: &Network, stopped: &[(&PathFromSubnet, &Hop)]) -> Fix {
    let mut changes: Vec<Change> = Vec::new();
    for (path, hop) in stopped {
        if let Some(change) = of_name(walk, path) {
            return change.into();
        }
        match change(walk, network, path, hop) {
            Some(change) if changes.iter().all(|own| *own != change) => changes.push(change),
            Some(_) => {}
            // An endpoint serves the whole VPC, so it is enough.
            None => return create_endpoint(walk, network, path, stopped).into(),
        }
    }
    let to_public = stopped.iter().find(|(path, hop)| !leads_to_endpoint(path) && hop.kind != HopKind::Name);
    let mut fix = changes.into_iter().fold(Fix::default(), |fix, change| {
        let text = if fix.text.is_empty() { change.text } else { format!("{} {}", fix.text, change.text) };
        // What two changes begin with, such as a NAT gateway, is created once.
        let new: Vec<_> = change.commands.into_iter().filter(|command| !fix.commands.contains(command)).collect();
        Fix { text, ..fix }.commands(new)
    });
    if let Some((path, _)) = to_public {
        fix.text.push_str(&format!(" {}", or_endpoint(walk, path)));
    }
    fix
}

/// Whether X-Ray's name leads packets of a path to an endpoint.
fn leads_to_endpoint(path: &PathFromSubnet) -> bool {
    path.hops.iter().any(|hop| hop.kind == HopKind::Name && !hop.id.starts_with("vpc-"))
}

/// The change at one hop; none where an endpoint is the way to go.
fn change(walk: &Walk<'_>, network: &Network, path: &PathFromSubnet, hop: &Hop) -> Option<Change> {
    let place = Place { walk, network, path, hop };
    if let Some(remedy) = &hop.remedy {
        return place.change(remedy);
    }
    let (id, group) = (hop.id.clone(), walk.vpc.security_groups.first().cloned());
    match hop.kind {
        HopKind::Name if id.starts_with("vpc-") && dns_support_off(walk, &id) => {
            place.change(&Remedy::DnsAttribute { vpc: id, attribute: "enableDnsSupport" })
        }
        HopKind::Name => Some(Change::text(format!("Correct what X-Ray's name leads to in {id}: {}.", hop.message))),
        HopKind::EndpointPolicy => {
            place.change(&Remedy::PolicyAction { endpoint: id, action: "xray:PutTraceSegments".to_owned() })
        }
        HopKind::Appliance => place.change(&Remedy::SourceDestCheck { interface: id }),
        HopKind::Group => place.group_change(&group?, true),
        HopKind::EndpointGroup => place.group_change(id.split(", ").next()?, false),
        HopKind::Peering => Some(Change::text(format!(
            "Replace peering connection {id} by an active one to the endpoint's VPC, and the routes that name it."
        ))),
        HopKind::Endpoint if leads_to_endpoint(path) => Some(Change::text(format!(
            "Repair {id}: X-Ray's name leads to it, so packets take no other way. {}.",
            hop.message
        ))),
        HopKind::Nat => place.change(&Remedy::WorkingNat { nat: id }),
        _ => None,
    }
}

fn dns_support_off(walk: &Walk<'_>, vpc: &str) -> bool {
    walk.index.vpc(vpc).is_ok_and(|vpc| vpc.dns_support.get() == Ok(&false))
}

/// Why X-Ray's name does not lead to an endpoint that is there, in words; none where there is none, or it does.
pub(super) fn why_endpoint_unused(walk: &Walk<'_>, path: &PathFromSubnet) -> Option<String> {
    let (endpoint, off) = unused_endpoint(walk, path)?;
    let mut reasons = Vec::new();
    if !endpoint.private_dns {
        reasons.push("it has no private DNS".to_owned());
    }
    reasons.extend(off.iter().map(|attribute| format!("{attribute} of {} is off", endpoint.vpc)));
    Some(format!("Endpoint {} is there, but X-Ray's name does not lead to it: {}", endpoint.id, reasons.join(", and ")))
}

/// An endpoint of the VPC that lacks only private DNS or a DNS attribute, and the attributes that are off.
fn unused_endpoint<'a>(
    walk: &Walk<'a>,
    path: &PathFromSubnet,
) -> Option<(&'a gatelight_model::inventory::VpcEndpoint, Vec<&'static str>)> {
    let vpc = path.vpc.as_deref().filter(|_| !leads_to_endpoint(path))?;
    let endpoint = walk.xray_endpoint_in(vpc)?;
    let own = walk.index.vpc(vpc).ok()?;
    let attributes = [("enableDnsSupport", &own.dns_support), ("enableDnsHostnames", &own.dns_hostnames)];
    let off: Vec<_> =
        attributes.into_iter().filter(|(_, value)| value.get() == Ok(&false)).map(|(name, _)| name).collect();
    let unused = !endpoint.private_dns || !off.is_empty();
    (unused && endpoint.state.eq_ignore_ascii_case("available")).then_some((endpoint, off))
}

/// The change that leads X-Ray's name to an endpoint that is there.
fn of_name(walk: &Walk<'_>, path: &PathFromSubnet) -> Option<Change> {
    let (endpoint, off) = unused_endpoint(walk, path)?;
    let mut commands: Vec<Command> = Vec::new();
    for attribute in &off {
        commands.push(dns_attribute(walk.region, &endpoint.vpc, attribute));
    }
    let mut text = String::new();
    if !off.is_empty() {
        text = format!("Turn on {} of {}", off.join(" and "), endpoint.vpc);
    }
    if !endpoint.private_dns {
        text = if text.is_empty() { "Give".to_owned() } else { format!("{text}, and give") };
        text.push_str(&format!(" {} private DNS", endpoint.id));
        let modify = ["aws", "ec2", "modify-vpc-endpoint", "--region", walk.region, "--vpc-endpoint-id", &endpoint.id];
        commands.push(modify.into_iter().chain(["--private-dns-enabled"]).map(str::to_owned).collect());
    }
    Some(Change { text: format!("{text}, so that X-Ray's name leads to {}.", endpoint.id), commands })
}

/// The endpoint as the other way, in words.
fn or_endpoint(walk: &Walk<'_>, path: &PathFromSubnet) -> String {
    let vpc = path.vpc.as_deref().unwrap_or("the VPC");
    let zones = subnets_by_zone(walk, vpc).len();
    format!("Or give {vpc} an interface endpoint for X-Ray, {}.", price(walk.region, zones))
}

/// The function's subnets in a VPC, one for each zone, as an endpoint takes them.
fn subnets_by_zone(walk: &Walk<'_>, vpc: &str) -> Vec<String> {
    let mut zones = BTreeSet::new();
    let subnets = walk.vpc.subnets.iter().filter_map(|id| walk.index.subnet(id).ok());
    subnets.filter(|own| own.vpc == vpc && zones.insert(&own.zone)).map(|own| own.id.clone()).collect()
}

/// An endpoint in the VPC.
fn create_endpoint(
    walk: &Walk<'_>,
    network: &Network,
    path: &PathFromSubnet,
    stopped: &[(&PathFromSubnet, &Hop)],
) -> Change {
    let region = walk.region;
    let vpc = path.vpc.as_deref().unwrap_or("<VPC>");
    let own = walk.index.vpc(vpc).ok();
    let off = |name: &str| {
        let value = own.map(|own| if name == "enableDnsSupport" { &own.dns_support } else { &own.dns_hostnames });
        value.is_some_and(|value| value.get() == Ok(&false))
    };
    let off: Vec<_> = ["enableDnsSupport", "enableDnsHostnames"].into_iter().filter(|name| off(name)).collect();
    let mut commands: Vec<Command> = off.iter().map(|attribute| dns_attribute(region, vpc, attribute)).collect();
    let service = format!("{}com.amazonaws.{region}.xray", if region.starts_with("cn-") { "cn." } else { "" });
    let subnets = subnets_by_zone(walk, vpc);
    let zones = subnets.len();
    let mut command: Command = ["aws", "ec2", "create-vpc-endpoint", "--region", region, "--vpc-id", vpc]
        .into_iter()
        .chain(["--vpc-endpoint-type", "Interface", "--service-name", &service, "--subnet-ids"])
        .map(str::to_owned)
        .collect();
    command.extend(subnets);
    command.extend(["--security-group-ids".to_owned(), group_for(walk, vpc), "--private-dns-enabled".to_owned()]);
    commands.push(command);
    let from: Vec<_> = stopped.iter().map(|(path, _)| path.subnet.as_str()).collect();
    let first = if off.is_empty() { String::new() } else { format!(" (with {} on)", off.join(" and ")) };
    let nat = super::remedy::usable_nat(network, vpc, None).map_or("a public NAT gateway", |nat| nat.id.as_str());
    let text = format!(
        "Give {vpc} an interface endpoint for X-Ray{first}, {}; or give {} a route through {nat}.",
        price(region, zones),
        from.join(", ")
    );
    Change { text, commands }
}

/// The monthly price of an endpoint in that many zones: per hour and zone, for 730 hours, without the data at $0.01 a
/// gigabyte. From <https://aws.amazon.com/privatelink/pricing/>, 2026-11-22.
fn price(region: &str, zones: usize) -> String {
    let (place, cents) = if region == "eu-west-1" { (region, 1.1) } else { ("us-east-1", 1.0) };
    #[expect(clippy::cast_precision_loss, reason = "a region has a handful of zones")]
    let dollars = cents / 100.0 * 730.0 * zones.max(1) as f64;
    let zones = if zones < 2 { "one zone".to_owned() } else { format!("{zones} zones") };
    format!("about ${dollars:.0} a month for {zones} (at the hourly price of {place} in November 2026, without data)")
}

/// A security group for the endpoint: one that already lets the function in, if one is known.
fn group_for(walk: &Walk<'_>, vpc: &str) -> String {
    let subnets = walk.vpc.subnets.iter().filter_map(|id| walk.index.subnet(id).ok());
    let ranges: Vec<_> = subnets.filter(|subnet| subnet.vpc == vpc).map(|subnet| subnet.cidr.clone()).collect();
    let of_endpoints = walk.index.endpoints_in(vpc).iter().flat_map(|endpoint| &endpoint.security_groups);
    let fits = |group: &&String| walk.group_admits(group, &ranges);
    let known = of_endpoints.chain(&walk.vpc.security_groups).filter(fits).min();
    known.cloned().unwrap_or_else(|| format!("<a group that lets 443 in from {}>", walk.vpc.security_groups.join(", ")))
}
