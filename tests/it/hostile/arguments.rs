//! Arguments, the environment, and what is read from standard input.

use super::{PAYLOAD, complaints};
use crate::support::run::Gatelight;

#[test]
fn every_argument_is_only_quoted() {
    // As the name of a file that is not there, and of one that is.
    let name = PAYLOAD.replace('/', "");
    let x = name.as_str();
    for args in [
        &["audit", "--from", x][..],
        &["audit", "--config", x],
        &["audit", "--from", "-", "--output", &format!("/nowhere/{x}")],
        &["audit", "--from", "-", "--save", &format!("/nowhere/{x}")],
        &["audit", "--from", "-", "--ledger", &format!("/nowhere/{x}")],
        &["audit", "--profile", x],
        &["audit", "--role-arn", x],
        &["audit", "--check", x],
        &["audit", "--since", x],
        &["audit", "--region", x, "--profile", "nobody"],
        &["audit", &format!("--{x}")],
        &["audit", "--format", x],
        &["daemon", "--config", x],
        &["demo", "--output", &format!("/nowhere/{x}")],
        &["explain", x],
        &["format", "check", x],
        &["can", "--policies", x],
        &["cost", "--from", x],
        &["path", x, "--from", "-"],
        &["path", "x", "--from", x],
        &["history", "--ledger", x],
        &["history", "--ledger", "-", "--check", x],
        &["man", &format!("/nowhere/{x}")],
        &[x],
    ] {
        let ran = Gatelight::new(args).no_keys().run();
        assert_eq!((complaints(&ran), ran.status), (vec![], Some(2)), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty(), "{args:?}");
        let with_file = Gatelight::new(args).file(x, PAYLOAD).no_keys().run();
        assert_eq!(complaints(&with_file), Vec::<String>::new(), "{args:?}: {}", with_file.stderr);
    }
}

#[test]
fn the_environment_is_only_quoted() {
    for name in ["AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_REGION", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "HTTPS_PROXY"] {
        let ran =
            Gatelight::new(["audit", "--verbose"]).env("AWS_REGION", "us-east-1").env(name, PAYLOAD).no_keys().run();
        assert_eq!((complaints(&ran), ran.status), (vec![], Some(2)), "{name}: {}", ran.stderr);
    }
}

#[test]
fn standard_input_is_only_quoted() {
    let json = serde_json::Value::from(PAYLOAD).to_string();
    let request = |field: &str| {
        let value = |name: &str, good: &str| if name == field { json.clone() } else { format!("\"{good}\"") };
        format!(
            "{{\"request\":{{\"principal\":{},\"action\":{},\"resource\":{}}},\"identity\":[{{\"name\":{},\"document\":{}}}]}}",
            value("principal", "arn:aws:iam::111122223333:role/r"),
            value("action", "logs:PutLogEvents"),
            value("resource", "*"),
            value("name", "p"),
            value("document", "{}"),
        )
    };
    let fields = ["principal", "action", "resource", "name", "document"];
    let inputs =
        fields.iter().map(|field| request(field)).chain([json.clone(), format!("{{{json}:1}}"), PAYLOAD.to_owned()]);
    for input in inputs {
        for args in [
            &["can", "--policies", "-"][..],
            &["audit", "--from", "-"],
            &["format", "check", "-", "--protocol", "rest"],
            &["format", "check", "-", "--protocol", "http", "--format", "json"],
        ] {
            let ran = Gatelight::new(args).no_keys().stdin(input.clone()).run();
            assert_eq!(complaints(&ran), Vec::<String>::new(), "{args:?} {input:?}");
        }
    }
}
