"""Who may borrow what, by the rules of the course (policy.py). Reserving and handing over ask the same question here.

The rules are for students; what staff of the course borrow for themselves is theirs to answer for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import STAFF, Course, Enrolment, Role
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.models.teams import OPEN_TEAMS
from courseplatform.teams.selectors.membership import is_member, members_at, team_now, team_of
from hardware.hooks import ReturnDay, return_day
from hardware.inventory.lending.loan_words import thing
from hardware.inventory.lending.policy import LendingPolicy, policy_for
from hardware.models import RESERVATION_OPEN, Kind, KitSlot, Loan, LoanPiece, Product, Reservation

PLURALS = {Kind.POWER_SUPPLY: "power supplies", Kind.OTHER: "other things"}
MOST_NAMED = 3
MOST_OPEN = 20  # requests of one borrower; more is no term's work, and the staff answer each
MOST_A_DAY = 60  # requests of one student, so that asking and cancelling in a circle fills no list and no mailbox


class BorrowerKeys(TypedDict):
    person: User | None
    team: Team | None


@dataclass(frozen=True)
class Borrower:
    """A person or a team of a course: exactly one of the two."""

    course: Course
    person: User | None = None
    team: Team | None = None

    def __post_init__(self) -> None:
        if (self.person is None) == (self.team is None):
            raise ValueError("a borrower is a person or a team")

    @classmethod
    def of(cls, row: Loan | Reservation) -> "Borrower":
        return cls(row.course, row.person, row.team)

    @property
    def name(self) -> str:
        return str(self.team or self.person)

    @property
    def words(self) -> str:
        """As it stands inside a sentence: team Heron, Ruth Adler."""
        return f"team {self.team.name}" if self.team else str(self.person)

    @property
    def members(self) -> list[User]:
        """Who has to know: the person, or the members of the team now. One query for a team."""
        return members_at(self.team) if self.team else [self.person] if self.person else []

    @property
    def keys(self) -> BorrowerKeys:
        """To filter or to make a loan or a reservation: Loan.objects.filter(**borrower.keys)."""
        return {"person": self.person, "team": self.team}


def kind_words(kind: str, number: int) -> str:
    """board, boards, USB multimeters: for sentences with a number before it."""
    label = str(Kind(kind).label)
    word = label if label[1].isupper() else label[0].lower() + label[1:]
    return word if number == 1 else PLURALS.get(Kind(kind), f"{word}s")


@asked_once
def return_day_for(visit: Visit, person: User | None, team: Team | None) -> ReturnDay | None:
    """The day of return of one borrower of this course: the form and the rules behind it ask alike."""
    return return_day(visit.course, person, team)


def check_may_borrow(
    *,
    visit: Visit,
    borrower: Borrower,
    wants: Mapping[Product, int],
    now: datetime,
    is_staff_override: bool = False,
    served: Reservation | None = None,
) -> list[str]:
    """Refuse what the rules of the course do not allow. At most seven queries, however much somebody has.

    Args:
        wants: how many of which product, the contents of a kit one by one. Empty: may they borrow at all.
        is_staff_override: staff do it all the same where only the quota or something overdue stands against it.
        served: the reservation that is approved or handed over; it does not count beside what is wanted now.

    Returns:
        What stood against it and was set aside by staff, a sentence each.

    Raises:
        Forbidden: `not_in_course`, `not_yourself`, `team_dissolved`, `not_your_team`, `teams_only`, `persons_only`, `closed`.
        Conflict: `overdue_hold`, `quota`.
    """
    policy = policy_for(visit.course)
    role = _check_belongs(visit, borrower, now)
    if role in STAFF:
        return []
    _check_open(visit, borrower, policy)
    against: list[tuple[str, str]] = []
    if policy.hold_overdue and (said := _overdue_words(visit, borrower, now)):
        against.append(("overdue_hold", said))
    against += [("quota", said) for said in _over_quota(borrower, wants, policy, served)]
    if against and not (is_staff_override and visit.is_staff):
        code = against[0][0]
        raise Conflict(" ".join(said for kind, said in against if kind == code), code=code)
    return [said for _, said in against]


def check_not_too_many(visit: Visit, borrower: Borrower, now: datetime) -> None:
    """A student floods nobody with requests, with a quota or without. Staff ask as often as they like. Raises Conflict (`too_many_asked`)."""
    if visit.is_staff:
        return
    is_open = Q(person=borrower.person, team=borrower.team, status__in=RESERVATION_OPEN)
    is_of_today = Q(made_by=visit.person, made_at__gt=now - timedelta(days=1))
    asked = Reservation.objects.filter(is_open | is_of_today, course=visit.course)
    numbers = asked.aggregate(open=Count("pk", filter=is_open), today=Count("pk", filter=is_of_today))
    if numbers["open"] >= MOST_OPEN:
        said = f"{borrower.words[0].upper()}{borrower.words[1:]} has {numbers['open']} open requests, and {MOST_OPEN} are the most."
        raise Conflict(f"{said} Cancel one, or wait until the staff have answered.", code="too_many_asked")
    if numbers["today"] >= MOST_A_DAY:
        said = f"You asked {numbers['today']} times since yesterday, and {MOST_A_DAY} times a day are the most. Ask the staff at the desk."
        raise Conflict(said, code="too_many_asked")


def _check_belongs(visit: Visit, borrower: Borrower, now: datetime) -> Role:
    """The role of whoever borrows; a team is of students. Raises Forbidden."""
    if borrower.team is not None:
        team = borrower.team
        if team.course_id != visit.course.pk:
            raise Forbidden("That team is of another course. Choose a team of this course.", code="not_in_course")
        if not visit.is_staff and not is_member(team, visit.person, now):
            raise Forbidden(f"You are not in team {team.name}. Ask for your own team.", code="not_your_team")
        # Anew, since the page may have been opened, and the team read, before it was dissolved.
        if Team.objects.values_list("status", flat=True).get(pk=team.pk) not in OPEN_TEAMS:
            said = f"Team {team.name} is dissolved, so nothing is lent to it. Choose the person, or the new team."
            raise Forbidden(said, code="team_dissolved")
        return Role.STUDENT
    if not visit.is_staff and borrower.person != visit.person:
        raise Forbidden("You can ask for yourself and for your team, not for other persons.", code="not_yourself")
    if borrower.person == visit.person:
        return visit.role
    here = Enrolment.objects.filter(course=visit.course, person=borrower.person, is_active=True).first()
    if here is None:
        said = f"{borrower.name} is not in this course now, so nothing new is lent. What they have is still taken back."
        raise Forbidden(said, code="not_in_course")
    return Role(here.role)


def _check_open(visit: Visit, borrower: Borrower, policy: LendingPolicy) -> None:
    """Raises Forbidden."""
    if not visit.is_staff and not policy.open_to_requests:
        raise Forbidden("Requests are closed in this course. Ask the staff at the desk.", code="closed")
    if policy.borrowers == "team" and borrower.team is None:
        raise Forbidden("This course lends to teams. Choose the team and not the person.", code="teams_only")
    if policy.borrowers == "person" and borrower.person is None:
        raise Forbidden("This course lends to persons. Choose the person and not the team.", code="persons_only")


def overdue_of(borrower: Borrower, now: datetime, visit: Visit | None = None) -> "QuerySet[Loan]":
    """What is overdue, anywhere the same stock is lent from: what a person has, what their team has, and what a team left behind.

    visit: of who asks, which may know that team already.
    """
    theirs = Q(team=borrower.team) if borrower.team else Q(person=borrower.person)
    if borrower.person:
        is_own = visit is not None and borrower.person == visit.person
        team = team_now(visit, now) if visit is not None and is_own else team_of(borrower.course, borrower.person, now)
        theirs |= Q(team=team) if team else Q()
    theirs |= _left_behind(borrower, now)
    return Loan.objects.filter(theirs, stockroom__courses__course=borrower.course, closed_at=None, due_at__lt=now)


def _left_behind(borrower: Borrower, now: datetime, loan: str = "") -> Q:
    """What a team has out that nobody is in any more stays with who was in it then: else leaving it and founding another would be the way
    around what is overdue and around the quota. loan: the path to it. No query of its own."""
    inside = Membership.objects.at(now)
    who = (
        Q(person__in=inside.filter(team=borrower.team).values("person")) if borrower.team else Q(person=borrower.person)
    )
    theirs = Membership.objects.filter(who, team=OuterRef(f"{loan}team"), until_at__gt=OuterRef(f"{loan}handed_at"))
    return Q(Exists(theirs)) & ~Q(Exists(inside.filter(team=OuterRef(f"{loan}team"))))


def _overdue_words(visit: Visit, borrower: Borrower, now: datetime) -> str:
    """Its sentence; "" for nothing."""
    found = overdue_of(borrower, now, visit).order_by("due_at").prefetch_related("pieces__item", "pieces__product")
    loans = list(found[: MOST_NAMED + 1])
    if not loans:
        return ""
    things = [thing(piece) for loan in loans for piece in loan.pieces.all() if piece.back_at is None]
    named = ", ".join(things[:MOST_NAMED]) + (" and more" if len(things) > MOST_NAMED else "")
    since = f"{timezone.localtime(loans[0].due_at, borrower.course.tz):%b %-d, %H:%M}"
    verb = "is" if len(things) == 1 else "are"
    return f"{borrower.words[0].upper()}{borrower.words[1:]} is handed nothing new: {named} {verb} overdue since {since}. Bring it back first."  # fmt: skip


def _over_quota(
    borrower: Borrower, wants: Mapping[Product, int], policy: LendingPolicy, served: Reservation | None
) -> list[str]:
    """A sentence for each kind of which the borrower would have more than the course gives one."""
    wanted: Counter[str] = Counter()
    first: dict[str, Product] = {}
    for product, number in wants.items():
        wanted[product.kind] += number
        first.setdefault(product.kind, product)
    limited = {kind: policy.quota[kind] for kind in wanted if kind in policy.quota}
    if not limited:
        return []
    out, asked = _has_out(borrower, limited), _has_asked(borrower, limited, served)
    return [
        _quota_words(borrower, first[kind], most, (out[kind], asked[kind], wanted[kind]))
        for kind, most in limited.items()
        if out[kind] + asked[kind] + wanted[kind] > most
    ]


def check_quota(course: Course, borrower: Borrower, wants: Mapping[Product, int]) -> None:
    """The part of `check_may_borrow` that two tabs could get around, to be asked again inside the lock. Raises Conflict (`quota`)."""
    if said := _over_quota(borrower, wants, policy_for(course), None):
        raise Conflict(" ".join(said), code="quota")


def _quota_words(borrower: Borrower, product: Product, most: int, numbers: tuple[int, int, int]) -> str:
    out, asked, wanted = numbers
    has = f"has {out}" + (f" and asked for {asked}" if asked else "") + (f", and this is {wanted} more" if wanted > 1 else "")  # fmt: skip
    one = "a team" if borrower.team else "a person"
    return f"{product.name}: at most {most} {kind_words(product.kind, most)} {one}; {borrower.words} {has}."


def _has_out(borrower: Borrower, kinds: Iterable[str]) -> Counter[str]:
    theirs = Q(loan__person=borrower.person, loan__team=borrower.team) | _left_behind(
        borrower, timezone.now(), "loan__"
    )
    rows = LoanPiece.objects.filter(
        theirs, loan__course=borrower.course, loan__closed_at=None, back_at=None, product__kind__in=kinds
    )
    return _summed(rows.values_list("product__kind", "count"))


def _has_asked(borrower: Borrower, kinds: Iterable[str], served: Reservation | None) -> Counter[str]:
    """What open reservations are for, those on the waiting list too: else the list would be the way around the quota."""
    mine = Reservation.objects.filter(**borrower.keys, course=borrower.course, status__in=RESERVATION_OPEN)
    if served is not None:
        mine = mine.exclude(pk=served.pk)
    found = _summed(mine.filter(product__kind__in=kinds).values_list("product__kind", "count"))
    in_kits = KitSlot.objects.filter(kit__reservations__in=mine)
    in_kits = in_kits.filter(Q(product__kind__in=kinds) | Q(item__product__kind__in=kinds))
    for kind, of_item, number in in_kits.values_list("product__kind", "item__product__kind", "count"):
        found[kind or of_item] += number if kind else 1
    return found


def _summed(rows: "QuerySet[LoanPiece, tuple[str, int]] | QuerySet[Reservation, tuple[str, int]]") -> Counter[str]:
    found: Counter[str] = Counter()
    for kind, number in rows:
        found[kind] += number
    return found
