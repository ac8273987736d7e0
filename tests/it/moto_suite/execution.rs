//! Execution logs and tracing.

use crate::support::seed::{Account, Stage};

#[test]
fn execution_logs_and_tracing() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let set = Stage::default;
    // AWS answers with the key `pets/GET` where it was patched at `~1pets/GET`; moto keeps the latter.
    let settings = [
        ("unset", set()),
        ("off", set().level("OFF")),
        ("error", set().level("ERROR")),
        ("info", set().level("INFO")),
        ("info-override-off", set().level("INFO").over("~1pets/GET", "OFF", false)),
        ("info-override-error", set().level("INFO").over("~1pets/GET", "ERROR", false)),
        ("info-overrides-mixed", set().level("INFO").over("~1a/GET", "INFO", false).over("~1b/GET", "OFF", false)),
        ("off-override-info", set().level("OFF").over("~1pets/GET", "INFO", false)),
        ("unset-override-info", set().over("~1pets/GET", "INFO", false)),
        ("unset-override-off", set().over("~1pets/GET", "OFF", false)),
        ("data-trace", set().level("INFO").data_trace()),
        ("data-trace-override", set().level("INFO").over("~1pets/GET", "INFO", true)),
        ("data-trace-off", set().level("OFF").data_trace()),
        ("tracing", set().level("INFO").tracing()),
    ];
    let mut stages: Vec<_> =
        settings.iter().map(|(name, stage)| (format!("rest-{name}"), region.rest(name, "prod", stage))).collect();
    // HTTP APIs have no execution logs; AWS takes the settings and ignores them.
    for (name, stage) in [("unset", set()), ("info", set().level("INFO").data_trace())] {
        stages.push((format!("http-{name}"), region.http(name, "$default", &stage)));
    }
    let settings = [
        ("unset", set()),
        ("off", set().level("OFF")),
        ("error", set().level("ERROR")),
        ("info", set().level("INFO")),
        ("info-override-off", set().level("INFO").over("$connect", "OFF", false)),
        ("info-override-error", set().level("INFO").over("$connect", "ERROR", false)),
        ("off-override-info", set().level("OFF").over("$connect", "INFO", false)),
        ("data-trace", set().level("INFO").data_trace()),
        ("data-trace-override", set().level("INFO").over("$connect", "INFO", true)),
    ];
    for (name, stage) in &settings {
        stages.push((format!("ws-{name}"), region.websocket(name, "prod", stage)));
    }
    let subjects: Vec<_> = stages.iter().map(|(name, arn)| (name.as_str(), arn.as_str())).collect();
    account.audit().args(["--region", "us-east-1"]).run().report().is(
        &subjects,
        "                          exec    payload  trace
        rest-unset                 medium  pass     medium
        rest-off                   medium  pass     medium
        rest-error                 pass    pass     medium
        rest-info                  pass    pass     medium
        rest-info-override-off     medium  pass     medium
        rest-info-override-error   pass    pass     medium
        rest-info-overrides-mixed  medium  pass     medium
        rest-off-override-info     medium  pass     medium
        rest-unset-override-info   medium  pass     medium
        rest-unset-override-off    medium  pass     medium
        rest-data-trace            pass    medium   medium
        rest-data-trace-override   pass    medium   medium
        rest-data-trace-off        medium  medium   medium
        rest-tracing               pass    pass     pass
        http-unset                 n/a     n/a      n/a
        http-info                  n/a     n/a      n/a
        ws-unset                   medium  pass     n/a
        ws-off                     medium  pass     n/a
        ws-error                   pass    pass     n/a
        ws-info                    pass    pass     n/a
        ws-info-override-off       medium  pass     n/a
        ws-info-override-error     pass    pass     n/a
        ws-off-override-info       medium  pass     n/a
        ws-data-trace              pass    medium   n/a
        ws-data-trace-override     pass    medium   n/a",
    );
}
