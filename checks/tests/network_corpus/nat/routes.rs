//! Names, routes, gateways.

use gatelight_model::Fetched;

use crate::{Row, build::texts};

pub(crate) const ROWS: [Row; 34] = [
    Row {
        name: "two halves instead of one default route",
        expected: "arrives: public access igw-1",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.routes("rtb-private").routes.truncate(1);
            net.route("rtb-private", "0.0.0.0/1", "nat-1");
            net.route("rtb-private", "128.0.0.0/1", "nat-1");
        },
    },
    Row {
        name: "one half alone",
        expected: "unknown: route table rtb-private",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.routes("rtb-private").routes[1].destination = "0.0.0.0/1".into();
        },
    },
    Row {
        name: "no default route",
        expected: "stops: route table rtb-private",
        source: "vpc:VPC_Route_Tables",
        change: |net| {
            net.routes("rtb-private").routes.truncate(1);
        },
    },
    Row {
        name: "a prefix list of everything as default route",
        expected: "arrives: public access igw-1",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.prefix_list("pl-all", &["0.0.0.0/0"]);
            net.routes("rtb-private").routes[1].destination = "pl-all".into();
        },
    },
    Row {
        name: "a prefix list that nobody may read leads part of it away",
        expected: "unknown: route table rtb-private",
        source: "iam: ec2:GetManagedPrefixListEntries denied",
        change: |net| {
            net.route("rtb-private", "pl-1", "tgw-1");
        },
    },
    Row {
        name: "S3's prefix list to a gateway endpoint",
        expected: "arrives: public access igw-1",
        source: "vpc:gateway-endpoints",
        change: |net| {
            let mut gateway = gatelight_checks::testing::healthy().region.network.endpoints.seen[0].clone();
            gateway.vpc = "vpc-1".into();
            net.network().endpoints.seen.push(gateway);
            net.route("rtb-private", "pl-63a5400a", "vpce-s3");
        },
    },
    Row {
        name: "an explicit association with a table that has no way",
        expected: "stops: route table rtb-closed",
        source: "vpc:subnet-route-tables",
        change: |net| {
            net.table("rtb-closed", false, &["subnet-b"]);
        },
    },
    Row {
        name: "a black hole",
        expected: "stops: route table rtb-private 0.0.0.0/0",
        source: "vpc:nat-gateway-basics",
        change: |net| {
            net.routes("rtb-private").routes[1].state = "blackhole".into();
        },
    },
    Row {
        name: "a part of the internet led away by a longer prefix",
        expected: "unknown: route table rtb-private",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.route("rtb-private", "52.94.0.0/16", "igw-1");
        },
    },
    Row {
        name: "private addresses led to a transit gateway",
        expected: "arrives: public access igw-1",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.route("rtb-private", "10.0.0.0/8", "tgw-1");
        },
    },
    Row {
        name: "the internet gateway straight from the function's subnet",
        expected: "stops: route table rtb-private 0.0.0.0/0",
        source: "lambda:configuration-vpc-internet",
        change: |net| net.lead("rtb-private", "igw-1"),
    },
    Row {
        name: "the NAT gateway was deleted",
        expected: "stops: NAT gateway nat-1",
        source: "vpc:nat-gateway-troubleshooting",
        change: |net| net.nat().state = "deleted".into(),
    },
    Row {
        name: "the NAT gateway is being deleted",
        expected: "unknown: NAT gateway nat-1",
        source: "vpc:nat-gateway-basics",
        change: |net| net.nat().state = "deleting".into(),
    },
    Row {
        name: "the NAT gateway is not ready yet",
        expected: "stops: NAT gateway nat-1",
        source: "vpc:nat-gateway-troubleshooting",
        change: |net| net.nat().state = "pending".into(),
    },
    Row {
        name: "the NAT gateway is private",
        expected: "stops: its route table rtb-public 0.0.0.0/0",
        source: "vpc:nat-gateway-basics",
        change: |net| net.nat().public = false,
    },
    Row {
        name: "the NAT gateway stands in the function's own subnet",
        expected: "stops: its route table rtb-private 0.0.0.0/0",
        source: "vpc:nat-gateway-basics",
        change: |net| net.nat().subnet = Some("subnet-a".into()),
    },
    Row {
        name: "the NAT gateway's subnet has no way on",
        expected: "stops: its route table rtb-public",
        source: "vpc:nat-gateway-scenarios",
        change: |net| net.routes("rtb-public").routes.truncate(1),
    },
    Row {
        name: "the NAT gateway's subnet follows the main table",
        expected: "stops: its route table rtb-private 0.0.0.0/0",
        source: "vpc:subnet-route-tables",
        change: |net| net.routes("rtb-public").subnets.clear(),
    },
    Row {
        name: "the internet gateway is not attached",
        expected: "stops: internet gateway igw-1",
        source: "vpc:VPC_Internet_Gateway",
        change: |net| net.network().internet_gateways.seen[0].vpcs.clear(),
    },
    Row {
        name: "the internet gateway is attached to another VPC",
        expected: "stops: internet gateway igw-1",
        source: "vpc:VPC_Internet_Gateway",
        change: |net| {
            net.network().internet_gateways.seen[0].vpcs = texts(&["vpc-2"]);
        },
    },
    Row {
        name: "public access is blocked both ways",
        expected: "stops: public access igw-1",
        source: "vpc:security-vpc-bpa-basics",
        change: |net| {
            net.subnet("subnet-public").public_access_block = Some("block-bidirectional".into());
        },
    },
    Row {
        name: "public access is blocked inwards",
        expected: "arrives: public access igw-1",
        source: "vpc:security-vpc-bpa-basics",
        change: |net| {
            net.subnet("subnet-public").public_access_block = Some("block-ingress".into());
        },
    },
    Row {
        name: "a regional NAT gateway",
        expected: "arrives: public access igw-1",
        source: "vpc:nat-gateways-regional",
        change: |net| net.regional(&[]),
    },
    Row {
        name: "a regional NAT gateway that covers one zone of two",
        expected: "stops: NAT gateway nat-1",
        source: "vpc:nat-gateways-regional",
        change: |net| net.regional(&["us-east-1a"]),
    },
    Row {
        name: "a regional NAT gateway whose own table leads nowhere",
        expected: "stops: its route table rtb-regional",
        source: "vpc:nat-gateways-regional",
        change: |net| {
            net.regional(&[]);
            net.routes("rtb-regional").routes.truncate(1);
        },
    },
    Row {
        name: "the NAT gateways could not be listed",
        expected: "unknown: NAT gateway nat-1",
        source: "iam: ec2:DescribeNatGateways denied",
        change: |net| {
            net.network().nat_gateways =
                gatelight_model::Listing::unread(gatelight_checks::testing::denied("ec2:DescribeNatGateways"));
        },
    },
    Row {
        name: "the route tables broke off",
        expected: "unknown: route table subnet-a",
        source: "iam: ec2:DescribeRouteTables denied",
        change: |net| {
            gatelight_checks::testing::break_off(&mut net.network().route_tables, "ec2:DescribeRouteTables");
        },
    },
    Row {
        name: "the endpoints could not be listed",
        expected: "unknown: name vpc-1",
        source: "iam: ec2:DescribeVpcEndpoints denied",
        change: |net| {
            gatelight_checks::testing::break_off(&mut net.network().endpoints, "ec2:DescribeVpcEndpoints");
        },
    },
    Row {
        name: "the VPC's DNS is off",
        expected: "stops: name vpc-1",
        source: "vpc:vpc-dns",
        change: |net| net.network().vpcs.seen[0].dns_support = Fetched::known(false),
    },
    Row {
        name: "the VPC has a DNS server of its own and no endpoint",
        expected: "arrives: public access igw-1",
        source: "vpc:DHCPOptionSet",
        change: |net| {
            net.network().dhcp_options.seen[0].dns_servers = texts(&["10.0.0.53"]);
        },
    },
    Row {
        name: "a longer route inside the VPC on the way back",
        expected: "unknown: its route table rtb-public 10.0.1.0/24",
        source: "vpc:RouteTables",
        change: |net| {
            net.route("rtb-public", "10.0.1.0/24", "eni-wall");
        },
    },
    Row {
        name: "a subnet that another account shares",
        expected: "unknown: name vpc-1",
        source: "vpc:vpc-sharing",
        change: |net| net.subnet("subnet-a").owner = "210987654321".into(),
    },
    Row {
        name: "on managed instances",
        expected: "arrives: public access igw-1",
        source: "lambda: managed instances, the facts §6.3",
        change: |net| {
            let arn = net.inventory.region.capacity_providers[0].arn.clone();
            let attached = net.function().vpc.take().expect("it is in a VPC");
            net.function().capacity_provider = Some(arn);
            net.inventory.region.capacity_providers[0].vpc = Fetched::known(attached);
        },
    },
    Row {
        name: "in no VPC",
        expected: "n/a",
        source: "lambda:configuration-vpc",
        change: |net| net.function().vpc = None,
    },
];
