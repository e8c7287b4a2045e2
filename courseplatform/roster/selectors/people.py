"""The people of a course as its staff read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils import timezone

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Course, Enrolment, Role
from courseplatform.roster.models import CourseSection, Invitation, RosterEntry

PAGE = 100
COLUMNS = ("Name", "E-mail", "Role", "Sections", "State", "Student ID", "Login", "Joined", "Left")
ORDER: dict[str, tuple[Any, ...]] = {
    "name": (Lower("person__name"), "pk"),
    "-joined": ("-made_at", "-pk"),
    "role": ("-rank", Lower("person__name"), "pk"),
}
NEVER = Q(is_active=True, person__last_login=None, person__is_demo=False) & Q(
    person__password__startswith=UNUSABLE_PASSWORD_PREFIX
)


@dataclass(frozen=True)
class PeopleFilter:
    """Filters of the list; they stand in the URL. Unknown values mean no filter, and the page shows that."""

    text: str = ""
    role: str = ""
    section: str = ""
    state: str = ""
    sort: str = "name"

    STATES: ClassVar[dict[str, str]] = {
        "": "in the course",
        "never": "never signed in",
        "dropped": "dropped",
        "all": "all, also dropped",
    }
    SORTS: ClassVar[dict[str, str]] = {"name": "name", "role": "role", "-joined": "newest first"}

    @classmethod
    def of(cls, query: QueryDict) -> "PeopleFilter":
        role, state, sort = query.get("role", ""), query.get("state", ""), query.get("sort", "")
        return cls(
            text=query.get("q", "").replace("\x00", "").strip()[:120],
            role=role if role in Role.values else "",
            section=section if (section := query.get("section", "")).isdecimal() and len(section) < 12 else "",
            state=state if state in cls.STATES else "",
            sort=sort if sort in cls.SORTS else "name",
        )


def _people(visit: Visit) -> "QuerySet[Enrolment]":
    newest = Invitation.objects.filter(enrolment=OuterRef("pk")).order_by("-made_at", "-pk")
    found = Enrolment.objects.filter(course=visit.course).select_related("person", "roster_entry")
    return found.prefetch_related("roster_entry__sections").annotate(
        invited=Subquery(newest.values("status")[:1]), invited_until=Subquery(newest.values("expires_at")[:1])
    )


def _filtered(people: "QuerySet[Enrolment]", chosen: PeopleFilter) -> "QuerySet[Enrolment]":
    if chosen.state == "never":
        people = people.filter(NEVER)
    elif chosen.state != "all":
        people = people.filter(is_active=chosen.state != "dropped")
    if chosen.role:
        people = people.filter(role=chosen.role)
    if chosen.section:
        people = people.filter(roster_entry__sections=int(chosen.section))
    for word in chosen.text.split()[:8]:
        people = people.filter(
            Q(person__name__icontains=word) | Q(person__email__icontains=word) | Q(roster_entry__registrar_name__icontains=word)
            | Q(roster_entry__sis_id__icontains=word) | Q(roster_entry__login__icontains=word)
        )  # fmt: skip
    if chosen.sort == "role":
        people = people.annotate(rank=_rank())
    return people.order_by(*ORDER[chosen.sort])


def _rank() -> Any:
    return Case(When(role=Role.INSTRUCTOR, then=Value(2)), When(role=Role.TA, then=Value(1)), default=Value(0), output_field=IntegerField())  # fmt: skip


@dataclass(frozen=True)
class PersonRow:
    """One person of the list. `sections`: their names. `state`: a badge, or None where nothing needs to be said."""

    enrolment: Enrolment
    sections: list[str]
    sis_id: str
    login: str
    state: Badge | None


def _row(enrolment: Enrolment, now: datetime) -> PersonRow:
    entry = entry_or_none(enrolment)
    sections = [section.name for section in entry.sections.all()] if entry else []
    until = getattr(enrolment, "invited_until", None)
    badge = state_badge(enrolment, getattr(enrolment, "invited", None), until, now)
    return PersonRow(enrolment, sections, entry.sis_id if entry else "", entry.login if entry else "", badge)


def entry_or_none(enrolment: Enrolment) -> RosterEntry | None:
    try:
        return enrolment.roster_entry
    except RosterEntry.DoesNotExist:
        return None


def state_badge(enrolment: Enrolment, invited: str | None, until: datetime | None, now: datetime) -> Badge | None:
    """What staff must know of somebody's access; None for people who are simply there."""
    person, status = enrolment.person, Invitation.Status
    if not enrolment.is_active:
        return Badge("neutral", "close", "dropped")
    if person.last_login is not None or person.has_usable_password() or person.is_demo:
        return None
    if invited == status.PENDING and until and now < until:
        return Badge("neutral", "clock", "invited")
    if invited in (status.PENDING, status.EXPIRED):
        return Badge("warn", "triangle", "invitation expired")
    return Badge("warn", "triangle", "invitation withdrawn" if invited == status.WITHDRAWN else "not invited")


def people_page(visit: Visit, chosen: PeopleFilter, number: str) -> dict[str, Any]:
    """One page of the list: rows, and the page itself. A number that is none shows the nearest."""
    page = Paginator(_filtered(_people(visit), chosen), PAGE).get_page(number)
    now = timezone.now()
    return {"rows": [_row(enrolment, now) for enrolment in page.object_list], "page": page}


def people_rows(visit: Visit, chosen: PeopleFilter) -> list[list[object]]:
    """Everybody who fits the filters, as a table."""
    now = timezone.now()
    return [_csv_row(_row(enrolment, now)) for enrolment in _filtered(_people(visit), chosen)]


def _csv_row(row: PersonRow) -> list[object]:
    enrolment = row.enrolment
    return [
        enrolment.person.name, enrolment.person.email, enrolment.get_role_display(), "; ".join(row.sections),
        row.state.word if row.state else "in the course", row.sis_id, row.login, timezone.localdate(enrolment.made_at).isoformat(),
        timezone.localdate(enrolment.left_at).isoformat() if enrolment.left_at else "",
    ]  # fmt: skip


def people_counts(course: Course) -> dict[str, int]:
    """Of the people in the course: students, TAs, instructors; and who never signed in, and who left."""
    active = Q(is_active=True)
    return Enrolment.objects.filter(course=course).aggregate(
        students=Count("pk", filter=active & Q(role=Role.STUDENT)),
        tas=Count("pk", filter=active & Q(role=Role.TA)),
        instructors=Count("pk", filter=active & Q(role=Role.INSTRUCTOR)),
        never=Count("pk", filter=NEVER),
        uninvited=Count("pk", filter=NEVER & ~Q(pk__in=_open_invitations(course))),
        dropped=Count("pk", filter=~active),
    )


def _open_invitations(course: Course) -> "QuerySet[Invitation, Any]":
    found = Invitation.objects.filter(enrolment__course=course, status=Invitation.Status.PENDING)
    return found.filter(expires_at__gt=timezone.now()).values("enrolment")


def filter_choices(course: Course, chosen: PeopleFilter) -> dict[str, Any]:
    def options(pairs: Sequence[tuple[str, str]], value: str) -> list[dict[str, Any]]:
        return [{"value": key, "label": word, "chosen": key == value} for key, word in pairs]

    sections = [(str(section.pk), section.name) for section in course.course_sections.all()]
    return {
        "text": chosen.text,
        "role": options(list(Role.choices), chosen.role),
        "section": options(sections, chosen.section),
        "state": options(list(chosen.STATES.items()), chosen.state),
        "sort": options(list(chosen.SORTS.items()), chosen.sort),
    }


def enrolment_get(visit: Visit, pk: int) -> Enrolment:
    """Raises NotHere for somebody of another course."""
    invitations = Prefetch("invitations", Invitation.objects.prefetch_related("moves"))
    found = Enrolment.objects.filter(course=visit.course, pk=pk).select_related("person", "course", "roster_entry")
    enrolment = found.prefetch_related("roster_entry__sections", invitations).first()
    if enrolment is None:
        raise NotHere("There is no such person in this course.")
    return enrolment


def person_page(visit: Visit, enrolment: Enrolment) -> dict[str, Any]:
    """What the page of one person shows to staff."""
    now = timezone.now()
    entry = entry_or_none(enrolment)
    mine = {section.pk for section in entry.sections.all()} if entry else set()
    invitations = list(enrolment.invitations.all())
    newest = invitations[0] if invitations else None
    history = list(enrolment.roster_changes.all()[:100])
    return {
        "enrolment": enrolment,
        "person": enrolment.person,
        "entry": entry,
        "state": state_badge(enrolment, newest.status if newest else None, newest.expires_at if newest else None, now),
        "sections": [
            {"section": section, "chosen": section.pk in mine}
            for section in CourseSection.objects.filter(course=visit.course)
        ],
        "roles": [{"value": value, "label": label, "chosen": value == enrolment.role} for value, label in Role.choices],
        "invitations": invitations,
        "newest": newest,
        "is_open": bool(newest and newest.is_open(now)),
        "history": history,
        "may_change": visit.role == Role.INSTRUCTOR or enrolment.role not in STAFF,
        "is_instructor": visit.role == Role.INSTRUCTOR,
    }
