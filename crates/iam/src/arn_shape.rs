//! Matches patterns against an ARN whose partition, region and account are known, and whose service and resource are
//! not.

use crate::{
    glob::{Colons, Match, Tail, Text, components, match_text},
    pattern::Token,
};

/// Some ARN with this partition, region and account.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArnShape<'a> {
    pub(super) partition: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
}

/// A piece of such an ARN.
#[derive(Clone, Copy)]
enum Slot {
    Char(char),
    /// One character, or with `many` any number of them. `colon`: they may be colons.
    Some {
        many: bool,
        colon: bool,
    },
}

impl ArnShape<'_> {
    /// As ARN operators match: component by component.
    pub(super) fn matches_as_arn(self, tokens: &[Token]) -> Match {
        if !self.overlaps(tokens) {
            return Match::No;
        }
        let Some([arn, partition, service, region, account, resource]) = components(tokens) else {
            return Match::Unknown;
        };
        let matches = [
            match_text(arn, Text::whole("arn"), Colons::Free),
            match_text(partition, Text::whole(self.partition), Colons::Free),
            match_text(service, Text { known: "", tail: Tail::Name }, Colons::Free),
            match_text(region, Text::whole(self.region), Colons::Free),
            match_text(account, Text::whole(self.account), Colons::Free),
            match_text(resource, Text { known: "", tail: Tail::Anything }, Colons::Free),
        ];
        if matches.contains(&Match::No) {
            Match::No
        } else if matches.contains(&Match::Unknown) {
            Match::Unknown
        } else {
            Match::Yes
        }
    }

    /// As string operators match: as plain text, where a wildcard also matches colons.
    pub(super) fn matches_as_text(self, tokens: &[Token]) -> Match {
        if !self.overlaps(tokens) {
            return Match::No;
        }
        // A pattern that matches component by component also matches as text.
        if tokens == [Token::Many] || self.matches_as_arn(tokens) == Match::Yes { Match::Yes } else { Match::Unknown }
    }

    /// Whether the pattern, as plain text, matches at least one such ARN. Runs the two side by side as automata: a row
    /// holds the positions in the ARN that can be reached together with one position in the pattern.
    fn overlaps(self, tokens: &[Token]) -> bool {
        let Self { partition, region, account } = self;
        let literal = |text: String| text.chars().map(Slot::Char).collect::<Vec<_>>();
        let some = |colon| [Slot::Some { many: false, colon }, Slot::Some { many: true, colon }];
        let slots = [
            literal(format!("arn:{partition}:")),
            some(false).to_vec(),
            literal(format!(":{region}:{account}:")),
            some(true).to_vec(),
        ]
        .concat();
        let mut row = vec![false; slots.len() + 1];
        row[0] = true;
        let skip = |row: &mut Vec<bool>, any: bool| {
            for (at, slot) in slots.iter().enumerate() {
                row[at + 1] |= row[at] && (any || matches!(slot, Slot::Some { many: true, .. }));
            }
        };
        for token in tokens {
            let any = matches!(token, Token::Many | Token::Unknown | Token::Variable(_));
            skip(&mut row, any);
            if any {
                continue;
            }
            let mut next = vec![false; row.len()];
            for (at, slot) in slots.iter().enumerate().filter(|(at, _)| row[*at]) {
                let fits = match (token, slot) {
                    (Token::Char(own), Slot::Char(c)) => own == c,
                    (Token::Char(own), Slot::Some { colon, .. }) => *colon || *own != ':',
                    (Token::NoMatch, _) => false,
                    _ => true,
                };
                let stays = matches!(slot, Slot::Some { many: true, .. });
                next[if stays { at } else { at + 1 }] |= fits;
            }
            row = next;
        }
        skip(&mut row, false);
        row.last() == Some(&true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::ConditionKeys, pattern::Pattern};

    const HERE: ArnShape<'_> = ArnShape { partition: "aws", region: "us-east-1", account: "111122223333" };

    fn tokens(text: &str) -> Vec<Token> {
        Pattern::read(text, true, true).tokens(&ConditionKeys::default()).into_owned()
    }

    #[test]
    fn a_pattern_for_another_account_or_region_never_matches() {
        for text in [
            "arn:aws:execute-api:us-east-1:999999999999:*",
            "arn:aws:execute-api:us-west-2:111122223333:*",
            "arn:aws-cn:execute-api:us-east-1:111122223333:*",
            "arn:aws:execute-api:us-east-1:111122223333:",
            "arn:aws::us-east-1:111122223333:x",
            "arn:aws:s3:::bucket",
            "",
        ] {
            assert_eq!(HERE.matches_as_arn(&tokens(text)), Match::No, "{text}");
            assert_eq!(HERE.matches_as_text(&tokens(text)), Match::No, "{text}");
        }
    }

    #[test]
    fn a_variable_without_a_value_matches_no_arn() {
        let keys = ConditionKeys::default().with_possible("x", vec![crate::keys::PossibleValue::Absent], "");
        for text in ["arn:aws:${x}:us-east-1:111122223333:*", "arn:aws:*:us-east-1:111122223333:${x}", "*${x}*"] {
            let tokens = Pattern::read(text, true, true).tokens(&keys).into_owned();
            assert_eq!(HERE.matches_as_arn(&tokens), Match::No, "{text}");
            assert_eq!(HERE.matches_as_text(&tokens), Match::No, "{text}");
        }
    }

    #[test]
    fn a_pattern_that_depends_on_service_or_resource_is_unknown() {
        for text in [
            "arn:aws:execute-api:us-east-1:111122223333:*",
            "arn:aws:*:us-east-1:111122223333:abc/*",
            "arn:aws:execute-api:*",
            "arn:${aws:x}",
        ] {
            assert_eq!(HERE.matches_as_arn(&tokens(text)), Match::Unknown, "{text}");
            assert_eq!(HERE.matches_as_text(&tokens(text)), Match::Unknown, "{text}");
        }
    }

    #[test]
    fn a_pattern_for_every_service_and_resource_matches() {
        for text in ["arn:aws:*:us-east-1:111122223333:*", "arn:*:*:us-*:1*:*", "*:*:*:*:*:?*"] {
            assert_eq!(HERE.matches_as_arn(&tokens(text)), Match::Yes, "{text}");
            assert_eq!(HERE.matches_as_text(&tokens(text)), Match::Yes, "{text}");
        }
    }

    #[test]
    fn a_wildcard_spans_colons_only_for_a_string_operator() {
        // As text, `*` may match `us-east-1:111122223333:x`, with the other account's number inside the resource.
        let text = tokens("arn:aws:execute-api:*:999999999999:*");
        assert_eq!(HERE.matches_as_arn(&text), Match::No);
        assert_eq!(HERE.matches_as_text(&text), Match::Unknown);
    }
}
