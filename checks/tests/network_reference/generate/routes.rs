//! Route tables, gateways, and what routes lead to.

use gatelight_checks::testing::{Inventory, denied};
use gatelight_model::{
    Fetched,
    inventory::{InternetGateway, NatGateway, NetworkInterface, PeeredVpc, PeeringConnection, Route, RouteTable},
};

use super::{Maker, ZONES, texts};

impl Maker<'_, '_> {
    fn table(&self, id: String, main: bool, subnets: &[String], cidrs: &[String]) -> RouteTable {
        let mut table: RouteTable = self.pattern.region.network.route_tables.seen[0].clone();
        let local = cidrs.iter().map(|cidr| self.route(cidr, "local"));
        table.routes = local.collect();
        table.id = id;
        table.vpc.clone_from(&self.vpc);
        table.main = main;
        table.subnets = subnets.to_vec();
        table
    }

    fn route(&self, destination: &str, target: &str) -> Route {
        let mut route: Route = self.pattern.region.network.route_tables.seen[0].routes[0].clone();
        destination.clone_into(&mut route.destination);
        target.clone_into(&mut route.target);
        let origin = if target == "local" { "CreateRouteTable" } else { "CreateRoute" };
        route.origin = Fetched::known(origin.to_owned());
        route
    }

    /// Gateways and route tables: the function's subnets lead to a NAT gateway, its subnet to the internet gateway.
    pub(super) fn ways_out(&mut self, scenario: &mut Inventory, public: &str, private: &[String], cidrs: &[String]) {
        let (igw, nat) = (self.name("igw"), self.name("nat"));
        let end = |vpc: &str, owner: &str| PeeredVpc {
            vpc: vpc.to_owned(),
            owner: owner.to_owned(),
            region: "eu-north-1".to_owned(),
        };
        let peering = PeeringConnection {
            id: self.name("pcx"),
            status: self.choices.of(&["active", "deleted"]).to_owned(),
            ends: vec![end(&self.vpc, "123456789012"), end("vpc-far", "210987654321")],
        };
        scenario.region.network.peering_connections.seen.push(peering);
        // An interface that routes may lead through.
        let id = self.name("sg-own");
        let interface = NetworkInterface {
            id: "eni-box".to_owned(),
            instance: Some("i-box".to_owned()),
            status: self.choices.any(&["in-use", "in-use", "available"]).to_owned(),
            source_dest_check: self.choices.any(&[false, true]),
            public_ip: None,
            security_groups: vec![self.choices.any(&[self.name("sg-endpoint").as_str(), &id]).to_owned()],
        };
        if scenario.region.network.network_interfaces.seen.is_empty() {
            scenario.region.network.network_interfaces.seen.push(interface);
        }
        let attached = self.choices.of(&[true, false]).then(|| self.vpc.clone());
        let gateway = InternetGateway { id: igw.clone(), vpcs: attached.into_iter().collect() };
        scenario.region.network.internet_gateways.seen.push(gateway);

        let regional = self.choices.any(&[false, false, false, true]);
        let mut gateway: NatGateway = self.pattern.region.network.nat_gateways.seen[0].clone();
        gateway.id.clone_from(&nat);
        gateway.vpc.clone_from(&self.vpc);
        gateway.state = self.choices.of(&["available", "pending", "failed", "deleting", "deleted"]).into();
        gateway.public = self.choices.of(&[true, false]);
        gateway.subnet = (!regional).then(|| public.to_owned());
        gateway.route_table = regional.then(|| self.name("rtb-nat"));
        gateway.zones = texts(self.choices.of(&[&[][..], &ZONES[..2], &ZONES[2..]]));
        if !regional {
            gateway.zones.clear();
        }
        if self.choices.trouble() {
            gateway.subnet = (!regional).then(|| private[0].clone());
        }
        let missing = self.choices.trouble() && self.choices.trouble();
        if !missing {
            let mut second = gateway.clone();
            second.id = self.name("nat-second");
            second.state = self.choices.of(&["available", "failed", "deleted"]).into();
            (second.subnet, second.route_table) = (Some(public.to_owned()), None);
            second.zones.clear();
            scenario.region.network.nat_gateways.seen.extend([second, gateway]);
        }

        let mut own = self.table(self.name("rtb-nat"), false, &[], cidrs);
        own.routes.push(self.route("0.0.0.0/0", &igw));
        self.meddle(&mut own, "nat-second");
        let mut outer = self.table(self.name("rtb-public"), false, &[public.to_owned()], cidrs);
        outer.routes.push(self.route("0.0.0.0/0", &igw));
        self.meddle(&mut outer, "nat-second");
        // A subnet that no table names follows the main one.
        let named = if self.choices.any(&[false, true]) { &private[..1] } else { &[] };
        let mut main = self.table(self.name("rtb-main"), true, &[], cidrs);
        self.lead(&mut main, &nat);
        self.meddle(&mut main, "nat-second");
        let mut inner = self.table(self.name("rtb-inner"), false, named, cidrs);
        self.lead(&mut inner, &nat);
        self.meddle(&mut inner, "nat-second");
        scenario.region.network.route_tables.seen.extend([own, outer, main, inner]);
    }

    /// A default route to `target`, in one of the ways to write it.
    fn lead(&mut self, table: &mut RouteTable, target: &str) {
        let destinations: &[&str] = self.choices.any(&[
            &["0.0.0.0/0"][..],
            &["0.0.0.0/0"],
            &[],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["pl-lower", "pl-upper"],
            &["pl-all"],
            &["0.0.0.0/1"],
        ]);
        table.routes.extend(destinations.iter().map(|destination| self.route(destination, target)));
        if self.choices.any(&[false, false, false, true]) {
            table.routes.push(self.route("64:ff9b::/96", target));
        }
    }

    /// A route that a virtual private gateway propagated, or may have: beside a static one for the same range, too.
    fn propagate(&mut self, table: &mut RouteTable) {
        if !self.choices.trouble() {
            return;
        }
        let own = self.cidr(0);
        let destination = self.choices.any(&["0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/8", "192.168.0.0/16", &own]);
        let mut route = self.route(destination, "vgw-far");
        route.origin = match self.choices.any(&[0, 1, 2]) {
            // A table has one static route for a range, and none to a virtual private gateway inside the VPC.
            0 if destination != own && table.routes.iter().all(|own| own.destination != destination) => route.origin,
            1 => Err(denied("ec2:DescribeRouteTables")).into(),
            _ => Fetched::known("EnableVgwRoutePropagation".to_owned()),
        };
        table.routes.push(route);
    }

    /// More routes, and worse ones; some to the NAT gateway of this kind.
    fn meddle(&mut self, table: &mut RouteTable, another: &str) {
        let nat = self.name("nat");
        let igw = self.name("igw");
        let peer = self.name("pcx");
        let another = self.name(another);
        let targets = [
            another.as_str(),
            peer.as_str(),
            igw.as_str(),
            nat.as_str(),
            "tgw-far",
            "vgw-far",
            "eni-box",
            "i-box",
            "eigw-here",
            "vpce-firewall",
            "vpce-s3",
            "cagw-edge",
            "lgw-edge",
            "arn:aws:networkmanager::123456789012:core-network/core-network-1",
            "nat-gone",
            "",
        ];
        let destinations = [
            "0.0.0.0/0",
            "128.0.0.0/1",
            "52.94.0.0/16",
            "10.0.0.0/8",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "::/0",
            "64:ff9b::/96",
            "64:ff9b::3400:0/104",
            "pl-all",
            "pl-upper",
            "pl-little",
            "pl-hidden",
            &self.cidr(0),
        ];
        for _ in 0..3 {
            if !self.choices.trouble() {
                continue;
            }
            let destination = self.choices.any(&destinations);
            let target = match destination {
                "pl-hidden" => "vpce-s3",
                // Inside a VPC a route leads to what can stand between two subnets, nowhere else.
                inner if inner.starts_with("10.") && inner != "10.0.0.0/8" => {
                    self.choices.any(&["eni-box", "i-box", "vpce-firewall"])
                }
                _ => self.choices.any(&targets),
            };
            // AWS holds one route for a destination, and gateway endpoints take their own lists only.
            let taken = table.routes.iter().any(|route| route.destination == destination);
            if taken || (target == "vpce-s3") != (destination == "pl-hidden") {
                continue;
            }
            table.routes.push(self.route(destination, target));
        }
        self.propagate(table);
        if self.choices.trouble() && self.choices.trouble() {
            let place = usize::from(self.choices.number()) % table.routes.len();
            if table.routes[place].target != "local" {
                table.routes[place].state = "blackhole".into();
            }
        }
    }
}
