//! Worlds: healthy accounts with two of everything, for tests and for the demo.
