//! What to do about a function that cannot reach X-Ray.

use std::collections::BTreeSet;

use super::super::{Hop, PathFromSubnet, Place, endpoint, path::Walk};
use crate::check::Fix;

const PRIVATE_DNS: &str = "--private-dns-enabled";

/// The one rule to change, or the endpoint that is missing; for the first of the ways that stop.
pub(super) fn fix(walk: &Walk<'_>, stopped: &[(&PathFromSubnet, &Hop)]) -> Fix {
    let Some((path, hop)) = stopped.first() else { return Fix::default() };
    let (region, id) = (walk.region, hop.id.as_str());
    let group = walk.vpc.security_groups.first().map_or("<security group>", String::as_str);
    let to_endpoint = path.hops.iter().find(|hop| hop.place == Place::Name && hop.id.starts_with("vpce-"));
    match (hop.place, to_endpoint) {
        (Place::Group, _) => Fix::say(format!("Let tcp 443 out of a security group of the function, {group}."))
            .command([
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
            ]),
        (Place::EndpointGroup, _) => {
            let own = id.split(", ").next().unwrap_or_default();
            Fix::say(format!("Let tcp 443 into the endpoint, {own}, from the function's group, {group}.")).command([
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
        (Place::EndpointPolicy, _) => Fix::say(format!(
            "Let the policy of {id} allow xray:PutTraceSegments and xray:PutTelemetryRecords; the command sets the one \
             that allows everything."
        ))
        .command([
            "aws",
            "ec2",
            "modify-vpc-endpoint",
            "--region",
            region,
            "--vpc-endpoint-id",
            id,
            "--reset-policy",
        ]),
        (Place::Acl | Place::EndpointAcl | Place::NatAcl, _) => Fix::say(format!(
            "Let {id} pass tcp 443 to X-Ray and tcp 1024-65535 back: network ACLs keep no state, and the lowest number \
             that matches decides."
        )),
        (_, Some(_)) => Fix::say(format!("Mend {id}: the endpoint's private name leaves packets no other way.")),
        _ => endpoint_fix(walk, path, stopped),
    }
}

/// An endpoint in the VPC, by preference one that is there already.
fn endpoint_fix(walk: &Walk<'_>, path: &PathFromSubnet, stopped: &[(&PathFromSubnet, &Hop)]) -> Fix {
    let (region, index) = (walk.region, walk.index);
    let vpc = path.vpc.as_deref().unwrap_or("<VPC>");
    let there = index.endpoints_in(vpc).iter().find(|own| endpoint::is_xray(own, region));
    let unresolved = walk.resolves(vpc) == Ok(false);
    match there {
        Some(endpoint) if !endpoint.private_dns => {
            let id = &endpoint.id;
            let first = if unresolved { " The DNS attributes of the VPC must both be on first." } else { "" };
            return Fix::say(format!("Give {id} private DNS, so that X-Ray's name leads to it.{first}")).command([
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
        Some(endpoint) if unresolved => {
            let support = index.vpc(vpc).is_ok_and(|vpc| vpc.dns_support.get() == Ok(&true));
            let attribute = if support { "--enable-dns-hostnames" } else { "--enable-dns-support" };
            let id = &endpoint.id;
            return Fix::say(format!("Turn on both DNS attributes of {vpc}, so that X-Ray's name leads to {id}."))
                .command(["aws", "ec2", "modify-vpc-attribute", "--region", region, "--vpc-id", vpc, attribute]);
        }
        _ => {}
    }
    let service = format!("{}com.amazonaws.{region}.xray", if region.starts_with("cn-") { "cn." } else { "" });
    let groups = walk.vpc.security_groups.join(", ");
    let mut command: Vec<String> = ["aws", "ec2", "create-vpc-endpoint", "--region", region, "--vpc-id", vpc]
        .into_iter()
        .chain(["--vpc-endpoint-type", "Interface", "--service-name", &service, "--subnet-ids"])
        .map(str::to_owned)
        .collect();
    // One a zone: more are refused.
    let mut zones = BTreeSet::new();
    let subnets = walk.vpc.subnets.iter().filter_map(|id| index.subnet(id).ok());
    let subnets = subnets.filter(|subnet| subnet.vpc == vpc && zones.insert(&subnet.zone));
    command.extend(subnets.map(|subnet| subnet.id.clone()));
    command.extend(["--security-group-ids".to_owned(), format!("<a group that lets 443 in from {groups}>")]);
    command.push(PRIVATE_DNS.to_owned());
    let from: Vec<_> = stopped.iter().map(|(path, _)| path.subnet.as_str()).collect();
    let first = if unresolved { " (its DNS attributes must both be on first)" } else { "" };
    let say = format!(
        "Give {vpc} an interface endpoint for X-Ray{first}, about $7 a month and zone; or give {} a route through a \
         public NAT gateway.",
        from.join(", ")
    );
    Fix { say, command: Some(command) }
}
