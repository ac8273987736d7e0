//! Guesses from a format's variables which kind of API it was written for.

use gatelight_model::inventory::Protocol;

use crate::{
    template::Template,
    variables::{Support, support},
};

/// The kinds of API that lack the fewest of a template's variables: one if the variables decide it, else several.
#[must_use]
pub fn guess(template: &Template<'_>) -> Vec<Protocol> {
    let lacking = |protocol: Protocol| {
        template.variables().filter(|variable| support(protocol, variable.name) == Support::OtherApis).count()
    };
    let fewest = Protocol::ALL.into_iter().map(lacking).min().unwrap_or_default();
    Protocol::ALL.into_iter().filter(|protocol| lacking(*protocol) == fewest).collect()
}

#[cfg(test)]
mod tests {
    use Protocol::{Http, Rest, Websocket};

    use super::*;
    use crate::recommended::recommended;

    #[test]
    fn variables_of_one_kind_of_api_decide() {
        for protocol in Protocol::ALL {
            assert_eq!(guess(&Template::parse(recommended(protocol))), [protocol]);
        }
        for (text, expected) in [
            ("$context.requestId", &[Rest, Http, Websocket][..]),
            ("not a variable", &[Rest, Http, Websocket]),
            ("$context.brandNew $context.authorizer.tenant", &[Rest, Http, Websocket]),
            ("$context.routeKey", &[Http, Websocket]),
            ("$context.routeKey $context.connectionId", &[Websocket]),
            ("$context.routeKey $context.httpMethod", &[Http]),
            ("$context.httpMethod", &[Rest, Http]),
            ("$context.xrayTraceId $context.routeKey", &[Rest, Http, Websocket]),
        ] {
            assert_eq!(guess(&Template::parse(text)), expected, "{text}");
        }
    }
}
