"""What somebody has on loan, alone or with their team: until when, with what late days, and what they asked for."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Course, Enrolment, Role
from courseplatform.teams.models import Membership
from hardware.hooks import return_day
from hardware.inventory.lending.loan_words import at_words, due_badge, listed, piece_name
from hardware.inventory.selectors.reservations import badge_of, tonight
from hardware.inventory.services.waiting import pick_up_ends
from hardware.models import RESERVATION_OPEN, Loan, LoanPiece, Reservation, ReservationStatus

MOST_RETURNED = 5


def loans_of(person: User | int, now: datetime) -> "QuerySet[Loan]":
    """Open loans, in every course, of this person and of the teams they are in now; what is due first comes first."""
    return _open_loans(_theirs(person, now))


def _theirs(person: User | int, now: datetime) -> Q:
    return Q(person=person) | Q(team__in=Membership.objects.at(now).filter(person=person).values("team"))


def _open_loans(which: Q) -> "QuerySet[Loan]":
    pieces = LoanPiece.objects.filter(back_at=None).select_related("product", "item", "kit")
    found = Loan.objects.filter(which, closed_at=None)
    return (
        found.select_related("course", "team", "person")
        .prefetch_related(Prefetch("pieces", queryset=pieces, to_attr="out"))
        .order_by("due_at", "handed_at", "pk")
    )


def my_page(visit: Visit, now: datetime) -> dict[str, Any]:
    """Two queries more for each of the person and the team: what late days mean for them."""
    loans = list(loans_of(visit.person, now).filter(course=visit.course))
    returned = _returned(visit, now)
    return {
        "loans": _shown(loans, now),
        "asked": _asked(visit, now),
        "verdict": _verdict(loans, now),
        "returned": returned,
    }


def _returned(visit: Visit, now: datetime) -> list[dict[str, Any]]:
    """What they brought back last in this course, and how many days after its day. Two queries."""
    pieces = LoanPiece.objects.select_related("product", "item")
    found = Loan.objects.visible_to(visit).exclude(closed_at=None)
    rows = found.select_related("course", "team", "person").prefetch_related(Prefetch("pieces", queryset=pieces))
    return [
        {"loan": loan, "things": listed(piece_name(one) for one in loan.pieces.all()), "badge": due_badge(loan, now), "late": _days_late(loan)}
        for loan in rows.order_by("-closed_at", "-pk")[:MOST_RETURNED]
    ]  # fmt: skip


def _days_late(loan: Loan) -> int:
    """Days of the course's calendar; at least one where it came after its time."""
    if loan.due_at is None or loan.closed_at is None or loan.closed_at <= loan.due_at:
        return 0
    zone = loan.course.tz
    return max((loan.closed_at.astimezone(zone).date() - loan.due_at.astimezone(zone).date()).days, 1)


def _shown(loans: Iterable[Loan], now: datetime) -> list[dict[str, Any]]:
    late: dict[tuple[int, int | None, int | None], str] = {}
    rows = []
    for loan in loans:
        key = (loan.course_id, loan.person_id, loan.team_id)
        words = ""
        if loan.is_term and key not in late:  # said once: it holds for all that this borrower has for the term
            found = return_day(loan.course, loan.person, loan.team)
            words = late[key] = found.late_words if found else ""
        rows.append({"loan": loan, "badge": due_badge(loan, now), "late_words": words})
    return rows


def _verdict(loans: list[Loan], now: datetime) -> str:
    """You have 4 things; 1 is overdue."""
    pieces = [piece for loan in loans for piece in loan.out]  # type: ignore[attr-defined]
    number = sum(piece.count for piece in pieces)
    if not number:
        return ""
    late = sum(piece.count for loan in loans if loan.due_at and loan.due_at < now for piece in loan.out)  # type: ignore[attr-defined]
    return f"You have {number} thing{'' if number == 1 else 's'}" + (f"; {late} {'is' if late == 1 else 'are'} overdue" if late else "")  # fmt: skip


def _asked(visit: Visit, now: datetime) -> list[dict[str, Any]]:
    """My open requests and my team's; of what waits, its place in the line of its product."""
    teams = Membership.objects.at(now).filter(person=visit.person, course=visit.course).values("team")
    rows = list(
        Reservation.objects.filter(Q(person=visit.person) | Q(team__in=teams), course=visit.course, status__in=RESERVATION_OPEN)
        .select_related("product", "kit", "item", "team", "course").order_by("from_at", "pk")
    )  # fmt: skip
    places = _places(row for row in rows if row.status == ReservationStatus.WAITING)
    return [{"row": row, "badge": badge_of(row, now), "place": places.get(row.pk) or _held(row, now)} for row in rows]  # fmt: skip


def _held(row: Reservation, now: datetime) -> str:
    """Until when what may be fetched is kept, and when it may."""
    if row.status != ReservationStatus.APPROVED:
        return ""
    if row.from_at >= tonight(row.course.tz, now):
        return f"fetch it from {at_words(row.from_at, row.course.tz)}"
    return f"kept until {at_words(pick_up_ends(row), row.course.tz)}"


def _places(waiting: Iterable[Reservation]) -> dict[int, str]:
    """`first in line`: who asked for the same earlier stands before. One query."""
    mine = {row.pk: row for row in waiting if row.product_id}
    if not mine:
        return {}
    line = Reservation.objects.filter(status=ReservationStatus.WAITING, product__in={row.product_id for row in mine.values()})  # fmt: skip
    found: dict[int, str] = {}
    stood: dict[int, int] = {}
    for pk, product in line.order_by("queued_at", "pk").values_list("pk", "product"):
        stood[product] = stood.get(product, 0) + 1
        if pk in mine:
            found[pk] = f"{numbers.ordinal(stood[product])} in line"
    return found


def held_by(person: User, now: datetime) -> "QuerySet[Loan]":
    """All that somebody is asked to bring back, in every course, also one that they have left: what they have, what their team has, what they
    carried away for a team, and what is left of a team that they left last."""
    carried = Loan.objects.filter(taken_by=person, closed_at=None).values("pk")
    return _open_loans(_theirs(person, now) | Q(pk__in=carried) | Q(team__in=_left_last(person)))


def own_visit(person: User, pk: int, now: datetime) -> tuple[Visit, Loan]:
    """One of these, and a visit of its course as a student, also where they have left it. Raises NotHere."""
    row = held_by(person, now).filter(pk=pk).first()
    if row is None:
        raise NotHere("There is no such loan, or it is not yours.")
    return Visit(person, row.course, Role.STUDENT), row


def _left_last(person: User) -> list[int]:
    """Teams that nobody is in any more, and that this person was in until the end. One query."""
    mine = Membership.objects.filter(person=person).values("team")
    ends = Membership.objects.filter(team__in=mine).values("team").annotate(
        inside=Count("pk", filter=Q(until_at=None)), last=Max("until_at"), own=Max("until_at", filter=Q(person=person))
    )  # fmt: skip
    return [row["team"] for row in ends if not row["inside"] and row["own"] == row["last"]]


def everywhere(person: User, now: datetime) -> list[dict[str, Any]]:
    """By course what somebody has, also of courses that they have left, with who is to be told. Seven queries and those of late days."""
    loans = list(held_by(person, now))
    courses = {loan.course_id: loan.course for loan in loans}
    here = set(Membership.objects.at(now).filter(person=person).values_list("team", flat=True))
    inside = set(Enrolment.objects.of(person).filter(course__in=courses).values_list("course", flat=True))
    staff = _staff(courses)
    return [
        {"course": course, "is_inside": pk in inside, "staff": staff.get(pk, []),
         "loans": [row | {"is_own": row["loan"].person_id == person.pk or row["loan"].team_id in here}
                   for row in _shown([loan for loan in loans if loan.course_id == pk], now)]}
        for pk, course in courses.items()
    ]  # fmt: skip


def _staff(courses: dict[int, Course]) -> dict[int, list[User]]:
    """Instructors first, at most four of a course."""
    rows = Enrolment.objects.filter(course__in=courses, role__in=STAFF, is_active=True).select_related("person")
    found: dict[int, list[User]] = {}
    for row in rows.order_by("role", "person__name"):  # instructor comes before ta
        found.setdefault(row.course_id, []).append(row.person)
    return {pk: people[:4] for pk, people in found.items()}
