//! A finished run in one line, for the log and `systemctl status`.

use gatelight_model::Severity;

use super::run::RunSummary;
use crate::text::count;

/// `3 findings (1 high, 2 medium), 1 new; 36 of 38 stages went dark; 2 could not be checked`.
pub(super) fn one_line(summary: &RunSummary) -> String {
    let RunSummary { news, findings, .. } = summary;
    let of =
        |wanted: Severity| findings.values().flatten().filter(|((_, found), _)| *found == wanted).map(|(_, n)| n).sum();
    let counts = [(of(Severity::High), "high"), (of(Severity::Medium), "medium"), (of(Severity::Low), "low")];
    let sum: u64 = counts.iter().map(|(count, _)| count).sum();
    let list = |counts: &[(u64, &str)]| {
        let some = counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
        some.collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("{sum} {}", if sum == 1 { "finding" } else { "findings" });
    if sum > 0 {
        text += &format!(" ({})", list(&counts));
    }
    let number = |findings: &[_]| findings.len() as u64;
    let changes =
        list(&[(number(&news.new), "new"), (number(&news.worse), "worse"), (number(&news.resolved), "resolved")]);
    if !changes.is_empty() {
        text += &format!(", {changes}");
    }
    let dark = news.dark_everywhere();
    for sentence in [dark.went_dark(news.is_first), dark.no_longer_dark()].into_iter().flatten() {
        text += &format!("; {sentence}");
    }
    if news.unknown > 0 {
        text += &format!("; {} could not be checked", news.unknown);
    }
    if summary.skipped > 0 {
        text += &format!("; {} skipped", count(summary.skipped, "region"));
    }
    if let Some(nothing) = &summary.nothing_checked {
        text += &format!("; {nothing}");
    }
    text
}
