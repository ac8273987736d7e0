//! `audit --slack`: one look, told once, without a memory of what could not be delivered.

use std::time::Duration;

use anyhow::bail;
use serde_json::Value;

use super::{
    deliver::{Delivery, post},
    message::{Message, marked},
    route::Route,
    webhook::Webhook,
};

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
