//! Makes the skeleton of a check, so that adding one is: this command, the rule, its text, its scenarios.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

/// What a check judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum About {
    /// Each stage of each API
    Stage,
    /// The API Gateway settings of the account in a region
    Account,
    /// Each function
    Function,
    /// Each log group that something writes to
    LogGroup,
}

/// What differs between skeletons. In each, an example of a rule fails for a name or role that is the check's id, and the
/// scenario has that.
struct Skeleton {
    /// The variant of `Judge`.
    judge: &'static str,
    /// What the function that judges takes.
    takes: &'static str,
    need: &'static str,
    /// What the code imports from `crate` and, besides `Need` and `Severity`, from `gatelight_model`.
    context: &'static str,
    model: &'static str,
    /// The example of a rule: whether the subject is wrong.
    is_wrong: &'static str,
    /// The statement that makes a subject of the healthy account wrong.
    change: &'static str,
}

impl About {
    fn skeleton(self) -> Skeleton {
        match self {
            Self::Stage => Skeleton {
                judge: "Judge::Stage(judge)",
                takes: "stage: &StageOf<'_>, _context: &Context<'_>",
                need: "Need::Stages",
                context: "Context",
                model: "any, inventory::StageOf",
                is_wrong: "any([Ok(stage.stage.name == ID)])?",
                change: "ID.clone_into(&mut region.rest_apis.seen[0].stages.seen[0].name)",
            },
            Self::Account => Skeleton {
                judge: "Judge::Account(judge)",
                takes: "context: &Context<'_>",
                need: "Need::GatewaySettings",
                context: "Context",
                model: "Fetched, inventory::GatewaySettings",
                is_wrong: "context.region().gateway_settings.get()?.cloudwatch_role.as_deref() == Some(ID)",
                change: "{ region.gateway_settings = Fetched::known(GatewaySettings { cloudwatch_role: Some(ID.to_owned()) }); }",
            },
            Self::Function => Skeleton {
                judge: "Judge::Function(judge, |_, _| None)",
                takes: "function: &Function, _context: &Context<'_>",
                need: "Need::Functions",
                context: "Context",
                model: "any, inventory::Function",
                is_wrong: "any([Ok(function.role == ID)])?",
                change: "ID.clone_into(&mut region.functions.seen[0].role)",
            },
            Self::LogGroup => Skeleton {
                judge: "Judge::LogGroup(|_| true, judge)",
                takes: "group: &LogGroupUse<'_>, _context: &Context<'_>",
                need: "Need::Functions",
                context: "Context, LogGroupUse",
                model: "any",
                is_wrong: "any([Ok(group.name == ID)])?",
                change: "region.functions.seen[0].log_group = Some(ID.to_owned())",
            },
        }
    }
}

/// Where a check stands: `function-cannot-reach-xray` is `function/cannot_reach_xray`.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    folder: String,
    file: String,
    /// Whether the folder is there already.
    exists: bool,
}

/// Writes the pair of files, the `mod` line and the row.
///
/// # Errors
/// If the id is not one, the check is there already, or a file cannot be read or written.
pub(crate) fn new_check(root: &Path, id: &str, about: About) -> anyhow::Result<()> {
    let source = root.join("checks/src");
    let place = place(id, &folders(&source)?)?;
    let folder = source.join(&place.folder);
    let (code, docs) = (folder.join(format!("{}.rs", place.file)), folder.join(format!("{}.md", place.file)));
    if code.exists() {
        bail!("{} is there already", code.display());
    }
    let table = source.join("lib.rs");
    let mut lib = read(&table)?;
    if place.exists {
        let module = folder.join("mod.rs");
        let declared = with_line(&read(&module)?, &format!("pub mod {};", place.file), "pub mod ");
        write(&module, &declared.with_context(|| format!("{} declares its modules", module.display()))?)?;
    } else {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let head = format!("//! What these checks have in common: say it here.\n\npub mod {};\n", place.file);
        write(&folder.join("mod.rs"), &head)?;
        lib = with_line(&lib, &format!("pub mod {};", place.folder), "pub mod ")
            .context("lib.rs declares its modules")?;
    }
    lib = with_row(&lib, &place).context("lib.rs has the table CHECKS")?;
    write(&table, &lib)?;
    write(&code, &formatted(root, &rule(id, &place, about))?)?;
    write(&docs, &text(id))?;
    print_next_steps(&[&code, &docs].map(|file| file.strip_prefix(root).unwrap_or(file).display().to_string()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a developer's command says what it made, and what is left to do")]
fn print_next_steps([code, docs]: &[String; 2]) {
    println!(
        "Made {code} and {docs}, the `mod` line and the row. What is left to do:
1. In {code}: title, severity, needs, the rule, and scenarios in which it passes, fails and cannot tell.
2. In {docs}: what it finds, why it matters, how to fix it.
3. The row's place in checks/src/lib.rs is its place in the README, and the head of mod.rs says what its checks have in common.
4. cargo fmt --all && cargo test -p gatelight-checks: until the rule is written, the tests say that it never passes.
5. cargo test --bin gatelight demo: the demo shows the scenario that is marked `in_demo`.
6. cargo xtask bless rewrites the README's table, the map of facts and the golden files: read the diff."
    );
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The folders that hold checks.
fn folders(source: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(source).with_context(|| format!("cannot read {}", source.display()))?;
    let folders = entries.filter_map(|entry| {
        let path: PathBuf = entry.ok()?.path();
        path.join("mod.rs").exists().then(|| path.file_name()?.to_str().map(str::to_owned)).flatten()
    });
    Ok(folders.collect())
}

/// In the folder with the longest name that the id begins with; else in a new one, named after its first word.
fn place(id: &str, folders: &[String]) -> anyhow::Result<Place> {
    let words: Vec<&str> = id.split('-').collect();
    let kebab =
        |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if words.len() < 2 || !words.iter().all(kebab) {
        bail!("{id:?} is no id: lower-case words joined by `-`, named after the fault, such as access-log-off");
    }
    let name = id.replace('-', "_");
    let fits = folders.iter().filter(|folder| name.starts_with(&format!("{folder}_")));
    let known = fits.max_by_key(|folder| folder.len());
    let folder = known.cloned().unwrap_or_else(|| words[0].to_owned());
    let file = name[folder.len() + 1..].to_owned();
    Ok(Place { folder, file, exists: known.is_some() })
}

/// `text` with a line among those that begin alike, in order.
fn with_line(text: &str, line: &str, start: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let alike: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with(start)).collect();
    let at = alike.iter().find(|at| lines[**at] > line).copied().or_else(|| alike.last().map(|at| at + 1))?;
    lines.insert(at, line);
    Some(lines.join("\n") + "\n")
}

/// `text` with the check's row, after the last row of its folder or else at the end of the table.
fn with_row(text: &str, place: &Place) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let start = lines.iter().position(|line| line == "checks! {")?;
    let end = start + lines[start..].iter().position(|line| line == "}")?;
    let of_folder = format!("    {}::", place.folder);
    let last = (start..end).rev().find(|at| lines[*at].starts_with(&of_folder)).map_or(end, |at| at + 1);
    lines.insert(last, format!("    {}::{}::CHECK,", place.folder, place.file));
    Some(lines.join("\n") + "\n")
}

fn rule(id: &str, place: &Place, about: About) -> String {
    let Skeleton { judge, takes, need, context, model, is_wrong, change } = about.skeleton();
    let mut imports: Vec<&str> =
        model.split(", ").filter(|name| !name.is_empty()).chain(["Need", "Severity"]).collect();
    // As rustfmt sorts them: types, then modules.
    imports.sort_by_key(|name| (name.contains("::"), *name));
    let (imports, file, title) = (imports.join(", "), &place.file, title(id));
    format!(
        "//! `{id}`: say in a sentence what is wrong where it fails.

use gatelight_model::{{{imports}}};

use crate::{{
    {context}, Judgement, Verdict,
    check::{{Check, Judge, Scenario}},
    verdict::{{Failure, Fix}},
    visibility::Signals,
}};

const ID: &str = \"{id}\";

/// See the documentation beside this file.
pub const CHECK: Check = Check {{
    id: ID,
    title: \"{title}\",
    severity: Severity::Medium,
    needs: &[{need}],
    judge: {judge},
    signals: Signals::None,
    docs: include_str!(\"{file}.md\"),
    scenarios: &[Scenario {{
        name: ID,
        change: |_, region| {change},
        in_demo: true,
    }}],
}};

/// An example: write the rule here, and change the scenario so that the rule fails in it.
fn judge({takes}) -> Verdict {{
    if {is_wrong} {{
        return Ok(Failure {{
            severity: None,
            cause: None,
            message: \"Say what is wrong.\".to_owned(),
            evidence: vec![],
            affects: vec![],
            fix: Fix::text(\"Say what to change.\"),
            ..Failure::default()
        }}
        .into());
    }}
    Ok(Judgement::NotApplicable(\"the rule is not written yet\"))
}}
"
    )
}

/// Code as rustfmt has it: where lines break depends on the id.
fn formatted(root: &Path, code: &str) -> anyhow::Result<String> {
    let mut formatter = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt cannot be started")?;
    if let Some(mut input) = formatter.stdin.take() {
        input.write_all(code.as_bytes())?;
    }
    let output = formatter.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refuses the skeleton, which stays unwritten");
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn text(id: &str) -> String {
    let title = title(id);
    format!(
        "# {title}

## What it finds

Say what is wrong, and how it is told.

## Why it matters

Say what is missing at three in the morning.

## How to fix it

```sh
aws apigateway help
```

Terraform: name the argument.

CloudFormation: name the property.

## AWS documentation

- [API Gateway](https://docs.aws.amazon.com/apigateway/latest/developerguide/welcome.html)
"
    )
}

/// `access-log-off` → `Access log off`.
fn title(id: &str) -> String {
    let mut words = id.replace('-', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_stands_where_its_id_says() {
        let folders = ["log".to_owned(), "log_group".to_owned()];
        let at = |id| place(id, &folders).expect("an id");
        let expected = |folder: &str, file: &str, exists| Place { folder: folder.into(), file: file.into(), exists };
        assert_eq!(at("log-group-key-unusable"), expected("log_group", "key_unusable", true));
        assert_eq!(at("log-delivery-denied"), expected("log", "delivery_denied", true));
        assert_eq!(at("queue-too-long"), expected("queue", "too_long", false));
        for id in ["log", "Log-off", "log--off", ""] {
            assert!(place(id, &folders).is_err(), "{id}");
        }
    }

    /// That they compile and run is shown by `cargo xtask new-check` and `cargo test -p gatelight-checks`.
    #[test]
    fn every_skeleton_is_code_whatever_its_id() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the repository");
        let ids = ["access-log-too-long", "queue-x", "gateway-role-is-known-under-a-name-that-is-rather-long"];
        for (id, about) in ids.iter().flat_map(|id| About::value_variants().iter().map(move |about| (*id, *about))) {
            let place = place(id, &["access_log".to_owned(), "gateway_role".to_owned()]).expect("an id");
            let code = formatted(root, &rule(id, &place, about)).expect("it is code");
            assert!(code.contains(&format!("const ID: &str = \"{id}\";")) && code.contains("in_demo: true"), "{code}");
        }
        assert!(formatted(root, "fn (").is_err());
    }

    #[test]
    fn lines_stay_in_order_and_rows_beside_those_of_their_folder() {
        let text = "//! x\n\npub mod b;\npub mod d;\n";
        assert_eq!(
            with_line(text, "pub mod c;", "pub mod ").expect("alike"),
            "//! x\n\npub mod b;\npub mod c;\npub mod d;\n"
        );
        assert_eq!(
            with_line(text, "pub mod e;", "pub mod ").expect("alike"),
            "//! x\n\npub mod b;\npub mod d;\npub mod e;\n"
        );
        let table = "checks! {\n    a::x::CHECK,\n    b::x::CHECK,\n}\n";
        let place = Place { folder: "a".into(), file: "y".into(), exists: true };
        let expected = "checks! {\n    a::x::CHECK,\n    a::y::CHECK,\n    b::x::CHECK,\n}\n";
        assert_eq!(with_row(table, &place).expect("a table"), expected);
    }
}
