"""Reads messages back with slack_sdk: one JSON object {"name", "body"} a line comes in, {"name", "problem"} goes out."""

import json
import logging
import sys
import warnings as python_warnings

# The model of a whole message is kept no more; it still knows the limits.
python_warnings.simplefilter("ignore")

from slack_sdk.models.blocks import Block
from slack_sdk.models.messages.message import Message

# What the models would drop or warn of is a problem too.
warnings = []


class Kept(logging.Handler):
    def emit(self, record):
        warnings.append(record.getMessage())


logging.getLogger().addHandler(Kept())
logging.getLogger().setLevel(logging.WARNING)


def problem(body):
    warnings.clear()
    try:
        blocks = Block.parse_all(body["blocks"])
        if any(block is None for block in blocks):
            return "a block is of no type that is known"
        for block in blocks:
            block.validate_json()
            for element in getattr(block, "elements", None) or []:
                element.validate_json()
            text = getattr(block, "text", None)
            if text is not None:
                text.validate_json()
        if len(blocks) > 50:
            return "more than 50 blocks"
        if [block.to_dict() for block in blocks] != body["blocks"]:
            return "not what was sent: " + json.dumps([block.to_dict() for block in blocks])[:500]
        message = Message(text=body["text"], blocks=blocks)
        message.validate_json()
        message.to_dict()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "; ".join(warnings) or None


for line in sys.stdin:
    given = json.loads(line)
    print(json.dumps({"name": given["name"], "problem": problem(given["body"])}))
