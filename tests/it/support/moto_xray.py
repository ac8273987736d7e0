"""What of X-Ray moto lacks: sampling rules, and where segments go. It stands before moto, and answers in AWS's wire form
(REST-JSON), which `xray_wire.rs` holds against botocore's service model.
"""

import json
import re
import threading


def default_rule(account, region):
    """The rule that every region has and nobody can delete."""
    return {
        "RuleName": "Default",
        "RuleARN": f"arn:aws:xray:{region}:{account}:sampling-rule/Default",
        "ResourceARN": "*",
        "Priority": 10000,
        "FixedRate": 0.05,
        "ReservoirSize": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
    }


class Xray:
    """A WSGI application that answers X-Ray's calls and hands all others on."""

    def __init__(self, others):
        self.others = others
        self.lock = threading.Lock()
        self.rules = {}
        self.destinations = {}

    def __call__(self, environ, start_response):
        operation = getattr(self, environ["PATH_INFO"].strip("/") or "-", None)
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/xray/", environ.get("HTTP_AUTHORIZATION", ""))
        if environ["REQUEST_METHOD"] != "POST" or not scope or not operation:
            return self.others(environ, start_response)
        from moto.iam.models import get_account_id_from

        text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        place = get_account_id_from(scope[1]), scope[2]
        with self.lock:
            body = json.dumps(operation(place, json.loads(text or "{}"))).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    def rules_of(self, place):
        return self.rules.setdefault(place, {"Default": default_rule(*place)})

    def record(self, rule):
        return {"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 1530923163.0}

    def GetSamplingRules(self, place, asked):
        return {"SamplingRuleRecords": [self.record(rule) for rule in self.rules_of(place).values()]}

    def CreateSamplingRule(self, place, asked):
        account, region = place
        rule = {"Attributes": {}, **asked["SamplingRule"]}
        rule["RuleARN"] = f"arn:aws:xray:{region}:{account}:sampling-rule/{rule['RuleName']}"
        self.rules_of(place)[rule["RuleName"]] = rule
        return {"SamplingRuleRecord": self.record(rule)}

    def UpdateSamplingRule(self, place, asked):
        update = asked["SamplingRuleUpdate"]
        rule = self.rules_of(place)[update["RuleName"]]
        rule.update(update)
        return {"SamplingRuleRecord": self.record(rule)}

    def GetTraceSegmentDestination(self, place, asked):
        return {"Destination": self.destinations.get(place, "XRay"), "Status": "ACTIVE"}

    def UpdateTraceSegmentDestination(self, place, asked):
        self.destinations[place] = asked["Destination"]
        return {"Destination": asked["Destination"], "Status": "PENDING"}


