//! Nothing: the benches are in `benches/`, one file for each thing that is measured. `cargo bench` here runs them all.
