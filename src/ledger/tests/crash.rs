//! A process that is killed at any moment, while it records runs and delivers messages, loses nothing and leaves nothing
//! half done.
//!
//! The test runs itself as that process: it records runs of which each is known by its number alone, so that what must be
//! in the file can be said for whatever number it got to.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use gatelight_model::Severity;

use super::*;
use crate::{
    ledger::{EpisodeFilter, Reader},
    report::{
        Report,
        fixtures::{self, FailingStage},
    },
};

/// Names the folder in which the process is to work.
const FOLDER: &str = "GATELIGHT_TEST_CRASH";
const KILLS: u64 = 200;
/// Findings that are always there, and those of which one in seven is not.
const STEADY: u64 = 60;
const CHANGING: u64 = 70;

fn fails(number: u64, run: u64) -> bool {
    number < STEADY || !(number + run).is_multiple_of(7)
}

fn report(run: u64) -> Report {
    let all = 0..STEADY + CHANGING;
    let failing = all.clone().filter(|number| fails(*number, run));
    // One in fourteen fails in every second week of runs only, and is then deleted rather than fixed.
    let passing: Vec<_> = all.filter(|number| !fails(*number, run) && number % 2 == 0).collect();
    let made =
        |number| FailingStage { number, severity: Severity::High, detail: if number % 10 == 0 { run } else { 0 } };
    fixtures::report(&failing.map(made).collect::<Vec<_>>(), &passing, at(i64::try_from(run).expect("fits")))
}

/// The number of the run that comes next.
fn next(ledger: &Ledger) -> u64 {
    let last = ledger.last_run(AUDIT_SCOPE).expect("reads");
    last.map_or(0, |last| {
        let seconds = last.finished_at.as_second() - at(0).as_second();
        u64::try_from(seconds / 3600).expect("positive") + 1
    })
}

/// What the process does until it is killed: it records a run, says so, sends the messages, and begins again.
#[test]
#[ignore = "the process that the next test kills"]
fn records_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let log = |name: &str, text: String| {
        let file = fs::OpenOptions::new().create(true).append(true).open(folder.join(name));
        file.expect("opens").write_all(text.as_bytes()).expect("writes");
    };
    let ledger = Ledger::open(&folder.join("ledger.db")).expect("opens");
    assert_eq!(ledger.notice, None);
    let ledger = ledger.ledger;
    loop {
        let run = next(&ledger);
        let now = at(i64::try_from(run).expect("fits"));
        for message in ledger.due(now).expect("reads") {
            assert!(ledger.about_to_send(message.id).expect("writes"));
            let text = message.body["text"].as_str().expect("text");
            log("delivered", format!("{text} {} {}\n", message.repeated, message.uncertain.is_some()));
            ledger.sent(message.id, now).expect("writes");
        }
        ledger.record(&mut report(run), AUDIT_SCOPE, |_| vec![message("on-call", &run.to_string())]).expect("records");
        log("recorded", format!("{run}\n"));
    }
}

#[test]
fn two_hundred_kills_lose_nothing() {
    let dir = LedgerFolder::new();
    let program = std::env::current_exe().expect("this test");
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let (mut in_the_middle, mut last_seen) = (0, None);
    for kill in 0..KILLS {
        let mut child = Command::new(&program)
            .args(["--exact", "--ignored", "ledger::tests::crash::records_until_it_is_killed"])
            .env(FOLDER, dir.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // One in ten dies while it starts; the others somewhere between two runs, however slow the machine is.
        if kill % 10 > 0 {
            let before = recorded(&dir).len() as u64;
            let begun = Instant::now();
            while (recorded(&dir).len() as u64) < before + kill % 3 {
                assert!(begun.elapsed() < Duration::from_mins(1), "kill {kill}: it records nothing");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        std::thread::sleep(Duration::from_micros(random % 50_000));
        assert!(child.try_wait().expect("asks").is_none(), "kill {kill}: it ended by itself");
        child.kill().expect("kills");
        child.wait().expect("ends");
        let reported = recorded(&dir).last().copied();
        // Opening it checks every page; a damaged one would have been moved, with a notice.
        let ledger = dir.open();
        let done = next(&ledger).checked_sub(1);
        assert!(done >= reported, "kill {kill}: run {reported:?} was recorded, and the file ends with {done:?}");
        // It adds one run at most that it did not live to speak of; what it began with may end with such a run too.
        assert!(
            done <= reported.max(last_seen).map_or(Some(0), |run| Some(run + 1)),
            "kill {kill}: {reported:?}, then {done:?}"
        );
        in_the_middle += u64::from(done != last_seen);
        last_seen = done;
        if let Some(run) = done {
            is_as_after(&ledger, run, kill);
        }
    }
    let runs = last_seen.expect("runs were recorded");
    assert!(in_the_middle > KILLS / 4 && runs > KILLS / 4, "{in_the_middle} kills came after new runs, {runs} in all");
    history_is_whole(&dir, runs);
    delivered_once_or_said_so(&dir, runs);
}

/// The runs that the process reported as recorded.
fn recorded(dir: &LedgerFolder) -> Vec<u64> {
    let lines = fs::read_to_string(dir.folder.path().join("recorded")).unwrap_or_default();
    // A line that is cut was being written.
    let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| line.parse().expect("a number")).collect()
}

/// What is open is what the run found, and messages and runs are those of all runs up to it.
fn is_as_after(ledger: &Ledger, run: u64, kill: u64) {
    let open = ledger.open_findings(AUDIT_SCOPE).expect("reads");
    let failing = (0..STEADY + CHANGING).filter(|number| fails(*number, run)).count();
    assert_eq!(open.len(), failing, "kill {kill}, run {run}");
    let now = at(i64::try_from(run).expect("fits"));
    assert!(open.iter().all(|finding| finding.last_seen == now), "kill {kill}, run {run}");
    let count = |table| -> u64 {
        let count: i64 =
            ledger.db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts");
        u64::try_from(count).expect("positive")
    };
    assert_eq!((count("runs"), count("outbox")), (run + 1, run + 1), "kill {kill}");
}

/// Every finding began and ended when the runs say so.
fn history_is_whole(dir: &LedgerFolder, runs: u64) {
    let mut expected: BTreeMap<(u64, u64), Option<u64>> = BTreeMap::new();
    for number in 0..STEADY + CHANGING {
        let mut begun = None;
        for run in 0..=runs {
            match (begun, fails(number, run)) {
                (None, true) => begun = Some(run),
                (Some(first), false) => {
                    expected.insert((number, first), Some(run));
                    begun = None;
                }
                _ => {}
            }
        }
        if let Some(first) = begun {
            expected.insert((number, first), None);
        }
    }
    let mut found = BTreeMap::new();
    let hour = |time: Timestamp| u64::try_from((time.as_second() - at(0).as_second()) / 3600).expect("positive");
    let reader = Reader::open(&dir.path).expect("opens");
    reader
        .episodes(&EpisodeFilter::default(), |episode| {
            let finding = episode.finding;
            let number = finding.subject.name["service-".len()..][..5].parse().expect("a number");
            found.insert((number, hour(finding.first_seen)), episode.ended_at.map(hour));
            Ok(())
        })
        .expect("reads");
    assert!(expected == found, "{} expected, {} found", expected.len(), found.len());
}

/// Every message of a run but the last arrived: at most twice, and then with a note. An uncertain one is noted in the next.
fn delivered_once_or_said_so(dir: &LedgerFolder, runs: u64) {
    let ledger = dir.open();
    let waiting: Vec<_> = ledger.due(at(0)).expect("reads").into_iter().map(|message| message.body).collect();
    let delivered = fs::read_to_string(dir.folder.path().join("delivered")).expect("reads");
    let mut by_run: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for line in delivered.lines() {
        let (run, how) = line.split_once(' ').expect("a run and how");
        by_run.entry(run.parse().expect("a number")).or_default().push(how);
    }
    let reader = Reader::open(&dir.path).expect("opens");
    let uncertain = reader.undelivered().expect("reads").iter().filter(|m| m.state == "uncertain").count();
    let reported = delivered.lines().filter(|line| line.ends_with(" true")).count();
    let mut missing = 0;
    for run in 0..=runs {
        match by_run.get(&run).map_or(&[][..], Vec::as_slice) {
            [] => missing += usize::from(!waiting.iter().any(|body| body["text"].as_str() == Some(&run.to_string()))),
            [_] => {}
            [first, second] => {
                assert!(first.starts_with("false") && second.starts_with("true"), "run {run}: {first}, {second}");
            }
            more => panic!("run {run} was posted {} times", more.len()),
        }
    }
    // Nobody knows of those alone over which the process died twice.
    assert!(missing <= uncertain, "{missing} did not arrive, {uncertain} are uncertain");
    let unreported = "SELECT count(*) FROM outbox WHERE state = 'uncertain' AND reported = 0";
    let unreported: i64 = ledger.db.query_row(unreported, [], |row| row.get(0)).expect("counts");
    let unreported = usize::try_from(unreported).expect("positive");
    assert!(reported > 0 || uncertain == unreported, "of {uncertain} uncertain ones {unreported} are not reported");
}
