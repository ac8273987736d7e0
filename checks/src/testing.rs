//! Scenarios: an account in which all is well, with two of everything, and what it looks like when something is not.
//! For tests and for the demo; every ARN, name and policy here is made up.

mod build;
mod deliveries;
mod emission;
mod empty;
mod functions;
mod healthy;
mod ingested;
mod network;
#[cfg(test)]
pub(crate) use network::central;
mod organization;
mod roles;
mod scenarios;
mod stages;
mod tracing;
mod traffic;

use gatelight_model::{
    Fetched, Gap, GapKind, Listing,
    fetched::GapDetails,
    inventory::{
        AccessLogSetting, Account, Api, DeliveryStream, Function, Key, LogGroup, MethodLogging, Region, Role,
        RoleAnswer, Stage,
    },
};
use serde::{Deserialize, Serialize};

use crate::{Check, Context, Judgement, Scope, Verdict, check::Judge, verdict::Failure};

pub use build::{sampling_rule, trace_destination};
pub use healthy::{FORMAT, LONGER_FORMAT, LONGER_WEBSOCKET_FORMAT, WEBSOCKET_FORMAT, healthy};
pub use scenarios::{empty, named_scenarios, scenarios};

/// One region of an account, owned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// What is global.
    pub account: Account,
    /// What is regional.
    pub region: Region,
}

/// A scenario: what is wrong in it, and how the healthy account becomes it.
type Fault = (&'static str, fn(&mut Inventory));

/// A gap as a denied call leaves it.
#[must_use]
pub fn denied(operation: &str) -> Gap {
    Gap::new(GapDetails {
        operation: operation.to_owned(),
        permission: operation.to_owned(),
        resource: String::new(),
        kind: GapKind::Denied,
        message: String::new(),
        denied_by: None,
    })
}

/// The gap of a listing that was denied as a whole.
#[must_use]
pub fn denied_listing(operation: &str) -> Gap {
    Gap::new(GapDetails { resource: "*".to_owned(), ..denied(operation).why().clone() })
}

/// An entry of [`Stage::method_logging`]: `None` for the stage-wide setting.
#[must_use]
pub fn logging(method: Option<&str>, level: Option<&str>) -> MethodLogging {
    MethodLogging { method: method.map(str::to_owned), level: level.map(str::to_owned), data_trace: false }
}

/// The tests' way in: what one check says about one subject, and a hand on the things that a test changes. Each of
/// these panics if the inventory has no such thing, as does indexing.
impl Inventory {
    /// For [`audit`](crate::audit) and [`Context::new`].
    #[must_use]
    pub fn scope(&self) -> Scope<'_> {
        Scope { account: &self.account, region: &self.region }
    }

    /// What `check` says about the subject that reports call `name`: `orders/prod`, `account settings`.
    ///
    /// # Errors
    /// If the check could not tell.
    ///
    /// # Panics
    /// If there is no such subject.
    pub fn verdict(&self, check: &Check, name: &str) -> Verdict {
        let context = Context::new(self.scope());
        match check.judge {
            Judge::Account(judge) => judge(&context),
            Judge::Function(judge, _) => {
                let function = context.functions().flatten().find(|function| function.name == name);
                judge(function.unwrap_or_else(|| panic!("no function {name}")), &context)
            }
            Judge::LogGroup(picks, judge) => {
                let group = context.log_groups_in_use().into_iter().find(|group| group.name == name && picks(group));
                judge(&group.unwrap_or_else(|| panic!("no log group {name}")), &context)
            }
            Judge::Stage(judge) => {
                let stage = context.stages().flatten().find(|stage| context.stage_subject(stage).name == name);
                judge(&stage.unwrap_or_else(|| panic!("no stage {name}")), &context)
            }
        }
    }

    /// The failure that `check` finds there.
    ///
    /// # Panics
    /// If it finds none.
    #[must_use]
    pub fn failure(&self, check: &Check, name: &str) -> Failure {
        match self.verdict(check, name) {
            Ok(Judgement::Fail(failure)) => *failure,
            other => panic!("{} says {other:?} about {name}", check.id),
        }
    }

    /// The API of that name.
    ///
    /// # Panics
    /// If there is none.
    pub fn api_mut(&mut self, name: &str) -> &mut Api {
        let Region { rest_apis, v2_apis, .. } = &mut self.region;
        let mut apis = rest_apis.seen.iter_mut().chain(&mut v2_apis.seen);
        apis.find(|api| api.name == name).unwrap_or_else(|| panic!("no API {name}"))
    }

    /// The stage that reports call `name`: `orders/prod`.
    ///
    /// # Panics
    /// If there is none.
    pub fn stage_mut(&mut self, name: &str) -> &mut Stage {
        let (api, stage) = name.rsplit_once('/').expect("api/stage");
        let mut stages = self.api_mut(api).stages.seen.iter_mut();
        stages.find(|candidate| candidate.name == stage).unwrap_or_else(|| panic!("no stage {name}"))
    }

    /// `orders/prod`: a REST stage that writes to `/gateway/orders`, logs execution, and has a canary.
    pub fn rest_stage_mut(&mut self) -> &mut Stage {
        self.stage_mut("orders/prod")
    }

    /// `orders/staging`: a REST stage that writes to the stream `amazon-apigateway-orders` and has overrides.
    pub fn firehose_stage_mut(&mut self) -> &mut Stage {
        self.stage_mut("orders/staging")
    }

    /// `shop/$default`: an HTTP stage that writes to `/gateway/shop`.
    pub fn http_stage_mut(&mut self) -> &mut Stage {
        self.stage_mut("shop/$default")
    }

    /// `chat/prod`: a WebSocket stage that writes to `/gateway/chat` and logs execution.
    pub fn websocket_stage_mut(&mut self) -> &mut Stage {
        self.stage_mut("chat/prod")
    }

    /// The access-log setting of a stage.
    ///
    /// # Panics
    /// If it has none.
    pub fn access_log_mut(&mut self, stage: &str) -> &mut AccessLogSetting {
        self.stage_mut(stage).access_log.as_mut().expect("an access-log setting")
    }

    /// What AWS said about a log group.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn log_group_mut(&mut self, name: &str) -> &mut Fetched<Option<LogGroup>> {
        let mut answers = self.region.log_groups.iter_mut();
        &mut answers.find(|answer| answer.name == name).unwrap_or_else(|| panic!("no log group {name}")).group
    }

    /// Deletes a log group: it is not searched either.
    ///
    /// # Panics
    /// If nobody asked about it.
    pub fn delete_log_group(&mut self, name: &str) {
        *self.log_group_mut(name) = Fetched::known(None);
        self.region.log_probes.retain(|answer| answer.group != name);
    }

    /// Denies the list of log groups, which is how each is looked up.
    pub fn deny_log_groups(&mut self) {
        let gap = denied_listing("logs:DescribeLogGroups");
        for answer in &mut self.region.log_groups {
            answer.group = Err(gap.clone()).into();
        }
    }

    /// Changes a log group.
    ///
    /// # Panics
    /// If it is not there.
    pub fn change_log_group(&mut self, name: &str, change: impl FnOnce(&mut LogGroup)) {
        change_known(self.log_group_mut(name), change);
    }

    /// What AWS said about a KMS key, by the end of its ARN.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn key_mut(&mut self, id: &str) -> &mut Fetched<Option<Key>> {
        let mut answers = self.region.keys.iter_mut();
        &mut answers.find(|answer| answer.arn.ends_with(id)).expect("that key").key
    }

    /// Changes a KMS key.
    ///
    /// # Panics
    /// If it is not there.
    pub fn change_key(&mut self, id: &str, change: impl FnOnce(&mut Key)) {
        change_known(self.key_mut(id), change);
    }

    /// What AWS said about a Firehose stream.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn delivery_stream_mut(&mut self, name: &str) -> &mut Fetched<Option<DeliveryStream>> {
        let mut answers = self.region.delivery_streams.iter_mut();
        &mut answers.find(|answer| answer.name == name).unwrap_or_else(|| panic!("no stream {name}")).stream
    }

    /// The ARN of the role that writes API Gateway's logs.
    ///
    /// # Panics
    /// If none is set.
    #[must_use]
    pub fn gateway_role_arn(&self) -> String {
        let settings = self.region.gateway_settings.get().expect("settings");
        settings.cloudwatch_role.clone().expect("a role")
    }

    /// Sets the role that writes API Gateway's logs.
    pub fn set_gateway_role(&mut self, arn: Option<&str>) {
        let cloudwatch_role = arn.map(str::to_owned);
        self.region.gateway_settings = Fetched::known(gatelight_model::inventory::GatewaySettings { cloudwatch_role });
    }

    /// What AWS said about the role that writes API Gateway's logs.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn gateway_role_mut(&mut self) -> &mut Fetched<Option<Role>> {
        let arn = self.gateway_role_arn();
        self.role_mut(&arn)
    }

    fn role_mut(&mut self, arn: &str) -> &mut Fetched<Option<Role>> {
        let mut answers = self.account.roles.iter_mut();
        &mut answers.find(|answer: &&mut RoleAnswer| answer.arn == arn).expect("that role").role
    }

    /// The function of that name: `checkout` has a role that others share and a resource policy that lets `orders` call
    /// it; `reports` writes to a log group of its own choice; `ranking` runs on managed instances.
    ///
    /// # Panics
    /// If there is none.
    pub fn function_mut(&mut self, name: &str) -> &mut Function {
        let mut functions = self.region.functions.seen.iter_mut();
        functions.find(|function| function.name == name).unwrap_or_else(|| panic!("no function {name}"))
    }

    /// What AWS said about who may call a function.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn callers_mut(&mut self, function: &str) -> &mut Fetched<Option<String>> {
        let arn = self.function_mut(function).arn.clone();
        let mut answers = self.region.callers.iter_mut();
        &mut answers.find(|answer| answer.function == arn).expect("its callers").policy
    }

    /// What AWS said about the role of a function.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn role_of_mut(&mut self, function: &str) -> &mut Fetched<Option<Role>> {
        let arn = self.function_mut(function).role.clone();
        self.role_mut(&arn)
    }

    /// Changes the role of a function.
    ///
    /// # Panics
    /// If it is not there.
    pub fn change_role_of(&mut self, function: &str, change: impl FnOnce(&mut Role)) {
        change_known(self.role_of_mut(function), change);
    }

    /// Changes the role that writes API Gateway's logs.
    ///
    /// # Panics
    /// If it is not there.
    pub fn change_gateway_role(&mut self, change: impl FnOnce(&mut Role)) {
        change_known(self.gateway_role_mut(), change);
    }

    /// The document of a managed policy, by the end of its ARN.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn managed_policy_mut(&mut self, name: &str) -> &mut Fetched<String> {
        let mut policies = self.account.managed_policies.iter_mut();
        &mut policies.find(|policy| policy.arn.ends_with(name)).expect("that policy").document
    }

    /// Breaks off the listing of REST APIs after what it holds.
    pub fn break_rest_apis(&mut self) {
        break_off(&mut self.region.rest_apis, "apigateway:GetRestApis");
    }
}

fn change_known<T: Clone>(fact: &mut Fetched<Option<T>>, change: impl FnOnce(&mut T)) {
    let mut thing = fact.get().expect("an answer").clone().expect("it exists");
    change(&mut thing);
    *fact = Fetched::known(Some(thing));
}

/// Breaks off a listing after what it holds.
pub fn break_off<T>(listing: &mut Listing<T>, operation: &str) {
    listing.rest = Err(denied(operation)).into();
}
