"""Small words from which the JSON Schema of the course file is made. Every mapping refuses unknown keys."""

from typing import Any

Schema = dict[str, Any]
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
LEAST_WORDS = "x-least"
MOMENT = r"^\d{4}-\d\d-\d\d( ([01]\d|2[0-3]):[0-5]\d)?$"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def line(says: str, most: int = 200, **more: Any) -> Schema:
    """Text on one line."""
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": r"^[^\n\r]*$", "description": says, **more}


def prose(says: str, most: int = 20_000) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": most, "description": f"{says} Markdown."}


def slug(says: str) -> Schema:
    return {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$", "maxLength": 60, "description": says}


def day(says: str) -> Schema:
    return {"type": "string", "format": "date", "description": f"{says} In full: 2023-08-29."}


def clock(says: str) -> Schema:
    return {"type": "string", "pattern": CLOCK, "description": f'{says} In quotes: "09:30".'}


def moment(says: str) -> Schema:
    return {
        "type": "string",
        "pattern": MOMENT,
        "description": f'{says} "2023-09-15 23:59", or a day alone where the hour is not stated.',
    }


def number(says: str, least: float = 0, most: float | None = None, *, least_words: str = "") -> Schema:
    """least_words: how the least is said to people where its digits say little; editors pass over it."""
    words = {LEAST_WORDS: least_words} if least_words else {}
    return (
        {"type": "number", "minimum": least, "description": says} | ({} if most is None else {"maximum": most}) | words
    )


def percent(says: str) -> Schema:
    return number(says, 0, 100)


def count(says: str, least: int = 0, most: int = 10_000) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": says}


def flag(says: str, *, default: bool) -> Schema:
    return {"type": "boolean", "default": default, "description": says}


def choice(says: str, *known: str, usual: str = "") -> Schema:
    return {"type": "string", "enum": list(known), "description": says} | ({"default": usual} if usual else {})


def link(says: str) -> Schema:
    return {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": 300, "description": says}


def listed(item: Schema, says: str, most: int = 1000) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most, "description": says}


def mapping(says: str, required: tuple[str, ...] = (), **keys: Schema) -> Schema:
    """Keys that are Python words carry a trailing underscore: from_, class_."""
    properties = {key.rstrip("_"): schema for key, schema in keys.items()}
    found: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "description": says,
    }
    return found | ({"required": list(required)} if required else {})
