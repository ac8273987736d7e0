//! EC2: lists of networks.

use serde_json::Value;

use super::{Account, Answer, Body, Request, page};

/// The lists of EC2, each with the name that it has in the answer. Filters are not looked at: whoever asks gets all.
const LISTS: &[(&str, &str)] = &[
    ("DescribeSubnets", "subnetSet"),
    ("DescribeVpcs", "vpcSet"),
    ("DescribeRouteTables", "routeTableSet"),
    ("DescribeNatGateways", "natGatewaySet"),
    ("DescribeInternetGateways", "internetGatewaySet"),
    ("DescribeVpcEndpoints", "vpcEndpointSet"),
    ("DescribeSecurityGroups", "securityGroupInfo"),
    ("DescribeNetworkAcls", "networkAclSet"),
    ("DescribeDhcpOptions", "dhcpOptionsSet"),
    ("DescribeNetworkInterfaces", "networkInterfaceSet"),
    ("DescribeVpcPeeringConnections", "vpcPeeringConnectionSet"),
    ("DescribeTransitGateways", "transitGatewaySet"),
    ("DescribeTransitGatewayAttachments", "transitGatewayAttachments"),
    ("DescribeTransitGatewayVpcAttachments", "transitGatewayVpcAttachments"),
];

pub(super) fn answer(account: &Account, request: &Request, action: &str, start: usize) -> Answer {
    let xml = |result: &str| Answer {
        body: Body::Xml(format!("<{action}Response><requestId>r</requestId>{result}</{action}Response>")),
        ..Answer::json(Value::Null)
    };
    if action == "DescribeVpcAttribute" {
        let mut attribute = request.field("Attribute").to_owned();
        attribute.replace_range(..1, &attribute[..1].to_lowercase());
        let vpc = request.field("VpcId");
        return xml(&format!("<vpcId>{vpc}</vpcId><{attribute}><value>true</value></{attribute}>"));
    }
    let Some((_, list)) = LISTS.iter().find(|(name, _)| *name == action) else {
        return Answer::error("ec2", 400, "InvalidAction", "not an operation of the synthetic AWS");
    };
    let elements = account.ec2.get(action).cloned().unwrap_or_default();
    let asked = request.field("MaxResults").parse().unwrap_or(1_000);
    let (elements, token) = page(account, elements, start, asked);
    let items = elements.iter().map(|element| format!("<item>{element}</item>")).collect::<Vec<_>>().concat();
    let answer = xml(&format!("<{list}>{items}</{list}><nextToken/>"));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}
