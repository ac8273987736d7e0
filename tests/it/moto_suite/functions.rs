//! Functions: whether they trace, and whether their roles let them trace and log.

use serde_json::Value;

use crate::support::{
    proxy::{Call, Proxy, Rule},
    report::Report,
    run::Gatelight,
    seed::{Account, Seeded},
};

/// Of functions alone, without networks and without searches.
fn checks(audit: Gatelight) -> Gatelight {
    audit.args(["--region", "us-east-1", "--check", "function-tracing-off", "--check", "function-role-cannot-trace"])
}

fn audit(account: &Account) -> Report {
    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "lambda:ListFunctions" => Rule::Rewrite(with_custom_groups),
        _ => Rule::Forward,
    });
    let audit = checks(account.audit()).args(["--check", "function-role-cannot-log"]);
    audit.endpoint(&proxy.url()).run().report()
}

/// moto drops what a function is told about its log group.
fn with_custom_groups(answer: &str) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    for function in answer["Functions"].as_array_mut().unwrap() {
        let group = match function["FunctionName"].as_str().unwrap() {
            "log-custom-there" => "/custom/there",
            "log-custom-absent" => "/custom/absent",
            _ => continue,
        };
        function["LoggingConfig"] = serde_json::json!({"LogFormat": "Text", "LogGroup": group});
    }
    answer.to_string()
}

fn seeded() -> (Account, Seeded) {
    let account = Account::new();
    let seeded = account.script("us-east-1", include_str!("seeds/functions.py"));
    (account, seeded)
}

/// moto gives the policy of an alias where the function's own is asked for, so what `called-by-alias` shows is left open.
/// All but a few of these share no group: `called…`'s do not exist, and their role may create them.
#[test]
fn tracing_and_roles() {
    let (account, seeded) = seeded();
    audit(&account).is(
        &seeded.subjects(),
        "                         active  traces  logs
        active                    pass    pass    pass
        called                    medium  n/a|.   pass
        called-on-any-stage       medium  n/a|.   pass
        called-on-other-stage     low     n/a|.   pass
        called-untraced           low     n/a|.   pass
        called-by-http            low     n/a|.   pass
        called-by-stranger        low     n/a|.   pass
        called-by-nobody          low     n/a|.   pass
        called-by-alias           low|medium n/a|.   pass
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

/// Verdicts are about `$LATEST`, and callers are those that are known: the messages say so.
#[test]
fn messages_claim_no_more_than_is_known() {
    let (account, seeded) = seeded();
    let report = audit(&account);
    let message = |check, name| report.outcome(check, &seeded[name])["message"].as_str().unwrap();
    let uncalled = message("function-tracing-off", "called-by-nobody");
    assert!(uncalled.contains("$LATEST"), "{uncalled}");
    assert!(uncalled.contains("known"), "no proof that nobody calls it: {uncalled}");
    let called = report.outcome("function-tracing-off", &seeded["called"]);
    assert!(called.to_string().contains("traced/prod"), "{called:#}");
    let denied = report.outcome("function-role-cannot-trace", &seeded["trace-scoped"]);
    assert!(denied.to_string().contains("xray:PutTraceSegments"), "{denied:#}");
    for (name, _) in seeded.subjects() {
        let subject = &report.outcome("function-tracing-off", &seeded[name])["subject"];
        assert_eq!((&subject["kind"], &subject["name"]), (&"function".into(), &name.into()));
    }
}

/// Sixty functions over that many roles, of three kinds: may do both, may do neither, may not log.
fn sixty_functions(roles: usize) -> (Report, Proxy, Seeded) {
    let account = Account::new();
    let script = format!(
        "
kinds = ([allow('logs:*'), allow('xray:Put*')], [], [allow('xray:Put*')])
shared = iam.create_policy(PolicyName='shared', PolicyDocument=policy(allow('s3:*')))['Policy']['Arn']
roles = [role(f'role-{{n:02}}', *kinds[n % 3], attached=[shared], Path='/service/') for n in range({roles})]
for n in range(60):
    function(f'function-{{n:02}}', roles[n % {roles}])
"
    );
    let seeded = account.script("us-east-1", &script);
    let proxy = Proxy::start(|_| Rule::Forward);
    let audit = checks(account.audit()).args(["--check", "function-role-cannot-log"]);
    let report = audit.endpoint(&proxy.url()).run().report();
    let mut table = "active traces logs\n".to_owned();
    for n in 0..60 {
        let verdicts = ["pass pass pass", "pass high high", "pass pass high"][(n % roles) % 3];
        table += &format!("function-{n:02} {verdicts}\n");
    }
    report.is(&seeded.subjects(), &table);
    (report, proxy, seeded)
}

fn count(proxy: &Proxy, asked: impl Fn(&Call) -> bool) -> usize {
    proxy.calls().iter().filter(|call| asked(call)).count()
}

/// One listing of everything beats a hundred questions.
#[test]
fn many_roles_are_listed() {
    let (.., proxy, _) = sixty_functions(45);
    assert!(count(&proxy, |call| call.operation == "iam:GetAccountAuthorizationDetails") > 0);
    let by_role = count(&proxy, |call| call.operation.starts_with("iam:") && call.operation.contains("Role"));
    assert!(by_role < 10, "{by_role} questions about single roles");
    let policies = count(&proxy, |call| call.operation == "iam:GetPolicyVersion");
    assert!(policies <= 1, "the shared policy was read {policies} times");
}

/// A listing of everything would be a waste.
#[test]
fn few_roles_are_asked_about() {
    let (.., proxy, _) = sixty_functions(3);
    assert_eq!(count(&proxy, |call| call.operation == "iam:GetAccountAuthorizationDetails"), 0);
    assert_eq!(count(&proxy, |call| call.operation == "iam:GetRole"), 3);
    assert_eq!(count(&proxy, |call| call.operation == "iam:GetPolicy"), 1, "every policy once");
}
