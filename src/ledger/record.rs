//! One run: what it found is compared with what was open, and all that follows is written in one transaction.
//!
//! The rules, for an open finding of the run's scope: the outcome fails → it goes on; passes or does not apply →
//! resolved; could not be checked → it stays as it is; there is no outcome → gone if the run would have seen its
//! subject, else it stays as it is.

use std::{collections::HashMap, io};

use anyhow::{Context as _, bail};
use gatelight_checks::Severity;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::{Ledger, Message, RunCounts, from_millis, from_number, outbox, read, read::Details, to_millis, to_number};
use crate::{
    news::{Change, End, Finding, News},
    report::{Changes, Failed, Fingerprint, Report, Row, Seen, Shard, Told},
};

/// Stands for the contents of a text.
type Hash = [u8; 16];

/// An open finding, before the run.
#[derive(Debug)]
struct Open {
    episode: i64,
    severity: Severity,
    ignored: bool,
    message: Hash,
    details: Hash,
    first_seen: i64,
    /// None: the last run found it.
    last_seen: Option<i64>,
    /// What the run says of it.
    told: Word,
}

/// What a run says of an open finding. Of two outcomes about one subject the later word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// Nothing.
    None,
    /// It passes, or does not apply.
    Over,
    /// It could not be checked.
    Unknown,
    /// It fails.
    Fails,
}

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
            let scope = scope_id(&transaction, scope)?;
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
    let scope = scope_id(db, scope_name)?;
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
        open: open(db, scope)?,
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
        let (message_hash, details_hash) = (hash(&message), hash(&body));
        let ignored = ignored.is_some();
        let Some(open) = self.open.get_mut(&key) else {
            let message_id = text_id(self.db, &message_hash, &message)?;
            let details_id = text_id(self.db, &details_hash, &body)?;
            let number = finding_id(self.db, self.scope, &key, &finding(from_millis(self.now), None))?;
            let mut insert = self.db.prepare_cached(
                "INSERT INTO episodes (finding, severity, ignored, message, details, first_seen)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?;
            let episode =
                insert.insert(params![number, to_number(severity), ignored, message_id, details_id, self.now])?;
            let known = Open {
                episode,
                severity,
                ignored,
                message: message_hash,
                details: details_hash,
                first_seen: self.now,
                last_seen: None,
                told: Word::Fails,
            };
            if !ignored {
                let first_seen = from_millis(self.now);
                self.news.new.push(finding(first_seen, None));
                self.seen.insert(key, Seen { change: Change::New, first_seen });
            }
            self.open.insert(key, known);
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
        let texts_differ = (open.message, open.details) != (message_hash, details_hash);
        if texts_differ {
            let message_id = text_id(self.db, &message_hash, &message)?;
            let details_id = text_id(self.db, &details_hash, &body)?;
            let old: (i64, i64) = self
                .db
                .prepare_cached("SELECT message, details FROM episodes WHERE id = ?")?
                .query_row([open.episode], |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.db.prepare_cached("UPDATE episodes SET message = ?, details = ? WHERE id = ?")?.execute(params![
                message_id,
                details_id,
                open.episode
            ])?;
            for id in [old.0, old.1] {
                drop_text(self.db, id)?;
            }
        }
        if (open.severity, open.ignored) != (severity, ignored) || open.last_seen.is_some() {
            self.db
                .prepare_cached("UPDATE episodes SET severity = ?, ignored = ?, last_seen = NULL WHERE id = ?")?
                .execute(params![to_number(severity), ignored, open.episode])?;
        }
        Ok(())
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
        write_run(self.db, self.scope, report, &counts)?;
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

fn write_run(db: &Connection, scope: i64, report: &Report, counts: &RunCounts) -> rusqlite::Result<()> {
    // SQLite's integers have a sign.
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO runs (scope, started_at, finished_at, status, pass, unknown, not_applicable, ignored,
             high, medium, low, new, worse, resolved, ongoing)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        scope,
        to_millis(report.started_at),
        to_millis(report.finished_at),
        counts.status,
        number(counts.pass),
        number(counts.unknown),
        number(counts.not_applicable),
        number(counts.ignored),
        number(counts.high),
        number(counts.medium),
        number(counts.low),
        number(counts.new),
        number(counts.worse),
        number(counts.resolved),
        number(counts.ongoing),
    ])?;
    Ok(())
}

/// Every open finding of a scope.
fn open(db: &Connection, scope: i64) -> rusqlite::Result<HashMap<Fingerprint, Open>> {
    let mut statement = db.prepare_cached(
        "SELECT f.fingerprint, e.id, e.severity, e.ignored, m.hash, d.hash, e.first_seen, e.last_seen
         FROM episodes e JOIN findings f ON f.id = e.finding
         JOIN texts m ON m.id = e.message JOIN texts d ON d.id = e.details
         WHERE f.scope = ? AND e.ended_at IS NULL",
    )?;
    let rows = statement.query_map([scope], |row| {
        let open = Open {
            episode: row.get(1)?,
            severity: from_number(row.get(2)?),
            ignored: row.get(3)?,
            message: row.get(4)?,
            details: row.get(5)?,
            first_seen: row.get(6)?,
            last_seen: row.get(7)?,
            told: Word::None,
        };
        Ok((row.get::<_, Fingerprint>(0)?, open))
    })?;
    rows.collect()
}

/// The number of a scope, which is made if it is new.
fn scope_id(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    if let Some(id) = db.query_row("SELECT id FROM scopes WHERE name = ?", [name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    db.execute("INSERT INTO scopes (name) VALUES (?)", [name])?;
    Ok(db.last_insert_rowid())
}

/// The number of a finding, which is made if it is new.
fn finding_id(db: &Connection, scope: i64, key: &Fingerprint, finding: &Finding) -> rusqlite::Result<i64> {
    let mut known = db.prepare_cached("SELECT id FROM findings WHERE scope = ? AND fingerprint = ?")?;
    if let Some(id) = known.query_row(params![scope, key], |row| row.get(0)).optional()? {
        // What its owner calls the subject may have changed since.
        db.prepare_cached("UPDATE findings SET name = ?2 WHERE id = ?1 AND name != ?2")?
            .execute(params![id, finding.subject.name])?;
        return Ok(id);
    }
    db.prepare_cached(
        "INSERT INTO findings (scope, fingerprint, check_id, account, region, kind, arn, name)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .insert(params![
        scope,
        key,
        finding.check,
        finding.account,
        finding.region,
        finding.subject.kind.name(),
        finding.subject.arn,
        finding.subject.name,
    ])
}

fn hash(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    hash
}

/// The number of a text, which is kept if it is new.
fn text_id(db: &Connection, hash: &Hash, body: &str) -> rusqlite::Result<i64> {
    let mut known = db.prepare_cached("SELECT id FROM texts WHERE hash = ?")?;
    if let Some(id) = known.query_row([hash], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO texts (hash, body) VALUES (?, ?)")?.insert(params![hash, body])
}

/// Drops a text that nothing holds any more: a message with a figure in it changes with every run.
fn drop_text(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM texts WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM episodes WHERE message = ?1)
         AND NOT EXISTS (SELECT 1 FROM episodes WHERE details = ?1)",
    )?
    .execute([id])?;
    Ok(())
}
