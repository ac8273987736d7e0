//! An access-log template as literal text and variables.

use std::ops::Range;

/// A template, taken apart. The sources of its pieces, joined, are the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<'t> {
    text: &'t str,
    pieces: Vec<Piece<'t>>,
}

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Text that is written as it stands.
    Text(&'t str),
    /// `$input…` or `$stageVariables…`: variables elsewhere in API Gateway, mere text in an access log. Only
    /// `$context` variables are supported:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>.
    NeverFilled(&'t str),
    /// A variable, which API Gateway fills.
    Variable(Variable<'t>),
}

impl<'t> Piece<'t> {
    /// What stands in the template.
    #[must_use]
    pub fn source(&self) -> &'t str {
        match self {
            Self::Text(source) | Self::NeverFilled(source) => source,
            Self::Variable(variable) => variable.source,
        }
    }
}

/// A `$context` variable in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'t> {
    /// Without `$context.`: `identity.sourceIp`. Names are case-sensitive.
    pub name: &'t str,
    /// The byte of the template where its `$` stands.
    pub at: usize,
    /// As it is written: `$context.identity.sourceIp`.
    pub source: &'t str,
}

impl Variable<'_> {
    /// Whether it is written `${context.x}`, which AWS does not document for access logs.
    #[must_use]
    pub fn is_braced(&self) -> bool {
        self.source.starts_with("${")
    }

    /// The byte of the template after it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.at + self.source.len()
    }
}

/// Under these, names may hold `-` and `:` too: they are names of claims and headers.
const HYPHENATED: [&str; 3] = ["authorizer.claims.", "requestOverride.", "responseOverride."];

impl<'t> Template<'t> {
    /// Takes `text` apart. Every text is a template: a `$` that begins nothing is text.
    #[must_use]
    pub fn parse(text: &'t str) -> Self {
        let mut pieces = Vec::new();
        let (mut done, mut from) = (0, 0);
        while let Some(found) = text[from..].find('$') {
            let at = from + found;
            let Some(piece) = special(&text[at..], at) else {
                from = at + 1;
                continue;
            };
            if done < at {
                pieces.push(Piece::Text(&text[done..at]));
            }
            pieces.push(piece);
            done = at + piece.source().len();
            from = done;
        }
        if done < text.len() {
            pieces.push(Piece::Text(&text[done..]));
        }
        Self { text, pieces }
    }

    /// The template as it was given.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Its pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece<'t>] {
        &self.pieces
    }

    /// Its variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable<'t>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            _ => None,
        })
    }

    /// Its variables, in order, each with whether it stands inside a JSON string.
    #[must_use]
    pub fn places(&self) -> Vec<(Variable<'t>, bool)> {
        let mut quotes = Quotes::default();
        let mut places = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) | Piece::NeverFilled(text) => quotes.pass(text),
                Piece::Variable(variable) => {
                    places.push((*variable, quotes.inside));
                    quotes.escaped = false;
                }
            }
        }
        places
    }

    /// The first variable of exactly that name. One that is written `$context.x` comes before `${context.x}`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Variable<'t>> {
        let named = || self.variables().filter(|variable| variable.name == name);
        named().find(|variable| !variable.is_braced()).or_else(|| named().next())
    }

    /// The line that API Gateway would write if it filled each variable with what `fill` says. `fill` is told whether
    /// the variable stands inside a JSON string.
    #[must_use]
    pub fn render(&self, mut fill: impl FnMut(&Variable<'t>, bool) -> &'static str) -> Rendered<'t> {
        let mut line = String::with_capacity(self.text.len());
        let mut spans = Vec::with_capacity(self.pieces.len());
        let mut quotes = Quotes::default();
        let mut at = 0;
        for piece in &self.pieces {
            let start = line.len();
            let variable = match piece {
                Piece::Text(text) | Piece::NeverFilled(text) => {
                    quotes.pass(text);
                    line.push_str(text);
                    None
                }
                Piece::Variable(variable) => {
                    line.push_str(fill(variable, quotes.inside));
                    quotes.escaped = false;
                    Some(*variable)
                }
            };
            spans.push(Span { rendered: start..line.len(), at, variable });
            at += piece.source().len();
        }
        Rendered { line, spans, end: at }
    }
}

/// The variable that `rest` begins with, if any; `at` is where `rest` stands in the template.
fn special(rest: &str, at: usize) -> Option<Piece<'_>> {
    let variable = |start: usize, closing: &str| {
        let length = name_length(&rest[start..]);
        let end = start + length;
        (length > 0 && rest[end..].starts_with(closing))
            .then(|| Piece::Variable(Variable { name: &rest[start..end], at, source: &rest[..end + closing.len()] }))
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
    matches!(root, "input" | "stageVariables").then(|| Piece::NeverFilled(&rest[..rest.len() - opened.len() + length]))
}

/// How many bytes at the start of `text` are names joined by single dots. A trailing dot is not part of them.
fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut end, mut at) = (0, 0);
    loop {
        let hyphenated = HYPHENATED.iter().any(|prefix| text[..at].starts_with(prefix));
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

/// Whether text so far has opened a JSON string.
#[derive(Default)]
struct Quotes {
    inside: bool,
    escaped: bool,
}

impl Quotes {
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

/// A template with its variables filled, and where each of its bytes comes from.
#[derive(Clone, Debug)]
pub struct Rendered<'t> {
    line: String,
    spans: Vec<Span<'t>>,
    end: usize,
}

#[derive(Clone, Debug)]
struct Span<'t> {
    rendered: Range<usize>,
    at: usize,
    variable: Option<Variable<'t>>,
}

/// Where a byte of a rendered line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'t> {
    /// The byte of the template; for a variable, where it begins.
    pub at: usize,
    /// The variable whose value the byte is part of.
    pub variable: Option<Variable<'t>>,
    /// Whether it is the first byte of that value.
    pub is_first: bool,
}

impl<'t> Rendered<'t> {
    /// The line.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Where the byte at `offset` of the line comes from. The end of the line comes from the end of the template.
    #[must_use]
    pub fn origin(&self, offset: usize) -> Origin<'t> {
        let after = self.spans.partition_point(|span| span.rendered.end <= offset);
        match self.spans.get(after) {
            None => Origin { at: self.end, variable: None, is_first: false },
            Some(Span { rendered, at, variable: None }) => {
                Origin { at: at + (offset - rendered.start), variable: None, is_first: false }
            }
            Some(Span { rendered, at, variable }) => {
                Origin { at: *at, variable: *variable, is_first: offset == rendered.start }
            }
        }
    }

    /// The first variable whose value is part of what stands at `range` of the line.
    #[must_use]
    pub fn variable_in(&self, range: &Range<usize>) -> Option<Variable<'t>> {
        let after = self.spans.partition_point(|span| span.rendered.end <= range.start);
        let inside = self.spans[after..].iter().take_while(|span| span.rendered.start < range.end);
        inside.into_iter().find_map(|span| span.variable)
    }

    /// The byte of the template after which the first `offset` bytes of the line are written; a variable counts
    /// whole.
    #[must_use]
    pub fn template_end(&self, offset: usize) -> usize {
        let Some(last) = offset.checked_sub(1) else { return 0 };
        let origin = self.origin(last);
        origin.variable.map_or(origin.at + 1, |variable| variable.end())
    }
}

#[cfg(test)]
mod tests;
