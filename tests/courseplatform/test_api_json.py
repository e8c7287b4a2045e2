"""JSON bodies: small, flat enough, standard."""

import io

import pytest

from courseplatform.core.api_json import DEEPEST, MOST_BYTES, StrictJson
from courseplatform.core.errors import AppError


def parse(body):
    return StrictJson().parse(io.BytesIO(body))


def nested(depth):
    return b"[" * depth + b"]" * depth


def test_json_is_read():
    assert parse('{"a": [1, 2.5, null, "é"]}'.encode()) == {"a": [1, 2.5, None, "é"]}
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_as_deep_and_as_long_as_is_allowed_is_read():
    assert parse(nested(DEEPEST + 1)) != 0
    assert len(parse(b'"' + b"x" * (MOST_BYTES - 2) + b'"')) == MOST_BYTES - 2


@pytest.mark.parametrize(
    ("body", "code"),
    [(nested(DEEPEST + 2), "json_too_deep"), (nested(30_000), "json_too_deep"), (b'{"a":' * 8_000 + b"1" + b"}" * 8_000, "json_too_deep"),
     (b'"' + b"x" * MOST_BYTES + b'"', "json_too_large"), (b"NaN", "bad_json"), (b"[-Infinity]", "bad_json"), (b"", "bad_json"),
     (b"{", "bad_json"), (b'{"a": 1, "a": 2}', "bad_json"), (b"\xff", "bad_json"), (b'"a\\u0000b"', "nul_character"),
     (b'{"a\\u0000": 1}', "nul_character"), (b'["\\ud800"]', "half_character"), (b'{"\\udfff": 1}', "half_character"), (b"1e400", "bad_json"),
     (b"9" * 5000, "bad_json")],
)  # fmt: skip
def test_other_bodies_are_refused_with_a_code(body, code):
    with pytest.raises(AppError) as found:
        parse(body)
    assert found.value.code == code


def test_no_more_is_read_than_may_be_kept():
    stream = io.BytesIO(b"x" * (10 * MOST_BYTES))
    with pytest.raises(AppError):
        StrictJson().parse(stream)
    assert stream.tell() == MOST_BYTES + 1
