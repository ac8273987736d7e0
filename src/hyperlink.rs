//! Links that a terminal shows as text (OSC 8): the one place that decides whether the terminal takes them, and writes them.
//!
//! The escape sequence is described at <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>.

/// Whether text can be a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hyperlinks {
    is_on: bool,
}

impl Hyperlinks {
    /// For text that goes to no terminal, or through a program that could show the escape sequences.
    pub(crate) const OFF: Self = Self { is_on: false };

    /// For text on a terminal with colours. `FORCE_HYPERLINK` set to anything but `0` turns links on where the terminal is
    /// not known, and `0` turns them off.
    pub(crate) fn on_terminal() -> Self {
        Self { is_on: is_supported(|name| std::env::var(name).ok().filter(|value| !value.is_empty())) }
    }

    /// Whether links are on.
    pub(crate) fn is_on(self) -> bool {
        self.is_on
    }

    /// The text as a link to an https address; the text alone where links are off or the address is another one.
    pub(crate) fn link(self, text: &str, address: &str) -> String {
        let is_plain = address.starts_with("https://") && address.bytes().all(|byte| byte.is_ascii_graphic());
        if self.is_on && is_plain { format!("\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\") } else { text.to_owned() }
    }
}

/// Whether the terminal of these environment variables is known to take links. Many others show them as rubbish.
fn is_supported(variable: impl Fn(&str) -> Option<String>) -> bool {
    if let Some(forced) = variable("FORCE_HYPERLINK") {
        return forced != "0";
    }
    // Multiplexers pass links on only if they are told to.
    if ["CI", "TMUX", "STY"].iter().any(|name| variable(name).is_some()) {
        return false;
    }
    let number = |name: &str| variable(name).and_then(|value| value.parse::<u32>().ok()).unwrap_or_default();
    let program = variable("TERM_PROGRAM").unwrap_or_default();
    let term = variable("TERM").unwrap_or_default();
    ["DOMTERM", "WT_SESSION", "KITTY_WINDOW_ID"].iter().any(|name| variable(name).is_some())
        // GNOME's terminal and others: links came with VTE 0.50, and crashed it before 0.50.1.
        || number("VTE_VERSION") > 5_000
        || number("KONSOLE_VERSION") >= 201_200
        || ["Hyper", "WezTerm", "ghostty", "iTerm.app", "rio", "vscode", "zed"].contains(&program.as_str())
        || ["alacritty", "foot", "xterm-ghostty", "xterm-kitty"].iter().any(|name| term.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_that_are_known_to_take_links_get_them() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("TERM", "xterm-256color")], false),
            (&[("TERM", "dumb")], false),
            (&[("TERM", "xterm-kitty")], true),
            (&[("TERM", "foot-extra")], true),
            (&[("VTE_VERSION", "5000")], false),
            (&[("VTE_VERSION", "7800")], true),
            (&[("VTE_VERSION", "new")], false),
            (&[("TERM_PROGRAM", "vscode")], true),
            (&[("TERM_PROGRAM", "Apple_Terminal")], false),
            (&[("WT_SESSION", "8f7c")], true),
            (&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/tmux-0/default,1,0")], false),
            (&[("TERM_PROGRAM", "vscode"), ("CI", "true")], false),
            (&[("TERM", "dumb"), ("FORCE_HYPERLINK", "1")], true),
            (&[("TERM", "xterm-kitty"), ("FORCE_HYPERLINK", "0")], false),
        ] {
            let variable =
                |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(is_supported(variable), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_link_leads_to_an_https_page_only() {
        let on = Hyperlinks { is_on: true };
        let page = "https://docs.aws.amazon.com/x.html";
        assert_eq!(on.link("x", page), "\x1b]8;;https://docs.aws.amazon.com/x.html\x1b\\x\x1b]8;;\x1b\\");
        assert_eq!(Hyperlinks::OFF.link("x", page), "x");
        for address in ["", "http://example.com", "file:///etc/passwd", "https://a\x1b\\b", "https://a b", "https://é"]
        {
            assert_eq!(on.link("x", address), "x", "{address}");
        }
    }
}
