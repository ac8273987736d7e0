//! For tests: the parts of documents that are generated. A part stands between `<!-- generated: NAME -->` and
//! `<!-- end -->`; `BLESS=1` writes it, otherwise it is compared.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Tests run side by side, and two parts may stand in one document.
static DOCUMENTS: Mutex<()> = Mutex::new(());

/// Compares a part of a document of the repository with `text`, or writes it.
///
/// # Panics
/// If the part is missing, or differs.
pub(crate) fn compare(document: &str, name: &str, text: &str) {
    let _one_at_a_time = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let was = fs::read_to_string(&path).expect("a document");
    let (start, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end -->");
    let (before, rest) = was.split_once(&start).unwrap_or_else(|| panic!("{document} has no {start:?}"));
    let (part, after) = rest.split_once(end).unwrap_or_else(|| panic!("{document}: {start:?} has no {end:?}"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{before}{start}{text}{end}{after}")).expect("writes");
    } else {
        let lost =
            part.lines().filter(|line| !text.lines().any(|other| other == *line)).map(|line| format!("- {line}"));
        let new = text.lines().filter(|line| !part.lines().any(|other| other == *line)).map(|line| format!("+ {line}"));
        let difference: Vec<_> = lost.chain(new).collect();
        let hint = format!("`cargo xtask bless` writes {name} in {document} again");
        assert!(part == text, "{}\n{hint}", difference.join("\n"));
    }
}
