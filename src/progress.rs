//! The progress line of a long run, on a terminal only; its count of steps; and announcements while it runs.

use std::{
    io::IsTerminal,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::notice;

/// A line that shows what is being read, how much of it, and how fast; and a count of steps, shown or not. Cheap to clone;
/// all clones share both.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    line: Option<Arc<ProgressLine>>,
    steps: Arc<AtomicU64>,
    announcements: Announcements,
}

/// Where announcements go.
#[derive(Clone, Copy, Debug)]
enum Announcements {
    /// Standard error, whether it is a terminal or not.
    Stderr,
    /// Nowhere (`--quiet`).
    Nowhere,
    /// The log.
    Log,
}

#[derive(Debug)]
struct ProgressLine {
    bar: ProgressBar,
    requests: AtomicU64,
    started: Instant,
    doing: Mutex<String>,
}

impl Progress {
    /// For a command that somebody runs: with a line if it `is_shown`, without announcements if it `is_quiet`.
    pub(crate) fn new(is_shown: bool, is_quiet: bool) -> Self {
        let this = if is_shown { Self::on_terminal() } else { Self::hidden() };
        Self { announcements: if is_quiet { Announcements::Nowhere } else { Announcements::Stderr }, ..this }
    }

    /// Shows no line; announcements are logged.
    pub(crate) fn hidden() -> Self {
        Self { line: None, steps: Arc::default(), announcements: Announcements::Log }
    }

    /// How many steps were made. While the number grows, the run is not stuck.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Counts a step.
    pub(crate) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows a line if stderr is a terminal.
    pub(crate) fn on_terminal() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        let line = ProgressLine {
            bar,
            requests: AtomicU64::new(0),
            started: Instant::now(),
            doing: Mutex::new("asking whose account this is".to_owned()),
        };
        Self { line: Some(Arc::new(line)), ..Self::hidden() }
    }

    /// Shows what is being read: `us-east-1: stages of 312 of 1000 REST APIs`.
    pub(crate) fn show(&self, doing: impl FnOnce() -> String) {
        self.step();
        if let Some(line) = &self.line {
            *line.doing.lock().unwrap_or_else(PoisonError::into_inner) = doing();
            line.draw();
        }
    }

    /// Counts a request.
    pub(crate) fn request(&self) {
        self.step();
        if let Some(line) = &self.line {
            line.requests.fetch_add(1, Ordering::Relaxed);
            line.draw();
        }
    }

    /// Takes the line off the terminal while `write` writes to it.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        match &self.line {
            Some(line) => line.bar.suspend(write),
            None => write(),
        }
    }

    /// What a person should know before the run goes on, such as what it will cost.
    pub(crate) fn announce(&self, text: &str) {
        match self.announcements {
            Announcements::Stderr => self.suspend(|| notice::info(text)),
            Announcements::Nowhere => {}
            Announcements::Log => tracing::info!("{text}"),
        }
    }

    /// Removes the line.
    pub(crate) fn finish(&self) {
        if let Some(line) = &self.line {
            line.bar.finish_and_clear();
        }
    }
}

impl ProgressLine {
    #[expect(clippy::cast_precision_loss, reason = "a request rate for a person to read")]
    fn draw(&self) {
        let requests = self.requests.load(Ordering::Relaxed);
        let rate = requests as f64 / self.started.elapsed().as_secs_f64().max(0.1);
        let doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner);
        self.bar.set_message(format!("{doing} · requests: {requests}, {rate:.1} a second"));
    }
}
