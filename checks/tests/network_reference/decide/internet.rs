//! The way to the internet: routes, NAT gateways, and what may lie beyond.

use gatelight_model::inventory::{NatGateway, Subnet};

use super::{
    super::{
        cells::{Address, within},
        fate::{Fate, all, any, either},
        rules::{Onward, Peer},
    },
    Reference, SOME_IPV6, Sender, Try,
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

    pub(super) fn on_the_internet(&self, sender: Sender<'_>) -> Fate {
        let own = |address: &Address| sender.vpc.is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| within(cidr, *address)));
        let sources = self.cells.of(&sender.subnet.cidr);
        let local = |address: &Address| {
            self.onward(sender.subnet, *address).iter().any(|onward| matches!(onward, Onward::To("local")))
        };
        // A VPC's own addresses are its owner's, not X-Ray's.
        let public = self.cells.public().into_iter();
        let targets: Vec<_> = public.filter(|address| !own(address) && !local(address)).collect();
        // Which of the addresses are X-Ray's is not known.
        let pairs = || sources.iter().flat_map(|&source| targets.iter().map(move |&target| (source, target)));
        let ipv4: Vec<_> = pairs().map(|(source, target)| self.packet(sender, source, target, target)).collect();
        let ipv4 = self.one_of(&ipv4);
        let nat64 = if sender.ipv6 && sender.subnet.dns64 {
            let packets = |source| targets.iter().map(move |&target| (source, target));
            let pairs = SOME_IPV6.into_iter().flat_map(packets);
            let packet = |(source, target): (_, Address)| self.packet(sender, source, target, target.through_nat64());
            self.one_of(&pairs.map(packet).collect::<Vec<_>>())
        } else {
            Fate::Stops
        };
        any([ipv4, nat64])
    }

    /// One packet to `target`, which the function knows as `name`: the same, or its form in NAT64.
    fn packet(&self, sender: Sender<'_>, source: Address, target: Address, name: Address) -> Try {
        let onward = self.onward(sender.subnet, name).into_iter().map(|onward| match onward {
            Onward::To(nat) if nat.starts_with("nat-") => self.through_nat(nat, sender.subnet, source, target),
            // An instance may have a public address. Lambda's own interfaces have none.
            Onward::To(gateway) if gateway.starts_with("igw-") && sender.managed && name == target => {
                Try::stopped_by_route(Fate::Unknown)
            }
            Onward::To(other) if unseen(other) => Try::stopped_by_route(Fate::Unknown),
            // An internet gateway too: a function has no public address, and X-Ray none of IPv6.
            Onward::To(_) | Onward::Nowhere => Try::stopped_by_route(Fate::Stops),
            Onward::Strange | Onward::Hidden => Try::stopped_by_route(Fate::Unknown),
        });
        let onward = Try::either(&onward.collect::<Vec<_>>());
        let groups = self.groups_let(sender.groups, true, Peer { address: name, groups: &[] });
        let [out, back] = self.acl_out_and_back(sender.subnet, name);
        let mut hops = onward.hops;
        hops[..3].copy_from_slice(&[groups, out, back]);
        Try { fate: all([groups, out, back, onward.fate]), hops }
    }

    /// From a subnet into a NAT gateway, and on.
    fn through_nat(&self, id: &str, from: &Subnet, source: Address, target: Address) -> Try {
        let Ok(found) = self.network.nat_gateways.find(|nat| nat.id == id) else {
            return Try::stopped_by_route(Fate::Unknown);
        };
        let Some(nat) = found else {
            return Try::stopped_by_route(if self.shared(from) { Fate::Unknown } else { Fate::Stops });
        };
        // https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html: it may still be processing traffic.
        let working = match nat.state.as_str() {
            "available" => Fate::Arrives,
            "deleting" => Fate::Unknown,
            _ => return Try::stopped_by_route(Fate::Stops),
        };
        let go = Fate::Arrives;
        match (&nat.subnet, &nat.route_table) {
            (Some(subnet), _) => {
                let Ok(Some(there)) = self.network.subnets.find(|own| own.id == *subnet) else {
                    return Try::stopped_by_route(Fate::Unknown);
                };
                // Inside a subnet its ACL is not asked. The packet still bears the function's address, and the answer
                // goes back to it.
                let back = || all([self.acl_in(there, source), self.goes_back(there, source)]);
                let entry = if from.id == there.id { go } else { back() };
                let blocked = there.public_access_block.as_deref() == Some("block-bidirectional");
                let ways = self.onward(there, target).into_iter();
                let onward = either(ways.map(|onward| self.out_of_nat(nat, from, onward, blocked)));
                let [out, answer] = self.acl_out_and_back(there, target);
                Try::of([go, go, go, working, entry, out, answer, onward])
            }
            (None, Some(table)) => {
                let covered = Fate::of(Some(nat.zones.is_empty() || nat.zones.contains(&from.zone)));
                let covered = all([covered, working]);
                let Ok(Some(table)) = self.network.route_tables.find(|own| own.id == *table) else {
                    return Try::of([go, go, go, covered, go, go, go, Fate::Unknown]);
                };
                let blocked = from.public_access_block.as_deref() == Some("block-bidirectional");
                let ways = self.next(&table.routes, target).into_iter();
                let onward = either(ways.map(|onward| self.out_of_nat(nat, from, onward, blocked)));
                let back = self.goes_back_by(source, || self.next(&table.routes, source));
                Try::of([go, go, go, covered, back, go, go, onward])
            }
            (None, None) => Try::stopped_by_route(Fate::Unknown),
        }
    }

    /// Where a NAT gateway's own route leads.
    fn out_of_nat(&self, nat: &NatGateway, from: &Subnet, onward: Onward<'_>, blocked: bool) -> Fate {
        match onward {
            Onward::To(gateway) if gateway.starts_with("igw-") => {
                let attached = match self.network.internet_gateways.find(|own| own.id == gateway) {
                    Ok(Some(own)) => Fate::of(Some(own.vpcs.contains(&nat.vpc))),
                    Ok(None) if self.shared(from) => Fate::Unknown,
                    Ok(None) => Fate::Stops,
                    Err(_) => Fate::Unknown,
                };
                // The internet gateway drops what comes from a private address.
                // A table of the gateway itself, which leads what comes in through an appliance, may not have been seen.
                let edge = self.network.route_tables.rest.get().is_ok() || nat.subnet.is_none();
                let edge = Fate::of(edge.then_some(true));
                all([Fate::of(Some(nat.public && !blocked)), attached, edge])
            }
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
    /// the name by a hosted zone, of which the inventory knows nothing.
    fn shared_endpoint(&self, sender: Sender<'_>) -> Fate {
        let mut fate = Fate::Stops;
        for address in self.cells.private() {
            let routed = self.onward(sender.subnet, address).into_iter().any(|onward| match onward {
                Onward::To(target) => self.carries_to_others(target),
                Onward::Hidden | Onward::Strange => true,
                Onward::Nowhere => false,
            });
            if !routed {
                continue;
            }
            let groups = self.groups_let(sender.groups, true, Peer { address, groups: &[] });
            match all([groups, self.acl_out(sender.subnet, address)]) {
                // There is a way, and it takes a look at the groups and ACLs to see that nothing gets that far.
                Fate::Stops => self.pieced.set(true),
                _ => fate = Fate::Unknown,
            }
        }
        fate
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
