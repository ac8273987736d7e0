use gatelight_model::{
    Fetched,
    inventory::{
        CapacityProviderAnswer, DhcpOptions, FunctionVpc, NatGateway, NetworkAcl, NetworkInterface, PeeredVpc,
        PeeringConnection, Permission, PrefixListAnswer, Route, RouteTable, SecurityGroup, Subnet, TransitAttachment,
        TransitGateway, TransitSubnets, TransitTableAnswer, VpcEndpoint,
    },
};

use super::*;
use crate::testing::{Inventory, break_off, denied, healthy};

/// A function behind NAT gateways, one beside an endpoint.
const BEHIND: &str = "behind";
const BESIDE: &str = "beside";

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// `behind`: from `subnet-orders-a` through `nat-zonal` and from `subnet-orders-b` through `nat-regional`; `beside`:
/// from `subnet-users-a` to `vpce-xray`, which stands in `subnet-users-b` too.
fn scope() -> Inventory {
    let mut inventory = healthy();
    let function = |name: &str, subnets: &[&str], groups: &[&str]| Function {
        arn: format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"),
        name: name.to_owned(),
        role: "arn:aws:iam::123456789012:role/tracer".to_owned(),
        tracing_mode: Some("Active".to_owned()),
        log_group: None,
        vpc: Some(FunctionVpc { subnets: texts(subnets), security_groups: texts(groups), ipv6: false }),
        layers: vec![],
        tracing_variables: vec![],
        capacity_provider: None,
    };
    inventory.region.functions.seen = vec![
        function(BEHIND, &["subnet-orders-a", "subnet-orders-b"], &["sg-orders"]),
        function(BESIDE, &["subnet-users-a"], &["sg-users", "sg-shared"]),
    ];
    inventory
}

/// What it says about a function after a change: `passes`, `fails: …`, `unknown: …`.
fn after(name: &str, change: impl FnOnce(&mut Inventory)) -> String {
    let mut inventory = scope();
    change(&mut inventory);
    said(&inventory, name)
}

fn said(inventory: &Inventory, name: &str) -> String {
    match inventory.verdict(&CHECK, name) {
        Ok(Judgement::Pass) => "passes".to_owned(),
        Ok(Judgement::Fail(failure)) => format!("fails: {}", failure.message),
        Ok(other) => format!("{other:?}"),
        Err(gap) => format!("unknown: {gap}"),
    }
}

#[track_caller]
fn assert_verdict(said: &str, start: &str, part: &str) {
    assert!(said.starts_with(start) && said.contains(part), "{said}");
}

fn table<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut RouteTable {
    inventory.region.network.route_tables.seen.iter_mut().find(|table| table.id == id).expect("a table")
}

fn routed(inventory: &mut Inventory, id: &str, routes: &[(&str, &str)]) {
    table(inventory, id).routes = routes
        .iter()
        .map(|(destination, target)| Route {
            destination: (*destination).to_owned(),
            state: "active".to_owned(),
            target: (*target).to_owned(),
            origin: Fetched::known("CreateRoute".to_owned()),
        })
        .collect();
}

/// What it says about `behind` if its first subnet has these routes.
fn with_routes(routes: &[(&str, &str)]) -> String {
    after(BEHIND, |inventory| routed(inventory, "rtb-orders", routes))
}

fn nat<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut NatGateway {
    inventory.region.network.nat_gateways.seen.iter_mut().find(|nat| nat.id == id).expect("a NAT gateway")
}

fn xray(inventory: &mut Inventory) -> &mut VpcEndpoint {
    inventory.region.network.endpoints.seen.iter_mut().find(|own| own.id == "vpce-xray").expect("an endpoint")
}

fn group<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut SecurityGroup {
    inventory.region.network.security_groups.seen.iter_mut().find(|group| group.id == id).expect("a group")
}

fn acl<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut NetworkAcl {
    inventory.region.network.network_acls.seen.iter_mut().find(|acl| acl.id == id).expect("an ACL")
}

fn peering(status: &str) -> PeeringConnection {
    let end = |vpc: &str, owner: &str| PeeredVpc {
        vpc: vpc.to_owned(),
        owner: owner.to_owned(),
        region: "eu-north-1".to_owned(),
    };
    PeeringConnection {
        id: "pcx-1".to_owned(),
        status: status.to_owned(),
        ends: vec![end("vpc-orders", "123456789012"), end("vpc-shared", "210987654321")],
    }
}

fn https_to(cidrs: &[&str]) -> Permission {
    Permission {
        protocol: "tcp".to_owned(),
        from_port: Some(443),
        to_port: Some(443),
        cidrs: texts(cidrs),
        prefix_lists: vec![],
        security_groups: vec![],
    }
}

#[test]
fn both_ways_pass_and_no_network_is_no_question() {
    assert_eq!(after(BEHIND, |_| ()), "passes");
    assert_eq!(after(BESIDE, |_| ()), "passes");
    for vpc in [None, Some(FunctionVpc { subnets: vec![], security_groups: vec![], ipv6: false })] {
        let said = after(BEHIND, |inventory| inventory.region.functions.seen[0].vpc = vpc);
        assert_eq!(said, r#"NotApplicable("it is not in a VPC")"#);
    }
}

#[test]
fn routes_that_lead_nowhere_fail() {
    assert_verdict(
        &with_routes(&[("0.0.0.0/0", "igw-orders")]),
        "fails",
        "0.0.0.0/0 → igw-orders; a function's interface has no",
    );
    assert_verdict(&with_routes(&[]), "fails", "rtb-orders (main of vpc-orders) has no route to public addresses");
    assert_verdict(&with_routes(&[("10.0.0.0/16", "local")]), "fails", "has no route");
    assert_verdict(&with_routes(&[("0.0.0.0/0", "pcx-1")]), "fails", "peering");
    assert_verdict(&with_routes(&[("::/0", "eigw-1")]), "fails", "has no route");
    assert_verdict(&with_routes(&[("0.0.0.0/0", "eigw-1")]), "fails", "IPv6");
    assert_verdict(&with_routes(&[("0.0.0.0/0", "nat-gone")]), "fails", "NAT gateway nat-gone does not exist");
    let blackhole =
        after(BEHIND, |inventory| table(inventory, "rtb-orders").routes[1].state = String::from("blackhole"));
    assert_verdict(&blackhole, "fails", "0.0.0.0/0 → nat-zonal is a blackhole");
}

#[test]
fn routes_that_lead_out_of_sight_are_unknown() {
    let core = "arn:aws:networkmanager::123456789012:core-network/core-network-1";
    for target in ["tgw-1", core, "vgw-1", "eni-1", "i-1", "vpce-1", "lgw-1", ""] {
        assert_verdict(&with_routes(&[("0.0.0.0/0", target)]), "unknown", &format!("continues through {target}"));
    }
    for target in ["pcx-1", "tgw-1", core] {
        let said = after(BEHIND, |inventory| {
            inventory.region.network.peering_connections.seen = vec![peering("active")];
            routed(inventory, "rtb-orders", &[("0.0.0.0/0", "igw-orders"), ("10.9.0.0/16", target)]);
        });
        assert_verdict(&said, "unknown", &format!("an endpoint shared over {target}"));
    }
    assert_verdict(&with_routes(&[("10.9.0.0/16", "vgw-1")]), "fails", "no route");
}

/// Peering carries packets to an endpoint at its other end, and no further.
#[test]
fn a_peer_of_the_same_account_and_region_is_asked_for_an_endpoint() {
    let over = |route: &str, far: &str, change: &dyn Fn(&mut Inventory)| {
        after(BEHIND, |inventory| {
            let mut own = peering("active");
            for end in &mut own.ends {
                end.owner = "123456789012".to_owned();
                end.region = inventory.region.name.clone();
            }
            own.ends[1].vpc = far.to_owned();
            inventory.region.network.peering_connections.seen = vec![own];
            routed(inventory, "rtb-orders", &[(route, "pcx-1")]);
            change(inventory);
        })
    };
    for route in ["0.0.0.0/0", "10.9.0.0/16"] {
        assert_verdict(&over(route, "vpc-bare", &|_| ()), "fails", "");
        let endpoint: &dyn Fn(&mut Inventory) = &|inventory| {
            let mut far = inventory.region.network.endpoints.seen[0].clone();
            (far.id, far.vpc) = ("vpce-far".to_owned(), "vpc-bare".to_owned());
            (far.service, far.kind) = (format!("com.amazonaws.{}.xray", inventory.region.name), "Interface".to_owned());
            inventory.region.network.endpoints.seen.push(far);
        };
        assert_verdict(&over(route, "vpc-bare", endpoint), "unknown", "an endpoint shared over pcx-1");
        let elsewhere: &dyn Fn(&mut Inventory) =
            &|inventory| inventory.region.network.peering_connections.seen[0].ends[1].region = "eu-north-1".to_owned();
        assert_verdict(&over(route, "vpc-bare", elsewhere), "unknown", "an endpoint shared over pcx-1");
    }
}

#[test]
fn the_longest_prefix_decides_over_all_public_addresses() {
    let halves = [("0.0.0.0/1", "nat-zonal"), ("128.0.0.0/1", "nat-zonal")];
    assert_eq!(with_routes(&halves), "passes");
    assert_verdict(&with_routes(&halves[..1]), "unknown", "no route to some public addresses");
    let beside = |target| with_routes(&[("0.0.0.0/0", "nat-zonal"), ("52.94.0.0/16", target)]);
    assert_verdict(&beside("vgw-1"), "unknown", "vgw-1");
    assert_verdict(&beside("igw-orders"), "unknown", "a part of the addresses goes a way that stops");
    assert_eq!(beside("nat-zonal"), "passes");
    assert_eq!(beside("local"), "passes");
    assert_eq!(with_routes(&[("0.0.0.0/0", "nat-zonal"), ("10.9.0.0/16", "pcx-1")]), "passes");
    assert_verdict(&with_routes(&[("0.0.0.0/0", "igw-orders"), ("52.0.0.0/8", "igw-orders")]), "fails", "igw-orders");
}

#[test]
fn prefix_lists_are_their_ranges() {
    let listed = |cidrs: Fetched<Vec<String>>, target: &str| {
        after(BEHIND, |inventory| {
            routed(inventory, "rtb-orders", &[("pl-1", target)]);
            inventory.region.network.prefix_lists.push(PrefixListAnswer { id: "pl-1".to_owned(), cidrs });
        })
    };
    let all = || Fetched::known(texts(&["0.0.0.0/0"]));
    assert_eq!(listed(all(), "nat-zonal"), "passes");
    assert_verdict(&listed(all(), "igw-orders"), "fails", "pl-1 → igw-orders");
    assert_verdict(&listed(Fetched::known(texts(&["10.0.0.0/8"])), "nat-zonal"), "fails", "no route");
    assert_verdict(
        &listed(Err(denied("ec2:GetManagedPrefixListEntries")).into(), "nat-zonal"),
        "unknown",
        "ec2:GetManaged",
    );
    // Whatever the list holds.
    let hidden = Err(denied("ec2:GetManagedPrefixListEntries")).into();
    assert_verdict(&listed(hidden, "igw-orders"), "fails", "igw-orders");
}

#[test]
fn a_zonal_nat_gateway_must_work() {
    for state in ["deleted", "failed", "pending"] {
        let said = after(BEHIND, |inventory| nat(inventory, "nat-zonal").state = state.to_owned());
        assert_verdict(&said, "fails", &format!("NAT gateway nat-zonal is {state}"));
    }
    let deleting = |id: &str, change: fn(&mut Inventory)| {
        after(BEHIND, |inventory| {
            nat(inventory, id).state = "deleting".to_owned();
            change(inventory);
        })
    };
    for id in ["nat-zonal", "nat-regional"] {
        assert_verdict(&deleting(id, |_| ()), "unknown", &format!("NAT gateway {id} is deleting, and may still"));
    }
    // Whether it still works does not matter where nothing leads on.
    let shut = deleting("nat-zonal", |inventory| routed(inventory, "rtb-orders-public", &[]));
    assert_verdict(&shut, "fails", "rtb-orders-public (of NAT gateway nat-zonal) has no route");
    assert_verdict(
        &after(BEHIND, |inventory| nat(inventory, "nat-zonal").state = String::from("odd")),
        "unknown",
        "not understood",
    );
    let private = |routes: &[(&str, &str)]| {
        after(BEHIND, |inventory| {
            nat(inventory, "nat-zonal").public = false;
            routed(inventory, "rtb-orders-public", routes);
        })
    };
    assert_verdict(&private(&[("0.0.0.0/0", "igw-orders")]), "fails", "the NAT gateway is private");
    assert_verdict(&private(&[("0.0.0.0/0", "tgw-1")]), "unknown", "tgw-1");
    let stands =
        |target: &str| after(BEHIND, |inventory| routed(inventory, "rtb-orders-public", &[("0.0.0.0/0", target)]));
    assert_verdict(&stands("nat-zonal"), "fails", "stands in a private subnet");
    assert_verdict(&stands("nat-regional"), "unknown", "nat-regional, another NAT gateway");
    assert_verdict(&stands("nat-gone"), "fails", "NAT gateway nat-gone does not exist");
    let both = |state: &str| {
        after(BEHIND, |inventory| {
            routed(inventory, "rtb-orders-public", &[("0.0.0.0/0", "nat-regional")]);
            nat(inventory, "nat-regional").state = state.to_owned();
        })
    };
    assert_verdict(&both("failed"), "fails", "nat-regional, a NAT gateway in the state failed");
    assert_verdict(&both("deleting"), "unknown", "nat-regional, a NAT gateway in the state deleting");
    assert_verdict(&both("odd"), "unknown", "nat-regional, a NAT gateway in the state odd");
    assert_verdict(&stands("vpce-1"), "unknown", "vpce-1");
    assert_verdict(&stands("igw-2"), "fails", "internet gateway igw-2 does not exist");
    assert_verdict(&stands("igw-spare"), "fails", "is not attached to vpc-orders");
    let unrouted = after(BEHIND, |inventory| routed(inventory, "rtb-orders-public", &[]));
    assert_verdict(&unrouted, "fails", "rtb-orders-public (of NAT gateway nat-zonal) has no route");
    let main = after(BEHIND, |inventory| table(inventory, "rtb-orders-public").subnets.clear());
    assert_verdict(&main, "fails", "stands in a private subnet");
    assert_verdict(&stands("nat-regional"), "unknown", "nat-regional, another NAT gateway");
    assert_verdict(&stands("nat-gone"), "fails", "NAT gateway nat-gone does not exist");
    let both = |state: &str| {
        after(BEHIND, |inventory| {
            routed(inventory, "rtb-orders-public", &[("0.0.0.0/0", "nat-regional")]);
            nat(inventory, "nat-regional").state = state.to_owned();
        })
    };
    assert_verdict(&both("failed"), "fails", "nat-regional, a NAT gateway in the state failed");
    assert_verdict(&both("deleting"), "unknown", "nat-regional, a NAT gateway in the state deleting");
    assert_verdict(&both("odd"), "unknown", "nat-regional, a NAT gateway in the state odd");
}

#[test]
fn a_regional_nat_gateway_has_zones_and_a_table() {
    let zones = |zones: &[&str]| after(BEHIND, |inventory| nat(inventory, "nat-regional").zones = texts(zones));
    assert_eq!(zones(&[]), "passes");
    assert_verdict(&zones(&["us-east-1a"]), "fails", "nat-regional does not cover us-east-1b");
    assert_verdict(&after(BEHIND, |inventory| nat(inventory, "nat-regional").route_table = None), "unknown", "neither");
    assert_verdict(&after(BEHIND, |inventory| routed(inventory, "rtb-orders-nat", &[])), "fails", "rtb-orders-nat");
}

#[test]
fn public_access_can_be_blocked() {
    let mode = |regional: bool, mode: Option<&str>| {
        after(BEHIND, |inventory| {
            let subnet = if regional { "subnet-orders-b" } else { "subnet-orders-public" };
            let public = inventory.region.network.subnets.seen.iter_mut().find(|own| own.id == subnet);
            public.expect("a subnet").public_access_block = mode.map(str::to_owned);
            if !regional {
                nat(inventory, "nat-regional").subnet = Some("subnet-orders-public".to_owned());
            }
        })
    };
    assert_verdict(&mode(false, Some("block-bidirectional")), "fails", "of subnet-orders-public");
    assert_eq!(mode(false, Some("off")), "passes");
    assert_eq!(mode(false, None), "passes");
    assert_eq!(mode(false, Some("block-ingress")), "passes");
    assert_verdict(&mode(false, Some("new")), "unknown", "not understood");
}

#[test]
fn one_bad_subnet_among_several_is_intermittent_and_beats_what_is_unknown() {
    let said = after(BEHIND, |inventory| nat(inventory, "nat-zonal").state = String::from("deleted"));
    assert_verdict(&said, "fails: From subnet-orders-a (us-east-1a)", "From subnet-orders-b (us-east-1b) they arrive");
    let said = after(BEHIND, |inventory| {
        nat(inventory, "nat-zonal").state = String::from("deleted");
        routed(inventory, "rtb-orders-b", &[("0.0.0.0/0", "tgw-1")]);
    });
    assert_verdict(&said, "fails", "nat-zonal is deleted");
    assert!(!said.contains("intermittent"), "{said}");
}

#[test]
fn dns64_and_the_nat64_prefix_are_a_way() {
    let six = |ipv6: bool, target: &str| {
        after(BEHIND, |inventory| {
            routed(inventory, "rtb-orders", &[("64:ff9b::/96", target)]);
            inventory.region.functions.seen[0].vpc.as_mut().expect("a VPC").ipv6 = ipv6;
            let both: Vec<_> = acl(inventory, "acl-orders").entries.clone();
            let six = both.into_iter().map(|own| gatelight_model::inventory::AclEntry {
                cidr: "::/0".to_owned(),
                number: 101,
                ..own
            });
            acl(inventory, "acl-orders").entries.extend(six.collect::<Vec<_>>());
        })
    };
    assert_eq!(six(true, "nat-zonal"), "passes");
    assert_verdict(&six(false, "nat-zonal"), "fails", "no route");
    assert_verdict(&six(true, "eigw-1"), "fails", "no route");
}

#[test]
fn what_a_shared_network_does_not_list_is_not_missing() {
    let shared = |change: fn(&mut Inventory)| {
        after(BEHIND, |inventory| {
            inventory.region.network.subnets.seen.iter_mut().for_each(|own| own.owner = String::from("210987654321"));
            change(inventory);
        })
    };
    let with_names = |inventory: &mut Inventory| {
        inventory.region.network.vpcs.seen[0].dns_hostnames = Fetched::known(true);
    };
    assert_verdict(&shared(with_names), "unknown", "shared by account 210987654321");
    // Without host names no endpoint gets X-Ray's name, listed or not.
    assert_eq!(shared(|_| ()), "passes");
    let shut = shared(|inventory| {
        inventory.region.network.vpcs.seen[0].dns_hostnames = Fetched::known(true);
        group(inventory, "sg-orders").egress.clear();
    });
    assert_verdict(&shut, "fails", "sg-orders: tcp 443 is let out to nowhere");
}

#[test]
fn what_is_not_listed_or_hidden_is_no_fault() {
    assert_verdict(
        &after(BEHIND, |inventory| inventory.region.network.subnets.seen.clear()),
        "unknown",
        "AWS lists no subnet",
    );
    let broken = after(BEHIND, |inventory| {
        inventory.region.network.nat_gateways.seen.clear();
        break_off(&mut inventory.region.network.nat_gateways, "ec2:DescribeNatGateways");
    });
    assert_verdict(&broken, "unknown", "ec2:DescribeNatGateways");
    let endpoints =
        after(BEHIND, |inventory| break_off(&mut inventory.region.network.endpoints, "ec2:DescribeVpcEndpoints"));
    // Without host names no endpoint gets X-Ray's name, listed or not.
    assert_eq!(endpoints, "passes");
    let endpoints = after(BEHIND, |inventory| {
        inventory.region.network.vpcs.seen[0].dns_hostnames = Fetched::known(true);
        break_off(&mut inventory.region.network.endpoints, "ec2:DescribeVpcEndpoints");
    });
    assert_verdict(&endpoints, "unknown", "ec2:DescribeVpcEndpoints");
    let tables =
        after(BEHIND, |inventory| break_off(&mut inventory.region.network.route_tables, "ec2:DescribeRouteTables"));
    assert_verdict(&tables, "unknown", "ec2:DescribeRouteTables");
}

#[test]
fn on_managed_instances_the_network_of_the_capacity_provider_is_judged() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:capacity-provider:pool";
    let managed = |change: fn(&mut Inventory)| {
        let mut inventory = scope();
        let vpc = inventory.region.functions.seen[1].vpc.take().expect("a VPC");
        let answer = CapacityProviderAnswer { arn: arn.to_owned(), vpc: Fetched::known(vpc) };
        inventory.region.capacity_providers = vec![answer];
        inventory.region.functions.seen[0].capacity_provider = Some(arn.to_owned());
        change(&mut inventory);
        inventory
    };
    assert_eq!(said(&managed(|_| ()), BEHIND), "passes");
    let refused = managed(|inventory| group(inventory, "sg-endpoint").ingress.clear());
    assert_verdict(&said(&refused, BEHIND), "fails", "On managed instances all");
    assert_eq!(refused.failure(&CHECK, BEHIND).severity, Some(Severity::High));
    // Unlike the interface of a function, an instance may have a public address.
    let public = managed(|inventory| {
        xray(inventory).private_dns = false;
        group(inventory, "sg-shared").egress.push(https_to(&["0.0.0.0/0"]));
        routed(inventory, "rtb-users", &[("0.0.0.0/0", "igw-orders")]);
        inventory.region.network.internet_gateways.seen[0].vpcs.push("vpc-users".to_owned());
    });
    assert_verdict(&said(&public, BEHIND), "unknown", "whether a managed instance has one");
    // With a public address too, packets need a gateway that works.
    let mut detached = public.clone();
    detached.region.network.internet_gateways.seen[0].vpcs.retain(|vpc| vpc != "vpc-users");
    assert_verdict(&said(&detached, BEHIND), "fails", "is not attached to vpc-users");
    detached.region.network.internet_gateways.seen.remove(0);
    assert_verdict(&said(&detached, BEHIND), "fails", "does not exist");
    let mut blocked = public;
    let subnet = blocked.region.network.subnets.seen.iter_mut().find(|own| own.id == "subnet-users-a");
    subnet.expect("a subnet").public_access_block = Some(String::from("block-bidirectional"));
    assert_verdict(&said(&blocked, BEHIND), "fails", "nothing leaves through internet gateway");
    assert_verdict(
        &said(&managed(|inventory| inventory.region.capacity_providers.clear()), BEHIND),
        "unknown",
        "not collected",
    );
}

mod beyond;
mod central;
mod endpoint;
mod firewall;
mod fixes;
mod name;
mod scale;
mod telling;
mod transit;

/// What could not be told matters as much as the fault would.
#[test]
fn an_unknown_way_is_as_severe_as_one_that_stops() {
    let severity = |change: fn(&mut Function)| {
        let mut inventory = scope();
        routed(&mut inventory, "rtb-orders", &[("0.0.0.0/0", "tgw-1")]);
        let function =
            inventory.region.functions.seen.iter_mut().find(|function| function.name == BEHIND).expect("one");
        change(function);
        let mut told = None;
        crate::audit(inventory.scope(), &[&CHECK], &crate::Policy::default(), &mut |outcome| {
            if outcome.subject.name == BEHIND {
                told = Some((outcome.verdict.is_err(), outcome.severity));
            }
        });
        told.expect("an outcome")
    };
    assert_eq!(severity(|own| own.tracing_mode = Some("Active".to_owned())), (true, Severity::Low));
    assert_eq!(severity(|own| own.tracing_mode = Some("PassThrough".to_owned())), (true, Severity::Low));
    assert_eq!(
        severity(|own| own.tracing_variables.push("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned())),
        (true, Severity::High)
    );
}
