"""A Piazza export: class_content.json with every post, and users.json or a CSV that says whose uid is whose.

Facts of the format: a post has `history`, newest first; an answer has several editors; follow-ups nest in `children`; times are
UTC. `anon: stud` hides the name from classmates and still carries the uid, `anon: full` carries none. One cell may hold several
e-mail addresses; a header of the account list reads `Email.UID` for two columns.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.participation.imports.archive import parsed
from courseplatform.participation.imports.export import Author, Export, Found
from courseplatform.participation.scheme import ANSWER, QUESTION
from courseplatform.participation.text import asks, clean, html_plain

MOST_CONTENT, MOST_USERS = 64 << 20, 16 << 20  # bytes
MOST_USER_ROWS = 20_000
STAFF_ROLES = ("instructor", "professor", "ta", "staff", "teaching assistant")
Fact = Mapping[str, Any]


def read_piazza(content: bytes, users: bytes | None, users_name: str = "") -> Export:
    """Raises BadInput (`not_an_export`, `bad_json`, `wrong_encoding`, `bad_users`)."""
    posts = parsed(content, "class_content.json")
    if not isinstance(posts, list) or not any(isinstance(post, dict) and "history" in post for post in posts):
        raise BadInput(
            "This JSON holds no posts with a history, so it is no export of Piazza's class content.",
            code="not_an_export",
        )
    export = Export("piazza")
    if users is not None:
        export.authors = {author.key: author for author in _authors(users, users_name)}
    for post in posts:
        if isinstance(post, dict):
            _read_post(post, export)
    return export


def _authors(raw: bytes, name: str) -> Iterator[Author]:
    rows = _json_users(raw, name) if raw.lstrip()[:1] in (b"[", b"{") else _csv_users(raw)
    for key, found_name, emails, role in rows:
        if uid := clean(key, 80):
            yield Author(uid, clean(found_name, 120), emails_of(emails), clean(role, 40).lower() in STAFF_ROLES)


def emails_of(cell: object) -> tuple[str, ...]:
    """Every address of a cell, in lower case."""
    words = re.split(r"[\s,;]+", clean(cell, 1000).lower())
    return tuple(dict.fromkeys(word.strip("<>") for word in words if "@" in word))


def _json_users(raw: bytes, name: str) -> Iterator[tuple[Any, Any, Any, Any]]:
    users = parsed(raw, name or "users.json")
    for user in users if isinstance(users, list) else []:
        if isinstance(user, dict):
            emails = user.get("email") or user.get("emails")
            emails = ",".join(map(str, emails)) if isinstance(emails, list) else emails
            yield user.get("user_id") or user.get("uid") or user.get("id"), user.get("name"), emails, user.get("role")


def _csv_users(raw: bytes) -> Iterator[tuple[Any, Any, Any, Any]]:
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            "The list of users is not written in UTF-8. Import the file as Piazza gave it.", code="wrong_encoding"
        ) from error
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise BadInput(f"The list of users cannot be read as CSV: {error}.", code="bad_users") from error
    if len(rows) > MOST_USER_ROWS:
        raise TooLarge(f"The list of users has more than {MOST_USER_ROWS} rows.", code="too_many_rows")
    columns = _columns([cell.strip().lower() for cell in rows[0]] if rows else [])
    for row in rows[1:]:
        cells = {name: row[place] if place < len(row) else "" for name, place in columns.items()}
        yield cells["uid"], cells.get("name", ""), cells["email"], cells.get("role", "")


def _columns(head: list[str]) -> dict[str, int]:
    if head[:1] == ["email.uid"]:  # one cell of the head for two columns
        return {"email": 0, "uid": 1}
    wanted = {
        "email": ("email", "emails", "e-mail"),
        "uid": ("uid", "user_id", "user id", "id"),
        "name": ("name",),
        "role": ("role",),
    }
    found = {name: head.index(word) for name, words in wanted.items() for word in words if word in head}
    if "email" not in found or "uid" not in found:
        raise BadInput(
            "The list of users needs a column email and a column user_id (or uid) in its first row.", code="bad_users"
        )
    return found


def _read_post(post: Fact, export: Export) -> None:
    export.counts["read"] += 1
    config = post.get("config")
    if post.get("status") in ("private", "deleted") or (isinstance(config, dict) and config.get("is_default")):
        export.counts["private" if post.get("status") == "private" else "service"] += 1
        return
    number, key = clean(str(post.get("nr", "")), 12), clean(post.get("id"), 60)
    versions = [version for version in _list(post.get("history")) if isinstance(version, dict)]
    if not key or not versions:
        export.counts["not_readable"] += 1
        return
    place = (
        f"Post {number}: {clean(html_plain(versions[0].get('subject')), 80)}"
        if number
        else clean(versions[0].get("subject"), 100)
    )
    thread = Thread(key, clean(place, 120), _uid(versions[-1]), export)
    if post.get("type") == "question":
        # Asked by whoever wrote the oldest version; one version under a hidden name hides it for good.
        text = f"{html_plain(versions[0].get('subject'))}: {html_plain(versions[0].get('content'))}"
        thread.add(versions[-1], QUESTION, text, hidden=any(_is_hidden(version) for version in versions))
    else:
        export.counts["notes"] += 1
    for child in _children(post):
        thread.read(child)


class Thread:
    """One post with what stands below it. A person is credited once for it."""

    def __init__(self, key: str, place: str, asker: str, export: Export) -> None:
        self.key, self.place, self.asker, self.export = key, place, asker, export

    def read(self, child: Fact) -> None:
        self.export.counts["read"] += 1
        kind = child.get("type")
        if kind == "s_answer":
            for version in reversed([v for v in _list(child.get("history")) if isinstance(v, dict)]):
                self.reply(version, ANSWER, html_plain(version.get("content")))
        elif kind in ("followup", "feedback"):
            text = html_plain(child.get("subject") or child.get("content"))
            self.reply(child, QUESTION if asks(text) else ANSWER, text)
        else:
            self.export.counts["by_staff" if kind == "i_answer" else "service"] += 1

    def reply(self, version: Fact, kind: str, text: str) -> None:
        if _uid(version) and _uid(version) == self.asker:
            self.export.counts["own_thread"] += 1
        else:
            self.add(version, kind, text, hidden=_is_hidden(version))

    def add(self, version: Fact, kind: str, text: str, *, hidden: bool) -> None:
        uid, at = _uid(version), _moment(version.get("created"))
        if not uid or at is None:
            self.export.counts["not_readable" if uid else "nameless"] += 1
            return
        self.export.authors.setdefault(uid, Author(uid))
        self.export.add(
            Found(
                source_key=f"piazza:{self.key}:{uid}", author_key=uid, kind=kind, place=self.place, excerpt=clean(text, 200), at=at,
                is_anonymous=hidden,
            )
        )  # fmt: skip


def _children(post: Fact) -> Iterator[Fact]:
    """Everything below a post: answers before follow-ups, so that an answer stands for its author; then in order."""
    todo = [child for child in _list(post.get("children")) if isinstance(child, dict)]
    todo.reverse()
    todo.sort(key=lambda child: child.get("type") == "s_answer")
    while todo:  # a stack: the last is read next
        child = todo.pop()
        yield child
        todo.extend(below for below in reversed(_list(child.get("children"))) if isinstance(below, dict))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _uid(version: Fact) -> str:
    return clean(version.get("uid"), 80)


def _is_hidden(version: Fact) -> bool:
    return version.get("anon", "no") not in ("no", None, "")


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value)[:40])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
