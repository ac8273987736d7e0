//! Renders a page of Markdown for a terminal: headings, paragraphs, lists, tables, code and links.

use anstyle::{AnsiColor, Effects, Style};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr;

use crate::hyperlink::Hyperlinks;

const TITLE: Style = Style::new().effects(Effects::BOLD.insert(Effects::UNDERLINE));
const HEADING: Style = Style::new().bold();
const STRONG: Style = Style::new().bold();
const CODE: Style = AnsiColor::Cyan.on_default();

/// What a terminal can show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// In columns. Code goes over it, so that it can be copied.
    pub(super) width: usize,
    pub(super) is_colored: bool,
    pub(super) links: Hyperlinks,
}

/// The page as lines for a terminal. Without colours, headings are underlined and code keeps its backquotes.
pub(super) fn render(markdown: &str, screen: Screen) -> String {
    let mut page = Page {
        screen,
        out: String::new(),
        text: Text::default(),
        styles: vec![],
        link: None,
        block: Block::Text,
        rows: vec![],
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.event(event);
    }
    page.out.trim_end().to_owned() + "\n"
}

/// Words with their styles, and how wide they are.
#[derive(Default)]
struct Text {
    words: Vec<(String, usize)>,
    /// Whether the next piece begins a new word.
    is_apart: bool,
}

impl Text {
    fn push(&mut self, piece: &str, shown: &str) {
        match self.words.last_mut().filter(|_| !self.is_apart) {
            Some((word, width)) => {
                word.push_str(shown);
                *width += piece.width();
            }
            None => self.words.push((shown.to_owned(), piece.width())),
        }
        self.is_apart = false;
    }

    /// Lines of at most `width` columns; a longer word stays whole.
    fn lines(&mut self, width: usize) -> Vec<String> {
        let (mut lines, mut used): (Vec<String>, usize) = (vec![], 0);
        for (word, own) in std::mem::take(self).words {
            match lines.last_mut() {
                Some(line) if used + 1 + own <= width => {
                    line.push(' ');
                    line.push_str(&word);
                    used += 1 + own;
                }
                _ => {
                    lines.push(word);
                    used = own;
                }
            }
        }
        lines
    }

    fn width(&self) -> usize {
        self.words.iter().map(|(_, width)| width + 1).sum::<usize>().saturating_sub(1)
    }
}

/// What the text that is read belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Text,
    Code,
    Item,
}

struct Page {
    screen: Screen,
    out: String,
    text: Text,
    styles: Vec<Style>,
    /// The address of the link whose text is read.
    link: Option<String>,
    block: Block,
    /// The cells of a table.
    rows: Vec<Vec<Text>>,
}

impl Page {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.block == Block::Code => self.code(&text),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.words(&text, Style::new()),
            Event::Code(code) if self.screen.is_colored => self.words(&code, CODE),
            Event::Code(code) => self.words(&format!("`{code}`"), Style::new()),
            Event::SoftBreak | Event::HardBreak => self.text.is_apart = true,
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::CodeBlock(_) => self.block = Block::Code,
            Tag::Item => self.block = Block::Item,
            Tag::TableHead | Tag::TableRow => self.rows.push(vec![]),
            Tag::Strong => self.styles.push(STRONG),
            Tag::Link { dest_url, .. } => self.link = Some(dest_url.into_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.heading(level),
            TagEnd::Paragraph if self.block == Block::Text => {
                self.paragraph("", "");
                self.out.push('\n');
            }
            TagEnd::Item => {
                self.block = Block::Text;
                self.paragraph(if self.screen.is_colored { "• " } else { "- " }, "  ");
            }
            TagEnd::CodeBlock => {
                self.block = Block::Text;
                self.out.push('\n');
            }
            TagEnd::List(_) => self.out.push('\n'),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.table(),
            TagEnd::Strong => drop(self.styles.pop()),
            TagEnd::Link => self.end_of_link(),
            _ => {}
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        let style = if level == HeadingLevel::H1 { TITLE } else { HEADING };
        let width = self.text.width().min(self.screen.width);
        for line in self.text.lines(self.screen.width) {
            self.out += &(self.styled(style, &line) + "\n");
        }
        if !self.screen.is_colored {
            let mark = if level == HeadingLevel::H1 { "=" } else { "-" };
            self.out += &(mark.repeat(width) + "\n");
        }
        self.out.push('\n');
    }

    fn paragraph(&mut self, first: &str, others: &str) {
        for (at, line) in self.text.lines(self.screen.width - first.width()).into_iter().enumerate() {
            let indent = if at == 0 { first } else { others };
            self.out += &format!("{indent}{line}\n");
        }
    }

    fn code(&mut self, text: &str) {
        for line in text.lines() {
            let line = if line.is_empty() { String::new() } else { format!("    {}", self.styled(CODE, line)) };
            self.out += &(line + "\n");
        }
    }

    /// Columns as wide as their cells; the last one is wrapped.
    fn table(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        let count = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(Text::width).max().unwrap_or_default();
        let widths: Vec<_> = (0..count).map(width).collect();
        let before: usize = widths[..count.saturating_sub(1)].iter().map(|width| width + 2).sum();
        let last = self.screen.width.saturating_sub(before).max(20);
        for (row_at, row) in rows.iter_mut().enumerate() {
            let mut line = String::new();
            let mut rest = vec![];
            for (at, cell) in row.iter_mut().enumerate() {
                let own = cell.width();
                let mut lines = cell.lines(if at + 1 == count { last } else { usize::MAX }).into_iter();
                line += &lines.next().unwrap_or_default();
                rest = lines.collect();
                if at + 1 < count {
                    line += &" ".repeat(widths[at] - own + 2);
                }
            }
            let style = if row_at == 0 { HEADING } else { Style::new() };
            self.out += &(self.styled(style, line.trim_end()) + "\n");
            for line in rest {
                self.out += &format!("{}{line}\n", " ".repeat(before));
            }
        }
        self.out.push('\n');
    }

    /// The link's address after its text, where the text itself cannot be the link.
    fn end_of_link(&mut self) {
        let Some(address) = self.link.take() else { return };
        if !self.screen.links.is_on() {
            self.text.is_apart = true;
            self.text.push(&address, &address);
        }
    }

    /// Adds text, split at its white space. Each word carries its own style and link, so that lines can break between them.
    fn words(&mut self, text: &str, style: Style) {
        let style =
            self.styles.iter().fold(style, |style, outer| style.effects(style.get_effects() | outer.get_effects()));
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.split(' ').next().unwrap_or_default();
            if word.is_empty() {
                self.text.is_apart = true;
                rest = &rest[1..];
                continue;
            }
            let shown = self.styled(style, word);
            let shown = self.link.as_ref().map_or(shown.clone(), |address| self.screen.links.link(&shown, address));
            self.text.push(word, &shown);
            rest = &rest[word.len()..];
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.screen.is_colored && style != Style::new() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Title of it\n\n## What it finds\n\nA `$context.status` that is **never** filled, and more words of \
                        text.\n\n- one `a b` item that is so long that it needs a second line\n- [A page](https://docs.aws.amazon.com/x.html)\n\n\
                        ```sh\naws logs a-very-long-command-that-is-never-wrapped --whatever its --width is\n\necho 'x'\n```\n\n\
                        | pattern | a line |\n| --- | --- |\n| `a` | `Failed` to do something that takes many words |\n| longer one | x |\n";

    fn shown(is_colored: bool, width: usize) -> String {
        render(PAGE, Screen { width, is_colored, links: Hyperlinks::OFF })
    }

    #[test]
    fn without_colours_marks_are_text() {
        assert_eq!(
            shown(false, 40),
            "Title of it\n===========\n\nWhat it finds\n-------------\n\nA `$context.status` that is never\nfilled, and more words of text.\n\n\
             - one `a b` item that is so long that it\n  needs a second line\n- A page\n  https://docs.aws.amazon.com/x.html\n\n    \
             aws logs a-very-long-command-that-is-never-wrapped --whatever its --width is\n\n    echo 'x'\n\n\
             pattern     a line\n`a`         `Failed` to do something\n            that takes many words\nlonger one  x\n"
        );
    }

    #[test]
    fn with_colours_the_same_words_are_styled() {
        let styled = shown(true, 40);
        assert!(styled.contains("\u{1b}[36m$context.status\u{1b}[0m that is \u{1b}[1mnever\u{1b}[0m"), "{styled:?}");
        assert!(!styled.contains('`') && !styled.contains("===") && styled.contains("• one"), "{styled}");
        // All but code fits, whatever escape sequences there are.
        let plain = anstream::adapter::strip_str(&styled).to_string();
        let lines = plain.lines().filter(|line| !line.starts_with("    ") && !line.contains("https://"));
        assert!(lines.clone().count() > 8 && lines.clone().all(|line| line.width() <= 40), "{plain}");
    }

    #[test]
    fn every_page_of_a_check_is_rendered_whole() {
        for check in gatelight_checks::CHECKS {
            for width in [40, 80, 120] {
                let page = render(check.docs, Screen { width, is_colored: false, links: Hyperlinks::OFF });
                let words = |text: &str| {
                    let is_kept = |c: &char| c.is_alphanumeric();
                    text.chars().filter(is_kept).collect::<String>()
                };
                // Names of languages after a fence are not shown.
                let shown: String = words(&page);
                for line in check.docs.lines().filter(|line| !line.starts_with("```")) {
                    assert!(shown.contains(&words(line)), "{}: {line}\n{page}", check.id);
                }
            }
        }
    }
}
