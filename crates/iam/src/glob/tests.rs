use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::{keys::ConditionKeys, pattern::Pattern};

fn tokens(text: &str) -> Vec<Token> {
    Pattern::read(text, true, true).tokens(&ConditionKeys::default()).into_owned()
}

fn plain(pattern: &str, text: Text<'_>) -> Match {
    match_text(&tokens(pattern), text, Colons::Free)
}

/// The definition of a glob, as a recursion.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => naive(rest, text),
        (Some((b'*', rest)), Some((_, shorter))) => naive(rest, text) || naive(pattern, shorter),
        (Some((p, rest)), Some((t, shorter))) => (*p == b'?' || p == t) && naive(rest, shorter),
        _ => false,
    }
}

/// Every tail of up to six characters; `x` stands for all characters that the patterns do not contain.
fn tails() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..6 {
        last = last.iter().flat_map(|tail| ["a", "x"].map(|c| format!("{tail}{c}"))).collect();
        all.extend_from_slice(&last);
    }
    all.split_off(1)
}

proptest! {
    #[test]
    fn a_known_text_is_matched_by_the_definition(pattern in "[ab:*?]{0,8}", text in "[ab:]{0,8}") {
        let expected = if naive(pattern.as_bytes(), text.as_bytes()) { Match::Yes } else { Match::No };
        prop_assert_eq!(plain(&pattern, Text::whole(&text)), expected);
    }

    #[test]
    fn an_open_text_is_matched_as_all_its_tails_are(pattern in "[a:*?]{0,6}", known in "[a:]{0,4}") {
        let hits: Vec<bool> =
            tails().iter().map(|tail| naive(pattern.as_bytes(), format!("{known}{tail}").as_bytes())).collect();
        let expected = match (hits.contains(&true), hits.contains(&false)) {
            (true, false) => Match::Yes,
            (false, _) => Match::No,
            (true, true) => Match::Unknown,
        };
        prop_assert_eq!(plain(&pattern, Text::open(&known)), expected);
    }

    #[test]
    fn components_are_matched_one_by_one(pattern in "([ab*?]{0,3}:){5}[ab:*?]{0,4}", text in "([ab]{0,3}:){5}[ab:]{0,4}") {
        let one_by_one = pattern
            .splitn(COMPONENTS, ':')
            .zip(text.splitn(COMPONENTS, ':'))
            .all(|(pattern, text)| naive(pattern.as_bytes(), text.as_bytes()));
        let expected = if one_by_one { Match::Yes } else { Match::No };
        prop_assert_eq!(match_text(&tokens(&pattern), Text::whole(&text), Colons::Fixed), expected);
        prop_assert_eq!(arn(&tokens(&pattern), Text::whole(&text)), expected);
    }

    #[test]
    fn looser_readings_match_more(pattern in "[ab:*?]{0,12}", text in "([ab]{0,2}:){3,7}[ab]{0,2}") {
        let matches = |colons| match_text(&tokens(&pattern), Text::whole(&text), colons) == Match::Yes;
        prop_assert!(!matches(Colons::Fixed) || matches(Colons::Documented));
        prop_assert!(!matches(Colons::Documented) || matches(Colons::Free));
    }

    #[test]
    fn a_resource_is_decided_only_where_the_readings_agree(pattern in "[ab:*?]{0,12}", text in "([ab]{0,2}:){3,7}") {
        let (tokens, text) = (tokens(&pattern), Text::open(&text));
        let expected = match (match_text(&tokens, text, Colons::Documented), match_text(&tokens, text, Colons::Free)) {
            (Match::Yes, _) => Match::Yes,
            (_, Match::No) => Match::No,
            _ => Match::Unknown,
        };
        prop_assert_eq!(resource(&tokens, text), expected);
    }

    #[test]
    fn an_unknown_token_never_gives_yes_and_gives_no_only_if_no_value_matches(
        before in "[ab*?]{0,3}", after in "[ab*?]{0,3}", value in "[ab]{0,3}", text in "[ab]{0,6}",
    ) {
        let found = plain(&format!("{before}${{x}}{after}"), Text::whole(&text));
        prop_assert_ne!(found, Match::Yes);
        let right = naive(format!("{before}{value}{after}").as_bytes(), text.as_bytes());
        prop_assert!(!right || found == Match::Unknown);
    }
}

#[test]
fn the_end_of_a_log_stream_name_matters_only_if_the_pattern_depends_on_it() {
    let stream = Text::open("arn:aws:logs:us-east-1:1:log-group:g:log-stream:");
    for (pattern, expected) in [
        ("*", Match::Yes),
        ("arn:aws:logs:*:*:*", Match::Yes),
        ("arn:aws:logs:us-east-1:1:log-group:g:*", Match::Yes),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream:*", Match::Yes),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream:?*", Match::Yes),
        ("arn:aws:logs:us-east-1:1:log-group:g*", Match::Yes),
        ("arn:aws:logs:us-east-1:1:log-group:g", Match::No),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream:", Match::No),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream:*:*", Match::No),
        ("arn:aws:logs:us-east-1:1:log-group:G:*", Match::No),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream:??*", Match::Unknown),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream:app-*", Match::Unknown),
        ("arn:aws:logs:us-east-1:1:log-group:*:log-stream:*-prod", Match::Unknown),
        // `*` may match part of the known text, so that one more character is enough.
        ("arn:aws:logs:us-east-1:1:log-group:g:log-*??", Match::Yes),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream*??", Match::Yes),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream*???", Match::Unknown),
        ("arn:aws:logs:us-east-1:1:log-group:g:log-stream:?", Match::Unknown),
    ] {
        assert_eq!(resource(&tokens(pattern), stream), expected, "{pattern}");
    }
}

#[test]
fn a_wildcard_at_the_end_of_a_segment_matches_colons_and_one_inside_is_unknown() {
    let group = Text::whole("arn:aws:logs:us-east-1:1:log-group:g");
    for (pattern, expected) in [
        ("arn:aws:logs:*", Match::Yes),
        ("arn:*:log-group:g", Match::Yes),
        ("arn:aws:logs:us-*:log-group:g", Match::Yes),
        ("arn:aws:logs:us-*1:log-group:g", Match::Unknown),
        ("arn:aws:logs?us-east-1:1:log-group:g", Match::Unknown),
        ("*g", Match::Unknown),
        ("arn:aws:logs:us-*2:log-group:g", Match::No),
    ] {
        assert_eq!(resource(&tokens(pattern), group), expected, "{pattern}");
    }
}

#[test]
fn an_incomplete_arn_is_completed_with_wildcards() {
    let group = Text::whole("arn:aws:logs:us-east-1:1:log-group:g");
    for (pattern, expected) in [
        ("arn:aws:logs", Match::Yes),
        ("arn:aws:logs:us-east-1", Match::Yes),
        ("arn:aws:logs:us-east-1:1", Match::Yes),
        ("arn:aws:logs:*-1", Match::Yes),
        ("arn:aws:l*", Match::Yes),
        ("arn:aws", Match::Yes),
        ("arn:aws:logs:eu-west-1", Match::No),
        ("arn:aws:log", Match::No),
        ("arn:aws:logs:us-east-1:2", Match::No),
        ("arn:aws-cn:logs", Match::No),
        // As before, `*` at the end of a field may span several.
        ("arn:*:log-group:g", Match::Yes),
        ("arn:aws:*:log-group", Match::No),
        ("arn:*:us-east-1", Match::Unknown),
        ("arn:aws:${x}", Match::Unknown),
    ] {
        assert!(is_incomplete_arn(&tokens(pattern)), "{pattern}");
        assert_eq!(completed_resource(&tokens(pattern), group), expected, "{pattern}");
    }
    // An unknown end does not matter to the fields that are added.
    let stream = Text::open("arn:aws:logs:us-east-1:1:log-group:g:log-stream:");
    assert_eq!(completed_resource(&tokens("arn:aws:logs:us-east-1"), stream), Match::Yes);
    for pattern in ["*", "arn", "logs", "arn:aws:s3:::b", "arn:aws:logs:us-east-1:1:log-group:g", "x:arn:aws"] {
        assert!(!is_incomplete_arn(&tokens(pattern)), "{pattern}");
    }
}

#[test]
fn a_value_of_fewer_components_that_matches_as_text_is_unknown_to_an_arn_operator() {
    let role = "arn:aws:iam::1:role/r";
    assert_eq!(arn(&tokens("arn:aws:iam:*"), Text::whole(role)), Match::Unknown);
    assert_eq!(arn(&tokens("arn:aws:s3:*"), Text::whole(role)), Match::No);
    assert_eq!(arn(&tokens("arn:aws:*:role/r"), Text::whole(role)), Match::Unknown);
    assert_eq!(arn(&tokens("arn:aws:iam:*:1:role/*"), Text::whole(role)), Match::Yes);
    assert_eq!(arn(&tokens("arn:aws:iam::1:role/${x}"), Text::whole(role)), Match::Unknown);
}

#[test]
fn hostile_patterns_are_quick() {
    let text = format!("arn:aws:logs:us-east-1:1:log-group:{}:log-stream:", "a".repeat(512));
    let began = Instant::now();
    for pattern in ["*a".repeat(10_000), "*?".repeat(10_000), "a*".repeat(10_000), "?".repeat(20_000)] {
        assert_ne!(resource(&tokens(&pattern), Text::open(&text)), Match::Yes);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
