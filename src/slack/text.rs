//! Text for Slack. `mrkdwn` can mention people, link and format, and Slack has no escape for the characters that format.
//! So every name that a stranger could have chosen is written as code, in which Slack formats nothing, unless it has only
//! letters, digits and hyphens. `&`, `<` and `>` are escaped as Slack asks
//! (<https://docs.slack.dev/messaging/formatting-message-text>).

use jiff::{Timestamp, tz::TimeZone};

use crate::text::{count, is_unprintable};

/// The most characters of a name, in `mrkdwn`.
const NAME: usize = 120;
/// The longest address of a link.
const ADDRESS: usize = 700;

/// The length as Slack could count it at most: in UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Escapes `&`, `<` and `>` as Slack asks, and replaces what turns the direction of writing, breaks a line, or is invisible.
fn push_escaped(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // The only character that ends code.
        '`' => out.push('\u{2cb}'),
        c if is_unprintable(c) => out.push('\u{fffd}'),
        c => out.push(c),
    }
}

/// A name: as it is if Slack would format nothing in it, otherwise as code. A long one loses its middle.
pub(super) fn name(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "(no name)".to_owned();
    }
    if text.len() <= NAME && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | ' ')) {
        return text.to_owned();
    }
    let whole = code(text, usize::MAX);
    if length(&whole) <= NAME {
        return whole;
    }
    // Both ends tell names apart.
    let end: String = text.chars().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect();
    let mut tail = String::new();
    end.chars().for_each(|c| push_escaped(c, &mut tail));
    let head = code(text, NAME - length(&tail).min(NAME / 2));
    // `code` closes with an ellipsis and a backtick.
    format!("{}{tail}`", head.trim_end_matches('`'))
}

/// Text as code, with an ellipsis where more than `most` would be needed.
fn code(text: &str, most: usize) -> String {
    let mut out = String::from("`");
    let mut taken = 3;
    for c in text.chars() {
        let start = out.len();
        push_escaped(c, &mut out);
        taken += length(&out[start..]);
        if taken > most {
            out.truncate(start);
            out.push('…');
            break;
        }
    }
    out.push('`');
    out
}

/// A command to copy, as code. None if it would not arrive unchanged, or needs more than `most`: half a command, or one
/// with other characters in it, must not be run.
pub(super) fn command(line: &str, most: usize) -> Option<String> {
    let intact = !line.is_empty() && !line.contains('`') && !line.chars().any(is_unprintable);
    Some(code(line, usize::MAX)).filter(|code| intact && length(code) <= most)
}

/// A command to copy, as a block of its own. None where [`command`] gives none.
pub(super) fn fenced(line: &str, most: usize) -> Option<String> {
    command(line, most).map(|code| format!("```{}```", code.trim_matches('`')))
}

/// A link to a page of the AWS console. None for any other address, and for one that would not arrive unchanged.
///
/// It is no button: Slack reports every press of a button to the app, a webhook has nothing that answers, and so the person
/// who pressed it sees a warning (<https://github.com/slackapi/node-slack-sdk/issues/869>).
pub(super) fn link(address: &str, text: &str) -> Option<String> {
    const HOSTS: [&str; 3] = [".console.aws.amazon.com", ".console.amazonaws.cn", ".console.amazonaws-us-gov.com"];
    let host = address.strip_prefix("https://")?.split('/').next()?;
    let is_console = HOSTS.iter().any(|console| host.ends_with(console))
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let intact = address.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '|' | '`' | '"' | '\\'));
    (is_console && intact && address.len() <= ADDRESS).then(|| format!("<{}|{text}>", address.replace('&', "&amp;")))
}

/// A sentence of Gatelight's, which quotes names: each word that Slack could format is written as code, and so is what the
/// sentence has between backticks. It ends with an ellipsis where it would need more than `most`.
pub(super) fn prose(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut taken = 0;
    // A name with a backtick may shift what is between two of them; either kind of part is safe.
    let parts: Vec<_> = text.split('`').collect();
    for (place, part) in parts.iter().enumerate() {
        let quoted = place % 2 == 1 && place + 1 < parts.len() && !part.trim().is_empty();
        let glued = !part.starts_with(char::is_whitespace) && place > 0;
        let words: Vec<_> = if quoted { vec![part.trim()] } else { part.split_whitespace().collect() };
        for (number, word) in words.into_iter().enumerate() {
            let shown = if quoted { code(word, 400) } else { shown_word(word) };
            // Punctuation may follow code without a space; anything else would break the code.
            let sign = word.chars().all(|c| c.is_ascii_punctuation());
            let opened = quoted && parts[place - 1].ends_with(['(', '"', '“']);
            let closed = number == 0 && glued && sign && !quoted && out.ends_with('`');
            let space = if out.is_empty() || opened || closed { "" } else { " " };
            let needed = length(&shown) + space.len();
            if taken + needed + 2 > most {
                out.push_str(if out.is_empty() { "…" } else { " …" });
                return out;
            }
            out.push_str(space);
            out.push_str(&shown);
            taken += needed;
        }
    }
    out
}

fn shown_word(word: &str) -> String {
    // Punctuation around a word belongs to the sentence.
    let core = word.trim_start_matches(['(', '"', '“']).trim_end_matches([',', '.', ';', ':', ')', '"', '”', '?', '!']);
    let lead = &word[..word.find(core).unwrap_or(0)];
    let tail = &word[lead.len() + core.len()..];
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '/' | '\'' | '(' | ')' | ',' | '%' | '=' | '+' | '–' | '—' | '’' | '…' | '·' | '→')
    };
    let number = core.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '-' | '%'));
    if number || core.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("{lead}{}{tail}", code(core, 400))
}

/// Letters, digits and hyphens, which plain text shows as they are; anything else becomes `?`.
pub(super) fn bare(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '?' };
    text.chars().take(40).map(kept).collect()
}

/// `2026-11-22 09:00 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `3 days`, the largest unit alone.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.as_second().saturating_sub(from.as_second()).max(0);
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..3_600 => count((seconds / 60).unsigned_abs(), "minute"),
        3_600..172_800 => count((seconds / 3_600).unsigned_abs(), "hour"),
        _ => count((seconds / 86_400).unsigned_abs(), "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_names_stand_as_they_are_and_others_as_code() {
        for (given, shown) in [
            ("orders/prod", "orders/prod"),
            ("orders_v2/prod", "`orders_v2/prod`"),
            ("*bold*", "`*bold*`"),
            ("<!channel>", "`&lt;!channel&gt;`"),
            ("a&b", "`a&amp;b`"),
            ("``` x", "`\u{2cb}\u{2cb}\u{2cb} x`"),
            ("a\nb\u{202e}c", "`a\u{fffd}b\u{fffd}c`"),
            (":tada:", "`:tada:`"),
            ("@here", "`@here`"),
            ("evil.example", "`evil.example`"),
            ("  ", "(no name)"),
            ("שלום", "`שלום`"),
            ("🔥/prod", "`🔥/prod`"),
        ] {
            assert_eq!(name(given), shown, "{given:?}");
        }
    }

    #[test]
    fn long_names_keep_both_ends_and_their_fence() {
        for c in ["a", "&", "🔥", "`", "_"] {
            let shown = name(&format!("start{}end", c.repeat(256)));
            assert!(length(&shown) <= NAME + 2, "{} {shown}", length(&shown));
            assert!(shown.starts_with("`start") && shown.ends_with("end`") && shown.contains('…'), "{shown}");
            assert_eq!(shown.matches('`').count(), 2, "{shown}");
        }
    }

    #[test]
    fn a_command_is_whole_or_not_there() {
        assert_eq!(command("aws x --y 'a b' > z & c", 100).as_deref(), Some("`aws x --y 'a b' &gt; z &amp; c`"));
        assert_eq!(command("aws x '`reboot`'", 100), None);
        assert_eq!(command("aws x 'a\nb'", 100), None);
        assert_eq!(command("aws x '\u{202e}'", 100), None);
        assert_eq!(command(&"a".repeat(99), 100), None);
    }

    #[test]
    fn a_block_of_code_is_whole_or_not_there() {
        assert_eq!(fenced("aws x > z", 100).as_deref(), Some("```aws x &gt; z```"));
        for hostile in ["aws '`'", "aws '```'", "aws '\n'", "", "aws '\u{202e}'"] {
            assert_eq!(fenced(hostile, 100), None, "{hostile:?}");
        }
    }

    #[test]
    fn only_the_console_is_linked() {
        let page =
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1&x=1#logsV2:log-groups/a$252Fb";
        assert_eq!(link(page, "Open").expect("a link"), format!("<{}|Open>", page.replace('&', "&amp;")));
        assert!(link("https://cn-north-1.console.amazonaws.cn/x", "Open").is_some());
        for other in [
            "https://evil.example/x",
            "https://evil.example/.console.aws.amazon.com",
            "https://evil.example#.console.aws.amazon.com/x",
            "https://a@evil.console.aws.amazon.com/x",
            "http://eu-west-1.console.aws.amazon.com/x",
            "https://console.aws.amazon.com.evil.example/x",
            "https://eu-west-1.console.aws.amazon.com/x|<!channel>",
            "https://eu-west-1.console.aws.amazon.com/x>",
            "https://eu-west-1.console.aws.amazon.com/a b",
            "https://eu-west-1.console.aws.amazon.com/\u{202e}",
            &format!("https://eu-west-1.console.aws.amazon.com/{}", "x".repeat(9_999)),
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(link(other, "Open"), None, "{other}");
        }
    }

    #[test]
    fn sentences_keep_their_words() {
        let said = "The role arn:aws:iam::1:role/x_y (of *all* 3.5 groups) lacks logs:PutLogEvents.";
        assert_eq!(
            prose(said, 500),
            "The role `arn:aws:iam::1:role/x_y` (of `*all*` 3.5 groups) lacks `logs:PutLogEvents`."
        );
        assert_eq!(prose("one <!here> two", 500), "one `&lt;!here&gt;` two");
        assert_eq!(
            prose("run `gatelight format print --x y`, or `z`.", 500),
            "run `gatelight format print --x y`, or `z`."
        );
        assert_eq!(prose("(`x`) then", 500), "(`x`) then");
        for hostile in ["a `b c", "`", "``", "``` x ```", "`*`*`*", "a`b`c", "x `<!channel>` *y*"] {
            let shown = prose(hostile, 500);
            let outside: String = shown.split('`').step_by(2).collect();
            assert!(shown.matches('`').count().is_multiple_of(2), "{hostile}: {shown}");
            assert!(!outside.contains(['*', '_', '<', '>', '~']), "{hostile}: {shown}");
        }
        assert_eq!(prose(".. :: )( word", 500), ".. :: )( word");
        let cut = prose(&"word ".repeat(100), 60);
        assert!(length(&cut) <= 60 && cut.ends_with('…'), "{cut}");
        assert!(length(&prose(&"&".repeat(9_999), 60)) <= 60);
    }

    #[test]
    fn spans_say_the_largest_unit() {
        let at = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).expect("a time");
        for (seconds, said) in [
            (5, "less than a minute"),
            (60, "1 minute"),
            (7_200, "2 hours"),
            (172_799, "47 hours"),
            (259_200, "3 days"),
            (-5, "less than a minute"),
        ] {
            assert_eq!(span(at(0), at(seconds)), said);
        }
        assert_eq!(moment(at(0)), "2023-11-14 22:13 UTC");
    }
}
