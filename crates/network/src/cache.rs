//! Paths that were decided already: thousands of functions share a few networks.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use crate::hop::PathFromSubnet;

/// Everything about a function that its paths depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PathKey {
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) ipv6: bool,
    pub(crate) managed: bool,
    pub(crate) fips: bool,
    pub(crate) account: Option<String>,
    /// Only where an endpoint's policy may depend on it.
    pub(crate) role: Option<String>,
}

/// Paths and policies that were decided already.
#[derive(Debug, Default)]
pub(crate) struct PathCache {
    paths: RefCell<HashMap<PathKey, Rc<Vec<PathFromSubnet>>>>,
    /// By endpoint id: whether its policy allows everyone everything.
    allows_everyone: RefCell<HashMap<String, bool>>,
}

impl PathCache {
    /// The paths of that key, decided by `decide` the first time.
    pub(crate) fn paths(&self, key: PathKey, decide: impl FnOnce() -> Vec<PathFromSubnet>) -> Rc<Vec<PathFromSubnet>> {
        if let Some(known) = self.paths.borrow().get(&key) {
            return Rc::clone(known);
        }
        let paths = Rc::new(decide());
        self.paths.borrow_mut().insert(key, Rc::clone(&paths));
        paths
    }

    /// Whether the policy of that endpoint allows everyone everything, read once.
    pub(crate) fn allows_everyone(&self, endpoint: &str, read: impl FnOnce() -> bool) -> bool {
        let known = self.allows_everyone.borrow().get(endpoint).copied();
        known.unwrap_or_else(|| {
            let allows = read();
            self.allows_everyone.borrow_mut().insert(endpoint.to_owned(), allows);
            allows
        })
    }
}
