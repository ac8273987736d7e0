//! IAM roles as checks ask about them: whether one exists, what it may do, and what to say when it may not.

use std::{collections::BTreeSet, rc::Rc};

use gatelight_formats::truncated;
use gatelight_iam::{ConditionKeys, Decision, Denial, Difference, NearMiss, Policies, Request, Text};
use gatelight_model::{Gap, Subject, SubjectKind, arn::Arn, inventory::Role, text::list};

use crate::{
    context::Context,
    verdict::{Evidence, Fix},
};

/// The role of exactly that ARN, or that there is none. `own`: the account of the audit, if it is known.
///
/// # Errors
/// If the role belongs to another account, AWS would not say, or nobody asked.
pub(crate) fn existing<'a>(context: &Context<'a>, arn: &str, own: Option<&str>) -> Result<Option<&'a Role>, Gap> {
    let Some((account, _)) = parse(arn) else { return Ok(None) };
    if let Some(own) = own
        && account != own
    {
        let why = format!("{arn} belongs to account {account}; its permissions cannot be read from account {own}");
        return Err(Gap::unprovable(arn, why));
    }
    let role = context.role(arn)?.role.get()?.as_ref();
    // Of that name, but under another path: IAM looks up roles by name, who names one has the whole ARN.
    Ok(role.filter(|role| role.arn == arn))
}

/// The account and the name in the ARN of a role.
pub(crate) fn parse(arn: &str) -> Option<(&str, &str)> {
    let Arn { service, region, account, resource, .. } = Arn::parse(arn)?;
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    (service == "iam" && region.is_empty() && !account.is_empty() && !name.is_empty()).then_some((account, name))
}

pub(crate) fn name(arn: &str) -> &str {
    parse(arn).map_or(arn, |(_, name)| name)
}

pub(crate) fn subject(arn: &str) -> Subject {
    Subject { kind: SubjectKind::Role, arn: arn.to_owned(), name: name(arn).to_owned() }
}

/// The first three names, and how many more there are.
pub(crate) fn few(names: &[&str]) -> String {
    list(names, 3)
}

/// An action that policies do not allow.
#[derive(Clone, Debug)]
pub(crate) struct DeniedAction {
    pub(crate) action: &'static str,
    pub(crate) denial: Denial,
    /// The statements that would allow it but for one thing.
    pub(crate) near_misses: Vec<NearMiss>,
}

impl DeniedAction {
    /// What `policies` deny of a request; none if they allow it.
    ///
    /// # Errors
    /// As [`Policies::decide`].
    pub(crate) fn by(policies: &Policies, action: &'static str, request: &Request<'_>) -> Result<Option<Self>, Gap> {
        Ok(match policies.decide(request)? {
            Decision::Allowed(_) => None,
            Decision::Denied(denial) => {
                let near_misses = policies.near_misses(request, &denial);
                Some(Self { action, denial, near_misses })
            }
        })
    }
}

/// How many statements that nearly allow what is denied a message names; the evidence has more.
const NEAR_MISSES: usize = 2;
/// How many are given as evidence.
const NEAR_MISS_EVIDENCE: usize = 10;

/// Statements that would allow what is denied but for one thing, each once, whatever it would allow.
fn near_misses<'d>(denied: impl IntoIterator<Item = &'d DeniedAction>) -> Vec<String> {
    let mut found: Vec<(&NearMiss, Vec<&str>)> = Vec::new();
    for DeniedAction { action, near_misses, .. } in denied {
        for near in near_misses {
            let is_same = |other: &NearMiss| {
                (&other.statement, &other.difference, &other.policy_value)
                    == (&near.statement, &near.difference, &near.policy_value)
            };
            match found.iter_mut().find(|(other, _)| is_same(other)) {
                Some((_, actions)) if actions.contains(action) => {}
                Some((_, actions)) => actions.push(action),
                None => found.push((near, vec![action])),
            }
        }
    }
    let sentence = |(near, actions): (&NearMiss, Vec<&str>)| {
        let NearMiss { statement, difference, policy_value, request_value } = near;
        // The engine compares actions in lower case.
        let request_value = if *difference == Difference::ActionCharacter { actions[0] } else { request_value };
        format!(
            "Statement {} of {} would allow {} but for {difference}: it has {}, and the request has {}",
            statement.statement,
            statement.policy,
            list(&actions, 3),
            truncated(policy_value, 300),
            truncated(request_value, 300)
        )
    };
    found.into_iter().map(sentence).collect()
}

/// A message, and after it the statements that would allow what is denied but for one thing.
pub(crate) fn with_near_misses<'d>(message: String, denied: impl IntoIterator<Item = &'d DeniedAction>) -> String {
    let all = near_misses(denied);
    let shown = all.iter().take(NEAR_MISSES);
    let mut message = shown.fold(message, |message, sentence| format!("{message} {sentence}."));
    if let more @ 1.. = all.len().saturating_sub(NEAR_MISSES) {
        let like = if more == 1 { "1 more statement nearly allows" } else { "more statements nearly allow" };
        let number = if more == 1 { String::new() } else { format!("{more} ") };
        message.push_str(&format!(" {number}{like} it: the evidence names them."));
    }
    message
}

/// The same as evidence, up to a limit.
pub(crate) fn near_miss_evidence<'d>(denied: impl IntoIterator<Item = &'d DeniedAction>) -> Vec<Evidence> {
    let all = near_misses(denied).into_iter().take(NEAR_MISS_EVIDENCE);
    all.map(|sentence| Evidence::new("near miss", sentence)).collect()
}

/// What a role may do in its own account.
pub(crate) struct Powers<'c, 'a> {
    context: &'c Context<'a>,
    account: &'c str,
    policies: Rc<Policies>,
    keys: ConditionKeys,
}

/// What is known about the condition keys of what a role does in its own account and in the region of the audit. The
/// principal's ARN in a role's session is that of the role, and the region is that of the endpoint that is called
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>): CloudWatch Logs and X-Ray
/// are called in the region of the stage or function.
pub(crate) fn session_keys(context: &Context<'_>, account: &str, role: &Role) -> ConditionKeys {
    ConditionKeys::default()
        .with("aws:PrincipalAccount", account)
        .with("aws:ResourceAccount", account)
        .with("aws:PrincipalArn", &role.arn)
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:RequestedRegion", &context.region().name)
}

impl<'c, 'a> Powers<'c, 'a> {
    /// Of a role of `account`.
    pub(crate) fn of(context: &'c Context<'a>, account: &'c str, role: &Role) -> Self {
        Self { context, account, policies: context.policies(role), keys: session_keys(context, account, role) }
    }

    /// Whether the role is refused that.
    pub(crate) fn refusal(&self, action: &'static str, resource: Text<'_>) -> Result<Option<DeniedAction>, Gap> {
        let request = Request { action, resource: Some(resource), caller: None, keys: &self.keys };
        DeniedAction::by(&self.policies, action, &request)
    }

    /// As [`refusals_of_writing`].
    pub(crate) fn refusals_of_writing(&self, group: &str, creates: bool) -> Vec<Result<DeniedAction, Gap>> {
        let decide = |action, resource: Text<'_>| self.refusal(action, resource);
        refusals_of_writing(self.context, self.account, group, creates, &decide)
    }
}

/// Decides one action on a resource.
pub(crate) type Decide<'f> = dyn Fn(&'static str, Text<'_>) -> Result<Option<DeniedAction>, Gap> + 'f;

/// What of writing to the log group of that name is denied, and a gap for each action that cannot be decided.
/// `creates`: whoever writes makes the group if it is absent.
pub(crate) fn refusals_of_writing(
    context: &Context<'_>,
    account: &str,
    group: &str,
    creates: bool,
    decide: &Decide<'_>,
) -> Vec<Result<DeniedAction, Gap>> {
    // CloudTrail's records of denied calls name the stream for both actions.
    let stream = format!("{}:log-stream:", group_arn(context, account, group));
    let writes =
        ["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| decide(action, Text::open(&stream)).transpose());
    let creation = || creation(context, group, decide("logs:CreateLogGroup", Text::whole(&stream))).transpose();
    let creation = creates.then(creation).flatten();
    writes.into_iter().flatten().chain(creation).collect()
}

/// A group that does not exist must be created first; one that does exist need not.
fn creation(
    context: &Context<'_>,
    group: &str,
    refusal: Result<Option<DeniedAction>, Gap>,
) -> Result<Option<DeniedAction>, Gap> {
    if matches!(refusal, Ok(None)) {
        return refusal;
    }
    match context.log_group(group) {
        Ok(Some(_)) => Ok(None),
        Ok(None) => refusal,
        Err(gap) => Err(gap),
    }
}

/// The ARN of a log group here.
pub(crate) fn group_arn(context: &Context<'_>, account: &str, group: &str) -> String {
    format!("arn:{}:logs:{}:{account}:log-group:{group}", context.account().partition, context.region().name)
}

/// What to do where a statement or a boundary stands in the way, which another allow does not mend.
pub(crate) fn clear_the_way<'a>(denials: impl IntoIterator<Item = &'a Denial>, so_that: &str) -> Option<Fix> {
    let ways: BTreeSet<String> =
        denials.into_iter().filter(|denial| **denial != Denial::NotAllowed).map(Denial::to_string).collect();
    let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
    (!ways.is_empty()).then(|| Fix::text(format!("Change this: {}, so that {so_that}.", few(&ways))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_names_are_told_and_many_counted() {
        assert_eq!(few(&["a"]), "a");
        assert_eq!(few(&["a", "b", "c"]), "a, b, c");
        assert_eq!(few(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }

    #[test]
    fn a_role_is_named_by_the_end_of_its_arn() {
        assert_eq!(parse("arn:aws:iam::123456789012:role/a/b/c"), Some(("123456789012", "c")));
        for text in [
            "gateway-logs",
            "arn:aws:iam::123456789012:user/a",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a/",
            "arn:aws:iam:::role/a",
            "arn:aws:sts::123456789012:role/a",
            "arn:aws:iam:us-east-1:123456789012:role/a",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
