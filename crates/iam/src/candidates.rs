//! The values that a key of which nothing is known is supposed to have, one after the other.

use super::{
    condition::{Clause, Test, fold},
    document::{Part, Statement},
    glob::{Tail, has_hole},
    keys::{Keys, Possible},
    operator::{Compare, Operator, Quantifier},
    pattern::{Pattern, Token, Variable},
    statement::Ask,
};
use crate::{
    ordered::{Number, Range, date, dates},
    variable_values::within,
    witnesses::{Mode, literal, texts},
};

/// A key of which the value is not known.
#[derive(Debug)]
pub(super) struct Choice {
    /// As some policy spells it.
    pub(super) key: String,
    pub(super) lower: String,
    /// What stands for all that it may be; never empty.
    pub(super) values: Vec<Possible>,
}

/// What the statements ask of a key.
struct Asked<'a> {
    key: &'a str,
    lower: &'a str,
    clauses: Vec<&'a Clause>,
    /// Texts of which it may be a part, by way of a variable.
    parts: Vec<String>,
    /// A variable of it stands where its value cannot be told from what is known.
    unclear: bool,
    /// It is compared with another key of which the value is not known either.
    linked: bool,
}

/// As many values of one request as are tried in all combinations, and as many keys that are compared with each other.
const COMBINED: usize = 5;
const LINKED: usize = 4;

/// The keys on which these statements hang, in the order in which they are met.
pub(super) fn choices(statements: &[(&Statement, Ask<'_>)], keys: &Keys) -> Vec<Choice> {
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for (statement, ask) in statements {
        if let (Part::Is(resources), Some(text)) = (&statement.resource, ask.resource) {
            for pattern in &resources.list {
                let known = (text.tail == Tail::None).then_some(text.known);
                variables(pattern, known, keys, &mut asked);
            }
        }
        let Part::Is(clauses) = &statement.condition else { continue };
        for clause in clauses {
            let known = keys.known(&clause.lower);
            if known.is_none() {
                find(&mut asked, &clause.key, &clause.lower).clauses.push(clause);
            }
            let Test::Plain(_, values) = &clause.test else { continue };
            let texts: Option<Vec<&str>> = match known {
                Some(Possible::Value(text)) => Some(vec![text]),
                Some(Possible::Many(texts)) => Some(texts.iter().map(String::as_str).collect()),
                Some(Possible::Absent) => continue,
                _ => None,
            };
            for pattern in values {
                for text in texts.iter().flatten() {
                    variables(pattern, Some(text), keys, &mut asked);
                }
                if texts.is_none() && !link(clause, pattern, keys, &mut asked) {
                    variables(pattern, None, keys, &mut asked);
                }
            }
        }
    }
    share(&mut asked, keys);
    asked.into_iter().map(|asked| asked.choice(keys)).collect()
}

/// Notes that a key must equal another one, neither of which is known. The value of a variable has no wildcards, so
/// that `StringLike` too asks for the same text.
fn link<'a>(clause: &'a Clause, pattern: &'a Pattern, keys: &'a Keys, asked: &mut Vec<Asked<'a>>) -> bool {
    let Test::Plain(Operator { compare: Compare::String { fold: false, .. }, quantifier: Quantifier::One, .. }, _) =
        &clause.test
    else {
        return false;
    };
    let tokens = pattern.tokens(keys);
    let ([Token::Variable(_)], Some(variable)) = (&*tokens, pattern.unknown(keys).next()) else { return false };
    if variable.lower == clause.lower {
        return false;
    }
    for (key, lower) in [(&clause.key, &clause.lower), (&variable.key, &variable.lower)] {
        find(asked, key, lower).linked = true;
    }
    true
}

/// Keys that are compared with each other are tried with the same values, all that any of them may meet, and with one
/// more for each of them. With wildcards that would not be enough.
fn share(asked: &mut [Asked<'_>], keys: &Keys) {
    let linked: Vec<usize> = (0..asked.len()).filter(|at| asked[*at].linked).collect();
    let mut shared: Vec<String> = Vec::new();
    let mut clear = linked.len() <= LINKED;
    for at in &linked {
        let one = &asked[*at];
        shared.extend(one.parts.iter().cloned());
        for possible in keys.possible(one.lower).0 {
            match possible {
                Possible::Absent | Possible::Anything => {}
                Possible::Value(text) => shared.push(text.clone()),
                // No other key is tried with these.
                Possible::Many(_) | Possible::Arn { .. } | Possible::Begins(_) => clear = false,
            }
        }
        for (compare, quantifier, values) in one.tests() {
            clear &= quantifier == Quantifier::One && matches!(compare, Compare::String { fold: false, .. });
            for value in values {
                match &*value.tokens(keys) {
                    [Token::Variable(variable)] => shared.extend(variable.default.clone()),
                    tokens => match literal(tokens) {
                        Some(text) => shared.push(text),
                        None => clear = false,
                    },
                }
            }
        }
    }
    let others: Vec<String> = (0..)
        .map(|number: usize| format!("other-{number}"))
        .filter(|other| !shared.contains(other))
        .take(linked.len())
        .collect();
    shared.extend(others);
    for at in linked {
        if clear {
            asked[at].parts.clone_from(&shared);
        } else {
            asked[at].unclear = true;
        }
    }
}

fn find<'s, 'a>(asked: &'s mut Vec<Asked<'a>>, key: &'a str, lower: &'a str) -> &'s mut Asked<'a> {
    let at = asked.iter().position(|asked| asked.lower == lower).unwrap_or_else(|| {
        asked.push(Asked { key, lower, clauses: vec![], parts: vec![], unclear: false, linked: false });
        asked.len() - 1
    });
    &mut asked[at]
}

/// Notes the variables in a pattern that is compared with a text.
fn variables<'a>(pattern: &'a Pattern, text: Option<&str>, keys: &'a Keys, asked: &mut Vec<Asked<'a>>) {
    let unknown: Vec<&Variable> = pattern.unknown(keys).collect();
    for variable in &unknown {
        let parts = match (text, unknown.len()) {
            (Some(text), 1) => within(&pattern.tokens(keys), text),
            _ => None,
        };
        let asked = find(asked, &variable.key, &variable.lower);
        match parts {
            Some(parts) => asked.parts.extend(parts),
            None => asked.unclear = true,
        }
    }
}

impl Asked<'_> {
    fn choice(self, keys: &Keys) -> Choice {
        let mut values = Vec::new();
        for possible in keys.possible(self.lower).0 {
            match possible {
                Possible::Anything => values.extend(self.present("", keys)),
                Possible::Begins(begin) => values.extend(self.present(begin, keys)),
                known => values.push(known.clone()),
            }
        }
        Choice { key: self.key.to_owned(), lower: self.lower.to_owned(), values }
    }

    /// What stands for all values that begin like this, and go on.
    fn present(&self, begin: &str, keys: &Keys) -> Vec<Possible> {
        let mut whole = !self.unclear;
        let mut kinds: Vec<Kind> = self.tests().map(|(compare, _, _)| Kind::of(compare)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.retain(|kind| *kind != Kind::None);
        let mut found = Vec::new();
        if kinds.contains(&Kind::Bool) && begin.is_empty() {
            found.extend(["true".to_owned(), "false".to_owned()]);
        } else {
            // Nothing tells which numbers are also matched by which texts.
            whole &= kinds.len() <= 1 && (begin.is_empty() || kinds == [Kind::Text] || kinds.is_empty());
            let all = |kind| kinds.contains(&kind);
            if all(Kind::Number) {
                found.extend(Number::places(self.values().filter_map(|value| Number::read(value.text())).collect()));
            }
            if all(Kind::Date) {
                found.extend(dates(self.values().filter_map(|value| date(value.text())).collect()));
            }
            if all(Kind::Ip) {
                let ranges: Vec<_> = self.values().filter_map(|value| Range::read(value.text())).collect();
                found.extend(Range::places(&ranges));
            }
            if all(Kind::Text) || kinds.is_empty() {
                let (texts, all) = self.texts(begin, keys);
                whole &= all;
                found.extend(texts);
            }
        }
        let one = self.tests().any(|(_, quantifier, _)| quantifier == Quantifier::One);
        let several = self.tests().any(|(_, quantifier, _)| quantifier != Quantifier::One);
        if one && several {
            // A key has one value or several, by its kind; nothing here tells which.
            whole = false;
        }
        let mut values =
            if several && !one { sets(found, &mut whole) } else { found.into_iter().map(Possible::Value).collect() };
        if !whole || values.is_empty() {
            values.push(if begin.is_empty() { Possible::Anything } else { Possible::Begins(begin.to_owned()) });
        }
        values
    }

    /// The tests of its value; whether it exists at all is none.
    fn tests(&self) -> impl Iterator<Item = (Compare, Quantifier, &[Pattern])> {
        self.clauses.iter().filter_map(|clause| match &clause.test {
            Test::Plain(operator, _) if operator.compare == Compare::Null => None,
            Test::Plain(operator, values) => Some((operator.compare, operator.quantifier, values.as_slice())),
            Test::Strange(_) => None,
        })
    }

    fn values(&self) -> impl Iterator<Item = &Pattern> {
        self.tests().flat_map(|(_, _, values)| values)
    }

    /// The texts that its conditions can tell apart, and whether they are all.
    fn texts(&self, begin: &str, keys: &Keys) -> (Vec<String>, bool) {
        let mut patterns: Vec<(Mode, Vec<Token>)> =
            self.parts.iter().map(|text| (Mode::Text, text.chars().map(Token::Char).collect())).collect();
        let mut arn = false;
        let mut whole = true;
        for (compare, _, values) in self.tests() {
            arn |= compare == Compare::Arn;
            for value in values {
                // What it is compared with is shared among all that are linked.
                if self.linked {
                    continue;
                }
                let tokens = value.tokens(keys).into_owned();
                if has_hole(&tokens) {
                    whole = false;
                    continue;
                }
                patterns.push(match compare {
                    Compare::String { fold: true, .. } => (Mode::Folded, tokens.iter().map(fold).collect()),
                    Compare::Arn => (Mode::Arn, tokens),
                    _ => (Mode::Text, tokens),
                });
            }
        }
        patterns.sort();
        patterns.dedup();
        let found = texts(&patterns, begin, arn);
        (found.texts, whole && found.whole)
    }
}

/// Every combination of the values of one request; of too many, some.
fn sets(values: Vec<String>, whole: &mut bool) -> Vec<Possible> {
    if values.len() > COMBINED {
        *whole = false;
        return values.into_iter().map(Possible::Value).collect();
    }
    let set = |chosen: u32| {
        let member = |(at, value): (usize, &String)| (chosen >> at & 1 == 1).then(|| value.clone());
        values.iter().enumerate().filter_map(member).collect::<Vec<_>>()
    };
    (1..1_u32 << values.len()).map(set).map(Possible::Many).collect()
}

/// What a value is compared as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    None,
    Text,
    Bool,
    Number,
    Date,
    Ip,
}

impl Kind {
    fn of(compare: Compare) -> Self {
        match compare {
            Compare::String { .. } | Compare::Arn | Compare::Binary => Self::Text,
            Compare::Bool => Self::Bool,
            Compare::Number(_) => Self::Number,
            Compare::Date(_) => Self::Date,
            Compare::Ip => Self::Ip,
            Compare::Null => Self::None,
        }
    }
}
