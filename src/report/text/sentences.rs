//! Sentences of a message: what many messages end with is printed once.

/// The sentences of a text, without the spaces between them.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (position, _) in text.match_indices(". ") {
        let end = position + 1;
        // An abbreviation or a name is followed by a small letter.
        if text[end + 1..].starts_with(|c: char| c.is_uppercase() || c == '`') {
            sentences.push(&text[start..end]);
            start = end + 1;
        }
    }
    sentences.push(&text[start..]);
    sentences
}

/// How many sentences all the texts end with, where there are several texts.
pub(super) fn common_end<'a>(mut texts: impl Iterator<Item = &'a str>) -> usize {
    let Some(first) = texts.next() else { return 0 };
    let first = sentences(first);
    let mut common = first.len();
    let mut several = false;
    for text in texts {
        several = true;
        let other = sentences(text);
        common = first.iter().rev().zip(other.iter().rev()).take(common).take_while(|(a, b)| a == b).count();
    }
    if several { common } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_before_a_capital() {
        assert_eq!(sentences("One. Two e.g. three. `four` five."), ["One.", "Two e.g. three.", "`four` five."]);
        assert_eq!(sentences(""), [""]);
        for text in ["A. B. C", "a. b", ". ", "x. Y. "] {
            assert_eq!(sentences(text).join(" "), text);
        }
    }

    #[test]
    fn what_all_end_with_is_counted() {
        assert_eq!(common_end(["A. Same.", "B. Same."].into_iter()), 1);
        assert_eq!(common_end(["A. Same. Too.", "Same. Too.", "X. Too."].into_iter()), 1);
        assert_eq!(common_end(["Same.", "Same."].into_iter()), 1);
        assert_eq!(common_end(["Alone."].into_iter()), 0);
        assert_eq!(common_end(["A. B.", "B. C."].into_iter()), 0);
    }
}
