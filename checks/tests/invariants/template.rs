//! What holds for every text that is read as an access-log format. Shared by the fuzz target `template` and by the test
//! that replays what it found.

use gatelight_checks::access_log::lint::{FindingVerdict, lint};
use gatelight_formats::{Format, Template, json, template::Piece, variables};
use gatelight_model::inventory::Protocol;

/// Panics if something does not hold for `text`.
pub(crate) fn holds(text: &str) {
    let template = Template::parse(text);
    let joined: String = template.pieces().iter().map(Piece::source).collect();
    assert_eq!(joined, text, "the pieces, joined, are the template");
    assert_eq!(template.places().len(), template.variables().count());
    for protocol in [Protocol::Rest, Protocol::Http, Protocol::Websocket] {
        let format = Format::new(protocol, text);
        let line = template.render(variables::value);
        for offset in [0, line.line().len() / 2, line.line().len()] {
            assert!(line.origin(offset).at <= text.len());
        }
        let object = json::object(line.line());
        assert_eq!(object.is_ok(), format.json().is_ok());
        // The second opinion of another reader, but for numbers and nesting beyond what it takes.
        if let Err(other) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line.line()) {
            let limits = ["number out of range", "recursion limit", "lone leading surrogate", "unexpected end of hex"];
            let is_limit = limits.iter().any(|limit| other.to_string().contains(limit));
            assert!(object.is_err() || is_limit, "{text:?} is no JSON: {other}");
        } else {
            assert!(object.is_ok(), "{text:?} is JSON: {object:?}");
        }
        judged(protocol, text);
    }
}

/// What the linter says of a text is about the text, and what it mends passes.
fn judged(protocol: Protocol, text: &str) {
    let linted = lint(protocol, text);
    assert_eq!(linted.findings.len(), 6);
    let lines: Vec<_> = text.split('\n').collect();
    let places = linted.findings.iter().map(|finding| (finding.line, finding.column));
    for place in places.chain(linted.notes.iter().map(|note| (note.line, note.column))) {
        let (Some(line), Some(column)) = place else { continue };
        assert!(column >= 1 && column <= lines[line - 1].chars().count() + 1, "{place:?} in {text:?}");
    }
    let Some(mended) = linted.mended else { return };
    let again = lint(protocol, &mended);
    let fails = again.findings.iter().find(|finding| finding.verdict == FindingVerdict::Fail);
    assert_eq!(fails, None, "{text:?} mended to {mended:?}");
    assert_eq!(again.mended, None, "{text:?} mended to {mended:?}");
}
