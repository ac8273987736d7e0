//! Ways through what is not this VPC's own: appliances, firewalls, peering connections; and routes that lead away what
//! belongs in the VPC.

use super::*;

fn interface(change: fn(&mut NetworkInterface)) -> NetworkInterface {
    let mut interface = NetworkInterface {
        id: "eni-nat".to_owned(),
        instance: Some("i-nat".to_owned()),
        status: "in-use".to_owned(),
        source_dest_check: false,
        public_ip: Some("198.51.100.7".to_owned()),
        security_groups: texts(&["sg-nat"]),
    };
    change(&mut interface);
    interface
}

fn by_instance(target: &str, change: fn(&mut NetworkInterface)) -> String {
    after(BEHIND, |inventory| {
        routed(inventory, "rtb-orders", &[("0.0.0.0/0", target)]);
        inventory.region.network.network_interfaces.seen = vec![interface(change)];
        let ingress = vec![https_to(&["10.0.0.0/16"])];
        let own = SecurityGroup { id: "sg-nat".to_owned(), ingress, egress: vec![] };
        inventory.region.network.security_groups.seen.push(own);
    })
}

#[test]
fn an_instance_that_looks_alive_is_unknown_and_a_dead_one_fails() {
    for target in ["eni-nat", "i-nat"] {
        assert_verdict(&by_instance(target, |_| ()), "unknown", "with the public address 198.51.100.7");
        let checks = by_instance(target, |own| own.source_dest_check = true);
        assert_verdict(&checks, "fails", "network interface eni-nat of i-nat has its source/destination check on");
    }
    assert_verdict(&by_instance("eni-nat", |own| own.public_ip = None), "unknown", "without a public address");
    assert_verdict(&by_instance("eni-nat", |own| own.status = String::from("available")), "unknown", "“available”");
    assert_verdict(&by_instance("eni-nat", |own| own.instance = None), "unknown", "an appliance");
    let shut = by_instance("eni-nat", |own| own.security_groups = texts(&["sg-users"]));
    assert_verdict(&shut, "fails", "eni-nat of i-nat: sg-users does not let tcp 443 in from subnet-orders-a");
    assert_verdict(&by_instance("eni-other", |_| ()), "unknown", "which AWS does not list");
    let hidden = after(BEHIND, |inventory| {
        routed(inventory, "rtb-orders", &[("0.0.0.0/0", "eni-nat")]);
        break_off(&mut inventory.region.network.network_interfaces, "ec2:DescribeNetworkInterfaces");
    });
    assert_verdict(&hidden, "unknown", "ec2:DescribeNetworkInterfaces");
    let mut inventory = scope();
    routed(&mut inventory, "rtb-orders", &[("0.0.0.0/0", "i-nat")]);
    inventory.region.network.network_interfaces.seen = vec![interface(|own| own.source_dest_check = true)];
    let command = inventory.failure(&CHECK, BEHIND).fix.only_command().join(" ");
    assert!(command.ends_with("--network-interface-id eni-nat --no-source-dest-check"), "{command}");
}

fn firewall(change: fn(&mut VpcEndpoint)) -> VpcEndpoint {
    let mut endpoint = VpcEndpoint {
        id: "vpce-wall".to_owned(),
        vpc: "vpc-orders".to_owned(),
        service: "com.amazonaws.vpce.us-east-1.vpce-svc-0a".to_owned(),
        kind: "GatewayLoadBalancer".to_owned(),
        state: "available".to_owned(),
        private_dns: false,
        ip_address_type: Fetched::known(None),
        dns_record_type: Fetched::known(None),
        subnets: texts(&["subnet-orders-public"]),
        security_groups: vec![],
        policy: None,
    };
    change(&mut endpoint);
    endpoint
}

#[test]
fn a_firewall_is_unknown_unless_it_is_gone() {
    let before = |table: &'static str, change: fn(&mut VpcEndpoint)| {
        after(BEHIND, |inventory| {
            routed(inventory, table, &[("0.0.0.0/0", "vpce-wall")]);
            inventory.region.network.endpoints.seen.push(firewall(change));
        })
    };
    let own = before("rtb-orders", |_| ());
    assert_verdict(&own, "unknown", "whose rules are not read (behind it, rtb-orders-public: 0.0.0.0/0 → igw-orders)");
    assert_verdict(&before("rtb-orders-public", |_| ()), "unknown", "vpce-wall");
    for state in ["deleted", "failed"] {
        let gone = after(BEHIND, |inventory| {
            routed(inventory, "rtb-orders", &[("0.0.0.0/0", "vpce-wall")]);
            inventory.region.network.endpoints.seen.push(VpcEndpoint { state: state.to_owned(), ..firewall(|_| ()) });
        });
        assert_verdict(
            &gone,
            "fails",
            &format!("vpce-wall, the endpoint of a firewall or Gateway Load Balancer, is {state}"),
        );
    }
    assert_verdict(&before("rtb-orders", |own| own.state = String::from("pending")), "unknown", "“pending”");
    assert_verdict(
        &before("rtb-orders", |own| own.kind = String::from("Interface")),
        "unknown",
        "of the type Interface",
    );
    let proxy = after(BEHIND, |inventory| {
        nat(inventory, "nat-zonal").appliances = texts(&["arn:aws:network-firewall:us-east-1:1:proxy/p"]);
    });
    assert_verdict(&proxy, "unknown", "packets pass arn:aws:network-firewall");
}

#[test]
fn answers_can_be_led_away_at_the_internet_gateway() {
    let edge = |routes: &'static [(&'static str, &'static str, &'static str)]| {
        after(BEHIND, |inventory| {
            let mut own = table(inventory, "rtb-orders-public").clone();
            (own.id, own.subnets, own.gateways) = ("rtb-edge".to_owned(), vec![], texts(&["igw-orders"]));
            own.routes = routes
                .iter()
                .map(|(destination, state, target)| Route {
                    destination: (*destination).to_owned(),
                    state: (*state).to_owned(),
                    target: (*target).to_owned(),
                    origin: Fetched::known("CreateRoute".to_owned()),
                })
                .collect();
            inventory.region.network.route_tables.seen.push(own);
        })
    };
    assert_eq!(edge(&[("10.0.0.0/16", "active", "local")]), "passes");
    let led = edge(&[("10.0.0.0/16", "active", "local"), ("10.0.9.0/24", "active", "vpce-wall")]);
    assert_verdict(&led, "unknown", "rtb-edge: 10.0.9.0/24 → vpce-wall, a more specific route");
    let lost = edge(&[("10.0.0.0/16", "active", "local"), ("10.0.9.0/24", "blackhole", "eni-gone")]);
    assert_verdict(&lost, "fails", "rtb-edge: 10.0.9.0/24 → eni-gone");
    let part = edge(&[("10.0.0.0/16", "active", "local"), ("10.0.9.0/28", "blackhole", "eni-gone")]);
    assert_verdict(&part, "unknown", "for a part of subnet-orders-public");
}

#[test]
fn a_more_specific_route_can_lead_packets_to_the_endpoint_away() {
    let led = |table: &'static str, subnet: &'static str, state: &'static str| {
        after(BESIDE, |inventory| {
            xray(inventory).subnets = texts(&["subnet-users-b"]);
            let routes = [("10.1.0.0/16", "local"), (subnet, "vpce-wall")];
            if table == "rtb-users" {
                routed(inventory, table, &routes);
                super::table(inventory, table).routes[1].state = state.to_owned();
            } else {
                let mut own = super::table(inventory, "rtb-users").clone();
                (own.id, own.main, own.subnets) = (table.to_owned(), false, texts(&["subnet-users-b"]));
                inventory.region.network.route_tables.seen.push(own);
                routed(inventory, table, &routes);
            }
        })
    };
    assert_verdict(&led("rtb-users", "10.1.2.0/24", "active"), "unknown", "10.1.2.0/24 → vpce-wall");
    assert_verdict(&led("rtb-users", "10.1.2.0/24", "blackhole"), "fails", "10.1.2.0/24 → vpce-wall");
    assert_eq!(led("rtb-users", "10.1.7.0/24", "active"), "passes");
    assert_verdict(
        &led("rtb-back", "10.1.1.0/24", "active"),
        "unknown",
        "packets to subnet-users-a from endpoint vpce-xray",
    );
    let nat = after(BEHIND, |inventory| {
        let routes = [("10.0.0.0/16", "local"), ("0.0.0.0/0", "igw-orders"), ("10.0.1.0/24", "vpce-wall")];
        routed(inventory, "rtb-orders-public", &routes);
    });
    assert_verdict(&nat, "unknown", "packets to subnet-orders-a from NAT gateway nat-zonal");
}

#[test]
fn a_peering_connection_leads_to_an_endpoint_only_while_it_is_active() {
    let peered = |change: fn(&mut Inventory)| {
        after(BEHIND, |inventory| {
            routed(inventory, "rtb-orders", &[("0.0.0.0/0", "igw-orders"), ("10.9.0.0/16", "pcx-1")]);
            change(inventory);
        })
    };
    let active = peered(|inventory| inventory.region.network.peering_connections.seen = vec![peering("active")]);
    assert_verdict(&active, "unknown", "shared over pcx-1 (to vpc-shared of account 210987654321)");
    let deleted = peered(|inventory| inventory.region.network.peering_connections.seen = vec![peering("deleted")]);
    assert_verdict(&deleted, "fails", "igw-orders");
    assert_verdict(&peered(|_| ()), "fails", "igw-orders");
    let hidden = peered(|inventory| {
        break_off(&mut inventory.region.network.peering_connections, "ec2:DescribeVpcPeeringConnections");
    });
    assert_verdict(&hidden, "unknown", "shared over pcx-1");
}

/// Each is named, and is not in a listing that was read to its end, or that broke off.
#[test]
fn what_is_named_and_not_listed_is_unknown_or_gone_and_never_passes() {
    type Take = fn(&mut Inventory);
    let cases: [(&str, &str, Take, &str, Take); 6] = [
        (
            "ec2:DescribeNatGateways",
            BEHIND,
            |inventory| inventory.region.network.nat_gateways.seen.clear(),
            "fails",
            |inventory| {
                break_off(&mut inventory.region.network.nat_gateways, "ec2:DescribeNatGateways");
            },
        ),
        (
            "ec2:DescribeInternetGateways",
            BEHIND,
            |inventory| inventory.region.network.internet_gateways.seen.clear(),
            "fails",
            |inventory| break_off(&mut inventory.region.network.internet_gateways, "ec2:DescribeInternetGateways"),
        ),
        (
            "ec2:DescribeNetworkAcls",
            BEHIND,
            |inventory| inventory.region.network.network_acls.seen.clear(),
            "unknown",
            |inventory| {
                break_off(&mut inventory.region.network.network_acls, "ec2:DescribeNetworkAcls");
            },
        ),
        (
            "ec2:DescribeSecurityGroups",
            BEHIND,
            |inventory| inventory.region.network.security_groups.seen.clear(),
            "unknown",
            |inventory| break_off(&mut inventory.region.network.security_groups, "ec2:DescribeSecurityGroups"),
        ),
        (
            "ec2:DescribeSubnets",
            BEHIND,
            |inventory| inventory.region.network.subnets.seen.clear(),
            "unknown",
            |inventory| {
                break_off(&mut inventory.region.network.subnets, "ec2:DescribeSubnets");
            },
        ),
        (
            "ec2:DescribeVpcs",
            BESIDE,
            |inventory| inventory.region.network.vpcs.seen.clear(),
            "unknown",
            |inventory| {
                break_off(&mut inventory.region.network.vpcs, "ec2:DescribeVpcs");
            },
        ),
    ];
    for (operation, name, take, whole, cut) in cases {
        let said = after(name, take);
        assert!(said.starts_with(whole), "{operation}: {said}");
        let said = after(name, |inventory| {
            take(inventory);
            cut(inventory);
        });
        assert_verdict(&said, "unknown", operation);
    }
}
