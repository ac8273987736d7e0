//! The fix of each kind of hop that stops packets: one change, with ids and the command. The commands stand in
//! `fixes.txt`, which `tests/it` gives to botocore; `BLESS=1` writes it.

use super::*;
use crate::testing::central::{by_peering, by_transit};

type Change = fn(&mut Inventory);

fn private_table(inventory: &mut Inventory) {
    table(inventory, "rtb-orders-public").subnets.clear();
}

fn blocked(inventory: &mut Inventory) {
    for subnet in &mut inventory.region.network.subnets.seen {
        subnet.public_access_block = Some("block-bidirectional".to_owned());
    }
}

fn denied_by_acl(inventory: &mut Inventory) {
    let entries = &mut acl(inventory, "acl-orders").entries;
    let first = entries[0].clone();
    entries.push(gatelight_model::inventory::AclEntry { number: 90, allow: false, ..first.clone() });
    entries.push(gatelight_model::inventory::AclEntry { number: 89, protocol: "17".to_owned(), ..first });
}

/// What is wrong, whom it concerns, and what the text says first.
const KINDS: &[(&str, &str, Change, &str)] = &[
    ("no route out", BEHIND, |own| routed(own, "rtb-orders", &[]), "Give vpc-orders an interface endpoint for X-Ray"),
    (
        "a NAT gateway that was deleted, beside one that works",
        BEHIND,
        |own| nat(own, "nat-zonal").state = String::from("deleted"),
        "Let rtb-orders lead 0.0.0.0/0 to nat-regional",
    ),
    (
        "a NAT gateway that failed, and no other",
        BEHIND,
        |own| {
            own.region.network.nat_gateways.seen.retain(|nat| nat.id == "nat-zonal");
            nat(own, "nat-zonal").state = String::from("failed");
            routed(own, "rtb-orders-b", &[("0.0.0.0/0", "nat-zonal")]);
        },
        "Create a public NAT gateway in subnet-orders-public, and let rtb-orders lead",
    ),
    (
        "a private NAT gateway",
        BEHIND,
        |own| nat(own, "nat-zonal").public = false,
        "Let rtb-orders lead 0.0.0.0/0 to nat-regional",
    ),
    (
        "a NAT gateway in a private subnet",
        BEHIND,
        |own| routed(own, "rtb-orders-public", &[]),
        "NAT gateway nat-zonal has no way to the internet. Let rtb-orders-public lead 0.0.0.0/0 to igw-orders.",
    ),
    (
        "a NAT gateway in a private subnet whose table functions use",
        BEHIND,
        private_table,
        "Give subnet-orders-public, in which NAT gateway nat-zonal stands, a route table of its own",
    ),
    (
        "a regional NAT gateway without the zone",
        BEHIND,
        |own| nat(own, "nat-regional").zones = texts(&["us-east-1a"]),
        "Let regional NAT gateway nat-regional cover us-east-1b",
    ),
    (
        "an internet gateway that is not attached",
        BEHIND,
        |own| routed(own, "rtb-orders-public", &[("0.0.0.0/0", "igw-spare")]),
        "Attach internet gateway igw-spare to vpc-orders.",
    ),
    ("VPC Block Public Access", BEHIND, blocked, "Let subnet-orders-public out in spite of VPC Block Public Access"),
    ("an ACL that denies", BEHIND, denied_by_acl, "Let acl-orders pass tcp 443 out to 0.0.0.0/0: entry 88"),
    (
        "an ACL that allows nothing in",
        BEHIND,
        |own| acl(own, "acl-orders").entries.retain(|entry| entry.egress),
        "Let acl-orders pass tcp 1024-65535 in from 0.0.0.0/0: entry 10",
    ),
    (
        "a group that lets nothing out",
        BEHIND,
        |own| group(own, "sg-orders").egress = vec![https_to(&["10.0.0.0/16"])],
        "Let tcp 443 out to 0.0.0.0/0 in security group sg-orders.",
    ),
    (
        "an endpoint whose group lets nobody in",
        BESIDE,
        |own| group(own, "sg-endpoint").ingress.clear(),
        "Let tcp 443 in from sg-users in security group sg-endpoint.",
    ),
    (
        "a group that does not let to the endpoint",
        BESIDE,
        |own| group(own, "sg-shared").egress.clear(),
        "Let tcp 443 out to sg-endpoint in security group sg-users.",
    ),
    (
        "an endpoint without private DNS",
        BESIDE,
        |own| xray(own).private_dns = false,
        "Give vpce-xray private DNS, so that X-Ray's name leads to vpce-xray.",
    ),
    (
        "a DNS attribute that is off beside an endpoint",
        BESIDE,
        |own| own.region.network.vpcs.seen[1].dns_hostnames = Fetched::known(false),
        "Turn on enableDnsHostnames of vpc-users, so that",
    ),
    (
        "both attributes off, and no private DNS",
        BESIDE,
        |own| {
            xray(own).private_dns = false;
            let vpc = &mut own.region.network.vpcs.seen[1];
            (vpc.dns_support, vpc.dns_hostnames) = (Fetched::known(false), Fetched::known(false));
        },
        "Turn on enableDnsSupport and enableDnsHostnames of vpc-users, and give vpce-xray private DNS",
    ),
    (
        "no DNS at all",
        BEHIND,
        |own| own.region.network.vpcs.seen[0].dns_support = Fetched::known(false),
        "Turn on enableDnsSupport of vpc-orders",
    ),
    (
        "an endpoint's policy",
        BESIDE,
        |own| xray(own).policy = Some(r#"{"Statement":[]}"#.to_owned()),
        "Let the policy of vpce-xray allow xray:PutTraceSegments",
    ),
    (
        "a hub without a route back",
        BEHIND,
        |own| {
            by_peering(own);
            table(own, "rtb-hub").routes.truncate(1);
        },
        "Let rtb-hub lead 10.0.1.0/24 to pcx-hub. Let rtb-hub lead 10.0.2.0/24 to pcx-hub.",
    ),
    (
        "a spoke without a route to the hub",
        BEHIND,
        |own| {
            by_peering(own);
            routed(own, "rtb-orders", &[("10.0.0.0/16", "local"), ("10.9.2.0/24", "pcx-hub")]);
        },
        "Let rtb-orders lead 10.9.1.0/24 to pcx-hub.",
    ),
    (
        "a transit gateway without routes there and back",
        BEHIND,
        |own| {
            by_transit(own);
            for answer in &mut own.region.network.transit_tables {
                answer.routes = Fetched::known(vec![]);
            }
        },
        "Let tgw-rtb-spokes lead 10.9.1.0/24 to tgw-attach-hub.",
    ),
    (
        "a transit gateway without a route back",
        BEHIND,
        |own| {
            by_transit(own);
            own.region.network.transit_tables[0].routes = Fetched::known(vec![]);
        },
        "Let tgw-rtb-hub lead 10.0.1.0/24 to tgw-attach-orders.",
    ),
    (
        "a zone that the transit gateway does not serve",
        BEHIND,
        |own| {
            by_transit(own);
            own.region.network.transit_subnets.seen[0].subnets.remove(0);
        },
        "Add a subnet in us-east-1a to tgw-attach-orders: subnet-orders-a.",
    ),
    (
        "a hub's endpoint that lets nobody in",
        BEHIND,
        |own| {
            by_transit(own);
            group(own, "sg-hub").ingress.clear();
        },
        "Let tcp 443 in from 10.0.1.0/24 in security group sg-hub.",
    ),
    (
        "a hosted zone without the record",
        BEHIND,
        |own| {
            by_transit(own);
            own.region.network.zone_records[0].records = Fetched::known(vec![]);
        },
        "Let hosted zone Z0HUB lead xray.us-east-1.amazonaws.com to the DNS name of an X-Ray endpoint",
    ),
];

#[test]
fn each_kind_of_stop_has_its_change_and_commands() {
    let mut commands = String::new();
    for (what, name, change, start) in KINDS {
        let mut inventory = scope();
        change(&mut inventory);
        let fix = inventory.failure(&CHECK, name).fix;
        assert!(fix.text.starts_with(start), "{what}: {}", fix.text);
        assert!(!fix.commands.is_empty(), "{what}: {}", fix.text);
        commands.push_str(&format!("# {what}\n"));
        for command in &fix.commands {
            let quoted = command.iter().map(|word| {
                let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./,=:".contains(c));
                if plain { word.clone() } else { format!("'{word}'") }
            });
            commands.push_str(&format!("{}\n", quoted.collect::<Vec<_>>().join(" ")));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/function/cannot_reach_xray/tests/fixes.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &commands).expect("writes");
    }
    assert_eq!(commands, std::fs::read_to_string(path).expect("reads"), "BLESS=1 writes it");
}

/// Where packets go to public addresses an endpoint is the other way; to an endpoint there is none.
#[test]
fn the_endpoint_is_the_alternative_where_it_is_one() {
    for (what, name, change, _) in KINDS {
        let mut inventory = scope();
        change(&mut inventory);
        let text = inventory.failure(&CHECK, name).fix.text;
        let to_endpoint = *name == BESIDE || inventory.region.network.zone_records.len() == 1;
        let of_dns = text.starts_with("Turn on") || text.starts_with("Give vpc-orders");
        let offers = text.contains("Or give vpc-orders an interface endpoint for X-Ray, about $15 a month");
        assert_eq!(offers, !(to_endpoint || of_dns), "{what}: {text}");
    }
}

#[test]
fn an_endpoint_that_is_there_is_the_cause() {
    let mut inventory = scope();
    xray(&mut inventory).private_dns = false;
    inventory.region.network.vpcs.seen[1].dns_hostnames = Fetched::known(false);
    let message = inventory.failure(&CHECK, BESIDE).message;
    let start = "Endpoint vpce-xray is there, but X-Ray's name does not lead to it: it has no private DNS, and \
                 enableDnsHostnames of vpc-users is off. ";
    assert!(message.starts_with(start), "{message}");
}
