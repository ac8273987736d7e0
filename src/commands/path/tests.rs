use gatelight_checks::testing;
use gatelight_model::inventory::FunctionVpc;

use super::*;
use crate::output::TerminalPage;

const HOSTILE: &str = "<script>&\"'\n\u{1b}[2J$(x) 🚪]]>";

fn paths(change: impl FnOnce(&mut testing::Inventory)) -> Vec<FunctionPaths> {
    let mut scope = testing::healthy();
    change(&mut scope);
    let context = Context::new(scope.scope());
    let functions = context.functions().map(|function| function.expect("a function"));
    functions.map(|function| function_paths(function, &scope.account, &context)).collect()
}

fn text_of(paths: &[FunctionPaths]) -> String {
    let mut page = TerminalPage::new(false);
    text::render(paths, &mut page).expect("renders");
    page.into_text()
}

fn rendered(
    paths: &[FunctionPaths],
    render: impl FnOnce(&[FunctionPaths], &mut dyn std::io::Write) -> std::io::Result<()>,
) -> String {
    let mut out = Vec::new();
    render(paths, &mut out).expect("renders");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_verdict_is_that_of_the_check() {
    for path in paths(|_| {}) {
        match path.verdict {
            PathVerdict::NotInVpc => assert!(path.subnets.is_empty(), "{}", path.name),
            _ => assert_eq!(path.verdict, PathVerdict::Arrives, "{}: {}", path.name, path.message),
        }
    }
    let broken = paths(|scope| scope.region.network.nat_gateways.seen.clear());
    let broken: Vec<_> = broken.iter().filter(|path| path.verdict == PathVerdict::Stops).collect();
    assert!(!broken.is_empty());
    for path in broken {
        assert!(path.subnets.iter().any(|path| path.stop().is_some()) && path.fix.is_some(), "{}", path.name);
    }
}

#[test]
fn every_format_shows_every_hop_of_every_scenario() {
    for (name, scope) in testing::named_scenarios() {
        let context = Context::new(scope.scope());
        let functions = context.functions().filter_map(Result::ok);
        let paths: Vec<_> = functions.map(|function| function_paths(function, &scope.account, &context)).collect();
        let hops: usize = paths.iter().flat_map(|path| &path.subnets).map(|path| path.hops.len()).sum();
        let document: serde_json::Value = serde_json::from_str(&rendered(&paths, json::render)).expect("JSON");
        let counted = |paths: &serde_json::Value| -> usize {
            let subnets = |path: &serde_json::Value| path["subnets"].as_array().expect("a list").clone();
            let paths = paths.as_array().expect("a list").iter().flat_map(subnets);
            paths.map(|subnet| subnet["hops"].as_array().expect("a list").len()).sum()
        };
        assert_eq!(counted(&document["paths"]), hops, "“{name}”");
        let picture = rendered(&paths, svg::render);
        let picture = roxmltree::Document::parse(&picture).expect("XML");
        let boxes = picture.descendants().filter(|node| node.has_tag_name("g")).count();
        let goals: usize = paths.iter().map(|path| path.subnets.len()).sum();
        assert_eq!(boxes, hops + goals, "“{name}”");
        let text = text_of(&paths);
        for message in paths.iter().flat_map(|path| &path.subnets).flat_map(|path| &path.hops).map(|hop| &hop.message) {
            let first = message.split(' ').next().expect("a word");
            assert!(text.contains(first), "“{name}”: {message}");
        }
        assert!(!text.contains('\u{1b}'), "“{name}”");
    }
}

/// Boxes, lanes and VPCs: none lies across another.
#[test]
fn nothing_overlaps_in_a_picture_of_six_subnets() {
    let paths = paths(|scope| {
        let subnets: Vec<_> = scope.region.network.subnets.seen.iter().map(|subnet| subnet.id.clone()).collect();
        for function in &mut scope.region.functions.seen {
            if let Some(FunctionVpc { subnets: own, .. }) = &mut function.vpc {
                *own = subnets.iter().cycle().take(6).cloned().collect();
            }
        }
    });
    let six: Vec<_> = paths.into_iter().filter(|path| path.subnets.len() == 6).collect();
    assert!(!six.is_empty());
    let picture = rendered(&six, svg::render);
    let document = roxmltree::Document::parse(&picture).expect("XML");
    let number = |node: &roxmltree::Node<'_, '_>, name: &str| node.attribute(name).and_then(|n| n.parse::<i64>().ok());
    let frames: Vec<[i64; 4]> = document
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
        .filter_map(|node| {
            Some([number(&node, "x")?, number(&node, "y")?, number(&node, "width")?, number(&node, "height")?])
        })
        .collect();
    let inside = |[x, y, w, h]: &[i64; 4], [x2, y2, w2, h2]: &[i64; 4]| {
        x >= x2 && y >= y2 && x + w <= x2 + w2 && y + h <= y2 + h2
    };
    let apart = |[x, y, w, h]: &[i64; 4], [x2, y2, w2, h2]: &[i64; 4]| {
        x + w <= *x2 || x2 + w2 <= *x || y + h <= *y2 || y2 + h2 <= *y
    };
    for (at, one) in frames.iter().enumerate() {
        assert!(inside(one, &[0, 0, 800, i64::MAX / 2]), "{one:?}");
        for other in &frames[at + 1..] {
            assert!(inside(one, other) || inside(other, one) || apart(one, other), "{one:?} {other:?}");
        }
    }
}

#[test]
fn names_cannot_break_out_of_any_format() {
    let mut paths = paths(|_| {});
    for path in &mut paths {
        path.name = HOSTILE.repeat(20);
        path.message = HOSTILE.to_owned();
    }
    let picture = rendered(&paths, svg::render);
    let document = roxmltree::Document::parse(&picture).expect("XML");
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
    let text = text_of(&paths);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn a_function_is_named_by_name_or_arn() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:orders";
    for (text, fits) in [("orders", true), (arn, true), ("orders-2", false), ("Orders", false)] {
        let mut function = testing::healthy().region.functions.seen.remove(0);
        function.name = "orders".to_owned();
        function.arn = arn.to_owned();
        assert_eq!(FunctionQuery::parse(text).expect("a function").matches(&function), fits, "{text}");
        if text == arn {
            assert!(FunctionQuery::parse(&format!("{arn}:prod")).expect("an alias").matches(&function));
        }
    }
    for text in ["arn:aws:lambda", "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:123456789012:layer:x"] {
        assert!(FunctionQuery::parse(text).is_err(), "{text}");
    }
}
