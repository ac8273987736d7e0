//! Turns EC2's answers into facts. An element that lacks a field which AWS always sends becomes a gap in its listing, and is
//! never read in part: a route table without its routes would lead nowhere, a group without its rules would allow nothing.

use aws_sdk_ec2::types as sdk;
use gatelight_model::{
    Fetched, Gap,
    inventory::{
        AclEntry, DhcpOptions, InternetGateway, NatGateway, NetworkAcl, NetworkInterface, PeeredVpc, PeeringConnection,
        Permission, Route, RouteTable, SecurityGroup, Subnet, TransitAttachment, TransitGateway, TransitSubnets,
        VpcEndpoint,
    },
};

use crate::collect::aws::{Operation, lacks, stated};

/// Reads the fields of one element, and names the element in gaps.
struct FieldReader {
    operation: Operation,
    id: String,
}

impl FieldReader {
    fn new(operation: Operation, id: Option<String>) -> Result<Self, Gap> {
        let id = stated(id).ok_or_else(|| lacks(operation, "*", "an id"))?;
        Ok(Self { operation, id })
    }

    fn need<T>(&self, field: Option<T>, what: &str) -> Result<T, Gap> {
        field.ok_or_else(|| lacks(self.operation, &self.id, what))
    }

    fn text(&self, field: Option<String>, what: &str) -> Result<String, Gap> {
        self.need(stated(field), what)
    }

    fn texts(&self, fields: impl Iterator<Item = Option<String>>, what: &str) -> Result<Vec<String>, Gap> {
        fields.map(|field| self.text(field, what)).collect()
    }
}

pub(super) fn subnet(subnet: sdk::Subnet) -> Result<Subnet, Gap> {
    let of = FieldReader::new(Operation::DescribeSubnets, subnet.subnet_id)?;
    // A subnet of IPv6 alone has no IPv4 range.
    let cidr = match stated(subnet.cidr_block) {
        None if subnet.ipv6_native == Some(true) => String::new(),
        cidr => of.need(cidr, "the subnet's range")?,
    };
    let block = subnet.block_public_access_states.and_then(|states| states.internet_gateway_block_mode);
    Ok(Subnet {
        vpc: of.text(subnet.vpc_id, "the subnet's VPC")?,
        zone: of.text(subnet.availability_zone, "the subnet's zone")?,
        cidr,
        dns64: subnet.enable_dns64.unwrap_or(false),
        owner: of.text(subnet.owner_id, "the subnet's owner")?,
        public_access_block: block.map(|mode| mode.as_str().to_owned()),
        id: of.id,
    })
}

/// A VPC without its DNS attributes, which need calls of their own.
pub(super) struct VpcDescription {
    pub(super) id: String,
    pub(super) cidrs: Vec<String>,
    pub(super) primary_cidr: Fetched<String>,
    pub(super) dhcp_options: Option<String>,
}

impl VpcDescription {
    pub(super) fn with(
        self,
        dns_support: Fetched<bool>,
        dns_hostnames: Fetched<bool>,
    ) -> gatelight_model::inventory::Vpc {
        let Self { id, cidrs, primary_cidr, dhcp_options } = self;
        gatelight_model::inventory::Vpc { id, cidrs, primary_cidr, dhcp_options, dns_support, dns_hostnames }
    }
}

pub(super) fn vpc(vpc: sdk::Vpc) -> Result<VpcDescription, Gap> {
    let of = FieldReader::new(Operation::DescribeVpcs, vpc.vpc_id)?;
    let in_force = |block: &sdk::VpcCidrBlockAssociation| {
        let state = block.cidr_block_state.as_ref().and_then(|state| state.state.as_ref());
        state.is_none_or(|state| *state == sdk::VpcCidrBlockStateCode::Associated)
    };
    let blocks = of.need(vpc.cidr_block_association_set, "the VPC's ranges")?;
    let blocks = blocks.into_iter().filter(in_force).map(|block| block.cidr_block);
    let mut cidrs = of.texts(blocks, "a range of the VPC")?;
    let primary_cidr = of.text(vpc.cidr_block, "the VPC's primary range");
    if let Ok(primary) = &primary_cidr
        && !cidrs.contains(primary)
    {
        cidrs.insert(0, primary.clone());
    }
    // `default` is AWS's word for "no set of options".
    let dhcp_options = stated(vpc.dhcp_options_id).filter(|id| id != "default");
    Ok(VpcDescription { id: of.id, cidrs, primary_cidr: primary_cidr.into(), dhcp_options })
}

pub(super) fn route_table(table: sdk::RouteTable) -> Result<RouteTable, Gap> {
    let of = FieldReader::new(Operation::DescribeRouteTables, table.route_table_id)?;
    let (mut main, mut subnets, mut gateways) = (false, Vec::new(), Vec::new());
    for association in of.need(table.associations, "the route table's associations")? {
        let state = association.association_state.and_then(|state| state.state);
        if state.is_some_and(|state| state != sdk::RouteTableAssociationStateCode::Associated) {
            continue;
        }
        main |= association.main == Some(true);
        subnets.extend(stated(association.subnet_id));
        gateways.extend(stated(association.gateway_id));
    }
    let routes = of.need(table.routes, "the route table's routes")?;
    let routes = routes.into_iter().map(|found| route(found, &of)).collect::<Result<_, _>>()?;
    Ok(RouteTable { vpc: of.text(table.vpc_id, "the route table's VPC")?, main, subnets, gateways, routes, id: of.id })
}

fn route(route: sdk::Route, of: &FieldReader) -> Result<Route, Gap> {
    let destination =
        [route.destination_cidr_block, route.destination_ipv6_cidr_block, route.destination_prefix_list_id];
    let destination = of.need(destination.into_iter().find_map(stated), "a route's destination")?;
    let state = of.text(route.state.map(|state| state.as_str().to_owned()), "a route's state")?;
    let origin = of.text(route.origin.map(|origin| origin.as_str().to_owned()), "a route's origin").into();
    // A route to an instance names the instance's interface too; the interface is what packets go to.
    let target = [
        route.gateway_id,
        route.nat_gateway_id,
        route.transit_gateway_id,
        route.vpc_peering_connection_id,
        route.egress_only_internet_gateway_id,
        route.network_interface_id,
        route.instance_id,
        route.carrier_gateway_id,
        route.local_gateway_id,
        route.core_network_arn,
        route.odb_network_arn,
        route.ip_address,
    ];
    let target = target.into_iter().find_map(stated).unwrap_or_default();
    Ok(Route { destination, state, target, origin })
}

pub(super) fn nat_gateway(nat: sdk::NatGateway) -> Result<NatGateway, Gap> {
    let of = FieldReader::new(Operation::DescribeNatGateways, nat.nat_gateway_id)?;
    let state = of.text(nat.state.map(|state| state.as_str().to_owned()), "the NAT gateway's state")?;
    let (subnet, route_table, zones) = if nat.availability_mode == Some(sdk::AvailabilityMode::Regional) {
        let provided = of.need(nat.auto_provision_zones, "whether AWS chooses the NAT gateway's zones")?;
        let zones = if provided == sdk::AutoProvisionZonesState::Enabled {
            Vec::new()
        } else {
            let addresses = of.need(nat.nat_gateway_addresses, "the NAT gateway's addresses")?;
            let zones = addresses.into_iter().map(|address| address.availability_zone);
            let mut zones = of.texts(zones, "the zone of an address of the NAT gateway")?;
            zones.sort();
            zones.dedup();
            // An empty list would mean that AWS covers every zone.
            of.need((!zones.is_empty()).then_some(zones), "the NAT gateway's zones")?
        };
        (None, Some(of.text(nat.route_table_id, "the NAT gateway's route table")?), zones)
    } else {
        (Some(of.text(nat.subnet_id, "the NAT gateway's subnet")?), None, Vec::new())
    };
    let appliances = nat.attached_appliances.unwrap_or_default().into_iter().map(|own| own.appliance_arn);
    Ok(NatGateway {
        vpc: of.text(nat.vpc_id, "the NAT gateway's VPC")?,
        state,
        public: nat.connectivity_type != Some(sdk::ConnectivityType::Private),
        subnet,
        route_table,
        zones,
        appliances: of.texts(appliances, "an appliance of the NAT gateway")?,
        id: of.id,
    })
}

pub(super) fn internet_gateway(gateway: sdk::InternetGateway) -> Result<InternetGateway, Gap> {
    let of = FieldReader::new(Operation::DescribeInternetGateways, gateway.internet_gateway_id)?;
    let mut vpcs = Vec::new();
    for attachment in of.need(gateway.attachments, "the internet gateway's attachments")? {
        let state = of.need(attachment.state, "the state of an attachment")?;
        let vpc = of.text(attachment.vpc_id, "the VPC of an attachment")?;
        // EC2 says `available` of an attachment that its own model calls `attached`.
        if ["available", "attached"].iter().any(|usable| state.as_str().eq_ignore_ascii_case(usable)) {
            vpcs.push(vpc);
        }
    }
    Ok(InternetGateway { vpcs, id: of.id })
}

pub(super) fn endpoint(endpoint: sdk::VpcEndpoint) -> Result<VpcEndpoint, Gap> {
    let of = FieldReader::new(Operation::DescribeVpcEndpoints, endpoint.vpc_endpoint_id)?;
    let kind = of.need(endpoint.vpc_endpoint_type, "the endpoint's type")?;
    let interface = kind == sdk::VpcEndpointType::Interface;
    let service = match (stated(endpoint.service_name), &kind) {
        // These lead to a resource or a service network, not to a service.
        (None, sdk::VpcEndpointType::Resource | sdk::VpcEndpointType::ServiceNetwork) => String::new(),
        (service, _) => of.need(service, "the endpoint's service")?,
    };
    let groups = match endpoint.groups {
        None if !interface => Vec::new(),
        groups => of.need(groups, "the endpoint's security groups")?,
    };
    let private_dns = match endpoint.private_dns_enabled {
        None if !interface => false,
        enabled => of.need(enabled, "whether the endpoint has private DNS")?,
    };
    let subnets = match endpoint.subnet_ids {
        None if !interface => Vec::new(),
        subnets => of.need(subnets, "the endpoint's subnets")?,
    };
    let record_type = endpoint.dns_options.and_then(|options| options.dns_record_ip_type);
    Ok(VpcEndpoint {
        vpc: of.text(endpoint.vpc_id, "the endpoint's VPC")?,
        service,
        kind: kind.as_str().to_owned(),
        state: of.text(endpoint.state.map(|state| state.as_str().to_owned()), "the endpoint's state")?,
        private_dns,
        ip_address_type: Fetched::known(endpoint.ip_address_type.map(|kind| kind.as_str().to_owned())),
        dns_record_type: Fetched::known(record_type.map(|kind| kind.as_str().to_owned())),
        subnets,
        security_groups: of.texts(groups.into_iter().map(|group| group.group_id), "a group of the endpoint")?,
        policy: stated(endpoint.policy_document),
        id: of.id,
    })
}

pub(super) fn security_group(group: sdk::SecurityGroup) -> Result<SecurityGroup, Gap> {
    let of = FieldReader::new(Operation::DescribeSecurityGroups, group.group_id)?;
    let read = |permissions: Option<Vec<sdk::IpPermission>>| {
        let permissions = of.need(permissions, "the security group's rules")?;
        permissions.into_iter().map(|found| permission(found, &of)).collect::<Result<Vec<_>, _>>()
    };
    let (ingress, egress) = (read(group.ip_permissions)?, read(group.ip_permissions_egress)?);
    Ok(SecurityGroup { ingress, egress, id: of.id })
}

fn permission(permission: sdk::IpPermission, of: &FieldReader) -> Result<Permission, Gap> {
    let sdk::IpPermission { ip_ranges, ipv6_ranges, prefix_list_ids, user_id_group_pairs, .. } = permission;
    if ip_ranges.is_none() && ipv6_ranges.is_none() && prefix_list_ids.is_none() && user_id_group_pairs.is_none() {
        return of.need(None, "whom a rule is about");
    }
    let v4 = ip_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ip);
    let v6 = ipv6_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ipv6);
    let lists = prefix_list_ids.unwrap_or_default().into_iter().map(|list| list.prefix_list_id);
    let groups = user_id_group_pairs.unwrap_or_default().into_iter().map(|pair| pair.group_id);
    Ok(Permission {
        protocol: of.text(permission.ip_protocol, "a rule's protocol")?,
        from_port: permission.from_port,
        to_port: permission.to_port,
        cidrs: of.texts(v4.chain(v6), "a rule's range")?,
        prefix_lists: of.texts(lists, "a rule's prefix list")?,
        security_groups: of.texts(groups, "a rule's security group")?,
    })
}

pub(super) fn network_acl(acl: sdk::NetworkAcl) -> Result<NetworkAcl, Gap> {
    let of = FieldReader::new(Operation::DescribeNetworkAcls, acl.network_acl_id)?;
    let associations = of.need(acl.associations, "the network ACL's associations")?;
    let subnets = associations.into_iter().map(|association| association.subnet_id);
    let entries = of.need(acl.entries, "the network ACL's entries")?;
    Ok(NetworkAcl {
        subnets: of.texts(subnets, "a subnet of the network ACL")?,
        entries: entries.into_iter().map(|entry| acl_entry(entry, &of)).collect::<Result<_, _>>()?,
        id: of.id,
    })
}

fn acl_entry(entry: sdk::NetworkAclEntry, of: &FieldReader) -> Result<AclEntry, Gap> {
    let cidr = stated(entry.cidr_block).or_else(|| stated(entry.ipv6_cidr_block));
    let (from_port, to_port) = entry.port_range.map_or((None, None), |range| (range.from, range.to));
    Ok(AclEntry {
        number: of.need(entry.rule_number, "an entry's number")?,
        egress: of.need(entry.egress, "an entry's direction")?,
        allow: of.need(entry.rule_action, "an entry's action")? == sdk::RuleAction::Allow,
        protocol: of.text(entry.protocol, "an entry's protocol")?,
        cidr: of.need(cidr, "an entry's range")?,
        from_port,
        to_port,
    })
}

pub(super) fn dhcp_options(options: sdk::DhcpOptions) -> Result<DhcpOptions, Gap> {
    let of = FieldReader::new(Operation::DescribeDhcpOptions, options.dhcp_options_id)?;
    let mut dns_servers = Vec::new();
    for option in of.need(options.dhcp_configurations, "the options")? {
        if of.text(option.key, "an option's name")? == "domain-name-servers" {
            let values = of.need(option.values, "the DNS servers")?;
            dns_servers.extend(of.texts(values.into_iter().map(|value| value.value), "a DNS server")?);
        }
    }
    Ok(DhcpOptions { dns_servers, id: of.id })
}

pub(super) fn prefix(entry: sdk::PrefixListEntry, list: &str) -> Result<String, Gap> {
    stated(entry.cidr).ok_or_else(|| lacks(Operation::GetManagedPrefixListEntries, list, "a range"))
}

pub(super) fn network_interface(interface: sdk::NetworkInterface) -> Result<NetworkInterface, Gap> {
    let of = FieldReader::new(Operation::DescribeNetworkInterfaces, interface.network_interface_id)?;
    let groups = of.need(interface.groups, "the interface's security groups")?;
    Ok(NetworkInterface {
        instance: interface.attachment.and_then(|attachment| stated(attachment.instance_id)),
        status: of.text(interface.status.map(|status| status.as_str().to_owned()), "the interface's status")?,
        source_dest_check: of.need(interface.source_dest_check, "the interface's source/destination check")?,
        public_ip: interface.association.and_then(|association| stated(association.public_ip)),
        security_groups: of.texts(groups.into_iter().map(|group| group.group_id), "a group of the interface")?,
        id: of.id,
    })
}

pub(super) fn peering_connection(peering: sdk::VpcPeeringConnection) -> Result<PeeringConnection, Gap> {
    let of = FieldReader::new(Operation::DescribeVpcPeeringConnections, peering.vpc_peering_connection_id)?;
    let code = peering.status.and_then(|status| status.code);
    // AWS leaves out details of a connection that was rejected or has expired.
    let end = |info: sdk::VpcPeeringConnectionVpcInfo| {
        Some(PeeredVpc { vpc: stated(info.vpc_id)?, owner: stated(info.owner_id)?, region: stated(info.region)? })
    };
    let ends = [peering.requester_vpc_info, peering.accepter_vpc_info];
    Ok(PeeringConnection {
        status: of.text(code.map(|code| code.as_str().to_owned()), "the peering connection's status")?,
        ends: ends.into_iter().flatten().filter_map(end).collect(),
        id: of.id,
    })
}

pub(super) fn transit_gateway(gateway: sdk::TransitGateway) -> Result<TransitGateway, Gap> {
    let of = FieldReader::new(Operation::DescribeTransitGateways, gateway.transit_gateway_id)?;
    Ok(TransitGateway { owner: of.text(gateway.owner_id, "the transit gateway's owner")?, id: of.id })
}

pub(super) fn transit_attachment(attachment: sdk::TransitGatewayAttachment) -> Result<TransitAttachment, Gap> {
    let of = FieldReader::new(Operation::DescribeTransitGatewayAttachments, attachment.transit_gateway_attachment_id)?;
    let kind = attachment.resource_type.map(|kind| kind.as_str().to_owned());
    let in_force = |association: &sdk::TransitGatewayAttachmentAssociation| {
        association.state == Some(sdk::TransitGatewayAssociationState::Associated)
    };
    let association = attachment.association.filter(in_force);
    Ok(TransitAttachment {
        gateway: of.text(attachment.transit_gateway_id, "the attachment's transit gateway")?,
        kind: of.text(kind, "what kind of thing is attached")?,
        resource: stated(attachment.resource_id).unwrap_or_default(),
        owner: stated(attachment.resource_owner_id).unwrap_or_default(),
        state: of.text(attachment.state.map(|state| state.as_str().to_owned()), "the attachment's state")?,
        table: association.and_then(|association| stated(association.transit_gateway_route_table_id)),
        id: of.id,
    })
}

pub(super) fn transit_subnets(attachment: sdk::TransitGatewayVpcAttachment) -> Result<TransitSubnets, Gap> {
    let of =
        FieldReader::new(Operation::DescribeTransitGatewayVpcAttachments, attachment.transit_gateway_attachment_id)?;
    let subnets = of.need(attachment.subnet_ids, "the attachment's subnets")?;
    Ok(TransitSubnets { subnets, attachment: of.id })
}

/// A route of a transit gateway's table, once for each attachment that it leads to; a black hole leads to none.
pub(super) fn transit_routes(route: sdk::TransitGatewayRoute, table: &str) -> Result<Vec<Route>, Gap> {
    let of = FieldReader { operation: Operation::SearchTransitGatewayRoutes, id: table.to_owned() };
    let destination = stated(route.destination_cidr_block).or_else(|| stated(route.prefix_list_id));
    let destination = of.need(destination, "a route's destination")?;
    let state = of.text(route.state.map(|state| state.as_str().to_owned()), "a route's state")?;
    let origin: Fetched<_> = of.text(route.r#type.map(|kind| kind.as_str().to_owned()), "a route's type").into();
    let attachments = route.transit_gateway_attachments.unwrap_or_default().into_iter();
    let targets = of.texts(attachments.map(|own| own.transit_gateway_attachment_id), "where a route leads")?;
    let to = |target| Route { destination: destination.clone(), state: state.clone(), target, origin: origin.clone() };
    if targets.is_empty() {
        return Ok(vec![to(String::new())]);
    }
    Ok(targets.into_iter().map(to).collect())
}

#[cfg(test)]
mod tests;
