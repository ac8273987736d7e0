use super::*;

fn resolved(text: &str) -> Result<DaemonConfig, String> {
    let settings = Settings::parse(text)?;
    settings.resolve_daemon(Some("/var/lib/gatelight".into())).map_err(|problem| format!("{problem:#}"))
}

fn problem(text: &str) -> String {
    resolved(text).expect_err(text)
}

const HOURLY: &str = "[[schedule]]\nname = \"hourly\"\ncron = \"0 * * * *\"\n";

#[test]
fn defaults_are_those_of_the_example() {
    let config = resolved(HOURLY).expect("resolves");
    let example = include_str!("../../../gatelight.example.toml");
    let all: String = example.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
    let mut settings = Settings::parse(&all).expect("reads");
    // Its webhooks' addresses are not here.
    settings.slack = None;
    let message = settings.resolve_daemon(None).expect("resolves");
    assert_eq!(message.state_directory, config.state_directory);
    assert_eq!((message.health, message.jitter, message.stop_after), (config.health, config.jitter, config.stop_after));
    assert_eq!((message.keep, message.run_limit), (config.keep, config.run_limit));
    assert!(!message.schedules.is_empty());
    for key in "state-directory health jitter stop-after keep run-limit name cron time-zone from".split_whitespace() {
        assert!(example.lines().any(|line| line.contains(&format!("{key} = "))), "{key}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let wrong = |change: (&str, &str)| problem(&HOURLY.replace(change.0, change.1));
    let message = wrong(("0 * * * *", "61 * * * *"));
    assert!(message.starts_with("line 3: ") && message.contains("61 * * * *"), "{message}");
    assert!(wrong(("0 * * * *", "0 0 31 2 *")).contains("never due"));
    assert!(wrong(("0 * * * *", "0 0 1 1 * 2027 7")).starts_with("line 3: "));
    let message = wrong(("cron", "time-zone = \"Europe/Dublim\"\ncron"));
    assert!(message.contains("line 3") && message.contains("did you mean Europe/Dublin?"), "{message}");
    assert!(wrong(("cron", "crom")).contains("did you mean `cron`?"));
    assert!(wrong(("hourly", "")).contains("1 to 64 characters"));
    assert!(wrong(("hourly", "audit")).contains("[[schedule]] \"audit\": this name is reserved"));
    assert!(problem(&format!("{HOURLY}{HOURLY}")).contains("two schedules have this name"));
    assert!(problem("").contains("no [[schedule]]"));
    assert!(problem(&format!("{HOURLY}from = \"x\"\nregion = [\"y\"]")).contains("--region"), "two sources");
    assert!(problem(&format!("{HOURLY}check = [\"access-log-of\"]")).contains("line 4: check: "));
    let daemon = |line: &str| problem(&format!("[daemon]\n{line}\n{HOURLY}"));
    assert!(daemon("health = \"9464\"").contains("line 2: "));
    assert!(daemon("jitter = \"1.5h\"").contains("such as 30s"));
    assert!(daemon("jitter = \"+1h\"").contains("such as 30s"));
    assert!(daemon("keep = \"99999d\"").contains("such as 30s"));
    assert!(daemon("run-limit = \"0s\"").contains("run-limit is 0"));
    let none = Settings::parse(HOURLY).expect("reads").resolve_daemon(None);
    assert!(format!("{:#}", none.expect_err("no directory")).contains("state-directory"));
}

#[test]
fn a_schedule_replaces_what_the_file_says_of_where_and_what() {
    let text = format!(
        "profile = [\"a\"]\nregion = [\"eu-west-1\"]\nskip = [\"access-log-off\"]\noutput = \"all\"\nsave = \"s\"\n\
         {HOURLY}all-regions = true\nrole-arn = [\"arn:aws:iam::111122223333:role/r\"]\noutput = \"one\"\n\
         [[schedule]]\nname = \"daily\"\ncron = \"@midnight\"\ntime-zone = \"Europe/Dublin\"\n"
    );
    let config = resolved(&text).expect("resolves");
    let [hourly, daily] = config.schedules.as_slice() else { panic!("two schedules") };
    let whose = |schedule: &Schedule| match &schedule.audit.source {
        crate::config::AuditSource::Live { whose, regions, .. } => format!("{whose:?} {regions:?}"),
        crate::config::AuditSource::Saved(path) => path.display().to_string(),
    };
    assert!(whose(hourly).contains("111122223333") && whose(hourly).contains("All"), "{}", whose(hourly));
    assert!(!whose(hourly).contains("Profile"), "{}", whose(hourly));
    assert!(whose(daily).contains("Profile") && whose(daily).contains("eu-west-1"), "{}", whose(daily));
    assert!(hourly.writes_report && !daily.writes_report);
    assert_eq!(config.unused, ["save", "output"]);
    assert!(daily.audit.checks.iter().all(|check| check.id != "access-log-off"));
}
