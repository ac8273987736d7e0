//! Policy documents, and what they allow.
