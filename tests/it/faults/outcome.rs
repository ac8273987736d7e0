//! Runs of the program against the synthetic AWS, and what may differ between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{ORGANIZATION, REGION};
use crate::support::{
    fake::{Account, Fake, Rule},
    run::Gatelight,
};

/// A run of the program, and its report.
pub(super) struct AuditRun {
    pub(super) status: Option<i32>,
    pub(super) took: Duration,
    pub(super) stderr: String,
    pub(super) report: Value,
    pub(super) requests: BTreeMap<String, usize>,
}

/// (check, subject) → (verdict, severity).
pub(super) type Outcomes = BTreeMap<(String, String), (String, String)>;

impl AuditRun {
    pub(super) fn outcomes(&self) -> Outcomes {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let outcomes = self.report["outcomes"].as_array().map_or(&[][..], Vec::as_slice);
        let pair =
            |o: &Value| ((text(&o["check"]), text(&o["subject"]["arn"])), (text(&o["verdict"]), text(&o["severity"])));
        outcomes.iter().map(pair).collect()
    }

    /// (operation, kind) of each gap.
    pub(super) fn gaps(&self) -> BTreeSet<(String, String)> {
        let shards = self.report["shards"].as_array().map_or(&[][..], Vec::as_slice);
        let gaps = shards.iter().flat_map(|shard| shard["gaps"].as_array().cloned().unwrap_or_default());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        gaps.map(|gap| (text(&gap["operation"]), text(&gap["kind"]))).collect()
    }

    pub(super) fn throttled(&self) -> u64 {
        let shards = self.report["shards"].as_array().map_or(&[][..], Vec::as_slice);
        shards.iter().filter_map(|shard| shard["throttled"].as_u64()).sum()
    }
}

pub(super) fn audit(account: Account, rules: Vec<Rule>) -> AuditRun {
    audit_in(&["--region", REGION], account, rules)
}

pub(super) fn audit_in(regions: &[&str], account: Account, rules: Vec<Rule>) -> AuditRun {
    let fake = Fake::start(account, rules);
    // With metrics, groups that took nothing are not searched.
    let args = ["audit", "--pace", "off", "--format", "json", "--metrics", "off"];
    let ran = Gatelight::new(args).args(regions).endpoint(&fake.endpoint()).run();
    AuditRun {
        status: ran.status,
        took: ran.took,
        report: serde_json::from_str(&ran.stdout).unwrap_or_default(),
        stderr: ran.stderr,
        requests: fake.counts(),
    }
}

/// Complaints where `spoiled` says something that `whole` does not. Every outcome must be as it was, or unknown; one that is
/// missing must have left an unknown of its check about the account's settings; and none may be new.
pub(super) fn says_less(whole: &Outcomes, spoiled: &Outcomes) -> Vec<String> {
    let is_account = |arn: &str| arn.ends_with("::/account");
    let excused: BTreeSet<&str> = spoiled
        .iter()
        .filter(|((_, arn), (verdict, _))| verdict == "unknown" && is_account(arn))
        .map(|((check, _), _)| check.as_str())
        .collect();
    let rank = |severity: &str| ["low", "medium", "high"].iter().position(|s| *s == severity);
    let mut complaints = Vec::new();
    for (key @ (check, arn), (verdict, severity)) in whole {
        match spoiled.get(key) {
            Some((unknown, _)) if unknown == "unknown" => {}
            Some((same, now)) if same == verdict => {
                if rank(now) < rank(severity) {
                    complaints.push(format!("{check} of {arn}: {severity} fell to {now}"));
                }
            }
            Some((other, _)) => complaints.push(format!("{check} of {arn}: {verdict} became {other}")),
            None if excused.contains(check.as_str()) => {}
            None => complaints.push(format!("{check} of {arn}: {verdict} vanished")),
        }
    }
    for (key @ (check, arn), (verdict, _)) in spoiled {
        let of_listing = verdict == "unknown" && is_account(arn);
        if !of_listing && !whole.contains_key(key) {
            complaints.push(format!("{check} of {arn}: {verdict} came out of nowhere"));
        }
    }
    complaints
}

/// Complaints about a run with a fault: its report may say nothing new, and its exit status must fit the report.
pub(super) fn sound(whole: &AuditRun, spoiled: &AuditRun) -> Vec<String> {
    let outcomes = spoiled.outcomes();
    // Policies of organizations are told to few, and what is not known of them does not count.
    let unknown = outcomes.iter().any(|((check, _), (verdict, _))| verdict == "unknown" && check != ORGANIZATION);
    let fails = outcomes.values().any(|(verdict, severity)| verdict == "fail" && severity != "low");
    let expected = match (fails, unknown) {
        (true, _) => 1,
        (false, true) => 3,
        (false, false) => 0,
    };
    let mut complaints = says_less(&whole.outcomes(), &outcomes);
    if spoiled.status != Some(expected) {
        complaints.push(format!("exit status {:?} and not {expected}; stderr: {}", spoiled.status, spoiled.stderr));
    }
    complaints
}
