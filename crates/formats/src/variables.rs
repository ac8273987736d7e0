//! The variables of access logs by kind of API: their names, and the kinds of values that they have.
//!
//! The tables are AWS's: REST
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>, HTTP
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>, WebSocket
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html>.

mod counterparts;
mod names;
mod tables;
mod values;

pub use counterparts::counterpart;
pub use names::{Suggestion, Support, aliases, apis, is_misspelling, suggestion, support};
pub use tables::{HTTP, REST, REST_UNLISTED, WEBSOCKET, WEBSOCKET_UNLISTED, table};
pub use values::{ValueKind, absent_value, holds_untrusted_text, is_always_present, sample_value};

#[cfg(test)]
mod tests;
