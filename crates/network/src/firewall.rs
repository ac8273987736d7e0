//! What security groups and network ACLs allow.

use gatelight_model::{
    Gap,
    inventory::{AclEntry, NetworkAcl, Permission},
};

use crate::{
    address_set::{AddressSet, Family},
    hop::{HopDecision, HopResult},
    index::NetworkIndex,
};

/// The port of X-Ray's endpoint.
pub(crate) const HTTPS: Ports = (443, 443);
/// The ports that functions and NAT gateways send from
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html>).
pub(crate) const EPHEMERAL: Ports = (1024, 65535);

/// The first port and the last.
pub(crate) type Ports = (i32, i32);

/// The other side of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote<'a> {
    pub(crate) family: Family,
    /// The addresses that it may have.
    pub(crate) addresses: &'a AddressSet,
    /// Its security groups.
    pub(crate) groups: &'a [String],
    /// Its name in messages.
    pub(crate) name: &'a str,
}

impl<'a> Remote<'a> {
    pub(crate) fn new(family: Family, addresses: &'a AddressSet, groups: &'a [String], name: &'a str) -> Self {
        Self { family, addresses, groups, name }
    }
}

/// Whether any of the security groups allows TCP port 443, `out` or in.
pub(crate) fn groups_allow(index: &NetworkIndex<'_>, groups: &[String], out: bool, remote: Remote<'_>) -> HopDecision {
    let names = groups.join(", ");
    let way = if out { "out to" } else { "in from" };
    let who = remote.name;
    let let_through = |by: &str, rule: Option<String>| {
        HopDecision::new(HopResult::Through, rule, format!("{by} lets tcp 443 {way} {who}"))
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
        for permission in permissions.iter().filter(|permission| admits_https(permission)) {
            if let Some(group) = permission.security_groups.iter().find(|group| remote.groups.contains(group)) {
                return let_through(id, Some(rule(permission, group)));
            }
            let (ranges, gap) = ranges(index, permission, remote.family);
            if ranges.covers(remote.addresses) {
                return let_through(id, Some(rule_over(index, permission, remote)));
            }
            reached = reached.or(&ranges);
            hidden = hidden.or(gap);
        }
        if reached.covers(remote.addresses) {
            return let_through(id, None);
        }
    }
    if groups.is_empty() {
        hidden =
            Some(Gap::unprovable("security groups", format!("AWS names no security group where {who} is reached")));
    }
    if let Some(gap) = hidden {
        return HopDecision::new(HopResult::Unknown(gap), None, format!("not all rules of {names} are known"));
    }
    if reached.and(remote.addresses).is_empty() {
        let verb = if groups.len() == 1 { "does not let" } else { "do not let" };
        return HopDecision::new(HopResult::Stops, None, format!("{names} {verb} tcp 443 {way} {who}"));
    }
    let message = format!("{names}: tcp 443 goes {way} some addresses of {who} only");
    let gap = Gap::unprovable(names, format!("{message}, and which of them are used is not known"));
    HopDecision::new(HopResult::Unknown(gap), None, message)
}

/// A rule as the console shows it: protocol, ports, and the other side.
fn rule(permission: &Permission, about: &str) -> String {
    let protocol = match permission.protocol.as_str() {
        "-1" => "all",
        "6" => "tcp",
        other => other,
    };
    match ports(&permission.protocol, permission.from_port, permission.to_port) {
        _ if protocol == "all" => format!("all {about}"),
        (first, last) if first == last => format!("{protocol} {first} {about}"),
        (first, last) => format!("{protocol} {first}-{last} {about}"),
    }
}

/// The rule among those of a permission that covers the remote; all of them if only all together do.
fn rule_over(index: &NetworkIndex<'_>, permission: &Permission, remote: Remote<'_>) -> String {
    let covers =
        |ranges: &[String]| AddressSet::read(remote.family, ranges).is_ok_and(|set| set.covers(remote.addresses));
    let by_range = permission.cidrs.iter().find(|range| covers(std::slice::from_ref(*range)));
    let by_list = || permission.prefix_lists.iter().find(|id| index.list(id).is_ok_and(covers));
    match by_range.or_else(by_list) {
        Some(one) => rule(permission, one),
        None => rule(permission, &[permission.cidrs.as_slice(), &permission.prefix_lists].concat().join(", ")),
    }
}

/// The addresses that the groups allow port 443 out to; none if that is not known, or depends on the groups of the other
/// side.
pub(crate) fn allowed_out(index: &NetworkIndex<'_>, groups: &[String], family: Family) -> Option<AddressSet> {
    let mut all = (!groups.is_empty()).then(AddressSet::default)?;
    for id in groups {
        for permission in index.group(id).ok()?.egress.iter().filter(|permission| admits_https(permission)) {
            let (ranges, gap) = ranges(index, permission, family);
            if gap.is_some() || !permission.security_groups.is_empty() {
                return None;
            }
            all = all.or(&ranges);
        }
    }
    Some(all)
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

fn is_tcp_or_all(protocol: &str) -> bool {
    ["-1", "6"].contains(&protocol) || protocol.eq_ignore_ascii_case("tcp") || protocol.eq_ignore_ascii_case("all")
}

/// The ports of a rule; none stated, or -1: all.
fn ports(protocol: &str, from: Option<i32>, to: Option<i32>) -> Ports {
    match (from, to) {
        (Some(from), Some(to)) if protocol != "-1" && from >= 0 && to >= 0 => (from, to),
        _ => (0, 65535),
    }
}

fn admits_https(permission: &Permission) -> bool {
    let (first, last) = ports(&permission.protocol, permission.from_port, permission.to_port);
    is_tcp_or_all(&permission.protocol) && (first..=last).contains(&HTTPS.0)
}

/// Whether a network ACL allows these destination ports, `egress` or in: the lowest number that matches decides, and no
/// match denies.
pub(crate) fn acl_allows(acl: &NetworkAcl, egress: bool, ports: Ports, remote: Remote<'_>) -> HopDecision {
    let id = &acl.id;
    let (way, who) = (if egress { "out to" } else { "in from" }, remote.name);
    let what = if ports.0 == ports.1 { ports.0.to_string() } else { format!("{}-{}", ports.0, ports.1) };
    let mut entries: Vec<&AclEntry> = acl.entries.iter().filter(|e| e.egress == egress).collect();
    entries.retain(|entry| is_tcp_or_all(&entry.protocol));
    entries.sort_by_key(|entry| entry.number);
    // Ports and addresses on which no entry has decided yet.
    let mut open = vec![(ports, remote.addresses.clone())];
    let (mut allowed, mut denied) = (Vec::new(), None);
    for entry in entries {
        let Ok(range) = AddressSet::read(remote.family, std::iter::once(&entry.cidr)) else {
            let gap = Gap::unprovable(id, format!("the range {} in {id} cannot be read", entry.cidr));
            let message = format!("entry {} of {id} cannot be read", entry.number);
            return HopDecision::new(HopResult::Unknown(gap), Some(entry.number.to_string()), message);
        };
        let about = self::ports(&entry.protocol, entry.from_port, entry.to_port);
        let mut rest = Vec::new();
        for (ports, addresses) in open {
            let both = (ports.0.max(about.0), ports.1.min(about.1));
            let met = addresses.and(&range);
            if both.0 > both.1 || met.is_empty() {
                rest.push((ports, addresses));
                continue;
            }
            if entry.allow {
                allowed.push(entry.number);
            } else {
                denied = denied.or(Some(entry.number));
            }
            rest.extend([(ports.0, both.0 - 1), (both.1 + 1, ports.1)].map(|beside| (beside, addresses.clone())));
            rest.push((both, addresses.minus(&range)));
        }
        rest.retain(|(ports, addresses)| ports.0 <= ports.1 && !addresses.is_empty());
        open = rest;
    }
    let by = |number: i32| format!("{id} ({number})");
    let rule = |number: i32| Some(number.to_string());
    match (allowed.first(), denied, open.is_empty()) {
        (Some(number), None, true) => {
            HopDecision::new(HopResult::Through, rule(*number), format!("{} lets {what} {way} {who}", by(*number)))
        }
        (None, denied, _) => {
            let by = denied.map_or_else(|| format!("{id} (no entry allows it)"), by);
            let message = format!("{by} does not let tcp {what} {way} {who}");
            HopDecision::new(HopResult::Stops, denied.and_then(rule).or_else(|| Some("*".to_owned())), message)
        }
        _ => {
            let message = format!("{id} lets only a part of tcp {what} {way} {who}");
            let gap = Gap::unprovable(id, format!("{message}, and which part is used is not known"));
            HopDecision::new(HopResult::Unknown(gap), denied.and_then(rule), message)
        }
    }
}
