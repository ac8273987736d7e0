//! Flags, file and example agree on settings and their defaults. A new setting that is missing from the example fails here.

use clap::Parser as _;
use serde::{de::value::Error, forward_to_deserialize_any};

use super::*;
use crate::{
    cli::{Cli, Command},
    config::declare::SharedWith,
};

const EXAMPLE: &str = include_str!("../../../gatelight.example.toml");

/// The example with every setting that it offers.
fn everything() -> String {
    EXAMPLE.lines().fold(String::new(), |text, line| text + line.strip_prefix("#: ").unwrap_or(line) + "\n")
}

/// The keys of a table, as serde reads them.
fn keys_of<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    struct Keys<'a>(&'a mut &'static [&'static str]);
    impl<'de> Deserializer<'de> for Keys<'_> {
        type Error = Error;
        fn deserialize_struct<V: de::Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Error> {
            *self.0 = fields;
            Err(de::Error::custom("only its keys are asked for"))
        }
        fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(de::Error::custom("not a struct"))
        }
        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut keys: &[&str] = &[];
    let _ = T::deserialize(Keys(&mut keys));
    assert!(!keys.is_empty(), "a struct has keys");
    keys
}

/// The keys that a table of the example holds, with the comment signs of its settings removed. `""`: the top of the file.
fn keys_in(table: &str) -> Vec<String> {
    let (everything, mut current, mut keys) = (everything(), String::new(), Vec::new());
    for line in everything.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            current = name.trim_matches(['[', ']']).to_owned();
        } else if let (Some((key, _)), true) = (line.split_once(" = "), current == table) {
            keys.push(key.to_owned());
        }
    }
    keys
}

#[test]
fn every_setting_stands_in_the_example_with_its_default() {
    let lines: Vec<_> = EXAMPLE.lines().collect();
    for declared in Settings::DECLARED {
        let key = declared.key();
        match declared.default {
            Some(default) => assert!(
                lines.contains(&format!("{key} = {default}").as_str()),
                "gatelight.example.toml lacks the line `{key} = {default}`"
            ),
            // It contradicts the others, so prose names it.
            None if declared.name == "from" => assert!(EXAMPLE.contains("`from = ")),
            None => {
                let forms =
                    [format!("#: {key} = "), format!("#: [{key}]"), format!("#: [[{key}]]"), format!("[{key}]")];
                assert!(
                    lines.iter().any(|line| forms.iter().any(|form| line.starts_with(form))),
                    "gatelight.example.toml does not show `{key}`"
                );
            }
        }
    }
    // What it sets without a comment sign is nothing but defaults.
    for line in lines.iter().take_while(|line| **line != "[daemon]").filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.split_once(" = ") else { continue };
        let declared = Settings::DECLARED.iter().find(|declared| declared.key() == key).expect(key);
        assert_eq!(declared.default, Some(value), "{key}");
    }
}

#[test]
fn every_key_of_every_table_stands_in_the_example() {
    let tables = [
        ("daemon", keys_of::<daemon::DaemonSetting>()),
        ("schedule", daemon::ScheduleSetting::KEYS),
        ("slack", keys_of::<slack::WebhookSetting>()),
        ("pattern", keys_of::<search::PatternSetting>()),
        ("ignore", keys_of::<IgnoreSetting>()),
    ];
    for (table, keys) in tables {
        let there = keys_in(table);
        for key in keys {
            assert!(there.iter().any(|other| other == key), "{key} of {table}, which has {there:?}");
        }
    }
    // Those that a schedule shares with the file are named.
    let text = EXAMPLE.lines().map(|line| line.trim_start_matches('#')).collect::<String>();
    for declared in Settings::DECLARED.iter().filter(|declared| declared.is_shared_with(SharedWith::Schedule)) {
        assert!(text.contains(&format!("`{}`", declared.key())), "{}", declared.key());
    }
}

#[test]
fn the_example_is_an_audit_with_the_defaults() {
    let config = Settings::parse(EXAMPLE).expect("reads").resolve().expect("resolves");
    let default = Settings::default().resolve().expect("resolves");
    assert_eq!((config.fail_on, config.format, &config.output), (default.fail_on, default.format, &default.output));
    assert_eq!(config.checks.len(), default.checks.len());
    assert_eq!(config.overhead_limit, default.overhead_limit);
    assert_eq!(config.overhead_limit, gatelight_checks::Policy::OVERHEAD);
    assert_eq!((config.evidence, &config.search), (default.evidence, &default.search));
    assert!(
        config.shows_progress && !config.quiet && !config.verbose && config.save.is_none() && config.ledger.is_none()
    );
}

#[test]
fn the_example_is_read_with_everything_set() {
    let settings = Settings::parse(&everything()).expect("reads with everything set");
    // What stands above `[daemon]`, and each table.
    for declared in Settings::DECLARED {
        assert!(settings.is_set(declared.name) || declared.name == "from", "{}", declared.key());
    }
    let (also, own, groups) = (settings.also_search_for, settings.pattern, settings.log_group);
    let search = search::search(&also.expect("names"), own.expect("patterns"), &groups.expect("log groups"));
    assert_eq!(search.expect("all of them resolve").own.len(), 1);
    assert_eq!(slack::routes(settings.slack.unwrap_or_default()).expect("webhooks").len(), 3);
}

/// A default means the same as a flag, in the file and where nothing is set.
#[test]
fn flags_and_keys_read_defaults_alike() {
    let (mut command, mut file) = (vec!["gatelight".to_owned(), "audit".to_owned()], String::new());
    for declared in Settings::DECLARED {
        let Some(default) = declared.default else { continue };
        file += &format!("{} = {default}\n", declared.key());
        // A switch is off when it is not given.
        if declared.heading.is_some() && default != "false" {
            command.push(format!("--{}={}", declared.key(), default.trim_matches('"')));
        }
    }
    let Command::Audit(arguments) = Cli::try_parse_from(command).expect("flags").command else { panic!("an audit") };
    let (flags, file) = (arguments.flags.settings, Settings::parse(&file).expect("keys"));
    for settings in [Settings::default(), flags, file] {
        let config = settings.resolve().expect("resolves");
        assert_eq!(format!("{config:?}"), format!("{:?}", Settings::default().resolve().expect("resolves")));
    }
}
