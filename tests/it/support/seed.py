"""What scripts that fill an account of moto begin with. They put what Rust wants to know into `answer`."""

import io
import json
import os
import time
import zipfile

import boto3

ACCOUNT, REGION = os.environ["ACCOUNT"], os.environ["AWS_DEFAULT_REGION"]
answer = {}


def client(service):
    return boto3.client(service, endpoint_url=os.environ["ENDPOINT"])


iam, functions, ec2, logs, rest, v2 = map(client, ("iam", "lambda", "ec2", "logs", "apigateway", "apigatewayv2"))

with io.BytesIO() as file:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass")
    CODE = file.getvalue()


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resource="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


TRUST = policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
XRAY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"


def role(name, *statements, attached=(), **more):
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
    for managed in attached:
        iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    return arn


def function(name, role, mode="Active", subnets=(), groups=(), layers=(), **variables):
    created = functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="index.handler",
        Code={"ZipFile": CODE},
        TracingConfig={"Mode": mode},
        VpcConfig={"SubnetIds": list(subnets), "SecurityGroupIds": list(groups)},
        Layers=list(layers),
        Environment={"Variables": variables},
    )
    answer[name] = created["FunctionArn"]
    return created["FunctionArn"]


def layer(name):
    return functions.publish_layer_version(LayerName=name, Content={"ZipFile": CODE})["LayerVersionArn"]


def log_group(name, days=None, key=None):
    logs.create_log_group(logGroupName=name, **({"kmsKeyId": key} if key else {}))
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    answer[name] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    return answer[name]


def write(group, stream, events):
    """`events`: pairs of how many minutes ago and a line."""
    now = int(time.time() * 1000)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = sorted((now - int(minutes * 60_000), line) for minutes, line in events)
    for start in range(0, len(events), 5_000):
        batch = [{"timestamp": at, "message": line} for at, line in events[start : start + 5_000]]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=batch)


def rest_api(name, *stages, access=None):
    """`stages`: pairs of a name and whether it traces."""
    api = rest.create_rest_api(name=name)["id"]
    for stage, traces in stages:
        rest.create_stage(restApiId=api, stageName=stage, deploymentId="aaaaaa", tracingEnabled=traces)
    return api


def calls(function, api, path, qualifier=None):
    more = {"Qualifier": qualifier} if qualifier else {}
    functions.add_permission(
        FunctionName=function,
        StatementId=f"from-{api}",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{path}",
        **more,
    )
