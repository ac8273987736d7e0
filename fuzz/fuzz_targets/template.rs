//! Any text is a format: whatever it holds, reading, judging and mending it end, and agree with each other.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../checks/tests/invariants/template.rs"]
mod template;

fuzz_target!(|text: &str| template::holds(text));
