//! How much the log groups of execution logs took in, in the healthy account and where nobody says.

use gatelight_model::{Fetched, inventory::IngestedAnswer};
use jiff::Timestamp;

use super::{Fault, Inventory, denied};

/// When the healthy account was read, less a day; and less a quarter of an hour.
const SINCE: Timestamp = Timestamp::constant(1_795_338_000 - 86_400, 0);
const UNTIL: Timestamp = Timestamp::constant(1_795_338_000 - 900, 0);

/// The groups that exist, and how many bytes each took.
const GROUPS: [(&str, u64); 9] = [
    ("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", 1_236_000_000),
    ("API-Gateway-Execution-Logs_a1b2c3d4e5/staging", 1_900_000),
    ("API-Gateway-Execution-Logs_f6g7h8i9j0/live", 410_000),
    ("API-Gateway-Execution-Logs_f6g7h8i9j0/beta", 0),
    ("/aws/vendedlogs/orders", 2_400_000_000),
    ("/executions/users", 0),
    ("/aws/apigateway/p6q7r8s9t0/prod", 0),
    ("/aws/apigateway/z6a7b8c9d0/live", 9_000),
    ("/aws/apigateway/z6a7b8c9d0/try", 0),
];

/// What they took in the healthy account.
pub(super) fn ingested() -> Vec<IngestedAnswer> {
    GROUPS
        .map(|(group, bytes)| IngestedAnswer {
            group: group.to_owned(),
            since: SINCE,
            until: UNTIL,
            bytes: Fetched::known(bytes),
        })
        .into()
}

/// The tests' way in.
impl Inventory {
    /// How much a log group took.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn ingested_mut(&mut self, group: &str) -> &mut IngestedAnswer {
        self.region.ingested.iter_mut().find(|answer| answer.group == group).expect("what that group took")
    }
}

/// The scenarios in which it is not known.
pub(super) const INGESTED: &[Fault] = &[
    ("execution logs whose volume was denied", |inventory| {
        for answer in &mut inventory.region.ingested {
            answer.bytes = Err(denied("cloudwatch:GetMetricData")).into();
        }
    }),
    ("execution logs whose volume nobody asked for", |inventory| inventory.region.ingested.clear()),
];
