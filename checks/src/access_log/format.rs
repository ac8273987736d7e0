//! The language of access-log formats.
