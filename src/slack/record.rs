//! Records the result of a delivery in the ledger: the same for the daemon and for a single audit.

use std::time::Duration;

use jiff::Timestamp;

use super::client::Delivery;
use crate::ledger::{Ledger, Outgoing};

/// Why a message is given up whose route was removed from the configuration.
pub(crate) const NO_ROUTE: &str = "the configuration has no webhook of this name any more";

/// The result of a delivery, as the ledger holds it now.
#[derive(Debug)]
pub(crate) enum RecordedDelivery {
    Sent,
    /// It was not posted, and waits.
    Later {
        why: String,
        wait: Duration,
    },
    /// It may have been posted, and is sent once more.
    RetryOnce {
        why: String,
        wait: Duration,
    },
    /// It may have been posted, and was sent twice: it is given up.
    Uncertain {
        why: String,
        wait: Duration,
    },
    /// It is given up.
    Refused {
        why: String,
    },
}

/// Records the result of a delivery. `default_wait` is how long to wait if Slack did not say.
///
/// # Errors
/// If the ledger cannot be written.
pub(crate) fn record_delivery(
    ledger: &Ledger,
    message: &Outgoing,
    delivery: Delivery,
    now: Timestamp,
    default_wait: impl FnOnce() -> Duration,
) -> anyhow::Result<RecordedDelivery> {
    let id = message.id;
    Ok(match delivery {
        Delivery::Delivered => {
            ledger.sent(id, now)?;
            RecordedDelivery::Sent
        }
        Delivery::Refused { why } => {
            ledger.refused(id, &why, now)?;
            RecordedDelivery::Refused { why }
        }
        Delivery::Later { after, why, maybe_delivered } => {
            let wait = after.unwrap_or_else(default_wait);
            let at = now.checked_add(wait)?;
            if !maybe_delivered {
                ledger.postpone(id, at, &why)?;
                RecordedDelivery::Later { why, wait }
            } else if ledger.retry_uncertain(id, at, &why, now)? {
                RecordedDelivery::RetryOnce { why, wait }
            } else {
                RecordedDelivery::Uncertain { why, wait }
            }
        }
    })
}
