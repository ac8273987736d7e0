//! What would let packets pass at a hop that stops them, as data: the fix turns it into words and commands.

/// The one change that lets packets pass at a hop that stops them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A rule in one of these security groups.
    GroupRule {
        /// `sg-…`; any one of them is enough.
        groups: Vec<String>,
        /// What the rule has to allow.
        traffic: Traffic,
        /// The security groups of the other side, which the rule may name instead of its addresses.
        peer_groups: Vec<String>,
    },
    /// An entry in a network ACL.
    AclEntry {
        /// `acl-…`
        acl: String,
        /// What the entry has to allow.
        traffic: Traffic,
        /// The number of the entry that denies it now, which the new one has to stay below; none if no entry matches.
        before: Option<i32>,
    },
    /// A route in the route table of a VPC.
    VpcRoute {
        /// `rtb-…`
        table: String,
        /// The range that it has to lead: `0.0.0.0/0`.
        destination: String,
        /// Whether the table has a route for just that range, which leads elsewhere.
        replaces: bool,
        /// Where it has to lead.
        target: RouteGoal,
    },
    /// A static route in the route table of a transit gateway.
    TransitRoute {
        /// `tgw-rtb-…`
        table: String,
        /// The range that it has to lead.
        destination: String,
        /// Whether the table has a static route for just that range, which leads elsewhere.
        replaces: bool,
        /// The attachment that it has to lead to: `tgw-attach-…`; none if there is no one choice.
        attachment: Option<String>,
    },
    /// A public NAT gateway that works, in the place of this one.
    WorkingNat {
        /// `nat-…`
        nat: String,
    },
    /// A zone that a regional NAT gateway does not cover.
    NatZone {
        /// `nat-…`
        nat: String,
        /// `eu-west-1a`
        zone: String,
    },
    /// An internet gateway has to be attached to the VPC.
    AttachGateway {
        /// `igw-…`
        gateway: String,
        /// `vpc-…`
        vpc: String,
    },
    /// VPC Block Public Access has to leave the subnet out.
    PublicAccessExclusion {
        /// `subnet-…`
        subnet: String,
        /// `vpc-…`
        vpc: String,
    },
    /// The attachment of a VPC to a transit gateway needs a subnet in a zone.
    AttachmentZone {
        /// `tgw-attach-…`
        attachment: String,
        /// `eu-west-1a`
        zone: String,
    },
    /// The source/destination check of a network interface has to be off.
    SourceDestCheck {
        /// `eni-…`
        interface: String,
    },
    /// The policy of an endpoint has to allow an action.
    PolicyAction {
        /// `vpce-…`
        endpoint: String,
        /// `xray:PutTraceSegments`
        action: String,
    },
    /// A DNS attribute of a VPC has to be on.
    DnsAttribute {
        /// `vpc-…`
        vpc: String,
        /// `enableDnsSupport` or `enableDnsHostnames`.
        attribute: &'static str,
    },
    /// A private hosted zone needs a record of X-Ray's name that leads to an endpoint.
    ZoneRecord {
        /// `Z…`
        zone: String,
        /// `xray.us-east-1.amazonaws.com`
        name: String,
    },
    /// An endpoint needs IPv4 addresses and records.
    EndpointIpv4 {
        /// `vpce-…`
        endpoint: String,
    },
}

/// Where a route has to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteGoal {
    /// A public NAT gateway of the VPC.
    PublicNat {
        /// `vpc-…`
        vpc: String,
    },
    /// An internet gateway that is attached to the VPC.
    InternetGateway {
        /// `vpc-…`
        vpc: String,
    },
    /// This target: `tgw-…`.
    Target(String),
    /// Nowhere: the route has to go, as the VPC's own `local` route is the right one.
    Removed,
}

/// Packets that a rule or an entry has to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Whether they leave the function, or the subnet.
    pub outbound: bool,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// The first and the last port that they go to.
    pub ports: (u16, u16),
    /// The range of the other side: `0.0.0.0/0`.
    pub range: String,
}
