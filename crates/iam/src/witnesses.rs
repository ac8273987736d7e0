//! Witnesses for a set of patterns: for every way in which a text can match some of them and not the others, one text
//! that does.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::{
    glob::{COMPONENTS, Colons, enter, step},
    pattern::Token,
};

/// How a pattern is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum MatchMode {
    Text,
    /// Regardless of case; the pattern is in lower case.
    IgnoreCase,
    /// Component by component.
    Arn,
}

/// One text for each way to match a set of patterns.
#[derive(Debug)]
pub(super) struct Witnesses {
    pub(super) texts: Vec<String>,
    /// Whether no way is missing.
    pub(super) complete: bool,
}

/// Limits on the search, as hostile patterns could ask for more than there is time: how many states are visited, and
/// how many positions in patterns are read.
const MAX_STATES: usize = 4_000;
const MAX_READS: usize = 4_000_000;

/// How many colons were read, and the live positions in each pattern.
type State = (usize, Vec<Vec<usize>>);

/// Finds witnesses that are longer than `prefix` and prefix with it. Without a prefix that may include the empty text, if
/// the patterns distinguish it from all others. `arns_only`: the witnesses are ARNs.
pub(super) fn witnesses(patterns: &[(MatchMode, Vec<Token>)], prefix: &str, arns_only: bool) -> Witnesses {
    if let Some(texts) = literals(patterns, prefix, arns_only) {
        return Witnesses { texts, complete: true };
    }
    let mut patterns = patterns.to_vec();
    let any_arn: Vec<Token> =
        "arn".chars().map(Token::Char).chain((1..COMPONENTS).flat_map(|_| [Token::Char(':'), Token::Many])).collect();
    if arns_only {
        patterns.push((MatchMode::Arn, any_arn));
    }
    let letters = letters(&patterns, prefix);
    let read = |(colons, live): &State, c: char| -> State {
        let is_separator = c == ':' && colons + 1 < COMPONENTS;
        let next = patterns.iter().zip(live).map(|((mode, tokens), live)| {
            let mut next = Vec::new();
            let c = if *mode == MatchMode::IgnoreCase { c.to_ascii_lowercase() } else { c };
            let fixed = is_separator && *mode == MatchMode::Arn;
            step(tokens, live, &mut next, c, if fixed { Colons::Fixed } else { Colons::Free });
            next
        });
        (colons + usize::from(is_separator), next.collect())
    };
    let start = patterns.iter().map(|(_, tokens)| {
        let mut live = Vec::new();
        enter(tokens, &mut live, 0);
        live
    });
    let start = prefix.chars().fold((0, start.collect()), |state, c| read(&state, c));
    let matched = |(_, live): &State| -> Vec<bool> {
        patterns.iter().zip(live).map(|((_, tokens), live)| live.last() == Some(&tokens.len())).collect()
    };
    let empty = (prefix.is_empty() && !arns_only).then(|| matched(&start));

    let mut texts = Vec::new();
    let mut seen: HashSet<Vec<bool>> = HashSet::new();
    // For each state that was reached: the state before it, and the character between the two.
    let mut reached: Vec<Option<(usize, char)>> = vec![None];
    let mut numbers: HashMap<State, usize> = HashMap::from([(start.clone(), 0)]);
    let mut queue = VecDeque::from([(start, 0)]);
    let (mut complete, mut budget) = (true, MAX_READS);
    while let Some((state, number)) = queue.pop_front() {
        let cost = letters.len() * state.1.iter().map(|live| live.len() + 1).sum::<usize>();
        let Some(left) = budget.checked_sub(cost) else {
            complete = false;
            break;
        };
        budget = left;
        for &c in &letters {
            let next = read(&state, c);
            if arns_only && next.1.last().is_none_or(Vec::is_empty) {
                continue;
            }
            let matched = matched(&next);
            if (!arns_only || matched.last() == Some(&true)) && seen.insert(matched) {
                let mut ends = vec![c];
                let mut at = number;
                while let Some((before, c)) = reached[at] {
                    ends.push(c);
                    at = before;
                }
                texts.push(prefix.chars().chain(ends.into_iter().rev()).collect());
            }
            if numbers.contains_key(&next) {
                continue;
            }
            if reached.len() == MAX_STATES {
                complete = false;
                continue;
            }
            numbers.insert(next.clone(), reached.len());
            queue.push_back((next, reached.len()));
            reached.push(Some((number, c)));
        }
    }
    // Last, as AWS does not document for every operator whether an empty value counts as a value.
    texts.extend(empty.filter(|matched| !seen.contains(matched)).map(|_| String::new()));
    Witnesses { texts, complete }
}

/// The only text that a pattern matches; `None` if it has a wildcard or something unknown.
pub(super) fn literal(tokens: &[Token]) -> Option<String> {
    tokens.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect()
}

/// Without wildcards: the patterns' own texts, and one other.
fn literals(patterns: &[(MatchMode, Vec<Token>)], prefix: &str, arns_only: bool) -> Option<Vec<String>> {
    let own =
        |(mode, tokens): &(MatchMode, Vec<Token>)| if *mode == MatchMode::IgnoreCase { None } else { literal(tokens) };
    let mut texts: Vec<String> = patterns.iter().map(own).collect::<Option<_>>()?;
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    let colons = |text: &str| text.matches(':').count();
    texts.retain(|text| text.starts_with(prefix) && (text != prefix || prefix.is_empty()));
    if arns_only {
        texts.retain(|text| text.starts_with("arn:") && colons(text) + 1 >= COMPONENTS);
    }
    let mut other = if arns_only && prefix.is_empty() { "arn:".to_owned() } else { prefix.to_owned() };
    if arns_only {
        other.push_str(&"x:".repeat((COMPONENTS - 1).saturating_sub(colons(&other))));
    }
    other.push_str(&"x".repeat(longest + 1));
    texts.push(other);
    texts.sort();
    texts.dedup();
    Some(texts)
}

/// The characters that the patterns distinguish, and one that stands for all others.
fn letters(patterns: &[(MatchMode, Vec<Token>)], prefix: &str) -> Vec<char> {
    let mut letters: BTreeSet<char> = BTreeSet::new();
    for (mode, tokens) in patterns {
        for token in tokens {
            if let Token::Char(c) = token {
                letters.insert(*c);
                if *mode == MatchMode::IgnoreCase {
                    letters.insert(c.to_ascii_uppercase());
                }
            }
        }
    }
    let known: BTreeSet<char> = letters.iter().flat_map(|c| [c.to_ascii_lowercase(), c.to_ascii_uppercase()]).collect();
    let others = ('a'..='z').chain('0'..='9').chain('!'..='~').chain('\u{e000}'..='\u{f8ff}');
    let other = others.into_iter().find(|c| !known.contains(c) && *c != ':' && !prefix.contains(*c));
    letters.extend(other);
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests;
