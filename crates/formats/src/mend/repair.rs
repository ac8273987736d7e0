//! Mends variables of a format that is JSON: names are put right, what can be absent gets quotes, what is never filled
//! goes.

use std::ops::Range;

use super::super::{
    Format, flaws, json,
    template::{Piece, Variable},
    variables::{Kind, absent, is_always_there},
};

/// More than so many repairs are none: each moves what stands behind it.
const MOST: usize = 500;

/// What is done about one piece of a format.
enum Repair {
    Write(String),
    /// Take out the member of the object whose value it is; where it is part of something else, write that instead.
    Drop(&'static str),
}

/// The format with its variables mended. `None` if there is too much to do.
pub(super) fn repaired(format: &Format<'_>) -> Option<String> {
    let line = format.template.render(|variable, in_string| absent(format.protocol, variable, in_string));
    let breaks = json::object(line.line()).is_err();
    let mut repairs = Vec::new();
    let mut places = format.template.places().into_iter();
    let mut at = 0;
    for piece in format.template.pieces() {
        let source = piece.source();
        let repair = match piece {
            Piece::Text(_) => None,
            Piece::NeverFilled(_) => Some(Repair::Drop("")),
            Piece::Variable(_) => {
                places.next().and_then(|(variable, in_string)| repair(format, &variable, in_string, breaks))
            }
        };
        repairs.extend(repair.map(|repair| (at..at + source.len(), repair)));
        at += source.len();
    }
    if repairs.len() > MOST {
        return None;
    }
    let mut text = format.text().to_owned();
    // From the end, so that the places before stay what they are: up to where the last member was taken out, whose key
    // may hold variables too.
    let mut still_there = text.len();
    for (range, repair) in repairs.into_iter().rev() {
        if range.end > still_there {
            continue;
        }
        match repair {
            Repair::Write(source) => text.replace_range(range, &source),
            Repair::Drop(instead) => match member(&text, &range) {
                Some(member) => {
                    still_there = member.start;
                    text.replace_range(member, "");
                }
                None => text.replace_range(range, instead),
            },
        }
    }
    Some(text)
}

fn repair(format: &Format<'_>, variable: &Variable<'_>, in_string: bool, breaks: bool) -> Option<Repair> {
    let name = match flaws::of_variable(format, variable) {
        None => variable.name.into(),
        Some(flaws::Why::Slip { meant, is_here: true, .. }) => meant,
        Some(_) => return Some(Repair::Drop(if in_string { "-" } else { "\"-\"" })),
    };
    // Quoted text in a string closes it.
    let name = if in_string && Kind::of(&name) == Kind::QuotedText { "error.message".into() } else { name };
    let wants_quotes =
        breaks && !in_string && Kind::of(&name) != Kind::QuotedText && !is_always_there(format.protocol, &name);
    if name == variable.name && !wants_quotes {
        return None;
    }
    let source = if variable.is_braced() { format!("${{context.{name}}}") } else { format!("$context.{name}") };
    Some(Repair::Write(if wants_quotes { format!("\"{source}\"") } else { source }))
}

/// The member of an object, with a comma, whose whole value stands in that range, in quotes or not. Only where its key is
/// plain.
fn member(text: &str, value: &Range<usize>) -> Option<Range<usize>> {
    let (mut start, mut end) = (value.start, value.end);
    if text[..start].ends_with('"') && text[end..].starts_with('"') {
        (start, end) = (start - 1, end + 1);
    }
    let before = text[..start].trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?;
    let key = &before[before.rfind('"')? + 1..];
    if key.contains('\\') {
        return None;
    }
    let head = before[..before.len() - key.len() - 1].trim_end();
    let tail = text[end..].trim_start();
    if head.ends_with(',') && tail.starts_with([',', '}']) {
        return Some(head.len() - 1..end);
    }
    if head.ends_with('{') && tail.starts_with(',') {
        return Some(head.len()..text.len() - tail.len() + 1);
    }
    (head.ends_with('{') && tail.starts_with('}')).then_some(head.len()..end)
}
