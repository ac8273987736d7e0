//! Reports that tests make up, where what an audit would say does not matter.

use super::*;

/// One failing outcome.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Stands for the subject.
    pub(crate) number: u64,
    pub(crate) severity: Severity,
    /// In the message.
    pub(crate) detail: u64,
}

/// The regions in which they are, by number.
const REGIONS: [&str; 4] = ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2"];

impl Made {
    fn row(&self) -> Row {
        let region = REGIONS[usize::try_from(self.number % 4).expect("fits")];
        let name = format!("service-{:05}/prod", self.number);
        let arn = format!("arn:aws:apigateway:{region}::/restapis/{:010x}/stages/prod", self.number);
        let subject = Thing { kind: SubjectKind::RestStage, arn, name };
        let command = ["aws", "apigateway", "update-stage", "--region", region, "--rest-api-id"].map(str::to_owned);
        let command = command.into_iter().chain([format!("{:010x}", self.number)]).collect();
        let failed = Failed {
            cause: subject.clone(),
            message: format!("The stage writes no access log ({}): no destination is set.", self.detail),
            evidence: vec![Evidence { name: "access log".to_owned(), value: "none".to_owned() }],
            affects: Vec::new(),
            fix: "Set a log group and a format: `gatelight format print --protocol rest` prints one.".to_owned(),
            fix_command: Some(command),
        };
        Row {
            check: "access-log-off".to_owned(),
            severity: self.severity,
            subject,
            verdict: Told::Fail(Box::new(failed)),
            ignored: None,
        }
    }
}

impl Report {
    /// A report of four regions of an account in which every subject was seen: these fail, and for each of `passing`
    /// the check passes.
    pub(crate) fn made(failing: &[Made], passing: &[u64], at: Timestamp) -> Self {
        let checks: Vec<_> = find_check("access-log-off").into_iter().collect();
        let mut builder = Builder::new(&checks, Policy::default(), &[], FailOn::Medium, at).expect("a temporary file");
        for (place, region) in REGIONS.iter().enumerate() {
            let here = |number: u64| number % 4 == place as u64;
            let (start, mut rows) = (builder.at, 0);
            let passes = passing.iter().filter(|number| here(**number)).map(|number| {
                let made = Made { number: *number, severity: Severity::Low, detail: 0 };
                Row { verdict: Told::Pass { note: None }, ..made.row() }
            });
            for row in failing.iter().filter(|made| here(made.number)).map(Made::row).chain(passes) {
                builder.write(&row).expect("writes");
                rows += 1;
            }
            let account = "123456789012".to_owned();
            let shard = Shard {
                account: account.clone(),
                region: (*region).to_owned(),
                stages: rows,
                functions: 0,
                log_groups: 0,
                traffic: Traffic::default(),
                gaps: Vec::new(),
                coverage: Coverage {
                    checks: vec![("access-log-off", gatelight_checks::Unseen::None)],
                    ..Coverage::default()
                },
                start,
                rows,
            };
            builder.shards.insert((account, (*region).to_owned()), shard);
        }
        builder.finish(at, at).expect("finishes")
    }
}
