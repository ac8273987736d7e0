//! How a region gets its CloudWatch role: the steps that the fixes of several checks begin with. AWS refuses to turn on a
//! log of a REST or WebSocket API where no role is set.

use crate::{
    Context, patch, role,
    verdict::{Command, Fix},
};

/// Lets API Gateway assume a role.
pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// The name of a role that is made anew. IAM knows no regions, so one role serves all of them.
const NAME: &str = "gatelight-api-gateway-logs";

/// What to know about the last of the steps.
const WAIT: &str = "IAM takes some seconds to make a new role known: if update-account is refused, run it again";

/// The ARN of a role that is made anew.
pub(super) fn new_role(context: &Context<'_>) -> String {
    let account = context.account_id().unwrap_or("<account ID>");
    format!("arn:{}:iam::{account}:role/{NAME}", context.account().partition)
}

/// Creates the role of that ARN, lets it write logs, and sets it.
pub(super) fn create_and_set(context: &Context<'_>, arn: &str) -> [Command; 3] {
    let name = role::name(arn);
    let mut create = command(["aws", "iam", "create-role", "--role-name", name]);
    let path = arn.split_once(":role").and_then(|(_, path)| path.strip_suffix(name)).filter(|path| *path != "/");
    if let Some(path) = path {
        create.extend(command(["--path", path]));
    }
    create.extend(command(["--assume-role-policy-document", TRUST]));
    let policy = format!(
        "arn:{}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        context.account().partition
    );
    let attach = command(["aws", "iam", "attach-role-policy", "--role-name", name, "--policy-arn", &policy]);
    [create, attach, set(context, arn)]
}

/// Sets a role. API Gateway tries the role when it is set, and refuses one that cannot write.
pub(super) fn set(context: &Context<'_>, arn: &str) -> Command {
    let mut set = command(["aws", "apigateway", "update-account", "--region", &context.region().name]);
    set.push("--patch-operations".to_owned());
    set.extend(patch::replace([("/cloudwatchRoleArn", arn)]));
    set
}

/// A fix that creates a role and sets it.
pub(super) fn fix(context: &Context<'_>, arn: &str, text: &str) -> Fix {
    Fix::text(format!("{text} {WAIT}.")).commands(create_and_set(context, arn))
}

/// A fix that turns on a log which the role writes: it begins with the role where the region has none.
pub(crate) fn role_first(context: &Context<'_>, fix: Fix) -> Fix {
    let region = &context.region().name;
    match super::set_arn(context) {
        Ok(Some(_)) => fix,
        Ok(None) => {
            let text = format!(
                "{region} has no CloudWatch role, and AWS refuses to turn on this log without one: the first three \
                 commands create the role and set it, once for all stages of the region ({WAIT}). {}",
                fix.text
            );
            Fix::text(text).commands(create_and_set(context, &new_role(context))).commands(fix.commands)
        }
        Err(gap) => {
            let text = format!(
                "Whether {region} has a CloudWatch role could not be checked ({gap}). See first whether `aws apigateway \
                 get-account` names one: without it AWS refuses to turn on this log, and `gatelight explain \
                 gateway-role-unset` has the steps. {}",
                fix.text
            );
            Fix { text, ..fix }
        }
    }
}

fn command<const N: usize>(arguments: [&str; N]) -> Command {
    arguments.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::healthy;

    #[test]
    fn a_role_keeps_its_path_and_the_partition_is_that_of_the_account() {
        let mut inventory = healthy();
        inventory.account.partition = "aws-cn".to_owned();
        let context = Context::new(inventory.scope());
        let [create, attach, set] = create_and_set(&context, "arn:aws-cn:iam::123456789012:role/a/b/logs");
        assert_eq!(create[..7], ["aws", "iam", "create-role", "--role-name", "logs", "--path", "/a/b/"]);
        let managed = "arn:aws-cn:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";
        assert_eq!(attach.last().expect("a policy"), managed);
        let value = "op=replace,path=/cloudwatchRoleArn,value=arn:aws-cn:iam::123456789012:role/a/b/logs";
        assert_eq!(set.last().expect("an operation"), value);
        let [create, ..] = create_and_set(&context, &new_role(&context));
        assert!(!create.contains(&"--path".to_owned()), "{create:?}");
        // A comma is allowed in a role's name, and ends a value in shorthand.
        let [.., set] = create_and_set(&context, "arn:aws-cn:iam::123456789012:role/a,b");
        assert!(set.last().expect("an operation").starts_with('['), "{set:?}");
    }
}
