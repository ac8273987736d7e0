//! Stages: access logs, execution logs and tracing.

use super::assert_table;

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
