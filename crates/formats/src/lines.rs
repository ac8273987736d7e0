//! Recognises which lines of a log group one stage wrote: a group can hold lines of many stages, and other text.

use crate::template::{Template, TemplatePart};

/// Matches lines of one stage's access log: literal text exactly as in the format, the stage's own values for
/// `$context.apiId` and `$context.stage`, and anything for other variables.
#[derive(Clone, Debug)]
pub struct StageLineMatcher {
    /// The text before the first run of variables.
    start: String,
    /// Each run of variables, and the text after it.
    rest: Vec<(VariableRun, String)>,
}

/// Variables with no text between them, so that it is not visible where one ends.
#[derive(Clone, Debug)]
struct VariableRun {
    /// Their joined value in the stage's lines. `None` if one of them can be anything.
    value: Option<String>,
}

impl StageLineMatcher {
    /// Matches lines of stage `stage` of API `api` with the access-log format `format`. `None` if the format does not
    /// contain `apiId` and `stage` where their ends show: then the stage's lines look like any other's.
    #[must_use]
    pub fn new(format: &str, api: &str, stage: &str) -> Option<Self> {
        let (mut start, mut rest): (String, Vec<(VariableRun, String)>) = (String::new(), Vec::new());
        let (mut names_api, mut names_stage) = (Vec::new(), Vec::new());
        for part in Template::parse(format.trim_end_matches(['\n', '\r'])).parts() {
            let variable = match part {
                TemplatePart::Text(text) | TemplatePart::Unsupported(text) => {
                    rest.last_mut().map_or(&mut start, |(_, text)| text).push_str(text);
                    continue;
                }
                TemplatePart::Variable(variable) => variable,
            };
            // AWS does not document what API Gateway does with braces.
            let value = match variable.name {
                "apiId" if !variable.is_braced() => Some(api),
                "stage" if !variable.is_braced() => Some(stage),
                _ => None,
            };
            match rest.last_mut() {
                Some((run, text)) if text.is_empty() => {
                    run.value = run.value.take().zip(value).map(|(before, value)| before + value);
                }
                _ => rest.push((VariableRun { value: value.map(str::to_owned) }, String::new())),
            }
            match variable.name {
                "apiId" => names_api.push(rest.len() - 1),
                "stage" => names_stage.push(rest.len() - 1),
                _ => {}
            }
        }
        let is_visible = |runs: &[usize]| runs.iter().any(|run| rest[*run].0.value.is_some());
        (is_visible(&names_api) && is_visible(&names_stage)).then_some(Self { start, rest })
    }

    /// Whether the stage provably wrote a line. The line must match in exactly one way. If a client put the format's own
    /// literal text into a value, the line can match in two ways and proves nothing.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        let Some((last, inner)) = self.rest.split_last() else { return false };
        let line = line.trim_end_matches(['\n', '\r']);
        let middle = line.strip_prefix(self.start.as_str()).and_then(|rest| rest.strip_suffix(last.1.as_str()));
        let Some(middle) = middle else { return false };
        let (mut from, mut first) = (0, Vec::with_capacity(inner.len()));
        for (_, text) in inner {
            let Some(found) = middle[from..].find(text.as_str()) else { return false };
            first.push(from + found);
            from += found + text.len();
        }
        let mut to = middle.len();
        for ((_, text), first) in inner.iter().zip(&first).rev() {
            if middle[..to].rfind(text.as_str()) != Some(*first) {
                return false;
            }
            to = *first;
        }
        let mut from = 0;
        let ends = first.iter().copied().zip(inner.iter().map(|(_, text)| text.len())).chain([(middle.len(), 0)]);
        self.rest.iter().zip(ends).all(|((run, _), (end, length))| {
            let value = &middle[from..end];
            from = end + length;
            run.value.as_deref().is_none_or(|own| own == value)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JSON: &str = r#"{"api":"$context.apiId","stage":"$context.stage","path":"$context.path"}"#;

    fn own(format: &str) -> Option<StageLineMatcher> {
        StageLineMatcher::new(format, "a1b2c3d4e5", "prod")
    }

    fn is(format: &str, line: &str) -> bool {
        own(format).expect("names both").matches(line)
    }

    #[test]
    fn a_format_must_name_api_and_stage_where_their_ends_show() {
        for format in [
            JSON,
            "$context.apiId $context.stage",
            "$context.apiId$context.stage",
            "$context.stage$context.apiId: $context.path",
            "$context.path$context.stage $context.apiId $context.stage",
            "$context.apiId/$context.stage\n",
        ] {
            assert!(own(format).is_some(), "{format}");
        }
        for format in [
            "",
            "{}",
            r#"{"api":"$context.apiId"}"#,
            r#"{"stage":"$context.stage"}"#,
            r#"{"api":"${context.apiId}","stage":"$context.stage"}"#,
            "$context.apiId $context.stage$context.path",
            "$context.path$context.apiId $context.stage",
            "$context.apiId$context.stage$context.path",
            "$context.apiid $context.stage",
        ] {
            assert!(own(format).is_none(), "{format}");
        }
    }

    #[test]
    fn literals_stand_exactly_and_other_variables_may_be_anything() {
        let line = r#"{"api":"a1b2c3d4e5","stage":"prod","path":"/x"}"#;
        assert!(is(JSON, line) && is(JSON, &format!("{line}\n")) && is(&format!("{JSON}\n"), line));
        assert!(is(JSON, r#"{"api":"a1b2c3d4e5","stage":"prod","path":"-"}"#));
        // The same text may part all fields.
        let csv = "$context.path,$context.apiId,$context.stage,$context.status";
        assert!(is(csv, "/,a1b2c3d4e5,prod,200") && !is(csv, "/,prod,a1b2c3d4e5,200"));
        for other in [
            r#"{"api":"f6g7h8i9j0","stage":"prod","path":"/x"}"#,
            r#"{"api":"a1b2c3d4e5","stage":"prod2","path":"/x"}"#,
            r#"{"api":"a1b2c3d4e5","stage":"pro","path":"/x"}"#,
            r#"{"api":"a1b2c3d4e5", "stage":"prod","path":"/x"}"#,
            r#" {"api":"a1b2c3d4e5","stage":"prod","path":"/x"}"#,
            r#"{"api":"a1b2c3d4e5","stage":"prod","path":"/x"} "#,
            r#"{"api":"a1b2c3d4e5","stage":"prod"}"#,
            "START RequestId: a1b2c3d4e5 prod",
            "",
            "\"}",
        ] {
            assert!(!is(JSON, other), "{other}");
        }
        assert!(is("$context.apiId$context.stage $context.status", "a1b2c3d4e5prod 200"));
        assert!(!is("$context.apiId$context.stage $context.status", "a1b2c3d4e5dev 200"));
    }

    /// Another stage's line, in which a client wrote what this stage's lines look like.
    #[test]
    fn a_line_that_reads_in_two_ways_proves_nothing() {
        let format = r#"{"path":"$context.path","api":"$context.apiId","stage":"$context.stage","agent":"$context.identity.userAgent"}"#;
        let forged = r#"","api":"a1b2c3d4e5","stage":"prod","agent":""#;
        let line = |path: &str, agent: &str| {
            format!(r#"{{"path":"{path}","api":"f6g7h8i9j0","stage":"prod","agent":"{agent}"}}"#)
        };
        assert!(is(format, &line("/", "curl").replace("f6g7h8i9j0", "a1b2c3d4e5")));
        for (path, agent) in [("/", "curl"), (forged, "curl"), ("/", forged), (forged, forged)] {
            assert!(!is(format, &line(path, agent)), "{path} {agent}");
        }
    }

    proptest! {
        /// What API Gateway writes for the stage is recognised, unless values hold what stands between them.
        #[test]
        fn a_filled_format_is_the_stages_own(path in "[a-z/ $]{0,20}", stage in "[a-zA-Z0-9_-]{1,12}", other in "[a-z]{13}") {
            let line = |stage: &str| {
                JSON.replace("$context.apiId", "a1b2c3d4e5").replace("$context.stage", stage).replace("$context.path", &path)
            };
            let own = StageLineMatcher::new(JSON, "a1b2c3d4e5", &stage).expect("names both");
            prop_assert!(own.matches(&line(&stage)));
            prop_assert!(!own.matches(&line(&other)));
        }

        #[test]
        fn any_format_and_line_are_read(format in r#"([$]context[.](apiId|stage|path)|[{}":a ]|é){0,12}"#, line in r#"[{}":a é]{0,20}"#) {
            if let Some(own) = StageLineMatcher::new(&format, "a", "a") {
                let _ = own.matches(&line);
            }
        }
    }
}
