//! Which accounts an audit reads, and in which regions. All accounts are resolved before any is read, so that a misspelt
//! profile stops the run at once. An account that cannot be reached does not stop the others; its facts are unknown.

use anyhow::{anyhow, bail};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatelight_model::{
    Fetched, Gap, GapKind,
    arn::Arn,
    fetched::GapDetails,
    inventory::{self, Account},
};
use jiff::Timestamp;

use crate::{
    collect::{
        self,
        aws::{CallerIdentity, Calls, CredentialSource, Pace, Session},
    },
    config::Regions,
    notice::Problems,
    progress::Progress,
    text::with_causes,
};

/// An account to read.
pub(crate) struct Reachable<'a> {
    pub(crate) whose: &'a CredentialSource,
    pub(crate) session: Session,
    pub(crate) caller: CallerIdentity,
    /// The region in which its global services are called.
    pub(crate) home: String,
    pub(crate) regions: Vec<String>,
    /// The calls that it took to reach it.
    pub(crate) calls: Calls,
}

/// An account that could not be reached. All its facts are gaps.
pub(crate) struct Unreachable {
    pub(crate) account: Account,
    pub(crate) regions: Vec<inventory::Region>,
}

/// Connects to every account.
///
/// # Errors
/// If a name is wrong, or no account can be reached.
pub(crate) async fn connect<'a>(
    whose: &'a [CredentialSource],
    regions: &Regions,
    pace: Pace,
    progress: &Progress,
    http: &SharedHttpClient,
) -> anyhow::Result<(Vec<Reachable<'a>>, Vec<Unreachable>)> {
    for whose in whose {
        Session::check(whose).await?;
    }
    let (mut open, mut failed) = (Vec::new(), Vec::new());
    for whose in whose {
        let calls = Calls::new(pace, progress.clone());
        let session = match Session::open(whose, http, &calls).await {
            Ok(session) => session,
            Err(problem) => {
                failed.push((whose, problem));
                continue;
            }
        };
        let (home, names) = where_to_look(&session, whose, regions, &calls).await?;
        match session.caller(&home, &calls).await {
            Ok(caller) => open.push(Reachable { whose, session, caller, home, regions: names, calls }),
            Err(problem) => failed.push((whose, problem)),
        }
    }
    let Some(first) = open.first() else {
        let mut problems: Vec<_> = failed.into_iter().map(|(_, problem)| problem).collect();
        return Err(match problems.len() {
            0 => anyhow!("no account to audit"),
            1 => problems.remove(0),
            _ => Problems(problems).into(),
        });
    };
    // The regions of an account that cannot be asked are those of the others.
    let names = match regions {
        Regions::Named(names) => names.clone(),
        Regions::Chain | Regions::All => first.regions.clone(),
    };
    let closed = failed.into_iter().map(|(whose, problem)| closed(whose, &problem, &names)).collect();
    Ok((open, closed))
}

async fn where_to_look(
    session: &Session,
    whose: &CredentialSource,
    regions: &Regions,
    calls: &Calls,
) -> anyhow::Result<(String, Vec<String>)> {
    let (home, names) = match regions {
        Regions::Named(names) => (names.first().cloned(), names.clone()),
        // The region of the profile is where these credentials are known to work; others may be closed to them.
        Regions::All => (session.region(), collect::every_region(session, calls).await?),
        Regions::Chain => match session.region() {
            Some(region) => (Some(region.clone()), vec![region]),
            None => bail!(
                "no region: use --region NAME or --all-regions, set AWS_REGION, or set one for {whose} in the shared \
                 AWS configuration"
            ),
        },
    };
    collect::check_regions(session, &names, calls).await?;
    let home = home.or_else(|| names.first().cloned()).unwrap_or_default();
    Ok((home, names))
}

fn closed(whose: &CredentialSource, problem: &anyhow::Error, regions: &[String]) -> Unreachable {
    let gap = problem.downcast_ref::<Gap>().cloned().unwrap_or_else(|| {
        Gap::new(GapDetails {
            operation: String::new(),
            permission: String::new(),
            resource: whose.to_string(),
            kind: GapKind::Failed,
            message: with_causes(problem),
            denied_by: None,
        })
    });
    // The ARN of a role names its account.
    let arn = match whose {
        CredentialSource::Role(role) => Arn::parse(&role.arn),
        CredentialSource::Default | CredentialSource::Profile(_) => None,
    };
    let partition = regions.first().map_or("aws", |region| collect::partition_of(region));
    Unreachable {
        account: Account {
            id: arn.map_or_else(|| Err(gap.clone()).into(), |arn| Fetched::known(arn.account.to_owned())),
            partition: arn.map_or(partition, |arn| arn.partition).to_owned(),
            collected_at: Timestamp::now(),
            roles: Vec::new(),
            managed_policies: Vec::new(),
            organization: Err(gap.clone()).into(),
        },
        regions: regions.iter().map(|region| inventory::Region::unread(region, &gap)).collect(),
    }
}
