//! What OpenTelemetry's SDKs and collectors write when logs or traces are lost, or have to be sent again.
//!
//! A text that names spans or traces is searched for as it is. One that names no kind of data may be about metrics too: a
//! line that says so is left out. One about log records stays in, as these are logs that do not arrive.

use super::pattern::LogPattern;
use crate::Severity;

/// How lines say that they are about metrics: in the fields of the collector and in the addresses of OTLP, in the names of
/// Python's loggers, and in JavaScript's errors.
const METRICS: &[&str] = &["\"metrics", "/v1/metrics", "metric_exporter", "metrics export failed"];
/// The same, and how lines say that it went well in the end.
const METRICS_OR_RECOVERED: &[&str] = &[
    "\"metrics",
    "/v1/metrics",
    "metric_exporter",
    "metrics export failed",
    "succeeded",
    "ecovered",
    "econnected",
    // Go's notation of a connection, `127.0.0.1:43178->10.0.0.2:53`: the first is a port that stands for nothing.
    "->",
];

const COLLECTOR: &str =
    "https://github.com/open-telemetry/opentelemetry-collector/tree/v0.140.0/exporter/exporterhelper/internal";
const OLD_COLLECTOR: &str =
    "https://github.com/open-telemetry/opentelemetry-collector/blob/v0.74.0/exporter/exporterhelper/queued_retry.go";

/// By Java (`HttpExporter.java`, `GrpcExporter.java`), Python (`trace_exporter`, `BatchSpanProcessor`), JavaScript
/// (`BatchSpanProcessorBase.ts`, `SimpleSpanProcessor.ts`) and Rust.
pub(super) const SPANS_NOT_EXPORTED: LogPattern = LogPattern {
    name: "spans-not-exported",
    severity: Severity::Medium,
    any_of: &[
        "Failed to export spans",
        "Failed to export span batch",
        "Failed to export traces",
        "Exception while exporting Span",
        "span export failed",
        "OpenTelemetry trace error occurred",
    ],
    and_any_of: &[],
    none_of: &[],
    says: "an OpenTelemetry SDK could not send spans",
    fix: "Let the function reach the collector or the endpoint that its exporter is set to; the event names what failed.",
    source: "https://github.com/open-telemetry/opentelemetry-java/tree/main/exporters/otlp/all, \
             https://github.com/open-telemetry/opentelemetry-python/tree/v1.39.0/exporter, \
             https://github.com/open-telemetry/opentelemetry-js/tree/v2.9.0/packages, \
             https://github.com/open-telemetry/opentelemetry-lambda/issues/171",
};

/// By Go, whose errors all begin alike. A line of settings may begin so too, hence the second text.
pub(super) const TRACES_NOT_EXPORTED: LogPattern = LogPattern {
    name: "traces-not-exported",
    severity: Severity::Medium,
    any_of: &["traces export: ", "OTLP partial success: ", "failed to send to "],
    and_any_of: &[
        "rpc error",
        "context deadline exceeded",
        "context canceled",
        "traces export: Post ",
        "/v1/traces",
        "export timeout",
        "max retry time elapsed",
        "retry-able request failure",
        "too large",
        "spans rejected",
    ],
    none_of: METRICS,
    says: "OpenTelemetry's exporter for Go could not send traces",
    fix: "Let the program reach the collector or the endpoint that its exporter is set to; the event names what failed.",
    source: "https://github.com/open-telemetry/opentelemetry-go/blob/main/exporters/otlp/otlptrace/exporter.go",
};

/// By Java (`BatchSpanProcessor.java`), JavaScript (`BatchSpanProcessorBase.ts`) and Python (`_shared_internal`, earlier
/// `BatchSpanProcessor`; `trace_exporter` for what is too large).
pub(super) const SPANS_DROPPED: LogPattern = LogPattern {
    name: "spans-dropped",
    severity: Severity::Medium,
    any_of: &[
        "BatchSpanProcessor dropped",
        "spans because maxQueueSize reached",
        "Queue full, dropping Span",
        "likely spans will be dropped",
        "Dropping span batch",
    ],
    and_any_of: &[],
    none_of: &[],
    says: "an OpenTelemetry SDK dropped spans",
    fix: "Raise OTEL_BSP_MAX_QUEUE_SIZE, or sample fewer requests; if exports fail too, that is the cause.",
    source: "https://github.com/open-telemetry/opentelemetry-java/blob/main/sdk/trace/src/main/java/io/opentelemetry/sdk/trace/export/BatchSpanProcessor.java, \
             https://github.com/open-telemetry/opentelemetry-js/blob/v2.9.0/packages/sdk-trace/src/export/BatchSpanProcessorBase.ts, \
             https://github.com/open-telemetry/opentelemetry-python/blob/v1.33.0/opentelemetry-sdk/src/opentelemetry/sdk/trace/export/__init__.py",
};

/// By Python, which tries again and says nothing if that goes well.
pub(super) const SPANS_RETRIED: LogPattern = LogPattern {
    name: "spans-retried",
    severity: Severity::Medium,
    any_of: &["encountered while exporting "],
    and_any_of: &["exporting traces", "exporting span"],
    none_of: &[],
    says: "OpenTelemetry's exporter for Python had to send spans again",
    fix: "If it goes on, let the function reach the collector or the endpoint that its exporter is set to.",
    source: "https://github.com/open-telemetry/opentelemetry-python/tree/v1.39.0/exporter",
};

/// By Python up to 1.35 (`trace_exporter` and `metric_exporter` alike) and JavaScript (`OTLPExporterError` of
/// `otlp-exporter-base`; `otlp-export-delegate.ts`): they do not say what could not be sent.
pub(super) const OTLP_EXPORT_FAILED: LogPattern = LogPattern {
    name: "otlp-export-failed",
    severity: Severity::Medium,
    any_of: &["Failed to export batch code:", "OTLPExporterError", "Concurrent export limit"],
    and_any_of: &[],
    none_of: METRICS,
    says: "an OpenTelemetry SDK could not send what it had collected",
    fix: "Let the function reach the collector or the endpoint that its exporter is set to; the event names what failed.",
    source: "https://github.com/aws-observability/aws-otel-lambda/issues/610, \
             https://github.com/open-telemetry/opentelemetry-js/tree/v1.30.0/experimental/packages/otlp-exporter-base/src",
};

/// By Python's HTTP client (`requests`, `urllib3`).
pub(super) const OTLP_TIMED_OUT: LogPattern = LogPattern {
    name: "otlp-timed-out",
    severity: Severity::Medium,
    any_of: &["port=4318", "port=4317"],
    and_any_of: &["ReadTimeout", "ConnectTimeout", "timed out", "Max retries exceeded", "onnection refused"],
    none_of: METRICS_OR_RECOVERED,
    says: "the collector beside a function did not answer it in time",
    fix: "Let the collector reach its endpoint, and give the function more memory.",
    source: "https://github.com/aws-observability/aws-otel-lambda/issues/267, \
             https://github.com/aws-observability/aws-otel-lambda/issues/223",
};

/// By Node.js and by gRPC of every language.
pub(super) const OTLP_UNREACHABLE: LogPattern = LogPattern {
    name: "otlp-unreachable",
    severity: Severity::Medium,
    any_of: &[":4317", ":4318"],
    and_any_of: &[
        "ECONNREFUSED",
        "ETIMEDOUT",
        "dial tcp",
        "DEADLINE_EXCEEDED",
        "deadline exceeded",
        "onnection refused",
        "onnection timed out",
    ],
    none_of: METRICS_OR_RECOVERED,
    says: "an OpenTelemetry SDK could not reach its collector",
    fix: "See that the collector is started (the layer, OPENTELEMETRY_COLLECTOR_CONFIG_URI) and listens on that port.",
    source: "https://github.com/open-telemetry/opentelemetry-lambda/issues/1218, \
             https://github.com/open-telemetry/opentelemetry-js/issues/3644",
};

/// By the collector from 0.93 on where there is no queue, and to whoever sent it the data.
pub(super) const EXPORT_REJECTED: LogPattern = LogPattern {
    name: "export-rejected",
    severity: Severity::Medium,
    any_of: &["Exporting failed. Rejecting data"],
    and_any_of: &[],
    none_of: METRICS,
    says: "the OpenTelemetry collector threw data away",
    fix: "Let the collector reach its endpoint and its role send there; the event names what failed.",
    source: COLLECTOR,
};

/// By the collector of every version.
pub(super) const EXPORT_DROPPED: LogPattern = LogPattern {
    name: "export-dropped",
    severity: Severity::Medium,
    any_of: &["Exporting failed."],
    and_any_of: &["Dropping data", "No more retries left", "The error is not retryable"],
    none_of: METRICS,
    says: "the OpenTelemetry collector dropped data that it could not send",
    fix: "Let the collector reach its endpoint and its role send there; the event names what failed.",
    source: OLD_COLLECTOR,
};

/// By the collector: a line of its own before 0.93, the cause in another line since.
pub(super) const EXPORT_QUEUE_FULL: LogPattern = LogPattern {
    name: "export-queue-full",
    severity: Severity::Medium,
    any_of: &["sending_queue is full", "sending queue is full"],
    and_any_of: &[],
    none_of: METRICS,
    says: "the OpenTelemetry collector's queue was full, and data was dropped",
    fix: "Let the collector reach its endpoint; if it does, raise queue_size.",
    source: OLD_COLLECTOR,
};

/// By the collector before 0.93.
pub(super) const EXPORT_NOT_RETRIED: LogPattern = LogPattern {
    name: "export-not-retried",
    severity: Severity::Medium,
    any_of: &["Exporting failed."],
    and_any_of: &["Try enabling retry_on_failure config option"],
    none_of: METRICS,
    says: "the OpenTelemetry collector gave data up without another try",
    fix: "Let the collector reach its endpoint; turn retry_on_failure on.",
    source: "https://github.com/aws-observability/aws-otel-lambda/issues/1120",
};

/// By the collector. In a function the next try may come with its next invocation, or never.
pub(super) const EXPORT_RETRIED: LogPattern = LogPattern {
    name: "export-retried",
    severity: Severity::Medium,
    any_of: &["Exporting failed."],
    and_any_of: &["Will retry the request after interval.", "Putting back to the end of the queue"],
    none_of: METRICS,
    says: "the OpenTelemetry collector had to send data again",
    fix: "If it goes on, let the collector reach its endpoint and its role send there.",
    source: COLLECTOR,
};

/// By the collector's exporter to X-Ray.
pub(super) const XRAY_TIMED_OUT: LogPattern = LogPattern {
    name: "xray-timed-out",
    severity: Severity::Medium,
    any_of: &["/TraceSegments"],
    and_any_of: &["Client.Timeout", "request canceled", "deadline exceeded", "i/o timeout"],
    none_of: &[],
    says: "X-Ray did not answer the OpenTelemetry collector in time",
    fix: "Let the collector reach X-Ray: through a NAT gateway, or an interface endpoint.",
    source: "https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/12961",
};

/// By Java and Python, and perhaps by programs that are no exporters: hence not by default.
pub(super) const LOG_RECORDS_NOT_EXPORTED: LogPattern = LogPattern {
    name: "log-records-not-exported",
    severity: Severity::Medium,
    any_of: &["Failed to export logs", "Exception while exporting Log", "Exception while exporting logs"],
    and_any_of: &[],
    none_of: &[],
    says: "an OpenTelemetry SDK could not send log records",
    fix: "Let the function reach the collector or the endpoint that its exporter is set to; the event names what failed.",
    source: "https://github.com/open-telemetry/opentelemetry-python/tree/v1.39.0/exporter",
};
