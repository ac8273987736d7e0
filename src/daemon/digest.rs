//! Digests: a message that lists all open findings, on its own schedule.

use jiff::Timestamp;

use super::{run::SharedLedger, scheduler::CLOCK_TOLERANCE};
use crate::{
    config::{
        daemon::{DaemonConfig, Schedule},
        route::WebhookRoute,
    },
    ledger::Message,
    slack::{self, LastRun},
};

/// Puts the digests that are due into the outbox, and returns whether there were any. Several missed ones become one.
///
/// # Errors
/// If the ledger cannot be read or written.
pub(crate) fn enqueue_due(config: &DaemonConfig, ledger: &SharedLedger, now: Timestamp) -> anyhow::Result<bool> {
    if config.digests.is_empty() {
        return Ok(false);
    }
    let known = ledger.lock().digests()?;
    let mut any = false;
    for (route, cron) in &config.digests {
        let route = &config.routes[*route];
        let last = known.get(route.name()).filter(|last| last.duration_since(now) <= CLOCK_TOLERANCE);
        // A new digest: recorded as waited for from now on, so that a missed one is noticed.
        let Some(last) = last else {
            ledger.lock().await_digest(route.name(), now)?;
            continue;
        };
        if cron.next(*last).is_some_and(|next| next <= now) {
            let message = digest(route, &config.schedules, ledger, now)?;
            ledger.lock().put_digest(&message, now)?;
            any = true;
        }
    }
    Ok(any)
}

fn digest(
    route: &WebhookRoute,
    schedules: &[std::sync::Arc<Schedule>],
    ledger: &SharedLedger,
    now: Timestamp,
) -> anyhow::Result<Message> {
    let ledger = ledger.lock();
    let (mut open, mut last_runs) = (Vec::new(), Vec::new());
    for schedule in schedules.iter().filter(|schedule| route.follows(&schedule.name)) {
        open.extend(ledger.open_findings(&schedule.name)?);
        let last = ledger.last_success(&schedule.name)?.map(|run| run.finished_at);
        last_runs.push(LastRun { scope: schedule.name.clone(), finished_at: last });
    }
    Ok(slack::digest(&open, route, &last_runs, now))
}
