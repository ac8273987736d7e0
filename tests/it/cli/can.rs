//! `gatelight can`: what it prints, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::run::{Gatelight, Ran};

/// A request of a role of 111122223333 to read `arn:aws:s3:::b/k`, under one identity policy of these statements.
fn query(statements: &Value) -> Value {
    json!({
        "request": {
            "principal": "arn:aws:iam::111122223333:role/r", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
            "resource_account": "111122223333",
        },
        "identity": [{"name": "own", "document": {"Version": "2012-10-17", "Statement": statements}}],
    })
}

fn allow() -> Value {
    json!({"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"})
}

fn on_team() -> Value {
    let mut statement = allow();
    statement["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/Team": "red"}});
    statement
}

fn can(input: impl Into<Vec<u8>>) -> Ran {
    Gatelight::new(["can", "--policies", "-"]).stdin(input).no_keys().run()
}

fn answers(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A pattern that could be tried in very many ways.
#[test]
fn a_pattern_of_many_wildcards_takes_no_time() {
    let wild = |field: &str, times: usize| {
        let mut statement = allow();
        statement[field] = "?*".repeat(times).into();
        statement["Condition"] = json!({"StringLike": {"aws:PrincipalTag/Team": "?*".repeat(times)}});
        can(query(&json!([statement])).to_string())
    };
    let wild_value = || {
        let mut statement = allow();
        statement["Condition"] = json!({"StringLike": {"aws:PrincipalTag/Team": "?*".repeat(5_000)}});
        can(query(&json!([statement])).to_string())
    };
    // The machine may be busy with other tests: one run of several shows it.
    let in_time = |run: &dyn Fn() -> Ran| (0..5).any(|_| run().took < Duration::from_secs(1));
    for field in ["Action", "Resource"] {
        assert!(in_time(&|| wild(field, 5_000)), "{field}");
        assert_eq!(wild(field, 5_000).status, Some(1), "nothing is so long");
    }
    let ran = wild_value();
    assert_eq!((ran.status, answers(&ran)[0]["decision"].as_str()), (Some(3), Some("undetermined")), "{ran:#?}");
    assert!(in_time(&wild_value));
}

#[test]
fn one_answer_says_what_decided() {
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    let strange = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Extra": 1});
    let by = |statement: &str| json!({"policy": "own", "statement": statement});
    for (statements, status, decision, decided_by, missing) in [
        (json!([allow()]), 0, "allowed", by("Read"), json!([])),
        (json!([allow(), deny]), 1, "denied-explicitly", by("2"), json!([])),
        (json!([]), 1, "denied-implicitly", Value::Null, json!([])),
        (json!([on_team()]), 3, "undetermined", Value::Null, json!(["aws:PrincipalTag/Team"])),
        (json!([strange]), 3, "undetermined", Value::Null, json!([])),
    ] {
        let ran = can(query(&statements).to_string());
        assert_eq!(ran.status, Some(status), "{ran:#?}");
        assert_eq!(ran.stderr, "");
        let [answer] = &answers(&ran)[..] else { panic!("{ran:#?}") };
        assert_eq!(answer["decision"], decision);
        assert_eq!(answer["decided_by"], decided_by);
        assert_eq!(answer["missing_context"], missing);
        let told = missing != json!([]) || decision != "undetermined";
        assert_eq!(answer["problems"].as_array().unwrap().is_empty(), told, "{answer}");
    }
}

#[test]
fn a_file_is_read_as_standard_input_is_and_may_be_spread_over_lines() {
    let pretty = serde_json::to_string_pretty(&query(&json!([allow()]))).unwrap();
    let file = Gatelight::new(["can", "--policies", "q.json"]).file("q.json", &pretty).no_keys().run();
    assert_eq!((file.status, &file.stdout), (Some(0), &can(pretty).stdout));
    Gatelight::new(["can", "--policies", "nowhere.json"]).no_keys().run().refuses(&["nowhere.json"]);
    Gatelight::new(["can"]).no_keys().run().refuses(&["--policies"]);
}

#[test]
fn several_requests_end_with_the_worst() {
    let line = |statements: Value| query(&statements).to_string();
    let (yes, no, perhaps) = (line(json!([allow()])), line(json!([])), line(json!([on_team()])));
    for (lines, status) in
        [(vec![&yes, &yes], 0), (vec![&yes, &perhaps], 3), (vec![&perhaps, &no, &yes], 1), (vec![&no, &perhaps], 1)]
    {
        let lines: Vec<&str> = lines.into_iter().map(String::as_str).collect();
        let ran = can(lines.join("\n"));
        assert_eq!((ran.status, answers(&ran).len()), (Some(status), lines.len()), "{ran:#?}");
    }
}

#[test]
fn input_of_another_form_is_refused_with_its_line_and_field() {
    let good = query(&json!([allow()])).to_string();
    let second = |from: &str, to: &str| format!("{good}\n{}\n", good.replace(from, to));
    let cases: [(Vec<u8>, &[&str]); 7] = [
        (second("s3:GetObject", "GetObject").into(), &["standard input", "line 2", "request.action"]),
        (second(r#""principal""#, r#""principle""#).into(), &["line 2", "principle"]),
        (second(r#""identity":["#, r#""identity":[7,"#).into(), &["line 2", "identity[0]"]),
        (format!("{good}\n{{").into(), &["line 2", "not JSON"]),
        ("\n \n".into(), &["no request"]),
        (vec![0xff, 0xfe], &["UTF-8"]),
        ("7".into(), &["line 1", "object"]),
    ];
    for (input, names) in cases {
        let ran = can(input);
        ran.refuses(names);
        assert_eq!(ran.stdout, "", "answers to the others are not printed");
    }
}

/// The example in the contract, with its documents filled in.
#[test]
fn every_list_is_taken() {
    let all = json!([{"name": "all", "document": {"Version": "2012-10-17", "Statement": allow()}}]);
    let mut query = query(&json!([allow()]));
    query["boundary"] = all.clone();
    query["session"] = json!([]);
    query["scps"] = json!([all, all]);
    query["rcps"] = json!([]);
    query["resource_policies"] = json!([]);
    query["endpoint"] = json!([]);
    query["request"]["context"] =
        json!({"aws:SourceAccount": "111122223333", "aws:TagKeys": ["a", "b"], "aws:username": []});
    assert_eq!(can(query.to_string()).status, Some(0));
    query["scps"] = json!([all, []]);
    let ran = can(query.to_string());
    assert_eq!(ran.status, Some(1));
    assert!(
        answers(&ran)[0]["reason"].as_str().unwrap().contains("level 2 of the service control policies"),
        "{ran:#?}"
    );
}

#[test]
fn a_statement_that_misses_by_one_thing_is_listed() {
    let wrong = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws-cn:s3:::b/k"});
    let ran = can(query(&json!([wrong])).to_string());
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let near_miss = json!({
        "policy": "own", "statement": "1", "difference": "partition",
        "policy_value": "arn:aws-cn:s3:::b/k", "request_value": "arn:aws:s3:::b/k",
    });
    assert_eq!(answers(&ran)[0]["near_misses"], json!([near_miss]));
    assert_eq!(answers(&can(query(&json!([allow()])).to_string()))[0]["near_misses"], json!([]));
}
