//! The statement that a decision rests on, as reports name it.

use std::fmt;

use crate::evaluation::StatementRef;

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidingStatement {
    /// The policy's name in reports.
    pub policy: String,
    /// The statement's Sid, or its number from 1 if it has none.
    pub statement: String,
}

impl From<StatementRef<'_>> for DecidingStatement {
    fn from((document, statement): StatementRef<'_>) -> Self {
        Self { policy: document.name().to_owned(), statement: statement.name.clone() }
    }
}

impl fmt::Display for DecidingStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of {}", self.statement, self.policy)
    }
}
