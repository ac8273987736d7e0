//! Which sampling rule of X-Ray decides for the requests of a stage.
//!
//! "Services evaluate rules in ascending order of priority, and make a sampling decision with the first rule that
//! matches" (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-configuring-xray-sampling-rules.html>).
//! What API Gateway compares is not published to the last detail, and AWS's guides contradict each other. So a rule may
//! have several effects, and what is said must hold whichever it has.

use gatelight_model::{Gap, inventory::SamplingRule};

/// "For an API Gateway API, either AWS::ApiGateway::Stage or AWS::ApiGateway::* can be specified" (the page above).
const SERVICE_TYPE: &str = "AWS::ApiGateway::Stage";

/// Stands in a text for a digit that is not known.
const DIGIT: char = '\0';

/// A stage as rules see it.
#[derive(Debug)]
pub(super) struct Target {
    /// `{api}/{stage}`.
    pub(super) service_name: String,
    /// The ARNs that AWS's guides give for a stage: `arn:P:execute-api:R:A:API/STAGE`, by which Gatelight goes; and, in
    /// API Gateway's guide since 2021, that of API Gateway's own resource. A rule that matches the second alone may or may
    /// not apply.
    pub(super) arns: [String; 2],
    /// Why the account in the first of them is not known, if it is not.
    pub(super) account: Option<Gap>,
}

/// The account in an ARN that is compared while it is not known.
pub(super) fn unknown_account() -> String {
    DIGIT.to_string().repeat(12)
}

/// What becomes of the stage's requests.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sampled<'a> {
    /// Some are recorded.
    Something,
    /// This rule decides for all of them, or for all that no rule before it takes, and records none.
    Nothing {
        /// It.
        rule: &'a SamplingRule,
        /// Rules before it that decide in its place if API Gateway does not compare URL paths, and record none either.
        or: Vec<&'a SamplingRule>,
    },
}

/// Why it is not known what a rule does.
#[derive(Clone, Debug)]
enum Doubt {
    /// It matches only if letter case means nothing. AWS's own SDKs compare so
    /// (<https://github.com/aws/aws-xray-sdk-python/blob/master/aws_xray_sdk/core/utils/search_pattern.py>), and AWS's
    /// guides spell the service type in two ways; what API Gateway does is not documented.
    Case,
    /// It matches the second of the two ARNs alone.
    Arn,
    /// It is for a URL path. X-Ray's guide says that API Gateway does not support it
    /// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html>); API Gateway's guide lists it among
    /// the options that are relevant
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-configuring-xray-sampling-rules.html>).
    Path,
    /// It could be told if this were known.
    Unread(Gap),
}

impl Doubt {
    fn gap(&self, rule: &SamplingRule) -> Gap {
        let why = match self {
            Self::Unread(gap) => return gap.clone(),
            Self::Case => "it matches the stage only if case is ignored, which AWS does not document".to_owned(),
            Self::Arn => {
                "its resource ARN has API Gateway's own form, and AWS's guides contradict each other on whether X-Ray \
                 compares that form"
                    .to_owned()
            }
            Self::Path => format!(
                "it is for the URL path {}, and AWS's guides contradict each other on whether API Gateway compares the path",
                rule.url_path
            ),
        };
        let name = &rule.name;
        Gap::unprovable(name, format!("whether X-Ray's sampling rule {name} applies to this stage is not known: {why}"))
    }
}

/// Whether a rule's pattern matches.
#[derive(Clone, Debug)]
enum RuleMatch {
    Yes,
    No,
    Maybe(Doubt),
}

/// What a rule may do to the requests of a stage: at least one of these.
#[derive(Debug, Default)]
struct SamplingEffect {
    /// Leaves some of them, or all, to the next rule.
    passes_on: bool,
    /// Records some.
    records: bool,
    /// Decides for all that come to it, and records none.
    silences: bool,
    /// Why it is not known which.
    doubt: Option<Doubt>,
}

/// What becomes of the requests under these rules, which are all.
///
/// AWS does not say which of two rules of one priority comes first; its SDKs go by name
/// (<https://github.com/aws/aws-xray-sdk-go/blob/master/strategy/sampling/centralized_sampling_rule_manifest.go>). So
/// either may.
///
/// # Errors
/// If it hangs on what is not known.
pub(super) fn decide<'a>(rules: &'a [SamplingRule], target: &Target) -> Result<Sampled<'a>, Gap> {
    let mut rules: Vec<&SamplingRule> = rules.iter().collect();
    rules.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    let (mut records, mut silences, mut by_path, mut doubt) = (None, None, Vec::new(), None);
    for group in rules.chunk_by(|a, b| a.priority == b.priority) {
        let mut passes_on = true;
        for rule in group {
            let effect = effect(rule, target);
            doubt = doubt.or_else(|| effect.doubt.map(|doubt| doubt.gap(rule)));
            records = records.or(effect.records.then_some(*rule));
            if effect.silences && is_for_a_path(rule) {
                by_path.push(*rule);
            } else if effect.silences {
                silences = silences.or(Some(*rule));
            }
            passes_on &= effect.passes_on;
        }
        if !passes_on {
            // A rule for a path is never the one to change while another decides for all else: it may be what keeps health
            // checks out.
            let or = if silences.is_some() { std::mem::take(&mut by_path) } else { Vec::new() };
            return match (records, silences.or(by_path.first().copied())) {
                (_, None) => Ok(Sampled::Something),
                (None, Some(rule)) => Ok(Sampled::Nothing { rule, or }),
                (Some(one), Some(other)) => Err(doubt.unwrap_or_else(|| same_priority(one, other))),
            };
        }
    }
    Err(doubt.unwrap_or_else(none_decides))
}

fn same_priority(one: &SamplingRule, other: &SamplingRule) -> Gap {
    let why = format!(
        "X-Ray's sampling rules {} and {} have the same priority, {}, and AWS does not document which comes first",
        one.name, other.name, one.priority
    );
    Gap::unprovable(&one.name, why)
}

/// The rule that decides for all requests but those which rules before it take.
#[derive(Debug)]
pub(crate) struct Deciding<'a> {
    /// It.
    pub(crate) rule: &'a SamplingRule,
    /// Those that may come before it for some of the requests: they are narrowed by method, host or attributes.
    pub(crate) before: Vec<&'a SamplingRule>,
}

/// The rule that decides under these, which are all, for the requests that no narrowed rule takes.
///
/// # Errors
/// If it hangs on what is not known.
pub(super) fn deciding<'a>(rules: &'a [SamplingRule], target: &Target) -> Result<Deciding<'a>, Gap> {
    let mut rules: Vec<&SamplingRule> = rules.iter().collect();
    rules.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    let mut before = Vec::new();
    for group in rules.chunk_by(|a, b| a.priority == b.priority) {
        let mut deciding = None;
        for rule in group {
            match applies(rule, target) {
                RuleMatch::No => {}
                RuleMatch::Maybe(doubt) => return Err(doubt.gap(rule)),
                RuleMatch::Yes if is_narrowed(rule) => before.push(*rule),
                RuleMatch::Yes if is_for_a_path(rule) => return Err(Doubt::Path.gap(rule)),
                RuleMatch::Yes => match deciding {
                    Some(other) => return Err(same_priority(other, rule)),
                    None => deciding = Some(*rule),
                },
            }
        }
        if let Some(rule) = deciding {
            return Ok(Deciding { rule, before });
        }
    }
    Err(none_decides())
}

fn none_decides() -> Gap {
    let why = "none of X-Ray's sampling rules applies to this stage, although the rule Default applies to all";
    Gap::unprovable("sampling rules", why)
}

/// Whether a rule is for some requests of a service only.
fn is_narrowed(rule: &SamplingRule) -> bool {
    !is_any(&rule.http_method) || !is_any(&rule.host) || !rule.attributes.is_empty()
}

/// Whether a rule is for the requests of a stage, or for some of them.
fn applies(rule: &SamplingRule, target: &Target) -> RuleMatch {
    let service_type = if matches(&rule.service_type, SERVICE_TYPE, alike) { RuleMatch::Yes } else { RuleMatch::No };
    let name = matches_name(&rule.service_name, &target.service_name);
    let mut doubt = None;
    for part in [service_type, name, matches_arn(&rule.resource_arn, target)] {
        match part {
            RuleMatch::Yes => {}
            RuleMatch::No => return RuleMatch::No,
            RuleMatch::Maybe(why) => doubt = doubt.or(Some(why)),
        }
    }
    doubt.map_or(RuleMatch::Yes, RuleMatch::Maybe)
}

fn effect(rule: &SamplingRule, target: &Target) -> SamplingEffect {
    let doubt = match applies(rule, target) {
        RuleMatch::Yes => None,
        RuleMatch::Maybe(why) => Some(why),
        RuleMatch::No => return SamplingEffect { passes_on: true, ..SamplingEffect::default() },
    };
    // A boost comes on top for a while and does not count.
    let records = rule.fixed_rate > 0.0 || rule.reservoir_size > 0;
    let narrowed = is_narrowed(rule);
    let silences = !records && !narrowed;
    // Where the path is compared, such a rule leaves the rest to the next; where it is not, it decides for all. One that
    // records, and one that something else narrows, does the same either way.
    let doubt = doubt.or((silences && is_for_a_path(rule)).then_some(Doubt::Path));
    SamplingEffect { passes_on: doubt.is_some() || !records && narrowed, records, silences, doubt }
}

/// Whether a rule is for some URL paths only, if API Gateway compares them. All paths begin with a slash.
fn is_for_a_path(rule: &SamplingRule) -> bool {
    let path = rule.url_path.as_str();
    let rest = path.strip_prefix('/').unwrap_or(path);
    !is_any(path) && (rest.is_empty() || !rest.chars().all(|c| c == '*'))
}

/// Whether every text matches that has at least one character, as all that are compared have.
fn is_any(pattern: &str) -> bool {
    pattern.contains('*') && pattern.chars().all(|char| matches!(char, '*' | '?')) && pattern.matches('?').count() < 2
}

fn matches_name(pattern: &str, name: &str) -> RuleMatch {
    if matches(pattern, name, |a, b| a == b) {
        RuleMatch::Yes
    } else if matches(pattern, name, alike) {
        RuleMatch::Maybe(Doubt::Case)
    } else {
        RuleMatch::No
    }
}

fn matches_arn(pattern: &str, target: &Target) -> RuleMatch {
    let [old, new] = &target.arns;
    let digit = |pattern: char, text: char| if text == DIGIT { pattern.is_ascii_digit() } else { alike(pattern, text) };
    let old = match (matches_name(pattern, old), &target.account) {
        (RuleMatch::No, Some(gap)) if matches(pattern, old, digit) => RuleMatch::Maybe(Doubt::Unread(gap.clone())),
        (found, _) => found,
    };
    match (old, matches_name(pattern, new)) {
        (RuleMatch::Yes, _) => RuleMatch::Yes,
        (RuleMatch::No, RuleMatch::No) => RuleMatch::No,
        (RuleMatch::Maybe(why), _) | (_, RuleMatch::Maybe(why)) => RuleMatch::Maybe(why),
        (RuleMatch::No, RuleMatch::Yes) => RuleMatch::Maybe(Doubt::Arn),
    }
}

fn alike(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

/// "String values can use wildcards to match a single character (?) or zero or more characters (*)". Takes at most the
/// product of the lengths: when it comes to nothing after a `*`, only the last one is tried again.
fn matches(pattern: &str, text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What is left of both after the last `*`, which has taken nothing yet.
    let mut last_star = None;
    loop {
        let mut rest = pattern.clone();
        match (rest.next(), text.clone().next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                pattern = rest;
                last_star = Some((pattern.clone(), text.clone()));
                continue;
            }
            (Some(one), Some(char)) if one == '?' || same(one, char) => {
                pattern = rest;
                text.next();
                continue;
            }
            _ => {}
        }
        let Some((after, mut left)) = last_star.take() else { return false };
        if left.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), left.clone());
        last_star = Some((after, left));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition of a glob, word by word.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => naive(rest, text),
            (Some((b'*', rest)), Some((_, shorter))) => naive(rest, text) || naive(pattern, shorter),
            (Some((p, rest)), Some((t, shorter))) => (*p == b'?' || p.eq_ignore_ascii_case(t)) && naive(rest, shorter),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_the_definition_says(pattern in "[abA*?]{0,8}", text in "[abB]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text, alike), naive(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn any_matches_whatever_is_not_empty(pattern in "[a*?]{0,4}", text in "[a-c]{1,5}") {
            prop_assert!(!is_any(&pattern) || naive(pattern.as_bytes(), text.as_bytes()));
        }
    }

    #[test]
    fn a_star_or_two_are_any() {
        for (pattern, any) in [("*", true), ("**", true), ("?*", true), ("*?", true), ("", false), ("?", false)] {
            assert_eq!(is_any(pattern), any, "{pattern}");
        }
        assert!(!is_any("??*") && !is_any("GET*"));
    }

    #[test]
    fn hostile_patterns_are_quick() {
        let text = "a".repeat(5_000);
        for pattern in ["*a".repeat(250) + "b", "*?".repeat(250) + "b", "a*".repeat(250) + "b"] {
            assert!(!matches(&pattern, &text, alike));
        }
    }
}
