//! Texts that stand for all others: for every way in which a text can match some patterns and not the rest, one that does.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::{
    glob::{COMPONENTS, Colons, enter, step},
    pattern::Token,
};

/// A pattern, and how it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Mode {
    Text,
    /// Whatever the case; the tokens are in lower case.
    Folded,
    /// Component by component.
    Arn,
}

/// What a set of patterns can tell apart.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) texts: Vec<String>,
    /// Whether these are all.
    pub(super) whole: bool,
}

/// How many states are looked at before it is given up, and how many positions in patterns are read: hostile ones could
/// ask for more than there is time.
const STATES: usize = 4_000;
const READ: usize = 4_000_000;

/// Which positions are live in each pattern, and how many colons were read.
type State = (usize, Vec<Vec<usize>>);

/// Finds the texts that begin with `begin` and go on; where nothing is known of how they begin, also the empty one, if
/// the patterns tell it from all others. `arn`: only ARNs are looked for.
pub(super) fn texts(patterns: &[(Mode, Vec<Token>)], begin: &str, arn: bool) -> Texts {
    if let Some(texts) = literals(patterns, begin, arn) {
        return Texts { texts, whole: true };
    }
    let mut patterns = patterns.to_vec();
    let any_arn: Vec<Token> =
        "arn".chars().map(Token::Char).chain((1..COMPONENTS).flat_map(|_| [Token::Char(':'), Token::Many])).collect();
    if arn {
        patterns.push((Mode::Arn, any_arn));
    }
    let letters = letters(&patterns, begin);
    let read = |(colons, live): &State, c: char| -> State {
        let parting = c == ':' && colons + 1 < COMPONENTS;
        let next = patterns.iter().zip(live).map(|((mode, tokens), live)| {
            let mut next = Vec::new();
            let c = if *mode == Mode::Folded { c.to_ascii_lowercase() } else { c };
            let fixed = parting && *mode == Mode::Arn;
            step(tokens, live, &mut next, c, if fixed { Colons::Fixed } else { Colons::Free });
            next
        });
        (colons + usize::from(parting), next.collect())
    };
    let start = patterns.iter().map(|(_, tokens)| {
        let mut live = Vec::new();
        enter(tokens, &mut live, 0);
        live
    });
    let start = begin.chars().fold((0, start.collect()), |state, c| read(&state, c));
    let matched = |(_, live): &State| -> Vec<bool> {
        patterns.iter().zip(live).map(|((_, tokens), live)| live.last() == Some(&tokens.len())).collect()
    };
    let empty = (begin.is_empty() && !arn).then(|| matched(&start));

    let mut texts = Vec::new();
    let mut told: HashSet<Vec<bool>> = HashSet::new();
    // Each state that was reached, from which and by what.
    let mut reached: Vec<Option<(usize, char)>> = vec![None];
    let mut numbers: HashMap<State, usize> = HashMap::from([(start.clone(), 0)]);
    let mut queue = VecDeque::from([(start, 0)]);
    let (mut whole, mut budget) = (true, READ);
    while let Some((state, number)) = queue.pop_front() {
        let cost = letters.len() * state.1.iter().map(|live| live.len() + 1).sum::<usize>();
        let Some(left) = budget.checked_sub(cost) else {
            whole = false;
            break;
        };
        budget = left;
        for &c in &letters {
            let next = read(&state, c);
            if arn && next.1.last().is_none_or(Vec::is_empty) {
                continue;
            }
            let matched = matched(&next);
            if (!arn || matched.last() == Some(&true)) && told.insert(matched) {
                let mut ends = vec![c];
                let mut at = number;
                while let Some((before, c)) = reached[at] {
                    ends.push(c);
                    at = before;
                }
                texts.push(begin.chars().chain(ends.into_iter().rev()).collect());
            }
            if numbers.contains_key(&next) {
                continue;
            }
            if reached.len() == STATES {
                whole = false;
                continue;
            }
            numbers.insert(next.clone(), reached.len());
            queue.push_back((next, reached.len()));
            reached.push(Some((number, c)));
        }
    }
    // Last, as whether an empty value counts as one is not documented for every operator.
    texts.extend(empty.filter(|matched| !told.contains(matched)).map(|_| String::new()));
    Texts { texts, whole }
}

/// The only text that a pattern matches, if it has no wildcard and nothing in it is unknown.
pub(super) fn literal(tokens: &[Token]) -> Option<String> {
    tokens.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect()
}

/// The texts themselves and another one, where none of them has a wildcard.
fn literals(patterns: &[(Mode, Vec<Token>)], begin: &str, arn: bool) -> Option<Vec<String>> {
    let own = |(mode, tokens): &(Mode, Vec<Token>)| if *mode == Mode::Folded { None } else { literal(tokens) };
    let mut texts: Vec<String> = patterns.iter().map(own).collect::<Option<_>>()?;
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    let colons = |text: &str| text.matches(':').count();
    texts.retain(|text| text.starts_with(begin) && (text != begin || begin.is_empty()));
    if arn {
        texts.retain(|text| text.starts_with("arn:") && colons(text) + 1 >= COMPONENTS);
    }
    let mut other = if arn && begin.is_empty() { "arn:".to_owned() } else { begin.to_owned() };
    if arn {
        other.push_str(&"x:".repeat((COMPONENTS - 1).saturating_sub(colons(&other))));
    }
    other.push_str(&"x".repeat(longest + 1));
    texts.push(other);
    texts.sort();
    texts.dedup();
    Some(texts)
}

/// The letters that the patterns can tell apart, and one that stands for all others.
fn letters(patterns: &[(Mode, Vec<Token>)], begin: &str) -> Vec<char> {
    let mut letters: BTreeSet<char> = BTreeSet::new();
    for (mode, tokens) in patterns {
        for token in tokens {
            if let Token::Char(c) = token {
                letters.insert(*c);
                if *mode == Mode::Folded {
                    letters.insert(c.to_ascii_uppercase());
                }
            }
        }
    }
    let known: BTreeSet<char> = letters.iter().flat_map(|c| [c.to_ascii_lowercase(), c.to_ascii_uppercase()]).collect();
    let others = ('a'..='z').chain('0'..='9').chain('!'..='~').chain('\u{e000}'..='\u{f8ff}');
    let other = others.into_iter().find(|c| !known.contains(c) && *c != ':' && !begin.contains(*c));
    letters.extend(other);
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests;
