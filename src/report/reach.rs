//! How far an audit got at all: which regions were skipped, and whether API Gateway's APIs could be listed anywhere.

use gatelight_model::{Fetched, Gap, GapKind, inventory::Region};

use super::outcome::RegionReport;

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

/// Why an audit says nothing about API Gateway.
#[derive(Clone, Debug)]
pub(crate) struct NothingChecked {
    /// What was not checked, and since when: one sentence.
    pub(crate) text: String,
    /// Each reason, and the regions that it holds for.
    pub(crate) reasons: Vec<(String, Vec<String>)>,
    /// Whether nothing else was checked either.
    pub(crate) is_all: bool,
}

impl NothingChecked {
    /// Whether this is so: every region was skipped, or APIs were to be listed and no listing succeeded in any region.
    pub(super) fn of(regions: &[RegionReport]) -> Option<Self> {
        let is_read = |region: &RegionReport| matches!(region.apis, ApiListings::Read { .. });
        let is_unread = |region: &RegionReport| matches!(region.apis, ApiListings::Unread(_));
        let is_skipped = |region: &RegionReport| region.skipped.is_some();
        let nowhere = regions.iter().any(is_unread) && !regions.iter().any(is_read);
        if regions.is_empty() || !(nowhere || regions.iter().all(is_skipped)) {
            return None;
        }
        let is_all = !regions.iter().any(|region| region.functions_read && !is_skipped(region));
        let what = if is_all { "Nothing was checked" } else { "No stage was checked" };
        let why =
            if nowhere { "no listing of API Gateway succeeded in any region" } else { "every region was skipped" };
        let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
        for region in regions {
            let reason = match (&region.skipped, &region.apis) {
                (Some(closed), _) => closed.to_string(),
                (None, ApiListings::Unread(gap)) => gap.to_string(),
                (None, _) => continue,
            };
            let name = format!("{} · {}", region.account, region.region);
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) => names.push(name),
                None => reasons.push((reason, vec![name])),
            }
        }
        Some(Self { text: format!("{what}: {why}."), reasons, is_all })
    }

    /// All of it on one line.
    pub(crate) fn sentence(&self) -> String {
        let reasons = self.reasons.iter().map(|(reason, regions)| match regions.as_slice() {
            [one] => format!("{one}: {reason}"),
            [first, rest @ ..] => format!("{first} and {} more: {reason}", rest.len()),
            [] => reason.clone(),
        });
        format!("{} {}", self.text, reasons.collect::<Vec<_>>().join(". "))
    }
}
