//! The pace of calls: the program keeps to its share of AWS's quotas.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{account, audit};
use crate::support::fake::{Fake, Fault, Request, Rule};

fn to_gateway(fake: &Fake) -> Vec<Request> {
    fake.requests().into_iter().filter(|request| request.operation.starts_with("apigateway")).collect()
}

/// AWS grants API Gateway's control plane ten requests a second and bursts of forty, for REST and v2 together; half of
/// that is a burst of twenty and five a second after it.
#[test]
fn half_the_pace_is_never_more_than_half_the_quota() {
    let fake = Fake::start(account(30, |_, _| "/gateway/all".to_owned()), []);
    audit(&fake, "0.5");
    let times: Vec<Instant> = to_gateway(&fake).iter().map(|request| request.at).collect();
    assert!(times.len() >= 33, "{} requests", times.len());
    for (i, start) in times.iter().enumerate() {
        for (j, end) in times.iter().enumerate().skip(i) {
            // Three more than the bucket gives: on its way a request may be held up, and come together with later ones.
            let most = 23.0 + 5.0 * end.duration_since(*start).as_secs_f64();
            let came = u32::try_from(j - i + 1).unwrap();
            assert!(f64::from(came) <= most, "{came} requests within {:?}", end.duration_since(*start));
        }
    }
}

/// After a 429 nobody calls API Gateway for a while: the quota is the account's, whichever call met its end.
#[test]
fn throttling_pauses_every_call_of_the_quota() {
    let fake = Fake::start(
        account(30, |_, _| "/gateway/all".to_owned()),
        [Rule { operation: "apigateway:GetStages", calls: 5..6, fault: Fault::Throttled, region: None }],
    );
    let output = audit(&fake, "0.5");
    let requests = to_gateway(&fake);
    let throttled = requests.iter().find(|request| request.spoiled).unwrap().at;
    // Calls that were under way when the answer came are past help. The answer said `Retry-After: 1`.
    let after = |request: &&Request| request.at > throttled + Duration::from_millis(200);
    let next = requests.iter().find(after).unwrap().at - throttled;
    assert!(next >= Duration::from_millis(950), "the next request came after {next:?}");
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["shards"][0]["throttled"], json!(1));
}

/// And no call of another quota: while API Gateway's gate is shut, log groups are read.
#[test]
fn throttling_pauses_no_other_quota() {
    let fake = Fake::start(
        account(3, |_, _| "/gateway/all".to_owned()),
        [Rule::first(1, "apigateway:GetAccount", Fault::Throttled)],
    );
    audit(&fake, "off");
    let requests = fake.requests();
    let of = |operation: &str| -> Vec<Instant> {
        requests.iter().filter(|request| request.operation == operation).map(|request| request.at).collect()
    };
    let (settings, groups) = (of("apigateway:GetAccount"), of("logs:DescribeLogGroups"));
    assert!(settings[1] - settings[0] >= Duration::from_millis(950), "{:?}", settings[1] - settings[0]);
    assert!(groups.iter().all(|at| *at < settings[1]), "log groups waited for API Gateway");
}
