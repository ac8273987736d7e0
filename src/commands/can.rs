//! `gatelight can`: decides requests against given policies, and says which statement decided.

use std::{fs, io, path::Path};

use anyhow::{Context as _, bail};
use gatelight_iam::{Decider, Denial, Queries, Query, Verdict};
use serde::Serialize;

use crate::{cli::CanArgs, output::Sink};

const DENIED: u8 = 1;
const UNDETERMINED: u8 = 3;

#[derive(Serialize)]
struct Answer<'a> {
    decision: &'static str,
    decided_by: Option<Statement<'a>>,
    /// Why it is denied, where no statement denies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    missing_context: &'a [String],
    problems: &'a [String],
}

#[derive(Serialize)]
struct Statement<'a> {
    policy: &'a str,
    statement: &'a str,
}

impl<'a> From<&'a Decider> for Statement<'a> {
    fn from(decider: &'a Decider) -> Self {
        Self { policy: &decider.policy, statement: &decider.statement }
    }
}

/// Prints one answer a request, on a line; 0 if all are allowed, else 1 if any is denied, else 3.
///
/// # Errors
/// If the input cannot be read, or is not of the form. Then nothing is printed.
pub(crate) fn can(arguments: &CanArgs) -> anyhow::Result<u8> {
    let path = &arguments.policies;
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = read(path).with_context(|| format!("{name} cannot be read"))?;
    let text = String::from_utf8(bytes).ok().with_context(|| format!("{name} is not text in UTF-8"))?;
    // As some editors write it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (mut answers, mut status) = (Vec::new(), None);
    for query in Queries::new(text) {
        let own = answer(&query.with_context(|| name.clone())?, &mut answers)?;
        status = Some(match (status, own) {
            (Some(DENIED), _) | (_, DENIED) => DENIED,
            (Some(UNDETERMINED), _) | (_, UNDETERMINED) => UNDETERMINED,
            (_, own) => own,
        });
    }
    let Some(status) = status else { bail!("{name} holds no request") };
    Sink::Stdout.deliver(|out| out.write_all(&answers))?;
    Ok(status)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes)?;
    Ok(bytes)
}

/// Adds the answer to a request; tells its exit status.
fn answer(query: &Query, answers: &mut Vec<u8>) -> serde_json::Result<u8> {
    let ruling = query.question.decide(&query.policies);
    let (decision, decided_by, reason, status) = match &ruling.verdict {
        Verdict::Allowed(decider) => ("allowed", decider.as_ref(), None, 0),
        Verdict::Denied(Denial::Explicit(decider)) => ("denied-explicitly", Some(decider), None, DENIED),
        Verdict::Denied(denial) => ("denied-implicitly", None, Some(denial.to_string()), DENIED),
        Verdict::Undetermined => ("undetermined", None, None, UNDETERMINED),
    };
    let answer = Answer {
        decision,
        decided_by: decided_by.map(Statement::from),
        reason,
        missing_context: &ruling.missing_context,
        problems: &ruling.problems,
    };
    serde_json::to_writer(&mut *answers, &answer)?;
    answers.push(b'\n');
    Ok(status)
}
