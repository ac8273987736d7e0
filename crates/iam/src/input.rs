//! Reads simulations for `gatelight can`: JSON values one after the other, such as JSON Lines.

use std::fmt;

use gatelight_model::Gap;

use crate::{
    document::{Document, PolicyList},
    identity::Identity,
    json::Json,
    keys::{ConditionKeys, PossibleValue},
    simulation::{PolicySet, Principal, SimulatedRequest, Simulation},
};

/// An input that is not in the expected form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The line of the error, or the first line of the simulation that has it; from 1.
    pub line: usize,
    /// What is wrong, with the name of the field.
    pub message: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for InputError {}

/// An iterator over the simulations in a text. Ends after the first error.
pub struct SimulationReader<'a> {
    text: &'a str,
    values: serde_json::StreamDeserializer<'a, serde_json::de::StrRead<'a>, Json>,
    /// The offset up to which the text was read, and its line.
    position: (usize, usize),
}

impl<'a> SimulationReader<'a> {
    /// Reads from `text`, lazily.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, values: serde_json::Deserializer::from_str(text).into_iter(), position: (0, 1) }
    }
}

impl Iterator for SimulationReader<'_> {
    type Item = Result<Simulation, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (from, mut line) = self.position;
        let rest = &self.text[from..];
        line += rest[..rest.len() - rest.trim_start().len()].matches('\n').count();
        let simulation = match self.values.next()? {
            Ok(json) => read(json).map_err(|message| InputError { line, message }),
            // Without the error's own position, which would be repeated.
            Err(why) => {
                let text = why.to_string();
                let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
                Err(InputError { line: why.line().max(1), message: format!("it is not JSON: {text}") })
            }
        };
        let at = self.values.byte_offset();
        self.position = (at, self.position.1 + self.text[from..at].matches('\n').count());
        Some(simulation)
    }
}

fn read(json: Json) -> Result<Simulation, String> {
    let mut request = None;
    let mut policies = PolicySet::default();
    for (name, value) in fields(json, "the input", &FIELDS)? {
        match name.as_str() {
            "request" => request = Some(read_request(value)?),
            "identity" => policies.identity = read_policies(value, &name)?,
            "boundary" => policies.boundary = read_policies(value, &name)?,
            "session" => policies.session = read_policies(value, &name)?,
            "scps" => policies.scps = read_levels(value, &name)?,
            "rcps" => policies.rcps = read_levels(value, &name)?,
            "resource_policies" => policies.resource = read_policies(value, &name)?,
            _ => policies.endpoint = read_policies(value, &name)?,
        }
    }
    Ok(Simulation { request: request.ok_or("request is missing")?, policies })
}

const FIELDS: [&str; 8] =
    ["request", "identity", "boundary", "session", "scps", "rcps", "resource_policies", "endpoint"];

/// The fields of an object. All must be known, and none may be repeated.
fn fields(json: Json, of: &str, known: &[&str]) -> Result<Vec<(String, Json)>, String> {
    let Json::Map(fields) = json else { return Err(format!("{of} must be an object")) };
    for (at, (name, _)) in fields.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            return Err(format!("{of} has a field {name:?}; known are {}", known.join(", ")));
        }
        if fields[..at].iter().any(|(other, _)| other == name) {
            return Err(format!("{of} has the field {name} twice"));
        }
    }
    Ok(fields)
}

fn read_request(json: Json) -> Result<SimulatedRequest, String> {
    let known = ["principal", "action", "resource", "resource_account", "context"];
    let (mut principal, mut action, mut resource, mut resource_account) = (None, None, None, None);
    let mut keys = ConditionKeys::default();
    for (name, value) in fields(json, "request", &known)? {
        match name.as_str() {
            "principal" => principal = Some(read_principal(value)?),
            "action" => action = Some(read_action(text(value, "request.action")?)?),
            "resource" => resource = Some(text(value, "request.resource")?),
            "resource_account" => {
                let account = text(value, "request.resource_account")?;
                if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(format!("request.resource_account must be twelve digits, and is {account:?}"));
                }
                resource_account = Some(account);
            }
            _ => keys = read_context(value)?,
        }
    }
    Ok(SimulatedRequest {
        principal: principal.ok_or("request.principal is missing")?,
        action: action.ok_or("request.action is missing")?,
        resource: resource.ok_or("request.resource is missing")?,
        resource_account,
        keys,
    })
}

fn text(json: Json, field: &str) -> Result<String, String> {
    match json {
        Json::Text(text) if !text.is_empty() => Ok(text),
        Json::Text(_) => Err(format!("{field} is empty")),
        _ => Err(format!("{field} must be a string")),
    }
}

fn read_action(action: String) -> Result<String, String> {
    let well_formed = action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if well_formed && !action.contains(['*', '?']) {
        return Ok(action);
    }
    Err(format!("request.action must be one action, like logs:PutLogEvents, and is {action:?}"))
}

fn read_principal(json: Json) -> Result<Principal, String> {
    const FORMS: &str =
        "the ARN of a user, role, session or root user, {\"Service\": \"apigateway.amazonaws.com\"}, or \"*\"";
    match json {
        Json::Text(text) if text == "*" => Ok(Principal::Anonymous),
        Json::Text(text) => match Identity::read(&text) {
            Some(identity) => Ok(Principal::Identity(identity)),
            None => Err(format!("request.principal must be {FORMS}, and is {text:?}")),
        },
        Json::Map(fields) => match <[_; 1]>::try_from(fields) {
            Ok([(kind, Json::Text(service))]) if kind == "Service" && !service.is_empty() => {
                Ok(Principal::Service(service))
            }
            _ => Err(format!("request.principal must be {FORMS}")),
        },
        _ => Err(format!("request.principal must be {FORMS}")),
    }
}

fn read_context(json: Json) -> Result<ConditionKeys, String> {
    let Json::Map(entries) = json else { return Err("request.context must be an object".to_owned()) };
    let mut keys = ConditionKeys::default();
    for (key, value) in entries {
        if keys.contains(&key) {
            return Err(format!("request.context has the key {key:?} twice; the case of its name does not matter"));
        }
        let values = match value {
            Json::List(items) if items.is_empty() => Some(vec![]),
            other => other.texts(),
        };
        let possible = match values.as_deref() {
            Some([]) => PossibleValue::Absent,
            Some([value]) => PossibleValue::Value(value.clone()),
            Some(values) => PossibleValue::Many(values.to_vec()),
            None => return Err(format!("request.context, key {key:?}: must be a string or a list of strings")),
        };
        keys = keys.with_possible(&key, vec![possible], "");
    }
    Ok(keys)
}

fn list(json: Json, field: &str) -> Result<Vec<Json>, String> {
    if let Json::List(items) = json { Ok(items) } else { Err(format!("{field} must be a list")) }
}

fn read_levels(json: Json, field: &str) -> Result<Vec<PolicyList>, String> {
    let levels = list(json, field)?.into_iter().enumerate();
    levels.map(|(at, level)| read_policies(level, &format!("{field}[{at}]"))).collect()
}

fn read_policies(json: Json, field: &str) -> Result<PolicyList, String> {
    let policies = list(json, field)?.into_iter().enumerate();
    policies.map(|(at, policy)| read_policy(policy, &format!("{field}[{at}]"))).collect()
}

/// A document that is not a policy is not an error here: it may say anything, and the result says that it is unread.
fn read_policy(json: Json, field: &str) -> Result<Result<Document, Gap>, String> {
    let (mut name, mut document) = (None, None);
    for (key, value) in fields(json, field, &["name", "document"])? {
        if key == "name" {
            name = Some(text(value, &format!("{field}.name"))?);
        } else {
            document = Some(value);
        }
    }
    let name = name.ok_or_else(|| format!("{field}.name is missing"))?;
    match document {
        Some(Json::Text(text)) => Ok(Document::parse(name, &text)),
        Some(json @ Json::Map(_)) => Ok(Document::from_json(name, json)),
        Some(_) => Err(format!("{field}.document must be an object or a string")),
        None => Err(format!("{field}.document is missing")),
    }
}

#[cfg(test)]
mod tests;
