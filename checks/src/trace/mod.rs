//! Whether requests are traced, and whether what is recorded arrives.

pub mod destination_denied;
pub(crate) mod sampling;
pub mod sampling_off;
