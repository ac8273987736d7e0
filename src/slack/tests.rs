//! Messages as they leave: their words, their limits, and hostile names.
