//! The ways as a picture (SVG): a box for each VPC, a lane for each of its subnets, the hops in their order, and the
//! break in red. Made to be read at 800 pixels.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use gatelight_network::{Hop, HopResult, PathFromSubnet};

use super::{End, Way};
use crate::text::{plain, wrap};

const WIDTH: usize = 800;
const MARGIN: usize = 16;
const PAD: usize = 12;
/// Hops side by side.
const COLUMNS: usize = 4;
const BOX: (usize, usize) = (162, 84);
/// Between boxes: room for an arrow.
const GAP: (usize, usize) = (24, 22);
const LINE: usize = 16;
/// Characters that fit: of 12 pixels on a whole line, of 10 in a box. Sans-serif fonts differ; the widest common one is
/// reckoned with.
const LONG: usize = 104;
const SHORT: usize = 24;
/// Lines of words in a box; the rest is in its tooltip, and for a break below the hops.
const WORDS: usize = 4;

const GREEN: &str = "#2f855a";
const RED: &str = "#c53030";
const AMBER: &str = "#b7791f";
const GREY: &str = "#a0aec0";
const INK: &str = "#1a202c";

/// Writes the ways, one below the other.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(ways: &[Way], out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { body: String::new(), y: MARGIN };
    for way in ways {
        page.way(way);
    }
    let height = page.y + MARGIN;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" fill=\"{INK}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>",
        page.body
    )
}

/// How a hop or an end looks.
#[derive(Clone, Copy)]
struct Look {
    stroke: &'static str,
    fill: &'static str,
    dashed: bool,
}

impl Look {
    fn of(passage: &HopResult) -> Self {
        match passage {
            HopResult::Through => Self { stroke: GREEN, fill: "#f0fff4", dashed: false },
            HopResult::Stops => Self { stroke: RED, fill: "#fff5f5", dashed: false },
            HopResult::Unknown(_) => Self { stroke: AMBER, fill: "#fffff0", dashed: true },
        }
    }

    /// Of what packets do not get to.
    fn unreached() -> Self {
        Self { stroke: GREY, fill: "#f7fafc", dashed: true }
    }

    fn dashes(self) -> &'static str {
        if self.dashed { " stroke-dasharray=\"5 4\"" } else { "" }
    }
}

struct Page {
    body: String,
    /// Where the next thing begins.
    y: usize,
}

impl Page {
    fn way(&mut self, way: &Way) {
        let title = format!("{} → {}", way.name, way.endpoint);
        self.text(MARGIN, self.y + 18, 17, "font-weight=\"bold\"", &cut(&title, 72));
        self.y += 30;
        let mut rest = way.subnets.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|path| path.vpc == first.vpc).count();
            self.vpc(first.vpc.as_deref(), &rest[..same]);
            rest = &rest[same..];
        }
        let ink = match way.end {
            End::NotInVpc | End::Arrives => GREEN,
            End::Stops => RED,
            End::Unknown => AMBER,
        };
        self.words(MARGIN, ink, &way.says);
        if let Some(fix) = &way.fix {
            self.words(MARGIN, INK, &format!("Fix: {}", fix.text));
        }
        self.y += 2 * PAD;
    }

    /// A VPC around the lanes of its subnets.
    fn vpc(&mut self, vpc: Option<&str>, paths: &[PathFromSubnet]) {
        let (top, before) = (self.y, std::mem::take(&mut self.body));
        self.text(
            MARGIN + PAD,
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
        self.y += PAD;
    }

    /// A subnet, the hops of packets that leave it, and what becomes of them.
    fn lane(&mut self, path: &PathFromSubnet) {
        let (top, before) = (self.y, std::mem::take(&mut self.body));
        let (left, width) = (MARGIN + PAD, WIDTH - 2 * (MARGIN + PAD));
        let look = Look::of(&path.end);
        let end = match path.end {
            HopResult::Through => "arrives",
            HopResult::Stops => "stops",
            HopResult::Unknown(_) => "cannot tell",
        };
        self.text(left + PAD, top + 18, 12, "font-weight=\"bold\"", &cut(&path.name(), 60));
        let style = format!("font-weight=\"bold\" text-anchor=\"end\" fill=\"{}\"", look.stroke);
        self.text(left + width - PAD, top + 18, 12, &style, end);
        self.y += 28;
        self.hops(left + PAD, path);
        if let Some(hop) = path.stop() {
            self.words(left + PAD, RED, &hop.says);
        } else if let HopResult::Unknown(gap) = &path.end {
            self.words(left + PAD, AMBER, &gap.to_string());
        }
        let inside = std::mem::replace(&mut self.body, before);
        self.frame(left, top, width, self.y - top, "#ffffff", "#cbd5e0");
        self.body.push_str(&inside);
        self.y += PAD;
    }

    fn hops(&mut self, left: usize, path: &PathFromSubnet) {
        let top = self.y;
        let place = |at: usize| {
            let (row, column) = (at / COLUMNS, at % COLUMNS);
            (left + column * (BOX.0 + GAP.0), top + row * (BOX.1 + GAP.1))
        };
        // Beyond the first that stops packets, none arrive.
        let stop = path.hops.iter().position(|hop| hop.passage == HopResult::Stops).unwrap_or(usize::MAX);
        for (at, hop) in path.hops.iter().enumerate() {
            let look = if at > stop { Look::unreached() } else { Look::of(&hop.passage) };
            self.hop(place(at), hop, look);
            let next = if at >= stop { Look::unreached() } else { look };
            self.arrow(place(at), place(at + 1), next);
            if at == stop {
                self.cross(place(at), place(at + 1));
            }
        }
        let goal = if stop == usize::MAX { Look::of(&path.end) } else { Look::unreached() };
        self.node(place(path.hops.len()), goal, ["X-Ray", "port 443"], &[], "X-Ray's endpoint");
        self.y = place(path.hops.len()).1 + BOX.1 + PAD;
    }

    fn hop(&mut self, at: (usize, usize), hop: &Hop, look: Look) {
        let says = plain(&hop.says);
        let mut lines = wrap(&says, SHORT);
        for line in &mut lines {
            *line = cut(line, SHORT);
        }
        if lines.len() > WORDS {
            lines.truncate(WORDS);
            let last = &mut lines[WORDS - 1];
            *last = format!("{} …", cut(last, SHORT - 2));
        }
        self.node(at, look, [hop.place.name(), &cut(&hop.id, SHORT)], &lines, &says);
    }

    fn node(&mut self, (x, y): (usize, usize), look: Look, [name, id]: [&str; 2], lines: &[String], tip: &str) {
        let (width, height) = BOX;
        let (stroke, fill, dashes) = (look.stroke, look.fill, look.dashes());
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
    fn arrow(&mut self, (x, y): (usize, usize), (to_x, to_y): (usize, usize), look: Look) {
        let (stroke, dashes) = (look.stroke, look.dashes());
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

    /// The break: a cross on the arrow that packets do not take.
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
    fn words(&mut self, left: usize, ink: &str, text: &str) {
        let width = if left == MARGIN { LONG + 6 } else { LONG };
        for line in wrap(&plain(text), width) {
            self.text(left, self.y + 12, 12, &format!("fill=\"{ink}\""), &cut(&line, width));
            self.y += LINE;
        }
        self.y += PAD / 2;
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

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// As XML holds it, in text and in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML cannot hold these at all.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
