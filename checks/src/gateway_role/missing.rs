//! The role that is set does not exist.

use gatelight_model::{Need, Severity};

use super::{Asked, SetRole, set_role, setup};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    role,
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-missing",
    title: "CloudWatch role was deleted",
    severity: Severity::High,
    needs: &[Need::Stages, Need::GatewaySettings, Need::GatewayRole],
    judge: Judge::Account(judge),
    signals: Signals::OfRole(Loss::Dark),
    docs: include_str!("missing.md"),
    scenarios: &[],
};

fn judge(context: &Context<'_>) -> Verdict {
    let SetRole { stages, arn, role: found } = match set_role(context)? {
        Asked::No(why) => return Ok(Judgement::NotApplicable(why)),
        Asked::Yes(set) => set,
    };
    stages.any()?;
    if found.is_some() {
        return Ok(Judgement::Pass);
    }
    let region = &context.region().name;
    let mut evidence = vec![Evidence::new("CloudWatch role", arn)];
    let answer = context.role(arn).and_then(|answer| Ok(answer.role.get()?.as_ref()));
    let (why, fix) = match (role::parse(arn), answer) {
        (None, _) => {
            let fix = setup::fix(context, &setup::new_role(context), "Create a role and set it.");
            ("is not the ARN of an IAM role".to_owned(), fix)
        }
        (Some(_), Ok(Some(other))) => {
            evidence.push(Evidence::new("role of that name", other.arn.as_str()));
            // The name is taken, so none can be created under the old ARN.
            let fix = Fix::text(format!("Set {}; API Gateway refuses it if it cannot write with it.", other.arn))
                .commands([setup::set(context, &other.arn)]);
            (format!("does not exist: the role {} has another path now, {}", role::name(arn), other.arn), fix)
        }
        (Some(_), _) => {
            let text = "Create the role again under the same ARN and set it. Let one stack own it: a role that belongs \
                        to the stack of one API goes with that stack.";
            ("does not exist".to_owned(), setup::fix(context, arn, text))
        }
    };
    Ok(Failure {
        severity: None,
        // What is no role's ARN is mended in the settings.
        cause: role::parse(arn).map(|_| role::subject(arn)),
        message: format!(
            "{arn}, the CloudWatch role of API Gateway in {region}, {why}. {} AWS tests the role when it is set and \
             reports nothing when it is deleted later.",
            stages.silenced(context)
        ),
        evidence,
        affects: stages.subjects(context),
        fix,
        ..Failure::default()
    }
    .into())
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, GapKind};

    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    const OTHER: &str = "arn:aws:iam::123456789012:role/path/gateway-logs";

    fn verdict(inventory: &Inventory) -> Verdict {
        inventory.verdict(&CHECK, "account settings")
    }

    #[test]
    fn a_role_that_iam_does_not_have_is_missing() {
        let mut inventory = healthy();
        let arn = inventory.gateway_role_arn();
        *inventory.gateway_role_mut() = Fetched::known(None);
        let failure = inventory.failure(&CHECK, "account settings");
        assert_eq!(failure.cause, Some(role::subject(&arn)));
        assert_eq!(failure.affects.len(), 8);
        assert!(failure.message.contains("does not exist. 8 stages (4 APIs) write no logs"), "{}", failure.message);
        let [create, attach, set] = &failure.fix.commands[..] else { panic!("{:?}", failure.fix.commands) };
        assert_eq!(create[..5], ["aws", "iam", "create-role", "--role-name", role::name(&arn)]);
        assert_eq!(attach[2], "attach-role-policy");
        assert!(set.last().expect("an operation").ends_with(&format!("value={arn}")), "{set:?}");
    }

    #[test]
    fn a_role_of_that_name_under_another_path_is_another_role() {
        let mut inventory = healthy();
        inventory.change_gateway_role(|role| role.arn = OTHER.to_owned());
        let failure = inventory.failure(&CHECK, "account settings");
        assert!(failure.message.contains(OTHER), "{}", failure.message);
        let set = failure.fix.only_command();
        assert!(set.last().expect("an operation").ends_with(&format!("value={OTHER}")), "{set:?}");
        assert!(failure.evidence.contains(&Evidence::new("role of that name", OTHER)));
    }

    #[test]
    fn what_is_no_arn_of_a_role_is_missing_and_the_settings_are_the_cause() {
        let mut inventory = healthy();
        inventory.set_gateway_role(Some("gateway-logs"));
        let failure = inventory.failure(&CHECK, "account settings");
        assert_eq!((failure.cause, failure.fix.commands.len()), (None, 3));
        assert!(failure.message.contains("is not the ARN of an IAM role"), "{}", failure.message);
    }

    #[test]
    fn a_role_of_another_account_cannot_be_seen() {
        let mut inventory = healthy();
        inventory.set_gateway_role(Some("arn:aws:iam::999999999999:role/gateway-logs"));
        assert_eq!(verdict(&inventory).expect_err("a gap").why().kind, GapKind::Unprovable);
    }

    #[test]
    fn an_account_that_is_not_known_is_not_compared() {
        let mut inventory = healthy();
        inventory.account.id = Err(crate::testing::denied("sts:GetCallerIdentity")).into();
        assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
    }

    #[test]
    fn it_does_not_apply_where_no_role_is_set_or_no_stage_needs_one() {
        let mut inventory = healthy();
        inventory.set_gateway_role(None);
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(crate::gateway_role::UNSET)));
        let mut inventory = healthy();
        *inventory.gateway_role_mut() = Fetched::known(None);
        inventory.region.rest_apis.seen.clear();
        inventory.region.v2_apis.seen.clear();
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(crate::gateway_role::NO_STAGE)));
        inventory.break_rest_apis();
        assert!(verdict(&inventory).is_err());
    }

    #[test]
    fn a_role_that_aws_would_not_tell_of_is_no_verdict() {
        let mut inventory = healthy();
        *inventory.gateway_role_mut() = Fetched::from(Err(denied("iam:GetRole")));
        assert_eq!(verdict(&inventory), Err(denied("iam:GetRole")));
    }
}
