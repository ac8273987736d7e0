//! The result of a rule about formats, and how it becomes the verdict on a stage. The linter and the audit share it.

use gatelight_formats::{Format, truncated};
use gatelight_model::inventory::{Protocol, StageOf};

use crate::{
    context::Context,
    policy::Policy,
    verdict::{Evidence, Failure, Fix, Judgement, Verdict},
};

/// The result of a rule for one format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleResult {
    /// What is wrong, if anything.
    pub problem: Option<Problem>,
    /// Further remarks, in sentences.
    pub notes: Vec<String>,
    /// Why the rule does not apply, where it does not.
    pub not_applicable: Option<&'static str>,
}

/// What is wrong with a format.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The problem in a sentence.
    pub message: String,
    /// The byte offset in the format, if the problem has a position.
    pub at: Option<usize>,
    /// Names of variables that should be added: `integration.error`.
    pub missing: Vec<String>,
    /// What to do, in a sentence.
    pub fix: String,
}

/// A rule about formats. The policy holds what the owner requires beyond the defaults.
pub type FormatRule = fn(&Format<'_>, &Policy) -> RuleResult;

impl RuleResult {
    /// The format passes.
    #[must_use]
    pub fn pass(notes: Vec<String>) -> Self {
        Self { notes, ..Self::default() }
    }

    /// The format fails.
    #[must_use]
    pub fn fail(problem: Problem, notes: Vec<String>) -> Self {
        Self { problem: Some(problem), notes, not_applicable: None }
    }

    /// The rule does not apply.
    #[must_use]
    pub fn not_applicable(why: &'static str) -> Self {
        Self { not_applicable: Some(why), ..Self::default() }
    }
}

/// The verdict of a rule on a stage.
///
/// # Errors
/// Never: the format is part of the stage.
pub fn judge(rule: FormatRule, stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    let Some(log) = stage.access_log() else {
        return Ok(Judgement::NotApplicable("the stage has no access log"));
    };
    let format = Format::new(stage.protocol(), log.format);
    let RuleResult { problem, notes, not_applicable } = rule(&format, context.policy());
    if let Some(why) = not_applicable {
        return Ok(Judgement::NotApplicable(why));
    }
    let Some(problem) = problem else {
        return Ok(if notes.is_empty() { Judgement::Pass } else { Judgement::PassNoted(notes.join(" ")) });
    };
    let mut evidence = vec![Evidence::new("format", truncated(log.format, 300))];
    if !problem.missing.is_empty() {
        evidence.push(Evidence::new("missing", problem.missing.join(", ")));
    }
    if let Some(at) = problem.at {
        evidence.push(Evidence::new("at", format.position_text(at)));
    }
    evidence.extend(notes.into_iter().map(|note| Evidence::new("note", note)));
    let fix = fix(&problem, stage, context);
    Ok(Failure {
        severity: None,
        cause: None,
        message: problem.message,
        evidence,
        affects: vec![],
        fix,
        ..Failure::default()
    }
    .into())
}

/// How to replace the format. The command reads it from a file: JSON in the AWS CLI's shorthand `Format=…` is a syntax
/// error, and a shell would expand `$context`. `@=` is documented at
/// <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html>.
fn fix(problem: &Problem, stage: &StageOf<'_>, context: &Context<'_>) -> Fix {
    let protocol = protocol_name(stage.protocol());
    let text = format!(
        "{} `gatelight format print --protocol {protocol}` prints a format that passes. Write the new format to \
         format.json, on one line, and run the command there.",
        problem.fix
    );
    let (region, id, name) = (context.region().name.as_str(), stage.api.id.as_str(), stage.stage.name.as_str());
    if stage.protocol() == Protocol::Rest {
        return Fix::text(text).command([
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
    // Characters that the shorthand takes literally; an ARN of a group or stream has no others.
    let is_plain = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || ":/_.#*-".contains(c));
    let destination = stage.stage.access_log.as_ref().and_then(|setting| setting.destination.as_deref());
    let destination = destination.filter(is_plain).unwrap_or("<ARN>");
    let settings = format!("DestinationArn={destination},Format@=file://format.json");
    Fix::text(text).command([
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
pub fn join_names(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<_> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

/// The first `limit` different names in a sentence: `a, b and others`.
#[must_use]
pub fn join_first_names<'n>(names: impl IntoIterator<Item = &'n str>, limit: usize) -> String {
    let mut distinct = Vec::new();
    for name in names {
        let name = truncated(name, 100);
        if !distinct.contains(&name) {
            distinct.push(name);
        }
        if distinct.len() > limit {
            distinct.truncate(limit);
            distinct.push("others".to_owned());
            break;
        }
    }
    join_names(&distinct)
}

/// Missing variables as they are added to a format: "`$context.a` and `$context.b`".
#[must_use]
pub fn as_variables(missing: &[String]) -> String {
    let variables: Vec<_> = missing.iter().map(|name| format!("`$context.{name}`")).collect();
    join_names(&variables)
}

/// A note on the first variable written `${context.x}`.
#[must_use]
pub fn note_on_braces(format: &Format<'_>) -> Option<String> {
    let braced = format.template.variables().find(|variable| variable.is_braced())?;
    Some(format!(
        "`{}` at {} is treated as `$context.{}`; AWS documents only the form without braces.",
        truncated(braced.source, 100),
        format.position_text(braced.at),
        truncated(braced.name, 100)
    ))
}
