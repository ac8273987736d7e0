//! The KMS key of a log group does not serve CloudWatch Logs.

use gatelight_iam::{Caller, ConditionKeys, Document, Policies, Request, Text};
use gatelight_model::{
    Gap, Need, Severity, Subject, SubjectKind,
    arn::Arn,
    inventory::{Function, Key},
};

use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    context::LogGroupUse,
    role::{self, DeniedAction, few},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "log-group-key-unusable",
    title: "CloudWatch Logs cannot use the log group's KMS key",
    severity: Severity::High,
    needs: &[
        Need::Stages,
        Need::Functions,
        Need::AccessLogGroups,
        Need::ExecutionLogGroups,
        Need::LogDeliveries,
        Need::FunctionLogGroups,
        Need::LogGroupKeys,
    ],
    judge: Judge::LogGroup(is_written_to, judge),
    signals: Signals::OfGroup(Loss::Dark),
    docs: include_str!("key_unusable.md"),
    scenarios: &[],
};

/// What CloudWatch Logs does with a key
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html>).
const ACTIONS: [&str; 3] = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"];

/// One that only the owner names is nobody's destination.
fn is_written_to(group: &LogGroupUse<'_>) -> bool {
    group.is_written_to()
}

fn judge(of: &LogGroupUse<'_>, context: &Context<'_>) -> Verdict {
    let Some(group) = context.log_group(&of.name)? else {
        return Ok(Judgement::NotApplicable("the log group does not exist"));
    };
    let Some(arn) = group.kms_key.as_deref().filter(|arn| !arn.is_empty()) else {
        return Ok(Judgement::NotApplicable("the log group has no KMS key"));
    };
    let fails = |what: &str, evidence, fix| Ok(failure(of, context, arn, what, evidence, fix).into());
    let Some(key) = context.key(arn)? else {
        let fix = Fix::text(
            "Associate another key with the log group, or none. Events encrypted with this key can no \
                longer be read.",
        );
        return fails("does not exist", vec![Evidence::new("key", "not found")], fix);
    };
    match key.state.as_str() {
        "Enabled" => {}
        "Disabled" | "PendingDeletion" | "PendingReplicaDeletion" | "PendingImport" | "Unavailable" => {
            let evidence = vec![Evidence::new("key state", &key.state)];
            return fails(&format!("is not enabled: its state is {}", key.state), evidence, enable(arn, &key.state));
        }
        other => {
            let why = format!("the state of key {arn} is {other}: CloudWatch Logs may or may not be able to use it");
            return Err(Gap::unprovable(arn, why));
        }
    }
    let service = format!("logs.{}.amazonaws.com", context.region().name);
    let refused = refusals(key, arn, &service, &group.arn)?;
    if refused.is_empty() {
        return Ok(Judgement::Pass);
    }
    let actions: Vec<&str> = refused.iter().map(|refused| refused.action).collect();
    let what = format!("has a policy that does not allow {service} to call {} for this group", actions.join(", "));
    let evidence = refused.iter().map(|refused| Evidence::new(refused.action, refused.denial.to_string()));
    let evidence = evidence.chain(role::near_miss_evidence(&refused)).collect();
    let wanted = format!("{service} is allowed to call {}", ACTIONS.join(", "));
    let fix = role::clear_the_way(refused.iter().map(|refused| &refused.denial), &wanted).unwrap_or_else(|| {
        Fix::text(format!(
            "Add a statement to the key's policy by which {wanted}, on the condition that \
             kms:EncryptionContext:aws:logs:arn is the ARN of the group."
        ))
    });
    let failure = failure(of, context, arn, &what, evidence, fix);
    Ok(Failure { message: role::with_near_misses(failure.message, &refused), ..failure }.into())
}

/// What the key's policy does not allow. A proven lack counts whatever else is not known.
fn refusals(key: &Key, arn: &str, service: &str, group: &str) -> Result<Vec<DeniedAction>, Gap> {
    let policy = Document::parse(format!("the policy of key {arn}"), key.policy.get()?)?;
    let policies = Policies::only(policy);
    let keys = ConditionKeys::default()
        .with("kms:EncryptionContext:aws:logs:arn", group.trim_end_matches(":*"))
        .with("kms:EncryptionContextKeys", "aws:logs:arn")
        .with("aws:PrincipalIsAWSService", "true")
        .with("aws:PrincipalServiceName", service);
    let (mut refused, mut gap) = (Vec::new(), None);
    for action in ACTIONS {
        let (resource, caller) = (Some(Text::whole(arn)), Some(Caller::Service(service)));
        match DeniedAction::by(&policies, action, &Request { action, resource, caller, keys: &keys }) {
            Ok(denied) => refused.extend(denied),
            Err(why) => gap = gap.or(Some(why)),
        }
    }
    match gap {
        Some(gap) if refused.is_empty() => Err(gap),
        _ => Ok(refused),
    }
}

fn enable(arn: &str, state: &str) -> Fix {
    let region = Arn::parse(arn).map_or("", |arn| arn.region);
    match state {
        "Disabled" => {
            Fix::text("Enable the key.").command(["aws", "kms", "enable-key", "--region", region, "--key-id", arn])
        }
        "PendingDeletion" => Fix::text("Cancel the key's deletion before its date, then enable the key.").command([
            "aws",
            "kms",
            "cancel-key-deletion",
            "--region",
            region,
            "--key-id",
            arn,
        ]),
        "PendingImport" => Fix::text("Import the key material again."),
        "Unavailable" => Fix::text("Reconnect the custom key store of the key."),
        _ => Fix::text("Associate another key with the log group: this one is being deleted."),
    }
}

fn failure(
    of: &LogGroupUse<'_>,
    context: &Context<'_>,
    arn: &str,
    what: &str,
    evidence: Vec<Evidence>,
    fix: Fix,
) -> Failure {
    let stages = of.access.iter().chain(&of.execution).map(|stage| context.stage_subject(stage));
    let mut affects: Vec<Subject> = stages.chain(of.functions.iter().copied().map(Function::subject)).collect();
    affects.sort();
    affects.dedup();
    let names: Vec<&str> = affects.iter().map(|subject| subject.name.as_str()).collect();
    let id = arn.rsplit('/').next().unwrap_or(arn);
    Failure {
        severity: None,
        cause: Some(Subject { kind: SubjectKind::Key, arn: arn.to_owned(), name: id.to_owned() }),
        message: format!(
            "{arn}, the KMS key of log group {}, {what}. New log events of {} are lost, and existing events cannot be \
             read.",
            of.name,
            few(&names)
        ),
        evidence,
        affects,
        fix,
        ..Failure::default()
    }
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, GapKind};

    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    const ORDERS: &str = "/gateway/orders";
    const CHAT: &str = "/gateway/chat";
    const KEY: &str = "0a1b2c3d";

    fn in_state(state: &str) -> Verdict {
        let mut inventory = healthy();
        inventory.change_key(KEY, |key| state.clone_into(&mut key.state));
        inventory.verdict(&CHECK, ORDERS)
    }

    /// The key of `/gateway/orders` has this statement for its policy.
    fn with(statement: &str) -> Inventory {
        let mut inventory = healthy();
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        inventory.change_key(KEY, |key| key.policy = Fetched::known(document));
        inventory
    }

    fn allow(service: &str, actions: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":[{actions}],"Resource":"*","Condition":{{{condition}}}}}"#
        )
    }

    const HERE: &str = "logs.us-east-1.amazonaws.com";
    const ALL: &str = r#""kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*""#;

    #[test]
    fn the_policies_of_the_documentation_pass() {
        for name in [ORDERS, CHAT, "/functions/shared", "API-Gateway-Execution-Logs_f6g7h8i9j0/live"] {
            assert_eq!(healthy().verdict(&CHECK, name), Ok(Judgement::Pass), "{name}");
        }
        assert_eq!(with(&allow(HERE, ALL, "")).verdict(&CHECK, ORDERS), Ok(Judgement::Pass));
    }

    #[test]
    fn a_statement_that_nearly_allows_it_is_named() {
        let other = r#""ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:us-east-1:999999999999:log-group:/gateway/orders"}"#;
        for (policy, says) in [
            (allow(HERE, ALL, other), "but for its condition on kms:EncryptionContext:aws:logs:arn"),
            (
                allow("logs.us-east-2.amazonaws.com", ALL, ""),
                "but for its principal: it has logs.us-east-2.amazonaws.com",
            ),
        ] {
            let message = with(&policy).failure(&CHECK, ORDERS).message;
            assert!(message.contains(says), "{says}: {message}");
        }
    }

    #[test]
    fn does_not_apply_without_a_group_or_a_key() {
        let mut inventory = healthy();
        let none = Ok(Judgement::NotApplicable("the log group has no KMS key"));
        assert_eq!(inventory.verdict(&CHECK, "/gateway/users"), none);
        *inventory.log_group_mut(ORDERS) = Fetched::known(None);
        assert_eq!(inventory.verdict(&CHECK, ORDERS), Ok(Judgement::NotApplicable("the log group does not exist")));
    }

    #[test]
    fn a_key_must_be_enabled() {
        for state in ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable"] {
            let Ok(Judgement::Fail(failure)) = in_state(state) else { panic!("{state}") };
            assert!(failure.message.contains(state), "{}", failure.message);
            assert_eq!(!failure.fix.commands.is_empty(), ["Disabled", "PendingDeletion"].contains(&state));
        }
        for state in ["Creating", "Updating", "Dreaming"] {
            assert_eq!(in_state(state).expect_err(state).why().kind, GapKind::Unprovable);
        }
    }

    #[test]
    fn a_key_that_is_gone_is_the_cause_for_all_that_write_there() {
        let mut inventory = healthy();
        *inventory.key_mut("4e5f6a7b") = Fetched::known(None);
        let failure = inventory.failure(&CHECK, CHAT);
        let cause = failure.cause.expect("a cause");
        assert_eq!((cause.kind, cause.name.as_str()), (SubjectKind::Key, "4e5f6a7b"));
        assert!(failure.affects.iter().any(|stage| stage.name == "chat/prod"), "{:?}", failure.affects);
    }

    #[test]
    fn the_policy_must_name_the_service_of_this_region_the_actions_and_the_group() {
        let fails = |statement: &str| {
            let failure = with(statement).failure(&CHECK, ORDERS);
            let rows = failure.evidence.iter().filter(|row| row.name != "near miss");
            rows.map(|row| row.name.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fails(&allow("logs.eu-west-1.amazonaws.com", ALL, "")), ACTIONS.join(" "));
        assert_eq!(fails(&allow("s3.amazonaws.com", ALL, "")), ACTIONS.join(" "));
        assert_eq!(fails(&allow(HERE, r#""kms:Encrypt*","kms:Describe*""#, "")), "kms:Decrypt kms:GenerateDataKey");
        let other = r#""ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:us-east-1:123456789012:log-group:other"}"#;
        assert_eq!(fails(&allow(HERE, ALL, other)), ACTIONS.join(" "));
        let deny = r#"{"Sid":"Stop","Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}"#;
        let failure = with(&format!("{},{deny}", allow(HERE, ALL, ""))).failure(&CHECK, ORDERS);
        assert!(failure.fix.text.contains("statement Stop"), "{}", failure.fix.text);
    }

    #[test]
    fn what_cannot_be_known_is_no_verdict() {
        let account = r#""StringEquals":{"aws:SourceAccount":"123456789012"}"#;
        let verdict = with(&allow(HERE, ALL, account)).verdict(&CHECK, ORDERS);
        assert_eq!(verdict.expect_err("unknown").why().kind, GapKind::Unprovable);
        let mut inventory = healthy();
        inventory.change_key(KEY, |key| key.policy = Err(denied("kms:GetKeyPolicy")).into());
        assert_eq!(inventory.verdict(&CHECK, ORDERS), Err(denied("kms:GetKeyPolicy")));
        // Whatever its policy says, a key that is disabled does not serve.
        inventory.change_key(KEY, |key| "Disabled".clone_into(&mut key.state));
        assert!(matches!(inventory.verdict(&CHECK, ORDERS), Ok(Judgement::Fail(_))));
        *inventory.key_mut(KEY) = Err(denied("kms:DescribeKey")).into();
        assert_eq!(inventory.verdict(&CHECK, ORDERS), Err(denied("kms:DescribeKey")));
        inventory.region.keys.clear();
        assert_eq!(inventory.verdict(&CHECK, ORDERS).expect_err("unknown").why().kind, GapKind::NotCollected);
    }
}
