//! `gatelight path`: how packets of a function in a VPC would travel to X-Ray, hop by hop, and where they stop.

mod json;
mod svg;
mod text;

use std::collections::BTreeSet;

use anyhow::bail;
use gatelight_checks::{Context, Judgement, Scope, check::Judge, find_check, verdict::Fix};
use gatelight_model::{
    Gap,
    arn::Arn,
    inventory::{Account, Function, Region},
};
use gatelight_network::PathFromSubnet;
use jiff::Timestamp;

use crate::{
    cli::{PathArgs, PathFormat},
    collect::{Remembered, aws::Traffic},
    config::Color,
    inventory_file, inventory_source,
    output::Sink,
    progress::Progress,
    suggest::nearest,
};

/// The check that this shows the reasons of.
const CHECK: &str = "function-cannot-reach-xray";

/// A function, and the ways that its packets take.
struct Way {
    account: String,
    region: String,
    arn: String,
    name: String,
    /// The host and port that they are for.
    endpoint: String,
    /// One for each subnet; none if it is not in a VPC, or its network is not known.
    subnets: Vec<PathFromSubnet>,
    end: End,
    /// What that comes to, in words.
    says: String,
    fix: Option<Fix>,
}

/// What becomes of the packets of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It is in no VPC of its owner's.
    NotInVpc,
    /// They arrive from every subnet.
    Arrives,
    /// They have no way from some subnet.
    Stops,
    /// It cannot be told.
    Unknown,
}

impl End {
    fn exit_code(self) -> u8 {
        match self {
            Self::NotInVpc | Self::Arrives => 0,
            Self::Stops => 1,
            Self::Unknown => 3,
        }
    }
}

/// Shows the ways of the function that is named, in each account and region that has one of that name. The exit status
/// is that of the worst: 1 if packets stop somewhere, else 3 if it cannot be told, else 0.
///
/// # Errors
/// If nothing could be read, or there is no such function.
pub(crate) async fn path(arguments: PathArgs) -> anyhow::Result<u8> {
    let PathArgs { function, format, output, color, .. } = &arguments;
    let (wanted, format, color) = (Wanted::parse(function)?, *format, color.unwrap_or(Color::Auto));
    let output = Sink::open(output)?;
    let config = arguments.settings(CHECK).resolve()?;
    let mut found = Found { wanted, ways: Vec::new(), names: BTreeSet::new(), unread: None };
    inventory_source::read(
        &config,
        Remembered::new(),
        &Progress::of_command(config.progress, config.quiet),
        &mut found,
    )
    .await?;
    let ways = found.finish()?;
    let colored = color.is_on(&output);
    output.write(|out| match format {
        PathFormat::Text => text::render(&ways, colored, out),
        PathFormat::Json => json::render(&ways, out),
        PathFormat::Svg => svg::render(&ways, out),
    })?;
    let is_some = |end| ways.iter().any(|way| way.end == end);
    let worst = [End::Stops, End::Unknown].into_iter().find(|end| is_some(*end));
    Ok(worst.unwrap_or(End::Arrives).exit_code())
}

/// The function that is asked for.
#[derive(Debug)]
enum Wanted {
    Name(String),
    Arn(String),
}

impl Wanted {
    fn parse(text: &str) -> anyhow::Result<Self> {
        if !text.starts_with("arn:") {
            return Ok(Self::Name(text.to_owned()));
        }
        let is_function = |arn: &Arn<'_>| arn.service == "lambda" && arn.resource.starts_with("function:");
        if !Arn::parse(text).is_some_and(|arn| is_function(&arn)) {
            bail!("{text} is not the ARN of a function, which is arn:aws:lambda:REGION:ACCOUNT:function:NAME");
        }
        // What is judged is `$LATEST`: a version or an alias is in the same network, as far as anyone can see from outside.
        Ok(Self::Arn(text.split(':').take(7).collect::<Vec<_>>().join(":")))
    }

    fn is(&self, function: &Function) -> bool {
        match self {
            Self::Name(name) => function.name == *name,
            Self::Arn(arn) => function.arn == *arn,
        }
    }
}

/// Looks for the function, region by region.
struct Found {
    wanted: Wanted,
    ways: Vec<Way>,
    /// The names of the others.
    names: BTreeSet<String>,
    /// Why there may be more functions.
    unread: Option<Gap>,
}

impl Found {
    fn finish(self) -> anyhow::Result<Vec<Way>> {
        if !self.ways.is_empty() {
            return Ok(self.ways);
        }
        let (Wanted::Name(wanted) | Wanted::Arn(wanted)) = &self.wanted;
        if let Some(gap) = self.unread {
            bail!("the functions could not all be listed, and {wanted} is not among those that were: {gap}");
        }
        let name = wanted.rsplit(':').next().unwrap_or(wanted);
        let near = nearest(name, self.names.iter().map(String::as_str));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        bail!("there is no function {wanted} here ({} were looked at){hint}", self.names.len())
    }
}

impl inventory_file::Visitor for Found {
    fn begun(&mut self, _: Timestamp) -> anyhow::Result<()> {
        Ok(())
    }

    fn region(&mut self, account: &Account, region: &Region, _: Traffic) -> anyhow::Result<()> {
        let context = Context::new(Scope { account, region });
        for function in context.functions() {
            match function {
                Ok(function) if self.wanted.is(function) => self.ways.push(way(function, account, &context)),
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

fn way(function: &Function, account: &Account, context: &Context<'_>) -> Way {
    let region = &context.region().name;
    let suffix = if account.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let verdict = match find_check(CHECK).map(|check| check.judge) {
        Some(Judge::Function(judge, _)) => judge(function, context),
        _ => Err(Gap::not_collected(CHECK)),
    };
    let (end, says, fix) = match verdict {
        Ok(Judgement::Pass) => (End::Arrives, "Packets to X-Ray arrive from every subnet.".to_owned(), None),
        Ok(Judgement::PassNoted(note)) => (End::Arrives, note, None),
        Ok(Judgement::NotApplicable(_)) => {
            let says = "The function is not in a VPC: its packets leave by Lambda's own network, which reaches X-Ray.";
            (End::NotInVpc, says.to_owned(), None)
        }
        Ok(Judgement::Fail(failure)) => (End::Stops, failure.message, Some(failure.fix)),
        Err(gap) => (End::Unknown, format!("It cannot be told whether packets to X-Ray arrive: {gap}"), None),
    };
    Way {
        account: account.id.get().map_or_else(|_| "unknown".to_owned(), Clone::clone),
        region: region.clone(),
        arn: function.arn.clone(),
        name: function.name.clone(),
        endpoint: format!("xray.{region}.{suffix}:443"),
        subnets: gatelight_network::paths(function, context.network()).unwrap_or_default(),
        end,
        says,
        fix,
    }
}

#[cfg(test)]
mod tests;
