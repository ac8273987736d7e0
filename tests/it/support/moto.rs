//! moto, an emulator of AWS: installed once under the target directory, one server for all tests of this binary.

use std::{
    ffi::OsStr,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/moto-requirements.txt");

/// A server that runs as long as this process does: it ends when the pipe to its stdin closes.
pub(super) struct Server {
    pub(super) port: u16,
    /// The Python that it runs on.
    pub(super) python: PathBuf,
    _process: Child,
}

/// The port of the server on 127.0.0.1.
///
/// # Panics
/// If moto cannot be installed or started. A test that needs it is never skipped: it would pass unseen for ever.
pub(crate) fn port() -> u16 {
    running().port
}

/// The Python that moto runs on; boto3 came with it.
pub(crate) fn python() -> &'static Path {
    &running().python
}

fn running() -> &'static Server {
    static MOTO: OnceLock<Result<Server, String>> = OnceLock::new();
    match MOTO.get_or_init(|| {
        start(
            "moto",
            Path::new("python3"),
            REQUIREMENTS,
            concat!(include_str!("moto_xray.py"), include_str!("moto.py")),
        )
    }) {
        Ok(moto) => moto,
        Err(why) => panic!("{why}"),
    }
}

/// Starts an emulator of that name: `code` runs it in a virtual environment of `python`'s with the `requirements`.
pub(super) fn start(name: &str, python: &Path, requirements: &str, code: &str) -> Result<Server, String> {
    let python = install(name, python, requirements)?.join("bin/python");
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
    let stderr = File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let failed = |why: &str| format!("{name} did not start ({why}); its words are in {}", log.display());
    let mut server = Command::new(&python)
        .args(["-I", "-c", code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .map_err(|error| failed(&error.to_string()))?;
    let stdout = server.stdout.take().ok_or_else(|| failed("no stdout"))?;
    let mut line = String::new();
    // It listens before it tells the port; if it ends instead, this read ends too.
    BufReader::new(stdout).read_line(&mut line).map_err(|error| failed(&error.to_string()))?;
    let port = line.trim().parse().map_err(|_| failed("it told no port"))?;
    Ok(Server { port, python, _process: server })
}

/// The virtual environment with the emulator in it. Test processes that run side by side install it once between them,
/// and a broken installation never gets the name of a good one.
pub(super) fn install(name: &str, python: &Path, requirements: &str) -> Result<PathBuf, String> {
    let pins = fs::read_to_string(requirements).map_err(|error| format!("{requirements}: {error}"))?;
    let said = run("python3 is needed for the tests", python, ["-c", "import sys; print(sys.version, sys.prefix)"])?;
    let mut hasher = DefaultHasher::new();
    (pins, said).hash(&mut hasher);
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = tmp.parent().unwrap_or(tmp);
    let home = target.join(format!("{name}-{:016x}", hasher.finish()));

    let lock = target.join(format!("{name}.lock"));
    let lock = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("cannot lock the installation of {name}: {error}"))?;
    if home.exists() {
        return Ok(home);
    }
    let half = home.with_extension("half");
    if half.exists() {
        fs::remove_dir_all(&half).map_err(|error| format!("cannot remove {}: {error}", half.display()))?;
    }
    let venv = [OsStr::new("-m"), OsStr::new("venv"), half.as_os_str()];
    run("python3 needs its venv and pip modules for the tests (Debian: apt install python3-venv)", python, venv)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", requirements];
    run(&format!("pip cannot install {name} for the tests"), half.join("bin/python"), pip)?;
    fs::rename(&half, &home).map_err(|error| format!("cannot rename {}: {error}", half.display()))?;
    Ok(home)
}

/// Stdout of a command that must succeed; else `what`, and what it said.
pub(super) fn run<S: AsRef<OsStr>>(
    what: &str,
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = S>,
) -> Result<String, String> {
    let output = Command::new(program).args(args).output().map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{what}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }
}
