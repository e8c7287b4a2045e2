"""A Slack export: one folder a channel, one JSON a day. Only public channels are opened; joins, bots and deleted messages are left out.

Facts of the format: channels.json lists the public channels, groups.json the private ones, dms.json and mpims.json the direct
messages. A thread is known by `thread_ts`; `ts` and the channel name a message for ever; a reply that was sent to the channel
too appears twice (`thread_broadcast`, formerly `reply_broadcast`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from courseplatform.core.errors import BadInput
from courseplatform.participation.imports.archive import Archive, parsed
from courseplatform.participation.imports.export import Author, Export, Found
from courseplatform.participation.scheme import ANSWER, QUESTION
from courseplatform.participation.text import asks, clean, slack_plain

MOST_DAY, MOST_LIST = 16 << 20, 32 << 20  # bytes of one day, of one list of channels or people
DAY_FILE = re.compile(r"^\d{4}-\d{2}-\d{2}\.json$")
BROADCASTS = ("thread_broadcast", "reply_broadcast")
SPOKEN = (None, "", "file_share", "me_message", *BROADCASTS)  # subtypes that a person writes


@dataclass
class Message:
    channel: str
    ts: str
    thread: str
    author: str
    plain: str
    is_broadcast: bool

    @property
    def starts(self) -> bool:
        return self.ts == self.thread


@dataclass
class Channel:
    key: str
    name: str
    messages: list[Message] = field(default_factory=list)


def root_of(archive: Archive) -> str | None:
    """The folder that holds channels.json: empty, or the one that zipping an unpacked export adds. None: this is no Slack export."""
    places = [
        name for name in archive.names if name.rsplit("/", 1)[-1] == "channels.json" and not name.startswith("__MACOSX")
    ]
    return min(places, key=len).removesuffix("channels.json") if places else None


def read_slack(archive: Archive, question_channels: frozenset[str]) -> Export:
    """question_channels: names of channels in which every message that starts a thread is a question."""
    root = root_of(archive)
    if root is None:
        raise BadInput("This zip holds no channels.json, so it is no Slack export.", code="not_an_export")
    export = Export("slack")
    export.counts["odd_path"] += archive.odd
    export.authors = {
        author.key: author for author in _authors(_rows(archive, f"{root}users.json", f"{root}org_users.json"))
    }
    for channel in _channels(archive, root, export):
        _read_days(archive, root, channel, export)
        _candidates(channel, channel.name in question_channels, export)
    return export


def _rows(archive: Archive, *names: str) -> list[Mapping[str, Any]]:
    """The dictionaries in the first of these files that is there."""
    for name in names:
        if name in archive.names:
            found = parsed(archive.read(name, MOST_LIST), name)
            return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    return []


def _authors(users: list[Mapping[str, Any]]) -> Iterator[Author]:
    for user in users:
        key = clean(user.get("id"), 80)
        if not key or user.get("is_bot") or key == "USLACKBOT":
            continue
        profile = user.get("profile")
        profile = profile if isinstance(profile, dict) else {}
        name = clean(profile.get("real_name") or user.get("real_name") or user.get("name"), 120)
        email = clean(profile.get("email") or user.get("email"), 254).lower()
        yield Author(key, name, (email,) if "@" in email else ())


def _channels(archive: Archive, root: str, export: Export) -> list[Channel]:
    """The public channels. A folder that channels.json does not name is never opened, nor one that groups.json names too."""
    private = {name for row in _rows(archive, f"{root}groups.json") if isinstance(name := row.get("name"), str)}
    found = {}
    for row in _rows(archive, f"{root}channels.json"):
        name = row.get("name")
        closed = any(row.get(mark) for mark in ("is_private", "is_im", "is_mpim"))
        if isinstance(name, str) and name and "/" not in name and name not in private and not closed:
            found[name] = Channel(clean(row.get("id"), 60) or clean(name, 60), name)
    folders = {
        name.removeprefix(root).split("/")[0]
        for name in archive.names
        if name.startswith(root) and "/" in name.removeprefix(root)
    }
    export.counts["private"] += len(folders - set(found) - {"__MACOSX"})
    return [found[name] for name in sorted(found)]


def _read_days(archive: Archive, root: str, channel: Channel, export: Export) -> None:
    prefix = f"{root}{channel.name}/"
    days = sorted(
        name for name in archive.names if name.startswith(prefix) and DAY_FILE.match(name.removeprefix(prefix))
    )
    for day in days:
        rows = parsed(archive.read(day, MOST_DAY), day)
        for row in rows if isinstance(rows, list) else []:
            export.counts["read"] += 1
            message = _message(row, channel, export) if isinstance(row, dict) else None
            if message is not None:
                channel.messages.append(message)


def _message(row: Mapping[str, Any], channel: Channel, export: Export) -> Message | None:
    """What a person wrote, or None, counted by why."""
    service = row.get("type") != "message" or row.get("subtype") not in SPOKEN or row.get("bot_id") or row.get("hidden")
    author, ts = clean(row.get("user"), 60), clean(row.get("ts"), 32)
    if service or author == "USLACKBOT":
        export.counts["service"] += 1
        return None
    if not author or _moment(ts) is None:
        export.counts["not_readable"] += 1
        return None
    if author not in export.authors:  # left the workspace, or joined from another one
        profile = row.get("user_profile")
        name = profile.get("real_name") if isinstance(profile, dict) else ""
        export.authors[author] = Author(author, clean(name, 120))
    thread = clean(row.get("thread_ts"), 32) or ts
    return Message(channel.key, ts, thread, author, slack_plain(row.get("text")), row.get("subtype") in BROADCASTS)


def _moment(ts: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(ts), UTC) if re.fullmatch(r"\d{9,11}(\.\d{1,9})?", ts) else None
    except (ValueError, OverflowError, OSError):
        return None


def _candidates(channel: Channel, all_ask: bool, export: Export) -> None:
    messages, starts = {}, {}
    broadcast: set[tuple[str, str, str]] = set()
    for message in sorted(channel.messages, key=lambda m: (m.ts, m.is_broadcast)):
        same = (message.thread, message.author, message.plain)
        if message.ts in messages or (message.is_broadcast and same in broadcast):
            export.counts["repeated"] += 1
            continue
        broadcast.add(same)
        messages[message.ts] = message
        if message.starts:
            starts[message.ts] = message
    for message in messages.values():
        kind = _kind(message, starts.get(message.thread), all_ask, export)
        if kind:
            _add(message, kind, channel, export)


def _kind(message: Message, start: Message | None, all_ask: bool, export: Export) -> str | None:
    if start is None:
        export.counts["no_thread_start"] += 1
        return None
    is_question = all_ask or asks(start.plain)
    if message.starts:
        if not is_question:
            export.counts["not_question"] += 1
        return QUESTION if is_question else None
    if message.author == start.author:
        export.counts["own_thread"] += 1
        return None
    if is_question:
        return ANSWER
    if asks(message.plain):
        return QUESTION  # somebody asks back below an announcement
    export.counts["not_in_question"] += 1
    return None


def _add(message: Message, kind: str, channel: Channel, export: Export) -> None:
    at = _moment(message.ts)
    if at is None:
        return
    export.add(
        Found(
            source_key=f"slack:{channel.key}:{message.thread}:{message.author}", author_key=message.author, kind=kind,
            place=clean(f"#{channel.name}", 120), excerpt=clean(message.plain, 200), at=at,
        )
    )  # fmt: skip
