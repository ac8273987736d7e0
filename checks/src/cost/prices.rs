//! What AWS charges, by region: one dated file, with the source of each figure.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::civil::Date;
use serde::Deserialize;

use super::money::Money;

/// What is paid where no price is known.
const ELSEWHERE: &str = "us-east-1";

/// Prices of a day, by region.
#[derive(Debug, Deserialize)]
pub struct PriceList {
    /// The day on which they held.
    pub date: Date,
    /// Where each kind of price was read.
    pub sources: BTreeMap<String, String>,
    /// What API Gateway itself charges in `us-east-1`; no other region's price is known.
    pub requests: RequestPrices,
    regions: BTreeMap<String, Prices>,
}

/// The prices of a region, before volume discounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Prices {
    /// A GB of log data taken into a group of class `STANDARD`.
    pub standard: Money,
    /// A GB of log data taken into a group of class `INFREQUENT_ACCESS`.
    pub infrequent: Money,
    /// A GB of compressed log data kept for a month.
    pub storage: Money,
    /// A million traces recorded.
    pub traces: Money,
    /// A GB of log data that CloudWatch Logs Insights scans.
    pub insights: Money,
}

/// What API Gateway charges for a million requests, before volume discounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct RequestPrices {
    /// To REST APIs.
    pub rest: Money,
    /// To HTTP APIs.
    pub http: Money,
}

/// The prices that a region is estimated at.
#[derive(Clone, Copy, Debug)]
pub struct Quote<'a> {
    /// The prices.
    pub prices: Prices,
    /// The region that was asked for, if these prices are another's: `us-east-1`'s.
    pub stands_in_for: Option<&'a str>,
    /// The day on which they held.
    pub date: Date,
}

impl PriceList {
    /// The list that this version ships.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<PriceList> = LazyLock::new(|| {
            PriceList::read(include_str!("prices.json")).expect("the list that is built in can be read")
        });
        &SHIPPED
    }

    /// Reads a list.
    ///
    /// # Errors
    /// If it is no such list, or lacks `us-east-1`.
    pub fn read(text: &str) -> Result<Self, String> {
        let list: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if list.regions.contains_key(ELSEWHERE) { Ok(list) } else { Err(format!("no prices of {ELSEWHERE}")) }
    }

    /// The prices of a region; those of `us-east-1` where it is not in the list.
    #[must_use]
    pub fn quote<'a>(&self, region: &'a str) -> Quote<'a> {
        let own = self.regions.get(region);
        // `read` makes sure of the second.
        let prices = own.copied().unwrap_or_else(|| self.regions[ELSEWHERE]);
        Quote { prices, stands_in_for: own.is_none().then_some(region), date: self.date }
    }

    /// The regions whose prices are known, sorted.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.regions.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_ships_can_be_read_and_names_its_sources() {
        let list = PriceList::shipped();
        for figure in ["standard", "infrequent", "storage", "traces", "insights", "requests"] {
            assert!(list.sources[figure].contains('/'), "{figure}");
        }
        assert_eq!(list.regions().count(), 28);
    }

    /// A slip of a digit would show here: no region was seen to charge more than twice what another does.
    #[test]
    fn the_prices_are_of_the_order_that_aws_charges() {
        let list = PriceList::shipped();
        for region in list.regions() {
            let Prices { standard, infrequent, storage, traces, insights } = list.quote(region).prices;
            let dollars = |money: Money| money.micros();
            assert!((500_000..=1_000_000).contains(&dollars(standard)), "{region}");
            // Half as much, to the nearest tenth of a cent.
            assert!(dollars(infrequent).abs_diff(dollars(standard) / 2) <= 500, "{region}");
            assert!((25_000..=50_000).contains(&dollars(storage)), "{region}");
            assert_eq!(dollars(traces), 5_000_000, "{region}");
            // A hundredth, to the nearest hundredth of a cent.
            assert!(dollars(insights).abs_diff(dollars(standard) / 100) <= 100, "{region}");
        }
        let RequestPrices { rest, http } = list.requests;
        assert_eq!((rest.micros(), http.micros()), (3_500_000, 1_000_000));
    }

    /// From pages other than the source: see `compared` in the file.
    #[test]
    fn prices_that_others_quote_are_the_same() {
        let list = PriceList::shipped();
        for (region, figures) in [("us-east-1", [500_000, 30_000, 5_000]), ("ap-northeast-1", [760_000, 33_000, 7_600])]
        {
            let Prices { standard, storage, insights, .. } = list.quote(region).prices;
            assert_eq!([standard, storage, insights].map(Money::micros), figures, "{region}");
        }
    }

    #[test]
    fn a_region_without_prices_is_estimated_at_another_s_and_says_so() {
        let list = PriceList::shipped();
        for region in ["us-gov-west-1", "cn-north-1", "il-central-1", ""] {
            let quote = list.quote(region);
            assert_eq!(quote.stands_in_for, Some(region));
            assert_eq!(quote.prices, list.quote("us-east-1").prices);
        }
        assert_eq!(list.quote("eu-west-1").stands_in_for, None);
    }

    #[test]
    fn a_list_that_is_cut_or_lacks_a_price_is_refused() {
        let row = r#""us-east-1": {"standard": "0.5", "infrequent": "0.25", "storage": "0.03", "insights": "0.005", "traces": "5"}"#;
        let list = |regions: &str| {
            let requests = r#""requests": {"rest": "3.5", "http": "1"}"#;
            PriceList::read(&format!(
                r#"{{"date": "2026-01-01", "sources": {{}}, {requests}, "regions": {{{regions}}}}}"#
            ))
        };
        assert!(list(row).is_ok());
        for regions in ["", &row.replace("us-east-1", "us-east-2"), &row.replace(r#", "traces": "5""#, ""), &row[..20]]
        {
            assert!(list(regions).is_err(), "{regions}");
        }
    }
}
