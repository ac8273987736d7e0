//! Functions and their roles.

use super::assert_table;

/// The scenarios of the moto suite, with custom log groups, which moto drops, and without the caller of an alias.
#[test]
fn functions() {
    let mended = r#"
for name in ("there", "absent"):
    custom = {"LogFormat": "Text", "LogGroup": f"/custom/{name}"}
    functions.update_function_configuration(FunctionName=f"log-custom-{name}", LoggingConfig=custom)
functions.delete_function(FunctionName="called-by-alias")
del answer["called-by-alias"]
"#;
    assert_table(
        &[include_str!("../moto_suite/seeds/functions.py"), mended],
        "                         active  traces  logs
        active                    pass    pass    pass
        called                    medium  n/a|.   pass
        called-on-any-stage       medium  n/a|.   pass
        called-on-other-stage     low     n/a|.   pass
        called-untraced           low     n/a|.   pass
        called-by-http            low     n/a|.   pass
        called-by-stranger        low     n/a|.   pass
        called-by-nobody          low     n/a|.   pass
        trace-nothing             pass    high    pass
        trace-both                pass    pass    pass
        trace-wildcard            pass    pass    pass
        trace-scoped              pass    high    pass
        trace-segments-only       pass    low     pass
        trace-telemetry-only      pass    high    pass
        trace-managed             pass    pass    pass
        trace-denied              pass    high    pass
        trace-boundary            pass    high    pass
        trace-deleted             pass    high    high
        trace-nothing-but-off     low     n/a|.   pass
        log-nothing               pass    pass    high
        log-basic-absent          pass    pass    pass
        log-basic-there           pass    pass    pass
        log-streams-there         pass    pass    pass
        log-streams-absent        pass    pass    high
        log-create-absent         pass    pass    pass
        log-no-suffix             pass    pass    high
        log-other-group           pass    pass    high
        log-put-only              pass    pass    high
        log-denied                pass    pass    high
        log-custom-there          pass    pass    pass
        log-custom-absent         pass    pass    high",
    );
}
