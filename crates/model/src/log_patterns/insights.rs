//! The patterns as a query of CloudWatch Logs Insights, for log groups of class `INFREQUENT_ACCESS`, which
//! `FilterLogEvents` does not search.
//!
//! Of the query language stands here only what AWS documents with examples, as no emulator knows it all: `like "text"`
//! finds the text anywhere in a field, in the case in which it is written, and `and`, `or` and parentheses join such
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
    let mut conditions = Vec::new();
    for LogPattern { any_of, and_any_of, .. } in patterns {
        for text in *any_of {
            if and_any_of.is_empty() {
                conditions.push(holds(text));
            }
            conditions.extend(and_any_of.iter().map(|and| format!("({} and {})", holds(text), holds(and))));
        }
    }
    let filter = if conditions.is_empty() { String::new() } else { format!(" | filter {}", conditions.join(" or ")) };
    format!("fields @timestamp, @message{filter} | sort @timestamp asc | limit {ROWS}")
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

    /// What a query's filter lets through, read from the query itself: alternatives of conjunctions of texts.
    fn read(query: &str) -> Vec<Vec<String>> {
        let rest = query.strip_prefix("fields @timestamp, @message | filter ").expect("a filter");
        let mut rest = rest.strip_suffix(" | sort @timestamp asc | limit 10000").expect("sorted and limited");
        let mut alternatives = Vec::new();
        loop {
            let inner = rest.strip_prefix('(');
            rest = inner.unwrap_or(rest);
            let mut conjunction = Vec::new();
            loop {
                rest = rest.strip_prefix("@message like \"").expect("a condition");
                let mut text = String::new();
                let mut characters = rest.char_indices();
                loop {
                    match characters.next().expect("the quotation mark that ends it") {
                        (_, '\\') => text.push(characters.next().expect("a character").1),
                        (at, '"') => {
                            rest = &rest[at + 1..];
                            break;
                        }
                        (_, character) => text.push(character),
                    }
                }
                conjunction.push(text);
                match rest.strip_prefix(" and ") {
                    Some(more) if inner.is_some() => rest = more,
                    _ => break,
                }
            }
            if inner.is_some() {
                rest = rest.strip_prefix(')').expect("what was opened is closed");
            }
            alternatives.push(conjunction);
            match rest.strip_prefix(" or ") {
                Some(more) => rest = more,
                None => break,
            }
        }
        assert_eq!(rest, "");
        alternatives
    }

    fn lets_through(query: &str, line: &str) -> bool {
        read(query).iter().any(|texts| texts.iter().all(|text| line.contains(text.as_str())))
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
            let texts = read(&query);
            assert!(texts.contains(&vec!["AccessDenied".to_owned(), "xray:Put".to_owned()]), "{texts:?}");
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        for text in [r#"a" or @message like ""#, r"back\slash", r#"\""#, "'", "/x/", "a | limit 1", "ü"] {
            let query =
                format!("fields @timestamp, @message | filter {} | sort @timestamp asc | limit 10000", holds(text));
            assert_eq!(read(&query), [[text]], "{query}");
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
                        all().flat_map(|pattern| pattern.any_of.iter().chain(pattern.and_any_of)).collect::<Vec<_>>()
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
