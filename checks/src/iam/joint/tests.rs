use proptest::prelude::*;

use super::*;
use crate::iam::{
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
        prop_assert!(found.texts.iter().all(|text| text.starts_with(&begin) && *text != begin));
        let mut all = vec![begin];
        let mut last = all.clone();
        for _ in 0..6 {
            last = last.iter().flat_map(|text| ["a", "b", "x"].map(|c| format!("{text}{c}"))).collect();
            all.extend_from_slice(&last);
        }
        for text in &all[1..] {
            prop_assert!(told.contains(&matched(&patterns, text)), "{text}");
        }
    }
}

#[test]
fn arns_alone_are_looked_for_where_only_they_are_meant() {
    let patterns = [(Mode::Arn, tokens("arn:aws:iam::111122223333:role/*")), (Mode::Arn, tokens("arn:*:*:*:*:*"))];
    let found = texts(&patterns, "", true);
    assert!(found.whole);
    assert_eq!(found.texts.len(), 2, "{:?}", found.texts);
    assert!(found.texts.iter().all(|text| text.starts_with("arn:")));
}

#[test]
fn hostile_patterns_end() {
    let patterns: Vec<_> = (0..12).map(|at| (Mode::Text, tokens(&format!("*{}*?*", "ab".repeat(at))))).collect();
    assert!(!texts(&patterns, "", false).texts.is_empty());
}
