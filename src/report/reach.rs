//! How far an audit got at all: which regions were skipped, and whether API Gateway's APIs could be listed anywhere.

use super::{listings::ApiListings, outcome::RegionReport};

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
