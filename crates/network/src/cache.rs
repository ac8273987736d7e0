//! Ways that were walked already: thousands of functions share a few networks.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use super::hop::PathFromSubnet;

/// All that the ways of a function depend on, beside the network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) ipv6: bool,
    pub(crate) managed: bool,
    pub(crate) fips: bool,
    pub(crate) account: Option<String>,
    /// Where an endpoint's policy is about it.
    pub(crate) role: Option<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    paths: RefCell<HashMap<Key, Rc<Vec<PathFromSubnet>>>>,
    /// By the id of an endpoint: whether its policy lets everybody do everything.
    open: RefCell<HashMap<String, bool>>,
}

impl Memo {
    /// The ways of that key, walked by `walk` if nobody did before.
    pub(crate) fn paths(&self, key: Key, walk: impl FnOnce() -> Vec<PathFromSubnet>) -> Rc<Vec<PathFromSubnet>> {
        if let Some(known) = self.paths.borrow().get(&key) {
            return Rc::clone(known);
        }
        let paths = Rc::new(walk());
        self.paths.borrow_mut().insert(key, Rc::clone(&paths));
        paths
    }

    /// Whether the policy of that endpoint lets everybody do everything, read once.
    pub(crate) fn is_open(&self, endpoint: &str, read: impl FnOnce() -> bool) -> bool {
        let known = self.open.borrow().get(endpoint).copied();
        known.unwrap_or_else(|| {
            let open = read();
            self.open.borrow_mut().insert(endpoint.to_owned(), open);
            open
        })
    }
}
