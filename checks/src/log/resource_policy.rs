//! What the resource policies of CloudWatch Logs let a service of AWS write.

use gatelight_iam::{Caller, ConditionKeys, Document, Policies, PossibleValue, Request, Text};
use gatelight_model::{Gap, arn::Destination, inventory::LogPolicy};

use serde_json::{Value, json};

use crate::{
    Context,
    role::{self, DeniedAction},
};

/// A service that writes to log groups on the strength of resource policies, on behalf of something in this account and
/// region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogWriter<'c, 'a> {
    context: &'c Context<'a>,
    account: &'a str,
    /// Its principal.
    service: &'static str,
    /// The service in the ARN that it sends as `aws:SourceArn`.
    source: &'static str,
}

/// What of it is denied, and a gap if something cannot be decided.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    pub(crate) denied: Vec<DeniedAction>,
    pub(crate) gap: Option<Gap>,
}

impl<'c, 'a> LogWriter<'c, 'a> {
    /// # Errors
    /// If the account's id is not known.
    pub(crate) fn new(context: &'c Context<'a>, service: &'static str, source: &'static str) -> Result<Self, Gap> {
        Ok(Self { context, account: context.account_id()?, service, source })
    }

    /// `arn:P:SERVICE:R:A`, with what follows left out.
    pub(crate) fn here(&self, service: &str) -> String {
        let (partition, region) = (&self.context.account().partition, &self.context.region().name);
        format!("arn:{partition}:{service}:{region}:{}", self.account)
    }

    /// Which of `actions` it may not do on streams of the log group of that name.
    ///
    /// It sends the account, and something in it: the policies that AWS itself writes, or tells to write, compare both.
    pub(crate) fn refused(&self, actions: &[&'static str], group: &str) -> Refused {
        let policies = self.policies(group);
        let keys = ConditionKeys::default().with("aws:SourceAccount", self.account).with_possible(
            "aws:SourceArn",
            vec![PossibleValue::Begins(self.here(self.source) + ":")],
            "the source of the delivery is not known",
        );
        let stream = format!("{}:log-stream:", role::group_arn(self.context, self.account, group));
        let mut refused = Refused::default();
        for &action in actions {
            let (resource, caller) = (Some(Text::open(&stream)), Some(Caller::Service(self.service)));
            match DeniedAction::by(&policies, action, &Request { action, resource, caller, keys: &keys }) {
                Ok(denied) => refused.denied.extend(denied),
                Err(why) => refused.gap = refused.gap.or(Some(why)),
            }
        }
        refused
    }

    /// The account's policies, and those of this group alone.
    fn policies(&self, group: &str) -> Policies {
        let region = self.context.region();
        let is_here = |policy: &&LogPolicy| match policy.log_group.as_deref().map(Destination::parse) {
            None => true,
            Some(Destination::LogGroup(arn, name)) => {
                name == group && arn.region == region.name && arn.account == self.account
            }
            Some(_) => false,
        };
        let read = |policy: &LogPolicy| Document::parse(format!("resource policy {}", policy.name), &policy.document);
        Policies {
            identity: region.log_policies.seen.iter().filter(is_here).map(read).collect(),
            rest: region.log_policies.rest.get().copied(),
            boundary: None,
        }
    }

    /// The statement that lets it do `actions` on `resources`.
    pub(crate) fn statement(&self, sid: &str, actions: &[&str], resources: &[String]) -> Value {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": self.service},
            "Action": actions,
            "Resource": resources,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.account},
                "ArnLike": {"aws:SourceArn": format!("{}:*", self.here(self.source))},
            },
        })
    }
}
