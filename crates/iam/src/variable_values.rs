//! What a policy variable would have to be for its pattern to match a text.

use std::collections::BTreeSet;

use super::{
    glob::{Colons, Match, Text, run},
    pattern::Token,
};

/// More values than this are not tried, nor longer texts: an ARN has no more.
const VALUES: usize = 64;
const TEXT: usize = 2_048;

/// The values of the only variable in `tokens` with which they may match `text`; nothing if they are too many, or if
/// something else is not known.
pub(super) fn within(tokens: &[Token], text: &str) -> Option<Vec<String>> {
    let at = tokens.iter().position(|token| matches!(token, Token::Variable(_))).filter(|_| text.len() <= TEXT)?;
    let (before, after) = (&tokens[..at], &tokens[at + 1..]);
    if after.iter().chain(before).any(|token| matches!(token, Token::Variable(_) | Token::Hole)) {
        return None;
    }
    let is = |tokens: &[Token], text: &str| run(tokens, Text::whole(text), Colons::Free) == Match::Yes;
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let begins: Vec<usize> = ends.iter().copied().filter(|at| is(before, &text[..*at])).collect();
    let ends: Vec<usize> = ends.into_iter().filter(|at| is(after, &text[*at..])).collect();
    let mut values = BTreeSet::new();
    for begin in begins {
        for end in ends.iter().filter(|end| **end >= begin) {
            values.insert(text[begin..*end].to_owned());
            if values.len() > VALUES {
                return None;
            }
        }
    }
    Some(values.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::Keys, pattern::Pattern};

    #[test]
    fn the_values_that_fit_are_found() {
        let values =
            |pattern: &str, text: &str| within(&Pattern::read(pattern, true, true).tokens(&Keys::default()), text);
        let some = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(values("b/${aws:username}/*", "b/ann/x"), some(&["ann"]));
        assert_eq!(values("b/${aws:username}/*", "b/ann/x/y"), some(&["ann", "ann/x"]));
        assert_eq!(values("${aws:username}", "ann"), some(&["ann"]));
        assert_eq!(values("c/${aws:username}", "b/ann"), some(&[]));
        // The value of a tag may be empty.
        assert_eq!(values("b/${aws:PrincipalTag/t}/*", "b//x"), some(&[""]));
        assert_eq!(values("${a}/${b}", "x/y"), None);
        assert_eq!(values("*${a}*", &"abcdefghijklmnopqrstuvwxyz".repeat(3)), None);
        // As many as are tried, and one more: every beginning of the text, the empty one too.
        assert_eq!(values("${a}*", &"a".repeat(VALUES - 1)).map(|values| values.len()), Some(VALUES));
        assert_eq!(values("${a}*", &"a".repeat(VALUES)), None);
    }
}
