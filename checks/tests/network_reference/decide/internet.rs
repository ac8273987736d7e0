//! The way to the internet: routes, NAT gateways, and what may lie beyond.

use gatelight_model::inventory::{NatGateway, Subnet};

use super::{
    super::{
        cells::{Address, within},
        fate::{Fate, all, any, either},
        rules::{HTTPS, Onward, Peer},
    },
    Reference, SOME_IPV6, Sender,
};

impl Reference<'_> {
    /// To the internet: the way of IPv4, or that of IPv6 through NAT64. Where both are shut, another network may still
    /// hold an endpoint for all.
    pub(super) fn to_internet(&self, sender: Sender<'_>) -> Fate {
        match self.on_the_internet(sender) {
            Fate::Stops => self.shared_endpoint(sender),
            fate => fate,
        }
    }

    fn on_the_internet(&self, sender: Sender<'_>) -> Fate {
        let own = |address: &Address| sender.vpc.is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| within(cidr, *address)));
        let sources = self.cells.of(&sender.subnet.cidr);
        let local = |address: &Address| {
            self.onward(sender.subnet, *address).iter().any(|onward| matches!(onward, Onward::To("local")))
        };
        // A VPC's own addresses are its owner's, not X-Ray's.
        let public = self.cells.public().into_iter();
        let targets: Vec<_> = public.filter(|address| !own(address) && !local(address)).collect();
        // Which of the addresses are X-Ray's is not known, nor which address and port the function sends from.
        let ipv4 = self.one_of(sender, &sources, &targets, |target| target);
        if ipv4 != Fate::Arrives && sender.ipv6 && sender.subnet.dns64 {
            return any([ipv4, self.one_of(sender, &SOME_IPV6, &targets, Address::through_nat64)]);
        }
        ipv4
    }

    fn one_of(
        &self,
        sender: Sender<'_>,
        sources: &[Address],
        targets: &[Address],
        name: impl Fn(Address) -> Address,
    ) -> Fate {
        let mut first = None;
        for port in self.cells.ephemeral() {
            for &source in sources {
                for &target in targets {
                    let fate = self.packet(sender, source, port, target, name(target));
                    if *first.get_or_insert(fate) != fate || fate == Fate::Unknown {
                        return Fate::Unknown;
                    }
                }
            }
        }
        first.unwrap_or(Fate::Unknown)
    }

    /// One packet to `target`, which the function knows as `name`: the same, or its form in NAT64.
    fn packet(&self, sender: Sender<'_>, source: Address, port: u16, target: Address, name: Address) -> Fate {
        let groups = self.groups_let(sender.groups, true, Peer { address: name, groups: Some(&[]) });
        let acl = self.acl_out(sender.subnet, HTTPS, name, port);
        if all([groups, acl]) == Fate::Stops {
            return Fate::Stops;
        }
        let subnet = sender.subnet;
        let onward = self.onward(subnet, name).into_iter().map(|onward| match onward {
            Onward::To(nat) if nat.starts_with("nat-") => self.through_nat(nat, subnet, (source, port), target),
            // An instance may have a public address. Lambda's own interfaces have none.
            Onward::To(gateway) if gateway.starts_with("igw-") && sender.managed && name == target => {
                let blocked = subnet.public_access_block.as_deref() == Some("block-bidirectional");
                let attached = self.attached(gateway, &subnet.vpc, subnet);
                all([Fate::Unknown, attached, Fate::of(Some(!blocked))])
            }
            Onward::To(interface) if interface.starts_with("eni-") || interface.starts_with("i-") => {
                self.through_interface(sender, interface, source, name == target)
            }
            Onward::To(other) if unseen(other) => Fate::Unknown,
            // An internet gateway too: a function has no public address, and X-Ray none of IPv6.
            Onward::To(_) | Onward::Nowhere => Fate::Stops,
            Onward::Strange | Onward::Hidden => Fate::Unknown,
        });
        all([groups, acl, either(onward)])
    }

    /// Into an interface of an instance: what it does is not seen, but whether it lets the packet in is.
    fn through_interface(&self, sender: Sender<'_>, target: &str, source: Address, ipv4: bool) -> Fate {
        let interfaces = &self.network.network_interfaces.seen;
        let own = interfaces.iter().find(|own| own.id == target || own.instance.as_deref() == Some(target));
        let Some(own) = own.filter(|own| own.status == "in-use") else { return Fate::Unknown };
        if own.source_dest_check {
            return Fate::Stops;
        }
        let peer = Peer { address: source, groups: ipv4.then_some(sender.groups) };
        all([Fate::Unknown, self.groups_let(&own.security_groups, false, peer)])
    }

    /// From a subnet into a NAT gateway, and on.
    fn through_nat(&self, id: &str, from: &Subnet, (source, port): (Address, u16), target: Address) -> Fate {
        let Ok(found) = self.network.nat_gateways.find(|nat| nat.id == id) else { return Fate::Unknown };
        let Some(nat) = found else {
            return if self.shared(from) { Fate::Unknown } else { Fate::Stops };
        };
        // https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html: it may still be processing traffic.
        let working = match nat.state.as_str() {
            "available" => Fate::Arrives,
            "deleting" => Fate::Unknown,
            _ => return Fate::Stops,
        };
        match (&nat.subnet, &nat.route_table) {
            (Some(subnet), _) => {
                let Ok(Some(there)) = self.network.subnets.find(|own| own.id == *subnet) else { return Fate::Unknown };
                // Inside a subnet its ACL is not asked. The packet still bears the function's address, and the answer
                // goes back to it.
                let back = || all([self.acl_in(there, HTTPS, source, port), self.goes_back(there, source)]);
                let entry = if from.id == there.id { Fate::Arrives } else { back() };
                let blocked = there.public_access_block.as_deref() == Some("block-bidirectional");
                let ways = self.onward(there, target).into_iter();
                let onward = either(ways.map(|onward| self.out_of_nat(nat, from, onward, blocked)));
                // The NAT gateway sends from a port of its own, which no other hop sees.
                let ports = self.cells.ephemeral().into_iter();
                let out = either(ports.map(|port| self.acl_out(there, HTTPS, target, port)));
                all([working, entry, out, onward])
            }
            (None, Some(table)) => {
                let covered = Fate::of(Some(nat.zones.is_empty() || nat.zones.contains(&from.zone)));
                let Ok(Some(table)) = self.network.route_tables.find(|own| own.id == *table) else {
                    return all([working, covered, Fate::Unknown]);
                };
                let blocked = from.public_access_block.as_deref() == Some("block-bidirectional");
                let ways = self.next(&table.routes, target).into_iter();
                let onward = either(ways.map(|onward| self.out_of_nat(nat, from, onward, blocked)));
                let back = self.goes_back_by(source, || self.next(&table.routes, source));
                all([working, covered, back, onward])
            }
            (None, None) => Fate::Unknown,
        }
    }

    /// Whether an internet gateway is attached to a VPC.
    fn attached(&self, gateway: &str, vpc: &String, from: &Subnet) -> Fate {
        match self.network.internet_gateways.find(|own| own.id == gateway) {
            Ok(Some(own)) => Fate::of(Some(own.vpcs.contains(vpc))),
            Ok(None) if self.shared(from) => Fate::Unknown,
            Ok(None) => Fate::Stops,
            Err(_) => Fate::Unknown,
        }
    }

    /// Where a NAT gateway's own route leads.
    fn out_of_nat(&self, nat: &NatGateway, from: &Subnet, onward: Onward<'_>, blocked: bool) -> Fate {
        match onward {
            Onward::To(gateway) if gateway.starts_with("igw-") => {
                let attached = self.attached(gateway, &nat.vpc, from);
                // The internet gateway drops what comes from a private address.
                // A table of the gateway itself, which leads what comes in through an appliance, may not have been seen.
                let edge = self.network.route_tables.rest.get().is_ok() || nat.subnet.is_none();
                let edge = Fate::of(edge.then_some(true));
                all([Fate::of(Some(nat.public && !blocked)), attached, edge])
            }
            Onward::To(interface) if self.checks_destinations(interface) => Fate::Stops,
            Onward::To(other) if unseen(other) => Fate::Unknown,
            // To another NAT gateway, which AWS does not describe; back to itself, it goes round for ever.
            Onward::To(other) if other.starts_with("nat-") && other != nat.id => {
                match self.network.nat_gateways.find(|own| own.id == other) {
                    Ok(None) if !self.shared(from) => Fate::Stops,
                    Ok(Some(another)) if !["available", "deleting"].contains(&another.state.as_str()) => Fate::Stops,
                    Ok(_) | Err(_) => Fate::Unknown,
                }
            }
            Onward::To(_) | Onward::Nowhere => Fate::Stops,
            Onward::Strange | Onward::Hidden => Fate::Unknown,
        }
    }

    /// Whether a packet to some private address could go to another network: an endpoint there may have taken over
    /// the name by a hosted zone, of which the inventory knows nothing. The addresses of the VPC itself are in no other.
    fn shared_endpoint(&self, sender: Sender<'_>) -> Fate {
        let own = |address: &Address| sender.vpc.is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| within(cidr, *address)));
        for address in self.cells.private().into_iter().filter(|address| !own(address)) {
            let routed = self.onward(sender.subnet, address).into_iter().any(|onward| match onward {
                Onward::To(target) => self.carries_to_others(target),
                Onward::Hidden | Onward::Strange => true,
                Onward::Nowhere => false,
            });
            if !routed {
                continue;
            }
            let groups = self.groups_let(sender.groups, true, Peer { address, groups: None });
            let ports = self.cells.ephemeral().into_iter();
            let acl = any(ports.map(|port| self.acl_out(sender.subnet, HTTPS, address, port)));
            if all([groups, acl]) != Fate::Stops {
                return Fate::Unknown;
            }
        }
        Fate::Stops
    }

    /// Whether another VPC may lie behind a target.
    fn carries_to_others(&self, target: &str) -> bool {
        if target.starts_with("pcx-") {
            return match self.network.peering_connections.find(|own| own.id == target) {
                Ok(Some(peering)) => peering.status == "active",
                Ok(None) => false,
                Err(_) => true,
            };
        }
        target.starts_with("tgw-") || target.starts_with("arn:")
    }
}

/// Targets that may go on to the internet or not, which nothing here can tell.
fn unseen(target: &str) -> bool {
    let prefixes = ["tgw-", "vpce-", "vgw-", "eni-", "i-", "cagw-", "lgw-", "arn:"];
    prefixes.iter().any(|prefix| target.starts_with(prefix))
}
