use super::*;

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
        "Exporting failed. Will retry the request after interval.",
        "AccessDenied: not authorized to perform: s3:GetObject",
        "Access Denied when calling logs:PutLogEvents",
        "calling logs:PutLogEvents",
    ] {
        assert_eq!(name(line), None, "{line}");
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
