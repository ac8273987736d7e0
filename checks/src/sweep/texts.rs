//! What holds for the words of every check.

use std::collections::BTreeSet;

use super::{checks, outcomes, read, scenarios};
use crate::{Judgement, PLACES, find_check};

#[test]
fn ids_are_unique_and_name_the_fault() {
    let ids: BTreeSet<_> = checks().into_iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), checks().len());
    for id in ids {
        let words: Vec<_> = id.split('-').collect();
        let kebab = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(words.len() > 1 && words.iter().all(kebab), "{id}");
        assert!(!["no", "check"].contains(&words[0]) && words.last() != Some(&"enabled"), "{id}");
        assert_eq!(find_check(id).map(|check| check.id), Some(id));
    }
    assert_eq!(find_check("access-log"), None);
}

/// `function-cannot-reach-xray` is `function/cannot_reach_xray.rs`.
#[test]
fn checks_stand_where_their_ids_say() {
    let ids: Vec<_> = checks().into_iter().map(|check| check.id.replace('-', "_")).collect();
    assert_eq!(ids, PLACES);
}

#[test]
fn scenarios_have_names_of_their_own() {
    let names: Vec<_> = scenarios().into_iter().map(|(name, _)| name).collect();
    let unique: BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
}

#[test]
fn titles_are_headlines() {
    let titles: BTreeSet<_> = checks().into_iter().map(|check| check.title).collect();
    assert_eq!(titles.len(), checks().len());
    for title in titles {
        assert!(title.starts_with(|first: char| first.is_uppercase()) && title.len() <= 70, "{title}");
        assert!(title.ends_with(|last: char| last.is_alphanumeric() || last == ')'), "{title}");
    }
}

#[test]
fn docs_say_what_why_and_how() {
    for check in checks() {
        let headings: Vec<_> = check.docs.lines().filter(|line| line.starts_with('#')).collect();
        let title = format!("# {}", check.title);
        assert_eq!(
            headings,
            [&title, "## What it finds", "## Why it matters", "## How to fix it", "## AWS documentation"],
            "{}",
            check.id
        );
        for way in ["```sh", "Terraform", "CloudFormation"] {
            assert!(check.docs.contains(way), "{} does not say how to fix it with {way}", check.id);
        }
    }
}

/// Readers check at AWS what a page claims.
#[test]
fn docs_link_the_aws_documents_that_they_rest_on() {
    for check in checks() {
        let (_, links) = check.docs.split_once("\n## AWS documentation\n\n").expect("a section");
        assert!(!links.is_empty(), "{}", check.id);
        for line in links.lines() {
            let link = line.strip_prefix("- [").and_then(|line| line.strip_suffix(')')?.split_once("]("));
            let is_right = |(title, page): (&str, &str)| {
                !title.is_empty() && page.starts_with("https://docs.aws.amazon.com/") && page.contains(".html")
            };
            assert!(link.is_some_and(is_right), "{}: {line}", check.id);
        }
        // A page can name the scheme; what follows it is an address.
        assert!(!check.docs.contains("](http:") && !check.docs.contains("<http:"), "{}", check.id);
    }
}

#[test]
fn failures_say_what_is_wrong_and_what_to_do() {
    for (name, inventory) in scenarios() {
        for outcome in outcomes(&read(&inventory)) {
            let Ok(Judgement::Fail(failure)) = outcome.verdict else { continue };
            let about = format!("{} about {} in “{name}”", outcome.check.id, outcome.subject.name);
            for text in [&failure.message, &failure.fix.text] {
                assert!(text.ends_with('.') && !text.contains('\n'), "{about}: {text:?}");
            }
            for subject in failure.cause.iter().chain(&failure.affects) {
                assert!(subject.arn.starts_with("arn:") && !subject.name.is_empty(), "{about}: {subject:?}");
            }
            for command in &failure.fix.commands {
                assert!(
                    command.len() > 2 && ["aws", "gatelight"].contains(&command[0].as_str()),
                    "{about}: {command:?}"
                );
            }
        }
    }
}
