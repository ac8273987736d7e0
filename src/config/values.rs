//! Values of settings, and how a flag or a key states them.

use std::{ffi::OsStr, fmt, str::FromStr};

use clap::{
    Arg, Command, ValueEnum,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};
use gatelight_checks::CHECKS;
use gatelight_model::Severity;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, de};

use crate::{collect::aws::Pace, output::Sink};

/// One `[[ignore]]` table: findings that are known and accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct IgnoreSetting {
    /// A check's id; `*` stands for any text.
    pub(crate) check: String,
    /// A subject's ARN or name; `*` stands for any text.
    pub(crate) subject: String,
    /// Why it is accepted.
    pub(crate) reason: String,
    /// The last day (UTC) on which it holds.
    #[serde(default, deserialize_with = "day")]
    pub(crate) until: Option<Date>,
}

impl IgnoreSetting {
    /// Whether its last day is over.
    pub(crate) fn ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now.to_zoned(TimeZone::UTC).date() > until)
    }
}

/// `--pace`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PaceSetting(pub(crate) Pace);

impl FromStr for PaceSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(Pace::Off));
        }
        match text.parse::<f64>() {
            Ok(share) if share > 0.0 && share <= 1.0 => Ok(Self(Pace::Share(share))),
            _ => Err("a share is above 0 and at most 1, or the word `off`".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for PaceSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = PaceSetting;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a share above 0 and at most 1, or \"off\"")
            }
            fn visit_f64<E: de::Error>(self, share: f64) -> Result<PaceSetting, E> {
                self.visit_str(&share.to_string())
            }
            fn visit_i64<E: de::Error>(self, share: i64) -> Result<PaceSetting, E> {
                self.visit_str(&share.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PaceSetting, E> {
                text.parse().map_err(|why| E::custom(format!("pace {text}: {why}")))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// `--since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SinceSetting(pub(crate) SignedDuration);

impl FromStr for SinceSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Metrics are read up to 15 minutes ago, until CloudWatch has counted them. A window of twice that leaves enough.
        let (least, most) = (SignedDuration::from_mins(30), SignedDuration::from_hours(90 * 24));
        let window = text.char_indices().next_back().and_then(|(at, unit)| {
            let count = text[..at].parse::<u16>().ok().map(i64::from)?;
            match unit {
                'm' => Some(SignedDuration::from_mins(count)),
                'h' => Some(SignedDuration::from_hours(count)),
                'd' => Some(SignedDuration::from_hours(count * 24)),
                _ => None,
            }
        });
        match window {
            Some(window) if window >= least && window <= most => Ok(Self(window)),
            Some(_) => Err("a window is at least 30m and at most 90d".to_owned()),
            None => Err("a window is a number of minutes, hours or days, such as 90m, 24h or 7d".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for SinceSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|why| de::Error::custom(format!("since {text:?}: {why}")))
    }
}

/// `gateway-overhead`: a number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Milliseconds(pub(crate) u32);

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.strip_suffix("ms").map(str::trim_end).and_then(|number| number.parse().ok());
        let why =
            || de::Error::custom(format!("gateway-overhead {text:?}: not a number of milliseconds, such as \"100ms\""));
        number.map(Self).ok_or_else(why)
    }
}

/// `--metrics`, `--samples`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FailOn {
    /// Findings of high severity.
    High,
    /// Findings of medium severity or above.
    Medium,
    /// Every finding.
    Low,
    /// No finding.
    Never,
}

impl FailOn {
    /// The least severity that counts.
    pub(crate) fn threshold(self) -> Option<Severity> {
        match self {
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Never => None,
        }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReportFormat {
    /// For a person at a terminal.
    Text,
    /// One document.
    Json,
    /// One outcome a line.
    Jsonl,
    /// The findings as a message for a Slack webhook.
    Slack,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether a page that goes to `output` is coloured.
    pub(crate) fn is_on(self, output: &Sink) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // anstream knows NO_COLOR and similar variables. The page may go to a file while standard output is a
            // terminal, so that is asked first.
            Self::Auto => {
                let choice = || anstream::AutoStream::choice(&std::io::stdout());
                output.is_terminal() && choice() != anstream::ColorChoice::Never
            }
        }
    }
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a date such as 2027-01-31")]
    enum Day {
        Text(String),
        Toml(toml::value::Datetime),
    }
    let text = match Day::deserialize(deserializer)? {
        Day::Text(text) => text,
        Day::Toml(date) => date.to_string(),
    };
    text.parse().map(Some).map_err(|_| de::Error::custom(format!("{text:?} is not a date such as 2027-01-31")))
}

/// Reads the id of a check, which shells complete. An unknown id is refused later, with the nearest one.
pub(crate) fn check_ids() -> impl TypedValueParser<Value = String> {
    CheckIds
}

#[derive(Clone)]
struct CheckIds;

impl TypedValueParser for CheckIds {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(CHECKS.iter().map(|check| PossibleValue::new(check.id))))
    }
}
