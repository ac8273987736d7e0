//! What is said beside the verdict: severity, callers, the fix, the hops.

use super::*;

#[test]
fn severity_and_confidence_tell_what_is_lost_and_how_surely() {
    let severity = |change: fn(&mut Function)| {
        let mut inventory = scope();
        routed(&mut inventory, "rtb-orders", &[]);
        change(&mut inventory.region.functions.seen[0]);
        let failure = inventory.failure(&CHECK, BEHIND);
        (failure.severity.expect("a severity"), failure.confidence)
    };
    let unsure = (Severity::Low, Confidence::Low);
    // Active tracing alone: Lambda's own daemon sends, by a way that AWS does not document.
    assert_eq!(severity(|_| ()), unsure);
    assert_eq!(severity(|function| function.tracing_mode = Some("PassThrough".to_owned())), unsure);
    for layer in ["aws-otel-python-amd64-ver-1-29-0:2", "Datadog-Extension-ARM:65"] {
        let mut inventory = scope();
        routed(&mut inventory, "rtb-orders", &[]);
        inventory.region.functions.seen[0].layers =
            vec![format!("arn:aws:lambda:us-east-1:901920570463:layer:{layer}")];
        let failure = inventory.failure(&CHECK, BEHIND);
        assert_eq!((failure.severity, failure.confidence), (Some(Severity::High), Confidence::High), "{layer}");
    }
    let hotel = |function: &mut Function| function.layers = texts(&["arn:aws:lambda:us-east-1:1:layer:hotel-common:1"]);
    assert_eq!(severity(hotel), unsure);
    for variable in ["AWS_LAMBDA_EXEC_WRAPPER", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        let mut inventory = scope();
        routed(&mut inventory, "rtb-orders", &[]);
        inventory.region.functions.seen[0].tracing_variables = texts(&[variable]);
        let failure = inventory.failure(&CHECK, BEHIND);
        assert_eq!((failure.severity, failure.confidence), (Some(Severity::High), Confidence::High), "{variable}");
    }
}

#[test]
fn stages_that_are_known_to_call_it_are_named() {
    let named = |policy: Option<&str>| {
        let mut inventory = scope();
        routed(&mut inventory, "rtb-orders", &[]);
        let function = inventory.region.functions.seen[0].arn.clone();
        let policy = Fetched::known(policy.map(str::to_owned));
        inventory.region.callers = vec![gatelight_model::inventory::CallersAnswer { function, policy }];
        let names: Vec<_> = inventory.failure(&CHECK, BEHIND).affects.into_iter().map(|stage| stage.name).collect();
        names.join(" ")
    };
    let policy = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"#,
        r#""Action":"lambda:InvokeFunction","Resource":"f","Condition":{"ArnLike":{"AWS:SourceArn":"#,
        r#""arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*/GET/pets"}}}]}"#
    );
    assert_eq!(named(Some(policy)), "orders/prod orders/staging");
    assert_eq!(named(None), "");
    let mut unasked = scope();
    routed(&mut unasked, "rtb-orders", &[]);
    unasked.region.callers.clear();
    assert_eq!(unasked.failure(&CHECK, BEHIND).affects, []);
}

#[test]
fn the_fix_is_an_endpoint_or_the_one_rule() {
    let command = |name: &str, change: fn(&mut Inventory)| {
        let mut inventory = scope();
        change(&mut inventory);
        inventory.failure(&CHECK, name).fix.commands.iter().map(|own| own.join(" ")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        command(BEHIND, |inventory| routed(inventory, "rtb-orders", &[])),
        "aws ec2 modify-vpc-attribute --region us-east-1 --vpc-id vpc-orders --enable-dns-hostnames\n\
         aws ec2 create-vpc-endpoint --region us-east-1 --vpc-id vpc-orders --vpc-endpoint-type Interface --service-name \
         com.amazonaws.us-east-1.xray --subnet-ids subnet-orders-a subnet-orders-b --security-group-ids \
         <a group that lets 443 in from sg-orders> --private-dns-enabled"
    );
    let ingress = command(BESIDE, |inventory| group(inventory, "sg-endpoint").ingress.clear());
    assert!(
        ingress.contains("authorize-security-group-ingress") && ingress.contains("--group-id sg-endpoint"),
        "{ingress}"
    );
    let dns = command(BESIDE, |inventory| {
        xray(inventory).private_dns = false;
        group(inventory, "sg-shared").egress.push(https_to(&["0.0.0.0/0"]));
    });
    assert!(dns.contains("modify-vpc-endpoint") && dns.contains("vpce-xray"), "{dns}");
}

#[test]
fn the_fix_says_what_it_costs_and_takes_a_group_that_is_there() {
    let mut inventory = scope();
    routed(&mut inventory, "rtb-orders", &[]);
    let say = inventory.failure(&CHECK, BEHIND).fix.text;
    assert!(say.contains("about $15 a month for 2 zones (at the hourly price of us-east-1"), "{say}");
    let logs = VpcEndpoint {
        id: "vpce-logs".to_owned(),
        vpc: "vpc-orders".to_owned(),
        service: "com.amazonaws.us-east-1.logs".to_owned(),
        security_groups: texts(&["sg-closed", "sg-logs"]),
        ..xray(&mut inventory).clone()
    };
    inventory.region.network.endpoints.seen.push(logs);
    for (id, ingress) in [("sg-closed", vec![]), ("sg-logs", vec![https_to(&["10.0.0.0/16"])])] {
        let group = SecurityGroup { id: id.to_owned(), ingress, egress: vec![] };
        inventory.region.network.security_groups.seen.push(group);
    }
    let command = inventory.failure(&CHECK, BEHIND).fix.commands.last().expect("a command").join(" ");
    assert!(command.contains("--security-group-ids sg-logs --private-dns-enabled"), "{command}");
    inventory.region.name = "eu-west-1".to_owned();
    let say = inventory.failure(&CHECK, BEHIND).fix.text;
    assert!(say.contains("about $16 a month for 2 zones (at the hourly price of eu-west-1"), "{say}");
}

#[test]
fn paths_are_told_hop_by_hop_with_the_rules_that_decided() {
    let inventory = scope();
    let context = Context::new(inventory.scope());
    let told = |function: &Function| {
        let paths = gatelight_network::paths(function, context.network()).expect("paths");
        let lines = paths.iter().flat_map(|path| {
            let rule = |hop: &Hop| hop.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
            let hops = path.hops.iter().map(move |hop| format!("{} {}{}", hop.kind.name(), hop.id, rule(hop)));
            std::iter::once(format!("{} {:?}", path.name(), path.result)).chain(hops)
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let behind = told(&inventory.region.functions.seen[0]);
    let first = "subnet-orders-a (us-east-1a) Through\nDNS name vpc-orders\nsecurity group sg-orders (all 0.0.0.0/0)\n\
                 network ACL acl-orders (100)\nnetwork ACL acl-orders (100)\nroute table rtb-orders (0.0.0.0/0)\n\
                 NAT gateway nat-zonal\n";
    assert!(behind.starts_with(first), "{behind}");
    let beside = told(&inventory.region.functions.seen[1]);
    for hop in [
        "DNS name vpce-xray",
        "security group sg-users, sg-shared (tcp 443 sg-endpoint)",
        "endpoint's security group sg-endpoint (tcp 443 sg-shared)",
        "endpoint policy vpce-xray",
    ] {
        assert!(beside.contains(hop), "{beside}");
    }
    let mut outside = inventory.region.functions.seen[0].clone();
    outside.vpc = None;
    assert_eq!(gatelight_network::paths(&outside, context.network()), Ok(vec![]));
}
