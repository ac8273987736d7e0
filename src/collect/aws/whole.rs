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
            Err(error) => Err(format!("the answer is not whole: {error}").into()),
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
