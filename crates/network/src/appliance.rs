//! Routes to firewall endpoints, NAT instances and other appliances. Their own rules are not read, so such a path is at best
//! unknown.

use gatelight_model::inventory::{Subnet, VpcEndpoint};

use crate::{
    address_set::Family,
    firewall::{self, Flow, Remote},
    hop::{Hop, HopKind, HopResult},
    middlebox::{dead_firewall, name_of},
    packet::{Packet, Side},
    routes,
    walk::Walk,
};

impl Walk<'_> {
    /// The hops into the endpoint of a firewall or Gateway Load Balancer. While it is available, what it does is unknown.
    pub(crate) fn through_firewall(&self, from: &Subnet, id: &str, packet: &Packet) -> Vec<Hop> {
        let kind = HopKind::Firewall;
        let beyond = |what: &str| {
            let message = format!(
                "from {} the path continues through {id}, {what}, and what follows is not visible here",
                from.id
            );
            vec![Hop::unprovable(kind, id, message)]
        };
        let endpoint = match self.index.endpoint(id) {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => return beyond("an endpoint that AWS does not list"),
            Err(gap) => return vec![Hop::unknown(kind, id, gap)],
        };
        if !endpoint.kind.eq_ignore_ascii_case("GatewayLoadBalancer") {
            return beyond(&format!("an endpoint of the type {}", endpoint.kind));
        }
        if let Some(dead) = dead_firewall(endpoint) {
            return vec![Hop::stops(kind, id, dead)];
        }
        match endpoint.state.to_ascii_lowercase().as_str() {
            "available" => {
                let onward = self.onward_from(endpoint, packet);
                beyond(&format!("the endpoint of a firewall or Gateway Load Balancer whose rules are not read{onward}"))
            }
            state => beyond(&format!("the endpoint of a firewall or Gateway Load Balancer in the state “{state}”")),
        }
    }

    /// The routes that packets take after the endpoint, in words.
    fn onward_from(&self, endpoint: &VpcEndpoint, packet: &Packet) -> String {
        let subnet = endpoint.subnets.first().and_then(|id| self.index.subnet(id).ok());
        let Some((table, _)) = subnet.and_then(|subnet| self.index.table_of(subnet).ok()) else {
            return String::new();
        };
        let choice = routes::choose(self.index, &table.routes, Side::Remote, packet, Family::V4);
        let leads = choice.routes.iter().map(|route| format!("{} → {}", route.destination, route.target));
        let leads: Vec<_> = leads.collect();
        let leads = if leads.is_empty() { "no route to public addresses".to_owned() } else { leads.join(", ") };
        format!(" (behind it, {}: {leads})", table.id)
    }

    /// The hops into a network interface, given its id or that of its instance.
    pub(crate) fn through_appliance(&self, from: &Subnet, id: &str, packet: &Packet) -> Vec<Hop> {
        let kind = HopKind::Appliance;
        let beyond = |what: &str| {
            let message = format!(
                "from {} the path continues through {id}, an appliance or NAT instance, {what}, and what follows is not \
                 seen here",
                from.id
            );
            vec![Hop::unprovable(kind, id, message)]
        };
        let interface = match self.index.interface(id) {
            Ok(Some(interface)) => interface,
            Ok(None) => return beyond("which AWS does not list"),
            Err(gap) => return vec![Hop::unknown(kind, id, gap)],
        };
        let name = name_of(interface);
        if !interface.status.eq_ignore_ascii_case("in-use") {
            // AWS would mark a route to it as a blackhole; one of the two facts is out of date.
            return beyond(&format!("whose state is “{}” though the route is active", interface.status));
        }
        if let Some((dropped, remedy)) = self.dropped_by_interface(id) {
            let stops = Hop::stops(kind, id, dropped);
            return vec![remedy.map_or_else(|| stops.clone(), |remedy| stops.clone().with(remedy))];
        }
        // The function's own groups count within its VPC only.
        let groups = (packet.family == Family::V4).then_some(self.vpc.security_groups.as_slice());
        let remote = Remote { family: packet.family, side: Side::Function, groups, range: &from.cidr, name: &from.id };
        let let_in = firewall::groups_allow(self.index, &interface.security_groups, false, Flow::https(remote), packet);
        if let_in.result == HopResult::Stops {
            let message = format!("{name}: {}", let_in.message);
            return vec![Hop::decided(kind, id, firewall::renamed(let_in, message))];
        }
        let address = match &interface.public_ip {
            Some(address) => format!("with the public address {address}"),
            None => "without a public address of its own".to_owned(),
        };
        beyond(&format!("in use, source/destination check off, {address}"))
    }
}
