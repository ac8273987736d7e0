//! A network as paths look at it: by id, and by what belongs to a subnet. Indexed once for all functions.

use std::collections::HashMap;

use crate::{
    fetched::{Fetched, Gap, Listing},
    inventory::{
        DhcpOptions, InternetGateway, NatGateway, Network, NetworkAcl, RouteTable, SecurityGroup, Subnet, Vpc,
        VpcEndpoint,
    },
};

/// See the module.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    pub(super) network: &'a Network,
    subnets: HashMap<&'a str, &'a Subnet>,
    vpcs: HashMap<&'a str, &'a Vpc>,
    tables: HashMap<&'a str, &'a RouteTable>,
    /// By the subnets that are associated by name.
    table_of: HashMap<&'a str, &'a RouteTable>,
    main_of: HashMap<&'a str, &'a RouteTable>,
    nats: HashMap<&'a str, &'a NatGateway>,
    gateways: HashMap<&'a str, &'a InternetGateway>,
    endpoints: HashMap<&'a str, &'a VpcEndpoint>,
    endpoints_of: HashMap<&'a str, Vec<&'a VpcEndpoint>>,
    groups: HashMap<&'a str, &'a SecurityGroup>,
    acl_of: HashMap<&'a str, &'a NetworkAcl>,
    dhcp: HashMap<&'a str, &'a DhcpOptions>,
    lists: HashMap<&'a str, &'a Fetched<Vec<String>>>,
}

/// What was found under an id, or that a listing which was read to its end does not hold it.
pub(super) type Found<'a, T> = Result<Option<&'a T>, Gap>;

fn by_id<T>(listing: &Listing<T>, id: fn(&T) -> &str) -> HashMap<&str, &T> {
    listing.seen.iter().map(|thing| (id(thing), thing)).collect()
}

fn by_subnet<T>(listing: &Listing<T>, subnets: fn(&T) -> &[String]) -> HashMap<&str, &T> {
    listing.seen.iter().flat_map(|thing| subnets(thing).iter().map(move |subnet| (subnet.as_str(), thing))).collect()
}

fn find<'a, T>(map: &HashMap<&'a str, &'a T>, id: &str, listing: &Listing<T>) -> Found<'a, T> {
    match map.get(id) {
        Some(thing) => Ok(Some(thing)),
        None => listing.rest.get().map(|()| None),
    }
}

impl<'a> Index<'a> {
    pub(crate) fn new(network: &'a Network) -> Self {
        let mut endpoints_of: HashMap<&str, Vec<&VpcEndpoint>> = HashMap::new();
        for endpoint in &network.endpoints.seen {
            endpoints_of.entry(&endpoint.vpc).or_default().push(endpoint);
        }
        let mains = network.route_tables.seen.iter().filter(|table| table.main);
        Self {
            network,
            subnets: by_id(&network.subnets, |subnet| &subnet.id),
            vpcs: by_id(&network.vpcs, |vpc| &vpc.id),
            tables: by_id(&network.route_tables, |table| &table.id),
            table_of: by_subnet(&network.route_tables, |table| &table.subnets),
            main_of: mains.map(|table| (table.vpc.as_str(), table)).collect(),
            nats: by_id(&network.nat_gateways, |nat| &nat.id),
            gateways: by_id(&network.internet_gateways, |gateway| &gateway.id),
            endpoints: by_id(&network.endpoints, |endpoint| &endpoint.id),
            endpoints_of,
            groups: by_id(&network.security_groups, |group| &group.id),
            acl_of: by_subnet(&network.network_acls, |acl| &acl.subnets),
            dhcp: by_id(&network.dhcp_options, |options| &options.id),
            lists: network.prefix_lists.iter().map(|answer| (answer.id.as_str(), &answer.cidrs)).collect(),
        }
    }

    pub(super) fn subnet(&self, id: &str) -> Result<&'a Subnet, Gap> {
        find(&self.subnets, id, &self.network.subnets)?.ok_or_else(|| unlisted("subnet", id))
    }

    pub(super) fn vpc(&self, id: &str) -> Result<&'a Vpc, Gap> {
        find(&self.vpcs, id, &self.network.vpcs)?.ok_or_else(|| unlisted("VPC", id))
    }

    pub(super) fn group(&self, id: &str) -> Result<&'a SecurityGroup, Gap> {
        find(&self.groups, id, &self.network.security_groups)?.ok_or_else(|| unlisted("security group", id))
    }

    pub(super) fn dhcp(&self, id: &str) -> Result<&'a DhcpOptions, Gap> {
        find(&self.dhcp, id, &self.network.dhcp_options)?.ok_or_else(|| unlisted("set of DHCP options", id))
    }

    pub(super) fn table(&self, id: &str) -> Result<&'a RouteTable, Gap> {
        find(&self.tables, id, &self.network.route_tables)?.ok_or_else(|| unlisted("route table", id))
    }

    pub(super) fn nat(&self, id: &str) -> Found<'a, NatGateway> {
        find(&self.nats, id, &self.network.nat_gateways)
    }

    pub(super) fn gateway(&self, id: &str) -> Found<'a, InternetGateway> {
        find(&self.gateways, id, &self.network.internet_gateways)
    }

    pub(super) fn endpoint(&self, id: &str) -> Found<'a, VpcEndpoint> {
        find(&self.endpoints, id, &self.network.endpoints)
    }

    /// The endpoints of a VPC that were seen.
    pub(super) fn endpoints_in(&self, vpc: &str) -> &[&'a VpcEndpoint] {
        self.endpoints_of.get(vpc).map_or(&[], Vec::as_slice)
    }

    /// The network ACL that guards a subnet: there always is one.
    pub(super) fn acl(&self, subnet: &str) -> Result<&'a NetworkAcl, Gap> {
        find(&self.acl_of, subnet, &self.network.network_acls)?.ok_or_else(|| unlisted("network ACL for", subnet))
    }

    /// The route table that holds for a subnet, and whether it does as the main one of the VPC.
    pub(super) fn table_of(&self, subnet: &Subnet) -> Result<(&'a RouteTable, bool), Gap> {
        if let Some(table) = self.table_of.get(subnet.id.as_str()) {
            return Ok((table, false));
        }
        // A table that was not seen may be associated by name.
        self.network.route_tables.rest.get()?;
        let main = self.main_of.get(subnet.vpc.as_str());
        Ok((main.ok_or_else(|| unlisted("main route table of", &subnet.vpc))?, true))
    }

    /// The ranges in a prefix list.
    pub(super) fn list(&self, id: &str) -> Result<&'a [String], Gap> {
        let answer = self.lists.get(id).ok_or_else(|| Gap::not_collected(format!("prefix list {id}")))?;
        Ok(answer.get()?)
    }
}

fn unlisted(what: &str, id: &str) -> Gap {
    Gap::unprovable(id, format!("AWS lists no {what} {id}"))
}
