//! What CloudWatch said to a call, over all its pages.

use aws_sdk_cloudwatch::{
    operation::get_metric_data::GetMetricDataOutput,
    types::{MessageData, MetricDataResult, StatusCode},
};
use gatelight_model::{Gap, GapKind, fetched::GapDetails};

use super::{
    query::{MetricTotal, place},
    window::Window,
};
use crate::collect::aws::{Operation, failed, lacks};

/// The answers to the queries of a call.
#[derive(Debug)]
pub(super) struct Answers {
    resource: String,
    queries: Vec<Answer>,
    /// What CloudWatch had to say about the call as a whole: then not all of it was done.
    objection: Option<Gap>,
}

/// The answer to one query.
#[derive(Clone, Debug, Default)]
struct Answer {
    /// The beginning of each period, in seconds since 1970, and its value.
    points: Vec<(i64, f64)>,
    /// Whether the last page was a whole answer; none before the first.
    status: Option<StatusCode>,
    /// What is wrong with it.
    objection: Option<Gap>,
}

impl Answers {
    pub(super) fn new(queries: usize, resource: &str) -> Self {
        Self { resource: resource.to_owned(), queries: vec![Answer::default(); queries], objection: None }
    }

    /// Takes a page.
    pub(super) fn take(&mut self, page: &GetMetricDataOutput) {
        let objection = |messages: &[MessageData]| {
            let message = messages.first()?;
            let said = [message.code(), message.value()].into_iter().flatten().collect::<Vec<_>>().join(": ");
            Some(failed(Operation::GetMetricData, &self.resource, &format!("CloudWatch returned {said}")))
        };
        self.objection = self.objection.take().or_else(|| objection(page.messages()));
        for result in page.metric_data_results() {
            let MetricDataResult { timestamps, values, status_code, messages, .. } = result;
            let at = result.id().and_then(place);
            let Some(answer) = at.and_then(|at| self.queries.get_mut(at)) else { continue };
            let (times, values) = (timestamps.as_deref().unwrap_or_default(), values.as_deref().unwrap_or_default());
            let unfit = || failed(Operation::GetMetricData, &self.resource, "the data points are invalid");
            let is_count = |value: &f64| value.is_finite() && *value >= 0.0;
            if times.len() != values.len() || !values.iter().all(is_count) {
                answer.objection = Some(unfit());
            }
            answer.objection = answer.objection.take().or_else(|| objection(messages.as_deref().unwrap_or_default()));
            answer
                .points
                .extend(times.iter().map(aws_sdk_cloudwatch::primitives::DateTime::secs).zip(values.iter().copied()));
            answer.status.clone_from(status_code);
        }
    }

    /// What the data points of a query came to in a window.
    ///
    /// # Errors
    /// If CloudWatch did not say all of it.
    pub(super) fn total(&self, query: usize, window: Window) -> Result<MetricTotal, Gap> {
        let lacks = || lacks(Operation::GetMetricData, &self.resource, "a metric that was asked for");
        let answer = self.queries.get(query).ok_or_else(lacks)?;
        if let Some(gap) = self.objection.as_ref().or(answer.objection.as_ref()) {
            return Err(gap.clone());
        }
        match &answer.status {
            Some(StatusCode::Complete) => {}
            Some(StatusCode::Forbidden) => {
                return Err(Gap::new(GapDetails {
                    operation: Operation::GetMetricData.name().to_owned(),
                    permission: Operation::GetMetricData.permission().to_owned(),
                    resource: self.resource.clone(),
                    kind: GapKind::Denied,
                    message: "CloudWatch's status of the metric is Forbidden".to_owned(),
                    denied_by: None,
                }));
            }
            Some(status) => {
                let said = format!("CloudWatch's status of the metric is {}", status.as_str());
                return Err(failed(Operation::GetMetricData, &self.resource, &said));
            }
            None => return Err(lacks()),
        }
        let mut total = MetricTotal::default();
        for (_, value) in answer.points.iter().filter(|(second, _)| window.holds(*second)) {
            total.sum += value;
            total.greatest = Some(total.greatest.map_or(*value, |greatest| greatest.max(*value)));
        }
        Ok(total)
    }
}
