//! Decisions: examples, then properties.
#![expect(clippy::unnecessary_wraps, reason = "compared with, or given to, what holds a `Result`")]

use proptest::prelude::*;

use super::*;
use crate::PossibleValue;

const WRITE: &str = r#"{"Sid":"Write","Effect":"Allow","Action":"logs:Put*","Resource":"*"}"#;
const DENY: &str = r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:logs:*:*:log-group:g:*"}"#;
const MAYBE: &str = r#""Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"9"}}"#;

fn document(name: &str, statements: &[&str]) -> Document {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    Document::parse(name, &text).expect("a policy")
}

fn gap() -> Gap {
    Gap::unprovable("hidden", "hidden")
}

fn policies(identity: Vec<Result<Document, Gap>>) -> Policies {
    Policies { identity, rest: Ok(()), boundary: None }
}

fn put(policies: &Policies) -> Result<Decision, Gap> {
    let keys = ConditionKeys::default().with("aws:PrincipalAccount", "111122223333").with_possible(
        "aws:SourceAccount",
        vec![PossibleValue::Absent, PossibleValue::Value("111122223333".into())],
        "unknown",
    );
    let resource = Text::open("arn:aws:logs:us-east-1:111122223333:log-group:g:log-stream:");
    policies.decide(&Request { action: "logs:PutLogEvents", resource: Some(resource), caller: None, keys: &keys })
}

/// The decision of one policy of these statements.
fn one(statements: &[&str]) -> Result<Decision, Gap> {
    put(&policies(vec![Ok(document("p", statements))]))
}

fn allowed(statement: &str) -> Result<Decision, Gap> {
    Ok(Decision::Allowed(DecidingStatement { policy: "p".into(), statement: statement.into() }))
}

fn denied(statement: &str) -> Result<Decision, Gap> {
    Ok(Decision::Denied(Denial::Explicit(DecidingStatement { policy: "p".into(), statement: statement.into() })))
}

fn not_allowed() -> Result<Decision, Gap> {
    Ok(Decision::Denied(Denial::NotAllowed))
}

#[test]
fn an_allow_allows_a_deny_denies_and_no_statement_denies() {
    assert_eq!(one(&[WRITE]), allowed("Write"));
    assert_eq!(one(&[WRITE, DENY]), denied("2"));
    assert_eq!(one(&[DENY]), denied("1"));
    assert_eq!(one(&[]), not_allowed());
}

#[test]
fn actions_ignore_case_and_resources_do_not() {
    let allow = |action: &str, resource: &str| {
        one(&[&format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)])
    };
    assert_eq!(allow("LOGS:putlogevents", "*"), allowed("1"));
    assert_eq!(allow("*", "*"), allowed("1"));
    assert_eq!(allow("logs:PutLogEvent?", "*"), allowed("1"));
    assert_eq!(allow("logs:PutLogEvent", "*"), not_allowed());
    assert_eq!(allow("logs:*", "arn:aws:logs:*:*:log-group:G:*"), not_allowed());
    assert_eq!(allow("logs:*", "arn:aws:logs:*:${aws:PrincipalAccount}:log-group:g:*"), allowed("1"));
    assert!(allow("logs:*", "arn:aws:logs:*:*:log-group:g:log-stream:${aws:userid}").is_err());
    assert_eq!(allow("logs:*", "arn:aws:logs:*:*:log-group:${aws:userid}/x:*"), not_allowed());
}

#[test]
fn not_action_and_not_resource_mean_all_others() {
    let statement = |rest: &str| one(&[&format!(r#"{{"Effect":"Allow",{rest}}}"#)]);
    assert_eq!(statement(r#""NotAction":"iam:*","Resource":"*""#), allowed("1"));
    assert_eq!(statement(r#""NotAction":["iam:*","logs:*"],"Resource":"*""#), not_allowed());
    assert_eq!(statement(r#""Action":"*","NotResource":"arn:aws:logs:*:*:log-group:other:*""#), allowed("1"));
    assert_eq!(statement(r#""Action":"*","NotResource":"*""#), not_allowed());
    assert!(statement(r#""Action":"*","NotResource":"arn:aws:logs:*:*:log-group:g:log-stream:a*""#).is_err());
}

#[test]
fn a_deny_that_may_apply_is_unknown_unless_nothing_allows() {
    let deny = format!(r#"{{"Sid":"Mfa","Effect":"Deny","Action":"*","Resource":"*",{MAYBE}}}"#);
    let gap = one(&[WRITE, &deny]).expect_err("unknown");
    let message = gap.to_string();
    for part in ["logs:PutLogEvents", "statement Mfa", "of p", "NumericLessThan"] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    assert_eq!(one(&[&deny]), not_allowed());
}

#[test]
fn something_not_understood_matters_only_if_it_could_change_the_decision() {
    let strange = |action: &str| format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*","Extra":1}}"#);
    assert!(one(&[&strange("logs:*")]).is_err());
    assert_eq!(one(&[&strange("s3:*")]), not_allowed());
    assert_eq!(one(&[&strange("logs:*"), WRITE]), allowed("Write"));
    for statement in [
        r#"{"Action":"logs:*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"logs:*"}"#,
        r#"{"Effect":"Allow","Action":"logs:*","Resource":"*","Principal":"*"}"#,
        r#"{"Effect":"allow","Action":"logs:*","Resource":"*"}"#,
        "7",
    ] {
        assert!(one(&[statement]).is_err(), "{statement}");
    }
    // An Effect that cannot be read may be a Deny.
    assert!(one(&[WRITE, r#"{"Effect":"deny","Action":"logs:*","Resource":"*"}"#]).is_err());
}

#[test]
fn a_condition_must_hold_for_every_possible_value() {
    let allow = |condition: &str| {
        one(&[&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#)])
    };
    assert_eq!(allow("{}"), allowed("1"));
    assert_eq!(allow(r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}"#), allowed("1"));
    assert_eq!(allow(r#"{"StringEquals":{"aws:PrincipalAccount":"999999999999"}}"#), not_allowed());
    assert!(allow(r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#).is_err());
    let both = r#"{"StringEquals":{"aws:SourceAccount":"111122223333","aws:PrincipalAccount":"999999999999"}}"#;
    assert_eq!(allow(both), not_allowed());
}

#[test]
fn two_unknown_keys_may_be_equal_where_one_of_them_has_few_values() {
    let allow = |condition: &str| {
        one(&[&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#)])
    };
    // A tag may equal the source's account.
    assert!(allow(r#"{"StringEquals":{"aws:PrincipalTag/t":"${aws:SourceAccount}"}}"#).is_err());
    assert!(allow(r#"{"StringEquals":{"aws:SourceAccount":"${aws:PrincipalTag/t}"}}"#).is_err());
    assert!(allow(r#"{"StringEqualsIgnoreCase":{"aws:PrincipalTag/t":"${aws:SourceAccount}"}}"#).is_err());
    assert!(allow(r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"${aws:SourceAccount}"}}"#).is_err());
}

#[test]
fn a_source_with_an_unknown_end_is_tried_with_every_end_that_matters() {
    let decide = |statements: &[(&str, &str)]| {
        let one = |(effect, condition): &(&str, &str)| {
            format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{condition}}}"#)
        };
        let statements: Vec<_> = statements.iter().map(one).collect();
        let keys = ConditionKeys::default().with_possible(
            "aws:SourceArn",
            vec![PossibleValue::Begins("arn:aws:logs:us-east-1:1:".into())],
            "its end is not known",
        );
        let resource = Some(Text::whole("arn:aws:logs:us-east-1:1:log-group:g"));
        let request = Request { action: "logs:PutLogEvents", resource, caller: None, keys: &keys };
        policies(vec![read("p", &statements)]).decide(&request)
    };
    let source = r#"{"ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:1:delivery-source:x"}}"#;
    assert!(decide(&[("Allow", source)]).is_err());
    // The same for every end.
    assert_eq!(decide(&[("Allow", source), ("Deny", source)]), not_allowed());
    let others = source.replace("ArnLike", "ArnNotLike");
    assert!(decide(&[("Allow", source), ("Allow", &others)]).is_ok());
    // With no end is it a source of another region.
    let elsewhere = source.replace("us-east-1", "eu-west-1");
    assert_eq!(decide(&[("Allow", &elsewhere)]), not_allowed());
    // Compared in two ways, or with another key, it may have any matching end.
    let several = r#"{"StringLike":{"aws:SourceArn":"*:x"},"StringNotEquals":{"aws:SourceArn":"${x:one}"}}"#;
    assert!(decide(&[("Allow", several)]).is_err());
    let equal = r#"{"StringEquals":{"aws:SourceArn":"${x:one}"}}"#;
    assert!(decide(&[("Allow", equal)]).is_err());
    let truth = r#"{"StringLike":{"aws:SourceArn":"*e"},"BoolIfExists":{"aws:SourceArn":"true"}}"#;
    assert!(decide(&[("Allow", truth)]).is_err());
}

#[test]
fn a_boundary_must_allow_as_well_and_may_deny() {
    let with = |boundary| Policies { boundary: Some(boundary), ..policies(vec![Ok(document("p", &[WRITE]))]) };
    assert_eq!(put(&with(Ok(document("b", &[WRITE])))), allowed("Write"));
    let outside = Ok(Decision::Denied(Denial::NotAllowedBy("b".into())));
    assert_eq!(put(&with(Ok(document("b", &[])))), outside);
    assert_eq!(put(&with(Ok(document("p", &[WRITE, DENY])))), denied("2"));
    assert_eq!(put(&with(Err(gap()))), Err(gap()));
    // A boundary grants nothing.
    let empty = Policies { boundary: Some(Ok(document("b", &[WRITE]))), ..policies(vec![]) };
    assert_eq!(put(&empty), not_allowed());
    // If neither allows, the missing identity policy is reported first.
    let neither = Policies { boundary: Some(Ok(document("b", &[]))), ..policies(vec![]) };
    assert_eq!(put(&neither), not_allowed());
    let unread = Policies { boundary: Some(Err(gap())), ..policies(vec![]) };
    assert_eq!(put(&unread), not_allowed());
}

#[test]
fn a_hidden_policy_may_allow_or_deny() {
    let write = || Ok(document("p", &[WRITE]));
    assert_eq!(put(&policies(vec![write(), Err(gap())])), Err(gap()));
    assert_eq!(put(&policies(vec![Err(gap())])), Err(gap()));
    assert_eq!(put(&Policies { rest: Err(gap()), ..policies(vec![write()]) }), Err(gap()));
    // But a decision that no hidden policy can change is certain.
    assert_eq!(put(&policies(vec![Err(gap()), Ok(document("p", &[DENY]))])), denied("1"));
    let outside = Policies { boundary: Some(Ok(document("b", &[]))), ..policies(vec![write(), Err(gap())]) };
    assert_eq!(put(&outside), Ok(Decision::Denied(Denial::NotAllowedBy("b".into()))));
}

#[test]
fn a_trust_policy_names_who_may_assume_the_role() {
    let trust = |principal: &str, rest: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}{rest}}}"#);
        let keys = ConditionKeys::default();
        let caller = Some(Caller::Service("apigateway.amazonaws.com"));
        let request = Request { action: "sts:AssumeRole", resource: None, caller, keys: &keys };
        Policies::only(document("p", &[&statement])).decide(&request)
    };
    assert_eq!(trust(r#"{"Service":"apigateway.amazonaws.com"}"#, ""), allowed("1"));
    assert_eq!(trust(r#"{"Service":"lambda.amazonaws.com"}"#, ""), not_allowed());
    assert!(trust(r#"{"AWS":"*"}"#, "").is_err());
    assert!(trust(r#""*""#, r#","Resource":"*""#).is_err());
    assert!(trust(r#""*""#, r#","NotPrincipal":"*""#).is_err());
}

/// A statement that is fully understood; some apply and some do not.
fn statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof!["Allow", "Deny"];
    let action = prop::sample::select(vec!["logs:PutLogEvents", "logs:*", "*", "s3:*"]);
    let negated = prop::sample::select(vec!["Resource", "NotResource"]);
    let resource = prop::sample::select(vec!["*", "arn:aws:logs:*:*:log-group:g:*", "arn:aws:logs:*:*:log-group:h:*"]);
    let account = prop::sample::select(vec!["111122223333", "999999999999"]);
    (effect, action, negated, resource, account).prop_map(|(effect, action, negated, resource, account)| {
        format!(
            r#"{{"Effect":"{effect}","Action":"{action}","{negated}":"{resource}","Condition":{{"StringEquals":{{"aws:PrincipalAccount":"{account}"}}}}}}"#
        )
    })
}

fn some() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(statement(), 0..4)
}

fn read(name: &str, statements: &[String]) -> Result<Document, Gap> {
    Ok(document(name, &statements.iter().map(String::as_str).collect::<Vec<_>>()))
}

proptest! {
    #[test]
    fn with_everything_known_the_request_is_decided(one in some(), other in some(), boundary in prop::option::of(some())) {
        let applies = |statements: &[String], effect: &str| statements.iter().any(|text| {
            text.contains(effect)
                && !text.contains("s3:")
                && text.contains("111122223333")
                && text.contains(r#""Resource""#) != text.contains(":h:")
        });
        let denied = applies(&one, "Deny") || applies(&other, "Deny") || boundary.iter().any(|b| applies(b, "Deny"));
        let allowed = applies(&one, "Allow") || applies(&other, "Allow");
        let within = boundary.as_ref().is_none_or(|boundary| applies(boundary, "Allow"));
        let decision = put(&Policies {
            boundary: boundary.as_ref().map(|boundary| read("b", boundary)),
            ..policies(vec![read("one", &one), read("other", &other)])
        });
        let decision = decision.expect("all is known");
        prop_assert_eq!(matches!(decision, Decision::Allowed(_)), allowed && within && !denied);
        prop_assert_eq!(matches!(decision, Decision::Denied(Denial::Explicit(_))), denied);
    }

    #[test]
    fn something_not_understood_never_reverses_a_decision(
        statements in prop::collection::vec(statement(), 1..4),
        boundary in some(),
        at in any::<prop::sample::Index>(),
        // A condition that is not understood, an unknown element, malformed elements.
        change in prop::sample::select(vec![
            (r#""Condition":{"#, r#""Condition":{"NumericEquals":{"a":"1"},"#),
            (r#""Effect""#, r#""Extra":1,"Effect""#),
            (r#""Action":"#, r#""Action":7,"Action":"#),
            (r#""Allow""#, r#""allow""#),
            (r#""Deny""#, r#""deny""#),
        ]),
    ) {
        let decide = |statements: &[String]| put(&Policies {
            boundary: Some(read("b", &boundary)),
            ..policies(vec![read("p", statements)])
        });
        let before = decide(&statements).expect("all is known");
        let mut changed = statements.clone();
        let at = at.index(changed.len());
        changed[at] = changed[at].replacen(change.0, change.1, 1);
        if let Ok(after) = decide(&changed) {
            prop_assert_eq!(matches!(before, Decision::Allowed(_)), matches!(after, Decision::Allowed(_)));
        }
    }

    #[test]
    fn hiding_a_policy_never_reverses_a_decision(
        documents in prop::collection::vec(some(), 1..4),
        boundary in prop::option::of(some()),
        at in any::<prop::sample::Index>(),
        what in 0..3,
    ) {
        let mut all = Policies {
            boundary: boundary.as_ref().map(|boundary| read("b", boundary)),
            ..policies(documents.iter().map(|statements| read("p", statements)).collect())
        };
        let before = put(&all).expect("all is known");
        match what {
            0 => all.identity[at.index(documents.len())] = Err(gap()),
            1 => {
                all.identity.truncate(at.index(documents.len()));
                all.rest = Err(gap());
            }
            _ => all.boundary = all.boundary.map(|_| Err(gap())),
        }
        if let Ok(after) = put(&all) {
            prop_assert_eq!(matches!(before, Decision::Allowed(_)), matches!(after, Decision::Allowed(_)));
        }
    }
}
