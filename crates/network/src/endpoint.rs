//! Through an interface endpoint of X-Ray in the VPC.

use gatelight_iam::{ConditionKeys, Decision, Document, Policies, Request, Text};
use gatelight_model::{
    Gap,
    arn::Arn,
    inventory::{Subnet, VpcEndpoint},
};
use serde_json::{Value, json};

use super::{
    firewall,
    hop::{Hop, HopDecision, Place, agree},
};
use crate::{
    address_set::{AddressSet, Family},
    dns::Service,
    walk::Walk,
};

const ACTIONS: [&str; 2] = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];

/// Whether it is an interface endpoint of X-Ray in this region, in whatever state.
pub(crate) fn is_xray(endpoint: &VpcEndpoint, region: &str, service: Service) -> bool {
    let name = endpoint.service.strip_prefix("cn.").unwrap_or(&endpoint.service);
    let rest = name.strip_prefix("com.amazonaws.").and_then(|rest| rest.strip_prefix(region));
    let own = rest.and_then(|rest| rest.strip_prefix('.')) == Some(service.name());
    own && endpoint.kind.eq_ignore_ascii_case("interface")
}

impl<'a> Walk<'a> {
    /// To the endpoint, whichever of its subnets the name leads to.
    pub(crate) fn by_endpoint(&self, from: &'a Subnet, endpoint: &'a VpcEndpoint) -> Vec<Hop> {
        let id = &endpoint.id;
        let says = format!("{id}, an xray endpoint with private DNS, in {}", endpoint.vpc);
        let mut hops = vec![Hop::through(Place::Name, id, says)];
        if endpoint.subnets.is_empty() {
            hops.push(Hop::unprovable(Place::Endpoint, id, format!("AWS names no subnet of endpoint {id}")));
        } else {
            let ways = endpoint.subnets.iter().map(|subnet| self.reach_endpoint(from, endpoint, subnet)).collect();
            hops.extend(agree(Place::Endpoint, id, ways));
        }
        hops.push(self.let_in(from, endpoint));
        hops.push(self.endpoint_policy(endpoint));
        hops
    }

    fn reach_endpoint(&self, from: &Subnet, endpoint: &VpcEndpoint, subnet: &str) -> Vec<Hop> {
        let (id, groups) = (&endpoint.id, &self.vpc.security_groups);
        let found = self.index.subnet(subnet).and_then(|subnet| Ok((subnet, range(subnet)?)));
        let (subnet, addresses) = match found {
            Ok(found) => found,
            Err(gap) => return vec![Hop::unknown(Place::Endpoint, id, gap)],
        };
        let name = format!("endpoint {id} in {}", subnet.id);
        let peer = Self::peer(Family::V4, &addresses, &endpoint.security_groups, &name);
        let group = firewall::groups_let(self.index, groups, true, peer);
        let mut hops = vec![Hop::decided(Place::Group, &groups.join(", "), group)];
        // What stays in a subnet meets no ACL and no route.
        if subnet.id != from.id {
            hops.extend(self.acl(Place::Acl, from, true, peer));
            hops.extend(self.inside(Place::Routes, from, &addresses, &name));
            match range(from) {
                Ok(own) => {
                    let peer = Self::peer(Family::V4, &own, &[], &from.id);
                    hops.extend(self.acl(Place::EndpointAcl, subnet, false, peer));
                    hops.extend(self.inside(Place::Endpoint, subnet, &own, &format!("{} from {name}", from.id)));
                }
                Err(gap) => hops.push(Hop::unknown(Place::EndpointAcl, id, gap)),
            }
        }
        hops
    }

    /// Whether the endpoint's security groups let the function in.
    fn let_in(&self, from: &Subnet, endpoint: &VpcEndpoint) -> Hop {
        let (place, groups) = (Place::EndpointGroup, &endpoint.security_groups);
        match range(from) {
            Ok(own) => {
                let peer = Self::peer(Family::V4, &own, &self.vpc.security_groups, &from.id);
                let decided = firewall::groups_let(self.index, groups, false, peer);
                let says = format!("of endpoint {}: {}", endpoint.id, decided.says);
                Hop::decided(place, &groups.join(", "), HopDecision { says, ..decided })
            }
            Err(gap) => Hop::unknown(place, &endpoint.id, gap),
        }
    }

    /// Whether the endpoint's policy lets everybody do everything, as the one does that AWS gives it: then it is not about
    /// any role.
    pub(crate) fn is_open(&self, endpoint: &VpcEndpoint) -> bool {
        self.index.memo.is_open(&endpoint.id, || {
            let Some(text) = endpoint.policy.as_deref().filter(|text| !text.is_empty()) else { return true };
            let policy = serde_json::from_str::<Value>(text).unwrap_or_default();
            let everything = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
            matches!(&policy["Statement"], Value::Array(statements) if *statements == [everything])
        })
    }

    /// Whether the endpoint's policy allows the function's role both actions.
    fn endpoint_policy(&self, endpoint: &VpcEndpoint) -> Hop {
        let (place, id) = (Place::EndpointPolicy, &endpoint.id);
        let Some(text) = endpoint.policy.as_deref().filter(|text| !text.is_empty()) else {
            return Hop::through(place, id, format!("{id} has no policy of its own: everything is allowed"));
        };
        if self.is_open(endpoint) {
            return Hop::through(place, id, format!("the policy of {id} allows everything"));
        }
        let policy = match Document::parse(format!("the policy of endpoint {id}"), &for_role(text, self.role)) {
            Ok(document) => Policies::only(document),
            Err(gap) => return Hop::unknown(place, id, gap),
        };
        let account = Arn::parse(self.role).map_or("", |arn| arn.account);
        let keys = ConditionKeys::default()
            .with("aws:PrincipalArn", self.role)
            .with("aws:PrincipalAccount", account)
            .with("aws:SourceVpce", id)
            .with("aws:SourceVpc", &endpoint.vpc);
        let mut unknown = None;
        for action in ACTIONS {
            let request = Request { action, resource: Some(Text::whole("*")), caller: None, keys: &keys };
            match policy.decide(&request) {
                Ok(Decision::Allowed(_)) => {}
                Ok(Decision::Denied(denial)) => {
                    let says = format!("the policy of endpoint {id} does not allow {action}: {denial}");
                    return Hop::stops(place, id, says);
                }
                Err(gap) => unknown = unknown.or(Some(gap)),
            }
        }
        match unknown {
            Some(gap) => Hop::unknown(place, id, gap),
            None => Hop::through(place, id, format!("the policy of {id} allows both actions")),
        }
    }
}

fn range(subnet: &Subnet) -> Result<AddressSet, Gap> {
    AddressSet::read(Family::V4, std::iter::once(&subnet.cidr))
        .map_err(|range| Gap::unprovable(&subnet.id, format!("the range {range} of {} cannot be read", subnet.id)))
}

/// The policy as it reads to this role: statements about it without their principal, none about others, and those as
/// they were of which it is not known whom they are about. The decision then cannot tell either.
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
            // Without one it is about whom it is not known, as an unknown kind is.
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
