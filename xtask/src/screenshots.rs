//! Draws what people see, so that it can be looked at: the terminal reports and the pictures, as PNG.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::run::Tool;

/// Names of the browser, by preference.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Widths of a terminal, in columns, at which each report is drawn.
const WIDTHS: [u32; 3] = [60, 80, 120];

/// What is drawn at each width: the name of the picture, and the arguments of the program. `INVENTORY` is replaced.
const TERMINALS: [(&str, &[&str]); 4] = [
    ("demo", &["demo", "--color", "always"]),
    ("path", &["path", "checkout", "--from", "INVENTORY", "--color", "always"]),
    ("cost", &["cost", "--from", "INVENTORY", "--color", "always"]),
    ("explain", &["explain", "access-log-off"]),
];

/// Draws everything into `target/screenshots`.
///
/// # Errors
/// If the program cannot be built, or no browser is there.
pub(crate) fn screenshots(tool: &Tool) -> anyhow::Result<()> {
    let browser = browser()?;
    let folder = tool.root().join("target/screenshots");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    tool.cargo(["build", "--locked"]).run()?;
    let program = target(tool)?.join("debug/gatelight");
    let inventory = folder.join("demo.jsonl");
    tool.program(&program).args(["demo", "--quiet", "--save"]).args([&inventory]).output()?;
    for (name, arguments) in TERMINALS {
        for width in WIDTHS {
            let arguments = arguments.iter().map(|own| own.replace("INVENTORY", &inventory.display().to_string()));
            let text = tool.program(&program).args(arguments).env("COLUMNS", &width.to_string()).output()?;
            let page = folder.join(format!("{name}-{width}.html"));
            fs::write(&page, terminal_page(&text)?).with_context(|| format!("cannot write {}", page.display()))?;
            let lines = u32::try_from(text.lines().count())?;
            draw(tool, browser, &page, (width * 9 + 40, lines * 19 + 40))?;
        }
    }
    let picture = folder.join("path.svg");
    let arguments = ["path", "checkout", "--format", "svg", "--from"];
    fs::write(&picture, tool.program(&program).args(arguments).args([&inventory]).output()?)?;
    draw(tool, browser, &picture, (1200, 900))
}

fn browser() -> anyhow::Result<&'static str> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let found = BROWSERS.into_iter().find(|name| folders.iter().any(|folder| folder.join(name).is_file()));
    let Some(found) = found else { bail!("no browser: install Chromium (Debian: apt-get install chromium)") };
    Ok(found)
}

/// Where cargo builds.
fn target(tool: &Tool) -> anyhow::Result<PathBuf> {
    let text = tool.cargo(["metadata", "--format-version", "1", "--no-deps", "--locked"]).output()?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    Ok(metadata["target_directory"].as_str().context("cargo says where it builds")?.into())
}

fn terminal_page(text: &str) -> anyhow::Result<String> {
    let body = ansi_to_html::convert(text)?;
    Ok(format!(
        "<!doctype html><meta charset=utf-8><style>body{{background:#16181d;color:#e6e6e6;margin:20px}}\
         pre{{font:15px/19px 'DejaVu Sans Mono',monospace}}</style><pre>{body}</pre>"
    ))
}

fn draw(tool: &Tool, browser: &str, page: &Path, (width, height): (u32, u32)) -> anyhow::Result<()> {
    let picture = page.with_extension("png");
    let profile = page.with_file_name("browser-profile");
    tool.program(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"])
        .args([format!("--user-data-dir={}", profile.display()), format!("--window-size={width},{height}")])
        .args([format!("--screenshot={}", picture.display()), format!("file://{}", page.display())])
        .run()
}
