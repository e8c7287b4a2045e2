"""The return of what was lent for the term: all back in time is worth all, late what the late-day rules leave, never back nothing.

Who borrowed nothing is excused. What a team borrowed is everybody's who is in it.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from courseplatform.courses.models import Course
from courseplatform.seminar.people import day_words
from courseplatform.teams.selectors.membership import teams_at
from grading.book.sources.base import Source
from grading.gradebook import Piece, State
from grading.models.assignments import Assignment
from grading.models.late_days import LateVerdict
from grading.returns.work import return_of
from hardware.inventory.selectors.returns import TermReturn, term_returns

KEY, ONE, PERCENT = "hardware_return", Decimal(1), Decimal(100)


def read(course: Course, people: Collection[int], now: datetime, for_students: bool) -> dict[int, list[Piece]]:
    """Four queries."""
    item = return_of(course)
    if item is None:
        return {}
    teams = {person: team.pk for person, team in teams_at(course, now).items() if person in people}
    lent = {(row.person, row.team): row for row in term_returns(course, people=people, teams=set(teams.values()))}
    verdicts = dict(LateVerdict.objects.filter(assignment=item).values_list("person", "max_percent"))
    return {
        person: [_piece(item, _both(lent.get((person, None)), lent.get((None, teams.get(person)))), verdicts.get(person), now)]
        for person in people
    }  # fmt: skip


def _both(*borrowed: TermReturn | None) -> list[TermReturn]:
    return [row for row in borrowed if row is not None]


def _piece(item: Assignment, borrowed: list[TermReturn], left: Decimal | None, now: datetime) -> Piece:
    state, points, says = _standing(item, borrowed, left, now)
    is_back = state is State.GRADED
    return Piece(KEY, item.full_title, points, ONE, state, None, says, item.get_absolute_url(), is_back, KEY)


def _standing(
    item: Assignment, borrowed: list[TermReturn], left: Decimal | None, now: datetime
) -> tuple[State, Decimal | None, str]:
    if not borrowed:
        return State.EXCUSED, None, "nothing was borrowed"
    if out := sum(row.out for row in borrowed):
        due = item.due_at
        if due is not None and due < now:
            return State.MISSING, None, f"{out} still out"
        return State.AHEAD, None, f"due {day_words(due.astimezone(item.course.tz).date() if due else None)}"
    share = PERCENT if left is None else left
    says = "all back" if share == PERCENT else f"all back, late: at most {share:f} %"
    return State.GRADED, ONE * share / PERCENT, says


HARDWARE_RETURN = Source(KEY, "Return", "Hardware return", read)
