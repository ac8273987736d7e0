//! The texts of a policy that are compared with those of a request: wildcards and policy variables.

use std::borrow::Cow;

use super::keys::{Keys, Possible};

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Token {
    /// Itself.
    Char(char),
    /// `?`: one character.
    One,
    /// `*`: any number of characters.
    Many,
    /// A text that is not known: what matches only if it is the right one.
    Hole,
    /// A variable without a value: "there is no equal or like value"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
    Never,
    /// `${key}` or `${key, 'default'}`, of which the value is not known.
    Variable(Box<Variable>),
}

/// A policy variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Variable {
    /// The key, as it stands there.
    pub(super) key: String,
    pub(super) lower: String,
    /// Its value where the key is absent.
    pub(super) default: Option<String>,
}

impl Variable {
    /// Reads what stands between the braces.
    fn read(inside: &str) -> Option<Self> {
        let (key, default) = match inside.split_once(',') {
            None => (inside, None),
            Some((key, default)) => (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned())),
        };
        let key = key.trim().to_owned();
        Some(Self { lower: key.to_ascii_lowercase(), key, default })
    }
}

/// A text of a policy, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    tokens: Vec<Token>,
    /// Whether some token is a variable.
    variable: bool,
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
                    _ => Variable::read(name).map_or(Token::Hole, |variable| Token::Variable(Box::new(variable))),
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
        let variable = tokens.iter().any(|token| matches!(token, Token::Variable(_)));
        Self { text: text.to_owned(), tokens, variable }
    }

    /// A text that is not known.
    pub(super) fn hole() -> Self {
        Self { text: String::new(), tokens: vec![Token::Hole], variable: false }
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

    /// The pieces, each variable replaced by its value where that is known.
    pub(super) fn tokens(&self, keys: &Keys) -> Cow<'_, [Token]> {
        if !self.variable {
            return Cow::Borrowed(&self.tokens);
        }
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            let Token::Variable(variable) = token else {
                tokens.push(token.clone());
                continue;
            };
            match (keys.known(&variable.lower), &variable.default) {
                (Some(Possible::Value(value)), _) => tokens.extend(value.chars().map(Token::Char)),
                (Some(Possible::Absent), Some(default)) => tokens.extend(default.chars().map(Token::Char)),
                (Some(Possible::Absent), None) => tokens.push(Token::Never),
                // "You can't use a multivalued condition key as a variable": what would happen is not documented.
                (Some(_), _) => tokens.push(Token::Hole),
                (None, _) => tokens.push(token.clone()),
            }
        }
        Cow::Owned(tokens)
    }

    /// The variables of which the value is not known.
    pub(super) fn unknown<'a>(&'a self, keys: &'a Keys) -> impl Iterator<Item = &'a Variable> {
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
        let several = vec![Possible::Many(vec!["a".into(), "b".into()])];
        let keys = Keys::default()
            .with("aws:PrincipalAccount", "12")
            .with_possible("none", vec![Possible::Absent], "")
            .with_possible("several", several, "");
        let show = |token: &Token| match token {
            Token::Char(c) => format!("{c}"),
            Token::One => "<one>".to_owned(),
            Token::Many => "<many>".to_owned(),
            Token::Hole => "<hole>".to_owned(),
            Token::Never => "<never>".to_owned(),
            Token::Variable(variable) => format!("<{}>", variable.key),
        };
        Pattern::read(text, true, true).tokens(&keys).iter().map(show).collect()
    }

    #[test]
    fn variables_are_replaced_by_what_is_known() {
        assert_eq!(read("a${aws:PrincipalAccount}b"), "a12b");
        assert_eq!(read("${AWS:principalaccount, 'x'}"), "12");
        assert_eq!(read("${aws:username}-*"), "<aws:username>-<many>");
        assert_eq!(read("${none}|${none, 'all*'}|${none,''}|${several}"), "<never>|all*||<hole>");
        assert_eq!(read("${*}${?}${$}"), "*?$");
        assert_eq!(read("a**?$"), "a<many><one>$");
    }

    #[test]
    fn a_variable_that_cannot_be_read_hides_the_rest() {
        assert_eq!(read("a${b"), "a<hole>");
        assert_eq!(read("a${b${c}}d"), "a<hole>");
        assert_eq!(read("a${b, c}d"), "a<hole>d");
    }

    #[test]
    fn without_the_version_that_knows_them_variables_are_plain_text() {
        let tokens = Pattern::read("${a}", true, false);
        assert_eq!(tokens.tokens(&Keys::default()).len(), 4);
    }
}
