//! What a hop that stops packets lacks, so that whoever reads it can say which one change lets them through.

/// The one change that lets packets through a hop. Ids are those of the hop unless they stand here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A network ACL needs an entry that allows these ports (first and last) to or from a range.
    AclEntry {
        /// Whether it is about packets that leave the subnet.
        egress: bool,
        /// The first port and the last.
        ports: (i32, i32),
        /// The range that packets go to or come from: `0.0.0.0/0`.
        range: String,
    },
    /// A route table needs a route to a range by this target: `tgw-…`, `pcx-…`, or the attachment of a transit gateway.
    Route {
        /// `10.0.1.0/24`.
        destination: String,
        /// Where it has to lead.
        target: String,
    },
    /// The route tables hold a route that leads packets astray: without it, a wider one takes them.
    StrayRoute {
        /// `10.0.1.0/24`.
        destination: String,
    },
    /// A regional NAT gateway, or the attachment of a transit gateway, has to cover a zone.
    Zone {
        /// `eu-west-1b`.
        zone: String,
        /// The attachment; none for a NAT gateway.
        attachment: Option<String>,
    },
    /// VPC Block Public Access needs an exclusion for this subnet.
    PublicAccess {
        /// `subnet-…`.
        subnet: String,
    },
    /// An internet gateway has to be attached to this VPC.
    Detached {
        /// `vpc-…`.
        vpc: String,
    },
    /// The subnet of this NAT gateway, or the regional NAT gateway itself, needs a route to an internet gateway.
    NatRoute {
        /// `nat-…`.
        nat: String,
        /// The subnet; none for a regional NAT gateway.
        subnet: Option<String>,
    },
    /// Only another NAT gateway helps, as this one is private: that cannot be changed.
    PrivateNat {
        /// `nat-…`.
        nat: String,
        /// The subnet in which it stands.
        subnet: Option<String>,
    },
    /// A security group needs a rule that lets TCP port 443 out to, or in from, a range or another group.
    GroupRule {
        /// `sg-…`.
        group: String,
        /// Whether it is about packets that leave.
        egress: bool,
        /// `10.0.1.0/24`, or `sg-…`.
        peer: String,
    },
    /// A private hosted zone needs a record of this name.
    Record {
        /// `xray.us-east-1.amazonaws.com`.
        name: String,
    },
}
