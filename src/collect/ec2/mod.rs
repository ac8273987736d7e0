//! EC2: the networks that functions are attached to. They are read by VPC, a page at a time, whatever the number of
//! functions.

/// Reads a listing, filtered by some values, page by page.
macro_rules! describe {
    ($reader:expr, $operation:ident, $call:ident($filters:ident, $page:expr).$list:ident, $name:literal in $values:expr, $read:path) => {{
        let (reader, operation): (&NetworkReader<'_>, _) = ($reader, Operation::$operation);
        let mut all = Listing::whole(Vec::new());
        for values in chunks($values) {
            let resource = values_in_gap(&values);
            let filter = Filter::builder().name($name).set_values(Some(values)).build();
            let part = reader
                .region
                .calls
                .pages(operation, &resource, async |token| {
                    let send = || {
                        let call = reader.client.$call().$filters(filter.clone()).max_results($page);
                        call.set_next_token(token.clone()).send()
                    };
                    let answer = reader.region.calls.call(operation, &resource, send).await?;
                    let list = answer.$list.ok_or_else(|| lacks(operation, &resource, "the list"))?;
                    Ok(Page { elements: list.into_iter().map($read).collect(), next: answer.next_token })
                })
                .await;
            all = joined(all, part);
        }
        all
    }};
}

mod convert;
mod gateways;
pub(super) mod hub;

use std::collections::BTreeSet;

use aws_sdk_ec2::{
    self as ec2,
    types::{Filter, VpcAttributeName},
};
use futures_util::{StreamExt, future::join, stream};
use gatelight_model::{
    Fetched, Gap, Listing,
    arn::Arn,
    inventory::{
        CapacityProviderAnswer, Function, InternetGateway, NatGateway, Network, NetworkAcl, PrefixListAnswer,
        RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint,
    },
    text::list,
};

use super::{
    aws::{Operation, Page, lacks},
    client::RegionClient,
    ec2::convert::VpcDescription,
};

/// Calls under way at once; the pacer limits how many start a second.
const SIDE_BY_SIDE: usize = 8;
/// The most values that EC2 accepts in a filter.
const VALUES: usize = 200;
/// The most that EC2 gives in a page.
const PAGE: i32 = 1000;
/// The most that EC2 gives in a page of route tables or of a prefix list's entries.
const SMALL_PAGE: i32 = 100;

struct NetworkReader<'a> {
    region: &'a RegionClient,
    client: &'a ec2::Client,
}

/// Reads the networks of `functions` and of the capacity providers that they run on.
pub(super) async fn network(
    region: &RegionClient,
    functions: &[Function],
    providers: &[CapacityProviderAnswer],
) -> Network {
    let attached = functions.iter().filter_map(|function| function.vpc.as_ref());
    let provided = providers.iter().filter_map(|answer| answer.vpc.get().ok());
    let subnets: BTreeSet<String> = attached.chain(provided).flat_map(|vpc| vpc.subnets.iter().cloned()).collect();
    if subnets.is_empty() {
        return Network::unread(&Gap::not_collected(format!("networks (no function of {} is in one)", region.name)));
    }
    let reader = NetworkReader { region, client: &region.ec2 };
    region.calls.progress().show(|| format!("{}: networks of {} subnets", region.name, subnets.len()));
    // By filter, as a request by id fails for all if one subnet is gone.
    let named = Box::pin(async {
        describe!(&reader, DescribeSubnets, describe_subnets(filters, PAGE).subnets, "subnet-id" in &subnets, convert::subnet)
    })
    .await;
    let vpcs: BTreeSet<String> = named.seen.iter().map(|subnet| subnet.vpc.clone()).collect();
    if vpcs.is_empty() {
        let gap = named.rest.get().err();
        let gap =
            gap.unwrap_or_else(|| Gap::not_collected(format!("networks (no subnet of {} is there)", region.name)));
        return Network { subnets: named, ..Network::unread(&gap) };
    }
    let account = functions.iter().find_map(|function| Some(Arn::parse(&function.arn)?.account.to_owned()));
    let network = reader.vpc_networks(named, &vpcs).await;
    reader.with_route_targets(network, &vpcs, account.as_deref()).await
}

/// The resources of VPCs that may be on the path to the internet.
struct VpcResources {
    subnets: Listing<Subnet>,
    route_tables: Listing<RouteTable>,
    nat_gateways: Listing<NatGateway>,
    internet_gateways: Listing<InternetGateway>,
    endpoints: Listing<VpcEndpoint>,
    network_acls: Listing<NetworkAcl>,
}

impl VpcResources {
    /// Why something of them is not known.
    fn gaps(&self) -> impl Iterator<Item = Gap> {
        let rests = [
            &self.subnets.rest,
            &self.route_tables.rest,
            &self.nat_gateways.rest,
            &self.internet_gateways.rest,
            &self.endpoints.rest,
            &self.network_acls.rest,
        ];
        rests.into_iter().filter_map(|rest| rest.get().err())
    }
}

impl NetworkReader<'_> {
    async fn vpc_networks(&self, named: Listing<Subnet>, vpcs: &BTreeSet<String>) -> Network {
        let security_groups = async {
            describe!(self, DescribeSecurityGroups, describe_security_groups(filters, PAGE).security_groups, "vpc-id" in vpcs, convert::security_group)
        };
        let vpcs_and_options = async {
            let bare = describe!(self, DescribeVpcs, describe_vpcs(filters, PAGE).vpcs, "vpc-id" in vpcs, convert::vpc);
            let bare = once_each(bare, |vpc| &vpc.id);
            let options: BTreeSet<String> = bare.seen.iter().filter_map(|vpc| vpc.dhcp_options.clone()).collect();
            let options = async {
                describe!(self, DescribeDhcpOptions, describe_dhcp_options(filters, PAGE).dhcp_options, "dhcp-options-id" in &options, convert::dhcp_options)
            };
            join(self.with_attributes(bare), options).await
        };
        // On the heap: EC2's calls are large.
        let (vpc_resources, security_groups, (vpcs, dhcp_options)) =
            tokio::join!(Box::pin(self.vpc_resources(vpcs)), Box::pin(security_groups), Box::pin(vpcs_and_options));
        let VpcResources { subnets, route_tables, nat_gateways, internet_gateways, endpoints, network_acls } =
            vpc_resources;
        let security_groups = once_each(security_groups, |group| &group.id);
        let prefix_lists = self.prefix_lists(&route_tables.seen, &security_groups.seen).await;
        Network {
            subnets: once_each(joined(named, subnets), |subnet| &subnet.id),
            vpcs,
            route_tables,
            nat_gateways,
            internet_gateways,
            endpoints,
            security_groups,
            network_acls,
            dhcp_options: once_each(dhcp_options, |options| &options.id),
            prefix_lists,
            ..Network::unread(&Gap::not_collected("what routes do not lead to"))
        }
    }

    async fn vpc_resources(&self, vpcs: &BTreeSet<String>) -> VpcResources {
        // NAT gateways and endpoints are in other subnets than functions.
        let subnets = async {
            describe!(self, DescribeSubnets, describe_subnets(filters, PAGE).subnets, "vpc-id" in vpcs, convert::subnet)
        };
        let route_tables = async {
            describe!(self, DescribeRouteTables, describe_route_tables(filters, SMALL_PAGE).route_tables, "vpc-id" in vpcs, convert::route_table)
        };
        let nat_gateways = async {
            describe!(self, DescribeNatGateways, describe_nat_gateways(filter, PAGE).nat_gateways, "vpc-id" in vpcs, convert::nat_gateway)
        };
        let internet_gateways = async {
            describe!(self, DescribeInternetGateways, describe_internet_gateways(filters, PAGE).internet_gateways, "attachment.vpc-id" in vpcs, convert::internet_gateway)
        };
        let endpoints = async {
            describe!(self, DescribeVpcEndpoints, describe_vpc_endpoints(filters, PAGE).vpc_endpoints, "vpc-id" in vpcs, convert::endpoint)
        };
        let network_acls = async {
            describe!(self, DescribeNetworkAcls, describe_network_acls(filters, PAGE).network_acls, "vpc-id" in vpcs, convert::network_acl)
        };
        // On the heap: EC2's calls are large.
        let (subnets, route_tables, nat_gateways, internet_gateways, endpoints, network_acls) = tokio::join!(
            Box::pin(subnets),
            Box::pin(route_tables),
            Box::pin(nat_gateways),
            Box::pin(internet_gateways),
            Box::pin(endpoints),
            Box::pin(network_acls),
        );
        VpcResources {
            subnets: once_each(subnets, |subnet| &subnet.id),
            route_tables: once_each(route_tables, |table| &table.id),
            nat_gateways: once_each(nat_gateways, |nat| &nat.id),
            internet_gateways: once_each(internet_gateways, |gateway| &gateway.id),
            endpoints: once_each(endpoints, |endpoint| &endpoint.id),
            network_acls: once_each(network_acls, |acl| &acl.id),
        }
    }

    async fn with_attributes(&self, vpcs: Listing<VpcDescription>) -> Listing<Vpc> {
        let ask = |vpc: VpcDescription| async move {
            let (support, hostnames) = join(
                self.attribute(&vpc.id, VpcAttributeName::EnableDnsSupport),
                self.attribute(&vpc.id, VpcAttributeName::EnableDnsHostnames),
            )
            .await;
            vpc.with(support, hostnames)
        };
        let seen = stream::iter(vpcs.seen).map(ask).buffered(SIDE_BY_SIDE).collect().await;
        Listing { seen, rest: vpcs.rest }
    }

    async fn attribute(&self, vpc: &str, attribute: VpcAttributeName) -> Fetched<bool> {
        let (operation, resource) = (Operation::DescribeVpcAttribute, format!("{vpc} ({attribute})"));
        let send = || self.client.describe_vpc_attribute().vpc_id(vpc).attribute(attribute.clone()).send();
        let answer = self.region.calls.call(operation, &resource, send).await;
        let value = answer.and_then(|answer| {
            let value = match attribute {
                VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
                _ => answer.enable_dns_hostnames,
            };
            value.and_then(|value| value.value).ok_or_else(|| lacks(operation, &resource, "the value"))
        });
        value.into()
    }

    async fn prefix_lists(&self, tables: &[RouteTable], groups: &[SecurityGroup]) -> Vec<PrefixListAnswer> {
        let routes = tables.iter().flat_map(|table| &table.routes).map(|route| &route.destination);
        let rules = groups.iter().flat_map(|group| group.ingress.iter().chain(&group.egress));
        let named = routes.chain(rules.flat_map(|rule| &rule.prefix_lists)).filter(|id| id.starts_with("pl-"));
        let ids: BTreeSet<String> = named.cloned().collect();
        let ask = |id: String| async move {
            let operation = Operation::GetManagedPrefixListEntries;
            let entries = self
                .region
                .calls
                .pages(operation, &id, async |token| {
                    let send = || {
                        let call = self.client.get_managed_prefix_list_entries().prefix_list_id(&id);
                        call.max_results(SMALL_PAGE).set_next_token(token.clone()).send()
                    };
                    let answer = self.region.calls.call(operation, &id, send).await?;
                    let entries = answer.entries.ok_or_else(|| lacks(operation, &id, "the list of ranges"))?;
                    let elements = entries.into_iter().map(|entry| convert::prefix(entry, &id)).collect();
                    Ok(Page { elements, next: answer.next_token })
                })
                .await;
            let cidrs = entries.rest.get().map(|()| entries.seen).into();
            PrefixListAnswer { id, cidrs }
        };
        stream::iter(ids).map(ask).buffered(SIDE_BY_SIDE).collect().await
    }
}

fn chunks(values: &BTreeSet<String>) -> Vec<Vec<String>> {
    let values: Vec<_> = values.iter().cloned().collect();
    values.chunks(VALUES).map(<[String]>::to_vec).collect()
}

/// The filter's values as a gap names them.
fn values_in_gap(values: &[String]) -> String {
    if values.is_empty() { "*".to_owned() } else { list(values, 1) }
}

/// One listing of two, incomplete if either is.
fn joined<T>(mut one: Listing<T>, two: Listing<T>) -> Listing<T> {
    one.seen.extend(two.seen);
    let rest = one.rest.get().and(two.rest.get()).copied();
    Listing { seen: one.seen, rest: rest.into() }
}

/// Sorts a listing and removes duplicates: what was created while it was read can be on two pages.
fn once_each<T>(mut listing: Listing<T>, id: impl Fn(&T) -> &String) -> Listing<T> {
    listing.seen.sort_by(|a, b| id(a).cmp(id(b)));
    listing.seen.dedup_by(|a, b| id(a) == id(b));
    listing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_two_hundred_values() {
        let values: BTreeSet<String> = (0..401).map(|n| format!("subnet-{n}")).collect();
        let chunks = chunks(&values);
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200, 1]);
        assert_eq!(values_in_gap(&chunks[2]), chunks[2][0]);
        assert!(values_in_gap(&chunks[0]).ends_with("and 199 more"));
    }

    #[test]
    fn a_listing_is_incomplete_if_a_part_is() {
        let gap = || Gap::unprovable("x", "hidden");
        for (one, two) in [
            (Listing::whole(vec![1]), Listing::unread(gap())),
            (Listing::broken(vec![1], gap()), Listing::whole(vec![])),
        ] {
            let both = joined(one, two);
            assert_eq!((both.seen.as_slice(), both.rest.get()), ([1].as_slice(), Err(gap())));
        }
        let twice = once_each(Listing::whole(vec!["b".to_owned(), "a".to_owned(), "b".to_owned()]), |id| id);
        assert_eq!(twice.seen, ["a", "b"]);
    }
}
