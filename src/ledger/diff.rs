//! One run: what it found is compared with what was open, and all that follows is written in one transaction.
//!
//! The rules, for an open finding of the run's scope: the outcome fails → it goes on; passes or does not apply →
//! resolved; could not be checked → it stays as it is; there is no outcome → gone if the run would have seen its
//! subject, else it stays as it is.

use std::{collections::HashMap, io};

use anyhow::{Context as _, bail};
use gatelight_model::Severity;
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    Ledger, Message, RunCounts, cache, from_millis, outbox,
    read::{self, Details},
    rows::{self, Open, Texts, Word, hash},
    to_millis,
};
use crate::{
    finding::{Change, End, Finding, News},
    report::{Changes, Failed, Fingerprint, Report, Row, Seen, Shard, Told},
};

/// A run in the making.
struct Look<'a> {
    db: &'a Connection,
    scope: i64,
    /// When the last run ended that looked.
    last: Option<Timestamp>,
    now: i64,
    open: HashMap<Fingerprint, Open>,
    seen: HashMap<Fingerprint, Seen>,
    news: News,
}

impl Ledger {
    /// Records a run of `scope`: what it found, what that changed, and the messages that `compose` makes of it, all or
    /// nothing. Sets the report's `changes`.
    ///
    /// # Errors
    /// If the ledger or the report's outcomes cannot be read or written, or a saved inventory is older than the last run
    /// of the scope. Then nothing of the run is recorded.
    pub(crate) fn record(
        &self,
        report: &mut Report,
        scope: &str,
        compose: impl FnOnce(&News) -> Vec<Message>,
    ) -> anyhow::Result<News> {
        let problem = || format!("nothing of this run was recorded in the ledger {}", self.path.display());
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate).with_context(problem)?;
        let (news, changes) = look(&transaction, report, scope).with_context(problem)?;
        cache::keep(&transaction, &report.searched, scope, report.finished_at).with_context(problem)?;
        let messages = compose(&news);
        outbox::put(&transaction, &messages, report.finished_at).with_context(problem)?;
        transaction.commit().with_context(problem)?;
        report.changes = Some(changes);
        Ok(news)
    }

    /// Records a run of `scope` that could not run, and why. It says nothing about any finding.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub(crate) fn record_failure(
        &self,
        scope: &str,
        started_at: Timestamp,
        finished_at: Timestamp,
        problem: &str,
    ) -> anyhow::Result<()> {
        let write = || -> rusqlite::Result<()> {
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            let scope = rows::scope_id(&transaction, scope)?;
            transaction.execute(
                "INSERT INTO runs (scope, started_at, finished_at, problem) VALUES (?, ?, ?, ?)",
                params![scope, to_millis(started_at), to_millis(finished_at), problem],
            )?;
            transaction.commit()
        };
        write().with_context(|| format!("the ledger {} cannot be written", self.path.display()))
    }
}

fn look(db: &Connection, report: &Report, scope_name: &str) -> anyhow::Result<(News, Changes)> {
    let scope = rows::scope_id(db, scope_name)?;
    let last = read::last_success(db, scope_name)?.map(|run| run.finished_at);
    let now = to_millis(report.finished_at);
    if let Some(last) = last.filter(|last| now < to_millis(*last)) {
        if report.replayed {
            bail!(
                "the inventory is of {}, and the last run of `{scope_name}` was at {}: to record it would turn back time",
                crate::report::to_second(report.finished_at),
                crate::report::to_second(last)
            );
        }
        // Whatever the clock does, the daemon goes on looking: runs are in the order in which they were recorded.
        tracing::warn!("the clock was turned back: the last run of {scope_name} was at {last}");
    }
    let mut look = Look {
        db,
        scope,
        last,
        now,
        open: rows::open(db, scope)?,
        seen: HashMap::new(),
        news: News {
            scope: scope_name.to_owned(),
            taken_at: from_millis(now),
            first: last.is_none(),
            new: Vec::new(),
            worse: Vec::new(),
            resolved: Vec::new(),
            ongoing: 0,
            unknown: report.summary.unknown,
        },
    };
    report
        .rows(|shard, row| {
            // Nobody knows whose findings these are; at the next look they may be somebody else's.
            if shard.is_named() { look.outcome(shard, row).map_err(io::Error::other) } else { Ok(()) }
        })
        .context("the outcomes cannot be compared with those of the last run")?;
    look.end(report)?;
    look.counts(report)
}

impl Look<'_> {
    fn outcome(&mut self, shard: &Shard, row: Row) -> rusqlite::Result<()> {
        let fails = matches!(row.verdict, Told::Fail(_));
        if !fails && self.open.is_empty() {
            return Ok(());
        }
        let key = row.key(&shard.account);
        if !fails {
            if let Some(open) = self.open.get_mut(&key) {
                let word = if matches!(row.verdict, Told::Unknown { .. }) { Word::Unknown } else { Word::Over };
                open.told = open.told.max(word);
            }
            return Ok(());
        }
        let check = row.check().id;
        let Row { severity, subject, verdict: Told::Fail(failed), ignored, .. } = row else { return Ok(()) };
        let Failed { cause, message, affects, fix, fix_command, .. } = *failed;
        let details = Details { cause, affects, fix, fix_command };
        let finding = |first_seen, was| Finding {
            fingerprint: crate::report::hex(&key),
            check: check.to_owned(),
            severity,
            was,
            account: shard.account.clone(),
            region: shard.region.clone(),
            subject: subject.clone(),
            cause: details.cause.clone(),
            message: message.clone(),
            affects: details.affects.clone(),
            fix: details.fix.clone(),
            fix_command: details.fix_command.clone(),
            first_seen,
            last_seen: from_millis(self.now),
            end: None,
        };
        let body = details.to_json();
        let texts = Texts { hashes: (hash(&message), hash(&body)), message: &message, details: &body };
        let ignored = ignored.is_some();
        let Some(open) = self.open.get_mut(&key) else {
            let first_seen = from_millis(self.now);
            let finding = finding(first_seen, None);
            let open = rows::begin(self.db, self.scope, self.now, &key, &finding, ignored, &texts)?;
            self.open.insert(key, open);
            if !ignored {
                self.news.new.push(finding);
                self.seen.insert(key, Seen { change: Change::New, first_seen });
            }
            return Ok(());
        };
        if open.told == Word::Fails {
            return Ok(());
        }
        open.told = Word::Fails;
        let first_seen = from_millis(open.first_seen);
        if !ignored {
            // Whoever reads the news was not told of one that was ignored.
            let change = if open.ignored { Change::New } else { Change::Ongoing };
            self.seen.insert(key, Seen { change, first_seen });
            if open.ignored {
                self.news.new.push(finding(first_seen, None));
            } else if severity > open.severity {
                self.news.worse.push(finding(first_seen, Some(open.severity)));
            } else {
                self.news.ongoing += 1;
            }
        }
        rows::go_on(self.db, open, severity, ignored, &texts)
    }

    /// Ends what is over, and notes of what was not seen when that was last.
    fn end(&mut self, report: &Report) -> anyhow::Result<()> {
        let seen_last = self.last.map(to_millis);
        for (key, open) in &self.open {
            let end = match open.told {
                Word::Fails => continue,
                Word::Over => Some(End::Resolved),
                Word::Unknown => None,
                Word::None => {
                    let place = read::place(self.db, open.episode)?;
                    let shard = report
                        .shards
                        .iter()
                        .find(|shard| shard.account == place.account && shard.region == place.region);
                    shard.filter(|shard| shard.coverage.covers(&place.check, &place.arn)).map(|_| End::Gone)
                }
            };
            // An episode that is open was found by some run, so there was a last one.
            let last_seen = open.last_seen.or(seen_last).unwrap_or(open.first_seen);
            let Some(end) = end else {
                self.news.ongoing += u64::from(!open.ignored);
                if open.last_seen.is_none() {
                    self.db
                        .prepare_cached("UPDATE episodes SET last_seen = ? WHERE id = ?")?
                        .execute([last_seen, open.episode])?;
                }
                continue;
            };
            self.db
                .prepare_cached("UPDATE episodes SET last_seen = ?, ended_at = ?, how = ? WHERE id = ?")?
                .execute(params![last_seen, self.now, read::how(end), open.episode])?;
            if !open.ignored {
                if end == End::Resolved {
                    let first_seen = from_millis(open.first_seen);
                    self.seen.insert(*key, Seen { change: Change::Resolved, first_seen });
                }
                self.news.resolved.push(read::episode(self.db, open.episode)?.finding);
            }
        }
        Ok(())
    }

    /// Writes the run's own row, and gives what it changed in order.
    fn counts(mut self, report: &Report) -> anyhow::Result<(News, Changes)> {
        for list in [&mut self.news.new, &mut self.news.worse, &mut self.news.resolved] {
            list.sort_by(|a, b| {
                let order = |finding: &Finding| std::cmp::Reverse(finding.severity);
                order(a).cmp(&order(b)).then_with(|| {
                    (&a.account, &a.region, &a.subject.arn, &a.check).cmp(&(
                        &b.account,
                        &b.region,
                        &b.subject.arn,
                        &b.check,
                    ))
                })
            });
        }
        let news = self.news;
        let of = |severity| report.summary.by_severity.get(&severity).copied().unwrap_or_default();
        let counts = RunCounts {
            status: report.status().name().to_owned(),
            pass: report.summary.pass,
            unknown: report.summary.unknown,
            not_applicable: report.summary.not_applicable,
            ignored: report.summary.ignored,
            high: of(Severity::High),
            medium: of(Severity::Medium),
            low: of(Severity::Low),
            new: news.new.len() as u64,
            worse: news.worse.len() as u64,
            resolved: news.resolved.len() as u64,
            ongoing: news.ongoing,
        };
        rows::write_run(self.db, self.scope, report, &counts)?;
        let gone: Vec<_> = news.resolved.iter().filter(|finding| finding.end == Some(End::Gone)).cloned().collect();
        let changes = Changes {
            since: self.last,
            new: counts.new,
            worse: counts.worse,
            resolved: counts.resolved - gone.len() as u64,
            ongoing: counts.ongoing,
            gone,
            seen: self.seen,
        };
        Ok((news, changes))
    }
}
