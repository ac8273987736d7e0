//! Addresses and ports, one by one. No reasoning with prefixes: every range that the world names cuts the line of all
//! addresses at its two ends, and within a piece between two cuts no rule of that world can tell one address from
//! another. So one address out of each piece stands for the piece, and trying these is trying all.

use std::{collections::BTreeSet, net::IpAddr, ops::RangeInclusive};

use gatelight_model::inventory::Network;

/// The ports that answers come back to: Lambda's and a NAT gateway's are 1024-65535
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html>).
pub(crate) const EPHEMERAL: RangeInclusive<u16> = 1024..=65535;

/// IPv4 ranges that are not of the internet: those of the IANA registry of special-purpose addresses that are not
/// globally reachable, multicast and class E. X-Ray's addresses are in none of them.
const SPECIAL: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// Where NAT64 puts the internet of IPv4: `64:ff9b::/96`.
const NAT64: u128 = 0x0064_ff9b << 96;

/// An address: its family is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Address {
    V4(u32),
    V6(u128),
}

impl Address {
    /// What DNS64 makes of an IPv4 address.
    pub(crate) fn through_nat64(self) -> Self {
        match self {
            Self::V4(bits) => Self::V6(NAT64 | u128::from(bits)),
            Self::V6(_) => self,
        }
    }
}

/// The first and the last address of a range, and how long its prefix is.
fn ends(cidr: &str) -> (Address, Address, u32) {
    let (base, length) = cidr.split_once('/').expect("a range has a length");
    let length: u32 = length.parse().expect("a number");
    match base.parse().expect("an address") {
        IpAddr::V4(base) => {
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            let first = base.to_bits() & !host;
            (Address::V4(first), Address::V4(first | host), length)
        }
        IpAddr::V6(base) => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            let first = base.to_bits() & !host;
            (Address::V6(first), Address::V6(first | host), length)
        }
    }
}

/// The first and the last address of a range.
pub(crate) fn bounds(cidr: &str) -> (Address, Address) {
    let (first, last, _) = ends(cidr);
    (first, last)
}

/// The length of the prefix of `cidr`, if `at` lies in it.
pub(crate) fn length_at(cidr: &str, at: Address) -> Option<u32> {
    let (first, last, length) = ends(cidr);
    // The order of the enum keeps the families apart: no IPv6 address lies between two of IPv4.
    (first <= at && at <= last).then_some(length)
}

/// Whether `at` lies in `cidr`.
pub(crate) fn within(cidr: &str, at: Address) -> bool {
    length_at(cidr, at).is_some()
}

/// The representatives of a world.
pub(crate) struct Cells {
    addresses: BTreeSet<u32>,
    ports: BTreeSet<u16>,
}

impl Cells {
    pub(crate) fn new(network: &Network) -> Self {
        let mut cidrs: Vec<&str> = SPECIAL.to_vec();
        let mut ports = BTreeSet::from([*EPHEMERAL.start()]);
        let mut cut = |from: Option<i32>, to: Option<i32>| {
            ports.extend(from.and_then(|port| u16::try_from(port).ok()));
            ports.extend(to.and_then(|port| u16::try_from(port + 1).ok()));
        };
        cidrs.extend(network.subnets.seen.iter().map(|subnet| subnet.cidr.as_str()));
        cidrs.extend(network.vpcs.seen.iter().flat_map(|vpc| &vpc.cidrs).map(String::as_str));
        let lists = network.prefix_lists.iter().filter_map(|list| list.cidrs.get().ok());
        cidrs.extend(lists.flatten().map(String::as_str));
        for table in &network.route_tables.seen {
            let named = table.routes.iter().filter(|route| !route.destination.starts_with("pl-"));
            cidrs.extend(named.map(|route| route.destination.as_str()));
        }
        for group in &network.security_groups.seen {
            for permission in group.ingress.iter().chain(&group.egress) {
                cidrs.extend(permission.cidrs.iter().map(String::as_str));
            }
        }
        for entry in network.network_acls.seen.iter().flat_map(|acl| &acl.entries) {
            cidrs.push(&entry.cidr);
            cut(entry.from_port, entry.to_port);
        }

        let servers: Vec<_> = network
            .dhcp_options
            .seen
            .iter()
            .flat_map(|options| &options.dns_servers)
            .filter(|server| server.parse::<std::net::Ipv4Addr>().is_ok())
            .map(|server| format!("{server}/32"))
            .collect();
        cidrs.extend(servers.iter().map(String::as_str));
        let mut addresses = BTreeSet::from([0]);
        for cidr in cidrs {
            // A range inside NAT64's cuts the internet of IPv4 where its last 32 bits do.
            let (first, last) = match ends(cidr) {
                (Address::V4(first), Address::V4(last), _) => (first, last),
                (Address::V6(first), Address::V6(last), length) if first & !0xffff_ffff == NAT64 && length >= 96 => {
                    (low(first), low(last))
                }
                _ => continue,
            };
            addresses.insert(first);
            addresses.extend(last.checked_add(1));
        }
        Self { addresses, ports }
    }

    /// One address of each piece of a range.
    pub(crate) fn of(&self, cidr: &str) -> Vec<Address> {
        if cidr.is_empty() {
            return vec![];
        }
        self.addresses.iter().map(|&bits| Address::V4(bits)).filter(|&address| within(cidr, address)).collect()
    }

    /// One address of each piece of what X-Ray's addresses may lie in: the internet.
    pub(crate) fn public(&self) -> Vec<Address> {
        self.everywhere(|address| !SPECIAL.iter().any(|cidr| within(cidr, address)))
    }

    /// One address of each piece of what is not the internet.
    pub(crate) fn private(&self) -> Vec<Address> {
        self.everywhere(|address| SPECIAL.iter().any(|cidr| within(cidr, address)))
    }

    fn everywhere(&self, fits: impl Fn(Address) -> bool) -> Vec<Address> {
        self.addresses.iter().map(|&bits| Address::V4(bits)).filter(|&address| fits(address)).collect()
    }

    /// One port of each piece of the ephemeral range.
    pub(crate) fn ephemeral(&self) -> Vec<u16> {
        self.ports.iter().copied().filter(|port| EPHEMERAL.contains(port)).collect()
    }
}

fn low(bits: u128) -> u32 {
    u32::try_from(bits & 0xffff_ffff).expect("32 bits")
}
