//! The role's trust policy does not let API Gateway assume it.

use gatelight_iam::{Caller, ConditionKeys, Document, Policies, PossibleValue, Request};
use gatelight_model::{Need, Severity};

use super::{Asked, existing_role, setup};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    role::{self, DeniedAction, name as role_name, subject as role_subject},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-untrusted",
    title: "API Gateway cannot assume its CloudWatch role",
    severity: Severity::High,
    needs: &[Need::Stages, Need::GatewaySettings, Need::GatewayRole],
    judge: Judge::Account(judge),
    signals: Signals::OfRole(Loss::Dark),
    docs: include_str!("untrusted.md"),
    scenarios: &[],
};

const SERVICE: &str = "apigateway.amazonaws.com";
const ASSUME: &str = "sts:AssumeRole";

fn judge(context: &Context<'_>) -> Verdict {
    let (set, role) = match existing_role(context)? {
        Asked::No(why) => return Ok(Judgement::NotApplicable(why)),
        Asked::Yes(found) => found,
    };
    let trust = Document::parse("the trust policy", &role.trust_policy)?;
    let request =
        Request { action: ASSUME, resource: None, caller: Some(Caller::Service(SERVICE)), keys: &keys(context) };
    let Some(denied) = DeniedAction::by(&Policies::only(trust), ASSUME, &request)? else { return Ok(Judgement::Pass) };
    let denial = &denied.denial;

    let (arn, region) = (set.arn, &context.region().name);
    let fix = format!(
        "Let {SERVICE} do sts:AssumeRole in the trust policy of {}, without conditions. The command replaces the whole \
         trust policy: if others assume the role too, add the statement to theirs instead.",
        role_name(arn)
    );
    Ok(Failure {
        severity: None,
        cause: Some(role_subject(arn)),
        message: role::with_near_misses(
            format!(
                "The trust policy of {arn}, the CloudWatch role of API Gateway in {region}, does not let {SERVICE} assume \
                 it: {denial}. {}",
                set.stages.silenced(context)
            ),
            [&denied],
        ),
        evidence: std::iter::once(Evidence::new(ASSUME, denial.to_string()))
            .chain(role::near_miss_evidence([&denied]))
            .collect(),
        affects: set.stages.subjects(context),
        fix: Fix::text(fix).command([
            "aws",
            "iam",
            "update-assume-role-policy",
            "--role-name",
            role_name(arn),
            "--policy-document",
            setup::TRUST,
        ]),
        ..Failure::default()
    }
    .into())
}

/// What API Gateway may send along when it assumes the role. AWS has no list of the services that send the keys
/// against confused deputies, and API Gateway was seen not to send `aws:SourceAccount` for another kind of role
/// (<https://github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/pull/479>).
fn keys(context: &Context<'_>) -> ConditionKeys {
    const WHY: &str = "AWS is not known to send it here";
    // An unknown account leaves its keys unknown too.
    let Ok(id) = context.account_id() else { return ConditionKeys::default() };
    let partition = &context.account().partition;
    // The ARN of an API has no account (`arn:aws:apigateway:us-east-1::/restapis/…`), that of a call to it has one
    // (`arn:aws:execute-api:…`).
    let arn = |account: &str| PossibleValue::Arn {
        partition: partition.clone(),
        region: context.region().name.clone(),
        account: account.to_owned(),
    };
    ConditionKeys::default()
        .with_possible("aws:SourceAccount", vec![PossibleValue::Absent, PossibleValue::Value(id.to_owned())], WHY)
        .with_possible("aws:SourceArn", vec![PossibleValue::Absent, arn(id), arn("")], WHY)
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, GapKind};

    use super::*;
    use crate::testing::healthy;

    /// The verdict with this statement for a trust policy.
    fn trusting(statement: &str) -> Verdict {
        let mut inventory = healthy();
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        inventory.change_gateway_role(|role| role.trust_policy = policy);
        inventory.verdict(&CHECK, "account settings")
    }

    /// The verdict with this condition on the usual statement.
    fn on_condition(condition: &str) -> Verdict {
        trusting(&format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#
        ))
    }

    fn fails(verdict: &Verdict) -> bool {
        matches!(verdict, Ok(Judgement::Fail(_)))
    }

    #[test]
    fn the_service_must_be_trusted_by_its_own_name() {
        let trust = |principal: &str| {
            trusting(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#))
        };
        assert_eq!(trust(r#"{"Service":["lambda.amazonaws.com","apigateway.amazonaws.com"]}"#), Ok(Judgement::Pass));
        assert!(fails(&trust(r#"{"Service":"lambda.amazonaws.com"}"#)));
        assert!(fails(&trust(r#"{"Service":"ops.apigateway.amazonaws.com"}"#)));
        assert!(fails(&trust(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#)));
        assert!(trust(r#"{"AWS":"*"}"#).is_err());
    }

    #[test]
    fn the_action_must_be_to_assume_the_role() {
        let with = |action: &str| {
            trusting(&format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"{action}"}}"#
            ))
        };
        assert_eq!(with("sts:*"), Ok(Judgement::Pass));
        assert!(fails(&with("sts:TagSession")));
    }

    #[test]
    fn a_condition_that_this_account_and_region_meet_cannot_be_checked() {
        for condition in [
            r#""StringEquals":{"aws:SourceAccount":"123456789012"}"#,
            r#""StringEquals":{"AWS:sourceaccount":["999999999999","123456789012"]}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:execute-api:us-east-1:123456789012:*"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:apigateway:us-east-1::/restapis/*"}"#,
            r#""StringNotEquals":{"aws:SourceAccount":"123456789012"}"#,
            r#""Null":{"aws:SourceAccount":"false"}"#,
        ] {
            let gap = on_condition(condition).expect_err(condition);
            assert_eq!(gap.why().kind, GapKind::Unprovable);
            assert!(gap.to_string().contains("AWS is not known to send it here"), "{gap}");
        }
    }

    #[test]
    fn a_condition_that_excludes_this_account_or_region_fails() {
        for condition in [
            r#""StringEquals":{"aws:SourceAccount":"999999999999"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:execute-api:*:999999999999:*"}"#,
            r#""ArnEquals":{"aws:SourceArn":"arn:aws:apigateway:us-west-2::/*"}"#,
        ] {
            assert!(fails(&on_condition(condition)), "{condition}");
        }
    }

    #[test]
    fn a_statement_that_nearly_allows_it_is_named() {
        let message = |verdict: Verdict| match verdict {
            Ok(Judgement::Fail(failure)) => failure.message,
            other => panic!("{other:?}"),
        };
        let trust = |service: &str, action: &str| {
            let principal = format!(r#"{{"Service":"{service}"}}"#);
            message(trusting(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"{action}"}}"#)))
        };
        for (service, action, says) in [
            ("lambda.amazonaws.com", ASSUME, "but for its principal: it has lambda.amazonaws.com, and the request has"),
            ("ops.apigateway.amazonaws.com", ASSUME, "but for its principal: it has ops.apigateway.amazonaws.com"),
            (SERVICE, "sts:AssumeRol", "but for one character of the action"),
        ] {
            assert!(trust(service, action).contains(says), "{says}: {}", trust(service, action));
        }
        let account = message(on_condition(r#""StringEquals":{"aws:SourceAccount":"999999999999"}"#));
        let says = "its condition on aws:SourceAccount: it has 999999999999, and the request has 123456789012.";
        assert!(account.contains(says), "{account}");
        let region = message(on_condition(r#""ArnEquals":{"aws:SourceArn":"arn:aws:apigateway:us-west-2::/*"}"#));
        assert!(region.contains("its condition on aws:SourceArn"), "{region}");
    }

    #[test]
    fn a_condition_that_holds_whatever_is_sent_passes() {
        for condition in [
            r#""StringNotEquals":{"aws:SourceAccount":"999999999999"}"#,
            r#""StringEqualsIfExists":{"aws:SourceAccount":"123456789012"}"#,
        ] {
            assert_eq!(on_condition(condition), Ok(Judgement::Pass), "{condition}");
        }
    }

    #[test]
    fn a_statement_without_conditions_beside_one_that_excludes_passes() {
        let other = r#"{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}}"#;
        let plain = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;
        assert_eq!(trusting(&format!("{other},{plain}")), Ok(Judgement::Pass));
    }

    #[test]
    fn a_trust_policy_that_cannot_be_read_is_no_verdict() {
        let mut inventory = healthy();
        inventory.change_gateway_role(|role| role.trust_policy = "{".to_owned());
        assert!(inventory.verdict(&CHECK, "account settings").is_err());
    }

    #[test]
    fn a_role_that_does_not_exist_trusts_nobody_and_does_not_apply() {
        let mut inventory = healthy();
        *inventory.gateway_role_mut() = Fetched::known(None);
        let verdict = inventory.verdict(&CHECK, "account settings");
        assert_eq!(verdict, Ok(Judgement::NotApplicable(crate::gateway_role::MISSING)));
    }
}
