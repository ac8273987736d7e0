//! The real binary, seen from the outside. One test binary for all: each one links the whole AWS SDK.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod budget;
mod cli;
mod cost;
mod daemon;
mod denied;
mod faults;
mod fix_commands;
mod golden;
mod hostile;
mod insights;
mod metrics;
mod ministack;
mod moto_suite;
mod packaging;
mod path;
mod reach;
mod read_only;
mod scale;
mod scrub;
mod slack;
mod support;
mod xray_wire;
