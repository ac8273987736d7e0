//! Networks of functions.

use super::assert_table;

const NETWORKS: &str = r#"
# MiniStack gives each VPC a set of DHCP options that it does not list.
options = ec2.create_dhcp_options(DhcpConfigurations=[dict(Key="domain-name-servers", Values=["AmazonProvidedDNS"])])
options = options["DhcpOptions"]["DhcpOptionsId"]
made_by_tools = Net.__init__
def with_listed_options(net, *args, **settings):
    made_by_tools(net, *args, **settings)
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=net.id)
Net.__init__ = with_listed_options

own_net = Net()
nat = own_net.nat(own_net.public())


def beside_nat(name, egress=None):
    put(name, own_net, [own_net.through(nat)], [own_net.group(name, egress=egress)])


beside_nat("nat")
put("nat-mixed", own_net, [own_net.through(nat), own_net.subnet()])
put("nat-mixed-public", own_net, [own_net.public(), own_net.through(nat)])
halves = [dict(DestinationCidrBlock=half, NatGatewayId=nat) for half in ("0.0.0.0/1", "128.0.0.0/1")]
put("two-halves", own_net, [own_net.subnet(*halves)])
put("route-elsewhere", own_net, [own_net.through(nat, "192.168.0.0/16")])
beside_nat("no-egress", [])
beside_nat("egress-443", [tcp(443, **ANYBODY)])
beside_nat("egress-80", [tcp(80, **ANYBODY)])
beside_nat("egress-udp", [dict(tcp(443, **ANYBODY), IpProtocol="udp")])
beside_nat("egress-inside", [tcp(443, IpRanges=[dict(CidrIp="10.0.0.0/8")])])
groups = [own_net.group("one", egress=[]), own_net.group("two", egress=[tcp(443, **ANYBODY)])]
put("egress-of-second-group", own_net, [own_net.through(nat)], groups)

net = Net()
ec2.create_route(RouteTableId=net.main(), DestinationCidrBlock=ANY, NatGatewayId=net.nat(net.public()))
put("main-table", net, [net.bare()])
net = Net()
put("main-table-bare", net, [net.bare()])
net = Net()
ec2.create_route(RouteTableId=net.main(), DestinationCidrBlock=ANY, GatewayId=net.igw)
put("nat-by-main-table", net, [net.through(net.nat(net.bare()))])

net = Net()
put("internet-gateway", net, [net.public()])
put("internet-gateway-otel", net, [net.public()], layers=[otel])
put("no-route", net, [net.subnet()])
put("no-route-passthrough", net, [net.subnet()], mode="PassThrough")
put("no-route-otel-layer", net, [net.subnet()], layers=[otel], mode="PassThrough")
put("no-route-otlp", net, [net.subnet()], OTEL_EXPORTER_OTLP_ENDPOINT="https://collector.example", mode="PassThrough")
nat = net.nat(net.public())
put("nat-deleted", net, [net.through(nat)])
ec2.delete_nat_gateway(NatGatewayId=nat)  # The route stays active, as on moto: the gateway itself tells.
put("nat-private", net, [net.through(net.nat(net.public(), ConnectivityType="private"))])
put("nat-in-private-subnet", net, [net.through(net.nat(net.subnet()))])
net = Net()
put("nat-detached-gateway", net, [net.through(net.nat(net.public()))])
ec2.detach_internet_gateway(InternetGatewayId=net.igw, VpcId=net.id)

net, shared = Net(), Net("10.9")
peering = ec2.create_vpc_peering_connection(VpcId=net.id, PeerVpcId=shared.id)["VpcPeeringConnection"]
peering = peering["VpcPeeringConnectionId"]
ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
put("peering", net, [net.subnet(dict(DestinationCidrBlock="10.9.0.0/16", VpcPeeringConnectionId=peering))])
put("peering-of-everything", net, [net.subnet(dict(DestinationCidrBlock=ANY, VpcPeeringConnectionId=peering))])
"#;

#[test]
fn networks() {
    let seeds = include_str!("../moto_suite/seeds/networks.py");
    let (tools, _) = seeds.split_once("\n# NAT.\n").expect("the tools of the moto suite's networks, before the first");
    assert_table(
        &[tools, NETWORKS],
        "                          reach
        no-vpc                    n/a
        nat                       pass
        nat-mixed                 low
        nat-mixed-public          low
        two-halves                pass
        route-elsewhere           low
        no-egress                 low
        egress-443                pass
        egress-80                 low
        egress-udp                low
        egress-inside             low
        egress-of-second-group    pass
        main-table                pass
        main-table-bare           low
        nat-by-main-table         pass
        internet-gateway          low
        internet-gateway-otel     high
        no-route                  low
        no-route-passthrough      low
        no-route-otel-layer       high
        no-route-otlp             high
        nat-deleted               low
        nat-private               low
        nat-in-private-subnet     low
        nat-detached-gateway      low
        peering                   low
        peering-of-everything     low",
    );
}

// ---- Logs ----
