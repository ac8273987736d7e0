//! Over transit gateways. From `subnet-orders-a` through `tgw-1`, whose table leads public addresses to `vpc-egress`, and
//! from there through `nat-egress`.

use super::*;

const OWN: &str = "123456789012";

fn route(destination: &str, target: &str) -> Route {
    Route {
        destination: destination.to_owned(),
        state: "active".to_owned(),
        target: target.to_owned(),
        origin: Fetched::known(if target == "local" { "CreateRouteTable" } else { "CreateRoute" }.to_owned()),
    }
}

fn attachment(id: &str, vpc: &str, table: &str) -> TransitAttachment {
    TransitAttachment {
        id: id.to_owned(),
        gateway: "tgw-1".to_owned(),
        kind: "vpc".to_owned(),
        resource: vpc.to_owned(),
        owner: OWN.to_owned(),
        state: "available".to_owned(),
        table: Some(table.to_owned()),
    }
}

fn egress(inventory: &mut Inventory) {
    let network = &mut inventory.region.network;
    let like = |world_subnet: &Subnet, id: &str, vpc: &str, cidr: &str| Subnet {
        id: id.to_owned(),
        vpc: vpc.to_owned(),
        cidr: cidr.to_owned(),
        ..world_subnet.clone()
    };
    let first = network.subnets.seen[0].clone();
    network.subnets.seen.extend([
        like(&first, "subnet-orders-tgw", "vpc-orders", "10.0.200.0/28"),
        like(&first, "subnet-egress-tgw", "vpc-egress", "10.2.1.0/28"),
        like(&first, "subnet-egress-public", "vpc-egress", "10.2.9.0/24"),
    ]);
    let table = |id: &str, subnet: &str, routes: Vec<Route>| RouteTable {
        id: id.to_owned(),
        vpc: "vpc-egress".to_owned(),
        main: false,
        subnets: texts(&[subnet]),
        gateways: vec![],
        routes,
    };
    let local = route("10.2.0.0/16", "local");
    network.route_tables.seen.extend([
        table("rtb-egress-tgw", "subnet-egress-tgw", vec![local.clone(), route("0.0.0.0/0", "nat-egress")]),
        table(
            "rtb-egress-public",
            "subnet-egress-public",
            vec![local, route("0.0.0.0/0", "igw-egress"), route("10.0.0.0/8", "tgw-1")],
        ),
    ]);
    let nat = network.nat_gateways.seen[0].clone();
    network.nat_gateways.seen.push(NatGateway {
        id: "nat-egress".to_owned(),
        vpc: "vpc-egress".to_owned(),
        subnet: Some("subnet-egress-public".to_owned()),
        ..nat
    });
    let vpcs = texts(&["vpc-egress"]);
    network
        .internet_gateways
        .seen
        .push(gatelight_model::inventory::InternetGateway { id: "igw-egress".to_owned(), vpcs });
    let acl = network.network_acls.seen[0].clone();
    let subnets = texts(&["subnet-orders-tgw", "subnet-egress-tgw", "subnet-egress-public"]);
    network.network_acls.seen.push(NetworkAcl { id: "acl-egress".to_owned(), subnets, ..acl });
    network.transit_gateways.seen = vec![TransitGateway { id: "tgw-1".to_owned(), owner: OWN.to_owned() }];
    network.transit_attachments.seen = vec![
        attachment("tgw-attach-orders", "vpc-orders", "tgw-rtb-spokes"),
        attachment("tgw-attach-egress", "vpc-egress", "tgw-rtb-egress"),
    ];
    let stand = |attachment: &str, subnet: &str| TransitSubnets {
        attachment: attachment.to_owned(),
        subnets: texts(&[subnet]),
    };
    network.transit_subnets.seen =
        vec![stand("tgw-attach-orders", "subnet-orders-tgw"), stand("tgw-attach-egress", "subnet-egress-tgw")];
    let answer =
        |id: &str, routes: Vec<Route>| TransitTableAnswer { id: id.to_owned(), routes: Fetched::known(routes) };
    network.transit_tables = vec![
        answer("tgw-rtb-spokes", vec![route("0.0.0.0/0", "tgw-attach-egress")]),
        answer("tgw-rtb-egress", vec![route("10.0.0.0/16", "tgw-attach-orders")]),
    ];
    routed(inventory, "rtb-orders", &[("10.0.0.0/16", "local"), ("0.0.0.0/0", "tgw-1")]);
}

fn over(change: impl FnOnce(&mut Inventory)) -> String {
    after(BEHIND, |inventory| {
        egress(inventory);
        change(inventory);
    })
}

fn transit<'a>(inventory: &'a mut Inventory, id: &str) -> &'a mut Fetched<Vec<Route>> {
    let mut answers = inventory.region.network.transit_tables.iter_mut();
    &mut answers.find(|answer| answer.id == id).expect("a table").routes
}

#[test]
fn a_way_that_this_account_s_own_tables_prove_is_one() {
    assert_eq!(over(|_| ()), "passes");
    let halves = vec![route("0.0.0.0/1", "tgw-attach-egress"), route("128.0.0.0/1", "tgw-attach-egress")];
    assert_eq!(over(|inventory| *transit(inventory, "tgw-rtb-spokes") = Fetched::known(halves)), "passes");
}

#[test]
fn where_the_transit_gateway_leads_on_out_of_sight_is_unknown() {
    let spokes = |routes: Vec<Route>| over(|inventory| *transit(inventory, "tgw-rtb-spokes") = Fetched::known(routes));
    // Nothing that is attached has an endpoint.
    assert_verdict(&spokes(vec![]), "fails", "tgw-rtb-spokes of tgw-1 has no route to public addresses");
    let hub = over(|inventory| {
        *transit(inventory, "tgw-rtb-spokes") = Fetched::known(vec![]);
        xray_in(inventory, "vpc-egress");
    });
    assert_verdict(&hub, "unknown", "an endpoint shared over tgw-1");
    assert_verdict(
        &spokes(vec![route("0.0.0.0/1", "tgw-attach-egress")]),
        "unknown",
        "no route to some public addresses",
    );
    assert_verdict(&spokes(vec![route("0.0.0.0/0", "tgw-attach-vpn")]), "unknown", "that AWS does not list");
    // Back into the VPC that packets come from, and over the transit gateway again.
    let round = spokes(vec![route("0.0.0.0/0", "tgw-attach-orders")]);
    assert_verdict(&round, "fails", "packets come back to tgw-1 by tgw-attach-orders, and go round for ever");
    let far = |change: fn(&mut TransitAttachment)| {
        over(|inventory| change(&mut inventory.region.network.transit_attachments.seen[1]))
    };
    assert_verdict(&far(|own| own.kind = String::from("vpn")), "unknown", "an attachment of the kind vpn");
    assert_verdict(&far(|own| own.owner = String::from("210987654321")), "unknown", "in account 210987654321");
    assert_verdict(&far(|own| own.state = String::from("pending")), "unknown", "“pending”");
    assert_verdict(
        &far(|own| own.table = None),
        "unknown",
        "no route table of tgw-1 is associated with tgw-attach-egress",
    );
    let near = |change: fn(&mut TransitAttachment)| {
        over(|inventory| change(&mut inventory.region.network.transit_attachments.seen[0]))
    };
    assert_verdict(&near(|own| own.state = String::from("modifying")), "unknown", "“modifying”");
    assert_verdict(&near(|own| own.table = None), "unknown", "no route table is associated");
    assert_verdict(
        &near(|own| own.resource = String::from("vpc-x")),
        "unknown",
        "vpc-orders is not listed as attached",
    );
    let other =
        over(|inventory| inventory.region.network.transit_gateways.seen[0].owner = String::from("210987654321"));
    assert_verdict(&other, "unknown", "a transit gateway of account 210987654321");
    assert_verdict(
        &over(|inventory| inventory.region.network.transit_gateways.seen.clear()),
        "unknown",
        "that AWS does not list",
    );
    let again = over(|inventory| routed(inventory, "rtb-egress-tgw", &[("0.0.0.0/0", "tgw-1")]));
    assert_verdict(&again, "fails", "tgw-rtb-egress of tgw-1 has no route to public addresses");
    let loops = |back: &str, hub: bool| {
        over(|inventory| {
            routed(inventory, "rtb-egress-tgw", &[("0.0.0.0/0", "tgw-1")]);
            *transit(inventory, "tgw-rtb-egress") = Fetched::known(vec![route("0.0.0.0/0", back)]);
            if hub {
                xray_in(inventory, "vpc-egress");
            }
        })
    };
    for back in ["tgw-attach-egress", "tgw-attach-orders"] {
        assert_verdict(&loops(back, false), "fails", "and go round for ever");
        assert_verdict(&loops(back, true), "unknown", "an endpoint shared over tgw-1");
    }
    assert_verdict(&loops("tgw-attach-vpn", false), "unknown", "that AWS does not list");
    let second = over(|inventory| routed(inventory, "rtb-egress-tgw", &[("0.0.0.0/0", "tgw-2")]));
    assert_verdict(&second, "unknown", "continues through tgw-2, a transit gateway that AWS does not list");
}

#[test]
fn what_is_proven_to_stop_on_the_way_fails() {
    let gone = over(|inventory| {
        let mut dead = route("0.0.0.0/0", "");
        dead.state = String::from("blackhole");
        *transit(inventory, "tgw-rtb-spokes") = Fetched::known(vec![dead]);
    });
    assert_verdict(&gone, "fails", "is a blackhole");
    assert_verdict(
        &over(|inventory| nat(inventory, "nat-egress").state = String::from("deleted")),
        "fails",
        "nat-egress is deleted",
    );
    let public = over(|inventory| routed(inventory, "rtb-egress-tgw", &[("0.0.0.0/0", "igw-egress")]));
    assert_verdict(&public, "fails", "no public address here");
    let zone = over(|inventory| {
        let subnets = &mut inventory.region.network.subnets.seen;
        let own = subnets.iter_mut().find(|own| own.id == "subnet-orders-tgw").expect("a subnet");
        own.zone = String::from("us-east-1c");
    });
    assert_verdict(&zone, "fails", "tgw-attach-orders has no subnet in us-east-1a");
    let one_way = over(|inventory| routed(inventory, "rtb-egress-public", &[("0.0.0.0/0", "igw-egress")]));
    assert_verdict(
        &one_way,
        "fails",
        "back to subnet-orders-a, rtb-egress-public: 0.0.0.0/0 → igw-egress, where the answers",
    );
    let other = over(|inventory| {
        let routes = [("0.0.0.0/0", "igw-egress"), ("10.0.0.0/8", "tgw-2")];
        routed(inventory, "rtb-egress-public", &routes);
    });
    assert_verdict(&other, "unknown", "rtb-egress-public: 10.0.0.0/8 → tgw-2, another way");
    let none = over(|inventory| *transit(inventory, "tgw-rtb-egress") = Fetched::known(vec![]));
    assert_verdict(&none, "fails", "tgw-rtb-egress has no route back to subnet-orders-a");
    let part = over(|inventory| {
        *transit(inventory, "tgw-rtb-egress") = Fetched::known(vec![route("10.0.1.0/28", "tgw-attach-orders")]);
    });
    assert_verdict(&part, "unknown", "only a part of subnet-orders-a");
    let acl = over(|inventory| {
        let acl = acl(inventory, "acl-egress");
        acl.entries.clear();
        acl.subnets.pop();
        let mut open = super::acl(inventory, "acl-orders").clone();
        (open.id, open.subnets) = ("acl-nat".to_owned(), texts(&["subnet-egress-public"]));
        inventory.region.network.network_acls.seen.push(open);
    });
    assert_verdict(&acl, "unknown", "whether that rule holds for what a transit gateway carries");
}

fn xray_in(inventory: &mut Inventory, vpc: &str) {
    let (id, vpc) = ("vpce-hub".to_owned(), vpc.to_owned());
    let own = VpcEndpoint { id, vpc, private_dns: false, ..xray(inventory).clone() };
    inventory.region.network.endpoints.seen.push(own);
}

#[test]
fn an_endpoint_behind_it_may_be_what_the_name_leads_to() {
    let dead = |change: fn(&mut Inventory)| {
        over(|inventory| {
            nat(inventory, "nat-egress").state = String::from("deleted");
            change(inventory);
        })
    };
    assert_verdict(&dead(|inventory| xray_in(inventory, "vpc-egress")), "unknown", "shared over tgw-1");
    assert_verdict(&dead(|inventory| xray_in(inventory, "vpc-orders")), "fails", "nat-egress is deleted");
    let other = |change: fn(&mut TransitAttachment)| {
        over(|inventory| {
            nat(inventory, "nat-egress").state = String::from("deleted");
            let mut own = attachment("tgw-attach-other", "vpc-other", "tgw-rtb-spokes");
            change(&mut own);
            inventory.region.network.transit_attachments.seen.push(own);
        })
    };
    assert_verdict(&other(|_| ()), "fails", "nat-egress is deleted");
    assert_verdict(&other(|own| own.owner = String::from("210987654321")), "unknown", "shared over tgw-1");
    assert_verdict(&other(|own| own.kind = String::from("vpn")), "unknown", "shared over tgw-1");
    assert_verdict(
        &dead(|inventory| break_off(&mut inventory.region.network.transit_attachments, "ec2:X")),
        "unknown",
        "shared over",
    );
    // A group that lets out private addresses alone leaves the endpoint.
    let private = over(|inventory| {
        xray_in(inventory, "vpc-egress");
        group(inventory, "sg-orders").egress = vec![https_to(&["10.0.0.0/8"])];
        let function = inventory.region.functions.seen.iter_mut().find(|function| function.name == BEHIND);
        function.and_then(|function| function.vpc.as_mut()).expect("a VPC").subnets.truncate(1);
    });
    assert_verdict(&private, "unknown", "shared over tgw-1");
    // What the transit gateway takes nothing from reaches nothing behind it.
    let zone = over(|inventory| {
        xray_in(inventory, "vpc-egress");
        let subnets = &mut inventory.region.network.subnets.seen;
        let own = subnets.iter_mut().find(|own| own.id == "subnet-orders-tgw").expect("a subnet");
        own.zone = String::from("us-east-1c");
    });
    assert_verdict(&zone, "fails", "tgw-attach-orders has no subnet in us-east-1a");
}

#[test]
fn what_is_hidden_of_a_transit_gateway_is_unknown() {
    let cut = |change: fn(&mut Inventory)| over(change);
    let gateways = cut(|inventory| {
        inventory.region.network.transit_gateways.seen.clear();
        break_off(&mut inventory.region.network.transit_gateways, "ec2:DescribeTransitGateways");
    });
    assert_verdict(&gateways, "unknown", "ec2:DescribeTransitGateways");
    let attachments = cut(|inventory| {
        inventory.region.network.transit_attachments.seen.clear();
        break_off(&mut inventory.region.network.transit_attachments, "ec2:DescribeTransitGatewayAttachments");
    });
    assert_verdict(&attachments, "unknown", "ec2:DescribeTransitGatewayAttachments");
    let subnets = cut(|inventory| {
        inventory.region.network.transit_subnets.seen.clear();
        break_off(&mut inventory.region.network.transit_subnets, "ec2:DescribeTransitGatewayVpcAttachments");
    });
    assert_verdict(&subnets, "unknown", "ec2:DescribeTransitGatewayVpcAttachments");
    assert_verdict(
        &cut(|inventory| inventory.region.network.transit_subnets.seen.clear()),
        "unknown",
        "AWS lists no subnets of",
    );
    assert_verdict(&cut(|inventory| inventory.region.network.transit_tables.clear()), "unknown", "not collected");
    let routes = cut(|inventory| {
        *transit(inventory, "tgw-rtb-egress") = Err(denied("ec2:SearchTransitGatewayRoutes")).into();
    });
    assert_verdict(&routes, "unknown", "ec2:SearchTransitGatewayRoutes");
}
