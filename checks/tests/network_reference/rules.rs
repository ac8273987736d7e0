//! What the network says about one packet: security groups, network ACLs, routes.

use gatelight_model::inventory::{Permission, Route, Subnet};

use super::{
    cells::{Address, length_at, within},
    decide::Reference,
    fate::{Fate, all, any},
};

/// What a packet is for: its protocol, by name and number, and the port that it goes to.
#[derive(Clone, Copy)]
pub(crate) struct Service {
    name: &'static str,
    number: &'static str,
    port: u16,
}

/// X-Ray.
pub(crate) const HTTPS: Service = Service { name: "tcp", number: "6", port: 443 };
/// DNS, in the two ways to ask it.
pub(crate) const DNS: [Service; 2] =
    [Service { name: "udp", number: "17", port: 53 }, Service { name: "tcp", number: "6", port: 53 }];

/// What one hop does with a packet that goes to, or comes from, the other end.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'a> {
    /// Its address.
    pub(crate) address: Address,
    /// Its security groups, for rules that name groups; none if nobody can say.
    pub(crate) groups: Option<&'a [String]>,
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

    /// Whether some rule of a group lets a service pass to or from `peer`.
    fn rules_let(&self, rules: &[Permission], service: Service, peer: Peer<'_>) -> Fate {
        any(rules.iter().map(|rule| {
            let (first, last) = (rule.from_port.unwrap_or(0), rule.to_port.unwrap_or(65535));
            let own = rule.protocol == service.name || rule.protocol == service.number;
            let fits = rule.protocol == "-1" || (own && (first..=last).contains(&i32::from(service.port)));
            if !fits {
                return Fate::Stops;
            }
            let ranges = rule.cidrs.iter().map(|cidr| Fate::of(Some(within(cidr, peer.address))));
            let groups = rule.security_groups.iter();
            let groups = groups.map(|group| Fate::of(peer.groups.map(|own| own.contains(group))));
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
        self.groups_let_service(groups, out, HTTPS, peer)
    }

    /// The same for any service.
    pub(crate) fn groups_let_service(&self, groups: &[String], out: bool, service: Service, peer: Peer<'_>) -> Fate {
        any(groups.iter().map(|id| match self.network.security_groups.find(|group| group.id == *id) {
            Ok(Some(group)) => self.rules_let(if out { &group.egress } else { &group.ingress }, service, peer),
            Ok(None) | Err(_) => Fate::Unknown,
        }))
    }

    /// Whether the ACL of a subnet lets a packet of this protocol pass: the lowest number that matches decides. `port` is
    /// where the packet goes to, whichever way.
    fn acl_lets(&self, subnet: &Subnet, out: bool, protocol: &str, remote: Address, port: u16) -> Fate {
        let Ok(Some(acl)) = self.network.network_acls.find(|acl| acl.subnets.contains(&subnet.id)) else {
            return Fate::Unknown;
        };
        let port = i32::from(port);
        let matching = acl.entries.iter().filter(|entry| {
            let ports = entry.from_port.unwrap_or(0)..=entry.to_port.unwrap_or(65535);
            let fits = entry.protocol == "-1" || (entry.protocol == protocol && ports.contains(&port));
            entry.egress == out && fits && within(&entry.cidr, remote)
        });
        Fate::of(Some(matching.min_by_key(|entry| entry.number).is_some_and(|entry| entry.allow)))
    }

    /// A connection that leaves a subnet for a service at `remote`; the answers come back to `port`.
    pub(crate) fn acl_out(&self, subnet: &Subnet, service: Service, remote: Address, port: u16) -> Fate {
        let there = self.acl_lets(subnet, true, service.number, remote, service.port);
        all([there, self.acl_lets(subnet, false, service.number, remote, port)])
    }

    /// A connection that enters a subnet from `remote` for a service; the answers leave for `port`.
    pub(crate) fn acl_in(&self, subnet: &Subnet, service: Service, remote: Address, port: u16) -> Fate {
        let there = self.acl_lets(subnet, false, service.number, remote, service.port);
        all([there, self.acl_lets(subnet, true, service.number, remote, port)])
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

    /// The same out of a route table. The longest prefix wins; of equal ones a static range beats a prefix list, and that a
    /// propagated range (<https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>). Between two lists
    /// AWS picks at random. The VPC's own route beats propagated ones, however long.
    pub(crate) fn next(&self, routes: &'a [Route], to: Address) -> Vec<Onward<'a>> {
        let both = [true, false].map(|propagated| self.next_if(routes, to, propagated));
        both.concat()
    }

    /// The same if the routes of which nobody told whether they are propagated are, or are not.
    fn next_if(&self, routes: &'a [Route], to: Address, guess: bool) -> Vec<Onward<'a>> {
        let onward = |route: &'a Route| match route.state.as_str() {
            "active" if route.target.is_empty() => Onward::Strange,
            "active" => Onward::To(&route.target),
            "blackhole" => Onward::Nowhere,
            _ => Onward::Hidden,
        };
        let local = routes.iter().any(|route| route.target == "local" && within(&route.destination, to));
        let (mut sure, mut possible) = (Vec::new(), Vec::new());
        for route in routes {
            let list = route.destination.starts_with("pl-");
            // S3 and DynamoDB: X-Ray has no gateway endpoint.
            if list && self.is_gateway_endpoint(&route.target) {
                continue;
            }
            // Only what virtual private gateways lead to is propagated, and a table has one static route for a range.
            let vgw = route.target.starts_with("vgw-");
            let rival = routes.iter().any(|own| own.destination == route.destination && own.target != route.target);
            let propagated = match route.origin.get() {
                Ok(origin) => origin == "EnableVgwRoutePropagation",
                Err(_) => vgw && (rival || guess),
            };
            let destination = &route.destination;
            if local && vgw && (propagated || route.origin.get().is_err()) && !list {
                let shorter =
                    routes.iter().any(|own| own.target == "local" && within_range(&own.destination, destination));
                if shorter {
                    continue;
                }
            }
            let held = if list { self.in_list(destination, to) } else { Held::of(length_at(destination, to)) };
            let precedence = if propagated {
                0
            } else if list {
                1
            } else {
                2
            };
            match held {
                Held::By(length) => sure.push(((length, precedence), onward(route))),
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

/// Whether a range lies in another.
fn within_range(outer: &str, inner: &str) -> bool {
    let (first, last) = super::cells::bounds(inner);
    within(outer, first) && within(outer, last)
}
