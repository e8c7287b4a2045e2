"""The rules of lending in sentences, field by field, as pages show them; and what a change of them would mean for what is out now."""

from collections import Counter
from typing import Any

from django.utils import timezone

from courseplatform.courses.models import Course
from hardware.hooks import ReturnDay
from hardware.inventory.lending.eligibility import kind_words
from hardware.inventory.lending.policy import KEY, LendingPolicy, policy_of
from hardware.models import RESERVATION_OPEN, Kind, Loan, LoanPiece, Reservation, ReservationStatus

BORROWERS = {
    "both": "Teams and single students borrow.",
    "team": "Teams borrow; single students do not.",
    "person": "Each student borrows alone; teams do not.",
}
Tree = dict[str, Any]


def policy_words(course: Course, policy: LendingPolicy, day: ReturnDay | None) -> list[str]:
    """day: of return, for who reads it; None where the course states none."""
    return [
        BORROWERS[policy.borrowers],
        _asking(policy),
        _quota(policy),
        _return(course, day),
        _length(policy),
        f"What nobody picks up within {_days(policy.pickup_days)} goes back to the stock.",
        _reminders(policy),
        *(["A team may enrol a board that it has on loan, to measure its own work."] if policy.team_runners else []),
        *(["Who has something overdue is handed nothing new."] if policy.hold_overdue else []),
    ]


def _asking(policy: LendingPolicy) -> str:
    if not policy.open_to_requests:
        return "Requests are closed: things are lent at the desk only."
    if policy.approve == "automatic":
        return "A request for what is free is granted at once."
    return "The staff answer each request."


def _quota(policy: LendingPolicy) -> str:
    parts = [
        f"{policy.quota[kind]} {kind_words(kind, policy.quota[kind])}" for kind in Kind.values if kind in policy.quota
    ]
    if not parts:
        return "How much one borrower has is not limited."
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"At most {listed} for one borrower at a time, requests counted in. Other kinds have no limit."


def _return(course: Course, day: ReturnDay | None) -> str:
    if day is None:
        return "The course names no day of return, so each loan has a day of its own."
    due = f"{timezone.localtime(day.due_at, course.tz):%a %b %-d, %H:%M}"
    return " ".join(
        filter(None, (f"What is lent for the term comes back with {day.title}, due {due}.", day.late_words))
    )


def _length(policy: LendingPolicy) -> str:
    most = (
        "Other loans last as long as is agreed"
        if policy.longest_days is None
        else f"Other loans last at most {_days(policy.longest_days)}"
    )
    if not policy.renewals:
        return f"{most}; the staff renew them."
    times = "once" if policy.renewals == 1 else f"{policy.renewals} times"
    return f"{most}. A borrower renews one {times} alone, by {_days(policy.renew_days)}, unless it is promised to somebody else."


def _reminders(policy: LendingPolicy) -> str:
    if not policy.remind_days:
        return "Nobody is reminded before a loan is due."
    before = " and ".join(_days(day) for day in policy.remind_days if day)
    words = [f"{before} before it is due"] if before else []
    return (
        f"Borrowers are reminded {' and '.join([*words, *(['on the day itself'] if 0 in policy.remind_days else [])])}."
    )


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def lending_effects(course: Course, held: Tree, tree: Tree) -> list[str]:
    """What an import, or a change on the page, would mean for loans and requests there are now; nothing is taken back by it."""
    if held.get(KEY) == tree.get(KEY):
        return []
    before, after = policy_of(held.get(KEY) or {}), policy_of(tree.get(KEY) or {})
    return [
        *_above(course, before, after),
        *_asked_still(course, before, after),
        *_of_other_sort(course, before, after),
    ]


def _above(course: Course, before: LendingPolicy, after: LendingPolicy) -> list[str]:
    """Who has more than the new quota."""
    lowered = {kind: most for kind, most in after.quota.items() if most < before.quota.get(kind, most + 1)}
    if not lowered:
        return []
    rows = LoanPiece.objects.filter(loan__course=course, back_at=None, product__kind__in=lowered)
    has: Counter[tuple[str, int | None, int | None]] = Counter()
    for kind, person, team, number in rows.values_list("product__kind", "loan__person", "loan__team", "count"):
        has[kind, person, team] += number
    above = Counter(kind for (kind, *_), number in has.items() if number > lowered[kind])
    return [_above_words(number, lowered[kind], kind) for kind, number in above.items()]


def _above_words(number: int, most: int, kind: str) -> str:
    who = "1 borrower has" if number == 1 else f"{number} borrowers have"
    return f"{who} more than {most} {kind_words(kind, most)} now and may keep them."


def _asked_still(course: Course, before: LendingPolicy, after: LendingPolicy) -> list[str]:
    """Requests that a new rule does not answer by itself."""
    if before.approve == after.approve and before.open_to_requests == after.open_to_requests:
        return []
    number = Reservation.objects.filter(
        course=course, status__in=(ReservationStatus.ASKED, ReservationStatus.WAITING)
    ).count()
    return [f"{number} request{' waits' if number == 1 else 's wait'} for an answer as before."] if number else []


def _of_other_sort(course: Course, before: LendingPolicy, after: LendingPolicy) -> list[str]:
    """Loans and requests of the sort of borrower that borrows nothing new."""
    if after.borrowers in ("both", before.borrowers):
        return []
    gone: dict[str, Any] = {"team": None} if after.borrowers == "team" else {"person": None}
    loans = Loan.objects.filter(course=course, closed_at=None, **gone).count()
    asked = Reservation.objects.filter(course=course, status__in=RESERVATION_OPEN, **gone).count()
    who = "single students" if after.borrowers == "team" else "teams"
    return (
        [
            f"{loans} loan{'' if loans == 1 else 's'} and {asked} request{'' if asked == 1 else 's'} of {who} stay as they are."
        ]
        if loans or asked
        else []
    )
