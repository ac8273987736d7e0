use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn no_text_panics(text in ".*", json in r#"\{("(Statement|Version|x)":([\[\]{}"1,:a%*]|null){0,8},?){0,3}\}"#) {
        for text in [text, json] {
            if let Ok(document) = Document::parse("p", &text) {
                prop_assert_eq!(document.name(), "p");
            }
        }
    }
}

const ALLOW: &str = r#"{"Sid":"Own","Effect":"Allow","Action":"a:*","Resource":["x","y"]}"#;

fn parse(text: &str) -> Document {
    Document::parse("p", text).expect("a policy")
}

fn only(statement: &str) -> Statement {
    let mut document = parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#));
    assert_eq!(document.statements.len(), 1);
    document.statements.remove(0)
}

#[test]
fn plain_and_encoded_single_and_listed_statements_read_alike() {
    let one = format!(r#"{{"Version":"2012-10-17","Statement":{ALLOW}}}"#);
    let many = format!(" \n{{\"Statement\":[{ALLOW}],\"Id\":\"i\",\"Version\":\"2012-10-17\"}}");
    let encoded = percent_encoding::utf8_percent_encode(&one, percent_encoding::NON_ALPHANUMERIC).to_string();
    assert_eq!(parse(&one), parse(&many));
    assert_eq!(parse(&one), parse(&encoded));
    assert_eq!(parse(&one).statements[0].name, "Own");
}

#[test]
fn a_plain_document_is_not_url_decoded() {
    let text = r#"{"Statement":{"Sid":"%7B","Effect":"Allow"}}"#;
    assert_eq!(parse(text).statements[0].name, "%7B");
}

#[test]
fn a_text_that_is_not_a_policy_is_a_gap_with_its_name() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "%FF",
        "{}",
        r#"{"Statement":"x"}"#,
        r#"{"Version":"2013-01-01","Statement":[]}"#,
        r#"{"Version":1,"Statement":[]}"#,
        r#"{"Statement":[],"Statement":[]}"#,
        r#"{"statement":[],"Statement":[]}"#,
        r#"{"VERSION":"2012-10-17","Statement":[]}"#,
    ] {
        let gap = Document::parse("policy p", text).expect_err(text);
        assert!(gap.to_string().starts_with("policy p cannot be read: "), "{gap}");
    }
}

#[test]
fn a_duplicate_element_is_an_error_that_names_it() {
    for (text, why) in [
        (r#"{"Version":"2008-10-17","Version":"2012-10-17","Statement":[]}"#, "its Version stands twice"),
        (r#"{"Statement":[],"Statement":[]}"#, "its Statement stands twice"),
        (r#"{"statement":[],"Statement":[]}"#, "its element statement is not known"),
    ] {
        let gap = Document::parse("p", text).expect_err(text);
        assert_eq!(gap.to_string(), format!("p cannot be read: {why}"));
    }
}

#[test]
fn a_statement_without_a_sid_is_called_by_its_number() {
    let document = parse(r#"{"Statement":[{"Effect":"Allow"},{"Effect":"Deny","Sid":""}]}"#);
    assert_eq!([&*document.statements[0].name, &*document.statements[1].name], ["1", "2"]);
    // An empty Sid is valid: the console writes it.
    assert_eq!(document.statements[1].problem, None);
}

#[test]
fn an_element_in_another_case_makes_its_namesake_malformed() {
    let whole = r#""Effect":"Allow","Action":"a","Resource":"*","Principal":"*""#;
    let is_malformed = |name: &str| {
        let this = only(&format!("{{{whole},\"{name}\":\"Deny\"}}"));
        assert_eq!(this.problem, None, "{name}");
        let all = [
            matches!(this.effect, Element::Malformed(_)),
            matches!(this.action, Element::Malformed(_)),
            matches!(this.resource, Element::Malformed(_)),
            matches!(this.principal, Element::Malformed(_)),
            matches!(this.condition, Element::Malformed(_)),
        ];
        all.map(u8::from)
    };
    for (names, expected) in [
        (["effect", "EFFECT"], [1, 0, 0, 0, 0]),
        (["action", "notAction"], [0, 1, 0, 0, 0]),
        (["resource", "notresource"], [0, 0, 1, 0, 0]),
        (["PRINCIPAL", "notPrincipal"], [0, 0, 0, 1, 0]),
        (["condition", "CONDITION"], [0, 0, 0, 0, 1]),
    ] {
        for name in names {
            assert_eq!(is_malformed(name), expected, "{name}");
        }
    }
}

#[test]
fn a_malformed_element_has_a_reason() {
    for (action, why) in [
        (r#""Action":7"#, "its Action is no text or list of texts"),
        (r#""NotAction":[]"#, "its NotAction is no text or list of texts"),
        (r#""Action":"a","NotAction":"b""#, "it has NotAction beside another of its kind"),
    ] {
        let statement = only(&format!(r#"{{"Effect":"Allow",{action}}}"#));
        assert_eq!(statement.action, Element::Malformed(why.to_owned()));
    }
}

#[test]
fn malformed_elements_are_kept() {
    for action in [
        r#""Action":[]"#,
        r#""Action":null"#,
        r#""Action":["a",1]"#,
        r#""Action":"a","NotAction":"b""#,
        r#""Action":"a","Action":"a""#,
        r#""Action":"a","action":"a""#,
    ] {
        let statement = only(&format!(r#"{{"Effect":"Allow",{action}}}"#));
        assert!(matches!(statement.action, Element::Malformed(_)), "{action}");
        assert_eq!(statement.problem, None, "{action}");
    }
    for (text, problem) in [
        (r#"{"Effect":"Allow","Extra":1}"#, "its element Extra is not known"),
        (r#"{"Effect":"Allow","Sid":1}"#, "its Sid is no text"),
        ("[7]", "it is no object"),
    ] {
        assert_eq!(only(text).problem.as_deref(), Some(problem));
    }
    let above = parse(r#"{"Extra":1,"Statement":{"Effect":"Allow"}}"#);
    assert_eq!(above.statements[0].problem.as_deref(), Some("the policy's element Extra is not known"));
    assert!(matches!(only(r#"{"Effect":"allow"}"#).effect, Element::Malformed(_)));
    assert!(matches!(only(r#"{"Effect":"Deny","NotPrincipal":"?"}"#).principal, Element::Malformed(_)));
    assert!(matches!(only(r#"{"Effect":"Deny","Condition":[]}"#).condition, Element::Malformed(_)));
}
