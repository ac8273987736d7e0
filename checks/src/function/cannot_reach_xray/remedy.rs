//! The change at one hop, in words and as commands with ids.

use gatelight_model::inventory::{NatGateway, Network, RouteTable};
use gatelight_network::{Hop, HopKind, PathFromSubnet, Remedy, RouteGoal, Traffic, Walk};
use serde_json::json;

use crate::verdict::{Command, Fix};

/// What a person has to fill in: AWS gives the id when an earlier command of the fix has run.
const ALLOCATION: &str = "<allocation id of the first command>";
const NEW_NAT: &str = "<NAT gateway id of the second command>";
const NEW_TABLE: &str = "<route table id of the first command>";

/// A change, in words and as commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) text: String,
    pub(super) commands: Vec<Command>,
}

impl From<Change> for Fix {
    fn from(change: Change) -> Self {
        Self::text(change.text).commands(change.commands)
    }
}

impl Change {
    pub(super) fn text(text: String) -> Self {
        Self { text, commands: Vec::new() }
    }
}

/// The command that turns on a DNS attribute of a VPC.
pub(super) fn dns_attribute(region: &str, vpc: &str, attribute: &str) -> Command {
    let option = if attribute == "enableDnsSupport" { "--enable-dns-support" } else { "--enable-dns-hostnames" };
    ["aws", "ec2", "modify-vpc-attribute", "--region", region, "--vpc-id", vpc, option].map(str::to_owned).to_vec()
}

/// A public NAT gateway of a VPC that works, other than `not`.
pub(super) fn usable_nat<'a>(network: &'a Network, vpc: &str, not: Option<&str>) -> Option<&'a NatGateway> {
    network.nat_gateways.seen.iter().find(|nat| {
        nat.vpc == vpc && nat.public && nat.state.eq_ignore_ascii_case("available") && not != Some(nat.id.as_str())
    })
}

/// The hop that stops packets, and the path on which it stands.
pub(super) struct Place<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) network: &'a Network,
    pub(super) path: &'a PathFromSubnet,
    pub(super) hop: &'a Hop,
}

impl Place<'_> {
    /// A command of EC2 in the region.
    fn ec2(&self, operation: &str, options: &[&str]) -> Command {
        let start = ["aws", "ec2", operation, "--region", self.walk.region];
        start.into_iter().chain(options.iter().copied()).map(str::to_owned).collect()
    }

    fn one(&self, text: String, operation: &str, options: &[&str]) -> Change {
        Change { text, commands: vec![self.ec2(operation, options)] }
    }

    /// The change; none where an endpoint is the way to go.
    pub(super) fn change(&self, remedy: &Remedy) -> Option<Change> {
        Some(match remedy {
            Remedy::GroupRule { groups, traffic, peer_groups } => {
                self.group_rule(groups.first()?, traffic, peer_groups.first().map(String::as_str))
            }
            Remedy::AclEntry { acl, traffic, before } => self.acl_entry(acl, traffic, *before),
            Remedy::VpcRoute { table, destination, replaces, target } => {
                return self.vpc_route((table, destination, *replaces), target);
            }
            Remedy::TransitRoute { table, destination, replaces, attachment } => {
                let attachment = attachment.as_deref()?;
                let verb = if *replaces { "replace" } else { "create" };
                self.one(
                    format!("Let {table} lead {destination} to {attachment}."),
                    &format!("{verb}-transit-gateway-route"),
                    &[
                        "--transit-gateway-route-table-id",
                        table,
                        "--destination-cidr-block",
                        destination,
                        "--transit-gateway-attachment-id",
                        attachment,
                    ],
                )
            }
            Remedy::WorkingNat { nat } => return self.other_nat(nat),
            Remedy::ZoneRecord { zone, name } => Self::zone_record(zone, name),
            other => return self.setting(other),
        })
    }

    /// The change of a setting.
    fn setting(&self, remedy: &Remedy) -> Option<Change> {
        Some(match remedy {
            Remedy::NatZone { nat, zone } => Change {
                text: format!("Let regional NAT gateway {nat} cover {zone}, with an address there."),
                commands: vec![
                    self.ec2("allocate-address", &["--domain", "vpc"]),
                    self.ec2(
                        "associate-nat-gateway-address",
                        &["--nat-gateway-id", nat, "--allocation-ids", ALLOCATION, "--availability-zone", zone],
                    ),
                ],
            },
            Remedy::AttachGateway { gateway, vpc } => self.one(
                format!("Attach internet gateway {gateway} to {vpc}."),
                "attach-internet-gateway",
                &["--internet-gateway-id", gateway, "--vpc-id", vpc],
            ),
            Remedy::PublicAccessExclusion { subnet, .. } => self.one(
                format!("Let {subnet} out in spite of VPC Block Public Access: an exclusion for outbound traffic alone."),
                "create-vpc-block-public-access-exclusion",
                &["--subnet-id", subnet, "--internet-gateway-exclusion-mode", "allow-egress"],
            ),
            Remedy::AttachmentZone { attachment, zone } => self.one(
                format!("Add a subnet in {zone} to {attachment}: {}.", self.path.subnet),
                "modify-transit-gateway-vpc-attachment",
                &["--transit-gateway-attachment-id", attachment, "--add-subnet-ids", &self.path.subnet],
            ),
            Remedy::SourceDestCheck { interface } => self.source_dest_check(interface),
            Remedy::PolicyAction { endpoint, .. } => self.one(
                format!(
                    "Let the policy of {endpoint} allow xray:PutTraceSegments and xray:PutTelemetryRecords; the command \
                     sets the one that allows everything."
                ),
                "modify-vpc-endpoint",
                &["--vpc-endpoint-id", endpoint, "--reset-policy"],
            ),
            Remedy::DnsAttribute { vpc, attribute } => Change {
                text: format!("Turn on {attribute} of {vpc}, so that X-Ray's name is answered there."),
                commands: vec![dns_attribute(self.walk.region, vpc, attribute)],
            },
            Remedy::EndpointIpv4 { endpoint } => self.one(
                format!("Give {endpoint} IPv4 addresses and A records too."),
                "modify-vpc-endpoint",
                &[
                    "--vpc-endpoint-id",
                    endpoint,
                    "--ip-address-type",
                    "dualstack",
                    "--dns-options",
                    r#"{"DnsRecordIpType":"dualstack"}"#,
                ],
            ),
            _ => return None,
        })
    }

    /// A rule in a group of the function (`outbound`) or of the endpoint, where the hop names none.
    pub(super) fn group_change(&self, group: &str, outbound: bool) -> Option<Change> {
        let subnet = |id: &str| self.walk.index.subnet(id).ok().map(|subnet| subnet.cidr.clone());
        let endpoint = self.path.hops.iter().find(|hop| hop.kind == HopKind::EndpointPolicy);
        let endpoint = endpoint.and_then(|hop| self.network.endpoints.seen.iter().find(|own| own.id == hop.id));
        let (range, peer) = match (outbound, endpoint) {
            (true, Some(endpoint)) => (subnet(endpoint.subnets.first()?)?, endpoint.security_groups.first().cloned()),
            (true, None) => ("0.0.0.0/0".to_owned(), None),
            (false, _) => (subnet(&self.path.subnet)?, self.walk.vpc.security_groups.first().cloned()),
        };
        // Over a transit gateway a rule that names a group may not hold.
        let peer = peer.filter(|_| endpoint.is_none_or(|own| Some(&own.vpc) == self.path.vpc.as_ref()));
        let traffic = Traffic { outbound, protocol: "tcp", ports: (443, 443), range };
        Some(self.group_rule(group, &traffic, peer.as_deref()))
    }

    fn group_rule(&self, group: &str, traffic: &Traffic, peer: Option<&str>) -> Change {
        let Traffic { outbound, protocol, ports: (first, last), range } = traffic;
        let (operation, way) = if *outbound { ("egress", "out to") } else { ("ingress", "in from") };
        let about = peer.unwrap_or(range);
        let side = match peer {
            Some(peer) => json!({"UserIdGroupPairs": [{"GroupId": peer}]}),
            None => json!({"IpRanges": [{"CidrIp": range}]}),
        };
        let mut rule = json!({"IpProtocol": protocol, "FromPort": first, "ToPort": last});
        if let (Some(rule), Some(side)) = (rule.as_object_mut(), side.as_object()) {
            rule.extend(side.clone());
        }
        self.one(
            format!("Let {protocol} {} {way} {about} in security group {group}.", ports((*first, *last))),
            &format!("authorize-security-group-{operation}"),
            &["--group-id", group, "--ip-permissions", &json!([rule]).to_string()],
        )
    }

    fn acl_entry(&self, acl: &str, traffic: &Traffic, before: Option<i32>) -> Change {
        let Traffic { outbound, protocol, ports: (first, last), range } = traffic;
        let way = if *outbound { "out to" } else { "in from" };
        let entries = self.network.network_acls.seen.iter().filter(|own| own.id == acl).flat_map(|own| &own.entries);
        let used: Vec<i32> = entries.filter(|entry| entry.egress == *outbound).map(|entry| entry.number).collect();
        // The last entry, which denies everything, has a number of its own.
        let is_free = |number: &i32| !used.contains(number);
        let highest = used.iter().copied().filter(|number| *number < 32767).max().unwrap_or(0);
        let after = || ((highest / 10 + 1) * 10..32767).chain((1..32767).rev()).find(is_free);
        let before = before.filter(|number| *number < 32767);
        let number = before.map_or_else(after, |before| (1..before).rev().find(is_free));
        let what = format!("{protocol} {} {way} {range}", ports((*first, *last)));
        let Some(number) = number else {
            return Change::text(format!("Let {acl} pass {what}: its first entry denies it, so that has to change."));
        };
        let (number, range_of_ports) = (number.to_string(), format!("From={first},To={last}"));
        self.one(
            format!("Let {acl} pass {what}: entry {number}, as the lowest number that matches decides."),
            "create-network-acl-entry",
            &[
                "--network-acl-id",
                acl,
                if *outbound { "--egress" } else { "--ingress" },
                "--rule-number",
                &number,
                "--protocol",
                protocol,
                "--port-range",
                &range_of_ports,
                "--cidr-block",
                range,
                "--rule-action",
                "allow",
            ],
        )
    }

    fn vpc_route(&self, (table, destination, replaces): (&str, &str, bool), target: &RouteGoal) -> Option<Change> {
        let verb = if replaces { "replace" } else { "create" };
        let by_list = destination.starts_with("pl-");
        let to = if by_list { "--destination-prefix-list-id" } else { "--destination-cidr-block" };
        let route = ["--route-table-id", table, to, destination];
        let led = |option: &str, id: &str| {
            let options = [&route[..], &[option, id]].concat();
            self.one(format!("Let {table} lead {destination} to {id}."), &format!("{verb}-route"), &options)
        };
        Some(match target {
            RouteGoal::Target(id) if id.starts_with("tgw-") => led("--transit-gateway-id", id),
            RouteGoal::Target(id) if id.starts_with("pcx-") => led("--vpc-peering-connection-id", id),
            RouteGoal::Target(id) => {
                Change::text(format!("Let {table} lead {destination} to {}.", id.trim_matches(['<', '>'])))
            }
            RouteGoal::Removed => self.one(
                format!("Remove the route of {table} for {destination}, so that the VPC's own route takes it."),
                "delete-route",
                &route,
            ),
            RouteGoal::InternetGateway { vpc } => return self.nat_to_internet(table, vpc, &led),
            // A subnet of a function that never had a way out keeps none: an endpoint opens less.
            RouteGoal::PublicNat { .. } if self.hop.kind == HopKind::Routes && self.hop.rule.is_none() => return None,
            RouteGoal::PublicNat { vpc } => {
                let nat = usable_nat(self.network, vpc, None)?;
                led("--nat-gateway-id", &nat.id)
            }
        })
    }

    /// A way to the internet for a NAT gateway: by its own table, or by a new one where functions share that.
    fn nat_to_internet(&self, table: &str, vpc: &str, led: &dyn Fn(&str, &str) -> Change) -> Option<Change> {
        let mut gateways = self.network.internet_gateways.seen.iter();
        let gateway = gateways.find(|gateway| gateway.vpcs.iter().any(|own| own == vpc))?;
        let nat = self.path.hops.iter().rfind(|hop| hop.kind == HopKind::Nat)?;
        let nat = self.network.nat_gateways.seen.iter().find(|own| own.id == nat.id)?;
        let is_shared = |own: &RouteTable| {
            let uses = |hop: &Hop| [HopKind::Routes, HopKind::EgressRoutes].contains(&hop.kind) && hop.id == own.id;
            own.id == table && self.path.hops.iter().any(uses)
        };
        let Some(subnet) = nat.subnet.as_deref().filter(|_| self.network.route_tables.seen.iter().any(is_shared))
        else {
            let mut change = led("--gateway-id", &gateway.id);
            change.text = format!("NAT gateway {} has no way to the internet. {}", nat.id, change.text);
            return Some(change);
        };
        let gateway = gateway.id.as_str();
        Some(Change {
            text: format!(
                "Give {subnet}, in which NAT gateway {} stands, a route table of its own that leads 0.0.0.0/0 to \
                 {gateway}: the function's subnet uses {table} too, and has no public addresses.",
                nat.id
            ),
            commands: vec![
                self.ec2("create-route-table", &["--vpc-id", vpc]),
                self.ec2(
                    "create-route",
                    &["--route-table-id", NEW_TABLE, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", gateway],
                ),
                self.ec2("associate-route-table", &["--subnet-id", subnet, "--route-table-id", NEW_TABLE]),
            ],
        })
    }

    /// Another NAT gateway in the place of one that does not work: one that is there, or a new one in its subnet.
    fn other_nat(&self, id: &str) -> Option<Change> {
        let broken = self.network.nat_gateways.seen.iter().find(|nat| nat.id == id);
        let is_route = |hop: &&Hop| [HopKind::Routes, HopKind::EgressRoutes].contains(&hop.kind) && hop.rule.is_some();
        let route = self.path.hops.iter().rfind(is_route)?;
        let (table, destination) = (route.id.as_str(), route.rule.as_deref()?);
        let vpc = broken.map(|nat| nat.vpc.as_str()).or(self.path.vpc.as_deref())?;
        let replace = |nat: &str| {
            let to = if destination.starts_with("pl-") {
                "--destination-prefix-list-id"
            } else {
                "--destination-cidr-block"
            };
            self.ec2("replace-route", &["--route-table-id", table, to, destination, "--nat-gateway-id", nat])
        };
        if let Some(nat) = usable_nat(self.network, vpc, Some(id)) {
            return Some(Change {
                text: format!("Let {table} lead {destination} to {}, a public NAT gateway that is available.", nat.id),
                commands: vec![replace(&nat.id)],
            });
        }
        let subnet = broken.and_then(|nat| nat.subnet.as_deref())?;
        Some(Change {
            text: format!(
                "Create a public NAT gateway in {subnet}, and let {table} lead {destination} to it in the place of {id}."
            ),
            commands: vec![
                self.ec2("allocate-address", &["--domain", "vpc"]),
                self.ec2("create-nat-gateway", &["--subnet-id", subnet, "--allocation-id", ALLOCATION]),
                replace(NEW_NAT),
            ],
        })
    }

    fn source_dest_check(&self, id: &str) -> Change {
        let interface = self.walk.index.interface(id).ok().flatten().map_or(id, |interface| interface.id.as_str());
        self.one(
            format!("Turn off the source/destination check of {interface}, if it is to forward packets."),
            "modify-network-interface-attribute",
            &["--network-interface-id", interface, "--no-source-dest-check"],
        )
    }

    /// A record of X-Ray's name that leads to an endpoint.
    fn zone_record(zone: &str, name: &str) -> Change {
        let target = json!({
            "HostedZoneId": "<HostedZoneId of the endpoint>",
            "DNSName": "<DnsName of the endpoint>",
            "EvaluateTargetHealth": false,
        });
        let record = json!({"Name": name, "Type": "A", "AliasTarget": target});
        let batch = json!({"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]});
        let command = ["aws", "route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch"];
        Change {
            text: format!(
                "Let hosted zone {zone} lead {name} to the DNS name of an X-Ray endpoint (an alias record); or dissociate \
                 the zone from the VPC, so that public DNS answers."
            ),
            commands: vec![command.into_iter().map(str::to_owned).chain([batch.to_string()]).collect()],
        }
    }
}

fn ports((first, last): (u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}
