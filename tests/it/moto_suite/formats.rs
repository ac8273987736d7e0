//! Access-log formats, good and broken. Only the format differs from stage to stage.

use crate::support::seed::{Account, Region, Stage};

pub(crate) const GOOD: &str = r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","status":"$context.status","error":"$context.integration.error","backend":"$context.integration.status","took":"$context.integration.latency","whole":"$context.responseLatency"}"#;

/// The same for a kind of API: WebSocket APIs have no variable for the whole time.
pub(crate) fn good(protocol: &str) -> String {
    if protocol == "websocket" { GOOD.replace(r#","whole":"$context.responseLatency""#, "") } else { GOOD.to_owned() }
}

const CLF: &str = r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#;
const CSV: &str = "$context.identity.sourceIp,$context.identity.caller,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.status,$context.responseLength,$context.requestId";
const XML: &str = r#"<request id="$context.requestId"><status>$context.status</status><error>$context.integration.error</error><backend>$context.integration.status</backend></request>"#;

/// The example of the book that the project set out from, with its comments.
const CHAPTER: &str = r#"{
"requestId":"$context.requestId",
"ip":"$context.identity.sourceIp",
"status":"$context.status", // The HTTP status you sent back
"integrationError":"$context.integration.error", // Lifesaver for Lambda failures
"integrationStatus":"$context.integration.status", // The status from Lambda itself
"integrationLatency":"$context.integration.latency" // Just the Lambda execution time
}"#;

/// Seeds a stage `NAME/prod` for each format.
fn seed<'a>(
    kind: impl Fn(&str, &Stage<'_>) -> String,
    group: &str,
    formats: &[(&'a str, &str)],
) -> Vec<(&'a str, String)> {
    formats.iter().map(|(name, format)| (*name, kind(name, &Stage::log(group, format)))).collect()
}

fn assert_table(account: &Account, stages: &[(&str, String)], table: &str) {
    let report = account.audit().args(["--region", "us-east-1"]).run().report();
    let subjects: Vec<_> = stages.iter().map(|(name, arn)| (*name, arn.as_str())).collect();
    report.is(&subjects, table);
}

fn region(account: &Account) -> (Region<'_>, String) {
    let region = account.region("us-east-1");
    let group = region.log_group("/aws/gateway/access", Some(30));
    (region, group)
}

#[test]
fn whether_a_line_is_json() {
    let account = Account::new();
    let (region, group) = region(&account);
    // REST takes any text on AWS too, but for a newline inside. HTTP APIs refuse names that they do not know.
    let formats = [
        ("good", GOOD),
        ("good-braces", &GOOD.replace("$context.requestId", "${context.requestId}")),
        ("good-over-lines", &GOOD.replace(',', ",\n  ")),
        ("number-unquoted", &GOOD.replace(r#""$context.status""#, "$context.status")),
        (
            "nested",
            r#"{"a":{"requestId":["$context.requestId"]},"e":"$context.integration.error/$context.integration.status"}"#,
        ),
        ("clf", CLF),
        ("csv", CSV),
        ("xml", XML),
        ("chapter", CHAPTER),
        ("trailing-comma", &GOOD.replace('}', ",}")),
        ("missing-quote", &GOOD.replace(r#"$context.requestId""#, "$context.requestId")),
        ("missing-brace", GOOD.trim_end_matches('}')),
        ("id-unquoted", &GOOD.replace(r#""$context.requestId""#, "$context.requestId")),
        ("several-objects", &format!("{GOOD} {GOOD}")),
        ("array", &format!("[{GOOD}]")),
        ("quoted-whole", &format!("\"{}\"", GOOD.replace('"', "\\\""))),
        ("newline-spelled", &format!("{GOOD}\\n")),
        ("newline-in-text", &GOOD.replace("$context.requestId", "a\n$context.requestId")),
        ("prefix", &format!("log: {GOOD}")),
    ];
    let stages = seed(|name, stage| region.rest(name, "prod", stage), &group, &formats);
    assert_table(
        &account,
        &stages,
        "                off   json  fields
        good             pass  pass  pass
        good-braces      pass  pass  pass
        good-over-lines  pass  pass  pass
        number-unquoted  pass  pass  pass
        nested           pass  pass  pass
        clf              pass  high  high
        csv              pass  high  high
        xml              pass  high  pass
        chapter          pass  high  pass
        trailing-comma   pass  high  pass
        missing-quote    pass  high  pass
        missing-brace    pass  high  pass
        id-unquoted      pass  high  pass
        several-objects  pass  high  pass
        array            pass  high  pass
        quoted-whole     pass  high  pass
        newline-spelled  pass  high  pass
        newline-in-text  pass  high  pass
        prefix           pass  high  pass",
    );
}

#[test]
fn whether_a_line_names_its_request() {
    let account = Account::new();
    let (region, group) = region(&account);
    let formats = [
        ("fieldless", r#"{"status":"$context.status"}"#),
        ("constant", r#"{"hello":"inventory"}"#),
        ("other-key", r#"{"reqId":"$context.requestId"}"#),
        ("extended", r#"{"id":"$context.extendedRequestId"}"#),
        ("only-the-key", r#"{"requestId":"$context.status"}"#),
        ("backend-id", r#"{"requestId":"$context.integration.requestId"}"#),
        ("endpoint-id", r#"{"requestId":"$context.awsEndpointRequestId"}"#),
        ("authorizer-id", r#"{"requestId":"$context.authorizer.requestId"}"#),
        ("longer-name", r#"{"requestId":"$context.requestIdentifier"}"#),
        ("other-case", r#"{"requestId":"$context.requestid"}"#),
        ("in-csv", CSV),
    ];
    let stages = seed(|name, stage| region.rest(name, "prod", stage), &group, &formats);
    assert_table(
        &account,
        &stages,
        "              off   id      fields
        fieldless      pass  medium  high
        constant       pass  medium  high
        other-key      pass  pass    high
        extended       pass  pass    high
        only-the-key   pass  medium  high
        backend-id     pass  medium  high
        endpoint-id    pass  medium  high
        authorizer-id  pass  medium  high
        longer-name    pass  medium  high
        other-case     pass  medium  high
        in-csv         pass  pass    high",
    );
}

/// The trap: `integrationStatus` is the Lambda service's status, 200 even when the function failed. On HTTP APIs AWS
/// contradicts itself, and it passes.
#[test]
fn whether_a_line_tells_why_an_integration_failed() {
    let account = Account::new();
    let (region, group) = region(&account);
    let line = |error: &str, status: &str| {
        format!(r#"{{"id":"$context.requestId","e":"$context.{error}","s":"$context.{status}"}}"#)
    };
    let formats = |kind: &str| {
        [
            (format!("{kind}-both"), line("integration.error", "integration.status")),
            (format!("{kind}-old-error"), line("integrationErrorMessage", "integration.status")),
            (format!("{kind}-trap"), line("integration.error", "integrationStatus")),
            (format!("{kind}-nested-trap"), line("integration.error", "integration.integrationStatus")),
            (format!("{kind}-no-error"), line("error.message", "integration.status")),
            (format!("{kind}-own-status"), line("integration.error", "status")),
        ]
    };
    let mut stages = Vec::new();
    for (name, format) in formats("rest") {
        stages.push((name.clone(), region.rest(&name, "prod", &Stage::log(&group, &format))));
    }
    for (name, format) in formats("http") {
        stages.push((name.clone(), region.http(&name, "$default", &Stage::log(&group, &format))));
    }
    for (name, format) in formats("ws") {
        stages.push((name.clone(), region.websocket(&name, "prod", &Stage::log(&group, &format))));
    }
    let stages: Vec<_> = stages.iter().map(|(name, arn)| (name.as_str(), arn.clone())).collect();
    assert_table(
        &account,
        &stages,
        "                 json  fields  id
        rest-both         pass  pass    pass
        rest-old-error    pass  pass    pass
        rest-trap         pass  high    pass
        rest-nested-trap  pass  high    pass
        rest-no-error     pass  high    pass
        rest-own-status   pass  high    pass
        http-both         pass  pass    pass
        http-old-error    pass  pass    pass
        http-trap         pass  pass    pass
        http-nested-trap  pass  high    pass
        http-no-error     pass  high    pass
        http-own-status   pass  high    pass
        ws-both           pass  pass    pass
        ws-old-error      pass  pass    pass
        ws-trap           pass  high    pass
        ws-nested-trap    pass  high    pass
        ws-no-error       pass  high    pass
        ws-own-status     pass  high    pass",
    );
}
