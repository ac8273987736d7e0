//! The role that writes the logs of REST and WebSocket APIs in a region.

pub mod cannot_write;
pub mod denied_by_organization;
mod log_access;
pub mod missing;
pub(crate) mod setup;
pub mod unset;
pub mod untrusted;

use std::collections::BTreeSet;

use gatelight_model::{
    Gap, Subject,
    inventory::{Role, StageOf},
};

use crate::Context;

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
        Self::among(context.stages_that_need_the_role())
    }

    fn among(stages: impl Iterator<Item = Result<StageOf<'a>, Gap>>) -> Self {
        let (mut seen, mut unseen) = (Vec::new(), None);
        for stage in stages {
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
    format!(
        "{}{} ({}) {} no logs.",
        if more { "At least " } else { "" },
        count(stages.len(), "stage", "stages"),
        count(apis, "API", "APIs"),
        if stages.len() == 1 && !more { "writes" } else { "write" }
    )
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The role that is set. What makes the question moot is reported even where the rest is not known.
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
    crate::role::existing(context, arn, context.account_id().ok())
}
