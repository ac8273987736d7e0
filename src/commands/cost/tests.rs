use gatelight_checks::testing::{self, Inventory, trace_destination};
use gatelight_model::{Fetched, Listing, inventory::ClosedRegion};
use serde_json::Value;

use super::*;
use crate::output::TerminalPage;

const HOSTILE: &str = "<script>&\"'\n\u{1b}[2J$(x) 🚪";

fn estimates(scenarios: &[Inventory]) -> Estimates {
    let mut estimates = Estimates::new(PriceList::shipped());
    for scope in scenarios {
        estimates.add(&scope.account, &scope.region);
    }
    estimates.sort();
    estimates
}

fn healthy() -> Inventory {
    let mut scope = testing::healthy();
    scope.region.trace_destination = Fetched::known(trace_destination("XRay", None));
    // Of class DELIVERY there is no price.
    scope.change_log_group("/gateway/cart", |group| group.class = None);
    scope
}

fn text(estimates: &Estimates) -> String {
    text_of_width(estimates, 80)
}

fn text_of_width(estimates: &Estimates, width: usize) -> String {
    let mut page = TerminalPage::new(false);
    text::render(estimates, width, &mut page).expect("renders");
    page.into_text()
}

fn json(estimates: &Estimates) -> Value {
    let mut out = Vec::new();
    json::render(estimates, &mut out).expect("renders");
    serde_json::from_slice(&out).expect("JSON")
}

/// Every figure and reason of every scenario is in both formats, and they agree on what is known.
#[test]
fn both_formats_show_every_stage_of_every_scenario() {
    for (name, scope) in testing::named_scenarios() {
        let estimates = estimates(&[scope]);
        let (text, json) = (text(&estimates), json(&estimates));
        assert_eq!(json["stages"].as_array().expect("a list").len(), estimates.stages.len(), "“{name}”");
        for ((location, cost), entry) in estimates.stages.iter().zip(json["stages"].as_array().expect("a list")) {
            assert!(text.contains(location.name.split('\n').next().expect("a line")), "“{name}”: {}", location.name);
            assert_eq!(entry["stage"]["arn"], location.arn.as_str());
            assert_eq!(entry["total"]["complete"], cost.total().is_whole(), "“{name}”");
            let sum: f64 =
                entry["costs"].as_array().expect("a list").iter().filter_map(|cost| cost["monthly_usd"].as_f64()).sum();
            // Each is rounded to a cent, and so is the sum.
            let total = entry["total"]["monthly_usd"].as_f64().expect("a number");
            assert!((sum - total).abs() < 0.05, "“{name}”: {sum} and {total}");
        }
        let is_unknown = estimates.exit_code() == 3;
        assert_eq!(text.contains("Could not be estimated"), is_unknown, "“{name}”");
    }
}

#[test]
fn the_highest_cost_comes_first_and_the_total_last() {
    let text = text(&estimates(&[healthy()]));
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(at("orders/prod") < at("users/live") && at("users/live") < at("12 stages"), "{text}");
    for part in [
        "stage, cost a month",
        "access log",
        "total",
        "What the figures rest on",
        "extrapolated from 24 h",
        "730 hours",
    ] {
        at(part);
    }
    // 1.236 GB of execution log a day cost more than 120,000 requests do.
    assert!(text.contains("It costs more to see these than their requests cost: orders/prod"), "{text}");
}

#[test]
fn lines_are_at_most_as_wide_as_the_page() {
    let mut scope = healthy();
    scope.api_mut("orders").name = "a-name-that-is-much-longer-than-the-column-for-it".to_owned();
    for estimates in [estimates(&[healthy()]), estimates(&[scope, healthy()])] {
        for width in [80, 60, 100, 120] {
            let page = text_of_width(&estimates, width);
            // Names and ARNs are not broken.
            let long = page.lines().filter(|line| line.chars().count() > width && line.trim().contains(' '));
            assert_eq!(long.collect::<Vec<_>>(), Vec::<&str>::new());
        }
    }
}

#[test]
fn with_several_regions_each_stage_shows_its_own() {
    let mut here = healthy();
    // Those go to groups of the first region.
    here.region.log_deliveries.seen.clear();
    let mut other = here.clone();
    other.region.name = "eu-west-1".to_owned();
    let text = text(&estimates(&[here, other]));
    assert!(text.contains("123456789012 us-east-1") && text.contains("123456789012 eu-west-1"), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("requests cost: orders/prod in eu-west-1"), "{text}");
    // Each figure has its assumptions, and those of a log stand there once.
    assert!(!text.contains(": .") && text.contains("execution log, kept"), "{text}");
}

#[test]
fn stages_that_could_not_be_listed_are_reported_and_set_the_exit_status() {
    let mut scope = healthy();
    assert_eq!(estimates(&[scope.clone()]).exit_code(), 3, "what is delivered to a bucket is not known");
    scope.region.log_deliveries.seen.retain(|delivery| delivery.source == "orders-prod");
    let known = estimates(&[scope.clone()]);
    scope.region.rest_apis.rest = Err(testing::denied("apigateway:GetRestApis")).into();
    let open = estimates(&[scope]);
    assert_eq!((known.exit_code(), open.exit_code()), (0, 3), "{}", text(&known));
    assert!(text(&open).contains("There may be more stages"));
    assert!(json(&open)["unread"][0]["reason"].as_str().expect("a reason").contains("apigateway:GetRestApis"));
}

#[test]
fn a_region_that_is_closed_has_no_stage_and_is_named() {
    let mut closed = testing::empty();
    closed.region.name = "eu-north-1".to_owned();
    closed.region.closed = Some(ClosedRegion::NotEnabled);
    closed.region.rest_apis = Listing::unread(testing::denied("apigateway:GetRestApis"));
    let beside = estimates(&[testing::empty(), closed.clone()]);
    assert_eq!(beside.exit_code(), 0);
    assert!(text(&beside).contains("eu-north-1: the region is not enabled"), "{}", text(&beside));
    assert_eq!(json(&beside)["skipped"][0]["region"], "eu-north-1");
    let alone = estimates(&[closed]);
    assert_eq!((alone.exit_code(), text(&alone).contains("There is no stage here")), (2, false));
}

/// A stage of which nothing is known has no row, and its name is there with the sign that says why.
#[test]
fn rows_without_a_figure_are_one() {
    let mut scope = healthy();
    for answer in &mut scope.region.ingested {
        answer.bytes = Err(testing::denied("cloudwatch:GetMetricData")).into();
    }
    for answer in &mut scope.region.traffic {
        answer.requests = Err(testing::denied("cloudwatch:GetMetricData")).into();
    }
    let estimates = estimates(&[scope]);
    let stages = estimates.stages.len();
    let text = text(&estimates);
    assert!(text.contains(&format!("\n{stages} without a figure ")), "{text}");
    for (location, _) in &estimates.stages {
        assert!(!text.lines().any(|line| line.starts_with(&location.name)), "{}: {text}", location.name);
        assert!(text.contains(&format!("{} ", location.name)), "{}: {text}", location.name);
    }
    assert!(text.contains("?  more could not be estimated") && !text.contains('█'), "{text}");
    assert!(!text.contains("What one change would save"), "{text}");
}

/// Bars have the lengths of the shares, on pages that have room for them.
#[test]
fn the_highest_has_the_longest_bar_and_a_narrow_page_has_none() {
    let estimates = estimates(&[healthy()]);
    let bars = |width: usize| -> Vec<usize> {
        let page = text_of_width(&estimates, width);
        let rows = page.lines().take_while(|line| !line.contains("12 stages"));
        let bars = rows.map(|line| line.chars().filter(|c| ('▏'..='█').contains(c) || *c == '█').count());
        bars.collect()
    };
    let wide = bars(80);
    assert!(wide[1] >= 7 && wide[1..].is_sorted_by(|a, b| a >= b), "{wide:?}");
    assert_eq!(bars(60).iter().sum::<usize>(), 0);
    assert!(text(&estimates).contains("█  share of what is known of the total"));
    assert!(!text_of_width(&estimates, 60).contains('█'));
}

/// The figure is what the log costs, never more, and both formats say it.
#[test]
fn a_saving_is_at_most_what_the_log_costs() {
    let estimates = estimates(&[healthy()]);
    let (text, json) = (text(&estimates), json(&estimates));
    let (location, money) = estimates
        .stages
        .iter()
        .find_map(|(location, cost)| Some((location, cost.errors_only_saves?)))
        .expect("a stage logs at level INFO");
    assert!(text.contains(&format!("{}: execution log INFO → ERROR, up to {money} a month", location.name)), "{text}");
    for entry in json["stages"].as_array().expect("a list") {
        for saving in entry["savings"].as_array().expect("a list") {
            assert_eq!(saving["change"], "execution-log-info-to-error");
            let most = saving["monthly_usd_at_most"].as_f64().expect("a number");
            assert!(most <= entry["total"]["monthly_usd"].as_f64().expect("a number"), "{entry}");
        }
    }
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let mut scope = healthy();
    scope.api_mut("orders").name = HOSTILE.to_owned();
    let estimates = estimates(&[scope]);
    assert!(!text(&estimates).contains('\u{1b}'));
    assert_eq!(json(&estimates)["stages"][0]["stage"]["name"], format!("{HOSTILE}/prod"));
}

#[test]
fn without_stages_there_is_a_line_and_no_table() {
    let empty = estimates(&[testing::empty()]);
    assert_eq!(text(&empty), "There is no stage here.\n");
    assert_eq!(empty.exit_code(), 0);
}
