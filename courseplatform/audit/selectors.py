"""The audit of a course: its own rows and the changes that other rooms keep, in one list by time. One query a source, and two for names."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from courseplatform.accounts.models import User
from courseplatform.audit.models import Act, AuditRow
from courseplatform.audit.question import Place, Question
from courseplatform.audit.registry import AuditSource, audit
from courseplatform.courses.models import STAFF, Course, Enrolment

PER_PAGE, MOST_EXPORTED = 50, 5000


@dataclass(frozen=True)
class Line:
    """actor: as it was written then, a name or an address; name: the name behind an address, where the account is there."""

    at: datetime
    actor: str
    act: Act
    what: str
    path: str
    about: User | None
    network: str = ""
    request_id: str = ""
    name: str = ""

    @property
    def who(self) -> str:
        return self.name or self.actor or "the site"


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    next: Place | None


@dataclass(frozen=True)
class People:
    """Whom the words of a question mean, as histories write them: names and addresses, and keys. None: not asked."""

    who: Q | None
    about: list[int] | None


def audit_page(course: Course, question: Question, limit: int = PER_PAGE) -> Page:
    """The newest lines that fit, and where the rest begins."""
    skip = question.place.skip if question.place else 0
    found = sorted(_lines(course, question, limit + 1 + skip), key=lambda pair: pair[0])
    lines = [line for _, line in found][skip:]
    shown, rest = lines[:limit], lines[limit:]
    if not rest:
        return Page(_named(shown), None)
    last = shown[-1].at
    same = sum(line.at == last for line in shown)
    again = skip if question.place and question.place.at == last else 0
    return Page(_named(shown), Place(last, same + again))


def _lines(course: Course, question: Question, limit: int) -> Iterator[tuple[tuple[float, int, int], Line]]:
    """With the key by which they are sorted: newest first, then in an order that is the same on each page."""
    people = _people(course, question)
    for order, source in enumerate([own_source(course), *audit.sources.values()]):
        nameless = source.nameless(course) if source.nameless else frozenset()
        rows = _asked(source, course, question, people)
        if rows is None:
            continue
        if people.about is not None and nameless:  # who is looked for by name is not found by work without one
            rows = rows.exclude(**{f"{source.nameless_by}__in": nameless})
        for row in rows.order_by(f"-{source.at}", "-pk")[:limit]:
            line = _line(source, row)
            if nameless and getattr(row, source.nameless_by) in nameless:
                line = replace(line, about=None, path="")
            yield (-line.at.timestamp(), order, -row.pk), line


def own_source(course: Course) -> AuditSource:
    """The rows of this room: those of the course, and those of no course by its staff (that they signed in)."""
    staff = Enrolment.objects.filter(course=course, role__in=STAFF, is_active=True).values("person")
    mine = Q(course=course) | Q(course=None, actor_person__in=staff)
    return AuditSource(
        "own", Act.SAW, lambda _: AuditRow.objects.filter(mine), lambda row: (row.what, row.path), actor="actor", about="about",
        searched=("what", "path"),
    )  # fmt: skip


def _asked(source: AuditSource, course: Course, question: Question, people: People) -> "QuerySet[Any] | None":
    """The rows of a source that the question means; None where it can have none."""
    is_own = source.name == "own"
    if (question.act and not is_own and question.act != source.act) or (people.about is not None and not source.about):
        return None
    rows = source.rows(course)
    rows = rows.select_related(source.about) if source.about else rows
    if question.act and is_own:
        rows = rows.filter(act=question.act)
    if people.who is not None:
        rows = rows.filter(_on(source.actor, people.who))
    if people.about is not None:
        rows = rows.filter(**{f"{source.about}__in": people.about})
    if question.words:
        found = Q(pk=None)
        for column in source.searched:
            found |= Q(**{f"{column}__icontains": question.words})
        rows = rows.filter(found)
    return rows.filter(**_times(source.at, question))


def _on(column: str, who: Q) -> Q:
    """The condition on `actor` as one on this column."""
    return Q.create([(f"{column}__{name.partition('__')[2]}", value) for name, value in who.children], connector=Q.OR)  # type: ignore[misc]


def _times(column: str, question: Question) -> dict[str, datetime]:
    bounds = {"gte": question.since, "lt": question.until, "lte": question.place.at if question.place else None}
    return {f"{column}__{name}": value for name, value in bounds.items() if value is not None}


def _people(course: Course, question: Question) -> People:
    """Some histories write names and some addresses: whoever fits is looked for under both."""
    who = about = None
    if question.who:
        found = _fitting(course, question.who)
        known = sorted({text for person in found for text in (person.name, person.email)})
        who = Q(actor__in=known) | Q(actor__icontains=question.who)
    if question.about:
        about = [person.pk for person in _fitting(course, question.about)]
    return People(who, about)


def _fitting(course: Course, words: str) -> list[User]:
    fits = Q(name__icontains=words) | Q(email__icontains=words)
    return list(User.objects.filter(fits, enrolments__course=course).distinct().only("pk", "name", "email")[:200])


def _line(source: AuditSource, row: Any) -> Line:
    what, path = source.line(row)
    about: Any = row
    for step in source.about.split("__") if source.about else ():
        about = getattr(about, step) if about is not None else None
    return Line(
        at=getattr(row, source.at), actor=getattr(row, source.actor), act=Act(row.act if source.name == "own" else source.act), what=what,
        path=path, about=about if source.about else None, network=getattr(row, "network", ""), request_id=getattr(row, "request_id", ""),
    )  # fmt: skip


def _named(lines: list[Line]) -> list[Line]:
    """The names of those whom the lines call by their address. One query."""
    addresses = {line.actor for line in lines if "@" in line.actor}
    names = dict(User.objects.filter(email__in=addresses).values_list("email", "name")) if addresses else {}
    return [replace(line, name=names.get(line.actor, "")) for line in lines]
