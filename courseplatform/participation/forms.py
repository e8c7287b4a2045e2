"""What comes in from the browser, parsed and refused in one place."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4, uuid5

from django.http import QueryDict

from courseplatform.core.errors import BadInput


def a_uuid(text: str) -> UUID:
    """Raises BadInput (`bad_key`)."""
    try:
        return UUID(text)
    except ValueError as error:
        raise BadInput(
            "This page is out of date. Reload it, and enter it again; nothing was recorded.", code="bad_key"
        ) from error


def a_number(text: str) -> int:
    """A person's key. Raises BadInput (`bad_person`)."""
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise BadInput(
            "This entry names nobody. Reload the page, and tap again; nothing was recorded.", code="bad_person"
        )
    return int(text)


@dataclass(frozen=True)
class EntryForm:
    """One tap: from the script with a key of its own, or from a plain form, where the key follows from the page and the button, so
    that a double click is one entry."""

    person: int
    kind: str
    client_key: UUID
    session: str
    age: timedelta

    @classmethod
    def of(cls, post: QueryDict) -> "EntryForm":
        """Raises BadInput (`bad_key`, `bad_person`)."""
        if tap := post.get("tap"):
            person, _, kind = tap.partition(":")
            key = uuid5(a_uuid(post.get("entry_key", "")), tap)
        else:
            person, kind, key = post.get("person", ""), post.get("kind", ""), a_uuid(post.get("client_key", ""))
        age_ms = post.get("age_ms", "0")
        age = int(age_ms) if age_ms.isascii() and age_ms.isdigit() and len(age_ms) < 13 else 0
        return cls(a_number(person), kind[:12], key, post.get("session", ""), timedelta(milliseconds=age))


def new_key() -> UUID:
    return uuid4()


def attendance_modes(post: QueryDict) -> dict[int, str]:
    """The choices of the attendance form: fields named `mode-<person>`."""
    return {
        int(name[5:]): value
        for name, value in post.items()
        if name.startswith("mode-") and name[5:].isascii() and name[5:].isdigit() and len(name) < 23 and isinstance(value, str) and value
    }  # fmt: skip
