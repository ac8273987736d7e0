"""Holds what was said to and by the small CloudWatch against botocore's model of the service."""

import datetime, io, json, sys

import botocore.parsers, botocore.serialize, botocore.session, botocore.validate

model = botocore.session.get_session().get_service_model("cloudwatch").operation_model("GetMetricData")
parser = botocore.parsers.create_parser("smithy-rpc-v2-cbor")
given = json.load(sys.stdin)

# The SDK's own request, by botocore's reader of CBOR: it has what the model wants, and nothing that it does not know.
asked = parser.parse_data_item(io.BufferedReader(io.BytesIO(bytes.fromhex(given["request"]))))
report = botocore.validate.ParamValidator().validate(asked, model.input_shape)
unknown = set(asked) - set(model.input_shape.members)
for query in asked["MetricDataQueries"]:
    unknown |= set(query) - set(model.input_shape.members["MetricDataQueries"].member.members)

# An answer of the small CloudWatch.
answer = {"body": bytes.fromhex(given["answer"]), "headers": {"smithy-protocol": "rpc-v2-cbor"}, "status_code": 200}
told = parser.parse(answer, model.output_shape)
results = [[r["Id"], r["StatusCode"], [t.timestamp() for t in r["Timestamps"]], r["Values"]] for r in told["MetricDataResults"]]

# A request as botocore writes it.
metric = {"Namespace": "AWS/ApiGateway", "MetricName": "Count"}
metric["Dimensions"] = [{"Name": "ApiName", "Value": "orders"}, {"Name": "Stage", "Value": "prod"}]
stat = {"Metric": metric, "Period": 300, "Stat": "SampleCount"}
at = lambda second: datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
params = {"MetricDataQueries": [{"Id": "q0", "MetricStat": stat, "ReturnData": True}]}
params |= {"StartTime": at(1_795_251_600), "EndTime": at(1_795_337_100)}
written = botocore.serialize.create_serializer("smithy-rpc-v2-cbor").serialize_to_request(params, model)
print(json.dumps({
    "problems": report.generate_report(), "unknown": sorted(unknown), "queries": len(asked["MetricDataQueries"]),
    "results": results, "request": written["body"].hex(), "path": written["url_path"],
}))  # fmt: skip
