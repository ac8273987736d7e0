//! A machine that gives little: few file descriptors, folders that cannot be written, links that lead nowhere, and an end in
//! the middle.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        process::CommandExt as _,
    },
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    faults::{REGION, healthy},
    support::{
        fake::{Fake, Fault, Rule},
        run::Gatelight,
    },
};

const BINARY: &str = env!("CARGO_BIN_EXE_gatelight");

/// Nobody's user and group.
const NOBODY: u32 = 65_534;

fn demo(args: &[&str]) {
    assert_eq!(Gatelight::new(["demo"]).args(args).no_keys().run().status, Some(1));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn few_file_descriptors_end_with_a_sentence() {
    let folder = TempDir::new().unwrap();
    let inventory = folder.path().join("inventory");
    demo(&["--output", "/dev/null", "--save", text(&inventory)]);
    let config = folder.path().join("c.toml");
    fs::write(&config, "[daemon]\nstate-directory = \"state\"\n[[schedule]]\nname = \"x\"\ncron = \"0 0 1 1 *\"\nfrom = \"inventory\"\n").unwrap();
    let from = &["--from", text(&inventory)];
    let commands: Vec<Vec<&str>> = vec![
        [&["audit"][..], from].concat(),
        [&["audit", "--ledger", "l.db"][..], from].concat(),
        [&["audit", "--output", "report"][..], from].concat(),
        vec!["audit", "--region", REGION, "--no-progress"],
        [&["path", "checkout"][..], from].concat(),
        [&["cost"][..], from].concat(),
        vec!["demo"],
        vec!["history", "--ledger", "l.db"],
        vec!["explain"],
        vec!["daemon", "--config", text(&config)],
    ];
    for args in commands {
        for most in [4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 36] {
            if args[0] == "daemon" && most > 32 {
                continue;
            }
            let ran = Command::new("sh")
                .args([
                    "-c",
                    &format!("exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n {most}; exec \"$0\" \"$@\""),
                    BINARY,
                ])
                .args(&args)
                .env_clear()
                .envs([
                    ("AWS_ACCESS_KEY_ID", "AKIDNOBODY"),
                    ("AWS_SECRET_ACCESS_KEY", "x"),
                    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
                ])
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&ran.stderr);
            let what = format!("{args:?} with {most} descriptors: {:?}: {stderr}", ran.status);
            assert!(matches!(ran.status.code(), Some(0..=3)) && !stderr.contains("panicked"), "{what}");
            if ran.status.code() == Some(2) {
                assert!(
                    !stderr.trim().is_empty()
                        && stderr.lines().all(|line| line.starts_with("gatelight: ") || line.contains("ERROR")),
                    "{what}"
                );
            }
            if args[0] == "audit" && most == 6 {
                assert!(ran.status.code() == Some(2) && stderr.contains("ulimit -n"), "{what}");
            }
        }
    }
    assert_eq!(
        fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".gatelight-") })
            .count(),
        0
    );
}

fn temporary(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".gatelight-")).collect()
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next_and_a_live_runs_is_not() {
    let fake = Fake::start(healthy(), vec![Rule::always("apigateway:GetRestApis", Fault::Hang)]);
    let folder = TempDir::new().unwrap();
    let start = |output: &str| {
        Command::new(BINARY)
            .args(["audit", "--region", REGION, "--no-progress", "--output", output, "--save", "saved"])
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "AKIDNOBODY"), ("AWS_SECRET_ACCESS_KEY", "x")])
            .env("AWS_ENDPOINT_URL", fake.endpoint())
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let until = |count: usize| {
        let begun = Instant::now();
        while temporary(folder.path()).len() != count {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", temporary(folder.path()));
            thread::sleep(Duration::from_millis(10));
        }
    };
    let mut killed = start("first");
    until(2);
    let mut alive = start("second");
    until(4);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(temporary(folder.path()).len(), 4, "nothing could be removed");
    demo(&["--output", text(&folder.path().join("third"))]);
    assert_eq!(temporary(folder.path()).len(), 2, "those of the run that is alive");
    alive.kill().unwrap();
    alive.wait().unwrap();
    demo(&["--output", text(&folder.path().join("third"))]);
    assert_eq!(temporary(folder.path()), Vec::<String>::new());
}

#[test]
fn an_output_that_is_a_link_to_itself_is_refused_and_stays() {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("loop.json");
    symlink("loop.json", &link).unwrap();
    for option in ["--output", "--save"] {
        Gatelight::new(["demo", option, text(&link)]).no_keys().run().refuses(&["loop.json", "leads to itself"]);
        assert!(link.is_symlink());
    }
    Gatelight::new(["audit", "--from", "-", "--ledger", text(&link)]).no_keys().run().refuses(&["loop.json"]);
}

/// As somebody who may read the folder and not write it: this test may run as root, whom permissions do not stop.
#[test]
fn history_reads_a_ledger_in_a_folder_that_it_cannot_write() {
    let folder = TempDir::new().unwrap();
    let open = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(folder.path(), 0o755);
    // Where anybody may run it.
    let binary = folder.path().join("gatelight");
    fs::hard_link(BINARY, &binary).or_else(|_| fs::copy(BINARY, &binary).map(drop)).unwrap();
    let state = folder.path().join("state #1?");
    fs::create_dir(&state).unwrap();
    let ledger = state.join("100% ledger.db");
    let inventory = folder.path().join("inventory");
    demo(&["--output", "/dev/null", "--save", text(&inventory)]);
    let audit = Gatelight::new(["audit", "--from", text(&inventory), "--ledger", text(&ledger)]).no_keys().run();
    assert_eq!(audit.status, Some(1), "{audit:#?}");
    open(&ledger, 0o644);
    let history = || {
        open(&state, 0o555);
        let mut command = Command::new(&binary);
        command.args(["history", "--ledger", text(&ledger), "--runs"]).env_clear();
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        let ran = command.output().unwrap();
        open(&state, 0o755);
        let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert_eq!((ran.status.code(), stderr.as_ref()), (Some(0), ""), "{stdout}");
        stdout.into_owned()
    };
    assert!(history().ends_with("1 run.\n"), "the file alone");
    // A writer that died left its last run in the write-ahead log; its index is there, or it is not.
    let writer = rusqlite::Connection::open(&ledger).unwrap();
    writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    writer
        .execute("INSERT INTO runs (scope, started_at, finished_at, observed_at, problem) VALUES (1, 0, 0, 0, 'p')", [])
        .unwrap();
    let copy = |end: &str| {
        let path = state.join(format!("100% ledger.db{end}"));
        (path.clone(), fs::read(path).unwrap())
    };
    let left = [copy(""), copy("-wal"), copy("-shm")];
    drop(writer);
    for with_index in [true, false] {
        for (path, bytes) in &left {
            if with_index || !text(path).ends_with("-shm") {
                fs::write(path, bytes).unwrap();
                open(path, 0o644);
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        assert!(history().ends_with("2 runs.\n"), "index: {with_index}");
    }
    // And nothing was written beside it.
    assert_eq!(fs::read_dir(&state).unwrap().count(), 2);
}
