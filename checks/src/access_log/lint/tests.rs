use std::collections::HashSet;

use gatelight_formats::{
    refused::HTTP_MAX_BYTES,
    variables::{sample_value, table},
};
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
        let note = lint.caution.expect("a note");
        assert_eq!(lint.notes, []);
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
fn what_aws_refuses_has_its_place_and_source() {
    let template = "{\"é\":\"$context.xrayTraceId\",\n\"a\":\"$context.requestId $context.xrayTraceId $context.nope\"}";
    let linted = lint(Http, template);
    let refused = |lint: &Lint| -> Vec<_> {
        lint.refused.iter().map(|refused| (refused.reason.clone(), refused.line, refused.column)).collect()
    };
    let line_break = ("AWS rejects the format: it has a line break inside.".to_owned(), Some(1), Some(29));
    let no_variable = |name: &str, line, column| {
        (format!("AWS rejects the format: HTTP APIs have no variable `$context.{name}`."), Some(line), Some(column))
    };
    assert_eq!(refused(&linted), [line_break.clone(), no_variable("xrayTraceId", 1, 7), no_variable("nope", 2, 46)]);
    assert!(linted.refused.iter().all(|refused| refused.source.starts_with("https://")));
    assert_eq!(
        linted.findings[0].notes,
        ["AWS requires the format on one line and rejects the line break at line 1, column 29."]
    );
    for protocol in [Rest, Websocket] {
        assert_eq!(refused(&lint(protocol, template)), std::slice::from_ref(&line_break));
        assert_eq!(lint(protocol, template).notes, []);
    }
    let no_id = lint(Rest, "{}").refused;
    assert!(no_id[0].reason.contains("neither `$context.requestId` nor"), "{no_id:?}");
    assert_eq!((no_id.len(), no_id[0].line, no_id[0].column), (1, None, None));
    let long = format!("{{\"a\":\"$context.requestId{}\"}}", " ".repeat(HTTP_MAX_BYTES - 26));
    assert_eq!(lint(Http, &long).refused, []);
    assert_eq!(
        lint(Http, &format!("{long} ")).refused[0].reason,
        "AWS rejects the format: it is 3073 bytes long, and HTTP APIs take 3072 at most."
    );
}

#[test]
fn what_sources_disagree_on_is_a_note() {
    let lint = |protocol| lint(protocol, "{\"a\":\"$context.requestId\",\"r\":\"$context.resourcePath\"}");
    let linted = lint(Http);
    assert_eq!(linted.refused, []);
    assert!(linted.notes[0].message.starts_with("AWS may reject the format"), "{linted:?}");
    assert_eq!((linted.notes[0].line, linted.notes[0].column), (Some(1), Some(32)));
    assert_eq!(lint(Rest).notes, []);
}

#[test]
fn a_fixed_format_holds_nothing_that_aws_refuses() {
    let template = recommended(Http).replace("\"$context.identity.sourceIp\"", "\"$context.brandNew\"");
    let linted = lint(Http, &template);
    assert!(linted.findings.iter().all(|finding| finding.verdict == LintVerdict::Pass));
    let fixed = linted.fixed.expect("a fixed format");
    assert!(linted.keeps_format && !fixed.contains("brandNew"), "{fixed}");
    assert_eq!(lint(Http, &fixed).refused, []);
    // REST APIs accept any name.
    let template = recommended(Rest).replace("\"$context.identity.sourceIp\"", "\"$context.brandNew\"");
    assert_eq!(lint(Rest, &template).fixed, None);
}

#[test]
fn hostile_formats_are_linted_without_delay() {
    let many = (0..9_000).map(|n| format!("$context.x{n:04}")).collect::<Vec<_>>().concat();
    // The variables, how many more, the length, and no request id.
    assert_eq!(lint(Http, &many).refused.len(), MAX_NAMES + 3);
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
fn what_goes_with_a_removed_field_is_added_again() {
    // The request id goes with the member whose key it is.
    let format = r#"{"$context.requestId":"$context.xrayTraceId","e":"$context.integration.error","s":"$context.integration.status","l":"$context.integration.latency","r":"$context.responseLatency"}"#;
    let lint = lint(Http, format);
    let expected = r#"{"e":"$context.integration.error","s":"$context.integration.status","l":"$context.integration.latency","r":"$context.responseLatency","requestId":"$context.requestId"}"#;
    assert_eq!((lint.fixed.as_deref(), lint.keeps_format), (Some(expected), true));
    assert_eq!((count_failing(Http, format), count_failing(Http, expected)), (1, 0));
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
        let refused = lint(Http, &format!("{{\"id\":\"$context.requestId\",{}}}", members.join(","))).refused;
        refused.into_iter().map(|refused| refused.reason).collect()
    };
    assert_eq!(refused(10).len(), 10);
    assert!(refused(10).iter().all(|message| !message.contains("more")));
    let twelve = refused(12);
    assert_eq!(twelve.len(), 11);
    assert_eq!(twelve[10], "AWS rejects the format: HTTP APIs do not have 2 more of its variables.");
}

#[test]
fn of_many_values_that_may_break_a_line_ten_are_named_each_once() {
    let note = |count: usize| -> String {
        let members: Vec<_> =
            (0..count).map(|at| format!("\"k{at}\":\"$context.authorizer.x{at} $context.authorizer.x0\"")).collect();
        lint(Rest, &format!("{{{}}}", members.join(","))).caution.expect("a note").message
    };
    let names = |count: usize| (0..count).map(|at| format!("authorizer.x{at}")).collect::<Vec<_>>();
    let told = |names: &[String]| format!("Values of {} can contain quotes and backslashes", join_names(names));
    assert!(note(1).starts_with(&told(&names(1))), "{}", note(1));
    assert!(note(10).starts_with(&told(&names(10))), "{}", note(10));
    let others = [names(10), vec!["others".to_owned()]].concat();
    assert!(note(11).starts_with(&told(&others)), "{}", note(11));
    assert!(note(13).starts_with(&told(&others)), "{}", note(13));
}
