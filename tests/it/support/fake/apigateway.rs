//! API Gateway, both versions.

use serde_json::{Value, json};

use super::{Account, Answer, Api, Request, page};

pub(super) fn answer(account: &Account, request: &Request, start: usize) -> Answer {
    let service = request.service();
    let apis = if service == "apigateway" { &account.rest_apis } else { &account.v2_apis };
    let asked = |name| request.field(name).parse().ok();
    let limit: usize = asked("limit").or(asked("maxResults")).unwrap_or(25);
    if limit > 500 {
        return Answer::error(service, 400, "BadRequestException", "Invalid limit");
    }
    let (list, elements) = match request.operation.as_str() {
        "apigateway:GetAccount" => {
            let mut account_settings = json!({
                "apiKeyVersion": "4", "features": ["UsagePlans"],
                "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
            });
            if let Some(role) = &account.cloudwatch_role {
                account_settings["cloudwatchRoleArn"] = json!(role);
            }
            return Answer::json(account_settings);
        }
        "apigateway:GetRestApis" => {
            let api = |api: &Api| json!({"id": api.id, "name": api.name, "createdDate": 1_700_000_000});
            ("item", apis.iter().map(api).collect())
        }
        "apigatewayv2:GetApis" => {
            let api = |api: &Api| {
                json!({
                    "apiId": api.id, "name": api.name, "protocolType": api.protocol, "createdDate": "2026-01-01T00:00:00Z",
                    "routeSelectionExpression": "$request.method $request.path",
                })
            };
            ("items", apis.iter().map(api).collect())
        }
        _ => {
            let id = request.path.trim_start_matches("/v2").split('/').nth(2).unwrap_or_default();
            let Some(api) = apis.iter().find(|api| api.id == id) else {
                return Answer::error(service, 404, "NotFoundException", "Invalid API identifier specified");
            };
            // The only list of these that has no pages.
            if service == "apigateway" {
                return Answer::json(json!({"item": api.stages}));
            }
            ("items", api.stages.clone())
        }
    };
    let (elements, token) = page::<Value>(account, elements, start, limit);
    let answer = Answer::json(json!({list: elements}));
    match token {
        Some(token) => answer.with_token(request.token_name(), &token),
        None => answer,
    }
}
