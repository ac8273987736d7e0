//! An inventory of one stage, for tests of format checks.

use gatelight_model::{
    Fetched, Listing,
    inventory::{AccessLogSetting, Account, Api, Protocol, Region, Stage, StageOf},
};
use jiff::Timestamp;

use crate::{
    check::{Check, Judge},
    context::{Context, Scope},
    policy::Policy,
    verdict::{Failure, Judgement, Verdict},
};

pub(in crate::access_log) const DESTINATION: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:access";

/// The verdict of a check on a stage with that access-log format; `None`: the access log is off.
pub(in crate::access_log) fn verdict(check: &Check, protocol: Protocol, format: Option<&str>) -> Verdict {
    verdict_under(Policy::NONE, check, protocol, format)
}

/// The same, with a policy.
pub(in crate::access_log) fn verdict_under(
    policy: &Policy,
    check: &Check,
    protocol: Protocol,
    format: Option<&str>,
) -> Verdict {
    let Judge::Stage(judge) = check.judge else { panic!("{} judges no stage", check.id) };
    let account = Account {
        id: gatelight_model::Fetched::known("123456789012".to_owned()),
        partition: "aws".to_owned(),
        collected_at: Timestamp::UNIX_EPOCH,
        roles: vec![],
        managed_policies: vec![],
        organization: gatelight_model::Fetched::known(None),
    };
    let region = Region::not_collected("eu-west-1");
    let stage = Stage {
        name: "prod".to_owned(),
        access_log: Some(AccessLogSetting {
            destination: Some(DESTINATION.to_owned()),
            format: format.map(str::to_owned),
        }),
        method_logging: vec![],
        tracing: None,
        has_canary: false,
        changed_at: Fetched::known(Timestamp::UNIX_EPOCH),
    };
    let api = Api { id: "a1b2c3d4e5".to_owned(), name: "orders".to_owned(), protocol, stages: Listing::whole(vec![]) };
    let context = Context::under(Scope { account: &account, region: &region }, policy);
    judge(&StageOf { api: &api, stage: &stage }, &context)
}

pub(in crate::access_log) fn failure(check: &Check, protocol: Protocol, format: &str) -> Box<Failure> {
    match verdict(check, protocol, Some(format)) {
        Ok(Judgement::Fail(failure)) => failure,
        other => panic!("{protocol:?} {format}: {other:?}"),
    }
}

pub(in crate::access_log) fn evidence<'f>(failure: &'f Failure, name: &str) -> Option<&'f str> {
    let found = failure.evidence.iter().find(|evidence| evidence.name == name);
    found.map(|evidence| evidence.value.as_str())
}
