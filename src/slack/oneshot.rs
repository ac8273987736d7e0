//! `audit --slack`: posts the messages of one audit. With a ledger, the next audit posts what could not be delivered.

use std::{collections::BTreeMap, time::Duration};

use anyhow::bail;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    client::{Delivery, connect, post},
    message::with_delivery_notes,
    record::{NO_ROUTE, RecordedDelivery, record_delivery},
};
use crate::{
    config::route::{Webhook, WebhookRoute},
    finding::AUDIT_SCOPE,
    ledger::{Ledger, Message, Outgoing},
};

/// Somebody waits for the command: after these attempts a message counts as undelivered.
const ATTEMPTS: u32 = 3;
/// The longest wait before another attempt, even if Slack asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Reads each address before the audit, which can take minutes, and returns warnings.
///
/// # Errors
/// Names the webhook and where its address should be.
pub(crate) fn check(routes: &[WebhookRoute]) -> anyhow::Result<Vec<String>> {
    let followed: Vec<_> = routes.iter().filter(|route| route.follows(AUDIT_SCOPE)).collect();
    for route in &followed {
        route.webhook.check()?;
    }
    Ok(followed.iter().filter_map(|route| route.webhook.warning()).collect())
}

/// Posts each message to its webhook, also if another fails.
///
/// # Errors
/// Names each webhook that did not accept its message, and why.
pub(crate) async fn post_all(routes: &[WebhookRoute], messages: &[Message]) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for message in messages {
        let Some(route) = routes.iter().find(|route| route.name() == message.webhook) else { continue };
        if let Err(why) = post_with_retries(&route.webhook, &message.body).await {
            problems.push(format!("Slack webhook {}: {why}", route.name()));
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    Ok(())
}

async fn post_with_retries(webhook: &Webhook, body: &Value) -> Result<(), String> {
    let mut repeated = false;
    let mut attempt = 1;
    loop {
        let (after, why, maybe_delivered) = match post(webhook, &with_delivery_notes(body, repeated, None)).await {
            Delivery::Delivered => return Ok(()),
            Delivery::Refused { why } => return Err(format!("the message was refused: {why}")),
            Delivery::Later { after, why, maybe_delivered } => (after, why, maybe_delivered),
        };
        // What may have been posted is sent once more, and not again.
        if maybe_delivered && repeated {
            return Err(format!("nobody knows whether the message was posted: {why}"));
        }
        repeated |= maybe_delivered;
        let wait = after.unwrap_or(Duration::from_secs(u64::from(attempt)));
        if attempt == ATTEMPTS || wait > LONGEST_WAIT {
            let whether = if repeated { "the message may not have been posted" } else { "the message was not posted" };
            return Err(format!("{whether}: {why}"));
        }
        tokio::time::sleep(wait).await;
        attempt += 1;
    }
}

/// Sends what waits in the ledger's outbox: what this audit changed, and what earlier ones could not deliver.
///
/// # Errors
/// Names each webhook that did not accept a message, and why. If the ledger cannot be read or written.
pub(crate) async fn send_all(routes: &[WebhookRoute], ledger: &Ledger) -> anyhow::Result<()> {
    let mut problems = BTreeMap::new();
    for attempt in 1..=ATTEMPTS {
        let mut wait = None;
        for message in ledger.due(Timestamp::now())? {
            let Some(route) = routes.iter().find(|route| route.name() == message.webhook) else {
                // Given up, or every later audit would fail for it.
                ledger.refused(message.id, NO_ROUTE, Timestamp::now())?;
                problems.insert(message.id, format!("{}: a message is given up: {NO_ROUTE}", message.webhook));
                continue;
            };
            match send(route, &message, ledger).await? {
                SendResult::Done => drop(problems.remove(&message.id)),
                SendResult::GivenUp(why) => drop(problems.insert(message.id, format!("{}: {why}", message.webhook))),
                SendResult::Later(why, again) => {
                    problems.insert(message.id, format!("{}: a message waits: {why}", message.webhook));
                    wait = wait.max(Some(again));
                }
            }
        }
        match wait {
            Some(wait) if attempt < ATTEMPTS && wait <= LONGEST_WAIT => tokio::time::sleep(wait).await,
            _ => break,
        }
    }
    if problems.is_empty() && ledger.next_due()?.is_some() {
        bail!("a message of an earlier audit still waits for its Slack webhook; a later audit posts it");
    }
    if !problems.is_empty() {
        let problems: Vec<_> = problems.into_values().collect();
        bail!("Slack webhook {}", problems.join("; Slack webhook "));
    }
    Ok(())
}

/// What became of a message of the outbox.
enum SendResult {
    Done,
    Later(String, Duration),
    GivenUp(String),
}

async fn send(route: &WebhookRoute, message: &Outgoing, ledger: &Ledger) -> anyhow::Result<SendResult> {
    let delivery = match connect(&route.webhook).await {
        Err(instead) => instead,
        Ok(connection) => {
            if !ledger.about_to_send(message.id)? {
                // Another process sends it.
                return Ok(SendResult::Done);
            }
            connection.post(&with_delivery_notes(&message.body, message.repeated, message.uncertain)).await
        }
    };
    // Short, as somebody waits for the command, and a later audit tries again anyway.
    let default_wait = || Duration::from_secs(u64::from(message.attempts.min(59)) + 1);
    Ok(match record_delivery(ledger, message, delivery, Timestamp::now(), default_wait)? {
        RecordedDelivery::Sent => SendResult::Done,
        RecordedDelivery::Later { why, wait } => SendResult::Later(why, wait),
        RecordedDelivery::RetryOnce { why, wait } => SendResult::Later(format!("it may have been posted: {why}"), wait),
        RecordedDelivery::Uncertain { why, .. } => {
            SendResult::GivenUp(format!("nobody knows whether the message was posted: {why}"))
        }
        RecordedDelivery::Refused { why } => SendResult::GivenUp(format!("the message was refused: {why}")),
    })
}
