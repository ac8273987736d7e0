//! Networks as EC2 describes them.

use std::collections::BTreeMap;

use super::REGION;
use crate::support::fake::ACCOUNT;

/// VPCs of a public and a private subnet each, with a NAT gateway between them, as EC2 describes them.
pub(crate) fn networks(vpcs: usize) -> BTreeMap<&'static str, Vec<String>> {
    let mut ec2 = BTreeMap::<&'static str, Vec<String>>::new();
    for n in 0..vpcs {
        let mut list = |action, text: String| ec2.entry(action).or_default().push(text);
        let cidr = format!("10.{n}");
        list(
            "DescribeVpcs",
            format!(
                "<vpcId>vpc-{n}</vpcId><ownerId>{ACCOUNT}</ownerId><state>available</state><cidrBlock>{cidr}.0.0/16</cidrBlock>\
                 <dhcpOptionsId>dopt-{n}</dhcpOptionsId><cidrBlockAssociationSet><item><cidrBlock>{cidr}.0.0/16</cidrBlock>\
                 <cidrBlockState><state>associated</state></cidrBlockState></item></cidrBlockAssociationSet>"
            ),
        );
        let dns = "<key>domain-name-servers</key><valueSet><item><value>AmazonProvidedDNS</value></item></valueSet>";
        let options = format!("<dhcpConfigurationSet><item>{dns}</item></dhcpConfigurationSet>");
        list("DescribeDhcpOptions", format!("<dhcpOptionsId>dopt-{n}</dhcpOptionsId>{options}"));
        for (third, kind) in ["public", "private"].into_iter().enumerate() {
            list(
                "DescribeSubnets",
                format!(
                    "<subnetId>subnet-{n}-{kind}</subnetId><vpcId>vpc-{n}</vpcId><state>available</state>\
                     <ownerId>{ACCOUNT}</ownerId><cidrBlock>{cidr}.{third}.0/24</cidrBlock><enableDns64>false</enableDns64>\
                     <availabilityZone>{REGION}a</availabilityZone>"
                ),
            );
            let target = if kind == "public" {
                format!("<gatewayId>igw-{n}</gatewayId>")
            } else {
                format!("<natGatewayId>nat-{n}</natGatewayId>")
            };
            let active = "<state>active</state><origin>CreateRoute</origin>";
            let routes = format!(
                "<item><destinationCidrBlock>{cidr}.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>{active}</item>\
                 <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{target}{active}</item>"
            );
            list(
                "DescribeRouteTables",
                format!(
                    "<routeTableId>rtb-{n}-{kind}</routeTableId><vpcId>vpc-{n}</vpcId><routeSet>{routes}</routeSet>\
                     <associationSet><item><routeTableAssociationId>a-{n}-{kind}</routeTableAssociationId>\
                     <routeTableId>rtb-{n}-{kind}</routeTableId><subnetId>subnet-{n}-{kind}</subnetId><main>false</main>\
                     <associationState><state>associated</state></associationState></item></associationSet>"
                ),
            );
        }
        list(
            "DescribeNatGateways",
            format!(
                "<natGatewayId>nat-{n}</natGatewayId><vpcId>vpc-{n}</vpcId><subnetId>subnet-{n}-public</subnetId>\
                 <state>available</state><connectivityType>public</connectivityType>"
            ),
        );
        list(
            "DescribeInternetGateways",
            format!(
                "<internetGatewayId>igw-{n}</internetGatewayId><attachmentSet><item><vpcId>vpc-{n}</vpcId>\
                 <state>available</state></item></attachmentSet>"
            ),
        );
        let all =
            "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
        list(
            "DescribeSecurityGroups",
            format!(
                "<groupId>sg-{n}</groupId><groupName>functions</groupName><vpcId>vpc-{n}</vpcId>\
                 <ipPermissions/><ipPermissionsEgress>{all}</ipPermissionsEgress>"
            ),
        );
        let entry = |egress: bool| {
            format!(
                "<item><ruleNumber>100</ruleNumber><protocol>-1</protocol><ruleAction>allow</ruleAction>\
                 <egress>{egress}</egress><cidrBlock>0.0.0.0/0</cidrBlock></item>"
            )
        };
        let guard = |kind: &str| {
            format!("<item><networkAclId>acl-{n}</networkAclId><subnetId>subnet-{n}-{kind}</subnetId></item>")
        };
        list(
            "DescribeNetworkAcls",
            format!(
                "<networkAclId>acl-{n}</networkAclId><vpcId>vpc-{n}</vpcId><default>true</default>\
                 <entrySet>{}{}</entrySet><associationSet>{}{}</associationSet>",
                entry(true),
                entry(false),
                guard("public"),
                guard("private")
            ),
        );
    }
    ec2
}
