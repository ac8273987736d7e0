//! The words in which a way is told: hops, and what becomes of packets at each.

use gatelight_model::Gap;

/// What becomes of packets at a hop, or on a whole way.
#[derive(Clone, Debug, PartialEq)]
pub enum HopResult {
    /// They go on; of a whole way: they arrive, and the answers come back.
    Through,
    /// They stop here.
    Stops,
    /// It cannot be told; why.
    Unknown(Gap),
}

/// What a hop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The function's subnet itself: told only where AWS does not list it.
    Subnet,
    /// The name of X-Ray's endpoint, as the VPC's DNS answers it.
    Name,
    /// The function's security groups, on the way out.
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
    /// The endpoint's security groups, on the way in.
    EndpointGroup,
    /// The endpoint's policy.
    EndpointPolicy,
    /// A network interface of an instance or appliance.
    Appliance,
    /// The endpoint of a firewall or of a Gateway Load Balancer.
    Firewall,
    /// A transit gateway: the attachment of the VPC that packets come from.
    Transit,
    /// The route table of a transit gateway.
    TransitRoutes,
    /// The route table of the transit gateway's subnet in the VPC that it leads to.
    EgressRoutes,
    /// The network ACL of that subnet.
    EgressAcl,
    /// What lies behind a connection to other networks.
    Beyond,
}

impl Place {
    /// What people call it: `network ACL`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subnet => "subnet",
            Self::Name => "name",
            Self::Group => "security group",
            Self::Acl => "network ACL",
            Self::Routes => "route table",
            Self::Nat => "NAT gateway",
            Self::NatAcl | Self::EndpointAcl => "its network ACL",
            Self::NatRoutes | Self::TransitRoutes => "its route table",
            Self::Gateway => "internet gateway",
            Self::PublicAccess => "public access",
            Self::Endpoint => "endpoint",
            Self::EndpointGroup => "its security group",
            Self::EndpointPolicy => "its policy",
            Self::Appliance => "network interface",
            Self::Firewall => "firewall endpoint",
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
    pub(crate) passage: HopResult,
    pub(crate) rule: Option<String>,
    pub(crate) says: String,
}

impl HopDecision {
    pub(crate) fn new(passage: HopResult, rule: Option<String>, says: impl Into<String>) -> Self {
        Self { passage, rule, says: says.into() }
    }

    pub(crate) fn unknown(gap: Gap) -> Self {
        let says = gap.to_string();
        Self::new(HopResult::Unknown(gap), None, says)
    }
}

/// A hop, and what was decided there.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// What it is.
    pub place: Place,
    /// The id of the thing that decided (`sg-…`, `acl-…`, `rtb-…`, `nat-…`, `igw-…`, `vpce-…`, `vpc-…`); several security
    /// groups are joined by `, `.
    pub id: String,
    /// The one rule in it that decided, where there is one: the number of an ACL's entry, the destination of a route, the
    /// protocol, ports and peer of a security group's rule (`tcp 443 0.0.0.0/0`; within a group no two are the same).
    pub rule: Option<String>,
    /// What was decided, in words.
    pub says: String,
    /// What becomes of packets.
    pub passage: HopResult,
}

impl Hop {
    pub(crate) fn decided(place: Place, id: &str, HopDecision { passage, rule, says }: HopDecision) -> Self {
        Self { place, id: id.to_owned(), rule, says, passage }
    }

    pub(crate) fn through(place: Place, id: &str, says: impl Into<String>) -> Self {
        Self::decided(place, id, HopDecision::new(HopResult::Through, None, says))
    }

    pub(crate) fn stops(place: Place, id: &str, says: impl Into<String>) -> Self {
        Self::decided(place, id, HopDecision::new(HopResult::Stops, None, says))
    }

    pub(crate) fn unknown(place: Place, id: &str, gap: Gap) -> Self {
        Self::decided(place, id, HopDecision::unknown(gap))
    }

    /// What cannot be proven from outside.
    pub(crate) fn unprovable(place: Place, id: &str, says: impl Into<String>) -> Self {
        Self::unknown(place, id, Gap::unprovable(id, says))
    }

    /// Names the rule that decided.
    pub(crate) fn by(mut self, rule: &str) -> Self {
        self.rule = Some(rule.to_owned());
        self
    }
}

/// The way of packets from one subnet of a function to X-Ray's endpoint, and of the answers back.
#[derive(Clone, Debug, PartialEq)]
pub struct PathFromSubnet {
    /// `subnet-…`.
    pub subnet: String,
    /// Its zone: `eu-west-1a`; none if AWS does not list the subnet, or would not.
    pub zone: Option<String>,
    /// Its VPC; none as above.
    pub vpc: Option<String>,
    /// What packets meet, in their order. Of ways that come to the same, one is told.
    pub hops: Vec<Hop>,
    /// What becomes of them. A hop may be unknown and the end still be proven: what stops them stops them.
    pub end: HopResult,
}

impl PathFromSubnet {
    /// The hop at which packets stop.
    #[must_use]
    pub fn stop(&self) -> Option<&Hop> {
        let stops = || self.hops.iter().find(|hop| hop.passage == HopResult::Stops);
        (self.end == HopResult::Stops).then(stops).flatten()
    }

    /// The subnet as messages name it: `subnet-0aa1 (eu-west-1a)`.
    #[must_use]
    pub fn name(&self) -> String {
        self.zone.as_ref().map_or_else(|| self.subnet.clone(), |zone| format!("{} ({zone})", self.subnet))
    }
}

/// What hops in a row come to: one that stops packets does so whatever the others do.
pub(crate) fn end(hops: &[Hop]) -> HopResult {
    let unknown = hops.iter().find(|hop| matches!(hop.passage, HopResult::Unknown(_)));
    if hops.iter().any(|hop| hop.passage == HopResult::Stops) {
        HopResult::Stops
    } else {
        unknown.map_or(HopResult::Through, |hop| hop.passage.clone())
    }
}

/// Ways of which a packet takes one, it is not known which: where all come to the same, that.
pub(crate) fn agree(place: Place, id: &str, ways: Vec<Vec<Hop>>) -> Vec<Hop> {
    let ends: Vec<_> = ways.iter().map(|way| end(way)).collect();
    let all = |same: &HopResult| ends.iter().all(|own| own == same);
    if all(&HopResult::Stops) || all(&HopResult::Through) {
        return ways.into_iter().next().unwrap_or_default();
    }
    if let Some(at) = ends.iter().position(|own| matches!(own, HopResult::Unknown(_))) {
        return ways.into_iter().nth(at).unwrap_or_default();
    }
    let bad = ways.iter().flatten().find(|hop| hop.passage == HopResult::Stops);
    let bad = bad.map_or("", |hop| hop.says.as_str());
    vec![Hop::unprovable(place, id, format!("at {id} a part of the addresses goes a way that stops: {bad}"))]
}
