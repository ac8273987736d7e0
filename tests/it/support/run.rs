//! Runs the real binary in an environment that holds nothing of the machine's own.

use std::{
    ffi::OsStr,
    fmt,
    io::{Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{report::Report, seed::Keys};

/// No audit of the tests takes a tenth of this; a binary that hangs is killed then.
const LIMIT: Duration = Duration::from_mins(2);

/// A run of `gatelight` that is being prepared.
pub(crate) struct Gatelight {
    command: Command,
    home: TempDir,
    stdin: Vec<u8>,
    limit: Duration,
    /// Whether nobody answers about metrics where it asks.
    without_metrics: bool,
}

/// What a run left behind.
pub(crate) struct Ran {
    /// None if a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Gatelight {
    /// `gatelight` with these arguments, and with credentials that are well formed and nobody's.
    pub(crate) fn new<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatelight"));
        command
            .args(args)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", home.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("RUST_BACKTRACE", "1")
            .current_dir(home.path());
        Self { command, home, stdin: Vec::new(), limit: LIMIT, without_metrics: false }.keys(&Keys::nobodys())
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Asks this endpoint in the place of AWS.
    pub(crate) fn endpoint(mut self, url: &str) -> Self {
        self.without_metrics = false;
        self.env("AWS_ENDPOINT_URL", url)
    }

    /// An audit leaves metrics out, unless its arguments say something about them.
    pub(crate) fn without_metrics(mut self) -> Self {
        self.without_metrics = true;
        self
    }

    pub(crate) fn keys(self, keys: &Keys) -> Self {
        self.env("AWS_ACCESS_KEY_ID", &keys.id)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret)
            .env("AWS_SESSION_TOKEN", &keys.token)
    }

    pub(crate) fn no_keys(self) -> Self {
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].into_iter().fold(self, Self::without_env)
    }

    /// Writes a file into the home directory, which is also where the binary is started.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    pub(crate) fn run(self) -> Ran {
        self.run_then(|_| ()).0
    }

    /// Runs it, and looks at the home directory before it goes.
    pub(crate) fn run_then<T>(mut self, look: impl FnOnce(&Path) -> T) -> (Ran, T) {
        let start = Instant::now();
        let says = |flags: &[&str]| self.command.get_args().any(|arg| flags.iter().any(|flag| arg == *flag));
        if self.without_metrics && says(&["audit"]) && !says(&["--metrics", "--from"]) {
            self.command.args(["--metrics", "off"]);
        }
        let mut child =
            self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let stdout = read_all(child.stdout.take().unwrap());
        let stderr = read_all(child.stderr.take().unwrap());
        let input = std::mem::take(&mut self.stdin);
        // It may well end without having read its input.
        thread::spawn(move || stdin.write_all(&input).ok());
        let status = wait(&mut child, start + self.limit);
        let ran = Ran { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap(), took: start.elapsed() };
        assert!(ran.status.is_some(), "{:?} was killed or did not end in time: {ran:#?}", self.command);
        assert!(!ran.stderr.contains("panicked at"), "{:?} panicked: {}", self.command, ran.stderr);
        (ran, look(self.home.path()))
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

/// The exit status; none if a signal ended it, which may have been ours at the deadline.
fn wait(child: &mut Child, deadline: Instant) -> Option<i32> {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A report can be long, and its beginning tells enough of what went wrong.
impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, stdout, stderr, took } = self;
        let shown: String = stdout.chars().take(1000).collect();
        write!(f, "exit status {status:?} after {took:?}\n--- stdout\n{shown}\n--- stderr\n{stderr}")
    }
}

impl Ran {
    /// Stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{self:#?}"))
    }

    /// Stdout as the JSON report, which must be consistent in itself and with the exit status: 2 is that of an audit that
    /// could list no API anywhere.
    pub(crate) fn report(&self) -> Report {
        assert!(matches!(self.status, Some(0..=3)), "{self:#?}");
        Report::new(self.json(), self.status.unwrap())
    }

    /// Asserts that it could not run, and that each of `names` is in what it said on stderr.
    #[track_caller]
    pub(crate) fn refuses(&self, names: &[&str]) {
        assert_eq!(self.status, Some(2), "{self:#?}");
        for name in names {
            assert!(self.stderr.contains(name), "stderr does not name {name:?}: {}", self.stderr);
        }
        assert!(!self.stderr.trim().is_empty(), "it refused without a word");
    }
}
