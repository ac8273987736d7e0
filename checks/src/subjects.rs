//! What is audited in a region.

use gatelight_model::{
    Gap, Subject,
    inventory::{Function, StageOf},
};

use crate::context::{Context, LogGroupUse};

/// What is audited in a region, each kind sorted by ARN.
pub(crate) struct Subjects<'a> {
    pub(crate) stages: Vec<(Subject, StageOf<'a>)>,
    /// Why there may be stages that were not seen.
    pub(crate) unread_stages: Option<Gap>,
    pub(crate) functions: Vec<&'a Function>,
    /// Why there may be functions that were not seen.
    pub(crate) unread_functions: Option<Gap>,
    pub(crate) log_groups: Vec<(Subject, LogGroupUse<'a>)>,
}

impl<'a> Subjects<'a> {
    /// The subjects of the region that `context` is about.
    pub(crate) fn of(context: &Context<'a>) -> Self {
        let (mut stages, mut unread_stages) = (Vec::new(), None);
        for stage in context.stages() {
            match stage {
                Ok(stage) => stages.push((context.stage_subject(&stage), stage)),
                Err(gap) => unread_stages = unread_stages.or(Some(gap)),
            }
        }
        stages.sort_by(|(a, _), (b, _)| a.arn.cmp(&b.arn));

        let (mut functions, mut unread_functions) = (Vec::new(), None);
        for function in context.functions() {
            match function {
                Ok(function) => functions.push(function),
                Err(gap) => unread_functions = Some(gap),
            }
        }
        functions.sort_by(|a, b| a.arn.cmp(&b.arn));
        let log_groups = context.log_groups_in_use().into_iter();
        let mut log_groups: Vec<_> = log_groups.map(|group| (context.log_group_subject(&group.name), group)).collect();
        log_groups.sort_by(|(a, _), (b, _)| a.arn.cmp(&b.arn));
        Self { stages, unread_stages, functions, unread_functions, log_groups }
    }
}
