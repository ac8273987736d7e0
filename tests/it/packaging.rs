//! What a package installs: the units, judged by systemd itself, and what the program says of itself for shells and man.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::support::run::Gatelight;

const UNITS: [&str; 3] = ["gatelight.service", "gatelight-audit.service", "gatelight-audit.timer"];
const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn unit(name: &str) -> String {
    fs::read_to_string(root().join("systemd").join(name)).unwrap()
}

/// The units in a folder, with the program where this machine has it.
fn units(change: impl Fn(String) -> String) -> (TempDir, Vec<PathBuf>) {
    let folder = TempDir::new().unwrap();
    let write = |name: &&str| {
        let path = folder.path().join(name);
        let text = change(unit(name)).replace("/usr/bin/gatelight", env!("CARGO_BIN_EXE_gatelight"));
        fs::write(&path, text).unwrap();
        path
    };
    let paths = UNITS.iter().map(write).collect();
    (folder, paths)
}

fn analyze(args: &[&str], units: &[PathBuf]) -> Output {
    let mut command = Command::new("systemd-analyze");
    // Without colours, and without a pager.
    command.args(args).args(units).env("SYSTEMD_COLORS", "0").env("SYSTEMD_PAGER", "").stdin(Stdio::null());
    command.output().unwrap_or_else(|why| panic!("systemd-analyze ({why}): apt-get install systemd"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn systemd_finds_nothing_to_say_about_the_units() {
    let offered =
        |text: String| text.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
    // As they are; and with every setting that their comments offer.
    for (_folder, paths) in [units(|text| text), units(offered)] {
        let output = analyze(&["verify", "--man=no"], &paths);
        assert!(output.status.success() && said(&output).is_empty(), "{}", said(&output));
    }
    let (_folder, paths) = units(|text| text.replace("ProtectSystem=", "ProtectSytsem="));
    assert!(said(&analyze(&["verify", "--man=no"], &paths)).contains("ProtectSytsem"), "it does look");
}

#[test]
fn the_services_are_exposed_to_little() {
    // In tenths.
    let exposure = |paths: &[PathBuf]| analyze(&["security", "--offline=true", "--threshold=15"], paths);
    let (_folder, paths) = units(|text| text);
    for path in &paths[..2] {
        let output = exposure(std::slice::from_ref(path));
        let said = said(&output);
        assert!(output.status.success() && said.contains("Overall exposure level"), "{said}");
    }
    let (_folder, paths) = units(|text| text.replace("SystemCallFilter=", "#").replace("ProtectSystem=strict", ""));
    assert!(!exposure(&paths[..1]).status.success(), "it does judge");
}

/// What a service is told to run is a command line of this version: the file is missed, and no flag is unknown.
#[test]
fn the_services_run_commands_that_there_are() {
    for name in &UNITS[..2] {
        let text = unit(name);
        let lines = text
            .lines()
            .filter_map(|line| line.trim_start_matches("#: ").strip_prefix("ExecStart=/usr/bin/gatelight "));
        let mut count = 0;
        for line in lines {
            let args = line.replace("${STATE_DIRECTORY}", ".").replace("/etc/gatelight/", "nowhere/");
            Gatelight::new(args.split_whitespace()).run().refuses(&["nowhere/gatelight.toml cannot be read"]);
            count += 1;
        }
        assert!(count > 0, "{name}");
    }
}

#[test]
fn the_package_holds_what_it_needs() {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(root().join("Cargo.toml")).unwrap()).unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets: Vec<(&str, &str)> = deb["assets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| (asset[0].as_str().unwrap(), asset[1].as_str().unwrap()))
        .collect();
    for (source, _) in &assets {
        // What is built is not there yet.
        assert!(source.starts_with("target/package/") || root().join(source).is_file(), "{source}");
    }
    for name in UNITS {
        let installed = format!("usr/lib/systemd/system/{name}");
        assert!(assets.contains(&(&format!("systemd/{name}"), &installed)), "{name}");
    }
    assert!(assets.iter().any(|(_, to)| *to == "usr/bin/gatelight"));
    let scripts = root().join(deb["maintainer-scripts"].as_str().unwrap());
    for name in ["postinst", "prerm", "postrm"] {
        let output = Command::new("sh").arg("-n").arg(scripts.join(name)).output().unwrap();
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
}

#[test]
fn shells_complete_every_command() {
    let help = Gatelight::new(["--help"]).run().stdout;
    let commands: Vec<&str> = commands(&help).collect();
    assert!(commands.contains(&"audit") && commands.contains(&"completions"), "{help}");
    for shell in SHELLS {
        let ran = Gatelight::new(["completions", shell]).no_keys().run();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:#?}");
        for command in &commands {
            assert!(ran.stdout.contains(command), "{shell}: {command}");
        }
        assert!(ran.stdout.contains("log-format"), "{shell}");
    }
    Gatelight::new(["completions", "tcsh"]).run().refuses(&["tcsh", "bash"]);

    // What bash itself makes of it.
    let script = format!(
        "source <({0} completions bash); COMP_WORDS=(gatelight audit --no-prog); COMP_CWORD=2; \
         _gatelight gatelight --no-prog audit; echo \"${{COMPREPLY[@]}}\"",
        env!("CARGO_BIN_EXE_gatelight")
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(said(&output).trim(), "--no-progress");
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let help = Gatelight::new(["--help"]).run().stdout;
    let (ran, pages) = Gatelight::new(["man", "--directory", "a/man"]).no_keys().run_then(|home| {
        let read = |entry: std::io::Result<fs::DirEntry>| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
        };
        fs::read_dir(home.join("a/man")).unwrap().map(read).collect::<Vec<_>>()
    });
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), ""), "{ran:#?}");
    for command in commands(&help).filter(|command| *command != "help") {
        assert!(pages.iter().any(|(name, _)| *name == format!("gatelight-{command}.1")), "{command}");
    }
    assert!(pages.iter().any(|(name, text)| name == "gatelight-audit.1" && text.contains("all\\-regions")));
    let whole = Gatelight::new(["man"]).no_keys().run();
    assert_eq!(whole.stdout.matches("\n.TH ").count(), pages.len(), "all of them, one after the other");
    for (name, text) in &pages {
        assert!(whole.stdout.contains(text), "{name}");
    }
    Gatelight::new(["man", "--directory", "/dev/null/x"]).run().refuses(&["/dev/null/x"]);
}

/// The names of the commands in the help.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let list = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    list.lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().filter(|_| !line.starts_with("   ")))
}

/// With a failing endpoint and `--verbose` there is something to log.
fn noisy(args: &[&str]) -> Gatelight {
    let common = ["audit", "--region", "us-east-1", "--pace", "off", "--check", "access-log-off", "--verbose"];
    Gatelight::new(common).args(args).endpoint("http://127.0.0.1:9")
}

#[test]
fn the_log_has_the_form_that_is_asked_for() {
    let ran = noisy(&["--log-format", "json"]).run();
    let lines: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with('{')).collect();
    assert!(!lines.is_empty(), "{ran:#?}");
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["target"].as_str().unwrap().starts_with("gatelight"), "{line}");
        assert!(line["time"].is_string() && line["level"] == "debug" && line["message"].is_string(), "{line}");
    }
    let ran = noisy(&["--log-format", "text"]).run();
    assert!(ran.stderr.contains(" DEBUG call failed operation=sts:GetCallerIdentity"), "{ran:#?}");
    noisy(&["--log-format", "xml"]).run().refuses(&["xml", "text"]);
}

/// The variable names the stream; where standard error is another, nothing is written for the journal's eyes.
#[test]
fn errors_are_marked_for_the_journal_and_nobody_else() {
    let run = |mine: bool| {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("stderr");
        let file = File::create(&path).unwrap();
        let found = file.metadata().unwrap();
        let stream = format!("{}:{}", found.dev(), found.ino() + u64::from(!mine));
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatelight"));
        command.args(["audit", "--config", "nowhere.toml"]).env_clear().env("JOURNAL_STREAM", stream);
        assert_eq!(command.stderr(file).status().unwrap().code(), Some(2));
        fs::read_to_string(path).unwrap()
    };
    assert!(run(true).starts_with("<3>gatelight: "));
    assert!(run(false).starts_with("gatelight: "));
}
