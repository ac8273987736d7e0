//! What an audit saw of a region. A finding that is not there any more is resolved only if its subject would have been
//! seen: memory of earlier audits rests on this.

use gatelight_model::{
    Gap,
    inventory::{Protocol, Region},
};

/// What an audit saw of a region of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Each check that ran, by id, and which of its subjects it may not have seen.
    pub checks: Vec<(&'static str, Unseen)>,
    /// How many stages were seen.
    pub stages: u64,
    /// How many functions were seen.
    pub functions: u64,
    /// Why something here is not known, whether or not a verdict rests on it.
    pub gaps: Vec<Gap>,
}

/// Which subjects of a check may be there without having been seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Unseen {
    /// None.
    #[default]
    None,
    /// Those whose ARN begins with one of these.
    Below(Vec<String>),
    /// It cannot be said which.
    Any,
}

impl Coverage {
    /// Whether `check` ran and would have seen `subject`, an ARN, had it been there. Then no outcome about it means
    /// that it is gone.
    #[must_use]
    pub fn covers(&self, check: &str, subject: &str) -> bool {
        self.checks.iter().any(|(id, unseen)| *id == check && unseen.excludes(subject))
    }
}

impl Unseen {
    /// Whether `subject`, an ARN, is not among the unseen.
    #[must_use]
    pub fn excludes(&self, subject: &str) -> bool {
        match self {
            Self::None => true,
            Self::Below(beginnings) => !beginnings.iter().any(|beginning| subject.starts_with(beginning)),
            Self::Any => false,
        }
    }

    /// The stages of a region that were not seen: those of an API whose stages could not be listed, or those of every
    /// API of a kind whose listing broke off.
    pub(crate) fn stages(partition: &str, region: &Region) -> Self {
        let below =
            |protocol: Protocol| format!("arn:{partition}:apigateway:{}::/{}/", region.name, protocol.collection());
        let listings = [(&region.rest_apis, Protocol::Rest), (&region.v2_apis, Protocol::Http)];
        let beginnings: Vec<_> = listings
            .into_iter()
            .flat_map(|(listing, protocol)| {
                let below = below(protocol);
                listing.each().filter_map(move |api| match api {
                    Ok(api) if api.stages.rest.get().is_ok() => None,
                    Ok(api) => Some(format!("{below}{}/", api.id)),
                    Err(_) => Some(below.clone()),
                })
            })
            .collect();
        if beginnings.is_empty() { Self::None } else { Self::Below(beginnings) }
    }

    /// Some of these cannot be seen, and nobody can say which.
    pub(crate) fn any_if(unseen: bool) -> Self {
        if unseen { Self::Any } else { Self::None }
    }
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, Listing, SubjectKind};

    use super::*;
    use crate::{
        CHECKS, Judgement, Outcome, Policy, audit,
        testing::{denied_listing, healthy},
    };

    const STAGE: &str = "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/gone";
    const OTHER: &str = "arn:aws:apigateway:us-east-1::/restapis/zzzzzzzzzz/stages/gone";
    const V2: &str = "arn:aws:apigateway:us-east-1::/apis/h1h2h3h4h5/stages/gone";

    fn covered(change: impl FnOnce(&mut Region)) -> impl Fn(&str, &str) -> bool {
        let mut inventory = healthy();
        change(&mut inventory.region);
        let checks: Vec<_> = CHECKS.iter().filter(|check| check.id != "access-log-not-json").collect();
        let coverage = audit(inventory.scope(), &checks, &Policy::default(), &mut |_| {});
        move |check, subject| coverage.covers(check, subject)
    }

    #[test]
    fn every_listing_read_covers_everything_but_a_check_that_did_not_run() {
        let covers = covered(|_| {});
        for subject in [STAGE, OTHER, V2] {
            assert!(covers("access-log-off", subject));
            assert!(!covers("access-log-not-json", subject));
        }
        assert!(covers("function-tracing-off", "arn:aws:lambda:us-east-1:123456789012:function:gone"));
    }

    #[test]
    fn stages_that_were_not_listed_uncover_their_own_api_alone() {
        let gap = Gap::not_collected("stages");
        let covers = covered(|region| {
            let api = region.rest_apis.seen.iter_mut().find(|api| api.id == "a1b2c3d4e5").expect("an API");
            api.stages.rest = Fetched::from(Err(gap));
        });
        assert!(!covers("access-log-off", STAGE));
        assert!(covers("access-log-off", OTHER) && covers("access-log-off", V2));
        assert!(!covers("access-log-never-expires-of-nobody", STAGE));
        assert!(!covers("log-group-never-expires", "arn:aws:logs:us-east-1:123456789012:log-group:gone"));
        assert!(covers("function-tracing-off", "arn:aws:lambda:us-east-1:123456789012:function:gone"));
    }

    #[test]
    fn a_list_of_log_groups_that_was_denied_is_one_unknown_a_check_that_hangs_on_it() {
        let mut inventory = healthy();
        inventory.deny_log_groups();
        let checks: Vec<_> = CHECKS.iter().collect();
        let mut told = Vec::new();
        let coverage = audit(inventory.scope(), &checks, &Policy::default(), &mut |outcome| told.push(outcome));
        for check in ["log-group-never-expires", "log-group-key-unusable"] {
            let outcomes: Vec<_> = told.iter().filter(|outcome| outcome.check.id == check).collect();
            let [outcome] = outcomes.as_slice() else { panic!("{check}: {} outcomes", outcomes.len()) };
            assert_eq!(outcome.subject.kind, SubjectKind::Account);
            assert_eq!(outcome.verdict, Err(denied_listing("logs:DescribeLogGroups")));
            assert!(!coverage.covers(check, "arn:aws:logs:us-east-1:123456789012:log-group:gone"));
        }
        // The search of a group needs no list.
        let searched: Vec<_> = told.iter().filter(|outcome| outcome.check.id == "log-emission-failing").collect();
        let of_account = |outcome: &&&Outcome| outcome.subject.kind == SubjectKind::Account;
        assert_eq!(searched.iter().filter(of_account).count(), 1, "the groups that are not there");
        let others = searched.iter().filter(|outcome| !of_account(outcome));
        assert!(others.clone().count() > 10 && others.clone().all(|outcome| outcome.verdict == Ok(Judgement::Pass)));
        // What is judged of a stage is said of each.
        let of_stages = told.iter().filter(|outcome| outcome.check.id == "access-log-destination-missing");
        assert!(of_stages.filter(|outcome| outcome.verdict.is_err()).count() > 1);
    }

    #[test]
    fn apis_that_were_not_listed_uncover_their_kind_alone() {
        let gap = Gap::not_collected("apis");
        let covers = covered(|region| region.v2_apis = Listing::unread(gap));
        assert!(covers("access-log-off", STAGE));
        assert!(!covers("access-log-off", V2));
    }
}
