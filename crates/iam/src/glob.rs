//! Matches patterns against texts whose end may not be known.

use crate::pattern::Token;

/// A text of which the beginning is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// The known beginning.
    pub known: &'a str,
    /// What follows it.
    pub tail: Tail,
}

/// What follows the known part of a [`Text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing: the text is known in full.
    None,
    /// Some name of at least one character, without `:` and `*`, like a log stream's.
    Name,
    /// At least one character.
    Anything,
}

impl<'a> Text<'a> {
    /// The resource of an action that takes none: only patterns that match the text `*` match it.
    pub const NO_RESOURCE: Text<'static> = Text { known: "*", tail: Tail::None };

    /// A text that is known in full.
    #[must_use]
    pub fn whole(known: &'a str) -> Self {
        Self { known, tail: Tail::None }
    }

    /// A text that ends with an unknown name.
    #[must_use]
    pub fn open(known: &'a str) -> Self {
        Self { known, tail: Tail::Name }
    }
}

/// Whether the texts that are possible match a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// All of them.
    Yes,
    /// None of them.
    No,
    /// Some of them, or that is not known.
    Unknown,
}

/// Which wildcards match the colons between the six components of an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colons {
    /// All: the text is plain.
    Free,
    /// A `*` that is the last character of a segment: "it can expand to match beyond the colon boundaries"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).
    Documented,
    /// None.
    Fixed,
}

/// The number of components of an ARN.
pub(super) const COMPONENTS: usize = 6;

/// Runs the pattern as an automaton over the text. The live positions are sorted and without duplicates, so that a
/// hostile pattern costs at most its length times that of the text.
pub(super) fn match_text(tokens: &[Token], text: Text<'_>, colons: Colons) -> Match {
    match_and_note_colons(tokens, text, colons).0
}

/// [`match_text`], and whether `colons` kept a wildcard from matching a colon.
fn match_and_note_colons(tokens: &[Token], text: Text<'_>, colons: Colons) -> (Match, bool) {
    let mut chars = text.known.chars();
    let mut separators = 0;
    // Fast path: most patterns differ from the text at the beginning.
    let mut begin = 0;
    while let (Some(Token::Char(own)), Some(c)) = (tokens.get(begin), chars.clone().next()) {
        if *own != c {
            return (Match::No, false);
        }
        begin += 1;
        chars.next();
        separators += usize::from(c == ':');
    }
    let (mut live, mut next) = (Vec::new(), Vec::new());
    let mut stopped = false;
    enter(tokens, &mut live, begin);
    for c in chars {
        let is_separator = c == ':' && separators + 1 < COMPONENTS;
        separators += usize::from(is_separator);
        stopped |= step(tokens, &live, &mut next, c, if is_separator { colons } else { Colons::Free });
        std::mem::swap(&mut live, &mut next);
        next.clear();
        if live.is_empty() {
            return (Match::No, stopped);
        }
    }
    let found = match text.tail {
        Tail::None if live.last() == Some(&tokens.len()) => Match::Yes,
        Tail::None => Match::No,
        tail if !matches_some_tail(tokens, &live, tail) => Match::No,
        _ if matches_every_tail(tokens, &live) => Match::Yes,
        _ => Match::Unknown,
    };
    (if found == Match::Yes && has_unknown(tokens) { Match::Unknown } else { found }, stopped)
}

/// Reads one character from each live position. `colons` says which wildcards match it, if it separates components.
/// Returns whether that kept a wildcard from matching it.
pub(super) fn step(tokens: &[Token], live: &[usize], next: &mut Vec<usize>, c: char, colons: Colons) -> bool {
    let fixed = colons != Colons::Free;
    let mut stopped = false;
    for &at in live {
        match tokens.get(at) {
            Some(Token::Char(own)) if *own == c => enter(tokens, next, at + 1),
            Some(Token::One) if !fixed => enter(tokens, next, at + 1),
            Some(Token::Many) if !fixed || (colons == Colons::Documented && ends_segment(tokens, at)) => {
                enter(tokens, next, at);
            }
            // An unknown value may contain colons.
            Some(Token::Unknown | Token::Variable(_)) => enter(tokens, next, at),
            Some(Token::One | Token::Many) => stopped = true,
            _ => {}
        }
    }
    stopped
}

/// Adds a position and those that can be reached from it without reading a character. Positions are added in ascending
/// order, so one that is not beyond the last is already there.
pub(super) fn enter(tokens: &[Token], live: &mut Vec<usize>, mut at: usize) {
    loop {
        if live.last().is_none_or(|last| *last < at) {
            live.push(at);
        }
        if !matches!(tokens.get(at), Some(Token::Many | Token::Unknown | Token::Variable(_))) {
            return;
        }
        at += 1;
    }
}

fn ends_segment(tokens: &[Token], at: usize) -> bool {
    matches!(tokens.get(at + 1), None | Some(Token::Char(':')))
}

pub(super) fn has_unknown(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Unknown | Token::Variable(_)))
}

/// Whether the rest of the pattern from some live position matches some tail: it contains nothing that no tail contains.
fn matches_some_tail(tokens: &[Token], live: &[usize], tail: Tail) -> bool {
    let never =
        |token: &Token| *token == Token::NoMatch || (tail == Tail::Name && matches!(token, Token::Char(':' | '*')));
    let from = tokens.iter().rposition(never).map_or(0, |at| at + 1);
    live.iter().any(|at| (from..tokens.len()).contains(at))
}

/// Whether every tail matches: from some live positions only wildcards are left, as a literal does not match a tail of
/// other characters, and the lengths that these wildcards match cover 1, 2, 3, …
fn matches_every_tail(tokens: &[Token], live: &[usize]) -> bool {
    let from = tokens.iter().rposition(|t| !matches!(t, Token::One | Token::Many)).map_or(0, |at| at + 1);
    let mut live = live.iter().rev().peekable();
    // From the end: the least length of the rest, whether it may be longer, and up to which length all are covered.
    let (mut least, mut longer, mut covered) = (0, false, 0);
    for at in (from..=tokens.len()).rev() {
        match tokens.get(at) {
            Some(Token::One) => least += 1,
            Some(Token::Many) => longer = true,
            _ => {}
        }
        if live.next_if_eq(&&at).is_none() {
            continue;
        }
        if longer && least <= covered + 1 {
            return true;
        }
        if !longer && least == covered + 1 {
            covered = least;
        }
    }
    false
}

/// Matches a value of a Resource element. Unknown where a `*` or `?` inside a segment would have to match a colon
/// between components: AWS's documentation and its behaviour differ there.
pub(super) fn resource(tokens: &[Token], text: Text<'_>) -> Match {
    match match_and_note_colons(tokens, text, Colons::Documented) {
        (found, false) => found,
        (Match::Yes, true) => Match::Yes,
        (Match::No | Match::Unknown, true) => match match_text(tokens, text, Colons::Free) {
            Match::No => Match::No,
            Match::Yes | Match::Unknown => Match::Unknown,
        },
    }
}

/// Whether a pattern is an ARN with fewer than six fields, like `arn:aws:logs`.
pub(super) fn is_incomplete_arn(tokens: &[Token]) -> bool {
    let separators = tokens.iter().filter(|token| **token == Token::Char(':')).count();
    separators + 1 < COMPONENTS
        && tokens.iter().zip("arn:".chars()).filter(|(own, c)| **own == Token::Char(*c)).count() == 4
}

/// Matches a Resource value that [is incomplete](is_incomplete_arn), as AWS completes it in identity policies: "by adding
/// wildcard characters (*) to all missing fields"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>). Unknown if it matches
/// only where a wildcard also spans several fields.
pub(super) fn completed_resource(tokens: &[Token], text: Text<'_>) -> Match {
    let plain = resource(tokens, text);
    let mut completed = tokens.to_vec();
    while is_incomplete_arn(&completed) {
        completed.extend([Token::Char(':'), Token::Many]);
    }
    match match_text(&completed, text, Colons::Fixed) {
        Match::Yes => Match::Yes,
        Match::No if match_text(&completed, text, Colons::Free) == Match::No => plain,
        Match::No | Match::Unknown if plain == Match::Yes => Match::Yes,
        Match::No | Match::Unknown => Match::Unknown,
    }
}

/// Matches a value of an ARN operator: "each of the six colon-delimited components of the ARN
/// is checked separately"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).
/// AWS does not document what a value with fewer components means.
pub(super) fn arn(tokens: &[Token], value: Text<'_>) -> Match {
    if match_text(tokens, value, Colons::Free) == Match::No {
        return Match::No;
    }
    if components(tokens).is_none() || value.known.matches(':').count() + 1 < COMPONENTS {
        return Match::Unknown;
    }
    match_text(tokens, value, Colons::Fixed)
}

/// The patterns of an ARN's six components; `None` if there are fewer, or if a value in the pattern is not known.
pub(super) fn components(tokens: &[Token]) -> Option<[&[Token]; COMPONENTS]> {
    let parts: Vec<&[Token]> = tokens.splitn(COMPONENTS, |token| *token == Token::Char(':')).collect();
    if has_unknown(tokens) { None } else { parts.try_into().ok() }
}

#[cfg(test)]
mod tests;
