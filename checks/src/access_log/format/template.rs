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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access_log::format::variables::{absent, value};

    fn names(text: &str) -> Vec<&str> {
        Template::parse(text).variables().map(|variable| variable.name).collect()
    }

    #[test]
    fn a_variable_is_the_longest_text_of_names_and_single_dots() {
        let table: &[(&str, &[&str])] = &[
            ("$context.requestId", &["requestId"]),
            ("$context.requestId.", &["requestId"]),
            ("$context.a..b", &["a"]),
            ("$context.a.b_2.c", &["a.b_2.c"]),
            ("$context.a-b", &["a"]),
            ("$context.a:b", &["a"]),
            ("$context.aé", &["a"]),
            ("$context.status$context.path", &["status", "path"]),
            ("$context.status.$context.path", &["status", "path"]),
            ("$$context.status", &["status"]),
            ("\\$context.status", &["status"]),
            ("$context.contextual$context", &["contextual"]),
            // Names with a hyphen or a colon.
            ("$context.authorizer.claims.cognito:username", &["authorizer.claims.cognito:username"]),
            ("$context.authorizer.claims.a-b.c-d.", &["authorizer.claims.a-b.c-d"]),
            ("$context.authorizer.claims-x", &["authorizer.claims"]),
            ("$context.authorizer.claimsx.a-b", &["authorizer.claimsx.a"]),
            ("$context.authorizer.a-b", &["authorizer.a"]),
            ("$context.requestOverride.header.x-y", &["requestOverride.header.x-y"]),
            ("$context.responseOverride.header.x-y", &["responseOverride.header.x-y"]),
            ("$context.responseOverrides.header.x-y", &["responseOverrides.header.x"]),
            // Braces.
            ("${context.a.b}c", &["a.b"]),
            ("${context.a.b", &[]),
            ("${context.a.}", &[]),
            ("${context.}", &[]),
            ("${context.a$context.b}", &["b"]),
            // Nothing begins.
            ("$", &[]),
            ("$context", &[]),
            ("$context.", &[]),
            ("$context..a", &[]),
            ("$context.-a", &[]),
            ("$Context.a $CONTEXT.a $contexts.a context.a", &[]),
            ("$input.body $stageVariables.x ${stageVariables.x}", &[]),
            ("", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(names(text), *expected, "{text}");
        }
    }

    #[test]
    fn variables_know_where_they_stand() {
        let template = Template::parse("é${context.a}$context.b.");
        let found: Vec<_> = template.variables().map(|v| (v.at, v.end(), v.source, v.is_braced())).collect();
        assert_eq!(found, [(2, 14, "${context.a}", true), (14, 24, "$context.b", false)]);
        assert_eq!(template.find("b").map(|variable| variable.at), Some(14));
        assert_eq!(template.find("B"), None);
        assert_eq!(Template::parse("${context.a} $context.a").find("a").map(|variable| variable.at), Some(13));
    }

    #[test]
    fn other_variables_of_api_gateway_are_never_filled() {
        let pieces = |text| Template::parse(text).pieces().to_vec();
        assert_eq!(pieces("$input.params('x')"), [Piece::NeverFilled("$input.params"), Piece::Text("('x')")]);
        assert_eq!(pieces("$stageVariables.x."), [Piece::NeverFilled("$stageVariables.x"), Piece::Text(".")]);
        assert_eq!(pieces("${stageVariables.x}"), [Piece::NeverFilled("${stageVariables.x"), Piece::Text("}")]);
        assert_eq!(pieces("$inputs.x"), [Piece::Text("$inputs.x")]);
        assert_eq!(Template::parse("$input.body").render(value).line(), "$input.body");
    }

    #[test]
    fn variables_are_filled_with_values_of_their_kind_or_are_absent() {
        let template = Template::parse("$context.requestId $context.status ${context.path}.");
        assert_eq!(template.render(value).line(), "c6af9ac6-7b61-41e6-9a41-93e8deadbeef 200 value.");
        assert_eq!(template.render(absent).line(), "- - -.");
    }

    #[test]
    fn whether_a_variable_stands_in_a_string_is_told() {
        let inside = |text| {
            let mut inside = Vec::new();
            let _ = Template::parse(text).render(|_, is_inside| {
                inside.push(is_inside);
                ""
            });
            inside
        };
        assert_eq!(inside(r#"{"$context.a":$context.b,"\"$context.c":1}$context.d"#), [true, false, true, false]);
        assert_eq!(inside(r#"{"a\\":$context.a}"#), [false]);
        assert_eq!(inside(r#"\"$context.a"#), [true]);
    }

    #[test]
    fn every_byte_of_a_line_comes_from_somewhere() {
        let template = Template::parse("ab$context.status,$context.nothing|");
        let rendered = template.render(|variable, _| if variable.name == "status" { "200" } else { "" });
        assert_eq!(rendered.line(), "ab200,|");
        let origins: Vec<_> = (0..=7).map(|offset| rendered.origin(offset).at).collect();
        assert_eq!(origins, [0, 1, 2, 2, 2, 17, 34, 35]);
        assert_eq!(rendered.origin(2).variable.map(|variable| variable.name), Some("status"));
        assert!(rendered.origin(2).is_first && !rendered.origin(3).is_first);
        assert_eq!([0, 1, 2, 3, 5, 6, 7].map(|end| rendered.template_end(end)), [0, 1, 2, 17, 17, 18, 35]);
    }

    proptest! {
        #[test]
        fn pieces_joined_are_the_template(text in r#"([$]context[.]|[$][{]context[.]|[a-z.{}"\$:-]|[$]input|é|\PC){0,40}"#) {
            let template = Template::parse(&text);
            let joined: String = template.pieces().iter().map(Piece::source).collect();
            prop_assert_eq!(&joined, &text);
            for variable in template.variables() {
                prop_assert!(text[variable.at..].starts_with(variable.source));
                prop_assert!(!variable.name.is_empty() && !variable.name.ends_with('.'));
            }
            let rendered = template.render(value);
            for offset in 0..=rendered.line().len() {
                prop_assert!(rendered.origin(offset).at <= text.len());
            }
        }

        #[test]
        fn text_without_a_dollar_is_text(text in "[^$]*") {
            let template = Template::parse(&text);
            let rendered = template.render(value);
            prop_assert_eq!(rendered.line(), &text);
        }
    }
}
