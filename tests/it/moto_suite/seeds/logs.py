own = role("logging", allow("*"))
HOURS = 60


def noise(n, hours=20.0):
    """Lines as functions write them, spread over the hours before the last one."""
    return [(HOURS + (hours - 1) * HOURS * i / n, f'{{"level":"INFO","requestId":"r-{i}","message":"order {i} ok"}}') for i in range(n)]


def of_function(name, *events, days=30):
    function(name, own)
    group = log_group(f"/aws/lambda/{name}", days)
    write(group.split("log-group:")[1], "2026/11/22/[$LATEST]0", [*noise(50), *events])


# 3,000 events in 6 streams, 5 of them hits, in different streams.
function("busy", own)
log_group("/aws/lambda/busy", 30)
hits = [(hour * HOURS + 7, f"[ERROR] Failed to emit logs: attempt {hour}") for hour in (1, 4, 9, 15, 20)]
for stream in range(6):
    write("/aws/lambda/busy", f"stream-{stream}", noise(500)[: 500 - len(hits[stream : stream + 1])] + hits[stream : stream + 1])

# More than a page.
function("paged", own)
log_group("/aws/lambda/paged", 30)
write("/aws/lambda/paged", "0", noise(12_000))
write("/aws/lambda/paged", "1", [(61, "Failed to emit logs"), (19 * HOURS, "Failed to emit logs")])

of_function("lower", (90, "WARN failed to emit logs to the telemetry endpoint"))
of_function("batch", (90, "2026-11-22T09:00:00Z [Error] Sending segment batch failed with: AccessDeniedException"))
of_function("dropped", (90, "Segment dropped. Consider increasing memory limit"))
of_function("entity", (90, "cannot send: Failed to send entity to Daemon"))
of_function("exporter", (90, '{"level":"error","msg":"Exporting failed. Rejecting data. Try enabling sending_queue","dropped_items":4}'))
of_function("denied-logs", (90, "AccessDeniedException: User: r is not authorized to perform: logs:PutLogEvents on resource: g"))
of_function("denied-xray", (90, "AccessDenied: not authorized to perform xray:PutTraceSegments"))
of_function("both", (90, "Segment dropped."), (95, "Failed to emit logs"))
of_function("old", (3 * 24 * HOURS, "Failed to emit logs"))
of_function("for-ever", days=None)
of_function(
    "decoys",
    *((90 + at, line) for at, line in enumerate((
        "Failed to emit  logs", "Failed to emit log", "FAILED TO EMIT LOGS", "Failed emit logs to", "logs to emit: Failed",
        "Failed to emit\tlogs", "Sending segment batch failed", "Sending segment batch succeeded with", "Segment dropped",
        "Segment was dropped.", "Failed to send entity", "Exporting failed. Will retry", "Rejecting data", "AccessDenied",
        "AccessDenied: dynamodb:PutItem", "calling logs:PutLogEvents", "xray:PutTraceSegments", "Access denied for logs:PutLogEvents",
    ))),
)  # fmt: skip
function("never-ran", own)
answer["never-ran"] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/never-ran"

# Groups of stages: what clients say is in the access log, and not to be trusted.
access = log_group("/aws/gateway/access", 30)
write("/aws/gateway/access", "0", [*noise(20), (90, '{"userAgent":"Failed to emit logs","status":"200"}')])
quiet = log_group("/aws/gateway/quiet", 30)
write("/aws/gateway/quiet", "0", noise(20))
api = rest_api("orders", ("prod", False), ("test", False))
for stage, group, days in (("prod", access, 7), ("test", quiet, None)):
    operations = [("/accessLogSettings/destinationArn", group), ("/accessLogSettings/format", '{"id":"$context.requestId"}'), ("/*/*/logging/loglevel", "INFO")]
    patches = [dict(op="replace", path=path, value=value) for path, value in operations]
    rest.update_stage(restApiId=api, stageName=stage, patchOperations=patches)
    name = f"API-Gateway-Execution-Logs_{api}/{stage}"
    answer[f"execution-{stage}"] = log_group(name, days)
    del answer[name]
    write(name, "0", [*noise(20), *([(90, "(r-1) Failed to emit logs")] if stage == "prod" else [])])
answer = {name: arn for name, arn in answer.items() if ":log-group:" in arn}
