"""From plain values back to the text of a course file."""

from datetime import date
from typing import Any

import yaml

from courseplatform.courses.course_file.words import Schema

WIDTH = 140


def canonical(value: Any, schema: Schema) -> Any:
    """Without the keys that say what their default says anyway."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {
            key: canonical(item, known.get(key, {}))
            for key, item in value.items()
            if item != known.get(key, {}).get("default") or type(item) is not type(known[key]["default"])
        }
    return [canonical(item, schema.get("items", {})) for item in value] if isinstance(value, list) else value


def revive(value: Any, schema: Schema) -> Any:
    """Dates as the schema knows them: text there, a date in YAML."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: revive(item, known.get(key, {})) for key, item in value.items()}
    if isinstance(value, list):
        return [revive(item, schema.get("items", {})) for item in value]
    return date.fromisoformat(value) if schema.get("format") == "date" and isinstance(value, str) else value


def dress(value: Any, form: Any, schema: Schema) -> Any:
    """`value` in the form of the text that was read last: its order of keys, and what it says although it is the default.

    The form decides nothing: a value that differs wins, one that is new is added at its place in the schema's order.
    """
    if isinstance(value, dict) and isinstance(form, dict):
        return _dress_mapping(value, form, schema)
    if isinstance(value, list) and isinstance(form, list):
        item = schema.get("items", {})
        return [dress(v, f, item) for v, f in zip(value, _partners(value, form), strict=True)]
    same = form is not None and not isinstance(value, bool) and str(form) == str(value)
    return form if same or (form == value and type(form) is type(value)) else value


def _dress_mapping(value: dict[str, Any], form: dict[str, Any], schema: Schema) -> dict[str, Any]:
    known = schema.get("properties", {})
    found = {}
    for key, said in form.items():
        default = known.get(key, {}).get("default")
        if key in value:
            found[key] = dress(value[key], said, known.get(key, {}))
        elif default is not None and said == default:
            found[key] = said
    return found | {key: item for key, item in value.items() if key not in found}


def _partners(value: list[Any], form: list[Any]) -> list[Any]:
    """What stood in the text for each entry: the same place while the lists are alike, else the entry with the same name."""
    if len(value) == len(form):
        return form

    def name(item: Any) -> Any:
        if not isinstance(item, dict):
            return str(item)
        return tuple(str(item.get(key)) for key in ("slug", "key", "date", "from", "name", "title", "label"))

    by_name = {name(item): item for item in reversed(form)}
    return [by_name.get(name(item)) for item in value]


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    if style and (any(line != line.rstrip() for line in value.split("\n")) or value != value.lstrip()):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def to_text(tree: dict[str, Any], head: str = "") -> str:
    """YAML that reads back as the very same values in the same order."""
    body = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False)
    return head + body
