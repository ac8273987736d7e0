//! `gatelight path`: the path of a function's packets to X-Ray, hop by hop, and where they stop.

mod json;
mod mermaid;
mod paths;
mod rows;
mod svg;
mod text;

use std::collections::BTreeSet;

use anyhow::bail;
use gatelight_checks::{Context, Judgement, Scope, check::Judge, find_check};
use gatelight_model::{
    Gap,
    arn::Arn,
    inventory::{Account, Function, Region},
};
use gatelight_network::HopResult;
use jiff::Timestamp;

use self::paths::{FunctionPaths, PathVerdict};
use crate::{
    cli::{PathArgs, PathFormat},
    collect::{CollectorCache, aws::Traffic},
    inventory_file, inventory_source,
    output::Sink,
    progress::Progress,
    suggest::nearest,
};

/// The check whose verdict this command explains.
const CHECK: &str = "function-cannot-reach-xray";

/// Prints the paths of the named function, in each account and region that has one of that name. Returns the exit status
/// of the worst verdict: 1 if packets stop somewhere, else 3 if some path is unknown, else 0.
///
/// # Errors
/// If nothing could be read, or there is no such function.
pub(crate) async fn path(arguments: PathArgs) -> anyhow::Result<u8> {
    let (query, format) = (FunctionQuery::parse(&arguments.function)?, arguments.format);
    let config = arguments.settings(CHECK)?.resolve()?;
    let output = Sink::open(&config.output)?;
    let mut found = PathFinder { query, paths: Vec::new(), names: BTreeSet::new(), unread: None, skipped: Vec::new() };
    inventory_source::read(
        &config,
        CollectorCache::new(),
        &Progress::new(config.shows_progress, config.quiet),
        &mut found,
    )
    .await?;
    let paths = found.finish()?;
    match format {
        PathFormat::Text => {
            let colored = config.color.is_on(&output);
            let layout = text::Layout { width: output.width(), has_symbols: output.is_terminal() };
            output.page(colored, |page| text::render(&paths, layout, page))
        }
        PathFormat::Json => output.json(|out| json::render(&paths, out)),
        PathFormat::Svg => output.raw(|out| svg::render(&paths, out)),
        PathFormat::Mermaid => output.raw(|out| mermaid::render(&paths, out)),
    }?;
    let is_some = |verdict| paths.iter().any(|path| path.verdict == verdict);
    let worst = [PathVerdict::Stops, PathVerdict::Unknown].into_iter().find(|verdict| is_some(*verdict));
    Ok(worst.unwrap_or(PathVerdict::Arrives).exit_code())
}

/// The function on the command line, by name or ARN.
#[derive(Debug)]
enum FunctionQuery {
    Name(String),
    Arn(String),
}

impl FunctionQuery {
    fn parse(text: &str) -> anyhow::Result<Self> {
        if !text.starts_with("arn:") {
            return Ok(Self::Name(text.to_owned()));
        }
        let is_function = |arn: &Arn<'_>| arn.service == "lambda" && arn.resource.starts_with("function:");
        if !Arn::parse(text).is_some_and(|arn| is_function(&arn)) {
            bail!("{text} is not the ARN of a function, which is arn:aws:lambda:REGION:ACCOUNT:function:NAME");
        }
        // The inventory has `$LATEST` only; a version or an alias is taken to be in the same network.
        Ok(Self::Arn(text.split(':').take(7).collect::<Vec<_>>().join(":")))
    }

    fn matches(&self, function: &Function) -> bool {
        match self {
            Self::Name(name) => function.name == *name,
            Self::Arn(arn) => function.arn == *arn,
        }
    }
}

/// Collects the paths of the function, region by region.
struct PathFinder {
    query: FunctionQuery,
    paths: Vec<FunctionPaths>,
    /// The names of the other functions, for the hint in the error.
    names: BTreeSet<String>,
    /// Why the functions may not all be known.
    unread: Option<Gap>,
    /// Regions that are closed to the account, and why.
    skipped: Vec<String>,
}

impl PathFinder {
    fn finish(self) -> anyhow::Result<Vec<FunctionPaths>> {
        if !self.paths.is_empty() {
            return Ok(self.paths);
        }
        let (FunctionQuery::Name(wanted) | FunctionQuery::Arn(wanted)) = &self.query;
        if let Some(gap) = self.unread {
            bail!("the functions could not all be listed, and {wanted} is not among those that were: {gap}");
        }
        let name = wanted.rsplit(':').next().unwrap_or(wanted);
        let near = nearest(name, self.names.iter().map(String::as_str));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let skipped = match self.skipped.as_slice() {
            [] => String::new(),
            [one] => format!("; skipped: {one}"),
            [first, rest @ ..] => format!("; skipped: {first}, and {} more regions", rest.len()),
        };
        bail!("there is no function {wanted} here ({} were looked at){hint}{skipped}", self.names.len())
    }
}

impl inventory_file::Visitor for PathFinder {
    fn begun(&mut self, _: Timestamp) -> anyhow::Result<()> {
        Ok(())
    }

    fn region(&mut self, account: &Account, region: &Region, _: Traffic) -> anyhow::Result<()> {
        if let Some(closed) = &region.closed {
            self.skipped.push(format!("{}, {closed}", region.name));
            return Ok(());
        }
        let context = Context::new(Scope { account, region });
        for function in context.functions() {
            match function {
                Ok(function) if self.query.matches(function) => {
                    self.paths.push(function_paths(function, account, &context));
                }
                Ok(function) => drop(self.names.insert(function.name.clone())),
                Err(gap) => self.unread = Some(gap),
            }
        }
        Ok(())
    }

    fn finished(&mut self, _: Timestamp) -> anyhow::Result<()> {
        Ok(())
    }
}

fn function_paths(function: &Function, account: &Account, context: &Context<'_>) -> FunctionPaths {
    let region = &context.region().name;
    let suffix = if account.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let subnets = gatelight_network::paths(function, context.network()).unwrap_or_default();
    let judged = match find_check(CHECK).map(|check| check.judge) {
        Some(Judge::Function(judge, _)) => judge(function, context),
        _ => Err(Gap::not_collected(CHECK)),
    };
    let (verdict, message, fix) = match judged {
        Ok(Judgement::Pass) => (PathVerdict::Arrives, "Packets to X-Ray arrive from every subnet.".to_owned(), None),
        Ok(Judgement::PassNoted(note)) => (PathVerdict::Arrives, note, None),
        Ok(Judgement::NotApplicable(_)) => {
            let message =
                "The function is not in a VPC: its packets leave by Lambda's own network, which reaches X-Ray.";
            (PathVerdict::NotInVpc, message.to_owned(), None)
        }
        Ok(Judgement::Fail(failure)) => {
            // A policy may refuse statistics on a path that traces take.
            let arrives = subnets.iter().all(|path| path.result == HopResult::Through);
            (if arrives { PathVerdict::Arrives } else { PathVerdict::Stops }, failure.message, Some(failure.fix))
        }
        Err(gap) => (PathVerdict::Unknown, format!("It cannot be told whether packets to X-Ray arrive: {gap}"), None),
    };
    FunctionPaths {
        account: account.id.get().map_or_else(|_| "unknown".to_owned(), Clone::clone),
        region: region.clone(),
        read_at: account.collected_at,
        arn: function.arn.clone(),
        name: function.name.clone(),
        endpoint: format!("xray.{region}.{suffix}:443"),
        subnets,
        verdict,
        message,
        fix,
    }
}

#[cfg(test)]
mod tests;
