//! Compares decisions with brute force: all values that a key can have in a small universe, by each operator's definition.

use std::fmt::Write as _;

mod cases;
mod links;

use proptest::prelude::*;

use crate::{Denial, SimulationDecision, SimulationReader, SimulationResult};

const KEYS: [&str; 2] = ["x:one", "x:two"];

/// An operator, the index of a key, and values.
type Condition = (&'static str, usize, Vec<String>);
/// Whether it allows, and its conditions.
type Statement = (bool, Vec<Condition>);

/// The values of a key in a request; empty if the key is absent.
type Value = Vec<String>;

/// The definition of a glob, as a recursion.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => glob(rest, text),
        (Some((b'*', rest)), Some((_, shorter))) => glob(rest, text) || glob(pattern, shorter),
        (Some((p, rest)), Some((t, shorter))) => (*p == b'?' || p == t) && glob(rest, shorter),
        _ => false,
    }
}

/// Whether a condition holds, by AWS's definitions.
fn holds((operator, _, values): &Condition, value: &Value) -> bool {
    let (quantifier, name) = operator.split_once(':').map_or(("", *operator), |(quantifier, name)| (quantifier, name));
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    if name == "Null" {
        return values.contains(&value.is_empty().to_string());
    }
    if name == "NullOrEmpty" {
        return values.contains(&value.iter().all(String::is_empty).to_string());
    }
    if value.is_empty() && if_exists {
        return true;
    }
    let negated = name.contains("Not");
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let fits = |own: &String, text: &String| match name {
        "StringEquals" | "StringNotEquals" | "Bool" => own == text,
        "StringEqualsIgnoreCase" => own.to_lowercase() == text.to_lowercase(),
        "StringLike" | "StringNotLike" => glob(own.as_bytes(), text.as_bytes()),
        "NumericEquals" | "NumericNotEquals" => (number(own) - number(text)).abs() < f64::EPSILON,
        "NumericLessThan" => number(text) < number(own),
        "NumericGreaterThanEquals" => number(text) >= number(own),
        _ => panic!("{name}"),
    };
    let one = |text: &String| values.iter().any(|own| fits(own, text)) != negated;
    match quantifier {
        "ForAllValues" => value.iter().all(one),
        "ForAnyValue" => value.iter().any(one),
        _ => value.first().map_or(negated, one),
    }
}

fn applies(statements: &[Statement], allow: bool, values: [&Value; 2]) -> bool {
    statements.iter().any(|(own, conditions)| *own == allow && conditions.iter().all(|one| holds(one, values[one.1])))
}

/// Whether the request is allowed, and whether it is denied explicitly.
fn decide(identity: &[Statement], boundary: Option<&[Statement]>, values: [&Value; 2]) -> (bool, bool) {
    let boundary_denies = boundary.is_some_and(|boundary| applies(boundary, false, values));
    let denied = applies(identity, false, values) || boundary_denies;
    let allowed = applies(identity, true, values) && boundary.is_none_or(|own| applies(own, true, values));
    (allowed && !denied, denied)
}

fn expected(identity: &[Statement], boundary: Option<&[Statement]>, universe: &[Vec<Value>; 2]) -> &'static str {
    let mut all = Vec::new();
    for one in &universe[0] {
        for two in &universe[1] {
            all.push(decide(identity, boundary, [one, two]));
        }
    }
    let (allowed, denied) = (all.iter().any(|(allowed, _)| *allowed), all.iter().any(|(allowed, _)| !allowed));
    match (allowed, denied) {
        (true, true) => "undetermined",
        (true, false) => "allowed",
        _ if all.iter().all(|(_, explicit)| *explicit) => "denied-explicitly",
        _ => "denied-implicitly",
    }
}

/// [`expected`], if Null takes an empty value for an absent one.
fn expected_if_null(
    identity: &[Statement],
    boundary: Option<&[Statement]>,
    universe: &[Vec<Value>; 2],
) -> &'static str {
    let renamed = |statements: &[Statement]| -> Vec<Statement> {
        let operator = |name| if name == "Null" { "NullOrEmpty" } else { name };
        let condition = |(name, key, values): &Condition| (operator(*name), *key, values.clone());
        statements.iter().map(|(allow, all)| (*allow, all.iter().map(condition).collect())).collect()
    };
    expected(&renamed(identity), boundary.map(renamed).as_deref(), universe)
}

fn document(name: &str, statements: &[Statement]) -> String {
    let mut text = String::new();
    for (at, (allow, conditions)) in statements.iter().enumerate() {
        // JSON objects have each operator once, so conditions with the same operator are merged by key. proptest gives
        // no key twice.
        let mut merged = serde_json::Map::new();
        for (operator, key, values) in conditions {
            let keys = merged.entry(*operator).or_insert_with(|| serde_json::json!({}));
            keys[KEYS[*key]] = serde_json::json!(values);
        }
        let effect = if *allow { "Allow" } else { "Deny" };
        let comma = if at > 0 { "," } else { "" };
        let condition = serde_json::Value::Object(merged);
        let _ = write!(text, r#"{comma}{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{condition}}}"#);
    }
    format!(r#"{{"name":"{name}","document":{{"Version":"2012-10-17","Statement":[{text}]}}}}"#)
}

fn simulate(identity: &[Statement], boundary: Option<&[Statement]>, context: &str) -> SimulationResult {
    let boundary = boundary.map(|own| format!(r#","boundary":[{}]"#, document("b", own))).unwrap_or_default();
    let text = format!(
        r#"{{"request":{{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{context}}},"identity":[{}]{boundary}}}"#,
        document("p", identity)
    );
    let simulation = SimulationReader::new(&text).next().expect("a simulation").expect("well formed");
    simulation.request.simulate(&simulation.policies)
}

fn decision_name(result: &SimulationResult) -> &'static str {
    match &result.decision {
        SimulationDecision::Allowed(_) => "allowed",
        SimulationDecision::Denied(Denial::Explicit(_)) => "denied-explicitly",
        SimulationDecision::Denied(_) => "denied-implicitly",
        SimulationDecision::Undetermined => "undetermined",
    }
}

/// A condition on a key, with values of one kind.
fn condition(
    operators: &'static [&'static str],
    values: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = Condition> {
    let null = prop::sample::select(vec!["true".to_owned(), "false".to_owned()]);
    let values = prop::collection::vec(values, 1..3);
    (prop::sample::select(operators), 0..2_usize, values, null)
        .prop_map(|(operator, key, values, null)| (operator, key, if operator == "Null" { vec![null] } else { values }))
}

fn statements(one: impl Strategy<Value = Condition> + 'static) -> impl Strategy<Value = Vec<Statement>> {
    let conditions = prop::collection::vec(one, 0..3).prop_map(|mut all| {
        all.sort();
        all.dedup_by(|a, b| (a.0, a.1) == (b.0, b.1));
        all
    });
    prop::collection::vec((any::<bool>(), conditions), 1..5)
}

/// Absent, empty, and every text of up to three characters. `x` stands for all characters that the patterns do not
/// contain. `A` is there for comparisons that ignore case. Wildcards are there, in texts of up to two characters like the
/// patterns, because operators without wildcards compare them as they are.
fn texts() -> Vec<Value> {
    let mut all = vec![vec![], vec![String::new()]];
    for (letters, length) in [(&["a", "A", "1", "x"][..], 3), (&["a", "A", "1", "x", "*", "?"][..], 2)] {
        let mut last = vec![String::new()];
        for _ in 0..length {
            last = last.iter().flat_map(|text| letters.iter().map(move |c| format!("{text}{c}"))).collect();
            all.extend(last.iter().map(|text| vec![text.clone()]));
        }
    }
    all.sort();
    all.dedup();
    all
}

const TEXT: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIfExists",
    "StringNotLikeIfExists",
    "StringEqualsIgnoreCase",
    "Null",
];
const SETS: &[&str] = &[
    "ForAllValues:StringEquals",
    "ForAnyValue:StringEquals",
    "ForAllValues:StringNotEquals",
    "ForAnyValue:StringNotEqualsIfExists",
    "ForAnyValue:StringLike",
    "Null",
];
const NUMBERS: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanIfExists",
    "NumericGreaterThanEquals",
    "Null",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn texts_are_decided_as_by_brute_force(
        identity in statements(condition(TEXT, "[a1*?]{1,2}")),
        boundary in prop::option::of(statements(condition(TEXT, "[aA1*]{1,2}"))),
    ) {
        let universe = [texts(), texts()];
        let expected = expected(&identity, boundary.as_deref(), &universe);
        let result = simulate(&identity, boundary.as_deref(), "{}");
        let conditions = || identity.iter().chain(boundary.iter().flatten()).flat_map(|(_, conditions)| conditions);
        // Where patterns distinguish an empty value from others, Null may take it for an absent one or not.
        let is_empty_seen = conditions().any(|(_, _, own)| own.iter().any(|text| text == "*?" || text == "?*"));
        if is_empty_seen && conditions().any(|(operator, ..)| *operator == "Null") {
            let other = expected_if_null(&identity, boundary.as_deref(), &universe);
            let denied = [expected, other].iter().all(|decision| decision.starts_with("denied"));
            // The request is denied in both readings, but not in the same way.
            let either = if denied && expected != other { "denied-implicitly" } else { expected };
            let allowed = ["undetermined", expected, either];
            prop_assert!(allowed.contains(&decision_name(&result)), "{} {:?}", expected, result);
        } else {
            prop_assert_eq!(decision_name(&result), expected, "{:?}", result);
            prop_assert!(result.problems.is_empty());
        }
    }

    #[test]
    fn sets_are_decided_as_by_brute_force(identity in statements(condition(SETS, "[ab*]"))) {
        let all = ["a", "b", "*", "x", "xx"].map(str::to_owned);
        let sets: Vec<Value> = (0..32_usize)
            .map(|chosen| all.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, text)| text.clone()).collect())
            .collect();
        let universe = [sets.clone(), sets];
        let result = simulate(&identity, None, "{}");
        prop_assert_eq!(decision_name(&result), expected(&identity, None, &universe), "{:?}", result);
    }

    #[test]
    fn numbers_are_decided_as_by_brute_force(identity in statements(condition(NUMBERS, "-?[0-3](\\.5)?"))) {
        let numbers = (-20..=20).map(|quarters| vec![(f64::from(quarters) / 4.0).to_string()]);
        let all: Vec<Value> = std::iter::once(vec![]).chain(numbers).collect();
        let universe = [all.clone(), all];
        let result = simulate(&identity, None, "{}");
        prop_assert_eq!(decision_name(&result), expected(&identity, None, &universe), "{:?}", result);
    }

    #[test]
    fn a_key_is_missing_if_it_can_change_the_decision(identity in statements(condition(TEXT, "[a1*]{1,2}"))) {
        let result = simulate(&identity, None, "{}");
        let universe = texts();
        let allowed = |one: &Value, two: &Value| decide(&identity, None, [one, two]).0;
        let changes = |fixed: &dyn Fn(&Value, &Value) -> bool| {
            universe.iter().any(|other| {
                let first = fixed(&universe[0], other);
                universe.iter().any(|own| fixed(own, other) != first)
            })
        };
        let mut expected = Vec::new();
        if changes(&allowed) {
            expected.push(KEYS[0].to_owned());
        }
        if changes(&|one, two| allowed(two, one)) {
            expected.push(KEYS[1].to_owned());
        }
        let mut missing = result.missing_context.clone();
        missing.sort();
        prop_assert_eq!(missing, expected, "{:?}", result);
    }

    #[test]
    fn with_everything_known_the_definitions_decide(
        identity in statements(condition(TEXT, "[a1*?]{1,2}")),
        boundary in prop::option::of(statements(condition(TEXT, "[a1*]{1,2}"))),
        one in "[abx]{0,2}",
        two in "[abx]{0,2}",
    ) {
        let value = |text: &String| if text.is_empty() { vec![] } else { vec![text.clone()] };
        let (one, two) = (value(&one), value(&two));
        let context = serde_json::json!({ KEYS[0]: one, KEYS[1]: two }).to_string();
        let universe = [vec![one], vec![two]];
        let result = simulate(&identity, boundary.as_deref(), &context);
        prop_assert_eq!(decision_name(&result), expected(&identity, boundary.as_deref(), &universe), "{:?}", result);
    }
}
