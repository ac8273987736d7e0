//! What AWS answered: facts, no judgements. `Option` stands only where AWS itself says "none".

mod account;
mod api;
mod delivery;
mod function;
mod hosted_zone;
mod ingested;
mod key;
mod logs;
mod network;
mod organization;
mod probe;
mod region;
mod routes;
mod tracing;
mod traffic;
mod transit;

pub use account::{Account, AttachedPolicy, InlinePolicy, ManagedPolicy, Role, RoleAnswer};
pub use api::{AccessLog, AccessLogSetting, Api, GatewaySettings, MethodLogging, Protocol, Stage, StageOf};
pub use delivery::LogDelivery;
pub use function::{CallersAnswer, CapacityProviderAnswer, Function, FunctionVpc};
pub use hosted_zone::{DnsRecord, EndpointAddress, HostedZone, HostedZonesAnswer, ZoneRecordsAnswer};
pub use ingested::IngestedAnswer;
pub use key::{Key, KeyAnswer};
pub use logs::{DeliveryStream, DeliveryStreamAnswer, LogGroup, LogGroupAnswer, LogPolicy};
pub use network::{
    AclEntry, DhcpOptions, InternetGateway, NatGateway, Network, NetworkAcl, NetworkInterface, PeeredVpc,
    PeeringConnection, Permission, PrefixListAnswer, SecurityGroup, Subnet, Vpc, VpcEndpoint,
};
pub use organization::{Organization, OrganizationLevel, OrganizationPolicy, PolicyType};
pub use probe::{Hit, LogProbe, LogProbeAnswer, OwnPattern, SearchedFor};
pub use region::{ClosedRegion, Region};
pub use routes::{Route, RouteTable};
pub use tracing::{SamplingAttribute, SamplingRule, TraceDestination};
pub use traffic::{DestinationIntake, LatencyPercentiles, OwnLines, Percentiles, Timing, TrafficAnswer};
pub use transit::{TransitAttachment, TransitGateway, TransitSubnets, TransitTableAnswer};
