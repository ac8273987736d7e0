//! Lints the inputs that fuzzing the format language found.

use std::{fs, path::Path};

#[path = "invariants/lint.rs"]
mod invariants;

#[test]
fn the_fuzz_corpus_is_linted_consistently() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/formats/tests/fuzz_corpus/template");
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is there") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        invariants::holds(&text);
        count += 1;
    }
    assert!(count > 20, "only {count} inputs");
}
