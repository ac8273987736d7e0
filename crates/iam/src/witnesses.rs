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

/// Finds witnesses that are longer than `prefix` and begin with it. Without a prefix that may include the empty text, if
/// the patterns distinguish it from all others. `arns_only`: the witnesses are ARNs.
pub(super) fn witnesses(patterns: &[(MatchMode, Vec<Token>)], prefix: &str, arns_only: bool) -> Witnesses {
    if let Some(texts) = literals(patterns, prefix, arns_only) {
        return Witnesses { texts, complete: true };
    }
    let mut patterns: Vec<_> = patterns.iter().map(|(mode, tokens)| (mode.clone(), normalized(tokens))).collect();
    if arns_only {
        let five_colons = (1..COMPONENTS).flat_map(|_| [Token::Char(':'), Token::Many]);
        patterns.push((MatchMode::Arn, "arn".chars().map(Token::Char).chain(five_colons).collect()));
    }
    let letters = letters(&patterns, prefix);
    let automaton = Automaton { patterns };
    let start = prefix.chars().fold(automaton.start(), |state, c| automaton.read(&state, c));
    let empty = (prefix.is_empty() && !arns_only).then(|| automaton.matched(&start));
    let (mut texts, mut complete, mut reads_left) = (Vec::new(), true, MAX_READS);
    let mut seen: HashSet<Vec<bool>> = HashSet::new();
    let mut search = Search::from(start);
    while let Some((state, number)) = search.queue.pop_front() {
        let cost = letters.len() * state.1.iter().map(|live| live.len() + 1).sum::<usize>();
        let Some(left) = reads_left.checked_sub(cost) else {
            complete = false;
            break;
        };
        reads_left = left;
        for &c in &letters {
            let next = automaton.read(&state, c);
            // The last pattern is that of an ARN.
            if arns_only && next.1.last().is_none_or(Vec::is_empty) {
                continue;
            }
            let matched = automaton.matched(&next);
            if (!arns_only || matched.last() == Some(&true)) && seen.insert(matched) {
                texts.push(format!("{prefix}{}{c}", search.text(number)));
            }
            complete &= search.visit(next, number, c);
        }
    }
    // Last, as AWS does not document for every operator whether an empty value counts as a value.
    texts.extend(empty.filter(|matched| !seen.contains(matched)).map(|_| String::new()));
    Witnesses { texts, complete }
}

/// The tokens with the `?` of each run of wildcards before one `*`: `?*?*` matches what `??*` does, but has more live
/// positions for each text.
fn normalized(tokens: &[Token]) -> Vec<Token> {
    let is_wildcard = |token: &Token| matches!(token, Token::One | Token::Many);
    let mut all = Vec::with_capacity(tokens.len());
    for run in tokens.chunk_by(|one, next| is_wildcard(one) && is_wildcard(next)) {
        all.extend(run.iter().filter(|token| **token != Token::Many).cloned());
        all.extend(run.contains(&Token::Many).then_some(Token::Many));
    }
    all
}

/// How many colons were read, and the live positions in each pattern.
type State = (usize, Vec<Vec<usize>>);

/// All patterns, run side by side.
struct Automaton {
    patterns: Vec<(MatchMode, Vec<Token>)>,
}

impl Automaton {
    fn start(&self) -> State {
        let start = self.patterns.iter().map(|(_, tokens)| {
            let mut live = Vec::new();
            enter(tokens, &mut live, 0);
            live
        });
        (0, start.collect())
    }

    fn read(&self, (colons, live): &State, c: char) -> State {
        let is_separator = c == ':' && colons + 1 < COMPONENTS;
        let next = self.patterns.iter().zip(live).map(|((mode, tokens), live)| {
            let mut next = Vec::new();
            let c = if *mode == MatchMode::IgnoreCase { c.to_ascii_lowercase() } else { c };
            let fixed = is_separator && *mode == MatchMode::Arn;
            step(tokens, live, &mut next, c, if fixed { Colons::Fixed } else { Colons::Free });
            next
        });
        (colons + usize::from(is_separator), next.collect())
    }

    /// Which patterns match the text that was read.
    fn matched(&self, (_, live): &State) -> Vec<bool> {
        self.patterns.iter().zip(live).map(|((_, tokens), live)| live.last() == Some(&tokens.len())).collect()
    }
}

/// A breadth-first search through the states of an [`Automaton`].
struct Search {
    numbers: HashMap<State, usize>,
    /// For each state by its number: the state before it, and the character between the two.
    reached: Vec<Option<(usize, char)>>,
    queue: VecDeque<(State, usize)>,
}

impl Search {
    fn from(start: State) -> Self {
        Self { numbers: HashMap::from([(start.clone(), 0)]), reached: vec![None], queue: VecDeque::from([(start, 0)]) }
    }

    /// The text that leads from the start to a state.
    fn text(&self, mut number: usize) -> String {
        let mut backwards = Vec::new();
        while let Some((before, c)) = self.reached[number] {
            backwards.push(c);
            number = before;
        }
        backwards.into_iter().rev().collect()
    }

    /// Queues a state unless it was visited. Returns false if the limit keeps it from being visited.
    fn visit(&mut self, state: State, before: usize, c: char) -> bool {
        if self.numbers.contains_key(&state) {
            return true;
        }
        if self.reached.len() == MAX_STATES {
            return false;
        }
        self.numbers.insert(state.clone(), self.reached.len());
        self.queue.push_back((state, self.reached.len()));
        self.reached.push(Some((before, c)));
        true
    }
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
