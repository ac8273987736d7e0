use gatelight_formats::variables::{sample_value, table};
use gatelight_model::inventory::Protocol::{Http, Rest, Websocket};

use super::*;
use crate::access_log::format_rule::join_names;
use crate::{access_log::testing::verdict, verdict::Judgement};

#[test]
fn the_recommended_format_passes_and_is_not_fixed() {
    for protocol in Protocol::ALL {
        let template = recommended(protocol);
        let lint = lint(protocol, template);
        assert!(lint.findings.iter().all(|finding| finding.verdict == LintVerdict::Pass), "{lint:?}");
        assert!(lint.findings.iter().all(|finding| finding.notes.is_empty()));
        assert_eq!((lint.findings.len(), lint.fixed), (RULES.len(), None));
        // What clients send stands in every log that is of use.
        let [note] = &lint.notes[..] else { panic!("{:?}", lint.notes) };
        assert!(note.message.starts_with("Values of identity.userAgent"), "{note:?}");
        for (check, ..) in RULES {
            assert_eq!(verdict(check, protocol, Some(template)), Ok(Judgement::Pass));
        }
        assert!(!template.contains('\n') && template.len() <= HTTP_MAX_BYTES, "{}", template.len());
    }
}

#[test]
fn the_recommended_format_is_json_whatever_is_absent_and_names_nothing_unknown() {
    for protocol in Protocol::ALL {
        let format = Format::new(protocol, recommended(protocol));
        for line in [format.template.render(sample_value), format.template.render(|_, _| "-")] {
            let object: serde_json::Value = serde_json::from_str(line.line()).expect("JSON");
            // No key twice, no variable twice.
            assert_eq!(object.as_object().expect("an object").len(), format.template.variables().count());
        }
        let names: HashSet<_> = format.template.variables().map(|variable| variable.name).collect();
        assert_eq!(names.len(), format.template.variables().count());
        assert!(names.iter().all(|name| table(protocol).contains(name)));
        assert!(names.contains("integration.latency"));
        assert!(protocol == Websocket || names.contains("responseLatency"));
        assert!(!names.contains("error.messageString"));
    }
}

#[test]
fn the_linter_says_what_the_audit_says() {
    for protocol in Protocol::ALL {
        for template in [
            "$context.requestId",
            "{}",
            "{\"a\":\"$context.integration.error $context.integrationStatus\"}",
            "{\n\"a\":1}",
            "${context.requestId}",
            "{\"a\":$context.integration.latency,\"b\":\"$context.requestid $context.routeKey $input.x\"}",
            "{\"a\":$context.error.messageString,\"b\":\"$context.brandNew\"}",
            recommended(protocol),
        ] {
            for (finding, (check, ..)) in lint(protocol, template).findings.iter().zip(RULES) {
                match verdict(check, protocol, Some(template)).expect("known") {
                    Judgement::Fail(failure) => {
                        assert_eq!((finding.verdict, &finding.message), (LintVerdict::Fail, &failure.message));
                    }
                    Judgement::PassNoted(note) => {
                        assert_eq!((finding.verdict, finding.notes.join(" ")), (LintVerdict::Pass, note));
                    }
                    Judgement::NotApplicable(why) => {
                        assert_eq!((finding.verdict, finding.column), (LintVerdict::NotApplicable, None));
                        assert_eq!(finding.message.to_lowercase(), format!("{}.", why.to_lowercase()));
                    }
                    Judgement::Pass => {
                        assert_eq!((finding.verdict, finding.notes.len()), (LintVerdict::Pass, 0));
                    }
                }
            }
        }
    }
}

/// With its comments, as people copy it from a tutorial.
const COMMENTED: &str = r#"{
"requestId":"$context.requestId",
"status":"$context.status", // The HTTP status
"integrationError":"$context.integration.error", // Lifesaver
"integrationStatus":"$context.integration.status" // From Lambda
}"#;

#[test]
fn comments_are_found_and_fixed() {
    let lint = lint(Rest, COMMENTED);
    let finding = &lint.findings[0];
    assert_eq!((finding.check, finding.verdict), ("access-log-not-json", LintVerdict::Fail));
    assert_eq!((finding.line, finding.column), (Some(3), Some(29)));
    assert_eq!(
        lint.fixed.as_deref(),
        Some(
            r#"{ "requestId":"$context.requestId", "status":"$context.status", "integrationError":"$context.integration.error", "integrationStatus":"$context.integration.status", "integrationLatency":"$context.integration.latency", "responseLatency":"$context.responseLatency" }"#
        )
    );
    assert!(lint.keeps_format);
}

#[test]
fn what_is_fixed_passes() {
    for protocol in Protocol::ALL {
        for template in [
            COMMENTED,
            "{}",
            "",
            "{\"integrationStatus\":\"$context.integrationStatus\"}",
            "$context.identity.sourceIp - - [$context.requestTime]",
            "{\"a\":\"b}",
            "{\n\"id\":\"$context.requestId\"\n}",
        ] {
            let lint_before = lint(protocol, template);
            let fixed = lint_before.fixed.expect("something to fix");
            let after = lint(protocol, &fixed);
            assert!(after.findings.iter().all(|finding| finding.verdict == LintVerdict::Pass), "{fixed}");
            assert_eq!(after.fixed, None);
            assert_eq!(lint_before.keeps_format, fixed != recommended(protocol));
        }
    }
}

#[test]
fn line_breaks_alone_are_fixed_too() {
    let template = recommended(Rest).replace(",\"", ",\n  \"");
    let lint = lint(Rest, &template);
    assert!(lint.findings.iter().all(|finding| finding.verdict == LintVerdict::Pass));
    assert_eq!(lint.fixed, Some(recommended(Rest).replace(",\"", ", \"")));
    assert_eq!(super::lint(Rest, &format!("{}\n", recommended(Rest))).fixed, None);
}

#[test]
fn what_http_apis_refuse_is_said_for_them_alone() {
    let template = "{\"é\":\"$context.xrayTraceId\",\n\"a\":\"$context.requestId $context.xrayTraceId $context.nope\"}";
    let lint = lint(Http, template);
    let notes: Vec<_> = lint.notes.iter().map(|note| (note.message.as_str(), note.line, note.column)).collect();
    assert_eq!(
        notes,
        [
            ("AWS refuses the format: it has a line break inside.", Some(1), Some(29)),
            ("AWS refuses the format: HTTP APIs have no variable `$context.xrayTraceId`.", Some(1), Some(7)),
            ("AWS refuses the format: HTTP APIs have no variable `$context.nope`.", Some(2), Some(46)),
        ]
    );
    assert_eq!(
        lint.findings[0].notes,
        ["AWS wants the format on one line and refuses the line break at line 1, column 29."]
    );
    for protocol in [Rest, Websocket] {
        assert_eq!(super::lint(protocol, template).notes, []);
    }
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(HTTP_MAX_BYTES - 8));
    assert_eq!(super::lint(Http, &long).notes, []);
    let too_long = super::lint(Http, &format!("{long} "));
    assert_eq!(
        too_long.notes[0].message,
        "AWS refuses the format: it is 3073 bytes long, and HTTP APIs take 3072 at most."
    );
}

#[test]
fn hostile_formats_are_linted_without_delay() {
    let many = (0..9_000).map(|n| format!("$context.x{n:04}")).collect::<Vec<_>>().concat();
    assert_eq!(lint(Http, &many).notes.len(), MAX_NAMES + 2);
    for hostile in [
        "{\"a\":".repeat(50_000),
        format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000)),
        "// \"\n".repeat(20_000),
        format!("{{{}", "\"\"".repeat(50_000)),
        format!("{{{}}}", "\"a\":1,,".repeat(15_000)),
        "\n".repeat(100_000),
        format!("{{{}}}", "\n ".repeat(50_000)),
        "\\n".repeat(50_000),
        "“'".repeat(20_000),
        "\u{0}é\"'\\".repeat(10_000),
        many,
    ] {
        let lint = lint(Http, &hostile);
        assert_eq!(lint.findings.len(), RULES.len());
        assert!(lint.fixed.is_some());
    }
}

#[test]
fn a_format_that_lacks_something_once_it_is_fixed_is_not_told() {
    // The request id goes with the member whose key it is.
    let format = r#"{"$context.requestId":"$context.xrayTraceId","e":"$context.integration.error","s":"$context.integration.status","l":"$context.integration.latency","r":"$context.responseLatency"}"#;
    let lint = lint(Http, format);
    assert_eq!((lint.fixed.as_deref(), lint.keeps_format), (Some(recommended(Http)), false));
    assert_eq!((count_failing(Http, format), count_failing(Http, recommended(Http))), (1, 0));
}

#[test]
fn verdicts_have_the_names_of_reports() {
    let names = [LintVerdict::Pass, LintVerdict::Fail, LintVerdict::NotApplicable].map(LintVerdict::name);
    assert_eq!(names, ["pass", "fail", "not-applicable"]);
}

#[test]
fn of_many_variables_that_aws_refuses_ten_are_named() {
    let refused = |count: usize| -> Vec<String> {
        let members: Vec<_> = (0..count).map(|at| format!("\"k{at}\":\"$context.brandNew{at}x\"")).collect();
        let notes = lint(Http, &format!("{{{}}}", members.join(","))).notes;
        notes.into_iter().map(|note| note.message).filter(|message| message.starts_with("AWS refuses")).collect()
    };
    assert_eq!(refused(10).len(), 10);
    assert!(refused(10).iter().all(|message| !message.contains("more")));
    let twelve = refused(12);
    assert_eq!(twelve.len(), 11);
    assert_eq!(twelve[10], "AWS refuses 2 more variables that HTTP APIs do not have.");
}

#[test]
fn of_many_values_that_may_break_a_line_ten_are_named_each_once() {
    let note = |count: usize| -> String {
        let members: Vec<_> =
            (0..count).map(|at| format!("\"k{at}\":\"$context.authorizer.x{at} $context.authorizer.x0\"")).collect();
        let notes = lint(Rest, &format!("{{{}}}", members.join(","))).notes;
        notes.into_iter().map(|note| note.message).find(|message| message.starts_with("Values of")).expect("a note")
    };
    let names = |count: usize| (0..count).map(|at| format!("authorizer.x{at}")).collect::<Vec<_>>();
    let told = |names: &[String]| format!("Values of {} can hold quotes and backslashes", join_names(names));
    assert!(note(1).starts_with(&told(&names(1))), "{}", note(1));
    assert!(note(10).starts_with(&told(&names(10))), "{}", note(10));
    let others = [names(10), vec!["others".to_owned()]].concat();
    assert!(note(11).starts_with(&told(&others)), "{}", note(11));
    assert!(note(13).starts_with(&told(&others)), "{}", note(13));
}
