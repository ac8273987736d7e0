//! The role that writes API Gateway's logs.

use super::assert_table;

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
