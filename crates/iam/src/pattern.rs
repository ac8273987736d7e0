//! The texts of a policy that are compared with a request: patterns with wildcards and policy variables.

use std::borrow::Cow;

use crate::keys::{ConditionKeys, PossibleValue};

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Token {
    /// This character.
    Char(char),
    /// `?`: one character.
    One,
    /// `*`: any number of characters.
    Many,
    /// An unknown text: whether it matches is unknown too.
    Unknown,
    /// A variable without a value: "there is no equal or like value"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
    NoMatch,
    /// `${key}` or `${key, 'default'}` whose value is not known.
    Variable(Box<PolicyVariable>),
}

/// A policy variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PolicyVariable {
    /// The key, as the policy spells it.
    pub(super) key: String,
    pub(super) lower: String,
    /// The value if the key is absent.
    pub(super) default: Option<String>,
}

impl PolicyVariable {
    /// Reads the text between the braces.
    fn read(inside: &str) -> Option<Self> {
        let (key, default) = match inside.split_once(',') {
            None => (inside, None),
            Some((key, default)) => (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned())),
        };
        let key = key.trim().to_owned();
        Some(Self { lower: key.to_ascii_lowercase(), key, default })
    }
}

/// A text of a policy, split into tokens once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    tokens: Vec<Token>,
    has_variable: bool,
}

impl Pattern {
    /// Reads `text`. `wild`: `*` and `?` are wildcards. `variables`: the document's Version has policy variables.
    pub(super) fn read(text: &str, wild: bool, variables: bool) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if variables && let Some(inside) = rest.strip_prefix("${") {
                let Some((name, after)) =
                    inside.split_once('}').filter(|(name, _)| *name == "$" || !name.contains(['$', '{']))
                else {
                    // AWS rejects such a variable, so its meaning is not defined.
                    tokens.push(Token::Unknown);
                    break;
                };
                tokens.push(match name {
                    "*" | "?" | "$" => Token::Char(char::from(name.as_bytes()[0])),
                    _ => PolicyVariable::read(name)
                        .map_or(Token::Unknown, |variable| Token::Variable(Box::new(variable))),
                });
                rest = after;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                // Several in a row mean the same as one.
                '*' if wild && tokens.last() == Some(&Token::Many) => {}
                '*' if wild => tokens.push(Token::Many),
                '?' if wild => tokens.push(Token::One),
                _ => tokens.push(Token::Char(c)),
            }
        }
        let has_variable = tokens.iter().any(|token| matches!(token, Token::Variable(_)));
        Self { text: text.to_owned(), tokens, has_variable }
    }

    /// A pattern of which nothing is known.
    pub(super) fn unknown_text() -> Self {
        Self { text: String::new(), tokens: vec![Token::Unknown], has_variable: false }
    }

    /// An action: case does not matter; wildcards, but no variables
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>).
    pub(super) fn action(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::read(&text.to_ascii_lowercase(), true, false) }
    }

    /// The text in the policy.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The tokens, with each variable replaced by its value if that is known.
    pub(super) fn tokens(&self, keys: &ConditionKeys) -> Cow<'_, [Token]> {
        if !self.has_variable {
            return Cow::Borrowed(&self.tokens);
        }
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            let Token::Variable(variable) = token else {
                tokens.push(token.clone());
                continue;
            };
            match (keys.known(&variable.lower), &variable.default) {
                (Some(PossibleValue::Value(value)), _) => tokens.extend(value.chars().map(Token::Char)),
                (Some(PossibleValue::Absent), Some(default)) => tokens.extend(default.chars().map(Token::Char)),
                (Some(PossibleValue::Absent), None) => tokens.push(Token::NoMatch),
                // "You can't use a multivalued condition key as a variable": AWS does not document what happens then.
                (Some(_), _) => tokens.push(Token::Unknown),
                (None, _) => tokens.push(token.clone()),
            }
        }
        Cow::Owned(tokens)
    }

    /// The variables whose values are not known.
    pub(super) fn unknown_variables<'a>(&'a self, keys: &'a ConditionKeys) -> impl Iterator<Item = &'a PolicyVariable> {
        let variables = self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(&**variable),
            _ => None,
        });
        variables.filter(|variable| keys.known(&variable.lower).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let several = vec![PossibleValue::Many(vec!["a".into(), "b".into()])];
        let keys = ConditionKeys::default()
            .with("aws:PrincipalAccount", "12")
            .with_possible("none", vec![PossibleValue::Absent], "")
            .with_possible("several", several, "");
        let show = |token: &Token| match token {
            Token::Char(c) => format!("{c}"),
            Token::One => "<one>".to_owned(),
            Token::Many => "<many>".to_owned(),
            Token::Unknown => "<unknown>".to_owned(),
            Token::NoMatch => "<no match>".to_owned(),
            Token::Variable(variable) => format!("<{}>", variable.key),
        };
        Pattern::read(text, true, true).tokens(&keys).iter().map(show).collect()
    }

    #[test]
    fn variables_are_replaced_by_known_values() {
        assert_eq!(read("a${aws:PrincipalAccount}b"), "a12b");
        assert_eq!(read("${AWS:principalaccount, 'x'}"), "12");
        assert_eq!(read("${aws:username}-*"), "<aws:username>-<many>");
        assert_eq!(read("${none}|${none, 'all*'}|${none,''}|${several}"), "<no match>|all*||<unknown>");
        assert_eq!(read("${*}${?}${$}"), "*?$");
        assert_eq!(read("a**?$"), "a<many><one>$");
    }

    #[test]
    fn a_malformed_variable_makes_the_rest_unknown() {
        assert_eq!(read("a${b"), "a<unknown>");
        assert_eq!(read("a${b${c}}d"), "a<unknown>");
        assert_eq!(read("a${b, c}d"), "a<unknown>d");
    }

    #[test]
    fn in_the_older_version_variables_are_plain_text() {
        let tokens = Pattern::read("${a}", true, false);
        assert_eq!(tokens.tokens(&ConditionKeys::default()).len(), 4);
    }
}
