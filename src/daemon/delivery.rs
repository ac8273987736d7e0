//! The outbox on its way: one message a webhook at a time, in order, and no webhook waits for another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Clock, run::Memory};
use crate::{
    ledger::Outgoing,
    slack::{self, Delivery, RecordedDelivery, Route},
};

/// However the clock was set, the outbox is looked into so often.
const LOOK: SignedDuration = SignedDuration::from_mins(1);

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent,
    Later,
    Doubtful,
    Refused,
}

impl Fate {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Later => "later",
            Self::Doubtful => "doubtful",
            Self::Refused => "refused",
        }
    }
}

/// A delivery that is over.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) webhook: String,
    pub(crate) fate: Fate,
    /// What comes after it waits for so long.
    hold: Option<Timestamp>,
}

/// Deliveries that are under way, and webhooks that asked to be left alone.
pub(crate) struct Deliveries {
    memory: Memory,
    routes: Arc<Vec<Route>>,
    clock: Clock,
    busy: BTreeSet<String>,
    held: BTreeMap<String, Timestamp>,
    /// When the outbox is to be looked into again.
    wake: Option<Timestamp>,
    done: UnboundedSender<Delivered>,
}

impl Deliveries {
    /// Deliveries by these routes, and what becomes of them.
    pub(crate) fn new(memory: Memory, routes: Arc<Vec<Route>>, clock: Clock) -> (Self, UnboundedReceiver<Delivered>) {
        let (done, results) = mpsc::unbounded_channel();
        let deliveries = Self { memory, routes, clock, busy: BTreeSet::new(), held: BTreeMap::new(), wake: None, done };
        (deliveries, results)
    }

    /// Goes on by other routes.
    pub(crate) fn replace(&mut self, routes: Arc<Vec<Route>>) {
        self.routes = routes;
        self.held.clear();
        self.wake = None;
    }

    /// Something new is in the outbox.
    pub(crate) fn wake(&mut self) {
        self.wake = None;
    }

    /// Whether something is being sent.
    pub(crate) fn busy(&self) -> bool {
        !self.busy.is_empty()
    }

    /// Sends what is due.
    ///
    /// # Errors
    /// If the ledger cannot be read or written.
    pub(crate) fn pump(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if self.wake.is_some_and(|wake| now < wake && wake.duration_since(now) <= LOOK) {
            return Ok(());
        }
        self.held.retain(|_, until| *until > now && until.duration_since(now) <= SignedDuration::from_hours(2));
        let ledger = self.memory.lock();
        for message in ledger.due(now)? {
            if self.busy.contains(&message.webhook) || self.held.contains_key(&message.webhook) {
                continue;
            }
            let Some(route) = self.routes.iter().position(|route| route.name() == message.webhook) else {
                tracing::error!(webhook = message.webhook, "a message is not sent: {}", slack::NO_ROUTE);
                ledger.refused(message.id, slack::NO_ROUTE, now)?;
                continue;
            };
            self.busy.insert(message.webhook.clone());
            let sending = Sending {
                memory: self.memory.clone(),
                routes: Arc::clone(&self.routes),
                route,
                message,
                clock: Arc::clone(&self.clock),
            };
            let done = self.done.clone();
            tokio::spawn(async move {
                // Nobody listens when the daemon is ending.
                let _ = done.send(sending.send().await);
            });
        }
        let next = ledger.next_due()?.filter(|next| *next > now);
        let soonest = self.held.values().copied().chain(next).min();
        let later = now.checked_add(LOOK).unwrap_or(now);
        self.wake = Some(soonest.map_or(later, |soonest| soonest.min(later)));
        Ok(())
    }

    /// A delivery is over; the next may begin.
    pub(crate) fn over(&mut self, delivered: &Delivered) {
        self.busy.remove(&delivered.webhook);
        match delivered.hold {
            Some(until) => self.held.insert(delivered.webhook.clone(), until),
            None => self.held.remove(&delivered.webhook),
        };
        self.wake = None;
    }
}

struct Sending {
    memory: Memory,
    routes: Arc<Vec<Route>>,
    route: usize,
    message: Outgoing,
    clock: Clock,
}

impl Sending {
    async fn send(self) -> Delivered {
        let (fate, hold) = self.attempt().await.unwrap_or_else(|why| {
            // What Slack said is lost; the message is found in `sending` at the next start, and says that it is repeated.
            tracing::error!(webhook = self.message.webhook, "{why:#}");
            (Fate::Doubtful, self.after(Duration::from_mins(1)))
        });
        Delivered { webhook: self.message.webhook, fate, hold }
    }

    async fn attempt(&self) -> anyhow::Result<(Fate, Option<Timestamp>)> {
        let Outgoing { id, body, repeated, uncertain, .. } = &self.message;
        let delivery = match slack::connect(&self.routes[self.route].webhook).await {
            Err(instead) => instead,
            Ok(connection) => {
                // From here to the answer, and no longer, a death of this process leaves a doubt.
                if !self.memory.lock().about_to_send(*id)? {
                    return Ok((Fate::Later, None));
                }
                connection.post(&slack::with_delivery_notes(body, *repeated, *uncertain)).await
            }
        };
        self.note(delivery)
    }

    fn note(&self, delivery: Delivery) -> anyhow::Result<(Fate, Option<Timestamp>)> {
        let Outgoing { webhook, attempts, .. } = &self.message;
        let ledger = self.memory.lock();
        let own = || slack::backoff(attempts + 1, chance());
        Ok(match slack::record_delivery(&ledger, &self.message, delivery, (self.clock)(), own)? {
            RecordedDelivery::Sent => {
                tracing::info!(webhook, "a message was posted");
                (Fate::Sent, None)
            }
            RecordedDelivery::Later { why, wait } => {
                tracing::warn!(webhook, "a message is put off by {} seconds: {why}", wait.as_secs());
                (Fate::Later, self.after(wait))
            }
            RecordedDelivery::RetryOnce { why, wait } => {
                let seconds = wait.as_secs();
                tracing::warn!(webhook, "a message may have arrived; it is sent again in {seconds} seconds: {why}");
                (Fate::Doubtful, self.after(wait))
            }
            RecordedDelivery::Uncertain { why, wait } => {
                tracing::error!(webhook, "a message may not have arrived, and is not sent a third time: {why}");
                (Fate::Doubtful, self.after(wait))
            }
            RecordedDelivery::Refused { why } => {
                tracing::error!(webhook, "a message was refused, and is not sent again: {why}");
                (Fate::Refused, None)
            }
        })
    }

    fn after(&self, wait: Duration) -> Option<Timestamp> {
        (self.clock)().checked_add(wait).ok()
    }
}

/// A number by chance, from 0 to 1.
fn chance() -> f64 {
    getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX))
}
