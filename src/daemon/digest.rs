//! Digests: all that is open, on a schedule of their own. When each was last posted is kept beside the ledger.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{agenda::SET_BACK, job::Memory, lock};
use crate::{
    config::daemon::{DaemonConfig, Schedule},
    ledger::Message,
    slack::{self, Look, Route},
};

/// When digests were last put into the outbox, by route.
#[derive(Debug)]
pub(crate) struct Digests {
    path: PathBuf,
    last: BTreeMap<String, Timestamp>,
}

impl Digests {
    /// As the state directory has it. What cannot be read is begun anew: a digest comes late, or once more.
    pub(crate) fn open(directory: &Path) -> Self {
        let path = directory.join("digests.json");
        let last = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(_) => BTreeMap::new(),
        };
        Self { path, last }
    }

    /// Puts the digests that are due into the outbox, and says whether there were any. One that was missed is made up
    /// once.
    ///
    /// # Errors
    /// If the ledger or the state directory cannot be read or written.
    pub(crate) fn post(&mut self, config: &DaemonConfig, memory: &Memory, now: Timestamp) -> anyhow::Result<bool> {
        let mut any = false;
        for (route, cron) in &config.digests {
            let route = &config.routes[*route];
            let last = self.last.get(route.name()).copied();
            // Begun now, so that one that is missed from now on is known to be.
            let Some(last) = last.filter(|last| last.duration_since(now) <= SET_BACK) else {
                self.keep(route, now)?;
                continue;
            };
            if cron.next(last).is_some_and(|next| next <= now) {
                // Kept only after it is in the outbox: killed in between, it comes twice and not never.
                let message = digest(route, &config.schedules, memory, now)?;
                memory.lock().put(&[message], now)?;
                self.keep(route, now)?;
                any = true;
            }
        }
        Ok(any)
    }

    fn keep(&mut self, route: &Route, now: Timestamp) -> anyhow::Result<()> {
        self.last.insert(route.name().to_owned(), now);
        Ok(lock::replace(&self.path, &serde_json::to_vec(&self.last)?)?)
    }
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
        looks.push(Look { scope: schedule.name.clone(), last });
    }
    let slack::Message { webhook, body } = slack::digest(&open, route, &looks, now);
    Ok(Message { webhook, body })
}
