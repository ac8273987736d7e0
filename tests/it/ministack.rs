//! What of the other tests' scenarios MiniStack can hold: a second opinion on what the calls of AWS answer, by somebody who
//! did not write moto.
//!
//! Left out, for there MiniStack is not AWS:
//! - Interface endpoints: the answer has neither their security groups nor whether they have private DNS.
//! - Routes to prefix lists, interfaces and egress-only gateways: they lack their destination. Transit gateways: unknown.
//! - Network ACLs of one's own: associations are lost (see `support/ministack.rs` for those of the default ones).
//! - The callers of a function's alias: its policy is mixed into that of `$LATEST`.
//! - Which events a search finds: see [`searches`]. Metrics: it lacks the SDK's protocol.

use crate::support::{ministack::Account, report::Report};

/// Audits an account of MiniStack that these scripts fill, and holds its report to the table.
#[track_caller]
fn assert_table(scripts: &[&str], table: &str) -> Report {
    let account = Account::new();
    let seeded = account.seeded(scripts);
    let report = account.audit().run().report();
    report.is(&seeded.subjects(), table);
    report
}

const STAGES: &str = r#"
GOOD = '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","status":"$context.status","error":"$context.integration.error","backend":"$context.integration.status"}'
FORMATS = {
    "good": GOOD,
    "clf": '$context.identity.sourceIp [$context.requestTime] "$context.httpMethod" $context.status $context.requestId',
    "trailing-comma": GOOD.replace("}", ",}"),
    "no-error": GOOD.replace("integration.error", "error.message"),
    "lambda-status": GOOD.replace("integration.status", "integrationStatus"),
    "no-id": GOOD.replace('"requestId":"$context.requestId",', ""),
}


def stage(name, kind, destination=None, text=None, level=None, trace=False, payload=False):
    """A stage `prod` of an API of its own."""
    if kind == "rest":
        api = rest.create_rest_api(name=name)["id"]
        deployment = rest.create_deployment(restApiId=api)["id"]
        rest.create_stage(restApiId=api, stageName="prod", deploymentId=deployment, tracingEnabled=trace)
        patches = (
            ("/accessLogSettings/destinationArn", destination),
            ("/accessLogSettings/format", text),
            ("/*/*/logging/loglevel", level),
            ("/*/*/logging/dataTrace", payload and "true"),
        )
        patches = [dict(op="replace", path=path, value=value) for path, value in patches if value]
        rest.update_stage(restApiId=api, stageName="prod", patchOperations=patches)
    else:
        access_log = {"DestinationArn": destination, "Format": text}
        access_log = {name: value for name, value in access_log.items() if value}
        more = {"AccessLogSettings": access_log} if access_log else {}
        if level:
            more["DefaultRouteSettings"] = {"LoggingLevel": level, "DataTraceEnabled": payload}
        api = v2.create_api(Name=name, ProtocolType=kind, RouteSelectionExpression="$request.body.action")["ApiId"]
        v2.create_stage(ApiId=api, StageName="prod", **more)
    answer[name] = f"arn:aws:apigateway:{REGION}::/{'restapis' if kind == 'rest' else 'apis'}/{api}/stages/prod"


kept, forever = log_group("/aws/gateway/kept", 30), log_group("/aws/gateway/forever")
gone = kept.replace("kept", "gone")
firehose = client("firehose")
to = dict(RoleARN=f"arn:aws:iam::{ACCOUNT}:role/firehose", BucketARN="arn:aws:s3:::a-bucket", CompressionFormat="GZIP")
stream, other = (
    firehose.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=to)["DeliveryStreamARN"]
    for name in ("amazon-apigateway-x", "other")
)
for kind in ("rest", "HTTP", "WEBSOCKET"):
    for name, text in FORMATS.items():
        stage(f"{kind.lower()}-{name}", kind, kept, text)
    stage(f"{kind.lower()}-off", kind)
    stage(f"{kind.lower()}-half", kind, text=GOOD)
    stage(f"{kind.lower()}-gone", kind, gone, GOOD)
    stage(f"{kind.lower()}-elsewhere", kind, kept.replace(REGION, "eu-west-1"), GOOD)
    stage(f"{kind.lower()}-forever", kind, forever, GOOD)
for name, arn in (("stream", stream), ("stream-other", other), ("stream-gone", stream[:-1] + "y")):
    stage(f"rest-{name}", "rest", arn, GOOD)
for kind in ("rest", "WEBSOCKET"):
    stage(f"{kind.lower()}-info", kind, level="INFO")
    stage(f"{kind.lower()}-level-off", kind, level="OFF")
    stage(f"{kind.lower()}-payload", kind, level="ERROR", payload=True)
stage("rest-traced", "rest", trace=True)
for name in [name for name in answer if "/" in name]:
    del answer[name]
"#;

#[test]
fn stages() {
    assert_table(
        &[STAGES],
        "                          off     json    fields  id      there   keep    exec    payload trace
        rest-good                 pass    pass    pass    pass    pass    pass    medium  pass    medium
        rest-clf                  pass    high    high    pass    pass    pass    medium  pass    medium
        rest-trailing-comma       pass    high    pass    pass    pass    pass    medium  pass    medium
        rest-no-error             pass    pass    high    pass    pass    pass    medium  pass    medium
        rest-lambda-status        pass    pass    high    pass    pass    pass    medium  pass    medium
        rest-no-id                pass    pass    pass    medium  pass    pass    medium  pass    medium
        rest-off                  high    n/a     n/a     n/a     n/a     n/a     medium  pass    medium
        rest-half                 high    n/a     n/a     n/a     n/a     n/a     medium  pass    medium
        rest-gone                 pass    pass    pass    pass    high    n/a     medium  pass    medium
        rest-elsewhere            pass    pass    pass    pass    high    n/a     medium  pass    medium
        rest-forever              pass    pass    pass    pass    pass    low     medium  pass    medium
        http-good                 pass    pass    pass    pass    pass    pass    n/a     n/a     n/a
        http-clf                  pass    high    high    pass    pass    pass    n/a     n/a     n/a
        http-trailing-comma       pass    high    pass    pass    pass    pass    n/a     n/a     n/a
        http-no-error             pass    pass    high    pass    pass    pass    n/a     n/a     n/a
        http-lambda-status        pass    pass    pass    pass    pass    pass    n/a     n/a     n/a
        http-no-id                pass    pass    pass    medium  pass    pass    n/a     n/a     n/a
        http-off                  high    n/a     n/a     n/a     n/a     n/a     n/a     n/a     n/a
        http-half                 high    n/a     n/a     n/a     n/a     n/a     n/a     n/a     n/a
        http-gone                 pass    pass    pass    pass    high    n/a     n/a     n/a     n/a
        http-elsewhere            pass    pass    pass    pass    high    n/a     n/a     n/a     n/a
        http-forever              pass    pass    pass    pass    pass    low     n/a     n/a     n/a
        websocket-good            pass    pass    pass    pass    pass    pass    medium  pass    n/a
        websocket-clf             pass    high    high    pass    pass    pass    medium  pass    n/a
        websocket-trailing-comma  pass    high    pass    pass    pass    pass    medium  pass    n/a
        websocket-no-error        pass    pass    high    pass    pass    pass    medium  pass    n/a
        websocket-lambda-status   pass    pass    high    pass    pass    pass    medium  pass    n/a
        websocket-no-id           pass    pass    pass    medium  pass    pass    medium  pass    n/a
        websocket-off             high    n/a     n/a     n/a     n/a     n/a     medium  pass    n/a
        websocket-half            high    n/a     n/a     n/a     n/a     n/a     medium  pass    n/a
        websocket-gone            pass    pass    pass    pass    high    n/a     medium  pass    n/a
        websocket-elsewhere       pass    pass    pass    pass    high    n/a     medium  pass    n/a
        websocket-forever         pass    pass    pass    pass    pass    low     medium  pass    n/a
        rest-stream               pass    pass    pass    pass    pass    n/a     medium  pass    medium
        rest-stream-other         pass    pass    pass    pass    high    n/a     medium  pass    medium
        rest-stream-gone          pass    pass    pass    pass    high    n/a     medium  pass    medium
        rest-info                 high    n/a     n/a     n/a     n/a     n/a     pass    pass    medium
        rest-level-off            high    n/a     n/a     n/a     n/a     n/a     medium  pass    medium
        rest-payload              high    n/a     n/a     n/a     n/a     n/a     pass    medium  medium
        websocket-info            high    n/a     n/a     n/a     n/a     n/a     pass    pass    n/a
        websocket-level-off       high    n/a     n/a     n/a     n/a     n/a     medium  pass    n/a
        websocket-payload         high    n/a     n/a     n/a     n/a     n/a     pass    medium  n/a
        rest-traced               high    n/a     n/a     n/a     n/a     n/a     medium  pass    pass",
    );
}

// ---- The gateway's role ----

const GATEWAY_ROLE: &str = r#"
SERVICE = "apigateway.amazonaws.com"
PUSH = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
group = log_group("/aws/gateway/access", 30)
api = rest_api("orders", ("prod", False))
patches = {"/accessLogSettings/destinationArn": group, "/accessLogSettings/format": "$context.requestId"}
patches = [dict(op="replace", path=path, value=value) for path, value in patches.items()]
rest.update_stage(restApiId=api, stageName="prod", patchOperations=patches)
answer = {"account": f"arn:aws:apigateway:{REGION}::/account"}


def gateway(*statements, trusted=SERVICE, attached=(), condition=None, path="/", **more):
    global TRUST
    trust = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
    TRUST = policy(trust | ({"Condition": condition} if condition else {}))
    uses(role("apigw", *statements, attached=attached, Path=path, **more))


def uses(arn):
    rest.update_account(patchOperations=[dict(op="replace", path="/cloudwatchRoleArn", value=arn)])


def managed(name, *statements):
    return iam.create_policy(PolicyName=name, PolicyDocument=policy(*statements))["Policy"]["Arn"]
"#;

/// One account each, in which a REST stage has an access log: the role is the account's.
#[track_caller]
fn assert_role(script: &str, row: &str) {
    assert_table(&[GATEWAY_ROLE, script], &format!("unset missing trust write\naccount {row}"));
}

#[test]
fn gateway_role() {
    assert_role("", "high n/a n/a n/a");
    assert_role("uses(f'arn:aws:iam::{ACCOUNT}:role/gone')", "pass high n/a n/a");
    assert_role("gateway(attached=[PUSH])", "pass pass pass pass");
    assert_role("gateway(attached=[PUSH], path='/service/')", "pass pass pass pass");
    assert_role("gateway(attached=[PUSH], trusted='lambda.amazonaws.com')", "pass pass high pass");
    assert_role("gateway(attached=[PUSH], trusted=['lambda.amazonaws.com', SERVICE])", "pass pass pass pass");
    assert_role(
        "gateway(attached=[PUSH], condition={'StringEquals': {'aws:SourceAccount': ACCOUNT}})",
        "pass pass ? pass",
    );
    assert_role(
        "gateway(attached=[PUSH], condition={'StringEquals': {'aws:SourceAccount': '999999999999'}})",
        "pass pass high pass",
    );
}

#[test]
fn what_the_gateway_role_may_write() {
    assert_role("gateway()", "pass pass pass high");
    assert_role("gateway(allow('logs:*', group + ':*'))", "pass pass pass pass");
    assert_role("gateway(allow('logs:*', group))", "pass pass pass high");
    assert_role("gateway(allow('logs:*', group + ':log-stream:a*'))", "pass pass pass ?");
    assert_role(
        "gateway({'Effect': 'Deny', 'Action': 'logs:Put*', 'Resource': '*'}, attached=[PUSH])",
        "pass pass pass high",
    );
    assert_role("gateway(attached=[managed('all', allow('logs:*'))])", "pass pass pass pass");
    assert_role("gateway(allow('*'), PermissionsBoundary=managed('narrow', allow('s3:*')))", "pass pass pass high");
    assert_role(
        "gateway(allow('logs:*', Condition={'StringEquals': {'aws:PrincipalTag/team': 'web'}}))",
        "pass pass pass ?",
    );
}

// ---- Functions and networks ----

/// The scenarios of the moto suite, with custom log groups, which moto drops, and without the caller of an alias.
#[test]
fn functions() {
    let mended = r#"
for name in ("there", "absent"):
    custom = {"LogFormat": "Text", "LogGroup": f"/custom/{name}"}
    functions.update_function_configuration(FunctionName=f"log-custom-{name}", LoggingConfig=custom)
functions.delete_function(FunctionName="called-by-alias")
del answer["called-by-alias"]
"#;
    assert_table(
        &[include_str!("moto_suite/seeds/functions.py"), mended],
        "                         active  traces  logs
        active                    pass    pass    pass
        called                    medium  n/a|.   pass
        called-on-any-stage       medium  n/a|.   pass
        called-on-other-stage     low     n/a|.   pass
        called-untraced           low     n/a|.   pass
        called-by-http            low     n/a|.   pass
        called-by-stranger        low     n/a|.   pass
        called-by-nobody          low     n/a|.   pass
        trace-nothing             pass    high    pass
        trace-both                pass    pass    pass
        trace-wildcard            pass    pass    pass
        trace-scoped              pass    high    pass
        trace-segments-only       pass    low     pass
        trace-telemetry-only      pass    high    pass
        trace-managed             pass    pass    pass
        trace-denied              pass    high    pass
        trace-boundary            pass    high    pass
        trace-deleted             pass    high    high
        trace-nothing-but-off     low     n/a|.   pass
        log-nothing               pass    pass    high
        log-basic-absent          pass    pass    pass
        log-basic-there           pass    pass    pass
        log-streams-there         pass    pass    pass
        log-streams-absent        pass    pass    high
        log-create-absent         pass    pass    pass
        log-no-suffix             pass    pass    high
        log-other-group           pass    pass    high
        log-put-only              pass    pass    high
        log-denied                pass    pass    high
        log-custom-there          pass    pass    pass
        log-custom-absent         pass    pass    high",
    );
}

const NETWORKS: &str = r#"
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
    let seeds = include_str!("moto_suite/seeds/networks.py");
    let (tools, _) = seeds.split_once("\n# NAT.\n").expect("the tools of the moto suite's networks, before the first");
    assert_table(
        &[tools, NETWORKS],
        "                          reach
        no-vpc                    n/a
        nat                       pass
        nat-mixed                 medium
        nat-mixed-public          medium
        two-halves                pass
        route-elsewhere           medium
        no-egress                 medium
        egress-443                pass
        egress-80                 medium
        egress-udp                medium
        egress-inside             medium
        egress-of-second-group    pass
        main-table                pass
        main-table-bare           medium
        nat-by-main-table         pass
        internet-gateway          medium
        internet-gateway-otel     high
        no-route                  medium
        no-route-passthrough      low
        no-route-otel-layer       high
        no-route-otlp             high
        nat-deleted               medium
        nat-private               medium
        nat-in-private-subnet     medium
        nat-detached-gateway      medium
        peering                   medium
        peering-of-everything     medium",
    );
}

// ---- Logs ----

const DELIVERY: &str = r#"
group = log_group("/aws/gateway/web", 30)
other = log_group("/aws/gateway/orders", 30)
web = v2.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
v2.create_stage(ApiId=web, StageName="$default", AccessLogSettings={"DestinationArn": group, "Format": "$context.requestId"})
del answer["/aws/gateway/orders"]
TYPICAL = {
    "Effect": "Allow",
    "Principal": {"Service": "delivery.logs.amazonaws.com"},
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": f"{group}:log-stream:*",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"},
    },
}


def delivery(*statements):
    for n, statement in enumerate(statements):
        logs.put_resource_policy(policyName=f"p{n}", policyDocument=policy(TYPICAL | statement))
"#;

/// One account each, in which an HTTP API has an access log: these policies are the account's.
#[track_caller]
fn assert_delivery(script: &str, verdict: &str) {
    assert_table(&[DELIVERY, script], &format!("deliver\n/aws/gateway/web {verdict}"));
}

#[test]
fn log_delivery() {
    assert_delivery("", "high");
    assert_delivery("delivery({})", "pass");
    assert_delivery("delivery({'Resource': f'arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*'})", "pass");
    assert_delivery("delivery({'Resource': f'{group}-of-somebody:log-stream:*'})", "high");
    assert_delivery("delivery({'Action': 'logs:PutLogEvents'})", "high");
    assert_delivery("delivery({'Action': 'logs:PutLogEvents'}, {'Action': 'logs:CreateLogStream'})", "pass");
    assert_delivery("delivery({'Condition': {'StringEquals': {'aws:SourceAccount': '999999999999'}}})", "high");
    assert_delivery("delivery({'Principal': {'Service': 'es.amazonaws.com'}})", "high");
    assert_delivery("delivery({}, {'Effect': 'Deny', 'Condition': {}})", "high");
}

/// A REST stage whose execution log a delivery source sends to a log group; another that logs nothing any more.
const EXECUTION_DELIVERY: &str = r#"
for name, level in (("sent", "INFO"), ("stopped", "OFF")):
    api = rest_api(name, ("prod", False))
    patch = dict(op="replace", path="/*/*/logging/loglevel", value=level)
    rest.update_stage(restApiId=api, stageName="prod", patchOperations=[patch])
    log_group(f"/executions/{name}", None if name == "sent" else 30)
    stage_arn = f"arn:aws:apigateway:{REGION}:{ACCOUNT}:/restapis/{api}/stages/prod"
    logs.put_delivery_source(name=name, resourceArn=stage_arn, logType="EXECUTION_LOGS")
    target = {"destinationResourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/executions/{name}:*"}
    made = logs.put_delivery_destination(name=name, deliveryDestinationConfiguration=target)["deliveryDestination"]
    logs.create_delivery(deliverySourceName=name, deliveryDestinationArn=made["arn"])
    if name == "sent":
        groups = {"sent": "/executions/sent", "own": f"API-Gateway-Execution-Logs_{api}/prod"}
answer = {name: f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}" for name, group in groups.items()}
"#;

#[test]
fn execution_logs_that_are_delivered() {
    let policy = |resource: &str| {
        format!(
            r#"
statement = dict(Effect="Allow", Principal=dict(Service="delivery.logs.amazonaws.com"), Action="logs:*", Resource="{resource}")
logs.put_resource_policy(policyName="p", policyDocument=policy(statement))
"#
        )
    };
    for (script, verdict) in
        [(String::new(), "high"), (policy("*"), "pass"), (policy("arn:aws:logs:*:*:log-group:/a*"), "high")]
    {
        let table = format!("deliver group emit\nsent {verdict} low pass\nown . n/a n/a");
        let report = assert_table(&[EXECUTION_DELIVERY, &script], &table);
        // What is sent of a stage that logs nothing is nothing.
        let about = report.0["outcomes"].as_array().unwrap().iter().map(|outcome| outcome["subject"]["name"].as_str());
        assert!(!about.flatten().any(|name| name == "/executions/stopped"));
    }
}

/// MiniStack takes the search's `?"a b" ?"c"` for words that must all be in a line, in either case. So a line that quotes
/// every text is found; the same in capitals or with wider gaps is found too, and is for the program to see through.
/// Lines that hold one text are not found at all: the moto suite has them.
const SEARCHES: &str = r#"
own = role("logging", allow("*"))
TEXTS = (
    "Failed to emit logs", "failed to emit logs", "Sending segment batch failed with", "Segment dropped.",
    "Failed to send entity to Daemon", "Exporting failed. Rejecting data", "AccessDenied", "logs:PutLogEvents",
)
QUOTED = "quoted: " + " ".join(f'"{text}"' for text in TEXTS)
for name, days, line in (
    ("hit", 30, QUOTED),
    ("shouted", 30, QUOTED.upper()),
    ("words", 30, QUOTED.replace(" ", "  ").replace("dropped.", "dropped.,").replace("AccessDenied", "accessdenied")),
    ("quiet", 30, "order 1 ok"),
    ("for-ever", None, "order 1 ok"),
):
    function(name, own)
    log_group(f"/aws/lambda/{name}", days)
    write(f"/aws/lambda/{name}", "0", [(90, line)])
function("never-ran", own)
answer = {name.split("/")[-1]: arn for name, arn in answer.items() if "/" in name}
answer["never-ran"] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/never-ran"
"#;

#[test]
fn searches() {
    let report = assert_table(
        &[SEARCHES],
        "          group  emit
        hit        pass   high
        shouted    pass   pass
        words      pass   pass
        quiet      pass   pass
        for-ever   low    pass
        never-ran  n/a    n/a",
    );
    assert_eq!(report.0["shards"][0]["requests"]["logs:FilterLogEvents"], 5, "each group that exists is searched");
}
