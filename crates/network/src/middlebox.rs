//! Interfaces and firewall endpoints that packets are led through: which of them surely forward nothing.

use gatelight_model::inventory::{NetworkInterface, VpcEndpoint};

use crate::{remedy::Remedy, walk::Walk};

/// The words in the message of a hop that stops at a network interface because of its source/destination check.
pub const CHECK_IS_ON: &str = "has its source/destination check on";

/// What messages call it.
pub(crate) fn name_of(interface: &NetworkInterface) -> String {
    interface.instance.as_ref().map_or_else(
        || format!("network interface {}", interface.id),
        |instance| format!("network interface {} of {instance}", interface.id),
    )
}

/// Why the endpoint of a firewall or Gateway Load Balancer forwards nothing, if that is sure.
pub(crate) fn dead_firewall(endpoint: &VpcEndpoint) -> Option<String> {
    let state = endpoint.state.to_ascii_lowercase();
    let dead = ["deleted", "deleting", "failed", "rejected", "expired"].contains(&state.as_str());
    let firewall = endpoint.kind.eq_ignore_ascii_case("GatewayLoadBalancer");
    (firewall && dead)
        .then(|| format!("{}, the endpoint of a firewall or Gateway Load Balancer, is {state}", endpoint.id))
}

impl Walk<'_> {
    /// Why a network interface, or that of an instance, drops whatever is not addressed to it, if that is sure; and what
    /// would change that.
    pub(crate) fn dropped_by_interface(&self, id: &str) -> Option<(String, Option<Remedy>)> {
        let interface = self.index.interface(id).ok()??;
        // https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html#EIP_Disable_SrcDestCheck
        (interface.source_dest_check && interface.status.eq_ignore_ascii_case("in-use")).then(|| {
            let why = format!("{} {CHECK_IS_ON}: it drops what is not addressed to itself", name_of(interface));
            (why, Some(Remedy::SourceDestCheck { interface: interface.id.clone() }))
        })
    }

    /// Why the endpoint of a firewall or Gateway Load Balancer forwards nothing, if that is sure.
    pub(crate) fn dropped_by_firewall(&self, id: &str) -> Option<(String, Option<Remedy>)> {
        dead_firewall(self.index.endpoint(id).ok()??).map(|why| (why, None))
    }
}
