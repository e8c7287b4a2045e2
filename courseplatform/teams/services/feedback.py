"""Rounds of peer feedback and the forms in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Session
from courseplatform.teams.models.feedback import FeedbackAnswer, FeedbackForm, FeedbackQuestion, FeedbackRound
from courseplatform.teams.models.teams import Team
from courseplatform.teams.policy import DEFAULT_QUESTIONS
from courseplatform.teams.selectors.membership import is_member

MOST_WORDS = 2000


@transaction.atomic
def feedback_round_create(
    *, visit: Visit, title: str, opens_at: datetime, closes_at: datetime, teams: Sequence[Team], session: Session | None = None,
    questions: Sequence[tuple[str, str, str, str]] = DEFAULT_QUESTIONS,
) -> FeedbackRound:  # fmt: skip
    """Open a round for a sharing session. `questions`: (kind, text, what 1 means, what 5 means), in their order.

    Raises BadInput `closes_before`, `no_teams`, `no_questions`; Conflict `round_exists`.
    """
    if closes_at <= opens_at:
        raise BadInput("It would close before it opens.", code="closes_before", details={"field": "closes_at"})
    if not teams:
        raise BadInput("Choose who presents.", code="no_teams", details={"field": "teams"})
    if not questions:
        raise BadInput("Ask at least one question.", code="no_questions", details={"field": "questions"})
    held_on = session.held_on if session and session.held_on else timezone.localdate(opens_at, visit.course.tz)
    try:
        with transaction.atomic():
            found = FeedbackRound.objects.create(
                course=visit.course,
                session=session,
                title=title,
                held_on=held_on,
                opens_at=opens_at,
                closes_at=closes_at,
            )
    except IntegrityError as error:
        raise Conflict(
            f"There is a round {title} on that day already.", code="round_exists", details={"field": "title"}
        ) from error
    found.presents.set(teams)
    for position, (kind, text, low, high) in enumerate(questions):
        FeedbackQuestion.objects.create(round=found, position=position, kind=kind, text=text, low=low, high=high)
    return found


@transaction.atomic
def feedback_round_change(
    *, visit: Visit, round_: FeedbackRound, opens_at: datetime, closes_at: datetime, teams: Sequence[Team]
) -> FeedbackRound:
    """Move the hours or change who presents. A team about which a form is in stays. Raises BadInput `closes_before`, `has_forms`."""
    if closes_at <= opens_at:
        raise BadInput("It would close before it opens.", code="closes_before", details={"field": "closes_at"})
    gone = round_.forms.exclude(team__in=teams).select_related("team").first()
    if gone is not None:
        raise BadInput(
            f"There is feedback on team {gone.team.name} already, so it stays in this round.",
            code="has_forms",
            details={"field": "teams"},
        )
    round_.opens_at, round_.closes_at = opens_at, closes_at
    round_.save(update_fields=["opens_at", "closes_at"])
    round_.presents.set(teams)
    return round_


@transaction.atomic
def feedback_submit(
    *, visit: Visit, round_: FeedbackRound, team: Team, answers: Mapping[int, Any], now: datetime | None = None
) -> FeedbackForm:
    """Hand in, or change while the round is open, what one says about a team.

    Args:
        answers: question's key -> a score from 1 to 5, or a text of at most 2000 characters.

    Raises:
        Conflict: `round_closed`, `own_team`, `not_presenting`.
        BadInput: `score_missing`, `score_off_scale`, `too_long`; details name the question.
    """
    now = now or timezone.now()
    _check_may_fill(visit, round_, team, now)
    questions = list(round_.questions.all())
    clean = {question.pk: _answer(question, answers.get(question.pk)) for question in questions}
    found, _ = FeedbackForm.objects.update_or_create(
        round=round_, team=team, author=visit.person, defaults={"is_signed": visit.is_staff},
        create_defaults={"is_signed": visit.is_staff, "made_at": now},
    )  # fmt: skip
    FeedbackForm.objects.select_for_update(no_key=True).get(pk=found.pk)
    found.answers.all().delete()
    FeedbackAnswer.objects.bulk_create(
        FeedbackAnswer(form=found, question=question, score=clean[question.pk][0], text=clean[question.pk][1])
        for question in questions
        if clean[question.pk] != (None, "")
    )
    return found


def _check_may_fill(visit: Visit, round_: FeedbackRound, team: Team, now: datetime) -> None:
    if not round_.is_open(now):
        said = "opens later" if now < round_.opens_at else "is closed"
        raise Conflict(f"This round {said}. Nothing was recorded.", code="round_closed")
    if not round_.presents.filter(pk=team.pk).exists():
        raise Conflict(f"Team {team.name} does not present in this round.", code="not_presenting")
    if is_member(team, visit.person, now):
        raise Conflict("This is your own team; others speak about it.", code="own_team")


def _answer(question: FeedbackQuestion, value: Any) -> tuple[int | None, str]:
    where = {"field": f"q{question.pk}"}
    if question.kind == FeedbackQuestion.Kind.TEXT:
        text = str(value or "").strip()
        if len(text) > MOST_WORDS:
            raise BadInput(
                f"This answer has {len(text)} characters; at most {MOST_WORDS} are kept.",
                code="too_long",
                details=where,
            )
        return None, text
    if value in (None, ""):
        raise BadInput("Choose a number from 1 to 5.", code="score_missing", details=where)
    if str(value) not in {"1", "2", "3", "4", "5"}:
        raise BadInput("The scale goes from 1 to 5.", code="score_off_scale", details=where)
    return int(value), ""
