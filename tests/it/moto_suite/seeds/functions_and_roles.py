# Beside the stages of `mixed`: functions, each judged by something else that is read, and with nothing unknown about them.
own = role("service", allow(["logs:*"]), attached=[XRAY])
narrow = iam.create_policy(PolicyName="narrow", PolicyDocument=policy(allow("logs:*")))["Policy"]["Arn"]
bounded = role("bounded", allow("*"), PermissionsBoundary=narrow)
use = allow(["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"])
use |= {"Principal": {"Service": f"logs.{REGION}.amazonaws.com"}}
use["Condition"] = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}}
kms = client("kms")
key = kms.create_key(Policy=policy(use))["KeyMetadata"]["Arn"]
for name in ("orders", "users", "hidden", "listed", "managed"):
    log_group(f"/aws/lambda/{name}", 30 if name != "users" else None, key if name == "orders" else None)
write("/aws/lambda/orders", "0", [(90, "Failed to emit logs"), (100, "START")])
write("/aws/lambda/users", "0", [(90, "START")])


def vpc(hostnames=True):
    id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=id, EnableDnsHostnames={"Value": hostnames})
    return id


def subnet(vpc, n, **route):
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    if route:
        ec2.create_route(RouteTableId=table, **route)
    return subnet


def group(vpc, name):
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]


# Through a NAT gateway; and through it by a prefix list.
shop = vpc()
igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=shop)
public = subnet(shop, 1, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
of_shop, by_nat = group(shop, "functions"), subnet(shop, 2, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
function("orders", own, "Active", [by_nat], [of_shop])
lists = ec2.create_managed_prefix_list(PrefixListName="all", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "0.0.0.0/0"}])
by_list = subnet(shop, 3, DestinationPrefixListId=lists["PrefixList"]["PrefixListId"], NatGatewayId=nat)
function("listed", own, "Active", [by_list], [of_shop])
# On managed instances, if the proxy says so: its network is the capacity provider's.
function("managed", own, "Active")
answer |= {"managed-subnet": by_nat, "managed-group": of_shop}

# To an endpoint.
hidden = vpc()
# AWS gives every VPC a set of these; moto none.
servers = [{"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}]
options = ec2.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]
ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=hidden)
inside = subnet(hidden, 1)
gate = group(hidden, "endpoint")
everybody = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
ec2.authorize_security_group_ingress(GroupId=gate, IpPermissions=[everybody])
ec2.create_vpc_endpoint(
    VpcId=hidden, ServiceName=f"com.amazonaws.{REGION}.xray", VpcEndpointType="Interface", SubnetIds=[inside],
    SecurityGroupIds=[gate], PrivateDnsEnabled=True,
)  # fmt: skip
function("hidden", bounded, "Active", [inside], [group(hidden, "functions")])

# Called by a stage that traces, and secretive.
function(
    "users", own, "PassThrough", PASSWORD="s3cr3t-canary-7f1d", OTEL_EXPORTER_OTLP_HEADERS="key=s3cr3t-canary-7f1d",
    OTEL_EXPORTER_OTLP_ENDPOINT="https://s3cr3t-canary-7f1d@collector.example", AWS_LAMBDA_EXEC_WRAPPER="/opt/s3cr3t-canary-7f1d",
)  # fmt: skip
for api in rest.get_rest_apis()["items"]:
    if api["name"] == "orders":
        calls("users", api["id"], "prod/GET/users")

# What CloudWatch Logs lets deliver into the group of the HTTP API.
deliver = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/gateway/kept:log-stream:*")
deliver |= {"Sid": "AWSLogDeliveryWrite20150319", "Principal": {"Service": "delivery.logs.amazonaws.com"}}
deliver["Condition"] = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}}
logs.put_resource_policy(policyName="AWSLogDeliveryWrite20150319", policyDocument=policy(deliver))
