//! `function-cannot-reach-xray` over the region of a large account: 10,000 functions in 500 VPCs, in one thread. The goal
//! is one second.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gatelight_checks::{Judgement, Policy, audit, find_check, testing::{Inventory, healthy}};
use gatelight_model::inventory::{FunctionVpc, InternetGateway, Network};

const VPCS: usize = 500;
const FUNCTIONS_PER_VPC: usize = 20;
const GROUPS_PER_VPC: usize = 20;
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// One VPC: three private subnets and three public ones, a NAT gateway a zone, an ACL for each kind of subnet, and in
/// every second one an endpoint, which the functions use there.
fn vpc(network: &mut Network, pattern: &Network, number: usize) {
    let id = format!("vpc-{number}");
    // The ranges of VPCs may be the same, and in large accounts they are.
    let (mut own, second) = (pattern.vpcs.seen[1].clone(), number % 250);
    (own.id, own.cidrs, own.dhcp_options) = (id.clone(), vec![format!("10.{second}.0.0/16")], None);
    network.vpcs.seen.push(own);
    let gateway = format!("igw-{number}");
    network.internet_gateways.seen.push(InternetGateway { id: gateway.clone(), vpcs: vec![id.clone()] });
    let (mut private, mut public) = (Vec::new(), Vec::new());
    for (place, zone) in ZONES.into_iter().enumerate() {
        for (kind, names) in [("private", &mut private), ("public", &mut public)] {
            let mut subnet = pattern.subnets.seen[3].clone();
            subnet.id = format!("subnet-{number}-{kind}-{place}");
            (subnet.vpc, subnet.zone) = (id.clone(), zone.to_owned());
            subnet.cidr = format!("10.{second}.{}.0/24", if kind == "private" { place } else { 100 + place });
            names.push(subnet.id.clone());
            network.subnets.seen.push(subnet);
        }
        let mut nat = pattern.nat_gateways.seen[0].clone();
        (nat.id, nat.vpc, nat.subnet) = (format!("nat-{number}-{place}"), id.clone(), Some(public[place].clone()));
        for (kind, subnet, target) in [("private", &private[place], &nat.id), ("public", &public[place], &gateway)] {
            let mut table = pattern.route_tables.seen[0].clone();
            (table.id, table.vpc, table.main) = (format!("rtb-{number}-{kind}-{place}"), id.clone(), false);
            table.subnets = vec![subnet.clone()];
            table.routes[0].destination = format!("10.{second}.0.0/16");
            table.routes[1].target.clone_from(target);
            network.route_tables.seen.push(table);
        }
        network.nat_gateways.seen.push(nat);
    }
    for (kind, subnets) in [("private", &private), ("public", &public)] {
        let mut acl = pattern.network_acls.seen[1].clone();
        (acl.id, acl.subnets) = (format!("acl-{number}-{kind}"), subnets.clone());
        network.network_acls.seen.push(acl);
    }
    for place in 0..GROUPS_PER_VPC {
        let mut group = pattern.security_groups.seen[0].clone();
        group.id = format!("sg-{number}-{place}");
        let all = group.egress[0].clone();
        let of_everyone = |rule: &mut gatelight_model::inventory::Permission| rule.cidrs = vec!["10.0.0.0/8".into()];
        group.ingress = vec![all.clone(); 5];
        group.ingress.iter_mut().for_each(of_everyone);
        group.egress.extend(vec![all; 3]);
        group.egress.iter_mut().skip(1).for_each(of_everyone);
        network.security_groups.seen.push(group);
    }
    if number % 2 == 0 {
        let mut endpoint = pattern.endpoints.seen[1].clone();
        (endpoint.id, endpoint.vpc, endpoint.subnets) = (format!("vpce-{number}"), id, private);
        endpoint.security_groups = vec![format!("sg-{number}-0")];
        network.endpoints.seen.push(endpoint);
    }
}

/// The account. `sets` is how many different sets of groups the functions of a VPC have.
fn account(sets: usize) -> Inventory {
    let mut inventory = healthy();
    let pattern = inventory.region.network.clone();
    let function = inventory.region.functions.seen[1].clone();
    let network = &mut inventory.region.network;
    network.vpcs.seen.clear();
    network.subnets.seen.clear();
    network.route_tables.seen.clear();
    network.nat_gateways.seen.clear();
    network.internet_gateways.seen.clear();
    network.endpoints.seen.clear();
    network.security_groups.seen.clear();
    network.network_acls.seen.clear();
    inventory.region.functions.seen.clear();
    for number in 0..VPCS {
        vpc(network, &pattern, number);
        for place in 0..FUNCTIONS_PER_VPC {
            let mut function = function.clone();
            function.name = format!("function-{number}-{place}");
            function.arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", function.name);
            function.vpc = Some(FunctionVpc {
                subnets: (0..ZONES.len()).map(|zone| format!("subnet-{number}-private-{zone}")).collect(),
                security_groups: vec![format!("sg-{number}-{}", place % sets)],
                ipv6: false,
            });
            inventory.region.functions.seen.push(function);
        }
    }
    inventory
}

/// How many functions are judged, and that each has a way: a bench of gaps would measure nothing.
fn judge(inventory: &Inventory) -> usize {
    let check = find_check("function-cannot-reach-xray").expect("the check");
    let mut passed = 0;
    audit(inventory.scope(), &[check], &Policy::default(), &mut |outcome| {
        passed += usize::from(matches!(outcome.verdict, Ok(Judgement::Pass | Judgement::PassNoted(_))));
    });
    passed
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("10,000 functions over 500 VPCs");
    group.sample_size(10);
    for (name, sets) in [("in 3 sets of groups a VPC", 3), ("each in a set of its own", FUNCTIONS_PER_VPC)] {
        let inventory = account(sets);
        assert_eq!(judge(&inventory), VPCS * FUNCTIONS_PER_VPC);
        group.bench_function(name, |bencher| bencher.iter(|| judge(black_box(&inventory))));
    }
}

criterion_group!(network, bench);
criterion_main!(network);
