//! The audit on a schedule, remembering: heartbeat, what is due, no overlap, stop, notify, health.
//!
//! One loop (`service`) decides and never waits; a run has a thread of its own (`job`), deliveries and health are tasks
//! beside the loop. Time is handed in.

mod delivery;
mod digest;
mod event_loop;
mod health;
mod lock;
mod notify;
mod run;
mod scheduler;
mod ticker;

use std::{env, path::Path, sync::Arc};

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::{self, Receiver},
};

use self::{
    event_loop::{Order, Service, run},
    health::{Bound, Health},
    lock::Lock,
    notify::Notify,
    run::{Audit, Memory},
};
use crate::{
    config::{Settings, daemon::DaemonConfig},
    ledger::{Ledger, Opened},
    logging::{self, LogFormat},
    output,
};

/// What time it is.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Runs until it is told to stop.
///
/// # Errors
/// If the configuration is wrong, or what it needs cannot be had: the state directory, its ledger, the address of health.
pub(crate) fn start(file: &Path, format: Option<LogFormat>) -> anyhow::Result<()> {
    let config = read(file)?;
    logging::start(if config.verbose { tracing::Level::DEBUG } else { tracing::Level::INFO }, format);
    tell(&config);
    let _lock = Lock::take(&config.state_directory)?;
    let Opened { ledger, notice } = Ledger::open(&config.state_directory.join("ledger.db"))?;
    if let Some(notice) = notice {
        tracing::error!("{notice}");
    }
    let clock: Clock = Arc::new(Timestamp::now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let health = Health::new(Arc::clone(&clock));
        let server = match config.health {
            Some(address) => Some(Bound::to(address).await?.serve(health.clone())),
            None => None,
        };
        let service = Service {
            config,
            look: Arc::new(Audit),
            memory: Memory::new(ledger),
            health,
            server,
            notify: Notify::from_environment(),
            clock,
            read: Box::new({
                let file = file.to_owned();
                move || read(&file)
            }),
        };
        // Before it says that it is ready: whoever is told so may send a signal.
        let orders = orders()?;
        let beats = ticker::start().await?;
        run(service, beats, orders).await
    });
    // What a run that would not stop leaves half done.
    output::abandon();
    runtime.shutdown_background();
    result
}

fn read(file: &Path) -> anyhow::Result<DaemonConfig> {
    let settings = Settings::read(file)?;
    let state = env::var_os("STATE_DIRECTORY").filter(|state| !state.is_empty());
    settings.resolve_daemon(state.map(Into::into)).with_context(|| file.display().to_string())
}

/// What the owner of a configuration should know though it works.
fn tell(config: &DaemonConfig) {
    for key in &config.unused {
        tracing::warn!("`{key}` is for `gatelight audit`; the daemon does not use it");
    }
    for warning in config.routes.iter().filter_map(|route| route.webhook.warning()) {
        tracing::warn!("{warning}");
    }
}

/// What people want, by signals.
fn orders() -> anyhow::Result<Receiver<Order>> {
    let (send, orders) = mpsc::channel(4);
    let problem = "signals cannot be watched";
    let (mut hangup, mut terminate, mut interrupt) = (
        signal(SignalKind::hangup()).context(problem)?,
        signal(SignalKind::terminate()).context(problem)?,
        signal(SignalKind::interrupt()).context(problem)?,
    );
    tokio::spawn(async move {
        loop {
            let order = tokio::select! {
                _ = hangup.recv() => Order::Reload,
                _ = terminate.recv() => Order::Stop,
                _ = interrupt.recv() => Order::Stop,
            };
            if send.send(order).await.is_err() {
                return;
            }
        }
    });
    Ok(orders)
}
