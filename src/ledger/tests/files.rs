//! The file itself: damaged, foreign, newer, full, shared.

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use gatelight_model::Severity;
use rusqlite::Connection;

use super::{
    super::schema::{APPLICATION_ID, VERSION},
    *,
};
use crate::{
    ledger::{EpisodeFilter, Reader},
    report::{
        Report,
        fixtures::{self, FailingStage},
    },
};

fn report(numbers: std::ops::Range<u64>, hours: i64) -> Report {
    let failing: Vec<_> = numbers.map(|number| FailingStage { number, severity: Severity::High, detail: 0 }).collect();
    fixtures::report(&failing, &[], at(hours))
}

/// A ledger with findings, closed.
fn filled() -> LedgerFolder {
    let dir = LedgerFolder::new();
    dir.open().record(&mut report(0..200, 0), AUDIT_SCOPE, no_messages).expect("records");
    assert_eq!(dir.names(), ["ledger.db"], "its companions go when the last one closes it");
    dir
}

fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("opens");
    file.seek(SeekFrom::Start(offset)).expect("seeks");
    file.write_all(bytes).expect("writes");
}

#[test]
fn only_its_owner_can_read_the_file_even_while_in_use() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    ledger.record(&mut report(0..1, 0), AUDIT_SCOPE, no_messages).expect("records");
    assert_eq!(dir.names(), ["ledger.db", "ledger.db-shm", "ledger.db-wal"]);
    for name in dir.names() {
        let mode = fs::metadata(dir.folder.path().join(&name)).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_damaged_file_is_moved_aside_with_a_notice() {
    type Damage = fn(&Path);
    let ways: [(&str, Damage); 5] = [
        ("a page in its middle", |path| overwrite(path, 3 * 4096, &[0x5a; 8192])),
        ("its beginning", |path| overwrite(path, 0, &[0x5a; 4096])),
        ("zeros", |path| overwrite(path, 0, &[0; 4096])),
        ("cut", |path| fs::OpenOptions::new().write(true).open(path).expect("opens").set_len(10_000).expect("cuts")),
        ("text", |path| {
            fs::write(path, "not a database at all, and long enough to be one. ".repeat(100)).expect("writes");
        }),
    ];
    for (way, damage) in ways {
        let dir = filled();
        damage(&dir.path);
        let before = fs::read(&dir.path).expect("reads");
        assert!(Reader::open(&dir.path).is_err() || way == "a page in its middle", "{way}");
        let opened = Ledger::open(&dir.path).expect(way);
        let notice = opened.notice.expect(way);
        let name = dir.names().into_iter().find(|name| name.starts_with("ledger.db.damaged-2")).expect(way);
        assert!(notice.contains(&name) && notice.contains("damaged"), "{notice}");
        let aside = fs::read(dir.folder.path().join(&name)).expect("reads");
        assert!(aside == before, "{way}: it is kept as it was");
        let diff = opened.ledger.record(&mut report(0..3, 1), AUDIT_SCOPE, no_messages).expect("records");
        assert!(diff.is_first && diff.new.len() == 3, "{way}");
        drop(opened.ledger);
        dir.open();
    }
}

#[test]
fn two_damaged_files_are_both_kept() {
    let dir = filled();
    for _ in 0..2 {
        overwrite(&dir.path, 0, &[0x5a; 4096]);
        assert!(Ledger::open(&dir.path).expect("opens").notice.is_some());
    }
    assert_eq!(dir.names().iter().filter(|name| name.contains(".damaged-")).count(), 2);
}

#[test]
fn a_named_file_that_never_was_a_ledger_is_left_alone() {
    let dir = LedgerFolder::new();
    for text in ["format = \"text\"\n", "{\"inventory\":{}}\n", "x"] {
        fs::write(&dir.path, text).expect("writes");
        let problem = Ledger::open_named(&dir.path).expect_err("no ledger");
        assert!(format!("{problem:#}").contains("not a ledger of Gatelight"), "{problem:#}");
        assert!(Reader::open(&dir.path).is_err());
        assert_eq!((fs::read_to_string(&dir.path).expect("reads"), dir.names().len()), (text.to_owned(), 1));
    }
    // An empty file is what a crash can leave of a new one.
    fs::write(&dir.path, "").expect("writes");
    assert!(Ledger::open_named(&dir.path).expect("opens").notice.is_none());
    let folder = Ledger::open_named(dir.folder.path()).expect_err("a folder");
    assert!(format!("{folder:#}").contains("cannot be used"), "{folder:#}");
    assert!(Ledger::open_named(Path::new("/nonexistent/ledger.db")).is_err());
}

#[test]
fn another_programs_database_and_a_newer_ledger_are_left_alone() {
    for (statement, said) in [
        ("CREATE TABLE theirs (x)", "another program's database"),
        (&*format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 99"), "a newer Gatelight"),
    ] {
        let dir = LedgerFolder::new();
        Connection::open(&dir.path).expect("opens").execute_batch(statement).expect("writes");
        let before = fs::read(&dir.path).expect("reads");
        for open in [Ledger::open, Ledger::open_named] {
            let problem = open(&dir.path).expect_err(said);
            assert!(format!("{problem:#}").contains(said), "{problem:#}");
        }
        let problem = Reader::open(&dir.path).expect_err(said);
        assert!(format!("{problem:#}").contains(said), "{problem:#}");
        assert!(fs::read(&dir.path).expect("reads") == before);
        assert_eq!(dir.names(), ["ledger.db"]);
    }
}

#[test]
fn history_of_nothing_says_so() {
    let dir = LedgerFolder::new();
    let problem = Reader::open(&dir.path).expect_err("missing");
    assert!(format!("{problem:#}").contains("No such file"), "{problem:#}");
    assert_eq!(dir.names(), Vec::<String>::new(), "asking makes no file");
    fs::write(&dir.path, "").expect("writes");
    let problem = Reader::open(&dir.path).expect_err("empty");
    assert!(format!("{problem:#}").contains("nothing was recorded"), "{problem:#}");
}

/// A file that an earlier build wrote. `FREEZE=1` writes it again, as long as its version is not released.
#[test]
fn a_file_of_this_version_is_read_as_it_was_written() {
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/ledger/frozen/{VERSION}.db"));
    if std::env::var_os("FREEZE").is_some() {
        let dir = LedgerFolder::new();
        let ledger = dir.open();
        for (hours, numbers) in [(0, 0..4), (1, 0..3), (2, 1..4)] {
            ledger
                .record(&mut report(numbers, hours), AUDIT_SCOPE, |_| vec![message("on-call", "x")])
                .expect("records");
        }
        let groups = [("/aws/lambda/orders".to_owned(), "{}".to_owned())].into();
        let mut searched = report(1..4, 2);
        searched.cache = [(("123456789012".to_owned(), "us-east-1".to_owned()), groups)].into();
        ledger.record(&mut searched, AUDIT_SCOPE, no_messages).expect("records");
        ledger.record_failure(AUDIT_SCOPE, at(3), at(3), "no credentials").expect("records");
        drop(ledger);
        fs::copy(&dir.path, &frozen).expect("copies");
    }
    let dir = LedgerFolder::new();
    fs::copy(frozen, &dir.path).expect("a frozen file");
    let ledger = dir.open();
    let open = ledger.open_findings(AUDIT_SCOPE).expect("reads");
    let seen: Vec<_> = open.iter().map(|finding| (finding.subject.name.as_str(), finding.first_seen)).collect();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(open.iter().all(|finding| finding.last_seen == at(2)));
    assert_eq!(ledger.due(at(9)).expect("reads").len(), 3);
    assert_eq!(ledger.cache(AUDIT_SCOPE).expect("reads").len(), 1);
    let diff = ledger.record(&mut report(1..4, 4), AUDIT_SCOPE, no_messages).expect("records");
    assert_eq!((diff.new.len(), diff.ongoing), (0, 3));
    let mut all = 0;
    let mut count = |_| {
        all += 1;
        Ok(())
    };
    Reader::open(&dir.path).expect("opens").episodes(&EpisodeFilter::default(), &mut count).expect("reads");
    assert_eq!(all, 5, "four findings, of which one came back");
}

#[test]
fn a_full_disk_loses_nothing() {
    let dir = filled();
    let ledger = dir.open();
    let before = ledger.open_findings(AUDIT_SCOPE).expect("reads");
    let pages: i64 = ledger.db.pragma_query_value(None, "page_count", |row| row.get(0)).expect("reads");
    let limit = |pages: i64| {
        ledger.db.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0)).expect("limits")
    };
    limit(pages + 2);
    let mut full = report(100..600, 1);
    let problem = ledger
        .record(&mut full, AUDIT_SCOPE, |_| vec![message("on-call", "never"); 100])
        .expect_err("500 findings are more than two pages");
    let text = format!("{problem:#}");
    assert!(text.contains("this run was not recorded") && text.contains("full"), "{text}");
    assert!(full.changes.is_none(), "the report claims nothing");
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads"), before);
    assert_eq!(ledger.due(at(1)).expect("reads"), []);
    assert_eq!(ledger.last_run(AUDIT_SCOPE).expect("reads").expect("a run").finished_at, at(0));
    limit(1 << 20);
    let diff = ledger.record(&mut full, AUDIT_SCOPE, |_| vec![message("on-call", "once")]).expect("records");
    assert_eq!((diff.new.len(), diff.resolved.len(), diff.ongoing), (400, 100, 100));
    assert_eq!(ledger.due(at(1)).expect("reads").len(), 1);
}

#[test]
fn a_reader_and_a_writer_do_not_wait_for_each_other() {
    let dir = filled();
    let ledger = dir.open();
    let reader = Reader::open(&dir.path).expect("opens");
    let findings = |reader: &Reader| {
        let mut all = 0;
        reader
            .episodes(&EpisodeFilter::default(), |_| {
                all += 1;
                Ok(())
            })
            .expect("reads");
        all
    };
    assert_eq!(findings(&reader), 200);
    let begun = std::time::Instant::now();
    ledger
        .record(&mut report(0..300, 1), AUDIT_SCOPE, |_| {
            // In the middle of the transaction another reader sees what was there before it.
            assert_eq!(findings(&Reader::open(&dir.path).expect("opens")), 200);
            Vec::new()
        })
        .expect("records");
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "nobody waited for the busy time-out");
    assert_eq!(findings(&reader), 200, "what is read is of one moment");
    assert_eq!(findings(&Reader::open(&dir.path).expect("opens")), 300);
}

#[test]
fn a_ledger_is_created_while_another_process_reads_the_file() {
    let dir = LedgerFolder::new();
    let other = Connection::open(&dir.path).expect("opens");
    // A database without a table, and a reader in it: the journal's mode cannot be changed as long as it reads.
    other.execute_batch("CREATE TABLE x (y); DROP TABLE x; BEGIN; SELECT * FROM sqlite_schema").expect("reads");
    let reader = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(other);
    });
    dir.open().record(&mut report(0..1, 0), AUDIT_SCOPE, no_messages).expect("records");
    reader.join().expect("ends");
}

#[test]
fn two_writers_take_turns() {
    let dir = LedgerFolder::new();
    let write = |scope: &'static str| {
        let path = dir.path.clone();
        std::thread::spawn(move || {
            let ledger = Ledger::open(&path).expect("opens").ledger;
            for hours in 0..10 {
                ledger.record(&mut report(0..50, hours), scope, no_messages).expect("records");
            }
        })
    };
    for writer in ["hourly", "nightly", "weekly"].map(write) {
        writer.join().expect("writes");
    }
    let ledger = dir.open();
    for scope in ["hourly", "nightly", "weekly"] {
        assert_eq!(ledger.open_findings(scope).expect("reads").len(), 50, "{scope}");
    }
    let mut head = [0; 16];
    fs::File::open(&dir.path).expect("opens").read_exact(&mut head).expect("reads");
    assert_eq!(&head, b"SQLite format 3\0");
}
