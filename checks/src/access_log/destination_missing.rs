//! `access-log-destination-missing`: the log group or stream that a stage writes its access log to does not exist.

use gatelight_model::{
    Gap, Need, Severity, Subject, SubjectKind,
    arn::{Arn, Destination},
    inventory::{LogGroup, Protocol, StageOf},
};

use super::turn_on;
use crate::{
    check::{Check, Judge},
    context::Context,
    verdict::{Evidence, Failure, Fix, Judgement, Verdict},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-destination-missing",
    title: "Access log destination does not exist",
    severity: Severity::High,
    needs: &[Need::Stages, Need::AccessLogGroups, Need::DeliveryStreams],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::AccessLog, Loss::Dark)]),
    docs: include_str!("destination_missing.md"),
    scenarios: &[],
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    let Some(log) = stage.access_log() else {
        return Ok(Judgement::NotApplicable("the stage has no access log"));
    };
    let at = StageDestination { stage, context, destination: &log.destination };
    Ok(match log.destination {
        Destination::Other(text) => at.fail(
            format!("The access log destination {text} is not the ARN of a log group or a Firehose stream."),
            Fix::text("Set the ARN of a log group as the destination."),
        ),
        Destination::LogGroup(arn, name) => match log_group(&log.destination, context)? {
            GroupLookup::Here(_) => Judgement::Pass,
            GroupLookup::Elsewhere => at.elsewhere("log group", name, &arn),
            GroupLookup::Absent => at.absent_group(name),
        },
        Destination::DeliveryStream(_, name) if !log.destination.is_well_named() => at.fail(
            format!(
                "The access log destination is Firehose stream {name}, but API Gateway writes only to streams named \
                 amazon-apigateway-*."
            ),
            at.stream_fix(
                "Create a stream whose name begins with amazon-apigateway-, and set its ARN as the \
                destination.",
            ),
        ),
        Destination::DeliveryStream(arn, name) if !context.is_here(&log.destination) => {
            at.elsewhere("Firehose stream", name, &arn)
        }
        Destination::DeliveryStream(arn, name) => match context.delivery_stream(name)? {
            Some(stream) if in_another_account(&stream.arn, &arn) => at.elsewhere("Firehose stream", name, &arn),
            Some(stream) => pass_with_notes(stage, &stream.status),
            None => at.fail(
                format!("The access log destination, Firehose stream {name}, does not exist."),
                at.stream_fix("Create the stream, or set the ARN of a log group as the destination."),
            ),
        },
    })
}

/// A stage, and where its access log goes.
struct StageDestination<'p, 's, 'a> {
    stage: &'p StageOf<'s>,
    context: &'p Context<'a>,
    destination: &'p Destination<'s>,
}

impl StageDestination<'_, '_, '_> {
    fn fail(&self, message: String, fix: Fix) -> Judgement {
        let evidence = self.stage.stage.access_log.as_ref().and_then(|setting| setting.destination.as_deref());
        Failure {
            severity: None,
            cause: subject(self.destination),
            message,
            evidence: evidence.map(|arn| Evidence::new("destination", arn)).into_iter().collect(),
            affects: vec![],
            fix,
            ..Failure::default()
        }
        .into()
    }

    /// Firehose is for REST APIs: what to do with a stream there, `text`, helps no other kind of API.
    fn stream_fix(&self, text: &str) -> Fix {
        match self.stage.protocol() {
            Protocol::Rest => Fix::text(text),
            Protocol::Http | Protocol::Websocket => turn_on::to_log_group(self.stage, self.context),
        }
    }

    fn elsewhere(&self, what: &str, name: &str, arn: &Arn<'_>) -> Judgement {
        let (location, region) = (location(arn, self.context), &self.context.region().name);
        let say = format!("Set the ARN of a {what} in this account and {region} as the destination.");
        let is_stream = matches!(self.destination, Destination::DeliveryStream(..));
        let fix = if is_stream { self.stream_fix(&say) } else { Fix::text(say) };
        self.fail(
            format!(
                "The access log destination is {what} {name} {location}: AWS documents only destinations in the \
                 stage's own account and region."
            ),
            fix,
        )
    }

    fn absent_group(&self, name: &str) -> Judgement {
        self.fail(
            format!("The access log destination, log group {name}, does not exist."),
            Fix::text("Create the log group and set its retention.")
                .commands(turn_on::create_group(self.context, name)),
        )
    }
}

/// A stream that exists passes, with notes on its status and on the kind of API.
fn pass_with_notes(stage: &StageOf<'_>, status: &str) -> Judgement {
    let mut notes = Vec::new();
    if status != "ACTIVE" {
        notes.push(format!("The Firehose stream's status is {status}."));
    }
    if stage.protocol() != Protocol::Rest {
        notes.push("AWS documents Firehose as a destination for REST APIs only.".to_owned());
    }
    if notes.is_empty() { Judgement::Pass } else { Judgement::PassNoted(notes.join(" ")) }
}

/// Whether and where the log group of an access log exists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum GroupLookup<'a> {
    /// In this account and region.
    Here(&'a LogGroup),
    /// It belongs to this account and region but does not exist.
    Absent,
    /// In another account, region or partition, or not a log group.
    Elsewhere,
}

/// Looks up the log group that an access log goes to. Only groups of this account and region are looked up.
///
/// # Errors
/// The gap, if AWS did not answer or was not asked.
pub(crate) fn log_group<'a>(destination: &Destination<'_>, context: &Context<'a>) -> Result<GroupLookup<'a>, Gap> {
    let Destination::LogGroup(arn, name) = destination else { return Ok(GroupLookup::Elsewhere) };
    if !context.is_here(destination) {
        return Ok(GroupLookup::Elsewhere);
    }
    Ok(match context.log_group(name)? {
        Some(group) if in_another_account(&group.arn, arn) => GroupLookup::Elsewhere,
        Some(group) => GroupLookup::Here(group),
        None => GroupLookup::Absent,
    })
}

/// Where this account's id is unknown, the ARN of the group or stream found here shows whether it is the one named.
pub(crate) fn in_another_account(found: &str, named: &Arn<'_>) -> bool {
    Arn::parse(found).is_some_and(|found| found.account != named.account)
}

/// The log group or stream as the cause of a finding. Its ARN has no `:*` at the end, so that stages that share a
/// destination share a cause.
pub(super) fn subject(destination: &Destination<'_>) -> Option<Subject> {
    let (kind, collection, name) = match destination {
        Destination::LogGroup(_, name) => (SubjectKind::LogGroup, "log-group:", name),
        Destination::DeliveryStream(_, name) => (SubjectKind::DeliveryStream, "deliverystream/", name),
        Destination::Other(_) => return None,
    };
    let Arn { partition, service, region, account, .. } = destination.arn()?;
    let arn = format!("arn:{partition}:{service}:{region}:{account}:{collection}{name}");
    Some(Subject { kind, arn, name: (*name).to_owned() })
}

/// Where a destination is, as far as it differs from the stage: `in region eu-west-1`, `in account 1, region eu-west-1`.
fn location(arn: &Arn<'_>, context: &Context<'_>) -> String {
    let (account, region) = (context.account(), context.region());
    let differs = |what: &str, theirs: &str, ours: &str| (theirs != ours).then(|| format!("{what} {theirs}"));
    let differences = [
        differs("partition", arn.partition, &account.partition),
        match context.account_id() {
            Ok(own) => differs("account", arn.account, own),
            Err(_) => Some(format!("account {}", arn.account)),
        },
        differs("region", arn.region, &region.name),
    ];
    format!("in {}", differences.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/gateway/orders";

    fn with_destination(arn: &str) -> Inventory {
        let mut inventory = healthy();
        inventory.access_log_mut("orders/prod").destination = Some(arn.to_owned());
        inventory
    }

    fn message(inventory: &Inventory) -> String {
        inventory.failure(&CHECK, "orders/prod").message
    }

    #[test]
    fn a_group_that_is_there_passes_however_its_arn_ends() {
        for end in ["", ":*", ":log-stream:x"] {
            assert_eq!(with_destination(&format!("{GROUP}{end}")).verdict(&CHECK, "orders/prod"), Ok(Judgement::Pass));
        }
    }

    #[test]
    fn no_access_log_no_destination() {
        let mut inventory = healthy();
        inventory.rest_stage_mut().access_log = None;
        assert_eq!(
            inventory.verdict(&CHECK, "orders/prod"),
            Ok(Judgement::NotApplicable("the stage has no access log"))
        );
    }

    #[test]
    fn a_group_that_does_not_exist_fails_and_is_the_cause_of_every_stage_that_names_it() {
        let mut inventory = healthy();
        *inventory.log_group_mut("/gateway/cart") = gatelight_model::Fetched::known(None);
        let [first, second] = ["cart/$default", "cart/dev"].map(|stage| inventory.failure(&CHECK, stage));
        assert!(first.message.ends_with("does not exist."));
        assert_eq!(first.cause, second.cause);
        let cause = first.cause.expect("a cause");
        assert_eq!(cause.arn, "arn:aws:logs:us-east-1:123456789012:log-group:/gateway/cart");
        let commands = first.fix.commands;
        assert_eq!((commands.len(), commands[0].last().expect("a name").as_str()), (2, "/gateway/cart"));
    }

    #[test]
    fn a_place_elsewhere_fails_without_a_lookup() {
        for (arn, place) in [
            (GROUP.replace("us-east-1", "eu-west-1"), "in region eu-west-1:"),
            (GROUP.replace("123456789012", "210987654321"), "in account 210987654321:"),
            (GROUP.replace("arn:aws:", "arn:aws-cn:"), "in partition aws-cn:"),
            (GROUP.replace("us-east-1:123456789012", "eu-west-1:2"), "in account 2, region eu-west-1:"),
        ] {
            let stream = arn.replace(":logs:", ":firehose:");
            let stream = stream.replace("log-group:/gateway/orders", "deliverystream/amazon-apigateway-orders");
            for arn in [arn, stream] {
                let mut inventory = with_destination(&arn);
                inventory.region.log_groups.clear();
                inventory.region.delivery_streams.clear();
                assert!(message(&inventory).contains(place), "{}", message(&inventory));
            }
        }
    }

    #[test]
    fn an_account_that_is_not_known_is_not_compared_but_read_off_what_is_found() {
        for stage in ["orders/prod", "orders/staging"] {
            let mut inventory = healthy();
            inventory.account.id = Err(denied("sts:GetCallerIdentity")).into();
            assert_eq!(inventory.verdict(&CHECK, stage), Ok(Judgement::Pass));

            let destination = &mut inventory.access_log_mut(stage).destination;
            *destination = destination.as_ref().map(|arn| arn.replace("123456789012", "210987654321"));
            let message = inventory.failure(&CHECK, stage).message;
            assert!(message.contains("in account 210987654321:"), "{message}");
        }
    }

    #[test]
    fn a_stream_must_be_named_for_api_gateway_and_exist() {
        let stream = "arn:aws:firehose:us-east-1:123456789012:deliverystream/orders";
        assert!(message(&with_destination(stream)).contains("only to streams named amazon-apigateway-*"));

        let mut inventory = healthy();
        *inventory.delivery_stream_mut("amazon-apigateway-orders") = gatelight_model::Fetched::known(None);
        let failure = inventory.failure(&CHECK, "orders/staging");
        assert!(failure.message.ends_with("does not exist."));
        assert_eq!(failure.cause.expect("a cause").kind, SubjectKind::DeliveryStream);
    }

    /// Whatever is wrong with the stream: it is missing, has another name, or is elsewhere.
    #[test]
    fn only_rest_apis_are_told_to_mend_a_stream() {
        let streams = [
            "us-east-1:123456789012:deliverystream/amazon-apigateway-orders",
            "us-east-1:123456789012:deliverystream/orders",
            "eu-west-1:123456789012:deliverystream/amazon-apigateway-orders",
            "us-east-1:210987654321:deliverystream/amazon-apigateway-orders",
        ];
        for stream in &streams {
            for (stage, is_rest) in [("shop/$default", false), ("chat/prod", false), ("orders/prod", true)] {
                let mut inventory = healthy();
                inventory.set_gateway_role(None);
                *inventory.delivery_stream_mut("amazon-apigateway-orders") = gatelight_model::Fetched::known(None);
                inventory.access_log_mut(stage).destination = Some(format!("arn:aws:firehose:{stream}"));
                let fix = inventory.failure(&CHECK, stage).fix;
                assert_eq!(fix.text.contains("for REST APIs only"), !is_rest, "{}", fix.text);
                assert_eq!(fix.text.contains("Create the stream"), is_rest && *stream == streams[0], "{}", fix.text);
                let commands: Vec<_> = fix.commands.iter().map(|command| command[2].as_str()).collect();
                let to_group = ["create-log-group", "put-retention-policy", "update-stage"];
                match stage {
                    "shop/$default" => assert_eq!(commands, to_group),
                    "chat/prod" => assert_eq!(commands[2..], [&["update-account"][..], &to_group].concat()),
                    _ => assert!(commands.is_empty()),
                }
            }
        }
    }

    #[test]
    fn a_stream_that_is_not_active_passes_with_a_note() {
        assert_eq!(healthy().verdict(&CHECK, "orders/staging"), Ok(Judgement::Pass));
        let note = "The Firehose stream's status is CREATING.";
        assert_eq!(healthy().verdict(&CHECK, "users/beta"), Ok(Judgement::PassNoted(note.to_owned())));
    }

    #[test]
    fn a_stream_behind_a_websocket_api_passes_with_a_note() {
        let mut inventory = healthy();
        let stream = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-orders";
        inventory.access_log_mut("chat/prod").destination = Some(stream.to_owned());
        assert!(matches!(inventory.verdict(&CHECK, "chat/prod"), Ok(Judgement::PassNoted(_))));
    }

    #[test]
    fn what_is_no_arn_of_a_group_or_stream_fails() {
        for text in ["/gateway/orders", "arn:aws:s3:::bucket", "arn:aws:logs:us-east-1:123456789012:log-group:"] {
            let failure = with_destination(text).failure(&CHECK, "orders/prod");
            assert!(failure.message.contains("not the ARN of"));
            assert_eq!(failure.cause, None);
        }
    }

    #[test]
    fn a_denied_lookup_is_could_not_check() {
        let mut inventory = healthy();
        *inventory.log_group_mut("/gateway/orders") = Err(denied("logs:DescribeLogGroups")).into();
        *inventory.delivery_stream_mut("amazon-apigateway-orders") =
            Err(denied("firehose:DescribeDeliveryStream")).into();
        assert_eq!(inventory.verdict(&CHECK, "orders/prod"), Err(denied("logs:DescribeLogGroups")));
        assert_eq!(inventory.verdict(&CHECK, "orders/staging"), Err(denied("firehose:DescribeDeliveryStream")));
    }
}
