//! Security groups and network ACLs on the way to public addresses.

use super::*;

#[test]
fn security_groups_must_let_it_out() {
    let egress = |egress: Vec<Permission>| after(BEHIND, |inventory| group(inventory, "sg-orders").egress = egress);
    assert_verdict(&egress(vec![]), "fails", "sg-orders does not let tcp 443 out to public addresses");
    assert_eq!(egress(vec![https_to(&["0.0.0.0/1", "128.0.0.0/1"])]), "passes");
    assert_verdict(&egress(vec![https_to(&["10.0.0.0/8"])]), "fails", "sg-orders does not");
    assert_verdict(&egress(vec![https_to(&["::/0"])]), "fails", "sg-orders does not");
    assert_verdict(&egress(vec![https_to(&["52.94.0.0/16"])]), "unknown", "some addresses");
    assert_verdict(&egress(vec![https_to(&["x"])]), "unknown", "cannot be read");
    for (protocol, ports, expected) in [
        ("udp", Some((443, 443)), "fails"),
        ("tcp", Some((80, 442)), "fails"),
        ("6", Some((0, 65535)), "passes"),
        ("-1", Some((80, 80)), "passes"),
        ("-1", None, "passes"),
        ("tcp", None, "passes"),
    ] {
        let (from_port, to_port) = ports.unzip();
        let rule = Permission { protocol: protocol.to_owned(), from_port, to_port, ..https_to(&["0.0.0.0/0"]) };
        assert_verdict(&egress(vec![rule]), expected, "");
    }
    let second = |inventory: &mut Inventory| {
        inventory.region.functions.seen[0]
            .vpc
            .as_mut()
            .expect("a VPC")
            .security_groups
            .insert(0, "sg-users".to_owned());
    };
    assert_eq!(after(BEHIND, second), "passes");
}

#[test]
fn acls_keep_no_state_and_the_lowest_number_decides() {
    type Change = fn(&mut NetworkAcl);
    let changes: [(&str, &str, Change); 7] = [
        ("fails", "(50) does not let tcp 443 out", |acl| {
            let deny = gatelight_model::inventory::AclEntry { number: 50, allow: false, ..acl.entries[0].clone() };
            acl.entries.push(deny);
        }),
        ("passes", "", |acl| {
            let deny = gatelight_model::inventory::AclEntry { number: 32767, allow: false, ..acl.entries[0].clone() };
            acl.entries.insert(0, deny);
        }),
        ("fails", "1024-65535 in from public", |acl| acl.entries.retain(|entry| entry.egress)),
        ("fails", "no entry allows it", |acl| acl.entries.clear()),
        ("unknown", "only a part of tcp 1024-65535", |acl| {
            let entry = acl.entries.iter_mut().find(|entry| !entry.egress).expect("an entry");
            (entry.protocol, entry.from_port, entry.to_port) = ("6".to_owned(), Some(32768), Some(65535));
        }),
        ("unknown", "only a part of tcp 443", |acl| {
            let own = gatelight_model::inventory::AclEntry { number: 1, allow: false, ..acl.entries[0].clone() };
            acl.entries.push(gatelight_model::inventory::AclEntry { cidr: "52.0.0.0/8".to_owned(), ..own });
        }),
        ("unknown", "cannot be read", |acl| acl.entries[0].cidr = String::from("x")),
    ];
    for (start, part, change) in changes {
        let said = after(BEHIND, |inventory| {
            let mut public = acl(inventory, "acl-orders").clone();
            (public.id, public.subnets) = ("acl-public".to_owned(), texts(&["subnet-orders-public"]));
            inventory.region.network.network_acls.seen.push(public);
            acl(inventory, "acl-orders").subnets.pop();
            change(acl(inventory, "acl-orders"));
        });
        assert_verdict(&said, start, part);
    }
}

#[test]
fn the_acl_of_the_nat_gateways_subnet_counts_both_ways() {
    let own = |change: fn(&mut NetworkAcl)| {
        after(BEHIND, |inventory| {
            acl(inventory, "acl-orders").subnets.retain(|subnet| subnet != "subnet-orders-public");
            let mut own = acl(inventory, "acl-orders").clone();
            (own.id, own.subnets) = ("acl-public".to_owned(), texts(&["subnet-orders-public"]));
            change(&mut own);
            inventory.region.network.network_acls.seen.push(own);
        })
    };
    assert_eq!(own(|_| ()), "passes");
    assert_verdict(&own(|acl| acl.entries[1].cidr = String::from("10.0.0.0/8")), "fails", "1024-65535 in from public");
    assert_verdict(&own(|acl| acl.entries[0].cidr = String::from("10.0.0.0/8")), "fails", "443 out to public");
    assert_verdict(&own(|acl| acl.entries[0].cidr = String::from("52.0.0.0/6")), "fails", "out to subnet-orders-a");
}
