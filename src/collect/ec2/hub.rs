//! The network of a central endpoint: the VPC in which it stands, and the tables of the transit gateways between. That of
//! another account is read with that account's credentials.

use std::collections::BTreeSet;

use aws_sdk_ec2::{self as ec2, types::Filter};
use gatelight_model::{
    Gap, Listing,
    inventory::{EndpointAddress, Network, TransitAttachment},
};

use super::{NetworkReader, PAGE, chunks, convert, gateways::with_vpc_resources, joined, once_each, values_in_gap};
use crate::collect::{
    aws::{Operation, Page, lacks},
    client::RegionClient,
};

/// What the records of a hosted zone lead to.
#[derive(Debug, Default)]
pub(in crate::collect) struct HubTargets {
    /// Ids of endpoints.
    pub(in crate::collect) endpoints: BTreeSet<String>,
    /// IPv4 addresses.
    pub(in crate::collect) addresses: BTreeSet<String>,
}

/// Reads the networks behind a hosted zone with the credentials of the zone's owner.
pub(in crate::collect) struct HubReader<'a> {
    pub(in crate::collect) region: &'a RegionClient,
    pub(in crate::collect) client: ec2::Client,
    /// Whether that is the account that is read.
    pub(in crate::collect) is_own: bool,
}

impl HubReader<'_> {
    /// Adds the endpoints of these targets, the VPCs in which they stand, and the transit gateways' tables on the way.
    ///
    /// # Errors
    /// If something of another account cannot be read: its gaps must not hide this account's own network.
    pub(in crate::collect) async fn with_hub(&self, network: Network, targets: &HubTargets) -> Result<Network, Gap> {
        let reader = NetworkReader { region: self.region, client: &self.client };
        let mut network = network;
        let mut endpoints = targets.endpoints.clone();
        if !targets.addresses.is_empty() {
            let addresses = Box::pin(reader.addresses(&targets.addresses)).await;
            endpoints.extend(addresses.seen.iter().filter_map(|address| address.endpoint.clone()));
            if network.endpoint_addresses.seen.is_empty() && network.endpoint_addresses.rest.get().is_err() {
                network.endpoint_addresses = Listing::whole(Vec::new());
            }
            network.endpoint_addresses = once_each(joined(network.endpoint_addresses, addresses), |own| &own.address);
        }
        endpoints.retain(|id| network.endpoints.seen.iter().all(|endpoint| endpoint.id != *id));
        if !endpoints.is_empty() {
            let more = Box::pin(async {
                describe!(&reader, DescribeVpcEndpoints, describe_vpc_endpoints(filters, PAGE).vpc_endpoints, "vpc-endpoint-id" in &endpoints, convert::endpoint)
            });
            let more = more.await;
            more.rest.get()?;
            network.endpoints.seen.extend(more.seen);
            network.endpoints = once_each(network.endpoints, |endpoint| &endpoint.id);
        }
        let known: BTreeSet<&String> = network.subnets.seen.iter().map(|subnet| &subnet.id).collect();
        let is_named = |id: &String| {
            let named = targets.endpoints.contains(id);
            named || network.endpoint_addresses.seen.iter().any(|own| own.endpoint.as_ref() == Some(id))
        };
        let hubs = network.endpoints.seen.iter().filter(|endpoint| is_named(&endpoint.id));
        let hubs: BTreeSet<String> = hubs.map(|endpoint| endpoint.vpc.clone()).collect();
        // What an egress VPC or a function's own already gave is not read again.
        let subnets = network.endpoints.seen.iter().filter(|endpoint| is_named(&endpoint.id));
        let unread = subnets.filter(|endpoint| endpoint.subnets.iter().any(|subnet| !known.contains(subnet)));
        let unread: BTreeSet<String> = unread.map(|endpoint| endpoint.vpc.clone()).collect();
        if !hubs.is_empty() {
            network = self.with_vpcs(&reader, network, &unread, &hubs).await?;
        }
        Ok(self.with_transit_tables(network, &hubs).await)
    }

    /// Adds what is in hub VPCs. `unread`: those of which nothing is read but their endpoints.
    async fn with_vpcs(
        &self,
        reader: &NetworkReader<'_>,
        mut network: Network,
        unread: &BTreeSet<String>,
        hubs: &BTreeSet<String>,
    ) -> Result<Network, Gap> {
        let of_hubs: BTreeSet<&String> = network
            .endpoints
            .seen
            .iter()
            .filter(|endpoint| hubs.contains(&endpoint.vpc))
            .flat_map(|endpoint| &endpoint.security_groups)
            .collect();
        let has = |id: &str| network.security_groups.seen.iter().any(|group| group.id == id);
        let wanted: BTreeSet<String> = of_hubs.into_iter().filter(|id| !has(id)).cloned().collect();
        let groups = Box::pin(async {
            if wanted.is_empty() {
                return Listing::whole(Vec::new());
            }
            describe!(reader, DescribeSecurityGroups, describe_security_groups(filters, PAGE).security_groups, "group-id" in &wanted, convert::security_group)
        });
        let resources =
            Box::pin(async { if unread.is_empty() { None } else { Some(reader.vpc_resources(unread).await) } });
        let (groups, resources) = tokio::join!(groups, resources);
        if !self.is_own {
            groups.rest.get()?;
            if let Some(gap) = resources.iter().flat_map(super::VpcResources::gaps).next() {
                return Err(gap);
            }
        }
        let lists = reader
            .prefix_lists(resources.as_ref().map_or(&[][..], |resources| &resources.route_tables.seen), &groups.seen);
        let lists = Box::pin(lists).await;
        let new = lists.into_iter().filter(|list| network.prefix_lists.iter().all(|own| own.id != list.id));
        let new: Vec<_> = new.collect();
        network.prefix_lists.extend(new);
        network.security_groups = once_each(joined(network.security_groups, groups), |group| &group.id);
        Ok(match resources {
            Some(resources) => with_vpc_resources(network, resources),
            None => network,
        })
    }

    /// Adds the route tables of transit gateways that hold for hub VPCs and for the VPCs of functions, as far as their owner
    /// is among the accounts of the run: a transit gateway's owner alone sees them.
    async fn with_transit_tables(&self, mut network: Network, hubs: &BTreeSet<String>) -> Network {
        let gateways: Vec<_> = network.transit_gateways.seen.clone();
        for gateway in gateways {
            let own = self.region.account.as_deref() == Some(gateway.owner.as_str());
            let session = if own {
                Some(&self.region.session)
            } else {
                self.region.others.iter().find(|other| other.account == gateway.owner).map(|other| &other.session)
            };
            let Some(session) = session else { continue };
            let client = session.ec2(&self.region.name);
            let reader = NetworkReader { region: self.region, client: &client };
            if !own {
                network = Box::pin(reader.with_attachments_of(network, &gateway.id)).await;
            }
            let vpcs: BTreeSet<&String> = network.vpcs.seen.iter().map(|vpc| &vpc.id).chain(hubs).collect();
            let is_on_the_way = |attachment: &&TransitAttachment| {
                attachment.gateway == gateway.id && attachment.kind == "vpc" && vpcs.contains(&attachment.resource)
            };
            let tables = network.transit_attachments.seen.iter().filter(is_on_the_way);
            let tables: BTreeSet<String> = tables.filter_map(|attachment| attachment.table.clone()).collect();
            let known = network.transit_tables.iter().map(|answer| answer.id.clone()).collect();
            network.transit_tables.extend(reader.transit_tables(&tables - &known).await);
        }
        network.transit_tables.sort_by(|a, b| a.id.cmp(&b.id));
        network
    }
}

impl NetworkReader<'_> {
    /// Adds the attachments of a transit gateway and where they stand, as its owner sees them. What cannot be read changes
    /// nothing.
    async fn with_attachments_of(&self, mut network: Network, gateway: &str) -> Network {
        let ids = BTreeSet::from([gateway.to_owned()]);
        let ids = &ids;
        let attachments = Box::pin(async {
            describe!(self, DescribeTransitGatewayAttachments, describe_transit_gateway_attachments(filters, PAGE).transit_gateway_attachments, "transit-gateway-id" in ids, convert::transit_attachment)
        });
        let subnets = Box::pin(async {
            describe!(self, DescribeTransitGatewayVpcAttachments, describe_transit_gateway_vpc_attachments(filters, PAGE).transit_gateway_vpc_attachments, "transit-gateway-id" in ids, convert::transit_subnets)
        });
        let (attachments, subnets) = tokio::join!(attachments, subnets);
        for seen in attachments.seen {
            let listed = &mut network.transit_attachments.seen;
            listed.retain(|own| own.id != seen.id);
            listed.push(seen);
        }
        network.transit_attachments = once_each(network.transit_attachments, |attachment| &attachment.id);
        network.transit_subnets.seen.extend(subnets.seen);
        network.transit_subnets = once_each(network.transit_subnets, |stand| &stand.attachment);
        network
    }

    /// The network interfaces that have these addresses.
    async fn addresses(&self, addresses: &BTreeSet<String>) -> Listing<EndpointAddress> {
        let interfaces = describe!(self, DescribeNetworkInterfaces, describe_network_interfaces(filters, PAGE).network_interfaces, "addresses.private-ip-address" in addresses, endpoint_addresses);
        let seen = interfaces.seen.into_iter().flatten().filter(|own| addresses.contains(&own.address)).collect();
        Listing { seen, rest: interfaces.rest }
    }
}

/// The addresses of a network interface. That of an endpoint names it in its description
/// (<https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html>).
fn endpoint_addresses(interface: ec2::types::NetworkInterface) -> Result<Vec<EndpointAddress>, Gap> {
    let operation = Operation::DescribeNetworkInterfaces;
    let subnet = interface.subnet_id.ok_or_else(|| lacks(operation, "*", "an interface's subnet"))?;
    let endpoint = interface.description.as_deref().and_then(|text| text.strip_prefix("VPC Endpoint Interface "));
    let endpoint = endpoint.map(|id| id.trim().to_owned());
    let all = interface.private_ip_addresses.unwrap_or_default().into_iter().filter_map(|own| own.private_ip_address);
    let all: BTreeSet<String> = all.chain(interface.private_ip_address).collect();
    let address = |address: String| EndpointAddress { address, endpoint: endpoint.clone(), subnet: subnet.clone() };
    Ok(all.into_iter().map(address).collect())
}
