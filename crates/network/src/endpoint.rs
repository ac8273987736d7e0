//! The hops to an interface endpoint of X-Ray in the VPC.

use gatelight_iam::{ConditionKeys, Decision, Document, Policies, Request, Text};
use gatelight_model::{
    Gap,
    arn::Arn,
    inventory::{Subnet, VpcEndpoint},
};
use serde_json::{Value, json};

use crate::{
    address_set::{AddressSet, Family},
    firewall::{self, Remote},
    hop::{Hop, HopDecision, HopKind, combine_alternatives},
    walk::Walk,
};

/// The action that sends traces, and the one that sends statistics about how many were sent.
const SEGMENTS: &str = "xray:PutTraceSegments";
const TELEMETRY: &str = "xray:PutTelemetryRecords";

impl<'a> Walk<'a> {
    /// The hops to the endpoint, in whichever of its subnets.
    pub(crate) fn hops_to_endpoint(&self, from: &'a Subnet, endpoint: &'a VpcEndpoint) -> Vec<Hop> {
        let id = &endpoint.id;
        let message = format!("{id}, an xray endpoint with private DNS, in {}", endpoint.vpc);
        let mut hops = vec![Hop::through(HopKind::Name, id, message)];
        if endpoint.subnets.is_empty() {
            hops.push(Hop::unprovable(HopKind::Endpoint, id, format!("AWS names no subnet of endpoint {id}")));
        } else {
            let ways = endpoint.subnets.iter().map(|subnet| self.hops_to_endpoint_in(from, endpoint, subnet)).collect();
            hops.extend(combine_alternatives(HopKind::Endpoint, id, ways));
        }
        hops.push(self.endpoint_groups_hop(from, endpoint));
        hops.push(self.endpoint_policy_hop(endpoint));
        hops
    }

    /// The hops to the endpoint's interface in one subnet.
    fn hops_to_endpoint_in(&self, from: &Subnet, endpoint: &VpcEndpoint, subnet: &str) -> Vec<Hop> {
        let (id, groups) = (&endpoint.id, &self.vpc.security_groups);
        let found = self.index.subnet(subnet).and_then(|subnet| Ok((subnet, range(subnet)?)));
        let (subnet, addresses) = match found {
            Ok(found) => found,
            Err(gap) => return vec![Hop::unknown(HopKind::Endpoint, id, gap)],
        };
        let name = format!("endpoint {id} in {}", subnet.id);
        let remote = Remote::new(Family::V4, &addresses, &endpoint.security_groups, &name);
        let group = firewall::groups_allow(self.index, groups, true, remote);
        let mut hops = vec![Hop::decided(HopKind::Group, &groups.join(", "), group)];
        // Packets within one subnet pass no ACL and no route.
        if subnet.id != from.id {
            hops.extend(self.acl_hops(HopKind::Acl, from, true, remote));
            hops.extend(self.diverted_from(HopKind::Routes, from, &addresses, &name));
            match range(from) {
                Ok(own) => {
                    let remote = Remote::new(Family::V4, &own, &[], &from.id);
                    hops.extend(self.acl_hops(HopKind::EndpointAcl, subnet, false, remote));
                    hops.extend(self.diverted_from(
                        HopKind::Endpoint,
                        subnet,
                        &own,
                        &format!("{} from {name}", from.id),
                    ));
                }
                Err(gap) => hops.push(Hop::unknown(HopKind::EndpointAcl, id, gap)),
            }
        }
        hops
    }

    /// Whether the endpoint's security groups let the function in.
    pub(crate) fn endpoint_groups_hop(&self, from: &Subnet, endpoint: &VpcEndpoint) -> Hop {
        let (kind, groups) = (HopKind::EndpointGroup, &endpoint.security_groups);
        match range(from) {
            Ok(own) => {
                let remote = Remote::new(Family::V4, &own, &self.vpc.security_groups, &from.id);
                let decided = firewall::groups_allow(self.index, groups, false, remote);
                let message = format!("of endpoint {}: {}", endpoint.id, decided.message);
                Hop::decided(kind, &groups.join(", "), HopDecision { message, ..decided })
            }
            Err(gap) => Hop::unknown(kind, &endpoint.id, gap),
        }
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
    pub(crate) fn endpoint_policy_hop(&self, endpoint: &VpcEndpoint) -> Hop {
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
                Some(Hop::stops(kind, id, message))
            }
            Err(gap) => Some(Hop::unknown(kind, id, gap)),
        }
    }
}

/// The IPv4 range of a subnet.
pub(crate) fn range(subnet: &Subnet) -> Result<AddressSet, Gap> {
    AddressSet::read(Family::V4, std::iter::once(&subnet.cidr))
        .map_err(|range| Gap::unprovable(&subnet.id, format!("the range {range} of {} cannot be read", subnet.id)))
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
