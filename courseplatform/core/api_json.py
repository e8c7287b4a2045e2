"""Bodies of JSON as the API reads them: small, flat enough, standard, and without NUL."""

import json
import re
from math import isfinite
from typing import IO, Any

from rest_framework.parsers import BaseParser

from courseplatform.core.errors import AppError, BadInput, TooLarge

MOST_BYTES = 64 << 10
HALF = re.compile(r"[\ud800-\udfff]")
DEEPEST = 20


class StrictJson(BaseParser):
    """UTF-8 JSON up to 64 KiB and 20 levels; no NaN, no number beyond all bounds, no NUL, no half of a character, no key twice.

    The framework's own reader takes bodies of any length into memory, and falls over deep ones.
    """

    media_type = "application/json"
    most_bytes = MOST_BYTES

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises TooLarge, or BadInput: code `bad_json`, `json_too_deep`, `nul_character` or `half_character`."""
        raw = stream.read(self.most_bytes + 1)
        if len(raw) > self.most_bytes:
            raise TooLarge(f"A JSON body has at most {self.most_bytes >> 10} KiB here.", code="json_too_large")
        try:
            found = json.loads(
                raw.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_once
            )
        except RecursionError as error:
            raise _too_deep() from error
        except AppError:
            raise
        except ValueError as error:
            raise BadInput(f"This is no JSON ({str(error)[:150]}).", code="bad_json") from error
        _check(found, DEEPEST)
        return found


def _no_constant(name: str) -> Any:
    raise BadInput(f"{name} is no number in JSON.", code="bad_json")


def _finite(text: str) -> float:
    found = float(text)
    if not isfinite(found):  # 1e400
        raise BadInput(f"{text[:20]} is larger than any number here.", code="bad_json")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("A key stands twice in one object.", code="bad_json")
    return found


def _too_deep() -> BadInput:
    return BadInput(f"This JSON is nested deeper than {DEEPEST} levels.", code="json_too_deep")


def _check(value: Any, left: int) -> None:
    if left < 0:
        raise _too_deep()
    if isinstance(value, str) and "\0" in value:
        raise BadInput("A text holds a character without a meaning (NUL).", code="nul_character")
    if isinstance(value, str) and HALF.search(value):  # it cannot be kept, nor be said in an answer
        raise BadInput("A text holds half of a character (a surrogate alone).", code="half_character")
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, left)
            _check(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, left - 1)
