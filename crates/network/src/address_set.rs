//! Sets of IP addresses. IPv4 and IPv6 never mix: a set holds one family.

use std::sync::LazyLock;

use ipnet::IpNet;

/// The version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

/// A CIDR: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) family: Family,
    /// The length of the prefix in bits.
    pub(crate) length: u32,
    first: u128,
    last: u128,
}

impl Block {
    /// Parses a CIDR; bits behind the prefix do not count.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let range: IpNet = text.trim().parse().ok()?;
        let (family, first, last) = match range {
            IpNet::V4(own) => (Family::V4, own.network().to_bits().into(), own.broadcast().to_bits().into()),
            IpNet::V6(own) => (Family::V6, own.network().to_bits(), own.broadcast().to_bits()),
        };
        Some(Self { family, length: range.prefix_len().into(), first, last })
    }

    /// Whether all of `other` lies in it.
    pub(crate) fn holds(self, other: Self) -> bool {
        self.family == other.family && self.first <= other.first && other.last <= self.last
    }

    pub(crate) fn set(self) -> AddressSet {
        AddressSet(vec![(self.first, self.last)])
    }
}

/// A set of addresses: ranges in order, none of which touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AddressSet(Vec<(u128, u128)>);

impl AddressSet {
    /// The addresses of these CIDRs that belong to this family; the other family is left out.
    ///
    /// # Errors
    /// The text that is not a CIDR.
    pub(crate) fn read<'a>(family: Family, texts: impl IntoIterator<Item = &'a String>) -> Result<Self, &'a str> {
        let mut ranges = Vec::new();
        for text in texts {
            let block = Block::parse(text).ok_or(text.as_str())?;
            if block.family == family {
                ranges.push((block.first, block.last));
            }
        }
        Ok(Self::join(ranges))
    }

    /// The numbers from `first` to `last`.
    pub(crate) fn span(first: u128, last: u128) -> Self {
        Self(if first <= last { vec![(first, last)] } else { Vec::new() })
    }

    /// How many there are; at most `u128::MAX`.
    pub(crate) fn size(&self) -> u128 {
        self.0.iter().fold(0, |sum: u128, (first, last)| sum.saturating_add(last - first).saturating_add(1))
    }

    /// The IPv4 addresses of which DNS64 makes these IPv6 addresses.
    pub(crate) fn before_nat64(&self) -> Self {
        let base = NAT64.0.first().map_or(0, |(first, _)| *first);
        Self(self.and(&NAT64).0.into_iter().map(|(first, last)| (first - base, last - base)).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        Self::join(self.0.iter().chain(&other.0).copied().collect())
    }

    fn join(mut ranges: Vec<(u128, u128)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut common = Vec::new();
        for (first, last) in &self.0 {
            for (other_first, other_last) in &other.0 {
                let both = (*first.max(other_first), *last.min(other_last));
                if both.0 <= both.1 {
                    common.push(both);
                }
            }
        }
        Self(common)
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        let mut left = self.0.clone();
        for (first, last) in &other.0 {
            left = left
                .into_iter()
                .flat_map(|(a, b)| {
                    let below = first.checked_sub(1).map(|end| (a, b.min(end)));
                    let above = last.checked_add(1).map(|start| (a.max(start), b));
                    [below, above].into_iter().flatten().filter(|(a, b)| a <= b)
                })
                .collect();
        }
        Self(left)
    }

    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.minus(self).is_empty()
    }
}

/// The public IPv4 addresses: all but the special-purpose ones of
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>. Which of them X-Ray uses is not known.
pub(crate) static PUBLIC: LazyLock<AddressSet> = LazyLock::new(|| {
    const SPECIAL_PURPOSE: [&str; 14] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    ];
    SPECIAL_PURPOSE
        .iter()
        .filter_map(|text| Block::parse(text))
        .fold(everything(Family::V4), |left, own| left.minus(&own.set()))
});

/// The IPv6 addresses that DNS64 makes of IPv4 addresses.
pub(crate) static NAT64: LazyLock<AddressSet> =
    LazyLock::new(|| Block::parse("64:ff9b::/96").map(Block::set).unwrap_or_default());

/// All addresses.
pub(crate) fn everything(family: Family) -> AddressSet {
    AddressSet(vec![(0, if family == Family::V4 { u128::from(u32::MAX) } else { u128::MAX })])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(texts: &[&str]) -> AddressSet {
        let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
        AddressSet::read(Family::V4, &texts).expect("ranges")
    }

    fn has(set: &AddressSet, address: u128) -> bool {
        set.0.iter().any(|(first, last)| (first..=last).contains(&&address))
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "pl-1", "10.0.0.0/x"] {
            assert_eq!(Block::parse(text), None, "{text}");
        }
        assert_eq!(Block::parse("10.1.2.3/8"), Block::parse("10.0.0.0/8"));
        assert_eq!(Block::parse("0.0.0.0/0").expect("all").set(), everything(Family::V4));
        assert_eq!(Block::parse("::/0").expect("all").set(), everything(Family::V6));
        assert_eq!(Block::parse("255.255.255.255/32").expect("one").set().0, [(0xffff_ffff, 0xffff_ffff)]);
    }

    #[test]
    fn halves_are_a_whole_and_public_is_what_is_not_private() {
        assert_eq!(set(&["128.0.0.0/1", "0.0.0.0/1"]), everything(Family::V4));
        assert!(set(&["0.0.0.0/0"]).covers(&PUBLIC));
        assert!(!set(&["0.0.0.0/1"]).covers(&PUBLIC));
        assert!(set(&["10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10"]).and(&PUBLIC).is_empty());
        assert!(!set(&["52.94.0.0/16"]).and(&PUBLIC).is_empty());
    }

    #[test]
    fn families_do_not_meet() {
        let texts = ["::/0".to_owned()];
        assert!(AddressSet::read(Family::V4, &texts).expect("ranges").is_empty());
        assert_eq!(AddressSet::read(Family::V6, &texts).expect("ranges"), everything(Family::V6));
    }

    fn ranges() -> impl Strategy<Value = AddressSet> {
        proptest::collection::vec((0_u128..60, 0_u128..12), 0..6).prop_map(|ranges| {
            ranges
                .into_iter()
                .fold(AddressSet::default(), |set, (first, more)| set.or(&AddressSet(vec![(first, first + more)])))
        })
    }

    proptest! {
        #[test]
        fn sets_are_what_they_hold(a in ranges(), b in ranges()) {
            for address in 0..75 {
                let (in_a, in_b) = (has(&a, address), has(&b, address));
                prop_assert_eq!(has(&a.or(&b), address), in_a || in_b);
                prop_assert_eq!(has(&a.and(&b), address), in_a && in_b);
                prop_assert_eq!(has(&a.minus(&b), address), in_a && !in_b);
            }
            prop_assert_eq!(a.covers(&b), (0..75).all(|address| !has(&b, address) || has(&a, address)));
        }
    }
}
