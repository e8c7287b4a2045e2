"""What a course does not keep for ever, by kind. Each room tells what it holds of a kind, and how it lets some of it go.

keeping/retention/ decides when, tells the instructors, and asks for one small batch after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from courseplatform.core import numbers
from courseplatform.courses.models import Course


@dataclass(frozen=True)
class Kind:
    """title, holds: for people. unit: what is counted, in the plural; one: a single one.

    days: after the last day of the course, unless an instructor says otherwise."""

    key: str
    title: str
    holds: str
    unit: str
    one: str
    days: int

    def counted(self, count: int) -> str:
        """1 file, 12 files."""
        return f"{numbers.count(count)} {self.one if count == 1 else self.unit}"

    @property
    def least(self) -> int:
        return int(settings.RETENTION_LEAST_DAYS)

    @property
    def most(self) -> int:
        return max(self.least, min(settings.RETENTION_MOST_DAYS, settings.AUDIT_DAYS if self.key == "audit" else settings.RETENTION_MOST_DAYS))  # fmt: skip


KINDS = {
    kind.key: kind
    for kind in (
        Kind("models", "Models", "The model files that were handed in. They cannot be measured again afterwards.", "files", "file", 365),
        Kind("reports", "Reports, videos and other files", "Everything else that was handed in as a file.", "files", "file", 730),
        Kind("measurements", "Raw measurements", "Single times and sensor readings of runs. Percentiles stay.", "runs", "run", 730),
        Kind("logs", "Logs and files of boards", "What was sent to boards, what came back, and what runs printed there.", "files and logs", "file or log", 180),
        Kind("mail", "Notifications and mails", "What people were told, and the log of its mails.", "messages", "message", 365),
        Kind("audit", "The audit", "Who of the staff saw, changed and exported what.", "lines", "line", 400),
        Kind("profile", "Personal details", "Student IDs, logins, addresses and names from the registrar's lists, and what people wrote when they "
             "looked for a team. Names and addresses of accounts stay.", "records", "record", 365),
    )
}  # fmt: skip


def days_within(key: str, chosen: int | None) -> int:
    """What was chosen, or the default, within the operators' bounds."""
    kind = KINDS[key]
    return max(kind.least, min(kind.most, kind.days if chosen is None else chosen))


@dataclass(frozen=True)
class Found:
    """title: of the assignment; empty for what belongs to none. bytes: 0 where nobody counts them."""

    title: str
    count: int
    bytes: int = 0


@dataclass(frozen=True)
class Source:
    """What one room holds of a kind.

    found(course, before): what is there and came before that instant, or at all (None), by assignment. A bounded number of queries.
    take(course, before, most, now): lets at most so much of it go, in the transaction of the caller; says how much that was. Nothing means
    that nothing is left.
    """

    kind: str
    found: Callable[[Course, datetime | None], list[Found]]
    take: Callable[[Course, datetime, int, datetime], Found]


_sources: dict[str, Source] = {}


def add_retention_source(name: str, source: Source) -> None:
    """name: of the source, so that it is there once however often it registers."""
    assert source.kind in KINDS, source.kind
    _sources[name] = source


def sources_of(kind: str) -> list[Source]:
    return [_sources[name] for name in sorted(_sources) if _sources[name].kind == kind]
