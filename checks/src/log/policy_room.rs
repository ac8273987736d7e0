//! Room for one more statement in the resource policies of CloudWatch Logs. An account has ten in a region, of a limited
//! length; a policy of a single log group does not count
//! (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>).

use std::collections::BTreeSet;

use gatelight_model::{arn::Destination, inventory::LogPolicy};
use serde_json::{Value, json};

use crate::{
    Context,
    role::few,
    verdict::{Command, Evidence, Fix},
};

/// How many policies an account has in a region at most.
pub(crate) const MOST: usize = 10;

/// How long a policy may be, in characters: as AWS's guides have it
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html>), and as its API does
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>). A policy that
/// is longer than the first proves that the second holds here.
const LIMITS: [usize; 2] = [5_120, 51_200];

/// What is missing, and how it may be granted.
pub(crate) struct Grant<'g> {
    /// The name of a new policy.
    pub(crate) name: &'g str,
    /// The statement that grants it, with a Sid.
    pub(crate) statement: Value,
    /// The ARN of the log group whose own policy may hold the statement, and the statement for that; none where AWS does
    /// not document that such a policy counts.
    pub(crate) own: Option<(String, Value)>,
    /// The end of a sentence: "delivery.logs.amazonaws.com is allowed to …".
    pub(crate) wanted: &'g str,
}

/// The resource policies of an account in a region.
pub(crate) struct PolicyRoom<'c, 'a> {
    context: &'c Context<'a>,
    policies: Vec<&'a LogPolicy>,
    limit: usize,
}

impl<'c, 'a> PolicyRoom<'c, 'a> {
    pub(crate) fn of(context: &'c Context<'a>) -> Self {
        let seen = &context.region().log_policies.seen;
        let mut policies: Vec<_> = seen.iter().filter(|policy| policy.log_group.is_none()).collect();
        policies.sort_by_key(|policy| &policy.name);
        let is_long = |policy: &&LogPolicy| policy.document.chars().count() > LIMITS[0];
        let limit = LIMITS[usize::from(policies.iter().any(is_long))];
        Self { context, policies, limit }
    }

    /// The policies that leave less than a tenth of their length.
    pub(crate) fn nearly_full(&self) -> impl Iterator<Item = Evidence> {
        self.policies.iter().filter_map(|policy| {
            let length = policy.document.chars().count();
            let limit = LIMITS.into_iter().find(|limit| length <= *limit).unwrap_or(LIMITS[1]);
            let full = length * 10 >= limit * 9;
            full.then(|| Evidence::new(&policy.name, format!("{length} of the {limit} characters that AWS allows")))
        })
    }

    /// How many policies there are, how full they are, and which are of no use any more.
    pub(crate) fn evidence(&self) -> Vec<Evidence> {
        let least = if self.context.region().log_policies.rest.get().is_ok() { "" } else { "at least " };
        let number = Evidence::new("resource policies", format!("{least}{} of {MOST} in use", self.policies.len()));
        let stale = self.stale().into_iter().map(|policy| Evidence::new(&policy.name, "its log groups do not exist"));
        std::iter::once(number).chain(self.nearly_full()).chain(stale).collect()
    }

    /// The policies of which every log group is known not to exist.
    fn stale(&self) -> Vec<&'a LogPolicy> {
        let is_gone = |arn: &Value| {
            let name = arn.as_str().and_then(|arn| named_group(self.context, arn));
            name.is_some_and(|name| self.context.log_group(name) == Ok(None))
        };
        let allows_nothing = |statement: &Value| {
            let resources = each(&statement["Resource"]);
            statement["Effect"] == "Allow" && !resources.is_empty() && resources.into_iter().all(is_gone)
        };
        let is_stale = |policy: &&&LogPolicy| {
            let document = serde_json::from_str::<Value>(&policy.document).unwrap_or_default();
            let statements = each(&document["Statement"]);
            !statements.is_empty() && statements.into_iter().all(allows_nothing)
        };
        self.policies.iter().filter(is_stale).copied().collect()
    }

    /// How to add a statement: a policy of its own; where there are ten already, one of them that has room for it, or else
    /// the policy of the log group.
    pub(crate) fn fix(&self, grant: &Grant<'_>) -> Fix {
        let wanted = grant.wanted;
        let names =
            (1..).map(|number| if number == 1 { grant.name.to_owned() } else { format!("{}-{number}", grant.name) });
        let is_free = |name: &String| self.policies.iter().all(|policy| policy.name != *name);
        if self.policies.len() < MOST {
            let name = names.into_iter().find(is_free).unwrap_or_default();
            let document = json!({"Version": "2012-10-17", "Statement": [grant.statement]}).to_string();
            return Fix::text(format!("Add a resource policy so that {wanted}."))
                .commands([self.put(&name, None, &document)]);
        }
        let full = format!(
            "{} of {MOST} resource policies of {} are in use, and AWS rejects another",
            self.policies.len(),
            self.context.region().name
        );
        let stale: Vec<&str> = self.stale().iter().map(|policy| policy.name.as_str()).collect();
        let stale = match stale[..] {
            [] => String::new(),
            [one] => format!(" Resource policy {one} could be deleted: its log groups do not exist."),
            _ => format!(
                " These resource policies could be deleted, because their log groups do not exist: {}.",
                few(&stale)
            ),
        };
        if let Some((name, document)) = self.extended(&grant.statement) {
            let length = document.chars().count();
            let text = format!(
                "{full}. Add a statement to {name} so that {wanted}: the command replaces its document and keeps all \
                 of its statements ({length} of the {} characters that AWS allows).{stale}",
                self.limit
            );
            return Fix::text(text).commands([self.put(name, None, &document)]);
        }
        let own = grant.own.as_ref().filter(|(arn, _)| {
            let others =
                self.context.region().log_policies.seen.iter().filter_map(|policy| policy.log_group.as_deref());
            others.into_iter().all(|other| other.trim_end_matches(":*") != arn)
        });
        let no_room = format!("{full}; none has room for another statement (limit: {} characters)", self.limit);
        let Some((arn, statement)) = own else {
            let text = format!("{no_room}. Merge two of them or delete one, then add one so that {wanted}.{stale}");
            return Fix::text(text);
        };
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let text = format!(
            "{no_room}. Add a resource policy to the log group itself, which does not count towards the {MOST}, so \
             that {wanted}.{stale}"
        );
        Fix::text(text).commands([self.put(grant.name, Some(arn), &document)])
    }

    /// The policy that a statement goes into best, by name, and its document with it. AWS rewrites the policy that it keeps
    /// for deliveries, so that comes last; the shortest leaves the most room.
    fn extended(&self, statement: &Value) -> Option<(&'a str, String)> {
        let with = |policy: &&'a LogPolicy| Some((policy.name.as_str(), extend(&policy.document, statement)?));
        let fits = |(_, document): &(&str, String)| document.chars().count() <= self.limit;
        let rank = |(name, document): &(&str, String)| (name.starts_with("AWSLogDeliveryWrite"), document.len());
        self.policies.iter().filter_map(with).filter(fits).min_by_key(rank)
    }

    fn put(&self, name: &str, group: Option<&str>, document: &str) -> Command {
        let mut command = vec!["aws", "logs", "put-resource-policy", "--region", &self.context.region().name];
        command.extend(["--policy-name", name]);
        command.extend(group.iter().flat_map(|arn| ["--resource-arn", arn]));
        command.extend(["--policy-document", document]);
        command.into_iter().map(str::to_owned).collect()
    }
}

/// A document with one more statement, whose Sid no other has.
fn extend(document: &str, statement: &Value) -> Option<String> {
    let mut document: Value = serde_json::from_str(document).ok()?;
    let statements = document.get_mut("Statement")?;
    if statements.is_object() {
        *statements = Value::Array(vec![statements.take()]);
    }
    let statements = statements.as_array_mut()?;
    let mut statement = statement.clone();
    let wanted = statement["Sid"].as_str()?.to_owned();
    let sids = (1..).map(|number| if number == 1 { wanted.clone() } else { format!("{wanted}{number}") });
    let is_free = |sid: &String| statements.iter().all(|other| other["Sid"] != sid.as_str());
    statement["Sid"] = sids.into_iter().find(is_free)?.into();
    statements.push(statement);
    Some(document.to_string())
}

/// The elements of a list; anything else is its own only element.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// The names of the log groups of this account and region that policies name without a wildcard: whether they exist tells
/// which policies could go.
/// None where there is room for another policy.
pub(crate) fn named_groups(context: &Context<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let PolicyRoom { policies, .. } = PolicyRoom::of(context);
    for policy in policies.iter().filter(|_| policies.len() >= MOST) {
        let document = serde_json::from_str::<Value>(&policy.document).unwrap_or_default();
        let statements = each(&document["Statement"]);
        let resources = statements.into_iter().flat_map(|statement| each(&statement["Resource"]));
        let groups = resources.filter_map(|arn| named_group(context, arn.as_str()?));
        names.extend(groups.map(str::to_owned));
    }
    names
}

/// The log group of this account and region that a resource of a policy is about, if it is one.
fn named_group<'r>(context: &Context<'_>, arn: &'r str) -> Option<&'r str> {
    let destination = Destination::parse(arn);
    match destination {
        Destination::LogGroup(_, name) if context.is_here(&destination) && !name.contains(['*', '?']) => Some(name),
        _ => None,
    }
}
