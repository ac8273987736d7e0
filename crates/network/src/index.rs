//! A region's networks by id, and by the subnet that something belongs to. Built once for all functions of the region.

use std::collections::HashMap;

use gatelight_model::{
    Fetched, Gap, Listing,
    arn::Arn,
    inventory::{
        DhcpOptions, Function, InternetGateway, NatGateway, Network, NetworkAcl, NetworkInterface, PeeringConnection,
        Region, Route, RouteTable, SecurityGroup, Subnet, TransitAttachment, TransitGateway, TransitSubnets, Vpc,
        VpcEndpoint,
    },
};

use crate::cache::PathCache;

/// A region's networks, indexed.
#[derive(Debug)]
pub struct NetworkIndex<'a> {
    pub(crate) region: &'a Region,
    /// The account's id, if it is known.
    account: Option<&'a str>,
    pub(crate) network: &'a Network,
    subnets: HashMap<&'a str, &'a Subnet>,
    vpcs: HashMap<&'a str, &'a Vpc>,
    tables: HashMap<&'a str, &'a RouteTable>,
    /// By the subnets that are associated with it explicitly.
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
    /// By the gateway whose inbound packets it routes.
    table_of_gateway: HashMap<&'a str, &'a RouteTable>,
    /// By id, and by the instance that it is attached to.
    interfaces: HashMap<&'a str, &'a NetworkInterface>,
    peerings: HashMap<&'a str, &'a PeeringConnection>,
    transits: HashMap<&'a str, &'a TransitGateway>,
    attachments: HashMap<&'a str, &'a TransitAttachment>,
    /// Those of VPCs, by transit gateway and VPC.
    attachment_of: HashMap<(&'a str, &'a str), &'a TransitAttachment>,
    attachment_subnets: HashMap<&'a str, &'a TransitSubnets>,
    transit_tables: HashMap<&'a str, &'a Fetched<Vec<Route>>>,
    /// Paths that were decided already.
    pub(crate) cache: PathCache,
}

/// What a listing holds under an id: `None` if it was read to its end and does not hold it.
pub(crate) type Lookup<'a, T> = Result<Option<&'a T>, Gap>;

fn by_id<T>(listing: &Listing<T>, id: fn(&T) -> &str) -> HashMap<&str, &T> {
    listing.seen.iter().map(|thing| (id(thing), thing)).collect()
}

fn by_subnet<T>(listing: &Listing<T>, subnets: fn(&T) -> &[String]) -> HashMap<&str, &T> {
    listing.seen.iter().flat_map(|thing| subnets(thing).iter().map(move |subnet| (subnet.as_str(), thing))).collect()
}

fn find<'a, T>(map: &HashMap<&'a str, &'a T>, id: &str, listing: &Listing<T>) -> Lookup<'a, T> {
    match map.get(id) {
        Some(thing) => Ok(Some(thing)),
        None => listing.rest.get().map(|()| None),
    }
}

impl<'a> NetworkIndex<'a> {
    /// Indexes the networks of a region. `account`: its id, if it is known.
    #[must_use]
    pub fn new(region: &'a Region, account: Option<&'a str>) -> Self {
        let network = &region.network;
        let mut endpoints_of: HashMap<&str, Vec<&VpcEndpoint>> = HashMap::new();
        for endpoint in &network.endpoints.seen {
            endpoints_of.entry(&endpoint.vpc).or_default().push(endpoint);
        }
        let mut interfaces = by_id(&network.network_interfaces, |interface| &interface.id);
        for interface in &network.network_interfaces.seen {
            interfaces.extend(interface.instance.as_deref().map(|instance| (instance, interface)));
        }
        let of_vpcs = network.transit_attachments.seen.iter().filter(|own| own.kind == "vpc");
        let mains = network.route_tables.seen.iter().filter(|table| table.main);
        Self {
            region,
            account,
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
            table_of_gateway: by_subnet(&network.route_tables, |table| &table.gateways),
            interfaces,
            peerings: by_id(&network.peering_connections, |peering| &peering.id),
            transits: by_id(&network.transit_gateways, |gateway| &gateway.id),
            attachments: by_id(&network.transit_attachments, |attachment| &attachment.id),
            attachment_of: of_vpcs.map(|own| ((own.gateway.as_str(), own.resource.as_str()), own)).collect(),
            attachment_subnets: by_id(&network.transit_subnets, |stand| &stand.attachment),
            transit_tables: network.transit_tables.iter().map(|answer| (answer.id.as_str(), &answer.routes)).collect(),
            cache: PathCache::default(),
        }
    }

    /// The account that a function belongs to, by its ARN; else the account of the region.
    pub(crate) fn account_of<'f>(&self, function: &'f Function) -> Option<&'f str>
    where
        'a: 'f,
    {
        let arn = Arn::parse(&function.arn).map(|arn| arn.account);
        arn.filter(|account| !account.is_empty()).or(self.account)
    }

    /// The subnet of that id.
    ///
    /// # Errors
    /// If AWS did not list it.
    pub fn subnet(&self, id: &str) -> Result<&'a Subnet, Gap> {
        find(&self.subnets, id, &self.network.subnets)?.ok_or_else(|| unlisted("subnet", id))
    }

    /// The VPC of that id.
    ///
    /// # Errors
    /// If AWS did not list it.
    pub fn vpc(&self, id: &str) -> Result<&'a Vpc, Gap> {
        find(&self.vpcs, id, &self.network.vpcs)?.ok_or_else(|| unlisted("VPC", id))
    }

    pub(crate) fn group(&self, id: &str) -> Result<&'a SecurityGroup, Gap> {
        find(&self.groups, id, &self.network.security_groups)?.ok_or_else(|| unlisted("security group", id))
    }

    pub(crate) fn dhcp(&self, id: &str) -> Result<&'a DhcpOptions, Gap> {
        find(&self.dhcp, id, &self.network.dhcp_options)?.ok_or_else(|| unlisted("set of DHCP options", id))
    }

    pub(crate) fn table(&self, id: &str) -> Result<&'a RouteTable, Gap> {
        find(&self.tables, id, &self.network.route_tables)?.ok_or_else(|| unlisted("route table", id))
    }

    pub(crate) fn nat(&self, id: &str) -> Lookup<'a, NatGateway> {
        find(&self.nats, id, &self.network.nat_gateways)
    }

    pub(crate) fn gateway(&self, id: &str) -> Lookup<'a, InternetGateway> {
        find(&self.gateways, id, &self.network.internet_gateways)
    }

    pub(crate) fn endpoint(&self, id: &str) -> Lookup<'a, VpcEndpoint> {
        find(&self.endpoints, id, &self.network.endpoints)
    }

    /// The listed endpoints of a VPC.
    #[must_use]
    pub fn endpoints_in(&self, vpc: &str) -> &[&'a VpcEndpoint] {
        self.endpoints_of.get(vpc).map_or(&[], Vec::as_slice)
    }

    /// The network ACL of a subnet: there always is one.
    pub(crate) fn acl(&self, subnet: &str) -> Result<&'a NetworkAcl, Gap> {
        find(&self.acl_of, subnet, &self.network.network_acls)?.ok_or_else(|| unlisted("network ACL for", subnet))
    }

    /// The route table of a subnet, and whether it is the VPC's main table.
    pub(crate) fn table_of(&self, subnet: &Subnet) -> Result<(&'a RouteTable, bool), Gap> {
        if let Some(table) = self.table_of.get(subnet.id.as_str()) {
            return Ok((table, false));
        }
        // A table that was not listed may be associated explicitly.
        self.network.route_tables.rest.get()?;
        let main = self.main_of.get(subnet.vpc.as_str());
        Ok((main.ok_or_else(|| unlisted("main route table of", &subnet.vpc))?, true))
    }

    /// The route table for packets that enter the VPC through a gateway; none if it has no table of its own.
    pub(crate) fn table_of_gateway(&self, id: &str) -> Lookup<'a, RouteTable> {
        find(&self.table_of_gateway, id, &self.network.route_tables)
    }

    /// A network interface, by its id or by the instance that it is attached to.
    ///
    /// # Errors
    /// If the listing of interfaces broke off.
    pub fn interface(&self, id: &str) -> Result<Option<&'a NetworkInterface>, Gap> {
        find(&self.interfaces, id, &self.network.network_interfaces)
    }

    pub(crate) fn peering(&self, id: &str) -> Lookup<'a, PeeringConnection> {
        find(&self.peerings, id, &self.network.peering_connections)
    }

    /// The other end of a peering connection, as words that follow its id; empty if it is not known.
    pub(crate) fn other_end(&self, id: &str, vpc: &str) -> String {
        let far = self.peerings.get(id).and_then(|peering| peering.ends.iter().find(|end| end.vpc != vpc));
        far.map_or_else(String::new, |far| format!(" (to {} of account {})", far.vpc, far.owner))
    }

    pub(crate) fn transit(&self, id: &str) -> Lookup<'a, TransitGateway> {
        find(&self.transits, id, &self.network.transit_gateways)
    }

    pub(crate) fn attachment(&self, id: &str) -> Lookup<'a, TransitAttachment> {
        find(&self.attachments, id, &self.network.transit_attachments)
    }

    /// The attachment of a VPC to a transit gateway.
    pub(crate) fn attachment_of(&self, gateway: &str, vpc: &str) -> Lookup<'a, TransitAttachment> {
        match self.attachment_of.get(&(gateway, vpc)) {
            Some(attachment) => Ok(Some(attachment)),
            None => self.network.transit_attachments.rest.get().map(|()| None),
        }
    }

    /// The subnets of a VPC's attachment to a transit gateway.
    pub(crate) fn attachment_subnets(&self, attachment: &str) -> Result<&'a [String], Gap> {
        let found = find(&self.attachment_subnets, attachment, &self.network.transit_subnets)?;
        let found = found.ok_or_else(|| unlisted("subnets of attachment", attachment))?;
        Ok(&found.subnets)
    }

    /// The routes in a route table of a transit gateway.
    pub(crate) fn transit_routes(&self, id: &str) -> Result<&'a [Route], Gap> {
        let answer = self.transit_tables.get(id);
        Ok(answer.ok_or_else(|| Gap::not_collected(format!("transit gateway route table {id}")))?.get()?)
    }

    /// The ranges in a prefix list.
    pub(crate) fn list(&self, id: &str) -> Result<&'a [String], Gap> {
        let answer = self.lists.get(id).ok_or_else(|| Gap::not_collected(format!("prefix list {id}")))?;
        Ok(answer.get()?)
    }
}

fn unlisted(what: &str, id: &str) -> Gap {
    Gap::unprovable(id, format!("AWS lists no {what} {id}"))
}
