//! What metrics say, in the healthy account and where something is wrong.

use gatelight_model::{
    Fetched, Gap,
    inventory::{DestinationIntake, LatencyPercentiles, OwnLines, Percentiles, Timing, TrafficAnswer},
};
use jiff::Timestamp;

use super::{Fault, Inventory, denied};

/// When the healthy account was read, less a day; and less a quarter of an hour.
const SINCE: Timestamp = Timestamp::constant(1_795_338_000 - 86_400, 0);
const UNTIL: Timestamp = Timestamp::constant(1_795_338_000 - 900, 0);

/// The stages by API and name: how many requests each served and how many events its destination took; whether it was
/// searched for lines of the stage's own, as others write there too.
const STAGES: [(&str, &str, u64, u64, bool); 12] = [
    ("a1b2c3d4e5", "prod", 120_000, 119_870, false),
    ("a1b2c3d4e5", "staging", 4_200, 4_190, false),
    ("f6g7h8i9j0", "live", 900, 900, false),
    ("f6g7h8i9j0", "beta", 0, 0, false),
    ("k1l2m3n4o5", "$default", 5, 3_004, false),
    ("k1l2m3n4o5", "v1", 3_000, 3_004, true),
    ("u1v2w3x4y5", "$default", 50, 50, true),
    ("u1v2w3x4y5", "dev", 0, 50, false),
    ("p6q7r8s9t0", "prod", 0, 0, false),
    ("p6q7r8s9t0", "test", 700, 703, true),
    ("z6a7b8c9d0", "live", 3, 703, false),
    ("z6a7b8c9d0", "try", 0, 0, false),
];

fn not_asked<T>() -> Fetched<T> {
    Err(Gap::not_collected("what no verdict hangs on")).into()
}

/// 180 ms on average, 140 ms of them in the backend.
fn timing(requests: u64, mean: f64) -> Timing {
    #[expect(clippy::cast_precision_loss, reason = "these are small")]
    Timing { sum: requests as f64 * mean, samples: requests }
}

/// What stages served in the healthy account. No latencies are asked for where they prove nothing.
pub(super) fn traffic() -> Vec<TrafficAnswer> {
    STAGES
        .map(|(api, stage, requests, ..)| {
            let timed = |mean: f64| {
                let asked = requests >= 100 && api != "p6q7r8s9t0";
                if asked { Fetched::known(timing(requests, mean)) } else { not_asked() }
            };
            TrafficAnswer {
                api: api.to_owned(),
                stage: stage.to_owned(),
                since: SINCE,
                until: UNTIL,
                requests: Fetched::known(requests),
                latency: timed(180.0),
                integration_latency: timed(140.0),
                percentiles: not_asked(),
            }
        })
        .into()
}

/// What destinations took in the healthy account.
pub(super) fn taken() -> Vec<DestinationIntake> {
    STAGES
        .map(|(api, stage, requests, taken, searched)| DestinationIntake {
            api: api.to_owned(),
            stage: stage.to_owned(),
            since: SINCE,
            until: UNTIL,
            requests: Fetched::known(requests),
            client_errors: if searched { Fetched::known(2) } else { not_asked() },
            taken: Fetched::known(taken),
            own_lines: if searched { Fetched::known(OwnLines { proven: 1, reached: None }) } else { not_asked() },
        })
        .into()
}

/// The tests' way in. Each of these panics if the inventory has no such thing.
impl Inventory {
    /// What CloudWatch counted of a stage: `orders/prod`.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn traffic_mut(&mut self, stage: &str) -> &mut TrafficAnswer {
        let (api, stage) = self.ids_of(stage);
        let mut answers = self.region.traffic.iter_mut();
        answers.find(|answer| answer.api == api && answer.stage == stage).expect("traffic of that stage")
    }

    /// What a stage served and its destination took: `orders/prod`.
    ///
    /// # Panics
    /// If nobody asked.
    pub fn taken_mut(&mut self, stage: &str) -> &mut DestinationIntake {
        let (api, stage) = self.ids_of(stage);
        let mut answers = self.region.taken.iter_mut();
        answers.find(|answer| answer.api == api && answer.stage == stage).expect("what that stage served")
    }

    fn ids_of(&mut self, stage: &str) -> (String, String) {
        let (api, stage) = stage.rsplit_once('/').expect("api/stage");
        (self.api_mut(api).id.clone(), stage.to_owned())
    }

    /// A stage that served this many requests, of which this many were clients' errors, and whose destination took this
    /// many events.
    pub fn serve(&mut self, stage: &str, (requests, client_errors, taken): (u64, u64, u64)) {
        let answer = self.taken_mut(stage);
        answer.requests = Fetched::known(requests);
        answer.client_errors = Fetched::known(client_errors);
        answer.taken = Fetched::known(taken);
    }

    /// A stage whose 1,000 requests took so long on average, and its backend so long, in milliseconds.
    pub fn take_long(&mut self, stage: &str, latency: f64, integration_latency: f64) {
        let answer = self.traffic_mut(stage);
        answer.requests = Fetched::known(1_000);
        answer.latency = Fetched::known(timing(1_000, latency));
        answer.integration_latency = Fetched::known(timing(1_000, integration_latency));
        let spread = |mean: f64| Percentiles { p50: mean / 2.0, p95: mean * 2.0, p99: mean * 3.0 };
        answer.percentiles = Fetched::known(LatencyPercentiles {
            latency: spread(latency),
            integration_latency: spread(integration_latency),
        });
    }
}

const LATER: Timestamp = Timestamp::constant(1_795_338_000 - 40_000, 0);

/// The scenarios in which metrics say that something is wrong, or say nothing.
pub(super) const TRAFFIC: &[Fault] = &[
    ("access logs that stay empty", |inventory| {
        inventory.serve("orders/prod", (1_234, 34, 0));
        inventory.serve("orders/staging", (10, 0, 0));
        inventory.serve("users/live", (40, 35, 0));
        inventory.serve("shop/$default", (70, 0, 3_004));
        inventory.serve("chat/test", (80, 1, 0));
        let own = |reached| Fetched::known(OwnLines { proven: 0, reached });
        inventory.taken_mut("shop/v1").own_lines = own(None);
        inventory.taken_mut("cart/$default").own_lines = own(Some(LATER));
    }),
    ("stages and destinations that changed a short time ago", |inventory| {
        let recently = |minutes: i64| Fetched::known(Timestamp::constant(1_795_338_000 - minutes * 60, 0));
        inventory.stage_mut("orders/prod").changed_at = recently(30);
        inventory.change_log_group("/gateway/users", |group| group.created_at = recently(5));
        inventory.stage_mut("shop/v1").changed_at = recently(300);
        inventory.serve("shop/v1", (1_000, 0, 0));
        inventory.taken_mut("cart/$default").since = UNTIL;
    }),
    ("times of changes that AWS does not tell", |inventory| {
        for stage in ["orders/prod", "shop/$default"] {
            inventory.stage_mut(stage).changed_at = Err(denied("apigateway:GetStages")).into();
        }
        inventory.change_log_group("/gateway/users", |group| {
            group.created_at = Err(denied("logs:DescribeLogGroups")).into();
        });
        let stream = inventory.delivery_stream_mut("amazon-apigateway-orders");
        let mut told = stream.get().expect("an answer").clone().expect("it exists");
        told.created_at = Err(denied("firehose:DescribeDeliveryStream")).into();
        *stream = Fetched::known(Some(told));
        for stage in ["orders/prod", "users/live", "orders/staging"] {
            inventory.serve(stage, (1_000, 0, 0));
        }
    }),
    ("APIs that CloudWatch counts as one", |inventory| {
        for name in ["orders", "users"] {
            inventory.api_mut(name).name = format!("{name}é");
        }
        let mut twin = inventory.region.rest_apis.seen[0].clone();
        (twin.id, twin.name) = ("twin567890".to_owned(), "orders".to_owned());
        twin.stages.seen.truncate(1);
        inventory.region.rest_apis.seen.push(twin);
    }),
    ("an API Gateway that takes long", |inventory| {
        inventory.take_long("orders/prod", 412.0, 252.0);
        inventory.take_long("shop/v1", 1_300.0, 100.0);
        inventory.take_long("users/live", 200.0, 99.0);
        inventory.traffic_mut("users/live").integration_latency = Fetched::known(timing(949, 10.0));
        inventory.traffic_mut("orders/staging").latency = Fetched::known(timing(99, 500.0));
    }),
    ("metrics that were denied", |inventory| {
        let gap = || denied("cloudwatch:GetMetricData");
        for stage in ["orders/prod", "shop/v1"] {
            let answer = inventory.traffic_mut(stage);
            (answer.requests, answer.latency) = (Err(gap()).into(), Err(gap()).into());
            answer.integration_latency = Err(gap()).into();
            let answer = inventory.taken_mut(stage);
            (answer.requests, answer.taken) = (Err(gap()).into(), Err(gap()).into());
        }
        let answer = inventory.taken_mut("chat/test");
        answer.own_lines = Err(denied("logs:FilterLogEvents")).into();
    }),
    ("metrics that nobody asked for", |inventory| {
        inventory.region.traffic.clear();
        inventory.region.taken.clear();
    }),
];
