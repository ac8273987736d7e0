use gatelight_checks::testing;
use gatelight_model::inventory::FunctionVpc;

use super::*;
use crate::{output::TerminalPage, text::plain};

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
    text::render(paths, text::Layout { width: 80, has_symbols: false }, &mut page).expect("renders");
    page.into_text()
}

/// What a renderer writes as one text, whatever its lines and marks.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
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
        let boxes = picture.descendants().filter(|node| node.has_tag_name("g"));
        let goals: usize = paths.iter().map(|path| path.subnets.len()).sum();
        // Both directions of a network ACL that lets packets pass are one box.
        let folded: usize = paths.iter().flat_map(|path| &path.subnets).map(folded_acls).sum();
        assert_eq!(boxes.count(), hops - folded + goals, "“{name}”");
        let drawn: String =
            picture.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
        let text = text_of(&paths);
        let chart = decoded(&rendered(&paths, mermaid::render));
        for hop in paths.iter().flat_map(|path| &path.subnets).flat_map(|path| &path.hops) {
            // Two folded rows share their first words, so that the last are looked for.
            let end = hop.message.rsplit(" lets ").next().expect("words");
            let end = end.strip_prefix(hop.kind.name()).unwrap_or(end);
            for (format, shown) in [("svg", &drawn), ("text", &text), ("mermaid", &chart)] {
                assert!(squeezed(shown).contains(&squeezed(&plain(end))), "“{name}”, {format}: {end}");
            }
        }
        for message in paths.iter().flat_map(|path| &path.subnets).flat_map(|path| &path.hops).map(|hop| &hop.message) {
            let first = message.split(' ').next().expect("a word");
            assert!(text.contains(first), "“{name}”: {message}");
        }
        assert!(!text.contains('\u{1b}'), "“{name}”");
    }
}

/// How many pairs of hops are the two directions of one network ACL that lets packets pass.
fn folded_acls(path: &gatelight_network::PathFromSubnet) -> usize {
    let is_folded = |pair: &&[gatelight_network::Hop]| {
        let is_acl = pair[0].kind.name().ends_with("ACL");
        is_acl
            && pair[0].kind == pair[1].kind
            && pair[0].id == pair[1].id
            && pair.iter().all(|hop| hop.result == HopResult::Through)
    };
    path.hops.windows(2).filter(is_folded).count()
}

/// A flowchart, and its labels as Mermaid shows them.
fn decoded(chart: &str) -> String {
    let chart: String = chart.lines().filter(|line| !line.contains("classDef")).collect();
    let mut parts = chart.split('#');
    let mut text = parts.next().expect("a text").to_owned();
    for part in parts {
        let (code, rest) = part.split_once(';').expect("a character code");
        text.push(char::from_u32(code.parse().expect("a number")).expect("a character"));
        text.push_str(rest);
    }
    text.replace("<br/>", " ")
}

/// Whether a line is one of those that a flowchart is made of, with nothing in its label that Mermaid could take for its own.
/// Declared nodes are added to `nodes`.
fn is_sound(line: &str, nodes: &mut BTreeSet<String>) -> bool {
    let is_id = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    let is_label = |label: &str| {
        let text = label.replace("<br/>", " ");
        text.split('#').enumerate().all(|(number, part)| {
            let plain = match part.split_once(';') {
                Some((code, rest)) if number > 0 && code.chars().all(|c| c.is_ascii_digit()) => rest,
                None if number == 0 => part,
                _ => return false,
            };
            plain.chars().all(|c| c.is_alphanumeric() || " -_./,()→·✓✗…".contains(c))
        })
    };
    if let Some((id, rest)) = line.split_once("([\"") {
        return rest.strip_suffix("\"])").is_some_and(is_label) && is_id(id) && nodes.insert(id.to_owned());
    }
    if let Some((id, rest)) = line.split_once("[\"") {
        return match rest.strip_suffix("\"]") {
            Some(label) => {
                is_id(id.strip_prefix("subgraph ").unwrap_or(id)) && is_label(label) && nodes.insert(id.to_owned())
            }
            None => false,
        };
    }
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["flowchart", "TD"] | ["end"] | ["classDef", ..] => !line.contains(';'),
        ["class", id, "through" | "stops" | "unknown" | "unreached"] => nodes.contains(*id),
        [from, "-->" | "-.->" | "-.-x|stops|", to] | [from, "-.->|cannot", "tell|", to] => {
            nodes.contains(*from) && nodes.contains(*to)
        }
        _ => false,
    }
}

#[test]
fn a_flowchart_is_sound_whatever_names_hold() {
    let hostile = [
        HOSTILE,
        "\"]; click f0 call alert()",
        "%%{init: {\"securityLevel\": \"loose\"}}%%",
        "`**x**` #quot; #35; style a:b#c; end",
        "---\ntitle: x\n---",
        "<img src=x onerror=alert(1)>|x|",
    ];
    for (name, scope) in testing::named_scenarios() {
        let context = Context::new(scope.scope());
        let functions = context.functions().filter_map(Result::ok);
        let mut paths: Vec<_> = functions.map(|function| function_paths(function, &scope.account, &context)).collect();
        for (number, path) in paths.iter_mut().enumerate() {
            hostile[number % hostile.len()].clone_into(&mut path.name);
            hostile[(number + 1) % hostile.len()].clone_into(&mut path.message);
            for subnet in &mut path.subnets {
                hostile[(number + 2) % hostile.len()].clone_into(&mut subnet.subnet);
                for hop in &mut subnet.hops {
                    hop.message.push_str(hostile[(number + 3) % hostile.len()]);
                }
            }
        }
        let chart = rendered(&paths, mermaid::render);
        let mut nodes = BTreeSet::new();
        for line in chart.lines() {
            assert!(is_sound(line.trim_start(), &mut nodes), "“{name}”: {line}");
        }
        let count = |start: &str| chart.lines().filter(|line| line.trim_start().starts_with(start)).count();
        assert_eq!(count("subgraph "), count("end"), "“{name}”");
        for path in &paths {
            assert!(squeezed(&decoded(&chart)).contains(&squeezed(&plain(&path.name))), "“{name}”: {}", path.name);
        }
    }
}

#[test]
fn the_verdict_and_the_fix_come_before_the_hops() {
    let broken = paths(|scope| scope.region.network.nat_gateways.seen.clear());
    let path = broken.iter().find(|path| path.verdict == PathVerdict::Stops).expect("one stops");
    let one = std::slice::from_ref(path);
    let text = text_of(one);
    assert!(text.starts_with("STOPS  "), "{text}");
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(at(&path.account) < at("\nfix ") && at(" UTC") < at("\nfix "), "{text}");
    assert!(at("\nfix ") < at("  ok ") && at("\nfix ") < at("  STOPS "), "{text}");
    let picture = rendered(one, svg::render);
    assert!(picture.find("Fix: ").expect("the fix") < picture.find("<g>").expect("a hop"));
    let title = picture.find(&path.origin()).expect("account, region and date");
    assert!(title < picture.find("<g>").expect("a hop") && path.origin().contains(&path.region));
}

/// On a terminal a mark is a sign, in a pipe a word; each hop has one, at every width.
#[test]
fn every_hop_has_its_mark_and_lines_fit_the_terminal() {
    let paths = paths(|scope| scope.region.network.nat_gateways.seen.clear());
    for width in [60, 80, 100, 120] {
        for has_symbols in [true, false] {
            let mut page = TerminalPage::new(false);
            text::render(&paths, text::Layout { width, has_symbols }, &mut page).expect("renders");
            let page = page.into_text();
            let marks = if has_symbols { ["✓ ", "✗ "] } else { ["ok ", "STOPS "] };
            for mark in marks {
                assert!(
                    page.lines().any(|line| line.strip_prefix("  ").is_some_and(|hop| hop.starts_with(mark))),
                    "{page}"
                );
            }
            let shown: usize = paths.iter().flat_map(|path| &path.subnets).map(|path| rows::rows(path).len()).sum();
            let marked = |line: &&str| {
                line.strip_prefix("  ")
                    .is_some_and(|hop| ["✓", "✗", "?", "ok", "STOPS"].iter().any(|mark| hop.starts_with(mark)))
            };
            assert_eq!(page.lines().filter(marked).count(), shown, "{page}");
            let too_long = |line: &&str| line.chars().count() > width && !line.contains('\'');
            assert_eq!(page.lines().filter(too_long).collect::<Vec<_>>(), Vec::<&str>::new(), "{width}");
        }
    }
}

/// What lets packets out and their answers in is one row; what stops one of them is a row of its own.
#[test]
fn a_network_acl_that_passes_is_one_row() {
    let healthy = paths(|_| {});
    let of = |paths: &[FunctionPaths]| -> Vec<(&'static str, String, rows::Mark)> {
        let subnets = paths.iter().flat_map(|path| &path.subnets);
        let rows = subnets.flat_map(|path| rows::rows(path).into_iter().map(|row| (row.name, row.message, row.mark)));
        rows.filter(|(name, ..)| name.ends_with("ACL")).collect()
    };
    let passing = of(&healthy);
    assert!(!passing.is_empty());
    for (name, message, _) in &passing {
        assert!(message.contains(" out ") && message.contains(" in "), "{name}: {message}");
        let acl = message.split(' ').next().expect("its id");
        assert_eq!(message.matches(acl).count(), 1, "{name}: {message}");
    }
    let shut = paths(|scope| {
        for acl in &mut scope.region.network.network_acls.seen {
            acl.entries.retain(|entry| entry.egress);
        }
    });
    let stops: Vec<_> = of(&shut).into_iter().filter(|(.., mark)| *mark == rows::Mark::Stops).collect();
    assert!(!stops.is_empty());
    for (name, message, _) in stops {
        assert!(!message.contains(" out to"), "{name}: {message}");
    }
}

/// Names of hops are read alone, in a picture or in a line that somebody copied.
#[test]
fn no_name_of_a_hop_needs_the_hop_before() {
    for (name, scope) in testing::named_scenarios() {
        let context = Context::new(scope.scope());
        let functions = context.functions().filter_map(Result::ok);
        for path in functions.map(|function| function_paths(function, &scope.account, &context)) {
            for hop in path.subnets.iter().flat_map(|path| &path.hops) {
                assert!(!hop.kind.name().starts_with("its "), "“{name}”: {}", hop.kind.name());
            }
        }
    }
}

#[test]
fn every_colour_of_a_picture_has_a_dark_one_and_nothing_is_outside_it() {
    let paths = paths(|scope| scope.region.network.nat_gateways.seen.clear());
    let picture = rendered(&paths, svg::render);
    let document = roxmltree::Document::parse(&picture).expect("XML");
    let colors = svg::COLORS.map(|(light, _)| light);
    for node in document.descendants() {
        for attribute in node.attributes() {
            let is_color = ["fill", "stroke"].contains(&attribute.name()) && attribute.value() != "none";
            assert!(!is_color || colors.contains(&attribute.value()), "{attribute:?}");
            assert!(!["href", "src", "style"].contains(&attribute.name()), "{attribute:?}");
        }
    }
    let style = document.descendants().find(|node| node.has_tag_name("style")).and_then(|node| node.text());
    let style = style.expect("a style");
    assert!(style.contains("prefers-color-scheme: dark") && !style.contains("url(") && !style.contains("@import"));
}

/// Where packets stop, the message is there in full, and once in its lane.
#[test]
fn nothing_is_cut_or_said_twice_in_a_lane() {
    let mut paths = paths(|scope| scope.region.network.nat_gateways.seen.clear());
    let long = "arn:aws:ec2:us-east-1:123456789012:network-interface/".to_owned() + &"x".repeat(300);
    for hop in paths.iter_mut().flat_map(|path| &mut path.subnets).flat_map(|path| &mut path.hops) {
        if hop.result == HopResult::Stops {
            hop.message = format!("packets stop at {long} and at nothing else");
        }
    }
    for path in paths.iter().filter(|path| path.verdict == PathVerdict::Stops) {
        let picture = rendered(std::slice::from_ref(path), svg::render);
        let document = roxmltree::Document::parse(&picture).expect("XML");
        let drawn: String =
            document.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
        let stops = path.subnets.iter().filter(|path| path.stop().is_some()).count();
        let wanted = squeezed(&format!("packets stop at {long} and at nothing else"));
        assert_eq!(squeezed(&drawn).matches(&wanted).count(), stops, "{}", path.name);
        assert!(!drawn.contains('…'));
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
