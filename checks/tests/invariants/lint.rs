//! What must hold for the lint of every text. Shared by the fuzz target `template` and by the test that replays its corpus.

use gatelight_checks::access_log::lint::{LintVerdict, lint};
use gatelight_model::inventory::Protocol;

/// Panics if a position lies outside `text`, or if its fixed format does not pass.
pub(crate) fn holds(text: &str) {
    let lines: Vec<_> = text.split('\n').collect();
    for protocol in [Protocol::Rest, Protocol::Http, Protocol::Websocket] {
        let linted = lint(protocol, text);
        assert_eq!(linted.findings.len(), 6);
        let positions = linted.findings.iter().map(|finding| (finding.line, finding.column));
        let positions = positions.chain(linted.refused.iter().map(|refused| (refused.line, refused.column)));
        for position in positions.chain(linted.notes.iter().map(|note| (note.line, note.column))) {
            let (Some(line), Some(column)) = position else { continue };
            assert!(column >= 1 && column <= lines[line - 1].chars().count() + 1, "{position:?} in {text:?}");
        }
        let Some(fixed) = linted.fixed else { continue };
        let again = lint(protocol, &fixed);
        let fails = again.findings.iter().find(|finding| finding.verdict == LintVerdict::Fail);
        assert_eq!(fails, None, "{text:?} fixed to {fixed:?}");
        assert_eq!(again.refused, [], "{text:?} fixed to {fixed:?}");
        assert_eq!(again.fixed, None, "{text:?} fixed to {fixed:?}");
    }
}
