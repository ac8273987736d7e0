//! One change away from a network with an endpoint and no other way.

use gatelight_model::Fetched;

use crate::{
    Row,
    build::{Scenario, https, texts},
};

const STATEMENT: &str = r#"{"Effect":"Allow","Principal":"*","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords"],"Resource":"*"}"#;

fn policy(net: &mut Scenario, statement: &str) {
    net.endpoint().policy = Some(format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#));
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "the endpoint is not ready yet",
        expected: "stops: route table rtb-private",
        source: "privatelink:create-interface-endpoint",
        change: |net| net.endpoint().state = "pending".into(),
    },
    Row {
        name: "the endpoint's state is written in capitals",
        expected: "arrives: its policy vpce-1",
        source: "ec2: VpcEndpoint.State, the case varies",
        change: |net| net.endpoint().state = "Available".into(),
    },
    Row {
        name: "private DNS is off",
        expected: "stops: route table rtb-private",
        source: "privatelink:privatelink-access-aws-services",
        change: |net| net.endpoint().private_dns = false,
    },
    Row {
        name: "the endpoint is for another service",
        expected: "stops: route table rtb-private",
        source: "xray: vpc endpoints",
        change: |net| net.endpoint().service = "com.amazonaws.us-east-1.logs".into(),
    },
    Row {
        name: "the endpoint is for another region",
        expected: "stops: route table rtb-private",
        source: "xray: vpc endpoints",
        change: |net| net.endpoint().service = "com.amazonaws.eu-west-1.xray".into(),
    },
    Row {
        name: "the endpoint is in another VPC",
        expected: "stops: route table rtb-private",
        source: "privatelink:create-interface-endpoint",
        change: |net| net.endpoint().vpc = "vpc-2".into(),
    },
    Row {
        name: "the VPC gives no host names",
        expected: "stops: route table rtb-private",
        source: "vpc:vpc-dns",
        change: |net| net.network().vpcs.seen[0].dns_hostnames = Fetched::known(false),
    },
    Row {
        name: "nobody resolves names",
        expected: "stops: name vpc-1",
        source: "vpc:vpc-dns",
        change: |net| net.network().vpcs.seen[0].dns_support = Fetched::known(false),
    },
    Row {
        name: "whether host names are given was not told",
        expected: "unknown: name vpc-1",
        source: "iam: ec2:DescribeVpcAttribute denied",
        change: |net| {
            net.network().vpcs.seen[0].dns_hostnames =
                Err(gatelight_checks::testing::denied("ec2:DescribeVpcAttribute")).into();
        },
    },
    Row {
        name: "the VPC has a DNS server of its own",
        expected: "unknown: name vpc-1",
        source: "vpc:DHCPOptionSet",
        change: |net| {
            net.dns_server("10.0.5.53");
            net.let_dns_out();
        },
    },
    Row {
        name: "the VPC has a DNS server of its own, and the function's group lets 443 alone out",
        expected: "stops: security group sg-function",
        source: "vpc:DHCPOptionSet",
        change: |net| net.dns_server("10.0.5.53"),
    },
    Row {
        name: "DHCP options name Amazon's DNS server by the base of the range plus two",
        expected: "arrives: its policy vpce-1",
        source: "vpc:AmazonDNS-concepts",
        change: |net| net.dns_server("10.0.0.2"),
    },
    Row {
        name: "DHCP options name the base plus two, and nobody resolves names",
        expected: "stops: name vpc-1",
        source: "vpc:AmazonDNS-concepts",
        change: |net| {
            net.dns_server("10.0.0.2");
            net.network().vpcs.seen[0].dns_support = Fetched::known(false);
        },
    },
    Row {
        name: "the VPC has a second range, and DHCP options name the base of the first plus two",
        expected: "arrives: its policy vpce-1",
        source: "vpc:AmazonDNS-concepts",
        change: |net| {
            net.dns_server("10.0.0.2");
            net.network().vpcs.seen[0].cidrs.push("100.64.0.0/16".into());
        },
    },
    Row {
        name: "DHCP options name the base of the second range plus two, which is not Amazon's server",
        expected: "unknown: name vpc-1",
        source: "vpc:AmazonDNS-concepts",
        change: |net| {
            net.dns_server("100.64.0.2");
            net.network().vpcs.seen[0].cidrs.push("100.64.0.0/16".into());
        },
    },
    Row {
        name: "two endpoints have private DNS, and both let packets in",
        expected: "arrives: its policy vpce-1",
        source: "privatelink: private DNS",
        change: |net| {
            let second = net.endpoint().clone();
            net.network()
                .endpoints
                .seen
                .push(gatelight_model::inventory::VpcEndpoint { id: "vpce-2".into(), ..second });
        },
    },
    Row {
        name: "two endpoints have private DNS, and one of them lets nobody in",
        expected: "unknown: name vpc-1",
        source: "privatelink: private DNS",
        change: |net| {
            let mut second = net.endpoint().clone();
            (second.id, second.security_groups) = ("vpce-2".into(), texts(&["sg-shut"]));
            net.network().endpoints.seen.push(second);
            net.group("sg-shut", vec![], vec![]);
        },
    },
    Row {
        name: "whether names are resolved was not told, and the endpoint lets nobody in",
        expected: "stops: its security group sg-endpoint",
        source: "vpc:vpc-dns",
        change: |net| {
            net.network().vpcs.seen[0].dns_support =
                Err(gatelight_checks::testing::denied("ec2:DescribeVpcAttribute")).into();
            net.group("sg-endpoint", vec![], vec![]);
        },
    },
    Row {
        name: "the endpoint has IPv6 addresses only",
        expected: "stops: name vpce-1",
        source: "privatelink:create-interface-endpoint",
        change: |net| {
            net.endpoint().ip_address_type = Fetched::known(Some("ipv6".into()));
            net.endpoint().dns_record_type = Fetched::known(Some("ipv6".into()));
        },
    },
    Row {
        name: "the endpoint has addresses of both kinds, and a name with IPv6 records only",
        expected: "stops: name vpce-1",
        source: "privatelink:create-interface-endpoint",
        change: |net| {
            net.endpoint().ip_address_type = Fetched::known(Some("dualstack".into()));
            net.endpoint().dns_record_type = Fetched::known(Some("ipv6".into()));
        },
    },
    Row {
        name: "the endpoint has addresses and records of both kinds",
        expected: "arrives: its policy vpce-1",
        source: "privatelink:create-interface-endpoint",
        change: |net| {
            net.endpoint().ip_address_type = Fetched::known(Some("dualstack".into()));
            net.endpoint().dns_record_type = Fetched::known(Some("dualstack".into()));
        },
    },
    Row {
        name: "the endpoint has records that its service defines: IPv4 ones for the private name",
        expected: "arrives: its policy vpce-1",
        source: "cdk: VpcEndpointDnsRecordIpType",
        change: |net| {
            net.endpoint().ip_address_type = Fetched::known(Some("dualstack".into()));
            net.endpoint().dns_record_type = Fetched::known(Some("service-defined".into()));
        },
    },
    Row {
        name: "the endpoint has addresses of both kinds, and its records were not told",
        expected: "unknown: endpoint vpce-1",
        source: "iam: ec2:DescribeVpcEndpoints denied",
        change: |net| {
            net.endpoint().ip_address_type = Fetched::known(Some("dualstack".into()));
            net.endpoint().dns_record_type = Err(gatelight_checks::testing::denied("ec2:DescribeVpcEndpoints")).into();
        },
    },
    Row {
        name: "an older inventory holds no address type, and the endpoint stands in subnets with IPv4 ranges",
        expected: "arrives: its policy vpce-1",
        source: "privatelink:create-interface-endpoint",
        change: |net| {
            let gap = || Err(gatelight_model::Gap::not_collected("an older inventory")).into();
            (net.endpoint().ip_address_type, net.endpoint().dns_record_type) = (gap(), gap());
        },
    },
    Row {
        name: "the endpoint has IPv6 addresses only, and the function IPv6 too",
        expected: "unknown: name vpce-1",
        source: "lambda:configuration-vpc",
        change: |net| {
            net.endpoint().ip_address_type = Fetched::known(Some("ipv6".into()));
            net.attached().ipv6 = true;
            net.egress(vec![https(&["0.0.0.0/0", "::/0"], &[])]);
        },
    },
    Row {
        name: "the endpoint has IPv6 addresses only, and the function's group lets none of them out",
        expected: "stops: name vpce-1",
        source: "vpc:security-group-rules",
        change: |net| {
            net.endpoint().ip_address_type = Fetched::known(Some("ipv6".into()));
            net.attached().ipv6 = true;
        },
    },
    Row {
        name: "an appliance between the function and the endpoint, which checks source and destination",
        expected: "stops: route table rtb-private 10.0.5.0/24",
        source: "vpc:work-with-nat-instances",
        change: |net| {
            net.nat_instance().source_dest_check = true;
            net.route("rtb-private", "10.0.5.0/24", "eni-nat");
        },
    },
    Row {
        name: "a propagated route more specific than the VPC's own",
        expected: "arrives: its policy vpce-1",
        source: "vpn:vpn-route-priority",
        change: |net| {
            net.route("rtb-private", "10.0.5.0/24", "vgw-1").origin =
                Fetched::known("EnableVgwRoutePropagation".into());
        },
    },
    Row {
        name: "the endpoint's group lets nobody in",
        expected: "stops: its security group sg-endpoint",
        source: "privatelink: security groups",
        change: |net| net.group("sg-endpoint", vec![], vec![]),
    },
    Row {
        name: "the endpoint's group lets the function's range in",
        expected: "arrives: its policy vpce-1",
        source: "vpc:security-group-rules",
        change: |net| {
            net.group("sg-endpoint", vec![https(&["10.0.0.0/16"], &[])], vec![]);
        },
    },
    Row {
        name: "the endpoint's group lets one subnet in of two",
        expected: "stops: its security group sg-endpoint",
        source: "vpc:security-group-rules",
        change: |net| {
            net.group("sg-endpoint", vec![https(&["10.0.1.0/24"], &[])], vec![]);
        },
    },
    Row {
        name: "the endpoint's group lets half of a subnet in",
        expected: "unknown: its security group sg-endpoint",
        source: "vpc:security-group-rules",
        change: |net| {
            net.group("sg-endpoint", vec![https(&["10.0.1.0/25", "10.0.2.0/24"], &[])], vec![]);
        },
    },
    Row {
        name: "the endpoint's group lets in by a prefix list",
        expected: "arrives: its policy vpce-1",
        source: "vpc:managed-prefix-lists",
        change: |net| {
            net.prefix_list("pl-private", &["10.0.1.0/24", "10.0.2.0/24"]);
            let mut rule = https(&[], &[]);
            rule.prefix_lists = vec!["pl-private".into()];
            net.group("sg-endpoint", vec![rule], vec![]);
        },
    },
    Row {
        name: "the function's group lets out to the endpoint's group",
        expected: "arrives: its policy vpce-1",
        source: "vpc:security-group-rules",
        change: |net| net.egress(vec![https(&[], &["sg-endpoint"])]),
    },
    Row {
        name: "the function's group lets out to another group",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| net.egress(vec![https(&[], &["sg-function"])]),
    },
    Row {
        name: "the endpoint refuses, and a NAT gateway would not",
        expected: "stops: its security group sg-endpoint",
        source: "privatelink: private DNS",
        change: |net| {
            let nat = crate::build::with_nat().inventory.region.network;
            net.network().nat_gateways = nat.nat_gateways;
            net.network().internet_gateways = nat.internet_gateways;
            net.lead("rtb-private", "nat-1");
            net.lead("rtb-public", "igw-1");
            net.group("sg-endpoint", vec![], vec![]);
        },
    },
    Row {
        name: "the endpoint subnet's ACL lets nothing in",
        expected: "stops: its network ACL acl-endpoint 50",
        source: "vpc:nacl-rules",
        change: |net| net.deny("acl-endpoint", false, "10.0.0.0/16", (443, 443)),
    },
    Row {
        name: "the endpoint subnet's ACL lets no answer out",
        expected: "stops: its network ACL acl-endpoint 50",
        source: "vpc:nacl-ephemeral-ports",
        change: |net| net.deny("acl-endpoint", true, "10.0.0.0/16", (1024, 65535)),
    },
    Row {
        name: "the function subnets' ACL lets no answer in",
        expected: "stops: network ACL acl-private 50",
        source: "vpc:nacl-ephemeral-ports",
        change: |net| net.deny("acl-private", false, "10.0.5.0/24", (1024, 65535)),
    },
    Row {
        name: "an ACL that closes a subnet does not close it to itself",
        expected: "arrives: its policy vpce-1",
        source: "vpc:nacl-basics",
        change: |net| {
            net.endpoint().subnets = texts(&["subnet-a"]);
            net.attached().subnets = texts(&["subnet-a"]);
            net.acl("acl-private").entries.clear();
        },
    },
    Row {
        name: "the policy allows both actions",
        expected: "arrives: its policy vpce-1",
        source: "xray: endpoint policy",
        change: |net| policy(net, STATEMENT),
    },
    Row {
        name: "the policy allows segments and no telemetry, as AWS's example does",
        expected: "arrives without statistics: its policy vpce-1",
        source: "xray: endpoint policy",
        change: |net| {
            policy(net, r#"{"Effect":"Allow","Principal":"*","Action":"xray:PutTraceSegments","Resource":"*"}"#);
        },
    },
    Row {
        name: "the policy allows telemetry and no segments",
        expected: "stops: its policy vpce-1",
        source: "xray: endpoint policy",
        change: |net| {
            policy(net, r#"{"Effect":"Allow","Principal":"*","Action":"xray:PutTelemetryRecords","Resource":"*"}"#);
        },
    },
    Row {
        name: "the policy denies",
        expected: "stops: its policy vpce-1",
        source: "iam: evaluation logic",
        change: |net| {
            policy(net, &format!("{STATEMENT},{}", STATEMENT.replace("Allow", "Deny")));
        },
    },
    Row {
        name: "the policy allows another role",
        expected: "stops: its policy vpce-1",
        source: "iam: principal",
        change: |net| {
            policy(
                net,
                &STATEMENT.replace(r#""*","Action""#, r#"{"AWS":"arn:aws:iam::123456789012:role/other"},"Action""#),
            );
        },
    },
    Row {
        name: "a firewall between the function and the endpoint",
        expected: "unknown: route table rtb-private 10.0.5.0/24",
        source: "vpc:RouteTables",
        change: |net| {
            net.route("rtb-private", "10.0.5.0/24", "vpce-wall");
        },
    },
    Row {
        name: "a black hole between the function and the endpoint",
        expected: "stops: route table rtb-private 10.0.5.0/24",
        source: "vpc:RouteTables",
        change: |net| {
            net.route("rtb-private", "10.0.5.0/24", "eni-wall").state = "blackhole".into();
        },
    },
    Row {
        name: "public access is blocked",
        expected: "arrives: its policy vpce-1",
        source: "vpc:security-vpc-bpa-basics",
        change: |net| {
            net.subnet("subnet-a").public_access_block = Some("block-bidirectional".into());
        },
    },
];
