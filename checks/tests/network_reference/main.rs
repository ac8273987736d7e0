//! `function-cannot-reach-xray` against a second opinion. The reference here was written from AWS's documentation and
//! the contract without a look at the check, and it does not reason: it tries a packet to each kind of address, from
//! each kind of address, and an answer to each kind of port. On random networks both have to say the same.
//!
//! `GATELIGHT_CASES=100000 cargo test --release -p gatelight-checks --test network_reference` tries so many networks.

mod cells;
mod complete;
mod decide;
mod fate;
mod generate;
mod rules;

use std::cell::Cell;

use decide::Reference;
use fate::{Fate, either};
use gatelight_checks::{Judgement, Policy, audit, find_check, testing::Inventory};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner};

/// What the check says about each function, in the order of their ARNs; `None`: it does not apply.
fn audited(scenario: &Inventory) -> Vec<(String, Option<Fate>, String)> {
    let check = find_check("function-cannot-reach-xray").expect("the check");
    let mut outcomes = Vec::new();
    audit(scenario.scope(), &[check], &Policy::default(), &mut |outcome| {
        let (fate, words) = match &outcome.verdict {
            Ok(Judgement::Pass | Judgement::PassNoted(_)) => (Some(Fate::Arrives), String::new()),
            Ok(Judgement::NotApplicable(why)) => (None, (*why).to_owned()),
            // The policy of an endpoint refuses statistics about traces, which arrive.
            Ok(Judgement::Fail(failure)) if failure.message.contains("traces arrive at X-Ray, but") => {
                (Some(Fate::Segments), failure.message.clone())
            }
            Ok(Judgement::Fail(failure)) => (Some(Fate::Stops), failure.message.clone()),
            Err(gap) => (Some(Fate::Unknown), gap.to_string()),
        };
        outcomes.push((outcome.subject.name, fate, words));
    });
    outcomes
}

/// The first function about which the two differ.
fn disagreement(scenario: &Inventory, tell: impl Fn(Option<Fate>)) -> Option<String> {
    let reference = Reference::new(scenario);
    audited(scenario).into_iter().find_map(|(name, audited, words)| {
        let function = scenario.region.functions.seen.iter().find(|function| function.name == name)?;
        let tried = reference.decide(function);
        tell(tried);
        (tried != audited).then(|| format!("{name}: the reference says {tried:?}, the check {audited:?}: {words}"))
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
        let scenario = generate::network(&numbers);
        let tell = |fate: Option<Fate>| {
            let count = &counts[fate.map_or(3, Fate::index)];
            count.set(count.get() + 1);
        };
        disagreement(&scenario, tell).map_or(Ok(()), |why| Err(TestCaseError::fail(why)))
    });
    let [arrives, stops, unknown, none] = counts.map(Cell::into_inner);
    // The error holds the numbers as well, which say nothing: the seed is kept in a file beside this one.
    if let Err(TestError::Fail(why, numbers)) = result {
        panic!("{why}\n{:#?}", generate::network(&numbers).region.network);
    }
    // Networks that all look alike would prove nothing.
    let total = arrives + stops + unknown + none;
    for count in [arrives, stops, unknown, none] {
        assert!(count * 50 > total, "{arrives} arrive, {stops} stop, {unknown} unknown, {none} in no VPC");
    }
}

/// The first function of which the check does not say what all values of the hidden facts come to.
fn caution(scenario: &Inventory, tell: impl Fn(Fate)) -> Option<String> {
    let (hidden, told) = complete::completions(scenario)?;
    let decided: Vec<_> = told.iter().map(Reference::new).collect();
    audited(&hidden).into_iter().find_map(|(name, audited, words)| {
        let find = |own: &&gatelight_model::inventory::Function| own.name == name;
        let function = hidden.region.functions.seen.iter().find(find)?;
        let fates: Option<Vec<_>> = decided.iter().map(|own| own.decide(function)).collect();
        let fate = either(fates?);
        tell(fate);
        (Some(fate) != audited)
            .then(|| format!("{name}: its values come to {fate:?}, the check says {audited:?}: {words}"))
    })
}

/// "Could not check" is said only where the values of what is hidden come to several verdicts, and always there.
#[test]
fn what_is_hidden_is_unknown_only_where_its_values_disagree() {
    let cases = std::env::var("GATELIGHT_CASES").ok().map_or(3000, |cases| cases.parse().expect("a number of cases"));
    let seeds = FileFailurePersistence::Direct("tests/network_reference/proptest-regressions.txt");
    let mut runner = TestRunner::new(Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() });
    let counts = [const { Cell::new(0_u32) }; 3];
    let numbers = proptest::collection::vec(proptest::num::u16::ANY, 0..600);
    let result = runner.run(&numbers, |numbers| {
        let tell = |fate: Fate| counts[fate.index()].set(counts[fate.index()].get() + 1);
        caution(&generate::network(&numbers), tell).map_or(Ok(()), |why| Err(TestCaseError::fail(why)))
    });
    if let Err(TestError::Fail(why, numbers)) = result {
        panic!("{why}\n{:#?}", generate::network(&numbers).region.network);
    }
    let [arrives, stops, unknown] = counts.map(Cell::into_inner);
    let total = arrives + stops + unknown;
    for count in [arrives, stops, unknown] {
        assert!(count * 20 > total, "{arrives} arrive, {stops} stop, {unknown} unknown");
    }
}
