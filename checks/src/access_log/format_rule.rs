//! What a rule about formats says, and how that becomes the verdict on a stage. The linter and the audit share it.

use gatelight_formats::{Format, cut};
use gatelight_model::inventory::{Protocol, StageOf};

use crate::{
    Context, Judgement, Policy, Verdict,
    verdict::{Evidence, Failure, Fix},
};

/// What a rule says about one format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ruling {
    /// What is wrong. `None`: all is well.
    pub fault: Option<Fault>,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
    /// Why the question does not arise, where it does not.
    pub not_applicable: Option<&'static str>,
}

/// What is wrong with a format.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// In a sentence.
    pub message: String,
    /// The byte of the format that it is about.
    pub at: Option<usize>,
    /// Variables that should be there, as they would be added: `integration.error`.
    pub missing: Vec<String>,
    /// What to do, in a sentence.
    pub fix: String,
}

/// A rule about formats, for an owner who may want more of them than others do.
pub type Rule = fn(&Format<'_>, &Policy) -> Ruling;

impl Ruling {
    /// All is well.
    #[must_use]
    pub fn pass(notes: Vec<String>) -> Self {
        Self { notes, ..Self::default() }
    }

    /// Something is wrong.
    #[must_use]
    pub fn fail(fault: Fault, notes: Vec<String>) -> Self {
        Self { fault: Some(fault), notes, not_applicable: None }
    }

    /// The question does not arise.
    #[must_use]
    pub fn not_applicable(why: &'static str) -> Self {
        Self { not_applicable: Some(why), ..Self::default() }
    }
}

/// The verdict of a rule on a stage.
///
/// # Errors
/// Never: whatever a rule looks at came with the stage.
pub fn judge(rule: Rule, stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    let Some(log) = stage.access_log() else {
        return Ok(Judgement::NotApplicable("the stage has no access log"));
    };
    let format = Format::new(stage.protocol(), log.format);
    let Ruling { fault, notes, not_applicable } = rule(&format, context.policy());
    if let Some(why) = not_applicable {
        return Ok(Judgement::NotApplicable(why));
    }
    let Some(fault) = fault else {
        return Ok(if notes.is_empty() { Judgement::Pass } else { Judgement::PassNoted(notes.join(" ")) });
    };
    let mut evidence = vec![Evidence::new("format", cut(log.format, 300))];
    if !fault.missing.is_empty() {
        evidence.push(Evidence::new("missing", fault.missing.join(", ")));
    }
    if let Some(at) = fault.at {
        evidence.push(Evidence::new("at", format.place(at)));
    }
    evidence.extend(notes.into_iter().map(|note| Evidence::new("note", note)));
    let fix = fix(&fault, stage, context);
    Ok(Failure { severity: None, cause: None, message: fault.message, evidence, affects: vec![], fix }.into())
}

/// How a format is replaced. The command reads it from a file: JSON in the shorthand `Format=…` of the AWS CLI ends in
/// a syntax error, and a shell would put its own value in the place of `$context`. `@=` is documented at
/// <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html>.
fn fix(fault: &Fault, stage: &StageOf<'_>, context: &Context<'_>) -> Fix {
    let protocol = protocol_name(stage.protocol());
    let say = format!(
        "{} `gatelight format print --protocol {protocol}` prints a format that passes. Write the new format to \
         format.json, on one line, and run the command there.",
        fault.fix
    );
    let (region, id, name) = (context.region().name.as_str(), stage.api.id.as_str(), stage.stage.name.as_str());
    if stage.protocol() == Protocol::Rest {
        return Fix::text(say).command([
            "aws",
            "apigateway",
            "update-stage",
            "--region",
            region,
            "--rest-api-id",
            id,
            "--stage-name",
            name,
            "--patch-operations",
            "op=replace,path=/accessLogSettings/format,value@=file://format.json",
        ]);
    }
    // Only what the shorthand takes as it stands; an ARN of a group or stream holds nothing else.
    let is_plain = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || ":/_.#*-".contains(c));
    let destination = stage.stage.access_log.as_ref().and_then(|setting| setting.destination.as_deref());
    let destination = destination.filter(is_plain).unwrap_or("<ARN>");
    let settings = format!("DestinationArn={destination},Format@=file://format.json");
    Fix::text(say).command([
        "aws",
        "apigatewayv2",
        "update-stage",
        "--region",
        region,
        "--api-id",
        id,
        "--stage-name",
        name,
        "--access-log-settings",
        &settings,
    ])
}

/// The name of a kind of API on the command line.
#[must_use]
pub fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Rest => "rest",
        Protocol::Http => "http",
        Protocol::Websocket => "websocket",
    }
}

/// Names in a sentence: `a`, `a and b`.
#[must_use]
pub fn listed(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<_> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

/// The variables that are missing, as they are added to a format: "`$context.a` and `$context.b`".
#[must_use]
pub fn as_variables(missing: &[String]) -> String {
    let variables: Vec<_> = missing.iter().map(|name| format!("`$context.{name}`")).collect();
    listed(&variables)
}

/// A note for variables that only stand as `${context.x}`.
#[must_use]
pub fn braced_note(format: &Format<'_>) -> Option<String> {
    let braced = format.template.variables().find(|variable| variable.is_braced())?;
    Some(format!(
        "`{}` at {} is read as `$context.{}`; AWS documents only the form without braces.",
        cut(braced.source, 100),
        format.place(braced.at),
        cut(braced.name, 100)
    ))
}

#[cfg(test)]
pub(in crate::access_log) mod testing {
    //! A world of one stage.

    use gatelight_model::{
        Fetched, Listing,
        inventory::{AccessLogSetting, Account, Api, Region, Stage},
    };
    use jiff::Timestamp;

    use super::*;
    use crate::{Check, Scope, check::Judge};

    pub(in crate::access_log) const DESTINATION: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:access";

    /// What a check says about a stage whose access log has that format; `None`: it is off.
    pub(in crate::access_log) fn verdict(check: &Check, protocol: Protocol, format: Option<&str>) -> Verdict {
        verdict_under(Policy::NONE, check, protocol, format)
    }

    /// The same, for an owner who has decided something.
    pub(in crate::access_log) fn verdict_under(
        policy: &Policy,
        check: &Check,
        protocol: Protocol,
        format: Option<&str>,
    ) -> Verdict {
        let Judge::Stage(judge) = check.judge else { panic!("{} judges no stage", check.id) };
        let account = Account {
            id: gatelight_model::Fetched::known("123456789012".to_owned()),
            partition: "aws".to_owned(),
            collected_at: Timestamp::UNIX_EPOCH,
            roles: vec![],
            managed_policies: vec![],
            organization: gatelight_model::Fetched::known(None),
        };
        let region = Region::not_collected("eu-west-1");
        let stage = Stage {
            name: "prod".to_owned(),
            access_log: Some(AccessLogSetting {
                destination: Some(DESTINATION.to_owned()),
                format: format.map(str::to_owned),
            }),
            method_logging: vec![],
            tracing: None,
            has_canary: false,
            changed_at: Fetched::known(Timestamp::UNIX_EPOCH),
        };
        let api =
            Api { id: "a1b2c3d4e5".to_owned(), name: "orders".to_owned(), protocol, stages: Listing::whole(vec![]) };
        let context = Context::under(Scope { account: &account, region: &region }, policy);
        judge(&StageOf { api: &api, stage: &stage }, &context)
    }

    pub(in crate::access_log) fn failure(check: &Check, protocol: Protocol, format: &str) -> Box<Failure> {
        match verdict(check, protocol, Some(format)) {
            Ok(Judgement::Fail(failure)) => failure,
            other => panic!("{protocol:?} {format}: {other:?}"),
        }
    }

    pub(in crate::access_log) fn evidence<'f>(failure: &'f Failure, name: &str) -> Option<&'f str> {
        let found = failure.evidence.iter().find(|evidence| evidence.name == name);
        found.map(|evidence| evidence.value.as_str())
    }
}

#[cfg(test)]
mod tests;
