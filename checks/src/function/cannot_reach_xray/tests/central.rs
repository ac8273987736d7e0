//! Central endpoints: `behind` has no way but to `vpce-hub` in `vpc-hub`, to which a private hosted zone leads X-Ray's name.

use gatelight_model::{
    Listing,
    inventory::{DnsRecord, HostedZone},
};

use super::*;
use crate::testing::central::{by_peering, by_transit, record};

const NAME: &str = "xray.us-east-1.amazonaws.com";
const WAYS: [fn(&mut Inventory); 2] = [by_peering, by_transit];

fn over(way: fn(&mut Inventory), change: impl FnOnce(&mut Inventory)) -> String {
    after(BEHIND, |inventory| {
        way(inventory);
        change(inventory);
    })
}

fn records(inventory: &mut Inventory, records: Vec<DnsRecord>) {
    inventory.region.network.zone_records[0].records = Fetched::known(records);
}

fn zones(inventory: &mut Inventory) -> &mut Listing<HostedZone> {
    &mut inventory.region.network.hosted_zones[0].zones
}

fn hub(inventory: &mut Inventory) -> &mut VpcEndpoint {
    inventory.region.network.endpoints.seen.iter_mut().find(|own| own.id == "vpce-hub").expect("the hub's endpoint")
}

#[test]
fn an_endpoint_in_a_hub_is_a_way_over_a_peering_connection_and_over_a_transit_gateway() {
    for way in WAYS {
        assert_eq!(over(way, |_| ()), "passes");
        assert_eq!(over(way, |inventory| records(inventory, vec![record(NAME, Some("10.9.1.17"))])), "passes");
        for state in ["deleted", "rejected", "failed"] {
            let gone = over(way, |inventory| hub(inventory).state = String::from(state));
            assert_verdict(&gone, "fails", &format!("endpoint vpce-hub is {state}"));
        }
        let pending = over(way, |inventory| hub(inventory).state = String::from("pendingAcceptance"));
        assert_verdict(&pending, "unknown", "in the state “pendingacceptance”");
    }
}

#[test]
fn each_hop_to_the_hub_and_back_is_judged() {
    for way in WAYS {
        let shut = over(way, |inventory| group(inventory, "sg-hub").ingress.clear());
        assert_verdict(&shut, "fails", "sg-hub does not let tcp 443 in from subnet-orders-a");
        let egress = over(way, |inventory| group(inventory, "sg-orders").egress = vec![https_to(&["10.8.0.0/16"])]);
        assert_verdict(&egress, "fails", "sg-orders does not let tcp 443 out to");
        let by_range = over(way, |inventory| group(inventory, "sg-orders").egress = vec![https_to(&["10.9.0.0/16"])]);
        assert_eq!(by_range, "passes");
        let policy =
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"*","Resource":"*"}]}"#;
        let policy = over(way, |inventory| hub(inventory).policy = Some(policy.to_owned()));
        assert_verdict(&policy, "fails", "the policy of endpoint vpce-hub does not allow xray:PutTraceSegments");
        let back = over(way, |inventory| table(inventory, "rtb-hub").routes.truncate(1));
        assert_verdict(&back, "fails", "rtb-hub has no route back to subnet-orders-a");
        let own = over(way, |inventory| acl(inventory, "acl-orders").entries.retain(|entry| entry.egress));
        assert_verdict(&own, "fails", "acl-orders (no entry allows it) does not let tcp 1024-65535 in from");
        let elsewhere = over(way, |inventory| {
            let routes = &mut table(inventory, "rtb-orders").routes;
            routes.push(Route { destination: "10.9.1.0/24".to_owned(), ..routes[0].clone() });
        });
        assert_verdict(
            &elsewhere,
            "fails",
            "10.9.1.0/24 → local; the endpoint's addresses are taken for the VPC's own",
        );
        let middlebox = over(way, |inventory| {
            let routes = &mut table(inventory, "rtb-orders").routes;
            let target = "eni-wall".to_owned();
            routes.push(Route { destination: "10.9.1.0/24".to_owned(), target, ..routes[0].clone() });
        });
        assert_verdict(&middlebox, "unknown", "eni-wall, which is not followed to an endpoint");
    }
    let closed = over(by_peering, |inventory| acl(inventory, "acl-hub").entries.clear());
    assert_verdict(&closed, "fails", "acl-hub (no entry allows it) does not let tcp 443 in from subnet-orders-a");
}

#[test]
fn a_peering_connection_leads_to_its_other_end_while_it_is_active() {
    let peering = |change: fn(&mut PeeringConnection)| {
        over(by_peering, |inventory| change(&mut inventory.region.network.peering_connections.seen[0]))
    };
    assert_verdict(&peering(|own| own.status = String::from("deleted")), "fails", "");
    assert_verdict(&peering(|own| own.ends[1].vpc = String::from("vpc-other")), "fails", "");
    assert_verdict(&peering(|own| own.ends[1].owner = String::from("210987654321")), "passes", "");
}

#[test]
fn a_transit_gateway_leads_there_and_back_by_its_own_tables() {
    let tables = |at: usize, routes: &'static [(&'static str, &'static str)]| {
        over(by_transit, move |inventory| {
            let route = |(destination, target): &(&str, &str)| Route {
                destination: (*destination).to_owned(),
                target: (*target).to_owned(),
                ..table(&mut healthy(), "rtb-orders").routes[0].clone()
            };
            inventory.region.network.transit_tables[at].routes = Fetched::known(routes.iter().map(route).collect());
        })
    };
    assert_verdict(&tables(1, &[]), "fails", "tgw-rtb-spokes has no route to endpoint vpce-hub in subnet-hub");
    assert_verdict(&tables(0, &[]), "fails", "tgw-rtb-hub has no route back to subnet-orders-a");
    assert_verdict(&tables(1, &[("10.9.0.0/16", "tgw-attach-vpn")]), "unknown", "which is not tgw-attach-hub");
    assert_verdict(&tables(1, &[("10.9.1.0/25", "tgw-attach-hub")]), "unknown", "only a part of the addresses");
    let zone = over(by_transit, |inventory| {
        inventory.region.network.transit_subnets.seen[0].subnets.remove(0);
    });
    assert_verdict(&zone, "fails", "tgw-attach-orders has no subnet in us-east-1a");
    let detached = over(by_transit, |inventory| {
        inventory.region.network.transit_attachments.seen.retain(|own| own.id != "tgw-attach-hub");
    });
    // Nothing that is attached has an endpoint, so nothing leads to one.
    assert_verdict(&detached, "fails", "tgw-rtb-spokes of tgw-hub has no route to public addresses");
    let foreign = over(by_transit, |inventory| {
        let network = &mut inventory.region.network;
        network.transit_gateways.seen[0].owner = String::from("210987654321");
        network.transit_tables.clear();
    });
    assert_verdict(&foreign, "unknown", "tgw-rtb-spokes belongs to account 210987654321");
}

#[test]
fn the_closest_zone_answers_and_it_alone() {
    for way in WAYS {
        let none = over(way, |inventory| records(inventory, vec![]));
        assert_verdict(&none, "fails", "hosted zone Z0HUB (xray.us-east-1.amazonaws.com) answers for");
        let other = over(way, |inventory| records(inventory, vec![record("logs.us-east-1.amazonaws.com", None)]));
        assert_verdict(&other, "fails", "has no A record of it");
        let v6 = over(way, |inventory| {
            records(inventory, vec![DnsRecord { kind: "AAAA".to_owned(), ..record(NAME, Some("fd00::1")) }]);
        });
        assert_verdict(&v6, "fails", "has no A record of it");

        // A parent zone answers, too, by its records of the name or by a wildcard.
        let parent = |own: &'static str, name: &'static str| {
            over(way, move |inventory| {
                zones(inventory).seen[0].name = String::from(own);
                records(inventory, vec![record(name, None)]);
            })
        };
        for zone in ["us-east-1.amazonaws.com", "amazonaws.com"] {
            assert_eq!(parent(zone, NAME), "passes");
            assert_eq!(parent(zone, "*.us-east-1.amazonaws.com"), "passes");
        }
        assert_eq!(parent("amazonaws.com", "*.amazonaws.com"), "passes");
        assert_verdict(&parent("us-east-1.amazonaws.com", "*.amazonaws.com"), "fails", "has no A record");
        assert_verdict(&parent("us-east-1.amazonaws.com", "*.eu-west-1.amazonaws.com"), "fails", "has no A record");
        // A zone of another name says nothing.
        assert_verdict(&parent("eu-west-1.amazonaws.com", NAME), "unknown", "is not seen here");
        // The name's own record goes before a wildcard, whatever it holds.
        let shadowed = over(way, |inventory| {
            zones(inventory).seen[0].name = String::from("amazonaws.com");
            let text = DnsRecord { kind: "TXT".to_owned(), ..record(NAME, None) };
            records(inventory, vec![record("*.us-east-1.amazonaws.com", None), text]);
        });
        assert_verdict(&shadowed, "fails", "has no A record");
        // A closer zone wins, and a wider one is not asked.
        let both = over(way, |inventory| {
            let wide = HostedZone {
                id: "Z0WIDE".to_owned(),
                name: "amazonaws.com".to_owned(),
                ..zones(inventory).seen[0].clone()
            };
            zones(inventory).seen.push(wide);
        });
        assert_eq!(both, "passes");
        let twice = over(way, |inventory| {
            let again = HostedZone { id: "Z0TWIN".to_owned(), ..zones(inventory).seen[0].clone() };
            zones(inventory).seen.push(again);
        });
        assert_verdict(&twice, "unknown", "several private hosted zones");
        let delegated = over(way, |inventory| {
            zones(inventory).seen[0].name = String::from("amazonaws.com");
            let servers =
                DnsRecord { kind: "NS".to_owned(), ..record("us-east-1.amazonaws.com", Some("ns-1.example")) };
            records(inventory, vec![servers, record(NAME, None)]);
        });
        assert_verdict(&delegated, "unknown", "delegates us-east-1.amazonaws.com");
    }
}

#[test]
fn a_record_that_leads_elsewhere_fails_where_that_is_known() {
    let alias = |kind: &'static str, to: &'static str| {
        over(by_peering, move |inventory| {
            let own = record(NAME, None);
            let own = if kind == "CNAME" {
                DnsRecord { kind: kind.to_owned(), values: texts(&[to]), alias: None, ..own }
            } else {
                DnsRecord { alias: Some(to.to_owned()), ..own }
            };
            records(inventory, vec![own]);
        })
    };
    for kind in ["A", "CNAME"] {
        assert_eq!(alias(kind, "vpce-hub-1a2b.xray.us-east-1.vpce.amazonaws.com"), "passes");
        assert_eq!(alias(kind, "vpce-hub-1a2b-us-east-1a.xray.us-east-1.vpce.amazonaws.com"), "passes");
        let logs = alias(kind, "vpce-hub-1a2b.logs.us-east-1.vpce.amazonaws.com");
        assert_verdict(&logs, "fails", "an endpoint of logs in us-east-1");
        let far = alias(kind, "vpce-hub-1a2b.xray.eu-west-1.vpce.amazonaws.com");
        assert_verdict(&far, "fails", "an endpoint of xray in eu-west-1");
        let zone = alias(kind, "vpce-hub-1a2b-us-east-1c.xray.us-east-1.vpce.amazonaws.com");
        assert_verdict(&zone, "unknown", "names no subnet");
        let unlisted = alias(kind, "vpce-hubble-1a2b.xray.us-east-1.vpce.amazonaws.com");
        assert_verdict(&unlisted, "unknown", "an endpoint that AWS does not list in this account");
        assert_verdict(&alias(kind, "proxy.example.com"), "unknown", "which is no VPC endpoint's name");
    }
    let address = |address: &'static str| {
        over(by_peering, move |inventory| records(inventory, vec![record(NAME, Some(address))]))
    };
    assert_verdict(&address("10.9.1.18"), "unknown", "which no network interface of this account has");
    let several = over(by_peering, |inventory| {
        let mut both = record(NAME, Some("10.9.1.17"));
        both.values.push("10.9.1.18".to_owned());
        records(inventory, vec![both]);
    });
    assert_verdict(&several, "unknown", "10.9.1.18");
}

#[test]
fn a_zone_counts_only_where_the_vpc_asks_it() {
    for way in WAYS {
        let hostnames =
            over(way, |inventory| inventory.region.network.vpcs.seen[0].dns_hostnames = Fetched::known(false));
        assert_verdict(&hostnames, "unknown", "is not seen here");
        let server = over(way, |inventory| {
            inventory.region.network.vpcs.seen[0].dhcp_options = Some("dopt-own".to_owned());
            let options = DhcpOptions { id: "dopt-own".to_owned(), dns_servers: texts(&["10.0.0.53"]) };
            inventory.region.network.dhcp_options.seen.push(options);
        });
        assert!(server.starts_with("unknown"), "{server}");
        // An endpoint of the VPC's own has the name.
        let own = over(way, |inventory| {
            let own = hub(inventory).clone();
            inventory.region.network.endpoints.seen.push(VpcEndpoint {
                id: "vpce-own".to_owned(),
                vpc: "vpc-orders".to_owned(),
                private_dns: true,
                subnets: texts(&["subnet-orders-a"]),
                ..own
            });
            records(inventory, vec![]);
        });
        assert_eq!(own, "passes");
    }
}

#[test]
fn what_is_hidden_is_named_where_it_matters_and_nowhere_else() {
    for way in WAYS {
        let zones_denied = over(way, |inventory| {
            zones(inventory).seen.clear();
            break_off(zones(inventory), "route53:ListHostedZonesByVPC");
        });
        assert_verdict(&zones_denied, "unknown", "needs route53:ListHostedZonesByVPC");
        let records_denied = over(way, |inventory| {
            inventory.region.network.zone_records[0].records = Err(denied("route53:ListResourceRecordSets")).into();
        });
        assert_verdict(&records_denied, "unknown", "needs route53:ListResourceRecordSets");
        let addresses_denied = over(way, |inventory| {
            records(inventory, vec![record(NAME, Some("10.9.1.17"))]);
            let addresses = &mut inventory.region.network.endpoint_addresses;
            addresses.seen.clear();
            break_off(addresses, "ec2:DescribeNetworkInterfaces");
        });
        assert_verdict(&addresses_denied, "unknown", "needs ec2:DescribeNetworkInterfaces");
        let unasked = over(way, |inventory| inventory.region.network.hosted_zones.clear());
        assert_verdict(&unasked, "unknown", "is not seen here");
        // A zone of X-Ray's whole name is the closest, whatever else there is.
        let cut = over(way, |inventory| break_off(zones(inventory), "route53:ListHostedZonesByVPC"));
        assert_eq!(cut, "passes");
        let cut = over(way, |inventory| {
            zones(inventory).seen[0].name = String::from("amazonaws.com");
            break_off(zones(inventory), "route53:ListHostedZonesByVPC");
        });
        assert_verdict(&cut, "unknown", "route53:ListHostedZonesByVPC");
    }
    for name in [BEHIND, BESIDE] {
        let elsewhere = after(name, |inventory| {
            for answer in &mut inventory.region.network.hosted_zones {
                break_off(&mut answer.zones, "route53:ListHostedZonesByVPC");
            }
        });
        assert_eq!(elsewhere, "passes");
    }
}

/// Public addresses can be reached, and the name leads to the hub.
#[test]
fn a_zone_goes_before_public_addresses_where_a_hub_is_seen() {
    let beside_nat = |change: fn(&mut Inventory)| {
        over(by_peering, |inventory| {
            for table in ["rtb-orders", "rtb-orders-b"] {
                let routes = &mut super::table(inventory, table).routes;
                let target = if table == "rtb-orders" { "nat-zonal" } else { "nat-regional" };
                let (destination, target) = ("0.0.0.0/0".to_owned(), target.to_owned());
                routes.push(Route { destination, target, ..routes[0].clone() });
            }
            change(inventory);
        })
    };
    assert_eq!(beside_nat(|_| ()), "passes");
    let shut = beside_nat(|inventory| group(inventory, "sg-hub").ingress.clear());
    assert_verdict(&shut, "fails", "sg-hub does not let tcp 443 in");
    assert_verdict(&beside_nat(|inventory| records(inventory, vec![])), "fails", "has no A record");
    assert_eq!(beside_nat(|inventory| zones(inventory).seen.clear()), "passes");
    let hidden = beside_nat(|inventory| {
        zones(inventory).seen.clear();
        break_off(zones(inventory), "route53:ListHostedZonesByVPC");
    });
    assert_verdict(&hidden, "unknown", "route53:ListHostedZonesByVPC");
    // Where it leads is not known, and both ways come to the same.
    let same = beside_nat(|inventory| {
        inventory.region.network.peering_connections.seen.clear();
        break_off(&mut inventory.region.network.peering_connections, "ec2:DescribeVpcPeeringConnections");
        zones(inventory).seen.clear();
    });
    assert_eq!(same, "passes");
    // No hub is seen at the other end: nobody asks.
    let without = beside_nat(|inventory| {
        inventory.region.network.endpoints.seen.retain(|own| own.id != "vpce-hub");
        break_off(zones(inventory), "route53:ListHostedZonesByVPC");
    });
    assert_eq!(without, "passes");
}
