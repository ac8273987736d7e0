//! Paths as a picture (SVG), 800 pixels wide: a box for each VPC, a lane for each of its subnets with the hops in order,
//! and a red cross where packets stop.
//!
//! It refers to nothing outside itself. On a dark page a browser takes the dark colours; what knows no such rule draws the
//! light ones. Nothing is cut: a box is as high as its text, and its row as high as its highest box.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use gatelight_network::PathFromSubnet;

use super::{
    paths::FunctionPaths,
    rows::{HopRow, Mark, reached, rows},
};
use crate::text::{plain, wrap};

const WIDTH: usize = 800;
const MARGIN: usize = 16;
const PADDING: usize = 12;
/// Hops in a row.
const COLUMNS: usize = 4;
const BOX_WIDTH: usize = 162;
/// The space between boxes, across and down, which arrows are drawn in.
const GAP: (usize, usize) = (24, 22);
const LINE_HEIGHT: usize = 16;
const BOX_LINE_HEIGHT: usize = 12;
/// The characters that fit on a line of a title (17 pixels), on a whole line (12 pixels), and in a box (10 pixels, and 11
/// bold), in the widest common sans-serif font.
const TITLE_CHARS: usize = 72;
const LINE_CHARS: usize = 110;
const BOX_CHARS: usize = 24;
const BOX_NAME_CHARS: usize = 22;

const PAGE: &str = "#ffffff";
const VPC: &str = "#edf2f7";
const FRAME: &str = "#cbd5e0";
const INK: &str = "#1a202c";
const SOFT: &str = "#4a5568";
const GREEN: &str = "#2f855a";
const RED: &str = "#c53030";
const AMBER: &str = "#975a16";
const GREY: &str = "#a0aec0";
const GREEN_FILL: &str = "#f0fff4";
const RED_FILL: &str = "#fff5f5";
const AMBER_FILL: &str = "#fffff0";
const GREY_FILL: &str = "#f7fafc";
/// Every colour, and the one that takes its place on a dark page.
pub(super) const COLORS: [(&str, &str); 13] = [
    (PAGE, "#0d1117"),
    (VPC, "#161b22"),
    (FRAME, "#30363d"),
    (INK, "#e6edf3"),
    (SOFT, "#b1bac4"),
    (GREEN, "#56d364"),
    (RED, "#ff7b72"),
    (AMBER, "#e3b341"),
    (GREY, "#6e7681"),
    (GREEN_FILL, "#12261e"),
    (RED_FILL, "#2d1618"),
    (AMBER_FILL, "#272115"),
    (GREY_FILL, "#1c2128"),
];

/// Writes the functions, one below the other.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(functions: &[FunctionPaths], out: &mut dyn Write) -> io::Result<()> {
    let mut drawing = Drawing { body: String::new(), y: MARGIN };
    for function in functions {
        drawing.function(function);
    }
    let height = drawing.y + MARGIN;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gatelight-path\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" fill=\"{INK}\">\n\
         <style>\n{}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"{PAGE}\"/>\n{}</svg>",
        dark_colors(),
        drawing.body
    )
}

/// The rule that a browser applies on a dark page. It names the picture, so that it changes no other picture of a page.
fn dark_colors() -> String {
    let mut rules = "@media (prefers-color-scheme: dark) {\n".to_owned();
    for (light, dark) in COLORS {
        for of in ["fill", "stroke"] {
            let _ = write!(rules, ".gatelight-path [{of}=\"{light}\"] {{ {of}: {dark}; }} ");
        }
        rules.push('\n');
        if light == INK {
            let _ = writeln!(rules, ".gatelight-path {{ fill: {dark}; }}");
        }
    }
    rules.push_str("}\n");
    rules
}

/// How a box and the arrow after it are drawn.
#[derive(Clone, Copy)]
struct BoxStyle {
    stroke: &'static str,
    fill: &'static str,
    dashed: bool,
}

impl BoxStyle {
    fn of(mark: Mark) -> Self {
        match mark {
            Mark::Through => Self { stroke: GREEN, fill: GREEN_FILL, dashed: false },
            Mark::Stops => Self { stroke: RED, fill: RED_FILL, dashed: false },
            Mark::Unknown => Self { stroke: AMBER, fill: AMBER_FILL, dashed: true },
        }
    }

    /// For hops that packets never get to.
    fn unreached() -> Self {
        Self { stroke: GREY, fill: GREY_FILL, dashed: true }
    }

    fn dashes(self) -> &'static str {
        if self.dashed { " stroke-dasharray=\"5 4\"" } else { "" }
    }
}

/// What stands in a box.
struct BoxText {
    name: Vec<String>,
    id: Vec<String>,
    message: Vec<String>,
    style: BoxStyle,
}

impl BoxText {
    fn of(row: &HopRow<'_>, is_reached: bool) -> Self {
        Self {
            name: broken(&format!("{} {}", row.mark.symbol(), row.name), BOX_NAME_CHARS),
            id: row.id.map_or_else(Vec::new, |id| broken(id, BOX_CHARS)),
            message: broken(&row.message, BOX_CHARS),
            style: if is_reached { BoxStyle::of(row.mark) } else { BoxStyle::unreached() },
        }
    }

    fn height(&self) -> usize {
        18 + BOX_LINE_HEIGHT * (self.name.len() + self.id.len() + self.message.len())
    }
}

/// Where a box is.
#[derive(Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
    height: usize,
}

struct Drawing {
    body: String,
    /// The top of what is drawn next.
    y: usize,
}

impl Drawing {
    fn function(&mut self, function: &FunctionPaths) {
        for line in broken(&format!("{} → {}", function.name, function.endpoint), TITLE_CHARS) {
            self.text(MARGIN, self.y + 18, 17, "font-weight=\"bold\"", &line);
            self.y += 24;
        }
        self.paragraph(SOFT, &function.origin());
        let mark = function.verdict.mark();
        let verdict = format!("{} {}. {}", mark.symbol(), capitalized(mark.of_path()), function.message);
        self.paragraph(BoxStyle::of(mark).stroke, &verdict);
        if let Some(fix) = &function.fix {
            self.paragraph(INK, &format!("Fix: {}", fix.text));
        }
        for paths in function.subnets.chunk_by(|one, next| one.vpc == next.vpc) {
            self.vpc(paths);
        }
        self.y += PADDING;
    }

    /// A VPC around the lanes of its subnets.
    fn vpc(&mut self, paths: &[PathFromSubnet]) {
        let (top, before) = (self.y, std::mem::take(&mut self.body));
        let vpc = paths[0].vpc.as_deref().unwrap_or("a VPC that AWS does not name");
        self.headings(MARGIN + PADDING, 13, vpc);
        for path in paths {
            self.lane(path);
        }
        let inside = std::mem::replace(&mut self.body, before);
        self.frame(MARGIN, top, WIDTH - 2 * MARGIN, self.y - top, VPC);
        self.body.push_str(&inside);
        self.y += PADDING;
    }

    /// A subnet, the hops of packets that leave it, and the result.
    fn lane(&mut self, path: &PathFromSubnet) {
        let (top, before) = (self.y, std::mem::take(&mut self.body));
        let (left, width) = (MARGIN + PADDING, WIDTH - 2 * (MARGIN + PADDING));
        let mark = Mark::of(&path.result);
        let bold = format!("font-weight=\"bold\" text-anchor=\"end\" fill=\"{}\"", BoxStyle::of(mark).stroke);
        let end = format!("{} {}", mark.symbol(), mark.of_path());
        self.text(left + width - PADDING, top + 18, 12, &bold, &end);
        self.headings(left + PADDING, 12, &path.name());
        self.hops(left + PADDING, path);
        let inside = std::mem::replace(&mut self.body, before);
        self.frame(left, top, width, self.y - top, PAGE);
        self.body.push_str(&inside);
        self.y += PADDING;
    }

    fn headings(&mut self, left: usize, size: usize, text: &str) {
        for line in broken(text, 76) {
            self.text(left, self.y + 18, size, "font-weight=\"bold\"", &line);
            self.y += LINE_HEIGHT;
        }
        self.y += PADDING;
    }

    fn hops(&mut self, left: usize, path: &PathFromSubnet) {
        let rows = rows(path);
        let reached = reached(&rows);
        let mut boxes: Vec<_> = rows.iter().enumerate().map(|(at, row)| BoxText::of(row, at < reached)).collect();
        let stop = rows.iter().position(|row| row.mark == Mark::Stops);
        let goal_style = if stop.is_some() { BoxStyle::unreached() } else { BoxStyle::of(Mark::of(&path.result)) };
        boxes.push(BoxText {
            name: vec!["X-Ray".to_owned()],
            id: Vec::new(),
            message: vec!["port 443".to_owned()],
            style: goal_style,
        });
        let places = self.places(left, &boxes);
        for (at, (text, place)) in boxes.iter().zip(&places).enumerate() {
            self.node(*place, text);
            let Some(next) = places.get(at + 1) else { continue };
            // No packet gets beyond the first hop that stops them.
            let is_beyond = stop.is_some_and(|stop| at >= stop);
            self.arrow(*place, *next, if is_beyond { BoxStyle::unreached() } else { text.style });
            if stop == Some(at) {
                self.cross(*place, *next);
            }
        }
    }

    /// Where boxes are, row by row. What is drawn next is below them.
    fn places(&mut self, left: usize, boxes: &[BoxText]) -> Vec<Place> {
        let mut places = Vec::new();
        for row in boxes.chunks(COLUMNS) {
            let height = row.iter().map(BoxText::height).max().unwrap_or_default();
            let place = |column| Place { x: left + column * (BOX_WIDTH + GAP.0), y: self.y, height };
            places.extend((0..row.len()).map(place));
            self.y += height + GAP.1;
        }
        self.y = self.y + PADDING - GAP.1;
        places
    }

    fn node(&mut self, Place { x, y, height }: Place, text: &BoxText) {
        let BoxStyle { stroke, fill, .. } = text.style;
        let dashes = text.style.dashes();
        let _ = writeln!(
            self.body,
            "<g><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"{fill}\" \
             stroke=\"{stroke}\" stroke-width=\"1.5\"{dashes}/>"
        );
        let mono = "font-family=\"Menlo, Consolas, 'DejaVu Sans Mono', monospace\"";
        let soft = format!("fill=\"{SOFT}\"");
        let names = text.name.iter().map(|line| (11, "font-weight=\"bold\"", line));
        let ids = text.id.iter().map(|line| (10, mono, line));
        let messages = text.message.iter().map(|line| (10, soft.as_str(), line));
        for (number, (size, style, line)) in names.chain(ids).chain(messages).enumerate() {
            self.text(x + 8, y + 16 + number * BOX_LINE_HEIGHT, size, style, line);
        }
        self.body.push_str("</g>\n");
    }

    /// From one box to the next: to the right, or down to the beginning of the next row.
    fn arrow(&mut self, from: Place, to: Place, style: BoxStyle) {
        let (stroke, dashes) = (style.stroke, style.dashes());
        let (points, head) = if to.y == from.y {
            let (middle, x) = (from.y + from.height / 2, to.x);
            let head = format!("{x},{middle} {},{} {},{}", x - 8, middle - 4, x - 8, middle + 4);
            (format!("{},{middle} {},{middle}", from.x + BOX_WIDTH, x - 8), head)
        } else {
            let (start, end, bottom) = (from.x + BOX_WIDTH / 2, to.x + BOX_WIDTH / 2, from.y + from.height);
            let (bend, y) = (bottom + GAP.1 / 2 - 3, to.y);
            let head = format!("{end},{y} {},{} {},{}", end - 4, y - 8, end + 4, y - 8);
            (format!("{start},{bottom} {start},{bend} {end},{bend} {end},{}", y - 8), head)
        };
        let _ = writeln!(
            self.body,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.5\"{dashes}/>\
             <polygon points=\"{head}\" fill=\"{stroke}\"/>"
        );
    }

    /// A cross on the arrow that packets do not take.
    fn cross(&mut self, from: Place, to: Place) {
        let (x, y) = if to.y == from.y {
            (from.x + BOX_WIDTH + GAP.0 / 2 - 3, from.y + from.height / 2)
        } else {
            (from.x + BOX_WIDTH / 2, from.y + from.height + GAP.1 / 2 - 3)
        };
        let _ = writeln!(
            self.body,
            "<path d=\"M{} {}l12 12m0 -12l-12 12\" stroke=\"{RED}\" stroke-width=\"3\" stroke-linecap=\"round\"/>",
            x - 6,
            y - 6
        );
    }

    /// A paragraph over the whole width.
    fn paragraph(&mut self, ink: &str, text: &str) {
        for line in broken(text, LINE_CHARS) {
            self.text(MARGIN, self.y + 12, 12, &format!("fill=\"{ink}\""), &line);
            self.y += LINE_HEIGHT;
        }
        self.y += PADDING / 2;
    }

    fn frame(&mut self, x: usize, y: usize, width: usize, height: usize, fill: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{fill}\" stroke=\"{FRAME}\"/>"
        );
    }

    fn text(&mut self, x: usize, y: usize, size: usize, style: &str, text: &str) {
        let text = escaped(&plain(text));
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" {style}>{text}</text>");
    }
}

/// A text on lines of at most `width` characters. Longer words are broken: they have to fit, and nothing is cut.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in wrap(&plain(text), width) {
        let characters: Vec<char> = line.chars().collect();
        lines.extend(characters.chunks(width).map(String::from_iter));
    }
    lines
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The text escaped for XML, in text and in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no way to write these.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
