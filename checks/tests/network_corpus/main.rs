//! Networks made by hand, each one change away from a healthy one: the verdict of `function-cannot-reach-xray`, and the hop
//! and rule that decide it. The tables are meant to be read; each row names the AWS page that it rests on.

mod build;
mod endpoint;
mod nat;

use build::Scenario;
use gatelight_checks::{Context, Judgement, find_check};
use gatelight_network::{HopResult, PathFromSubnet, paths};

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
    let hop = hop.map(|hop| format!(": {} {} {}", hop.kind.name(), hop.id, hop.rule.as_deref().unwrap_or_default()));
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
