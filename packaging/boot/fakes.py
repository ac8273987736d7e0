"""Fakes, on loopback, of what the service talks to: AWS (one account with one stage that has no access log), the metadata
service that hands out the instance role's credentials, and Slack. They log requests below /run/fakes."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REQUESTS = Path("/run/fakes")
ROLE = {
    "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIAIOSFODNN7INSTANCE", "SecretAccessKey": "not-a-secret",
    "Token": "token", "Expiration": "2099-01-01T00:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z",
}
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::123456789012:assumed-role/gatelight/i-1</Arn><UserId>AROA:i-1</UserId><Account>123456789012</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
STAGE = {"stageName": "prod", "deploymentId": "d", "tracingEnabled": False, "methodSettings": {}, "createdDate": 1.0, "lastUpdatedDate": 1.0}


class Fake(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def answer(self, status, body, kind="application/json", headers=()):
        body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_request_to(self, file, text):
        with self.lock, open(REQUESTS / file, "a") as out:
            out.write(text + "\n")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def log_message(self, *_):
        pass


class Aws(Fake):
    def do_GET(self):
        body, path = self.body(), self.path.split("?")[0]
        key = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        self.log_request_to("aws", f"{key} {self.command} {path}")
        if "Action=GetCallerIdentity" in body:
            self.answer(200, IDENTITY, "text/xml")
        elif path == "/restapis":
            self.answer(200, {"item": [{"id": "a1b2c3", "name": "orders", "createdDate": 1.0}]})
        elif path == "/restapis/a1b2c3/stages":
            self.answer(200, {"item": [STAGE]})
        elif path == "/v2/apis":
            self.answer(200, {"items": []})
        else:
            self.answer(403, {"message": "no"}, headers=[("x-amzn-errortype", "AccessDeniedException")])

    do_POST = do_GET


class Metadata(Fake):
    def do_PUT(self):
        self.answer(200, "token", "text/plain", [("x-aws-ec2-metadata-token-ttl-seconds", "21600")])

    def do_GET(self):
        self.log_request_to("metadata", self.path)
        if self.path.rstrip("/").endswith("security-credentials"):
            self.answer(200, "gatelight", "text/plain")
        elif self.path.endswith("security-credentials/gatelight"):
            self.answer(200, ROLE)
        else:
            self.answer(404, "", "text/plain")


class Slack(Fake):
    def do_POST(self):
        self.log_request_to("slack", f"{self.path} {self.body()}")
        self.answer(200, "ok", "text/plain")


REQUESTS.mkdir(exist_ok=True)
places = [("127.0.0.1", 4566, Aws), ("169.254.169.254", 80, Metadata), ("127.0.0.1", 8080, Slack)]
servers = [ThreadingHTTPServer((host, port), handler) for host, port, handler in places]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
