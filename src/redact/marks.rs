//! What the parts of `redact` share.

/// Replaces what was removed.
pub(super) const REMOVED: &str = "…";

/// Whether a character ends a word that has no quotes of its own.
pub(super) fn is_end_of_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '&' | '}' | ')' | '<' | '>' | '|')
}
