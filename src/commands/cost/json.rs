//! The estimates as one JSON document.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use gatelight_checks::cost::{Cost, Estimate, Money, Total};
use serde::Serialize;

use super::estimates::{Estimates, StageLocation};

#[derive(Serialize)]
struct CostDocument<'a> {
    version: u32,
    prices: PricesEntry<'a>,
    hours_a_month: u64,
    stages: Vec<StageEntry<'a>>,
    unread: Vec<UnreadEntry<'a>>,
    /// Regions that are closed to the account.
    skipped: Vec<UnreadEntry<'a>>,
    total: TotalEntry,
    requests: TotalEntry,
}

#[derive(Serialize)]
struct PricesEntry<'a> {
    date: String,
    currency: &'static str,
    sources: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct StageEntry<'a> {
    account: &'a str,
    region: &'a str,
    stage: CostSubject<'a>,
    total: TotalEntry,
    costs: Vec<CostEntry<'a>>,
    requests: CostEntry<'a>,
    savings: Vec<SavingEntry>,
}

/// What one change would save at most.
#[derive(Serialize)]
struct SavingEntry {
    change: &'static str,
    monthly_usd_at_most: f64,
}

#[derive(Serialize)]
struct CostSubject<'a> {
    kind: &'static str,
    arn: &'a str,
    name: &'a str,
}

/// A sum. `complete`: nothing is missing from it.
#[derive(Serialize)]
struct TotalEntry {
    monthly_usd: f64,
    complete: bool,
    unknown: Vec<String>,
}

#[derive(Serialize)]
struct CostEntry<'a> {
    item: &'static str,
    resource: Option<&'a str>,
    estimate: &'static str,
    monthly_usd: Option<f64>,
    reason: Option<String>,
    assumptions: &'a [String],
}

/// A region in which a listing could not be read, so that there may be more stages.
#[derive(Serialize)]
struct UnreadEntry<'a> {
    account: &'a str,
    region: &'a str,
    reason: String,
}

/// Writes the estimates.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(estimates: &Estimates, out: &mut dyn Write) -> io::Result<()> {
    let prices = estimates.prices;
    let document = CostDocument {
        version: 1,
        prices: PricesEntry { date: prices.date.to_string(), currency: "USD", sources: &prices.sources },
        hours_a_month: gatelight_checks::cost::HOURS_A_MONTH,
        stages: estimates
            .stages
            .iter()
            .map(|(StageLocation { name, account, region, arn, kind }, cost)| StageEntry {
                account,
                region,
                stage: CostSubject { kind, arn, name },
                total: total_entry(&cost.total()),
                costs: cost.costs.iter().map(cost_entry).collect(),
                requests: cost_entry(&cost.requests),
                savings: cost
                    .errors_only_saves
                    .map(|money| SavingEntry {
                        change: "execution-log-info-to-error",
                        monthly_usd_at_most: dollars(money),
                    })
                    .into_iter()
                    .collect(),
            })
            .collect(),
        unread: estimates
            .unread
            .iter()
            .map(|(account, region, gap)| UnreadEntry { account, region, reason: gap.to_string() })
            .collect(),
        skipped: estimates
            .skipped
            .iter()
            .map(|(account, region, why)| UnreadEntry { account, region, reason: why.clone() })
            .collect(),
        total: total_entry(&estimates.total()),
        requests: total_entry(&estimates.requests()),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn total_entry(total: &Total) -> TotalEntry {
    TotalEntry {
        monthly_usd: dollars(total.known),
        complete: total.is_whole(),
        unknown: total.gaps.iter().map(ToString::to_string).collect(),
    }
}

fn cost_entry(cost: &Cost) -> CostEntry<'_> {
    let (estimate, monthly_usd, reason) = match &cost.estimate {
        Estimate::Known(money) => ("known", Some(dollars(*money)), None),
        Estimate::Nothing(why) => ("nothing", Some(0.0), Some((*why).to_owned())),
        Estimate::Elsewhere(why) => ("elsewhere", None, Some(why.clone())),
        Estimate::Unknown(gap) => ("unknown", None, Some(gap.to_string())),
    };
    CostEntry {
        item: cost.item.id(),
        resource: cost.resource.as_deref(),
        estimate,
        monthly_usd,
        reason,
        assumptions: &cost.assumptions,
    }
}

/// Dollars to the cent.
#[expect(clippy::cast_precision_loss, reason = "an estimate: cents do not matter in sums so large")]
fn dollars(money: Money) -> f64 {
    money.cents() as f64 / 100.0
}
