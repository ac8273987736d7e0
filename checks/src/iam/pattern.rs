//! The texts of a policy that are compared with those of a request: wildcards and policy variables.

use std::borrow::Cow;

use super::keys::Keys;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Itself.
    Char(char),
    /// `?`: one character.
    One,
    /// `*`: any number of characters.
    Many,
    /// A text that is not known: what matches only if it is the right one.
    Hole,
    /// `${key}` or `${key, 'default'}`.
    Variable(String),
}

/// A text of a policy, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    tokens: Vec<Token>,
}

impl Pattern {
    /// Reads `text`. `wild`: `*` and `?` are wildcards; `variables`: the document's Version knows policy variables.
    pub(super) fn read(text: &str, wild: bool, variables: bool) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if variables && let Some(inside) = rest.strip_prefix("${") {
                let Some((name, after)) =
                    inside.split_once('}').filter(|(name, _)| *name == "$" || !name.contains(['$', '{']))
                else {
                    // AWS refuses it; what it would mean is anyone's guess.
                    tokens.push(Token::Hole);
                    break;
                };
                tokens.push(match name {
                    "*" | "?" | "$" => Token::Char(char::from(name.as_bytes()[0])),
                    _ => Token::Variable(name.to_owned()),
                });
                rest = after;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                // Several in a row say no more than one.
                '*' if wild && tokens.last() == Some(&Token::Many) => {}
                '*' if wild => tokens.push(Token::Many),
                '?' if wild => tokens.push(Token::One),
                _ => tokens.push(Token::Char(c)),
            }
        }
        Self { text: text.to_owned(), tokens }
    }

    /// A text that is not known.
    pub(super) fn hole() -> Self {
        Self { text: String::new(), tokens: vec![Token::Hole] }
    }

    /// An action: not case-sensitive, wildcards, no variables
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>).
    pub(super) fn action(text: &str) -> Self {
        Self::read(&text.to_ascii_lowercase(), true, false)
    }

    /// As the policy has it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The pieces, with each variable replaced by its value, or by a hole.
    pub(super) fn tokens(&self, keys: &Keys) -> Cow<'_, [Token]> {
        if !self.tokens.iter().any(|token| matches!(token, Token::Variable(_))) {
            return Cow::Borrowed(&self.tokens);
        }
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            match token {
                Token::Variable(inside) => {
                    let key = inside.split_once(',').map_or(inside.as_str(), |(key, _)| key);
                    match keys.value(key.trim()) {
                        Some(value) => tokens.extend(value.chars().map(Token::Char)),
                        None => tokens.push(Token::Hole),
                    }
                }
                other => tokens.push(other.clone()),
            }
        }
        Cow::Owned(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let keys = Keys::default().with("aws:PrincipalAccount", "12");
        let show = |token: &Token| match token {
            Token::Char(c) => format!("{c}"),
            Token::One => "<one>".to_owned(),
            Token::Many => "<many>".to_owned(),
            Token::Hole => "<hole>".to_owned(),
            Token::Variable(name) => panic!("{name} was left"),
        };
        Pattern::read(text, true, true).tokens(&keys).iter().map(show).collect()
    }

    #[test]
    fn variables_are_replaced_by_what_is_known() {
        assert_eq!(read("a${aws:PrincipalAccount}b"), "a12b");
        assert_eq!(read("${AWS:principalaccount, 'x'}"), "12");
        assert_eq!(read("${aws:username}-*"), "<hole>-<many>");
        assert_eq!(read("${*}${?}${$}"), "*?$");
        assert_eq!(read("a**?$"), "a<many><one>$");
    }

    #[test]
    fn a_variable_that_cannot_be_read_hides_the_rest() {
        assert_eq!(read("a${b"), "a<hole>");
        assert_eq!(read("a${b${c}}d"), "a<hole>");
    }

    #[test]
    fn without_the_version_that_knows_them_variables_are_plain_text() {
        let tokens = Pattern::read("${a}", true, false);
        assert_eq!(tokens.tokens(&Keys::default()).len(), 4);
    }
}
