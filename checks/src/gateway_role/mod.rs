//! The role that writes the logs of REST and WebSocket APIs in a region.

pub mod cannot_write;
pub mod missing;
pub mod unset;
pub mod untrusted;

use std::collections::BTreeSet;

use crate::{
    Context, Gap, Subject,
    arn::Arn,
    check::SubjectKind,
    inventory::{Role, StageOf},
};

const NO_STAGE: &str = "no REST or WebSocket stage in this region logs to CloudWatch Logs";
const UNSET: &str = "no CloudWatch role is set in this region";
const MISSING: &str = "the CloudWatch role does not exist";

/// The stages whose logs the role writes.
struct Stages<'a> {
    seen: Vec<StageOf<'a>>,
    /// Why there may be more.
    unseen: Option<Gap>,
}

/// A question that may not arise.
enum Asked<T> {
    No(&'static str),
    Yes(T),
}

/// The role that is set, in a region where stages need one.
struct SetRole<'a> {
    stages: Stages<'a>,
    /// As the settings have it.
    arn: &'a str,
    /// None: there is no such role.
    role: Option<&'a Role>,
}

impl<'a> Stages<'a> {
    fn of(context: &Context<'a>) -> Self {
        let (mut seen, mut unseen) = (Vec::new(), None);
        for stage in context.stages_that_need_the_role() {
            match stage {
                Ok(stage) => seen.push(stage),
                Err(gap) => unseen = unseen.or(Some(gap)),
            }
        }
        Self { seen, unseen }
    }

    /// Whether there is any.
    fn any(&self) -> Result<bool, Gap> {
        match &self.unseen {
            _ if !self.seen.is_empty() => Ok(true),
            Some(gap) => Err(gap.clone()),
            None => Ok(false),
        }
    }

    fn subjects(&self, context: &Context<'_>) -> Vec<Subject> {
        self.seen.iter().map(|stage| context.stage_subject(stage)).collect()
    }

    /// What goes unlogged, as a sentence.
    fn silenced(&self, context: &Context<'_>) -> String {
        let apis = self.seen.iter().map(|stage| &stage.api.id).collect::<BTreeSet<_>>().len();
        silenced(&self.subjects(context), apis, self.unseen.is_some())
    }
}

/// What goes unlogged, as a sentence. `more`: there may be others.
fn silenced(stages: &[Subject], apis: usize, more: bool) -> String {
    let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
    format!(
        "Silences {}{} of {}: {}.",
        if more { "at least " } else { "" },
        count(stages.len(), "stage", "stages"),
        count(apis, "REST or WebSocket API", "REST and WebSocket APIs"),
        few(&names)
    )
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The first three names, and how many more there are.
fn few(names: &[&str]) -> String {
    match names {
        [a, b, c, _, rest @ ..] => format!("{a}, {b}, {c} and {} more", rest.len() + 1),
        _ => names.join(", "),
    }
}

/// The role that is set. What makes the question moot is told even where the rest is not known.
///
/// # Errors
/// If AWS would not say whether some stage needs a role, which one is set, or whether that one exists.
fn set_role<'a>(context: &Context<'a>) -> Result<Asked<SetRole<'a>>, Gap> {
    let stages = Stages::of(context);
    let needed = stages.any();
    if needed == Ok(false) {
        return Ok(Asked::No(NO_STAGE));
    }
    let Some(arn) = set_arn(context)? else { return Ok(Asked::No(UNSET)) };
    let role = role(context, arn);
    if matches!(role, Ok(Some(_)) | Err(_)) {
        needed?;
    }
    Ok(Asked::Yes(SetRole { stages, arn, role: role? }))
}

/// The role that is set, if it exists.
///
/// # Errors
/// As for [`set_role`].
fn existing_role<'a>(context: &Context<'a>) -> Result<Asked<(SetRole<'a>, &'a Role)>, Gap> {
    Ok(match set_role(context)? {
        Asked::No(why) => Asked::No(why),
        Asked::Yes(SetRole { role: None, .. }) => Asked::No(MISSING),
        Asked::Yes(set @ SetRole { role: Some(role), .. }) => Asked::Yes((set, role)),
    })
}

/// The ARN in the account's settings; an empty one is none.
fn set_arn<'a>(context: &Context<'a>) -> Result<Option<&'a str>, Gap> {
    let settings = context.region().gateway_settings.get()?;
    Ok(settings.cloudwatch_role.as_deref().filter(|arn| !arn.is_empty()))
}

fn role<'a>(context: &Context<'a>, arn: &str) -> Result<Option<&'a Role>, Gap> {
    let Some((account, _)) = parse(arn) else { return Ok(None) };
    if let Ok(own) = context.account_id()
        && account != own
    {
        let why = format!("{arn} is a role of account {account}; what it may do cannot be seen from account {own}");
        return Err(Gap::unprovable(arn, why));
    }
    let role = context.role(arn)?.role.get()?.as_ref();
    // Of that name, but under another path: IAM looks up roles by name, API Gateway has the whole ARN.
    Ok(role.filter(|role| role.arn == arn))
}

/// The account and the name in the ARN of a role.
fn parse(arn: &str) -> Option<(&str, &str)> {
    let Arn { service, region, account, resource, .. } = Arn::parse(arn)?;
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    (service == "iam" && region.is_empty() && !account.is_empty() && !name.is_empty()).then_some((account, name))
}

fn role_name(arn: &str) -> &str {
    parse(arn).map_or(arn, |(_, name)| name)
}

fn role_subject(arn: &str) -> Subject {
    Subject { kind: SubjectKind::Role, arn: arn.to_owned(), name: role_name(arn).to_owned() }
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
