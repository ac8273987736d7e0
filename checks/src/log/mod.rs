//! Whether logs are delivered, and what log groups themselves say about logs and traces that do not arrive.

pub mod delivery_denied;
pub mod emission_failing;
pub(crate) mod policy_room;
pub(crate) mod resource_policy;
