//! Routes to firewall endpoints, NAT instances and other appliances. Their own rules are not read, so such a path is at best
//! unknown.

use gatelight_model::inventory::{Subnet, VpcEndpoint};

use crate::{
    address_set::{AddressSet, Family, PUBLIC},
    firewall::{self, Remote},
    hop::{Hop, HopKind, HopResult},
    remedy::{Remedy, Traffic},
    routes,
    walk::Walk,
};

/// The words in the message of a hop that stops at a network interface because of its source/destination check.
pub const CHECK_IS_ON: &str = "has its source/destination check on";

impl Walk<'_> {
    /// The hops into the endpoint of a firewall or Gateway Load Balancer. While it is available, what it does is unknown.
    pub(crate) fn through_firewall(&self, from: &Subnet, id: &str) -> Vec<Hop> {
        let kind = HopKind::Firewall;
        let beyond = |what: &str| {
            let message =
                format!("from {} the way goes on through {id}, {what}, and what lies beyond is not seen here", from.id);
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
        match endpoint.state.to_ascii_lowercase().as_str() {
            "available" => {
                let onward = self.onward_from(endpoint);
                beyond(&format!("the endpoint of a firewall or Gateway Load Balancer whose rules are not read{onward}"))
            }
            state @ ("deleted" | "deleting" | "failed" | "rejected" | "expired") => {
                let message = format!("{id}, the endpoint of a firewall or Gateway Load Balancer, is {state}");
                vec![Hop::stops(kind, id, message)]
            }
            state => beyond(&format!("the endpoint of a firewall or Gateway Load Balancer in the state “{state}”")),
        }
    }

    /// The routes that packets take after the endpoint, in words.
    fn onward_from(&self, endpoint: &VpcEndpoint) -> String {
        let subnet = endpoint.subnets.first().and_then(|id| self.index.subnet(id).ok());
        let Some((table, _)) = subnet.and_then(|subnet| self.index.table_of(subnet).ok()) else {
            return String::new();
        };
        let split = routes::split(self.index, &table.routes, Family::V4, &PUBLIC);
        let leads = split.routes.iter().map(|route| format!("{} → {}", route.destination, route.target));
        let leads: Vec<_> = leads.collect();
        let leads = if leads.is_empty() { "no route to public addresses".to_owned() } else { leads.join(", ") };
        format!(" (behind it, {}: {leads})", table.id)
    }

    /// The hops into a network interface, given its id or that of its instance.
    pub(crate) fn through_appliance(&self, from: &Subnet, id: &str) -> Vec<Hop> {
        let kind = HopKind::Appliance;
        let beyond = |what: &str| {
            let message = format!(
                "from {} the way goes on through {id}, an appliance or NAT instance, {what}, and what lies beyond is not \
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
        let name = interface.instance.as_ref().map_or_else(
            || format!("network interface {}", interface.id),
            |instance| format!("network interface {} of {instance}", interface.id),
        );
        if !interface.status.eq_ignore_ascii_case("in-use") {
            // AWS would mark a route to it as a blackhole; one of the two facts is out of date.
            return beyond(&format!("whose state is “{}” though the route is active", interface.status));
        }
        // https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html#EIP_Disable_SrcDestCheck
        if interface.source_dest_check {
            let message = format!("{name} {CHECK_IS_ON}: it drops what is not addressed to itself");
            return vec![Hop::stops(kind, id, message)];
        }
        let Ok(addresses) = AddressSet::read(Family::V4, std::iter::once(&from.cidr)) else {
            return beyond("whose rules cannot be compared with an unreadable range");
        };
        let remote = Remote::new(Family::V4, &addresses, &self.vpc.security_groups, &from.id);
        let let_in = firewall::groups_allow(self.index, &interface.security_groups, false, remote);
        if let_in.result == HopResult::Stops {
            let hop = Hop::stops(kind, id, format!("{name}: {}", let_in.message));
            let traffic = Traffic { outbound: false, protocol: "tcp", ports: (443, 443), range: from.cidr.clone() };
            let groups = interface.security_groups.clone();
            return vec![hop.with(Remedy::GroupRule {
                groups,
                traffic,
                peer_groups: self.vpc.security_groups.clone(),
            })];
        }
        let address = match &interface.public_ip {
            Some(address) => format!("with the public address {address}"),
            None => "without a public address of its own".to_owned(),
        };
        beyond(&format!("in use, source/destination check off, {address}"))
    }
}
