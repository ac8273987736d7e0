//! An access-log template as literal text and variables, and the lines it renders to.

use std::ops::Range;

/// A parsed template. The sources of its parts, joined, are the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<'t> {
    text: &'t str,
    parts: Vec<TemplatePart<'t>>,
}

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplatePart<'t> {
    /// Literal text.
    Text(&'t str),
    /// `$input…` or `$stageVariables…`: variables elsewhere in API Gateway, literal text in an access log. Only
    /// `$context` variables are supported:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>.
    Unsupported(&'t str),
    /// A variable that API Gateway replaces with its value.
    Variable(Variable<'t>),
}

impl<'t> TemplatePart<'t> {
    /// The part as written in the template.
    #[must_use]
    pub fn source(&self) -> &'t str {
        match self {
            Self::Text(source) | Self::Unsupported(source) => source,
            Self::Variable(variable) => variable.source,
        }
    }
}

/// A `$context` variable in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'t> {
    /// The name without `$context.`: `identity.sourceIp`. Names are case-sensitive.
    pub name: &'t str,
    /// The byte offset of its `$` in the template.
    pub at: usize,
    /// The variable as written: `$context.identity.sourceIp`.
    pub source: &'t str,
}

/// A variable where it is used in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableUse<'t> {
    /// The variable.
    pub variable: Variable<'t>,
    /// Whether it is inside a JSON string.
    pub in_string: bool,
}

impl Variable<'_> {
    /// Whether it is written `${context.x}`, which AWS does not document for access logs.
    #[must_use]
    pub fn is_braced(&self) -> bool {
        self.source.starts_with("${")
    }

    /// The byte offset just after it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.at + self.source.len()
    }
}

/// Below these prefixes, names may also contain `-` and `:`: they are names of claims and headers.
const HYPHEN_PREFIXES: [&str; 3] = ["authorizer.claims.", "requestOverride.", "responseOverride."];

impl<'t> Template<'t> {
    /// Parses `text`. Every text is a template: a `$` that starts no variable is text.
    #[must_use]
    pub fn parse(text: &'t str) -> Self {
        let mut parts = Vec::new();
        let (mut done, mut from) = (0, 0);
        while let Some(found) = text[from..].find('$') {
            let at = from + found;
            let Some(part) = variable_at(&text[at..], at) else {
                from = at + 1;
                continue;
            };
            if done < at {
                parts.push(TemplatePart::Text(&text[done..at]));
            }
            parts.push(part);
            done = at + part.source().len();
            from = done;
        }
        if done < text.len() {
            parts.push(TemplatePart::Text(&text[done..]));
        }
        Self { text, parts }
    }

    /// The template's text, unchanged.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Its parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[TemplatePart<'t>] {
        &self.parts
    }

    /// Its variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable<'t>> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Variable(variable) => Some(variable),
            _ => None,
        })
    }

    /// Its variables, in order, each with whether it is inside a JSON string.
    #[must_use]
    pub fn variable_uses(&self) -> Vec<VariableUse<'t>> {
        let mut strings = StringTracker::default();
        let mut uses = Vec::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) | TemplatePart::Unsupported(text) => strings.pass(text),
                TemplatePart::Variable(variable) => {
                    uses.push(VariableUse { variable: *variable, in_string: strings.inside });
                    strings.escaped = false;
                }
            }
        }
        uses
    }

    /// The first variable with exactly that name. `$context.x` is preferred over `${context.x}`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Variable<'t>> {
        let named = || self.variables().filter(|variable| variable.name == name);
        named().find(|variable| !variable.is_braced()).or_else(|| named().next())
    }

    /// The line that API Gateway would write if each variable had the value that `fill` returns for it. The flag passed
    /// to `fill`: the variable is inside a JSON string.
    #[must_use]
    pub fn render(&self, mut fill: impl FnMut(&Variable<'t>, bool) -> &'static str) -> RenderedLine<'t> {
        let mut line = String::with_capacity(self.text.len());
        let mut parts = Vec::with_capacity(self.parts.len());
        let mut strings = StringTracker::default();
        let mut at = 0;
        for part in &self.parts {
            let start = line.len();
            let variable = match part {
                TemplatePart::Text(text) | TemplatePart::Unsupported(text) => {
                    strings.pass(text);
                    line.push_str(text);
                    None
                }
                TemplatePart::Variable(variable) => {
                    line.push_str(fill(variable, strings.inside));
                    strings.escaped = false;
                    Some(*variable)
                }
            };
            parts.push(RenderedPart { rendered: start..line.len(), at, variable });
            at += part.source().len();
        }
        RenderedLine { line, parts, end: at }
    }
}

/// The variable or unsupported reference that `rest` starts with, if any; `at` is the offset of `rest` in the template.
fn variable_at(rest: &str, at: usize) -> Option<TemplatePart<'_>> {
    let variable = |start: usize, closing: &str| {
        let length = name_length(&rest[start..]);
        let end = start + length;
        (length > 0 && rest[end..].starts_with(closing)).then(|| {
            TemplatePart::Variable(Variable { name: &rest[start..end], at, source: &rest[..end + closing.len()] })
        })
    };
    if rest.starts_with("$context.") {
        return variable("$context.".len(), "");
    }
    if rest.starts_with("${context.") {
        return variable("${context.".len(), "}");
    }
    let opened = rest.strip_prefix("${").or_else(|| rest.strip_prefix('$'))?;
    let length = name_length(opened);
    let root = opened[..length].split('.').next()?;
    matches!(root, "input" | "stageVariables")
        .then(|| TemplatePart::Unsupported(&rest[..rest.len() - opened.len() + length]))
}

/// The length in bytes of the names joined by single dots at the start of `text`, without a trailing dot.
fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut end, mut at) = (0, 0);
    loop {
        let hyphenated = HYPHEN_PREFIXES.iter().any(|prefix| text[..at].starts_with(prefix));
        let part = bytes[at..].iter().take_while(|byte| {
            byte.is_ascii_alphanumeric() || **byte == b'_' || hyphenated && matches!(byte, b'-' | b':')
        });
        let length = part.count();
        if length == 0 {
            return end;
        }
        end = at + length;
        if bytes.get(end) != Some(&b'.') {
            return end;
        }
        at = end + 1;
    }
}

/// Tracks whether the text so far has opened a JSON string.
#[derive(Default)]
struct StringTracker {
    inside: bool,
    escaped: bool,
}

impl StringTracker {
    fn pass(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.inside => self.escaped = true,
                b'"' => self.inside = !self.inside,
                _ => {}
            }
        }
    }
}

/// A rendered line, and where in the template each of its bytes comes from.
#[derive(Clone, Debug)]
pub struct RenderedLine<'t> {
    line: String,
    parts: Vec<RenderedPart<'t>>,
    end: usize,
}

#[derive(Clone, Debug)]
struct RenderedPart<'t> {
    rendered: Range<usize>,
    at: usize,
    variable: Option<Variable<'t>>,
}

/// Where in the template a byte of a rendered line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateOrigin<'t> {
    /// The byte offset in the template. For a variable: its start.
    pub at: usize,
    /// The variable whose value contains the byte.
    pub variable: Option<Variable<'t>>,
    /// Whether the byte is the first of that value.
    pub is_first: bool,
}

impl<'t> RenderedLine<'t> {
    /// The line.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Where the byte at `offset` of the line comes from. The end of the line maps to the end of the template.
    #[must_use]
    pub fn origin(&self, offset: usize) -> TemplateOrigin<'t> {
        let after = self.parts.partition_point(|part| part.rendered.end <= offset);
        match self.parts.get(after) {
            None => TemplateOrigin { at: self.end, variable: None, is_first: false },
            Some(RenderedPart { rendered, at, variable: None }) => {
                TemplateOrigin { at: at + (offset - rendered.start), variable: None, is_first: false }
            }
            Some(RenderedPart { rendered, at, variable }) => {
                TemplateOrigin { at: *at, variable: *variable, is_first: offset == rendered.start }
            }
        }
    }

    /// The first variable whose value overlaps `range` of the line.
    #[must_use]
    pub fn variable_in(&self, range: &Range<usize>) -> Option<Variable<'t>> {
        let after = self.parts.partition_point(|part| part.rendered.end <= range.start);
        let inside = self.parts[after..].iter().take_while(|part| part.rendered.start < range.end);
        inside.into_iter().find_map(|part| part.variable)
    }

    /// The byte offset in the template just after what writes the first `offset` bytes of the line. A variable counts
    /// as a whole.
    #[must_use]
    pub fn template_end(&self, offset: usize) -> usize {
        let Some(last) = offset.checked_sub(1) else { return 0 };
        let origin = self.origin(last);
        origin.variable.map_or(origin.at + 1, |variable| variable.end())
    }
}

#[cfg(test)]
mod tests;
