//! The notice that a person gets before CloudWatch Logs Insights is queried: how much the queries will scan, and what AWS
//! bills for it. A query scans what its log groups took in.

use gatelight_checks::cost::{PriceList, Quote, logs::scanning, volume};

/// What is known about the volume that will be scanned.
#[derive(Debug, PartialEq)]
pub(crate) enum Volume {
    /// CloudWatch's metrics are not asked for.
    NotAsked,
    /// So many bytes, and the number of groups for which CloudWatch gave no answer.
    Known(u128, usize),
}

/// The notice: what queries over so many log groups in `place` will scan, and what AWS bills for it in `region`.
pub(crate) fn notice(place: &str, groups: usize, volume: &Volume, region: &str) -> String {
    text(place, groups, volume, &PriceList::shipped().quote(region))
}

fn text(place: &str, groups: usize, known: &Volume, quote: &Quote<'_>) -> String {
    let many = |n: usize| if n == 1 { "1 log group".to_owned() } else { format!("{n} log groups") };
    let what = format!("{place}: CloudWatch Logs Insights will search {} of class INFREQUENT_ACCESS", many(groups));
    let a_gb = quote.prices.insights;
    let of = if quote.stands_in_for.is_some() {
        "prices of us-east-1, because this region's are not known, of"
    } else {
        "prices of"
    };
    let price = format!("{} for each GB ({of} {})", a_gb.exact(), quote.date);
    match known {
        Volume::NotAsked => format!("{what}; their size is not known without metrics; AWS bills {price}"),
        Volume::Known(_, unknown) if *unknown == groups => {
            format!("{what}; their size is not known, because CloudWatch did not report it; AWS bills {price}")
        }
        Volume::Known(bytes, unknown) => {
            let more = match unknown {
                0 => String::new(),
                n => format!(", and more in {} whose size CloudWatch did not report", many(*n)),
            };
            let cost = scanning(*bytes, a_gb);
            let cost = if cost.cents() == 0 { "less than $0.01".to_owned() } else { format!("about {cost}") };
            format!("{what}, which received about {}{more}; AWS bills {cost}, {price}", volume(*bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_will_cost_is_said_as_far_as_it_is_known() {
        let said = |groups, known, region| {
            let list = PriceList::shipped();
            text("123456789012 r", groups, &known, &list.quote(region)).replace(&list.date.to_string(), "DATE")
        };
        let head = "123456789012 r: CloudWatch Logs Insights will search";
        assert_eq!(
            said(3, Volume::Known(26_280_000_000, 0), "eu-west-1"),
            format!(
                "{head} 3 log groups of class INFREQUENT_ACCESS, which received about 26.3 GB; AWS bills about $0.15, \
                 $0.0057 for each GB (prices of DATE)"
            )
        );
        assert_eq!(
            said(1, Volume::Known(1_500, 0), "us-east-1"),
            format!(
                "{head} 1 log group of class INFREQUENT_ACCESS, which received about 1.50 kB; AWS bills less than \
                 $0.01, $0.005 for each GB (prices of DATE)"
            )
        );
        let partly = said(5, Volume::Known(3_000_000_000, 2), "us-east-1");
        assert!(
            partly.contains("about 3.00 GB, and more in 2 log groups whose size CloudWatch did not report;"),
            "{partly}"
        );
        for unknown in [Volume::Known(0, 5), Volume::NotAsked] {
            let said = said(5, unknown, "us-east-1");
            assert!(said.contains("is not known") && said.ends_with("$0.005 for each GB (prices of DATE)"), "{said}");
        }
        let elsewhere = said(1, Volume::Known(0, 0), "il-central-1");
        assert!(elsewhere.contains("prices of us-east-1, because this region's are not known"), "{elsewhere}");
    }
}
