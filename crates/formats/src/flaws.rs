//! Variables that are never filled: the kind of API has none of that name, or the name is a slip of the pen.

use std::{borrow::Cow, collections::HashSet};

use super::{
    Format,
    template::{Piece, Variable},
    variables::{Spelling, Standing, spelling, standing},
};

/// A variable that is never filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw<'t> {
    /// As it stands in the format.
    pub source: &'t str,
    /// The byte of the format.
    pub at: usize,
    /// Why it is never filled.
    pub why: Why,
}

/// Why a variable is never filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Other kinds of API have it, and this one does not.
    NeverHere,
    /// No kind of API has it, and it is nearly a known name.
    Slip {
        /// The name that was meant.
        meant: Cow<'static, str>,
        /// Whether the two differ in upper and lower case alone.
        in_case: bool,
        /// Whether this kind of API has that name.
        is_here: bool,
    },
    /// Not a `$context` variable.
    NotContext,
}

/// What is wrong with one variable on the format's kind of API.
#[must_use]
pub fn of_variable(format: &Format<'_>, variable: &Variable<'_>) -> Option<Why> {
    match standing(format.protocol, variable.name) {
        Standing::Filled | Standing::BeyondTheTable => None,
        Standing::NeverHere => Some(Why::NeverHere),
        Standing::Unknown => spelling(format.protocol, variable.name).map(|Spelling { name, differs_in_case }| {
            let is_here = !matches!(standing(format.protocol, &name), Standing::NeverHere);
            Why::Slip { meant: name, in_case: differs_in_case, is_here }
        }),
    }
}

/// Every variable of a format that is never filled, each once, in order.
#[must_use]
pub fn flaws<'t>(format: &Format<'t>) -> Vec<Flaw<'t>> {
    let mut seen = HashSet::new();
    let mut at = 0;
    let mut found = Vec::new();
    for piece in format.template.pieces() {
        let source = piece.source();
        let why = match piece {
            Piece::Variable(variable) if seen.insert(variable.name) => of_variable(format, variable),
            Piece::NeverFilled(source) if seen.insert(source) => Some(Why::NotContext),
            _ => None,
        };
        found.extend(why.map(|why| Flaw { source, at, why }));
        at += source.len();
    }
    found
}
