use proptest::prelude::*;

use super::*;
use crate::{
    glob::{Match, Text, run},
    keys::Keys,
    pattern::Pattern,
};

fn tokens(text: &str) -> Vec<Token> {
    Pattern::read(text, true, true).tokens(&Keys::default()).into_owned()
}

fn matched(patterns: &[Vec<Token>], text: &str) -> Vec<bool> {
    patterns.iter().map(|tokens| run(tokens, Text::whole(text), Colons::Free) == Match::Yes).collect()
}

proptest! {
    /// Against every short text.
    #[test]
    fn each_way_to_match_is_told_by_one_text(patterns in prop::collection::vec("[ab*?]{0,4}", 1..4), begin in "[ab]{0,2}") {
        let patterns: Vec<_> = patterns.iter().map(|text| tokens(text)).collect();
        let modes: Vec<_> = patterns.iter().map(|tokens| (Mode::Text, tokens.clone())).collect();
        let found = texts(&modes, &begin, false);
        prop_assert!(found.whole);
        let told: HashSet<_> = found.texts.iter().map(|text| matched(&patterns, text)).collect();
        prop_assert_eq!(told.len(), found.texts.len(), "{:?}", found.texts);
        let nothing = begin.is_empty();
        prop_assert!(found.texts.iter().all(|text| text.starts_with(&begin) && (nothing || *text != begin)));
        let mut all = vec![begin];
        let mut last = all.clone();
        for _ in 0..6 {
            last = last.iter().flat_map(|text| ["a", "b", "x"].map(|c| format!("{text}{c}"))).collect();
            all.extend_from_slice(&last);
        }
        for text in &all[usize::from(!nothing)..] {
            prop_assert!(told.contains(&matched(&patterns, text)), "{text}");
        }
    }
}

/// Whether a text is matched, by the definition of each mode.
fn is_matched((mode, tokens): &(Mode, Vec<Token>), text: &str) -> bool {
    let found = match mode {
        Mode::Text => run(tokens, Text::whole(text), Colons::Free),
        Mode::Folded => run(tokens, Text::whole(&text.to_ascii_lowercase()), Colons::Free),
        Mode::Arn => run(tokens, Text::whole(text), Colons::Fixed),
    };
    found == Match::Yes
}

/// Some ARNs. `x` stands for all letters that patterns do not name.
fn arns() -> Vec<String> {
    let mut all = vec!["arn".to_owned()];
    let (some, few, last) = (&["", "a", "A", "x"][..], &["", "a", "x"][..], &["", "a", "x", "a:", ":x", "x:a"][..]);
    for parts in [some, few, few, few, last] {
        all = all.iter().flat_map(|arn| parts.iter().map(move |part| format!("{arn}:{part}"))).collect();
    }
    all
}

fn pattern() -> impl Strategy<Value = (Mode, Vec<Token>)> {
    let arn = "arn:[a*?]{0,2}:[a*]{0,1}:[?*]{0,1}:[a*]{0,1}:[a*?:]{0,3}";
    prop_oneof![
        arn.prop_map(|text| (Mode::Arn, tokens(&text))),
        arn.prop_map(|text| (Mode::Folded, tokens(&text))),
        "[ar:*?]{0,3}[*][A:?*]{0,3}".prop_map(|text| (Mode::Text, tokens(&text))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against many ARNs: in an ARN's first components no wildcard is a colon, in plain text each may be.
    #[test]
    fn each_arn_is_told_by_one_that_matches_alike(
        patterns in prop::collection::vec(pattern(), 1..4),
        begin in prop::sample::select(vec!["", "arn:", "arn:a", "arn:x:"]),
    ) {
        let found = texts(&patterns, begin, true);
        let matched = |text: &str| -> Vec<bool> { patterns.iter().map(|pattern| is_matched(pattern, text)).collect() };
        let told: HashSet<_> = found.texts.iter().map(|text| matched(text)).collect();
        for text in &found.texts {
            prop_assert!(text.starts_with(begin) && text != begin && text.starts_with("arn:"), "{text}");
            prop_assert!(text.matches(':').count() + 1 >= COMPONENTS, "{text}");
        }
        for arn in arns().iter().filter(|arn| arn.starts_with(begin) && *arn != begin && found.whole) {
            prop_assert!(told.contains(&matched(arn)), "{arn}");
        }
    }
}

#[test]
fn texts_without_wildcards_stand_for_themselves_and_one_more_for_all_others() {
    let literals = |texts: &[&str]| -> Vec<_> { texts.iter().map(|text| (Mode::Text, tokens(text))).collect() };
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    // Of those that begin otherwise, or end there, none.
    let found = texts(&literals(&["b/x", "b/", "c/y"]), "b/", false);
    assert!(found.whole);
    assert_eq!(sorted(found.texts), ["b/x", "b/xxxx"]);
    // Of those that are no ARNs, none; and the other one is an ARN of six components.
    let found = texts(&literals(&["arn:aws:s3:::b", "arn:aws:s3", "::::::", "arn:aws:s3::::b"]), "", true);
    assert!(found.whole);
    assert_eq!(sorted(found.texts), ["arn:aws:s3::::b", "arn:aws:s3:::b", "arn:x:x:x:x:xxxxxxxxxxxxxxxx"]);
    let found = texts(&literals(&["arn:aws:s3:::b"]), "arn:aws:s3:", true);
    assert_eq!(sorted(found.texts), ["arn:aws:s3:::b", "arn:aws:s3:x:x:xxxxxxxxxxxxxxx"]);
    // However many: a policy may list hundreds.
    let many: Vec<_> =
        (0..500).map(|at| (Mode::Text, tokens(&format!("arn:aws:iam::111122223333:role/r{at}")))).collect();
    let found = texts(&many, "", false);
    assert!(found.whole);
    assert_eq!(found.texts.len(), 501);
}

#[test]
fn a_letter_that_no_pattern_names_is_tried_too() {
    // Whatever `arn` itself and the patterns hold.
    let named: Vec<_> = "arn".chars().map(|c| (Mode::Arn, tokens(&format!("arn:{c}*:*:*:*:*")))).collect();
    let some = (Mode::Arn, tokens("arn:?*:*:*:*:*"));
    let found = texts(&[named.clone(), vec![some.clone()]].concat(), "", true);
    assert!(found.whole);
    let other = |text: &String| is_matched(&some, text) && !named.iter().any(|pattern| is_matched(pattern, text));
    assert!(found.texts.iter().any(other), "{:?}", found.texts);
}

#[test]
fn arns_alone_are_looked_for_where_only_they_are_meant() {
    let patterns = [(Mode::Arn, tokens("arn:aws:iam::111122223333:role/*")), (Mode::Arn, tokens("arn:*:*:*:*:*"))];
    let found = texts(&patterns, "", true);
    assert!(found.whole);
    assert_eq!(found.texts.len(), 2, "{:?}", found.texts);
    assert!(found.texts.iter().all(|text| text.starts_with("arn:")));
}

/// In a second or two: without a limit it would be minutes.
#[test]
fn patterns_that_are_long_or_many_are_given_up_in_time() {
    let letters: String = (0..1_000).filter_map(|at| char::from_u32(0x4e00 + at)).collect();
    let long = vec![(Mode::Text, tokens(&format!("{}{letters}", "*?".repeat(1_000))))];
    let many: Vec<_> = (0..2_000_u64)
        .map(|at| (Mode::Text, tokens(&format!("{:020}?", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)))))
        .collect();
    for patterns in [long, many] {
        assert!(!texts(&patterns, "", false).whole);
    }
}

#[test]
fn hostile_patterns_end() {
    let patterns: Vec<_> = (0..12).map(|at| (Mode::Text, tokens(&format!("*{}*?*", "ab".repeat(at))))).collect();
    assert!(!texts(&patterns, "", false).texts.is_empty());
}
