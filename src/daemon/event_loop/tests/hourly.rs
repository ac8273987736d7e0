//! Hourly runs that search a log group with one failure: reported once, resolved once, and each hour read once.

use gatelight_checks::{find_check, testing};

use super::*;
use crate::{
    collect::{aws::Traffic, logs::search::fake},
    ledger::RunCounts,
};

const GROUP: &str = "/aws/lambda/checkout";

/// Searches one log group of the healthy account.
struct Searching {
    clock: Clock,
    events: Vec<fake::Event>,
    /// From when on each audit read the log group.
    asked: Mutex<Vec<Timestamp>>,
    /// The run fails after the search: it was killed before it was recorded.
    dies: AtomicBool,
}

impl Auditor for Searching {
    fn audit<'a>(
        &'a self,
        config: &'a Config,
        remembered: CollectorCache,
        _: &'a Progress,
    ) -> Pin<Box<dyn Future<Output = anyhow::Result<Report>> + 'a>> {
        Box::pin(async move {
            let now = (self.clock)();
            let mut scope = testing::healthy();
            let place = (scope.account.id.get().expect("known").clone(), scope.region.name.clone());
            let groups = remembered.get(&place).cloned().unwrap_or_default();
            let (answers, memories, asked) = fake::search(GROUP, &self.events, now, &groups).await;
            self.asked.lock().expect("what was asked").extend(asked);
            if self.dies.load(Ordering::SeqCst) {
                anyhow::bail!("killed");
            }
            scope.region.log_probes.retain(|answer| answer.group != GROUP);
            scope.region.log_probes.extend(answers);
            let checks = [find_check("log-emission-failing").expect("a check")];
            let mut report = Builder::new(&checks, Policy::default(), &config.ignores, FailOn::Low, now)?;
            report.add(&scope.account, &scope.region, Traffic::default())?;
            let mut report = report.finish(now, now)?;
            report.cache = CollectorCache::from([(place, memories)]);
            Ok(report)
        })
    }
}

fn start(folder: &Path, events: &[fake::Event]) -> (Daemon, Arc<Searching>) {
    let (now, clock) = stopped_clock();
    let auditor = Arc::new(Searching {
        clock: Arc::clone(&clock),
        events: events.to_vec(),
        asked: Mutex::default(),
        dies: AtomicBool::new(false),
    });
    let script = Arc::new(Script {
        acts: Mutex::default(),
        accounts: 0,
        clock: Arc::clone(&clock),
        under_way: AtomicUsize::new(0),
        overlapped: AtomicBool::new(false),
        audits: AtomicUsize::new(0),
    });
    (Daemon::with_auditor(folder, HOURLY, (now, clock), script, Arc::clone(&auditor) as Arc<dyn Auditor>), auditor)
}

/// What the run of that hour came to: new, resolved and ongoing findings.
async fn ran(daemon: &Daemon, number: i64) -> Option<(u64, u64, u64)> {
    daemon.set(hour(number));
    match daemon.until_ran("hourly").await.end {
        RunEnd::Completed(RunCounts { new, resolved, ongoing, .. }) => Some((new, resolved, ongoing)),
        RunEnd::Failed(_) => None,
    }
}

fn minutes(number: i64) -> Timestamp {
    time(BEGIN).checked_add(SignedDuration::from_mins(number)).expect("a time")
}

#[test]
fn a_failure_is_told_once_and_resolved_once_and_no_hour_is_read_twice() {
    in_runtime(async |folder| {
        let events = [(minutes(30), "ERROR Failed to emit logs: 503")];
        let (mut daemon, mut auditor) = start(folder, &events);
        let mut asked = Vec::new();
        for number in 0..30 {
            if number == 8 {
                // Another process goes on where this one ended.
                asked.append(&mut auditor.asked.lock().expect("what was asked"));
                daemon.stop().await.expect("ends well");
                (daemon, auditor) = start(folder, &events);
            }
            auditor.dies.store(number == 5, Ordering::SeqCst);
            let expected = match number {
                5 => None,
                1 => Some((1, 0, 0)),
                // It happened half an hour after the first audit: after a day and an hour it is over.
                25 => Some((0, 1, 0)),
                2..25 => Some((0, 0, 1)),
                _ => Some((0, 0, 0)),
            };
            assert_eq!(ran(&daemon, number).await, expected, "hour {number}");
        }
        asked.append(&mut auditor.asked.lock().expect("what was asked"));
        let back: Vec<i64> =
            (0..).zip(asked).map(|(number, from)| hour(number).duration_since(from).as_mins()).collect();
        for (number, back) in (0_i64..).zip(back) {
            let expected = match number {
                // The first of a day reads the whole window.
                0 | 24 => 24 * 60,
                // Nothing of the run before was kept.
                6 => 2 * 60 + 15,
                _ => 60 + 15,
            };
            assert_eq!(back, expected, "hour {number}");
        }
        daemon.stop().await.expect("ends well");
    });
}

#[test]
fn a_failure_of_the_hour_that_was_not_recorded_is_found_by_the_next_run() {
    in_runtime(async |folder| {
        // Between the last audit that was recorded and the one that is killed.
        let (daemon, auditor) = start(folder, &[(minutes(90), "Segment dropped.")]);
        for number in 0..4 {
            auditor.dies.store(number == 2, Ordering::SeqCst);
            let expected = [Some((0, 0, 0)), Some((0, 0, 0)), None, Some((1, 0, 0))];
            let at = usize::try_from(number).expect("small");
            assert_eq!(ran(&daemon, number).await, expected[at], "hour {number}");
        }
        daemon.stop().await.expect("ends well");
    });
}
