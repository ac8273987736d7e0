//! Finds every gap in the inventory, field by field.
//!
//! Each struct of the inventory lists its fields with [`walk_gaps!`]. The list is a pattern without `..`, so a field that
//! is added and not listed does not compile.

use jiff::Timestamp;

use crate::{Gap, Listing, Severity, inventory::Protocol};

/// Something that may hold gaps.
pub trait Gaps {
    /// Calls `each` with every gap within, in the order of the fields.
    fn gaps(&self, each: &mut dyn FnMut(&Gap));
}

/// Implements [`Gaps`] for structs: `Vpc { id, cidrs, … }` walks these fields. `#[except(a, b)]` names fields whose gaps no
/// report lists by themselves; a verdict that rests on one still cites it.
macro_rules! walk_gaps {
    ($($(#[except($($skipped:ident),*)])? $name:ident { $($field:ident),* })*) => {$(
        impl $crate::gaps::Gaps for $name {
            fn gaps(&self, each: &mut dyn FnMut(&$crate::Gap)) {
                let Self { $($field,)* $($($skipped: _,)*)? } = self;
                $($crate::gaps::Gaps::gaps($field, each);)*
            }
        }

        #[cfg(feature = "sweep")]
        impl $crate::sweep::Node for $name {
            fn fact(&mut self, path: &[&str]) -> Option<&mut dyn $crate::sweep::FactSlot> {
                let (field, rest) = path.split_first()?;
                match *field {
                    $(stringify!($field) => self.$field.fact(rest),)*
                    $($(stringify!($skipped) => self.$skipped.fact(rest),)*)?
                    _ => None,
                }
            }
        }
    )*};
}
pub(crate) use walk_gaps;

impl<T: Gaps> Gaps for Listing<T> {
    fn gaps(&self, each: &mut dyn FnMut(&Gap)) {
        self.seen.gaps(each);
        self.rest.gaps(each);
    }
}

impl<T: Gaps> Gaps for Vec<T> {
    fn gaps(&self, each: &mut dyn FnMut(&Gap)) {
        for element in self {
            element.gaps(each);
        }
    }
}

impl<T: Gaps> Gaps for Option<T> {
    fn gaps(&self, each: &mut dyn FnMut(&Gap)) {
        if let Some(value) = self {
            value.gaps(each);
        }
    }
}

macro_rules! without_gaps {
    ($($name:ty),*) => {$(
        impl Gaps for $name {
            fn gaps(&self, _: &mut dyn FnMut(&Gap)) {}
        }

        #[cfg(feature = "sweep")]
        impl crate::sweep::Node for $name {
            fn fact(&mut self, _: &[&str]) -> Option<&mut dyn crate::sweep::FactSlot> {
                None
            }
        }
    )*};
}

without_gaps!((), bool, i32, u64, f64, String, Timestamp, Severity, Protocol);
