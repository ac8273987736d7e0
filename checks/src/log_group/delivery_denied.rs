//! No resource policy lets the service that delivers the access logs of HTTP APIs write to a log group.

use crate::{
    Context, Judgement, Severity, Verdict,
    check::{Check, Evidence, Failure, Fix, Judge, Need},
    context::LogGroupUse,
    iam::Denial,
    inventory::{Protocol, StageOf},
    role::{self, few},
};

use super::writer::{Refused, Writer, nearly_full};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "log-delivery-denied",
    title: "Access logs of HTTP APIs may not be delivered",
    severity: Severity::High,
    needs: &[Need::Stages, Need::LogPolicies],
    judge: Judge::LogGroup(|group| http_stages(group).next().is_some(), judge),
    docs: include_str!("delivery_denied.md"),
};

const SERVICE: &str = "delivery.logs.amazonaws.com";

fn http_stages<'g, 'a>(group: &'g LogGroupUse<'a>) -> impl Iterator<Item = &'g StageOf<'a>> {
    group.access.iter().filter(|stage| stage.protocol() == Protocol::Http)
}

fn judge(group: &LogGroupUse<'_>, context: &Context<'_>) -> Verdict {
    // On behalf of a delivery source in the account.
    let writer = Writer::new(context, SERVICE, "logs")?;
    let Refused { denied, gap } = writer.refused(&["logs:CreateLogStream", "logs:PutLogEvents"], &group.name);
    match gap {
        _ if !denied.is_empty() => {
            let failure = failure(group, context, &writer, &denied);
            Ok(Failure { evidence: failure.evidence.into_iter().chain(nearly_full(context)).collect(), ..failure }.into())
        }
        Some(gap) => Err(gap),
        None => Ok(nearly_full(context).next().map_or(Judgement::Pass, |evidence| {
            Judgement::PassNoted(format!(
                "The resource policy {} has {}. When it is full, AWS puts /aws/vendedlogs/* in the place of its list, and \
                 groups of other names are left out.",
                evidence.name, evidence.value
            ))
        })),
    }
}

fn failure(
    group: &LogGroupUse<'_>,
    context: &Context<'_>,
    writer: &Writer<'_, '_>,
    refused: &[(&str, Denial)],
) -> Failure {
    let affects: Vec<_> = http_stages(group).map(|stage| context.stage_subject(stage)).collect();
    let names: Vec<&str> = affects.iter().map(|stage| stage.name.as_str()).collect();
    let actions: Vec<&str> = refused.iter().map(|(action, _)| *action).collect();
    Failure {
        severity: None,
        cause: None,
        message: format!(
            "The resource policies of CloudWatch Logs in {} do not let {SERVICE} do {} on log group {}, so the access \
             logs of {} do not arrive. HTTP APIs do not use the CloudWatch role of API Gateway.",
            context.region().name,
            actions.join(" and "),
            group.name,
            few(&names)
        ),
        evidence: refused.iter().map(|(action, denial)| Evidence::new(*action, denial.to_string())).collect(),
        affects,
        fix: fix(context, writer, refused),
    }
}

/// One policy for all groups of the region: an account may have ten.
fn fix(context: &Context<'_>, writer: &Writer<'_, '_>, refused: &[(&str, Denial)]) -> Fix {
    let wanted = format!("{SERVICE} may do logs:CreateLogStream and logs:PutLogEvents");
    role::clear_the_way(refused.iter().map(|(_, denial)| denial), &wanted).unwrap_or_else(|| {
        let streams = format!(r#""{}:log-group:*:log-stream:*""#, writer.here("logs"));
        let actions = r#""logs:CreateLogStream","logs:PutLogEvents""#;
        Fix::say(format!(
            "Add a resource policy by which {wanted}; the one of the command does so on every log group of this region."
        ))
        .command([
            "aws",
            "logs",
            "put-resource-policy",
            "--region",
            &context.region().name,
            "--policy-name",
            "gatelight-log-delivery",
            "--policy-document",
            &writer.grant("GatelightLogDelivery", actions, &streams),
        ])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Fetched, Listing,
        fetched::GapKind,
        inventory::LogPolicy,
        testing::{Inventory, break_off, denied, healthy},
    };

    const SHOP: &str = "/gateway/shop";
    const ARN: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/gateway/shop";

    fn policy(statement: &str) -> LogPolicy {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        LogPolicy { name: "own".to_owned(), log_group: None, document }
    }

    /// The only resource policy has this statement.
    fn with(statement: &str) -> Inventory {
        let mut world = healthy();
        world.region.log_policies = Listing::whole(vec![policy(statement)]);
        world
    }

    fn allow(actions: &str, resource: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"delivery.logs.amazonaws.com"}},"Action":{actions},"Resource":"{resource}","Condition":{{{condition}}}}}"#
        )
    }

    const BOTH: &str = r#"["logs:CreateLogStream","logs:PutLogEvents"]"#;
    const TYPICAL: &str = r#""StringEquals":{"aws:SourceAccount":["123456789012"]},"ArnLike":{"aws:SourceArn":["arn:aws:logs:us-east-1:123456789012:*"]}"#;

    fn under(condition: &str) -> Verdict {
        with(&allow(BOTH, "*", condition)).verdict(&CHECK, SHOP)
    }

    #[test]
    fn the_policy_that_aws_writes_passes() {
        let world = with(&allow(BOTH, &format!("{ARN}:log-stream:*"), TYPICAL));
        assert_eq!(world.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
        let failure = world.failure(&CHECK, "/gateway/cart");
        let names: Vec<_> = failure.affects.iter().map(|stage| stage.name.as_str()).collect();
        assert_eq!(names, ["cart/$default", "cart/dev"]);
    }

    #[test]
    fn the_fix_mends_it() {
        let mut world = with(&allow(BOTH, "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/*", TYPICAL));
        let command = world.failure(&CHECK, SHOP).fix.command.expect("a command");
        let document = command.last().expect("a document").clone();
        world.region.log_policies.seen.push(LogPolicy { name: "new".to_owned(), log_group: None, document });
        assert_eq!(world.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
    }

    #[test]
    fn both_actions_are_needed_and_two_policies_may_share_them() {
        let streams = format!("{ARN}:*");
        let create = allow(r#""logs:CreateLogStream""#, &streams, TYPICAL);
        let put = allow(r#""logs:PutLogEvents""#, &streams, TYPICAL);
        let failure = with(&create).failure(&CHECK, SHOP);
        assert!(failure.message.contains("do logs:PutLogEvents on log group /gateway/shop,"), "{}", failure.message);
        let mut world = with(&create);
        world.region.log_policies.seen.push(policy(&put));
        assert_eq!(world.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
    }

    #[test]
    fn conditions_on_what_is_sent_are_decided_and_others_are_not() {
        for condition in ["", TYPICAL, r#""ArnNotLike":{"aws:SourceArn":"arn:aws:logs:*:999999999999:*"}"#] {
            assert_eq!(under(condition), Ok(Judgement::Pass), "{condition}");
        }
        for condition in [
            r#""StringEquals":{"aws:SourceAccount":"999999999999"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:logs:eu-west-1:123456789012:*"}"#,
        ] {
            assert!(matches!(under(condition), Ok(Judgement::Fail(_))), "{condition}");
        }
        for condition in [
            r#""StringEquals":{"aws:SourceOrgID":"o-1"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:123456789012:delivery-source:x"}"#,
        ] {
            assert_eq!(under(condition).expect_err(condition).why().kind, GapKind::Unprovable);
        }
    }

    #[test]
    fn a_policy_of_a_group_is_for_that_group_alone() {
        let mut world = with("");
        let own = LogPolicy { log_group: Some(format!("{ARN}:*")), ..policy(&allow(BOTH, "*", "")) };
        world.region.log_policies.seen.push(own);
        assert_eq!(world.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
        let _ = world.failure(&CHECK, "/gateway/cart");
    }

    #[test]
    fn a_deny_wins_and_is_named() {
        let deny = r#"{"Sid":"Freeze","Effect":"Deny","Principal":"*","Action":"logs:Put*","Resource":"*"}"#;
        let failure = with(&format!("{},{deny}", allow(BOTH, "*", ""))).failure(&CHECK, SHOP);
        assert_eq!(failure.evidence[0].value, "denied by statement Freeze of resource policy own");
        assert_eq!(failure.fix.command, None);
    }

    #[test]
    fn policies_that_are_not_known_could_allow_it() {
        let mut world = with("");
        let _ = world.failure(&CHECK, SHOP);
        break_off(&mut world.region.log_policies, "logs:DescribeResourcePolicies");
        assert_eq!(world.verdict(&CHECK, SHOP), Err(denied("logs:DescribeResourcePolicies")));
        let mut world = with("");
        world.account.id = Err(denied("sts:GetCallerIdentity")).into();
        assert_eq!(world.verdict(&CHECK, SHOP), Err(denied("sts:GetCallerIdentity")));
        world.account.id = Fetched::known("123456789012".to_owned());
        world.region.log_policies.seen[0].document = "{".to_owned();
        assert!(world.verdict(&CHECK, SHOP).is_err());
    }

    #[test]
    fn a_policy_that_is_nearly_full_is_noted() {
        let long = |length: usize| {
            let mut world = with(&allow(BOTH, "*", ""));
            let document = &mut world.region.log_policies.seen[0].document;
            let missing = length - document.len();
            document.push_str(&" ".repeat(missing));
            world
        };
        for (length, noted) in [(4_607, false), (4_608, true), (5_120, true), (5_121, false), (46_080, true)] {
            let verdict = long(length).verdict(&CHECK, SHOP);
            assert_eq!(matches!(verdict, Ok(Judgement::PassNoted(_))), noted, "{length}: {verdict:?}");
        }
        let mut world = long(5_000);
        let policy = &mut world.region.log_policies.seen[0];
        policy.document = policy.document.replace("Allow", "Deny");
        let failure = world.failure(&CHECK, SHOP);
        assert!(
            failure.evidence.iter().any(|row| row.value.contains("of the 5120 characters")),
            "{:?}",
            failure.evidence
        );
    }

    #[test]
    fn an_absent_group_is_judged_all_the_same() {
        let mut world = with("");
        *world.log_group_mut(SHOP) = Fetched::known(None);
        let _ = world.failure(&CHECK, SHOP);
    }
}
