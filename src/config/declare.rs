//! `declare!` makes a setting of one declaration: its flag, its key in the configuration file, its default, and how the
//! flag and the file are merged.

use std::{fmt, marker::PhantomData};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use serde::{
    Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, MapAccess},
};

use super::Settings;

/// What else takes a setting of `audit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SharedWith {
    /// `gatelight path`, as a flag.
    Path,
    /// `gatelight cost`, as a flag.
    Cost,
    /// `gatelight demo`, as a flag.
    Demo,
    /// A `[[schedule]]`, as a key.
    Schedule,
}

/// A setting that was declared.
#[derive(Debug)]
pub(crate) struct Declared {
    /// As in Rust: `fail_on`.
    pub(crate) name: &'static str,
    /// The heading of its flag. None: it has no flag.
    pub(crate) heading: Option<&'static str>,
    /// As the file states it: `"medium"`.
    pub(crate) default: Option<&'static str>,
    pub(super) shared: &'static [SharedWith],
}

impl Declared {
    /// As in the file: `fail-on`.
    pub(crate) fn key(&self) -> String {
        self.name.replace('_', "-")
    }

    pub(crate) fn is_shared_with(&self, other: SharedWith) -> bool {
        self.shared.contains(&other)
    }
}

/// Declares the settings.
///
/// `flags HEADING { … }` holds settings that are a flag and a key: what clap's derive wants, then
/// `name: Type = default shared [Path, Cost],`. The type is a name or a `Vec` of one; a default is written as in the file.
/// `keys { … }` holds those that are a key alone. A setting with a default has a method of its name.
macro_rules! declare {
    (
        $(#[$about:meta])*
        pub(crate) struct $Settings:ident;
        $(flags $heading:ident {$(
            $(#[$flag_attribute:meta])*
            $flag:ident: $outer:ident $(<$inner:ident>)? $(= $flag_default:literal)? $(shared [$($with:ident),*])?,
        )*})*
        keys {$(
            $(#[$key_attribute:meta])*
            $key:ident: $key_type:ty $(= $key_default:literal)?,
        )*}
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, clap::Args)]
        pub(crate) struct $Settings {
            $($($(#[$flag_attribute])* #[arg(help_heading = $heading)] pub(crate) $flag: Option<$outer $(<$inner>)?>,)*)*
            $($(#[$key_attribute])* #[arg(skip)] pub(crate) $key: Option<$key_type>,)*
        }

        impl $Settings {
            /// Every setting, in the order of the declarations.
            pub(crate) const DECLARED: &[$crate::config::declare::Declared] = &[
                $($($crate::config::declare::Declared {
                    name: stringify!($flag),
                    heading: Some($heading),
                    default: declare!(@default $($flag_default)?),
                    shared: &[$($($crate::config::declare::SharedWith::$with),*)?],
                },)*)*
                $($crate::config::declare::Declared {
                    name: stringify!($key),
                    heading: None,
                    default: declare!(@default $($key_default)?),
                    shared: &[],
                },)*
            ];

            $($(declare!(@value $flag: $outer $(<$inner>)?, $($flag_default)?);)*)*
            $(declare!(@value $key: $key_type, $($key_default)?);)*

            /// These settings, and `other`'s where these are not set.
            fn merged(self, other: Self) -> Self {
                Self {
                    $($($flag: self.$flag.or(other.$flag),)*)*
                    $($key: self.$key.or(other.$key),)*
                }
            }

            fn is_set(&self, name: &str) -> bool {
                $($((name == stringify!($flag) && self.$flag.is_some()) ||)*)*
                $((name == stringify!($key) && self.$key.is_some()) ||)*
                false
            }

            /// The flags of a command that has those that it `takes`.
            fn from_flags(matches: &mut clap::ArgMatches, takes: impl Fn(&str) -> bool) -> Self {
                let mut settings = Self::default();
                $($(if takes(stringify!($flag)) {
                    settings.$flag = declare!(@take matches, stringify!($flag), $outer $(<$inner>)?);
                })*)*
                settings
            }

            /// Reads the value of a key that was declared.
            fn read_value<'de, A: serde::de::MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
                let name = key.replace('-', "_");
                $($(if name == stringify!($flag) {
                    self.$flag = Some(map.next_value()?);
                })*)*
                $(if name == stringify!($key) {
                    self.$key = Some(map.next_value()?);
                })*
                Ok(())
            }
        }
    };

    (@default) => { None };
    (@default $default:literal) => { Some(stringify!($default)) };

    (@value $name:ident: $type:ty,) => {};
    (@value $name:ident: $type:ty, $default:literal) => {
        /// The setting, or its default.
        pub(crate) fn $name(&self) -> $type {
            self.$name.clone().unwrap_or_else(|| $crate::config::declare::read_default(stringify!($default)))
        }
    };

    (@take $matches:ident, $name:expr, Vec<$item:ident>) => {
        $matches.remove_many::<$item>($name).map(Iterator::collect)
    };
    (@take $matches:ident, $name:expr, $type:ident) => {
        $matches.remove_one::<$type>($name)
    };
}
pub(super) use declare;

/// A default, as the file would state it. A test reads all of them.
pub(super) fn read_default<T: DeserializeOwned>(literal: &str) -> T {
    toml::de::ValueDeserializer::parse(literal)
        .and_then(T::deserialize)
        .unwrap_or_else(|problem| panic!("{literal} is not a default: {problem}"))
}

/// A command that takes settings as flags.
pub(crate) trait SettingsCommand {
    /// None: `audit`, which takes all.
    const SHARED_WITH: Option<SharedWith>;
    /// Help of flags, by name, where this command needs other words than `audit`.
    const HELP: &[(&str, &str)] = &[];
}

/// The settings that a command takes as flags.
#[derive(Debug)]
pub(crate) struct Flags<C> {
    pub(crate) settings: Settings,
    command: PhantomData<C>,
}

impl<C: SettingsCommand> Flags<C> {
    fn takes(name: &str) -> bool {
        let is_it = |declared: &&Declared| declared.name == name && declared.heading.is_some();
        let declared = Settings::DECLARED.iter().find(is_it);
        declared.is_some_and(|declared| C::SHARED_WITH.is_none_or(|command| declared.is_shared_with(command)))
    }

    fn flag(declared: &Declared, flag: Arg) -> Arg {
        let help = C::HELP.iter().find(|(name, _)| *name == declared.name).map(|(_, help)| (*help).to_owned());
        let mut help = help.unwrap_or_else(|| flag.get_help().map(ToString::to_string).unwrap_or_default());
        let is_switch = flag.get_num_args() == Some(0.into());
        if let (false, Some(default)) = (is_switch, declared.default) {
            help += &format!(" [default: {}]", default.trim_matches('"'));
        }
        // Among the flags of its command, in the order in which they are added.
        let flag = flag.help(help).display_order(None);
        if C::SHARED_WITH.is_some() { flag.help_heading(None::<&str>) } else { flag }
    }
}

impl<C: SettingsCommand> Args for Flags<C> {
    fn augment_args(command: Command) -> Command {
        let all = Settings::augment_args(Command::new("all"));
        let declared = Settings::DECLARED.iter().filter(|declared| Self::takes(declared.name));
        let flag = |declared: &Declared| {
            let flag = all.get_arguments().find(|flag| flag.get_id() == declared.name).cloned();
            flag.map(|flag| Self::flag(declared, flag))
        };
        command.args(declared.filter_map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<C: SettingsCommand> FromArgMatches for Flags<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self { settings: Settings::from_flags(matches, Self::takes), command: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Reads a table of settings that `takes` allows, and of `own` keys, whose values `read_own` reads.
pub(super) fn read_table<'de, A: MapAccess<'de>>(
    mut map: A,
    takes: impl Fn(&Declared) -> bool,
    own: &[&str],
    mut read_own: impl FnMut(&str, &mut A) -> Result<(), A::Error>,
) -> Result<Settings, A::Error> {
    let shared = Settings::DECLARED.iter().filter(|declared| takes(declared)).map(Declared::key);
    let known: Vec<String> = own.iter().map(|key| (*key).to_owned()).chain(shared).collect();
    let mut settings = Settings::default();
    while let Some(key) = map.next_key_seed(KnownKey(&known))? {
        if own.contains(&key.as_str()) {
            read_own(&key, &mut map)?;
        } else {
            settings.read_value(&key, &mut map)?;
        }
    }
    Ok(settings)
}

/// A key that must be one of these. It is refused while it is read, so that the error has its line.
struct KnownKey<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for KnownKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl de::Visitor<'_> for KnownKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        if self.0.iter().any(|known| known == key) {
            return Ok(key.to_owned());
        }
        // In serde's words.
        Err(E::custom(format!("unknown field `{key}`, expected one of `{}`", self.0.join("`, `"))))
    }
}
