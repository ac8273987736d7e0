//! The networks that functions run in, as EC2 describes them.

use serde::{Deserialize, Serialize};

use super::{
    EndpointAddress, HostedZonesAnswer, RouteTable, TransitAttachment, TransitGateway, TransitSubnets,
    TransitTableAnswer, ZoneRecordsAnswer,
};
use crate::{Fetched, Gap, Listing, fetched::required_option, gaps::walk_gaps};

/// What is known of the networks of a region: those of the VPCs that functions are attached to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The subnets of those VPCs.
    pub subnets: Listing<Subnet>,
    /// The VPCs.
    pub vpcs: Listing<Vpc>,
    /// Their route tables.
    pub route_tables: Listing<RouteTable>,
    /// Their NAT gateways.
    pub nat_gateways: Listing<NatGateway>,
    /// Their internet gateways.
    pub internet_gateways: Listing<InternetGateway>,
    /// Their VPC endpoints; and where a route leads to other networks, those of X-Ray in every VPC of the region.
    pub endpoints: Listing<VpcEndpoint>,
    /// Their security groups.
    pub security_groups: Listing<SecurityGroup>,
    /// Their network ACLs.
    pub network_acls: Listing<NetworkAcl>,
    /// Their sets of DHCP options.
    pub dhcp_options: Listing<DhcpOptions>,
    /// The prefix lists that their routes and rules name.
    #[serde(default)]
    pub prefix_lists: Vec<PrefixListAnswer>,
    /// The network interfaces that routes lead to.
    pub network_interfaces: Listing<NetworkInterface>,
    /// The peering connections that routes lead to.
    pub peering_connections: Listing<PeeringConnection>,
    /// The transit gateways that routes lead to.
    pub transit_gateways: Listing<TransitGateway>,
    /// What is attached to them.
    pub transit_attachments: Listing<TransitAttachment>,
    /// The subnets in which those of VPCs stand.
    pub transit_subnets: Listing<TransitSubnets>,
    /// The route tables of this account's transit gateways on the way.
    #[serde(default)]
    pub transit_tables: Vec<TransitTableAnswer>,
    /// The private hosted zones of the VPCs in which X-Ray's name may lead to an endpoint in another network.
    #[serde(default)]
    pub hosted_zones: Vec<HostedZonesAnswer>,
    /// The records of these zones.
    #[serde(default)]
    pub zone_records: Vec<ZoneRecordsAnswer>,
    /// The network interfaces that have the addresses which these records name.
    pub endpoint_addresses: Listing<EndpointAddress>,
}

impl Network {
    /// Networks of which nothing is known.
    #[must_use]
    pub fn unread(gap: &Gap) -> Self {
        Self {
            subnets: Listing::unread(gap.clone()),
            vpcs: Listing::unread(gap.clone()),
            route_tables: Listing::unread(gap.clone()),
            nat_gateways: Listing::unread(gap.clone()),
            internet_gateways: Listing::unread(gap.clone()),
            endpoints: Listing::unread(gap.clone()),
            security_groups: Listing::unread(gap.clone()),
            network_acls: Listing::unread(gap.clone()),
            dhcp_options: Listing::unread(gap.clone()),
            prefix_lists: Vec::new(),
            network_interfaces: Listing::unread(gap.clone()),
            peering_connections: Listing::unread(gap.clone()),
            transit_gateways: Listing::unread(gap.clone()),
            transit_attachments: Listing::unread(gap.clone()),
            transit_subnets: Listing::unread(gap.clone()),
            transit_tables: Vec::new(),
            hosted_zones: Vec::new(),
            zone_records: Vec::new(),
            endpoint_addresses: Listing::unread(gap.clone()),
        }
    }

    /// Networks that nobody asked about.
    #[must_use]
    pub fn not_collected() -> Self {
        Self::unread(&Gap::not_collected("networks of functions"))
    }
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// `vpc-…`.
    pub vpc: String,
    /// `eu-west-1a`.
    pub zone: String,
    /// Its IPv4 range.
    pub cidr: String,
    /// Whether its resolver makes IPv6 addresses out of IPv4 ones.
    pub dns64: bool,
    /// The account that owns it: not the function's in a shared VPC.
    pub owner: String,
    /// What VPC Block Public Access does to it, exclusions counted: `off`, `block-bidirectional`, `block-ingress`. AWS
    /// was seen to state `off` where nobody ever set it (it does not document that it always does); none stated is read as
    /// none set.
    #[serde(deserialize_with = "required_option")]
    pub public_access_block: Option<String>,
}

/// A VPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its IPv4 ranges.
    pub cidrs: Vec<String>,
    /// The first of them, which it was created with: Amazon's DNS server has the address two above its base.
    pub primary_cidr: Fetched<String>,
    /// `dopt-…`; none where AWS states none.
    #[serde(deserialize_with = "required_option")]
    pub dhcp_options: Option<String>,
    /// `enableDnsSupport`.
    pub dns_support: Fetched<bool>,
    /// `enableDnsHostnames`.
    pub dns_hostnames: Fetched<bool>,
}

/// A NAT gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NatGateway {
    /// `nat-…`.
    pub id: String,
    /// `vpc-…`.
    pub vpc: String,
    /// `available`, `pending`, `failed`, `deleting`, `deleted`.
    pub state: String,
    /// Whether it has public addresses (`ConnectivityType`; public unless AWS says otherwise).
    pub public: bool,
    /// The subnet it stands in; none for a regional one.
    #[serde(deserialize_with = "required_option")]
    pub subnet: Option<String>,
    /// The route table of a regional one.
    #[serde(deserialize_with = "required_option")]
    pub route_table: Option<String>,
    /// The zones that a regional one covers; empty where AWS provides them as needed.
    pub zones: Vec<String>,
    /// The ARNs of appliances that are attached to it, such as a firewall that works as a proxy.
    pub appliances: Vec<String>,
}

/// An internet gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InternetGateway {
    /// `igw-…`.
    pub id: String,
    /// The VPCs that it is attached to and available in.
    pub vpcs: Vec<String>,
}

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// `vpce-…`.
    pub id: String,
    /// `vpc-…`.
    pub vpc: String,
    /// `com.amazonaws.eu-west-1.xray`.
    pub service: String,
    /// `Interface`, `Gateway`, `GatewayLoadBalancer`, …
    pub kind: String,
    /// `available`, `pending`, …; the case varies.
    pub state: String,
    /// Whether the service's public name resolves to it.
    pub private_dns: bool,
    /// Which addresses its network interfaces have: `ipv4`, `dualstack`, `ipv6`; none where AWS states none.
    pub ip_address_type: Fetched<Option<String>>,
    /// Which records its DNS names have: `ipv4`, `dualstack`, `ipv6`, `service-defined`; none where AWS states none.
    pub dns_record_type: Fetched<Option<String>>,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Its policy as AWS sent it; none: everything is allowed.
    #[serde(deserialize_with = "required_option")]
    pub policy: Option<String>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// What is let in.
    pub ingress: Vec<Permission>,
    /// What is let out.
    pub egress: Vec<Permission>,
}

/// What a security group lets through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Permission {
    /// `tcp`, `udp`, `-1` for all, or a protocol number.
    pub protocol: String,
    /// The first port; none: all.
    #[serde(deserialize_with = "required_option")]
    pub from_port: Option<i32>,
    /// The last port.
    #[serde(deserialize_with = "required_option")]
    pub to_port: Option<i32>,
    /// IPv4 and IPv6 ranges.
    pub cidrs: Vec<String>,
    /// `pl-…`.
    pub prefix_lists: Vec<String>,
    /// `sg-…`.
    pub security_groups: Vec<String>,
}

/// A network ACL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// `acl-…`.
    pub id: String,
    /// The subnets that it guards.
    pub subnets: Vec<String>,
    /// Its entries; the lowest number that matches decides, and nothing matching denies.
    pub entries: Vec<AclEntry>,
}

/// An entry of a network ACL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AclEntry {
    /// Its place.
    pub number: i32,
    /// Whether it is about packets that leave the subnet.
    pub egress: bool,
    /// Whether it lets through.
    pub allow: bool,
    /// A protocol number; `-1` for all.
    pub protocol: String,
    /// An IPv4 or IPv6 range.
    pub cidr: String,
    /// The first port; none: all.
    #[serde(deserialize_with = "required_option")]
    pub from_port: Option<i32>,
    /// The last port.
    #[serde(deserialize_with = "required_option")]
    pub to_port: Option<i32>,
}

/// A set of DHCP options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DhcpOptions {
    /// `dopt-…`.
    pub id: String,
    /// Addresses, or `AmazonProvidedDNS`.
    pub dns_servers: Vec<String>,
}

/// What AWS said about a prefix list that a route or rule names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrefixListAnswer {
    /// `pl-…`.
    pub id: String,
    /// Its ranges.
    pub cidrs: Fetched<Vec<String>>,
}

/// A network interface that a route leads to: that of a NAT instance or of another appliance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// The instance that it is attached to.
    #[serde(deserialize_with = "required_option")]
    pub instance: Option<String>,
    /// `in-use`, `available` (attached to nothing), …
    pub status: String,
    /// Whether it drops packets that are neither from nor to its own addresses.
    pub source_dest_check: bool,
    /// Its public IPv4 address.
    #[serde(deserialize_with = "required_option")]
    pub public_ip: Option<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
}

/// A VPC peering connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeeringConnection {
    /// `pcx-…`.
    pub id: String,
    /// `active`, `pending-acceptance`, `deleted`, …
    pub status: String,
    /// The VPCs at its two ends, with the accounts that own them.
    pub ends: Vec<PeeredVpc>,
}

/// One end of a peering connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeeredVpc {
    /// `vpc-…`.
    pub vpc: String,
    /// The account.
    pub owner: String,
    /// `eu-west-1`.
    pub region: String,
}

walk_gaps! {
    Network {
        subnets, vpcs, route_tables, nat_gateways, internet_gateways, endpoints, security_groups, network_acls,
        dhcp_options, prefix_lists, network_interfaces, peering_connections, transit_gateways, transit_attachments,
        transit_subnets, transit_tables, hosted_zones, zone_records, endpoint_addresses
    }
    Subnet { id, vpc, zone, cidr, dns64, owner, public_access_block }
    Vpc { id, cidrs, primary_cidr, dhcp_options, dns_support, dns_hostnames }
    NatGateway { id, vpc, state, public, subnet, route_table, zones, appliances }
    InternetGateway { id, vpcs }
    VpcEndpoint {
        id, vpc, service, kind, state, private_dns, ip_address_type, dns_record_type, subnets, security_groups, policy
    }
    SecurityGroup { id, ingress, egress }
    Permission { protocol, from_port, to_port, cidrs, prefix_lists, security_groups }
    NetworkAcl { id, subnets, entries }
    AclEntry { number, egress, allow, protocol, cidr, from_port, to_port }
    DhcpOptions { id, dns_servers }
    PrefixListAnswer { id, cidrs }
    NetworkInterface { id, instance, status, source_dest_check, public_ip, security_groups }
    PeeringConnection { id, status, ends }
    PeeredVpc { vpc, owner, region }
}
