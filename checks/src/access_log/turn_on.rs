//! How a stage gets an access log in CloudWatch Logs: the commands that create a log group and set it and a format.

use gatelight_formats::recommended::recommended;
use gatelight_model::{
    arn::Destination,
    inventory::{Protocol, StageOf},
};

use super::format_rule::protocol_name;
use crate::{
    context::Context,
    gateway_role::setup::role_first,
    patch,
    verdict::{Command, Fix},
};

/// Creates a log group whose events expire.
pub(super) fn create_group(context: &Context<'_>, name: &str) -> [Command; 2] {
    let region = context.region().name.as_str();
    [
        &["aws", "logs", "create-log-group", "--region", region, "--log-group-name", name][..],
        &[
            "aws",
            "logs",
            "put-retention-policy",
            "--region",
            region,
            "--log-group-name",
            name,
            "--retention-in-days",
            "30",
        ],
    ]
    .map(|command| command.iter().map(|argument| (*argument).to_owned()).collect())
}

/// Turns the access log on. The halves of the setting that the stage has, a destination or a format, are kept.
pub(super) fn fix(stage: &StageOf<'_>, context: &Context<'_>, destination: Option<&str>, format: Option<&str>) -> Fix {
    let protocol = stage.protocol();
    let (mut commands, mut steps) = (Vec::new(), Vec::new());
    let new_group = group_name(stage);
    let new_arn = arn(context, &new_group);
    if destination.is_none() {
        commands.extend(create_group(context, &new_group));
        steps.push("a log group as the destination".to_owned());
    }
    if format.is_none() {
        let name = protocol_name(protocol);
        steps.push(format!("a format that passes every check (`gatelight format print --protocol {name}` prints it)"));
    }
    let is_stream = destination.is_some_and(|arn| matches!(Destination::parse(arn), Destination::DeliveryStream(..)));
    commands.push(update_stage(
        stage,
        context,
        (destination.is_none(), destination.unwrap_or(&new_arn)),
        (format.is_none(), format.unwrap_or_else(|| recommended(protocol))),
    ));
    let why = if destination.is_none() && protocol == Protocol::Http { VENDED } else { "" };
    let fix = Fix::text(format!("Give the stage {}; no deployment is needed.{why}", steps.join(" and ")));
    // Firehose is written to by another role.
    if protocol == Protocol::Http || is_stream {
        fix.commands(commands)
    } else {
        role_first(context, fix.commands(commands))
    }
}

/// Sends the access log to a log group: HTTP and WebSocket APIs write to nothing else.
pub(super) fn to_log_group(stage: &StageOf<'_>, context: &Context<'_>) -> Fix {
    let format = stage.access_log().map_or_else(|| recommended(stage.protocol()), |log| log.format);
    let name = group_name(stage);
    let update = update_stage(stage, context, (true, &arn(context, &name)), (false, format));
    let kind = if stage.protocol() == Protocol::Http { "HTTP" } else { "WebSocket" };
    let fix = Fix::text(format!(
        "Create a log group and set its ARN as the destination: AWS documents Firehose as a destination for REST APIs \
         only, and this is {} {kind} API.",
        if kind == "HTTP" { "an" } else { "a" }
    ));
    let fix = fix.commands(create_group(context, &name)).commands([update]);
    if stage.protocol() == Protocol::Http { fix } else { role_first(context, fix) }
}

/// Why the group of an HTTP API has such a name
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html>).
const VENDED: &str = " The group's name begins with /aws/vendedlogs/, so the resource policy that AWS maintains for \
    deliveries covers it regardless of the number of groups.";

/// Letters, digits and `_-/.#` are allowed in the name of a log group; `$default` is not.
fn group_name(stage: &StageOf<'_>) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "_-.".contains(*c);
    let [api, name] = [&stage.api.id, &stage.stage.name].map(|text| text.chars().filter(allowed).collect::<String>());
    format!("/aws/vendedlogs/apigateway/{api}/{name}")
}

fn arn(context: &Context<'_>, group: &str) -> String {
    crate::role::group_arn(context, context.account_id().unwrap_or("<account ID>"), group)
}

/// Sets destination and format, each with whether it differs from what the stage has. The API of HTTP and WebSocket APIs
/// takes both at once: AWS does not document that it keeps what a call leaves out.
fn update_stage(
    stage: &StageOf<'_>,
    context: &Context<'_>,
    (sets_destination, destination): (bool, &str),
    (sets_format, format): (bool, &str),
) -> Command {
    let (region, id, name) = (context.region().name.as_str(), stage.api.id.as_str(), stage.stage.name.as_str());
    let is_rest = stage.protocol() == Protocol::Rest;
    let (api, id_flag) = if is_rest { ("apigateway", "--rest-api-id") } else { ("apigatewayv2", "--api-id") };
    let mut command: Command =
        ["aws", api, "update-stage", "--region", region, id_flag, id, "--stage-name", name].map(str::to_owned).into();
    if is_rest {
        let destination = sets_destination.then_some(("/accessLogSettings/destinationArn", destination));
        let format = sets_format.then_some(("/accessLogSettings/format", format));
        command.push("--patch-operations".to_owned());
        command.extend(patch::replace(destination.into_iter().chain(format)));
    } else {
        let settings = serde_json::json!({"DestinationArn": destination, "Format": format});
        command.extend(["--access-log-settings".to_owned(), settings.to_string()]);
    }
    command
}
