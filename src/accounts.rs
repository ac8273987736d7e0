//! Which accounts an audit reads, and where: found out for all before any is read, so that a misspelt profile costs
//! no audit. An account that cannot be opened costs the others nothing; what it would have told is unknown.

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
        aws::{Caller, Calls, Pace, Session, Whose},
    },
    config::Regions,
    progress::Progress,
};

/// An account to read.
pub(crate) struct Open<'a> {
    pub(crate) whose: &'a Whose,
    pub(crate) session: Session,
    pub(crate) caller: Caller,
    /// Where its global services are called.
    pub(crate) home: String,
    pub(crate) regions: Vec<String>,
    /// What was called to find it.
    pub(crate) calls: Calls,
}

/// An account that could not be opened, and the facts of it: none.
pub(crate) struct Closed {
    pub(crate) account: Account,
    pub(crate) regions: Vec<inventory::Region>,
}

/// Opens every account.
///
/// # Errors
/// If a name is wrong, or no account can be opened.
pub(crate) async fn open<'a>(
    whose: &'a [Whose],
    regions: &Regions,
    pace: Pace,
    progress: &Progress,
    http: &SharedHttpClient,
) -> anyhow::Result<(Vec<Open<'a>>, Vec<Closed>)> {
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
            Ok(caller) => open.push(Open { whose, session, caller, home, regions: names, calls }),
            Err(problem) => failed.push((whose, problem)),
        }
    }
    let Some(first) = open.first() else {
        let mut problems = failed.into_iter().map(|(_, problem)| problem);
        let first = problems.next().unwrap_or_else(|| anyhow!("there is no account to audit"));
        return Err(problems.fold(first, |all, next| anyhow!("{all:#}\ngatelight: {next:#}")));
    };
    // Where an account that cannot be asked would have been read: where the others are.
    let names = match regions {
        Regions::Named(names) => names.clone(),
        Regions::Chain | Regions::All => first.regions.clone(),
    };
    let closed = failed.into_iter().map(|(whose, problem)| closed(whose, &problem, &names)).collect();
    Ok((open, closed))
}

async fn where_to_look(
    session: &Session,
    whose: &Whose,
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
                "no region: pass --region NAME or --all-regions, set AWS_REGION, or set one for {whose} in the shared \
                 AWS configuration"
            ),
        },
    };
    collect::check_regions(session, &names, calls).await?;
    let home = home.or_else(|| names.first().cloned()).unwrap_or_default();
    Ok((home, names))
}

fn closed(whose: &Whose, problem: &anyhow::Error, regions: &[String]) -> Closed {
    let gap = problem.downcast_ref::<Gap>().cloned().unwrap_or_else(|| {
        Gap::new(GapDetails {
            operation: String::new(),
            permission: String::new(),
            resource: whose.to_string(),
            kind: GapKind::Failed,
            message: format!("{problem:#}"),
        })
    });
    // The ARN of a role names its account.
    let arn = match whose {
        Whose::Role(role) => Arn::parse(&role.arn),
        Whose::Default | Whose::Profile(_) => None,
    };
    let partition = regions.first().map_or("aws", |region| collect::partition_of(region));
    Closed {
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
