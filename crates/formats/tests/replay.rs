//! Runs the inputs that fuzzing found again.

use std::{fs, path::Path};

#[path = "invariants/template.rs"]
mod template;

#[test]
fn the_fuzz_corpus_still_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_corpus/template");
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is there") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        template::holds(&text);
        count += 1;
    }
    assert!(count > 20, "only {count} inputs");
}
