//! The way through an endpoint.

use super::*;

#[test]
fn an_endpoint_that_the_name_leads_to_is_the_way_even_where_it_refuses() {
    let behind_nat = |inventory: &mut Inventory| {
        routed(inventory, "rtb-users", &[("0.0.0.0/0", "nat-regional")]);
        nat(inventory, "nat-regional").zones.clear();
        let gateway = &mut inventory.region.network.internet_gateways.seen[0];
        gateway.vpcs.push("vpc-users".to_owned());
        group(inventory, "sg-users").egress.push(https_to(&["0.0.0.0/0"]));
    };
    let refused = after(BESIDE, |inventory| {
        behind_nat(inventory);
        group(inventory, "sg-endpoint").ingress.clear();
    });
    assert_verdict(&refused, "fails", "endpoint vpce-xray: sg-endpoint does not let tcp 443 in from subnet-users-a");
    for change in [
        (|endpoint| endpoint.private_dns = false) as fn(&mut VpcEndpoint),
        |endpoint| endpoint.state = String::from("pending"),
        |endpoint| endpoint.service = String::from("com.amazonaws.us-east-1.logs"),
        |endpoint| endpoint.service = String::from("com.amazonaws.eu-west-1.xray"),
        |endpoint| endpoint.kind = String::from("Gateway"),
        |endpoint| endpoint.vpc = String::from("vpc-orders"),
    ] {
        assert_verdict(
            &after(BESIDE, |inventory| change(xray(inventory))),
            "fails",
            "not let tcp 443 out to public addresses",
        );
        let with_nat = after(BESIDE, |inventory| {
            behind_nat(inventory);
            change(xray(inventory));
        });
        assert_eq!(with_nat, "passes");
    }
    for change in [
        (|endpoint| endpoint.state = "Available".to_owned()) as fn(&mut VpcEndpoint),
        |endpoint| endpoint.service = String::from("cn.com.amazonaws.us-east-1.xray"),
        |endpoint| endpoint.policy = None,
    ] {
        assert_eq!(after(BESIDE, |inventory| change(xray(inventory))), "passes");
    }
}

#[test]
fn an_endpoint_needs_the_dns_of_the_vpc() {
    let hostnames =
        after(BESIDE, |inventory| inventory.region.network.vpcs.seen[1].dns_hostnames = Fetched::known(false));
    assert_verdict(&hostnames, "fails", "to public addresses");
    let support = after(BESIDE, |inventory| inventory.region.network.vpcs.seen[1].dns_support = Fetched::known(false));
    assert_verdict(&support, "fails", "enableDnsSupport of vpc-users is off");
    let servers = |servers: &[&str]| {
        let own = DhcpOptions { id: "dopt-users".to_owned(), dns_servers: texts(servers) };
        after(BESIDE, |inventory| inventory.region.network.dhcp_options.seen = vec![own])
    };
    assert_verdict(
        &servers(&["10.1.0.53"]),
        "fails",
        "sg-users, sg-shared do not let udp 53 out to DNS server 10.1.0.53",
    );
    for amazons in ["amazonprovideddns", "169.254.169.253", "fd00:ec2::253"] {
        assert_eq!(servers(&[amazons]), "passes", "{amazons}");
    }
    // `vpc-users` has two ranges, and the server's address is that of the primary one.
    assert_eq!(servers(&["10.1.0.2"]), "passes");
    let second = servers(&["100.64.0.2"]);
    assert_verdict(&second, "unknown", "100.64.0.2 is not the address of Amazon's DNS server");
    let older = after(BESIDE, |inventory| {
        let network = &mut inventory.region.network;
        network.vpcs.seen[1].primary_cidr = Err(denied("ec2:DescribeVpcs")).into();
        network.dhcp_options.seen[0].dns_servers = texts(&["10.1.0.2"]);
    });
    assert_verdict(&older, "unknown", "primary range of vpc-users");
    let base_plus_two = |support: bool| {
        after(BESIDE, |inventory| {
            let network = &mut inventory.region.network;
            network.vpcs.seen[1].cidrs.truncate(1);
            network.vpcs.seen[1].dns_support = Fetched::known(support);
            network.dhcp_options.seen[0].dns_servers = texts(&["10.1.0.2"]);
        })
    };
    assert_eq!(base_plus_two(true), "passes");
    assert_verdict(&base_plus_two(false), "fails", "enableDnsSupport of vpc-users is off");
    assert_eq!(servers(&[]), "passes");
}

#[test]
fn security_groups_and_acls_lead_to_the_endpoint() {
    let egress = |egress: Vec<Permission>| after(BESIDE, |inventory| group(inventory, "sg-shared").egress = egress);
    assert_eq!(egress(vec![https_to(&["10.1.0.0/16"])]), "passes");
    assert_verdict(&egress(vec![https_to(&["10.2.0.0/16"])]), "fails", "sg-users, sg-shared do not let tcp 443 out");
    assert_verdict(&egress(vec![https_to(&["10.1.1.0/28"])]), "unknown", "some addresses");
    // The name leads to either subnet.
    assert_verdict(&egress(vec![https_to(&["10.1.1.0/24"])]), "unknown", "a part of the addresses");
    let ingress =
        |cidr: &str| after(BESIDE, |inventory| group(inventory, "sg-endpoint").ingress = vec![https_to(&[cidr])]);
    assert_eq!(ingress("10.1.1.0/24"), "passes");
    assert_verdict(&ingress("10.1.2.0/24"), "fails", "sg-endpoint does not let");
    assert_verdict(&after(BESIDE, |inventory| xray(inventory).security_groups.clear()), "unknown", "no security group");
    assert_verdict(&after(BESIDE, |inventory| xray(inventory).subnets.clear()), "unknown", "no subnet of endpoint");
    let shut = after(BESIDE, |inventory| {
        acl(inventory, "acl-users").entries.clear();
        xray(inventory).subnets = texts(&["subnet-users-b"]);
    });
    assert_verdict(&shut, "fails", "acl-users (no entry allows it) does not let tcp 443 out to endpoint vpce-xray");
    let same = after(BESIDE, |inventory| {
        acl(inventory, "acl-users").entries.clear();
        xray(inventory).subnets = texts(&["subnet-users-a"]);
    });
    assert_eq!(same, "passes");
}

#[test]
fn the_policy_of_an_endpoint_must_allow_segments() {
    let policy = |statement: &str| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        after(BESIDE, |inventory| xray(inventory).policy = Some(text))
    };
    let allow = |principal: &str, action: &str| {
        policy(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":{action},"Resource":"*"}}"#))
    };
    assert_eq!(allow(r#""*""#, r#""xray:Put*""#), "passes");
    assert_eq!(allow(r#"{"AWS":"*"}"#, r#""*""#), "passes");
    assert_eq!(allow(r#"{"AWS":["arn:aws:iam::123456789012:role/tracer"]}"#, r#""xray:*""#), "passes");
    assert_eq!(allow(r#"{"AWS":"123456789012"}"#, r#""*""#), "passes");
    assert_eq!(allow(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, r#""*""#), "passes");
    assert_verdict(&allow(r#""*""#, r#""xray:PutTelemetryRecords""#), "fails", "packets to X-Ray stop");
    assert_verdict(&allow(r#"{"AWS":"arn:aws:iam::123456789012:role/other"}"#, r#""*""#), "fails", "does not allow");
    assert_verdict(&allow(r#"{"AWS":"210987654321"}"#, r#""*""#), "fails", "does not allow");
    assert_verdict(
        &allow(r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/tracer/x"}"#, r#""*""#),
        "unknown",
        "Principal",
    );
    assert_verdict(&allow(r#"{"Service":"x.amazonaws.com"}"#, r#""*""#), "unknown", "Principal");
    assert_verdict(&policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#), "unknown", "Principal");
    let on = |key: &str, value: &str| {
        policy(&format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"{key}":"{value}"}}}}}}"#
        ))
    };
    assert_eq!(on("aws:PrincipalAccount", "123456789012"), "passes");
    assert_verdict(&on("aws:PrincipalAccount", "210987654321"), "fails", "does not allow");
    assert_verdict(&on("aws:PrincipalOrgID", "o-1"), "unknown", "aws:PrincipalOrgID");
    assert_verdict(
        &after(BESIDE, |inventory| xray(inventory).policy = Some("{".to_owned())),
        "unknown",
        "cannot be read",
    );
}

/// AWS's own example of an endpoint policy.
#[test]
fn a_policy_that_allows_segments_alone_costs_the_statistics_only() {
    let with_policy = |statement: &str| {
        let mut inventory = scope();
        xray(&mut inventory).policy = Some(format!(r#"{{"Statement":[{statement}]}}"#));
        inventory
    };
    let segments = r#"{"Effect":"Allow","Principal":"*","Action":"xray:PutTraceSegments","Resource":"*"}"#;
    let failure = with_policy(segments).failure(&CHECK, BESIDE);
    assert_eq!(failure.severity, Some(Severity::Low));
    assert!(failure.message.contains("does not allow xray:PutTelemetryRecords"), "{}", failure.message);
    assert!(failure.fix.only_command().contains(&"--reset-policy".to_owned()));
    assert_eq!(failure.evidence.len(), 1);
    assert!(failure.evidence[0].value.starts_with("arrives"), "{}", failure.evidence[0].value);

    let condition = r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#;
    let maybe = segments.replace("PutTraceSegments", "PutTelemetryRecords").replace('}', &format!(",{condition}}}"));
    let maybe = with_policy(&format!("{segments},{maybe}"));
    assert_verdict(&said(&maybe, BESIDE), "unknown", "aws:PrincipalOrgID");

    // Segments that stop elsewhere matter more.
    let mut stopped = with_policy(segments);
    group(&mut stopped, "sg-endpoint").ingress.clear();
    assert_verdict(&said(&stopped, BESIDE), "fails", "sg-endpoint does not let tcp 443 in");
}
