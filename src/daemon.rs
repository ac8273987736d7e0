//! `gatelight daemon`: audits on schedules, records in the ledger what changed, and posts it to Slack.
//!
//! `event_loop` decides and never waits. A run has its own thread (`run`); deliveries and the health server are tasks.
//! Nothing here asks the system for the time: the clock is handed in.

mod active_run;
mod clock;
mod delivery;
mod digest;
mod event_loop;
mod health;
mod lock;
mod notify;
mod run;
mod scheduler;
mod shutdown;
mod summary;
mod ticker;

use std::{env, path::Path, sync::Arc};

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::{self, Receiver},
};

use self::{
    clock::Clock,
    event_loop::{ControlCommand, Dependencies, log_warnings},
    health::{Health, HealthListener},
    lock::Lock,
    notify::Notify,
    run::{AccountAuditor, SharedLedger},
};
use crate::{
    config::{Settings, daemon::DaemonConfig},
    ledger::{Ledger, Opened},
    logging::{self, LogFormat},
    output, runtime,
};

/// Runs until it is told to stop.
///
/// # Errors
/// If the configuration is wrong, or the state directory, the ledger or the health server's address cannot be used.
pub(crate) fn start(file: &Path, format: Option<LogFormat>) -> anyhow::Result<()> {
    let config = read_config(file)?;
    logging::start(if config.verbose { tracing::Level::DEBUG } else { tracing::Level::INFO }, format);
    log_warnings(&config);
    let _lock = Lock::take(&config.state_directory)?;
    let Opened { ledger, notice } = Ledger::open(&config.state_directory.join("ledger.db"))?;
    if let Some(notice) = notice {
        tracing::error!("{notice}");
    }
    let clock: Clock = Arc::new(Timestamp::now);
    let runtime = runtime::build()?;
    let result = runtime.block_on(async {
        let health = Health::new(Arc::clone(&clock));
        let server = match config.health {
            Some(address) => Some(HealthListener::bind(address).await?.serve(health.clone())),
            None => None,
        };
        let deps = Dependencies {
            config,
            auditor: Arc::new(AccountAuditor),
            ledger: SharedLedger::new(ledger),
            health,
            server,
            notify: Notify::from_environment(),
            clock,
            read_config: Box::new({
                let file = file.to_owned();
                move || read_config(&file)
            }),
        };
        // Before the daemon reports that it is ready: from then on signals may come.
        let commands = commands_from_signals()?;
        let ticks = ticker::start().await?;
        event_loop::run(deps, ticks, commands).await
    });
    // Removes the temporary files of a run that did not stop.
    output::remove_unfinished();
    runtime.shutdown_background();
    result
}

fn read_config(file: &Path) -> anyhow::Result<DaemonConfig> {
    let settings = Settings::read(file)?;
    let state = env::var_os("STATE_DIRECTORY").filter(|state| !state.is_empty());
    let config = settings.resolve_daemon(state.map(Into::into)).with_context(|| file.display().to_string())?;
    // A missing address stops the daemon now, and not when the first message is due.
    for route in config.routes.iter() {
        route.webhook.check().with_context(|| file.display().to_string())?;
    }
    Ok(config)
}

/// SIGHUP reloads; SIGTERM and SIGINT stop.
fn commands_from_signals() -> anyhow::Result<Receiver<ControlCommand>> {
    let (send, commands) = mpsc::channel(4);
    let problem = "signals cannot be watched";
    let (mut hangup, mut terminate, mut interrupt) = (
        signal(SignalKind::hangup()).context(problem)?,
        signal(SignalKind::terminate()).context(problem)?,
        signal(SignalKind::interrupt()).context(problem)?,
    );
    tokio::spawn(async move {
        loop {
            let command = tokio::select! {
                _ = hangup.recv() => ControlCommand::Reload,
                _ = terminate.recv() => ControlCommand::Stop,
                _ = interrupt.recv() => ControlCommand::Stop,
            };
            if send.send(command).await.is_err() {
                return;
            }
        }
    });
    Ok(commands)
}
