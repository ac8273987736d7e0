//! What routes lead to beyond a VPC's own gateways: interfaces, peering connections, transit gateways. Each kind is read
//! only where some route leads to one.

use std::{collections::BTreeSet, net::Ipv4Addr};

use aws_sdk_ec2::types::Filter;
use futures_util::{StreamExt, stream};
use gatelight_model::{
    Gap, Listing,
    inventory::{Network, Route, TransitAttachment, TransitTableAnswer},
};

use super::{NetworkReader, PAGE, SIDE_BY_SIDE, VpcResources, chunks, convert, joined, once_each, values_in_gap};
use crate::collect::aws::{Operation, Page, lacks};

impl NetworkReader<'_> {
    /// Adds what the routes of a network lead to; for transit gateways of this `account` also their route tables and the
    /// egress VPCs behind them.
    pub(super) async fn with_route_targets(
        &self,
        mut network: Network,
        vpcs: &BTreeSet<String>,
        account: Option<&str>,
    ) -> Network {
        let targets = |start: &str| -> BTreeSet<String> {
            let routes = network.route_tables.seen.iter().flat_map(|table| &table.routes);
            routes.map(|route| &route.target).filter(|target| target.starts_with(start)).cloned().collect()
        };
        let interfaces = async {
            let (named, instances) = (targets("eni-"), targets("i-"));
            if named.is_empty() && instances.is_empty() {
                return None;
            }
            let named = describe!(self, DescribeNetworkInterfaces, describe_network_interfaces(filters, PAGE).network_interfaces, "network-interface-id" in &named, convert::network_interface);
            let attached = describe!(self, DescribeNetworkInterfaces, describe_network_interfaces(filters, PAGE).network_interfaces, "attachment.instance-id" in &instances, convert::network_interface);
            Some(once_each(joined(named, attached), |interface| &interface.id))
        };
        let peerings = async {
            let ids = targets("pcx-");
            if ids.is_empty() {
                return None;
            }
            let all = describe!(self, DescribeVpcPeeringConnections, describe_vpc_peering_connections(filters, PAGE).vpc_peering_connections, "vpc-peering-connection-id" in &ids, convert::peering_connection);
            Some(once_each(all, |peering| &peering.id))
        };
        // An endpoint in another network may be shared with this one.
        let shared = async {
            if targets("pcx-").is_empty() && targets("tgw-").is_empty() {
                return None;
            }
            let (region, china) = (&self.region.name, if self.region.name.starts_with("cn-") { "cn." } else { "" });
            let names = ["xray", "xray-fips"].map(|name| format!("{china}com.amazonaws.{region}.{name}"));
            let names = BTreeSet::from(names);
            Some(
                describe!(self, DescribeVpcEndpoints, describe_vpc_endpoints(filters, PAGE).vpc_endpoints, "service-name" in &names, convert::endpoint),
            )
        };
        // On the heap: EC2's calls are large.
        let (interfaces, peerings, shared) = tokio::join!(Box::pin(interfaces), Box::pin(peerings), Box::pin(shared));
        let gateways = targets("tgw-");
        if let Some(shared) = shared {
            network.endpoints = once_each(joined(network.endpoints, shared), |endpoint| &endpoint.id);
        }
        network.network_interfaces = interfaces.unwrap_or(network.network_interfaces);
        network.peering_connections = peerings.unwrap_or(network.peering_connections);
        if gateways.is_empty() { network } else { self.with_transit(network, &gateways, vpcs, account).await }
    }

    async fn with_transit(
        &self,
        mut network: Network,
        ids: &BTreeSet<String>,
        vpcs: &BTreeSet<String>,
        account: Option<&str>,
    ) -> Network {
        let gateways = async {
            describe!(self, DescribeTransitGateways, describe_transit_gateways(filters, PAGE).transit_gateways, "transit-gateway-id" in ids, convert::transit_gateway)
        };
        let attachments = async {
            describe!(self, DescribeTransitGatewayAttachments, describe_transit_gateway_attachments(filters, PAGE).transit_gateway_attachments, "transit-gateway-id" in ids, convert::transit_attachment)
        };
        let subnets = async {
            describe!(self, DescribeTransitGatewayVpcAttachments, describe_transit_gateway_vpc_attachments(filters, PAGE).transit_gateway_vpc_attachments, "transit-gateway-id" in ids, convert::transit_subnets)
        };
        let (gateways, attachments, subnets) =
            tokio::join!(Box::pin(gateways), Box::pin(attachments), Box::pin(subnets));
        network.transit_gateways = once_each(gateways, |gateway| &gateway.id);
        network.transit_attachments = once_each(attachments, |attachment| &attachment.id);
        network.transit_subnets = once_each(subnets, |stand| &stand.attachment);

        // Only the owner of a transit gateway can read its tables.
        let is_own = |attachment: &&TransitAttachment| {
            let of = |id: &String| network.transit_gateways.seen.iter().find(|gateway| gateway.id == *id);
            of(&attachment.gateway).is_some_and(|gateway| Some(gateway.owner.as_str()) == account)
        };
        let own: Vec<_> = network.transit_attachments.seen.iter().filter(is_own).cloned().collect();
        let sources = own.iter().filter(|attachment| vpcs.contains(&attachment.resource));
        let first: BTreeSet<String> = sources.filter_map(|attachment| attachment.table.clone()).collect();
        let mut tables = self.transit_tables(first.clone()).await;
        let routes = tables.iter().filter_map(|answer| answer.routes.get().ok()).flatten();
        let led: BTreeSet<&str> = routes.filter(|route| is_public(route)).map(|route| route.target.as_str()).collect();
        let far = own.iter().filter(|attachment| led.contains(attachment.id.as_str()));
        let far: Vec<_> = far.filter(|far| far.kind == "vpc" && Some(far.owner.as_str()) == account).collect();
        let second: BTreeSet<String> = far.iter().filter_map(|far| far.table.clone()).collect();
        let egress: BTreeSet<String> =
            far.iter().map(|far| far.resource.clone()).filter(|vpc| !vpcs.contains(vpc)).collect();
        let (more, resources) = tokio::join!(
            self.transit_tables(&second - &first),
            Box::pin(async { if egress.is_empty() { None } else { Some(self.vpc_resources(&egress).await) } }),
        );
        tables.extend(more);
        tables.sort_by(|a, b| a.id.cmp(&b.id));
        network.transit_tables = tables;
        match resources {
            Some(resources) => with_vpc_resources(network, resources),
            None => network,
        }
    }

    /// The routes of these transit gateway route tables. AWS gives one page only, and says if there is more.
    pub(super) async fn transit_tables(&self, ids: BTreeSet<String>) -> Vec<TransitTableAnswer> {
        let ask = |id: String| async move {
            let operation = Operation::SearchTransitGatewayRoutes;
            // The call needs a filter: this one matches every type.
            let every = Filter::builder().name("type").values("static").values("propagated").build();
            let send = || {
                let call = self.client.search_transit_gateway_routes().transit_gateway_route_table_id(&id);
                call.filters(every.clone()).send()
            };
            let read = self.region.calls.call(operation, &id, send).await.and_then(|answer| {
                let routes = answer.routes.ok_or_else(|| lacks(operation, &id, "the list of routes"))?;
                if answer.additional_routes_available == Some(true) {
                    let why = format!("{id} has more than the 1,000 routes that AWS returns");
                    return Err(Gap::unprovable(&id, why));
                }
                let routes: Result<Vec<_>, Gap> =
                    routes.into_iter().map(|route| convert::transit_routes(route, &id)).collect();
                Ok(routes?.concat())
            });
            TransitTableAnswer { id, routes: read.into() }
        };
        stream::iter(ids).map(ask).buffered(SIDE_BY_SIDE).collect().await
    }
}

/// Whether a route may take public addresses, and so lead to an egress VPC.
fn is_public(route: &Route) -> bool {
    let Some((address, length)) = route.destination.split_once('/') else { return true };
    let (Ok(address), Ok(length)) = (address.parse::<Ipv4Addr>(), length.parse::<u8>()) else { return false };
    let [first, second, ..] = address.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    length < 8 || !(address.is_private() || shared)
}

pub(super) fn with_vpc_resources(network: Network, resources: VpcResources) -> Network {
    let VpcResources { subnets, route_tables, nat_gateways, internet_gateways, endpoints, network_acls } = resources;
    Network {
        subnets: once_each(joined(network.subnets, subnets), |subnet| &subnet.id),
        route_tables: once_each(joined(network.route_tables, route_tables), |table| &table.id),
        nat_gateways: once_each(joined(network.nat_gateways, nat_gateways), |nat| &nat.id),
        internet_gateways: once_each(joined(network.internet_gateways, internet_gateways), |gateway| &gateway.id),
        endpoints: once_each(joined(network.endpoints, endpoints), |endpoint| &endpoint.id),
        network_acls: once_each(joined(network.network_acls, network_acls), |acl| &acl.id),
        ..network
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_ranges_do_not_lead_out() {
        let route = |destination: &str| Route {
            destination: destination.to_owned(),
            state: "active".to_owned(),
            target: "tgw-attach-1".to_owned(),
            origin: gatelight_model::Fetched::known("static".to_owned()),
        };
        for public in ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "52.94.0.0/16", "100.128.0.0/9", "8.0.0.0/6", "pl-1"] {
            assert!(is_public(&route(public)), "{public}");
        }
        for private in ["10.0.0.0/8", "10.1.0.0/16", "172.16.0.0/12", "192.168.4.0/24", "100.64.0.0/10", "::/0"] {
            assert!(!is_public(&route(private)), "{private}");
        }
    }
}
