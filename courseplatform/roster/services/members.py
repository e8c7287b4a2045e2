"""Adding, changing, dropping and taking back people of a course. Nobody's work is touched: an enrolment only sleeps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import AccountMerge, User
from courseplatform.accounts.sessions import sessions_end
from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Course, Enrolment, Role
from courseplatform.notices.services.notifications import notification_send
from courseplatform.roster.models import CourseSection, RosterChange, RosterEntry
from courseplatform.roster.services.history import change_record
from courseplatform.roster.services.invitations import invitations_create, invitations_withdraw_for, needs_invitation
from courseplatform.roster.services.locks import course_lock

What = RosterChange.What


def check_may_change(visit: Visit, *roles: str) -> None:
    """Raises Forbidden (`instructors_only`) when a TA touches somebody who is, or would become, staff."""
    if visit.role != Role.INSTRUCTOR and any(role in STAFF for role in roles):
        raise Forbidden(
            "Only instructors add, change or remove staff. Ask one of them.",
            code="instructors_only",
        )


def _lock(visit: Visit, enrolment: Enrolment) -> Enrolment:
    course_lock(visit.course)
    return Enrolment.objects.select_related("person").get(pk=enrolment.pk, course=visit.course)


def _check_not_last(enrolment: Enrolment) -> None:
    others = Enrolment.objects.filter(course=enrolment.course_id, role=Role.INSTRUCTOR, is_active=True)
    if (
        enrolment.is_active
        and enrolment.role == Role.INSTRUCTOR
        and not others.exclude(pk=enrolment.pk).exclude(person__is_active=False).exists()
    ):
        raise Conflict(
            "This is the last instructor of the course. Make somebody else an instructor first.", code="last_instructor"
        )


def entry_of(enrolment: Enrolment) -> RosterEntry:
    entry, _ = RosterEntry.objects.get_or_create(enrolment=enrolment, defaults={"course_id": enrolment.course_id})
    return entry


def account_of(email: str) -> User | None:
    """The account of an address; that of a joined account is the one it became."""
    merge = AccountMerge.objects.select_related("winner").filter(loser__email=email).first()
    return merge.winner if merge else User.objects.filter(email=email).first()


@transaction.atomic
def member_add(
    *, visit: Visit, email: str, name: str, role: str, sections: Sequence[str] = (), sis_id: str = ""
) -> Enrolment:
    """Enrol one person; the account is made when the address has none. A person without a way in is invited.

    Raises:
        Forbidden: `instructors_only`. Conflict: `already_here`, `sis_id_taken`. BadInput: `bad_person`.
    """
    check_may_change(visit, role)
    course_lock(visit.course)
    email = email.strip().lower()
    person = account_of(email) or _account_make(email, name)
    if not person.is_active:
        raise Conflict("The account of this address is switched off. Ask an operator.", code="account_inactive")
    found = Enrolment.objects.filter(course=visit.course, person=person).first()
    if found is not None:
        state = "here already" if found.is_active else "on the list as dropped: take them back on their page"
        raise Conflict(f"{person.name} is {state}.", code="already_here", details={"enrolment": found.pk})
    enrolment = Enrolment.objects.create(course=visit.course, person=person, role=role)
    entry = RosterEntry(enrolment=enrolment, course=visit.course, sis_id=sis_id)
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        raise Conflict(f"Somebody else here has the student ID {sis_id}.", code="sis_id_taken") from error
    entry.sections.set(sections_named(visit.course, sections))
    row = change_record(enrolment, What.ENROLLED, "", enrolment.get_role_display(), by=visit.by, why="added by hand")
    greet(visit=visit, enrolments=[enrolment], key=str(row.pk))
    return enrolment


def _account_make(email: str, name: str) -> User:
    try:
        return User.objects.create_user(email=email, name=name or email.split("@", maxsplit=1)[0])
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), code="bad_person") from error


def greet(*, visit: Visit, enrolments: Sequence[Enrolment], key: str, invite: bool = True) -> int:
    """Invite those without a way in, tell the others. Returns how many invitations were made."""
    told = [found.person for found in enrolments if not needs_invitation(found.person)]
    course = visit.course
    notification_send(
        course=course, people=told, kind="people", key=f"enrolled-{course.pk}-{key}", title=f"You are now in {course.name}",
        text=f"{escaped(visit.person.name)} added you to the course.", path=course.get_absolute_url(),
    )  # fmt: skip
    return len(invitations_create(enrolments=enrolments, by=visit.by)) if invite else 0


def sections_named(course: Course, names: Sequence[str], kinds: dict[str, str] | None = None) -> list[CourseSection]:
    """The sections of these names, in whatever case; those that are missing are made."""
    known = {section.name.lower(): section for section in course.course_sections.all()}
    found = []
    for name in dict.fromkeys(" ".join(name.split()) for name in names):
        if not name:
            continue
        if name.lower() not in known:
            kind = (kinds or {}).get(name, CourseSection.Kind.LAB)
            known[name.lower()] = CourseSection.objects.create(course=course, name=name[:80], kind=kind)
        found.append(known[name.lower()])
    return found


@transaction.atomic
def member_role_change(*, visit: Visit, enrolment: Enrolment, role: str, why: str = "") -> Enrolment:
    """The person is signed out everywhere, so that no forgotten browser gains or keeps rights.

    Raises Forbidden (`instructors_only`) or Conflict (`last_instructor`).
    """
    enrolment = _lock(visit, enrolment)
    check_may_change(visit, Role.INSTRUCTOR)
    if enrolment.role == role:
        return enrolment
    _check_not_last(enrolment)
    old, enrolment.role = enrolment.get_role_display(), role
    enrolment.save(update_fields=["role"])
    row = change_record(enrolment, What.ROLE, old, enrolment.get_role_display(), by=visit.by, why=why)
    sessions_end(person=enrolment.person)
    _tell(visit, enrolment, row, f"You are now {enrolment.get_role_display()} of {visit.course.name}")
    return enrolment


def _tell(visit: Visit, enrolment: Enrolment, row: RosterChange, title: str, path: str | None = None) -> None:
    if enrolment.person_id != visit.person.pk:
        notification_send(
            course=visit.course, people=[enrolment.person], kind="people", key=f"roster-{row.pk}", title=title, text=escaped(row.why),
            path=visit.course.get_absolute_url() if path is None else path,
        )  # fmt: skip


@transaction.atomic
def member_sections_change(*, visit: Visit, enrolment: Enrolment, sections: Sequence[str], why: str = "") -> None:
    """Raises Forbidden (`instructors_only`) when a TA moves staff."""
    enrolment = _lock(visit, enrolment)
    check_may_change(visit, enrolment.role)
    entry = entry_of(enrolment)
    old = "; ".join(sorted(entry.sections.values_list("name", flat=True)))
    entry.sections.set(sections_named(visit.course, sections))
    new = "; ".join(sorted(entry.sections.values_list("name", flat=True)))
    if old != new:
        change_record(enrolment, What.SECTIONS, old, new, by=visit.by, why=why)


@transaction.atomic
def member_drop(*, visit: Visit, enrolment: Enrolment, why: str = "", now: datetime | None = None) -> Enrolment:
    """Take somebody off the course. Work, grades and history stay; `member_return` takes it back.

    Raises:
        Forbidden: `instructors_only`. Conflict: `last_instructor`.
    """
    enrolment = _lock(visit, enrolment)
    check_may_change(visit, enrolment.role)
    if not enrolment.is_active:
        return enrolment
    _check_not_last(enrolment)
    row = enrolment_drop(enrolment=enrolment, by=visit.by, why=why, now=now)
    _tell(visit, enrolment, row, f"You are no longer on the list of {visit.course.name}", path="/")
    return enrolment


def enrolment_drop(*, enrolment: Enrolment, by: str, why: str, now: datetime | None = None) -> RosterChange:
    """The drop itself, in a transaction that holds `course_lock` and has checked who may."""
    _set(enrolment, is_active=False, left_at=now or timezone.now())
    invitations_withdraw_for(enrolment=enrolment, by=by, why="dropped")
    return change_record(enrolment, What.DROPPED, "", "", by=by, why=why)


def _set(enrolment: Enrolment, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(enrolment, name, value)
    enrolment.save(update_fields=list(fields))


@transaction.atomic
def member_return(*, visit: Visit, enrolment: Enrolment, why: str = "") -> Enrolment:
    """Take a dropped person back, with everything that was there. Raises Forbidden (`instructors_only`)."""
    enrolment = _lock(visit, enrolment)
    check_may_change(visit, enrolment.role)
    if enrolment.is_active:
        return enrolment
    _set(enrolment, is_active=True, left_at=None)
    row = change_record(enrolment, What.RETURNED, "", enrolment.get_role_display(), by=visit.by, why=why)
    greet(visit=visit, enrolments=[enrolment], key=str(row.pk))
    return enrolment
