//! The most that is read of one answer. Whatever stands in for AWS, it cannot fill the memory.

use std::{error::Error, fmt};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
        orchestrator::HttpRequest,
    },
};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// In bytes. AWS's largest answers are pages of Lambda's functions and of IAM's policies: a few MiB.
const LONGEST_ANSWER: usize = 64 << 20;

/// An answer was longer than [`LONGEST_ANSWER`].
#[derive(Debug)]
pub(super) struct TooLong;

impl Error for TooLong {}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is longer than {} MiB", LONGEST_ANSWER >> 20)
    }
}

impl TooLong {
    /// Whether an error is this one, or was caused by it.
    pub(super) fn caused(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// A connector whose answers end with an error where they are too long.
#[derive(Debug)]
pub(super) struct LimitedConnector(pub(super) SharedHttpConnector);

impl HttpConnector for LimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move { Ok(answer.await?.map(|body| limited(body, LONGEST_ANSWER))) })
    }
}

fn limited(body: SdkBody, most: usize) -> SdkBody {
    let too_long = |error: BoxError| if error.is::<LengthLimitError>() { TooLong.into() } else { error };
    SdkBody::from_body_1_x(Limited::new(body, most).map_err(too_long))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str, most: usize) -> Result<Vec<u8>, BoxError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let body = limited(SdkBody::from(text), most);
        runtime.block_on(body.collect()).map(|body| body.to_bytes().to_vec())
    }

    #[test]
    fn an_answer_ends_where_it_is_too_long() {
        assert_eq!(read("whole", 5).expect("it is not"), b"whole");
        assert_eq!(read("", 0).expect("it is not"), b"");
        let error = read("longer", 5).expect_err("it is");
        assert!(TooLong::caused(&*error) && error.to_string() == "it is longer than 64 MiB", "{error}");
        assert!(!TooLong::caused(&std::io::Error::other("else")));
    }
}
