//! Central endpoints: a private hosted zone leads X-Ray's name to an endpoint in a hub VPC, over a peering connection or a
//! transit gateway; and what can be wrong with that way.

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        DnsRecord, EndpointAddress, HostedZone, NetworkAcl, PeeredVpc, PeeringConnection, Region, SecurityGroup,
        TransitAttachment, TransitGateway, TransitSubnets, TransitTableAnswer, VpcEndpoint, ZoneRecordsAnswer,
    },
};

use super::{
    super::{Fault, Inventory, break_off, denied},
    entry, lead, permission, route, subnet, table, table_mut, texts,
};

const OWN: &str = "123456789012";
const ENDPOINT: &str = "vpce-hub-1a2b.xray.us-east-1.vpce.amazonaws.com";

/// A record of X-Ray's name that leads to the hub's endpoint: an alias, or one with an address.
pub(crate) fn record(name: &str, address: Option<&str>) -> DnsRecord {
    DnsRecord {
        name: name.to_owned(),
        kind: "A".to_owned(),
        values: address.into_iter().map(str::to_owned).collect(),
        alias: address.is_none().then(|| ENDPOINT.to_owned()),
        routed: false,
    }
}

/// The hub VPC with its endpoint, and the zone that leads the orders' functions there.
fn hub(inventory: &mut Inventory) {
    let network = &mut inventory.region.network;
    network.subnets.seen.push(subnet("subnet-hub", "vpc-hub", "us-east-1a", "10.9.1.0/24"));
    network.security_groups.seen.push(SecurityGroup {
        id: "sg-hub".to_owned(),
        ingress: vec![permission("tcp", Some((443, 443)), &["10.0.0.0/16"], &[], &[])],
        egress: vec![],
    });
    network.network_acls.seen.push(NetworkAcl {
        id: "acl-hub".to_owned(),
        subnets: texts(&["subnet-hub", "subnet-orders-hub"]),
        entries: vec![entry(100, true, true, "-1", None), entry(100, false, true, "-1", None)],
    });
    network.endpoints.seen.push(VpcEndpoint {
        id: "vpce-hub".to_owned(),
        vpc: "vpc-hub".to_owned(),
        private_dns: false,
        subnets: texts(&["subnet-hub"]),
        security_groups: texts(&["sg-hub"]),
        policy: None,
        ..network.endpoints.seen[1].clone()
    });
    network.vpcs.seen[0].dns_hostnames = Fetched::known(true);
    let name = "xray.us-east-1.amazonaws.com";
    let zone = HostedZone { id: "Z0HUB".to_owned(), name: name.to_owned(), owner: OWN.to_owned() };
    network.hosted_zones[0].zones = Listing::whole(vec![zone]);
    network.zone_records =
        vec![ZoneRecordsAnswer { zone: "Z0HUB".to_owned(), records: Fetched::known(vec![record(name, None)]) }];
    network.endpoint_addresses = Listing::whole(vec![EndpointAddress {
        address: "10.9.1.17".to_owned(),
        endpoint: Some("vpce-hub".to_owned()),
        subnet: "subnet-hub".to_owned(),
    }]);
    // Every function of the orders' VPC uses the hub.
    for table in ["rtb-orders", "rtb-orders-b"] {
        let routes = &mut table_mut(inventory, table).routes;
        routes.retain(|route| route.target == "local");
    }
}

/// The hub behind a peering connection.
pub(crate) fn by_peering(inventory: &mut Inventory) {
    hub(inventory);
    let end = |vpc: &str| PeeredVpc { vpc: vpc.to_owned(), owner: OWN.to_owned(), region: "us-east-1".to_owned() };
    let network = &mut inventory.region.network;
    network.peering_connections = Listing::whole(vec![PeeringConnection {
        id: "pcx-hub".to_owned(),
        status: "active".to_owned(),
        ends: vec![end("vpc-orders"), end("vpc-hub")],
    }]);
    let routes = [("10.9.0.0/16", "local"), ("10.0.0.0/16", "pcx-hub")];
    network.route_tables.seen.push(table("rtb-hub", "vpc-hub", None, &routes));
    for table in ["rtb-orders", "rtb-orders-b"] {
        table_mut(inventory, table).routes.push(route("10.9.0.0/16", "pcx-hub"));
    }
}

/// The hub behind a transit gateway of this account.
pub(crate) fn by_transit(inventory: &mut Inventory) {
    hub(inventory);
    for table in ["rtb-orders", "rtb-orders-b"] {
        lead(inventory, table, "tgw-hub");
    }
    let network = &mut inventory.region.network;
    network.subnets.seen.extend([
        subnet("subnet-orders-hub", "vpc-orders", "us-east-1a", "10.0.200.0/28"),
        subnet("subnet-orders-hub-b", "vpc-orders", "us-east-1b", "10.0.200.16/28"),
    ]);
    network.network_acls.seen[0].subnets.push("subnet-orders-hub-b".to_owned());
    let routes = [("10.9.0.0/16", "local"), ("10.0.0.0/8", "tgw-hub")];
    network.route_tables.seen.push(table("rtb-hub", "vpc-hub", None, &routes));
    network.transit_gateways = Listing::whole(vec![TransitGateway { id: "tgw-hub".to_owned(), owner: OWN.to_owned() }]);
    let attachment = |id: &str, vpc: &str, table: &str| TransitAttachment {
        id: id.to_owned(),
        gateway: "tgw-hub".to_owned(),
        kind: "vpc".to_owned(),
        resource: vpc.to_owned(),
        owner: OWN.to_owned(),
        state: "available".to_owned(),
        table: Some(table.to_owned()),
    };
    network.transit_attachments = Listing::whole(vec![
        attachment("tgw-attach-orders", "vpc-orders", "tgw-rtb-spokes"),
        attachment("tgw-attach-hub", "vpc-hub", "tgw-rtb-hub"),
    ]);
    let stand = |attachment: &str, subnets: &[&str]| TransitSubnets {
        attachment: attachment.to_owned(),
        subnets: texts(subnets),
    };
    network.transit_subnets = Listing::whole(vec![
        stand("tgw-attach-orders", &["subnet-orders-hub", "subnet-orders-hub-b"]),
        stand("tgw-attach-hub", &["subnet-hub"]),
    ]);
    let answer = |id: &str, destination: &str, target: &str| TransitTableAnswer {
        id: id.to_owned(),
        routes: Fetched::known(vec![route(destination, target)]),
    };
    network.transit_tables = vec![
        answer("tgw-rtb-hub", "10.0.0.0/16", "tgw-attach-orders"),
        answer("tgw-rtb-spokes", "10.9.0.0/16", "tgw-attach-hub"),
    ];
}

/// The records of the hub's zone.
fn records(region: &mut Region) -> &mut Fetched<Vec<DnsRecord>> {
    &mut region.network.zone_records[0].records
}

pub(in crate::testing) const CENTRAL: &[Fault] = &[
    ("a central endpoint over a peering connection", |inventory| by_peering(inventory)),
    ("a central endpoint over a transit gateway, by its address", |inventory| {
        by_transit(inventory);
        let record = record("*.us-east-1.amazonaws.com", Some("10.9.1.17"));
        inventory.region.network.hosted_zones[0].zones.seen[0].name = String::from("us-east-1.amazonaws.com");
        *records(&mut inventory.region) = Fetched::known(vec![record]);
    }),
    ("a central endpoint that lets nobody in", |inventory| {
        by_transit(inventory);
        super::group_mut(inventory, "sg-hub").ingress.clear();
    }),
    ("a hub without a route back", |inventory| {
        by_peering(inventory);
        table_mut(inventory, "rtb-hub").routes.truncate(1);
    }),
    ("a transit gateway without a route to the hub, and one that does not lead back", |inventory| {
        by_transit(inventory);
        let tables = &mut inventory.region.network.transit_tables;
        tables[0].routes = Fetched::known(vec![]);
        tables[1].routes = Fetched::known(vec![route("10.8.0.0/16", "tgw-attach-hub")]);
    }),
    ("a hosted zone without the record", |inventory| {
        by_peering(inventory);
        *records(&mut inventory.region) = Fetched::known(vec![]);
    }),
    ("a hosted zone that leads to weighted records, of another kind and of none", |inventory| {
        by_peering(inventory);
        let name = "xray.us-east-1.amazonaws.com";
        let mut one = record(name, Some("10.9.1.99"));
        one.routed = true;
        let mut other = record(name, None);
        (other.routed, other.alias) = (true, Some("lb-1.elb.us-east-1.amazonaws.com".to_owned()));
        *records(&mut inventory.region) = Fetched::known(vec![one, other]);
        inventory.region.network.endpoint_addresses.seen[0].endpoint = None;
    }),
    ("hosted zones that are hidden", |inventory| {
        by_peering(inventory);
        let zones = &mut inventory.region.network.hosted_zones;
        zones[0].zones.seen.clear();
        break_off(&mut zones[0].zones, "route53:ListHostedZonesByVPC");
    }),
    ("records that are hidden, and addresses too", |inventory| {
        by_transit(inventory);
        *records(&mut inventory.region) = Err(denied("route53:ListResourceRecordSets")).into();
        break_off(&mut inventory.region.network.endpoint_addresses, "ec2:DescribeNetworkInterfaces");
    }),
    ("an egress by NAT beside a central endpoint that refuses", |inventory| {
        by_peering(inventory);
        super::group_mut(inventory, "sg-hub").ingress.clear();
        lead(inventory, "rtb-orders", "nat-zonal");
        table_mut(inventory, "rtb-orders").routes.push(route("10.9.0.0/16", "pcx-hub"));
    }),
];
