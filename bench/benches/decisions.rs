//! One million decisions of the IAM evaluator: the questions that are taken from AWS's documentation, and the one that an
//! audit asks most. Policies are read once and asked often, as in an audit.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gatelight_iam::{Queries, Query};
use serde_json::{Value, json};

/// Each line holds a question, and what AWS decides.
const CORPUS: [&str; 7] = [
    include_str!("../../crates/iam/src/corpus/elements.jsonl"),
    include_str!("../../crates/iam/src/corpus/evaluation.jsonl"),
    include_str!("../../crates/iam/src/corpus/operators.jsonl"),
    include_str!("../../crates/iam/src/corpus/principals.jsonl"),
    include_str!("../../crates/iam/src/corpus/sets.jsonl"),
    include_str!("../../crates/iam/src/corpus/unknown.jsonl"),
    include_str!("../../crates/iam/src/corpus/variables.jsonl"),
];

/// Decisions in one measured turn; the figure for a million is ten of them.
const TURN: u64 = 100_000;

fn query(value: &Value) -> Query {
    Queries::new(&value.to_string()).next().expect("a question").expect("one that can be read")
}

fn corpus() -> Vec<Query> {
    let lines = CORPUS.iter().flat_map(|file| file.lines());
    lines.map(|line| query(&serde_json::from_str::<Value>(line).expect("JSON")["query"])).collect()
}

/// May a function's role, with AWS's policy for it and a boundary, write to its log group?
fn of_an_audit() -> Query {
    let statement = |actions: Value, resource: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]});
    let group = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/checkout";
    query(&json!({
        "request": {
            "principal": "arn:aws:iam::111122223333:role/checkout", "action": "logs:PutLogEvents",
            "resource": format!("{group}:log-stream:s"), "resource_account": "111122223333", "context": {},
        },
        "identity": [
            {"name": "basic", "document": statement(json!(["logs:CreateLogStream", "logs:PutLogEvents"]), &format!("{group}:*"))},
            {"name": "xray", "document": statement(json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]), "*")},
        ],
        "boundary": [{"name": "boundary", "document": statement(json!(["logs:*", "xray:*", "dynamodb:*"]), "*")}],
    }))
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decisions");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(TURN));
    for (name, queries) in [("AWS's documentation", corpus()), ("a function's role and log group", vec![of_an_audit()])]
    {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for query in queries.iter().cycle().take(TURN as usize) {
                    black_box(query.question.decide(black_box(&query.policies)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
