"""Says what is wrong with commands of the AWS CLI: each against botocore's model of its operation, where the CLI's own
shorthands (one bool in a structure as a flag, `--ingress`, `key=value,…`) are read as the CLI reads them."""

import json
import shlex
import sys

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator

session = botocore.session.get_session()


def only_bool(shape):
    """Whether a structure holds one bool, which the CLI takes as a flag."""
    return shape.type_name == "structure" and [m.type_name for m in shape.members.values()] == ["boolean"]


def value(shape, words):
    if shape.type_name == "boolean":
        assert words in ([], ["true"], ["false"]), words
        return words != ["false"]
    if only_bool(shape) and not words:
        return {next(iter(shape.members)): True}
    if shape.type_name == "list" and not (len(words) == 1 and words[0].startswith("[")):
        return [value(shape.member, [word]) for word in words]
    [word] = words
    if shape.type_name in ("structure", "list", "map"):
        if word[:1] in "[{":
            return json.loads(word)
        pairs = dict(pair.split("=", 1) for pair in word.split(","))
        assert shape.type_name == "structure", word
        # `key@=file://…`: the CLI reads the value from that file.
        assert all(text.startswith("file://") for key, text in pairs.items() if key.endswith("@")), word
        return {key.removesuffix("@"): value(shape.members[key.removesuffix("@")], [text]) for key, text in pairs.items()}
    if shape.type_name in ("integer", "long"):
        return int(word)
    if shape.type_name in ("double", "float"):
        return float(word)
    return word


def pages(service, operation):
    """Whether the CLI reads the answer page by page."""
    names = session.get_component("data_loader").load_service_model(service, "paginators-1")["pagination"]
    return operation in {xform_name(name, "-") for name in names}


def problem(command):
    program, service, operation, *rest = command
    assert program == "aws", program
    model = session.get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    options = []
    for word in rest:
        if word.startswith("--"):
            options.append((word[2:], []))
        else:
            options[-1][1].append(word)
    parameters = {}
    for option, words in options:
        # The second is the CLI's own: how many items it prints of an operation with pages.
        if option == "region" or (option == "max-items" and pages(service, operation)):
            continue
        if option == "ingress" and "egress" in members:
            parameters["Egress"] = False
        elif option not in members and option.startswith("no-") and option[3:] in members:
            name, member = members[option[3:]]
            parameters[name] = {next(iter(member.members)): False} if only_bool(member) else False
        else:
            name, member = members[option]
            assert name not in parameters, f"--{option} twice"
            parameters[name] = value(member, words)
    report = ParamValidator().validate(parameters, shape)
    return report.generate_report() if report.has_errors() else None


given = json.load(sys.stdin)
lines = [line for line in given["lines"].splitlines() if not line.startswith("#")]
for command in given["commands"] + [shlex.split(line) for line in lines]:
    try:
        wrong = problem(command)
    except Exception as error:
        wrong = repr(error)
    if wrong:
        print(shlex.join(command), "\n ", wrong)
