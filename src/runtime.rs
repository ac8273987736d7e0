//! How a command that waits for AWS runs: on one thread, until it is done or a signal stops it.

use std::{fs::File, io, process, thread};

use anyhow::{Context as _, bail};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
};

use crate::{notice, output};

/// Files that a command has open at a time, at the least: those of the runtime, of signals and the ledger, temporary ones,
/// and connections.
const DESCRIPTORS: usize = 32;
/// "Too many open files" of the process and of the machine, as Linux numbers them (errno(3)).
const EMFILE: Option<i32> = Some(24);
const ENFILE: Option<i32> = Some(23);

/// The exit status of a command that could not run or could not deliver.
pub(crate) const FAILED: u8 = 2;

/// Runs a command. SIGTERM and SIGINT end the program at once, and no temporary file stays behind.
///
/// # Errors
/// Those of the command, or if the runtime cannot start.
pub(crate) fn until_done_or_stopped<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    end_when_stopped()?;
    build()?.block_on(command)
}

/// A runtime of one thread, which is enough for waiting.
///
/// # Errors
/// If the system gives too few file descriptors for it and for what runs in it.
pub(crate) fn build() -> anyhow::Result<Runtime> {
    check_descriptors()?;
    Builder::new_current_thread().enable_all().build().context("could not create the async runtime")
}

/// Refuses to begin what would end somewhere in the middle; the runtime itself panics where it lacks descriptors.
fn check_descriptors() -> anyhow::Result<()> {
    let held: io::Result<Vec<File>> = (0..DESCRIPTORS).map(|_| File::open("/dev/null")).collect();
    match held {
        Err(why) if [EMFILE, ENFILE].contains(&why.raw_os_error()) => bail!(
            "the limit of open files is too low: at least {DESCRIPTORS} more are needed; raise it (`ulimit -n`, or \
             LimitNOFILE of its systemd unit)"
        ),
        _ => Ok(()),
    }
}

/// Watches for signals on a thread of its own: the command's may be busy.
fn end_when_stopped() -> anyhow::Result<()> {
    check_descriptors()?;
    let wait = async || -> io::Result<()> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    };
    let watch = move || {
        Builder::new_current_thread().enable_io().build()?.block_on(wait())?;
        output::remove_unfinished();
        notice::info("stopped; no report was written");
        process::exit(i32::from(FAILED));
    };
    // If signals cannot be watched, they keep their usual effect.
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || -> io::Result<()> { watch() });
    Ok(())
}
