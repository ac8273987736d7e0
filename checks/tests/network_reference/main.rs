//! `function-cannot-reach-xray` against a second opinion. The reference here was written from AWS's documentation and
//! the contract without a look at the check, and it does not reason: it tries a packet to each kind of address, from
//! each kind of address, and an answer to each kind of port. On random networks both have to say the same.
//!
//! `GATELIGHT_CASES=100000 cargo test --release -p gatelight-checks --test network_reference` tries so many networks.

mod cells;
mod decide;
mod fate;
mod generate;
mod rules;

use std::cell::Cell;

use decide::Reference;
use fate::Fate;
use gatelight_checks::{Judgement, Policy, audit, find_check, testing::Inventory};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

/// What the check says about each function, in the order of their ARNs; `None`: it does not apply.
fn audited(world: &Inventory) -> Vec<(String, Option<Fate>, String)> {
    let check = find_check("function-cannot-reach-xray").expect("the check");
    let mut outcomes = Vec::new();
    audit(world.world(), &[check], &Policy::default(), &mut |outcome| {
        let (fate, words) = match &outcome.verdict {
            Ok(Judgement::Pass | Judgement::PassNoted(_)) => (Some(Fate::Arrives), String::new()),
            Ok(Judgement::NotApplicable(why)) => (None, (*why).to_owned()),
            Ok(Judgement::Fail(failure)) => (Some(Fate::Stops), failure.message.clone()),
            Err(gap) => (Some(Fate::Unknown), gap.to_string()),
        };
        outcomes.push((outcome.subject.name, fate, words));
    });
    outcomes
}

/// The first function about which the two differ.
fn disagreement(world: &Inventory, tell: impl Fn(Option<Fate>)) -> Option<String> {
    let reference = Reference::new(world);
    audited(world).into_iter().find_map(|(name, audited, words)| {
        let function = world.region.functions.seen.iter().find(|function| function.name == name)?;
        let tried = reference.decide(function);
        // Of what stops in pieces the check may say that it cannot tell, and never that it arrives.
        let weaker = tried == Some(Fate::Stops) && reference.pieced.get() && audited == Some(Fate::Unknown);
        tell(tried);
        (tried != audited && !weaker).then(|| format!("{name}: the reference says {tried:?}, the check {audited:?}: {words}"))
    })
}

#[test]
fn random_networks_are_judged_as_by_trial() {
    let cases = std::env::var("GATELIGHT_CASES").ok().map_or(3000, |cases| cases.parse().expect("a number of cases"));
    let seeds = FileFailurePersistence::Direct("tests/network_reference/proptest-regressions.txt");
    let mut runner = TestRunner::new(Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() });
    let counts = [const { Cell::new(0_u32) }; 4];
    let numbers = proptest::collection::vec(proptest::num::u16::ANY, 0..600);
    let result = runner.run(&numbers, |numbers| {
        let world = generate::network(&numbers);
        let tell = |fate: Option<Fate>| {
            let count = &counts[fate.map_or(3, |fate| fate as usize)];
            count.set(count.get() + 1);
        };
        disagreement(&world, tell).map_or(Ok(()), |why| Err(TestCaseError::fail(why)))
    });
    let [arrives, stops, unknown, none] = counts.map(Cell::into_inner);
    if let Err(why) = result {
        panic!("{why}");
    }
    // Networks that all look alike would prove nothing.
    let total = arrives + stops + unknown + none;
    for count in [arrives, stops, unknown, none] {
        assert!(count * 50 > total, "{arrives} arrive, {stops} stop, {unknown} unknown, {none} in no VPC");
    }
}

#[test]
#[ignore]
fn explore() {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = TestRunner::deterministic();
    let numbers = proptest::collection::vec(proptest::num::u16::ANY, 0..600);
    let mut seen: std::collections::BTreeMap<String, (u32, String)> = Default::default();
    let n: u32 = std::env::var("N").ok().map_or(3000, |c| c.parse().unwrap());
    for _ in 0..n {
        let mut tree = numbers.new_tree(&mut runner).unwrap();
        let key = |v: &Vec<u16>| -> Option<String> {
            let world = generate::network(v);
            let d = disagreement(&world, |_| {})?;
            Some(d.chars().skip_while(|c| *c != ':').filter(|c| !c.is_ascii_digit()).collect())
        };
        let Some(k) = key(&tree.current()) else { continue };
        if let Some(hit) = seen.get_mut(&k) { hit.0 += 1; continue; }
        // shrink while the key stays
        let mut best = tree.current();
        for _ in 0..4000 {
            if key(&tree.current()).as_ref() == Some(&k) {
                best = tree.current();
                if !tree.simplify() { break; }
            } else if !tree.complicate() { break; }
        }
        let world = generate::network(&best);
        let d = disagreement(&world, |_| {}).unwrap(); let number = d.split(':').next().unwrap().rsplit('-').next().unwrap().to_owned(); let all = show(&world); let vpc_lines: Vec<String> = all.lines().filter(|l| !l.starts_with(' ') || l.contains(&format!("-{number}")) || l.contains("pl-")).filter(|l| !(l.contains("NetworkAcl") && l.matches("cidr").count() == 8)).map(str::to_owned).collect(); seen.insert(k, (1, vpc_lines.join("\n")));
    }
    let mut list: Vec<_> = seen.into_iter().collect();
    list.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    println!("{} classes", list.len());
    for (k, (count, world)) in list.iter().take(40) {
        println!("\n=== {count} x {k}\n{world}");
    }
}

fn show(world: &Inventory) -> String {
    let n = &world.region.network;
    let mut t = String::new();
    use std::fmt::Write;
    writeln!(t, "account {:?}", world.account.id.get().is_ok()).unwrap();
    for f in &world.region.functions.seen { writeln!(t, "fn {} vpc {:?} cp {:?}", f.name, f.vpc, f.capacity_provider).unwrap(); }
    for c in &world.region.capacity_providers { writeln!(t, "cp {:?}", c.vpc.get().ok()).unwrap(); }
    macro_rules! list { ($($name:ident),*) => { $( if n.$name.rest.get().is_err() { writeln!(t, "BROKEN {}", stringify!($name)).unwrap(); } for x in &n.$name.seen { let s = format!("{x:?}"); writeln!(t, "  {}", s).unwrap(); } )* } }
    list!(vpcs, subnets, route_tables, nat_gateways, internet_gateways, endpoints, security_groups, network_acls, dhcp_options);
    for l in &n.prefix_lists { if l.cidrs.get().map_or(true, |c| c.is_empty()) { writeln!(t, "  {} {:?}", l.id, l.cidrs.get().ok()).unwrap(); } }
    for (a, b) in [("RouteTable", "RT"), ("Route ", ""), ("destination: ", ""), ("state: \"active\", ", ""), ("target: ", ""), ("Fetched(Ok(", "("), ("vpce-s3", "s3"), ("number: ", ""), ("protocol: ", ""), ("from_port: ", ""), ("to_port: ", ""), ("AclEntry", ""), ("prefix_lists: [], ", ""), ("Permission", ""), ("security_groups: []", "")] { t = t.replace(a, b); }
    t
}
