use super::*;
use crate::{SimulationReader, SimulationResult};

const STREAM: &str = "arn:aws:logs:us-east-1:111122223333:log-group:app:log-stream:s";

fn simulate(statement: &str) -> SimulationResult {
    let text = format!(
        r#"{{"request":{{"principal":"arn:aws:iam::111122223333:role/r","action":"logs:PutLogEvents","resource":"{STREAM}","context":{{"aws:SourceAccount":"111122223333"}}}},"identity":[{{"name":"p","document":{{"Version":"2012-10-17","Statement":[{statement}]}}}}]}}"#
    );
    let simulation = SimulationReader::new(&text).next().expect("a simulation").expect("well formed");
    simulation.request.simulate(&simulation.policies)
}

fn difference(action: &str, resource: &str, condition: &str) -> Option<Difference> {
    let result = simulate(&format!(
        r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}","Condition":{condition}}}"#
    ));
    let [near_miss] = &result.near_misses[..] else { return None };
    assert_eq!(near_miss.statement, DecidingStatement { policy: "p".to_owned(), statement: "1".to_owned() });
    Some(near_miss.difference.clone())
}

#[test]
fn one_difference_in_the_resource_is_named() {
    for (resource, expected) in [
        ("arn:aws:logs:us-east-1:111122223333:log-group:app", Some(Difference::Suffix)),
        ("arn:aws-cn:logs:us-east-1:111122223333:log-group:app:*", Some(Difference::Partition)),
        ("arn:aws:logs::111122223333:log-group:app:*", Some(Difference::Region)),
        ("arn:aws:logs:eu-west-1:111122223333:log-group:app:*", Some(Difference::Region)),
        ("arn:aws:logs:us-east-1::log-group:app:*", Some(Difference::Account)),
        ("arn:aws:logs:us-east-1:444455556666:log-group:app:*", Some(Difference::Account)),
        ("arn:aws:logs:us-east-1:111122223333:log-group:apq:*", Some(Difference::ResourceCharacter)),
        ("arn:aws:logs:us-east-1:111122223333:log-group:appp:*", Some(Difference::ResourceCharacter)),
        ("arn:aws:logs:us-east-1:111122223333:log-group:ap:*", Some(Difference::ResourceCharacter)),
        ("arn:aws:logs:us-east-1:111122223333:log-group:orders:*", Some(Difference::ResourceName)),
        ("arn:aws:logs:eu-west-1:444455556666:log-group:app:*", None),
        ("arn:aws:logs:us-east-1:111122223333:destination:app", None),
        ("arn:aws:s3:::app", None),
        ("arn:aws:logs:us-east-1:111122223333:log-group:${aws:username}", None),
    ] {
        assert_eq!(difference("logs:*", resource, "{}"), expected, "{resource}");
    }
}

#[test]
fn one_difference_in_the_action_or_a_condition_is_named() {
    let account = r#"{"StringEquals":{"aws:SourceAccount":"444455556666"}}"#;
    let own = account.replace("444455556666", "111122223333");
    let source = Some(Difference::Condition("aws:SourceAccount".to_owned()));
    assert_eq!(difference("logs:PutLogEvent", "*", "{}"), Some(Difference::ActionCharacter));
    assert_eq!(difference("logs:PutLogEvent", "*", &own), Some(Difference::ActionCharacter));
    assert_eq!(difference("logs:CreateLogStream", "*", "{}"), None);
    assert_eq!(difference("logs:*", "*", account), source);
    // Two things differ.
    assert_eq!(difference("logs:PutLogEvent", "*", account), None);
    assert_eq!(difference("logs:*", "arn:aws:logs:eu-west-1:*:*", account), None);
    // Nothing is said about a value that is not known, or that must differ.
    assert_eq!(difference("logs:*", "*", &account.replace("StringEquals", "StringNotEquals")), None);
    assert_eq!(difference("logs:*", "*", &own.replace("StringEquals", "StringNotEquals")), None);
}

#[test]
fn a_near_miss_has_both_values() {
    let resource = STREAM.replace("us-east-1", "");
    let result =
        simulate(&format!(r#"{{"Sid":"Write","Effect":"Allow","Action":"logs:*","Resource":["x","{resource}"]}}"#));
    let [near_miss] = &result.near_misses[..] else { panic!("{result:?}") };
    assert_eq!(near_miss.statement.statement, "Write");
    assert_eq!((&*near_miss.policy_value, &*near_miss.request_value), (&*resource, STREAM));
}

#[test]
fn only_an_implicit_denial_has_near_misses() {
    let near = r#"{"Effect":"Allow","Action":"logs:PutLogEvent","Resource":"*"}"#;
    assert_eq!(simulate(near).near_misses.len(), 1);
    for other in ["Allow", "Deny"] {
        let result = simulate(&format!(r#"{near},{{"Effect":"{other}","Action":"*","Resource":"*"}}"#));
        assert_eq!(result.near_misses, [], "{other}");
    }
    assert_eq!(simulate(&vec![near; 20].join(",")).near_misses.len(), MAX_NEAR_MISSES);
}
