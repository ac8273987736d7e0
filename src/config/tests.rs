use jiff::{SignedDuration, Timestamp};

use super::*;

mod example;

fn problem(text: &str) -> String {
    match Settings::parse(text) {
        Err(problem) => problem,
        Ok(settings) => format!("{:#}", settings.resolve().expect_err(text)),
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_the_nearest_right_thing() {
    assert_eq!(problem("format = \"text\"\nregoin = [\"x\"]"), "line 2: unknown key `regoin`; did you mean `region`?");
    assert!(problem("pace = 2").contains("at most 1"), "{}", problem("pace = 2"));
    assert!(problem("[severity]\naccess-log-of = \"low\"").contains("did you mean access-log-off?"));
    assert!(problem("[severity]\naccess-log-off = \"lo\"").contains("line 2"));
    assert!(problem("fail-on = \"hihg\"").contains("did you mean `high`?"));
    assert!(problem("[[ignore]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \" \"").contains("needs a reason"));
    assert!(problem("[[ignore]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \"r\"\nuntil = \"soon\"").contains("soon"));
    assert!(problem("check = [\"nonsense\"]").contains("nonsense"));
}

#[test]
fn a_window_is_minutes_hours_or_days() {
    for (text, minutes) in [("90m", 90), ("24h", 1_440), ("7d", 10_080), ("30m", 30), ("90d", 129_600)] {
        assert_eq!(text.parse(), Ok(SinceSetting(SignedDuration::from_mins(minutes))), "{text}");
    }
    for text in ["", "24", "h", "-1h", "1.5h", "24 h", "1w", "24H", "29m", "0d", "91d", "99999999999d", "1é"] {
        assert!(text.parse::<SinceSetting>().is_err(), "{text}");
    }
    assert!(problem("since = \"soon\"").contains("such as 90m"), "{}", problem("since = \"soon\""));
}

#[test]
fn flags_win_over_the_file_and_lists_replace_lists() {
    let file = Settings::parse("region = [\"eu-west-1\", \"eu-west-2\"]\nformat = \"json\"").expect("reads");
    let flags = Settings { region: Some(vec!["us-east-1".into()]), ..Settings::default() };
    let both = flags.or(file);
    assert_eq!(both.region, Some(vec!["us-east-1".to_owned()]));
    assert_eq!(both.format, Some(ReportFormat::Json));
    let flags = Settings { all_regions: Some(true), ..Settings::default() };
    let both = flags.or(Settings { region: Some(vec!["eu-west-1".into()]), ..Settings::default() });
    assert!(matches!(both.resolve().expect("resolves").source, AuditSource::Live { regions: Regions::All, .. }));
}

#[test]
fn the_limit_of_api_gateways_own_time_is_a_number_of_milliseconds() {
    let limit = |text: &str| Settings::parse(text).expect("reads").resolve().expect("resolves");
    assert_eq!(limit("").overhead_limit, 100);
    for (text, expected) in [("250ms", 250), ("250 ms", 250), ("0ms", 0)] {
        let config = limit(&format!("gateway-overhead = \"{text}\""));
        assert_eq!(config.overhead_limit, expected);
        assert_eq!(config.policy(Timestamp::UNIX_EPOCH).expect("a policy").overhead_limit(), expected);
    }
    for text in ["250", "-1ms", "1.5ms", "1s", "ms", ""] {
        let problem = format!("{:#}", Settings::parse(&format!("gateway-overhead = \"{text}\"")).expect_err("is none"));
        assert!(problem.contains("gateway-overhead"), "{text}: {problem}");
    }
}

#[test]
fn checks_that_rest_on_metrics_are_left_out_with_them() {
    let ids = |text: &str| {
        let config = Settings::parse(text).expect("reads").resolve()?;
        Ok::<Vec<_>, anyhow::Error>(config.checks.iter().map(|check| check.id).collect())
    };
    let (on, off) = (ids("").expect("resolves"), ids("metrics = \"off\"").expect("resolves"));
    let gone: Vec<_> = on.iter().filter(|id| !off.contains(id)).copied().collect();
    assert_eq!(gone, ["access-log-silent", "gateway-overhead-high"]);
    assert!(off.contains(&"log-emission-failing"), "which does without");
    // A saved inventory may hold them.
    assert_eq!(ids("metrics = \"off\"\nfrom = \"inventory.jsonl\"").expect("resolves"), on);
    let named = |check: &str| ids(&format!("metrics = \"off\"\ncheck = [\"{check}\"]"));
    assert_eq!(named("access-log-off").expect("resolves"), ["access-log-off"]);
    let problem = named("access-log-silent").expect_err("contradicts itself").to_string();
    assert!(problem.contains("access-log-silent") && problem.contains("metrics"), "{problem}");
}

#[test]
fn required_fields_are_names_of_variables() {
    let fields = |text: &str| Settings::parse(text).expect("reads").resolve().map(|config| config.required_fields);
    let given = "required-fields = [\"identity.sourceIp\", \"$context.authorizer.claims.cognito:username\", \"new\"]";
    let names = ["identity.sourceIp", "authorizer.claims.cognito:username", "new"];
    assert_eq!(fields(given).expect("resolves"), names);
    let config = Settings::parse(given).expect("reads").resolve().expect("resolves");
    assert_eq!(config.policy(Timestamp::UNIX_EPOCH).expect("a policy").required_fields, names);
    assert_eq!(fields("").expect("resolves"), [""; 0]);
    for (field, said) in [
        ("", "\"\""),
        ("source ip", "source ip"),
        ("a..b", "a..b"),
        ("status.", "status."),
        ("$context.", "$context."),
        ("${context.status}", "${context.status}"),
        ("requestID", "did you mean requestId?"),
        ("Authorizer.tenant", "did you mean authorizer.tenant?"),
    ] {
        let problem = problem(&format!("required-fields = [{field:?}]"));
        assert!(problem.starts_with("required-fields") && problem.contains(said), "{field}: {problem}");
    }
}

#[test]
fn an_ignore_holds_through_its_last_day() {
    let text = "[[ignore]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \"r\"\nuntil = 2027-01-31";
    let ignore = Settings::parse(text).expect("reads").ignore.expect("one").remove(0);
    assert!(!ignore.ended("2027-01-31T23:59:59Z".parse().expect("time")));
    assert!(ignore.ended("2027-02-01T00:00:00Z".parse().expect("time")));
}
