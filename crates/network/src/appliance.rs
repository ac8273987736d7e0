//! Into what somebody else's rules decide about: firewalls, and instances that forward packets.

use gatelight_model::inventory::{Subnet, VpcEndpoint};

use super::{
    firewall,
    hop::{Hop, HopResult, Place},
    routes,
};
use crate::{
    address_set::{AddressSet, Family, PUBLIC},
    walk::Walk,
};

/// What sentences say of a network interface that forwards nothing.
pub const CHECK_IS_ON: &str = "has its source/destination check on";

impl Walk<'_> {
    /// Into the endpoint of a firewall or of a Gateway Load Balancer: alive, it may let packets through and back.
    pub(crate) fn through_firewall(&self, from: &Subnet, id: &str) -> Vec<Hop> {
        let place = Place::Firewall;
        let beyond = |what: &str| {
            let says =
                format!("from {} the way goes on through {id}, {what}, and what lies beyond is not seen here", from.id);
            vec![Hop::unprovable(place, id, says)]
        };
        let endpoint = match self.index.endpoint(id) {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => return beyond("an endpoint that AWS does not list"),
            Err(gap) => return vec![Hop::unknown(place, id, gap)],
        };
        if !endpoint.kind.eq_ignore_ascii_case("GatewayLoadBalancer") {
            return beyond(&format!("an endpoint of the type {}", endpoint.kind));
        }
        match endpoint.state.to_ascii_lowercase().as_str() {
            "available" => {
                let onward = self.onward_from(endpoint);
                beyond(&format!("the endpoint of a firewall or Gateway Load Balancer whose rules are not read{onward}"))
            }
            state @ ("deleted" | "deleting" | "failed" | "rejected" | "expired") => {
                let says = format!("{id}, the endpoint of a firewall or Gateway Load Balancer, is {state}");
                vec![Hop::stops(place, id, says)]
            }
            state => beyond(&format!("the endpoint of a firewall or Gateway Load Balancer in the state “{state}”")),
        }
    }

    /// Where what comes back out of the endpoint would go, in words.
    fn onward_from(&self, endpoint: &VpcEndpoint) -> String {
        let subnet = endpoint.subnets.first().and_then(|id| self.index.subnet(id).ok());
        let Some((table, _)) = subnet.and_then(|subnet| self.index.table_of(subnet).ok()) else {
            return String::new();
        };
        let shares = routes::split(self.index, &table.routes, Family::V4, &PUBLIC);
        let leads = shares.routes.iter().map(|route| format!("{} → {}", route.destination, route.target));
        let leads: Vec<_> = leads.collect();
        let leads = if leads.is_empty() { "no route to public addresses".to_owned() } else { leads.join(", ") };
        format!(" (behind it, {}: {leads})", table.id)
    }

    /// Into a network interface, by its id or that of its instance.
    pub(crate) fn through_appliance(&self, from: &Subnet, id: &str) -> Vec<Hop> {
        let place = Place::Appliance;
        let beyond = |what: &str| {
            let says = format!(
                "from {} the way goes on through {id}, an appliance or NAT instance, {what}, and what lies beyond is not \
                 seen here",
                from.id
            );
            vec![Hop::unprovable(place, id, says)]
        };
        let interface = match self.index.interface(id) {
            Ok(Some(interface)) => interface,
            Ok(None) => return beyond("which AWS does not list"),
            Err(gap) => return vec![Hop::unknown(place, id, gap)],
        };
        let name = interface.instance.as_ref().map_or_else(
            || format!("network interface {}", interface.id),
            |instance| format!("network interface {} of {instance}", interface.id),
        );
        if !interface.status.eq_ignore_ascii_case("in-use") {
            // AWS would call a route to it a black hole; one of the two is not up to date.
            return beyond(&format!("whose state is “{}” though the route is active", interface.status));
        }
        // https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html#EIP_Disable_SrcDestCheck
        if interface.source_dest_check {
            let says = format!("{name} {CHECK_IS_ON}: it drops what is not addressed to itself");
            return vec![Hop::stops(place, id, says)];
        }
        let Ok(addresses) = AddressSet::read(Family::V4, std::iter::once(&from.cidr)) else {
            return beyond("whose rules cannot be compared with an unreadable range");
        };
        let peer = Self::peer(Family::V4, &addresses, &self.vpc.security_groups, &from.id);
        let let_in = firewall::groups_let(self.index, &interface.security_groups, false, peer);
        if let_in.passage == HopResult::Stops {
            return vec![Hop::stops(place, id, format!("{name}: {}", let_in.says))];
        }
        let address = match &interface.public_ip {
            Some(address) => format!("with the public address {address}"),
            None => "without a public address of its own".to_owned(),
        };
        beyond(&format!("in use, source/destination check off, {address}"))
    }
}
