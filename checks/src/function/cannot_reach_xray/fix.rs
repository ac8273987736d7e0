//! What to do about a function that cannot reach X-Ray.

use std::collections::BTreeSet;

use gatelight_network::{CHECK_IS_ON, Hop, HopKind, PathFromSubnet, Walk};

use crate::verdict::Fix;

const PRIVATE_DNS: &str = "--private-dns-enabled";

/// The one rule to change, or the endpoint to create, for the first path that stops.
pub(super) fn fix(walk: &Walk<'_>, stopped: &[(&PathFromSubnet, &Hop)]) -> Fix {
    let Some((path, hop)) = stopped.first() else { return Fix::default() };
    let (region, id) = (walk.region, hop.id.as_str());
    let group = walk.vpc.security_groups.first().map_or("<security group>", String::as_str);
    let to_endpoint = path.hops.iter().find(|hop| hop.kind == HopKind::Name && hop.id.starts_with("vpce-"));
    match (hop.kind, to_endpoint) {
        (HopKind::Group, _) => egress_fix(region, group),
        (HopKind::EndpointGroup, _) => ingress_fix(region, id.split(", ").next().unwrap_or_default(), group),
        (HopKind::EndpointPolicy, _) => policy_fix(region, id),
        (HopKind::Acl | HopKind::EndpointAcl | HopKind::NatAcl, _) => Fix::text(format!(
            "Let {id} pass tcp 443 to X-Ray and tcp 1024-65535 back: network ACLs keep no state, and the lowest number \
             that matches decides."
        )),
        (HopKind::Name, None) => Fix::text(format!(
            "Turn on DNS support of {id}, so that X-Ray's name is answered there; where an endpoint is to answer it, DNS \
             hostnames too."
        ))
        .command(["aws", "ec2", "modify-vpc-attribute", "--region", region, "--vpc-id", id, "--enable-dns-support"]),
        (HopKind::Appliance, _) if hop.message.contains(CHECK_IS_ON) => appliance_fix(walk, id),
        (_, Some(_)) => Fix::text(format!("Mend {id}: the endpoint's private name leaves packets no other way.")),
        _ => endpoint_fix(walk, path, stopped),
    }
}

/// The function's security group lets nothing out.
fn egress_fix(region: &str, group: &str) -> Fix {
    Fix::text(format!("Let tcp 443 out of a security group of the function, {group}.")).command([
        "aws",
        "ec2",
        "authorize-security-group-egress",
        "--region",
        region,
        "--group-id",
        group,
        "--protocol",
        "tcp",
        "--port",
        "443",
        "--cidr",
        "0.0.0.0/0",
    ])
}

/// The endpoint's security group, `own`, does not let the function's group in.
fn ingress_fix(region: &str, own: &str, group: &str) -> Fix {
    Fix::text(format!("Let tcp 443 into the endpoint, {own}, from the function's group, {group}.")).command([
        "aws",
        "ec2",
        "authorize-security-group-ingress",
        "--region",
        region,
        "--group-id",
        own,
        "--protocol",
        "tcp",
        "--port",
        "443",
        "--source-group",
        group,
    ])
}

/// The policy of the endpoint denies.
fn policy_fix(region: &str, endpoint: &str) -> Fix {
    Fix::text(format!(
        "Let the policy of {endpoint} allow xray:PutTraceSegments and xray:PutTelemetryRecords; the command sets the one \
         that allows everything."
    ))
    .command([
        "aws",
        "ec2",
        "modify-vpc-endpoint",
        "--region",
        region,
        "--vpc-endpoint-id",
        endpoint,
        "--reset-policy",
    ])
}

/// An appliance drops what is not addressed to it.
fn appliance_fix(walk: &Walk<'_>, id: &str) -> Fix {
    let interface = walk.index.interface(id).ok().flatten().map_or(id, |interface| interface.id.as_str());
    Fix::text(format!("Turn off the source/destination check of {interface}, if it is to forward packets.")).command([
        "aws",
        "ec2",
        "modify-network-interface-attribute",
        "--region",
        walk.region,
        "--network-interface-id",
        interface,
        "--no-source-dest-check",
    ])
}

/// An endpoint in the VPC, preferably one that exists already.
fn endpoint_fix(walk: &Walk<'_>, path: &PathFromSubnet, stopped: &[(&PathFromSubnet, &Hop)]) -> Fix {
    let (region, index) = (walk.region, walk.index);
    let vpc = path.vpc.as_deref().unwrap_or("<VPC>");
    let endpoint = walk.xray_endpoint_in(vpc);
    let attributes_off = walk.dns_attributes_on(vpc) == Ok(false);
    match endpoint {
        Some(endpoint) if !endpoint.private_dns => {
            let id = &endpoint.id;
            let first = if attributes_off { " The DNS attributes of the VPC must both be on first." } else { "" };
            return Fix::text(format!("Give {id} private DNS, so that X-Ray's name leads to it.{first}")).command([
                "aws",
                "ec2",
                "modify-vpc-endpoint",
                "--region",
                region,
                "--vpc-endpoint-id",
                id,
                PRIVATE_DNS,
            ]);
        }
        Some(endpoint) if attributes_off => {
            let support = index.vpc(vpc).is_ok_and(|vpc| vpc.dns_support.get() == Ok(&true));
            let attribute = if support { "--enable-dns-hostnames" } else { "--enable-dns-support" };
            let id = &endpoint.id;
            return Fix::text(format!("Turn on both DNS attributes of {vpc}, so that X-Ray's name leads to {id}."))
                .command(["aws", "ec2", "modify-vpc-attribute", "--region", region, "--vpc-id", vpc, attribute]);
        }
        _ => {}
    }
    let service = format!("{}com.amazonaws.{region}.xray", if region.starts_with("cn-") { "cn." } else { "" });
    let mut command: Vec<String> = ["aws", "ec2", "create-vpc-endpoint", "--region", region, "--vpc-id", vpc]
        .into_iter()
        .chain(["--vpc-endpoint-type", "Interface", "--service-name", &service, "--subnet-ids"])
        .map(str::to_owned)
        .collect();
    // AWS takes one subnet a zone.
    let mut zones = BTreeSet::new();
    let subnets = walk.vpc.subnets.iter().filter_map(|id| index.subnet(id).ok());
    let subnets: Vec<_> = subnets.filter(|subnet| subnet.vpc == vpc && zones.insert(&subnet.zone)).collect();
    command.extend(subnets.iter().map(|subnet| subnet.id.clone()));
    command.extend(["--security-group-ids".to_owned(), group_for(walk, vpc)]);
    command.push(PRIVATE_DNS.to_owned());
    let from: Vec<_> = stopped.iter().map(|(path, _)| path.subnet.as_str()).collect();
    let first = if attributes_off { " (its DNS attributes must both be on first)" } else { "" };
    let text = format!(
        "Give {vpc} an interface endpoint for X-Ray{first}, {}; or give {} a route through a public NAT gateway.",
        price(region, zones.len()),
        from.join(", ")
    );
    Fix::text(text).commands([command])
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
