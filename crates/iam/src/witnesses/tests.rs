use proptest::prelude::*;

use super::*;
use crate::{
    glob::{Match, Text, match_text},
    keys::ConditionKeys,
    pattern::Pattern,
};

fn tokens(text: &str) -> Vec<Token> {
    Pattern::read(text, true, true).tokens(&ConditionKeys::default()).into_owned()
}

fn matched(patterns: &[Vec<Token>], text: &str) -> Vec<bool> {
    patterns.iter().map(|tokens| match_text(tokens, Text::whole(text), Colons::Free) == Match::Yes).collect()
}

proptest! {
    /// Against every short text.
    #[test]
    fn each_way_to_match_has_one_witness(patterns in prop::collection::vec("[ab*?]{0,4}", 1..4), begin in "[ab]{0,2}") {
        let patterns: Vec<_> = patterns.iter().map(|text| tokens(text)).collect();
        let modes: Vec<_> = patterns.iter().map(|tokens| (MatchMode::Text, tokens.clone())).collect();
        let found = witnesses(&modes, &begin, false);
        prop_assert!(found.complete);
        let seen: HashSet<_> = found.texts.iter().map(|text| matched(&patterns, text)).collect();
        prop_assert_eq!(seen.len(), found.texts.len(), "{:?}", found.texts);
        let nothing = begin.is_empty();
        prop_assert!(found.texts.iter().all(|text| text.starts_with(&begin) && (nothing || *text != begin)));
        let mut all = vec![begin];
        let mut last = all.clone();
        for _ in 0..6 {
            last = last.iter().flat_map(|text| ["a", "b", "x"].map(|c| format!("{text}{c}"))).collect();
            all.extend_from_slice(&last);
        }
        for text in &all[usize::from(!nothing)..] {
            prop_assert!(seen.contains(&matched(&patterns, text)), "{text}");
        }
    }
}

/// Whether a text matches, by the definition of each mode.
fn is_match((mode, tokens): &(MatchMode, Vec<Token>), text: &str) -> bool {
    let found = match mode {
        MatchMode::Text => match_text(tokens, Text::whole(text), Colons::Free),
        MatchMode::IgnoreCase => match_text(tokens, Text::whole(&text.to_ascii_lowercase()), Colons::Free),
        MatchMode::Arn => match_text(tokens, Text::whole(text), Colons::Fixed),
    };
    found == Match::Yes
}

/// Some ARNs. `x` stands for all letters that the patterns do not contain.
fn arns() -> Vec<String> {
    let mut all = vec!["arn".to_owned()];
    let (some, few, last) = (&["", "a", "A", "x"][..], &["", "a", "x"][..], &["", "a", "x", "a:", ":x", "x:a"][..]);
    for parts in [some, few, few, few, last] {
        all = all.iter().flat_map(|arn| parts.iter().map(move |part| format!("{arn}:{part}"))).collect();
    }
    all
}

fn pattern() -> impl Strategy<Value = (MatchMode, Vec<Token>)> {
    let arn = "arn:[a*?]{0,2}:[a*]{0,1}:[?*]{0,1}:[a*]{0,1}:[a*?:]{0,3}";
    prop_oneof![
        arn.prop_map(|text| (MatchMode::Arn, tokens(&text))),
        arn.prop_map(|text| (MatchMode::IgnoreCase, tokens(&text))),
        "[ar:*?]{0,3}[*][A:?*]{0,3}".prop_map(|text| (MatchMode::Text, tokens(&text))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against many ARNs: wildcards in an ARN's first components match no colon, in plain text they do.
    #[test]
    fn each_arn_matches_like_some_witness(
        patterns in prop::collection::vec(pattern(), 1..4),
        begin in prop::sample::select(vec!["", "arn:", "arn:a", "arn:x:"]),
    ) {
        let found = witnesses(&patterns, begin, true);
        let matched = |text: &str| -> Vec<bool> { patterns.iter().map(|pattern| is_match(pattern, text)).collect() };
        let seen: HashSet<_> = found.texts.iter().map(|text| matched(text)).collect();
        for text in &found.texts {
            prop_assert!(text.starts_with(begin) && text != begin && text.starts_with("arn:"), "{text}");
            prop_assert!(text.matches(':').count() + 1 >= COMPONENTS, "{text}");
        }
        for arn in arns().iter().filter(|arn| arn.starts_with(begin) && *arn != begin && found.complete) {
            prop_assert!(seen.contains(&matched(arn)), "{arn}");
        }
    }
}

#[test]
fn patterns_without_wildcards_are_witnesses_with_one_other_text() {
    let literals = |texts: &[&str]| -> Vec<_> { texts.iter().map(|text| (MatchMode::Text, tokens(text))).collect() };
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    // None that begins otherwise, or ends with the prefix.
    let found = witnesses(&literals(&["b/x", "b/", "c/y"]), "b/", false);
    assert!(found.complete);
    assert_eq!(sorted(found.texts), ["b/x", "b/xxxx"]);
    // None that is not an ARN; the other one is an ARN of six components.
    let found = witnesses(&literals(&["arn:aws:s3:::b", "arn:aws:s3", "::::::", "arn:aws:s3::::b"]), "", true);
    assert!(found.complete);
    assert_eq!(sorted(found.texts), ["arn:aws:s3::::b", "arn:aws:s3:::b", "arn:x:x:x:x:xxxxxxxxxxxxxxxx"]);
    let found = witnesses(&literals(&["arn:aws:s3:::b"]), "arn:aws:s3:", true);
    assert_eq!(sorted(found.texts), ["arn:aws:s3:::b", "arn:aws:s3:x:x:xxxxxxxxxxxxxxx"]);
    // Also for many patterns: a policy may list hundreds.
    let many: Vec<_> =
        (0..500).map(|at| (MatchMode::Text, tokens(&format!("arn:aws:iam::111122223333:role/r{at}")))).collect();
    let found = witnesses(&many, "", false);
    assert!(found.complete);
    assert_eq!(found.texts.len(), 501);
}

#[test]
fn a_character_that_no_pattern_contains_is_tried_too() {
    // Even if the patterns contain the letters of `arn`.
    let named: Vec<_> = "arn".chars().map(|c| (MatchMode::Arn, tokens(&format!("arn:{c}*:*:*:*:*")))).collect();
    let some = (MatchMode::Arn, tokens("arn:?*:*:*:*:*"));
    let found = witnesses(&[named.clone(), vec![some.clone()]].concat(), "", true);
    assert!(found.complete);
    let other = |text: &String| is_match(&some, text) && !named.iter().any(|pattern| is_match(pattern, text));
    assert!(found.texts.iter().any(other), "{:?}", found.texts);
}

#[test]
fn with_arns_only_all_witnesses_are_arns() {
    let patterns =
        [(MatchMode::Arn, tokens("arn:aws:iam::111122223333:role/*")), (MatchMode::Arn, tokens("arn:*:*:*:*:*"))];
    let found = witnesses(&patterns, "", true);
    assert!(found.complete);
    assert_eq!(found.texts.len(), 2, "{:?}", found.texts);
    assert!(found.texts.iter().all(|text| text.starts_with("arn:")));
}

/// In a second or two; without the limit it would take minutes.
#[test]
fn long_and_many_patterns_reach_the_limit_in_time() {
    let letters: String = (0..1_000).filter_map(|at| char::from_u32(0x4e00 + at)).collect();
    let long = vec![(MatchMode::Text, tokens(&format!("{}{letters}", "*?".repeat(1_000))))];
    let many: Vec<_> = (0..2_000_u64)
        .map(|at| (MatchMode::Text, tokens(&format!("{:020}?", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)))))
        .collect();
    for patterns in [long, many] {
        assert!(!witnesses(&patterns, "", false).complete);
    }
}

#[test]
fn hostile_patterns_end() {
    let patterns: Vec<_> = (0..12).map(|at| (MatchMode::Text, tokens(&format!("*{}*?*", "ab".repeat(at))))).collect();
    assert!(!witnesses(&patterns, "", false).texts.is_empty());
}

proptest! {
    /// Before and after, a pattern matches the same texts, in every mode.
    #[test]
    fn a_normalized_pattern_matches_the_same_texts(pattern in "[ab:*?]{0,8}", text in "[ab:]{0,8}") {
        let tokens = tokens(&pattern);
        for mode in [MatchMode::Text, MatchMode::IgnoreCase, MatchMode::Arn] {
            let before = is_match(&(mode.clone(), tokens.clone()), &text);
            prop_assert_eq!(before, is_match(&(mode, normalized(&tokens)), &text));
        }
    }
}
