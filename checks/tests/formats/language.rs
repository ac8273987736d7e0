//! What is a variable, and where it ends.

use super::*;

pub(super) const CASES: &[Case] = &[
    (ALL, r#"{"a":"$context.status$context.stage"}"#, "json pass, known pass", "variables next to each other", DECIDED),
    (
        ALL,
        r#"{"a":"$context.requestId.$context.stage"}"#,
        "id pass, known pass",
        "a trailing dot is not part of the name",
        DECIDED,
    ),
    (ALL, "$context.requestId.", "id pass, known pass", "at the end neither", DECIDED),
    (ALL, "$context.requestId..x", "id pass, known pass", "names are joined by single dots", DECIDED),
    (ALL, "$context.requestId-$context.stage", "id pass, known pass", "a hyphen ends a name", DECIDED),
    (ALL, "$context.requestId:x", "id pass, known pass", "and so does a colon", DECIDED),
    (ALL, "$context.requestIdé", "id pass, known pass", "letters are those of ASCII", DECIDED),
    (ALL, "$context.requestId_x", "id fail, known note", "an underscore does not end it", DECIDED),
    (ALL, "$context.requestId2", "id fail 1, known fail 1", "nor does a digit, and it is one letter off", DECIDED),
    (HTTP, "$context.authorizer.claims.cognito:username", "known pass", "claims have colons and hyphens", DECIDED),
    (
        HTTP,
        "$context.authorizer.claims.a-b.$context.requestId",
        "id pass, known pass",
        "a claim's name ends before the dot",
        DECIDED,
    ),
    (
        HTTP,
        "$context.authorizer.tenant-$context.requestId",
        "id pass, known pass",
        "other names of an authorizer have none",
        DECIDED,
    ),
    (REST, "$context.requestOverride.header.x-y-z", "known pass", "headers have hyphens", DECIDED),
    // A dollar that begins nothing.
    (ALL, r#"{"a":"$"}"#, "json pass, known pass", "a dollar alone is text", SETUP),
    (ALL, r#"{"a":"$5 $$ $context $context. $contexts.x"}"#, "json pass, known pass", "no name, no variable", SETUP),
    (ALL, "$$context.requestId", "id pass", "a dollar before a variable is text", SETUP),
    (ALL, r#"{"a":"\\$context.requestId"}"#, "json pass, id pass", "a backslash does not hide a variable", SETUP),
    (
        ALL,
        r#"{"a":"\$context.requestId"}"#,
        "json fail 7, id pass",
        "and a lone one is not a JSON escape (section 7)",
        RFC,
    ),
    (ALL, "$Context.requestId", "id fail", "context is case-sensitive too", REST_TABLE),
    (ALL, "$ context.requestId", "id fail, known pass", "a space ends what a dollar begins", SETUP),
    (ALL, "context.requestId", "id fail, known pass", "without a dollar it is text", SETUP),
    (ALL, r#"{"a":$context}"#, "json fail 6", "without a name it is text, and stands without quotes", SETUP),
    // Braces.
    (ALL, r#"{"a":"${context.requestId}"}"#, "json note, id note", "read as the variable, with a note", DECIDED),
    (ALL, r#"{"a":"${context.requestId"}"#, "json pass, id fail", "a brace that is not closed begins nothing", DECIDED),
    (ALL, "${context.requestId.}", "id fail", "nothing but the name stands between braces", DECIDED),
    (ALL, "${context.status}00 $context.requestId", "id pass", "the name ends at the brace", DECIDED),
    // Variables of other places.
    (REST, r#"{"a":"$input.params('x')"}"#, "json pass, known fail 7", "of mapping templates: never filled", SETUP),
    (REST, r#"{"a":"$stageVariables.name"}"#, "json pass, known fail 7", "of stages: never filled", SETUP),
    (REST, r#"{"a":"${stageVariables.name}"}"#, "json pass, known fail 7", "in braces neither", SETUP),
    (REST, r#"{"a":$input.body}"#, "json fail 6, known fail 6", "it stays text, and stands without quotes", SETUP),
    (REST, "$inputs.x $stageVariable.y", "known pass", "names that only begin alike are text", SETUP),
];
