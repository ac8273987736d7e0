//! What people read, word for word: each command's output is compared with a file of `tests/golden`.
//! `BLESS=1 cargo test --test it golden` writes the files again; read the diff before you commit it.

use std::{fs, path::Path};

use crate::support::run::Gatelight;

/// A golden file, and the arguments and the exit status that go with it. `INVENTORY` is the demo's saved inventory,
/// `LEDGER` a ledger in which an audit of it was recorded.
const FILES: [(&str, &[&str], i32); 8] = [
    ("demo.txt", &["demo"], 1),
    ("demo.json", &["demo", "--format", "json"], 1),
    ("history.txt", &["history", "--ledger", "LEDGER"], 0),
    ("path.txt", &["path", "--from", "INVENTORY", "checkout"], 1),
    ("path.svg", &["path", "--from", "INVENTORY", "checkout", "--format", "svg"], 1),
    ("cost.txt", &["cost", "--from", "INVENTORY"], 3),
    ("explain.txt", &["explain"], 0),
    ("explain-access-log-off.txt", &["explain", "access-log-off"], 0),
];

#[test]
fn what_people_read_is_as_in_the_golden_files() {
    let bless = std::env::var_os("BLESS").is_some();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (inventory, ledger) = (place("demo.jsonl"), place("ledger.db"));
    let run = |arguments: &[&str], status| {
        let arguments = arguments.iter().map(|argument| match *argument {
            "INVENTORY" => &inventory,
            "LEDGER" => &ledger,
            other => other,
        });
        let ran = Gatelight::new(arguments).no_keys().run();
        assert_eq!(ran.status, Some(status), "{ran:#?}");
        // The only thing that a release changes.
        ran.stdout.replace(concat!('"', env!("CARGO_PKG_VERSION"), '"'), "\"VERSION\"")
    };
    run(&["demo", "--output", "/dev/null", "--save", "INVENTORY"], 1);
    run(&["audit", "--from", "INVENTORY", "--output", "/dev/null", "--ledger", "LEDGER"], 1);
    let mut differ = Vec::new();
    for (name, arguments, status) in FILES {
        let (file, text) = (golden.join(name), run(arguments, status));
        if bless {
            fs::create_dir_all(&golden).unwrap();
            fs::write(&file, &text).unwrap();
        } else if let Some(difference) = difference(&fs::read_to_string(&file).unwrap_or_default(), &text) {
            differ.push(format!("{name}: {difference}"));
        }
    }
    assert!(differ.is_empty(), "BLESS=1 writes them again:\n{}", differ.join("\n"));
}

/// The first line in which two texts differ.
fn difference(golden: &str, now: &str) -> Option<String> {
    if golden == now {
        return None;
    }
    let mut lines = golden.split('\n').zip(now.split('\n')).zip(1..);
    Some(match lines.find(|((golden, now), _)| golden != now) {
        Some(((golden, now), number)) => format!("line {number}\n  - {golden}\n  + {now}"),
        None => format!("{} lines, now {}", golden.lines().count(), now.lines().count()),
    })
}
