use super::*;
use crate::{SimulationDecision, SimulationResult};

const ROLE: &str = r#""arn:aws:iam::111122223333:role/r""#;
const REQUEST: &str = r#"{"principal":"arn:aws:iam::111122223333:role/r","action":"logs:PutLogEvents","resource":"arn:aws:logs:us-east-1:111122223333:log-group:g:log-stream:s"}"#;

fn only(text: &str) -> Result<SimulationResult, InputError> {
    let mut all = SimulationReader::new(text);
    let query = all.next().expect("a simulation")?;
    assert!(all.next().is_none());
    Ok(query.request.simulate(&query.policies))
}

#[test]
fn a_document_is_an_object_or_a_plain_or_encoded_string() {
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*"}}"#;
    let encoded = percent_encoding::utf8_percent_encode(document, percent_encoding::NON_ALPHANUMERIC).to_string();
    for written in [document.to_owned(), format!("{document:?}"), format!("{encoded:?}")] {
        let text = format!(r#"{{"request":{REQUEST},"identity":[{{"name":"p","document":{written}}}]}}"#);
        assert!(
            matches!(only(&text).expect("a simulation").decision, SimulationDecision::Allowed(Some(_))),
            "{written}"
        );
    }
}

#[test]
fn a_document_that_is_not_a_policy_is_named_as_a_problem() {
    let text = format!(r#"{{"request":{REQUEST},"identity":[{{"name":"p","document":"{{"}}]}}"#);
    let result = only(&text).expect("a simulation");
    assert_eq!(result.decision, SimulationDecision::Undetermined);
    assert!(result.problems[0].starts_with("p cannot be read"), "{result:?}");
}

#[test]
fn given_keys_win_over_derived_keys() {
    let allows = |context: &str| {
        let request = REQUEST.replace("\"action\"", &format!("\"context\":{context},\"action\""));
        let text = format!(
            r#"{{"request":{request},"identity":[{{"name":"p","document":{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"aws:PrincipalAccount":"444455556666"}}}}}}}}}}]}}"#
        );
        matches!(only(&text).expect("a simulation").decision, SimulationDecision::Allowed(_))
    };
    assert!(!allows("{}"));
    assert!(allows(r#"{"AWS:principalaccount":"444455556666"}"#));
}

#[test]
fn a_denial_names_the_policy_that_does_not_allow() {
    let (all, none) = (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, "");
    let denial = |identity: &str, boundary: &str, session: &str| {
        let policy = |name: &str, statements: &str| {
            format!(r#"[{{"name":"{name}","document":{{"Version":"2012-10-17","Statement":[{statements}]}}}}]"#)
        };
        let text = format!(
            r#"{{"request":{REQUEST},"identity":{},"boundary":{},"session":{}}}"#,
            policy("p", identity),
            policy("b", boundary),
            policy("s", session)
        );
        match only(&text).expect("a simulation").decision {
            SimulationDecision::Denied(denial) => denial.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(denial(none, all, all), "no policy allows it");
    assert_eq!(denial(none, none, none), "no policy allows it");
    assert_eq!(denial(all, none, none), "permissions boundary b does not allow it");
    assert_eq!(denial(all, all, none), "session policy s does not allow it");
}

#[test]
fn several_simulations_are_read_and_an_error_has_line_and_field() {
    let good = format!("{{\"request\":{REQUEST}}}");
    assert_eq!(SimulationReader::new(&format!("{good}\n\n{good}\n")).filter_map(Result::ok).count(), 2);
    let message = |text: &str| {
        let found = SimulationReader::new(text).find_map(Result::err).expect("an error");
        found.to_string()
    };
    let with = |from: &str, to: &str| format!("{good}\n{}\n", good.replace(from, to));
    for (text, parts) in [
        (with(r#""logs:PutLogEvents""#, "7"), ["line 2", "request.action"]),
        (with(r#""logs:PutLogEvents""#, r#""logs:*""#), ["line 2", "request.action"]),
        (with(r#""logs:PutLogEvents""#, r#""""#), ["line 2", "request.action is empty"]),
        (with(r#""logs:PutLogEvents""#, r#""logs:""#), ["line 2", "request.action must be one action"]),
        (with(r#""logs:PutLogEvents""#, r#"":PutLogEvents""#), ["line 2", "request.action must be one action"]),
        (with(ROLE, r#"{"Service":""}"#), ["line 2", "request.principal"]),
        (with(ROLE, r#"{"AWS":"111122223333"}"#), ["line 2", "request.principal"]),
        (with(":role/r", ":group/r"), ["line 2", "request.principal"]),
        (with(r#""action""#, r#""acton""#), ["line 2", "acton"]),
        (with(r#""action":"logs:PutLogEvents","#, ""), ["line 2", "request.action is missing"]),
        (with("{\"request\"", "{\"identity\":{},\"request\""), ["line 2", "identity must be a list"]),
        (with("{\"request\"", "{\"scps\":[{}],\"request\""), ["line 2", "scps[0] must be a list"]),
        (with("{\"request\"", "{\"scps\":[[],[{}]],\"request\""), ["line 2", "scps[1][0].name is missing"]),
        (
            with("{\"request\"", "{\"session\":[{\"name\":\"n\",\"document\":7}],\"request\""),
            ["line 2", "session[0].document"],
        ),
        (with("\"resource\"", "\"context\":{\"k\":true},\"resource\""), ["line 2", "key \"k\""]),
        (with("\"resource\"", "\"context\":{\"k\":\"a\",\"K\":\"b\"},\"resource\""), ["line 2", "\"K\" twice"]),
        (with("\"resource\"", "\"resource_account\":\"1\",\"resource\""), ["line 2", "request.resource_account"]),
        (with("\"resource\"", "\"action\":\"a:b\",\"resource\""), ["line 2", "action twice"]),
        (format!("{good}\n{{\"request\":\n nope}}"), ["line 3", "not JSON"]),
        (format!("{good}\n[]"), ["line 2", "must be an object"]),
    ] {
        let message = message(&text);
        for part in parts {
            assert!(message.contains(part), "{message} lacks {part}");
        }
    }
}
