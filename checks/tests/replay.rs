//! What fuzzing found once holds for ever: the inputs that it kept, run again.

use std::{fs, path::Path};

#[path = "invariants/template.rs"]
mod template;

/// The files in a folder beside this one, by name.
fn inputs(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/found").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|problem| panic!("{}: {problem}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| (path.display().to_string(), fs::read(&path).expect("a file"))).collect()
}

#[test]
fn templates_that_fuzzing_found() {
    let inputs = inputs("template");
    assert!(inputs.len() > 20, "only {} inputs", inputs.len());
    for (name, bytes) in inputs {
        let text = String::from_utf8(bytes).unwrap_or_else(|_| panic!("{name} is not text"));
        template::holds(&text);
    }
}
