//! What the network says about one packet: security groups, network ACLs, routes.

use gatelight_model::inventory::{Permission, Route, Subnet};

use super::{
    cells::{Address, length_at, within},
    decide::Reference,
    fate::{Fate, all, any, either},
};

/// The port that X-Ray listens on.
const HTTPS: i32 = 443;

/// What one hop does with a packet that goes to, or comes from, the other end.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'a> {
    /// Its address.
    pub(crate) address: Address,
    /// Its security groups, for rules that name groups.
    pub(crate) groups: &'a [String],
}

/// Where a packet goes on from a subnet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Onward<'a> {
    /// No route has it, or the one that does is a black hole.
    Nowhere,
    /// To the target of this route.
    To(&'a str),
    /// To something that this version of the inventory has no name for.
    Strange,
    /// Nobody can say.
    Hidden,
}

/// Whether a range or a list holds an address.
#[derive(Clone, Copy)]
enum Held {
    /// By a prefix of this length.
    By(u32),
    Not,
    /// Nobody can say.
    Hidden,
}

impl Held {
    fn of(length: Option<u32>) -> Self {
        length.map_or(Self::Not, Self::By)
    }
}

impl<'a> Reference<'a> {
    /// Whether `list` holds the address.
    fn in_list(&self, list: &str, address: Address) -> Held {
        let answer = self.network.prefix_lists.iter().find(|answer| answer.id == list);
        let Some(Ok(cidrs)) = answer.map(|answer| answer.cidrs.get()) else { return Held::Hidden };
        Held::of(cidrs.iter().filter_map(|cidr| length_at(cidr, address)).max())
    }

    /// Whether some rule of a group lets TCP 443 pass to or from `peer`.
    fn rules_let(&self, rules: &[Permission], peer: Peer<'_>) -> Fate {
        any(rules.iter().map(|rule| {
            let (first, last) = (rule.from_port.unwrap_or(0), rule.to_port.unwrap_or(65535));
            let https = match rule.protocol.as_str() {
                "-1" => true,
                "tcp" | "6" => first <= HTTPS && HTTPS <= last,
                _ => false,
            };
            if !https {
                return Fate::Stops;
            }
            let ranges = rule.cidrs.iter().map(|cidr| Fate::of(Some(within(cidr, peer.address))));
            let groups = rule.security_groups.iter().map(|group| Fate::of(Some(peer.groups.contains(group))));
            let lists = rule.prefix_lists.iter();
            let lists = lists.map(|list| match self.in_list(list, peer.address) {
                Held::By(_) => Fate::Arrives,
                Held::Not => Fate::Stops,
                Held::Hidden => Fate::Unknown,
            });
            any(ranges.chain(groups).chain(lists))
        }))
    }

    /// Whether one of several groups lets TCP 443 out to `peer`, or in from it. They keep state: answers pass.
    pub(crate) fn groups_let(&self, groups: &[String], out: bool, peer: Peer<'_>) -> Fate {
        any(groups.iter().map(|id| match self.network.security_groups.find(|group| group.id == *id) {
            Ok(Some(group)) => self.rules_let(if out { &group.egress } else { &group.ingress }, peer),
            Ok(None) | Err(_) => Fate::Unknown,
        }))
    }

    /// Whether the ACL of a subnet lets a TCP packet pass: the lowest number that matches decides. `port` is where the
    /// packet goes to, whichever way.
    fn acl_lets(&self, subnet: &Subnet, out: bool, remote: Address, port: u16) -> Fate {
        let Ok(Some(acl)) = self.network.network_acls.find(|acl| acl.subnets.contains(&subnet.id)) else {
            return Fate::Unknown;
        };
        let port = i32::from(port);
        let matching = acl.entries.iter().filter(|entry| {
            let ports = entry.from_port.unwrap_or(0)..=entry.to_port.unwrap_or(65535);
            let protocol = entry.protocol == "-1" || (entry.protocol == "6" && ports.contains(&port));
            entry.egress == out && protocol && within(&entry.cidr, remote)
        });
        Fate::of(Some(matching.min_by_key(|entry| entry.number).is_some_and(|entry| entry.allow)))
    }

    /// A connection that leaves a subnet for `remote`:443; the answers come back to some ephemeral port.
    pub(crate) fn acl_out(&self, subnet: &Subnet, remote: Address) -> Fate {
        all(self.acl_out_and_back(subnet, remote))
    }

    /// The two one by one.
    pub(crate) fn acl_out_and_back(&self, subnet: &Subnet, remote: Address) -> [Fate; 2] {
        let back = self.cells.ephemeral().map(|port| self.acl_lets(subnet, false, remote, port));
        [self.acl_lets(subnet, true, remote, 443), either(back)]
    }

    /// A connection that enters a subnet from `remote` for port 443; the answers leave for some ephemeral port.
    pub(crate) fn acl_in(&self, subnet: &Subnet, remote: Address) -> Fate {
        let back = self.cells.ephemeral().map(|port| self.acl_lets(subnet, true, remote, port));
        all([self.acl_lets(subnet, false, remote, 443), either(back)])
    }

    /// The ways that a packet from a subnet may take: one if all is known.
    pub(crate) fn onward(&self, subnet: &Subnet, to: Address) -> Vec<Onward<'a>> {
        let tables = &self.network.route_tables;
        match tables.find(|table| table.subnets.contains(&subnet.id)) {
            Ok(Some(table)) => self.next(&table.routes, to),
            // A table that was not seen may be associated with it.
            Err(_) => vec![Onward::Hidden],
            Ok(None) => match tables.find(|table| table.main && table.vpc == subnet.vpc) {
                Ok(Some(table)) => self.next(&table.routes, to),
                Ok(None) | Err(_) => vec![Onward::Hidden],
            },
        }
    }

    /// The same out of a route table. The longest prefix wins; of equal ones a range beats a prefix list
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>), and between two lists AWS
    /// picks at random.
    pub(crate) fn next(&self, routes: &'a [Route], to: Address) -> Vec<Onward<'a>> {
        let onward = |route: &'a Route| match route.state.as_str() {
            "active" if route.target.is_empty() => Onward::Strange,
            "active" => Onward::To(&route.target),
            "blackhole" => Onward::Nowhere,
            _ => Onward::Hidden,
        };
        let (mut sure, mut possible) = (Vec::new(), Vec::new());
        for route in routes {
            let list = route.destination.starts_with("pl-");
            // S3 and DynamoDB: X-Ray has no gateway endpoint.
            if list && self.is_gateway_endpoint(&route.target) {
                continue;
            }
            let destination = &route.destination;
            let held = if list { self.in_list(destination, to) } else { Held::of(length_at(destination, to)) };
            match held {
                Held::By(length) => sure.push(((length, !list), onward(route))),
                Held::Not => {}
                Held::Hidden => possible.push(onward(route)),
            }
        }
        match sure.iter().map(|(rank, _)| *rank).max() {
            Some(best) => possible.extend(sure.iter().filter(|(rank, _)| *rank == best).map(|(_, onward)| *onward)),
            None => possible.push(Onward::Nowhere),
        }
        possible
    }

    fn is_gateway_endpoint(&self, target: &str) -> bool {
        let endpoint = self.network.endpoints.seen.iter().find(|endpoint| endpoint.id == target);
        endpoint.is_some_and(|endpoint| endpoint.kind == "Gateway")
    }
}
