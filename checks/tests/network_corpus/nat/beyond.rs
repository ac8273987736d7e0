//! What a route leads to that is no NAT gateway.

use crate::{
    Row,
    build::{entry, https},
};

pub(crate) const ROWS: [Row; 20] = [
    Row {
        name: "a transit gateway of another account",
        expected: "unknown: transit gateway tgw-1",
        source: "vpc:tgw what-is-transit-gateway",
        change: |net| net.lead("rtb-private", "tgw-1"),
    },
    Row {
        name: "a core network",
        expected: "unknown: route table rtb-private 0.0.0.0/0",
        source: "network-manager: cloudwan",
        change: |net| {
            net.lead("rtb-private", "arn:aws:networkmanager::123456789012:core-network/core-network-1");
        },
    },
    Row {
        name: "a virtual private gateway",
        expected: "unknown: route table rtb-private 0.0.0.0/0",
        source: "vpn:VPC_VPN",
        change: |net| net.lead("rtb-private", "vgw-1"),
    },
    Row {
        name: "a peering connection for private addresses, and no other way",
        expected: "unknown: beyond pcx-1",
        source: "vpc-peering: limits",
        change: |net| {
            net.peering();
            net.routes("rtb-private").routes.truncate(1);
            net.route("rtb-private", "10.0.0.0/8", "pcx-1");
        },
    },
    Row {
        name: "a default route to a peering connection, which carries private addresses as well",
        expected: "unknown: beyond pcx-1",
        source: "vpc-peering: limits",
        change: |net| {
            net.peering();
            net.lead("rtb-private", "pcx-1");
        },
    },
    Row {
        name: "a default route to a peering connection, and a group that lets only public addresses out",
        expected: "stops: route table rtb-private 0.0.0.0/0",
        source: "vpc-peering: limits",
        change: |net| {
            net.peering();
            net.lead("rtb-private", "pcx-1");
            net.egress(vec![https(&["52.0.0.0/8"], &[])]);
        },
    },
    Row {
        name: "a default route to a peering connection, and an ACL that lets nothing to private addresses",
        expected: "stops: route table rtb-private 0.0.0.0/0",
        source: "vpc-peering: limits",
        change: |net| {
            net.peering();
            net.lead("rtb-private", "pcx-1");
            let acl = net.acl("acl-private");
            acl.entries.retain(|entry| !entry.egress);
            acl.entries.push(entry(100, true, true, "52.0.0.0/8", (443, 443)));
        },
    },
    Row {
        name: "a peering connection that was deleted, and no other way",
        expected: "stops: route table rtb-private",
        source: "vpc-peering: limits",
        change: |net| {
            net.peering();
            net.network().peering_connections.seen[0].status = "deleted".into();
            net.routes("rtb-private").routes.truncate(1);
            net.route("rtb-private", "10.0.0.0/8", "pcx-1");
        },
    },
    Row {
        name: "a NAT instance that looks alive",
        expected: "unknown: network interface eni-nat",
        source: "vpc:VPC_NAT_Instance",
        change: |net| {
            net.nat_instance();
            net.lead("rtb-private", "eni-nat");
        },
    },
    Row {
        name: "a NAT instance that checks source and destination",
        expected: "stops: network interface eni-nat",
        source: "vpc:work-with-nat-instances",
        change: |net| {
            net.nat_instance().source_dest_check = true;
            net.lead("rtb-private", "eni-nat");
        },
    },
    Row {
        name: "a NAT instance whose group lets nothing in",
        expected: "stops: network interface eni-nat",
        source: "vpc:work-with-nat-instances",
        change: |net| {
            net.nat_instance();
            net.group("sg-nat", vec![], vec![https(&["0.0.0.0/0"], &[])]);
            net.lead("rtb-private", "eni-nat");
        },
    },
    Row {
        name: "a firewall endpoint before the NAT gateway",
        expected: "unknown: firewall endpoint vpce-wall",
        source: "network-firewall: architectures",
        change: |net| net.lead("rtb-private", "vpce-wall"),
    },
    Row {
        name: "a firewall that works as a proxy on the NAT gateway",
        expected: "unknown: NAT gateway nat-1",
        source: "ec2: NatGatewayAttachedAppliance",
        change: |net| {
            net.nat().appliances = vec!["arn:aws:network-firewall:us-east-1:123456789012:proxy/web".into()];
        },
    },
    Row {
        name: "an egress-only gateway",
        expected: "stops: route table rtb-private",
        source: "general: xray endpoints, IPv4 only",
        change: |net| {
            net.routes("rtb-private").routes.truncate(1);
            net.route("rtb-private", "::/0", "eigw-1");
            net.attached().ipv6 = true;
        },
    },
    Row {
        name: "a carrier gateway",
        expected: "unknown: route table rtb-private 0.0.0.0/0",
        source: "vpc:Carrier_Gateway",
        change: |net| net.lead("rtb-private", "cagw-1"),
    },
    Row {
        name: "a target that has no name here",
        expected: "unknown: route table rtb-private 0.0.0.0/0",
        source: "the contract: what cannot be seen",
        change: |net| net.lead("rtb-private", ""),
    },
    Row {
        name: "a target that has no name here, and a group that lets only private addresses out",
        expected: "unknown: route table rtb-private 0.0.0.0/0",
        source: "the contract: what cannot be seen",
        change: |net| {
            net.lead("rtb-private", "");
            net.egress(vec![https(&["10.0.0.0/8"], &[])]);
        },
    },
    Row {
        name: "another NAT gateway behind the NAT gateway",
        expected: "unknown: its route table rtb-public 0.0.0.0/0",
        source: "vpc: nothing says what becomes of packets",
        change: |net| {
            let mut second = net.nat().clone();
            (second.id, second.subnet) = ("nat-2".into(), Some("subnet-endpoint".into()));
            net.network().nat_gateways.seen.push(second);
            net.lead("rtb-public", "nat-2");
        },
    },
    Row {
        name: "an appliance on the way back from a regional NAT gateway",
        expected: "unknown: its route table rtb-regional 10.0.1.0/24",
        source: "vpc:route-table-options, middlebox routing",
        change: |net| {
            net.regional(&[]);
            net.route("rtb-regional", "10.0.1.0/24", "eni-box");
        },
    },
    Row {
        name: "a firewall behind the internet gateway",
        expected: "unknown: its route table rtb-edge 10.0.9.0/24",
        source: "vpc:gateway-route-tables",
        change: |net| {
            net.table("rtb-edge", false, &[]).gateways = vec!["igw-1".into()];
            net.route("rtb-edge", "10.0.9.0/24", "vpce-wall");
        },
    },
];
