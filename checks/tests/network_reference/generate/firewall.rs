//! Security groups and network ACLs.

use gatelight_checks::testing::Inventory;
use gatelight_model::inventory::{AclEntry, NetworkAcl, Permission, SecurityGroup};

use super::{Choices, Maker, texts};

impl Maker<'_, '_> {
    pub(super) fn groups(&mut self, scenario: &mut Inventory) {
        let (own, other, guard) = (self.name("sg-own"), self.name("sg-other"), self.name("sg-endpoint"));
        let mut make = |id: String, ingress, egress| {
            let mut group: SecurityGroup = self.pattern.region.network.security_groups.seen[0].clone();
            group.id = id;
            group.ingress = ingress;
            group.egress = egress;
            scenario.region.network.security_groups.seen.push(group);
        };
        let choices = &mut self.choices;
        let egress = permission(self.pattern, choices, &guard, &["0.0.0.0/0", "::/0"], self.number);
        let more = choices.trouble().then(|| permission(self.pattern, choices, &guard, &["10.0.0.0/8"], self.number));
        let ingress = permission(self.pattern, choices, &own, &["10.0.0.0/8"], self.number);
        make(own, vec![], vec![egress]);
        make(other, vec![], more.into_iter().collect());
        make(guard, vec![ingress], vec![]);
    }

    pub(super) fn acls(&mut self, scenario: &mut Inventory, subnets: &[String], public: &str) {
        for (name, subnets) in [("acl", subnets.to_vec()), ("acl-public", vec![public.to_owned()])] {
            let mut acl: NetworkAcl = self.pattern.region.network.network_acls.seen[0].clone();
            acl.id = self.name(name);
            acl.subnets = subnets;
            acl.entries = [true, false].into_iter().flat_map(|egress| self.entries(egress)).collect();
            scenario.region.network.network_acls.seen.push(acl);
        }
    }

    /// Rules of one direction: everything, or what is needed; before it a few others.
    fn entries(&mut self, egress: bool) -> Vec<AclEntry> {
        let rule = |number, allow, protocol: &str, cidr: &str, ports: Option<(i32, i32)>| {
            let mut entry: AclEntry = self.pattern.region.network.network_acls.seen[0].entries[0].clone();
            entry.number = number;
            entry.egress = egress;
            entry.allow = allow;
            protocol.clone_into(&mut entry.protocol);
            cidr.clone_into(&mut entry.cidr);
            (entry.from_port, entry.to_port) = (ports.map(|(first, _)| first), ports.map(|(_, last)| last));
            entry
        };
        let mut entries = match self.choices.of(&[0, 1, 2]) {
            0 => vec![rule(100, true, "-1", "0.0.0.0/0", None), rule(101, true, "-1", "::/0", None)],
            1 => vec![
                rule(100, true, "6", "0.0.0.0/0", Some((443, 443))),
                rule(110, true, "6", "0.0.0.0/0", Some((1024, 65535))),
            ],
            _ => vec![],
        };
        entries.extend([rule(32767, false, "-1", "0.0.0.0/0", None), rule(32768, false, "-1", "::/0", None)]);
        for number in [90, 105, 80] {
            if !self.choices.trouble() {
                continue;
            }
            let own = self.cidr(0);
            let ranges = ["0.0.0.0/0", "::/0", "64:ff9b::/96", "10.0.0.0/8", "52.94.0.0/16", "128.0.0.0/1", &own];
            let ports = [
                None,
                Some((443, 443)),
                Some((1024, 65535)),
                Some((32768, 65535)),
                Some((0, 65535)),
                Some((1024, 4999)),
            ];
            let cidr = self.choices.any(&ranges);
            let allow = self.choices.any(&[false, true]);
            let protocol = self.choices.any(&["6", "-1", "17"]);
            let ports = if protocol == "-1" { None } else { self.choices.any(&ports) };
            entries.push(rule(number, allow, protocol, cidr, ports));
        }
        // The order in which AWS lists them says nothing.
        entries.reverse();
        entries
    }
}

/// A rule of a security group that lets all through, or less.
fn permission(pattern: &Inventory, choices: &mut Choices<'_>, group: &str, wide: &[&str], number: u8) -> Permission {
    let mut rule: Permission = pattern.region.network.security_groups.seen[0].egress[0].clone();
    rule.protocol = choices.of(&["-1", "tcp", "6", "udp", "icmp"]).into();
    let ports = [(443, 443), (0, 65535), (80, 80), (1024, 65535)];
    let ports = (rule.protocol != "-1").then(|| choices.of(&ports));
    (rule.from_port, rule.to_port) = (ports.map(|(first, _)| first), ports.map(|(_, last)| last));
    let own = format!("10.{number}.0.0/24");
    let half = format!("10.{number}.9.0/25");
    (rule.cidrs, rule.prefix_lists, rule.security_groups) = (vec![], vec![], vec![]);
    match choices.of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        0 => rule.cidrs = texts(wide),
        1 => rule.prefix_lists = texts(&["pl-all"]),
        2 => rule.prefix_lists = texts(&["pl-lower", "pl-upper"]),
        3 => rule.prefix_lists = texts(&["pl-vpcs"]),
        4 => rule.security_groups = texts(&[group]),
        5 => rule.cidrs = vec![own],
        6 => rule.cidrs = vec![half],
        7 => rule.cidrs = texts(&["52.94.0.0/16"]),
        8 => rule.cidrs = texts(&["::/0"]),
        _ => rule.prefix_lists = texts(&["pl-missing"]),
    }
    rule
}
