"""The published document of the protocol, asked whether something that was said is what it says. For tests."""

import re
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from hardware.runners.document import FILE
from tests.runner_protocol.scripted_site import PREFIX

ROOT = Path(__file__).resolve().parents[3]


@cache
def document():
    return yaml.safe_load((ROOT / FILE).read_text())


def operation(method, address):
    """Of an address with or without the prefix and a query. Raises KeyError."""
    path = address.split("?")[0].removeprefix(PREFIX)
    path = re.sub("^/lease/[^/]+", "/lease/{lease}", path)
    return document()["paths"][PREFIX + re.sub("/files/.+", "/files/{name}", path)][method.lower()]


def wrong(said, content):
    """What is not as the schema of a body says, as sentences. content: of a request or a response; a body of bytes has none to be asked."""
    schema = content.get("application/json", {}).get("schema")
    if schema is None or schema.get("format") == "binary":
        return []
    asked = Draft202012Validator({"components": document()["components"], "allOf": [schema]})
    return [f"{error.json_path}: {error.message}"[:200] for error in asked.iter_errors(said)]


def wrong_answer(method, address, status, said):
    """What is wrong with an answer: a status that the document does not name, or another shape."""
    answers = operation(method, address)["responses"]
    if str(status) not in answers:
        return [f"{method} {address} answers {status}, and the document names {', '.join(answers)}"]
    answer = answers[str(status)]
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return wrong(said, answer.get("content", {}))


def wrong_request(method, address, said):
    return wrong(said, operation(method, address)["requestBody"]["content"])
