//! Whether an answer is whole. The SDK is lenient where an auditor must not be: it reads XML that was cut off as far as it
//! goes, and puts an empty list or "" in the place of a field that AWS promises and did not send. Half a list of
//! policies, or none, would be an answer.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// Fails an answer that is not well-formed XML. For every client of a service that speaks XML.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WellFormed;

#[dyn_dispatch_hint]
impl Intercept for WellFormed {
    fn name(&self) -> &'static str {
        "WellFormed"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.output_or_error().is_err() {
            return Ok(());
        }
        let body = context.response().body().bytes().unwrap_or_default();
        let text = std::str::from_utf8(body).map_err(|_| "the answer is not text")?;
        match roxmltree::Document::parse(text) {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "an answer is not well-formed XML");
                Err("the answer is incomplete".into())
            }
        }
    }
}

/// Fails an answer in which a field of that name does not occur. For a call's `customize().interceptor(…)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promised(pub(crate) &'static str);

#[dyn_dispatch_hint]
impl Intercept for Promised {
    fn name(&self) -> &'static str {
        "Promised"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let name = self.0.as_bytes();
        if context.output_or_error().is_ok() && !body.windows(name.len()).any(|window| window == name) {
            return Err(format!("the answer lacks {}", self.0).into());
        }
        Ok(())
    }
}

/// Fails an answer in JSON in which some element of a list lacks a field. For a call's `customize().interceptor(…)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PromisedOfEach {
    /// The list.
    pub(crate) list: &'static str,
    /// The part of each element that holds the fields.
    pub(crate) part: &'static str,
    pub(crate) fields: &'static [&'static str],
}

impl PromisedOfEach {
    /// The first field that some element lacks. If the whole list is missing, the SDK reports it.
    fn missing(&self, body: &[u8]) -> Result<Option<&'static str>, serde_json::Error> {
        let answer: serde_json::Value = serde_json::from_slice(body)?;
        let parts = answer[self.list].as_array().into_iter().flatten().map(|element| &element[self.part]);
        let lacks = |part: &serde_json::Value| self.fields.iter().find(|field| part[**field].is_null()).copied();
        Ok(parts.filter(|part| !part.is_null()).find_map(lacks))
    }
}

#[dyn_dispatch_hint]
impl Intercept for PromisedOfEach {
    fn name(&self) -> &'static str {
        "PromisedOfEach"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.output_or_error().is_err() {
            return Ok(());
        }
        match self.missing(context.response().body().bytes().unwrap_or_default()) {
            Err(error) => {
                tracing::debug!(%error, "an answer is not JSON");
                Err("the answer is incomplete".into())
            }
            Ok(None) => Ok(()),
            Ok(Some(field)) => Err(format!("the answer lacks {field} in one of {}", self.list).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_is_looked_at() {
        let rules = PromisedOfEach { list: "Rules", part: "Rule", fields: &["Rate", "Size"] };
        let missing = |body: &str| rules.missing(body.as_bytes()).expect("is JSON");
        assert_eq!(missing(r#"{"Rules":[{"Rule":{"Rate":0,"Size":0}},{"Rule":{"Rate":0.5,"Size":1}}]}"#), None);
        assert_eq!(missing(r#"{"Rules":[{"Rule":{"Rate":0,"Size":0}},{"Rule":{"Size":1}}]}"#), Some("Rate"));
        assert_eq!(missing(r#"{"Rules":[{"Rule":{"Rate":0,"Size":null}}]}"#), Some("Size"));
        for whole in ["{}", r#"{"Rules":[]}"#, r#"{"Rules":[{"Other":1}]}"#] {
            assert_eq!(missing(whole), None, "{whole}");
        }
        assert!(rules.missing(b"{").is_err());
    }
}
