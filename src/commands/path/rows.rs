//! The hops of a path as formats for people show them: with a mark each, nothing said twice, and a network ACL that lets
//! packets out and answers in as one row.

use gatelight_network::{Hop, HopKind, HopResult, PathFromSubnet};

/// A row, or a box, of one hop or of several that are one to a person.
#[derive(Debug)]
pub(super) struct HopRow<'a> {
    /// What it is, readable without the row before: `NAT gateway's route table`.
    pub(super) name: &'static str,
    /// The id of its resource, where the message does not hold it.
    pub(super) id: Option<&'a str>,
    pub(super) message: String,
    pub(super) mark: Mark,
}

/// What happens to packets at a hop or on a path, in a word or a sign: colour never says it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Through,
    Stops,
    Unknown,
}

impl Mark {
    pub(super) fn of(result: &HopResult) -> Self {
        match result {
            HopResult::Through => Self::Through,
            HopResult::Stops => Self::Stops,
            HopResult::Unknown(_) => Self::Unknown,
        }
    }

    /// For terminals and pictures.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Through => "✓",
            Self::Stops => "✗",
            Self::Unknown => "?",
        }
    }

    /// For a pipe, where a search for `STOPS` finds it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Through => "ok",
            Self::Stops => "STOPS",
            Self::Unknown => "?",
        }
    }

    /// The end of a path.
    pub(super) fn of_path(self) -> &'static str {
        match self {
            Self::Through => "arrives",
            Self::Stops => "stops",
            Self::Unknown => "cannot tell",
        }
    }
}

/// The rows of a path, in the order in which packets pass them.
pub(super) fn rows(path: &PathFromSubnet) -> Vec<HopRow<'_>> {
    path.hops.chunk_by(are_one).map(row).collect()
}

/// How many rows packets get to: all up to the first that stops them.
pub(super) fn reached(rows: &[HopRow<'_>]) -> usize {
    rows.iter().position(|row| row.mark == Mark::Stops).map_or(rows.len(), |stop| stop + 1)
}

/// Whether two hops are the two directions of one network ACL that lets packets pass.
fn are_one(one: &Hop, next: &Hop) -> bool {
    let is_acl = matches!(one.kind, HopKind::Acl | HopKind::NatAcl | HopKind::EndpointAcl | HopKind::EgressAcl);
    let pass = [one, next].iter().all(|hop| hop.result == HopResult::Through);
    is_acl && pass && one.kind == next.kind && one.id == next.id
}

fn row(hops: &[Hop]) -> HopRow<'_> {
    let hop = &hops[0];
    let name = hop.kind.name();
    let messages = hops.iter().skip(1).fold(hop.message.clone(), |before, hop| joined(&before, &hop.message));
    let message = messages.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(&messages).to_owned();
    let id = (!hop.id.split(", ").any(|id| message.contains(id))).then_some(hop.id.as_str());
    HopRow { name, id, message, mark: Mark::of(&hop.result) }
}

/// `acl-1 (100) lets 443 out to … and 1024-65535 in from …`, by two entries `… and (110) lets 1024-65535 in from …`.
fn joined(first: &str, second: &str) -> String {
    let words = ["", " lets"].map(|end| first.find(&format!("{end} ")).map(|at| &first[..=at + end.len()]));
    let rest = words.into_iter().rev().flatten().find_map(|shared| second.strip_prefix(shared));
    format!("{first} and {}", rest.unwrap_or(second))
}
