use proptest::prelude::*;

use super::*;
use crate::variables::sample_value;

fn names(text: &str) -> Vec<&str> {
    Template::parse(text).variables().map(|variable| variable.name).collect()
}

#[test]
fn a_variable_is_the_longest_text_of_names_and_single_dots() {
    let table: &[(&str, &[&str])] = &[
        ("$context.requestId", &["requestId"]),
        ("$context.requestId.", &["requestId"]),
        ("$context.a..b", &["a"]),
        ("$context.a.b_2.c", &["a.b_2.c"]),
        ("$context.a-b", &["a"]),
        ("$context.a:b", &["a"]),
        ("$context.aé", &["a"]),
        ("$context.status$context.path", &["status", "path"]),
        ("$context.status.$context.path", &["status", "path"]),
        ("$$context.status", &["status"]),
        ("\\$context.status", &["status"]),
        ("$context.contextual$context", &["contextual"]),
        // Names with a hyphen or a colon.
        ("$context.authorizer.claims.cognito:username", &["authorizer.claims.cognito:username"]),
        ("$context.authorizer.claims.a-b.c-d.", &["authorizer.claims.a-b.c-d"]),
        ("$context.authorizer.claims-x", &["authorizer.claims"]),
        ("$context.authorizer.claimsx.a-b", &["authorizer.claimsx.a"]),
        ("$context.authorizer.a-b", &["authorizer.a"]),
        ("$context.requestOverride.header.x-y", &["requestOverride.header.x-y"]),
        ("$context.responseOverride.header.x-y", &["responseOverride.header.x-y"]),
        ("$context.responseOverrides.header.x-y", &["responseOverrides.header.x"]),
        // Braces.
        ("${context.a.b}c", &["a.b"]),
        ("${context.a.b", &[]),
        ("${context.a.}", &[]),
        ("${context.}", &[]),
        ("${context.a$context.b}", &["b"]),
        // Nothing begins.
        ("$", &[]),
        ("$context", &[]),
        ("$context.", &[]),
        ("$context..a", &[]),
        ("$context.-a", &[]),
        ("$Context.a $CONTEXT.a $contexts.a context.a", &[]),
        ("$input.body $stageVariables.x ${stageVariables.x}", &[]),
        ("", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(names(text), *expected, "{text}");
    }
}

#[test]
fn no_piece_is_empty() {
    for (text, count) in
        [("", 0), ("x", 1), ("$context.a", 1), ("$context.a$context.b", 2), ("x$context.a", 2), ("$", 1)]
    {
        assert_eq!(Template::parse(text).parts().len(), count, "{text}");
    }
}

#[test]
fn a_range_of_the_line_holds_a_variable_if_they_overlap() {
    let rendered = Template::parse("ab$context.path$input.xc").render(sample_value);
    assert_eq!(rendered.line(), "abvalue$input.xc");
    let is_in = |range: Range<usize>| rendered.variable_in(&range).is_some();
    assert!(is_in(1..3) && is_in(2..7) && is_in(3..4) && is_in(6..9) && is_in(0..16));
    assert!(!is_in(0..2) && !is_in(7..16));
}

#[test]
fn variables_know_where_they_stand() {
    let template = Template::parse("é${context.a}$context.b.");
    let found: Vec<_> = template.variables().map(|v| (v.at, v.end(), v.source, v.is_braced())).collect();
    assert_eq!(found, [(2, 14, "${context.a}", true), (14, 24, "$context.b", false)]);
    assert_eq!(template.find("b").map(|variable| variable.at), Some(14));
    assert_eq!(template.find("B"), None);
    assert_eq!(Template::parse("${context.a} $context.a").find("a").map(|variable| variable.at), Some(13));
}

#[test]
fn other_variables_of_api_gateway_are_never_filled() {
    let parts = |text| Template::parse(text).parts().to_vec();
    assert_eq!(parts("$input.params('x')"), [TemplatePart::Unsupported("$input.params"), TemplatePart::Text("('x')")]);
    assert_eq!(parts("$stageVariables.x."), [TemplatePart::Unsupported("$stageVariables.x"), TemplatePart::Text(".")]);
    assert_eq!(
        parts("${stageVariables.x}"),
        [TemplatePart::Unsupported("${stageVariables.x"), TemplatePart::Text("}")]
    );
    assert_eq!(parts("$inputs.x"), [TemplatePart::Text("$inputs.x")]);
    assert_eq!(Template::parse("$input.body").render(sample_value).line(), "$input.body");
}

#[test]
fn variables_are_filled_with_values_of_their_kind_or_are_absent() {
    let template = Template::parse("$context.requestId $context.status ${context.path}.");
    assert_eq!(template.render(sample_value).line(), "c6af9ac6-7b61-41e6-9a41-93e8deadbeef 200 value.");
    assert_eq!(template.render(|_, _| "-").line(), "- - -.");
}

#[test]
fn whether_a_variable_stands_in_a_string_is_told() {
    let inside = |text| {
        let mut inside = Vec::new();
        let _ = Template::parse(text).render(|_, is_inside| {
            inside.push(is_inside);
            ""
        });
        inside
    };
    assert_eq!(inside(r#"{"$context.a":$context.b,"\"$context.c":1}$context.d"#), [true, false, true, false]);
    assert_eq!(inside(r#"{"a\\":$context.a}"#), [false]);
    assert_eq!(inside(r#"\"$context.a"#), [true]);
}

#[test]
fn every_byte_of_a_line_comes_from_somewhere() {
    let template = Template::parse("ab$context.status,$context.nothing|");
    let rendered = template.render(|variable, _| if variable.name == "status" { "200" } else { "" });
    assert_eq!(rendered.line(), "ab200,|");
    let origins: Vec<_> = (0..=7).map(|offset| rendered.origin(offset).at).collect();
    assert_eq!(origins, [0, 1, 2, 2, 2, 17, 34, 35]);
    assert_eq!(rendered.origin(2).variable.map(|variable| variable.name), Some("status"));
    assert!(rendered.origin(2).is_first && !rendered.origin(3).is_first);
    assert_eq!([0, 1, 2, 3, 5, 6, 7].map(|end| rendered.template_end(end)), [0, 1, 2, 17, 17, 18, 35]);
}

proptest! {
    #[test]
    fn pieces_joined_are_the_template(text in r#"([$]context[.]|[$][{]context[.]|[a-z.{}"\$:-]|[$]input|é|\PC){0,40}"#) {
        let template = Template::parse(&text);
        let joined: String = template.parts().iter().map(TemplatePart::source).collect();
        prop_assert_eq!(&joined, &text);
        for variable in template.variables() {
            prop_assert!(text[variable.at..].starts_with(variable.source));
            prop_assert!(!variable.name.is_empty() && !variable.name.ends_with('.'));
        }
        let rendered = template.render(sample_value);
        for offset in 0..=rendered.line().len() {
            prop_assert!(rendered.origin(offset).at <= text.len());
        }
    }

    #[test]
    fn text_without_a_dollar_is_text(text in "[^$]*") {
        let template = Template::parse(&text);
        let rendered = template.render(sample_value);
        prop_assert_eq!(rendered.line(), &text);
    }
}
