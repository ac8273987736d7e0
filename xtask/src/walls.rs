//! The walls of the house: what may use what, and how large a room may be. CI runs it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::source::{Edges, Source, functions, lines_beside_tests};

/// The crates of the house from the bottom up, their root files, and the crates of the house that each may use.
const CRATES: [(&str, &str, &[&str]); 6] = [
    ("gatelight-model", "crates/model/src/lib.rs", &[]),
    ("gatelight-iam", "crates/iam/src/lib.rs", &["gatelight-model"]),
    ("gatelight-formats", "crates/formats/src/lib.rs", &["gatelight-model"]),
    ("gatelight-network", "crates/network/src/lib.rs", &["gatelight-model", "gatelight-iam"]),
    (
        "gatelight-checks",
        "checks/src/lib.rs",
        &["gatelight-model", "gatelight-iam", "gatelight-formats", "gatelight-network"],
    ),
    (
        "gatelight",
        "src/main.rs",
        &["gatelight-model", "gatelight-iam", "gatelight-formats", "gatelight-network", "gatelight-checks"],
    ),
];

/// The only crate that may do I/O.
const PROGRAM: &str = "gatelight";

/// Whatever begins so brings I/O.
const IO_CRATES: [&str; 5] = ["aws-", "tokio", "hyper", "reqwest", "rusqlite"];

/// What looks at files, the network, the environment or a clock.
const IO: [&str; 10] = [
    "std::fs",
    "fs::",
    "env::var",
    "process::",
    "net::Tcp",
    "net::Udp",
    "net::Unix",
    "net::ToSocket",
    "Timestamp::now",
    "SystemTime",
];

/// The most lines of a file, tests aside.
const FILE: usize = 400;
/// The most lines of a function, tests aside.
const FUNCTION: usize = 60;

/// Looks at every wall, and names all that is wrong.
///
/// # Errors
/// If a wall has a hole, or the source cannot be read.
pub(crate) fn walls(root: &Path) -> anyhow::Result<()> {
    let mut faults = dependencies(root)?;
    for (name, file, _) in CRATES {
        let source = Source::read(&root.join(file))?;
        let edges = source.edges();
        faults.extend(circles(&edges).into_iter().map(|circle| describe(&circle, &edges, root)));
        for file in source.files() {
            let short = file.strip_prefix(root).unwrap_or(file).display();
            faults.extend(sizes(file)?.into_iter().map(|fault| format!("{short}{fault}")));
            if name != PROGRAM {
                faults.extend(io(file)?.into_iter().map(|fault| format!("{short}{fault}")));
            }
        }
        if name == PROGRAM {
            faults.extend(collector(root, &source)?);
        }
    }
    if !faults.is_empty() {
        bail!("{} holes in the walls:\n  {}", faults.len(), faults.join("\n  "));
    }
    Ok(())
}

/// Which crates use which, as cargo has it.
fn dependencies(root: &Path) -> anyhow::Result<Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata prints JSON")?;
    let graph = graph(&metadata).context("cargo metadata has packages and nodes")?;
    let mut faults = Vec::new();
    for (name, _, allowed) in CRATES {
        let direct = graph.get(name).with_context(|| format!("{name} is no package of the workspace"))?;
        let of_house = direct.iter().filter(|used| CRATES.iter().any(|(other, ..)| other == *used));
        faults.extend(
            of_house.filter(|used| !allowed.contains(&used.as_str())).map(|used| format!("{name} must not use {used}")),
        );
        if name != PROGRAM {
            let all = reached(name, &graph);
            let io = all.iter().filter(|used| IO_CRATES.iter().any(|start| used.starts_with(start)));
            faults.extend(io.map(|used| format!("{name} must not depend on {used}: it does I/O")));
        }
    }
    Ok(faults)
}

/// By package: those that it uses when it is built as it ships.
fn graph(metadata: &Value) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let packages = metadata["packages"].as_array()?;
    let name_of: BTreeMap<&str, &str> =
        packages.iter().filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array()?;
    let mut graph = BTreeMap::new();
    for node in nodes {
        let ships = |used: &&Value| {
            used["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
        };
        let used = node["deps"].as_array()?.iter().filter(ships);
        let used = used.filter_map(|used| Some((*name_of.get(used["pkg"].as_str()?)?).to_owned())).collect();
        graph.insert((*name_of.get(node["id"].as_str()?)?).to_owned(), used);
    }
    Some(graph)
}

fn reached(from: &str, graph: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(next) = open.pop() {
        for used in graph.get(&next).into_iter().flatten() {
            if found.insert(used.clone()) {
                open.push(used.clone());
            }
        }
    }
    found
}

/// Groups of files each of which takes names from another of its group, directly or by way of others.
fn circles(edges: &Edges) -> Vec<BTreeSet<PathBuf>> {
    let reach = |from: &PathBuf| {
        let mut found = BTreeSet::new();
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            for used in edges.get(next).into_iter().flat_map(BTreeMap::keys) {
                if found.insert(used.clone()) {
                    open.push(used);
                }
            }
        }
        found
    };
    let reached: BTreeMap<&PathBuf, BTreeSet<PathBuf>> = edges.keys().map(|file| (file, reach(file))).collect();
    let mut circles = BTreeSet::new();
    for (file, found) in &reached {
        if found.contains(*file) {
            let back = |other: &&PathBuf| reached.get(*other).is_some_and(|found| found.contains(*file));
            circles.insert(found.iter().filter(back).cloned().collect::<BTreeSet<_>>());
        }
    }
    circles.into_iter().collect()
}

fn describe(circle: &BTreeSet<PathBuf>, edges: &Edges, root: &Path) -> String {
    let short = |file: &Path| file.strip_prefix(root).unwrap_or(file).display().to_string();
    let ties = circle.iter().flat_map(|from| {
        let within = edges.get(from).into_iter().flatten().filter(|(to, _)| circle.contains(*to));
        within.map(move |(to, names)| {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            format!("\n    {} takes {} from {}", short(from), names.join(", "), short(to))
        })
    });
    format!("{} files in a circle:{}", circle.len(), ties.collect::<String>())
}

fn sizes(file: &Path) -> anyhow::Result<Vec<String>> {
    let lines = lines_beside_tests(file)?;
    let long = (lines > FILE).then(|| format!(": {lines} lines, more than {FILE}"));
    let functions = functions(file)?.into_iter().filter(|function| function.lines > FUNCTION);
    let functions =
        functions.map(|own| format!(":{}: fn {} has {} lines, more than {FUNCTION}", own.line, own.name, own.lines));
    Ok(long.into_iter().chain(functions).collect())
}

fn io(file: &Path) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let found = code.filter_map(|(at, line)| {
        let what = IO.iter().find(|what| line.match_indices(**what).any(|(start, _)| is_word_start(line, start)))?;
        Some(format!(":{}: {what} is I/O, which only the program does", at + 1))
    });
    Ok(found.collect())
}

fn is_word_start(line: &str, at: usize) -> bool {
    line[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != ':')
}

/// The collector states facts: of the crate that judges it knows `plan`, which says what to ask next.
fn collector(root: &Path, source: &Source) -> anyhow::Result<Vec<String>> {
    let folder = root.join("src/collect");
    let mut faults = Vec::new();
    for file in source.files().into_iter().filter(|file| file.starts_with(&folder)) {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let short = file.strip_prefix(root).unwrap_or(file).display();
        for (at, line) in text.lines().enumerate() {
            for (start, used) in line.match_indices("gatelight_checks::") {
                let next = &line[start + used.len()..];
                if !next.starts_with("plan") && !line.trim_start().starts_with("//") {
                    faults.push(format!("{short}:{}: the collector must not use checks but `plan`", at + 1));
                }
            }
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(pairs: &[(&str, &str)]) -> Edges {
        let mut edges = Edges::new();
        for (from, to) in pairs {
            let names = BTreeSet::from(["x".to_owned()]);
            edges.entry(PathBuf::from(from)).or_default().insert(PathBuf::from(to), names);
        }
        edges
    }

    #[test]
    fn files_that_use_each_other_are_a_circle_and_those_that_only_lead_there_are_not() {
        let files = |names: &[&str]| names.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
        let edges = edges(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]);
        assert_eq!(circles(&edges), [files(&["b", "c"])]);
    }

    #[test]
    fn a_path_of_io_is_found_and_a_word_that_ends_like_it_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.rs");
        fs::write(&file, "// std::fs\nlet a = offs::b();\nlet c = Timestamp::now();\n").expect("writes");
        assert_eq!(io(&file).expect("reads"), [":3: Timestamp::now is I/O, which only the program does"]);
    }
}
