//! Digests: all that is open, on a schedule of their own.

use jiff::Timestamp;

use super::{run::Memory, scheduler::SET_BACK};
use crate::{
    config::daemon::{DaemonConfig, Schedule},
    ledger::Message,
    slack::{self, LastRun, Route},
};

/// Puts the digests that are due into the outbox, and says whether there were any. One that was missed is made up once.
///
/// # Errors
/// If the ledger cannot be read or written.
pub(crate) fn post(config: &DaemonConfig, memory: &Memory, now: Timestamp) -> anyhow::Result<bool> {
    if config.digests.is_empty() {
        return Ok(false);
    }
    let known = memory.lock().digests()?;
    let mut any = false;
    for (route, cron) in &config.digests {
        let route = &config.routes[*route];
        let last = known.get(route.name()).filter(|last| last.duration_since(now) <= SET_BACK);
        // Waited for from now on, so that one that is missed is known to be.
        let Some(last) = last else {
            memory.lock().await_digest(route.name(), now)?;
            continue;
        };
        if cron.next(*last).is_some_and(|next| next <= now) {
            let message = digest(route, &config.schedules, memory, now)?;
            memory.lock().put_digest(&message, now)?;
            any = true;
        }
    }
    Ok(any)
}

fn digest(
    route: &Route,
    schedules: &[std::sync::Arc<Schedule>],
    memory: &Memory,
    now: Timestamp,
) -> anyhow::Result<Message> {
    let ledger = memory.lock();
    let (mut open, mut looks) = (Vec::new(), Vec::new());
    for schedule in schedules.iter().filter(|schedule| route.follows(&schedule.name)) {
        open.extend(ledger.open_findings(&schedule.name)?);
        let last = ledger.last_success(&schedule.name)?.map(|run| run.finished_at);
        looks.push(LastRun { scope: schedule.name.clone(), finished_at: last });
    }
    Ok(slack::digest(&open, route, &looks, now))
}
