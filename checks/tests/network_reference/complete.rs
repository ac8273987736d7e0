//! What was not told, told: a network for each value that the hidden facts of few values may have.

use gatelight_checks::testing::Inventory;
use gatelight_model::Fetched;

/// The most networks that are made of one.
const MOST: usize = 64;

/// The network with every value of its hidden DNS attributes, record types of endpoints and origins of routes; none if there
/// are none, or too many. Each function runs in one subnet, so that its verdict is about one packet's way.
pub(crate) fn completions(scenario: &Inventory) -> Option<(Inventory, Vec<Inventory>)> {
    let mut hidden = scenario.clone();
    for function in &mut hidden.region.functions.seen {
        function.vpc.iter_mut().for_each(|vpc| vpc.subnets.truncate(1));
        function.capacity_provider = None;
    }
    let mut all = vec![hidden.clone()];
    let network = &hidden.region.network;
    for (at, vpc) in network.vpcs.seen.iter().enumerate() {
        let both = [true, false].map(Fetched::known);
        if vpc.dns_support.get().is_err() {
            all = each(all, &both, |own, value| own.region.network.vpcs.seen[at].dns_support = value);
        }
        if vpc.dns_hostnames.get().is_err() {
            all = each(all, &both, |own, value| own.region.network.vpcs.seen[at].dns_hostnames = value);
        }
    }
    let kind = |text: &str| Fetched::known(Some(text.to_owned()));
    for (at, endpoint) in network.endpoints.seen.iter().enumerate() {
        let records: &[&str] = match (endpoint.ip_address_type.get(), endpoint.dns_record_type.get()) {
            (Ok(Some(own)), Err(_)) if own == "dualstack" => &["ipv4", "dualstack", "service-defined", "ipv6"],
            // AWS lists no IPv6 address of X-Ray.
            (Err(_), Err(_)) => &["ipv4"],
            _ => continue,
        };
        let values: Vec<_> = records.iter().map(|text| kind(text)).collect();
        all = each(all, &values, |own, value| {
            let endpoint = &mut own.region.network.endpoints.seen[at];
            endpoint.dns_record_type = value;
            if endpoint.ip_address_type.get().is_err() {
                endpoint.ip_address_type = Fetched::known(Some("ipv4".to_owned()));
            }
        });
    }
    for (at, table) in network.route_tables.seen.iter().enumerate() {
        for (place, route) in table.routes.iter().enumerate().filter(|(_, route)| route.origin.get().is_err()) {
            let rival = table.routes.iter().any(|own| own.destination == route.destination && own != route);
            let inside = route.destination.starts_with("10.") && route.destination != "10.0.0.0/8";
            // A table has one static route for a range, and none to a virtual private gateway inside the VPC.
            let origins: &[&str] = if rival || inside {
                &["EnableVgwRoutePropagation"]
            } else {
                &["EnableVgwRoutePropagation", "CreateRoute"]
            };
            let values: Vec<_> = origins.iter().map(|&text| Fetched::known(text.to_owned())).collect();
            all = each(all, &values, |own, value| {
                own.region.network.route_tables.seen[at].routes[place].origin = value;
            });
        }
    }
    (all.len() > 1 && all.len() <= MOST).then_some((hidden, all))
}

fn each<T: Clone>(worlds: Vec<Inventory>, values: &[T], set: impl Fn(&mut Inventory, T)) -> Vec<Inventory> {
    let one = |own: &Inventory, value: &T| {
        let mut own = own.clone();
        set(&mut own, value.clone());
        own
    };
    if worlds.len() > MOST {
        return worlds;
    }
    worlds.iter().flat_map(|own| values.iter().map(|value| one(own, value)).collect::<Vec<_>>()).collect()
}
