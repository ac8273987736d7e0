//! The values of a policy variable with which its pattern matches a text.

use std::collections::BTreeSet;

use crate::{
    glob::{Colons, Match, Text, match_text},
    pattern::Token,
};

/// Limits: how many values are returned, and how long a text may be in bytes. ARNs are shorter.
const MAX_VALUES: usize = 64;
const MAX_TEXT: usize = 2_048;

/// The values of the only variable in `tokens` with which they match `text`; `None` if there are too many, or if
/// another token is unknown too.
pub(super) fn variable_values(tokens: &[Token], text: &str) -> Option<Vec<String>> {
    let at = tokens.iter().position(|token| matches!(token, Token::Variable(_))).filter(|_| text.len() <= MAX_TEXT)?;
    let (before, after) = (&tokens[..at], &tokens[at + 1..]);
    if after.iter().chain(before).any(|token| matches!(token, Token::Variable(_) | Token::Unknown)) {
        return None;
    }
    let is = |tokens: &[Token], text: &str| match_text(tokens, Text::whole(text), Colons::Free) == Match::Yes;
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let begins: Vec<usize> = ends.iter().copied().filter(|at| is(before, &text[..*at])).collect();
    let ends: Vec<usize> = ends.into_iter().filter(|at| is(after, &text[*at..])).collect();
    let mut values = BTreeSet::new();
    for begin in begins {
        for end in ends.iter().filter(|end| **end >= begin) {
            values.insert(text[begin..*end].to_owned());
            if values.len() > MAX_VALUES {
                return None;
            }
        }
    }
    Some(values.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::ConditionKeys, pattern::Pattern};

    #[test]
    fn matching_values_are_found() {
        let values = |pattern: &str, text: &str| {
            variable_values(&Pattern::read(pattern, true, true).tokens(&ConditionKeys::default()), text)
        };
        let some = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(values("b/${aws:username}/*", "b/ann/x"), some(&["ann"]));
        assert_eq!(values("b/${aws:username}/*", "b/ann/x/y"), some(&["ann", "ann/x"]));
        assert_eq!(values("${aws:username}", "ann"), some(&["ann"]));
        assert_eq!(values("c/${aws:username}", "b/ann"), some(&[]));
        // The value of a tag may be empty.
        assert_eq!(values("b/${aws:PrincipalTag/t}/*", "b//x"), some(&[""]));
        assert_eq!(values("${a}/${b}", "x/y"), None);
        assert_eq!(values("*${a}*", &"abcdefghijklmnopqrstuvwxyz".repeat(3)), None);
        // The limit, and one more: every prefix of the text is a value, the empty one too.
        assert_eq!(values("${a}*", &"a".repeat(MAX_VALUES - 1)).map(|values| values.len()), Some(MAX_VALUES));
        assert_eq!(values("${a}*", &"a".repeat(MAX_VALUES)), None);
    }
}
