//! Compares decisions with brute force for policies that compare a key with another key.

use proptest::prelude::*;

use super::{
    Condition, KEYS, SimulationReader, Statement, Value, condition, decide, decision_name, document, statements,
};
use crate::{ConditionKeys, PossibleValue};

const OPERATORS: &[&str] = &["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringLike", "Null"];

/// The statements of a request in which the keys have these values. A variable without a value equals nothing.
fn resolved(statements: &[Statement], values: [&Value; 2]) -> Vec<Statement> {
    let text = |own: &String| match KEYS.iter().position(|key| *own == format!("${{{key}}}")) {
        Some(at) => values[at].first().cloned(),
        None => Some(own.clone()),
    };
    let condition = |(operator, key, own): &Condition| (*operator, *key, own.iter().filter_map(text).collect());
    statements.iter().map(|(allow, conditions)| (*allow, conditions.iter().map(condition).collect())).collect()
}

/// Whether a key is compared with itself, which the engine does not analyse.
fn compares_with_itself(statements: &[Statement]) -> bool {
    let itself =
        |(operator, key, own): &Condition| *operator != "Null" && own.contains(&format!("${{{}}}", KEYS[*key]));
    statements.iter().flat_map(|(_, conditions)| conditions).any(itself)
}

fn value() -> impl Strategy<Value = String> + Clone {
    prop::sample::select(vec!["a", "b", "${x:one}", "${x:two}"]).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn linked_keys_are_decided_as_by_brute_force(
        identity in statements(condition(OPERATORS, value())),
        // The only value of the second key beside absent; `None`: any value.
        listed in prop::option::of(prop::sample::select(vec!["a", "c"])),
    ) {
        let texts = |all: &[&str]| all.iter().map(|text| vec![(*text).to_owned()]).collect::<Vec<Value>>();
        // `c` and `d` stand for all values that no policy contains: two, as the keys may differ.
        let anything = [vec![vec![]], texts(&["a", "b", "c", "d"])].concat();
        let second = listed.map_or_else(|| anything.clone(), |text| [vec![vec![]], texts(&[text])].concat());
        let (mut allows, mut denies, mut explicit) = (false, false, true);
        for one in &anything {
            for two in &second {
                let (allowed, denied) = decide(&resolved(&identity, [one, two]), None, [one, two]);
                allows |= allowed;
                denies |= !allowed;
                explicit &= denied;
            }
        }
        let expected = match (allows, denies) {
            (true, true) => "undetermined",
            (true, false) => "allowed",
            _ if explicit => "denied-explicitly",
            _ => "denied-implicitly",
        };
        let text = format!(
            r#"{{"request":{{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333"}},"identity":[{}]}}"#,
            document("p", &identity)
        );
        let mut simulation = SimulationReader::new(&text).next().expect("a simulation").expect("well formed");
        if let Some(text) = listed {
            simulation.request.keys =
                ConditionKeys::default().with_possible(KEYS[1], vec![PossibleValue::Absent, PossibleValue::Value(text.to_owned())], "");
        }
        let result = simulation.request.simulate(&simulation.policies);
        let decided = decision_name(&result);
        let loose = decided == "undetermined" || (decided == "denied-implicitly" && expected == "denied-explicitly");
        prop_assert!(decided == expected || compares_with_itself(&identity) && loose, "{} {:?}", expected, result);
    }
}
