"""Peer feedback given: of the teams that presented in a round, how many somebody wrote about. One's own team is not asked for.

Only that a form was written is read, never what it says.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.urls import reverse

from courseplatform.courses.models import Course
from courseplatform.seminar.people import day_words
from courseplatform.teams.models import Membership
from courseplatform.teams.models.feedback import FeedbackForm, FeedbackRound
from grading.book.sources.base import Source
from grading.gradebook import Piece, State

KEY = "peer_feedback"


def read(course: Course, people: Collection[int], now: datetime, for_students: bool) -> dict[int, list[Piece]]:
    """Four queries."""
    rounds = list(FeedbackRound.objects.filter(course=course).prefetch_related("presents").order_by("held_on", "pk"))
    written = defaultdict[tuple[int, int], int](int)
    for key in FeedbackForm.objects.filter(round__in=rounds).values_list("round", "author"):
        written[key] += 1
    teams = defaultdict[int, list[Membership]](list)
    for row in Membership.objects.filter(course=course, person__in=people):
        teams[row.person_id].append(row)
    path = reverse("teams:rounds", args=[course.slug])
    found: dict[int, list[Piece]] = {person: [] for person in people}
    for round_ in rounds:
        presenting = {team.pk for team in round_.presents.all()}
        for person, pieces in found.items():
            asked = presenting - {row.team_id for row in teams[person] if _was_in(row, round_.opens_at)}
            if asked:
                pieces.append(
                    _piece(round_, min(written[round_.pk, person], len(asked)), len(asked), path, now, course.tz)
                )
    return {person: pieces for person, pieces in found.items() if pieces}


def _was_in(row: Membership, at: datetime) -> bool:
    return row.since_at <= at and (row.until_at is None or row.until_at > at)


def _piece(round_: FeedbackRound, given: int, asked: int, path: str, now: datetime, tz: ZoneInfo) -> Piece:
    says, points = f"{given} of {asked} teams", Decimal(given)
    if now >= round_.closes_at or given == asked:
        state = State.GRADED if given else State.MISSING
        return Piece(
            f"{KEY}-{round_.pk}", f"Feedback: {round_.title}", points, Decimal(asked), state, None, says, path,
            is_turned_in=given > 0, source=KEY,
        )  # fmt: skip
    says = f"{says}, open until {day_words(round_.closes_at.astimezone(tz).date())}"
    return Piece(f"{KEY}-{round_.pk}", f"Feedback: {round_.title}", None, Decimal(asked), State.AHEAD, None, says, path, source=KEY)  # fmt: skip


PEER_FEEDBACK = Source(KEY, "Feedb.", "Peer feedback given", read, "teams:rounds")
