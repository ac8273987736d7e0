//! The hops to an interface endpoint of X-Ray in the VPC.

use gatelight_iam::{ConditionKeys, Decision, Document, Policies, Request, Text};
use gatelight_model::{
    Gap, GapKind,
    arn::Arn,
    inventory::{Subnet, VpcEndpoint},
};
use serde_json::{Value, json};

use crate::{
    address_set::{Family, everything},
    firewall::{self, Flow, HTTPS, Remote, renamed},
    hop::{Hop, HopKind, HopResult, combine_alternatives, result_of},
    packet::{Packet, Side, each_part, join_parts},
    remedy::Remedy,
    walk::Walk,
};

/// The records of a name.
#[derive(Clone, Copy, Debug)]
struct Records {
    ipv4: bool,
    ipv6: bool,
}

/// The action that sends traces, and the one that sends statistics about how many were sent.
const SEGMENTS: &str = "xray:PutTraceSegments";
const TELEMETRY: &str = "xray:PutTelemetryRecords";

impl<'a> Walk<'a> {
    /// The hops to the endpoint, in whichever of its subnets: by IPv4 or, where that does not get through, by IPv6.
    pub(crate) fn hops_to_endpoint(&self, from: &'a Subnet, endpoint: &'a VpcEndpoint) -> Vec<Hop> {
        let id = &endpoint.id;
        let message = format!("{id}, an xray endpoint with private DNS, in {}", endpoint.vpc);
        let name = Hop::through(HopKind::Name, id, message);
        let records = self.records_of(endpoint);
        let mut by_ipv4 = match &records {
            Ok(records) if !records.ipv4 => {
                let message = format!("the private name of {id} has IPv6 addresses only");
                let stops = Hop::stops(HopKind::Name, id, format!("{message}, and the function's interface has none"));
                vec![stops.with(Remedy::EndpointIpv4 { endpoint: id.clone() })]
            }
            _ => std::iter::once(name).chain(self.hops_to_endpoint_by_ipv4(from, endpoint)).collect(),
        };
        if let Err(gap) = &records {
            // Without IPv4 addresses they stop, too.
            by_ipv4.insert(1, Hop::unknown(HopKind::Endpoint, id, gap.clone()));
        }
        let may_have_ipv6 = self.vpc.ipv6 && records.as_ref().map_or(true, |records| records.ipv6);
        if may_have_ipv6 && result_of(&by_ipv4) != HopResult::Through && !self.no_ipv6_to(endpoint) {
            let message = format!("{id} may be reached by IPv6, of which the ranges of subnets are not read");
            return vec![Hop::unprovable(HopKind::Name, id, message)];
        }
        by_ipv4
    }

    /// Whether security groups or the policy surely stop all IPv6 packets to the endpoint.
    fn no_ipv6_to(&self, endpoint: &VpcEndpoint) -> bool {
        let all = everything(Family::V6);
        let groups = &self.vpc.security_groups;
        firewall::lets_nothing_out(self.index, groups, HTTPS, Family::V6, &all)
            || self.endpoint_policy_hop(endpoint).result == HopResult::Stops
    }

    /// Which records the private name of an endpoint has.
    ///
    /// IPv4 addresses need subnets with IPv4 ranges, and IPv6 addresses alone need subnets without them; records are of
    /// the kinds of its addresses; `service-defined` has IPv4 ones for the private name
    /// (<https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ec2.VpcEndpointIpAddressType.html>, and
    /// `VpcEndpointDnsRecordIpType` there). An endpoint of an inventory that is older than both has the addresses of its
    /// subnets: AWS lists no IPv6 address of X-Ray.
    ///
    /// # Errors
    /// If that is not known.
    fn records_of(&self, endpoint: &VpcEndpoint) -> Result<Records, Gap> {
        let of = |ipv4, ipv6| Ok(Records { ipv4, ipv6 });
        let addresses = endpoint.ip_address_type.get().map(Option::as_deref);
        match (addresses, endpoint.dns_record_type.get().map(Option::as_deref)) {
            (Ok(Some("ipv6")), _) | (_, Ok(Some("ipv6"))) => of(false, true),
            (Ok(Some("ipv4")), _) | (_, Ok(Some("ipv4" | "service-defined"))) => of(true, false),
            (_, Ok(Some("dualstack"))) | (Ok(Some("dualstack")), Ok(None)) => of(true, true),
            (Ok(Some("dualstack")), Err(gap)) => Err(gap),
            (Ok(Some(odd)), _) | (_, Ok(Some(odd))) => {
                let message = format!("the address type of {} is “{odd}”, which is not understood", endpoint.id);
                Err(Gap::unprovable(&endpoint.id, message))
            }
            // An older version saved neither. AWS tells both together.
            (Err(gap), Err(_)) if gap.why().kind != GapKind::NotCollected => Err(gap),
            (Ok(None) | Err(_), _) => {
                let subnets: Vec<_> = endpoint.subnets.iter().map(|id| self.index.subnet(id)).collect();
                if subnets.iter().flatten().any(|subnet| subnet.cidr.is_empty()) {
                    return of(false, true);
                }
                of(true, false)
            }
        }
    }

    /// The hops to the endpoint's IPv4 addresses.
    fn hops_to_endpoint_by_ipv4(&self, from: &'a Subnet, endpoint: &'a VpcEndpoint) -> Vec<Hop> {
        let id = &endpoint.id;
        if endpoint.subnets.is_empty() {
            let unnamed = Hop::unprovable(HopKind::Endpoint, id, format!("AWS names no subnet of endpoint {id}"));
            let beyond = self.hops_from_anywhere(from, endpoint);
            return std::iter::once(unnamed).chain(beyond).collect();
        }
        let ways = endpoint.subnets.iter().map(|subnet| self.hops_to_endpoint_in(from, endpoint, subnet)).collect();
        combine_alternatives(HopKind::Endpoint, id, ways)
    }

    /// The hops at the endpoint itself, wherever it stands.
    fn hops_from_anywhere(&self, from: &'a Subnet, endpoint: &VpcEndpoint) -> Vec<Hop> {
        let range = match Self::range(from) {
            Ok(range) => range,
            Err(gap) => {
                let unknown = Hop::unknown(HopKind::EndpointGroup, &endpoint.id, gap);
                return vec![unknown, self.endpoint_policy_hop(endpoint)];
            }
        };
        let packet = Packet::new(range, everything(Family::V4));
        join_parts(each_part(packet, |packet| self.hops_into_endpoint(endpoint, self.own_side(from), packet)))
    }

    /// The hops to the endpoint's interface in one subnet.
    fn hops_to_endpoint_in(&self, from: &'a Subnet, endpoint: &VpcEndpoint, subnet: &str) -> Vec<Hop> {
        let id = &endpoint.id;
        let found = self.index.subnet(subnet).and_then(|subnet| Ok((subnet, Self::range(subnet)?, Self::range(from)?)));
        let (subnet, addresses, own) = match found {
            Ok(found) => found,
            Err(gap) => {
                let unknown = Hop::unknown(HopKind::Endpoint, id, gap);
                return std::iter::once(unknown).chain(self.hops_from_anywhere(from, endpoint)).collect();
            }
        };
        join_parts(each_part(Packet::new(own, addresses), |packet| {
            let mut hops = self.hops_between(from, endpoint, subnet, packet);
            hops.extend(self.hops_into_endpoint(endpoint, self.own_side(from), packet));
            hops
        }))
    }

    /// The function as the rules of an endpoint in the same VPC see it.
    fn own_side(&self, from: &'a Subnet) -> Remote<'a> {
        let groups = Some(self.vpc.security_groups.as_slice());
        Remote { family: Family::V4, side: Side::Function, groups, range: &from.cidr, name: &from.id }
    }

    /// The hops of a packet from the function to the endpoint's interface in a subnet.
    fn hops_between(&self, from: &Subnet, endpoint: &VpcEndpoint, subnet: &Subnet, packet: &Packet) -> Vec<Hop> {
        let groups = &self.vpc.security_groups;
        let (family, name) = (Family::V4, format!("endpoint {} in {}", endpoint.id, subnet.id));
        let there = Some(endpoint.security_groups.as_slice());
        let remote = Remote { family, side: Side::Remote, groups: there, range: &subnet.cidr, name: &name };
        let to_endpoint = Flow::https(remote);
        let group = firewall::groups_allow(self.index, groups, true, to_endpoint, packet);
        let mut hops = vec![Hop::decided(HopKind::Group, &groups.join(", "), group)];
        // Packets within one subnet pass no ACL and no route.
        if subnet.id != from.id {
            hops.extend(self.acl_hops(HopKind::Acl, from, true, to_endpoint, packet));
            hops.extend(self.diverted_from(HopKind::Routes, from, Side::Remote, packet, &name));
            let here = Remote { family, side: Side::Function, groups: Some(&[]), range: &from.cidr, name: &from.id };
            hops.extend(self.acl_hops(HopKind::EndpointAcl, subnet, false, Flow::https(here), packet));
            let back = format!("{} from {name}", from.id);
            hops.extend(self.diverted_from(HopKind::Endpoint, subnet, Side::Function, packet, &back));
        }
        hops
    }

    /// The hops of a packet at the endpoint itself: its security groups and its policy. `here`: the function, as its rules see
    /// it.
    pub(crate) fn hops_into_endpoint(&self, endpoint: &VpcEndpoint, here: Remote<'_>, packet: &Packet) -> Vec<Hop> {
        let (kind, groups) = (HopKind::EndpointGroup, &endpoint.security_groups);
        let decided = firewall::groups_allow(self.index, groups, false, Flow::https(here), packet);
        let message = format!("of endpoint {}: {}", endpoint.id, decided.message);
        let group = Hop::decided(kind, &groups.join(", "), renamed(decided, message));
        vec![group, self.endpoint_policy_hop(endpoint)]
    }

    /// Whether the endpoint's policy allows everyone everything, as AWS's default policy does. Then the role does not matter.
    pub(crate) fn allows_everyone(&self, endpoint: &VpcEndpoint) -> bool {
        self.index.cache.allows_everyone(&endpoint.id, || {
            let Some(text) = endpoint.policy.as_deref().filter(|text| !text.is_empty()) else { return true };
            let policy = serde_json::from_str::<Value>(text).unwrap_or_default();
            let everything = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
            matches!(&policy["Statement"], Value::Array(statements) if *statements == [everything])
        })
    }

    /// Whether the endpoint's policy allows the function's role to send trace segments.
    fn endpoint_policy_hop(&self, endpoint: &VpcEndpoint) -> Hop {
        let (kind, id) = (HopKind::EndpointPolicy, &endpoint.id);
        if endpoint.policy.as_deref().is_none_or(str::is_empty) {
            return Hop::through(kind, id, format!("{id} has no policy of its own: everything is allowed"));
        }
        if self.allows_everyone(endpoint) {
            return Hop::through(kind, id, format!("the policy of {id} allows everything"));
        }
        self.policy_refusal(endpoint, SEGMENTS).unwrap_or_else(|| match self.policy_refusal(endpoint, TELEMETRY) {
            None => Hop::through(kind, id, format!("the policy of {id} allows both actions")),
            Some(_) => Hop::through(kind, id, format!("the policy of {id} allows {SEGMENTS}")),
        })
    }

    /// The hop at which telemetry records are refused, or may be, on a path that trace segments take: AWS's own example of
    /// an endpoint policy allows segments only
    /// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-security-vpc-endpoint.html>).
    pub(crate) fn telemetry_refusal(&self, hops: &[Hop]) -> Option<Hop> {
        let policy = hops.iter().find(|hop| hop.kind == HopKind::EndpointPolicy)?;
        let endpoint = self.index.endpoint(&policy.id).ok()??;
        self.policy_refusal(endpoint, TELEMETRY)
    }

    /// The hop at which the endpoint's policy denies the function's role an action, or may deny it.
    fn policy_refusal(&self, endpoint: &VpcEndpoint, action: &str) -> Option<Hop> {
        let (kind, id) = (HopKind::EndpointPolicy, &endpoint.id);
        let text = endpoint.policy.as_deref().filter(|text| !text.is_empty())?;
        if self.allows_everyone(endpoint) {
            return None;
        }
        let policy = match Document::parse(format!("the policy of endpoint {id}"), &for_role(text, self.role)) {
            Ok(document) => Policies::only(document),
            Err(gap) => return Some(Hop::unknown(kind, id, gap)),
        };
        let account = Arn::parse(self.role).map_or("", |arn| arn.account);
        let keys = ConditionKeys::default()
            .with("aws:PrincipalArn", self.role)
            .with("aws:PrincipalAccount", account)
            .with("aws:SourceVpce", id)
            .with("aws:SourceVpc", &endpoint.vpc);
        match policy.decide(&Request { action, resource: Some(Text::whole("*")), caller: None, keys: &keys }) {
            Ok(Decision::Allowed(_)) => None,
            Ok(Decision::Denied(denial)) => {
                let message = format!("the policy of endpoint {id} does not allow {action}: {denial}");
                let (endpoint, action) = (id.clone(), action.to_owned());
                Some(Hop::stops(kind, id, message).with(Remedy::PolicyAction { endpoint, action }))
            }
            Err(gap) => Some(Hop::unknown(kind, id, gap)),
        }
    }
}

/// The policy reduced to this role: statements for it lose their principal, statements for others are dropped, and those
/// whose principal is not understood stay, so that the decision is unknown.
fn for_role(text: &str, role: &str) -> String {
    let Ok(mut policy) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let statements = match policy.get_mut("Statement") {
        Some(Value::Array(list)) => list,
        Some(one @ Value::Object(_)) => {
            *one = Value::Array(vec![one.take()]);
            let Value::Array(list) = one else { return text.to_owned() };
            list
        }
        _ => return text.to_owned(),
    };
    statements.retain_mut(|statement| {
        let about = statement.get("Principal").map(|principal| includes(principal, role));
        match (about, statement.as_object_mut()) {
            (Some(Some(true)), Some(statement)) => statement.remove("Principal").is_some(),
            (Some(Some(false)), _) => false,
            // A missing principal is as unknown as one of an unknown kind.
            (None, Some(statement)) => {
                statement.entry("Principal").or_insert_with(|| Value::String("?".to_owned()));
                true
            }
            _ => true,
        }
    });
    policy.to_string()
}

/// Whether a principal includes a role, if that is known.
fn includes(principal: &Value, role: &str) -> Option<bool> {
    let names = match principal {
        Value::String(text) if text == "*" => return Some(true),
        Value::Object(kinds) if kinds.len() == 1 => kinds.get("AWS")?,
        _ => return None,
    };
    let names = match names {
        Value::Array(list) => list.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?,
        one => vec![one.as_str()?],
    };
    let own = Arn::parse(role)?;
    let one = |name: &str| {
        if name == "*" || name == role || name == own.account {
            return Some(true);
        }
        if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(false);
        }
        let arn = Arn::parse(name)?;
        match (arn.account == own.account, arn.resource) {
            (true, "root") => Some(true),
            (true, resource) => resource.starts_with("role/").then_some(false),
            (false, _) => (!arn.account.is_empty() && !arn.account.contains(['*', '?'])).then_some(false),
        }
    };
    let answers: Vec<_> = names.into_iter().map(one).collect();
    if answers.contains(&Some(true)) {
        Some(true)
    } else {
        answers.iter().all(|answer| *answer == Some(false)).then_some(false)
    }
}
