//! The ticker: tokio-cron-scheduler sends a tick about every second, and does nothing else. What is due is decided by
//! `scheduler`.
//!
//! tokio-cron-scheduler takes its times from the wall clock, so its ticks pause when that clock is set back, and its jobs
//! have been seen to stop. It is restarted when no tick arrives for a while.

use std::time::Duration;

use anyhow::Context as _;
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::text::with_causes;

/// Without a tick for this long the scheduler is restarted. Even a busy machine is faster.
const SILENCE: Duration = Duration::from_secs(10);

/// Ticks about once a second, for as long as the receiver lives. A tick that is not received in time is dropped: ticks
/// mean that time has passed, not how much.
///
/// # Errors
/// If no scheduler can be started.
pub(crate) async fn start() -> anyhow::Result<Receiver<()>> {
    let (send, ticks) = mpsc::channel(1);
    let (raw_send, mut raw_ticks) = mpsc::channel(1);
    let mut scheduler = start_scheduler(raw_send.clone()).await?;
    // The first tick at once, for what is due already.
    let _ = send.try_send(());
    tokio::spawn(async move {
        loop {
            if timeout(SILENCE, raw_ticks.recv()).await.is_ok() {
                if let Err(mpsc::error::TrySendError::Closed(())) = send.try_send(()) {
                    return;
                }
                continue;
            }
            tracing::warn!("the ticker stopped, probably because the clock was set back; restarting it");
            let _ = scheduler.shutdown().await;
            match start_scheduler(raw_send.clone()).await {
                Ok(new) => scheduler = new,
                Err(why) => tracing::error!("the ticker cannot be started: {}", with_causes(&why)),
            }
        }
    });
    Ok(ticks)
}

async fn start_scheduler(send: Sender<()>) -> anyhow::Result<JobScheduler> {
    let start = async || -> Result<JobScheduler, tokio_cron_scheduler::JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let job = Job::new("* * * * * *", move |_, _| {
            let _ = send.try_send(());
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(scheduler)
    };
    start().await.context("the ticker cannot be started")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn it_ticks_about_once_a_second() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut ticks = start().await.expect("starts");
            let started = Instant::now();
            for _ in 0..4 {
                timeout(SILENCE, ticks.recv()).await.expect("ticks").expect("lives");
            }
            let took = started.elapsed();
            assert!(took > Duration::from_millis(1500), "{took:?}");
        });
    }
}
