//! What the resource policies of CloudWatch Logs let a service of AWS write.

use gatelight_iam::{Caller, ConditionKeys, Decision, Denial, Document, Policies, PossibleValue, Request, Text};
use gatelight_model::{Gap, arn::Destination, inventory::LogPolicy};

use crate::{Context, role, verdict::Evidence};

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
    pub(crate) denied: Vec<(&'static str, Denial)>,
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
            "what it writes on behalf of is not known",
        );
        let stream = format!("{}:log-stream:", role::group_arn(self.context, self.account, group));
        let mut refused = Refused::default();
        for &action in actions {
            let (resource, caller) = (Some(Text::open(&stream)), Some(Caller::Service(self.service)));
            match policies.decide(&Request { action, resource, caller, keys: &keys }) {
                Ok(Decision::Allowed(_)) => {}
                Ok(Decision::Denied(denial)) => refused.denied.push((action, denial)),
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

    /// A policy that lets it do `actions` (each in quotes, with commas) on `resources` (likewise).
    pub(crate) fn grant(&self, sid: &str, actions: &str, resources: &str) -> String {
        let (service, account, source) = (self.service, self.account, self.here(self.source));
        let condition = format!(
            r#"{{"StringEquals":{{"aws:SourceAccount":"{account}"}},"ArnLike":{{"aws:SourceArn":"{source}:*"}}}}"#
        );
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":[{actions}],"Resource":[{resources}],"Condition":{condition}}}]}}"#
        )
    }
}

/// How long a policy may be, in characters: as AWS's guides have it
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html>), and as its API does
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>). A policy that
/// is longer than the first proves that the second holds here.
const LIMITS: [usize; 2] = [5_120, 51_200];

/// The policies of the account that leave less than a tenth of their length.
pub(super) fn nearly_full<'a>(context: &Context<'a>) -> impl Iterator<Item = Evidence> + use<'a> {
    let policies = context.region().log_policies.seen.iter().filter(|policy| policy.log_group.is_none());
    policies.filter_map(|policy| {
        let length = policy.document.chars().count();
        let limit = LIMITS.into_iter().find(|limit| length <= *limit).unwrap_or(LIMITS[1]);
        let full = length * 10 >= limit * 9;
        full.then(|| Evidence::new(&policy.name, format!("{length} of the {limit} characters that AWS allows")))
    })
}
