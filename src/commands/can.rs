//! `gatelight can`: simulates requests under given policies, and prints each decision and the statement behind it.

use std::{fs, io, path::Path};

use anyhow::{Context as _, bail};
use gatelight_iam::{
    DecidingStatement, Denial, Difference, NearMiss, Simulation, SimulationDecision, SimulationReader,
};
use serde::Serialize;

use crate::{cli::CanArgs, output::Sink};

const DENIED: u8 = 1;
const UNDETERMINED: u8 = 3;

#[derive(Serialize)]
struct DecisionRecord<'a> {
    decision: &'static str,
    decided_by: Option<StatementRecord<'a>>,
    /// Which allow is missing, where no statement denies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    missing_context: &'a [String],
    problems: &'a [String],
    near_misses: Vec<NearMissRecord<'a>>,
}

#[derive(Serialize)]
struct StatementRecord<'a> {
    policy: &'a str,
    statement: &'a str,
}

/// A statement that would allow the request but for one thing.
#[derive(Serialize)]
struct NearMissRecord<'a> {
    policy: &'a str,
    statement: &'a str,
    difference: &'static str,
    /// The condition key, where that is what differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    policy_value: &'a str,
    request_value: &'a str,
}

impl<'a> From<&'a NearMiss> for NearMissRecord<'a> {
    fn from(near_miss: &'a NearMiss) -> Self {
        let (difference, key) = match &near_miss.difference {
            Difference::ActionCharacter => ("action-character", None),
            Difference::Partition => ("partition", None),
            Difference::Region => ("region", None),
            Difference::Account => ("account", None),
            Difference::Suffix => ("suffix", None),
            Difference::ResourceCharacter => ("resource-character", None),
            Difference::ResourceName => ("resource-name", None),
            Difference::Condition(key) => ("condition", Some(key.as_str())),
            Difference::ScopedResource => ("scoped-resource", None),
            Difference::Principal => ("principal", None),
        };
        Self {
            policy: &near_miss.statement.policy,
            statement: &near_miss.statement.statement,
            difference,
            key,
            policy_value: &near_miss.policy_value,
            request_value: &near_miss.request_value,
        }
    }
}

impl<'a> From<&'a DecidingStatement> for StatementRecord<'a> {
    fn from(by: &'a DecidingStatement) -> Self {
        Self { policy: &by.policy, statement: &by.statement }
    }
}

/// Prints one JSON line per request. Returns the exit status: 0 if all requests are allowed, 1 if any is denied, else 3.
///
/// # Errors
/// If the input cannot be read or is not in the expected form. Nothing is printed then.
pub(crate) fn can(arguments: &CanArgs) -> anyhow::Result<u8> {
    let path = &arguments.policies;
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = read(path).with_context(|| format!("{name} cannot be read"))?;
    let text = String::from_utf8(bytes).ok().with_context(|| format!("{name} is not text in UTF-8"))?;
    // Some editors write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (mut lines, mut status) = (Vec::new(), None);
    for simulation in SimulationReader::new(text) {
        let own = simulate(&simulation.with_context(|| name.clone())?, &mut lines)?;
        status = Some(match (status, own) {
            (Some(DENIED), _) | (_, DENIED) => DENIED,
            (Some(UNDETERMINED), _) | (_, UNDETERMINED) => UNDETERMINED,
            (_, own) => own,
        });
    }
    let Some(status) = status else { bail!("{name} contains no request") };
    Sink::Stdout.json(|out| out.write_all(&lines))?;
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

/// Appends the decision on one request to `lines`, and returns its exit status.
fn simulate(simulation: &Simulation, lines: &mut Vec<u8>) -> serde_json::Result<u8> {
    let result = simulation.request.simulate(&simulation.policies);
    let (decision, decided_by, reason, status) = match &result.decision {
        SimulationDecision::Allowed(by) => ("allowed", by.as_ref(), None, 0),
        SimulationDecision::Denied(Denial::Explicit(by)) => ("denied-explicitly", Some(by), None, DENIED),
        SimulationDecision::Denied(denial) => ("denied-implicitly", None, Some(denial.to_string()), DENIED),
        SimulationDecision::Undetermined => ("undetermined", None, None, UNDETERMINED),
    };
    let record = DecisionRecord {
        decision,
        decided_by: decided_by.map(StatementRecord::from),
        reason,
        missing_context: &result.missing_context,
        problems: &result.problems,
        near_misses: result.near_misses.iter().map(NearMissRecord::from).collect(),
    };
    serde_json::to_writer(&mut *lines, &record)?;
    lines.push(b'\n');
    Ok(status)
}
