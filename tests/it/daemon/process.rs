//! The daemon as a process, with a service manager that writes down what it is told.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::support::seed::Keys;

/// Nothing that a test waits for takes nearly so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// The place where a daemon lives, over restarts.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    keys: Keys,
    endpoint: Option<String>,
    webhook: Option<String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), keys: Keys::nobodys(), endpoint: None, webhook: None }
    }

    /// Audits this account of moto.
    pub(crate) fn aws(mut self, keys: &Keys, endpoint: &str) -> Self {
        self.keys = keys.clone();
        self.endpoint = Some(endpoint.to_owned());
        self
    }

    /// Where `HOOK` points to.
    pub(crate) fn webhook(mut self, address: String) -> Self {
        self.webhook = Some(address);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path("state/ledger.db")
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let half = self.path("half");
        fs::write(&half, text).unwrap();
        fs::rename(half, self.path(name)).unwrap();
    }

    /// `gatelight daemon`, not started yet.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatelight"));
        command
            .args(["daemon", "--config", "gatelight.toml"])
            .env_clear()
            .env("HOME", self.folder.path())
            .env("STATE_DIRECTORY", self.path("state"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", &self.keys.id)
            .env("AWS_SECRET_ACCESS_KEY", &self.keys.secret)
            .env("AWS_SESSION_TOKEN", &self.keys.token)
            .envs(self.endpoint.as_ref().map(|endpoint| ("AWS_ENDPOINT_URL", endpoint)))
            .envs(self.webhook.as_ref().map(|webhook| ("HOOK", webhook)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it, and waits until it is ready.
    pub(crate) fn start(&self) -> Daemon {
        let daemon = Daemon::spawn(self.command(), &self.path("notify"));
        daemon.told("READY=1", 0);
        daemon
    }

    /// Starts it, and does not wait.
    pub(crate) fn spawn(&self) -> Daemon {
        Daemon::spawn(self.command(), &self.path("notify"))
    }

    /// What it says when it does not run.
    pub(crate) fn refused(&self) -> (Option<i32>, String) {
        let output = self.command().output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

/// A daemon that runs. Killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    notes: Arc<Mutex<Vec<String>>>,
    log: Arc<Mutex<Vec<u8>>>,
}

impl Daemon {
    fn spawn(mut command: Command, socket: &Path) -> Self {
        let _ = fs::remove_file(socket);
        let manager = UnixDatagram::bind(socket).unwrap();
        let mut child = command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", "4000000").spawn().unwrap();
        let (notes, log) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&notes);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = manager.recv(&mut buffer) {
                kept.lock().unwrap().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
        });
        let (kept, mut stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { child, notes, log }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }

    /// Waits until the service manager is told this, in a note from `from` on; gives the note's number.
    #[track_caller]
    pub(crate) fn told(&self, text: &str, from: usize) -> usize {
        let mut found = 0;
        self.until(text, || {
            let notes = self.notes();
            let number = notes.iter().skip(from).position(|note| note.contains(text));
            found = from + number.unwrap_or(0);
            number.is_some()
        });
        found
    }

    /// Waits.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            let waited = begun.elapsed();
            assert!(waited < PATIENCE, "{what:?} did not come: {:?}\n{}", self.notes(), self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop, and waits until it has.
    #[track_caller]
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal("-TERM");
        self.ended()
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                thread::sleep(Duration::from_millis(50));
                return (status, self.log());
            }
            assert!(begun.elapsed() < PATIENCE, "it does not stop: {}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Status and body.
pub(crate) fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}
