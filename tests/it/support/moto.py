"""Runs moto on a free loopback port, and tells the port on stdout, until stdin closes.

The test process holds the other end of stdin. The kernel closes it however that process ends, even by SIGKILL, so no
server outlives its tests.
"""

import json
import logging
import os
import sys
import threading

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.iam import models  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

# moto parses all 1,400 policies of AWS once for each account and partition: seconds for every account. Keep a few.
KEEP = (
    "AWSLambdaBasicExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "AmazonAPIGatewayPushToCloudWatchLogs",
    "AmazonS3ReadOnlyAccess",
)
policies = json.loads(models.aws_managed_policies_data)
models.aws_managed_policies_data = json.dumps({name: policies[name] for name in KEEP})

# A line for each request on stderr would hide the tracebacks.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


def leave_when_stdin_closes():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=leave_when_stdin_closes, daemon=True).start()
application = Xray(DomainDispatcherApplication(create_backend_app))
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
