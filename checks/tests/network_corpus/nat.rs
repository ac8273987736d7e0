//! One change away from a network with a NAT gateway.

mod beyond;
mod firewall;
mod routes;

use super::Row;

pub(crate) fn rows() -> Vec<Row> {
    routes::ROWS.into_iter().chain(firewall::ROWS).chain(beyond::ROWS).collect()
}
