"""What one course file would change in another, as lines a person reads."""

from collections.abc import Callable, Iterator
from typing import Any

NAMES = ("slug", "key", "name", "who", "short", "title", "task", "label", "device", "code", "what", "text")
MOST_SHOWN = 60
# By what an import knows a session again when its name (day and title) is another: it was moved, or it got another title.
SAME_SESSION: tuple[Callable[[dict[str, Any]], Any], ...] = (
    lambda item: (item.get("column"), item["title"]),
    lambda item: (item.get("date"), item.get("from"), item.get("column")),
)
KEPT = {"sessions": SAME_SESSION}


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """`~ place: old -> new`, `+ place: new`, `- place: old`; nothing when both are equal."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_mappings(old, new, path)
    elif isinstance(old, list) and isinstance(new, list) and not (_in_a_line(old) and _in_a_line(new)):
        yield from _of_lists(old, new, path)
    elif old is None:
        yield f"+ {path}: {shortened(new)}"
    elif new is None:
        yield f"- {path}: {shortened(old)}"
    else:
        yield f"~ {path}: {shortened(old)} -> {shortened(new)}"


def _of_mappings(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
    for key in [*old, *(k for k in new if k not in old)]:
        yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)


def _of_lists(old: list[Any], new: list[Any], path: str) -> Iterator[str]:
    """Entries are the same when their names are; a second entry of one name counts as its own."""
    before, after = named(old), named(new)
    kept = kept_names(before, after, path)
    for name, item in after.items():
        known = kept.get(name, name)
        yield from differences(before.get(known), item, f"{path}[{known}]")
    for name, item in before.items():
        if name not in after and name not in kept.values():
            yield f"- {path}[{name}]: {shortened(item)}"
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield f"~ {path}: another order"


def kept_names(before: dict[str, Any], after: dict[str, Any], path: str) -> dict[str, str]:
    """New name -> old name of the entries whose row an import keeps although their name is another."""
    gone = [name for name in before if name not in after]
    found: dict[str, str] = {}
    for same in KEPT.get(path, ()):
        for name, item in after.items():
            if name in before or name in found:
                continue
            old = next((known for known in gone if same(before[known]) == same(item)), None)
            if old is not None:
                found[name] = old
                gone.remove(old)
    return found


def named(items: list[Any]) -> dict[str, Any]:
    """The entries of a list by what they are called, in order."""
    found: dict[str, Any] = {}
    for item in items:
        name = base = _name(item)
        copies = 1
        while name in found:
            copies += 1
            name = f"{base} ({copies})"
        found[name] = item
    return found


def _name(item: Any) -> str:
    if not isinstance(item, dict):
        return shortened(item)
    words = [str(item[key]) for key in ("date", "from") if key in item]
    words += [str(item[key]) for key in NAMES if key in item][:1]
    return " ".join(words) or shortened(item)


def _in_a_line(items: list[Any]) -> str:
    """A list of plain values in one line, `1, 3, 32, 32`, where it fits: a shape says nothing number by number. Empty for any other."""
    if any(isinstance(item, dict) for item in items):
        return ""
    words = [f"[{_in_a_line(item)}]" if isinstance(item, list) else str(item) for item in items]
    text = ", ".join(words)
    return text if "[]" not in words and len(text) <= MOST_SHOWN else ""


def shortened(value: Any) -> str:
    if isinstance(value, list):
        return _in_a_line(value) or f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    if isinstance(value, dict):
        pairs = {
            key: f"[{shortened(item)}]" if isinstance(item, list) and _in_a_line(item) else shortened(item)
            for key, item in value.items()
        }
        value = ", ".join(f"{key} {item}" for key, item in pairs.items())
    text = " ".join(str(value).split())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
