//! Security groups and network ACLs.

use crate::{
    Row,
    build::{entry, https},
};

pub(crate) const ROWS: [Row; 19] = [
    Row {
        name: "the group lets nothing out",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| net.egress(vec![]),
    },
    Row {
        name: "the group lets another port out",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| {
            let mut rule = https(&["0.0.0.0/0"], &[]);
            (rule.from_port, rule.to_port) = (Some(80), Some(80));
            net.egress(vec![rule]);
        },
    },
    Row {
        name: "the group lets UDP out",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| {
            let mut rule = https(&["0.0.0.0/0"], &[]);
            rule.protocol = "udp".into();
            net.egress(vec![rule]);
        },
    },
    Row {
        name: "the group lets everything out",
        expected: "arrives: public access igw-1",
        source: "vpc:security-group-rules",
        change: |net| {
            let mut rule = https(&["0.0.0.0/0"], &[]);
            (rule.protocol, rule.from_port, rule.to_port) = ("-1".into(), None, None);
            net.egress(vec![rule]);
        },
    },
    Row {
        name: "the group lets out to the VPC only",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| net.egress(vec![https(&["10.0.0.0/16"], &[])]),
    },
    Row {
        name: "the group lets out to another group only",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| net.egress(vec![https(&[], &["sg-endpoint"])]),
    },
    Row {
        name: "the group lets out over IPv6 only",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| net.egress(vec![https(&["::/0"], &[])]),
    },
    Row {
        name: "the group lets out to half of the internet",
        expected: "unknown: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| net.egress(vec![https(&["128.0.0.0/1"], &[])]),
    },
    Row {
        name: "the group lets out by a prefix list",
        expected: "arrives: public access igw-1",
        source: "vpc:managed-prefix-lists",
        change: |net| {
            net.prefix_list("pl-all", &["0.0.0.0/1", "128.0.0.0/1"]);
            let mut rule = https(&[], &[]);
            rule.prefix_lists = vec!["pl-all".into()];
            net.egress(vec![rule]);
        },
    },
    Row {
        name: "a second group lets out what the first does not",
        expected: "arrives: public access igw-1",
        source: "vpc:vpc-security-groups",
        change: |net| {
            net.egress(vec![]);
            net.group("sg-more", vec![], vec![https(&["0.0.0.0/0"], &[])]);
            net.attached().security_groups.push("sg-more".into());
        },
    },
    Row {
        name: "an ACL rule denies 443 before the one that allows it",
        expected: "stops: network ACL acl-private 50",
        source: "vpc:nacl-rules",
        change: |net| net.deny("acl-private", true, "0.0.0.0/0", (443, 443)),
    },
    Row {
        name: "an ACL rule denies 443 after the one that allows it",
        expected: "arrives: public access igw-1",
        source: "vpc:nacl-rules",
        change: |net| {
            net.acl("acl-private").entries.push(entry(200, true, false, "0.0.0.0/0", (443, 443)));
        },
    },
    Row {
        name: "answers are let back to none of the ephemeral ports",
        expected: "stops: network ACL acl-private *",
        source: "vpc:nacl-ephemeral-ports",
        change: |net| {
            net.acl("acl-private").entries.retain(|entry| entry.egress || entry.from_port == Some(443));
        },
    },
    Row {
        name: "answers are let back to the ports of Linux only",
        expected: "unknown: network ACL acl-private",
        source: "vpc:nacl-ephemeral-ports",
        change: |net| {
            let entries = &mut net.acl("acl-private").entries;
            entries.retain(|entry| entry.egress || entry.from_port == Some(443));
            entries.push(entry(110, false, true, "0.0.0.0/0", (32768, 65535)));
        },
    },
    Row {
        name: "the ACL allows IPv6 only",
        expected: "stops: network ACL acl-private *",
        source: "vpc:nacl-rules",
        change: |net| {
            for entry in &mut net.acl("acl-private").entries {
                entry.cidr = "::/0".into();
            }
        },
    },
    Row {
        name: "the public subnet's ACL lets nothing in from the function",
        expected: "stops: its network ACL acl-public 50",
        source: "vpc:nacl-rules",
        change: |net| net.deny("acl-public", false, "10.0.0.0/16", (443, 443)),
    },
    Row {
        name: "the public subnet's ACL lets no answer back to the function",
        expected: "stops: its network ACL acl-public 50",
        source: "vpc:nacl-ephemeral-ports",
        change: |net| net.deny("acl-public", true, "10.0.0.0/16", (1024, 65535)),
    },
    Row {
        name: "the public subnet's ACL lets no answer in from the internet",
        expected: "stops: its network ACL acl-public 50",
        source: "vpc:nacl-ephemeral-ports",
        change: |net| net.deny("acl-public", false, "0.0.0.0/0", (1024, 65535)),
    },
    Row {
        name: "the public subnet's ACL lets 443 out to nobody",
        expected: "stops: its network ACL acl-public 50",
        source: "vpc:nacl-rules",
        change: |net| net.deny("acl-public", true, "0.0.0.0/0", (443, 443)),
    },
];
