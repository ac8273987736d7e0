//! Reads the JSON report as a program of somebody else's would, and holds it to the contract.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use serde_json::Value;

/// The checks by the names that the tests' tables give them.
const COLUMNS: &[(&str, &str)] = &[
    ("off", "access-log-off"),
    ("json", "access-log-not-json"),
    ("breaks", "access-log-breaks-json"),
    ("fields", "access-log-lacks-integration-fields"),
    ("time", "access-log-lacks-latency"),
    ("id", "access-log-lacks-request-id"),
    ("known", "access-log-unknown-variable"),
    ("there", "access-log-destination-missing"),
    ("keep", "access-log-never-expires"),
    ("exec", "execution-log-off"),
    ("payload", "execution-log-records-payloads"),
    ("trace", "stage-tracing-off"),
    ("unset", "gateway-role-unset"),
    ("missing", "gateway-role-missing"),
    ("trust", "gateway-role-untrusted"),
    ("write", "gateway-role-cannot-write"),
    ("organ", "gateway-role-denied-by-organization"),
    ("active", "function-tracing-off"),
    ("traces", "function-role-cannot-trace"),
    ("logs", "function-role-cannot-log"),
    ("reach", "function-cannot-reach-xray"),
    ("group", "log-group-never-expires"),
    ("deliver", "log-delivery-denied"),
    ("key", "log-group-key-unusable"),
    ("emit", "log-emission-failing"),
    ("sampled", "trace-sampling-off"),
    ("spans", "trace-destination-denied"),
    ("silent", "access-log-silent"),
    ("overhead", "gateway-overhead-high"),
];

/// The ids of all checks of this version.
pub(crate) fn check_ids() -> BTreeSet<&'static str> {
    COLUMNS.iter().map(|(_, id)| *id).collect()
}

/// (check, subject's ARN) → verdict.
pub(crate) type Verdicts = BTreeMap<(String, String), String>;

pub(crate) struct Report(pub(crate) Value);

impl Report {
    /// Holds a report to what the contract says of every one.
    pub(crate) fn new(report: Value, status: i32) -> Self {
        let report = Self(report);
        let of = |field: &str| report.0[field].clone();
        assert_eq!(of("version"), 1);
        assert_eq!(report.0["tool"]["name"], "gatelight");
        let expected = match status {
            0 => "clean",
            1 => "findings",
            _ => "incomplete",
        };
        let nothing_checked = !of("nothing_checked").is_null();
        assert_eq!(nothing_checked, status == 2, "{}", of("nothing_checked"));
        // What else was checked may have failed.
        assert!(of("status") == expected || (nothing_checked && of("status") == "findings"), "exit status {status}");

        let outcomes = report.outcomes();
        let count = |verdict: &str| outcomes.iter().filter(|outcome| outcome["verdict"] == verdict).count();
        let ignored = outcomes.iter().filter(|outcome| !outcome["ignored"].is_null()).count();
        let summary = &report.0["summary"];
        assert_eq!(summary["ignored"], ignored, "{summary}");
        if ignored == 0 {
            let verdicts =
                [("pass", "pass"), ("fail", "fail"), ("unknown", "unknown"), ("not_applicable", "not-applicable")];
            for (field, verdict) in verdicts {
                assert_eq!(summary[field], count(verdict), "{field}: {summary}");
            }
            assert_eq!(of("complete"), count("unknown") == 0 && !nothing_checked);
        }

        let fingerprints: BTreeSet<_> = outcomes.iter().map(|outcome| outcome["fingerprint"].to_string()).collect();
        assert_eq!(fingerprints.len(), outcomes.len(), "fingerprints are unique");
        let order = |outcome: &Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            [&outcome["account"], &outcome["region"], &outcome["subject"]["arn"], &outcome["check"]].map(text)
        };
        assert!(outcomes.is_sorted_by_key(order), "outcomes are sorted by account, region, subject, check");
        for outcome in outcomes {
            hold_to_contract(outcome);
        }
        let subject = |outcome: &Value| {
            [&outcome["check"], &outcome["account"], &outcome["subject"]["arn"]].map(ToString::to_string)
        };
        assert_eq!(
            outcomes.iter().map(subject).collect::<BTreeSet<_>>().len(),
            outcomes.len(),
            "a subject is judged once"
        );
        report
    }

    pub(crate) fn outcomes(&self) -> &[Value] {
        self.0["outcomes"].as_array().unwrap()
    }

    pub(crate) fn shards(&self) -> &[Value] {
        self.0["shards"].as_array().unwrap()
    }

    /// The operations of all gaps.
    pub(crate) fn gap_operations(&self) -> BTreeSet<&str> {
        let gaps = self.shards().iter().flat_map(|shard| shard["gaps"].as_array().unwrap());
        gaps.map(|gap| gap["operation"].as_str().unwrap()).collect()
    }

    /// Every verdict of a report about one account.
    pub(crate) fn verdicts(&self) -> Verdicts {
        let mut verdicts = Verdicts::new();
        for outcome in self.outcomes() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let key = (text(&outcome["check"]), text(&outcome["subject"]["arn"]));
            let twice = verdicts.insert(key.clone(), text(&outcome["verdict"]));
            assert!(twice.is_none(), "{key:?} is judged twice");
        }
        verdicts
    }

    /// The one outcome of a check about a subject.
    #[track_caller]
    pub(crate) fn outcome(&self, check: &str, arn: &str) -> &Value {
        let mut found =
            self.outcomes().iter().filter(|outcome| outcome["check"] == check && outcome["subject"]["arn"] == arn);
        found.next().unwrap_or_else(|| panic!("no outcome of {check} about {arn} in {:#}", self.0["outcomes"]))
    }

    /// Asserts what the checks in the table's head say about everything: one outcome for each cell and no others. A
    /// word a cell: `pass`, `n/a`, `?` (could not check), or the severity of a failure; `.` where there is no outcome;
    /// `a|b` where the contract leaves it open. `subjects` are the ARNs of the rows.
    #[track_caller]
    pub(crate) fn is(&self, subjects: &[(&str, &str)], table: &str) {
        let mut lines = table.lines().map(str::split_whitespace).map(Iterator::collect::<Vec<_>>);
        let mut rows = lines.by_ref().filter(|line| !line.is_empty());
        let head: Vec<&str> = rows.next().unwrap().into_iter().map(check_of).collect();
        let mut expected = BTreeMap::new();
        for row in rows {
            assert_eq!(row.len(), head.len() + 1, "a cell a column: {row:?}");
            let arn = subjects.iter().find(|(name, _)| *name == row[0]).unwrap_or_else(|| panic!("{row:?}")).1;
            for (check, word) in head.iter().zip(&row[1..]) {
                assert!(expected.insert((*check, arn), *word).is_none(), "{} stands twice", row[0]);
            }
        }
        assert_eq!(expected.keys().map(|(_, arn)| arn).collect::<BTreeSet<_>>().len(), subjects.len());

        let mut complaints = String::new();
        for outcome in self.outcomes() {
            let check = outcome["check"].as_str().unwrap();
            let arn = outcome["subject"]["arn"].as_str().unwrap();
            if !head.contains(&check) {
                continue;
            }
            let said = match outcome["verdict"].as_str().unwrap() {
                "not-applicable" => "n/a",
                "unknown" => "?",
                "fail" => outcome["severity"].as_str().unwrap(),
                other => other,
            };
            let expected = expected.remove(&(check, arn)).unwrap_or(".");
            if expected.split('|').all(|word| word != said) {
                let name = subjects.iter().find(|subject| subject.1 == arn).map_or(arn, |subject| subject.0);
                writeln!(complaints, "{name}: {check}: {expected} expected, not {said}: {}", outcome["message"])
                    .unwrap();
            }
        }
        for ((check, arn), word) in expected.into_iter().filter(|(_, word)| word.split('|').all(|word| word != ".")) {
            writeln!(complaints, "{arn}: {check}: {word} expected, but there is no outcome").unwrap();
        }
        assert!(complaints.is_empty(), "\n{complaints}");
    }
}

fn check_of(column: &str) -> &'static str {
    COLUMNS.iter().find(|(short, _)| *short == column).unwrap_or_else(|| panic!("no column {column}")).1
}

fn hold_to_contract(outcome: &Value) {
    let fields =
        ["check", "severity", "account", "region", "subject", "verdict", "message", "evidence", "cause", "affects"];
    for field in fields.into_iter().chain(["fix", "fix_command", "fix_commands", "fingerprint", "change", "ignored"]) {
        assert!(outcome.get(field).is_some(), "no {field} in {outcome:#}");
    }
    let one_of = |value: &Value, words: &[&str]| words.iter().any(|word| value == word);
    assert!(one_of(&outcome["severity"], &["high", "medium", "low"]), "{outcome:#}");
    assert!(one_of(&outcome["verdict"], &["pass", "fail", "unknown", "not-applicable"]), "{outcome:#}");
    let kinds = ["rest-stage", "http-stage", "websocket-stage", "account", "function", "log-group"];
    assert!(one_of(&outcome["subject"]["kind"], &kinds), "{outcome:#}");
    assert!(check_ids().contains(outcome["check"].as_str().unwrap()), "{outcome:#}");
    // Whoever reads "failed", "could not check" or "does not apply" is told why.
    let told = outcome["message"].as_str().is_some_and(|message| !message.is_empty());
    assert!(told || outcome["verdict"] == "pass", "{outcome:#}");
    let fixed = outcome["fix"].as_str().is_some_and(|fix| !fix.is_empty());
    assert!(fixed || outcome["verdict"] != "fail", "a failure says what to do: {outcome:#}");
}
