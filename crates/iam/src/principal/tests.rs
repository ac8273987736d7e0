use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/p/r";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/r/s";
const USER: &str = "arn:aws:iam::111122223333:user/u";
const ROOT: &str = "arn:aws:iam::111122223333:root";

fn principal_match(json: &str, negated: bool, caller: Caller<'_>, denies: bool) -> PrincipalMatch {
    let json = serde_json::from_str(json).expect("JSON");
    PrincipalElement::read(json, negated).expect("principals").matches(caller, denies)
}

fn without_reason(answer: Truth) -> Truth {
    if let Truth::Unknown(_) = answer { Truth::not_understood("") } else { answer }
}

fn include(json: &str) -> Truth {
    without_reason(principal_match(json, false, Caller::Service("apigateway.amazonaws.com"), false).any())
}

#[test]
fn a_service_is_named_alone_in_a_list_or_by_everyone() {
    for json in [
        r#""*""#,
        r#"{"Service":"apigateway.amazonaws.com"}"#,
        r#"{"AWS":"111122223333","Service":["lambda.amazonaws.com","apigateway.amazonaws.com"]}"#,
    ] {
        assert_eq!(include(json), Truth::True, "{json}");
    }
}

#[test]
fn other_principals_do_not_match() {
    for json in [
        r#"{"Service":"lambda.amazonaws.com"}"#,
        r#"{"Service":"ops.apigateway.amazonaws.com"}"#,
        r#"{"AWS":"arn:aws:iam::111122223333:root"}"#,
        r#"{"Federated":"cognito-identity.amazonaws.com"}"#,
    ] {
        assert_eq!(include(json), Truth::False, "{json}");
    }
}

#[test]
fn a_principal_that_may_mean_the_service_is_unknown() {
    for json in [
        r#"{"AWS":"*"}"#,
        r#"{"Service":"*"}"#,
        r#"{"Service":"apigateway.us-east-1.amazonaws.com"}"#,
        r#"{"Service":"apigateway.amazonaws.com.cn"}"#,
        r#"{"Service":"APIGateway.amazonaws.com"}"#,
        r#"{"Robot":"x"}"#,
    ] {
        assert_eq!(include(json), Truth::not_understood(""), "{json}");
    }
}

#[test]
fn service_principals_of_two_regions_differ() {
    let include = |name: &str, service| {
        without_reason(
            principal_match(&format!(r#"{{"Service":"{name}"}}"#), false, Caller::Service(service), false).any(),
        )
    };
    let here = "logs.us-east-1.amazonaws.com";
    assert_eq!(include(here, here), Truth::True);
    assert_eq!(include("logs.eu-west-1.amazonaws.com", here), Truth::False);
    assert_eq!(include("logs.amazonaws.com", here), Truth::not_understood(""));
    assert_eq!(include("delivery.logs.amazonaws.com", here), Truth::False);
    // A wildcard is not a region.
    assert_eq!(include("logs.us-*-1.amazonaws.com", here), Truth::not_understood(""));
}

#[test]
fn a_malformed_principal_is_an_error() {
    for json in ["{}", "[]", "\"x\"", r#"{"AWS":[]}"#, r#"{"AWS":{}}"#, "null"] {
        assert!(PrincipalElement::read(serde_json::from_str(json).expect("JSON"), false).is_err(), "{json}");
    }
}

/// How it is named: directly, by its role, by its account, or not at all.
fn named_by(json: &str, arn: &str) -> &'static str {
    let identity = Identity::read(arn).expect(arn);
    let found = principal_match(json, false, Caller::Identity(&identity), false);
    match (found.direct, found.role, found.account) {
        (Truth::True, _, _) => "direct",
        (_, Truth::True, _) => "role",
        (_, _, Truth::True) => "account",
        (Truth::False, Truth::False, Truth::False) => "none",
        _ => "unknown",
    }
}

#[test]
fn an_identity_is_named_directly_by_its_role_or_by_its_account() {
    for (json, role, session, user) in [
        (r#""*""#, "direct", "direct", "direct"),
        (r#"{"AWS":"*"}"#, "direct", "direct", "direct"),
        (r#"{"AWS":"111122223333"}"#, "account", "account", "account"),
        (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, "account", "account", "account"),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/p/r"}"#, "role", "role", "none"),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/r"}"#, "none", "role", "none"),
        // A role of the same name in another account, another role of this account, and a role of another partition.
        (r#"{"AWS":"arn:aws:iam::999999999999:role/r"}"#, "none", "none", "none"),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/x"}"#, "none", "none", "none"),
        (r#"{"AWS":"arn:aws-cn:iam::111122223333:role/r"}"#, "none", "none", "none"),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/r/s"}"#, "none", "direct", "none"),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/r/t"}"#, "none", "none", "none"),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/u"}"#, "none", "none", "direct"),
        (r#"{"AWS":["arn:aws:iam::111122223333:user/U","999999999999"]}"#, "none", "none", "none"),
        (r#"{"AWS":"arn:aws:iam::111122223333:*"}"#, "none", "none", "none"),
        (r#"{"AWS":"AROAEXAMPLEID"}"#, "none", "none", "none"),
        (r#"{"Federated":"accounts.google.com","Service":"ec2.amazonaws.com"}"#, "none", "none", "none"),
        (
            r#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#,
            "unknown",
            "unknown",
            "unknown",
        ),
    ] {
        for (arn, expected) in [(ROLE, role), (SESSION, session), (USER, user)] {
            assert_eq!(named_by(json, arn), expected, "{json} {arn}");
        }
    }
}

#[test]
fn a_wildcard_in_a_name_may_deny_and_never_allows() {
    let identity = Identity::read(ROLE).expect("a role");
    let json = r#"{"AWS":"arn:aws:iam::111122223333:role/*"}"#;
    assert_eq!(principal_match(json, false, Caller::Identity(&identity), false).any(), Truth::False);
    assert_eq!(
        without_reason(principal_match(json, false, Caller::Identity(&identity), true).any()),
        Truth::not_understood("")
    );
    // One that does not match even with wildcards.
    let json = r#"{"AWS":["arn:aws:iam::111122223333:user/*","arn:aws:iam::999999999999:role/*"]}"#;
    assert_eq!(principal_match(json, false, Caller::Identity(&identity), true).any(), Truth::False);
}

#[test]
fn nobody_is_named_by_a_star_alone() {
    let names = |json| principal_match(json, false, Caller::Anonymous, false).any();
    assert_eq!(names(r#""*""#), Truth::True);
    assert_eq!(names(r#"{"AWS":"*"}"#), Truth::True);
    assert_eq!(names(r#"{"AWS":"111122223333","Service":"s3.amazonaws.com","CanonicalUser":"x"}"#), Truth::False);
}

#[test]
fn a_not_principal_must_name_the_account_too() {
    let all_but = |names: &[&str], arn: &str, denies| {
        let identity = Identity::read(arn).expect(arn);
        let json = serde_json::json!({ "AWS": names }).to_string();
        without_reason(principal_match(&json, true, Caller::Identity(&identity), denies).any())
    };
    let unknown = Truth::not_understood("");
    assert_eq!(all_but(&[USER, ROOT], USER, true), Truth::False);
    assert_eq!(all_but(&[USER], USER, true), unknown);
    assert_eq!(all_but(&[ROOT], USER, true), Truth::True);
    assert_eq!(all_but(&[ROOT], USER, false), unknown);
    assert_eq!(all_but(&[ROOT], ROOT, true), Truth::False);
    assert_eq!(all_but(&[SESSION, "arn:aws:iam::111122223333:role/r", ROOT], SESSION, true), Truth::False);
    assert_eq!(all_but(&[SESSION, ROOT], SESSION, true), unknown);
    assert_eq!(all_but(&["arn:aws:iam::111122223333:role/r", ROOT], SESSION, true), Truth::True);
    assert_eq!(all_but(&[ROLE, ROOT], ROLE, true), Truth::False);
    assert_eq!(all_but(&["arn:aws:iam::999999999999:user/u"], USER, false), Truth::True);
    assert_eq!(all_but(&["*"], USER, true), Truth::False);
    let service = |json| principal_match(json, true, Caller::Service("s3.amazonaws.com"), true).any();
    assert_eq!(service(r#"{"Service":"s3.amazonaws.com"}"#), Truth::False);
    assert_eq!(service(r#"{"Service":"sns.amazonaws.com"}"#), Truth::True);
    assert_eq!(principal_match(r#"{"AWS":"111122223333"}"#, true, Caller::Anonymous, false).any(), Truth::True);
    assert_eq!(principal_match(r#""*""#, true, Caller::Anonymous, false).any(), Truth::False);
}
