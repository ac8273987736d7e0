//! Cases that random policies seldom produce: values that must be tried, or the decision is wrong or needlessly
//! undetermined.

use std::time::{Duration, Instant};

use super::{SimulationReader, decision_name};
use crate::{Document, SimulationResult};

/// The reason, the statements as effect and condition, the known keys, and the expected decision.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

fn simulate(statements: &[(&str, &str)], context: &str) -> SimulationResult {
    let one = |(effect, condition): &(&str, &str)| {
        format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{condition}}}"#)
    };
    let statements: Vec<_> = statements.iter().map(one).collect();
    let text = format!(
        r#"{{"request":{{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{context}}},"identity":[{{"name":"p","document":{{"Version":"2012-10-17","Statement":[{}]}}}}]}}"#,
        statements.join(",")
    );
    let simulation = SimulationReader::new(&text).next().expect("a simulation").expect("well formed");
    simulation.request.simulate(&simulation.policies)
}

fn check(cases: &[Case]) {
    for (why, statements, context, expected) in cases {
        let result = simulate(statements, context);
        assert_eq!(decision_name(&result), *expected, "{why}: {result:?}");
    }
}

#[test]
fn a_key_is_missing_only_if_it_can_change_the_decision() {
    // With `b` for the first key it is not allowed, for any second key.
    let deny = r#"{"StringEquals":{"x:one":"b","x:two":"c"}}"#;
    let result = simulate(&[("Allow", r#"{"StringEquals":{"x:one":"a"}}"#), ("Deny", deny)], "{}");
    assert_eq!((decision_name(&result), result.missing_context), ("undetermined", vec!["x:one".to_owned()]));
}

#[test]
fn a_variable_in_a_condition_on_a_known_key_is_one_of_its_values_or_none() {
    check(&[
        (
            "whichever of several values it is, what allows denies too",
            &[
                ("Allow", r#"{"ForAnyValue:StringEquals":{"x:several":"${x:one}"}}"#),
                ("Deny", r#"{"ForAnyValue:StringEquals":{"x:several":"${x:one}"}}"#),
            ],
            r#"{"x:several":["a","b"]}"#,
            "denied-implicitly",
        ),
        (
            "it is what is left of the known text",
            &[
                ("Allow", r#"{"StringLike":{"x:known":"b/${x:one}/*"}}"#),
                ("Deny", r#"{"StringEquals":{"x:known":"b/${x:one}/c"}}"#),
            ],
            r#"{"x:known":"b/a/c"}"#,
            "denied-implicitly",
        ),
        (
            "a key that is absent is compared with nothing: the variable is still decided by the other condition",
            &[
                ("Allow", r#"{"StringNotEquals":{"x:none":"a-${x:one}"},"StringEquals":{"x:known":"${x:one}"}}"#),
                ("Deny", r#"{"StringEquals":{"x:known":"${x:one}"}}"#),
            ],
            r#"{"x:none":[],"x:known":"a"}"#,
            "denied-implicitly",
        ),
    ]);
}

#[test]
fn two_linked_keys_are_tried_with_the_same_values() {
    const EQUAL: (&str, &str) = ("Allow", r#"{"StringEquals":{"x:one":"${x:two}"}}"#);
    check(&[
        ("they may be equal or not", &[EQUAL], "{}", "undetermined"),
        (
            "if they are equal, it is denied",
            &[EQUAL, ("Deny", r#"{"StringEquals":{"x:one":"${x:two}"}}"#)],
            "{}",
            "denied-implicitly",
        ),
        (
            "StringLike asks for the same text, as values have no wildcards",
            &[EQUAL, ("Deny", r#"{"StringLike":{"x:one":"${x:two}"}}"#)],
            "{}",
            "denied-implicitly",
        ),
        (
            "both may be what a third, known key is",
            &[("Allow", r#"{"StringEquals":{"x:one":"${x:two}"},"StringLike":{"x:one":"${x:known}"}}"#)],
            r#"{"x:known":"a"}"#,
            "undetermined",
        ),
        (
            "the default stands for a key that is absent",
            &[("Allow", r#"{"StringEquals":{"x:one":"${x:two, 'd'}"},"Null":{"x:two":"true"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "both may be what no literal is, whatever the literals are",
            &[
                EQUAL,
                ("Deny", r#"{"StringEquals":{"x:one":["other-0","other-1","other-2"]}}"#),
                ("Deny", r#"{"StringEquals":{"x:one":"${x:three}"}}"#),
                ("Deny", r#"{"StringNotLikeIfExists":{"x:three":"other-0"}}"#),
            ],
            "{}",
            "undetermined",
        ),
        (
            "they may differ by case alone",
            &[
                ("Allow", r#"{"StringEqualsIgnoreCase":{"x:one":"${x:two}"}}"#),
                ("Deny", r#"{"StringEquals":{"x:one":"${x:two}"}}"#),
            ],
            "{}",
            "undetermined",
        ),
        (
            "whatever the case, a value of both may be in the other one",
            &[
                ("Allow", r#"{"StringEquals":{"x:one":"${x:two}"},"StringEqualsIgnoreCase":{"x:one":"A"}}"#),
                ("Deny", r#"{"StringEquals":{"x:one":"A"}}"#),
            ],
            "{}",
            "undetermined",
        ),
        (
            "with wildcards, a value of both may be any that matches",
            &[("Allow", r#"{"StringEquals":{"x:one":"${x:two}"},"StringLike":{"x:one":"a?c","x:two":"*b*"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "a key of several values may hold the other",
            &[(
                "Allow",
                r#"{"StringEquals":{"x:one":"${x:two}"},"ForAllValues:StringEquals":{"x:two":["a","b"]},"StringNotEquals":{"x:one":["a","b"]}}"#,
            )],
            "{}",
            "undetermined",
        ),
        (
            "what cannot be looked at together does not blur what can",
            &[
                EQUAL,
                ("Deny", r#"{"StringEquals":{"x:one":"${x:two}"}}"#),
                ("Deny", r#"{"ForAnyValue:StringEquals":{"x:three":"${x:four}"}}"#),
            ],
            "{}",
            "denied-implicitly",
        ),
        (
            "a key that equals itself is there",
            &[("Allow", r#"{"StringEquals":{"x:one":"${x:one}"}}"#), ("Deny", r#"{"Null":{"x:one":"false"}}"#)],
            "{}",
            "denied-implicitly",
        ),
    ]);
}

#[test]
fn more_linked_keys_than_the_limit_are_undetermined() {
    // In a ring of five keys, each must equal the next and the last must differ from the first: never allowed, but five
    // is beyond the limit.
    let ring = |keys: usize| {
        let equal: Vec<_> = (1..keys).map(|at| format!(r#""x:k{at}":"${{x:k{}}}""#, at + 1)).collect();
        let condition = format!(
            r#"{{"StringEquals":{{{}}},"StringNotEquals":{{"x:k1":"${{x:k{keys}}}"}},"Null":{{"x:k1":"false"}}}}"#,
            equal.join(",")
        );
        let condition: &'static str = condition.leak();
        [("Allow", condition)]
    };
    let (four, five): (&'static [_], &'static [_]) = (ring(4).to_vec().leak(), ring(5).to_vec().leak());
    check(&[("four", four, "{}", "denied-implicitly"), ("five", five, "{}", "undetermined")]);
}

#[test]
fn a_key_compared_in_several_ways_may_have_a_value_that_none_of_them_contains() {
    check(&[
        (
            "a number of one character between two numbers",
            &[(
                "Allow",
                r#"{"StringLike":{"x:one":"?"},"NumericGreaterThan":{"x:one":"3"},"NumericLessThan":{"x:one":"5"}}"#,
            )],
            "{}",
            "undetermined",
        ),
        (
            "a number that begins as a text does, and is greater",
            &[("Allow", r#"{"StringLike":{"x:one":"4*"},"NumericGreaterThan":{"x:one":"40"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "another case than the policy's",
            &[("Allow", r#"{"StringEqualsIgnoreCase":{"x:one":"a"}}"#), ("Deny", r#"{"StringEquals":{"x:one":"a"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "a component of an ARN is no colon",
            &[("Allow", r#"{"ArnLike":{"x:one":"arn:?:*:*:*:*"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "a value that cannot be read may be anything",
            &[("Allow", r#"{"StringEquals":{"x:one":"${x"}}"#)],
            "{}",
            "undetermined",
        ),
    ]);
    let long = format!(r#"{{"StringLike":{{"x:one":"{}*"}}}}"#, "a".repeat(5_000));
    let long: &'static str = long.leak();
    check(&[("longer than is tried", vec![("Allow", long)].leak(), "{}", "undetermined")]);
}

/// The values of tags may be empty: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>.
#[test]
fn a_value_may_be_empty() {
    check(&[
        ("an empty value is allowed", &[("Allow", r#"{"StringEquals":{"x:one":""}}"#)], "{}", "undetermined"),
        (
            "an empty value is denied",
            &[("Allow", "{}"), ("Deny", r#"{"StringEquals":{"x:one":["","-"]}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "as all others, and unlike one that is absent, it is no letter",
            &[("Allow", r#"{"StringLike":{"x:one":"*"},"StringNotLike":{"x:one":"?*"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "what allows it denies it",
            &[("Allow", r#"{"StringEquals":{"x:one":""}}"#), ("Deny", r#"{"StringEqualsIgnoreCase":{"x:one":""}}"#)],
            "{}",
            "denied-implicitly",
        ),
        (
            "denied in any case, but for an empty value it is not known whether by Null or by the lack of an allow",
            &[
                ("Deny", r#"{"Null":{"x:one":"false"}}"#),
                ("Deny", r#"{"StringLike":{"x:one":"?*"}}"#),
                ("Deny", r#"{"StringEqualsIfExists":{"x:one":"?"}}"#),
            ],
            "{}",
            "denied-implicitly",
        ),
        (
            "a default may be empty",
            &[("Allow", r#"{"StringEquals":{"x:one":"${x:two, ''}"},"Null":{"x:two":"true"}}"#)],
            "{}",
            "undetermined",
        ),
        ("an ARN is never empty", &[("Allow", r#"{"ArnLike":{"x:one":""}}"#)], "{}", "denied-implicitly"),
    ]);
}

#[test]
fn sets_of_values_are_tried_in_every_combination_up_to_five_values() {
    check(&[
        (
            "whether the key exists says nothing of how many values it has",
            &[
                ("Allow", r#"{"ForAnyValue:StringEquals":{"x:one":"a"},"Null":{"x:one":"false"}}"#),
                ("Deny", r#"{"ForAnyValue:StringEquals":{"x:one":"a"}}"#),
            ],
            "{}",
            "denied-implicitly",
        ),
        (
            "one value alone",
            &[("Allow", r#"{"ForAllValues:StringEquals":{"x:one":"a"},"Null":{"x:one":"false"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "the first and the last without what is between",
            &[(
                "Allow",
                r#"{"ForAnyValue:StringEquals":{"x:one":"a"},"ForAnyValue:StringLike":{"x:one":"c"},"ForAllValues:StringEquals":{"x:one":["a","c"]},"ForAllValues:StringNotEquals":{"x:one":"b"}}"#,
            )],
            "{}",
            "undetermined",
        ),
        (
            "four that are named and all others: decided",
            &[
                ("Allow", r#"{"ForAnyValue:StringEquals":{"x:one":"a"}}"#),
                ("Deny", r#"{"ForAnyValue:StringEquals":{"x:one":["a","b","c","d"]}}"#),
            ],
            "{}",
            "denied-implicitly",
        ),
        (
            "one value by one condition and several by another: the key's kind is not known",
            &[("Allow", r#"{"StringEquals":{"x:one":"a"},"ForAnyValue:StringLike":{"x:one":"b"}}"#)],
            "{}",
            "undetermined",
        ),
        (
            "of more than five, some: two together that are never tried together",
            &[(
                "Allow",
                r#"{"ForAnyValue:StringEquals":{"x:one":"a"},"ForAnyValue:StringLike":{"x:one":"b"},"ForAllValues:StringEquals":{"x:one":["a","b","c","d","e","f"]}}"#,
            )],
            "{}",
            "undetermined",
        ),
    ]);
}

#[test]
fn no_more_cases_are_evaluated_once_the_decision_cannot_change() {
    use crate::solve::{CaseDecisions, ImplicitDeny, PartialDecision};
    let document = Document::parse("p", r#"{"Statement":{"Effect":"Deny"}}"#).expect("a policy");
    let allowed = || Some(PartialDecision::Allowed(None));
    let implicit = || Some(PartialDecision::ImplicitDeny(ImplicitDeny::NoAllow));
    let explicit = || Some(PartialDecision::ExplicitDeny((&document, &document.statements[0])));
    let goes_on = |decisions: Vec<Option<PartialDecision<'_>>>| {
        let mut seen = CaseDecisions::default();
        decisions.into_iter().map(|decision| seen.add(decision)).last().expect("some")
    };
    assert!(goes_on(vec![allowed(), allowed()]));
    // Other cases may still change the kind of denial.
    assert!(goes_on(vec![explicit(), implicit()]));
    assert!(!goes_on(vec![allowed(), explicit()]));
    assert!(!goes_on(vec![implicit(), allowed()]));
    assert!(!goes_on(vec![None]));
    assert!(!goes_on(vec![allowed(), None]));
}

/// The limit is on the statements in all cases together.
#[test]
fn more_statements_mean_fewer_cases() {
    let decision = |others: usize| {
        let mut statements = Vec::new();
        for key in 0..8 {
            for effect in ["Allow", "Deny"] {
                statements.push(format!(
                    r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"x:k{key}":"a"}}}}}}"#
                ));
            }
        }
        statements.resize(statements.len() + others, r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#.to_owned());
        let text = format!(
            r#"{{"request":{{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333"}},"identity":[{{"name":"p","document":{{"Version":"2012-10-17","Statement":[{}]}}}}]}}"#,
            statements.join(",")
        );
        let simulation = SimulationReader::new(&text).next().expect("a simulation").expect("well formed");
        decision_name(&simulation.request.simulate(&simulation.policies))
    };
    assert_eq!(decision(0), "denied-implicitly");
    assert_eq!(decision(100), "denied-implicitly");
    assert_eq!(decision(5_000), "undetermined");
}

#[test]
fn long_patterns_are_undetermined_within_a_second() {
    for pattern in ["?*".repeat(5_000), "*?".repeat(5_000), format!("arn:aws:{}", "?*".repeat(5_000))] {
        for operator in ["StringLike", "StringNotLike", "ArnLike"] {
            let began = Instant::now();
            let condition = format!(r#"{{"{operator}":{{"x:one":"{pattern}"}}}}"#);
            let result = simulate(&[("Allow", &condition)], "{}");
            assert_eq!(decision_name(&result), "undetermined", "{operator}");
            assert_eq!(result.missing_context, ["x:one"]);
            assert!(began.elapsed() < Duration::from_secs(1), "{operator}: {:?}", began.elapsed());
        }
    }
}
