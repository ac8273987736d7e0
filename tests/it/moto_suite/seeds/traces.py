# Stages that trace, and rules that take some of them. moto's API Gateway, and the X-Ray that stands before moto.
xray = client("xray")
GATEWAY = "AWS::ApiGateway::Stage"
apis = {
    "plain": rest_api("plain", ("prod", True), ("dev", False)),
    "silenced": rest_api("silenced", ("prod", True), ("dev", True)),
    "narrowed": rest_api("narrowed", ("prod", True)),
    "by-path": rest_api("by-path", ("prod", True)),
    "by-arn": rest_api("by-arn", ("prod", True)),
    "tied": rest_api("tied", ("prod", True)),
    "probed": rest_api("probed", ("prod", True)),
}
for name, api in apis.items():
    for stage in ("prod", "dev"):
        answer[f"{name}/{stage}"] = f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/{stage}"


def rule(name, priority, rate, reservoir, **more):
    rule = dict(ResourceARN="*", ServiceName="*", ServiceType="*", Host="*", HTTPMethod="*", URLPath="*", Version=1)
    rule |= dict(RuleName=name, Priority=priority, FixedRate=rate, ReservoirSize=reservoir)
    xray.create_sampling_rule(SamplingRule=rule | more)


rule("silenced-prod", 10, 0, 0, ServiceName="silenced/pr?d", ServiceType=GATEWAY)
rule("silenced-later", 11, 1, 5, ServiceName="silenced/*")
rule("narrowed", 12, 0, 0, ServiceName="narrowed/*", HTTPMethod="OPTIONS")
rule("by-path", 13, 0, 0, ServiceName="by-path/*", URLPath="/health*")
rule("by-arn", 14, 0, 0, ResourceARN=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{apis['by-arn']}/prod")
rule("tied-a", 15, 0, 0, ServiceName="tied/*")
rule("tied-b", 15, 0.5, 0, ServiceName="tied/*")
rule("probed", 16, 0, 0, ServiceName="probed/*", Attributes={"User-Agent": "probe"})
rule("other", 1, 0, 0, ServiceType="AWS::EC2::Instance")
