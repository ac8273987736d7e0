//! The hops of routes that cannot be followed.

use gatelight_model::{Gap, inventory::Route};

use crate::hop::{Hop, HopKind};

/// The hop for a route whose target cannot be followed.
pub(crate) fn cannot_follow(kind: HopKind, id: &str, from: &str, route: &Route, what: &str) -> Hop {
    let to = &route.target;
    let message = format!("from {from} the path continues through {to}, {what}, and what follows is not visible here");
    Hop::unknown(kind, id, Gap::unprovable(to, message)).by(&route.destination)
}

/// The hop for a route that is not active, if it is not.
pub(crate) fn inactive_route(kind: HopKind, table: &str, message: &str, route: &Route) -> Option<Hop> {
    let state = &route.state;
    if state.eq_ignore_ascii_case("active") {
        None
    } else if state.eq_ignore_ascii_case("blackhole") {
        Some(
            Hop::stops(kind, table, format!("{message} is a blackhole: what it leads to is gone"))
                .by(&route.destination),
        )
    } else {
        let message = format!("{message} is in the state “{state}”, which is not understood");
        Some(Hop::unprovable(kind, table, message).by(&route.destination))
    }
}
