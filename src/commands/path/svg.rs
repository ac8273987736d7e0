//! Paths as a picture (SVG), 800 pixels wide: a box for each VPC, a lane for each of its subnets with the hops in order,
//! and a red cross where packets stop.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use gatelight_network::{Hop, HopResult, PathFromSubnet};

use super::paths::{FunctionPaths, PathVerdict};
use crate::text::{plain, wrap};

const WIDTH: usize = 800;
const MARGIN: usize = 16;
const PADDING: usize = 12;
/// Hops in a row.
const COLUMNS: usize = 4;
const BOX: (usize, usize) = (162, 84);
/// The space between boxes, across and down, which arrows are drawn in.
const GAP: (usize, usize) = (24, 22);
const LINE_HEIGHT: usize = 16;
/// The characters that fit on a whole line (12 pixels) and in a box (10 pixels), in the widest common sans-serif font.
const LINE_CHARS: usize = 104;
const BOX_CHARS: usize = 24;
/// The lines of a message in a box. The rest is in the tooltip and, where packets stop, below the hops.
const BOX_LINES: usize = 4;

const GREEN: &str = "#2f855a";
const RED: &str = "#c53030";
const AMBER: &str = "#b7791f";
const GREY: &str = "#a0aec0";
const INK: &str = "#1a202c";

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
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" fill=\"{INK}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>",
        drawing.body
    )
}

/// How a box and the arrow after it are drawn.
#[derive(Clone, Copy)]
struct BoxStyle {
    stroke: &'static str,
    fill: &'static str,
    dashed: bool,
}

impl BoxStyle {
    fn of(result: &HopResult) -> Self {
        match result {
            HopResult::Through => Self { stroke: GREEN, fill: "#f0fff4", dashed: false },
            HopResult::Stops => Self { stroke: RED, fill: "#fff5f5", dashed: false },
            HopResult::Unknown(_) => Self { stroke: AMBER, fill: "#fffff0", dashed: true },
        }
    }

    /// For hops that packets never get to.
    fn unreached() -> Self {
        Self { stroke: GREY, fill: "#f7fafc", dashed: true }
    }

    fn dashes(self) -> &'static str {
        if self.dashed { " stroke-dasharray=\"5 4\"" } else { "" }
    }
}

struct Drawing {
    body: String,
    /// The top of what is drawn next.
    y: usize,
}

impl Drawing {
    fn function(&mut self, function: &FunctionPaths) {
        let title = format!("{} → {}", function.name, function.endpoint);
        self.text(MARGIN, self.y + 18, 17, "font-weight=\"bold\"", &cut(&title, 72));
        self.y += 30;
        let mut rest = function.subnets.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|path| path.vpc == first.vpc).count();
            self.vpc(first.vpc.as_deref(), &rest[..same]);
            rest = &rest[same..];
        }
        let ink = match function.verdict {
            PathVerdict::NotInVpc | PathVerdict::Arrives => GREEN,
            PathVerdict::Stops => RED,
            PathVerdict::Unknown => AMBER,
        };
        self.paragraph(MARGIN, ink, &function.message);
        if let Some(fix) = &function.fix {
            self.paragraph(MARGIN, INK, &format!("Fix: {}", fix.text));
        }
        self.y += 2 * PADDING;
    }

    /// A VPC around the lanes of its subnets.
    fn vpc(&mut self, vpc: Option<&str>, paths: &[PathFromSubnet]) {
        let (top, before) = (self.y, std::mem::take(&mut self.body));
        self.text(
            MARGIN + PADDING,
            top + 18,
            13,
            "font-weight=\"bold\"",
            &cut(vpc.unwrap_or("a VPC that AWS does not name"), 60),
        );
        self.y += 28;
        for path in paths {
            self.lane(path);
        }
        let inside = std::mem::replace(&mut self.body, before);
        self.frame(MARGIN, top, WIDTH - 2 * MARGIN, self.y - top, "#edf2f7", "#cbd5e0");
        self.body.push_str(&inside);
        self.y += PADDING;
    }

    /// A subnet, the hops of packets that leave it, and the result.
    fn lane(&mut self, path: &PathFromSubnet) {
        let (top, before) = (self.y, std::mem::take(&mut self.body));
        let (left, width) = (MARGIN + PADDING, WIDTH - 2 * (MARGIN + PADDING));
        let style = BoxStyle::of(&path.result);
        let end = match path.result {
            HopResult::Through => "arrives",
            HopResult::Stops => "stops",
            HopResult::Unknown(_) => "cannot tell",
        };
        self.text(left + PADDING, top + 18, 12, "font-weight=\"bold\"", &cut(&path.name(), 60));
        let bold = format!("font-weight=\"bold\" text-anchor=\"end\" fill=\"{}\"", style.stroke);
        self.text(left + width - PADDING, top + 18, 12, &bold, end);
        self.y += 28;
        self.hops(left + PADDING, path);
        if let Some(hop) = path.stop() {
            self.paragraph(left + PADDING, RED, &hop.message);
        } else if let HopResult::Unknown(gap) = &path.result {
            self.paragraph(left + PADDING, AMBER, &gap.to_string());
        }
        let inside = std::mem::replace(&mut self.body, before);
        self.frame(left, top, width, self.y - top, "#ffffff", "#cbd5e0");
        self.body.push_str(&inside);
        self.y += PADDING;
    }

    fn hops(&mut self, left: usize, path: &PathFromSubnet) {
        let top = self.y;
        let position = |at: usize| {
            let (row, column) = (at / COLUMNS, at % COLUMNS);
            (left + column * (BOX.0 + GAP.0), top + row * (BOX.1 + GAP.1))
        };
        // No packet gets beyond the first hop that stops them.
        let stop = path.hops.iter().position(|hop| hop.result == HopResult::Stops).unwrap_or(usize::MAX);
        for (at, hop) in path.hops.iter().enumerate() {
            let style = if at > stop { BoxStyle::unreached() } else { BoxStyle::of(&hop.result) };
            self.hop(position(at), hop, style);
            let next = if at >= stop { BoxStyle::unreached() } else { style };
            self.arrow(position(at), position(at + 1), next);
            if at == stop {
                self.cross(position(at), position(at + 1));
            }
        }
        let goal_style = if stop == usize::MAX { BoxStyle::of(&path.result) } else { BoxStyle::unreached() };
        self.node(position(path.hops.len()), goal_style, ["X-Ray", "port 443"], &[], "X-Ray's endpoint");
        self.y = position(path.hops.len()).1 + BOX.1 + PADDING;
    }

    fn hop(&mut self, at: (usize, usize), hop: &Hop, style: BoxStyle) {
        let message = plain(&hop.message);
        let mut lines = wrap(&message, BOX_CHARS);
        for line in &mut lines {
            *line = cut(line, BOX_CHARS);
        }
        if lines.len() > BOX_LINES {
            lines.truncate(BOX_LINES);
            let last = &mut lines[BOX_LINES - 1];
            *last = format!("{} …", cut(last, BOX_CHARS - 2));
        }
        self.node(at, style, [hop.kind.name(), &cut(&hop.id, BOX_CHARS)], &lines, &message);
    }

    fn node(&mut self, (x, y): (usize, usize), style: BoxStyle, [name, id]: [&str; 2], lines: &[String], tip: &str) {
        let (width, height) = BOX;
        let (stroke, fill, dashes) = (style.stroke, style.fill, style.dashes());
        let _ = writeln!(
            self.body,
            "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{fill}\" \
             stroke=\"{stroke}\" stroke-width=\"1.5\"{dashes}/>",
            escaped(tip)
        );
        self.text(x + 8, y + 14, 11, "font-weight=\"bold\"", name);
        self.text(x + 8, y + 27, 10, "font-family=\"Menlo, Consolas, 'DejaVu Sans Mono', monospace\"", id);
        for (number, line) in lines.iter().enumerate() {
            self.text(x + 8, y + 40 + number * 12, 10, "fill=\"#4a5568\"", line);
        }
        self.body.push_str("</g>\n");
    }

    /// From one box to the next: to the right, or down to the beginning of the next row.
    fn arrow(&mut self, (x, y): (usize, usize), (to_x, to_y): (usize, usize), style: BoxStyle) {
        let (stroke, dashes) = (style.stroke, style.dashes());
        let (points, head) = if to_y == y {
            let middle = y + BOX.1 / 2;
            let head = format!("{to_x},{middle} {},{} {},{}", to_x - 8, middle - 4, to_x - 8, middle + 4);
            (format!("{},{middle} {},{middle}", x + BOX.0, to_x - 8), head)
        } else {
            let (from, to, bend) = (x + BOX.0 / 2, to_x + BOX.0 / 2, y + BOX.1 + GAP.1 / 2 - 3);
            let head = format!("{to},{to_y} {},{} {},{}", to - 4, to_y - 8, to + 4, to_y - 8);
            (format!("{from},{} {from},{bend} {to},{bend} {to},{}", y + BOX.1, to_y - 8), head)
        };
        let _ = writeln!(
            self.body,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.5\"{dashes}/>\
             <polygon points=\"{head}\" fill=\"{stroke}\"/>"
        );
    }

    /// A cross on the arrow that packets do not take.
    fn cross(&mut self, (x, y): (usize, usize), (_, to_y): (usize, usize)) {
        let (x, y) = if to_y == y {
            (x + BOX.0 + GAP.0 / 2 - 3, y + BOX.1 / 2)
        } else {
            (x + BOX.0 / 2, y + BOX.1 + GAP.1 / 2 - 3)
        };
        let _ = writeln!(
            self.body,
            "<path d=\"M{} {}l12 12m0 -12l-12 12\" stroke=\"{RED}\" stroke-width=\"3\" stroke-linecap=\"round\"/>",
            x - 6,
            y - 6
        );
    }

    /// A paragraph over the whole width.
    fn paragraph(&mut self, left: usize, ink: &str, text: &str) {
        let width = if left == MARGIN { LINE_CHARS + 6 } else { LINE_CHARS };
        for line in wrap(&plain(text), width) {
            self.text(left, self.y + 12, 12, &format!("fill=\"{ink}\""), &cut(&line, width));
            self.y += LINE_HEIGHT;
        }
        self.y += PADDING / 2;
    }

    fn frame(&mut self, x: usize, y: usize, width: usize, height: usize, fill: &str, stroke: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{fill}\" stroke=\"{stroke}\"/>"
        );
    }

    fn text(&mut self, x: usize, y: usize, size: usize, style: &str, text: &str) {
        let text = escaped(&plain(text));
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" {style}>{text}</text>");
    }
}

/// The text, cut to at most `most` characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
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
