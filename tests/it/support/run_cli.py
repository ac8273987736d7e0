"""Does what an `aws …` command line says, with botocore, whose service models validate every parameter."""

import json
import os
import shlex
import sys

import botocore.session
from botocore import xform_name

program, service, operation, *rest = shlex.split(sys.argv[1])
assert program == "aws" and len(rest) % 2 == 0, rest
options = {name.removeprefix("--"): value for name, value in zip(rest[::2], rest[1::2])}
session = botocore.session.get_session()
client = session.create_client(service, region_name=options.pop("region"), endpoint_url=os.environ["ENDPOINT"])
names = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
model = client.meta.service_model.operation_model(names[operation])
members = {xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
parameters = {}
for option, value in options.items():
    name, shape = members[option]
    parameters[name] = json.loads(value) if shape.type_name == "structure" else value
    if name.endswith("Document"):
        json.loads(value)
getattr(client, xform_name(names[operation]))(**parameters)
