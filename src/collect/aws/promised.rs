//! Fields that AWS promises: the SDK puts an empty list or "" in the place of one that did not come, and an empty
//! list of policies is an answer.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

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
