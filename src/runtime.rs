//! How a command that waits for AWS runs: on one thread, until it is done or a signal stops it.

use std::{io, process, thread};

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

use crate::{notice, output};

/// The exit status of a command that could not run or could not deliver.
pub(crate) const FAILED: u8 = 2;

/// Runs a command. SIGTERM and SIGINT end the program at once, and no temporary file stays behind.
///
/// # Errors
/// Those of the command, or if the runtime cannot start.
pub(crate) fn until_done_or_stopped<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    end_when_stopped();
    // One thread is enough for waiting.
    Builder::new_current_thread().enable_all().build()?.block_on(command)
}

/// Watches for signals on a thread of its own: the command's may be busy.
fn end_when_stopped() {
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
    thread::spawn(move || -> io::Result<()> { watch() });
}
