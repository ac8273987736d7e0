//! What queries of CloudWatch Logs Insights scanned, and what AWS bills for that.

use gatelight_checks::cost::{Money, PriceList, logs::scanning, volume};

use crate::{collect::aws::Traffic, text::thousands};

/// What AWS bills for what was scanned in a region.
fn price(region: &str, traffic: &Traffic) -> Money {
    scanning(traffic.insights.bytes.into(), PriceList::shipped().quote(region).prices.insights)
}

/// The same in US dollars, to their millionth.
#[expect(clippy::cast_precision_loss, reason = "nobody pays so much that millionths of a dollar count")]
pub(super) fn dollars(region: &str, traffic: &Traffic) -> f64 {
    price(region, traffic).micros() as f64 / 1e6
}

/// One line about all regions, if there were queries.
pub(super) fn line<'a>(regions: impl Iterator<Item = (&'a str, &'a Traffic)> + Clone) -> Option<String> {
    let mut all = Traffic::default();
    regions.clone().for_each(|(_, traffic)| all.add(traffic));
    let scanned = all.insights;
    let queries = match scanned.queries {
        0 => return None,
        1 => "1 query".to_owned(),
        n => format!("{} queries", thousands(n)),
    };
    if scanned.bytes == 0 && scanned.untold > 0 {
        return Some(format!(
            "{queries} of CloudWatch Logs Insights: AWS did not report the volume scanned, which it bills"
        ));
    }
    let money: Money = regions.map(|(region, traffic)| price(region, traffic)).sum();
    let volume = volume(scanned.bytes.into());
    let (volume, cost) = match scanned.untold {
        0 if money.cents() == 0 && scanned.bytes > 0 => (volume, "less than $0.01".to_owned()),
        0 if scanned.bytes == 0 => (volume, "nothing".to_owned()),
        0 => (volume, format!("about {money}")),
        _ => (format!("at least {volume}"), format!("at least {}", money.exact())),
    };
    Some(format!("{queries} of CloudWatch Logs Insights scanned {volume}, for which AWS bills {cost}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(queries: u64, bytes: u64, untold: u64) -> Traffic {
        let mut traffic = Traffic::default();
        (traffic.insights.queries, traffic.insights.bytes, traffic.insights.untold) = (queries, bytes, untold);
        traffic
    }

    #[test]
    fn the_line_has_volume_and_price_as_far_as_they_are_known() {
        let line =
            |regions: &[(&str, Traffic)]| super::line(regions.iter().map(|(region, traffic)| (*region, traffic)));
        let head = "of CloudWatch Logs Insights scanned";
        for (regions, said) in [
            (vec![("us-east-1", traffic(0, 0, 0))], None),
            (
                vec![("us-east-1", traffic(1, 0, 0))],
                Some(format!("1 query {head} 0 bytes, for which AWS bills nothing")),
            ),
            (
                vec![("us-east-1", traffic(2, 1_500, 0))],
                Some(format!("2 queries {head} 1.50 kB, for which AWS bills less than $0.01")),
            ),
            (
                vec![("us-east-1", traffic(1_000, 10_000_000_000, 0)), ("sa-east-1", traffic(234, 10_000_000_000, 0))],
                Some(format!("1,234 queries {head} 20.0 GB, for which AWS bills about $0.14")),
            ),
            (
                vec![("us-east-1", traffic(3, 1_000_000_000, 1))],
                Some(format!("3 queries {head} at least 1.00 GB, for which AWS bills at least $0.005")),
            ),
            (
                vec![("us-east-1", traffic(1, 0, 1))],
                Some(
                    "1 query of CloudWatch Logs Insights: AWS did not report the volume scanned, which it bills"
                        .to_owned(),
                ),
            ),
        ] {
            assert_eq!(line(&regions), said);
        }
        assert!((dollars("us-east-1", &traffic(1, 1_000_000_000, 0)) - 0.005).abs() < 1e-9);
    }
}
