//! What API Gateway writes about its own processing of each request (REST and WebSocket APIs).

pub mod off;
pub mod records_payloads;
