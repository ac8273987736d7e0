//! What must hold for every text that is parsed as an access-log format. Shared by the fuzz target `template` and by the
//! test that replays its corpus.

use gatelight_formats::{Format, Template, json, template::TemplatePart, variables};
use gatelight_model::inventory::Protocol;

/// Panics if something does not hold for `text`.
pub(crate) fn holds(text: &str) {
    let template = Template::parse(text);
    let joined: String = template.parts().iter().map(TemplatePart::source).collect();
    assert_eq!(joined, text, "the parts, joined, are the template");
    assert_eq!(template.variable_uses().len(), template.variables().count());
    for protocol in [Protocol::Rest, Protocol::Http, Protocol::Websocket] {
        let format = Format::new(protocol, text);
        let line = template.render(variables::sample_value);
        for offset in [0, line.line().len() / 2, line.line().len()] {
            assert!(line.origin(offset).at <= text.len());
        }
        let object = json::parse_object(line.line());
        assert_eq!(object.is_ok(), format.json().is_ok());
        // A second parser agrees, apart from numbers and nesting beyond its limits.
        if let Err(other) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line.line()) {
            let limits = ["number out of range", "recursion limit", "lone leading surrogate", "unexpected end of hex"];
            let is_limit = limits.iter().any(|limit| other.to_string().contains(limit));
            assert!(object.is_err() || is_limit, "{text:?} is not valid JSON: {other}");
        } else {
            assert!(object.is_ok(), "{text:?} is JSON: {object:?}");
        }
    }
}
