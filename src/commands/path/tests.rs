use gatelight_checks::testing;
use gatelight_model::inventory::FunctionVpc;

use super::*;

const HOSTILE: &str = "<script>&\"'\n\u{1b}[2J$(x) 🚪]]>";

fn ways(change: impl FnOnce(&mut testing::Inventory)) -> Vec<Way> {
    let mut scope = testing::healthy();
    change(&mut scope);
    let context = Context::new(scope.scope());
    let functions = context.functions().map(|function| function.expect("a function"));
    functions.map(|function| way(function, &scope.account, &context)).collect()
}

fn rendered(ways: &[Way], render: impl FnOnce(&[Way], &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    render(ways, &mut out).expect("renders");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn what_is_shown_is_what_the_check_says() {
    for way in ways(|_| {}) {
        match way.end {
            End::NotInVpc => assert!(way.subnets.is_empty(), "{}", way.name),
            _ => assert_eq!(way.end, End::Arrives, "{}: {}", way.name, way.says),
        }
    }
    let broken = ways(|scope| scope.region.network.nat_gateways.seen.clear());
    let broken: Vec<_> = broken.iter().filter(|way| way.end == End::Stops).collect();
    assert!(!broken.is_empty());
    for way in broken {
        assert!(way.subnets.iter().any(|path| path.stop().is_some()) && way.fix.is_some(), "{}", way.name);
    }
}

#[test]
fn every_form_tells_every_hop_of_every_world() {
    for (name, scope) in testing::named_scenarios() {
        let context = Context::new(scope.scope());
        let functions = context.functions().filter_map(Result::ok);
        let ways: Vec<_> = functions.map(|function| way(function, &scope.account, &context)).collect();
        let hops: usize = ways.iter().flat_map(|way| &way.subnets).map(|path| path.hops.len()).sum();
        let document: serde_json::Value = serde_json::from_str(&rendered(&ways, json::render)).expect("JSON");
        let counted = |paths: &serde_json::Value| -> usize {
            let subnets = |path: &serde_json::Value| path["subnets"].as_array().expect("a list").clone();
            let paths = paths.as_array().expect("a list").iter().flat_map(subnets);
            paths.map(|subnet| subnet["hops"].as_array().expect("a list").len()).sum()
        };
        assert_eq!(counted(&document["paths"]), hops, "“{name}”");
        let picture = rendered(&ways, svg::render);
        let picture = roxmltree::Document::parse(&picture).expect("XML");
        let boxes = picture.descendants().filter(|node| node.has_tag_name("g")).count();
        let goals: usize = ways.iter().map(|way| way.subnets.len()).sum();
        assert_eq!(boxes, hops + goals, "“{name}”");
        let text = rendered(&ways, |ways, out| text::render(ways, false, out));
        for says in ways.iter().flat_map(|way| &way.subnets).flat_map(|path| &path.hops).map(|hop| &hop.says) {
            let first = says.split(' ').next().expect("a word");
            assert!(text.contains(first), "“{name}”: {says}");
        }
        assert!(!text.contains('\u{1b}'), "“{name}”");
    }
}

/// Boxes, lanes and VPCs: none lies across another.
#[test]
fn nothing_overlaps_in_a_picture_of_six_subnets() {
    let ways = ways(|scope| {
        let subnets: Vec<_> = scope.region.network.subnets.seen.iter().map(|subnet| subnet.id.clone()).collect();
        for function in &mut scope.region.functions.seen {
            if let Some(FunctionVpc { subnets: own, .. }) = &mut function.vpc {
                *own = subnets.iter().cycle().take(6).cloned().collect();
            }
        }
    });
    let six: Vec<_> = ways.into_iter().filter(|way| way.subnets.len() == 6).collect();
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
fn names_cannot_break_out_of_any_form() {
    let mut ways = ways(|_| {});
    for way in &mut ways {
        way.name = HOSTILE.repeat(20);
        way.says = HOSTILE.to_owned();
    }
    let picture = rendered(&ways, svg::render);
    let document = roxmltree::Document::parse(&picture).expect("XML");
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
    let text = rendered(&ways, |ways, out| text::render(ways, false, out));
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn a_function_is_named_by_name_or_arn() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:orders";
    for (text, fits) in [("orders", true), (arn, true), ("orders-2", false), ("Orders", false)] {
        let mut function = testing::healthy().region.functions.seen.remove(0);
        function.name = "orders".to_owned();
        function.arn = arn.to_owned();
        assert_eq!(Wanted::parse(text).expect("a function").is(&function), fits, "{text}");
        if text == arn {
            assert!(Wanted::parse(&format!("{arn}:prod")).expect("an alias").is(&function));
        }
    }
    for text in ["arn:aws:lambda", "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:123456789012:layer:x"] {
        assert!(Wanted::parse(text).is_err(), "{text}");
    }
}
