//! The hops from a function to a DNS server of the owner's, on port 53.
//!
//! A server in the VPC is an ordinary host there: security groups, network ACLs and routes have to let packets reach it.
//! Of a server elsewhere it is not known whether it answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gatelight_model::{Fetched, inventory::Subnet};
use ipnet::Ipv4Net;

use crate::{
    address_set::{AddressSet, Family},
    firewall::{self, DNS_TCP, DNS_UDP, Flow, Remote, Service},
    hop::{Hop, HopDecision, HopKind, HopResult, result_of},
    packet::{Packet, Side, each_part, join_parts},
    walk::Walk,
};

impl<'a> Walk<'a> {
    /// The hops to the DNS server that answers, if any does: a function asks one after the other.
    pub(crate) fn hops_to_name_servers(&self, subnet: &'a Subnet, servers: &[&str]) -> Vec<Hop> {
        let ways: Vec<_> = servers.iter().map(|server| self.hops_to_name_server(subnet, server)).collect();
        let best = |wanted: fn(&HopResult) -> bool| ways.iter().position(|way| wanted(&result_of(way)));
        let at = best(|result| *result == HopResult::Through)
            .or_else(|| best(|result| matches!(result, HopResult::Unknown(_))))
            .unwrap_or(0);
        if ways.is_empty() {
            let message = format!("which DNS servers {} has is not known", subnet.vpc);
            return vec![Hop::unprovable(HopKind::NameServer, &subnet.vpc, message)];
        }
        ways.into_iter().nth(at).unwrap_or_default()
    }

    fn hops_to_name_server(&self, subnet: &'a Subnet, server: &str) -> Vec<Hop> {
        let kind = HopKind::NameServer;
        let ranges = self.index.vpc(&subnet.vpc).map(|vpc| vpc.cidrs.as_slice()).unwrap_or_default();
        let own = AddressSet::read(Family::V4, ranges).unwrap_or_default();
        let address = server.trim().parse::<Ipv4Addr>().ok();
        if address.is_some_and(|address| ranges.iter().any(|range| is_base_plus_two(address, range))) {
            let message = format!(
                "{server} is not the address of Amazon's DNS server, and AWS reserves it: whether anything answers there is \
                 not known"
            );
            return vec![Hop::unprovable(kind, server, message)];
        }
        let address = address.map(|address| AddressSet::span(address.to_bits().into(), address.to_bits().into()));
        let inside = address.filter(|address| own.covers(address));
        let (Some(address), Ok(range)) = (inside, Self::range(subnet)) else {
            let message =
                format!("DNS server {server} stands outside {}, and whether it answers is not seen here", subnet.vpc);
            return vec![Hop::unprovable(kind, server, message)];
        };
        let packet = Packet::new(range, address);
        let by = |service| {
            let packet = packet.clone();
            join_parts(each_part(packet, |packet| self.hops_on_port_53(subnet, server, service, packet)))
        };
        let (udp, tcp) = (by(DNS_UDP), by(DNS_TCP));
        match (result_of(&udp), tcp.into_iter().find(|hop| hop.result == HopResult::Stops)) {
            (HopResult::Through, Some(stops)) => {
                let message = format!("{}; an answer that is too long for UDP would be lost", stops.message);
                let unknown = Hop::unprovable(stops.kind, &stops.id, message);
                udp.into_iter().chain([unknown]).collect()
            }
            _ => udp,
        }
    }

    fn hops_on_port_53(&self, subnet: &'a Subnet, server: &str, service: Service, packet: &Packet) -> Vec<Hop> {
        let groups = &self.vpc.security_groups;
        let (name, range) = (format!("DNS server {server}"), format!("{server}/32"));
        let remote = Remote { family: Family::V4, side: Side::Remote, groups: None, range: &range, name: &name };
        let flow = Flow { service, sender: Side::FunctionPort, remote };
        let through = HopDecision::new(HopResult::Through, None, format!("{server}, a DNS server of the owner's"));
        let group = firewall::groups_allow(self.index, groups, true, flow, packet);
        let mut hops = vec![
            Hop::decided(HopKind::NameServer, server, through),
            Hop::decided(HopKind::Group, &groups.join(", "), group),
        ];
        let holds = |own: &&Subnet| {
            let range = Self::range(own).unwrap_or_default();
            own.vpc == subnet.vpc && range.covers(packet.addresses(Side::Remote))
        };
        let there = self.index.network.subnets.seen.iter().find(holds);
        // Packets within one subnet pass no ACL and no route.
        if there.is_some_and(|there| there.id == subnet.id) {
            return hops;
        }
        hops.extend(self.acl_hops(HopKind::Acl, subnet, true, flow, packet));
        hops.extend(self.diverted_from(HopKind::Routes, subnet, Side::Remote, packet, &name));
        match there {
            Some(there) => {
                let remote = Remote { side: Side::Function, range: &subnet.cidr, name: &subnet.id, ..remote };
                let flow = Flow { remote, ..flow };
                hops.extend(self.acl_hops(HopKind::NameServer, there, false, flow, packet));
                let back = format!("{} from {name}", subnet.id);
                hops.extend(self.diverted_from(HopKind::NameServer, there, Side::Function, packet, &back));
            }
            None => {
                if let Err(gap) = self.index.network.subnets.rest.get() {
                    hops.push(Hop::unknown(HopKind::NameServer, server, gap));
                }
            }
        }
        hops
    }
}

/// Whether a DNS server is Amazon's resolver: by name, by one of its two fixed addresses, or by the base of the VPC's
/// primary range plus two (<https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>). `None`: it is the
/// base plus two of one of several ranges, and the primary one is not known.
pub(crate) fn is_amazons(server: &str, cidrs: &[String], primary: &Fetched<String>) -> Option<bool> {
    const FIXED: [IpAddr; 2] =
        [IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253))];
    let Ok(address) = server.trim().parse::<IpAddr>() else {
        return Some(server.eq_ignore_ascii_case("AmazonProvidedDNS"));
    };
    if FIXED.contains(&address) {
        return Some(true);
    }
    let IpAddr::V4(address) = address else { return Some(false) };
    let of_range = |range: &String| is_base_plus_two(address, range);
    match (cidrs.iter().any(of_range), cidrs.len()) {
        (false, _) => Some(false),
        (true, 1) => Some(true),
        (true, _) => primary.get().ok().map(of_range),
    }
}

/// Whether an address is two above the base of a range: AWS reserves it.
fn is_base_plus_two(address: Ipv4Addr, range: &str) -> bool {
    let range = range.parse::<Ipv4Net>().ok();
    range.is_some_and(|range| range.network().to_bits().checked_add(2) == Some(address.to_bits()))
}

#[cfg(test)]
mod tests {
    use gatelight_model::Gap;

    use super::*;

    #[test]
    fn amazons_resolver_has_a_name_and_three_addresses() {
        let hidden = || Fetched::from(Err(Gap::not_collected("a test")));
        let one = ["10.0.0.0/16".to_owned()];
        let two = ["10.0.0.0/16".to_owned(), "100.64.0.0/16".to_owned()];
        for server in ["AmazonProvidedDNS", "amazonprovideddns", "169.254.169.253", "fd00:ec2::253", "FD00:EC2:0::253"]
        {
            assert_eq!(is_amazons(server, &two, &hidden()), Some(true), "{server}");
        }
        assert_eq!(is_amazons("10.0.0.2", &one, &hidden()), Some(true));
        for server in ["10.0.0.53", "10.0.1.2", "fd00:ec2::2", "8.8.8.8", "dns.example.com"] {
            assert_eq!(is_amazons(server, &two, &hidden()), Some(false), "{server}");
        }
        // Of an older inventory it is not known which of two ranges is the primary one.
        let maybe = ["10.0.0.2", "100.64.0.2"].map(|server| is_amazons(server, &two, &hidden()));
        assert_eq!(maybe, [None, None]);
        for (primary, expected) in [("10.0.0.0/16", [true, false]), ("100.64.0.0/16", [false, true])] {
            let primary = Fetched::known(primary.to_owned());
            let is = ["10.0.0.2", "100.64.0.2"].map(|server| is_amazons(server, &two, &primary));
            assert_eq!(is, expected.map(Some));
        }
    }
}
