//! A function's role does not let it write to its log group.

use gatelight_model::{Need, Severity, inventory::Function};

use super::{cause, evidence, role_of, without_role};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    role::{self, DeniedAction, Powers},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "function-role-cannot-log",
    title: "Function's role lacks permission to write its log",
    severity: Severity::High,
    needs: &[Need::Functions, Need::FunctionRoles, Need::FunctionLogGroups],
    judge: Judge::Function(judge, |_, _| None),
    signals: Signals::Own(&[(Signal::FunctionLog, Loss::Dark)]),
    docs: include_str!("role_cannot_log.md"),
    scenarios: &[],
};

fn judge(function: &Function, context: &Context<'_>) -> Verdict {
    let Some(role) = role_of(function, context)? else {
        return Ok(without_role(function, "not run, let alone write its log"));
    };
    let account = context.account_of(function)?;
    let group = function.log_group_name();
    let (mut refused, mut gap) = (Vec::new(), None);
    // Lambda makes the group when it is absent, with the function's role.
    for refusal in Powers::of(context, account, role).refusals_of_writing(&group, true) {
        match refusal {
            Ok(refusal) => refused.push(refusal),
            Err(why) => gap = gap.or(Some(why)),
        }
    }
    match gap {
        _ if !refused.is_empty() => Ok(failure(function, context, account, &group, &refused).into()),
        Some(gap) => Err(gap),
        None => Ok(Judgement::Pass),
    }
}

fn failure(
    function: &Function,
    context: &Context<'_>,
    account: &str,
    group: &str,
    refused: &[DeniedAction],
) -> Failure {
    let Function { name, role, .. } = function;
    let actions: Vec<&str> = refused.iter().map(|refusal| refusal.action).collect();
    let mut evidence = evidence(refused);
    evidence.insert(0, Evidence::new("log group", group));
    Failure {
        severity: None,
        cause: cause(role),
        message: role::with_near_misses(
            format!(
                "{role}, the execution role of function {name} ($LATEST), is not allowed to call {} on log group {group}, \
                 which the function writes to: what it logs is lost.",
                actions.join(", ")
            ),
            refused,
        ),
        evidence,
        affects: vec![],
        fix: fix(role::name(role), &role::group_arn(context, account, group), group, refused),
        ..Failure::default()
    }
}

fn fix(role: &str, arn: &str, group: &str, refused: &[DeniedAction]) -> Fix {
    let wanted = format!("logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents on log group {group}");
    let denials = refused.iter().map(|refusal| &refusal.denial);
    role::clear_the_way(denials, &format!("role {role} may do {wanted}")).unwrap_or_else(|| {
        let actions = r#"["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"]"#;
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"{arn}:*"}}]}}"#
        );
        // One policy a group, so that the commands for two functions with one role do not undo each other.
        let valid = |c: char| if c.is_ascii_alphanumeric() || "+=,.@-_".contains(c) { c } else { '-' };
        let tail: String = group.trim_start_matches('/').chars().map(valid).collect();
        let name: String = format!("gatelight-log-{tail}").chars().take(128).collect();
        Fix::text(format!("Allow role {role} {wanted}.")).command([
            "aws",
            "iam",
            "put-role-policy",
            "--role-name",
            role,
            "--policy-name",
            &name,
            "--policy-document",
            &document,
        ])
    })
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, Listing, inventory::InlinePolicy};

    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    const GROUP: &str = "/aws/lambda/checkout";

    /// The role of `checkout` has this statement for its only policy.
    fn with(actions: &str, resource: &str) -> Inventory {
        let mut inventory = healthy();
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{actions},"Resource":"{resource}"}}}}"#
        );
        inventory.change_role_of("checkout", |role| {
            role.boundary = None;
            role.attached_policies = Listing::whole(vec![]);
            role.inline_policies =
                Listing::whole(vec![InlinePolicy { name: "own".to_owned(), document: Fetched::known(document) }]);
        });
        inventory
    }

    fn verdict(inventory: &Inventory) -> Verdict {
        inventory.verdict(&CHECK, "checkout")
    }

    const WRITE: &str = r#"["logs:CreateLogStream","logs:PutLogEvents"]"#;

    #[test]
    fn the_region_that_is_called_is_known() {
        let in_region = |region: &str| {
            let condition =
                format!(r#"*","Condition":{{"StringEquals":{{"aws:RequestedRegion":"{region}"}}}},"Sid":"x"#);
            verdict(&with(WRITE, &condition))
        };
        assert_eq!(in_region("us-east-1"), Ok(Judgement::Pass));
        assert!(matches!(in_region("eu-west-1"), Ok(Judgement::Fail(_))));
    }

    #[test]
    fn the_streams_of_its_own_group_are_what_counts() {
        for resource in [
            "*",
            "arn:aws:logs:us-east-1:123456789012:*",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/checkout:*",
            "arn:aws:logs:*:*:log-group:/aws/lambda/*",
        ] {
            assert_eq!(verdict(&with(WRITE, resource)), Ok(Judgement::Pass), "{resource}");
        }
        for resource in [
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/checkout",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/other:*",
            "arn:aws:logs:eu-west-1:123456789012:*",
        ] {
            let failure = with(WRITE, resource).failure(&CHECK, "checkout");
            assert!(failure.message.contains("logs:CreateLogStream, logs:PutLogEvents on log group"), "{resource}");
        }
    }

    #[test]
    fn a_statement_that_nearly_allows_it_is_named() {
        let own = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/checkout";
        for (resource, says) in [
            (own.to_owned(), "but for the `:*` that its resource lacks"),
            (format!("{own}:*").replace("checkout", "chekout"), "but for one character of its resource"),
            (format!("{own}:*").replace("checkout", "other"), "but for the name in its resource"),
        ] {
            let failure = with(WRITE, &resource).failure(&CHECK, "checkout");
            let statement = "Statement 1 of inline policy own would allow logs:CreateLogStream, logs:PutLogEvents";
            assert!(failure.message.contains(&format!("{statement} {says}")), "{says}: {}", failure.message);
        }
    }

    #[test]
    fn a_group_of_its_own_choice_is_the_one_that_counts() {
        let mut inventory = with(WRITE, "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/checkout:*");
        inventory.function_mut("checkout").log_group = Some("/shared".to_owned());
        let failure = inventory.failure(&CHECK, "checkout");
        assert!(failure.message.contains("on log group /shared,"), "{}", failure.message);
        inventory.function_mut("checkout").log_group = Some(String::new());
        assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
    }

    #[test]
    fn creating_counts_only_where_the_group_is_absent() {
        let mut inventory = with(WRITE, "*");
        *inventory.log_group_mut(GROUP) = Fetched::known(None);
        let failure = inventory.failure(&CHECK, "checkout");
        assert!(failure.message.contains("is not allowed to call logs:CreateLogGroup on"), "{}", failure.message);
        *inventory.log_group_mut(GROUP) = Err(denied("logs:DescribeLogGroups")).into();
        assert_eq!(verdict(&inventory), Err(denied("logs:DescribeLogGroups")));
        let mut allowed = with(r#""logs:*""#, "*");
        *allowed.log_group_mut(GROUP) = Err(denied("logs:DescribeLogGroups")).into();
        assert_eq!(verdict(&allowed), Ok(Judgement::Pass));
    }

    #[test]
    fn one_action_that_is_refused_is_enough_whatever_else_is_unknown() {
        let mut inventory = with(r#""logs:CreateLogStream""#, "*");
        *inventory.log_group_mut(GROUP) = Err(denied("logs:DescribeLogGroups")).into();
        let failure = inventory.failure(&CHECK, "checkout");
        assert!(failure.message.contains("is not allowed to call logs:PutLogEvents on"), "{}", failure.message);
        assert_eq!(failure.cause.expect("a cause").name, "checkout-role");
    }

    #[test]
    fn a_role_that_is_gone_or_denied() {
        let mut inventory = healthy();
        *inventory.role_of_mut("checkout") = Fetched::known(None);
        let _ = inventory.failure(&CHECK, "checkout");
        *inventory.role_of_mut("checkout") = Err(denied("iam:GetRole")).into();
        assert_eq!(verdict(&inventory), Err(denied("iam:GetRole")));
    }
}
