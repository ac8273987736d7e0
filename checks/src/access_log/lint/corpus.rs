//! Shapes of formats that people deploy with Terraform, SAM, the Serverless Framework, CDK and Pulumi, written anew: each is
//! fixed with all that its kind of API can fill, and what it cannot is left out.

use std::collections::BTreeSet;

use gatelight_model::inventory::Protocol::{Http, Rest, Websocket};

use super::*;

/// The kind of API, the format, names that the fixed format has in place of others (`wrong=right`, `wrong=` where nothing
/// is in its place), and one text that it must hold.
const CORPUS: &[(Protocol, &str, &[&str], &str)] = &[
    // JSON from `jsonencode` and `JSON.stringify`.
    (
        Rest,
        r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","caller":"$context.identity.caller","user":"$context.identity.user","requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","status":"$context.status","protocol":"$context.protocol","responseLength":"$context.responseLength"}"#,
        &[],
        r#""integrationError":"$context.integration.error""#,
    ),
    (
        Http,
        r#"{"requestId":"$context.requestId","sourceIp":"$context.identity.sourceIp","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","routeKey":"$context.routeKey","status":"$context.status","integrationErrorMessage":"$context.integrationErrorMessage"}"#,
        &["resourcePath=routeKey"],
        r#""resourcePath":"$context.routeKey""#,
    ),
    (
        Rest,
        r#"{"requestId":"$context.requestId","status":"$context.status","responseTime":"$context.responseTime","error":"$context.error.message","errorType":"$context.error.messageString"}"#,
        &["responseTime=responseLatency", "error.messageString=error.message"],
        r#""responseTime":"$context.responseLatency""#,
    ),
    (
        Http,
        r#"{"requestId":"$context.requestId","responseTime":"$context.responseTime","correlationId":"$context.requestHeader.x-correlation-id"}"#,
        &["responseTime=responseLatency", "requestHeader.x="],
        r#""responseTime":"$context.responseLatency""#,
    ),
    (
        Rest,
        r#"{"requestId":"$context.requestId","clientIp":"$context.identity.sourceIp","body":"$input.body","query":"$context.queryString","headers":"$context.requestHeaders","errorMessage":"$context.errorMessage"}"#,
        &["errorMessage=error.message"],
        r#""errorMessage":"$context.error.message""#,
    ),
    (
        Websocket,
        r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","routeKey":"$context.routeKey","status":"$context.status","protocol":"$context.protocol","responseLength":"$context.responseLength","error":"$context.error.message","errorType":"$context.error.messageString","connectionId":"$context.connectionId"}"#,
        &["protocol=", "responseLength=", "error.messageString=error.message"],
        r#""connectionId":"$context.connectionId""#,
    ),
    (
        Rest,
        r#"{"source_ip":"$context.identity.sourceIp","identity":{"user":"$context.authorizer.claims.sub","user_agent":"$context.identity.userAgent"},"level":"INFO","request_time":"[$context.requestTime]","request_id":"$context.requestId"}"#,
        &[],
        r#""integration_status":"$context.integration.status""#,
    ),
    (
        Rest,
        r#"{"identity.sourceIp":"$context.identity.sourceIp","requestId":"$context.requestId","integration.latency":"$context.integration.latency","identity.user":"$context.identity.user","isCanaryRequest":"$context.isCanaryRequest"}"#,
        &[],
        r#""integration.error":"$context.integration.error""#,
    ),
    (
        Http,
        r#"{"requestId":"$context.requestId","sub":"$context.authorizer.claims.sub","xray":"$context.xrayTraceId","waf":"$context.wafResponseCode"}"#,
        &["xrayTraceId=", "wafResponseCode="],
        r#""sub":"$context.authorizer.claims.sub""#,
    ),
    // Numbers without quotes.
    (
        Http,
        r#"{"requestId":"$context.requestId","routeKey":"$context.routeKey","status":$context.status,"latency":$context.integrationLatency,"ip":"$context.identity.sourceIp"}"#,
        &[],
        r#""latency":"$context.integrationLatency""#,
    ),
    (
        Http,
        r#"{ "requestId":"$context.requestId", "status":"$context.status","integrationStatus": $context.integrationStatus, "integrationLatency": $context.integrationLatency, "responseLength":"$context.responseLength" }"#,
        &[],
        r#""integrationStatus": "$context.integrationStatus""#,
    ),
    (
        Rest,
        r#"{"requestId":"$context.requestId","status":$context.status,"responseLength":$context.responseLength,"responseLatency":$context.responseLatency,"errorMessage":$context.error.messageString}"#,
        &[],
        r#""errorMessage":$context.error.messageString"#,
    ),
    // Nothing in quotes.
    (
        Rest,
        r#"{"requestId":$context.requestId,    "ip":$context.identity.sourceIp,     "requestTime":$context.requestTime,    "status":$context.status,    "apiKeyId":$context.identity.apiKeyId,    "authorizeLatency":$context.authorize.latency}"#,
        &[],
        r#""ip":"$context.identity.sourceIp""#,
    ),
    // A heredoc over several lines, with a space at the end of each.
    (
        Http,
        "{ \n      \"requestId\":\"$context.requestId\", \n      \"caller\":\"$context.identity.caller\", \n      \"resourcePath\":\"$context.resourcePath\", \n      \"responseLength\":\"$context.responseLength\" \n}\n    ",
        &["resourcePath=routeKey"],
        r#""caller":"$context.identity.caller""#,
    ),
    (
        Rest,
        "  {\n\t\"requestTime\": \"$context.requestTime\",\n\t\"requestId\": \"$context.requestId\",\n\t\"status\": $context.status,\n  \"xrayTraceId\": \"$context.xrayTraceId\",\n\t\"functionResponseStatus\": \"$context.integration.status\",\n\t\"integrationServiceStatus\": \"$context.integration.integrationStatus\"\n}\n",
        &[],
        r#""integrationServiceStatus": "$context.integration.integrationStatus""#,
    ),
    // Line ends as AWS prints them, with backslashes.
    (
        Websocket,
        "{ \\\n\"requestId\":\"$context.requestId\", \\\n\"ip\": \"$context.identity.sourceIp\", \\\n\"eventType\":\"$context.eventType\", \\\n\"connectionId\":\"$context.connectionId\"\n}",
        &[],
        r#""eventType":"$context.eventType""#,
    ),
    // Wrapped whole in quotes, or escaped once too often.
    (
        Rest,
        r#"'{"requestId":"$context.requestId","status":$context.status,"path":"$context.path"}'"#,
        &[],
        r#""path":"$context.path""#,
    ),
    (
        Rest,
        r#"{\"requestId\":\"$context.requestId\",\"status\":\"$context.status\",\"stage\":\"$context.stage\"}"#,
        &[],
        r#""stage":"$context.stage""#,
    ),
    // With Terraform's escape, which it does not need here.
    (
        Rest,
        r#"{"requestId":"$$context.requestId","requestTime":$$context.requestTimeEpoch,"status":$$context.status,"responseLength":$$context.responseLength}"#,
        &[],
        r#""requestId":"$context.requestId""#,
    ),
    (
        Http,
        r#"{"requestId":"$$context.requestId","ip":"$$context.identity.sourceIp","path":"$$context.path","integrationError":"$$context.integrationErrorMessage"}"#,
        &[],
        r#""ip":"$context.identity.sourceIp""#,
    ),
    (
        Http,
        "$$context.requestId $$context.httpMethod $$context.routeKey $$context.status $$context.responseLength",
        &[],
        r#""routeKey":"$context.routeKey""#,
    ),
    // With comments, as tutorials have them.
    (
        Rest,
        "{\n\"requestId\":\"$context.requestId\", // to join with other logs\n\"status\":\"$context.status\", # of the response\n/* \"user\":\"$context.identity.user\", */\n\"path\":\"$context.path\"\n}",
        &["identity.user="],
        r#""path":"$context.path""#,
    ),
    // A comma too many, too few, and a colon too few.
    (
        Rest,
        r#"{"requestId":"$context.requestId","httpMethod":"$context.httpMethod","status":"$context.status",}"#,
        &[],
        r#""httpMethod":"$context.httpMethod""#,
    ),
    (
        Rest,
        "{\n \"requestId\": \"$context.requestId\"\n \"status\": $context.status\n \"ip\": \"$context.identity.sourceIp\"\n}",
        &[],
        r#""ip": "$context.identity.sourceIp""#,
    ),
    (
        Http,
        r#"{"requestId":"$context.requestId","status" $context.status,"path" "$context.path"}"#,
        &[],
        r#""path": "$context.path""#,
    ),
    // A quote too few, and the wrong ones.
    (
        Http,
        r#"{ "requestId":"$context.requestId", "ip: "$context.identity.sourceIp", "routeKey":"$context.routeKey", "status":"$context.status }"#,
        &[],
        r#""ip": "$context.identity.sourceIp""#,
    ),
    (Rest, "{“requestId”:“$context.requestId”,“status”:“$context.status”}", &[], r#""status":"$context.status""#),
    (Rest, "{'requestId':'$context.requestId','path':'$context.path'}", &[], r#""path":"$context.path""#),
    // YAML without its quotes.
    (
        Rest,
        "{ requestId: $context.requestId, ip: $context.identity.sourceIp, status: $context.status }",
        &[],
        r#""ip": "$context.identity.sourceIp""#,
    ),
    // Key and value pairs in text.
    (
        Rest,
        "requestId: $context.requestId, ip: $context.identity.sourceIp, caller: $context.identity.caller, httpMethod: $context.httpMethod, status: $context.status",
        &[],
        r#""ip":"$context.identity.sourceIp""#,
    ),
    (
        Http,
        "requestId:$context.requestId,integrationStatus:$context.integration.integrationStatus,errorMessageString:$context.error.message",
        &[],
        r#""errorMessageString":"$context.error.message""#,
    ),
    (
        Http,
        "sourceIp=$context.identity.sourceIp requestId=$context.requestId error.message=$context.error.message error.messageString=$context.error.messageString userAgent=$context.identity.userAgent",
        &["error.messageString=error.message"],
        r#""error.messageString":"$context.error.message""#,
    ),
    (
        Websocket,
        "[ '$context.requestId' ] [ $context.requestTimeEpoch ] [ $context.connectionId ] [ $context.eventType ] [ $context.error.messageString ]",
        &["error.messageString=error.message"],
        r#""eventType":"$context.eventType""#,
    ),
    (
        Http,
        "sourceIp: $context.identity.sourceIp, $context.domainName \"$context.httpMethod $context.path\" size: $input.body.size() requestId: $context.requestId",
        &[],
        r#""domainName":"$context.domainName""#,
    ),
    (
        Http,
        "identity.sourceIp: $context.identity.sourceIp / integration.error: $context.integration.error / requestId: $context.requestId",
        &[],
        r#""integration.error":"$context.integration.error""#,
    ),
    // CLF, CSV and XML.
    (
        Rest,
        r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#,
        &[],
        r#""extendedRequestId":"$context.extendedRequestId""#,
    ),
    (
        Http,
        "$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.status,$context.requestId",
        &[],
        r#""httpMethod":"$context.httpMethod""#,
    ),
    (
        Rest,
        r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <httpMethod>$context.httpMethod</httpMethod> <status>$context.status</status> </request>"#,
        &[],
        r#"{"id":"$context.requestId","ip":"$context.identity.sourceIp""#,
    ),
];

#[test]
fn formats_as_people_deploy_them_are_fixed_with_all_their_fields() {
    for (protocol, text, swapped, held) in CORPUS {
        let linted = lint(*protocol, text);
        let fixed = linted.fixed.expect("something to fix");
        assert!(linted.keeps_format && fixed.contains(held), "{text}\n{fixed}");
        let after = lint(*protocol, &fixed);
        assert!(after.findings.iter().all(|finding| finding.verdict == LintVerdict::Pass), "{text}\n{fixed}");
        assert_eq!((after.fixed, after.refused), (None, vec![]), "{text}\n{fixed}");
        let format = Format::new(*protocol, &fixed);
        let names: BTreeSet<_> = format.template.variables().map(|variable| variable.name).collect();
        for variable in Format::new(*protocol, text).template.variables() {
            let swap =
                swapped.iter().find_map(|swap| swap.split_once('=').filter(|(wrong, _)| *wrong == variable.name));
            match swap {
                Some((wrong, "")) => assert!(!names.contains(wrong), "{wrong}: {fixed}"),
                Some((wrong, right)) => assert!(names.contains(right) && !names.contains(wrong), "{wrong}: {fixed}"),
                None => assert!(names.contains(variable.name), "{}: {text}\n{fixed}", variable.name),
            }
        }
        assert!(!fixed.contains("$$") && !fixed.contains("$input"), "{fixed}");
    }
}
