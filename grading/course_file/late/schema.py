"""The JSON Schemas of a late policy and of the file that `manage.py late_report` reads. docs/late-days.md explains each field."""

from typing import Any

from courseplatform.courses.course_file.words import Schema, choice, clock, count, flag, line, listed, mapping, number

MOST_UNITS = 10_000
MOST_NUMBER = 1_000_000


def some(item: Schema, says: str) -> Schema:
    """A list that may be empty."""
    return {key: value for key, value in listed(item, says, 200_000).items() if key != "minItems"}


def named(item: Schema, says: str) -> Schema:
    """A mapping whose keys are names."""
    names: Schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\n\r]*$"}
    return {"type": "object", "additionalProperties": item, "propertyNames": names, "description": says}


def or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def or_empty(schema: Schema) -> Schema:
    """The same mapping, where it and the mappings in it may be empty: then everything takes its default."""
    found = {key: value for key, value in schema.items() if key != "minProperties"}
    if "properties" in found:
        found["properties"] = {key: or_empty(value) for key, value in found["properties"].items()}
    return found


def instant(says: str) -> Schema:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": 40,
        "description": f'{says} "2023-09-15 23:59" or "2023-09-16T03:59:00Z".',
    }


def _name(says: str) -> Schema:
    return line(says, 200)


BANK: dict[str, Schema] = {
    "days": count("Late units without penalty.", 0, MOST_UNITS),
    "owner": choice("Whose they are.", "person", "team"),
}
PASS_RULE = mapping(
    "What must be turned in to pass.",
    ("turned_in", "of"),
    turned_in=count("How many."),
    of=some(_name("An assignment."), "Of these."),
    note=line("What counts.", 300),
)
POLICY = mapping(
    "The late policy, field by field: docs/late-days.md.",
    bank=mapping("Late days without penalty.", ("days", "owner"), **BANK),
    banks=some(
        mapping(
            "One of several banks.",
            ("name", "days", "owner"),
            name=_name("Its name."),
            **BANK,
            assignments=some(_name("An assignment."), "What it pays for; left out: whatever no other bank pays for."),
        ),
        "Several banks instead of one.",
    ),
    unit=mapping(
        "What a late unit is.",
        kind=choice("Counted by the calendar, or from the due time.", "calendar_day", "hours"),
        boundary=clock("When a new late day begins."),
        due_day=choice("Whether the rest of the due day is free.", "free", "counts"),
        hours=number("Length of a unit.", 1 / 60, MOST_UNITS, least_words="0.0167, which is 1 min"),
        clock=choice("What a clock change does to hours.", "wall", "elapsed"),
    ),
    edge=choice("Exactly at a boundary; left out: late for calendar days, on time for hours.", "on_time", "late"),
    minute=choice("Whether seconds count.", "instant", "whole"),
    grace=mapping(
        "Minutes in which nothing is late.",
        minutes=number("How many.", 0, 100_000),
        at=choice(
            "After the due time, after every boundary, or as a later due time.",
            "first",
            "every",
            "shift",
        ),
    ),
    weekend=choice("Boundaries on Saturdays and Sundays.", "counts", "skipped", "one"),
    cap=or_null(count("Most units of the bank on one assignment; null: as many as there are.", 0, MOST_UNITS)),
    spend=choice("Taken by themselves, or only when asked for.", "automatic", "asked"),
    order=choice("In which order the bank pays.", "submit_time", "due_date"),
    over=mapping(
        "What happens when the bank does not cover.",
        rule=choice("The rule.", "penalty", "refuse", "zero"),
        partial=flag("The bank pays as far as it goes.", default=True),
    ),
    penalty=mapping(
        "What uncovered units cost.",
        kind=choice("Of what.", "percent_of_max", "percent_of_earned", "points", "cap"),
        steps=some(number("Total loss.", 0, MOST_NUMBER), "Total loss after 1, 2, ... uncovered units."),
        each=number("Added for each further unit.", 0, MOST_NUMBER),
        most=number("Never more than this; left out: all.", 0, MOST_NUMBER),
        used_unit_costs=number("% lost for each unit of the bank that is used.", 0, 100),
    ),
    team=choice("Members with banks of their own.", "each", "all", "poorest"),
    attempt=choice("Which attempt is judged.", "active", "last", "best", "last_affordable"),
    pass_=PASS_RULE,
)
CUTOFF: Schema = {
    "type": ["string", "object"], "properties": {"units": count("How many late units.", 0, MOST_UNITS)}, "required": ["units"],
    "additionalProperties": False, "minLength": 1, "maxLength": 40, "description": "After this nothing is taken: an instant, or {units: 3}.",
}  # fmt: skip
ASSIGNMENT = mapping(
    "When it is due, and how far its lateness may reach.",
    ("due",),
    due=instant("When it is due."),
    points=number("The most one can get.", 0, MOST_NUMBER),
    cap=or_null(count("Most units of the bank; null: as many as there are.", 0, MOST_UNITS)),
    no_late=flag("Nothing late is taken.", default=False),
    cutoff=CUTOFF,
)  # fmt: skip
FOLD: Schema = {"type": "integer", "enum": [0, 1], "description": "1: the second of two equal wall times."}
OWNER = _name("A person or a team.")
LATE_FILE = mapping(
    "What manage.py late_report reads.",
    ("zone", "policy", "people"),
    zone=line("An IANA name: America/New_York.", 60),
    policy=or_empty(POLICY),
    assignments=named(ASSIGNMENT, "By name."),
    people=some(_name("A person."), "Everybody."),
    teams=named(
        some(
            mapping("A member.", ("person",), person=_name("Who."), from_=instant("Since."), to=instant("Until, excluded.")),
            "Its members.",
        ),
        "By name.",
    ),
    grants=some(
        mapping(
            "More units for a bank.", ("owner", "days"), owner=OWNER, days=BANK["days"], from_=instant("For what is due on or after this day."),
            bank=_name("Which of several."), reason=line("Why.", 400),
        ),
        "Grants.",
    ),
    extensions=some(
        mapping(
            "More time.", ("owner", "assignment"), owner=OWNER, assignment=_name("For what."), until=instant("A later due time."),
            units=count("Late units that it covers.", 0, MOST_UNITS), keeps_penalty=flag("They stay late and penalised.", default=False),
            reason=line("Why.", 400),
        ),
        "Extensions.",
    ),
    excused=some(mapping("Excused.", ("person", "assignment"), person=_name("Who."), assignment=_name("From what.")), "Who is excused."),
    requests=some(
        mapping(
            "Units asked for.", ("owner", "assignment", "units"), owner=OWNER, assignment=_name("For what."),
            units=count("How many.", 0, MOST_UNITS), at=instant("When."), fold=FOLD,
        ),
        "Requests.",
    ),
    submissions=some(
        mapping(
            "An attempt.", ("owner", "assignment", "at"), id=_name("Its name."), owner=OWNER, by=_name("Who sent it; left out: the staff."),
            assignment=_name("To what."), at=instant("When."), fold=FOLD, active=flag("The one that counts.", default=False),
            counted=flag("Off: our fault, or a test of the staff.", default=True), raw_percent=number("What the work is worth.", 0, 10_000),
        ),
        "Attempts.",
    ),
)  # fmt: skip


def without_nulls(value: Any, schema: Schema) -> Any:
    """The same values without the optional keys that say null: null is what a key that is left out holds. Where null itself is a
    choice (`cap`) it stays, and where a key is required it stays to be refused."""
    if isinstance(value, list):
        return [without_nulls(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties", {}), schema.get("required", [])
    other = schema.get("additionalProperties")
    found = {}
    for key, item in value.items():
        inner = properties.get(key, other if isinstance(other, dict) else {})
        may_be_null = key not in properties or key in required or "null" in inner.get("type", ())
        if item is not None or may_be_null:
            found[key] = without_nulls(item, inner)
    return found
