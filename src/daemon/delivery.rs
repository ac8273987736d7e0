//! Sends the ledger's outbox to Slack: in order and one at a time for each webhook; no webhook waits for another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{clock::Clock, run::SharedLedger};
use crate::{
    config::route::WebhookRoute,
    ledger::Outgoing,
    slack::{self, Delivery, RecordedDelivery},
    text::with_causes,
};

/// The outbox is checked at least this often, even when the clock was set back.
const OUTBOX_POLL: SignedDuration = SignedDuration::from_mins(1);

/// The result of one attempt to send a message, as metrics count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryResult {
    Sent,
    /// It will be tried again.
    Later,
    /// It may or may not have arrived.
    Doubtful,
    /// It will never be accepted.
    Refused,
}

impl DeliveryResult {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Later => "later",
            Self::Doubtful => "doubtful",
            Self::Refused => "refused",
        }
    }
}

/// An attempt to send a message that has ended.
#[derive(Debug)]
pub(crate) struct FinishedDelivery {
    pub(crate) webhook: String,
    pub(crate) result: DeliveryResult,
    /// Until when further messages for the webhook wait.
    pause_until: Option<Timestamp>,
}

/// Deliveries under way, and webhooks that are paused.
pub(crate) struct Deliveries {
    ledger: SharedLedger,
    routes: Arc<Vec<WebhookRoute>>,
    clock: Clock,
    /// Webhooks to which a message is being sent.
    in_flight: BTreeSet<String>,
    paused_until: BTreeMap<String, Timestamp>,
    /// When the outbox is checked again; none: at the next tick.
    next_check: Option<Timestamp>,
    finished: UnboundedSender<FinishedDelivery>,
}

impl Deliveries {
    /// Returns also the channel on which each delivery reports that it has ended.
    pub(crate) fn new(
        ledger: SharedLedger,
        routes: Arc<Vec<WebhookRoute>>,
        clock: Clock,
    ) -> (Self, UnboundedReceiver<FinishedDelivery>) {
        let (finished, results) = mpsc::unbounded_channel();
        let deliveries = Self {
            ledger,
            routes,
            clock,
            in_flight: BTreeSet::new(),
            paused_until: BTreeMap::new(),
            next_check: None,
            finished,
        };
        (deliveries, results)
    }

    /// Replaces the routes; deliveries under way go on.
    pub(crate) fn replace_routes(&mut self, routes: Arc<Vec<WebhookRoute>>) {
        self.routes = routes;
        self.paused_until.clear();
        self.next_check = None;
    }

    /// Checks the outbox at the next tick, as there may be something new in it.
    pub(crate) fn check_soon(&mut self) {
        self.next_check = None;
    }

    /// Whether a message is being sent.
    pub(crate) fn is_busy(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Starts to send the messages that are due.
    ///
    /// # Errors
    /// If the ledger cannot be read or written.
    pub(crate) fn send_due(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if self.next_check.is_some_and(|next| now < next && next.duration_since(now) <= OUTBOX_POLL) {
            return Ok(());
        }
        self.paused_until.retain(|_, until| *until > now && until.duration_since(now) <= SignedDuration::from_hours(2));
        let ledger = self.ledger.lock();
        for message in ledger.due(now)? {
            if self.in_flight.contains(&message.webhook) || self.paused_until.contains_key(&message.webhook) {
                continue;
            }
            let Some(route) = self.routes.iter().position(|route| route.name() == message.webhook) else {
                tracing::error!(webhook = message.webhook, "message not sent: {}", slack::NO_ROUTE);
                ledger.refused(message.id, slack::NO_ROUTE, now)?;
                continue;
            };
            self.in_flight.insert(message.webhook.clone());
            let sending = Sending {
                ledger: self.ledger.clone(),
                routes: Arc::clone(&self.routes),
                route,
                message,
                clock: Arc::clone(&self.clock),
            };
            let finished = self.finished.clone();
            tokio::spawn(async move {
                // Nobody receives it when the daemon is ending.
                let _ = finished.send(sending.send().await);
            });
        }
        let next = ledger.next_due()?.filter(|next| *next > now);
        let soonest = self.paused_until.values().copied().chain(next).min();
        let later = now.checked_add(OUTBOX_POLL).unwrap_or(now);
        self.next_check = Some(soonest.map_or(later, |soonest| soonest.min(later)));
        Ok(())
    }

    /// Lets the webhook's next message begin, after the pause that the delivery asked for.
    pub(crate) fn on_delivery_finished(&mut self, delivery: &FinishedDelivery) {
        self.in_flight.remove(&delivery.webhook);
        match delivery.pause_until {
            Some(until) => self.paused_until.insert(delivery.webhook.clone(), until),
            None => self.paused_until.remove(&delivery.webhook),
        };
        self.next_check = None;
    }
}

/// One attempt to send one message.
struct Sending {
    ledger: SharedLedger,
    routes: Arc<Vec<WebhookRoute>>,
    route: usize,
    message: Outgoing,
    clock: Clock,
}

impl Sending {
    async fn send(self) -> FinishedDelivery {
        let (result, pause_until) = self.attempt().await.unwrap_or_else(|why| {
            // Slack's answer is lost. The message stays `sending` in the ledger; the next start of the daemon sends it
            // again, marked as repeated.
            tracing::error!(webhook = self.message.webhook, "{}", with_causes(&why));
            (DeliveryResult::Doubtful, self.after(Duration::from_mins(1)))
        });
        FinishedDelivery { webhook: self.message.webhook, result, pause_until }
    }

    async fn attempt(&self) -> anyhow::Result<(DeliveryResult, Option<Timestamp>)> {
        let Outgoing { id, body, repeated, uncertain, .. } = &self.message;
        let delivery = match slack::connect(&self.routes[self.route].webhook).await {
            Err(instead) => instead,
            Ok(connection) => {
                // Only if the process dies between here and the answer is it unknown whether the message arrived.
                if !self.ledger.lock().about_to_send(*id)? {
                    return Ok((DeliveryResult::Later, None));
                }
                connection.post(&slack::with_delivery_notes(body, *repeated, *uncertain)).await
            }
        };
        self.record(delivery)
    }

    fn record(&self, delivery: Delivery) -> anyhow::Result<(DeliveryResult, Option<Timestamp>)> {
        let Outgoing { webhook, attempts, .. } = &self.message;
        let ledger = self.ledger.lock();
        let own = || slack::backoff(attempts + 1, random_fraction());
        Ok(match slack::record_delivery(&ledger, &self.message, delivery, (self.clock)(), own)? {
            RecordedDelivery::Sent => {
                tracing::info!(webhook, "message posted");
                (DeliveryResult::Sent, None)
            }
            RecordedDelivery::Later { why, wait } => {
                tracing::warn!(webhook, "message not posted, retrying in {} seconds: {why}", wait.as_secs());
                (DeliveryResult::Later, self.after(wait))
            }
            RecordedDelivery::RetryOnce { why, wait } => {
                let seconds = wait.as_secs();
                tracing::warn!(webhook, "message may have arrived; sending it again in {seconds} seconds: {why}");
                (DeliveryResult::Doubtful, self.after(wait))
            }
            RecordedDelivery::Uncertain { why, wait } => {
                tracing::error!(webhook, "message may not have arrived; giving up: {why}");
                (DeliveryResult::Doubtful, self.after(wait))
            }
            RecordedDelivery::Refused { why } => {
                tracing::error!(webhook, "message rejected by Slack; giving up: {why}");
                (DeliveryResult::Refused, None)
            }
        })
    }

    fn after(&self, wait: Duration) -> Option<Timestamp> {
        (self.clock)().checked_add(wait).ok()
    }
}

/// A random number from 0 to 1.
fn random_fraction() -> f64 {
    getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX))
}
