//! How the listings of a region ended.

use gatelight_model::{Fetched, Gap, GapKind, inventory::Region};

/// How the listings of a region's APIs ended.
#[derive(Clone, Debug)]
pub(crate) enum ApiListings {
    /// No check needed them.
    NotAsked,
    /// None of them succeeded.
    Unread(Gap),
    /// At least one was read, in whole or in part.
    Read {
        /// How many APIs were seen.
        apis: u64,
        /// Whether these are all.
        whole: bool,
    },
}

impl ApiListings {
    pub(super) fn of(region: &Region) -> Self {
        let listings = [&region.rest_apis, &region.v2_apis];
        let ends = listings.map(|listing| listing.rest.get());
        let apis = listings.iter().map(|listing| listing.seen.len() as u64).sum();
        if apis > 0 || ends.iter().any(Result::is_ok) {
            return Self::Read { apis, whole: ends.iter().all(Result::is_ok) };
        }
        let asked = |gap: &Gap| gap.why().kind != GapKind::NotCollected;
        ends.into_iter().filter_map(Result::err).find(asked).map_or(Self::NotAsked, Self::Unread)
    }
}

/// Whether a listing was read, in whole or in part.
pub(super) fn is_read<T>(seen: &[T], rest: &Fetched<()>) -> bool {
    !seen.is_empty() || rest.get().is_ok()
}
