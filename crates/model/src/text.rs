//! How lists of names and numbers are written, in checks and reports alike.

/// The first `most` names; the others are counted: `a, b, c and 2 more`.
#[must_use]
pub fn list(names: &[impl AsRef<str>], most: usize) -> String {
    let shown = &names[..names.len().min(most)];
    list_and_more(shown, names.len() - shown.len())
}

/// Names, and how many more there are beside them.
#[must_use]
pub fn list_and_more(names: &[impl AsRef<str>], more: usize) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let names = names.join(", ");
    match more {
        0 => names,
        more => format!("{names} and {} more", thousands(more as u128)),
    }
}

/// A number in groups of three digits: `1204` → `1,204`.
#[must_use]
pub fn thousands(n: u128) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1204, "1,204"), (1_000_000, "1,000,000")] {
            assert_eq!(thousands(n), text);
        }
    }

    #[test]
    fn a_list_shows_the_first_names_and_counts_the_others() {
        let many: Vec<_> = (0..1_300).map(|number| number.to_string()).collect();
        for (names, text) in [
            (&many[..0], ""),
            (&many[..1], "0"),
            (&many[..3], "0, 1, 2"),
            (&many[..5], "0, 1, 2 and 2 more"),
            (&many[..], "0, 1, 2 and 1,297 more"),
        ] {
            assert_eq!(list(names, 3), text);
        }
    }
}
