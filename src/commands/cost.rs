//! `gatelight cost`: estimates what the logs and traces of each stage cost a month.

mod estimates;
mod json;
mod text;

use gatelight_checks::cost::PriceList;
use gatelight_model::Need;

use self::estimates::Estimates;
use crate::{
    cli::{CostArgs, FindingsFormat},
    collect::CollectorCache,
    inventory_source,
    output::Sink,
    progress::Progress,
};

/// The facts that estimates need.
const NEEDS: &[Need] = &[
    Need::Stages,
    Need::AccessLogGroups,
    Need::ExecutionLogGroups,
    Need::LogDeliveries,
    // If a function writes to a group too, its volume is not that of the execution log alone.
    Need::Functions,
    Need::Traffic,
    Need::ExecutionLogVolume,
    Need::SamplingRules,
    Need::TraceDestination,
];

/// Prints what stages cost. The exit status is 3 if something could not be estimated, else 0.
///
/// # Errors
/// If nothing could be read, or the output cannot be written.
pub(crate) async fn cost(arguments: CostArgs) -> anyhow::Result<u8> {
    arguments.flags.settings.check_flags()?;
    let mut config = arguments.flags.settings.resolve()?;
    config.checks.clear();
    config.extra_needs = NEEDS;
    let output = Sink::open(&config.output)?;
    let mut estimates = Estimates::new(PriceList::shipped());
    inventory_source::read(
        &config,
        CollectorCache::new(),
        &Progress::new(config.shows_progress, config.quiet),
        &mut estimates,
    )
    .await?;
    match arguments.format {
        FindingsFormat::Text => {
            let colored = config.color.is_on(&output);
            let width = output.width();
            output.page(colored, |page| text::render(&estimates, width, page))
        }
        FindingsFormat::Json => output.json(|out| json::render(&estimates, out)),
    }?;
    Ok(estimates.exit_code())
}

#[cfg(test)]
mod tests;
