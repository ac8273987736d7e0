//! What AWS refuses when a format is set on a stage.

use std::collections::HashSet;

use gatelight_model::inventory::Protocol;

use crate::{
    explain::truncated,
    format::Format,
    template::Variable,
    variables::{Support, apis, support},
};

/// The longest format of an HTTP API, in bytes:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>. AWS documents no limit for the
/// other kinds.
pub const HTTP_MAX_BYTES: usize = 3 * 1024;

/// The most refused variables that are named one by one.
pub const MAX_NAMES: usize = 10;

/// "Access Log format must be single line, new line character is allowed only at end of the format".
const ONE_LINE: &str = "https://github.com/ministryofjustice/cloud-platform-environments/pull/12962";
/// "The access log format must include at least `$context.requestId` or `$context.extendedRequestId`."
const REQUEST_ID: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-access-logging.html";
/// "The format must include at least `$context.requestId`"; in practice the extended one is enough too:
/// <https://github.com/aws/aws-cdk/pull/22591>.
const REQUEST_ID_V2: &str =
    "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html";
/// "The following context variables are not supported".
const VARIABLES: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html";
const LENGTH: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html";

/// Variables that HTTP APIs were seen to refuse by one source and to accept by another. `resourcePath` was deployed and
/// always `-`; `cognitoIdentityId` is in AWS's table and was refused in 2023
/// (<https://github.com/anomalyco/sst/issues/2587>).
const DISPUTED: [&str; 2] = ["identity.cognitoIdentityId", "resourcePath"];

/// A reason for which AWS refuses a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, in words that follow "AWS refuses the format: ".
    pub reason: String,
    /// The byte offset in the format, if the reason has a position.
    pub at: Option<usize>,
    /// The page that shows or documents it.
    pub source: &'static str,
}

/// Every reason for which AWS refuses the format on its kind of API.
#[must_use]
pub fn refusals(format: &Format<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if let Some(at) = format.inner_newline() {
        let reason = "it has a line break inside".to_owned();
        refusals.push(Refusal { reason, at: Some(at), source: ONE_LINE });
    }
    if format.find("requestId").or(format.find("extendedRequestId")).is_none() {
        let source = if format.protocol == Protocol::Rest { REQUEST_ID } else { REQUEST_ID_V2 };
        let reason = "it has neither `$context.requestId` nor `$context.extendedRequestId`".to_owned();
        refusals.push(Refusal { reason, at: None, source });
    }
    let refused = refused_variables(format);
    for variable in refused.iter().take(MAX_NAMES) {
        let name = truncated(variable.name, 100);
        let reason = format!("{} have no variable `$context.{name}`", apis(format.protocol));
        refusals.push(Refusal { reason, at: Some(variable.at), source: VARIABLES });
    }
    if refused.len() > MAX_NAMES {
        let more = refused.len() - MAX_NAMES;
        let reason = format!("{} do not have {more} more of its variables", apis(format.protocol));
        refusals.push(Refusal { reason, at: None, source: VARIABLES });
    }
    let length = format.text().len();
    if format.protocol == Protocol::Http && length > HTTP_MAX_BYTES {
        let reason = format!("it is {length} bytes long, and HTTP APIs take {HTTP_MAX_BYTES} at most");
        refusals.push(Refusal { reason, at: None, source: LENGTH });
    }
    refusals
}

/// Variables for which sources disagree whether AWS refuses them.
#[must_use]
pub fn disputed<'t>(format: &Format<'t>) -> Vec<Variable<'t>> {
    if format.protocol != Protocol::Http {
        return vec![];
    }
    let mut seen = HashSet::new();
    let is_disputed = |variable: &&Variable<'t>| DISPUTED.contains(&variable.name) && seen.insert(variable.name);
    format.template.variables().filter(is_disputed).copied().collect()
}

/// Whether AWS refuses a format of that kind of API for a variable's name alone. HTTP APIs refuse names that they do not
/// have; REST APIs accept any name; for WebSocket APIs it is not known.
#[must_use]
pub fn is_refused(protocol: Protocol, name: &str) -> bool {
    protocol == Protocol::Http && support(protocol, name) != Support::Supported && !DISPUTED.contains(&name)
}

/// The variables that AWS refuses by name, in order, each once.
fn refused_variables<'t>(format: &Format<'t>) -> Vec<Variable<'t>> {
    let mut seen = HashSet::new();
    let is_new = |variable: &&Variable<'t>| is_refused(format.protocol, variable.name) && seen.insert(variable.name);
    format.template.variables().filter(is_new).copied().collect()
}

#[cfg(test)]
mod tests {
    use Protocol::{Http, Rest, Websocket};

    use super::*;
    use crate::recommended::recommended;

    fn reasons(protocol: Protocol, text: &str) -> Vec<String> {
        refusals(&Format::new(protocol, text)).into_iter().map(|refusal| refusal.reason).collect()
    }

    #[test]
    fn every_kind_of_api_refuses_line_breaks_and_formats_without_a_request_id() {
        for protocol in Protocol::ALL {
            assert_eq!(reasons(protocol, "$context.requestId\n"), [""; 0]);
            assert_eq!(reasons(protocol, "$context.extendedRequestId"), [""; 0]);
            assert_eq!(reasons(protocol, "a\n$context.requestId"), ["it has a line break inside"]);
            for text in ["{}", "requestId", "$context.integration.requestId"] {
                let expected = ["it has neither `$context.requestId` nor `$context.extendedRequestId`"];
                assert_eq!(reasons(protocol, text), expected, "{text}");
            }
            assert_eq!(reasons(protocol, recommended(protocol)), [""; 0]);
        }
    }

    #[test]
    fn http_apis_alone_refuse_names_and_length() {
        let names = "$context.requestId $context.xrayTraceId $context.brandNew $context.xrayTraceId";
        let expected =
            ["HTTP APIs have no variable `$context.xrayTraceId`", "HTTP APIs have no variable `$context.brandNew`"];
        assert_eq!(reasons(Http, names), expected);
        let long = format!("$context.requestId {}", "x".repeat(HTTP_MAX_BYTES));
        assert_eq!(reasons(Http, &long), ["it is 3091 bytes long, and HTTP APIs take 3072 at most"]);
        for protocol in [Rest, Websocket] {
            assert_eq!(reasons(protocol, names), [""; 0]);
            assert_eq!(reasons(protocol, &long), [""; 0]);
        }
    }

    #[test]
    fn what_sources_disagree_on_is_not_refused() {
        let text = "$context.requestId $context.resourcePath $context.identity.cognitoIdentityId $context.resourcePath";
        assert_eq!(reasons(Http, text), [""; 0]);
        let names = |protocol| -> Vec<_> {
            disputed(&Format::new(protocol, text)).into_iter().map(|variable| variable.name).collect()
        };
        assert_eq!(names(Http), ["resourcePath", "identity.cognitoIdentityId"]);
        assert_eq!(names(Rest), [""; 0]);
    }
}
