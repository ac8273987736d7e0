use gatelight_model::{Gap, GapKind, Listing, inventory::SamplingAttribute};

use super::*;
use crate::testing::{Inventory, break_off, denied, healthy, sampling_rule};

const STAGE: &str = "orders/prod";
const ARN: &str = "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/prod";
const OLD_ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod";

/// A rule for everything that samples nothing.
fn none(name: &str, priority: i32) -> SamplingRule {
    SamplingRule { fixed_rate: 0.0, reservoir_size: 0, ..sampling_rule(name, priority) }
}

/// A rule for everything that samples.
fn some(name: &str, priority: i32) -> SamplingRule {
    SamplingRule { fixed_rate: 0.1, reservoir_size: 0, ..sampling_rule(name, priority) }
}

fn with(rules: &[SamplingRule]) -> Inventory {
    let mut inventory = healthy();
    inventory.region.sampling_rules = Listing::whole(rules.to_vec());
    inventory
}

fn under(rules: &[SamplingRule]) -> Verdict {
    with(rules).verdict(&CHECK, STAGE)
}

/// Before a rule that samples, one for everything that does not, but for what `narrow` makes of it.
fn after(narrow: impl FnOnce(&mut SamplingRule)) -> Verdict {
    let mut first = none("first", 1);
    narrow(&mut first);
    under(&[some("Default", 10_000), first])
}

fn fails(verdict: &Verdict) -> bool {
    matches!(verdict, Ok(Judgement::Fail(_)))
}

fn unprovable(verdict: &Verdict) -> bool {
    verdict.as_ref().is_err_and(|gap| gap.why().kind == GapKind::Unprovable)
}

#[test]
fn the_default_rule_at_zero_fails_and_is_the_cause() {
    let failure = with(&[none("Default", 10_000)]).failure(&CHECK, STAGE);
    let cause = failure.cause.expect("the rule");
    assert_eq!(cause.arn, "arn:aws:xray:us-east-1:123456789012:sampling-rule/Default");
    assert_eq!(failure.evidence[0], Evidence::new("sampling rule", "Default"));
    assert_eq!(
        failure.fix.only_command().join(" "),
        "aws xray update-sampling-rule --region us-east-1 --sampling-rule-update \
         {\"FixedRate\":0.05,\"ReservoirSize\":1,\"RuleName\":\"Default\"}"
    );
}

#[test]
fn a_rate_or_a_reservoir_is_enough() {
    assert_eq!(under(&[some("Default", 10_000)]), Ok(Judgement::Pass));
    let reservoir = SamplingRule { reservoir_size: 1, ..none("Default", 10_000) };
    assert_eq!(under(&[reservoir]), Ok(Judgement::Pass));
}

#[test]
fn the_lowest_number_decides() {
    assert_eq!(under(&[none("Default", 10_000), some("b", 9), none("a", 10)]), Ok(Judgement::Pass));
    assert!(fails(&under(&[some("Default", 10_000), some("a", 10), none("b", 9)])));
}

#[test]
fn a_rule_for_something_else_does_not_count() {
    for narrow in [
        |rule: &mut SamplingRule| rule.service_name = "orders/staging".to_owned(),
        |rule: &mut SamplingRule| rule.service_name = "orders".to_owned(),
        |rule: &mut SamplingRule| rule.service_name = String::new(),
        |rule: &mut SamplingRule| rule.service_type = "AWS::EC2::Instance".to_owned(),
        |rule: &mut SamplingRule| rule.resource_arn = "arn:aws:lambda:*".to_owned(),
        |rule: &mut SamplingRule| rule.resource_arn = ARN.replace("prod", "staging"),
        |rule: &mut SamplingRule| rule.resource_arn = OLD_ARN.replace("123456789012", "999999999999"),
    ] {
        assert_eq!(after(narrow), Ok(Judgement::Pass));
    }
}

#[test]
fn wildcards_match() {
    for narrow in [
        |rule: &mut SamplingRule| rule.service_name = "orders/*".to_owned(),
        |rule: &mut SamplingRule| rule.service_name = "*/prod".to_owned(),
        |rule: &mut SamplingRule| rule.service_name = "order?/pr?d".to_owned(),
        |rule: &mut SamplingRule| rule.service_type = "AWS::ApiGateway::*".to_owned(),
        // As X-Ray's guide spells it.
        |rule: &mut SamplingRule| rule.service_type = "AWS::APIGateway::Stage".to_owned(),
        |rule: &mut SamplingRule| rule.resource_arn = "arn:aws:*:us-east-1:*prod".to_owned(),
        |rule: &mut SamplingRule| rule.http_method = "**".to_owned(),
    ] {
        assert!(fails(&after(narrow)));
    }
}

#[test]
fn a_narrowed_rule_that_samples_nothing_leaves_the_rest_to_the_next() {
    for narrow in [
        |rule: &mut SamplingRule| rule.http_method = "OPTIONS".to_owned(),
        |rule: &mut SamplingRule| rule.host = "*.example.com".to_owned(),
        |rule: &mut SamplingRule| {
            rule.attributes.push(SamplingAttribute { name: "X-Probe".to_owned(), value: "*".to_owned() });
        },
    ] {
        assert_eq!(after(narrow), Ok(Judgement::Pass));
        let mut some = some("first", 1);
        narrow(&mut some);
        assert_eq!(under(&[some, none("Default", 10_000)]), Ok(Judgement::Pass), "some requests are sampled");
        let mut zero = none("first", 1);
        narrow(&mut zero);
        let failure = with(&[zero, none("Default", 10_000)]).failure(&CHECK, STAGE);
        assert_eq!(failure.evidence[0].value, "Default");
    }
}

#[test]
fn an_arn_of_the_form_by_which_gatelight_goes_matches() {
    for arn in [OLD_ARN, "arn:aws:execute-api:*", "*a1b2c3d4e5/prod"] {
        assert!(fails(&after(|rule| rule.resource_arn = arn.to_owned())), "{arn}");
    }
}

#[test]
fn an_arn_of_the_other_form_may_or_may_not_be_meant() {
    for arn in [ARN, "arn:aws:apigateway:*"] {
        assert!(unprovable(&after(|rule| rule.resource_arn = arn.to_owned())), "{arn}");
        let mut zero = none("first", 1);
        zero.resource_arn = arn.to_owned();
        let failure = with(&[zero.clone(), none("Default", 10_000)]).failure(&CHECK, STAGE);
        assert_eq!(failure.evidence[0].value, "first", "all that may decide sample nothing");
        let mut some = some("first", 1);
        some.resource_arn = arn.to_owned();
        assert_eq!(under(&[some, sampling_rule("Default", 10_000)]), Ok(Judgement::Pass), "{arn}");
    }
}

#[test]
fn another_letter_case_may_or_may_not_match() {
    assert!(unprovable(&after(|rule| rule.service_name = "Orders/PROD".to_owned())));
    assert!(unprovable(&after(|rule| rule.resource_arn = "ARN:*".to_owned())));
}

/// For a URL path, samples nothing.
fn health(name: &str, priority: i32) -> SamplingRule {
    SamplingRule { url_path: "/health*".to_owned(), ..none(name, priority) }
}

#[test]
fn a_rule_for_a_path_may_decide_for_all_requests_or_for_those_of_the_path() {
    let verdict = under(&[health("health", 1), some("Default", 10_000)]);
    assert!(unprovable(&verdict), "{verdict:?}");
    let said = verdict.expect_err("unknown").to_string();
    assert!(said.contains("rule health") && said.contains("URL path /health*"), "{said}");
    for before in [
        vec![health("health", 1), SamplingRule { url_path: "/ready".to_owned(), ..none("ready", 2) }],
        vec![health("health", 1), SamplingRule { http_method: "GET".to_owned(), ..some("get", 2) }],
        vec![health("health", 1), SamplingRule { url_path: "/orders/*".to_owned(), ..some("orders", 2) }],
        vec![health("health", 1), some("all", 1)],
        // One that the path alone would let through comes after one that it would not.
        vec![SamplingRule { http_method: "GET".to_owned(), ..none("get", 1) }, health("health", 2)],
    ] {
        let rules = [before, vec![some("Default", 10_000)]].concat();
        assert!(unprovable(&under(&rules)), "{rules:?}");
    }
}

#[test]
fn a_path_does_not_matter_where_every_reading_agrees() {
    // It samples: all requests, or some.
    let orders = || SamplingRule { url_path: "/orders/*".to_owned(), ..some("orders", 1) };
    assert_eq!(under(&[orders(), none("Default", 10_000)]), Ok(Judgement::Pass));
    assert_eq!(under(&[orders(), health("health", 2), none("Default", 10_000)]), Ok(Judgement::Pass));
    // Something else narrows it anyway.
    for narrow in [
        |rule: &mut SamplingRule| rule.http_method = "GET".to_owned(),
        |rule: &mut SamplingRule| rule.host = "*.example.com".to_owned(),
    ] {
        let mut rule = health("health", 1);
        narrow(&mut rule);
        assert_eq!(under(&[rule.clone(), some("Default", 10_000)]), Ok(Judgement::Pass));
        let failure = with(&[rule, none("Default", 10_000)]).failure(&CHECK, STAGE);
        assert_eq!(failure.evidence[0].value, "Default");
    }
    // It is for another stage, or comes after one that decides for all.
    let elsewhere = SamplingRule { service_name: "users/*".to_owned(), ..health("health", 1) };
    assert_eq!(under(&[elsewhere, some("Default", 10_000)]), Ok(Judgement::Pass));
    assert_eq!(under(&[some("all", 1), health("health", 2), none("Default", 10_000)]), Ok(Judgement::Pass));
    // It takes every path there is.
    for path in ["*", "/*", "**", "/**", "?*"] {
        let failure = with(&[SamplingRule { url_path: path.to_owned(), ..none("all", 1) }, some("Default", 10_000)])
            .failure(&CHECK, STAGE);
        assert_eq!(failure.evidence[0].value, "all", "{path}");
    }
    for path in ["/", "", "?", "/?", "/health", "*health", "/?*"] {
        assert!(unprovable(&after(|rule| rule.url_path = path.to_owned())), "{path}");
    }
}

#[test]
fn the_fix_of_the_rule_for_all_else_keeps_health_checks_out() {
    let failure = with(&[health("health", 1), none("Default", 10_000)]).failure(&CHECK, STAGE);
    assert_eq!(failure.cause.expect("a cause").name, "Default");
    let command = failure.fix.only_command().join(" ");
    assert!(command.contains("\"RuleName\":\"Default\"") && !command.contains("health"), "{command}");
    assert!(failure.fix.text.contains("Leave health as it is"), "{}", failure.fix.text);
    assert!(failure.message.contains("AWS's guides contradict each other"), "{}", failure.message);
    let last = failure.evidence.last().expect("evidence");
    assert_eq!(last.value, "health: /health*, samples nothing");
    // Without one, nothing is said about paths.
    let failure = with(&[none("Default", 10_000)]).failure(&CHECK, STAGE);
    assert!(!failure.fix.text.contains("path") && failure.evidence.len() == 4, "{failure:?}");
}

#[test]
fn of_two_rules_of_one_priority_either_may_come_first() {
    let verdict = under(&[none("a", 5), some("b", 5), some("Default", 10_000)]);
    assert!(verdict.expect_err("unknown").to_string().contains("a have the same priority, 5"));
    assert!(fails(&under(&[none("a", 5), none("b", 5), some("Default", 10_000)])));
    assert_eq!(under(&[some("a", 5), some("b", 5), none("Default", 10_000)]), Ok(Judgement::Pass));
    // One that leaves everything to the next does not matter.
    let other = SamplingRule { service_name: "users/*".to_owned(), ..some("b", 5) };
    assert!(fails(&under(&[none("a", 5), other, some("Default", 10_000)])));
}

#[test]
fn no_rule_at_all_is_no_answer() {
    assert!(unprovable(&under(&[])));
    let narrowed = SamplingRule { http_method: "GET".to_owned(), ..none("a", 1) };
    assert!(unprovable(&under(&[narrowed])));
}

#[test]
fn a_rule_that_was_not_seen_may_decide() {
    for rule in [none("a", 1), some("a", 1)] {
        let mut inventory = with(&[rule, some("Default", 10_000)]);
        break_off(&mut inventory.region.sampling_rules, "xray:GetSamplingRules");
        assert_eq!(inventory.verdict(&CHECK, STAGE), Err(denied("xray:GetSamplingRules")));
    }
}

#[test]
fn an_account_that_is_not_known_matters_only_where_it_is_compared() {
    let judged = |arn: &str| -> Result<Judgement, Gap> {
        let zero = SamplingRule { resource_arn: arn.to_owned(), ..none("first", 1) };
        let mut inventory = with(&[zero, some("Default", 10_000)]);
        inventory.account.id = Err(denied("sts:GetCallerIdentity")).into();
        inventory.verdict(&CHECK, STAGE)
    };
    assert_eq!(judged(OLD_ARN), Err(denied("sts:GetCallerIdentity")));
    assert!(unprovable(&judged(ARN)));
    assert!(fails(&judged("arn:aws:execute-api:us-east-1:*:a1b2c3d4e5/prod")));
    assert_eq!(judged("arn:aws:execute-api:us-east-1:123456789012:other/prod"), Ok(Judgement::Pass));
    assert_eq!(judged("arn:aws:execute-api:us-east-1:12345678901x:a1b2c3d4e5/prod"), Ok(Judgement::Pass));
    assert!(fails(&judged("*")));
}

#[test]
fn what_does_not_trace_is_not_judged() {
    let mut inventory = with(&[none("Default", 10_000)]);
    inventory.stage_mut(STAGE).tracing = Some(false);
    assert_eq!(inventory.verdict(&CHECK, STAGE), Ok(Judgement::NotApplicable("tracing is off")));
    for stage in ["shop/$default", "chat/prod"] {
        assert!(matches!(inventory.verdict(&CHECK, stage), Ok(Judgement::NotApplicable(_))));
    }
    break_off(&mut inventory.region.sampling_rules, "xray:GetSamplingRules");
    assert_eq!(inventory.verdict(&CHECK, STAGE), Ok(Judgement::NotApplicable("tracing is off")));
}
