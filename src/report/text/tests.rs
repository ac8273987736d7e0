//! What the page shows first, that it fits its width, and that it stays short.

use gatelight_model::Severity;
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::{
    hyperlink::Hyperlinks,
    report::fixtures::{self, FailingStage, audited, thirty_seven_stages},
};

const LAYOUT: PageLayout = PageLayout { width: 100, verbose: false, links: Hyperlinks::OFF };

fn page(report: &Report, layout: PageLayout) -> String {
    let mut page = TerminalPage::new(false);
    render(report, layout, &mut page).expect("renders");
    page.into_text()
}

/// The line that holds a text.
fn line_of(page: &str, text: &str) -> usize {
    page.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}\n{page}"))
}

#[test]
fn the_role_that_silences_all_stands_before_a_sandbox_that_is_off() {
    let page = page(&audited(&[thirty_seven_stages()]), LAYOUT);
    let first: Vec<&str> = page.lines().take(12).collect();
    let role = first.iter().position(|line| line.contains("CloudWatch role was deleted")).expect(&page);
    assert!(first[role].contains("1  HIGH") && first[role].contains("36 stages dark"), "{page}");
    assert!(first.iter().any(|line| line.contains("37 dark")), "{page}");
    assert!(line_of(&page, "gateway-role-missing") < line_of(&page, "access-log-off"), "{page}");
    assert!(page.contains("svc-00…35/prod"), "36 names in one: {page}");
    let last: Vec<&str> = page.lines().rev().take(3).collect();
    assert!(
        last.iter().any(|line| line.contains("37 stages are dark") && line.contains("CloudWatch role was deleted")),
        "{page}"
    );
}

#[test]
fn lines_keep_the_width_and_nothing_is_broken_inside_a_word() {
    let report = audited(&[thirty_seven_stages()]);
    for width in [60, 80, 100, 120] {
        let page = page(&report, PageLayout { width, verbose: false, ..LAYOUT });
        for line in page.lines() {
            // A name, an ARN, an argument or a command in backticks runs over; nothing else does.
            let words = line.split(['`', '\'']).step_by(2).flat_map(str::split_whitespace).count();
            let is_command = line.contains("gatelight audit") || line.contains('\'') || line.contains('`');
            assert!(line.width() <= width || words <= 2 || is_command, "{width}: {line}");
        }
    }
}

/// Findings of `causes` messages: what differs is fixed apart.
fn many(findings: u64, causes: u64) -> Report {
    let failing: Vec<_> = (0..findings)
        .map(|number| FailingStage { number, severity: Severity::High, detail: number % causes })
        .collect();
    fixtures::report(&failing, &[], Timestamp::UNIX_EPOCH)
}

#[test]
fn five_thousand_findings_fit_two_hundred_lines_unless_all_are_asked_for() {
    for (findings, causes) in [(300, 100), (5_000, 1), (5_000, 100), (5_000, 5_000)] {
        for width in [60, 80, 120] {
            let short = page(&many(findings, causes), PageLayout { width, verbose: false, ..LAYOUT });
            assert!(short.lines().count() <= 200, "{findings} of {causes}: {}\n{short}", short.lines().count());
        }
    }
    let all = page(&many(5_000, 100), PageLayout { width: 100, verbose: true, ..LAYOUT });
    for number in [0, 7, 4_999] {
        assert!(all.contains(&format!("{number:05}")) || all.contains('…'), "every name is somewhere");
    }
}

#[test]
fn states_have_words_without_colour() {
    let page = page(&audited(&[thirty_seven_stages()]), LAYOUT);
    for word in ["dark", "degraded", "clear", "unknown"] {
        assert!(page.contains(word), "{word}");
    }
}
