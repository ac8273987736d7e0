//! Log deliveries and the resource policies that allow them.

use super::assert_table;

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
