"""Joining two accounts as an instructor may, and what becomes of two enrolments in one course."""

from typing import Any

from django.utils import timezone

from courseplatform.accounts.merging import Report, account_merge, account_merge_preview, decide, rows_move, stay
from courseplatform.accounts.models import AccountMerge, User
from courseplatform.core.errors import Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.roster.models import RosterChange
from courseplatform.roster.services.history import change_record

UNKNOWN_OWNER = (
    "You may join two accounts when both are in a course of yours, one was never used, and that one is in no course of others. "
    "Otherwise the person does it: Profile, Join another account."
)


def sort_out(visit: Visit, one: User, other: User) -> tuple[User, User]:
    """(winner, loser) for an instructor: an account that was used always wins, so that nobody's work changes hands.

    Raises Forbidden (`not_yours_to_join`).
    """
    unused = [person for person in (other, one) if person.last_login is None]
    if not unused or visit.role != Role.INSTRUCTOR:
        raise Forbidden(UNKNOWN_OWNER, code="not_yours_to_join")
    loser = unused[0]
    winner = one if loser is other else other
    mine = set(
        Enrolment.objects.filter(person=visit.person, role=Role.INSTRUCTOR, is_active=True).values_list("course", flat=True)
    )  # fmt: skip
    theirs = Enrolment.objects.filter(person=loser).values_list("course", flat=True)
    shared = Enrolment.objects.filter(person=winner, course__in=mine)
    if not shared.exists() or not set(theirs) or not set(theirs) <= mine or loser.is_operator:
        raise Forbidden(UNKNOWN_OWNER, code="not_yours_to_join")
    return winner, loser


def course_accounts_preview(*, visit: Visit, one: User, other: User) -> tuple[User, User, Report]:
    winner, loser = sort_out(visit, one, other)
    return winner, loser, account_merge_preview(winner=winner, loser=loser)


def course_accounts_merge(*, visit: Visit, one: User, other: User, why: str = "") -> AccountMerge:
    """Join two accounts of one's course. Raises Forbidden (`not_yours_to_join`), and as `account_merge`."""
    winner, loser = sort_out(visit, one, other)
    return account_merge(winner=winner, loser=loser, by=visit.by, why=why)


def _enrolments(old: Any, new: Any, rows: list[Any], report: Report) -> list[Any]:
    """Both are in the course: the winner's enrolment holds and takes over all that hangs on the other, which sleeps from now on."""
    for row in rows:
        kept = Enrolment.objects.get(course=row.course_id, person=new)
        rows_move(row, kept, report)
        was = row.get_role_display()
        if row.is_active and not kept.is_active:
            Enrolment.objects.filter(pk=kept.pk).update(is_active=True, left_at=None, role=row.role)
            report.decided.append(f"In {row.course}, the enrolment as {was} goes on.")
        else:
            report.decided.append(f"In {row.course}, the person stays {kept.get_role_display()}.")
        Enrolment.objects.filter(pk=row.pk).update(is_active=False, left_at=row.left_at or timezone.now())
        change_record(kept, RosterChange.What.MERGED, old.email, new.email, by="account merge", why=f"the other account was {was} here")  # fmt: skip
    return []


def _entries(old: Any, new: Any, rows: list[Any], report: Report) -> list[Any]:
    """What the registrar knows: the kept entry is filled where it is empty."""
    for row in rows:
        kept = new.roster_entry
        values = {name: getattr(row, name) for name in ("sis_id", "login", "canvas_id", "email", "registrar_name")}
        if values["sis_id"] and not kept.sis_id:
            row.sis_id = ""  # an ID is unique in the course
            row.save(update_fields=["sis_id"])
        for name, value in values.items():
            setattr(kept, name, getattr(kept, name) or value)
        kept.save()
        kept.sections.add(*row.sections.all())
        report.decided.append("Student ID, login and sections are put together; where both have one, the remaining one holds.")  # fmt: skip
    return []


def _invitations(old: Any, new: Any, rows: list[Any], report: Report) -> list[Any]:
    report.decided.append("The open invitation of the joined account is void.")
    return []


def register_decisions() -> None:
    decide("courses.Enrolment.person", _enrolments)
    decide("roster.RosterEntry.enrolment", _entries)
    decide("roster.Invitation.enrolment", _invitations)
    decide("notices.Notification.person", stay("the remaining account was told the same"))
    decide("account.EmailAddress.user", stay("addresses of sign-in are not carried over"))
