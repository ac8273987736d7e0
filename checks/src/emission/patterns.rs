//! The texts that programs write when they cannot send their logs or traces, and one CloudWatch filter for them all.

use crate::Severity;

/// A text that says that logs or traces do not arrive.
#[derive(Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its name in inventories and reports: never the text itself, or a report that is written to a log group would be
    /// found there.
    pub name: &'static str,
    /// How much a hit matters.
    pub severity: Severity,
    /// A line holds one of these; upper and lower case differ.
    any_of: &'static [&'static str],
    /// And one of these, if there are any.
    and_any_of: &'static [&'static str],
    /// What a hit says, after "that say that".
    pub says: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// Every pattern, the worst first: a line counts for the first that it matches.
///
/// The texts are those of the X-Ray daemon (<https://github.com/aws/aws-xray-daemon>), the X-Ray SDK for Python
/// (<https://github.com/aws/aws-xray-sdk-python>) and the OpenTelemetry collector
/// (<https://github.com/open-telemetry/opentelemetry-collector>), but for the first, which no program of AWS writes.
pub const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "failed-to-emit-logs",
        severity: Severity::High,
        any_of: &["Failed to emit logs", "failed to emit logs"],
        and_any_of: &[],
        says: "logs could not be sent",
        fix: "Read the events: what follows the text names the cause. Mend it in the program that wrote them.",
    },
    Pattern {
        name: "segment-batch-failed",
        severity: Severity::Medium,
        any_of: &["Sending segment batch failed with"],
        and_any_of: &[],
        says: "the X-Ray daemon could not upload segments",
        fix: "Let the daemon's role do xray:PutTraceSegments and xray:PutTelemetryRecords, and let it reach X-Ray.",
    },
    Pattern {
        name: "segment-dropped",
        severity: Severity::Medium,
        any_of: &["Segment dropped."],
        and_any_of: &[],
        says: "the X-Ray daemon dropped segments",
        fix: "Give the X-Ray daemon more memory, or sample fewer requests.",
    },
    Pattern {
        name: "entity-not-sent-to-daemon",
        severity: Severity::Medium,
        any_of: &["Failed to send entity to Daemon"],
        and_any_of: &[],
        says: "the X-Ray SDK could not reach its daemon",
        fix: "Turn active tracing on, so that the daemon runs; elsewhere than in Lambda, start the daemon.",
    },
    Pattern {
        name: "export-rejected",
        severity: Severity::Medium,
        any_of: &["Exporting failed. Rejecting data"],
        and_any_of: &[],
        says: "the OpenTelemetry collector threw data away",
        fix: "Let the collector reach its endpoint and its role send there; the event names what failed.",
    },
    Pattern {
        name: "put-log-events-denied",
        severity: Severity::Medium,
        any_of: &["AccessDenied"],
        and_any_of: &["logs:PutLogEvents"],
        says: "logs:PutLogEvents was denied",
        fix: "Allow logs:PutLogEvents to the role that the event names, on the log group that it names.",
    },
    Pattern {
        name: "xray-put-denied",
        severity: Severity::Medium,
        any_of: &["AccessDenied"],
        and_any_of: &["xray:Put"],
        says: "sending traces to X-Ray was denied",
        fix: "Allow xray:PutTraceSegments and xray:PutTelemetryRecords to the role that the event names.",
    },
];

impl Pattern {
    fn fits(&self, line: &str) -> bool {
        let holds = |texts: &[&str]| texts.iter().any(|text| line.contains(text));
        holds(self.any_of) && (self.and_any_of.is_empty() || holds(self.and_any_of))
    }
}

/// The pattern of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Pattern> {
    PATTERNS.iter().find(|pattern| pattern.name == name)
}

/// The worst pattern that a line matches. Gatelight's own lines match none.
#[must_use]
pub fn matches(line: &str) -> Option<&'static Pattern> {
    PATTERNS.iter().find(|pattern| pattern.fits(line)).filter(|_| !is_our_own(line))
}

/// A filter pattern of CloudWatch Logs that lets through every line that [`matches`] accepts, and more: its terms match
/// anywhere in an event, in the case in which they are written, and are joined by "or". What takes two texts is asked for
/// by the first alone.
#[must_use]
pub fn filter() -> String {
    let terms: Vec<_> = terms().into_iter().map(|text| format!("?\"{text}\"")).collect();
    terms.join(" ")
}

fn terms() -> Vec<&'static str> {
    let mut terms = Vec::new();
    for text in PATTERNS.iter().flat_map(|pattern| pattern.any_of) {
        if !terms.contains(text) {
            terms.push(*text);
        }
    }
    terms
}

/// Whether a line is Gatelight's: it quotes what was found elsewhere, and must not be found again. Such a line holds the
/// tool's name as Gatelight writes it (`gatelight: …` on stderr and before a sample, `gatelight::…` in its log,
/// `"gatelight"` in JSON), or this check's id, or a term of [`filter`] (the command in a report; CloudTrail's record of
/// the search). The name as a part of another word, of a path or of an ARN is nobody's mark.
fn is_our_own(line: &str) -> bool {
    // JSON within JSON: `\"gatelight\"`.
    let plain = line.replace('\\', "");
    let named = plain.match_indices("gatelight").any(|(at, name)| {
        let before = plain[..at].chars().next_back();
        let after = plain[at + name.len()..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '(' | '[')) && matches!(after, Some(':' | '"'))
    });
    named
        || plain.contains(super::failing::CHECK.id)
        || terms().into_iter().any(|text| plain.contains(&format!("?\"{text}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(line: &str) -> Option<&'static str> {
        matches(line).map(|pattern| pattern.name)
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
    fn the_filter_is_one_that_cloudwatch_takes_and_leaves_nothing_out() {
        let filter = filter();
        assert!(filter.chars().count() <= 1_024, "{filter}");
        assert!(filter.starts_with(r#"?"Failed to emit logs" ?"failed to emit logs" ?"Sending"#), "{filter}");
        assert_eq!(filter.matches(r#"?"AccessDenied""#).count(), 1, "{filter}");
        for text in PATTERNS.iter().flat_map(|pattern| pattern.any_of) {
            assert!(filter.contains(&format!("?\"{text}\"")) && !text.contains(['"', '\\']), "{text}");
        }
    }

    #[test]
    fn names_are_unique_hide_their_text_and_the_worst_comes_first() {
        for (at, pattern) in PATTERNS.iter().enumerate() {
            assert_eq!(find(pattern.name), Some(pattern));
            assert_eq!(PATTERNS.iter().position(|other| other.name == pattern.name), Some(at));
            assert_eq!(name(&format!("{} {} {}", pattern.name, pattern.says, pattern.fix)), None);
        }
        assert!(PATTERNS.is_sorted_by(|a, b| a.severity >= b.severity));
        assert_eq!(find("Failed to emit logs"), None);
    }
}
