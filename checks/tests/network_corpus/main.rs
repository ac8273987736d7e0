//! Networks made by hand, each one change away from a healthy one: the verdict of `function-cannot-reach-xray`, and the hop
//! and rule that decide it. The tables are meant to be read; each row names the AWS page that it rests on.

mod build;
mod endpoint;
mod nat;

use build::Scenario;
use gatelight_checks::{Context, Judgement, find_check};
use gatelight_network::{HopKind, HopResult, PathFromSubnet, Remedy, RouteGoal, paths};

/// A change to a healthy network, and the expected verdict.
pub(crate) struct Row {
    /// What was changed.
    name: &'static str,
    /// The change to the healthy network.
    change: fn(&mut Scenario),
    /// `arrives`, `arrives without statistics`, `stops` or `unknown`; the hop that decides (of a path that arrives, the
    /// last), the resource there, and the rule in it.
    expected: &'static str,
    /// The page of AWS's documentation, as `vpc:nat-gateway-basics`, or what else it rests on.
    source: &'static str,
}

/// How the tables call a kind of hop. These are not the names that people read, so that better words there leave the tables as
/// they are.
fn label(kind: HopKind) -> &'static str {
    match kind {
        HopKind::Name => "name",
        HopKind::NatAcl | HopKind::EndpointAcl => "its network ACL",
        HopKind::NatRoutes | HopKind::TransitRoutes | HopKind::EndpointRoutes => "its route table",
        HopKind::Endpoint => "endpoint",
        HopKind::EndpointGroup => "its security group",
        HopKind::EndpointPolicy => "its policy",
        HopKind::EgressRoutes => "egress route table",
        HopKind::EgressAcl => "egress network ACL",
        HopKind::Beyond => "beyond",
        other => other.name(),
    }
}

/// The verdict, and the hop that decides it.
fn judged(scenario: &Scenario) -> String {
    let check = find_check("function-cannot-reach-xray").expect("the check");
    let context = Context::new(scenario.inventory.scope());
    let function = &scenario.inventory.region.functions.seen[0];
    let paths = match paths(function, context.network()) {
        Ok(paths) => paths,
        Err(gap) => vec![PathFromSubnet {
            subnet: String::new(),
            zone: None,
            vpc: None,
            hops: vec![],
            result: HopResult::Unknown(gap),
            telemetry_refusal: None,
        }],
    };
    let (verdict, path) = match scenario.inventory.verdict(check, "orders") {
        Ok(Judgement::Pass | Judgement::PassNoted(_)) => ("arrives", paths.first()),
        Ok(Judgement::NotApplicable(_)) => ("n/a", None),
        Ok(Judgement::Fail(_)) if paths.iter().all(|path| path.result == HopResult::Through) => {
            ("arrives without statistics", paths.first())
        }
        Ok(Judgement::Fail(_)) => ("stops", paths.iter().find(|path| path.result == HopResult::Stops)),
        Err(_) => ("unknown", paths.iter().find(|path| matches!(path.result, HopResult::Unknown(_)))),
    };
    let hop = path.and_then(|path| match &path.result {
        HopResult::Through => path.hops.last(),
        HopResult::Stops => path.stop(),
        HopResult::Unknown(_) => path.hops.iter().find(|hop| matches!(hop.result, HopResult::Unknown(_))),
    });
    let hop = hop.map(|hop| format!(": {} {} {}", label(hop.kind), hop.id, hop.rule.as_deref().unwrap_or_default()));
    format!("{verdict}{}", hop.unwrap_or_default()).trim_end().to_owned()
}

fn check(healthy: fn() -> Scenario, expected: &str, rows: &[Row]) {
    assert_eq!(judged(&healthy()), expected, "the healthy network");
    let mut wrong = Vec::new();
    for row in rows {
        let mut scenario = healthy();
        (row.change)(&mut scenario);
        assert_ne!(scenario.inventory, healthy().inventory, "{}: changes nothing", row.name);
        assert!(!row.source.is_empty(), "{}: rests on nothing", row.name);
        let judged = judged(&scenario);
        if judged != row.expected {
            wrong.push(format!("{}\n  should be {}\n  and is    {judged}", row.name, row.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn networks_with_a_nat_gateway() {
    check(build::with_nat, "arrives: public access igw-1", &nat::rows());
}

#[test]
fn networks_with_an_endpoint() {
    check(build::with_endpoint, "arrives: its policy vpce-1", endpoint::ROWS);
}

#[test]
fn there_are_enough_of_them_and_each_is_another() {
    let mut names: Vec<_> = nat::rows().iter().chain(endpoint::ROWS).map(|row| row.name).collect();
    assert!(names.len() >= 60, "{}", names.len());
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), nat::rows().len() + endpoint::ROWS.len());
}

/// The route carries private addresses as well, and a hosted zone may lead the name to an endpoint at the other end.
#[test]
fn a_default_route_to_a_peer_may_lead_to_an_endpoint_there() {
    let mut net = build::with_nat();
    net.peering();
    net.lead("rtb-private", "pcx-1");
    assert!(judged(&net).starts_with("unknown"), "{}", judged(&net));
}

/// The server may lead the name to an endpoint at the other end of the peering connection.
#[test]
fn a_dns_server_of_ones_own_may_lead_to_an_endpoint_elsewhere() {
    let mut net = build::with_endpoint();
    net.dns_server("10.0.5.53");
    net.let_dns_out();
    net.group("sg-endpoint", vec![], vec![]);
    net.peering();
    net.route("rtb-private", "10.0.0.0/8", "pcx-1");
    assert!(judged(&net).starts_with("unknown"), "{}", judged(&net));
}

/// What would let packets pass at the hop that stops them.
fn remedy(change: impl FnOnce(&mut Scenario)) -> Remedy {
    let mut net = build::with_nat();
    change(&mut net);
    let context = Context::new(net.inventory.scope());
    let paths = paths(&net.inventory.region.functions.seen[0], context.network()).expect("paths");
    let stop = paths.iter().find_map(PathFromSubnet::stop).expect("a hop that stops");
    stop.remedy.clone().unwrap_or_else(|| panic!("{stop:?}"))
}

#[test]
fn the_hop_that_stops_says_what_would_let_packets_pass() {
    let Remedy::GroupRule { groups, traffic, .. } = remedy(|net| net.egress(vec![])) else { panic!("a group") };
    assert_eq!((groups, traffic.protocol, traffic.ports), (build::texts(&["sg-function"]), "tcp", (443, 443)));
    assert_eq!((traffic.outbound, traffic.range.as_str()), (true, "0.0.0.0/0"));
    let Remedy::GroupRule { traffic, .. } = remedy(|net| net.dns_server("10.0.9.53")) else { panic!("a group") };
    assert_eq!((traffic.protocol, traffic.ports, traffic.range.as_str()), ("udp", (53, 53), "10.0.9.53/32"));
    let denied = remedy(|net| net.deny("acl-public", false, "0.0.0.0/0", (1024, 65535)));
    let Remedy::AclEntry { acl, traffic, before } = denied else { panic!("an ACL") };
    assert_eq!((acl.as_str(), before, traffic.outbound, traffic.ports), ("acl-public", Some(50), false, (1024, 65535)));
    let to_nat = Remedy::VpcRoute {
        table: "rtb-private".into(),
        destination: "0.0.0.0/0".into(),
        replaces: false,
        target: RouteGoal::PublicNat { vpc: "vpc-1".into() },
    };
    assert_eq!(remedy(|net| net.routes("rtb-private").routes.truncate(1)), to_nat);
    let Remedy::VpcRoute { table, replaces, target, .. } = remedy(|net| net.lead("rtb-public", "nat-1")) else {
        panic!("a route")
    };
    assert_eq!((table.as_str(), replaces), ("rtb-public", true));
    assert_eq!(target, RouteGoal::InternetGateway { vpc: "vpc-1".into() });
    assert_eq!(remedy(|net| net.nat().state = "failed".into()), Remedy::WorkingNat { nat: "nat-1".into() });
    let zone = Remedy::NatZone { nat: "nat-1".into(), zone: "us-east-1b".into() };
    assert_eq!(remedy(|net| net.regional(&["us-east-1a"])), zone);
    let gateway = Remedy::AttachGateway { gateway: "igw-1".into(), vpc: "vpc-1".into() };
    assert_eq!(remedy(|net| net.network().internet_gateways.seen[0].vpcs.clear()), gateway);
    let blocked = |net: &mut Scenario| {
        net.subnet("subnet-public").public_access_block = Some("block-bidirectional".into());
    };
    let exclusion = Remedy::PublicAccessExclusion { subnet: "subnet-public".into(), vpc: "vpc-1".into() };
    assert_eq!(remedy(blocked), exclusion);
    let checks = |net: &mut Scenario| {
        net.nat_instance().source_dest_check = true;
        net.lead("rtb-private", "eni-nat");
    };
    assert_eq!(remedy(checks), Remedy::SourceDestCheck { interface: "eni-nat".into() });
    let off = |net: &mut Scenario| net.network().vpcs.seen[0].dns_support = gatelight_model::Fetched::known(false);
    assert_eq!(remedy(off), Remedy::DnsAttribute { vpc: "vpc-1".into(), attribute: "enableDnsSupport" });
}
