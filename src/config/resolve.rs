//! Settings become the configuration of an audit: every default is filled in and every name is looked up.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use gatelight_checks::{CHECKS, Check, Policy, find_check, policy::Ignore};
use gatelight_formats::{
    Template,
    variables::{Suggestion, suggestion},
};
use gatelight_model::{Need, Severity, arn::Arn, inventory::Protocol};
use jiff::Timestamp;

use super::{
    Settings,
    route::WebhookRoute,
    search, slack,
    values::{Color, FailOn, IgnoreSetting, ReportFormat, Switch},
};
use crate::{
    collect::{
        EvidenceOptions, SearchSettings,
        aws::{CredentialSource, Pace, RoleToAssume},
    },
    suggest::nearest,
};

/// Settings with every default filled in, and every name looked up.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a user turns by itself")]
pub(crate) struct Config {
    pub(crate) source: AuditSource,
    pub(crate) evidence: EvidenceOptions,
    /// What to search log groups for.
    pub(crate) search: SearchSettings,
    pub(crate) save: Option<PathBuf>,
    pub(crate) checks: Vec<&'static Check>,
    /// Facts to read beside those that the checks need.
    pub(crate) extra_needs: &'static [Need],
    pub(crate) severities: BTreeMap<String, Severity>,
    pub(crate) ignores: Vec<IgnoreSetting>,
    pub(crate) required_fields: Vec<String>,
    /// How many milliseconds API Gateway itself may take of a request on average.
    pub(crate) overhead_limit: u32,
    pub(crate) fail_on: FailOn,
    pub(crate) format: ReportFormat,
    pub(crate) output: PathBuf,
    pub(crate) ledger: Option<PathBuf>,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) color: Color,
    /// Whether a terminal shows progress.
    pub(crate) shows_progress: bool,
    /// Slack webhooks, and which findings each gets.
    pub(crate) slack: Vec<WebhookRoute>,
    /// `audit --slack`.
    pub(crate) post_to_slack: bool,
}

/// Where an audit reads its facts.
#[derive(Debug)]
pub(crate) enum AuditSource {
    /// AWS.
    Live {
        /// The credentials of each account.
        whose: Vec<CredentialSource>,
        /// In each account.
        regions: Regions,
        /// How much of AWS's request quotas to use.
        pace: Pace,
    },
    /// A saved inventory.
    Saved(PathBuf),
}

/// The regions to read.
#[derive(Debug)]
pub(crate) enum Regions {
    /// That of the environment or profile.
    Chain,
    /// These.
    Named(Vec<String>),
    /// All that are enabled.
    All,
}

impl Settings {
    /// Fills in the defaults and looks up every name.
    ///
    /// # Errors
    /// Names what is wrong, and the nearest thing that would be right.
    pub(crate) fn resolve(self) -> anyhow::Result<Config> {
        for (place, id) in self.check_ids() {
            check_by_id(id).context(place)?;
        }
        let checks = self.checks()?;
        self.check_ignores()?;
        let required_fields = required_fields(self.required_fields.as_deref().unwrap_or_default())?;
        let search = search::search(
            self.also_search_for.as_deref().unwrap_or_default(),
            self.pattern.clone().unwrap_or_default(),
            self.log_group.as_deref().unwrap_or_default(),
        )?;
        let source = self.source()?;
        self.check_destinations()?;
        Ok(Config {
            source,
            evidence: EvidenceOptions {
                window: self.since().0,
                metrics: self.metrics() == Switch::On,
                samples: self.samples() == Switch::On,
                insights: self.insights(),
            },
            search,
            checks,
            extra_needs: &[],
            required_fields,
            overhead_limit: self.gateway_overhead().0,
            fail_on: self.fail_on(),
            format: self.format(),
            output: self.output(),
            quiet: self.quiet(),
            verbose: self.verbose(),
            color: self.color(),
            // A log of failed calls would break the line.
            shows_progress: !self.no_progress() && !self.quiet() && !self.verbose(),
            slack: slack::routes(self.slack.unwrap_or_default())?,
            post_to_slack: false,
            save: self.save,
            ledger: self.ledger,
            severities: self.severity.unwrap_or_default(),
            ignores: self.ignore.unwrap_or_default(),
        })
    }

    /// The checks to run.
    fn checks(&self) -> anyhow::Result<Vec<&'static Check>> {
        let checks =
            selected_checks(self.check.as_deref().unwrap_or_default(), self.skip.as_deref().unwrap_or_default())?;
        // A saved inventory may hold metrics.
        if self.metrics() == Switch::On || self.from.is_some() {
            return Ok(checks);
        }
        without_metrics(checks, self.check.is_some())
    }

    fn check_ignores(&self) -> anyhow::Result<()> {
        for ignore in self.ignore.iter().flatten() {
            if ignore.reason.trim().is_empty() {
                bail!("[[ignore]] of {:?} needs a reason", ignore.check);
            }
            Ignore::new(&ignore.check, &ignore.subject, false)
                .with_context(|| format!("[[ignore]] of {:?}, subject {:?}", ignore.check, ignore.subject))?;
        }
        Ok(())
    }

    /// Where facts come from.
    fn source(&self) -> anyhow::Result<AuditSource> {
        if let Some(file) = &self.from {
            return Ok(AuditSource::Saved(file.clone()));
        }
        let whose = credential_sources(
            self.profile.clone().unwrap_or_default(),
            self.role_arn.clone().unwrap_or_default(),
            self.external_id.as_deref(),
        )?;
        let regions = match (self.all_regions(), &self.region) {
            (true, Some(_)) => bail!("all-regions and region are both set; set one of the two"),
            (true, None) => Regions::All,
            (false, Some(names)) if !names.is_empty() => {
                let mut seen = BTreeSet::new();
                Regions::Named(names.iter().filter(|name| seen.insert(*name)).cloned().collect())
            }
            (false, _) => Regions::Chain,
        };
        Ok(AuditSource::Live { whose, regions, pace: self.pace().0 })
    }

    /// Refuses to write the inventory where something else is read or written.
    fn check_destinations(&self) -> anyhow::Result<()> {
        let (Some(save), output) = (&self.save, self.output()) else { return Ok(()) };
        if let Some(from) = &self.from {
            bail!("from {} and save {} are both set; set one of the two", from.display(), save.display());
        }
        if save == Path::new("-") && output == Path::new("-") {
            bail!("--save - and the report both go to standard output; give --output FILE as well");
        }
        if *save == output {
            bail!("the inventory and the report would both be written to {}", output.display());
        }
        Ok(())
    }
}

impl Config {
    /// The owner's decisions as they are at a time: an ignore can end.
    ///
    /// # Errors
    /// An ignore with a pattern that cannot be read. `resolve` refuses them, so there is none.
    pub(crate) fn policy(&self, now: Timestamp) -> anyhow::Result<Policy> {
        let ignores = self.ignores.iter().map(|ignore| Ignore::new(&ignore.check, &ignore.subject, ignore.ended(now)));
        Ok(Policy {
            severities: self.severities.clone(),
            ignores: ignores.collect::<Result<_, _>>()?,
            required_fields: self.required_fields.clone(),
            overhead: Some(self.overhead_limit),
            // A saved inventory may hold metrics.
            without_metrics: !self.evidence.metrics && matches!(self.source, AuditSource::Live { .. }),
        })
    }

    /// The same, for `audit --slack`.
    ///
    /// # Errors
    /// If there is no webhook.
    pub(crate) fn posting_to_slack(self) -> anyhow::Result<Self> {
        if self.slack.is_empty() {
            bail!("--slack needs a [[slack]] table in the configuration (--config FILE): it names the webhook");
        }
        Ok(Self { post_to_slack: true, ..self })
    }
}

/// The credentials of each account to audit, without duplicates.
fn credential_sources(
    profiles: Vec<String>,
    roles: Vec<String>,
    external_id: Option<&str>,
) -> anyhow::Result<Vec<CredentialSource>> {
    let base = profiles.first().cloned();
    let mut all: Vec<CredentialSource> = profiles.into_iter().map(CredentialSource::Profile).collect();
    for arn in roles {
        let is_role = Arn::parse(&arn).is_some_and(|arn| {
            let twelve = arn.account.len() == 12 && arn.account.bytes().all(|digit| digit.is_ascii_digit());
            arn.service == "iam" && twelve && arn.resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        });
        if !is_role {
            bail!("--role-arn {arn:?} is not the ARN of a role, such as arn:aws:iam::123456789012:role/gatelight");
        }
        all.push(CredentialSource::Role(RoleToAssume {
            arn,
            external_id: external_id.map(str::to_owned),
            base: base.clone(),
        }));
    }
    if all.is_empty() {
        all.push(CredentialSource::Default);
    }
    let mut seen = Vec::new();
    all.retain(|whose| {
        let new = !seen.contains(whose);
        seen.push(whose.clone());
        new
    });
    Ok(all)
}

/// Checks names of variables, and returns them without `$context.`.
///
/// # Errors
/// If one is not a name, or a misspelling of a known one: such a field would be missing from every log.
fn required_fields(fields: &[String]) -> anyhow::Result<Vec<String>> {
    let field = |field: &String| {
        let name = field.strip_prefix("$context.").unwrap_or(field);
        let variable = format!("$context.{name}");
        if Template::parse(&variable).variables().next().is_none_or(|found| found.source != variable) {
            bail!("required-fields: {field:?} is not a variable name such as identity.sourceIp");
        }
        if let Some(Suggestion { name, .. }) = suggestion(Protocol::Rest, name) {
            bail!("required-fields: API Gateway has no variable {field:?}; did you mean {name}?");
        }
        Ok(name.to_owned())
    };
    fields.iter().map(field).collect()
}

/// The checks that need no CloudWatch metrics. If the owner turned metrics off, the others are skipped, as by `--skip`: they
/// are not reported as "could not check", and earlier findings are not resolved.
///
/// # Errors
/// If a check that needs metrics was selected by name.
fn without_metrics(checks: Vec<&'static Check>, by_name: bool) -> anyhow::Result<Vec<&'static Check>> {
    let needs = |check: &&Check| check.needs_metrics();
    match checks.iter().copied().find(needs) {
        Some(check) if by_name => bail!(
            "check {} needs CloudWatch metrics, but `metrics` is off; remove the check, or turn metrics on",
            check.id
        ),
        _ => Ok(checks.into_iter().filter(|check| !needs(check)).collect()),
    }
}

/// The checks of `only`, or all if it is empty, without those of `skip`.
fn selected_checks(only: &[String], skip: &[String]) -> anyhow::Result<Vec<&'static Check>> {
    let is_in = |ids: &[String], check: &Check| ids.iter().any(|id| id == check.id);
    let checks: Vec<_> = CHECKS
        .iter()
        .filter(|check| only.is_empty() || is_in(only, check))
        .filter(|check| !is_in(skip, check))
        .collect();
    if checks.is_empty() {
        bail!("no check left: every selected check is skipped");
    }
    Ok(checks)
}

/// The check with an id.
///
/// # Errors
/// Names the nearest id.
pub(crate) fn check_by_id(id: &str) -> anyhow::Result<&'static Check> {
    find_check(id).ok_or_else(|| {
        let hint = nearest(id, CHECKS.iter().map(|check| check.id))
            .map_or_else(|| "`gatelight explain` lists them".to_owned(), |near| format!("did you mean {near}?"));
        anyhow!("there is no check {id:?}; {hint}")
    })
}
