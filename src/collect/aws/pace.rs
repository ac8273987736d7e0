//! Pacing belongs to the account: one bucket for each quota of each account and region. A throttled call closes its
//! own bucket's gate for a while and nobody else's.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::operation::{Quota, Rate};

/// How much of AWS's published quotas to use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// A share, above 0 and at most 1.
    Share(f64),
    /// No limit, for endpoints that are not AWS. Gates still close.
    Off,
}

impl Pace {
    fn of(self, rate: Rate) -> Option<Rate> {
        match self {
            Self::Off => None,
            Self::Share(share) => {
                Some(Rate { per_second: rate.per_second * share, burst: (rate.burst * share).max(1.0) })
            }
        }
    }
}

/// The buckets of one account in one region.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    buckets: Mutex<BTreeMap<Quota, TokenBucket>>,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, buckets: Mutex::new(BTreeMap::new()) }
    }

    /// Waits for a turn. Turns are given in the order in which they were asked for.
    pub(super) async fn turn(&self, quota: Quota) {
        let rate = self.pace.of(quota.rate());
        let mut at = self.bucket(quota, |bucket, now| bucket.reserve(now, rate));
        // The gate may close while we sleep.
        while at > Instant::now() {
            tokio::time::sleep_until(at.into()).await;
            at = self.bucket(quota, |bucket, _| bucket.closed_until);
        }
    }

    /// Lets no call through for `pause`.
    pub(super) fn close(&self, quota: Quota, pause: Duration) {
        self.bucket(quota, |bucket, now| bucket.close(now, pause));
    }

    fn bucket<T>(&self, quota: Quota, work: impl FnOnce(&mut TokenBucket, Instant) -> T) -> T {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        work(buckets.entry(quota).or_insert_with(|| TokenBucket::full(now)), now)
    }
}

/// A token bucket in the form of the generic cell rate algorithm: all it keeps is the time at which it is full again.
#[derive(Clone, Copy, Debug)]
struct TokenBucket {
    full_at: Instant,
    closed_until: Instant,
}

impl TokenBucket {
    fn full(now: Instant) -> Self {
        Self { full_at: now, closed_until: now }
    }

    /// Takes a token and says when it may be used.
    fn reserve(&mut self, now: Instant, rate: Option<Rate>) -> Instant {
        let Some(Rate { per_second, burst }) = rate else { return self.closed_until };
        // However small the share, a call an hour is made: a duration has an end too.
        let interval = Duration::from_secs_f64((1.0 / per_second).min(3_600.0));
        let before = self.full_at.max(now);
        self.full_at = before + interval;
        before.checked_sub(interval.mul_f64(burst - 1.0)).unwrap_or(now).max(self.closed_until)
    }

    fn close(&mut self, now: Instant, pause: Duration) {
        self.closed_until = self.closed_until.max(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds from `now` until the last of `turns` comes, for one who takes each as it comes.
    fn seconds_for(bucket: &mut TokenBucket, now: &mut Instant, turns: u32) -> f64 {
        let start = *now;
        let rate = Pace::Share(0.5).of(Quota::ApiGateway.rate());
        for _ in 0..turns {
            *now = bucket.reserve(*now, rate).max(*now);
        }
        (*now - start).as_secs_f64()
    }

    #[test]
    fn half_of_the_quota_is_a_burst_of_twenty_and_then_five_a_second() {
        let mut now = Instant::now();
        let mut bucket = TokenBucket::full(now);
        assert!(seconds_for(&mut bucket, &mut now, 20) < 0.01);
        let more = seconds_for(&mut bucket, &mut now, 50);
        assert!((9.9..10.1).contains(&more), "{more}");
        now += Duration::from_mins(1);
        assert!(seconds_for(&mut bucket, &mut now, 20) < 0.01, "the burst comes back …");
        assert!(seconds_for(&mut bucket, &mut now, 5) > 0.9, "… and no more than it");
    }

    #[test]
    fn the_smallest_share_is_slow_and_no_panic() {
        let rate = Pace::Share(f64::MIN_POSITIVE).of(Quota::ApiGateway.rate());
        let now = Instant::now();
        let mut bucket = TokenBucket::full(now);
        bucket.reserve(now, rate);
        assert_eq!(bucket.reserve(now, rate), now + Duration::from_hours(1));
    }

    #[tokio::test]
    async fn a_closed_gate_holds_its_own_bucket_and_those_who_already_wait() {
        let pacer = Pacer::new(Pace::Off);
        let start = Instant::now();
        pacer.close(Quota::ApiGateway, Duration::from_millis(100));
        pacer.turn(Quota::Iam).await;
        assert!(start.elapsed() < Duration::from_millis(50), "another bucket's gate is open");
        let closing_again = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pacer.close(Quota::ApiGateway, Duration::from_millis(150));
        };
        tokio::join!(pacer.turn(Quota::ApiGateway), closing_again);
        assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
    }
}
