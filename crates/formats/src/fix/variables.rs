//! Fixes the variables of a format that is JSON: corrects names, quotes what can be absent, and removes what is never
//! filled or what AWS refuses.

use std::{borrow::Cow, ops::Range};

use crate::{
    format::Format,
    json,
    refused::is_refused,
    template::{TemplatePart, Variable, VariableUse},
    unfilled::{self, UnfilledReason},
    variables::{ValueKind, absent_value, counterpart, is_always_present},
};

/// The most edits made to one format. Each moves the text after it, so that many take quadratic time.
const MAX_EDITS: usize = 500;

/// What to do with one part of a format. A `$` before a variable belongs to it: Terraform's escape `$$`, which it writes
/// as it is.
enum Edit {
    Replace(String),
    /// Remove the member of the object whose value the part is. Where it is not a whole value: replace it with this text.
    Remove(&'static str),
}

/// The format with its variables fixed. `None` if that takes more than [`MAX_EDITS`].
pub(super) fn with_fixed_variables(format: &Format<'_>) -> Option<String> {
    let line = format.template.render(|variable, in_string| absent_value(format.protocol, variable, in_string));
    let breaks = json::parse_object(line.line()).is_err();
    let mut edits = Vec::new();
    let mut uses = format.template.variable_uses().into_iter();
    let mut at = 0;
    for part in format.template.parts() {
        let source = part.source();
        let edit = match part {
            TemplatePart::Text(_) => None,
            TemplatePart::Unsupported(_) => Some(Edit::Remove("")),
            TemplatePart::Variable(_) => uses.next().and_then(|used| edit_of(format, used, breaks)),
        };
        let mut range = at..at + source.len();
        at = range.end;
        let is_escaped = matches!(part, TemplatePart::Variable(_)) && format.text()[..range.start].ends_with('$');
        range.start -= usize::from(is_escaped);
        let edit = edit.or_else(|| is_escaped.then(|| Edit::Replace(source.to_owned())));
        edits.extend(edit.map(|edit| (range, edit)));
    }
    if edits.len() > MAX_EDITS {
        return None;
    }
    let mut text = format.text().to_owned();
    // From the end, so that earlier offsets stay valid. Variables in the key of a removed member are gone with it.
    let mut kept = text.len();
    for (range, edit) in edits.into_iter().rev() {
        if range.end > kept {
            continue;
        }
        match edit {
            Edit::Replace(source) => text.replace_range(range, &source),
            Edit::Remove(instead) => match member_range(&text, &range) {
                Some(member) => {
                    kept = member.start;
                    text.replace_range(member, "");
                }
                None => text.replace_range(range, instead),
            },
        }
    }
    Some(text)
}

fn edit_of(format: &Format<'_>, used: VariableUse<'_>, breaks: bool) -> Option<Edit> {
    let VariableUse { variable, in_string } = used;
    let Some(name) = fixed_name(format, &variable, in_string) else {
        return Some(Edit::Remove(if in_string { "-" } else { "\"-\"" }));
    };
    let wants_quotes = breaks
        && !in_string
        && ValueKind::of(&name) != ValueKind::QuotedText
        && !is_always_present(format.protocol, &name);
    if name == variable.name && !wants_quotes {
        return None;
    }
    let source = if variable.is_braced() { format!("${{context.{name}}}") } else { format!("$context.{name}") };
    Some(Edit::Replace(if wants_quotes { format!("\"{source}\"") } else { source }))
}

/// The name under which the format's kind of API has a variable: its own, its counterpart, or what a misspelled one was
/// meant to be. `None` if it is never filled, or AWS refuses it.
pub(super) fn fixed_name<'t>(format: &Format<'t>, variable: &Variable<'t>, in_string: bool) -> Option<Cow<'t, str>> {
    let name = match (counterpart(format.protocol, variable.name), unfilled::reason(format, variable)) {
        (Some(counterpart), _) => counterpart.into(),
        (None, Some(UnfilledReason::Misspelled { suggestion, is_supported: true })) => suggestion.name,
        (None, None) if !is_refused(format.protocol, variable.name) => variable.name.into(),
        _ => return None,
    };
    // Quoted text inside a string would end it.
    Some(if in_string && ValueKind::of(&name) == ValueKind::QuotedText { "error.message".into() } else { name })
}

/// The range of the member, with one comma, whose whole value is in the range `value`, in quotes or not. `None` where it
/// is not a whole value, or the key has escapes.
fn member_range(text: &str, value: &Range<usize>) -> Option<Range<usize>> {
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
