"""Limits of rules as people write them in a field: 0.9, or 0.5 x reference + 1000; and lists of them with shares, and conditions."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from grading.forms.editing.fields import plain, words_of
from grading.forms.editing.rows import Item
from grading.spec.device_metrics import FITS
from grading.spec.reader import MOST_NUMBER

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
OF_BASELINE = re.compile(
    rf"(?:(?P<times>{NUMBER})\s*[x×*]\s*)?(?P<name>[A-Za-z][\w-]*)(?:\s+(?P<sign>[-+])\s*(?P<plus>{NUMBER}))?", re.ASCII
)
CONDITION = re.compile(r"(?P<metric>\w+)\s*(?P<side>>=|<=|≥|≤)\s*(?P<limit>.+)", re.ASCII)
SIDES = {">=": "at_least", "≥": "at_least", "<=": "at_most", "≤": "at_most"}
WRITTEN = {"at_least": ">=", "at_most": "<="}
HOW = "Write a number, or a baseline: 0.5 x reference"


def limit_of_text(text: str) -> Any:
    """A number, or {baseline, times, plus} as the course file says it. Raises ValidationError."""
    text = text.strip()
    if re.fullmatch(NUMBER, text, re.ASCII):
        return plain(_number(text))
    match = OF_BASELINE.fullmatch(text)
    if match is None:
        raise forms.ValidationError(f"{HOW}.", code="wrong_form")
    found: Item = {"baseline": match["name"]}
    if match["times"]:
        found["times"] = plain(_number(match["times"]))
    if match["plus"]:
        found["plus"] = plain(_number(f"{match['plus']}") * (-1 if match["sign"] == "-" else 1))
    return found


def _number(text: str) -> float:
    value = float(text)
    if not -MOST_NUMBER <= value <= MOST_NUMBER:
        raise forms.ValidationError("Write a number between -1e18 and 1e18.", code="wrong_form")
    return value


def text_of_limit(raw: Any) -> str:
    if not isinstance(raw, Mapping):
        return str(raw)
    times = f"{raw['times']} x " if "times" in raw else ""
    plus = raw.get("plus")
    more = "" if plus is None else f" {'-' if plus < 0 else '+'} {abs(plus)}"
    return f"{times}{raw['baseline']}{more}"


def pairs_of_text(text: str) -> list[list[Any]]:
    """4096: 1, 16384: 0.5. Raises ValidationError."""
    return [_pair(word) for word in words_of(text)]


def _pair(word: str) -> list[Any]:
    limit, colon, share = word.rpartition(":")
    if not colon or not re.fullmatch(NUMBER, share.strip(), re.ASCII):
        said = "Write a limit and the share of the points that it gives: 4096: 1"
        raise forms.ValidationError(said, code="wrong_form")
    return [limit_of_text(limit), plain(_number(share.strip()))]


def text_of_pairs(pairs: list[Any]) -> str:
    return ", ".join(f"{text_of_limit(limit)}: {share}" for limit, share in pairs)


def conditions_of_text(text: str) -> list[Item]:
    """One a line: accuracy >= 0.9, macs <= 0.5 x reference, fits. Raises ValidationError."""
    return [_condition(row.strip()) for row in text.splitlines() if row.strip()]


def _condition(row: str) -> Item:
    if row.lower() == FITS:
        return {FITS: True}
    match = CONDITION.fullmatch(row)
    if match is None:
        said = "Write one condition a line: accuracy >= 0.9, or macs <= 0.5 x reference, or fits"
        raise forms.ValidationError(said, code="wrong_form")
    return {"metric": match["metric"], SIDES[match["side"]]: limit_of_text(match["limit"])}


def text_of_conditions(conditions: list[Item]) -> str:
    return "\n".join(map(_row, conditions))


def _row(condition: Item) -> str:
    if FITS in condition:
        return FITS
    side = next(side for side in WRITTEN if side in condition)
    return f"{condition['metric']} {WRITTEN[side]} {text_of_limit(condition[side])}"
