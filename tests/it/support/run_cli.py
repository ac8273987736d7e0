"""Does what an `aws …` command line says, with botocore, whose service models validate every parameter. With `--check`,
reads a JSON list of command lines from standard input, only validates them, and prints those that are not valid."""

import json
import os
import shlex
import sys

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator

session = botocore.session.get_session()

NUMBERS = ("integer", "long")


def shorthand(text, shape):
    """A structure as the AWS CLI's shorthand has it, as far as fixes use it: `key=value,key=value`."""
    if text.startswith(("{", "[")):
        return json.loads(text)
    structure = {}
    for pair in text.split(","):
        key, value = pair.split("=", 1)
        if key.endswith("@"):
            # The value is read from this file.
            assert value.startswith("file://"), pair
            key = key[:-1]
        names = {name.lower(): name for name in shape.members}
        name = names[key.lower()]
        kind = shape.members[name].type_name
        structure[name] = value == "true" if kind == "boolean" else int(value) if kind in NUMBERS else value
    return structure


def is_flag(shape):
    """Whether a structure holds one boolean, which the CLI takes as a flag."""
    return shape.type_name == "structure" and [m.type_name for m in shape.members.values()] == ["boolean"]


def value_of(shape, words):
    """The value of an option, given the words after it."""
    kind = shape.type_name
    if kind == "list" and shape.member.type_name == "structure":
        if words[0].startswith("["):
            return json.loads(words[0])
        return [shorthand(word, shape.member) for word in words]
    if kind == "list":
        return list(words)
    if kind == "structure" and not words:
        return {}
    if kind in ("structure", "map"):
        return shorthand(words[0], shape) if kind == "structure" else json.loads(words[0])
    if kind == "boolean":
        return True
    [word] = words
    return int(word) if kind in NUMBERS else word


def read(line):
    """The service, the region, the operation's model and its parameters."""
    program, service, operation, *rest = shlex.split(line)
    assert program == "aws", program
    options = {}
    for word in rest:
        if word.startswith("--"):
            options[word.removeprefix("--")] = last = []
        else:
            last.append(word)
    [region] = options.pop("region", ["us-east-1"])
    for paging in ("max-items", "query", "output"):
        options.pop(paging, None)
    service_model = session.get_service_model(service)
    names = {xform_name(name, "-"): name for name in service_model.operation_names}
    model = service_model.operation_model(names[operation])
    members = {xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
    parameters = {}
    for option, words in options.items():
        if option == "ingress" and "egress" in members:
            # The CLI's other name for `--no-egress`.
            parameters["Egress"] = False
            continue
        negated = option.startswith("no-") and option not in members
        name, shape = members[option.removeprefix("no-") if negated else option]
        # The CLI has a flag for a structure with nothing but a boolean, as EC2 has them.
        if is_flag(shape) and not words:
            parameters[name] = {next(iter(shape.members)): not negated}
        else:
            parameters[name] = False if negated else value_of(shape, words)
        if name.lower().endswith("document"):
            json.loads(parameters[name])
    report = ParamValidator().validate(parameters, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    return service, region, names[operation], parameters


def check(lines):
    wrong = 0
    for line in lines:
        try:
            read(line)
        except Exception as problem:  # whatever it is, the line is shown with it
            wrong += 1
            print(f"{line}\n  {type(problem).__name__}: {problem}")
    return wrong


if sys.argv[1] == "--check":
    sys.exit(check(json.load(sys.stdin)) != 0)
service, region, operation, parameters = read(sys.argv[1])
client = session.create_client(service, region_name=region, endpoint_url=os.environ["ENDPOINT"])
getattr(client, xform_name(operation))(**parameters)
