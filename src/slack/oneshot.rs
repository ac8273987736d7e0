//! `audit --slack`: one look, told once. With a ledger, what could not be delivered is told by the next one.

use std::{collections::BTreeMap, time::Duration};

use anyhow::bail;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    client::{Delivery, connect, post},
    message::marked,
    record::{NO_ROUTE, Settled, settle},
    route::Route,
    webhook::Webhook,
};
use crate::ledger::{Ledger, Message, Outgoing};

/// Somebody waits for the command: what is not delivered after these is said to be undelivered.
const ATTEMPTS: u32 = 3;
/// The longest that one of Slack's wishes to wait is heeded.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads each address before any work, and gives warnings: an audit can take minutes, and a misspelt name should not cost
/// them.
///
/// # Errors
/// Names the webhook and where its address should be.
pub(crate) fn check(routes: &[Route]) -> anyhow::Result<Vec<String>> {
    let followed: Vec<_> = routes.iter().filter(|route| route.follows("audit")).collect();
    for route in &followed {
        route.webhook.check()?;
    }
    Ok(followed.iter().filter_map(|route| route.webhook.warning()).collect())
}

/// Posts each message to its webhook; one that fails keeps no other back.
///
/// # Errors
/// Names each webhook that did not take its message, and why.
pub(crate) async fn post_all(routes: &[Route], messages: &[Message]) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for message in messages {
        let Some(route) = routes.iter().find(|route| route.name() == message.webhook) else { continue };
        if let Err(why) = patiently(&route.webhook, &message.body).await {
            problems.push(format!("Slack webhook {}: {why}", route.name()));
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    Ok(())
}

async fn patiently(webhook: &Webhook, body: &Value) -> Result<(), String> {
    let mut repeated = false;
    let mut attempt = 1;
    loop {
        let (after, why, perhaps) = match post(webhook, &marked(body, repeated, None)).await {
            Delivery::Delivered => return Ok(()),
            Delivery::Refused { why } => return Err(format!("the message was refused: {why}")),
            Delivery::Later { after, why, perhaps } => (after, why, perhaps),
        };
        // What may have been posted is repeated once.
        if perhaps && repeated {
            return Err(format!("nobody knows whether the message was posted: {why}"));
        }
        repeated |= perhaps;
        let wait = after.unwrap_or(Duration::from_secs(u64::from(attempt)));
        if attempt == ATTEMPTS || wait > PATIENCE {
            let whether = if repeated { "the message may not have been posted" } else { "the message was not posted" };
            return Err(format!("{whether}: {why}"));
        }
        tokio::time::sleep(wait).await;
        attempt += 1;
    }
}

/// Sends what waits in the ledger's outbox: what this look changed, and what earlier ones could not deliver.
///
/// # Errors
/// Names each webhook that did not take a message, and why. If the ledger cannot be read or written.
pub(crate) async fn send_all(routes: &[Route], ledger: &Ledger) -> anyhow::Result<()> {
    let mut problems = BTreeMap::new();
    for attempt in 1..=ATTEMPTS {
        let mut wait = None;
        for message in ledger.due(Timestamp::now())? {
            let Some(route) = routes.iter().find(|route| route.name() == message.webhook) else {
                // Said once: it would keep every later audit from delivering.
                ledger.refused(message.id, NO_ROUTE, Timestamp::now())?;
                problems.insert(message.id, format!("{}: a message is given up: {NO_ROUTE}", message.webhook));
                continue;
            };
            match send(route, &message, ledger).await? {
                Sent::Yes => drop(problems.remove(&message.id)),
                Sent::Never(why) => drop(problems.insert(message.id, format!("{}: {why}", message.webhook))),
                Sent::Later(why, again) => {
                    problems.insert(message.id, format!("{}: a message waits: {why}", message.webhook));
                    wait = wait.max(Some(again));
                }
            }
        }
        match wait {
            Some(wait) if attempt < ATTEMPTS && wait <= PATIENCE => tokio::time::sleep(wait).await,
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
enum Sent {
    Yes,
    Later(String, Duration),
    Never(String),
}

async fn send(route: &Route, message: &Outgoing, ledger: &Ledger) -> anyhow::Result<Sent> {
    let delivery = match connect(&route.webhook).await {
        Err(instead) => instead,
        Ok(connection) => {
            if !ledger.about_to_send(message.id)? {
                // Another process has it.
                return Ok(Sent::Yes);
            }
            connection.post(&marked(&message.body, message.repeated, message.uncertain)).await
        }
    };
    // Somebody waits for the command. A later audit tries again anyway.
    let own = || Duration::from_secs(u64::from(message.attempts.min(59)) + 1);
    Ok(match settle(ledger, message, delivery, Timestamp::now(), own)? {
        Settled::Sent => Sent::Yes,
        Settled::Later { why, wait } => Sent::Later(why, wait),
        Settled::Again { why, wait } => Sent::Later(format!("it may have been posted: {why}"), wait),
        Settled::Uncertain { why, .. } => Sent::Never(format!("nobody knows whether the message was posted: {why}")),
        Settled::Refused { why } => Sent::Never(format!("the message was refused: {why}")),
    })
}
