//! The other half of a mixed account: functions, their roles and networks, and log groups; with a proxy's help for what
//! moto cannot do.

use serde_json::{Value, json};

use super::mixed;
use crate::support::{
    cloudwatch,
    proxy::{Call, Rule},
    seed::{Account, Seeded},
};

/// Seeds an account so that an audit makes nearly every call it knows, and each changes an outcome.
pub(crate) fn seed(account: &Account) -> Seeded {
    mixed::seed(account);
    account.script("us-east-1", include_str!("seeds/functions_and_roles.py"))
}

/// Answers for moto where it cannot, or lies.
pub(crate) fn corrected(seeded: &Seeded) -> impl Fn(&Call) -> Rule + Send + Sync + Clone + use<> {
    let (subnet, group) = (seeded["managed-subnet"].clone(), seeded["managed-group"].clone());
    let mut arns = seeded.0.values().filter(|arn| arn.starts_with("arn:aws:lambda:"));
    let id = arns.find_map(|arn| arn.split(':').nth(4)).expect("a function's ARN").to_owned();
    let delivery_destination =
        move |call: &Call| format!("arn:aws:logs:{}:{id}:delivery-destination:gone", call.region);
    move |call| match call.operation.as_str() {
        organizations if organizations.starts_with("organizations:") => Rule::Answer(organization(call)),
        "cloudwatch:GetMetricData" => Rule::Cbor(cloudwatch::answer(&cloudwatch::asked(&call.body), |_| Some(7.0))),
        // moto keeps no source of API Gateway.
        "logs:DescribeDeliverySources" => {
            let stage = format!("arn:aws:apigateway:{}:123456789012:/restapis/gone/stages/prod", call.region);
            let source = json!({"name": "gone", "logType": "EXECUTION_LOGS", "resourceArns": [stage]});
            Rule::Answer(json!({"deliverySources": [source]}).to_string())
        }
        "logs:DescribeDeliveries" => {
            let delivery = json!({"deliverySourceName": "gone", "deliveryDestinationArn": delivery_destination(call)});
            Rule::Answer(json!({"deliveries": [delivery]}).to_string())
        }
        "logs:DescribeDeliveryDestinations" => {
            let bucket = json!({"destinationResourceArn": "arn:aws:s3:::gone"});
            let arn = delivery_destination(call);
            let destination = json!({"name": "gone", "arn": arn, "deliveryDestinationConfiguration": bucket});
            Rule::Answer(json!({"deliveryDestinations": [destination]}).to_string())
        }
        "lambda:ListFunctions" => Rule::Rewrite(on_managed_instances),
        "lambda:GetCapacityProvider" => {
            let arn = format!("arn:aws:lambda:{}:123456789012:capacity-provider:pool", call.region);
            let vpc = json!({"SubnetIds": [subnet], "SecurityGroupIds": [group]});
            let role = json!({"CapacityProviderOperatorRoleArn": "arn:aws:iam::123456789012:role/operator"});
            let provider = json!({
                "CapacityProviderArn": arn, "State": "Active", "VpcConfig": vpc, "PermissionsConfig": role,
            });
            Rule::Answer(json!({"CapacityProvider": provider}).to_string())
        }
        _ => Rule::Forward,
    }
}

/// An account in one organizational unit, whose policies allow everything. moto tells a member nothing of it.
fn organization(call: &Call) -> String {
    let asked: Value = serde_json::from_slice(&call.body).unwrap();
    let policy = |kind: &Value, id: &str| {
        let arn = format!("arn:aws:organizations::aws:policy/service_control_policy/{id}");
        json!({"Id": id, "Arn": arn, "Name": id, "Type": kind})
    };
    let answer = match call.operation.as_str() {
        "organizations:DescribeOrganization" => {
            json!({"Organization": {"Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": "999988887777"}})
        }
        "organizations:ListRoots" => {
            let types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];
            let types = types.map(|kind| json!({"Type": kind, "Status": "ENABLED"}));
            json!({"Roots": [{"Id": "r-ab12", "PolicyTypes": types}]})
        }
        "organizations:ListParents" => {
            let unit = asked["ChildId"].as_str().unwrap().starts_with("ou-");
            json!({"Parents": [{"Id": if unit { "r-ab12" } else { "ou-ab12-11111111" }}]})
        }
        "organizations:ListPoliciesForTarget" => {
            let id = if asked["Filter"] == "SERVICE_CONTROL_POLICY" { "p-FullAWSAccess" } else { "p-RCPFullAWSAccess" };
            json!({"Policies": [policy(&asked["Filter"], id)]})
        }
        "organizations:DescribePolicy" => {
            let mut all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            if asked["PolicyId"] == "p-RCPFullAWSAccess" {
                all["Principal"] = json!("*");
            }
            let document = json!({"Version": "2012-10-17", "Statement": [all]}).to_string();
            json!({"Policy": {"Content": document}})
        }
        other => panic!("{other}"),
    };
    answer.to_string()
}

fn on_managed_instances(answer: &str) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    for function in answer["Functions"].as_array_mut().unwrap() {
        if function["FunctionName"] == "managed" {
            let arn = function["FunctionArn"].as_str().unwrap().replace("function:managed", "capacity-provider:pool");
            function["CapacityProviderConfig"] =
                json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": arn}});
        }
    }
    answer.to_string()
}
