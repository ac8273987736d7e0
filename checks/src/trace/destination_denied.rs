//! `trace-destination-denied`: X-Ray may not write the segments that it is sent to CloudWatch Logs.

use gatelight_model::{Gap, Need, Severity, inventory::TraceDestination};

use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    log::{
        policy_room::{Grant, PolicyRoom},
        resource_policy::{LogWriter, Refused},
    },
    plan::{SPAN_GROUPS, may_send_segments},
    role::{self, DeniedAction},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "trace-destination-denied",
    title: "X-Ray is not allowed to write segments to CloudWatch Logs",
    severity: Severity::High,
    needs: &[Need::Stages, Need::Functions, Need::TraceDestination, Need::LogPolicies],
    judge: Judge::Account(judge),
    signals: Signals::OfTracing(Loss::Dark),
    docs: include_str!("destination_denied.md"),
    scenarios: &[],
};

/// The principal that writes segments.
const SERVICE: &str = "xray.amazonaws.com";
const ACTION: &str = "logs:PutLogEvents";

fn judge(context: &Context<'_>) -> Verdict {
    let senders = may_send_segments(context);
    if senders == Ok(false) {
        return Ok(Judgement::NotApplicable("no REST stage and no function here sends segments"));
    }
    let told = context.region().trace_destination.get();
    // Where nobody knows whether anything sends segments, that comes first.
    let told = told.map_err(|gap| senders.clone().err().unwrap_or(gap))?;
    match told.destination.as_str() {
        "XRay" => return Ok(Judgement::NotApplicable("X-Ray keeps the segments; Transaction Search is off")),
        "CloudWatchLogs" => {}
        other => {
            return Err(Gap::unprovable(other, format!("X-Ray sends segments to {other}, which is not known here")));
        }
    }
    // Whether the change to CloudWatch Logs is done or pending, the policy is needed.
    senders?;
    let writer = LogWriter::new(context, SERVICE, "xray")?;
    let (mut denied, mut gap) = (Vec::new(), None);
    for group in SPAN_GROUPS {
        let Refused { denied: refused, gap: why } = writer.refused(&[ACTION], group);
        denied.extend(refused.into_iter().map(|refused| (group, refused)));
        gap = gap.or(why);
    }
    match gap {
        _ if !denied.is_empty() => Ok(failure(context, &writer, told, &denied).into()),
        Some(gap) => Err(gap),
        None => Ok(Judgement::Pass),
    }
}

fn failure(
    context: &Context<'_>,
    writer: &LogWriter<'_, '_>,
    told: &TraceDestination,
    denied: &[(&'static str, DeniedAction)],
) -> Failure {
    let groups: Vec<&str> = denied.iter().map(|(group, _)| *group).collect();
    let pending = told.status.as_deref() == Some("PENDING");
    let opening = if pending { "X-Ray is being changed to write" } else { "X-Ray writes" };
    let destination = [Evidence::new("destination", &told.destination)];
    let status = told.status.as_ref().map(|status| Evidence::new("status", status));
    let denials =
        denied.iter().map(|(group, refused)| Evidence::new(format!("{ACTION} on {group}"), refused.denial.to_string()));
    let actions = || denied.iter().map(|(_, refused)| refused);
    let more = role::near_miss_evidence(actions()).into_iter().chain(PolicyRoom::of(context).evidence());
    Failure {
        severity: None,
        cause: None,
        message: role::with_near_misses(
            format!(
                "{opening} segments to CloudWatch Logs (Transaction Search), and the resource policies of CloudWatch Logs \
                 in {} do not let {SERVICE} do {ACTION} on log group {}, so traces are lost.",
                context.region().name,
                groups.join(" and "),
            ),
            actions(),
        ),
        evidence: destination.into_iter().chain(status).chain(denials).chain(more).collect(),
        affects: vec![],
        fix: fix(context, writer, denied),
        ..Failure::default()
    }
}

/// The statement is the one of AWS's guide
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Enable-TransactionSearch.html>), which knows only
/// policies of the account: whether X-Ray accepts one of the log group alone is not documented.
fn fix(context: &Context<'_>, writer: &LogWriter<'_, '_>, denied: &[(&'static str, DeniedAction)]) -> Fix {
    let wanted = format!("{SERVICE} is allowed to call {ACTION} on {}", SPAN_GROUPS.join(" and "));
    role::clear_the_way(denied.iter().map(|(_, refused)| &refused.denial), &wanted).unwrap_or_else(|| {
        let groups = SPAN_GROUPS.map(|group| format!("{}:log-group:{group}:*", writer.here("logs")));
        PolicyRoom::of(context).fix(&Grant {
            name: "gatelight-transaction-search",
            statement: writer.statement("TransactionSearchXRayAccess", &[ACTION], &groups),
            own: None,
            wanted: &wanted,
        })
    })
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, GapKind, Listing, inventory::LogPolicy};

    use super::*;
    use crate::testing::{Inventory, break_off, denied, empty, healthy, trace_destination};

    const NAME: &str = "account settings";
    const SPANS: &str = "arn:aws:logs:us-east-1:123456789012:log-group:aws/spans";
    const DATA: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/application-signals/data";

    fn policy(statement: &str) -> LogPolicy {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        LogPolicy { name: "own".to_owned(), log_group: None, document }
    }

    fn allow(resources: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"xray.amazonaws.com"}},"Action":"logs:PutLogEvents","Resource":[{resources}],"Condition":{{{condition}}}}}"#
        )
    }

    /// Transaction Search is on, and these are the resource policies.
    fn with(policies: Vec<LogPolicy>) -> Inventory {
        let mut inventory = healthy();
        inventory.region.trace_destination = Fetched::known(trace_destination("CloudWatchLogs", Some("ACTIVE")));
        inventory.region.log_policies = Listing::whole(policies);
        inventory
    }

    fn under(resources: &str, condition: &str) -> Verdict {
        with(vec![policy(&allow(resources, condition))]).verdict(&CHECK, NAME)
    }

    const BOTH: &str = r#""arn:aws:logs:us-east-1:123456789012:log-group:aws/spans:*","arn:aws:logs:us-east-1:123456789012:log-group:/aws/application-signals/data:*""#;
    const TYPICAL: &str = r#""ArnLike":{"aws:SourceArn":"arn:aws:xray:us-east-1:123456789012:*"},"StringEquals":{"aws:SourceAccount":"123456789012"}"#;

    #[test]
    fn the_policy_of_the_guide_passes_and_none_fails() {
        assert_eq!(under(BOTH, TYPICAL), Ok(Judgement::Pass));
        let failure = with(vec![]).failure(&CHECK, NAME);
        assert!(failure.message.contains("aws/spans and /aws/application-signals/data"), "{}", failure.message);
        assert_eq!(failure.evidence[1], Evidence::new("status", "ACTIVE"));
    }

    #[test]
    fn the_fix_mends_it() {
        let mut inventory = with(vec![]);
        let command = inventory.failure(&CHECK, NAME).fix.only_command();
        let document = command.last().expect("a document").clone();
        assert!(document.contains(BOTH), "{document}");
        inventory.region.log_policies.seen.push(LogPolicy { name: "new".to_owned(), log_group: None, document });
        assert_eq!(inventory.verdict(&CHECK, NAME), Ok(Judgement::Pass));
    }

    #[test]
    fn both_groups_are_needed_and_the_one_that_lacks_is_named() {
        for (allowed, lacking) in [(SPANS, "/aws/application-signals/data"), (DATA, "aws/spans")] {
            let allowed = format!("\"{allowed}:*\"");
            let failure = with(vec![policy(&allow(&allowed, TYPICAL))]).failure(&CHECK, NAME);
            assert!(failure.message.contains(&format!("on log group {lacking},")), "{}", failure.message);
        }
        // With a slash before it, as it is often written, it is another group.
        let failure = with(vec![policy(&allow(&BOTH.replace(":aws/spans", ":/aws/spans"), ""))]).failure(&CHECK, NAME);
        assert!(failure.message.contains("on log group aws/spans,"), "{}", failure.message);
    }

    #[test]
    fn a_policy_of_a_group_is_for_that_group_alone() {
        let own = |arn: &str| LogPolicy { log_group: Some(arn.to_owned()), ..policy(&allow("\"*\"", TYPICAL)) };
        assert_eq!(with(vec![own(SPANS), own(DATA)]).verdict(&CHECK, NAME), Ok(Judgement::Pass));
        let failure = with(vec![own(DATA)]).failure(&CHECK, NAME);
        assert!(failure.message.contains("on log group aws/spans,"), "{}", failure.message);
    }

    #[test]
    fn conditions_on_what_is_sent_are_decided_and_others_are_not() {
        for condition in [
            r#""StringEquals":{"aws:SourceAccount":"999999999999"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:xray:eu-west-1:123456789012:*"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:123456789012:*"}"#,
        ] {
            assert!(matches!(under(BOTH, condition), Ok(Judgement::Fail(_))), "{condition}");
        }
        for condition in [
            r#""StringEquals":{"aws:SourceOrgID":"o-1"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:xray:us-east-1:123456789012:group/x"}"#,
        ] {
            assert_eq!(under(BOTH, condition).expect_err(condition).why().kind, GapKind::Unprovable);
        }
    }

    #[test]
    fn a_deny_wins_and_is_named() {
        let deny = r#"{"Sid":"Freeze","Effect":"Deny","Principal":"*","Action":"logs:Put*","Resource":"*"}"#;
        let failure = with(vec![policy(&format!("{},{deny}", allow(BOTH, "")))]).failure(&CHECK, NAME);
        assert_eq!(failure.evidence[2].value, "denied by statement Freeze of resource policy own");
        assert!(failure.fix.commands.is_empty());
    }

    #[test]
    fn where_ten_policies_are_in_use_one_of_them_is_extended_and_the_group_has_none() {
        let other = r#"{"Effect":"Allow","Principal":{"Service":"es.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"*"}"#;
        let named = |number: usize, statement: &str| LogPolicy { name: format!("p{number}"), ..policy(statement) };
        let ten = |statement: &str| (0..10).map(|number| named(number, statement)).collect::<Vec<_>>();
        let mut inventory = with(ten(other));
        let fix = inventory.failure(&CHECK, NAME).fix;
        assert!(fix.text.starts_with("10 of 10 resource policies"), "{}", fix.text);
        let command = fix.only_command();
        assert_eq!(command[5..8], ["--policy-name", "p0", "--policy-document"]);
        inventory.region.log_policies.seen[0].document = command[8].clone();
        assert_eq!(inventory.verdict(&CHECK, NAME), Ok(Judgement::Pass));
        // AWS does not document that X-Ray accepts a policy of the group.
        let long = other.replace("es.amazonaws.com", &"e".repeat(4_700));
        let fix = with(ten(&long)).failure(&CHECK, NAME).fix;
        assert!(fix.commands.is_empty() && fix.text.contains("Merge two of them"), "{}", fix.text);
    }

    #[test]
    fn a_statement_that_nearly_allows_it_is_named() {
        for (resource, says) in [
            (format!("\"{SPANS}\""), "but for the `:*` that its resource lacks"),
            (format!("\"{SPANS}:*\"").replace("us-east-1", "eu-west-1"), "but for the region in its resource"),
            (format!("\"{SPANS}:*\"").replace("123456789012", "999999999999"), "but for the account in its resource"),
        ] {
            let failure = with(vec![policy(&allow(&resource, ""))]).failure(&CHECK, NAME);
            assert!(failure.message.contains(says), "{says}: {}", failure.message);
        }
    }

    #[test]
    fn a_change_that_is_pending_is_judged_as_if_it_were_done() {
        let mut inventory = with(vec![]);
        inventory.region.trace_destination = Fetched::known(trace_destination("CloudWatchLogs", Some("PENDING")));
        assert!(inventory.failure(&CHECK, NAME).message.starts_with("X-Ray is being changed to write"));
        inventory.region.trace_destination = Fetched::known(trace_destination("CloudWatchLogs", None));
        assert!(inventory.failure(&CHECK, NAME).message.starts_with("X-Ray writes"));
        inventory.region.trace_destination = Fetched::known(trace_destination("XRay", Some("PENDING")));
        assert!(matches!(inventory.verdict(&CHECK, NAME), Ok(Judgement::NotApplicable(_))));
    }

    #[test]
    fn another_destination_is_not_judged_and_one_that_is_new_is_not_known() {
        let mut inventory = with(vec![]);
        inventory.region.trace_destination = Fetched::known(trace_destination("XRay", Some("ACTIVE")));
        let off = "X-Ray keeps the segments; Transaction Search is off";
        assert_eq!(inventory.verdict(&CHECK, NAME), Ok(Judgement::NotApplicable(off)));
        inventory.region.trace_destination = Fetched::known(trace_destination("Elsewhere", Some("ACTIVE")));
        assert_eq!(inventory.verdict(&CHECK, NAME).expect_err("unknown").why().kind, GapKind::Unprovable);
        inventory.region.trace_destination = Err(denied("xray:GetTraceSegmentDestination")).into();
        assert_eq!(inventory.verdict(&CHECK, NAME), Err(denied("xray:GetTraceSegmentDestination")));
    }

    #[test]
    fn where_nothing_sends_segments_the_destination_does_not_matter() {
        let mut inventory = empty();
        inventory.region.trace_destination = Err(denied("xray:GetTraceSegmentDestination")).into();
        assert!(matches!(inventory.verdict(&CHECK, NAME), Ok(Judgement::NotApplicable(_))));
        break_off(&mut inventory.region.functions, "lambda:ListFunctions");
        assert!(inventory.verdict(&CHECK, NAME).is_err());
        // What was not seen may send, and may as well not be there.
        inventory.region.trace_destination = Fetched::known(trace_destination("CloudWatchLogs", Some("ACTIVE")));
        assert_eq!(inventory.verdict(&CHECK, NAME), Err(denied("lambda:ListFunctions")));
    }

    #[test]
    fn policies_that_are_not_known_could_allow_it() {
        let mut inventory = with(vec![]);
        break_off(&mut inventory.region.log_policies, "logs:DescribeResourcePolicies");
        assert_eq!(inventory.verdict(&CHECK, NAME), Err(denied("logs:DescribeResourcePolicies")));
        let mut inventory = with(vec![]);
        inventory.account.id = Err(denied("sts:GetCallerIdentity")).into();
        assert_eq!(inventory.verdict(&CHECK, NAME), Err(denied("sts:GetCallerIdentity")));
    }
}
