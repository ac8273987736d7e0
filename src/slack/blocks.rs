//! The few blocks of Block Kit that messages are made of, and Slack's limits on them.

use serde_json::{Value, json};

use super::text::length;

/// Blocks in a message (<https://docs.slack.dev/reference/block-kit/blocks>).
pub(super) const BLOCKS: usize = 50;
/// A text object's length, at least 1 (<https://docs.slack.dev/reference/block-kit/composition-objects/text-object>).
pub(super) const TEXT: usize = 3_000;
/// A header's length (<https://docs.slack.dev/reference/block-kit/blocks/header-block>).
pub(super) const HEADER: usize = 150;
/// All text of a message. Slack documents no such limit and refuses with `msg_blocks_too_long`: from about 13,200
/// characters (slackapi/bolt-js#2509), and once at 11,341 (slackapi/bolt-js#2867).
pub(super) const TOTAL: usize = 9_000;

/// A title in plain text: nothing in it is formatted.
pub(super) fn header(text: &str) -> Value {
    json!({"type": "header", "text": {"type": "plain_text", "text": cut(text, HEADER), "emoji": false}})
}

/// A paragraph. `verbatim`: what looks like an address, a channel or a user is not made into a link.
pub(super) fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

/// A line in small print.
pub(super) fn context(text: &str) -> Value {
    json!({"type": "context", "elements": [mrkdwn(text)]})
}

fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": cut(text, TEXT), "verbatim": true})
}

/// Callers keep the limits already; this is the safeguard.
fn cut(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let mut taken = 1;
    let kept = text.chars().take_while(|c| {
        taken += c.len_utf16();
        taken <= most
    });
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_the_limit_and_not_before() {
        assert_eq!(cut(&"a".repeat(150), 150), "a".repeat(150));
        assert_eq!(cut(&"a".repeat(151), 150), "a".repeat(149) + "…");
        assert_eq!(length(&cut(&"🔥".repeat(151), 150)), 149);
    }
}
