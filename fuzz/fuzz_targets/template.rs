//! Any text is a format: parsing, linting and fixing it must end, and must agree with each other.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../checks/tests/invariants/lint.rs"]
mod lint;
#[path = "../../crates/formats/tests/invariants/template.rs"]
mod template;

fuzz_target!(|text: &str| {
    template::holds(text);
    lint::holds(text);
});
