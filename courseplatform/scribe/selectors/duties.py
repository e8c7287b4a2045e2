"""Which notes there are, how far they are, and whose: for the index, the schedule, the calendar and whoever reckons grades."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar

from django.db.models import Count, Min, Prefetch, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.core.kept import kept_ids
from courseplatform.courses.access import Reader, Visit
from courseplatform.courses.models import STAFF, Course, Enrolment, Role, Session
from courseplatform.courses.sections import CalendarEntry, DueMark
from courseplatform.scribe.models import OPEN, RequestStatus, ScribeDuty, ScribeMember, Status
from courseplatform.scribe.spread import spread

LECTURES = (Session.Kind.LECTURE, Session.Kind.GUEST)
COLUMNS = (
    "Session",
    "Day",
    "Scribes",
    "E-mail",
    "Due",
    "First handed in",
    "Late",
    "Rounds",
    "State",
    "Open requests",
    "Full credit",
)


def duties_of(course: Course) -> "QuerySet[ScribeDuty]":
    """The duties of a course with their people, without the working texts."""
    people = Prefetch("members", ScribeMember.objects.select_related("person"))
    return (
        course.scribe_duties.select_related(
            "session"
        )  # by the relation: each duty knows this very course, its facts are read once
        .prefetch_related(people)
        .defer("text", "session__details")
        .annotate(
            open_requests=Count("requests", filter=Q(requests__status=RequestStatus.OPEN), distinct=True),
            rounds=Count("versions", filter=Q(versions__round__isnull=False), distinct=True),
            first_at=Min("versions__at", filter=Q(versions__round=1)),
        )
        .order_by("session__held_on", "session__position", "is_example", "pk")
    )


def duty_get(visit: Visit | Reader, pk: int) -> ScribeDuty:
    """Raises NotHere for a duty of another course."""
    found = (
        duties_of(visit.course).filter(pk=pk).defer("course__facts", "course__file_text", "session__details").first()
    )
    if found is None:
        raise NotHere("There are no such scribe notes in this course.")
    return found


def duty_of_scribe(visit: Visit, pk: int) -> ScribeDuty:
    """Raises NotHere unless the person is one of its scribes."""
    found = duty_get(visit, pk)
    if not is_scribe(found, visit.person):
        raise NotHere("These notes are written by others.")
    return found


def duty_to_work_on(visit: Visit, pk: int) -> ScribeDuty:
    """For its scribes and the staff. Raises NotHere for everybody else."""
    found = duty_get(visit, pk)
    if not visit.is_staff and not is_scribe(found, visit.person):
        raise NotHere("These notes are written by others.")
    return found


def is_scribe(duty: ScribeDuty, person: User) -> bool:
    return any(member.person_id == person.pk for member in duty.members.all())


def names_of(duty: ScribeDuty) -> str:
    """Ruth Adeyemi, Daniel Park and Sofia Lindgren."""
    names = [member.person.name or member.person.email for member in duty.members.all()]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


# -- states and lateness ------------------------------------------------------------------------------------------------


def state_badge(duty: ScribeDuty, now: datetime) -> Badge:
    open_now = getattr(duty, "open_requests", 0)
    if duty.status == Status.DRAFT:
        if duty.due_at and duty.due_at < now:
            return Badge("bad", "octagon", "overdue")
        return Badge("neutral", "info", "being written" if duty.edition else "not begun")
    still = f", {open_now} open" if open_now else ""
    return {
        Status.HANDED_IN: Badge("neutral", "clock", "handed in, to be read"),
        Status.CHANGES_REQUESTED: Badge("warn", "triangle", f"changes requested{still}"),
        Status.APPROVED: Badge("good", "check", f"approved{still}"),
        Status.PUBLISHED: Badge("good", "check", f"published{still}"),
    }[Status(duty.status)]


def late_by(duty: ScribeDuty) -> timedelta:
    """How late the first round came; nothing while there is none. Later rounds answer requests and are never late."""
    first, due = getattr(duty, "first_at", None), duty.due_at
    return max(first - due, timedelta()) if first and due else timedelta()


def late_badge(duty: ScribeDuty) -> Badge | None:
    if getattr(duty, "first_at", None) is None or duty.due_at is None:
        return None
    late = late_by(duty)
    return Badge("warn", "triangle", f"{numbers.span(late)} late") if late else Badge("good", "check", "on time")


# -- the index ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NoteFilter:
    """Filters of the staff's table; they stand in the URL. Unknown values mean no filter, and the page shows that."""

    state: str = ""
    person: str = ""

    STATES: ClassVar[dict[str, str]] = {
        "read": "to be read", "changes": "changes requested", "overdue": "overdue", "draft": "not handed in", "late": "handed in late",
        "published": "published", "nobody": "nobody assigned",
    }  # fmt: skip

    @classmethod
    def of(cls, query: QueryDict) -> "NoteFilter":
        state = query.get("state", "")
        return cls(state=state if state in cls.STATES else "", person=query.get("person", "").replace("\0", "")[:120])

    def takes(self, duty: ScribeDuty | None, now: datetime) -> bool:
        if self.person and not (duty and any(self._is(member.person) for member in duty.members.all())):
            return False
        if not self.state:
            return True
        if duty is None:
            return self.state == "nobody"
        return {
            "read": duty.status == Status.HANDED_IN, "changes": duty.status == Status.CHANGES_REQUESTED, "draft": duty.status == Status.DRAFT,
            "overdue": duty.status in OPEN and bool(duty.due_at and duty.due_at < now), "late": bool(late_by(duty)),
            "published": duty.published_id is not None, "nobody": False,
        }[self.state]  # fmt: skip

    def _is(self, person: User) -> bool:
        return self.person.casefold() in f"{person.name} {person.email}".casefold()


def scribed_sessions(course: Course, *, staff: bool) -> "QuerySet[Session]":
    """The sessions that are written down: lectures and guests, held, in order."""
    return Session.objects.shown_to(staff=staff).filter(
        course=course, is_class=True, is_cancelled=False, kind__in=LECTURES
    ).exclude(column=Session.Column.LAB).defer("details")  # fmt: skip


def class_sessions(course: Course) -> "QuerySet[Session]":
    """What can be assigned by hand: every meeting, also a lab that was a lecture after all."""
    return Session.objects.filter(course=course, is_class=True, is_cancelled=False, is_withdrawn=False).defer("details")


def note_rows(visit: Visit, chosen: NoteFilter, now: datetime) -> list[dict[str, Any]]:
    """A row a lecture, also where nobody is assigned; examples are rows of their own."""
    by_session: dict[int, list[ScribeDuty]] = {}
    for duty in duties_of(visit.course):
        by_session.setdefault(duty.session_id, []).append(duty)
    rows = []
    for session in scribed_sessions(visit.course, staff=visit.is_staff):
        rows += [_row(visit, session, duty, now) for duty in by_session.pop(session.pk, [None])]
    for duties in by_session.values():  # sessions that are no lectures, or were cancelled: their notes stay
        rows += [_row(visit, duty.session, duty, now) for duty in duties if _is_shown(visit, duty)]
    return [row for row in rows if chosen.takes(row["duty"], now)]


def _is_shown(visit: Visit, duty: ScribeDuty) -> bool:
    """What is not on the schedule is known to the staff, and to those who write there."""
    return visit.is_staff or duty.session.is_published or is_scribe(duty, visit.person)


def _row(visit: Visit, session: Session, duty: ScribeDuty | None, now: datetime) -> dict[str, Any]:
    row = {
        "session": session,
        "duty": duty,
        "is_past": bool(session.held_on and session.held_on < timezone.localdate(now)),
    }
    if duty is None:
        return row
    is_own = is_scribe(duty, visit.person)
    return row | {
        "names": names_of(duty), "is_own": is_own, "due_at": duty.due_at, "badge": state_badge(duty, now), "late": late_badge(duty),
        "url": duty.page("edit" if is_own and duty.status in OPEN else "review" if visit.is_staff and duty.status != Status.DRAFT else "note"),
    }  # fmt: skip


def own_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The duties of the person: what is to do first, then what is done."""
    return sorted((row for row in rows if row.get("is_own")), key=lambda row: row["duty"].status not in OPEN)


def csv_row(row: dict[str, Any]) -> list[Any]:
    duty: ScribeDuty | None = row["duty"]
    session = [row["session"].heading, row["session"].held_on or ""]
    if duty is None:
        return [*session, "", "", "", "", "", 0, "nobody assigned", 0, ""]
    people = [member.person for member in duty.members.all()]
    first = getattr(duty, "first_at", None)
    return [
        *session, "; ".join(person.name for person in people), "; ".join(person.email for person in people),
        _iso(duty, duty.due_at), _iso(duty, first), numbers.span(late_by(duty)) if late_by(duty) else "",
        getattr(duty, "rounds", 0), row["badge"].word, getattr(duty, "open_requests", 0), "yes" if duty.has_full_credit else "no",
    ]  # fmt: skip


def _iso(duty: ScribeDuty, moment: datetime | None) -> str:
    return timezone.localtime(moment, duty.course.tz).isoformat(timespec="minutes") if moment else ""


# -- for other rooms ----------------------------------------------------------------------------------------------------


def published_notes(course: Course) -> dict[int, str]:
    """The path of the published notes of each session, by the session's id; the students' notes before an example."""
    found = course.scribe_duties.filter(published__isnull=False).defer("text").order_by("-is_example")
    return {duty.session_id: duty.get_absolute_url() for duty in found}


@dataclass(frozen=True)
class ScribeCredit:
    """What grading needs of one person's one duty. `late_by` is that of the first round."""

    person_id: int
    duty_id: int
    session_id: int
    due_at: datetime | None
    handed_in_at: datetime | None
    late_by: timedelta
    approved_at: datetime | None
    has_full_credit: bool


def scribe_credits(course: Course, person: User | None = None) -> list[ScribeCredit]:
    """Every duty of the students of a course, or of one person; examples of the staff are no duties."""
    duties = duties_of(course).filter(is_example=False)
    if person is not None:
        duties = duties.filter(pk__in=ScribeMember.objects.filter(person=person).values("duty"))
    return [
        ScribeCredit(
            person_id=member.person_id, duty_id=duty.pk, session_id=duty.session_id, due_at=duty.due_at,
            handed_in_at=getattr(duty, "first_at", None), late_by=late_by(duty), approved_at=duty.approved_at,
            has_full_credit=duty.has_full_credit,
        )
        for duty in duties for member in duty.members.all() if person is None or member.person_id == person.pk
    ]  # fmt: skip


def _own_duties(course: Course, person: User) -> list[ScribeDuty]:
    members = ScribeMember.objects
    scribes = kept_ids(
        "scribes", course.pk, lambda: members.filter(duty__session__course=course).values_list("person", flat=True)
    )
    if person.pk not in scribes:
        return []
    return list(duties_of(course).filter(pk__in=members.filter(person=person).values("duty")))


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    """The own duties, for the pages of the course."""
    return [
        DueMark(
            label="Scribe notes", title=duty.session.title, due_at=duty.due_at, url=duty.page("edit"), state=state_badge(duty, now),
            detail=partial(str, "example for the class" if duty.is_example else ""),
        )
        for duty in _own_duties(visit.course, visit.person) if duty.due_at
    ]  # fmt: skip


def calendar_entries(course: Course, person: User | None) -> list[CalendarEntry]:
    """A person's duties; nothing of them is public."""
    if person is None:
        return []
    return [
        CalendarEntry(
            uid=f"scribe-{duty.pk}", title=f"Scribe notes due: {duty.session.title}", starts=duty.due_at, path=duty.page("edit"),
            is_cancelled=duty.session.is_cancelled or duty.session.is_withdrawn, sequence=duty.session.sequence,
        )
        for duty in _own_duties(course, person) if duty.due_at
    ]  # fmt: skip


# -- assigning ----------------------------------------------------------------------------------------------------------


def people_to_choose(course: Course) -> list[dict[str, Any]]:
    """Students first, then staff (who write examples), each with the number of duties so far."""
    counts = dict(
        ScribeMember.objects.filter(duty__course=course)
        .values_list("person")
        .annotate(n=Count("pk"))
        .values_list("person", "n")
    )
    enrolled = Enrolment.objects.filter(course=course, is_active=True).select_related("person")
    rows = [{"person": e.person, "is_staff": e.role in STAFF, "duties": counts.get(e.person_id, 0)} for e in enrolled]
    return sorted(rows, key=lambda row: (row["is_staff"], row["person"].name.casefold(), row["person"].pk))


@dataclass(frozen=True)
class Plan:
    """A spreading that somebody may confirm. `key` changes when the people, the lectures or the answer do."""

    people: Mapping[Session, list[User]]
    times: int
    key: str

    @property
    def sizes(self) -> list[int]:
        return [len(people) for people in self.people.values()]

    @property
    def empty(self) -> int:
        return sum(size == 0 for size in self.sizes)


def spread_plan(visit: Visit, times: int) -> Plan:
    """All active students over the lectures from now on that nobody has yet, each `times` times."""
    course = visit.course
    students = {
        e.person_id: e.person
        for e in Enrolment.objects.filter(course=course, is_active=True, role=Role.STUDENT)
        .select_related("person")
        .order_by("person_id")
    }
    taken = ScribeDuty.objects.filter(course=course, is_example=False).values("session")
    open_sessions = (
        scribed_sessions(course, staff=True)
        .filter(held_on__gte=timezone.localdate(timezone=course.tz))
        .exclude(pk__in=taken)
    )
    sessions = {session.pk: session for session in open_sessions}
    found = spread(list(students), list(sessions), times=times, seed=course.slug)
    key = "-".join(f"{session}:{','.join(map(str, people))}" for session, people in found.items())
    return Plan(
        {sessions[pk]: [students[p] for p in people] for pk, people in found.items()},
        times,
        sha256(key.encode()).hexdigest()[:20],
    )
