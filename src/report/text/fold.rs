//! Folds many names into few words, so that a page can show every one of them: `svc-00…35/prod`, `orders/{beta,prod}`.

use std::collections::{BTreeSet, HashMap};

/// Names whose numbers follow each other are folded from this many on.
const RANGE: usize = 3;

/// Several names as one piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) text: String,
    /// How many names it stands for.
    pub(crate) names: usize,
}

/// Folds names that differ in one number, then the stages of one API. The order is that of the first name of each.
pub(crate) fn fold(names: &[String]) -> Vec<Folded> {
    let mut pieces: Vec<Option<Folded>> =
        names.iter().map(|name| Some(Folded { text: name.clone(), names: 1 })).collect();
    let mut folded = vec![false; names.len()];
    let mut ranges = ranges(names);
    ranges.sort_by(|a, b| b.members.len().cmp(&a.members.len()).then(a.members.cmp(&b.members)));
    for range in ranges {
        let mut members: BTreeSet<usize> = range.members.iter().copied().collect();
        if members.iter().any(|member| folded[*member]) {
            continue;
        }
        let text = range.text();
        let first = members.pop_first().expect("a range has members");
        pieces[first] = Some(Folded { text, names: members.len() + 1 });
        folded[first] = true;
        for member in members {
            pieces[member] = None;
            folded[member] = true;
        }
    }
    fold_stages(names, &folded, &mut pieces);
    pieces.into_iter().flatten().collect()
}

/// The number in a name, its digits, and the position of the name.
type Numbered<'a> = (u64, &'a str, usize);

/// Names that are the same but for a number, each of which follows the one before.
struct NumberRange<'a> {
    before: &'a str,
    after: &'a str,
    first: &'a str,
    last: &'a str,
    /// Positions among the names.
    members: Vec<usize>,
}

impl NumberRange<'_> {
    fn text(&self) -> String {
        format!("{}{}…{}{}", self.before, self.first, self.last, self.after)
    }
}

/// Every range of at least [`RANGE`] names. A name can be in one for each of its numbers.
fn ranges(names: &[String]) -> Vec<NumberRange<'_>> {
    // By what is around the number, and, where it has leading zeros, by how many digits it has.
    let mut groups: HashMap<(&str, &str), Vec<Numbered<'_>>> = HashMap::new();
    for (position, name) in names.iter().enumerate() {
        for (start, end) in digit_runs(name) {
            let digits = &name[start..end];
            if let Ok(number) = digits.parse() {
                groups.entry((&name[..start], &name[end..])).or_default().push((number, digits, position));
            }
        }
    }
    let mut ranges = Vec::new();
    for ((before, after), mut numbers) in groups {
        numbers.sort_unstable();
        for run in numbers.chunk_by(follows).filter(|run| run.len() >= RANGE) {
            let (first, last) = (run[0].1, run[run.len() - 1].1);
            let members = run.iter().map(|(_, _, position)| *position).collect();
            ranges.push(NumberRange { before, after, first, last, members });
        }
    }
    ranges
}

/// Whether the second number is what a person would count to from the first: `09` → `10` and `9` → `10`, not `9` → `010`.
fn follows(first: &Numbered<'_>, second: &Numbered<'_>) -> bool {
    let padded = first.1.starts_with('0') || second.1.starts_with('0');
    second.0 == first.0 + 1 && (first.1.len() == second.1.len() || !padded)
}

/// Where a name has digits, from and to which byte.
fn digit_runs(name: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (position, _) in name.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match runs.last_mut() {
            Some((_, end)) if *end == position => *end += 1,
            _ => runs.push((position, position + 1)),
        }
    }
    runs
}

/// `orders/beta` and `orders/prod` → `orders/{beta,prod}`, for names that are not in a range.
fn fold_stages(names: &[String], folded: &[bool], pieces: &mut [Option<Folded>]) {
    let mut apis: HashMap<&str, Vec<usize>> = HashMap::new();
    for (position, name) in names.iter().enumerate().filter(|(position, _)| !folded[*position]) {
        if let Some((api, stage)) = name.rsplit_once('/')
            && !api.is_empty()
            && !stage.contains(['{', '}', ','])
        {
            apis.entry(api).or_default().push(position);
        }
    }
    for (api, positions) in apis.into_iter().filter(|(_, positions)| positions.len() > 1) {
        let stages: Vec<&str> = positions.iter().map(|position| &names[*position][api.len() + 1..]).collect();
        pieces[positions[0]] = Some(Folded { text: format!("{api}/{{{}}}", stages.join(",")), names: positions.len() });
        for position in &positions[1..] {
            pieces[*position] = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let folded = fold(&names);
        assert_eq!(folded.iter().map(|piece| piece.names).sum::<usize>(), names.len(), "{folded:?}");
        folded.into_iter().map(|piece| piece.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_that_follow_each_other_are_a_range() {
        let services: Vec<String> = (0..36).map(|number| format!("svc-{number:02}/prod")).collect();
        let services: Vec<&str> = services.iter().map(String::as_str).collect();
        assert_eq!(text(&services), "svc-00…35/prod");
        assert_eq!(text(&["a8", "a9", "a10", "a11"]), "a8…11");
        assert_eq!(text(&["a08", "a09", "a10", "a12", "b1"]), "a08…10 a12 b1");
        assert_eq!(text(&["v1-1", "v1-2", "v1-3", "v2-1", "v2-2", "v2-3"]), "v1-1…3 v2-1…3");
    }

    #[test]
    fn what_is_no_range_stays() {
        assert_eq!(text(&["a1", "a2"]), "a1 a2");
        assert_eq!(text(&["a1", "a01", "a2", "a3"]), "a1…3 a01");
        assert_eq!(text(&["a9", "a010", "a011"]), "a9 a010 a011");
        assert_eq!(text(&["99999999999999999999999a", "x"]), "99999999999999999999999a x");
        assert_eq!(text(&[]), "");
    }

    #[test]
    fn stages_of_one_api_share_its_name() {
        assert_eq!(text(&["orders/beta", "orders/prod", "users/prod"]), "orders/{beta,prod} users/prod");
        assert_eq!(text(&["shop/$default", "shop/v1"]), "shop/{$default,v1}");
        assert_eq!(text(&["/aws/lambda/a", "/aws/lambda/b"]), "/aws/lambda/{a,b}");
        assert_eq!(text(&["s-1/prod", "s-2/prod", "s-3/prod", "s-3/test"]), "s-1…3/prod s-3/test");
    }

    proptest::proptest! {
        #[test]
        fn no_name_is_lost(names in proptest::collection::btree_set("[ab]{0,2}[0-9]{0,3}(/[0-9a]{1,2})?", 0..40)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            // The sum is asserted in it.
            text(&names);
        }
    }
}
