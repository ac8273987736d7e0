//! The heartbeat: tokio-cron-scheduler beats every second into a channel, and does nothing else.
//!
//! It takes its times from the wall clock, so it is silent for as long as that clock is set back; and jobs of it have been
//! seen to stop. So whoever does not hear it for a while starts a new one.

use std::time::Duration;

use anyhow::Context as _;
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};
use tokio_cron_scheduler::{Job, JobScheduler};

/// So long a silence is none of a busy machine.
const SILENCE: Duration = Duration::from_secs(10);

/// Beats about once a second, for as long as the receiver lives. A beat that nobody takes is dropped: beats say that time
/// has passed, not how much.
///
/// # Errors
/// If no scheduler can be started.
pub(crate) async fn start() -> anyhow::Result<Receiver<()>> {
    let (send, beats) = mpsc::channel(1);
    let (inner, mut heard) = mpsc::channel(1);
    let mut scheduler = beat(inner.clone()).await?;
    // The first at once: what is due is due.
    let _ = send.try_send(());
    tokio::spawn(async move {
        loop {
            if timeout(SILENCE, heard.recv()).await.is_ok() {
                if let Err(mpsc::error::TrySendError::Closed(())) = send.try_send(()) {
                    return;
                }
                continue;
            }
            tracing::warn!("the heartbeat fell silent, as it does when the clock is set back; it is started anew");
            let _ = scheduler.shutdown().await;
            match beat(inner.clone()).await {
                Ok(new) => scheduler = new,
                Err(why) => tracing::error!("the heartbeat cannot be started: {why:#}"),
            }
        }
    });
    Ok(beats)
}

async fn beat(send: Sender<()>) -> anyhow::Result<JobScheduler> {
    let start = async || -> Result<JobScheduler, tokio_cron_scheduler::JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let job = Job::new("* * * * * *", move |_, _| {
            let _ = send.try_send(());
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(scheduler)
    };
    start().await.context("the heartbeat cannot be started")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn it_beats_about_once_a_second() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut beats = start().await.expect("starts");
            let begun = Instant::now();
            for _ in 0..4 {
                timeout(SILENCE, beats.recv()).await.expect("beats").expect("lives");
            }
            let took = begun.elapsed();
            assert!(took > Duration::from_millis(1500), "{took:?}");
        });
    }
}
