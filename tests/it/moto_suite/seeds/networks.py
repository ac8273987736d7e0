own = role("networked", allow("*"))
otel = layer("aws-otel-python-amd64-ver-1-25-0")
ANY = "0.0.0.0/0"


class Net:
    """A VPC of its own, with an internet gateway."""

    def __init__(self, cidr="10.0", support=True, hostnames=True):
        self.cidr, self.next = cidr, 0
        self.id = ec2.create_vpc(CidrBlock=f"{cidr}.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=self.id, EnableDnsSupport={"Value": support})
        ec2.modify_vpc_attribute(VpcId=self.id, EnableDnsHostnames={"Value": hostnames})
        self.igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.igw, VpcId=self.id)

    def of_vpc(self):
        return [{"Name": "vpc-id", "Values": [self.id]}]

    def main(self):
        tables = ec2.describe_route_tables(Filters=self.of_vpc())["RouteTables"]
        return next(t["RouteTableId"] for t in tables if any(a.get("Main") for a in t["Associations"]))

    def bare(self):
        """A subnet that no route table names."""
        self.next += 1
        zone = REGION + "ab"[self.next % 2]
        made = ec2.create_subnet(VpcId=self.id, CidrBlock=f"{self.cidr}.{self.next}.0/24", AvailabilityZone=zone)
        return made["Subnet"]["SubnetId"]

    def subnet(self, *routes):
        """A subnet with a route table of its own; `routes` are the arguments of CreateRoute."""
        subnet = self.bare()
        table = ec2.create_route_table(VpcId=self.id)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        for route in routes:
            ec2.create_route(RouteTableId=table, **route)
        return subnet

    def public(self):
        return self.subnet(dict(DestinationCidrBlock=ANY, GatewayId=self.igw))

    def nat(self, subnet, **more):
        if more.get("ConnectivityType") != "private":
            more["AllocationId"] = ec2.allocate_address(Domain="vpc")["AllocationId"]
        return ec2.create_nat_gateway(SubnetId=subnet, **more)["NatGateway"]["NatGatewayId"]

    def through(self, nat, to=ANY):
        return self.subnet(dict(DestinationCidrBlock=to, NatGatewayId=nat))

    def group(self, name="functions", egress=None, ingress=()):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=self.id)["GroupId"]
        if egress is not None:
            everything = [dict(IpProtocol="-1", IpRanges=[dict(CidrIp=ANY)])]
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
            if egress:
                ec2.authorize_security_group_egress(GroupId=group, IpPermissions=egress)
        if ingress:
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(ingress))
        return group

    def endpoint(self, subnets, groups, service="xray", private_dns=True, **more):
        made = ec2.create_vpc_endpoint(
            VpcId=self.id, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Interface",
            SubnetIds=subnets, SecurityGroupIds=groups, PrivateDnsEnabled=private_dns, **more,
        )  # fmt: skip
        return made["VpcEndpoint"]["VpcEndpointId"]

    def acl(self, subnet, *entries):
        """Guards a subnet by a network ACL of these entries: egress, allow, first port, last port."""
        acl = ec2.create_network_acl(VpcId=self.id)["NetworkAcl"]["NetworkAclId"]
        for number, (egress, allowed, first, last) in enumerate(entries, 1):
            ec2.create_network_acl_entry(
                NetworkAclId=acl, RuleNumber=number * 100, Protocol="6", RuleAction="allow" if allowed else "deny",
                Egress=egress, CidrBlock=ANY, PortRange=dict(From=first, To=last),
            )  # fmt: skip
        acls = ec2.describe_network_acls(Filters=self.of_vpc())["NetworkAcls"]
        associations = [a for acl in acls for a in acl["Associations"] if a["SubnetId"] == subnet]
        ec2.replace_network_acl_association(
            AssociationId=associations[0]["NetworkAclAssociationId"], NetworkAclId=acl
        )


def tcp(first, last=None, **to):
    return dict(IpProtocol="tcp", FromPort=first, ToPort=last or first, **to)


ANYBODY = dict(IpRanges=[dict(CidrIp=ANY)])


def put(name, net, subnets, groups=None, mode="Active", **more):
    function(name, own, mode, subnets, groups or [net.group(f"of-{name}")], **more)


function("no-vpc", own)

# NAT.
net = Net()
nat = net.nat(net.public())
put("nat", net, [net.through(nat)])
put("nat-mixed", net, [net.through(nat), net.subnet()])
put("nat-mixed-public", net, [net.public(), net.through(nat)])
put("two-halves", net, [net.subnet(*(dict(DestinationCidrBlock=half, NatGatewayId=nat) for half in ("0.0.0.0/1", "128.0.0.0/1")))])
lists = ec2.create_managed_prefix_list(PrefixListName="all", MaxEntries=5, AddressFamily="IPv4", Entries=[dict(Cidr=ANY)])
put("prefix-list", net, [net.subnet(dict(DestinationPrefixListId=lists["PrefixList"]["PrefixListId"], NatGatewayId=nat))])
lists = ec2.create_managed_prefix_list(PrefixListName="few", MaxEntries=5, AddressFamily="IPv4", Entries=[dict(Cidr="192.168.0.0/16")])
put("prefix-list-elsewhere", net, [net.subnet(dict(DestinationPrefixListId=lists["PrefixList"]["PrefixListId"], NatGatewayId=nat))])
put("route-elsewhere", net, [net.through(nat, "192.168.0.0/16")])

# Security groups and ACLs before that NAT.
put("no-egress", net, [net.through(nat)], [net.group("no-egress", egress=[])])
put("egress-443", net, [net.through(nat)], [net.group("egress-443", egress=[tcp(443, **ANYBODY)])])
put("egress-80", net, [net.through(nat)], [net.group("egress-80", egress=[tcp(80, **ANYBODY)])])
put("egress-udp", net, [net.through(nat)], [net.group("egress-udp", egress=[dict(tcp(443, **ANYBODY), IpProtocol="udp")])])
put("egress-inside", net, [net.through(nat)], [net.group("egress-inside", egress=[tcp(443, IpRanges=[dict(CidrIp="10.0.0.0/8")])])])
put("egress-of-second-group", net, [net.through(nat)], [net.group("one", egress=[]), net.group("two", egress=[tcp(443, **ANYBODY)])])
for name, entries in (
    ("acl-good", [(True, True, 443, 443), (False, True, 1024, 65535)]),
    ("acl-no-out", [(True, False, 443, 443), (True, True, 1, 65535), (False, True, 1, 65535)]),
    ("acl-no-back", [(True, True, 1, 65535), (False, True, 443, 443)]),
    ("acl-empty", []),
    ("acl-deny-later", [(True, True, 443, 443), (True, False, 1, 65535), (False, True, 1024, 65535)]),
):
    subnet = net.through(nat)
    net.acl(subnet, *entries)
    put(name, net, [subnet])

# The main table stands in.
net = Net()
nat = net.nat(net.public())
ec2.create_route(RouteTableId=net.main(), DestinationCidrBlock=ANY, NatGatewayId=nat)
put("main-table", net, [net.bare()])
net = Net()
put("main-table-bare", net, [net.bare()])
net = Net()
ec2.create_route(RouteTableId=net.main(), DestinationCidrBlock=ANY, GatewayId=net.igw)
put("nat-by-main-table", net, [net.through(net.nat(net.bare()))])

# Gateways that lead nowhere.
net = Net()
put("internet-gateway", net, [net.public()])
put("internet-gateway-otel", net, [net.public()], layers=[otel])
for name, more in (
    ("no-route", {}),
    ("no-route-passthrough", dict(mode="PassThrough")),
    ("no-route-otel-layer", dict(layers=[otel])),
    ("no-route-otel-layer-passthrough", dict(layers=[otel], mode="PassThrough")),
    ("no-route-wrapper", dict(AWS_LAMBDA_EXEC_WRAPPER="/opt/otel-instrument", mode="PassThrough")),
    ("no-route-otlp", dict(OTEL_EXPORTER_OTLP_ENDPOINT="https://collector.example", mode="PassThrough")),
    ("no-route-other-variable", dict(TABLE="orders", mode="PassThrough")),
):
    put(name, net, [net.subnet()], **more)
nat = net.nat(net.public())
subnet = net.through(nat)
ec2.delete_nat_gateway(NatGatewayId=nat)  # On AWS the route becomes a black hole; moto leaves it active.
put("nat-deleted", net, [subnet])
put("nat-private", net, [net.through(net.nat(net.public(), ConnectivityType="private"))])
put("nat-in-private-subnet", net, [net.through(net.nat(net.subnet()))])
net = Net()
subnet = net.through(net.nat(net.public()))
ec2.detach_internet_gateway(InternetGatewayId=net.igw, VpcId=net.id)
put("nat-detached-gateway", net, [subnet])
net = Net()
eigw = ec2.create_egress_only_internet_gateway(VpcId=net.id)["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
put("egress-only", net, [net.subnet(dict(DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=eigw))])

# What cannot be seen from here.
net = Net()
tgw = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
attached = net.bare()
ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=tgw, VpcId=net.id, SubnetIds=[attached])
put("transit-gateway", net, [net.subnet(dict(DestinationCidrBlock=ANY, TransitGatewayId=tgw))])
eni = ec2.create_network_interface(SubnetId=net.public())["NetworkInterface"]["NetworkInterfaceId"]
put("nat-instance", net, [net.subnet(dict(DestinationCidrBlock=ANY, NetworkInterfaceId=eni))])
public = net.public()
for name, check in (("nat-instance-alive", False), ("nat-instance-check-on", True)):
    group = net.group(name, ingress=[tcp(443, **ANYBODY)])
    [instance] = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=public, SecurityGroupIds=[group])["Instances"]
    eni = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": check})
    put(name, net, [net.subnet(dict(DestinationCidrBlock=ANY, NetworkInterfaceId=eni))])
net, shared = Net(), Net("10.9")
away = shared.subnet()
shared.endpoint([away], [shared.group("endpoint", ingress=[tcp(443, **ANYBODY)])], private_dns=False)
peering = ec2.create_vpc_peering_connection(VpcId=net.id, PeerVpcId=shared.id)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
put("peering", net, [net.subnet(dict(DestinationCidrBlock="10.9.0.0/16", VpcPeeringConnectionId=peering))])

# This account's own transit gateway leads to an egress VPC; what its tables hold the proxy tells, for moto leaves out
# where their routes lead.
net, egress = Net("10.20"), Net("10.30")
hub = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
spoke, out = net.bare(), egress.bare()
public = egress.subnet(dict(DestinationCidrBlock=ANY, GatewayId=egress.igw), dict(DestinationCidrBlock="10.20.0.0/16", TransitGatewayId=hub))
ec2.create_route(RouteTableId=egress.main(), DestinationCidrBlock=ANY, NatGatewayId=egress.nat(public))
for name, vpc, at in (("spoke", net, spoke), ("egress", egress, out)):
    attached = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=hub, VpcId=vpc.id, SubnetIds=[at])
    attached = attached["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    [seen] = ec2.describe_transit_gateway_attachments(TransitGatewayAttachmentIds=[attached])["TransitGatewayAttachments"]
    answer |= {f"attachment-{name}": attached, "table-hub": seen["Association"]["TransitGatewayRouteTableId"]}
put("egress-vpc", net, [net.subnet(dict(DestinationCidrBlock=ANY, TransitGatewayId=hub)) for _ in range(2)][1:])

# Central endpoints: a private hosted zone leads X-Ray's name to an endpoint in a hub.
route53 = client("route53")
XRAY_NAME = f"xray.{REGION}.amazonaws.com"


def central(name, ingress, back=True, records=True, by_address=False):
    spoke, hub = Net("10.41"), Net("10.40")
    at = hub.bare()
    endpoint = hub.endpoint([at], [hub.group("endpoint", ingress=ingress)], private_dns=False)
    peering = ec2.create_vpc_peering_connection(VpcId=spoke.id, PeerVpcId=hub.id)["VpcPeeringConnection"]
    peering = peering["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    if back:
        ec2.create_route(RouteTableId=hub.main(), DestinationCidrBlock="10.41.0.0/16", VpcPeeringConnectionId=peering)
    zone = route53.create_hosted_zone(
        Name=XRAY_NAME, CallerReference=name, VPC=dict(VPCRegion=REGION, VPCId=spoke.id),
        HostedZoneConfig=dict(PrivateZone=True, Comment=name),
    )["HostedZone"]["Id"]  # fmt: skip
    record = dict(Name=XRAY_NAME, Type="A")
    if by_address:
        [eni] = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["NetworkInterfaceIds"]
        [eni] = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"]
        record |= dict(TTL=60, ResourceRecords=[dict(Value=eni["PrivateIpAddress"])])
    else:
        target = f"{endpoint}-1a2b.xray.{REGION}.vpce.amazonaws.com"
        alias = dict(HostedZoneId="Z7HUB8UULQXV", DNSName=target, EvaluateTargetHealth=False)
        record |= dict(AliasTarget=alias)
    if records:
        changes = [dict(Action="CREATE", ResourceRecordSet=record)]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=dict(Changes=changes))
    put(name, spoke, [spoke.subnet(dict(DestinationCidrBlock="10.40.0.0/16", VpcPeeringConnectionId=peering))])


central("central", [tcp(443, **ANYBODY)])
central("central-closed", [tcp(80, **ANYBODY)])
central("central-no-way-back", [tcp(443, **ANYBODY)], back=False)
central("central-no-record", [tcp(443, **ANYBODY)], records=False)

# Names.
net = Net(support=False)
put("nat-without-dns", net, [net.through(net.nat(net.public()))])
net = Net()
servers = [{"Key": "domain-name-servers", "Values": ["10.0.0.53"]}]
options = ec2.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]
ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=net.id)
put("nat-with-own-dns", net, [net.through(net.nat(net.public()))])
put("nat-fips", net, [net.through(net.nat(net.public()))], AWS_USE_FIPS_ENDPOINT="true")
net = Net()
ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=net.id)
subnet = net.subnet()
net.endpoint([subnet], [net.group("endpoint", ingress=[tcp(443, **ANYBODY)])])
put("endpoint-with-own-dns", net, [subnet])
net = Net()
far = net.subnet()
net.endpoint([far], [net.group("endpoint", ingress=[tcp(443, **ANYBODY)])])
put("endpoint-fips", net, [net.subnet()], AWS_USE_FIPS_ENDPOINT="true")
eni = ec2.create_network_interface(SubnetId=net.public())["NetworkInterface"]["NetworkInterfaceId"]
put("endpoint-led-away", net, [net.subnet(dict(DestinationCidrBlock="10.0.1.0/24", NetworkInterfaceId=eni))])

# Endpoints; each in a VPC of its own, for private DNS goes by the VPC.
everyone = [tcp(443, **ANYBODY)]
may = dict(Effect="Allow", Principal="*", Resource="*")
for name, more, vpc, ingress in (
    ("endpoint", {}, {}, everyone),
    ("endpoint-no-private-dns", dict(private_dns=False), {}, everyone),
    ("endpoint-no-hostnames", {}, dict(hostnames=False), everyone),
    ("endpoint-no-dns", {}, dict(support=False, hostnames=False), everyone),
    ("endpoint-closed-group", {}, {}, [tcp(80, **ANYBODY)]),
    ("endpoint-other-range", {}, {}, [tcp(443, IpRanges=[dict(CidrIp="10.0.200.0/24")])]),
    ("endpoint-own-range", {}, {}, [tcp(443, IpRanges=[dict(CidrIp="10.0.0.0/16")])]),
    ("endpoint-other-service", dict(service="logs"), {}, everyone),
    ("endpoint-policy-denies", dict(PolicyDocument=policy(may | dict(Action="*"), may | dict(Effect="Deny", Action="xray:Put*"))), {}, everyone),
    ("endpoint-policy-half", dict(PolicyDocument=policy(may | dict(Action="xray:PutTraceSegments"))), {}, everyone),
    ("endpoint-policy-both", dict(PolicyDocument=policy(may | dict(Action=["xray:PutTraceSegments", "xray:PutTelemetryRecords"]))), {}, everyone),
    ("endpoint-policy-other-account", dict(PolicyDocument=policy(may | dict(Action="*", Principal={"AWS": "999999999999"}))), {}, everyone),
):
    net = Net(**vpc)
    subnet = net.subnet()
    net.endpoint([subnet], [net.group("endpoint", ingress=ingress)], **more)
    put(name, net, [subnet])
net = Net()
mine = net.group("mine", egress=[])
theirs = net.group("theirs", ingress=[tcp(443, UserIdGroupPairs=[dict(GroupId=mine)])])
ec2.authorize_security_group_egress(GroupId=mine, IpPermissions=[tcp(443, UserIdGroupPairs=[dict(GroupId=theirs)])])
net.endpoint([net.subnet()], [theirs])
put("endpoint-by-groups", net, [net.subnet()], [mine])
put("endpoint-not-our-group", net, [net.subnet()])
subnet = net.subnet()
net.acl(subnet, (True, False, 443, 443), (True, True, 1, 65535), (False, True, 1, 65535))
put("endpoint-acl", net, [subnet], [mine])
