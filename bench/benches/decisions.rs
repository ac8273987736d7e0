//! Decisions of the IAM engine: the cases from AWS's documentation, and the request that an audit decides most often. The
//! policies are read once and used for many decisions, as in an audit.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gatelight_iam::{Simulation, SimulationReader};
use serde_json::{Value, json};

/// Each line holds a simulation and the expected decision.
const CORPUS: [&str; 7] = [
    include_str!("../../crates/iam/src/corpus/elements.jsonl"),
    include_str!("../../crates/iam/src/corpus/evaluation.jsonl"),
    include_str!("../../crates/iam/src/corpus/operators.jsonl"),
    include_str!("../../crates/iam/src/corpus/principals.jsonl"),
    include_str!("../../crates/iam/src/corpus/sets.jsonl"),
    include_str!("../../crates/iam/src/corpus/unknown.jsonl"),
    include_str!("../../crates/iam/src/corpus/variables.jsonl"),
];

/// Decisions per iteration.
const DECISIONS: u64 = 100_000;

fn simulation(value: &Value) -> Simulation {
    SimulationReader::new(&value.to_string()).next().expect("a simulation").expect("well formed")
}

fn corpus() -> Vec<Simulation> {
    let lines = CORPUS.iter().flat_map(|file| file.lines());
    lines.map(|line| simulation(&serde_json::from_str::<Value>(line).expect("JSON")["query"])).collect()
}

/// Whether a function's role, with AWS's managed policies and a boundary, may write to its log group.
fn role_writes_log() -> Simulation {
    let statement = |actions: Value, resource: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]});
    let group = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/checkout";
    simulation(&json!({
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
    group.throughput(Throughput::Elements(DECISIONS));
    for (name, simulations) in
        [("AWS's documentation", corpus()), ("a function's role and log group", vec![role_writes_log()])]
    {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for simulation in simulations.iter().cycle().take(DECISIONS as usize) {
                    black_box(simulation.request.simulate(black_box(&simulation.policies)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
