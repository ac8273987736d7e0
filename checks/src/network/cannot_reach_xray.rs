//! From some subnet of a function, packets to X-Ray have no way.

use std::collections::BTreeSet;

use super::{
    endpoint,
    path::{Hop, Passage, Path, Place, Walk},
};
use crate::{
    Context, Gap, Judgement, Verdict,
    check::{Check, Evidence, Failure, Fix, Judge, Need, Severity},
    inventory::Function,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "function-cannot-reach-xray",
    title: "Function in a VPC cannot reach X-Ray",
    severity: Severity::Medium,
    needs: &[Need::Functions, Need::Networks],
    judge: Judge::Function(judge),
    docs: include_str!("cannot_reach_xray.md"),
};

/// What the names of layers and extensions hold that send traces themselves.
const TRACERS: [&str; 16] = [
    "opentelemetry",
    "datadog",
    "newrelic",
    "new-relic",
    "dynatrace",
    "lumigo",
    "splunk",
    "signalfx",
    "honeycomb",
    "sentry",
    "elastic-apm",
    "epsagon",
    "instana",
    "appdynamics",
    "thundra",
    "tracing",
];
/// The same, too short to be looked for inside of words: `hotel`.
const TRACER_WORDS: [&str; 2] = ["otel", "adot"];

const DAEMON: &str = "Lambda's own X-Ray daemon is not known to use the routes of the VPC; whatever runs inside the \
                      function does: OpenTelemetry, extensions, its own calls of X-Ray.";
const INSTANCES: &str =
    "On managed instances all that the function sends goes by this network, Lambda's own traces too.";

const PRIVATE_DNS: &str = "--private-dns-enabled";

fn judge(function: &Function, context: &Context<'_>) -> Verdict {
    let vpc = match &function.capacity_provider {
        Some(arn) => {
            let mut answers = context.region().capacity_providers.iter();
            let answer = answers.find(|answer| answer.arn == *arn);
            answer.ok_or_else(|| Gap::not_collected(format!("capacity provider {arn}")))?.vpc.get()?
        }
        None => match &function.vpc {
            Some(vpc) if !vpc.subnets.is_empty() => vpc,
            _ => return Ok(Judgement::NotApplicable("it is not in a VPC")),
        },
    };
    let walk = Walk {
        index: context.network(),
        region: &context.region().name,
        account: context.account_of(function).ok(),
        vpc,
        managed: function.capacity_provider.is_some(),
        role: &function.role,
    };
    let paths: Vec<_> = vpc.subnets.iter().map(|subnet| walk.from(subnet)).collect();
    if paths.iter().any(|path| path.end == Passage::Stops) {
        return Ok(failure(function, &walk, &paths).into());
    }
    let unknown = paths.iter().find_map(|path| match &path.end {
        Passage::Unknown(gap) => Some(gap.clone()),
        _ => None,
    });
    match unknown {
        Some(gap) => Err(gap),
        None if paths.is_empty() => {
            let arn = function.capacity_provider.as_deref().unwrap_or_default();
            Err(Gap::unprovable(arn, format!("AWS names no subnet of capacity provider {arn}")))
        }
        None => Ok(Judgement::Pass),
    }
}

fn failure(function: &Function, walk: &Walk<'_>, paths: &[Path<'_>]) -> Failure {
    let stopped: Vec<_> = paths.iter().filter_map(|path| Some((path, stop(path)?))).collect();
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for (path, hop) in &stopped {
        match reasons.iter_mut().find(|(says, _)| *says == hop.says) {
            Some((_, from)) => from.push(name(path)),
            None => reasons.push((hop.says.clone(), vec![name(path)])),
        }
    }
    let mut message = String::new();
    for (says, from) in &reasons {
        message.push_str(&format!("From {} packets to X-Ray stop: {says}. ", from.join(", ")));
    }
    let arrives: Vec<_> = paths.iter().filter(|path| path.end == Passage::Through).map(name).collect();
    if !arrives.is_empty() {
        message.push_str(&format!("From {} they arrive, so what is lost is intermittent. ", arrives.join(", ")));
    }
    message.push_str(if walk.managed { INSTANCES } else { DAEMON });
    Failure {
        severity: Some(severity(function)),
        cause: None,
        message,
        evidence: paths.iter().map(|path| Evidence::new(name(path), outcome(path))).collect(),
        affects: vec![],
        fix: fix(walk, &stopped),
    }
}

fn name(path: &Path<'_>) -> String {
    match path.subnet {
        Some(subnet) => format!("{} ({})", path.id, subnet.zone),
        None => path.id.to_owned(),
    }
}

fn stop<'b>(path: &'b Path<'_>) -> Option<&'b Hop> {
    let stops = || path.hops.iter().find(|hop| hop.passage == Passage::Stops);
    (path.end == Passage::Stops).then(stops).flatten()
}

/// What became of packets from a subnet, and the things on their way.
fn outcome(path: &Path<'_>) -> String {
    let way = |hops: &[Hop]| {
        let mut ids: Vec<_> = hops.iter().map(|hop| hop.id.as_str()).collect();
        ids.dedup();
        ids.join(" → ")
    };
    match (&path.end, stop(path)) {
        (Passage::Unknown(gap), _) => format!("cannot be told: {gap}"),
        (_, Some(hop)) => format!("stops: {}", hop.says),
        (_, None) => format!("arrives: {}", way(&path.hops)),
    }
}

fn severity(function: &Function) -> Severity {
    let exports = function.layers.iter().any(|layer| {
        // Without the account and region: `arn:P:lambda:R:A:layer:NAME:VERSION`.
        let name = layer.split(":layer:").last().unwrap_or_default().to_ascii_lowercase();
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        TRACERS.iter().any(|tracer| name.contains(tracer))
            || words.any(|word| TRACER_WORDS.iter().any(|tracer| word.starts_with(tracer)))
    });
    let told = function.tracing_variables.iter().any(|variable| {
        variable == "AWS_LAMBDA_EXEC_WRAPPER"
            || ["OTEL_", "OPENTELEMETRY_"].iter().any(|start| variable.starts_with(start))
    });
    if exports || told || function.capacity_provider.is_some() {
        Severity::High
    } else if function.traces() {
        Severity::Medium
    } else {
        Severity::Low
    }
}

fn fix(walk: &Walk<'_>, stopped: &[(&Path<'_>, &Hop)]) -> Fix {
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
fn endpoint_fix(walk: &Walk<'_>, path: &Path<'_>, stopped: &[(&Path<'_>, &Hop)]) -> Fix {
    let (region, index) = (walk.region, walk.index);
    let vpc = path.subnet.map_or("<VPC>", |subnet| subnet.vpc.as_str());
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
    let from: Vec<_> = stopped.iter().map(|(path, _)| path.id).collect();
    let first = if unresolved { " (its DNS attributes must both be on first)" } else { "" };
    let say = format!(
        "Give {vpc} an interface endpoint for X-Ray{first}, about $7 a month and zone; or give {} a route through a \
         public NAT gateway.",
        from.join(", ")
    );
    Fix { say, command: Some(command) }
}

#[cfg(test)]
mod tests;
