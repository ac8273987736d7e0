"""Calls a service at `ENDPOINT` and holds each answer to botocore's model of it: what botocore's parser makes of it, that
nothing is in it which the model lacks, that nothing lacks which the model requires, and that each value is of its type.
"""

import json
import os

import botocore.session

session = botocore.session.get_session()
client = session.create_client(os.environ["SERVICE"], region_name="eu-west-1", endpoint_url=os.environ["ENDPOINT"])
TYPES = {"string": str, "integer": int, "double": (int, float), "timestamp": (int, float), "boolean": bool}
seen = []


def hold(value, shape, at):
    if shape.type_name == "structure":
        assert isinstance(value, dict), at
        assert set(value) <= set(shape.members), (at, set(value) - set(shape.members))
        assert set(shape.required_members) <= set(value), (at, set(shape.required_members) - set(value))
        for name, part in value.items():
            hold(part, shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list":
        for element in value:
            hold(element, shape.member, f"{at}[]")
    elif shape.type_name == "map":
        for key, element in value.items():
            hold(key, shape.key, f"{at} key")
            hold(element, shape.value, f"{at}.{key}")
    else:
        assert isinstance(value, TYPES[shape.type_name]), (at, value)
        assert not getattr(shape, "enum", None) or value in shape.enum, (at, value)
        low, high = (shape.metadata.get(bound) for bound in ("min", "max"))
        size = len(value) if shape.type_name == "string" else value
        # `Default` has priority 10000, though the model's limit is 9999.
        if not at.endswith(".Priority"):
            assert (low is None or size >= low) and (high is None or size <= high), (at, value)


def answered(http, parsed, model, **_):
    hold(json.loads(http.content), model.output_shape, model.name)
    seen.append(model.name)


service = client.meta.service_model.service_id.hyphenize()
client.meta.events.register(f"after-call.{service}", lambda http_response, parsed, model, **_: answered(http_response, parsed, model))
