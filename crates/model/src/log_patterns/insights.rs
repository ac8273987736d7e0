//! The patterns as a query of CloudWatch Logs Insights, for log groups of class `INFREQUENT_ACCESS`, which
//! `FilterLogEvents` does not search.
//!
//! Of the query language stands here only what AWS documents with examples, as no emulator knows it all: `like "text"`
//! finds the text anywhere in a field, in the case in which it is written, and `and`, `or`, `not` and parentheses join such
//! conditions (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html>). All of it holds for
//! class `INFREQUENT_ACCESS`
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData_Classes.html>).

use super::pattern::LogPattern;

/// The most characters of a query (`StartQuery`, `queryString`).
pub const LONGEST_QUERY: usize = 10_000;
/// The most events that a query gives at once (`GetQueryResults`, `maxItems`).
pub const ROWS: usize = 10_000;

/// A query for the time and the text of events that match one of the patterns, the oldest first; of all events if there
/// are no patterns.
pub(super) fn query(patterns: impl Iterator<Item = &'static LogPattern>) -> String {
    let conditions: Vec<_> = patterns.map(condition).collect();
    let filter = if conditions.is_empty() { String::new() } else { format!(" | filter {}", conditions.join(" or ")) };
    format!("fields @timestamp, @message{filter} | sort @timestamp asc | limit {ROWS}")
}

/// What holds of the lines of a pattern.
fn condition(pattern: &LogPattern) -> String {
    let LogPattern { any_of, and_any_of, none_of, .. } = pattern;
    let any = |texts: &[&str]| texts.iter().map(|text| holds(text)).collect::<Vec<_>>().join(" or ");
    match (and_any_of.is_empty(), none_of.is_empty()) {
        (true, true) => any(any_of),
        (false, true) => format!("(({}) and ({}))", any(any_of), any(and_any_of)),
        (true, false) => format!("(({}) and not ({}))", any(any_of), any(none_of)),
        (false, false) => format!("(({}) and ({}) and not ({}))", any(any_of), any(and_any_of), any(none_of)),
    }
}

fn holds(text: &str) -> String {
    format!("@message {}", term(text))
}

/// How a query names a text.
pub(super) fn term(text: &str) -> String {
    format!("like \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{LogPatterns, OPTIONAL, PATTERNS, all},
        *,
    };

    fn everything() -> LogPatterns {
        LogPatterns::with(OPTIONAL.iter().map(|pattern| pattern.name)).expect("names")
    }

    /// A condition, read from the query itself.
    #[derive(Debug, PartialEq)]
    enum Condition {
        Holds(String),
        All(Vec<Condition>),
        Any(Vec<Condition>),
        Not(Box<Condition>),
    }

    impl Condition {
        fn lets_through(&self, line: &str) -> bool {
            match self {
                Self::Holds(text) => line.contains(text.as_str()),
                Self::All(all) => all.iter().all(|part| part.lets_through(line)),
                Self::Any(any) => any.iter().any(|part| part.lets_through(line)),
                Self::Not(not) => !not.lets_through(line),
            }
        }
    }

    fn read(query: &str) -> Condition {
        let rest = query.strip_prefix("fields @timestamp, @message | filter ").expect("a filter");
        let mut rest = rest.strip_suffix(" | sort @timestamp asc | limit 10000").expect("sorted and limited");
        let condition = joined(&mut rest);
        assert_eq!(rest, "", "what was opened is closed");
        condition
    }

    /// Conditions joined by one word: what binds closer than what does not matter here.
    fn joined(rest: &mut &str) -> Condition {
        let mut parts = vec![single(rest)];
        let mut word = None;
        while let Some(next) = [" or ", " and "].into_iter().find(|word| rest.starts_with(word)) {
            assert!(word.is_none_or(|word| word == next), "{rest}");
            word = Some(next);
            *rest = &rest[next.len()..];
            parts.push(single(rest));
        }
        match word {
            None => parts.remove(0),
            Some(" or ") => Condition::Any(parts),
            Some(_) => Condition::All(parts),
        }
    }

    fn single(rest: &mut &str) -> Condition {
        if let Some(more) = rest.strip_prefix("not ") {
            *rest = more;
            return Condition::Not(Box::new(single(rest)));
        }
        if let Some(more) = rest.strip_prefix('(') {
            *rest = more;
            let inner = joined(rest);
            *rest = rest.strip_prefix(')').expect("what was opened is closed");
            return inner;
        }
        *rest = rest.strip_prefix("@message like \"").expect("a condition");
        let mut text = String::new();
        let mut characters = rest.char_indices();
        loop {
            match characters.next().expect("the quotation mark that ends it") {
                (_, '\\') => text.push(characters.next().expect("a character").1),
                (at, '"') => {
                    *rest = &rest[at + 1..];
                    return Condition::Holds(text);
                }
                (_, character) => text.push(character),
            }
        }
    }

    fn lets_through(query: &str, line: &str) -> bool {
        read(query).lets_through(line)
    }

    #[test]
    fn a_query_is_one_that_cloudwatch_takes() {
        let segment: Vec<_> = PATTERNS.iter().filter(|pattern| pattern.name == "segment-dropped").collect();
        assert_eq!(
            query(segment.into_iter()),
            r#"fields @timestamp, @message | filter @message like "Segment dropped." | sort @timestamp asc | limit 10000"#
        );
        assert_eq!(query(std::iter::empty()), "fields @timestamp, @message | sort @timestamp asc | limit 10000");
        for patterns in [LogPatterns::default(), everything()] {
            let query = patterns.insights_query();
            assert!(query.chars().count() <= LONGEST_QUERY, "{}", query.chars().count());
            assert!(!query.contains('\n') && query.matches(" | ").count() == 3, "{query}");
            assert!(lets_through(&query, "AccessDenied … xray:Put"), "{query}");
            assert!(!lets_through(&query, "AccessDenied") && !lets_through(&query, "xray:Put"), "{query}");
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        for text in [r#"a" or @message like ""#, r"back\slash", r#"\""#, "'", "/x/", "a | limit 1", "ü"] {
            let query =
                format!("fields @timestamp, @message | filter {} | sort @timestamp asc | limit 10000", holds(text));
            assert_eq!(read(&query), Condition::Holds(text.to_owned()), "{query}");
        }
    }

    /// A query that somebody ran, or CloudTrail's record of one, holds every text that it searches for.
    #[test]
    fn a_query_is_not_what_it_searches_for() {
        let query = everything().insights_query();
        for line in [
            format!("aws logs start-query --query-string '{query}'"),
            serde_json::json!({"eventName": "StartQuery", "requestParameters": {"queryString": query}}).to_string(),
        ] {
            assert_eq!(everything().matches(&line), None, "{line}");
        }
    }

    fn some_of() -> impl Strategy<Value = Vec<&'static LogPattern>> {
        prop::collection::vec(prop::sample::select(OPTIONAL.iter().collect::<Vec<_>>()), 0..OPTIONAL.len())
    }

    proptest! {
        /// Whatever else stands in a line, and whichever patterns were chosen.
        #[test]
        fn every_line_that_matches_is_let_through(
            chosen in some_of(),
            parts in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(
                        all()
                            .flat_map(|pattern| pattern.any_of.iter().chain(pattern.and_any_of).chain(pattern.none_of))
                            .collect::<Vec<_>>()
                    ).prop_map(|text| (*text).to_owned()),
                    "[ -~]{0,12}",
                    any::<String>(),
                ],
                0..5,
            ),
        ) {
            let patterns = LogPatterns::with(chosen.iter().map(|pattern| pattern.name)).expect("names");
            let line = parts.concat();
            let query = patterns.insights_query();
            prop_assert!(patterns.matches(&line).is_none() || lets_through(&query, &line), "{line}");
            // And it lets through nothing else but Gatelight's own lines.
            let fits = patterns.matches(&line).is_some() || super::super::is_our_own(&line);
            prop_assert!(fits || !lets_through(&query, &line), "{line}");
        }
    }
}
