//! One million verdicts on access-log formats: each format once through all checks that judge a format. An account has
//! one format a stage; the largest have a few thousand stages.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gatelight_checks::access_log::lint::{faults, lint, recommended};
use gatelight_model::inventory::Protocol;

/// What stages are given: the recommended format, one with faults of most kinds, and no JSON at all.
const FORMATS: [(&str, Option<&str>); 3] = [
    ("recommended", None),
    (
        "faulty",
        Some(
            r#"{"id":"$context.requestid","status":$context.status,"took":$context.integration.latency,"text":"$context.error.messageString","user":"$context.authorizer.claims.cognito:username","trace":"$context.xrayTraceId","event":"$context.eventType"}"#,
        ),
    ),
    (
        "clf",
        Some(
            r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#,
        ),
    ),
];

/// Verdicts in one measured turn; the figure for a million is ten of them.
const TURN: u64 = 100_000;

fn formats(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("format verdicts");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(TURN));
    for (name, format) in FORMATS {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut failing = 0;
                for turn in 0..TURN / 6 {
                    let protocol = [Protocol::Rest, Protocol::Http, Protocol::Websocket][turn as usize % 3];
                    let format = format.unwrap_or_else(|| recommended(protocol));
                    failing += faults(protocol, black_box(format));
                }
                failing
            });
        });
    }
    // With all that a person is told: places, notes, the format mended.
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("linted and mended", |bencher| {
        let format = FORMATS[1].1.unwrap_or_default();
        bencher.iter(|| (0..1_000).filter(|_| lint(Protocol::Rest, black_box(format)).mended.is_some()).count());
    });
    group.finish();
}

criterion_group!(benches, formats);
criterion_main!(benches);
