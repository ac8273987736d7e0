//! `access-log-never-expires`: access logs are kept, and cost money, forever.

use gatelight_model::{Need, Severity, arn::Destination, inventory::StageOf};

use super::destination_missing::{GroupLookup, log_group, subject};
use crate::{
    check::{Check, Judge},
    context::Context,
    log_group::never_expires::retention,
    verdict::{Judgement, Verdict},
    visibility::Signals,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-never-expires",
    title: "Access log never expires",
    severity: Severity::Low,
    needs: &[Need::Stages, Need::AccessLogGroups],
    judge: Judge::Stage(judge),
    signals: Signals::None,
    docs: include_str!("never_expires.md"),
    scenarios: &[],
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    let not_applicable = |reason| Ok(Judgement::NotApplicable(reason));
    let Some(log) = stage.access_log() else { return not_applicable("the stage has no access log") };
    let Destination::LogGroup(_, name) = log.destination else {
        return not_applicable("the access log does not go to a log group");
    };
    let group = match log_group(&log.destination, context)? {
        GroupLookup::Here(group) => group,
        GroupLookup::Absent => return not_applicable("the log group does not exist"),
        GroupLookup::Elsewhere => return not_applicable("the log group is not in this account and region"),
    };
    Ok(retention(context, name, group, subject(&log.destination), vec![]))
}

#[cfg(test)]
mod tests {
    use gatelight_model::Fetched;

    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    fn without_retention() -> Inventory {
        let mut inventory = healthy();
        inventory.change_log_group("/gateway/shop", |group| group.retention_days = None);
        inventory
    }

    #[test]
    fn fails_without_retention_and_names_the_group_as_cause() {
        let inventory = without_retention();
        let [first, second] = ["shop/$default", "shop/v1"].map(|stage| inventory.failure(&CHECK, stage));
        assert_eq!(first.cause, second.cause);
        assert_eq!(first.cause.expect("a cause").name, "/gateway/shop");
        assert_eq!(
            first.fix.only_command().join(" "),
            "aws logs put-retention-policy --region us-east-1 --log-group-name /gateway/shop --retention-in-days 30"
        );
    }

    #[test]
    fn any_retention_passes() {
        assert_eq!(healthy().verdict(&CHECK, "shop/v1"), Ok(Judgement::Pass));
    }

    #[test]
    fn the_delivery_class_expires_by_itself_and_no_other_does() {
        for class in [None, Some("STANDARD"), Some("INFREQUENT_ACCESS")] {
            let mut inventory = without_retention();
            inventory.change_log_group("/gateway/shop", |group| group.class = class.map(str::to_owned));
            let _ = inventory.failure(&CHECK, "shop/v1");
        }
        let mut inventory = without_retention();
        inventory.change_log_group("/gateway/shop", |group| group.class = Some("DELIVERY".into()));
        assert!(matches!(inventory.verdict(&CHECK, "shop/v1"), Ok(Judgement::PassNoted(_))));
    }

    #[test]
    fn does_not_apply_where_there_is_no_group() {
        let reason = |inventory: &Inventory, stage| match inventory.verdict(&CHECK, stage) {
            Ok(Judgement::NotApplicable(reason)) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(&healthy(), "orders/staging"), "the access log does not go to a log group");

        let mut inventory = without_retention();
        *inventory.log_group_mut("/gateway/shop") = Fetched::known(None);
        assert_eq!(reason(&inventory, "shop/v1"), "the log group does not exist");

        inventory.access_log_mut("shop/v1").destination =
            Some("arn:aws:logs:eu-west-1:123456789012:log-group:/gateway/shop".into());
        assert_eq!(reason(&inventory, "shop/v1"), "the log group is not in this account and region");

        inventory.access_log_mut("shop/v1").format = None;
        assert_eq!(reason(&inventory, "shop/v1"), "the stage has no access log");
    }

    #[test]
    fn a_denied_lookup_is_could_not_check() {
        let mut inventory = without_retention();
        *inventory.log_group_mut("/gateway/shop") = Err(denied("logs:DescribeLogGroups")).into();
        assert_eq!(inventory.verdict(&CHECK, "shop/v1"), Err(denied("logs:DescribeLogGroups")));
    }
}
