//! Reports that tests make up, where what an audit would find does not matter.

use gatelight_checks::{
    CHECKS, Coverage, Policy, Unseen, find_check,
    testing::{self, Inventory},
    verdict::Evidence,
};
use gatelight_model::{Confidence, Fetched, Listing, Severity, Subject, SubjectKind};
use jiff::{SignedDuration, Timestamp};

use super::{
    Report,
    builder::Builder,
    listings::ApiListings,
    outcome::{OutcomeRecord, RecordedFailure, RecordedVerdict, RegionReport},
    spool::SpoolRange,
    subject::VisibilityCounts,
};
use crate::{collect::aws::Traffic, config::FailOn, finding::FindingDetails};

/// A stage without an access log.
#[derive(Clone, Debug)]
pub(crate) struct FailingStage {
    /// Identifies the stage.
    pub(crate) number: u64,
    pub(crate) severity: Severity,
    /// A figure in the message.
    pub(crate) detail: u64,
}

/// The regions in which they are, by number.
const REGIONS: [&str; 4] = ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2"];

impl FailingStage {
    fn outcome(&self) -> OutcomeRecord {
        let region = REGIONS[usize::try_from(self.number % 4).expect("fits")];
        let name = format!("service-{:05}/prod", self.number);
        let arn = format!("arn:aws:apigateway:{region}::/restapis/{:010x}/stages/prod", self.number);
        let subject = Subject { kind: SubjectKind::RestStage, arn, name };
        let command = ["aws", "apigateway", "update-stage", "--region", region, "--rest-api-id"].map(str::to_owned);
        let command = command.into_iter().chain([format!("{:010x}", self.number)]).collect();
        let failure = RecordedFailure {
            message: format!("The stage writes no access log ({}): no destination is set.", self.detail),
            evidence: vec![Evidence { name: "access log".to_owned(), value: "none".to_owned() }],
            details: FindingDetails {
                cause: subject.clone(),
                affects: Vec::new(),
                fix: "Set a log group and a format: `gatelight format print --protocol rest` prints one.".to_owned(),
                fix_commands: vec![command],
            },
        };
        OutcomeRecord {
            check: "access-log-off".to_owned(),
            severity: self.severity,
            confidence: Confidence::High,
            subject,
            verdict: RecordedVerdict::Fail(Box::new(failure)),
            ignored: None,
        }
    }
}

/// A report of four regions of an account in which every subject was seen: these fail, and for each of `passing` the
/// check passes.
pub(crate) fn report(failing: &[FailingStage], passing: &[u64], at: Timestamp) -> Report {
    let checks: Vec<_> = find_check("access-log-off").into_iter().collect();
    let mut builder = Builder::new(&checks, Policy::default(), &[], FailOn::Medium, at).expect("a temporary file");
    for (position, region) in REGIONS.iter().enumerate() {
        let here = |number: u64| number % 4 == position as u64;
        let passes = passing.iter().filter(|number| here(**number)).map(|number| {
            let stage = FailingStage { number: *number, severity: Severity::Low, detail: 0 };
            OutcomeRecord { verdict: RecordedVerdict::Pass { note: None }, ..stage.outcome() }
        });
        let fails = failing.iter().filter(|stage| here(stage.number)).map(FailingStage::outcome);
        builder.outcomes.spool.begin_region();
        let mut stages = 0;
        for outcome in fails.chain(passes) {
            builder.outcomes.write(&outcome).expect("writes");
            stages += 1;
        }
        let outcomes = builder.outcomes.spool.region();
        builder.insert(RegionReport {
            account: "123456789012".to_owned(),
            region: (*region).to_owned(),
            skipped: None,
            apis: ApiListings::Read { apis: 1, whole: true },
            functions_read: true,
            stages,
            functions: 0,
            log_groups: 0,
            traffic: Traffic::default(),
            gaps: Vec::new(),
            coverage: Coverage { checks: vec![("access-log-off", Unseen::None)], ..Coverage::default() },
            visibility: VisibilityCounts::default(),
            shown: Vec::new(),
            outcomes,
            subjects: SpoolRange::default(),
        });
    }
    builder.finish(at, at).expect("finishes")
}

/// The report of these regions.
pub(crate) fn audited(inventories: &[Inventory]) -> Report {
    audited_after(inventories, 0)
}

/// The same, of an audit that ends so many hours later.
pub(crate) fn audited_after(inventories: &[Inventory], hours: i64) -> Report {
    let now = testing::healthy().account.collected_at + SignedDuration::from_hours(hours);
    let checks: Vec<_> = CHECKS.iter().collect();
    let mut builder = Builder::new(&checks, Policy::default(), &[], FailOn::Medium, now).expect("a temporary file");
    for inventory in inventories {
        builder.add(&inventory.account, &inventory.region, Traffic::default()).expect("adds");
    }
    builder.finish(now, now).expect("finishes")
}

/// A region with 37 stages: 36 write with a role that was deleted, and one sandbox logs nothing.
pub(crate) fn thirty_seven_stages() -> Inventory {
    let mut inventory = testing::healthy();
    let model = inventory.region.rest_apis.seen[0].clone();
    let service = |number: usize| {
        let mut api = model.clone();
        (api.id, api.name) = (format!("svc{number:07}"), format!("svc-{number:02}"));
        api.stages.seen.truncate(1);
        api
    };
    let mut sandbox = service(99);
    sandbox.name = "sandbox".to_owned();
    for stage in &mut sandbox.stages.seen {
        stage.access_log = None;
        stage.method_logging.clear();
    }
    let mut apis: Vec<_> = (0..36).map(service).collect();
    apis.push(sandbox);
    inventory.region.rest_apis = Listing::whole(apis);
    inventory.region.v2_apis = Listing::whole(Vec::new());
    *inventory.gateway_role_mut() = Fetched::known(None);
    inventory
}
