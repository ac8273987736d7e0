use super::*;

/// Each of `broken` lacks something that AWS always sends.
fn all_gaps<T, U: std::fmt::Debug>(broken: Vec<T>, read: impl Fn(T) -> Result<U, Gap>) {
    for (place, element) in broken.into_iter().enumerate() {
        let read = read(element);
        assert!(read.is_err(), "{place}: {read:?}");
    }
}

#[test]
fn subnets() {
    let full = || {
        sdk::Subnet::builder()
            .subnet_id("subnet-1")
            .vpc_id("vpc-1")
            .availability_zone("us-east-1a")
            .cidr_block("10.0.0.0/24")
            .owner_id("123456789012")
    };
    let block = sdk::BlockPublicAccessStates::builder()
        .internet_gateway_block_mode(sdk::BlockPublicAccessMode::BlockBidirectional)
        .build();
    let read = subnet(full().enable_dns64(true).block_public_access_states(block).build()).expect("is whole");
    assert_eq!((read.id.as_str(), read.vpc.as_str(), read.zone.as_str()), ("subnet-1", "vpc-1", "us-east-1a"));
    assert_eq!((read.cidr.as_str(), read.owner.as_str(), read.dns64), ("10.0.0.0/24", "123456789012", true));
    assert_eq!(read.public_access_block.as_deref(), Some("block-bidirectional"));
    let ipv6 = subnet(full().set_cidr_block(None).ipv6_native(true).build()).expect("is whole");
    assert_eq!((ipv6.cidr.as_str(), ipv6.public_access_block), ("", None));
    let broken = [
        full().set_subnet_id(None),
        full().set_vpc_id(None),
        full().set_availability_zone(None),
        full().set_cidr_block(None),
        full().set_owner_id(None),
    ];
    all_gaps(broken.map(sdk::builders::SubnetBuilder::build).to_vec(), subnet);
}

#[test]
fn vpcs() {
    let block = |cidr: &str, state| {
        let state = sdk::VpcCidrBlockState::builder().state(state).build();
        sdk::VpcCidrBlockAssociation::builder().cidr_block(cidr).cidr_block_state(state).build()
    };
    let full = || {
        sdk::Vpc::builder()
            .vpc_id("vpc-1")
            .cidr_block("10.0.0.0/16")
            .cidr_block_association_set(block("10.0.0.0/16", sdk::VpcCidrBlockStateCode::Associated))
            .cidr_block_association_set(block("10.1.0.0/16", sdk::VpcCidrBlockStateCode::Associated))
            .cidr_block_association_set(block("10.2.0.0/16", sdk::VpcCidrBlockStateCode::Disassociated))
            .dhcp_options_id("dopt-1")
    };
    let read = vpc(full().build()).expect("is whole").with(Fetched::known(true), Fetched::known(false));
    assert_eq!(read.cidrs, ["10.0.0.0/16", "10.1.0.0/16"]);
    assert_eq!(read.primary_cidr, Fetched::known("10.0.0.0/16".to_owned()));
    let second = vpc(full().cidr_block("10.1.0.0/16").build()).expect("is whole");
    assert_eq!(second.primary_cidr, Fetched::known("10.1.0.0/16".to_owned()));
    assert!(vpc(full().set_cidr_block(None).build()).is_ok_and(|vpc| vpc.primary_cidr.get().is_err()));
    assert_eq!((read.dhcp_options.as_deref(), read.dns_support.get()), (Some("dopt-1"), Ok(&true)));
    assert!(vpc(full().dhcp_options_id("default").build()).is_ok_and(|vpc| vpc.dhcp_options.is_none()));
    assert!(vpc(full().set_vpc_id(None).build()).is_err());
    assert!(vpc(full().set_cidr_block_association_set(None).build()).is_err());
    assert!(vpc(full().cidr_block_association_set(sdk::VpcCidrBlockAssociation::builder().build()).build()).is_err());
}

fn a_route() -> sdk::builders::RouteBuilder {
    sdk::Route::builder().destination_cidr_block("0.0.0.0/0").state(sdk::RouteState::Active)
}

fn table(route: sdk::Route) -> sdk::builders::RouteTableBuilder {
    let associated = |state| sdk::RouteTableAssociationState::builder().state(state).build();
    let association = sdk::RouteTableAssociation::builder;
    sdk::RouteTable::builder()
        .route_table_id("rtb-1")
        .vpc_id("vpc-1")
        .associations(association().main(true).build())
        .associations(association().main(false).subnet_id("subnet-1").build())
        .associations(
            association()
                .subnet_id("subnet-2")
                .association_state(associated(sdk::RouteTableAssociationStateCode::Disassociated))
                .build(),
        )
        .routes(route)
}

#[test]
fn route_tables() {
    let read = route_table(table(a_route().nat_gateway_id("nat-1").build()).build()).expect("is whole");
    assert_eq!((read.main, read.subnets), (true, vec!["subnet-1".to_owned()]));
    for origin in ["CreateRoute", "CreateRouteTable", "EnableVgwRoutePropagation", "Advertisement", "Odd"] {
        let read = route_table(table(a_route().origin(origin.into()).build()).build()).expect("is whole");
        assert_eq!(read.routes[0].origin, Fetched::known(origin.to_owned()));
    }
    let unstated = route_table(table(a_route().build()).build()).expect("is whole");
    assert!(unstated.routes[0].origin.get().is_err());
    let broken = [
        table(a_route().build()).set_route_table_id(None),
        table(a_route().build()).set_vpc_id(None),
        table(a_route().build()).set_associations(None),
        table(a_route().build()).set_routes(None),
        table(a_route().set_state(None).build()),
        table(a_route().set_destination_cidr_block(None).build()),
    ];
    all_gaps(broken.map(sdk::builders::RouteTableBuilder::build).to_vec(), route_table);
}

#[test]
fn a_route_leads_to_whatever_it_names() {
    let targets = [
        (a_route().gateway_id("local"), "local"),
        (a_route().gateway_id("igw-1"), "igw-1"),
        (a_route().nat_gateway_id("nat-1"), "nat-1"),
        (a_route().transit_gateway_id("tgw-1"), "tgw-1"),
        (a_route().vpc_peering_connection_id("pcx-1"), "pcx-1"),
        (a_route().egress_only_internet_gateway_id("eigw-1"), "eigw-1"),
        (a_route().instance_id("i-1").network_interface_id("eni-1"), "eni-1"),
        (a_route().instance_id("i-1"), "i-1"),
        (a_route().carrier_gateway_id("cagw-1"), "cagw-1"),
        (a_route().local_gateway_id("lgw-1"), "lgw-1"),
        (a_route().core_network_arn("arn:core"), "arn:core"),
        (a_route().odb_network_arn("arn:odb"), "arn:odb"),
        (a_route().ip_address("10.0.0.1"), "10.0.0.1"),
        (a_route(), ""),
    ];
    for (route, target) in targets {
        let read = route_table(table(route.build()).build()).expect("is whole");
        assert_eq!((read.routes[0].target.as_str(), read.routes[0].state.as_str()), (target, "active"));
    }
    let to = |route: sdk::builders::RouteBuilder| {
        route_table(table(route.build()).build()).expect("is whole").routes.remove(0)
    };
    let elsewhere = || a_route().set_destination_cidr_block(None).state(sdk::RouteState::Blackhole);
    assert_eq!(to(elsewhere().destination_ipv6_cidr_block("::/0")).destination, "::/0");
    let list = to(elsewhere().destination_prefix_list_id("pl-1"));
    assert_eq!((list.destination.as_str(), list.state.as_str()), ("pl-1", "blackhole"));
}

#[test]
fn nat_gateways() {
    let zonal = || {
        sdk::NatGateway::builder()
            .nat_gateway_id("nat-1")
            .vpc_id("vpc-1")
            .state(sdk::NatGatewayState::Available)
            .subnet_id("subnet-1")
    };
    let address = |zone: &str| sdk::NatGatewayAddress::builder().availability_zone(zone).build();
    let regional = || {
        zonal()
            .set_subnet_id(None)
            .availability_mode(sdk::AvailabilityMode::Regional)
            .route_table_id("rtb-1")
            .auto_provision_zones(sdk::AutoProvisionZonesState::Disabled)
            .nat_gateway_addresses(address("us-east-1b"))
            .nat_gateway_addresses(address("us-east-1a"))
            .nat_gateway_addresses(address("us-east-1a"))
    };
    let read = nat_gateway(zonal().build()).expect("is whole");
    assert_eq!((read.public, read.subnet.as_deref(), read.route_table), (true, Some("subnet-1"), None));
    let private = nat_gateway(zonal().connectivity_type(sdk::ConnectivityType::Private).build()).expect("is whole");
    assert!(!private.public);
    let read = nat_gateway(regional().build()).expect("is whole");
    assert_eq!((read.subnet, read.route_table.as_deref()), (None, Some("rtb-1")));
    assert_eq!(read.zones, ["us-east-1a", "us-east-1b"]);
    let everywhere = regional().auto_provision_zones(sdk::AutoProvisionZonesState::Enabled).build();
    assert!(nat_gateway(everywhere).is_ok_and(|nat| nat.zones.is_empty()));
    let broken = [
        zonal().set_nat_gateway_id(None),
        zonal().set_vpc_id(None),
        zonal().set_state(None),
        zonal().set_subnet_id(None),
        regional().set_route_table_id(None),
        regional().set_auto_provision_zones(None),
        regional().set_nat_gateway_addresses(None),
        regional().set_nat_gateway_addresses(Some(vec![])),
        regional().nat_gateway_addresses(sdk::NatGatewayAddress::builder().build()),
    ];
    all_gaps(broken.map(sdk::builders::NatGatewayBuilder::build).to_vec(), nat_gateway);
}

#[test]
fn internet_gateways() {
    let attached = |vpc: &str, state: &str| {
        sdk::InternetGatewayAttachment::builder().vpc_id(vpc).state(sdk::AttachmentStatus::from(state)).build()
    };
    let full =
        || sdk::InternetGateway::builder().internet_gateway_id("igw-1").attachments(attached("vpc-1", "available"));
    let detaching = full().attachments(attached("vpc-2", "detaching")).build();
    assert_eq!(internet_gateway(detaching).expect("is whole").vpcs, ["vpc-1"]);
    let unstated = sdk::InternetGatewayAttachment::builder;
    let broken = vec![
        full().set_internet_gateway_id(None).build(),
        full().set_attachments(None).build(),
        full().attachments(unstated().vpc_id("vpc-2").build()).build(),
        full().attachments(unstated().state(sdk::AttachmentStatus::Attached).build()).build(),
    ];
    all_gaps(broken, internet_gateway);
}

#[test]
fn endpoints() {
    let full = || {
        sdk::VpcEndpoint::builder()
            .vpc_endpoint_id("vpce-1")
            .vpc_id("vpc-1")
            .vpc_endpoint_type(sdk::VpcEndpointType::Interface)
            .service_name("com.amazonaws.us-east-1.xray")
            .state(sdk::State::Available)
            .private_dns_enabled(true)
            .subnet_ids("subnet-1")
            .groups(sdk::SecurityGroupIdentifier::builder().group_id("sg-1").build())
            .policy_document("{}")
    };
    let read = endpoint(full().build()).expect("is whole");
    assert_eq!((read.kind.as_str(), read.service.as_str()), ("Interface", "com.amazonaws.us-east-1.xray"));
    assert_eq!((read.security_groups, read.policy.as_deref()), (vec!["sg-1".to_owned()], Some("{}")));
    assert_eq!((read.ip_address_type, read.dns_record_type), (Fetched::known(None), Fetched::known(None)));
    let records = sdk::DnsOptions::builder().dns_record_ip_type(sdk::DnsRecordIpType::ServiceDefined).build();
    let dualstack = full().ip_address_type(sdk::IpAddressType::Dualstack).dns_options(records);
    let dualstack = endpoint(dualstack.build()).expect("is whole");
    let kinds = ["dualstack", "service-defined"].map(|kind| Fetched::known(Some(kind.to_owned())));
    assert_eq!([dualstack.ip_address_type, dualstack.dns_record_type], kinds);
    let gateway = full().vpc_endpoint_type(sdk::VpcEndpointType::Gateway);
    let gateway = gateway.set_private_dns_enabled(None).set_subnet_ids(None).set_groups(None).set_policy_document(None);
    let read = endpoint(gateway.build()).expect("is whole");
    assert_eq!((read.private_dns, read.policy, read.subnets.len()), (false, None, 0));
    let resource = full().vpc_endpoint_type(sdk::VpcEndpointType::Resource).set_service_name(None);
    assert!(endpoint(resource.build()).is_ok_and(|endpoint| endpoint.service.is_empty()));
    let broken = [
        full().set_vpc_endpoint_id(None),
        full().set_vpc_id(None),
        full().set_vpc_endpoint_type(None),
        full().set_service_name(None),
        full().set_state(None),
        full().set_private_dns_enabled(None),
        full().set_subnet_ids(None),
        full().set_groups(None),
        full().groups(sdk::SecurityGroupIdentifier::builder().build()),
    ];
    all_gaps(broken.map(sdk::builders::VpcEndpointBuilder::build).to_vec(), endpoint);
}

#[test]
fn security_groups() {
    let rule = || {
        sdk::IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(sdk::IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .ipv6_ranges(sdk::Ipv6Range::builder().cidr_ipv6("::/0").build())
            .prefix_list_ids(sdk::PrefixListId::builder().prefix_list_id("pl-1").build())
            .user_id_group_pairs(sdk::UserIdGroupPair::builder().group_id("sg-2").build())
    };
    let full = || {
        let group = sdk::SecurityGroup::builder().group_id("sg-1").ip_permissions(rule().build());
        group.set_ip_permissions_egress(Some(vec![]))
    };
    let read = security_group(full().build()).expect("is whole");
    let permission = &read.ingress[0];
    assert_eq!((permission.protocol.as_str(), permission.from_port, permission.to_port), ("tcp", Some(443), Some(443)));
    assert_eq!(permission.cidrs, ["10.0.0.0/8", "::/0"]);
    assert_eq!((permission.prefix_lists.len(), permission.security_groups.len(), read.egress.len()), (1, 1, 0));
    let broken = [
        full().set_group_id(None),
        full().set_ip_permissions(None),
        full().set_ip_permissions_egress(None),
        full().ip_permissions(rule().set_ip_protocol(None).build()),
        full().ip_permissions(sdk::IpPermission::builder().ip_protocol("-1").build()),
        full().ip_permissions(rule().ip_ranges(sdk::IpRange::builder().build()).build()),
        full().ip_permissions(rule().user_id_group_pairs(sdk::UserIdGroupPair::builder().build()).build()),
        full().ip_permissions(rule().prefix_list_ids(sdk::PrefixListId::builder().build()).build()),
    ];
    all_gaps(broken.map(sdk::builders::SecurityGroupBuilder::build).to_vec(), security_group);
}

#[test]
fn network_acls() {
    let entry = || {
        sdk::NetworkAclEntry::builder()
            .rule_number(100)
            .egress(true)
            .rule_action(sdk::RuleAction::Allow)
            .protocol("6")
            .cidr_block("0.0.0.0/0")
    };
    let full = || {
        sdk::NetworkAcl::builder()
            .network_acl_id("acl-1")
            .associations(sdk::NetworkAclAssociation::builder().subnet_id("subnet-1").build())
            .entries(entry().port_range(sdk::PortRange::builder().from(443).to(443).build()).build())
    };
    let read = network_acl(full().build()).expect("is whole");
    assert_eq!(read.subnets, ["subnet-1"]);
    let first = &read.entries[0];
    assert_eq!((first.number, first.egress, first.allow, first.from_port), (100, true, true, Some(443)));
    let broken = [
        full().set_network_acl_id(None),
        full().set_associations(None),
        full().set_entries(None),
        full().associations(sdk::NetworkAclAssociation::builder().build()),
        full().entries(entry().set_rule_number(None).build()),
        full().entries(entry().set_egress(None).build()),
        full().entries(entry().set_rule_action(None).build()),
        full().entries(entry().set_protocol(None).build()),
        full().entries(entry().set_cidr_block(None).build()),
    ];
    all_gaps(broken.map(sdk::builders::NetworkAclBuilder::build).to_vec(), network_acl);
}

#[test]
fn dhcp_options_and_the_rest() {
    let option = |key: &str, value: &str| {
        let value = sdk::AttributeValue::builder().value(value).build();
        sdk::DhcpConfiguration::builder().key(key).values(value).build()
    };
    let full = || {
        let options =
            sdk::DhcpOptions::builder().dhcp_options_id("dopt-1").dhcp_configurations(option("domain-name", "x"));
        options.dhcp_configurations(option("domain-name-servers", "AmazonProvidedDNS"))
    };
    assert_eq!(dhcp_options(full().build()).expect("is whole").dns_servers, ["AmazonProvidedDNS"]);
    let servers = || sdk::DhcpConfiguration::builder().key("domain-name-servers");
    let broken = vec![
        full().set_dhcp_options_id(None).build(),
        full().set_dhcp_configurations(None).build(),
        full().dhcp_configurations(sdk::DhcpConfiguration::builder().build()).build(),
        full().dhcp_configurations(servers().build()).build(),
        full().dhcp_configurations(servers().values(sdk::AttributeValue::builder().build()).build()).build(),
    ];
    all_gaps(broken, dhcp_options);

    let range = sdk::PrefixListEntry::builder().cidr("10.0.0.0/8").build();
    assert_eq!(prefix(range, "pl-1").as_deref(), Ok("10.0.0.0/8"));
    assert!(prefix(sdk::PrefixListEntry::builder().build(), "pl-1").is_err());
}

#[test]
fn network_interfaces() {
    let full = || {
        sdk::NetworkInterface::builder()
            .network_interface_id("eni-1")
            .status(sdk::NetworkInterfaceStatus::InUse)
            .source_dest_check(false)
            .groups(sdk::GroupIdentifier::builder().group_id("sg-1").build())
            .attachment(sdk::NetworkInterfaceAttachment::builder().instance_id("i-1").build())
            .association(sdk::NetworkInterfaceAssociation::builder().public_ip("198.51.100.7").build())
    };
    let read = network_interface(full().build()).expect("is whole");
    assert_eq!((read.status.as_str(), read.source_dest_check), ("in-use", false));
    assert_eq!((read.instance.as_deref(), read.public_ip.as_deref()), (Some("i-1"), Some("198.51.100.7")));
    assert_eq!(read.security_groups, ["sg-1"]);
    let bare = network_interface(full().set_attachment(None).set_association(None).build()).expect("is whole");
    assert_eq!((bare.instance, bare.public_ip), (None, None));
    let broken = [
        full().set_network_interface_id(None),
        full().set_status(None),
        full().set_source_dest_check(None),
        full().set_groups(None),
    ];
    all_gaps(broken.map(sdk::builders::NetworkInterfaceBuilder::build).to_vec(), network_interface);
}

#[test]
fn peering_connections() {
    let end = |vpc: &str| {
        sdk::VpcPeeringConnectionVpcInfo::builder().vpc_id(vpc).owner_id("123456789012").region("eu-west-1").build()
    };
    let status = sdk::VpcPeeringConnectionStateReason::builder()
        .code(sdk::VpcPeeringConnectionStateReasonCode::PendingAcceptance)
        .build();
    let full = || {
        sdk::VpcPeeringConnection::builder()
            .vpc_peering_connection_id("pcx-1")
            .status(status.clone())
            .requester_vpc_info(end("vpc-1"))
            .accepter_vpc_info(end("vpc-2"))
    };
    let read = peering_connection(full().build()).expect("is whole");
    assert_eq!(read.status, "pending-acceptance");
    assert_eq!(read.ends.iter().map(|end| end.vpc.as_str()).collect::<Vec<_>>(), ["vpc-1", "vpc-2"]);
    let one = peering_connection(full().set_accepter_vpc_info(None).build()).expect("is whole");
    assert_eq!(one.ends.len(), 1);
    let broken = [full().set_vpc_peering_connection_id(None), full().set_status(None)];
    all_gaps(broken.map(sdk::builders::VpcPeeringConnectionBuilder::build).to_vec(), peering_connection);
}

#[test]
fn transit_gateways_and_what_is_attached() {
    let gateway = |owner: Option<&str>| {
        let owner = owner.map(str::to_owned);
        transit_gateway(sdk::TransitGateway::builder().transit_gateway_id("tgw-1").set_owner_id(owner).build())
    };
    assert_eq!(gateway(Some("123456789012")).expect("is whole").owner, "123456789012");
    assert!(gateway(None).is_err());
    let association = |state| {
        sdk::TransitGatewayAttachmentAssociation::builder()
            .transit_gateway_route_table_id("tgw-rtb-1")
            .state(state)
            .build()
    };
    let full = || {
        sdk::TransitGatewayAttachment::builder()
            .transit_gateway_attachment_id("tgw-attach-1")
            .transit_gateway_id("tgw-1")
            .resource_type(sdk::TransitGatewayAttachmentResourceType::Vpc)
            .resource_id("vpc-1")
            .resource_owner_id("123456789012")
            .state(sdk::TransitGatewayAttachmentState::Available)
            .association(association(sdk::TransitGatewayAssociationState::Associated))
    };
    let read = transit_attachment(full().build()).expect("is whole");
    assert_eq!((read.kind.as_str(), read.resource.as_str(), read.state.as_str()), ("vpc", "vpc-1", "available"));
    assert_eq!(read.table.as_deref(), Some("tgw-rtb-1"));
    let leaving = association(sdk::TransitGatewayAssociationState::Disassociating);
    assert_eq!(transit_attachment(full().association(leaving).build()).expect("is whole").table, None);
    let broken = [
        full().set_transit_gateway_attachment_id(None),
        full().set_transit_gateway_id(None),
        full().set_resource_type(None),
        full().set_state(None),
    ];
    all_gaps(broken.map(sdk::builders::TransitGatewayAttachmentBuilder::build).to_vec(), transit_attachment);
    let stand = |subnets: Option<Vec<String>>| {
        let attachment = sdk::TransitGatewayVpcAttachment::builder().transit_gateway_attachment_id("tgw-attach-1");
        transit_subnets(attachment.set_subnet_ids(subnets).build())
    };
    assert_eq!(stand(Some(vec!["subnet-1".to_owned()])).expect("is whole").subnets, ["subnet-1"]);
    assert!(stand(None).is_err());
}

#[test]
fn routes_of_transit_gateways() {
    let to = |id: &str| sdk::TransitGatewayRouteAttachment::builder().transit_gateway_attachment_id(id).build();
    let full = || {
        sdk::TransitGatewayRoute::builder()
            .destination_cidr_block("0.0.0.0/0")
            .state(sdk::TransitGatewayRouteState::Active)
            .transit_gateway_attachments(to("tgw-attach-1"))
            .transit_gateway_attachments(to("tgw-attach-2"))
    };
    let read = transit_routes(full().build(), "tgw-rtb-1").expect("is whole");
    assert_eq!(read.iter().map(|route| route.target.as_str()).collect::<Vec<_>>(), ["tgw-attach-1", "tgw-attach-2"]);
    let propagated = full().r#type(sdk::TransitGatewayRouteType::Propagated).build();
    let propagated = transit_routes(propagated, "tgw-rtb-1").expect("is whole");
    assert_eq!(propagated[0].origin, Fetched::known("propagated".to_owned()));
    let hole = full().set_transit_gateway_attachments(None).state(sdk::TransitGatewayRouteState::Blackhole).build();
    let hole = transit_routes(hole, "tgw-rtb-1").expect("is whole");
    assert_eq!((hole.len(), hole[0].state.as_str(), hole[0].target.as_str()), (1, "blackhole", ""));
    let listed = full().set_destination_cidr_block(None).prefix_list_id("pl-1").build();
    assert_eq!(transit_routes(listed, "tgw-rtb-1").expect("is whole")[0].destination, "pl-1");
    let broken = [full().set_destination_cidr_block(None), full().set_state(None)];
    all_gaps(broken.map(sdk::builders::TransitGatewayRouteBuilder::build).to_vec(), |route| {
        transit_routes(route, "tgw-rtb-1")
    });
}
