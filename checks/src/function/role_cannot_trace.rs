//! A function traces, and its role does not let it send what it records.

use gatelight_iam::Text;
use gatelight_model::{Gap, Need, Severity, inventory::Function};

use super::{cause, evidence, role_of, without_role};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    role::{self, DeniedAction, Powers},
    verdict::{Extent, Failure, Fix},
    visibility::{Loss, Signal, SignalValue, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "function-role-cannot-trace",
    title: "Function's role lacks permission to send traces",
    severity: Severity::High,
    needs: &[Need::Functions, Need::FunctionRoles],
    judge: Judge::Function(judge, applies),
    signals: Signals::Own(&[(Signal::FunctionTrace, Loss::ByFailure(left))]),
    docs: include_str!("role_cannot_trace.md"),
    scenarios: &[],
};

fn judge(function: &Function, context: &Context<'_>) -> Verdict {
    if !function.traces() {
        return Ok(Judgement::NotApplicable("tracing is not active"));
    }
    let Some(role) = role_of(function, context)? else {
        return Ok(without_role(function, "not run, let alone send traces"));
    };
    let powers = Powers::of(context, context.account_of(function)?, role);
    // These take no resource: a statement that names one never matches.
    let refusal = |action| powers.refusal(action, Text::NO_RESOURCE);
    let (segments, telemetry) = (refusal("xray:PutTraceSegments"), refusal("xray:PutTelemetryRecords"));
    match (segments, telemetry) {
        (Ok(None), Ok(None)) => Ok(Judgement::Pass),
        (Ok(Some(one)), Ok(Some(other))) => Ok(failure(function, context, &[one, other], None).into()),
        (Ok(Some(refusal)), _) => Ok(failure(function, context, &[refusal], None).into()),
        (Ok(None), Ok(Some(refusal))) => {
            let failure = failure(function, context, &[refusal], None);
            Ok(Failure { severity: Some(Severity::Low), extent: Extent::Part, ..failure }.into())
        }
        (Err(gap), Ok(Some(refusal))) => {
            Ok(Failure { extent: Extent::Part, ..failure(function, context, &[refusal], Some(&gap)) }.into())
        }
        (Err(gap), _) | (_, Err(gap)) => Err(gap),
    }
}

/// What is left of the traces: all but the statistics, where only these may not be sent.
fn left(failure: &Failure) -> SignalValue {
    match failure.extent {
        Extent::Whole => SignalValue::Dark,
        Extent::Part => SignalValue::Partly,
    }
}

/// One that surely may send segments, and of which it is not known whether it may send the rest, can lack but little.
fn applies(function: &Function, context: &Context<'_>) -> Option<Severity> {
    if !function.traces() {
        return None;
    }
    let powers = Powers::of(context, context.account_of(function).ok()?, role_of(function, context).ok()??);
    let refusal = |action| powers.refusal(action, Text::NO_RESOURCE);
    let segments = matches!(refusal("xray:PutTraceSegments"), Ok(None));
    (segments && refusal("xray:PutTelemetryRecords").is_err()).then_some(Severity::Low)
}

/// `unknown`: why it is not known whether segments may be sent, where all that is proven matters less.
fn failure(function: &Function, context: &Context<'_>, refused: &[DeniedAction], unknown: Option<&Gap>) -> Failure {
    let Function { name, role, .. } = function;
    let actions: Vec<&str> = refused.iter().map(|refusal| refusal.action).collect();
    let loses = match unknown {
        Some(gap) => {
            format!(
                "Whether it is allowed to call xray:PutTraceSegments is not known ({gap}); the severity is that of one that is \
                 not."
            )
        }
        None if actions.contains(&"xray:PutTraceSegments") => {
            "No trace of it arrives, and nothing reports that.".to_owned()
        }
        None => "Its traces arrive; only the records of the daemon's own health do not.".to_owned(),
    };
    Failure {
        severity: None,
        cause: cause(role),
        message: role::with_near_misses(
            format!(
                "{role}, the execution role of function {name} ($LATEST), is not allowed to call {}. {loses}",
                actions.join(" and ")
            ),
            refused,
        ),
        evidence: evidence(refused),
        affects: vec![],
        fix: fix(role::name(role), &context.account().partition, refused),
        ..Failure::default()
    }
}

fn fix(role: &str, partition: &str, refused: &[DeniedAction]) -> Fix {
    let denials = refused.iter().map(|refusal| &refusal.denial);
    let wanted = "xray:PutTraceSegments and xray:PutTelemetryRecords on every resource";
    role::clear_the_way(denials, &format!("role {role} may do {wanted}")).unwrap_or_else(|| {
        let policy = format!("arn:{partition}:iam::aws:policy/AWSXRayDaemonWriteAccess");
        Fix::text(format!("Allow role {role} {wanted}; a managed policy of AWS does.")).command([
            "aws",
            "iam",
            "attach-role-policy",
            "--role-name",
            role,
            "--policy-arn",
            &policy,
        ])
    })
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, GapKind, Listing, inventory::InlinePolicy};

    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    /// What is said of `checkout` when its role has this statement for its only policy.
    fn with(statement: &str) -> Inventory {
        let mut inventory = healthy();
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        inventory.change_role_of("checkout", |role| {
            role.boundary = None;
            role.attached_policies = Listing::whole(vec![]);
            role.inline_policies =
                Listing::whole(vec![InlinePolicy { name: "own".to_owned(), document: Fetched::known(document) }]);
        });
        inventory
    }

    fn allow(action: &str, resource: &str) -> String {
        format!(r#"{{"Effect":"Allow","Action":{action},"Resource":"{resource}"}}"#)
    }

    const BOTH: &str = r#"["xray:PutTraceSegments","xray:PutTelemetryRecords"]"#;

    fn verdict(inventory: &Inventory) -> Verdict {
        inventory.verdict(&CHECK, "checkout")
    }

    fn severity(inventory: &Inventory) -> Option<Severity> {
        inventory.failure(&CHECK, "checkout").severity
    }

    #[test]
    fn the_region_that_is_called_is_known() {
        let in_region = |region: &str| {
            let condition =
                format!(r#"*","Condition":{{"StringEquals":{{"aws:RequestedRegion":"{region}"}}}},"Sid":"x"#);
            with(&allow(BOTH, &condition))
        };
        assert_eq!(verdict(&in_region("us-east-1")), Ok(Judgement::Pass));
        assert_eq!(severity(&in_region("eu-west-1")), None);
    }

    #[test]
    fn a_resource_that_names_one_never_matches() {
        assert_eq!(verdict(&with(&allow(BOTH, "*"))), Ok(Judgement::Pass));
        assert_eq!(verdict(&with(&allow(r#""xray:Put*""#, "*"))), Ok(Judgement::Pass));
        for resource in ["arn:aws:xray:us-east-1:123456789012:*", "arn:aws:xray:*:*:*", "arn:*"] {
            let failure = with(&allow(BOTH, resource)).failure(&CHECK, "checkout");
            assert_eq!(failure.severity, None, "{resource}");
            assert_eq!(failure.evidence.len(), 3);
            assert_eq!(failure.evidence[0].value, "no policy allows it");
            let near = format!("but for its resource, which must be `*`: it has {resource}, and the request has *.");
            assert!(failure.message.ends_with(&near), "{}", failure.message);
        }
    }

    #[test]
    fn one_of_the_two_matters_less() {
        let telemetry = with(&allow(r#""xray:PutTelemetryRecords""#, "*"));
        assert_eq!(severity(&telemetry), None);
        let segments = with(&allow(r#""xray:PutTraceSegments""#, "*"));
        assert_eq!(severity(&segments), Some(Severity::Low));
        assert!(
            segments.failure(&CHECK, "checkout").message.contains("is not allowed to call xray:PutTelemetryRecords.")
        );
    }

    #[test]
    fn the_policy_of_application_signals_allows_segments() {
        let policy = r#"{"Sid":"CloudWatchApplicationSignalsXrayWritePermissions","Effect":"Allow","Action":["xray:PutTraceSegments"],"Resource":["*"],"Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}}"#;
        assert_eq!(severity(&with(policy)), Some(Severity::Low));
        let both = policy.replace(r#""xray:PutTraceSegments""#, r#""xray:Put*""#);
        assert_eq!(verdict(&with(&both)), Ok(Judgement::Pass));
    }

    #[test]
    fn where_the_one_that_matters_is_not_known_it_is_the_higher_one_and_said_so() {
        let condition = r#"{"Effect":"Allow","Action":"xray:PutTraceSegments","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}"#;
        let failure = with(condition).failure(&CHECK, "checkout");
        assert_eq!(failure.severity, None);
        assert!(failure.message.contains("is not known ("), "{}", failure.message);
        let both = condition.replace("PutTraceSegments", "*");
        assert_eq!(verdict(&with(&both)).expect_err("unknown").why().kind, GapKind::Unprovable);
    }

    #[test]
    fn what_stands_in_the_way_is_named_and_no_allow_is_offered() {
        let deny = r#"{"Sid":"Quiet","Effect":"Deny","Action":"xray:*","Resource":"*"}"#;
        let failure = with(&format!("{},{deny}", allow(BOTH, "*"))).failure(&CHECK, "checkout");
        assert!(failure.fix.text.contains("denied by statement Quiet of inline policy own"), "{}", failure.fix.text);
        assert!(failure.fix.commands.is_empty());
        assert!(!with("").failure(&CHECK, "checkout").fix.commands.is_empty());
    }

    #[test]
    fn a_role_that_is_gone_fails_and_one_of_another_account_cannot_be_seen() {
        let mut inventory = healthy();
        *inventory.role_of_mut("checkout") = Fetched::known(None);
        assert_eq!(severity(&inventory), None);

        let mut inventory = healthy();
        inventory.change_role_of("checkout", |role| role.arn = role.arn.replace(":role/", ":role/moved/"));
        assert!(inventory.failure(&CHECK, "checkout").message.contains("does not exist"));

        let function = inventory.function_mut("checkout");
        function.role = function.role.replace("123456789012", "210987654321");
        assert!(verdict(&inventory).expect_err("unknown").to_string().contains("cannot be read"));

        let mut inventory = healthy();
        *inventory.role_of_mut("checkout") = Err(denied("iam:GetRole")).into();
        assert_eq!(verdict(&inventory), Err(denied("iam:GetRole")));
    }

    #[test]
    fn does_not_apply_where_the_function_does_not_trace() {
        for mode in [None, Some("PassThrough")] {
            let mut inventory = with("");
            inventory.function_mut("checkout").tracing_mode = mode.map(str::to_owned);
            assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable("tracing is not active")));
        }
    }
}
