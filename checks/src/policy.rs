//! What the owner of an account decides: how much a check matters, and which outcomes to ignore.

use std::collections::BTreeMap;

use gatelight_model::{Severity, Subject};
use globset::{GlobBuilder, GlobMatcher};

/// The owner's decisions. The default changes nothing.
#[derive(Debug, Default)]
pub struct Policy {
    /// By check id: the severity of all its outcomes.
    pub severities: BTreeMap<String, Severity>,
    /// Outcomes that are known and accepted.
    pub ignores: Vec<Ignore>,
    /// Variables that every access log must have beside those that the check wants, as AWS names them:
    /// `identity.sourceIp`. A kind of API that never fills one need not have it.
    pub required_fields: Vec<String>,
    /// How many milliseconds API Gateway itself may take of a request on average; none: [`OVERHEAD`](Self::OVERHEAD).
    pub overhead: Option<u32>,
    /// Whether the owner does without the checks that rest on CloudWatch's metrics: visibility does without them too.
    pub without_metrics: bool,
}

/// Outcomes that are known and accepted: they stay in the report, marked, and do not count for the exit status.
#[derive(Debug)]
pub struct Ignore {
    check: GlobMatcher,
    subject: GlobMatcher,
    /// Whether it has ended, at the time of the audit.
    pub ended: bool,
}

impl Ignore {
    /// Ignores outcomes whose check matches `check` and whose subject's ARN or name matches `subject`; `*` stands for
    /// any text, slashes too. One that has `ended` matches nothing.
    ///
    /// # Errors
    /// The pattern that cannot be read, and why.
    pub fn new(check: &str, subject: &str, ended: bool) -> Result<Self, globset::Error> {
        let glob = |text| Ok::<_, globset::Error>(GlobBuilder::new(text).build()?.compile_matcher());
        Ok(Self { check: glob(check)?, subject: glob(subject)?, ended })
    }

    /// Whether it is about outcomes of the check of that id at all.
    #[must_use]
    pub fn is_about(&self, check: &str) -> bool {
        self.check.is_match(check)
    }

    fn covers(&self, check: &str, subject: &Subject) -> bool {
        !self.ended
            && self.is_about(check)
            && (self.subject.is_match(&subject.arn) || self.subject.is_match(&subject.name))
    }
}

impl Policy {
    /// The policy that changes nothing.
    pub const NONE: &'static Self = &Self {
        severities: BTreeMap::new(),
        ignores: Vec::new(),
        required_fields: Vec::new(),
        overhead: None,
        without_metrics: false,
    };

    /// How many milliseconds API Gateway itself may take of a request on average, unless the owner says otherwise.
    pub const OVERHEAD: u32 = 100;

    /// How many milliseconds API Gateway itself may take of a request on average.
    #[must_use]
    pub fn overhead_limit(&self) -> u32 {
        self.overhead.unwrap_or(Self::OVERHEAD)
    }

    /// The severity that the owner set for the check of that id.
    #[must_use]
    pub fn severity(&self, check: &str) -> Option<Severity> {
        self.severities.get(check).copied()
    }

    /// The position of the first ignore that covers what the check of the id `check` says about `subject`.
    #[must_use]
    pub fn ignored(&self, check: &str, subject: &Subject) -> Option<usize> {
        self.ignores.iter().position(|ignore| ignore.covers(check, subject))
    }
}

#[cfg(test)]
mod tests {
    use gatelight_model::SubjectKind;
    use proptest::prelude::*;

    use super::*;
    use crate::CHECKS;

    const CHECK: &str = "access-log-off";

    fn subject() -> Subject {
        Subject {
            kind: SubjectKind::RestStage,
            arn: "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/prod".into(),
            name: "orders/prod".into(),
        }
    }

    fn ignores(check_glob: &str, subject_glob: &str) -> bool {
        let ignore = Ignore::new(check_glob, subject_glob, false).expect("globs");
        Policy { ignores: vec![ignore], ..Policy::default() }.ignored(CHECK, &subject()).is_some()
    }

    #[test]
    fn a_subject_is_ignored_by_arn_or_by_name_as_a_whole() {
        for glob in [
            "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/prod",
            "arn:aws:apigateway:*:*:/restapis/*/stages/prod",
            "orders/prod",
            "orders/*",
            "*/prod",
            "*prod",
            "*",
            "orders/pro?",
        ] {
            assert!(ignores("access-log-off", glob), "{glob}");
        }
        for glob in ["", "orders", "prod", "orders/", "Orders/prod", "orders/prod/*", "*/dev", "restapis"] {
            assert!(!ignores("access-log-off", glob), "{glob}");
        }
    }

    #[test]
    fn a_check_is_ignored_by_glob_as_a_whole() {
        for glob in ["access-log-off", "access-log-*", "*"] {
            assert!(ignores(glob, "*"), "{glob}");
        }
        for glob in ["access-log", "execution-log-off", ""] {
            assert!(!ignores(glob, "*"), "{glob}");
        }
    }

    #[test]
    fn the_first_ignore_that_has_not_ended_covers_it() {
        let ignore = |subject, ended| Ignore::new("*", subject, ended).expect("globs");
        let policy = |ignores| Policy { ignores, ..Policy::default() };
        assert_eq!(policy(vec![]).ignored(CHECK, &subject()), None);
        assert_eq!(policy(vec![ignore("*", true)]).ignored(CHECK, &subject()), None);
        let three = policy(vec![ignore("users/*", false), ignore("*", true), ignore("orders/*", false)]);
        assert_eq!(three.ignored(CHECK, &subject()), Some(2));
        let two = policy(vec![ignore("*", false), ignore("orders/*", false)]);
        assert_eq!(two.ignored(CHECK, &subject()), Some(0));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_an_error_on_either_side() {
        assert!(Ignore::new("[", "*", false).is_err());
        assert!(Ignore::new("*", "[", false).is_err());
    }

    #[test]
    fn a_severity_is_set_for_its_check_alone() {
        let severities = BTreeMap::from([("access-log-off".to_owned(), Severity::Low)]);
        let policy = Policy { severities, ..Policy::default() };
        for other in CHECKS {
            assert_eq!(policy.severity(other.id), (other.id == CHECK).then_some(Severity::Low));
        }
    }

    proptest! {
        /// Whatever a stage is called, its own name without what globs give a meaning to ignores it, and `*` does.
        #[test]
        fn any_name_is_ignored_by_itself_and_by_a_star(name in "[^*?\\[\\]{}!\\\\]{1,40}") {
            let subject = Subject { name: name.clone(), ..subject() };
            for glob in [name.as_str(), "*"] {
                let ignores = vec![Ignore::new("*", glob, false).expect("globs")];
                prop_assert_eq!(Policy { ignores, ..Policy::default() }.ignored(CHECK, &subject), Some(0));
            }
        }

        #[test]
        fn what_has_ended_ignores_nothing(glob in "[a-z/*]{0,10}", name in "[a-z/]{0,10}") {
            let subject = Subject { name, ..subject() };
            let ignores = vec![Ignore::new("*", &glob, true).expect("globs")];
            prop_assert_eq!(Policy { ignores, ..Policy::default() }.ignored(CHECK, &subject), None);
        }
    }
}
