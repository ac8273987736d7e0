use super::*;
use crate::Severity;

fn name(line: &str) -> Option<&'static str> {
    LogPatterns::default().matches(line).map(|pattern| pattern.name)
}

#[test]
fn lines_as_programs_write_them_match() {
    for (line, pattern) in [
        ("2026-11-22T09:00:00Z ERROR Failed to emit logs: dispatch failure", "failed-to-emit-logs"),
        (r#"{"level":"error","msg":"failed to emit logs","batch":12}"#, "failed-to-emit-logs"),
        ("[Error] Sending segment batch failed with: RequestError: send request failed", "segment-batch-failed"),
        (
            "[Error] Sending segment batch failed with: AccessDeniedException: User: arn:aws:sts::1:assumed-role/r/i \
             is not authorized to perform: xray:PutTraceSegments",
            "segment-batch-failed",
        ),
        ("[Warn] Segment dropped. Consider increasing memory limit", "segment-dropped"),
        ("Failed to send entity to Daemon.", "entity-not-sent-to-daemon"),
        (r#"{"msg":"Exporting failed. Rejecting data.","dropped_items":3}"#, "export-rejected"),
        (
            "An error occurred (AccessDeniedException) when calling the PutLogEvents operation: User: x is not \
             authorized to perform: logs:PutLogEvents on resource: y",
            "put-log-events-denied",
        ),
        ("AccessDenied: not authorized to perform: xray:PutTelemetryRecords", "xray-put-denied"),
    ] {
        assert_eq!(name(line), Some(pattern), "{line}");
    }
}

#[test]
fn decoys_do_not_match() {
    for line in [
        "",
        "FAILED TO EMIT LOGS",
        "Failed to emit metrics",
        "sending segment batch failed with",
        "Segment dropped",
        "AccessDenied: not authorized to perform: s3:GetObject",
        "Access Denied when calling logs:PutLogEvents",
        "calling logs:PutLogEvents",
    ] {
        assert_eq!(name(line), None, "{line}");
    }
}

/// Lines as OpenTelemetry's programs write them: see the sources in `otel.rs`.
const LOST: &[(&str, &str)] = &[
    // Java.
    (
        "SEVERE: Failed to export spans. The request could not be executed. Full error message: timeout",
        "spans-not-exported",
    ),
    (
        "WARN GrpcExporter - Failed to export spans. Server responded with gRPC status code 2. Error message: ",
        "spans-not-exported",
    ),
    (
        "[otel.javaagent 2026-11-22] WARN HttpExporter - Failed to export spans. Server responded with HTTP status code \
         404. Error message: Not Found",
        "spans-not-exported",
    ),
    (
        "BatchSpanProcessor dropped 12 span(s) since the last export because the queue is full (maxQueueSize=2048)",
        "spans-dropped",
    ),
    // Python.
    ("Failed to export span batch code: 503, reason: Service Unavailable", "spans-not-exported"),
    ("Failed to export span batch due to timeout, max retries or shutdown.", "spans-not-exported"),
    ("Failed to export spans batch code: 400, reason: Bad Request", "spans-not-exported"),
    ("Failed to export traces to localhost:4317, error code: StatusCode.DEADLINE_EXCEEDED", "spans-not-exported"),
    ("[ERROR]\t2026-11-22T15:06:08.662Z\t1f677e5a-c880\tException while exporting Span batch.", "spans-not-exported"),
    ("Exception while exporting Span.", "spans-not-exported"),
    ("Queue is full, likely spans will be dropped.", "spans-dropped"),
    ("Queue full, dropping Span.", "spans-dropped"),
    ("Dropping span batch: serialized size 70000000 bytes exceeds max_request_size 67108864 bytes.", "spans-dropped"),
    (
        "Transient error StatusCode.UNAVAILABLE encountered while exporting traces to localhost:4317, retrying in 1.02s.",
        "spans-retried",
    ),
    ("Transient error Bad Gateway encountered while exporting span batch, retrying in 0.99s.", "spans-retried"),
    ("Transient error Bad Gateway encountered while exporting spans batch, retrying in 0.99s.", "spans-retried"),
    ("Failed to export batch code: 404, reason: 404 page not found", "otlp-export-failed"),
    (
        "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='localhost', port=4318): Read timed out. (read timeout=10)",
        "otlp-timed-out",
    ),
    (
        "urllib3.exceptions.MaxRetryError: HTTPConnectionPool(host='localhost', port=4318): Max retries exceeded with url: \
         /v1/traces (Caused by NewConnectionError(': Failed to establish a new connection: [Errno 111] Connection refused'))",
        "otlp-timed-out",
    ),
    (
        "HTTPConnectionPool(host='10.0.0.9', port=4317): Connection to 10.0.0.9 timed out. (connect timeout=5)",
        "otlp-timed-out",
    ),
    // JavaScript.
    (r#"{"stack":"Error: BatchSpanProcessor: span export failed\n    at","name":"Error"}"#, "spans-not-exported"),
    ("SimpleSpanProcessor: span export failed (status [object Object])", "spans-not-exported"),
    ("Dropped 34 spans because maxQueueSize reached", "spans-dropped"),
    (
        r#"{"stack":"OTLPExporterError: Request Timeout\n at","message":"Request Timeout","name":"OTLPExporterError"}"#,
        "otlp-export-failed",
    ),
    (r#"{"stack":"Error: Concurrent export limit reached\n at","name":"Error"}"#, "otlp-export-failed"),
    (
        r#"{"stack":"Error: connect ECONNREFUSED 127.0.0.1:4318\n    at TCPConnectWrap","code":"ECONNREFUSED","port":"4318"}"#,
        "otlp-unreachable",
    ),
    (
        r#"{"stack":"Error: connect ETIMEDOUT 10.0.3.7:4317\n    at TCPConnectWrap","code":"ETIMEDOUT"}"#,
        "otlp-unreachable",
    ),
    (
        "Error: 14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:4317 (2026-11-22)",
        "otlp-unreachable",
    ),
    (
        "Error: 4 DEADLINE_EXCEEDED: Deadline exceeded after 10.001s,LB pick: 0.002s,remote_addr=127.0.0.1:4317",
        "otlp-unreachable",
    ),
    // Go.
    (
        "2026/11/22 10:00:00 traces export: context deadline exceeded: rpc error: code = Unavailable desc = connection \
         error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:4317: connect: connection refused\"",
        "traces-not-exported",
    ),
    (
        r#"{"msg":"traces export: Post \"http://localhost:4318/v1/traces\": dial tcp [::1]:4318: connect: connection refused"}"#,
        "traces-not-exported",
    ),
    (
        "traces export: failed to send to http://localhost:4318/v1/traces: 404 Not Found (body: x)",
        "traces-not-exported",
    ),
    (
        "traces export: exporter export timeout: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        "traces-not-exported",
    ),
    ("traces export: OTLP partial success: too old (3 spans rejected)", "traces-not-exported"),
    (
        "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp \
         10.0.0.9:4317: i/o timeout\"",
        "otlp-unreachable",
    ),
    // Rust.
    (
        "OpenTelemetry trace error occurred. Exporter otlp encountered the following error(s): the grpc server returns error",
        "spans-not-exported",
    ),
    // The collector, in its several versions.
    (
        r#"{"level":"error","msg":"Exporting failed. Rejecting data. Try enabling sending_queue to survive temporary failures.","otelcol.signal":"traces","rejected_items":8}"#,
        "export-rejected",
    ),
    (
        r#"error exporterhelper/queue_sender.go:128 Exporting failed. Dropping data. {"kind": "exporter", "data_type": "traces", "dropped_items": 8}"#,
        "export-dropped",
    ),
    (
        r#"Exporting failed. No more retries left. Dropping data. {"data_type": "traces", "error": "max elapsed time expired"}"#,
        "export-dropped",
    ),
    ("Exporting failed. The error is not retryable. Dropping data.", "export-dropped"),
    ("Exporting failed. Queue did not accept requeuing request. Dropping data.", "export-dropped"),
    ("Dropping data because sending_queue is full. Try increasing queue_size.", "export-queue-full"),
    (r#"{"level":"warn","msg":"Sender failed","error":"sending queue is full"}"#, "export-queue-full"),
    (
        "Exporting failed. Try enabling retry_on_failure config option to retry on retryable errors",
        "export-not-retried",
    ),
    (
        r#"Exporting failed. Will retry the request after interval. {"data_type": "traces", "interval": "5.5s"}"#,
        "export-retried",
    ),
    ("Exporting failed. Putting back to the end of the queue.", "export-retried"),
    (
        "Post \"https://xray.us-east-1.amazonaws.com/TraceSegments\": net/http: request canceled while waiting for \
         connection (Client.Timeout exceeded while awaiting headers)",
        "xray-timed-out",
    ),
];

/// Their siblings: good news, settings, metrics, and what only looks alike.
const NOT_LOST: &[&str] = &[
    "Failed to export metrics. The request could not be executed. Full error message: timeout",
    "Failed to export metrics to localhost:4317, error code: StatusCode.UNAVAILABLE",
    "Failed to export metrics batch code: 503, reason: Service Unavailable",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter - Failed to export batch code: 404, reason: not found",
    "Exception while exporting metrics",
    "Exception while exporting Log",
    "Failed to export logs. Server responded with HTTP status code 404. Error message: Not Found",
    "Failed to export logs batch code: 503, reason: Service Unavailable",
    "Queue full, dropping Log.",
    "Queue full, dropping LogRecord.",
    "Transient error StatusCode.UNAVAILABLE encountered while exporting metrics to localhost:4317, retrying in 1s.",
    "Exported 12 spans",
    "successfully exported span batch",
    "Failed to export report",
    "BatchSpanProcessor started (maxQueueSize=2048)",
    "Export succeeded after 2 retry attempts.",
    "Scheduling export retry in 990ms",
    "PeriodicExportingMetricReader: metrics export failed (error OTLPExporterError: Bad Request)",
    "PeriodicExportingMetricReader: metrics export failed (error Error: connect ECONNREFUSED 127.0.0.1:4318)",
    "HTTPConnectionPool(host='localhost', port=4318): Max retries exceeded with url: /v1/metrics",
    "HTTPConnectionPool(host='localhost', port=8080): Read timed out. (read timeout=10)",
    "ReadTimeout: HTTPSConnectionPool(host='dynamodb.us-east-1.amazonaws.com', port=443): Read timed out.",
    "Reconnected to localhost:4317 after connection timed out",
    "connection to 127.0.0.1:4317 recovered after 2 × ECONNREFUSED",
    "retry to host='localhost', port=4318 succeeded, the first had timed out",
    "Starting GRPC server {\"endpoint\": \"localhost:4317\", \"timeout\": \"10s\"}",
    "connect ECONNREFUSED 127.0.0.1:5432",
    "read udp 127.0.0.1:43178->127.0.0.11:53: read: connection refused",
    "traces export: enabled",
    "traces export: otlp, metrics export: none",
    "failed to send to queue orders: rejected",
    "OTLP partial success: too old (3 metric data points rejected)",
    "Exporting failed. Rejecting data. {\"kind\": \"exporter\", \"data_type\": \"metrics\"}",
    r#"{"msg":"Exporting failed. Dropping data.","otelcol.signal":"metrics","dropped_items":8}"#,
    r#"{"log":"{\"msg\":\"Exporting failed. Will retry the request after interval.\",\"data_type\":\"metrics\"}"}"#,
    r#"Exporting failed. No more retries left. Dropping data. {"error": "Post \"https://x/v1/metrics\": EOF"}"#,
    "Exporting failed",
    "exporting report failed. Will retry the request after interval.",
    "sending_queue is enabled",
    "POST /TraceSegments 200",
];

#[test]
fn what_opentelemetry_loses_is_found_and_its_siblings_are_not() {
    for (line, pattern) in LOST {
        assert_eq!(name(line), Some(*pattern), "{line}");
    }
    for line in NOT_LOST {
        assert_eq!(name(line), None, "{line}");
    }
    // None of these patterns goes without a line.
    for pattern in
        PATTERNS.iter().filter(|pattern| pattern.source.contains("open-telemetry") || pattern.source.contains("otel"))
    {
        assert!(LOST.iter().any(|(_, name)| *name == pattern.name), "{}", pattern.name);
        assert_eq!(pattern.severity, Severity::Medium);
    }
    let logs = LogPatterns::with(["log-records-not-exported"]).expect("a name");
    assert!(logs.matches("Failed to export logs. Server responded with HTTP status code 404.").is_some());
}

/// Each text is needed: without it, some line that programs write is missed.
#[test]
fn every_text_of_opentelemetry_is_in_a_line() {
    for pattern in PATTERNS.iter().filter(|pattern| LOST.iter().any(|(_, name)| *name == pattern.name)) {
        let lines = || LOST.iter().filter(|(_, name)| *name == pattern.name).map(|(line, _)| line);
        for text in pattern.any_of {
            assert!(lines().any(|line| line.contains(text)), "{}: {text}", pattern.name);
        }
    }
}

#[test]
fn gatelights_own_lines_are_left_out() {
    for line in [
        "gatelight: Failed to emit logs",
        "DEBUG gatelight::collect: Failed to emit logs",
        r#"{"version":1,"tool":{"name":"gatelight","version":"0.1.0"},"message":"Failed to emit logs"}"#,
        r#"{"log":"{\"name\":\"gatelight\"} Failed to emit logs"}"#,
        r#"{"check":"log-emission-failing","sample":"Failed to emit logs"}"#,
        "  sample (gatelight: failed-to-emit-logs)  Failed to emit logs: 503",
        r#"aws logs filter-log-events --filter-pattern '?"Failed to emit logs"'"#,
        r#"{"eventName":"FilterLogEvents","requestParameters":{"filterPattern":"?\"Failed to emit logs\""}}"#,
    ] {
        assert_eq!(name(line), None, "{line}");
    }
    for line in [
        "gatelighter: Failed to emit logs",
        "Failed to emit logs to /aws/lambda/gatelight",
        "Failed to emit logs as arn:aws:iam::123456789012:role/gatelight: denied",
        "my-gatelight: Failed to emit logs",
        "Failed to emit logs (is gatelight running?)",
    ] {
        assert_eq!(name(line), Some("failed-to-emit-logs"), "{line}");
    }
}

#[test]
fn the_filters_are_ones_that_cloudwatch_takes_and_leave_nothing_out() {
    let by_default = LogPatterns::default().filters();
    assert_eq!(by_default.len(), 1);
    assert!(by_default[0].starts_with(r#"?"Failed to emit logs" ?"failed to emit logs" ?"Sending"#), "{by_default:?}");
    assert_eq!(by_default[0].matches(r#"?"AccessDenied""#).count(), 1, "{by_default:?}");

    let everything = LogPatterns::with(OPTIONAL.iter().map(|pattern| pattern.name)).expect("names");
    let filters = everything.filters();
    assert!(filters.len() > 1, "all of them are longer than CloudWatch takes at once");
    for filter in by_default.iter().chain(&filters) {
        assert_eq!(check_filter(filter), Ok(()), "{filter}");
    }
    for text in all().flat_map(|pattern| pattern.any_of) {
        let holding = filters.iter().filter(|filter| filter.contains(&term(text))).count();
        assert!(holding >= 1 && !text.contains(['"', '\\']), "{text}");
    }
}

#[test]
fn names_are_unique_hide_their_text_and_the_worst_comes_first() {
    let everything = LogPatterns::with(OPTIONAL.iter().map(|pattern| pattern.name)).expect("names");
    for (at, pattern) in all().enumerate() {
        assert_eq!(find(pattern.name), Some(pattern));
        assert_eq!(all().position(|other| other.name == pattern.name), Some(at));
        let told = format!("{} {} {}", pattern.name, pattern.says, pattern.fix);
        assert_eq!(everything.matches(&told), None, "{told}");
    }
    for patterns in [PATTERNS, OPTIONAL] {
        assert!(patterns.is_sorted_by(|a, b| a.severity >= b.severity));
    }
    assert!(everything.iter().collect::<Vec<_>>().is_sorted_by(|a, b| a.severity >= b.severity));
    assert_eq!(everything.iter().count(), PATTERNS.len() + OPTIONAL.len());
    assert_eq!(find("Failed to emit logs"), None);
}

#[test]
fn optional_patterns_are_searched_for_where_they_are_chosen() {
    let line = "Task timed out after 3.00 seconds";
    assert_eq!(LogPatterns::default().matches(line), None);
    let chosen = LogPatterns::with(["function-timed-out", "segment-dropped", "function-timed-out"]).expect("names");
    assert_eq!(chosen.matches(line).map(|pattern| pattern.name), Some("function-timed-out"));
    assert_eq!(chosen.iter().count(), PATTERNS.len() + 1);
    assert_eq!(LogPatterns::with(["function-timed-ou"]), Err("function-timed-ou"));
    for (line, pattern) in [
        ("Sent batch of 3 segments but had 1 Unprocessed segments", "segments-unprocessed"),
        ("Error: connect ECONNREFUSED 169.254.79.129:2000", "daemon-refused-sampling"),
        ("ReadTimeout: HTTPConnectionPool(host='localhost', port=4318): Read timed out.", "otlp-timed-out"),
        ("Subsegment ## x discarded due to Lambda worker still initializing", "segment-missing"),
    ] {
        let chosen = LogPatterns::with([pattern]).expect("a name");
        assert_eq!(chosen.matches(line).map(|pattern| pattern.name), Some(pattern), "{line}");
    }
}

#[test]
fn a_record_of_a_search_is_not_what_it_searched_for() {
    let filter = r#""could not emit""#;
    assert!(!is_our_own_by("ERROR could not emit", filter));
    assert!(is_our_own_by("gatelight: ERROR could not emit", filter));
    let record = r#"{"eventName":"FilterLogEvents","requestParameters":{"filterPattern":"\"could not emit\""}}"#;
    assert!(is_our_own_by(record, filter));
    assert!(is_our_own_by(r#"aws logs filter-log-events --filter-pattern '"could not emit"'"#, filter));
}
