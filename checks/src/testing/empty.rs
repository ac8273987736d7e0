//! Takes everything that is judged out of an account.

use gatelight_model::{Fetched, Listing, inventory::Network};

use super::{Inventory, build::trace_destination};

/// Leaves an account in which neither API Gateway nor Lambda is used.
pub(super) fn clear(inventory: &mut Inventory) {
    inventory.region.rest_apis.seen.clear();
    inventory.region.v2_apis.seen.clear();
    inventory.region.log_groups.clear();
    inventory.region.delivery_streams.clear();
    inventory.region.functions.seen.clear();
    inventory.region.callers.clear();
    inventory.region.log_deliveries.seen.clear();
    inventory.region.log_policies.seen.clear();
    inventory.region.capacity_providers.clear();
    inventory.region.log_probes.clear();
    inventory.region.traffic.clear();
    inventory.region.taken.clear();
    inventory.region.sampling_rules.seen.clear();
    inventory.region.trace_destination = Fetched::known(trace_destination("XRay", Some("ACTIVE")));
    inventory.region.named_log_groups.seen.clear();
    inventory.region.network = no_network();
    inventory.account.roles.clear();
    inventory.account.managed_policies.clear();
    inventory.account.organization = Fetched::known(None);
    inventory.set_gateway_role(None);
}

/// Networks were asked for, and there are none.
fn no_network() -> Network {
    Network {
        subnets: Listing::whole(vec![]),
        vpcs: Listing::whole(vec![]),
        route_tables: Listing::whole(vec![]),
        nat_gateways: Listing::whole(vec![]),
        internet_gateways: Listing::whole(vec![]),
        endpoints: Listing::whole(vec![]),
        security_groups: Listing::whole(vec![]),
        network_acls: Listing::whole(vec![]),
        dhcp_options: Listing::whole(vec![]),
        prefix_lists: vec![],
        network_interfaces: Listing::whole(vec![]),
        peering_connections: Listing::whole(vec![]),
        transit_gateways: Listing::whole(vec![]),
        transit_attachments: Listing::whole(vec![]),
        transit_subnets: Listing::whole(vec![]),
        transit_tables: vec![],
        hosted_zones: vec![],
        zone_records: vec![],
        endpoint_addresses: Listing::whole(vec![]),
    }
}
