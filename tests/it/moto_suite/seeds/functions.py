# Who calls a function.
traced = rest_api("traced", ("prod", True), ("dev", False))
plain = rest_api("plain", ("prod", False))
http = v2.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
v2.create_stage(ApiId=http, StageName="prod")
logs_all = allow("logs:*")
writes = role("writes", logs_all, allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]))

log_group("/aws/lambda/active", 30)
function("active", writes)
for name, api, path in (
    ("called", traced, "prod/GET/orders"),
    ("called-on-any-stage", traced, "*/*/*"),
    ("called-on-other-stage", traced, "dev/GET/orders"),
    ("called-untraced", plain, "prod/GET/orders"),
    ("called-by-http", http, "prod/GET/orders"),
    ("called-by-stranger", "zzzzzzzzzz", "prod/GET/orders"),
):
    function(name, writes, "PassThrough")
    calls(name, api, path)
function("called-by-nobody", writes, "PassThrough")
function("called-by-alias", writes, "PassThrough")
version = functions.publish_version(FunctionName="called-by-alias")["Version"]
functions.create_alias(FunctionName="called-by-alias", Name="live", FunctionVersion=version)
calls("called-by-alias", traced, "prod/GET/orders", "live")

# Roles that can and cannot trace.
both = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
function("trace-nothing", role("trace-nothing", logs_all))
function("trace-both", role("trace-both", logs_all, allow(both)))
function("trace-wildcard", role("trace-wildcard", logs_all, allow("xray:Put*")))
function("trace-scoped", role("trace-scoped", logs_all, allow(both, f"arn:aws:xray:{REGION}:{ACCOUNT}:*")))
function("trace-segments-only", role("trace-segments-only", logs_all, allow("xray:PutTraceSegments")))
function("trace-telemetry-only", role("trace-telemetry-only", logs_all, allow("xray:PutTelemetryRecords")))
function("trace-managed", role("trace-managed", logs_all, attached=[XRAY]))
function("trace-denied", role("trace-denied", logs_all, allow("*"), {"Effect": "Deny", "Action": "xray:*", "Resource": "*"}))
narrow = iam.create_policy(PolicyName="narrow", PolicyDocument=policy(logs_all))["Policy"]["Arn"]
function("trace-boundary", role("trace-boundary", logs_all, allow(both), PermissionsBoundary=narrow))
function("trace-deleted", role("trace-deleted"))
iam.delete_role(RoleName="trace-deleted")
function("trace-nothing-but-off", role("trace-nothing-but-off", logs_all), "PassThrough")

# Roles that can and cannot log.
trace = allow("xray:Put*")
streams = ["logs:CreateLogStream", "logs:PutLogEvents"]


def group(name):
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{name}"


def logging(name, *statements, exists, attached=()):
    if exists:
        log_group(f"/aws/lambda/{name}", 7)
    function(name, role(name, trace, *statements, attached=attached))


logging("log-nothing", exists=True)
logging("log-basic-absent", exists=False, attached=[BASIC])
logging("log-basic-there", exists=True, attached=[BASIC])
logging("log-streams-there", allow(streams, group("log-streams-there") + ":*"), exists=True)
logging("log-streams-absent", allow(streams, group("log-streams-absent") + ":*"), exists=False)
logging("log-create-absent", allow([*streams, "logs:CreateLogGroup"], group("log-create-absent") + ":*"), exists=False)
logging("log-no-suffix", allow(streams, group("log-no-suffix")), exists=True)
logging("log-other-group", allow(streams, group("somebody") + ":*"), exists=True)
logging("log-put-only", allow("logs:PutLogEvents"), exists=True)
logging("log-denied", allow("*"), {"Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": "*"}, exists=True)
# moto drops LoggingConfig; the test puts it back into the answer.
log_group("/custom/there", 7)
logging("log-custom-there", allow(streams, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/custom/there:*"), exists=False)
logging("log-custom-absent", allow(streams), exists=True)
for name in [name for name in answer if "/" in name]:
    del answer[name]
