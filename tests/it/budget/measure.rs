//! Runs the program and measures what it costs.

use std::{ffi::OsStr, fs, process::Command, time::Duration};

use tempfile::TempDir;

/// A run and what it cost.
pub(crate) struct Measured {
    pub(crate) status: i64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// In bytes.
    pub(crate) peak_memory: u64,
    /// Of all threads, user and system.
    pub(crate) cpu: Duration,
    pub(crate) took: Duration,
}

/// Runs what its arguments say and prints what the kernel counted. It stands between because the kernel also counts,
/// as the peak memory of a program, what its parent held when it started it; and tests hold much.
const METER: &str = "
import json, os, subprocess, sys, time
start = time.monotonic()
with open(sys.argv[1], 'wb') as out, open(sys.argv[2], 'wb') as err:
    child = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    _, status, used = os.wait4(child.pid, 0)
status = os.waitstatus_to_exitcode(status)
print(json.dumps([status, used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, time.monotonic() - start]))
";

impl Measured {
    /// The three figures, for people.
    pub(crate) fn cost(&self) -> String {
        let build = if cfg!(debug_assertions) { "debug build" } else { "release build" };
        let memory = f64::from(u32::try_from(self.peak_memory / 1024).unwrap()) / 1024.0;
        format!("{build}: {:.2?}, {:.2?} of CPU time, peak memory {memory:.1} MiB", self.took, self.cpu)
    }
}

/// Runs the binary with nothing but credentials and an endpoint in its environment, and measures it.
pub(crate) fn measure<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, endpoint: &str) -> Measured {
    let home = TempDir::new().unwrap();
    let (stdout, stderr) = (home.path().join("stdout"), home.path().join("stderr"));
    let meter = Command::new("python3")
        .args(["-I", "-c", METER])
        .args([&stdout, &stderr])
        .arg(env!("CARGO_BIN_EXE_gatelight"))
        .args(args)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "nobody's")
        .env("AWS_ENDPOINT_URL", endpoint)
        .output()
        .unwrap();
    assert!(meter.status.success(), "{}", String::from_utf8_lossy(&meter.stderr));
    let (status, peak_memory, cpu, took) = serde_json::from_slice(&meter.stdout).unwrap();
    Measured {
        status,
        stdout: fs::read_to_string(stdout).unwrap(),
        stderr: fs::read_to_string(stderr).unwrap(),
        peak_memory,
        cpu: Duration::from_secs_f64(cpu),
        took: Duration::from_secs_f64(took),
    }
}
