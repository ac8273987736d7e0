//! An answer from AWS, or why there is none: "AWS says none" is never mixed up with "AWS would not say".

use std::{fmt, marker::PhantomData, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::Gaps;

/// Why a fact is not known. Cheap to clone: one gap is cited by every verdict that it leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap(Arc<GapDetails>);

/// What a [`Gap`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GapDetails {
    /// The call that would have given it, in AWS's words: `apigateway:GetStages`.
    pub operation: String,
    /// The IAM action that allows the call: `apigateway:GET`. Empty where no permission is at stake.
    pub permission: String,
    /// The ARN or name that was asked about; `*` where everything was.
    pub resource: String,
    /// Which kind of gap it is.
    pub kind: GapKind,
    /// What AWS answered, or why the fact cannot be known; plain text.
    pub message: String,
}

/// Why a fact can be missing. The names are those of the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// AWS refused the call.
    Denied,
    /// AWS asked to slow down until we gave up.
    Throttled,
    /// No answer within the time limits.
    TimedOut,
    /// The service or the endpoint does not know the call.
    Unsupported,
    /// Any other error, and answers that cannot be read.
    Failed,
    /// Nobody outside can prove it, whatever the permissions.
    Unprovable,
    /// Nobody asked: a check that was not chosen needs it, or an older version saved the file.
    NotCollected,
}

impl GapKind {
    /// The name in the JSON report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed-out",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
            Self::Unprovable => "unprovable",
            Self::NotCollected => "not-collected",
        }
    }
}

impl Gap {
    /// A gap that holds `why`.
    #[must_use]
    pub fn new(why: GapDetails) -> Self {
        Self(Arc::new(why))
    }

    /// A fact that no call can prove, or that the rules here do not understand. `about` names the thing.
    #[must_use]
    pub fn unprovable(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::without_call(GapKind::Unprovable, about, message)
    }

    /// A fact that nobody asked for.
    #[must_use]
    pub fn not_collected(about: impl Into<String>) -> Self {
        Self::without_call(GapKind::NotCollected, about, "the inventory does not hold it")
    }

    fn without_call(kind: GapKind, about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(GapDetails {
            operation: String::new(),
            permission: String::new(),
            resource: about.into(),
            kind,
            message: message.into(),
        })
    }

    /// Whether a listing of everything could not be read, rather than what was asked about one thing.
    #[must_use]
    pub fn is_of_a_listing(&self) -> bool {
        self.why().resource == "*" && !self.why().operation.is_empty()
    }

    /// What is known about it.
    #[must_use]
    pub fn why(&self) -> &GapDetails {
        &self.0
    }
}

/// A gap can be the reason why an account cannot be read at all.
impl std::error::Error for Gap {}

/// One sentence for a person: what is not known and, where one would help, the permission that is missing.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GapDetails { operation, permission, resource, kind, message } = self.why();
        match kind {
            GapKind::Denied => {
                write!(f, "{operation} was denied")?;
                if !permission.is_empty() {
                    write!(f, "; needs {permission}")?;
                    if !resource.is_empty() {
                        write!(f, " on {resource}")?;
                    }
                }
                if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
            }
            GapKind::Throttled => write!(f, "{operation} was throttled until Gatelight gave up: {message}"),
            GapKind::TimedOut => write!(f, "{operation} did not answer in time: {message}"),
            GapKind::Unsupported => write!(f, "{operation} is not supported here: {message}"),
            // An account that could not be opened failed before any call.
            GapKind::Failed if operation.is_empty() => f.write_str(message),
            GapKind::Failed => write!(f, "{operation} failed: {message}"),
            GapKind::Unprovable => f.write_str(message),
            GapKind::NotCollected => write!(f, "not collected: {resource}: {message}"),
        }
    }
}

/// An answer or a [`Gap`]. Opaque, so that `.ok()`, `unwrap_or_default()` and `if let Ok` cannot put a default in the
/// place of an answer. Wire form: `{"ok": …}` or `{"gap": {…}}`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Fetched<T>(Wire<T>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wire<T> {
    Ok(T),
    Gap(Gap),
}

impl<T> From<Result<T, Gap>> for Fetched<T> {
    fn from(answer: Result<T, Gap>) -> Self {
        Self(answer.map_or_else(Wire::Gap, Wire::Ok))
    }
}

impl<T> Fetched<T> {
    /// An answer.
    pub fn known(value: T) -> Self {
        Self(Wire::Ok(value))
    }

    /// The answer.
    ///
    /// # Errors
    /// The gap, cheaply cloned, so that `?` is the shortest code.
    pub fn get(&self) -> Result<&T, Gap> {
        match self.read() {
            Wire::Ok(value) => Ok(value),
            Wire::Gap(gap) => Err(gap.clone()),
        }
    }

    /// Everything that looks inside goes through here, so that tests can tell which facts an audit reads.
    fn read(&self) -> &Wire<T> {
        #[cfg(feature = "sweep")]
        crate::sweep::note_read(self);
        &self.0
    }
}

impl<T: Clone> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        Self(self.read().clone())
    }
}

impl<T: PartialEq> PartialEq for Fetched<T> {
    fn eq(&self, other: &Self) -> bool {
        self.read() == other.read()
    }
}

/// Looks inside without being noted: a report of all gaps rests on every fact, and no verdict rests on that report.
impl<T: Gaps> Gaps for Fetched<T> {
    fn gaps(&self, each: &mut dyn FnMut(&Gap)) {
        match &self.0 {
            Wire::Ok(value) => value.gaps(each),
            Wire::Gap(gap) => each(gap),
        }
    }
}

#[cfg(feature = "sweep")]
impl<T: crate::sweep::Node + 'static> crate::sweep::Node for Fetched<T> {
    fn fact(&mut self, path: &[&str]) -> Option<&mut dyn crate::sweep::FactSlot> {
        let Some((key, rest)) = path.split_first() else { return Some(self) };
        match &mut self.0 {
            Wire::Ok(value) if *key == "ok" => value.fact(rest),
            _ => None,
        }
    }
}

/// Asks for an *option*: serde then hands a missing key to `visit_none`, so a file that was saved before the fact
/// existed reads as a gap, without an attribute on any field.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fetched<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Fetched<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{\"ok\": …} or {\"gap\": …}")
            }
            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Fetched(Wire::Gap(Gap::not_collected("a fact that an older version did not save"))))
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
                Wire::deserialize(d).map(Fetched)
            }
        }
        deserializer.deserialize_option(Visitor(PhantomData))
    }
}

/// For `Option` fields (`#[serde(deserialize_with = "required_option")]`): serde reads a *missing* key of type `Option` as
/// `None`, which would be "AWS says none".
///
/// # Errors
/// If the key is missing or its value does not fit.
pub fn required_option<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// A list that AWS returns page by page. One that broke off keeps what was seen before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listing<T> {
    /// What was seen before the end, or before the break.
    pub seen: Vec<T>,
    /// Whether that is all, or why the rest is not known.
    pub rest: Fetched<()>,
}

/// As for [`Fetched`]: a list that an older version did not save is one of which nothing is known.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listing<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(bound = "T: Deserialize<'de>")]
        struct Wire<T> {
            seen: Vec<T>,
            rest: Fetched<()>,
        }
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Listing<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{\"seen\": […], \"rest\": …}")
            }
            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Listing::unread(Gap::not_collected("a list that an older version did not save")))
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
                Wire::deserialize(d).map(|Wire { seen, rest }| Listing { seen, rest })
            }
        }
        deserializer.deserialize_option(Visitor(PhantomData))
    }
}

impl<T> Listing<T> {
    /// A list that was read to its end.
    #[must_use]
    pub fn whole(seen: Vec<T>) -> Self {
        Self { seen, rest: Fetched::known(()) }
    }

    /// A list of which nothing is known.
    #[must_use]
    pub fn unread(gap: Gap) -> Self {
        Self::broken(Vec::new(), gap)
    }

    /// A list that broke off.
    #[must_use]
    pub fn broken(seen: Vec<T>, gap: Gap) -> Self {
        Self { seen, rest: Err(gap).into() }
    }

    /// Each element, then the gap if there is one: the form that [`any`](crate::any), [`all`](crate::all) and
    /// [`worst`](gatelight_checks::worst) take.
    pub fn each(&self) -> impl Iterator<Item = Result<&T, Gap>> {
        self.seen.iter().map(Ok).chain(self.rest.get().err().map(Err))
    }

    /// The first element that fits: a hit, or proof that there is none.
    ///
    /// # Errors
    /// The gap, if nothing that was seen fits and the list broke off.
    pub fn find(&self, fits: impl Fn(&T) -> bool) -> Result<Option<&T>, Gap> {
        match self.seen.iter().find(|element| fits(element)) {
            Some(hit) => Ok(Some(hit)),
            None => self.rest.get().map(|()| None),
        }
    }
}

/// Whether some element is true: true beats gap beats false, whatever the order.
///
/// # Errors
/// The first gap, if no element is true.
pub fn any(elements: impl IntoIterator<Item = Result<bool, Gap>>) -> Result<bool, Gap> {
    let mut gap = None;
    for element in elements {
        match element {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(why) => gap = gap.or(Some(why)),
        }
    }
    gap.map_or(Ok(false), Err)
}

/// Whether every element is true: false beats gap beats true, whatever the order.
///
/// # Errors
/// The first gap, if no element is false.
pub fn all(elements: impl IntoIterator<Item = Result<bool, Gap>>) -> Result<bool, Gap> {
    any(elements.into_iter().map(|element| element.map(|holds| !holds))).map(|broken| !broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_in_a_broken_list_is_a_gap_and_a_hit_is_a_hit() {
        let broken = Listing::broken(vec![1, 2], Gap::unprovable("x", "cut"));
        assert_eq!(broken.find(|n| *n == 2).expect("seen"), Some(&2));
        assert!(broken.find(|n| *n == 3).is_err());
        assert_eq!(Listing::whole(vec![1]).find(|n| *n == 3).expect("whole"), None);
    }

    #[test]
    fn a_missing_key_reads_as_a_gap_and_so_does_null() {
        #[derive(Deserialize)]
        struct Holder {
            fact: Fetched<Option<u8>>,
            list: Listing<u8>,
        }
        for text in ["{}", r#"{"fact":null,"list":null}"#] {
            let missing: Holder = serde_json::from_str(text).expect("reads");
            assert_eq!(missing.fact.get().expect_err("a gap").why().kind, GapKind::NotCollected);
            assert_eq!(missing.list.rest.get().expect_err("a gap").why().kind, GapKind::NotCollected);
        }
        let none: Holder = serde_json::from_str(r#"{"fact":{"ok":null}}"#).expect("reads");
        assert_eq!(none.fact.get(), Ok(&None));
    }

    #[test]
    fn a_denied_call_names_the_missing_permission() {
        let gap = Gap::new(GapDetails {
            operation: "apigateway:GetStages".into(),
            permission: "apigateway:GET".into(),
            resource: "/restapis/a/stages".into(),
            kind: GapKind::Denied,
            message: String::new(),
        });
        assert_eq!(gap.to_string(), "apigateway:GetStages was denied; needs apigateway:GET on /restapis/a/stages");
    }

    fn gap() -> Gap {
        Gap::unprovable("x", "hidden")
    }

    #[test]
    fn a_proven_element_beats_an_unknown_one_in_any_order() {
        for flip in [false, true] {
            let order = |mut elements: Vec<Result<bool, Gap>>| {
                if flip {
                    elements.reverse();
                }
                elements
            };
            assert_eq!(any(order(vec![Err(gap()), Ok(true)])), Ok(true));
            assert_eq!(any(order(vec![Err(gap()), Ok(false)])), Err(gap()));
            assert_eq!(all(order(vec![Err(gap()), Ok(false)])), Ok(false));
            assert_eq!(all(order(vec![Err(gap()), Ok(true)])), Err(gap()));
        }
        assert_eq!(any([]), Ok(false));
        assert_eq!(all([]), Ok(true));
    }
}
