//! Names, routes, gateways.

use gatelight_model::Fetched;

use crate::{Row, build::texts};

pub(crate) const ROWS: [Row; 58] = [
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
            net.dns_server("10.0.9.53");
            net.let_dns_out();
        },
    },
    Row {
        name: "a DNS server of its own, and the function's group lets 443 alone out",
        expected: "stops: security group sg-function",
        source: "vpc:DHCPOptionSet",
        change: |net| net.dns_server("10.0.9.53"),
    },
    Row {
        name: "a DNS server of its own, and the function's group lets TCP alone out to it",
        expected: "stops: security group sg-function",
        source: "vpc:DHCPOptionSet",
        change: |net| {
            net.dns_server("10.0.9.53");
            net.let_dns_out();
            net.routes("rtb-private");
            let rules = &mut net.network().security_groups.seen;
            let own = rules.iter_mut().find(|own| own.id == "sg-function").expect("the group");
            own.egress.retain(|rule| rule.protocol != "udp");
        },
    },
    Row {
        name: "a DNS server of its own, to which only UDP gets: a long answer would be lost",
        expected: "unknown: name vpc-1",
        source: "rfc:7766",
        change: |net| {
            net.dns_server("10.0.9.53");
            net.let_dns_out();
            let rules = &mut net.network().security_groups.seen;
            let own = rules.iter_mut().find(|own| own.id == "sg-function").expect("the group");
            own.egress.retain(|rule| rule.from_port != Some(53) || rule.protocol == "udp");
        },
    },
    Row {
        name: "a DNS server of its own, and the ACL of the function's subnets lets TCP alone out",
        expected: "stops: network ACL acl-private *",
        source: "vpc:nacl-rules",
        change: |net| {
            net.dns_server("10.0.9.53");
            net.let_dns_out();
            net.acl("acl-private").entries.retain(|entry| entry.protocol == "6");
        },
    },
    Row {
        name: "a DNS server of its own, and the ACL of its subnet lets TCP alone in",
        expected: "stops: DNS server acl-public *",
        source: "vpc:nacl-rules",
        change: |net| {
            net.dns_server("10.0.9.53");
            net.let_dns_out();
            net.acl("acl-public").entries.retain(|entry| entry.protocol == "6");
        },
    },
    Row {
        name: "a DNS server of its own behind a black hole",
        expected: "stops: route table rtb-private 10.0.9.0/24",
        source: "vpc:RouteTables",
        change: |net| {
            net.dns_server("10.0.9.53");
            net.let_dns_out();
            net.route("rtb-private", "10.0.9.0/24", "eni-wall").state = "blackhole".into();
        },
    },
    Row {
        name: "a DNS server in another network",
        expected: "unknown: name vpc-1",
        source: "vpc:DHCPOptionSet",
        change: |net| net.dns_server("192.168.0.53"),
    },
    Row {
        name: "a DNS server in another network beside Amazon's",
        expected: "arrives: public access igw-1",
        source: "vpc:DHCPOptionSet",
        change: |net| {
            net.network().dhcp_options.seen[0].dns_servers = texts(&["192.168.0.53", "AmazonProvidedDNS"]);
        },
    },
    Row {
        name: "a route that a virtual private gateway propagates beside the static one",
        expected: "arrives: public access igw-1",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.route("rtb-private", "0.0.0.0/0", "vgw-1").origin = Fetched::known("EnableVgwRoutePropagation".into());
        },
    },
    Row {
        name: "the same in an older inventory, which holds no origin",
        expected: "arrives: public access igw-1",
        source: "vpc:route-tables-priority",
        change: |net| {
            let hidden = || Err(gatelight_checks::testing::denied("ec2:DescribeRouteTables")).into();
            net.route("rtb-private", "0.0.0.0/0", "vgw-1");
            net.routes("rtb-private").routes.iter_mut().for_each(|route| route.origin = hidden());
        },
    },
    Row {
        name: "a prefix list of everything beside a propagated route",
        expected: "arrives: public access igw-1",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.prefix_list("pl-all", &["0.0.0.0/0"]);
            net.routes("rtb-private").routes[1].destination = "pl-all".into();
            net.route("rtb-private", "0.0.0.0/0", "vgw-1").origin = Fetched::known("EnableVgwRoutePropagation".into());
        },
    },
    Row {
        name: "a prefix list of everything beside a route of which the origin is not known",
        expected: "unknown: route table rtb-private",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.prefix_list("pl-all", &["0.0.0.0/0"]);
            net.routes("rtb-private").routes[1].destination = "pl-all".into();
            net.route("rtb-private", "0.0.0.0/0", "vgw-1").origin =
                Err(gatelight_checks::testing::denied("ec2:DescribeRouteTables")).into();
        },
    },
    Row {
        name: "a propagated route for a half of the internet, longer than the static one",
        expected: "unknown: route table rtb-private 0.0.0.0/1",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.route("rtb-private", "0.0.0.0/1", "vgw-1").origin = Fetched::known("EnableVgwRoutePropagation".into());
        },
    },
    Row {
        name: "a half of the internet through each of two NAT gateways, and no more than that half behind each",
        expected: "arrives: public access igw-1",
        source: "vpc:route-tables-priority",
        change: |net| {
            let mut second = net.nat().clone();
            (second.id, second.subnet) = ("nat-2".into(), Some("subnet-endpoint".into()));
            net.network().nat_gateways.seen.push(second);
            net.table("rtb-second", false, &["subnet-endpoint"]);
            for (half, nat, table) in [("0.0.0.0/1", "nat-1", "rtb-public"), ("128.0.0.0/1", "nat-2", "rtb-second")] {
                net.routes(table).routes.truncate(1);
                net.route(table, half, "igw-1");
                net.route("rtb-private", half, nat);
            }
            net.routes("rtb-private").routes.retain(|route| route.destination != "0.0.0.0/0");
        },
    },
    Row {
        name: "a half of the internet through a NAT gateway that has a route for the other half only",
        expected: "stops: its route table rtb-public",
        source: "vpc:route-tables-priority",
        change: |net| {
            net.routes("rtb-private").routes[1].destination = "0.0.0.0/1".into();
            net.routes("rtb-public").routes[1].destination = "128.0.0.0/1".into();
        },
    },
    Row {
        name: "the group lets a range out, and the ACL lets no answers of just that range in",
        expected: "stops: network ACL acl-private 50",
        source: "vpc:nacl-rules",
        change: |net| {
            net.egress(vec![crate::build::https(&["52.94.0.0/16"], &[])]);
            net.deny("acl-private", false, "52.94.0.0/16", (0, 65535));
        },
    },
    Row {
        name: "the ACL lets out to one half of the internet, and answers in from the other",
        expected: "stops: network ACL acl-private *",
        source: "vpc:nacl-rules",
        change: |net| {
            for entry in &mut net.acl("acl-private").entries {
                entry.cidr = if entry.egress { "0.0.0.0/1" } else { "128.0.0.0/1" }.into();
            }
        },
    },
    Row {
        name: "answers come from the VPC's own range alone, and the way leads to another account's transit gateway",
        expected: "stops: network ACL acl-private *",
        source: "vpc:nacl-rules",
        change: |net| {
            net.lead("rtb-private", "tgw-1");
            for entry in net.acl("acl-private").entries.iter_mut().filter(|entry| !entry.egress) {
                entry.cidr = "10.0.0.0/16".into();
            }
        },
    },
    Row {
        name: "the same, and answers from another private range too",
        expected: "unknown: transit gateway tgw-1",
        source: "vpc:nacl-rules",
        change: |net| {
            net.lead("rtb-private", "tgw-1");
            for entry in net.acl("acl-private").entries.iter_mut().filter(|entry| !entry.egress) {
                entry.cidr = "10.0.0.0/8".into();
            }
        },
    },
    Row {
        name: "an appliance that checks source and destination on the way back",
        expected: "stops: its route table rtb-public 10.0.1.0/24",
        source: "vpc:work-with-nat-instances",
        change: |net| {
            net.nat_instance().source_dest_check = true;
            net.route("rtb-public", "10.0.1.0/24", "eni-nat");
        },
    },
    Row {
        name: "an appliance behind the NAT gateway that checks source and destination",
        expected: "stops: its route table rtb-public 0.0.0.0/0",
        source: "vpc:work-with-nat-instances",
        change: |net| {
            net.nat_instance().source_dest_check = true;
            net.lead("rtb-public", "eni-nat");
        },
    },
    Row {
        name: "the endpoints could not be listed, and without host names none gets X-Ray's name",
        expected: "arrives: public access igw-1",
        source: "vpc:vpc-dns",
        change: |net| {
            gatelight_checks::testing::break_off(&mut net.network().endpoints, "ec2:DescribeVpcEndpoints");
            net.network().vpcs.seen[0].dns_hostnames = Fetched::known(false);
        },
    },
    Row {
        name: "the endpoints could not be listed, and the group lets nothing out to the VPC and no route leads out",
        expected: "stops: security group sg-function",
        source: "vpc:security-group-rules",
        change: |net| {
            gatelight_checks::testing::break_off(&mut net.network().endpoints, "ec2:DescribeVpcEndpoints");
            net.egress(vec![crate::build::https(&["52.0.0.0/8"], &[])]);
            net.routes("rtb-private").routes.truncate(1);
        },
    },
    Row {
        name: "managed instances straight to an internet gateway that is not attached",
        expected: "stops: internet gateway igw-1",
        source: "vpc:VPC_Internet_Gateway",
        change: |net| {
            let arn = net.inventory.region.capacity_providers[0].arn.clone();
            let attached = net.function().vpc.take().expect("it is in a VPC");
            net.function().capacity_provider = Some(arn);
            net.inventory.region.capacity_providers[0].vpc = Fetched::known(attached);
            net.lead("rtb-private", "igw-1");
            net.network().internet_gateways.seen[0].vpcs.clear();
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
