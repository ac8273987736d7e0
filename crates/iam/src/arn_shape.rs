//! Whether a pattern matches some ARN of which partition, region and account are known, and service and resource are
//! not.

use super::{
    glob::{Colons, Match, Tail, Text, components, run},
    pattern::Token,
};

/// An ARN with these parts; service and resource are some text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    pub(super) partition: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
}

/// A piece of the ARN.
#[derive(Clone, Copy)]
enum Slot {
    Char(char),
    /// One character, or any number of them; `colon`: it may be one.
    Some {
        many: bool,
        colon: bool,
    },
}

impl Shape<'_> {
    /// By an ARN operator: component by component.
    pub(super) fn by_component(self, tokens: &[Token]) -> Match {
        if !self.overlaps(tokens) {
            return Match::No;
        }
        let Some([arn, partition, service, region, account, resource]) = components(tokens) else {
            return Match::Unknown;
        };
        let matches = [
            run(arn, Text::whole("arn"), Colons::Free),
            run(partition, Text::whole(self.partition), Colons::Free),
            run(service, Text { known: "", tail: Tail::Name }, Colons::Free),
            run(region, Text::whole(self.region), Colons::Free),
            run(account, Text::whole(self.account), Colons::Free),
            run(resource, Text { known: "", tail: Tail::Anything }, Colons::Free),
        ];
        if matches.contains(&Match::No) {
            Match::No
        } else if matches.contains(&Match::Unknown) {
            Match::Unknown
        } else {
            Match::Yes
        }
    }

    /// By a string operator: as plain text, in which a wildcard matches colons too.
    pub(super) fn by_text(self, tokens: &[Token]) -> Match {
        if !self.overlaps(tokens) {
            return Match::No;
        }
        // What matches component by component matches as text all the more.
        if tokens == [Token::Many] || self.by_component(tokens) == Match::Yes { Match::Yes } else { Match::Unknown }
    }

    /// Whether the pattern, as plain text, matches any such ARN: the two as automata side by side. A row tells which
    /// places in the ARN are reached together with one place in the pattern.
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
            let any = matches!(token, Token::Many | Token::Hole | Token::Variable(_));
            skip(&mut row, any);
            if any {
                continue;
            }
            let mut next = vec![false; row.len()];
            for (at, slot) in slots.iter().enumerate().filter(|(at, _)| row[*at]) {
                let fits = match (token, slot) {
                    (Token::Char(own), Slot::Char(c)) => own == c,
                    (Token::Char(own), Slot::Some { colon, .. }) => *colon || *own != ':',
                    (Token::Never, _) => false,
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
    use crate::{keys::Keys, pattern::Pattern};

    const HERE: Shape<'_> = Shape { partition: "aws", region: "us-east-1", account: "111122223333" };

    fn tokens(text: &str) -> Vec<Token> {
        Pattern::read(text, true, true).tokens(&Keys::default()).into_owned()
    }

    #[test]
    fn what_excludes_this_account_or_region_matches_none() {
        for text in [
            "arn:aws:execute-api:us-east-1:999999999999:*",
            "arn:aws:execute-api:us-west-2:111122223333:*",
            "arn:aws-cn:execute-api:us-east-1:111122223333:*",
            "arn:aws:execute-api:us-east-1:111122223333:",
            "arn:aws::us-east-1:111122223333:x",
            "arn:aws:s3:::bucket",
            "",
        ] {
            assert_eq!(HERE.by_component(&tokens(text)), Match::No, "{text}");
            assert_eq!(HERE.by_text(&tokens(text)), Match::No, "{text}");
        }
    }

    #[test]
    fn a_variable_without_a_value_matches_no_arn() {
        let keys = Keys::default().with_possible("x", vec![crate::Possible::Absent], "");
        for text in ["arn:aws:${x}:us-east-1:111122223333:*", "arn:aws:*:us-east-1:111122223333:${x}", "*${x}*"] {
            let tokens = Pattern::read(text, true, true).tokens(&keys).into_owned();
            assert_eq!(HERE.by_component(&tokens), Match::No, "{text}");
            assert_eq!(HERE.by_text(&tokens), Match::No, "{text}");
        }
    }

    #[test]
    fn what_hangs_on_service_or_resource_is_unknown() {
        for text in [
            "arn:aws:execute-api:us-east-1:111122223333:*",
            "arn:aws:*:us-east-1:111122223333:abc/*",
            "arn:aws:execute-api:*",
            "arn:${aws:x}",
        ] {
            assert_eq!(HERE.by_component(&tokens(text)), Match::Unknown, "{text}");
            assert_eq!(HERE.by_text(&tokens(text)), Match::Unknown, "{text}");
        }
    }

    #[test]
    fn what_hangs_on_nothing_else_matches_all() {
        for text in ["arn:aws:*:us-east-1:111122223333:*", "arn:*:*:us-*:1*:*", "*:*:*:*:*:?*"] {
            assert_eq!(HERE.by_component(&tokens(text)), Match::Yes, "{text}");
            assert_eq!(HERE.by_text(&tokens(text)), Match::Yes, "{text}");
        }
    }

    #[test]
    fn a_wildcard_spans_colons_only_for_a_string_operator() {
        // As text, `*` may be `us-east-1:111122223333:x` and the other account's number stand in the resource.
        let text = tokens("arn:aws:execute-api:*:999999999999:*");
        assert_eq!(HERE.by_component(&text), Match::No);
        assert_eq!(HERE.by_text(&text), Match::Unknown);
    }
}
