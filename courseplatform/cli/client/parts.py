"""The parts beside the model: what `--part NAME=VALUE` means for each kind, and what is sent for it. Nothing here asks the site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from courseplatform.cli.client.sending import Local, look_at
from courseplatform.cli.client.text import clean
from courseplatform.cli.client.words import WrongUse

FILES, STATEMENT, CONTRIBUTIONS, TABLE, MODEL = (
    ("pdf", "file", "models"),
    "statement",
    "contributions",
    "table",
    "model",
)
MOST_TEXT_BYTES = 1 << 20


@dataclass(frozen=True)
class Wanted:
    """One part that goes along: a file, or fields of a form."""

    key: str
    title: str
    file: Local | None = None
    fields: dict[str, str] = field(default_factory=dict)


def wanted_parts(
    assignment: dict[str, Any], said: Sequence[str], report: str | None, statement: str | None
) -> list[Wanted]:
    """In the order of the assignment. Raises WrongUse before anything is sent: `no_such_part`, `bad_part`, and those of `look_at`."""
    known = {part["key"]: part for part in assignment["parts"] if part["kind"] != MODEL}
    pairs = [_pair(one) for one in said]
    if report is not None:
        pairs.append((_report(known), "", report))
    if statement is not None:
        pairs.append((STATEMENT, "", statement))
    found: list[Wanted] = []
    for key in dict.fromkeys(key for key, _, _ in pairs):
        if key not in known:
            names = ", ".join(clean(name) for name in known) or "none"
            raise WrongUse(
                f"{clean(assignment['short'])} has no part {clean(key)}. Its parts: {names}.", "no_such_part"
            )
        found += _of(known[key], [(who, value) for name, who, value in pairs if name == key])
    return sorted(found, key=lambda one: list(known).index(one.key))


def _pair(said: str) -> tuple[str, str, str]:
    """NAME=VALUE, or NAME:WHO=VALUE for who did what."""
    name, sign, value = said.partition("=")
    key, _, who = name.partition(":")
    if not sign or not key:
        raise WrongUse(f"Write a part as NAME=FILE or NAME=TEXT, not as {clean(said)[:60]}.", "bad_part")
    return key, who, value


def _report(known: dict[str, Any]) -> str:
    """What --report means: the part of that name, else the only PDF."""
    pdfs = [key for key, part in known.items() if part["kind"] == "pdf"]
    if "report" in known or len(pdfs) != 1:
        return "report"
    return str(pdfs[0])


def _of(part: dict[str, Any], values: list[tuple[str, str]]) -> list[Wanted]:
    key, title, kind = part["key"], clean(part["title"]), part["kind"]
    if kind == CONTRIBUTIONS:
        if any(not who for who, _ in values):
            raise WrongUse(f"{title} says who did what: --part {key}:E-MAIL=TEXT, once for each member.", "bad_part")
        return [Wanted(key, title, fields={f"did-{who}": text(value) for who, value in values})]
    if kind == "models":
        return [Wanted(key, title, look_at(value)) for _, value in values]
    if len(values) > 1:
        raise WrongUse(f"{title} is said twice.", "bad_part")
    value = values[0][1]
    if kind in FILES:
        return [Wanted(key, title, look_at(value, most_bytes=part["max_bytes"]))]
    is_path = kind == TABLE and not value.startswith("@")
    return [Wanted(key, title, fields={"text": text(f"@{value}" if is_path else value)})]


def text(said: str) -> str:
    """What was written; @FILE is what stands in it. Raises WrongUse: `cannot_read`, `too_large`, `not_utf8`."""
    if not said.startswith("@"):
        return said
    try:
        content = Path(said[1:]).expanduser().read_bytes()
    except OSError as error:
        raise WrongUse(f"{said[1:]} cannot be read: {error.strerror}.", "cannot_read") from error
    if len(content) > MOST_TEXT_BYTES:
        raise WrongUse(f"{said[1:]} has more than 1 MiB, too much for a text or a table.", "too_large")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUse(f"{said[1:]} is no text in UTF-8.", "not_utf8") from error


def missing(
    assignment: dict[str, Any], wanted: Sequence[Wanted], desk: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Required parts that neither lie on the desk nor go along. Who did what is asked of teams alone."""
    there = {one["part"] for one in desk} | {one.key for one in wanted}
    is_alone = (assignment.get("mine") or {}).get("team") is None
    return [
        part
        for part in assignment["parts"]
        if part["is_required"] and part["key"] not in there and part["kind"] != MODEL
        and not (part["kind"] == CONTRIBUTIONS and is_alone)
    ]  # fmt: skip
