use std::{
    collections::VecDeque,
    path::Path,
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use gatelight_checks::{CHECKS, Policy};
use gatelight_model::Fetched;
use tokio::{sync::mpsc::Sender, task::JoinHandle};

use super::*;
use crate::{
    collect::CollectorCache,
    config::{Config, FailOn, Settings},
    daemon::active_run::WATCHDOG_GRACE,
    ledger::{Ledger, RunEnd, RunRow},
    report::{Report, builder::Builder},
};

const BEGIN: &str = "2026-05-01T00:00:00Z";
const HOURLY: &str = "[[schedule]]\nname = \"hourly\"\ncron = \"0 * * * *\"\n";

mod hourly;

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// What an audit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Audit,
    Fail,
    Panic,
    Hang,
}

/// Does what `acts` say, then audits the built-in account, `accounts` times.
struct Script {
    acts: Mutex<VecDeque<Act>>,
    accounts: usize,
    clock: Clock,
    under_way: AtomicUsize,
    overlapped: AtomicBool,
    audits: AtomicUsize,
}

impl Auditor for Script {
    fn audit<'a>(
        &'a self,
        config: &'a Config,
        _: CollectorCache,
        _: &'a Progress,
    ) -> Pin<Box<dyn Future<Output = anyhow::Result<Report>> + 'a>> {
        Box::pin(async {
            if self.under_way.fetch_add(1, Ordering::SeqCst) > 0 {
                self.overlapped.store(true, Ordering::SeqCst);
            }
            self.audits.fetch_add(1, Ordering::SeqCst);
            let act = self.acts.lock().expect("acts").pop_front().unwrap_or(Act::Audit);
            let report = match act {
                Act::Audit => self.report(config),
                Act::Fail => Err(anyhow::anyhow!("AWS cannot be reached")),
                Act::Panic => {
                    self.under_way.fetch_sub(1, Ordering::SeqCst);
                    panic!("a bug of the test's own");
                }
                Act::Hang => {
                    let guard = Leaves(&self.under_way);
                    std::future::pending::<()>().await;
                    drop(guard);
                    unreachable!("it hangs");
                }
            };
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            report
        })
    }
}

struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Script {
    fn report(&self, config: &Config) -> anyhow::Result<Report> {
        let now = (self.clock)();
        let checks: Vec<_> = CHECKS.iter().collect();
        let mut report = Builder::new(&checks, Policy::default(), &config.ignores, FailOn::Low, now)?;
        let (mut account, regions) = crate::commands::demo::account();
        for number in 0..self.accounts {
            account.id = Fetched::known(format!("{:012}", 100_000_000_000 + number));
            for (region, traffic) in &regions {
                report.add(&account, region, traffic.clone())?;
            }
        }
        report.finish(now, now)
    }
}

/// A clock that stands until it is set.
fn stopped_clock() -> (Arc<Mutex<Timestamp>>, Clock) {
    let now = Arc::new(Mutex::new(time(BEGIN)));
    let clock: Clock = Arc::new({
        let now = Arc::clone(&now);
        move || *now.lock().expect("a clock")
    });
    (now, clock)
}

/// A daemon whose clock stands until it is set.
struct Daemon {
    now: Arc<Mutex<Timestamp>>,
    ledger: SharedLedger,
    health: Health,
    script: Arc<Script>,
    ticks: Sender<()>,
    commands: Sender<ControlCommand>,
    file: Arc<Mutex<String>>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Daemon {
    fn start(directory: &Path, text: &str, acts: &[Act]) -> Self {
        Self::of_size(directory, text, acts, 1)
    }

    fn of_size(directory: &Path, text: &str, acts: &[Act], accounts: usize) -> Self {
        let (now, clock) = stopped_clock();
        let script = Arc::new(Script {
            acts: Mutex::new(acts.iter().copied().collect()),
            accounts,
            clock: Arc::clone(&clock),
            under_way: AtomicUsize::new(0),
            overlapped: AtomicBool::new(false),
            audits: AtomicUsize::new(0),
        });
        Self::with_auditor(directory, text, (now, clock), Arc::clone(&script), script)
    }

    /// One with its own auditor; `script` is not used.
    fn with_auditor(
        directory: &Path,
        text: &str,
        (now, clock): (Arc<Mutex<Timestamp>>, Clock),
        script: Arc<Script>,
        auditor: Arc<dyn Auditor>,
    ) -> Self {
        let file = Arc::new(Mutex::new(text.to_owned()));
        let read = {
            let (file, directory) = (Arc::clone(&file), directory.to_owned());
            move || {
                let settings: Settings = toml::from_str(&file.lock().expect("a file"))?;
                settings.resolve_daemon(Some(directory.clone()))
            }
        };
        let ledger = SharedLedger::new(Ledger::open(&directory.join("ledger.db")).expect("opens").ledger);
        let health = Health::new(Arc::clone(&clock));
        let deps = Dependencies {
            config: read().expect("a configuration"),
            auditor,
            ledger: ledger.clone(),
            health: health.clone(),
            server: None,
            notify: Notify::default(),
            clock,
            read_config: Box::new(read),
        };
        let (ticks, received_ticks) = mpsc::channel(1);
        let (commands, received_commands) = mpsc::channel(1);
        let running = tokio::task::spawn_local(run(deps, received_ticks, received_commands));
        Self { now, ledger, health, script, ticks, commands, file, running }
    }

    fn set(&self, now: Timestamp) {
        *self.now.lock().expect("a clock") = now;
    }

    async fn tick(&self) {
        self.ticks.send(()).await.expect("the loop lives");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn last(&self, scope: &str) -> Option<RunRow> {
        self.ledger.lock().last_run(scope).expect("reads")
    }

    /// Ticks until a run of that schedule that started now has ended.
    async fn until_ran(&self, scope: &str) -> RunRow {
        let now = *self.now.lock().expect("a clock");
        for _ in 0..20_000 {
            self.tick().await;
            if let Some(run) = self.last(scope).filter(|run| run.started_at >= now) {
                return run;
            }
        }
        panic!("no run of {scope} at {now}; the last is {:?}", self.last(scope));
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.commands.send(ControlCommand::Stop).await.expect("the loop lives");
        loop {
            if self.running.is_finished() {
                return self.running.await.expect("no panic");
            }
            let _ = self.ticks.try_send(());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn in_runtime(test: impl AsyncFnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, test(folder.path()));
}

fn hour(number: i64) -> Timestamp {
    time(BEGIN).checked_add(SignedDuration::from_hours(number)).expect("a time")
}

#[test]
fn a_run_that_fails_or_panics_is_a_failed_run_and_the_next_one_happens() {
    in_runtime(async |folder| {
        let daemon = Daemon::start(folder, HOURLY, &[Act::Audit, Act::Fail, Act::Panic]);
        assert!(matches!(daemon.until_ran("hourly").await.end, RunEnd::Completed(_)));
        daemon.set(hour(1));
        let RunEnd::Failed(why) = daemon.until_ran("hourly").await.end else { panic!("it failed") };
        assert_eq!(why, "AWS cannot be reached");
        daemon.set(hour(2));
        let RunEnd::Failed(why) = daemon.until_ran("hourly").await.end else { panic!("it panicked") };
        assert!(why.contains("a bug of the test's own"), "{why}");
        daemon.set(hour(3));
        assert!(matches!(daemon.until_ran("hourly").await.end, RunEnd::Completed(_)));
        assert_eq!(daemon.script.audits.load(Ordering::SeqCst), 4);
        daemon.stop().await.expect("ends well");
    });
}

#[test]
fn two_schedules_never_run_at_once_and_each_has_a_memory_of_its_own() {
    in_runtime(async |folder| {
        let text = format!("{HOURLY}[[schedule]]\nname = \"other\"\ncron = \"0 * * * *\"\n");
        let daemon = Daemon::start(folder, &text, &[]);
        for number in 0..5 {
            daemon.set(hour(number));
            daemon.until_ran("hourly").await;
            daemon.until_ran("other").await;
        }
        assert_eq!(daemon.script.audits.load(Ordering::SeqCst), 10);
        assert!(!daemon.script.overlapped.load(Ordering::SeqCst));
        daemon.stop().await.expect("ends well");
    });
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_said_to_have_failed() {
    in_runtime(async |folder| {
        let text = format!("[daemon]\nrun-limit = \"1s\"\n{HOURLY}");
        let daemon = Daemon::start(folder, &text, &[Act::Hang]);
        let RunEnd::Failed(why) = daemon.until_ran("hourly").await.end else { panic!("it failed") };
        assert!(why.contains("run-limit, 1 seconds"), "{why}");
        daemon.set(hour(1));
        assert!(matches!(daemon.until_ran("hourly").await.end, RunEnd::Completed(_)));
        daemon.stop().await.expect("ends well");
    });
}

#[test]
fn a_daemon_that_is_stopped_stops_its_run_after_a_while_and_keeps_nothing_of_it() {
    in_runtime(async |folder| {
        let text = format!("[daemon]\nstop-after = \"1s\"\n{HOURLY}");
        let daemon = Daemon::start(folder, &text, &[Act::Hang]);
        while daemon.script.audits.load(Ordering::SeqCst) == 0 {
            daemon.tick().await;
        }
        let (ledger, begun) = (daemon.ledger.clone(), Instant::now());
        daemon.stop().await.expect("ends well");
        assert!((1..10).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        assert_eq!(ledger.lock().last_run("hourly").expect("reads"), None);
        // So it is made up.
        drop(ledger);
        let daemon = Daemon::start(folder, &text, &[]);
        assert!(matches!(daemon.until_ran("hourly").await.end, RunEnd::Completed(_)));
        daemon.stop().await.expect("ends well");
    });
}

#[test]
fn a_configuration_that_is_wrong_changes_nothing_and_a_good_one_does() {
    in_runtime(async |folder| {
        let daemon = Daemon::start(folder, HOURLY, &[]);
        daemon.until_ran("hourly").await;
        for wrong in [
            "[[schedule]]",
            "",
            "[daemon]\nstate-directory = \"/elsewhere\"\n[[schedule]]\nname = \"x\"\ncron = \"@daily\"\n",
        ] {
            wrong.clone_into(&mut daemon.file.lock().expect("a file"));
            daemon.commands.send(ControlCommand::Reload).await.expect("the loop lives");
            daemon.tick().await;
        }
        daemon.set(hour(1));
        daemon.until_ran("hourly").await;
        *daemon.file.lock().expect("a file") = "[[schedule]]\nname = \"daily\"\ncron = \"@daily\"\n".to_owned();
        daemon.commands.send(ControlCommand::Reload).await.expect("the loop lives");
        daemon.until_ran("daily").await;
        daemon.set(hour(2));
        for _ in 0..10 {
            daemon.tick().await;
        }
        assert_eq!(daemon.last("hourly").map(|run| run.started_at), Some(hour(1)), "it is no schedule any more");
        daemon.stop().await.expect("ends well");
    });
}

#[test]
fn a_run_without_a_step_is_stopped_and_then_the_watchdog_hears_nothing() {
    in_runtime(async |folder| {
        let daemon = Daemon::start(folder, HOURLY, &[]);
        daemon.until_ran("hourly").await;
        let (finished, _over) = mpsc::unbounded_channel();
        let clock = Arc::clone(&daemon.script.clock);
        let deps = Dependencies {
            config: toml::from_str::<Settings>(HOURLY)
                .expect("reads")
                .resolve_daemon(Some(folder.into()))
                .expect("resolves"),
            auditor: Arc::clone(&daemon.script) as Arc<dyn Auditor>,
            ledger: daemon.ledger.clone(),
            health: daemon.health.clone(),
            server: None,
            notify: Notify::default(),
            clock,
            read_config: Box::new(|| bail!("never")),
        };
        let (mut this, _delivered) = EventLoop::new(deps, finished).expect("a loop");
        assert!(this.is_progressing(), "nothing runs");
        let (progress, stop) = (Progress::hidden(), CancellationToken::new());
        let ago = |time: Duration| Instant::now().checked_sub(time).expect("the machine is up for so long");
        let mut run = ActiveRun::new(hour(0), progress.clone(), stop.clone());
        run.last_step = ago(STALL_TIMEOUT + Duration::from_secs(1));
        this.active = Some(run);
        progress.step();
        assert!(this.is_progressing() && !stop.is_cancelled(), "it has made a step since");
        this.active.as_mut().expect("runs").last_step = ago(STALL_TIMEOUT + Duration::from_secs(1));
        assert!(this.is_progressing() && stop.is_cancelled(), "it is told to stop, and has a minute");
        this.active.as_mut().expect("runs").stalled = Some(ago(WATCHDOG_GRACE + Duration::from_secs(1)));
        assert!(!this.is_progressing(), "it hangs for good");
        daemon.stop().await.expect("ends well");
    });
}

/// Kilobytes of this process in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("reads");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// Runs hourly, and gives the memory in kilobytes after each simulated day.
fn hourly_for(days: i64, accounts: usize) -> (Vec<u64>, u64) {
    let (mut memory, mut findings) = (Vec::new(), 0);
    in_runtime(async |folder| {
        let daemon = Daemon::of_size(folder, HOURLY, &[], accounts);
        for number in 0..days * 24 {
            daemon.set(hour(number));
            let run = daemon.until_ran("hourly").await;
            assert_eq!(run.started_at, hour(number));
            let RunEnd::Completed(counts) = run.end else { panic!("{run:?}") };
            findings = counts.findings();
            if number % 24 == 23 {
                memory.push(resident());
            }
        }
        assert_eq!(i64::try_from(daemon.script.audits.load(Ordering::SeqCst)), Ok(days * 24), "each due time once");
        daemon.stop().await.expect("ends well");
    });
    (memory, findings)
}

#[test]
fn a_week_of_hours_is_a_run_an_hour() {
    hourly_for(7, 1);
}

/// `cargo test --release --bin gatelight thirty_days -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes; it is for a release build"]
#[expect(clippy::print_stdout, reason = "figures are for those who run it with --nocapture")]
fn thirty_days_of_five_thousand_findings_stay_flat_in_memory() {
    let (_, of_one) = hourly_for(1, 1);
    let accounts = usize::try_from(5_000_u64.div_ceil(of_one)).expect("a number");
    let begun = Instant::now();
    let (memory, findings) = hourly_for(30, accounts);
    println!("{findings} findings a run, 720 runs in {:.0?}; KiB resident after each day: {memory:?}", begun.elapsed());
    assert!(findings >= 5_000);
    // The second day against the last: what grows with each run is seen, what the first runs set up is not.
    assert!(memory[29] < memory[1] + memory[1] / 10, "{memory:?}");
}
