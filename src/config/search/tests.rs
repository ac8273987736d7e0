use crate::config::Settings;

fn resolved(text: &str) -> Result<crate::collect::SearchSettings, String> {
    let settings = Settings::parse(text)?;
    settings.resolve().map(|config| config.search).map_err(|problem| format!("{problem:#}"))
}

const SPOOL: &str = "[[pattern]]\nname = \"spool-full\"\nfilter = '\"spool is full\"'\nsays = \"the spool was full\"\n";

#[test]
fn what_is_searched_for_is_looked_up() {
    let search =
        resolved(&format!("also-search-for = [\"segment-missing\"]\nlog-group = [\"/ecs/a\", \"/ecs/*\"]\n{SPOOL}"))
            .expect("resolves");
    assert!(search.patterns.iter().any(|pattern| pattern.name == "segment-missing"));
    let [own] = &search.own[..] else { panic!("one") };
    assert_eq!(
        (own.name.as_str(), own.severity, own.filter.as_str()),
        ("spool-full", gatelight_model::Severity::Medium, "\"spool is full\"")
    );
    assert_eq!(search.log_groups.len(), 2);
    assert_eq!(resolved("").expect("resolves"), crate::collect::SearchSettings::default());
}

#[test]
fn what_is_wrong_is_named_with_its_key() {
    let with = |from: &str, to: &str| resolved(&SPOOL.replace(from, to)).expect_err(to);
    for (problem, said) in [
        (resolved("also-search-for = [\"segment-mising\"]").expect_err("unknown"), "did you mean segment-missing?"),
        (with("spool-full", "segment-dropped"), "a built-in pattern has that name"),
        (with("spool-full", "Spool full"), "lower-case letters"),
        (with("'\"spool is full\"'", "'spool: full'"), "filter: a term"),
        (with("the spool was full", " "), "says"),
        (with("says =", "severity = \"lo\"\nsays ="), "line 4"),
        (with("says =", "say ="), "did you mean `says`?"),
        (resolved(&SPOOL.repeat(2)).expect_err("twice"), "two of that name"),
        (
            resolved(&(0..11).map(|n| SPOOL.replace("spool-full", &format!("p-{n}"))).collect::<String>())
                .expect_err("many"),
            "at most 10",
        ),
        (resolved("log-group = [\"a*b\"]").expect_err("glob"), "log-group"),
        (resolved("log-group = [\"a b\"]").expect_err("name"), "log-group"),
        (resolved("log-group = [\"\"]").expect_err("name"), "log-group"),
    ] {
        assert!(problem.contains(said), "{problem}");
    }
}
