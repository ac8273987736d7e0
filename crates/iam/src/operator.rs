//! The names of condition operators.

/// What a condition operator asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) compare: Compare,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
    pub(super) quantifier: Quantifier,
}

/// How one value of the request is compared with one of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    /// Text; `wild`: with wildcards; `fold`: whatever the case.
    String {
        wild: bool,
        fold: bool,
    },
    Arn,
    /// Base64, compared as it is written.
    Binary,
    Bool,
    Number(Order),
    Date(Order),
    Ip,
    Null,
}

/// How the request's value must stand to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equals,
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
}

/// Of how many values of the request it must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// Of the only one.
    One,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

impl Operator {
    /// Reads a name; nothing for one that is not known.
    pub(super) fn read(name: &str) -> Option<Self> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantifier::All, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::Any, rest)
        } else {
            (Quantifier::One, name)
        };
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        let (compare, negated) = compare(base)?;
        // Whether a key exists is asked of the key, not of its values, and "any condition operator name except Null" may
        // be followed by IfExists.
        let fits = compare != Compare::Null || (quantifier == Quantifier::One && !if_exists);
        fits.then_some(Self { compare, negated, if_exists, quantifier })
    }
}

fn compare(base: &str) -> Option<(Compare, bool)> {
    let text = |wild, fold| Compare::String { wild, fold };
    Some(match base {
        "StringEquals" => (text(false, false), false),
        "StringNotEquals" => (text(false, false), true),
        "StringEqualsIgnoreCase" => (text(false, true), false),
        "StringNotEqualsIgnoreCase" => (text(false, true), true),
        "StringLike" => (text(true, false), false),
        "StringNotLike" => (text(true, false), true),
        // "The ArnEquals and ArnLike condition operators behave identically", and so do their negations.
        "ArnEquals" | "ArnLike" => (Compare::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Compare::Arn, true),
        "BinaryEquals" => (Compare::Binary, false),
        "Bool" => (Compare::Bool, false),
        "IpAddress" => (Compare::Ip, false),
        "NotIpAddress" => (Compare::Ip, true),
        "Null" => (Compare::Null, false),
        _ => {
            if let Some(order) = base.strip_prefix("Numeric") {
                let (order, negated) = read_order(order)?;
                (Compare::Number(order), negated)
            } else {
                let (order, negated) = read_order(base.strip_prefix("Date")?)?;
                (Compare::Date(order), negated)
            }
        }
    })
}

fn read_order(name: &str) -> Option<(Order, bool)> {
    Some(match name {
        "Equals" => (Order::Equals, false),
        "NotEquals" => (Order::Equals, true),
        "LessThan" => (Order::Less, false),
        "LessThanEquals" => (Order::LessEquals, false),
        "GreaterThan" => (Order::Greater, false),
        "GreaterThanEquals" => (Order::GreaterEquals, false),
        _ => return None,
    })
}

impl Order {
    pub(super) fn holds<T: Ord>(self, value: &T, bound: &T) -> bool {
        match self {
            Self::Equals => value == bound,
            Self::Less => value < bound,
            Self::LessEquals => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterEquals => value >= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_whole_and_exactly() {
        for name in [
            "StringEquals",
            "ForAnyValue:StringNotEqualsIfExists",
            "ForAllValues:ArnLike",
            "NumericNotEqualsIfExists",
            "DateGreaterThanEquals",
            "NotIpAddressIfExists",
            "BinaryEquals",
            "Null",
        ] {
            assert!(Operator::read(name).is_some(), "{name}");
        }
        for name in [
            "",
            "stringequals",
            "StringEquals ",
            "NullIfExists",
            "ForAllValues:Null",
            "ForSomeValues:StringEquals",
            "ForAnyValue:ForAllValues:StringEquals",
            "NumericLike",
            "DateEqualsIgnoreCase",
            "BoolNotEquals",
            "BinaryNotEquals",
            "StringEqualsIfExistsIfExists",
        ] {
            assert_eq!(Operator::read(name), None, "{name}");
        }
    }
}
