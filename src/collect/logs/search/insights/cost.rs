//! What queries will cost, said before the first of them: what groups took in is what a query scans of them.

use gatelight_checks::cost::{PriceList, Quote, logs::scanning, volume};
use jiff::Timestamp;

use super::GroupQuery;
use crate::collect::{
    Region,
    cloudwatch::{self, Window, ingestion},
};

/// What is known of how much will be scanned.
#[derive(Debug, PartialEq)]
enum Volume {
    /// CloudWatch's metrics are not asked for.
    NotAsked,
    /// So many bytes, and how many groups CloudWatch would not tell about.
    Told(u128, usize),
}

/// Says how much queries over `groups` will scan, each from where its search begins up to `until`, and what AWS bills.
pub(crate) async fn announce(region: &Region, groups: &[GroupQuery], until: Timestamp, metrics: bool) {
    let volume = if metrics {
        let ask = |query: &GroupQuery| ingestion::ask(&query.group, Window::covering(query.tally.from(), until));
        let asks: Vec<_> = groups.iter().map(ask).collect();
        let told = cloudwatch::read(region, &asks).await;
        let bytes = told.iter().flatten().map(|total| u128::from(total.count())).sum();
        Volume::Told(bytes, told.iter().filter(|told| told.is_err()).count())
    } else {
        Volume::NotAsked
    };
    let account = region.account.as_deref().map_or_else(String::new, |account| format!("{account} "));
    let place = format!("{account}{}", region.name);
    region.calls.progress().announce(&estimate(
        &place,
        groups.len(),
        &volume,
        &PriceList::shipped().quote(&region.name),
    ));
}

fn estimate(place: &str, groups: usize, known: &Volume, quote: &Quote<'_>) -> String {
    let many = |n: usize| if n == 1 { "1 log group".to_owned() } else { format!("{n} log groups") };
    let what = format!("{place}: CloudWatch Logs Insights is to search {} of class INFREQUENT_ACCESS", many(groups));
    let a_gb = quote.prices.insights;
    let of = if quote.stands_in_for.is_some() {
        "prices of us-east-1, as this region's are not known, of"
    } else {
        "prices of"
    };
    let price = format!("{} for each GB ({of} {})", a_gb.exact(), quote.date);
    match known {
        Volume::NotAsked => format!("{what}; how much they hold is not known without metrics, and AWS bills {price}"),
        Volume::Told(_, unknown) if *unknown == groups => {
            format!("{what}; how much they hold is not known, as CloudWatch did not tell, and AWS bills {price}")
        }
        Volume::Told(bytes, unknown) => {
            let more = match unknown {
                0 => String::new(),
                n => format!(", and more in {} of which CloudWatch did not tell", many(*n)),
            };
            let cost = scanning(*bytes, a_gb);
            let cost = if cost.cents() == 0 { "less than $0.01".to_owned() } else { format!("about {cost}") };
            format!("{what}, which took in about {}{more}; AWS bills {cost}, {price}", volume(*bytes))
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
            estimate("123456789012 r", groups, &known, &list.quote(region)).replace(&list.date.to_string(), "DATE")
        };
        let head = "123456789012 r: CloudWatch Logs Insights is to search";
        assert_eq!(
            said(3, Volume::Told(26_280_000_000, 0), "eu-west-1"),
            format!(
                "{head} 3 log groups of class INFREQUENT_ACCESS, which took in about 26.3 GB; AWS bills about $0.15, $0.0057 for \
                 each GB (prices of DATE)"
            )
        );
        assert_eq!(
            said(1, Volume::Told(1_500, 0), "us-east-1"),
            format!(
                "{head} 1 log group of class INFREQUENT_ACCESS, which took in about 1.50 kB; AWS bills less than $0.01, $0.005 for \
                 each GB (prices of DATE)"
            )
        );
        let partly = said(5, Volume::Told(3_000_000_000, 2), "us-east-1");
        assert!(
            partly.contains("about 3.00 GB, and more in 2 log groups of which CloudWatch did not tell;"),
            "{partly}"
        );
        for unknown in [Volume::Told(0, 5), Volume::NotAsked] {
            let said = said(5, unknown, "us-east-1");
            assert!(said.contains("is not known") && said.ends_with("$0.005 for each GB (prices of DATE)"), "{said}");
        }
        let elsewhere = said(1, Volume::Told(0, 0), "il-central-1");
        assert!(elsewhere.contains("prices of us-east-1, as this region's are not known"), "{elsewhere}");
    }
}
