//! What was found in a log group, by pattern and time; and what is remembered of it until the next run.
//!
//! Hits are counted in buckets of time, and windows begin with a bucket. So a window that moves on drops whole buckets,
//! and what is remembered and what is read anew never count the same event twice.

use std::collections::{BTreeMap, VecDeque};

use gatelight_model::inventory::Hit;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::redact::redact;

/// How far back of its own end a search begins anew: events come late. What comes later than that is found when the
/// window is read as a whole the next time.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);
/// So long after it was read as a whole a window is read as a whole again.
const WHOLE: SignedDuration = SignedDuration::from_hours(24);
/// The most that is remembered of a log group; one with more to remember is read as a whole each time.
const MOST: usize = 2_500;
/// The most samples of a pattern.
const SAMPLES: usize = 3;
/// How much of a line, in bytes, is held until the search is over: more than is used then.
const HELD: usize = 16_384;

/// The width of a bucket in seconds, for a window of that length.
fn width(window: SignedDuration) -> i64 {
    match window.as_hours() {
        ..=24 => 300,
        25..=168 => 3_600,
        _ => 21_600,
    }
}

/// Where a window begins that is to begin at `since` or a little before: with a bucket.
pub(crate) fn beginning(since: Timestamp, until: Timestamp) -> Timestamp {
    let width = width(until.duration_since(since));
    Timestamp::from_second(since.as_second().div_euclid(width) * width).unwrap_or(since)
}

/// What is remembered of a log group that was searched to the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CachedHits {
    /// What it was searched for.
    made_for: String,
    /// In seconds, as the next three.
    width: i64,
    since: i64,
    until: i64,
    /// When the window was last read as a whole.
    whole: i64,
    buckets: Vec<Bucket>,
    lines: Vec<Line>,
}

/// Hits of a pattern in one bucket of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bucket {
    pattern: String,
    /// In seconds.
    at: i64,
    count: u64,
    /// In milliseconds, as the next.
    first: i64,
    last: i64,
}

/// A scrubbed line of a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    pattern: String,
    /// In milliseconds.
    at: i64,
    text: String,
}

/// What was found so far. Not `Debug`: it holds lines that are not scrubbed yet.
pub(crate) struct HitCounts {
    made_for: String,
    samples: bool,
    width: i64,
    since: i64,
    until: i64,
    whole: i64,
    /// Where the search begins.
    from: i64,
    /// By pattern and time: how many, first and last.
    buckets: BTreeMap<(String, i64), (u64, i64, i64)>,
    /// By pattern, the newest last: when, what, and whether it is scrubbed.
    lines: BTreeMap<String, VecDeque<(i64, String, bool)>>,
    /// What it began with, whole.
    memory: Option<CachedHits>,
}

impl HitCounts {
    /// Begins with what is remembered, if that is of the same search of a window that this one begins in.
    pub(crate) fn begin(
        (since, until): (Timestamp, Timestamp),
        made_for: &str,
        samples: bool,
        memory: Option<CachedHits>,
    ) -> Self {
        let width = width(until.duration_since(since));
        let (since, until) = (since.as_second(), until.as_second());
        let memory = memory.filter(|memory| {
            memory.made_for == made_for
                && memory.width == width
                && memory.since <= since
                && (since..=until).contains(&memory.until)
                && (0..WHOLE.as_secs()).contains(&(until - memory.whole))
        });
        let resumed = memory.as_ref().map(|memory| (memory.until - OVERLAP.as_secs()).div_euclid(width) * width);
        let mut this = Self {
            made_for: made_for.to_owned(),
            samples,
            width,
            since,
            until,
            whole: memory.as_ref().map_or(until, |memory| memory.whole),
            from: resumed.map_or(since, |from| from.max(since)),
            buckets: BTreeMap::new(),
            lines: BTreeMap::new(),
            memory: None,
        };
        if let Some(memory) = &memory {
            let read_anew = this.from;
            this.remember(memory, |at| at < read_anew);
        }
        this.memory = memory;
        this
    }

    fn remember(&mut self, memory: &CachedHits, wanted: impl Fn(i64) -> bool) {
        let within = |at: i64| at >= self.since && wanted(at);
        for Bucket { pattern, at, count, first, last } in memory.buckets.iter().filter(|bucket| within(bucket.at)) {
            let now = self.buckets.entry((pattern.clone(), *at)).or_insert((0, *first, *last));
            if now.0 < *count {
                *now = (*count, *first, *last);
            }
        }
        for Line { pattern, at, text } in memory.lines.iter().filter(|line| within(line.at.div_euclid(1_000))) {
            let lines = self.lines.entry(pattern.clone()).or_default();
            // What is remembered is older than what was read.
            if lines.len() < SAMPLES && !lines.iter().any(|(_, other, _)| other == text) {
                lines.push_back((*at, text.clone(), true));
                lines.make_contiguous().sort_by_key(|(at, ..)| *at);
            }
        }
    }

    /// Where the search begins.
    pub(crate) fn from(&self) -> Timestamp {
        Timestamp::from_second(self.from).unwrap_or_default()
    }

    /// Whether anything was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Adds a hit.
    pub(crate) fn add(&mut self, pattern: &str, time: Timestamp, line: &str) {
        let at = time.as_millisecond();
        let bucket = at.div_euclid(1_000).div_euclid(self.width) * self.width;
        let (count, first, last) = self.buckets.entry((pattern.to_owned(), bucket)).or_insert((0, at, at));
        *count += 1;
        (*first, *last) = ((*first).min(at), (*last).max(at));
        if !self.samples {
            return;
        }
        let held = &line[..line.floor_char_boundary(HELD)];
        let lines = self.lines.entry(pattern.to_owned()).or_default();
        if let Some(same) = lines.iter().position(|(_, other, _)| other == held) {
            lines.remove(same);
        } else if lines.len() >= SAMPLES {
            lines.pop_front();
        }
        lines.push_back((at, held.to_owned(), false));
    }

    /// What was found, and what to remember. Of a search that did not come to its end nothing new is remembered, and what
    /// it did not read is as it was.
    pub(crate) fn end(mut self, complete: bool) -> (Vec<Hit>, Option<CachedHits>) {
        if !complete && let Some(memory) = self.memory.take() {
            self.remember(&memory, |_| true);
            self.memory = Some(memory);
        }
        let Self { made_for, width, since, until, whole, buckets, lines, memory, .. } = self;
        let mut shown = Vec::new();
        for (pattern, lines) in lines {
            for (at, text, scrubbed) in lines {
                let text = if scrubbed { text } else { redact(&text) };
                let line = Line { pattern: pattern.clone(), at, text };
                // Two lines can differ in what was taken out.
                shown.retain(|other: &Line| other.pattern != line.pattern || other.text != line.text);
                shown.push(line);
            }
        }
        let mut hits: BTreeMap<&str, Hit> = BTreeMap::new();
        for ((pattern, _), (count, first, last)) in &buckets {
            let time = |at: &i64| Timestamp::from_millisecond(*at).unwrap_or_default();
            let (first, last) = (time(first), time(last));
            let samples =
                || shown.iter().filter(|line| line.pattern == *pattern).map(|line| line.text.clone()).collect();
            let hit = hits.entry(pattern).or_insert_with(|| Hit {
                pattern: pattern.clone(),
                count: 0,
                first,
                last,
                samples: samples(),
            });
            hit.count += count;
            (hit.first, hit.last) = (hit.first.min(first), hit.last.max(last));
        }
        let hits: Vec<Hit> = hits.into_values().collect();
        if !complete {
            return (hits, memory);
        }
        let buckets: Vec<_> = buckets
            .into_iter()
            .map(|((pattern, at), (count, first, last))| Bucket { pattern, at, count, first, last })
            .collect();
        let memory = (buckets.len() <= MOST).then_some(CachedHits {
            made_for,
            width,
            since,
            until,
            whole,
            buckets,
            lines: shown,
        });
        (hits, memory)
    }
}

#[cfg(test)]
mod tests;
