//! Hops, the path that they make, and what happens to packets at each.

use gatelight_model::Gap;

use crate::remedy::Remedy;

/// What happens to packets at a hop, or on a whole path.
#[derive(Clone, Debug, PartialEq)]
pub enum HopResult {
    /// They go on; for a path: they arrive, and the answers come back.
    Through,
    /// They stop here.
    Stops,
    /// It is not known; why.
    Unknown(Gap),
}

/// The kind of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HopKind {
    /// The function's subnet itself: a hop only where AWS does not list it.
    Subnet,
    /// The DNS name of X-Ray's endpoint.
    Name,
    /// A DNS server of the owner's, on port 53.
    NameServer,
    /// The function's security groups, outbound.
    Group,
    /// The network ACL of the function's subnet.
    Acl,
    /// The route table of the function's subnet.
    Routes,
    /// A NAT gateway.
    Nat,
    /// The network ACL of the NAT gateway's subnet.
    NatAcl,
    /// The route table of the NAT gateway's subnet, or a regional one's own.
    NatRoutes,
    /// An internet gateway.
    Gateway,
    /// VPC Block Public Access.
    PublicAccess,
    /// An interface endpoint.
    Endpoint,
    /// The network ACL of the endpoint's subnet.
    EndpointAcl,
    /// The route table of the endpoint's subnet, by which the answers go.
    EndpointRoutes,
    /// The endpoint's security groups, inbound.
    EndpointGroup,
    /// The endpoint's policy.
    EndpointPolicy,
    /// A network interface of an instance or appliance.
    Appliance,
    /// The endpoint of a firewall or of a Gateway Load Balancer.
    Firewall,
    /// A peering connection.
    Peering,
    /// A transit gateway, at the attachment of the function's VPC.
    Transit,
    /// The route table of a transit gateway.
    TransitRoutes,
    /// The route table of the transit gateway attachment's subnet in the egress VPC.
    EgressRoutes,
    /// The network ACL of that subnet.
    EgressAcl,
    /// Another network, which is not read.
    Beyond,
}

impl HopKind {
    /// Its name in output for people: `network ACL`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subnet => "subnet",
            Self::Name => "name",
            Self::NameServer => "DNS server",
            Self::Group => "security group",
            Self::Acl => "network ACL",
            Self::Routes => "route table",
            Self::Nat => "NAT gateway",
            Self::NatAcl | Self::EndpointAcl => "its network ACL",
            Self::NatRoutes | Self::TransitRoutes | Self::EndpointRoutes => "its route table",
            Self::Gateway => "internet gateway",
            Self::PublicAccess => "public access",
            Self::Endpoint => "endpoint",
            Self::EndpointGroup => "its security group",
            Self::EndpointPolicy => "its policy",
            Self::Appliance => "network interface",
            Self::Firewall => "firewall endpoint",
            Self::Peering => "peering connection",
            Self::Transit => "transit gateway",
            Self::EgressRoutes => "egress route table",
            Self::EgressAcl => "egress network ACL",
            Self::Beyond => "beyond",
        }
    }
}

/// What was decided at a hop.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HopDecision {
    pub(crate) result: HopResult,
    pub(crate) rule: Option<String>,
    pub(crate) message: String,
    pub(crate) partial: Option<String>,
    pub(crate) remedy: Option<Remedy>,
}

impl HopDecision {
    pub(crate) fn new(result: HopResult, rule: Option<String>, message: impl Into<String>) -> Self {
        Self { result, rule, message: message.into(), partial: None, remedy: None }
    }

    /// It stops packets; `partial` says so where it stops only some.
    pub(crate) fn stops(rule: Option<String>, message: String, partial: String, remedy: Remedy) -> Self {
        Self { result: HopResult::Stops, rule, message, partial: Some(partial), remedy: Some(remedy) }
    }

    pub(crate) fn unknown(gap: Gap) -> Self {
        let message = gap.to_string();
        Self::new(HopResult::Unknown(gap), None, message)
    }
}

/// A hop, and what was decided there.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// What it is.
    pub kind: HopKind,
    /// The id of the resource that decided (`sg-…`, `acl-…`, `rtb-…`, `nat-…`, `igw-…`, `vpce-…`, `vpc-…`); several security
    /// groups are joined by `, `.
    pub id: String,
    /// The rule in it that decided, where there is a single one: the number of an ACL's entry, the destination of a route,
    /// the protocol, ports and other side of a security group's rule (`tcp 443 0.0.0.0/0`; unique within a group).
    pub rule: Option<String>,
    /// What was decided, for people.
    pub message: String,
    /// What happens to packets.
    pub result: HopResult,
    /// Where it stops packets: the change that lets them pass, if a single one does.
    pub remedy: Option<Remedy>,
    /// The message where it stops some of the packets and lets others through.
    pub(crate) partial: Option<String>,
}

impl Hop {
    pub(crate) fn decided(kind: HopKind, id: &str, decision: HopDecision) -> Self {
        let HopDecision { result, rule, message, partial, remedy } = decision;
        Self { kind, id: id.to_owned(), rule, message, result, remedy, partial }
    }

    pub(crate) fn through(kind: HopKind, id: &str, message: impl Into<String>) -> Self {
        Self::decided(kind, id, HopDecision::new(HopResult::Through, None, message))
    }

    pub(crate) fn stops(kind: HopKind, id: &str, message: impl Into<String>) -> Self {
        Self::decided(kind, id, HopDecision::new(HopResult::Stops, None, message))
    }

    pub(crate) fn unknown(kind: HopKind, id: &str, gap: Gap) -> Self {
        Self::decided(kind, id, HopDecision::unknown(gap))
    }

    /// A hop whose result cannot be proven from what AWS describes.
    pub(crate) fn unprovable(kind: HopKind, id: &str, message: impl Into<String>) -> Self {
        Self::unknown(kind, id, Gap::unprovable(id, message))
    }

    /// The same hop with the rule that decided.
    pub(crate) fn by(mut self, rule: &str) -> Self {
        self.rule = Some(rule.to_owned());
        self
    }

    /// The same hop with the change that lets packets pass.
    pub(crate) fn with(mut self, remedy: Remedy) -> Self {
        self.remedy = (self.result == HopResult::Stops).then_some(remedy);
        self
    }

    /// The same hop with what to say where it stops only some of the packets.
    pub(crate) fn partly(mut self, partial: String) -> Self {
        self.partial = Some(partial);
        self
    }

    /// The same hop, which stops only some of the packets.
    pub(crate) fn for_a_part(self) -> Self {
        let whole = || format!("a part of the addresses goes a way that stops: {}", self.message);
        let message = self.partial.clone().unwrap_or_else(whole);
        let gap = Gap::unprovable(&self.id, format!("{message}, and which part is used is not known"));
        // The entry that an ACL ends with is in every ACL, and a route is not at fault for what it does not lead.
        let rule = self.rule.filter(|rule| rule.parse::<u32>().is_ok());
        Self { result: HopResult::Unknown(gap), rule, message, remedy: None, partial: None, ..self }
    }
}

/// The path from one subnet of a function to X-Ray's endpoint, and of the answers back.
#[derive(Clone, Debug, PartialEq)]
pub struct PathFromSubnet {
    /// `subnet-…`.
    pub subnet: String,
    /// Its zone: `eu-west-1a`; none if AWS does not list the subnet, or would not.
    pub zone: Option<String>,
    /// Its VPC; none in the same cases.
    pub vpc: Option<String>,
    /// The hops in the order in which packets pass them. Of several paths with the same result, one is shown.
    pub hops: Vec<Hop>,
    /// What happens to packets. It may be proven though a hop is unknown: packets that stop at one hop never arrive.
    pub result: HopResult,
    /// On a path that trace segments take: the hop at which telemetry records stop, or may stop.
    pub telemetry_refusal: Option<Hop>,
}

impl PathFromSubnet {
    /// The hop at which packets stop, if they surely do.
    #[must_use]
    pub fn stop(&self) -> Option<&Hop> {
        let stops = || self.hops.iter().find(|hop| hop.result == HopResult::Stops);
        (self.result == HopResult::Stops).then(stops).flatten()
    }

    /// The subnet as messages name it: `subnet-0aa1 (eu-west-1a)`.
    #[must_use]
    pub fn name(&self) -> String {
        self.zone.as_ref().map_or_else(|| self.subnet.clone(), |zone| format!("{} ({zone})", self.subnet))
    }
}

/// What hops in a row add up to: one that stops packets does so whatever the others do.
pub(crate) fn result_of(hops: &[Hop]) -> HopResult {
    let unknown = hops.iter().find(|hop| matches!(hop.result, HopResult::Unknown(_)));
    if hops.iter().any(|hop| hop.result == HopResult::Stops) {
        HopResult::Stops
    } else {
        unknown.map_or(HopResult::Through, |hop| hop.result.clone())
    }
}

/// The hops where a packet takes one of several paths, and which one is not known: if all have one result, that result.
pub(crate) fn combine_alternatives(kind: HopKind, id: &str, ways: Vec<Vec<Hop>>) -> Vec<Hop> {
    let ends: Vec<_> = ways.iter().map(|way| result_of(way)).collect();
    let all = |same: &HopResult| ends.iter().all(|own| own == same);
    if all(&HopResult::Stops) || all(&HopResult::Through) {
        return ways.into_iter().next().unwrap_or_default();
    }
    if let Some(at) = ends.iter().position(|own| matches!(own, HopResult::Unknown(_))) {
        return ways.into_iter().nth(at).unwrap_or_default();
    }
    let bad = ways.iter().flatten().find(|hop| hop.result == HopResult::Stops);
    let bad = bad.map_or("", |hop| hop.message.as_str());
    vec![Hop::unprovable(kind, id, format!("at {id} a part of the addresses goes a way that stops: {bad}"))]
}
