//! Verdicts on access-log formats: each format goes through all checks that need only a format. An account has one format
//! per stage; the largest have a few thousand stages.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gatelight_checks::access_log::lint::{count_failing, lint};
use gatelight_formats::recommended::recommended;
use gatelight_model::inventory::Protocol;

/// Formats of stages: the recommended one, one with problems of most kinds, and one that is not JSON.
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

/// Verdicts per measured iteration; a million takes ten of them.
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
                    failing += count_failing(protocol, black_box(format));
                }
                failing
            });
        });
    }
    // With everything that `format check` prints: positions, notes, the fixed format.
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("linted and fixed", |bencher| {
        let format = FORMATS[1].1.unwrap_or_default();
        bencher.iter(|| (0..1_000).filter(|_| lint(Protocol::Rest, black_box(format)).fixed.is_some()).count());
    });
    group.finish();
}

criterion_group!(benches, formats);
criterion_main!(benches);
