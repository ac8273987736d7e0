//! What security groups and network ACLs allow.

use gatelight_model::{
    Gap,
    inventory::{AclEntry, NetworkAcl, Permission},
};

use crate::{
    address_set::{AddressSet, Family},
    hop::{HopDecision, HopResult},
    index::NetworkIndex,
    packet::{EPHEMERAL, Packet, Side},
    remedy::{Remedy, Traffic},
};

/// What a connection is for: its protocol, and the port that it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) protocol: &'static str,
    number: &'static str,
    pub(crate) port: u16,
}

/// X-Ray's endpoint.
pub(crate) const HTTPS: Service = Service { protocol: "tcp", number: "6", port: 443 };
/// A DNS server.
pub(crate) const DNS_UDP: Service = Service { protocol: "udp", number: "17", port: 53 };
/// A DNS server, for answers that are too long for UDP.
pub(crate) const DNS_TCP: Service = Service { protocol: "tcp", number: "6", port: 53 };

impl Service {
    fn is_in(self, protocol: &str) -> bool {
        protocol == "-1"
            || protocol.eq_ignore_ascii_case("all")
            || protocol == self.number
            || protocol.eq_ignore_ascii_case(self.protocol)
    }
}

/// The other side of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote<'a> {
    /// How the rules see its addresses.
    pub(crate) family: Family,
    /// Which side of the packet it is.
    pub(crate) side: Side,
    /// Its security groups; none if they are not known.
    pub(crate) groups: Option<&'a [String]>,
    /// Its range in rules: `0.0.0.0/0`.
    pub(crate) range: &'a str,
    /// Its name in messages.
    pub(crate) name: &'a str,
}

impl Remote<'_> {
    /// The public addresses, of which X-Ray has some: as IPv4 addresses, or as DNS64 makes them.
    pub(crate) fn public(family: Family) -> Self {
        let range = if family == Family::V4 { "0.0.0.0/0" } else { "64:ff9b::/96" };
        Self { family, side: Side::Remote, groups: Some(&[]), range, name: "public addresses" }
    }

    /// A set of addresses as packets hold them: those of NAT64 stand for IPv4 ones.
    fn in_packet(&self, set: AddressSet) -> AddressSet {
        if self.side == Side::Remote && self.family == Family::V6 { set.before_nat64() } else { set }
    }
}

/// A connection: what it is for, where it starts, and the side that is remote where a rule sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow<'a> {
    pub(crate) service: Service,
    /// The port that answers go to.
    pub(crate) sender: Side,
    pub(crate) remote: Remote<'a>,
}

impl<'a> Flow<'a> {
    /// From the function to X-Ray's port.
    pub(crate) fn https(remote: Remote<'a>) -> Self {
        Self { service: HTTPS, sender: Side::FunctionPort, remote }
    }

    /// From a NAT gateway to X-Ray's port.
    pub(crate) fn https_from_nat(remote: Remote<'a>) -> Self {
        Self { service: HTTPS, sender: Side::NatPort, remote }
    }
}

/// Whether any of the security groups allows the connection, `out` or in.
pub(crate) fn groups_allow(
    index: &NetworkIndex<'_>,
    groups: &[String],
    out: bool,
    flow: Flow<'_>,
    packet: &Packet,
) -> HopDecision {
    let Flow { service, remote, .. } = flow;
    let Service { protocol, port, .. } = service;
    let names = groups.join(", ");
    let (way, who) = (if out { "out to" } else { "in from" }, remote.name);
    let let_through = |by: &str, rule: Option<String>| {
        HopDecision::new(HopResult::Through, rule, format!("{by} lets {protocol} {port} {way} {who}"))
    };
    let (mut reached, mut hidden) = (AddressSet::default(), None);
    for id in groups {
        let permissions = match index.group(id) {
            Ok(group) if out => &group.egress,
            Ok(group) => &group.ingress,
            Err(gap) => {
                hidden = hidden.or(Some(gap));
                continue;
            }
        };
        for permission in permissions.iter().filter(|permission| admits(permission, service)) {
            let peers = &permission.security_groups;
            match remote.groups {
                Some(own) => {
                    if let Some(group) = peers.iter().find(|group| own.contains(group)) {
                        return let_through(id, Some(rule(permission, group)));
                    }
                }
                None => {
                    hidden = hidden.or_else(|| peers.first().map(|group| unknown_groups(id, group, who)));
                }
            }
            let (ranges, gap) = ranges(index, permission, remote.family);
            let ranges = remote.in_packet(ranges);
            if ranges.covers(packet.addresses(remote.side)) {
                return let_through(id, Some(rule_over(index, permission, remote, packet)));
            }
            reached = reached.or(&ranges);
            hidden = hidden.or(gap);
        }
        if reached.covers(packet.addresses(remote.side)) {
            return let_through(id, None);
        }
    }
    if packet.is_in(remote.side, &reached) {
        return let_through(&names, None);
    }
    if groups.is_empty() {
        hidden =
            Some(Gap::unprovable("security groups", format!("AWS names no security group where {who} is reached")));
    }
    if let Some(gap) = hidden {
        return HopDecision::new(HopResult::Unknown(gap), None, format!("not all rules of {names} are known"));
    }
    refused_by_groups(groups, out, flow)
}

/// No rule of the security groups allows the connection.
fn refused_by_groups(groups: &[String], out: bool, flow: Flow<'_>) -> HopDecision {
    let Flow { service, remote, .. } = flow;
    let Service { protocol, port, .. } = service;
    let names = groups.join(", ");
    let (way, who) = (if out { "out to" } else { "in from" }, remote.name);
    let verb = if groups.len() == 1 { "does not let" } else { "do not let" };
    HopDecision::stops(
        None,
        format!("{names} {verb} {protocol} {port} {way} {who}"),
        format!("{names}: {protocol} {port} goes {way} some addresses of {who} only"),
        Remedy::GroupRule {
            groups: groups.to_vec(),
            traffic: Traffic { outbound: out, protocol, ports: (port, port), range: remote.range.to_owned() },
            peer_groups: remote.groups.unwrap_or_default().to_vec(),
        },
    )
}

fn unknown_groups(group: &str, named: &str, who: &str) -> Gap {
    Gap::unprovable(group, format!("{group} names {named}, and whether {who} belongs to it is not known"))
}

/// A rule as the console shows it: protocol, ports, and the other side.
fn rule(permission: &Permission, about: &str) -> String {
    let protocol = match permission.protocol.as_str() {
        "-1" => "all",
        "6" => "tcp",
        "17" => "udp",
        other => other,
    };
    match ports(&permission.protocol, permission.from_port, permission.to_port) {
        _ if protocol == "all" => format!("all {about}"),
        (first, last) if first == last => format!("{protocol} {first} {about}"),
        (first, last) => format!("{protocol} {first}-{last} {about}"),
    }
}

/// The rule among those of a permission that covers the remote; all of them if only all together do.
fn rule_over(index: &NetworkIndex<'_>, permission: &Permission, remote: Remote<'_>, packet: &Packet) -> String {
    let covers = |ranges: &[String]| {
        let set = AddressSet::read(remote.family, ranges);
        set.is_ok_and(|set| remote.in_packet(set).covers(packet.addresses(remote.side)))
    };
    let by_range = permission.cidrs.iter().find(|range| covers(std::slice::from_ref(*range)));
    let by_list = || permission.prefix_lists.iter().find(|id| index.list(id).is_ok_and(covers));
    match by_range.or_else(by_list) {
        Some(one) => rule(permission, one),
        None => rule(permission, &[permission.cidrs.as_slice(), &permission.prefix_lists].concat().join(", ")),
    }
}

/// Whether the groups surely let the service out to none of these addresses, whoever has them.
pub(crate) fn lets_nothing_out(
    index: &NetworkIndex<'_>,
    groups: &[String],
    service: Service,
    family: Family,
    to: &AddressSet,
) -> bool {
    let shut = |permission: &Permission| {
        let (ranges, gap) = ranges(index, permission, family);
        gap.is_none() && permission.security_groups.is_empty() && ranges.and(to).is_empty()
    };
    let all_shut = |permissions: &[Permission]| permissions.iter().filter(|own| admits(own, service)).all(shut);
    !groups.is_empty() && groups.iter().all(|id| index.group(id).is_ok_and(|group| all_shut(&group.egress)))
}

fn ranges(index: &NetworkIndex<'_>, permission: &Permission, family: Family) -> (AddressSet, Option<Gap>) {
    let (mut all, mut hidden) = (AddressSet::default(), None);
    let lists = permission.prefix_lists.iter().map(|id| index.list(id));
    for texts in std::iter::once(Ok(permission.cidrs.as_slice())).chain(lists) {
        match texts.and_then(|texts| AddressSet::read(family, texts).map_err(unreadable)) {
            Ok(set) => all = all.or(&set),
            Err(gap) => hidden = hidden.or(Some(gap)),
        }
    }
    (all, hidden)
}

fn unreadable(range: &str) -> Gap {
    Gap::unprovable(range, format!("the range {range} cannot be read"))
}

/// The ports of a rule; none stated, or -1: all.
fn ports(protocol: &str, from: Option<i32>, to: Option<i32>) -> (i32, i32) {
    match (from, to) {
        (Some(from), Some(to)) if protocol != "-1" && from >= 0 && to >= 0 => (from, to),
        _ => (0, 65535),
    }
}

fn admits(permission: &Permission, service: Service) -> bool {
    let (first, last) = ports(&permission.protocol, permission.from_port, permission.to_port);
    service.is_in(&permission.protocol) && (first..=last).contains(&i32::from(service.port))
}

/// Whether a network ACL allows the packets of a connection or, if `back`, its answers, `egress` or in: the lowest number
/// that matches decides, and no match denies.
pub(crate) fn acl_allows(acl: &NetworkAcl, egress: bool, back: bool, flow: Flow<'_>, packet: &Packet) -> HopDecision {
    let Flow { service, remote, .. } = flow;
    let (id, protocol) = (&acl.id, service.protocol);
    let (way, who) = (if egress { "out to" } else { "in from" }, remote.name);
    let numbers = if back { EPHEMERAL } else { (service.port, service.port) };
    let what = if numbers.0 == numbers.1 { numbers.0.to_string() } else { format!("{}-{}", numbers.0, numbers.1) };
    let mut entries: Vec<&AclEntry> = acl.entries.iter().filter(|e| e.egress == egress).collect();
    entries.retain(|entry| service.is_in(&entry.protocol));
    entries.sort_by_key(|entry| entry.number);
    let mut decided = None;
    for entry in entries {
        let Ok(range) = AddressSet::read(remote.family, std::iter::once(&entry.cidr)) else {
            let gap = Gap::unprovable(id, format!("the range {} in {id} cannot be read", entry.cidr));
            let message = format!("entry {} of {id} cannot be read", entry.number);
            return HopDecision::new(HopResult::Unknown(gap), Some(entry.number.to_string()), message);
        };
        let range = remote.in_packet(range);
        if packet.meets(remote.side, &range) && port_matches(entry, back, flow, packet) {
            packet.is_in(remote.side, &range);
            decided = Some(entry);
            break;
        }
    }
    let rule = decided.map(|entry| entry.number.to_string());
    let by = decided.map_or_else(|| format!("{id} (no entry allows it)"), |entry| format!("{id} ({})", entry.number));
    if decided.is_some_and(|entry| entry.allow) {
        return HopDecision::new(HopResult::Through, rule, format!("{by} lets {what} {way} {who}"));
    }
    HopDecision::stops(
        rule.or_else(|| Some("*".to_owned())),
        format!("{by} does not let {protocol} {what} {way} {who}"),
        format!("{id} lets only a part of {protocol} {what} {way} {who}"),
        Remedy::AclEntry {
            acl: id.clone(),
            traffic: Traffic { outbound: egress, protocol, ports: numbers, range: remote.range.to_owned() },
            before: decided.map(|entry| entry.number),
        },
    )
}

/// Whether an entry is about the port that packets go to.
fn port_matches(entry: &AclEntry, back: bool, flow: Flow<'_>, packet: &Packet) -> bool {
    let (first, last) = ports(&entry.protocol, entry.from_port, entry.to_port);
    if !back {
        return (first..=last).contains(&i32::from(flow.service.port));
    }
    let number = |port: i32| u128::from(port.unsigned_abs());
    packet.is_in(flow.sender, &AddressSet::span(number(first), number(last)))
}

/// The same decision in other words.
pub(crate) fn renamed(decision: HopDecision, message: String) -> HopDecision {
    HopDecision { message, partial: None, ..decision }
}
