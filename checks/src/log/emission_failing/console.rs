//! Addresses in the CloudWatch console.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What JavaScript's `encodeURIComponent` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The page of a log group's events that match a filter pattern, between two times. None in a partition whose console is
/// not public.
///
/// AWS does not document the form. It is the one that the console writes: behind the `#` stands text that is encoded
/// twice, with `$` for the `%` of the outer encoding
/// (<https://stackoverflow.com/questions/60796991/is-there-a-way-to-generate-the-aws-console-urls-for-cloudwatch-log-group-filters>).
pub(super) fn events(
    (partition, region): (&str, &str),
    group: &str,
    filter: &str,
    (from, to): (Timestamp, Timestamp),
) -> Option<String> {
    let domain = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    let twice = |text: &str| utf8_percent_encode(text, PLAIN).to_string().replace('%', "$25");
    let (group, filter) = (twice(group), twice(filter));
    let (from, to) = (from.as_millisecond(), to.as_millisecond());
    Some(format!(
        "https://{region}.{domain}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}/log-events\
         $3FfilterPattern$3D{filter}$26start$3D{from}$26end$3D{to}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(partition: &str, region: &str, group: &str, filter: &str) -> Option<String> {
        let at = |second| Timestamp::from_second(second).expect("a time");
        events((partition, region), group, filter, (at(1_654_177_166), at(1_654_177_766)))
    }

    #[test]
    fn an_address_is_as_the_console_writes_it() {
        assert_eq!(
            page("aws", "sa-east-1", "/aws/lambda/shop", "\"[INFO] a\"").expect("an address"),
            "https://sa-east-1.console.aws.amazon.com/cloudwatch/home?region=sa-east-1#logsV2:log-groups/log-group/\
             $252Faws$252Flambda$252Fshop/log-events$3FfilterPattern$3D$2522$255BINFO$255D$2520a$2522$26start$3D\
             1654177166000$26end$3D1654177766000"
        );
        // Nothing that a page of text could take for something else.
        let odd = page("aws", "eu-west-1", "a#b.c-d_e/ü", "?\"<&>\" $x %y%").expect("an address");
        assert!(
            odd.split_once('#').is_some_and(|(_, rest)| !rest.contains(['<', '>', '&', '"', ' ', '%', '#'])),
            "{odd}"
        );
        assert!(odd.contains("/a$2523b.c-d_e$252F$25C3$25BC/"), "{odd}");
    }

    #[test]
    fn each_partition_has_its_console() {
        let host =
            |partition, region| page(partition, region, "g", "f").map(|url| url.split('/').nth(2).map(str::to_owned));
        assert_eq!(host("aws-cn", "cn-north-1"), Some(Some("cn-north-1.console.amazonaws.cn".to_owned())));
        let gov = host("aws-us-gov", "us-gov-west-1");
        assert_eq!(gov, Some(Some("us-gov-west-1.console.amazonaws-us-gov.com".to_owned())));
        assert_eq!(host("aws-iso", "us-iso-east-1"), None);
    }
}
