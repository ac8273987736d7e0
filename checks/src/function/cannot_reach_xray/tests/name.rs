//! What the VPC's DNS answers.

use super::*;

fn support(inventory: &mut Inventory, on: bool) {
    inventory.region.network.vpcs.seen[0].dns_support = Fetched::known(on);
}

fn server(inventory: &mut Inventory, vpc: usize, server: &str) {
    inventory.region.network.vpcs.seen[vpc].dhcp_options = Some("dopt-own".to_owned());
    let options = DhcpOptions { id: "dopt-own".to_owned(), dns_servers: texts(&[server]) };
    inventory.region.network.dhcp_options.seen.push(options);
}

fn open_dns(inventory: &mut Inventory, id: &str) {
    let all = Permission { protocol: "-1".to_owned(), from_port: None, to_port: None, ..https_to(&["10.0.0.0/8"]) };
    let dns = |protocol: &str| Permission {
        protocol: protocol.to_owned(),
        from_port: Some(53),
        to_port: Some(53),
        ..all.clone()
    };
    group(inventory, id).egress.extend(["udp", "tcp"].map(dns));
    let entries = &mut acl(inventory, "acl-users").entries;
    let all = entries.iter().map(|own| gatelight_model::inventory::AclEntry {
        number: 1,
        allow: true,
        protocol: "-1".to_owned(),
        cidr: "10.0.0.0/8".to_owned(),
        from_port: None,
        to_port: None,
        ..own.clone()
    });
    entries.extend(all.collect::<Vec<_>>());
}

#[test]
fn without_a_dns_server_that_answers_there_is_no_way() {
    let off = after(BEHIND, |inventory| support(inventory, false));
    assert_verdict(&off, "fails", "enableDnsSupport of vpc-orders is off");
    let own = after(BEHIND, |inventory| {
        support(inventory, false);
        server(inventory, 0, "10.0.0.53");
    });
    assert_eq!(own, "passes");
    let amazons = after(BEHIND, |inventory| {
        support(inventory, false);
        server(inventory, 0, "AmazonProvidedDNS");
    });
    assert_verdict(&amazons, "fails", "enableDnsSupport");
    let hidden = after(BEHIND, |inventory| {
        inventory.region.network.vpcs.seen[0].dns_support = Err(denied("ec2:DescribeVpcAttribute")).into();
    });
    assert_verdict(&hidden, "unknown", "ec2:DescribeVpcAttribute");
    // Whether or not the name is answered.
    let lost = after(BEHIND, |inventory| {
        inventory.region.network.vpcs.seen[0].dns_support = Err(denied("ec2:DescribeVpcAttribute")).into();
        routed(inventory, "rtb-orders", &[]);
    });
    assert_verdict(&lost, "fails", "no route");
    let neither = after(BESIDE, |inventory| {
        inventory.region.network.vpcs.seen[1].dns_support = Err(denied("ec2:DescribeVpcAttribute")).into();
        group(inventory, "sg-endpoint").ingress.clear();
    });
    assert_verdict(&neither, "fails", "sg-endpoint does not let tcp 443 in");
    let mut inventory = scope();
    support(&mut inventory, false);
    let command = inventory.failure(&CHECK, BEHIND).fix.only_command().join(" ");
    assert!(command.ends_with("--vpc-id vpc-orders --enable-dns-support"), "{command}");
}

#[test]
fn a_vpc_or_options_that_are_not_listed_hide_what_answers() {
    assert_verdict(
        &after(BEHIND, |inventory| inventory.region.network.vpcs.seen.clear()),
        "unknown",
        "AWS lists no VPC vpc-orders",
    );
    let options = after(BESIDE, |inventory| inventory.region.network.dhcp_options.seen.clear());
    assert_verdict(&options, "unknown", "AWS lists no set of DHCP options dopt-users");
    let broken = after(BESIDE, |inventory| {
        inventory.region.network.dhcp_options.seen.clear();
        break_off(&mut inventory.region.network.dhcp_options, "ec2:DescribeDhcpOptions");
    });
    assert_verdict(&broken, "unknown", "ec2:DescribeDhcpOptions");
}

#[test]
fn a_server_of_its_own_leaves_only_what_either_answer_comes_to() {
    // Neither the endpoint nor the public addresses let it through.
    let neither = after(BESIDE, |inventory| {
        server(inventory, 1, "10.1.0.53");
        open_dns(inventory, "sg-users");
        group(inventory, "sg-endpoint").ingress.clear();
    });
    assert_verdict(&neither, "fails", "sg-endpoint does not let tcp 443 in");
    // The server may know an endpoint in another network; one of the VPC's own that has the name leaves it to no other.
    let elsewhere = |own: bool| {
        after(BESIDE, |inventory| {
            if own {
                server(inventory, 1, "10.1.0.53");
                open_dns(inventory, "sg-users");
            }
            group(inventory, "sg-endpoint").ingress.clear();
            routed(inventory, "rtb-users", &[("10.1.0.0/16", "local"), ("10.9.0.0/16", "pcx-1")]);
            inventory.region.network.peering_connections.seen = vec![peering("active")];
        })
    };
    assert_verdict(&elsewhere(true), "unknown", "shared over pcx-1");
    assert_verdict(&elsewhere(false), "fails", "sg-endpoint does not let tcp 443 in");
    let either = after(BESIDE, |inventory| {
        server(inventory, 1, "10.1.0.53");
        open_dns(inventory, "sg-users");
    });
    assert_verdict(&either, "unknown", "a DNS server of its own, 10.1.0.53");
}

#[test]
fn what_may_be_told_to_use_fips_must_find_a_way_by_both_names() {
    let fips = |name: &str, change: fn(&mut Inventory)| {
        after(name, |inventory| {
            for function in &mut inventory.region.functions.seen {
                function.tracing_variables = texts(&["AWS_USE_FIPS_ENDPOINT"]);
            }
            change(inventory);
        })
    };
    assert_eq!(fips(BEHIND, |_| ()), "passes");
    assert_verdict(&fips(BEHIND, |inventory| routed(inventory, "rtb-orders", &[])), "fails", "no route");
    assert_verdict(
        &fips(BESIDE, |_| ()),
        "unknown",
        "by X-Ray's plain name packets arrive, by its FIPS name they stop",
    );
    let both = fips(BESIDE, |inventory| {
        let own = xray(inventory).clone();
        let service = "com.amazonaws.us-east-1.xray-fips".to_owned();
        inventory.region.network.endpoints.seen.push(VpcEndpoint { id: "vpce-fips".to_owned(), service, ..own });
    });
    assert_eq!(both, "passes");
    let mut elsewhere = scope();
    elsewhere.region.name = "eu-west-1".to_owned();
    elsewhere.region.functions.seen[0].tracing_variables = texts(&["AWS_USE_FIPS_ENDPOINT"]);
    assert_verdict(&said(&elsewhere, BEHIND), "unknown", "eu-west-1 has no endpoint xray-fips");
}
