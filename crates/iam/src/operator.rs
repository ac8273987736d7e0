//! Condition operators, by name.

/// A condition operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) comparison: Comparison,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
    pub(super) qualifier: SetOperator,
}

/// How a value of the request is compared with a value of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Text. `wild`: with wildcards.
    String {
        wild: bool,
        ignore_case: bool,
    },
    Arn,
    /// Base64, compared as it is written.
    Binary,
    Bool,
    Number(Relation),
    Date(Relation),
    Ip,
    Null,
}

/// How the request's value must relate to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equals,
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
}

/// For how many values of the request the condition must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetOperator {
    /// For the only value.
    None,
    /// For every value.
    ForAllValues,
    /// For at least one value.
    ForAnyValue,
}

impl Operator {
    /// Reads a name; `None` if it is not known.
    pub(super) fn read(name: &str) -> Option<Self> {
        let (qualifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (SetOperator::ForAllValues, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (SetOperator::ForAnyValue, rest)
        } else {
            (SetOperator::None, name)
        };
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        let (comparison, negated) = comparison(base)?;
        // Null tests the key and not its values, so it takes no set operator, and "any condition operator name except
        // Null" may be followed by IfExists.
        let fits = comparison != Comparison::Null || (qualifier == SetOperator::None && !if_exists);
        fits.then_some(Self { comparison, negated, if_exists, qualifier })
    }
}

fn comparison(base: &str) -> Option<(Comparison, bool)> {
    let text = |wild, ignore_case| Comparison::String { wild, ignore_case };
    Some(match base {
        "StringEquals" => (text(false, false), false),
        "StringNotEquals" => (text(false, false), true),
        "StringEqualsIgnoreCase" => (text(false, true), false),
        "StringNotEqualsIgnoreCase" => (text(false, true), true),
        "StringLike" => (text(true, false), false),
        "StringNotLike" => (text(true, false), true),
        // "The ArnEquals and ArnLike condition operators behave identically", and so do their negations.
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "BinaryEquals" => (Comparison::Binary, false),
        "Bool" => (Comparison::Bool, false),
        "IpAddress" => (Comparison::Ip, false),
        "NotIpAddress" => (Comparison::Ip, true),
        "Null" => (Comparison::Null, false),
        _ => {
            if let Some(name) = base.strip_prefix("Numeric") {
                let (relation, negated) = read_relation(name)?;
                (Comparison::Number(relation), negated)
            } else {
                let (relation, negated) = read_relation(base.strip_prefix("Date")?)?;
                (Comparison::Date(relation), negated)
            }
        }
    })
}

fn read_relation(name: &str) -> Option<(Relation, bool)> {
    Some(match name {
        "Equals" => (Relation::Equals, false),
        "NotEquals" => (Relation::Equals, true),
        "LessThan" => (Relation::Less, false),
        "LessThanEquals" => (Relation::LessEquals, false),
        "GreaterThan" => (Relation::Greater, false),
        "GreaterThanEquals" => (Relation::GreaterEquals, false),
        _ => return None,
    })
}

impl Relation {
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
