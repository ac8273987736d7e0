//! Policy documents as AWS returns them. An element that cannot be read is kept as malformed, so that every decision that
//! it could change is undetermined.

use gatelight_model::Gap;
use percent_encoding::percent_decode_str;

use crate::{
    condition::{self, Clause},
    json::Json,
    pattern::Pattern,
    principal::PrincipalElement,
};

/// A policy document that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    name: String,
    pub(super) statements: Vec<Statement>,
}

/// Policies, each read or with the reason why it could not be.
pub type PolicyList = Vec<Result<Document, Gap>>;

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    /// Its Sid, or its number from 1 if it has none.
    pub(super) name: String,
    pub(super) effect: Element<Effect>,
    pub(super) action: Element<Patterns>,
    pub(super) resource: Element<Patterns>,
    pub(super) principal: Element<PrincipalElement>,
    pub(super) condition: Element<Vec<Clause>>,
    /// Something else in the statement or its document that the engine does not understand.
    pub(super) problem: Option<String>,
}

/// An element of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Element<T> {
    Absent,
    Read(T),
    /// It cannot be read; why.
    Malformed(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// The patterns of Action, NotAction, Resource or NotResource.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patterns {
    pub(super) negated: bool,
    pub(super) list: Vec<Pattern>,
}

impl Document {
    /// Reads a document: plain JSON, or URL-encoded as IAM's calls return it.
    ///
    /// # Errors
    /// A gap that names the policy, if the text is not a policy document.
    pub fn parse(name: impl Into<String>, text: &str) -> Result<Self, Gap> {
        Self::new(name.into(), parse(text).and_then(read))
    }

    /// Reads a document that is part of other JSON.
    pub(super) fn from_json(name: String, json: Json) -> Result<Self, Gap> {
        Self::new(name, read(json))
    }

    fn new(name: String, statements: Result<Vec<Statement>, String>) -> Result<Self, Gap> {
        match statements {
            Ok(statements) => Ok(Self { name, statements }),
            Err(why) => {
                let message = format!("{name} cannot be read: {why}");
                Err(Gap::unprovable(name, message))
            }
        }
    }

    /// The policy's name in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether some statement has a Resource or NotResource.
    pub(super) fn names_resource(&self) -> bool {
        self.statements.iter().any(|statement| statement.resource != Element::Absent)
    }
}

fn parse(text: &str) -> Result<Json, String> {
    let raw = text.trim_start().starts_with('{');
    let decoded = if raw {
        text.into()
    } else {
        percent_decode_str(text).decode_utf8().map_err(|_| "it is not UTF-8".to_owned())?
    };
    serde_json::from_str(&decoded).map_err(|why| format!("it is not JSON ({why})"))
}

fn read(json: Json) -> Result<Vec<Statement>, String> {
    let Json::Map(elements) = json else { return Err("it is no JSON object".to_owned()) };
    let (mut version, mut statements) = (None, None);
    let mut problem = None;
    for (name, value) in elements {
        match name.as_str() {
            "Version" if version.is_none() => version = Some(value),
            "Statement" if statements.is_none() => statements = Some(value),
            "Id" => {}
            "Version" | "Statement" => return Err(format!("its {name} stands twice")),
            // A name that differs only in case may be meant as the element itself.
            _ if ["version", "statement"].contains(&name.to_ascii_lowercase().as_str()) => {
                return Err(format!("its element {name} is not known"));
            }
            _ => problem = Some(format!("the policy's element {name} is not known")),
        }
    }
    // Without a Version, the version is 2008-10-17, which has no policy variables:
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>.
    let variables = match version {
        Some(Json::Text(text)) if text == "2012-10-17" => true,
        Some(Json::Text(text)) if text == "2008-10-17" => false,
        None => false,
        Some(_) => return Err("its Version is not known".to_owned()),
    };
    let statements = match statements {
        Some(Json::List(list)) => list,
        Some(one @ Json::Map(_)) => vec![one],
        _ => return Err("it has no Statement".to_owned()),
    };
    let numbered = (1_usize..).zip(statements);
    Ok(numbered.map(|(number, json)| Statement::read(number, json, variables, problem.clone())).collect())
}

impl Statement {
    fn read(number: usize, json: Json, variables: bool, problem: Option<String>) -> Self {
        let mut this = Self {
            name: number.to_string(),
            effect: Element::Absent,
            action: Element::Absent,
            resource: Element::Absent,
            principal: Element::Absent,
            condition: Element::Absent,
            problem,
        };
        let Json::Map(elements) = json else {
            this.problem = Some("it is no object".to_owned());
            this.effect = Element::Malformed("it is no object".to_owned());
            return this;
        };
        for (name, value) in elements {
            this.read_element(&name, value, variables);
        }
        this
    }

    fn read_element(&mut self, name: &str, value: Json, variables: bool) {
        let patterns = |negated, value: Json, read: fn(&str, bool) -> Pattern| {
            let texts = value.texts().ok_or_else(|| format!("its {name} is no text or list of texts"))?;
            Ok(Patterns { negated, list: texts.iter().map(|text| read(text, variables)).collect() })
        };
        let action: fn(&str, bool) -> Pattern = |text, _| Pattern::action(text);
        let resource: fn(&str, bool) -> Pattern = |text, variables| Pattern::read(text, true, variables);
        match name {
            "Sid" => match value {
                Json::Text(sid) if !sid.is_empty() => self.name = sid,
                Json::Text(_) => {}
                _ => self.problem = Some("its Sid is no text".to_owned()),
            },
            "Effect" => self.effect.set(
                name,
                match value {
                    Json::Text(text) if text == "Allow" => Ok(Effect::Allow),
                    Json::Text(text) if text == "Deny" => Ok(Effect::Deny),
                    _ => Err("its Effect is neither Allow nor Deny".to_owned()),
                },
            ),
            "Action" | "NotAction" => self.action.set(name, patterns(name != "Action", value, action)),
            "Resource" | "NotResource" => self.resource.set(name, patterns(name != "Resource", value, resource)),
            "Principal" | "NotPrincipal" => {
                self.principal.set(name, PrincipalElement::read(value, name != "Principal"));
            }
            "Condition" => self.condition.set(name, condition::read(value, variables)),
            _ => self.note_unknown_element(name),
        }
    }

    /// Notes an unknown element. One whose name differs from a known one only in case may be meant as that one.
    fn note_unknown_element(&mut self, name: &str) {
        let why = || format!("its element {name} is not known");
        match name.to_ascii_lowercase().as_str() {
            "effect" => self.effect = Element::Malformed(why()),
            "action" | "notaction" => self.action = Element::Malformed(why()),
            "resource" | "notresource" => self.resource = Element::Malformed(why()),
            "principal" | "notprincipal" => self.principal = Element::Malformed(why()),
            "condition" => self.condition = Element::Malformed(why()),
            _ => self.problem = Some(why()),
        }
    }
}

impl<T> Element<T> {
    fn set(&mut self, name: &str, read: Result<T, String>) {
        *self = match (&self, read) {
            (Self::Absent, Ok(element)) => Self::Read(element),
            (Self::Absent, Err(why)) => Self::Malformed(why),
            _ => Self::Malformed(format!("it has {name} beside another of its kind")),
        };
    }
}

#[cfg(test)]
mod tests;
