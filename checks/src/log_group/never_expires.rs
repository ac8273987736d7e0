//! Execution logs and logs of functions are kept, and paid for, for ever.

use gatelight_model::{Need, Severity, Subject, inventory::LogGroup};

use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    context::LogGroupUse,
    role::few,
    verdict::{Evidence, Failure, Fix},
    visibility::Signals,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "log-group-never-expires",
    title: "Log group never expires",
    severity: Severity::Low,
    needs: &[Need::Stages, Need::Functions, Need::ExecutionLogGroups, Need::LogDeliveries, Need::FunctionLogGroups],
    judge: Judge::LogGroup(|group| !group.execution.is_empty() || !group.functions.is_empty(), judge),
    signals: Signals::None,
    docs: include_str!("never_expires.md"),
    scenarios: &[],
};

fn judge(of: &LogGroupUse<'_>, context: &Context<'_>) -> Verdict {
    let Some(group) = context.log_group(&of.name)? else {
        return Ok(Judgement::NotApplicable("the log group does not exist"));
    };
    let stages = of.execution.iter().map(|stage| context.stage_subject(stage).name);
    let writers: Vec<String> = stages.chain(of.functions.iter().map(|function| function.name.clone())).collect();
    let writers: Vec<&str> = writers.iter().map(String::as_str).collect();
    let evidence = vec![Evidence::new("written by", few(&writers))];
    Ok(retention(context, &of.name, group, None, evidence))
}

/// Whether the events of a log group expire. `cause`: the group, where that is not the subject.
pub(crate) fn retention(
    context: &Context<'_>,
    name: &str,
    group: &LogGroup,
    cause: Option<Subject>,
    mut evidence: Vec<Evidence>,
) -> Judgement {
    if group.retention_days.is_some() {
        return Judgement::Pass;
    }
    // A retention cannot be set on it: AWS's own applies.
    if group.class.as_deref() == Some("DELIVERY") {
        return Judgement::PassNoted("The log group's class is DELIVERY: AWS keeps its events for one day.".into());
    }
    evidence.insert(0, Evidence::new("retention", "none"));
    Failure {
        severity: None,
        cause,
        message: format!("Log group {name} has no retention setting: its events never expire."),
        evidence,
        affects: vec![],
        fix: Fix::text("Set a retention (30 days in this command). Older events are deleted.").command([
            "aws",
            "logs",
            "put-retention-policy",
            "--region",
            &context.region().name,
            "--log-group-name",
            name,
            "--retention-in-days",
            "30",
        ]),
        ..Failure::default()
    }
    .into()
}

#[cfg(test)]
mod tests {
    use gatelight_model::Fetched;

    use super::*;
    use crate::testing::{denied, healthy};

    const EXECUTION: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    const FUNCTION: &str = "/aws/lambda/checkout";

    #[test]
    fn fails_without_retention_and_says_who_writes() {
        for (name, writer) in [(EXECUTION, "orders/prod"), (FUNCTION, "checkout")] {
            let mut inventory = healthy();
            assert_eq!(inventory.verdict(&CHECK, name), Ok(Judgement::Pass));
            inventory.change_log_group(name, |group| group.retention_days = None);
            let failure = inventory.failure(&CHECK, name);
            assert_eq!(failure.evidence[1], Evidence::new("written by", writer));
            assert!(failure.fix.only_command().contains(&name.to_owned()));
        }
    }

    #[test]
    fn the_delivery_class_expires_by_itself() {
        let mut inventory = healthy();
        inventory.change_log_group(FUNCTION, |group| {
            (group.retention_days, group.class) = (None, Some("DELIVERY".to_owned()));
        });
        assert!(matches!(inventory.verdict(&CHECK, FUNCTION), Ok(Judgement::PassNoted(_))));
    }

    #[test]
    fn a_group_that_is_absent_or_denied() {
        let mut inventory = healthy();
        *inventory.log_group_mut(FUNCTION) = Fetched::known(None);
        assert_eq!(inventory.verdict(&CHECK, FUNCTION), Ok(Judgement::NotApplicable("the log group does not exist")));
        *inventory.log_group_mut(FUNCTION) = Err(denied("logs:DescribeLogGroups")).into();
        assert_eq!(inventory.verdict(&CHECK, FUNCTION), Err(denied("logs:DescribeLogGroups")));
    }
}
