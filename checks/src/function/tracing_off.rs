//! A function does not trace by itself.

use gatelight_iam::Document;
use gatelight_model::{
    Gap, Need, Severity, Subject,
    inventory::{Function, StageOf},
};

use crate::{
    Context, Judgement, TracedStages, Verdict,
    check::{Check, Judge},
    role::few,
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "function-tracing-off",
    title: "X-Ray tracing of the function is off",
    severity: Severity::Medium,
    needs: &[Need::Functions, Need::Stages, Need::Callers],
    judge: Judge::Function(judge, |_, _| None),
    signals: Signals::Own(&[(Signal::FunctionTrace, Loss::Dark)]),
    docs: include_str!("tracing_off.md"),
    scenarios: &[],
};

#[expect(clippy::unnecessary_wraps, reason = "a judge is of this form; what is not known only raises the severity")]
fn judge(function: &Function, context: &Context<'_>) -> Verdict {
    if function.traces() {
        return Ok(Judgement::Pass);
    }
    let Function { name, tracing_mode, .. } = function;
    let mode = tracing_mode.as_deref().unwrap_or("none");
    let mut evidence = vec![Evidence::new("tracing mode", mode)];
    let (severity, calls) = match traced_callers(function, context) {
        Ok(stages) if stages.is_empty() => {
            (Severity::Low, "No REST stage with tracing is known to call it.".to_owned())
        }
        Ok(stages) => {
            let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
            evidence.extend(names.iter().map(|name| Evidence::new("caller with tracing", *name)));
            let one = if names.len() == 1 { "stage with tracing calls it" } else { "stages with tracing call it" };
            (Severity::Medium, format!("REST {one}, and their traces end there: {}.", few(&names)))
        }
        Err(gap) => (
            Severity::Medium,
            format!(
                "Whether a REST stage with tracing calls it is not known ({gap}); the severity assumes that one does."
            ),
        ),
    };
    Ok(Failure {
        severity: Some(severity),
        cause: None,
        message: format!("Function {name} ($LATEST) is not traced: its tracing mode is {mode}. {calls}"),
        evidence,
        affects: vec![],
        fix: Fix::text(
            "Set its tracing mode to Active, and allow its role to call xray:PutTraceSegments and \
             xray:PutTelemetryRecords. If callers use an alias, publish a version afterwards.",
        )
        .command([
            "aws",
            "lambda",
            "update-function-configuration",
            "--region",
            &context.region().name,
            "--function-name",
            name,
            "--tracing-config",
            "Mode=Active",
        ]),
        ..Failure::default()
    }
    .into())
}

/// The REST stages that trace and are known to call the function: those that its resource policy names.
///
/// # Errors
/// If none of those that are known is named, and there may be others of which nothing is known, or the policy lets any
/// API call it.
fn traced_callers(function: &Function, context: &Context<'_>) -> Result<Vec<Subject>, Gap> {
    callers_among(context.traced_stages(), function, context)
}

/// Those of some stages that are known to call the function, as its resource policy names them.
///
/// # Errors
/// As for [`traced_callers`].
pub(crate) fn callers_among(
    traced: &TracedStages<'_>,
    function: &Function,
    context: &Context<'_>,
) -> Result<Vec<Subject>, Gap> {
    // Who calls it changes nothing where nobody traces; it need not even be asked.
    if traced.by_api.is_empty() && traced.unseen.is_none() {
        return Ok(vec![]);
    }
    let Some(policy) = context.callers(function)? else { return Ok(vec![]) };
    let policy = Document::parse(format!("the resource policy of {}", function.name), policy)?;
    let account = context.account_of(function)?;
    let (partition, region) = (&context.account().partition, &context.region().name);
    let arn = |api: &str, stage: &str| format!("arn:{partition}:execute-api:{region}:{account}:{api}/{stage}/");
    // No API has this id: what names it names any API, and so none in particular.
    let of_any_api = arn("-", "-");

    let mut callers: Vec<StageOf<'_>> = Vec::new();
    let (mut names_some_api, mut names_any_api) = (false, false);
    for source in policy.source_arns("apigateway.amazonaws.com", "lambda:InvokeFunction") {
        let is_caller = |stage: &&StageOf<'_>| source.matches_below(&arn(&stage.api.id, &stage.stage.name));
        if let Some(api) = source.first_resource_segment() {
            // Thousands of functions and stages meet here; most sources name one API.
            names_some_api |= source.matches_below(&format!("arn:{partition}:execute-api:{region}:{account}:{api}/"));
            callers.extend(traced.by_api.get(api).into_iter().flatten().filter(is_caller));
        } else if source.matches_below(&of_any_api) {
            names_any_api = true;
        } else {
            names_some_api |= source.matches_below(&format!("arn:{partition}:execute-api:{region}:{account}:"));
            callers.extend(traced.by_api.values().flatten().filter(is_caller));
        }
    }
    match &traced.unseen {
        Some(gap) if callers.is_empty() && names_some_api => Err(gap.clone()),
        _ if callers.is_empty() && names_any_api => {
            let why = "its resource policy allows API Gateway to call it from any API of the account and names none";
            Err(Gap::unprovable(&function.arn, why))
        }
        _ => {
            let mut callers: Vec<Subject> = callers.iter().map(|stage| context.stage_subject(stage)).collect();
            callers.sort();
            callers.dedup();
            Ok(callers)
        }
    }
}

#[cfg(test)]
mod tests {
    use gatelight_model::Fetched;

    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    /// `checkout` no longer traces, and this is its resource policy.
    fn called(policy: Option<&str>) -> Inventory {
        let mut inventory = healthy();
        inventory.function_mut("checkout").tracing_mode = Some("PassThrough".to_owned());
        *inventory.callers_mut("checkout") = Fetched::known(policy.map(str::to_owned));
        inventory
    }

    fn by(source: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"f","Condition":{{"ArnLike":{{"AWS:SourceArn":"{source}"}}}}}}]}}"#
        )
    }

    fn severity(inventory: &Inventory) -> Option<Severity> {
        inventory.failure(&CHECK, "checkout").severity
    }

    const PROD: &str = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod/GET/pets";

    #[test]
    fn matters_more_where_a_stage_that_traces_is_known_to_call_it() {
        for (source, expected) in [
            (PROD, Severity::Medium),
            ("arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*/GET/pets", Severity::Medium),
            ("arn:aws:execute-api:us-east-1:123456789012:a1b2*/prod/*", Severity::Medium),
            ("arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/test/GET/pets", Severity::Low),
            ("arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/GET/pets", Severity::Low),
            ("arn:aws:execute-api:us-east-1:123456789012:k1l2m3n4o5/*", Severity::Low),
        ] {
            assert_eq!(severity(&called(Some(&by(source)))), Some(expected), "{source}");
        }
        assert_eq!(severity(&called(None)), Some(Severity::Low));
    }

    #[test]
    fn a_policy_that_names_any_api_leaves_open_who_calls() {
        let any =
            ["arn:aws:execute-api:us-east-1:123456789012:*", "arn:aws:execute-api:us-east-1:123456789012:*/prod/*"];
        let unasked = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"f"}]}"#;
        for policy in any.map(by).iter().map(String::as_str).chain([unasked]) {
            let failure = called(Some(policy)).failure(&CHECK, "checkout");
            assert_eq!(failure.severity, Some(Severity::Medium), "{policy}");
            assert!(
                failure.message.contains("is not known (its resource policy allows API Gateway"),
                "{}",
                failure.message
            );
        }
        // A stage that is named beside it is known.
        let both =
            format!(r#"{{"Version":"2012-10-17","Statement":[{},{}]}}"#, statement(&by(PROD)), statement(unasked));
        let failure = called(Some(&both)).failure(&CHECK, "checkout");
        assert!(failure.message.contains("stage with tracing calls it"), "{}", failure.message);
    }

    fn statement(policy: &str) -> &str {
        let (_, statements) = policy.split_once('[').expect("a list");
        statements.strip_suffix("]}").expect("its end")
    }

    #[test]
    fn names_the_stages() {
        let inventory = called(Some(&by("arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*")));
        let failure = inventory.failure(&CHECK, "checkout");
        assert!(failure.message.ends_with("end there: orders/prod, orders/staging."), "{}", failure.message);
    }

    #[test]
    fn a_stage_that_does_not_trace_is_none() {
        let mut inventory = called(Some(&by(PROD)));
        inventory.stage_mut("orders/prod").tracing = Some(false);
        assert_eq!(severity(&inventory), Some(Severity::Low));
    }

    #[test]
    fn where_callers_or_stages_are_not_known_it_is_the_higher_one_and_said_so() {
        let mut inventory = called(None);
        *inventory.callers_mut("checkout") = Err(denied("lambda:GetPolicy")).into();
        let failure = inventory.failure(&CHECK, "checkout");
        assert_eq!(failure.severity, Some(Severity::Medium));
        assert!(failure.message.contains("lambda:GetPolicy was denied"), "{}", failure.message);

        let mut inventory = called(Some(&by("arn:aws:execute-api:us-east-1:123456789012:unseen/prod/*")));
        assert_eq!(severity(&inventory), Some(Severity::Low));
        inventory.break_rest_apis();
        assert_eq!(severity(&inventory), Some(Severity::Medium));
    }

    #[test]
    fn stages_that_are_not_known_do_not_matter_to_a_function_that_names_none() {
        let mut inventory = called(None);
        inventory.break_rest_apis();
        assert_eq!(severity(&inventory), Some(Severity::Low));
    }

    #[test]
    fn where_no_stage_traces_nobody_needs_to_be_asked() {
        let mut inventory = called(None);
        inventory.region.callers.clear();
        assert_eq!(severity(&inventory), Some(Severity::Medium));
        for api in &mut inventory.region.rest_apis.seen {
            api.stages.seen.iter_mut().for_each(|stage| stage.tracing = Some(false));
        }
        assert_eq!(severity(&inventory), Some(Severity::Low));
    }

    #[test]
    fn no_mode_is_not_active() {
        let mut inventory = called(None);
        inventory.function_mut("checkout").tracing_mode = None;
        assert!(inventory.failure(&CHECK, "checkout").message.contains("its tracing mode is none"));
        inventory.function_mut("checkout").tracing_mode = Some("Active".to_owned());
        assert_eq!(inventory.verdict(&CHECK, "checkout"), Ok(Judgement::Pass));
    }

    #[test]
    fn a_policy_that_cannot_be_read_is_not_known() {
        assert_eq!(severity(&called(Some("{"))), Some(Severity::Medium));
    }
}
