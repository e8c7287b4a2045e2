"""Whether a course file can be taken: its schema first, then what a schema cannot say. Every finding has its line."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import ValidationError
from jsonschema import Draft202012Validator, validators
from jsonschema import ValidationError as NotOfTheSchema

from courseplatform.accounts.models import validate_zone
from courseplatform.courses.course_file.grading_check import pieces_advice
from courseplatform.courses.course_file.reading import FileError, Finding, Path, Source, plain
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.sense import addresses, hours_of_nobody
from courseplatform.courses.course_file.words import CLOCK, LEAST_WORDS, MOMENT, Schema

MOST_FINDINGS = 50
SchemaError = Any  # jsonschema's ValidationError, whose attributes its types leave open
KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}
CODES = {
    "type": "wrong_type",
    "enum": "not_a_choice",
    "pattern": "wrong_form",
    "format": "wrong_form",
    "minLength": "empty",
    "minItems": "empty",
    "minProperties": "empty",
    "maxLength": "too_long",
    "maxItems": "too_many",
    "minimum": "too_small",
    "maximum": "too_large",
    "anyOf": "wrong_type",
}


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Schema) -> Iterator[NotOfTheSchema]:
    """As JSON Schema means a pattern and editors read it: `$` is the very end, not also before a last line break, and `\\d` is 0 to 9."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance, re.ASCII):
        yield NotOfTheSchema("has another form")


VALIDATOR: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _pattern}
)


def checked(source: Source) -> dict[str, Any]:
    """The values of the file as JSON has them. Raises FileError with everything that is wrong."""
    plain_source = against(file_parts.schema, source)
    refuse(_course(plain_source))  # what follows counts on a zone and on days in order
    refuse(
        [
            *_sessions(plain_source),
            *addresses(plain_source),
            *hours_of_nobody(plain_source),
            *(item for part in file_parts.parts if part.check for item in part.check(plain_source)),
        ]
    )
    return plain_source.tree


def against(schema: Schema, source: Source) -> Source:
    """The values as JSON has them, when they obey the schema. Raises FileError with what does not."""
    tree: dict[str, Any] = plain(source.tree)
    validator = VALIDATOR(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    found: list[Finding] = []
    for error in validator.iter_errors(tree):
        found.extend(_from_schema(error, source))
        if len(found) >= MOST_FINDINGS:
            break
    refuse(found)
    return Source(tree, source.lines, source.text)


def refuse(found: Iterable[Finding]) -> None:
    if findings := sorted(set(found)):
        raise FileError(findings[:MOST_FINDINGS])


def _from_schema(error: SchemaError, source: Source) -> Iterator[Finding]:
    path: Path = tuple(error.absolute_path)
    place = place_words(path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        for key in error.instance:
            if key not in known:
                yield Finding(source.line(*path, key), "unknown_key", _unknown(key, place, known))
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield Finding(source.line(*path), "missing_key", f"{place} needs the key {key}.")
    else:
        yield Finding(source.line(*path), CODES.get(str(error.validator), "not_taken"), _sentence(error, place))


def _unknown(key: str, place: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    hint = (
        f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known[:12])}{' ...' if len(known) > 12 else ''}."
    )
    return f"{place} has no key {key[:60]}. {hint}"


def place_words(path: Path) -> str:
    """sessions[3].title, in the words of the file."""
    found = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return found or "The file"


def _sentence(error: SchemaError, place: str) -> str:
    value = " ".join(str(error.instance).split())[:60]
    if error.validator == "type":
        if isinstance(error.instance, bool) and error.validator_value == "string":
            return f"{place} is text, and YAML reads this word as {str(error.instance).lower()}; put it in quotes."
        return f"{place} is {_kinds(error.validator_value)}, not {value or 'empty'}."
    if error.validator == "enum":
        return f"{place} is one of {', '.join(map(str, error.validator_value))}, not {value}."
    if error.validator in {"minLength", "minItems", "minProperties"}:
        return f"{place} is empty; leave the key out instead."
    if error.validator == "maxLength":
        return f"{place} has {len(error.instance)} letters; at most {error.validator_value} are kept."
    if error.validator == "minimum":
        return f"{place} is {value}; it is at least {error.schema.get(LEAST_WORDS, error.validator_value)}."
    if error.validator == "maximum":
        return f"{place} is {value}; it is at most {error.validator_value}."
    return (
        f"{place} {_form(error)}, not {value}."
        if error.validator in {"pattern", "format"}
        else f"{place} cannot be {value}."
    )


def _kinds(kinds: str | list[str]) -> str:
    return " or ".join(KINDS.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _form(error: SchemaError) -> str:
    if error.validator == "format":
        return (
            "is a day like 2023-08-29" if error.validator_value == "date" else "is an address like https://example.org"
        )
    forms = {
        CLOCK: 'is a time of day in quotes like "09:30"',
        MOMENT: 'is a moment in quotes like "2023-09-15 23:59"',
        "^https?://": "is an address that begins with https://",
    }
    if error.validator_value in forms:
        return forms[error.validator_value]
    return (
        "stands on one line" if "\\n" in error.validator_value else "is made of lower-case letters, digits and hyphens"
    )


def _course(source: Source) -> Iterator[Finding]:
    course, line = source.tree["course"], source.line("course", "zone")
    if "zone" in course:
        try:
            validate_zone(course["zone"])
        except ValidationError as error:
            yield Finding(line, "unknown_zone", error.messages[0])
    elif "starts_on" in course:
        yield Finding(
            line, "missing_key", "A course with dates needs course.zone: without it no time of the file means anything."
        )
    first, last = course.get("starts_on"), course.get("ends_on")
    if (first is None) != (last is None):
        yield Finding(source.line("course"), "missing_key", "course.starts_on and course.ends_on go together.")
    elif first and last and first > last:
        yield Finding(
            source.line("course", "ends_on"),
            "ends_before_it_begins",
            f"The course ends on {last}, before it begins on {first}.",
        )


def _sessions(source: Source) -> Iterator[Finding]:
    sessions, course = source.tree.get("sessions", []), source.tree["course"]
    for n, item in enumerate(sessions):
        line = source.line("sessions", n)
        if ("from" in item) != ("to" in item):
            yield Finding(line, "missing_key", f"{item['title']}: from and to go together.")
        elif "from" in item and item["from"] >= item["to"]:
            yield Finding(
                line,
                "ends_before_it_begins",
                f"{item['title']} ends at {item['to']}, before it begins at {item['from']}.",
            )
        if "date" not in item and "starts_on" in course:
            yield Finding(line, "missing_key", f"{item['title']} has no date, though the course has a first day.")
        first, last = course.get("starts_on", ""), course.get("ends_on", "")
        if "date" in item and not first <= item["date"] <= last:
            said = f"{item['title']} is on {item['date']}, outside the course: {first or 'no first day'} to {last or 'no last day'}."
            yield Finding(line, "outside_the_course", said)
    yield from _overlaps(sessions, source)


def _overlaps(sessions: list[dict[str, Any]], source: Source) -> Iterator[Finding]:
    """Two sessions at one time in one column or one room; in one column of one day also two that name no time."""
    together: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for n, item in enumerate(sessions):
        day = str(item.get("date") or item.get("weekday", ""))
        if item.get("cancelled") or not item.get("class", True):
            continue
        for kind in ("column", "place"):
            if kind in item:
                together[kind, item[kind], day].append(n)
        if "column" not in item and "place" not in item:
            together["programme", "", day].append(n)
    for (kind, where, day), numbers in together.items():
        for a, b in ((a, b) for i, a in enumerate(numbers) for b in numbers[i + 1 :]):
            if _at_once(sessions[a], sessions[b], timeless=kind == "column"):
                words = {"column": f"in the column {where}", "place": f"in {where}"}.get(kind, "in the programme")
                first, second = sessions[a]["title"], sessions[b]["title"]
                yield Finding(
                    source.line("sessions", b),
                    "sessions_overlap",
                    f"{second} overlaps with {first} (line {source.line('sessions', a)}) {words} on {day}.",
                )


def _at_once(one: dict[str, Any], other: dict[str, Any], *, timeless: bool) -> bool:
    if "from" not in one or "from" not in other:
        return timeless and "from" not in one and "from" not in other
    return bool(one["from"] < other["to"] and other["from"] < one["to"])


def advice(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Contradictions that can be calculated: (code, sentence). They are shown and never resolved."""
    grading = tree.get("grading", {})
    weights = [part["percent"] for part in grading.get("components", []) if "percent" in part and not part.get("bonus")]
    if weights and abs(sum(weights) - 100) > 0.01:
        yield "weights_do_not_add_up", f"The parts of the grade add up to {sum(weights):g} %, not to 100 %."
    yield from pieces_advice(tree)
    groups: dict[str, float] = defaultdict(float)
    for part in grading.get("components", []):
        groups[part.get("group", "")] += part.get("percent", 0)
    for share in grading.get("split", []):
        held = groups.get(share["title"])
        if held is not None and abs(held - share["percent"]) > 0.01:
            yield (
                "stated_share_differs",
                f"{share['title']} are said to be {share['percent']:g} % of the grade; their parts add up to {held:g} %.",
            )
    numbers = [
        int(found[1]) for item in tree.get("assignments", []) if (found := re.fullmatch(r"Lab (\d+)", item["short"]))
    ]
    for part in grading.get("components", []):
        stated = part.get("count") if "Lab" in part["title"] and "Report" not in part["title"] else None
        if stated and numbers and stated != len(numbers):
            yield (
                "count_differs",
                f"{part['title']}: {stated} are stated, {len(numbers)} are numbered {min(numbers)} to {max(numbers)}.",
            )
    yield from _return_before_work(tree)


def _return_before_work(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    due = {item["slug"]: item for item in tree.get("assignments", []) if "due" in item}
    back = [item["due"] for item in due.values() if item["kind"] == "hardware_return"]
    late = [item for item in due.values() if item["kind"] == "lab" and back and item["due"] > max(back)]
    for item in late:
        yield (
            "return_before_last_lab",
            f"The hardware goes back on {max(back)[:10]}, and {item['short']} is due on {item['due'][:10]}.",
        )
