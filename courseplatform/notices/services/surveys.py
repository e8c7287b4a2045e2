"""Making a survey and its life: draft, published, ended. Once it has ended it never opens again."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.notices.models.surveys import SURVEY_MOVES, Phase, Question, Survey, SurveyMove, SurveyStatus
from courseplatform.notices.services.survey_clock import survey_end
from courseplatform.notices.usual_questions import USUAL


@dataclass(frozen=True)
class SurveyDraft:
    """What the form holds; times on the course's wall."""

    title: str
    intro: str
    opens_on: date
    opens_at: time
    closes_on: date
    closes_at: time
    gives_credit: bool = True


@transaction.atomic
def survey_create(*, visit: Visit, draft: SurveyDraft, made_with: UUID, usual_questions: bool = False) -> Survey:
    """A draft, empty or with the questions that mid-term surveys usually ask. The same `made_with` gives back the first."""
    Course.objects.select_for_update().get(pk=visit.course.pk)
    if known := Survey.objects.filter(course=visit.course, made_with=made_with).first():
        return known
    made = Survey.objects.create(course=visit.course, made_with=made_with, **vars(draft))
    if usual_questions:
        Question.objects.bulk_create(Question(survey=made, position=n, **fact) for n, fact in enumerate(USUAL))
    return made


def lock(survey: Survey) -> Survey:
    """Inside a transaction: what happens to one survey happens one after the other."""
    return Survey.objects.select_for_update().select_related("course").get(pk=survey.pk)


@transaction.atomic
def survey_edit(*, visit: Visit, survey: Survey, draft: SurveyDraft, now: datetime | None = None) -> Survey:
    """Change words and hours. While it is open only its end can still move.

    Raises Conflict (`survey_ended`) after its end: results may have been seen, and one more answer would stand out.
    """
    found, now = lock(survey), now or timezone.now()
    phase = found.phase(now)
    if phase == Phase.CLOSED:
        raise Conflict(
            "This survey has ended. Results may have been seen, so it cannot open again.", code="survey_ended"
        )
    fixed = {"opens_on", "opens_at"} if phase == Phase.OPEN else set()
    for name, value in vars(draft).items():
        if name not in fixed:
            setattr(found, name, value)
    if phase == Phase.OPEN and found.closes <= now:
        raise Conflict("To end an open survey now, use its button: that says what follows.", code="ends_in_the_past")
    found.save()
    return found


@transaction.atomic
def survey_publish(*, visit: Visit, survey: Survey, now: datetime | None = None) -> None:
    """From now on students see it, and can answer once it is open. Its questions stay as they are.

    Raises:
        Conflict: code `no_questions`, or `survey_ended` when its end has passed already.
        IllegalMove: it is published.
    """
    found, now = lock(survey), now or timezone.now()
    if not found.questions.exists():
        raise Conflict("A survey without questions cannot be published. Add one first.", code="no_questions")
    if found.closes <= now:
        raise Conflict("Its end is in the past. Choose a later one first.", code="survey_ended")
    move(found, moves=SURVEY_MOVES, to=SurveyStatus.PUBLISHED, by=visit.by, history=SurveyMove)


@transaction.atomic
def survey_unpublish(*, visit: Visit, survey: Survey, now: datetime | None = None) -> None:
    """Back to a draft, as long as nobody could answer. Raises Conflict (`survey_opened`)."""
    found = lock(survey)
    if found.phase(now) not in (Phase.COMING, Phase.DRAFT):
        raise Conflict("It has opened, so it stays published: people may have answered.", code="survey_opened")
    move(found, moves=SURVEY_MOVES, to=SurveyStatus.DRAFT, by=visit.by, history=SurveyMove)


@transaction.atomic
def survey_close(*, visit: Visit, survey: Survey, now: datetime | None = None) -> None:
    """End an open survey before its hour, for good. Raises Conflict (`not_open`)."""
    found, now = lock(survey), now or timezone.now()
    if found.phase(now) != Phase.OPEN:
        raise Conflict("Only an open survey can be ended.", code="not_open")
    local = now.astimezone(found.course.tz)
    found.closes_on, found.closes_at = local.date(), local.time().replace(second=0, microsecond=0)
    found.save(update_fields=["closes_on", "closes_at"])
    survey_end(survey=found, now=now)


def draft_of(survey: Survey) -> Survey:
    """The locked survey, for a change of its questions. Raises Conflict (`survey_published`)."""
    found = lock(survey)
    if found.status != SurveyStatus.DRAFT:
        raise Conflict(
            "This survey is published, and everybody answers the same questions. Take it back to a draft first, if it is not open yet.",
            code="survey_published",
        )
    return found


@dataclass(frozen=True)
class QuestionDraft:
    kind: str
    text: str
    is_required: bool = True
    low: str = ""
    high: str = ""
    options: tuple[str, ...] = ()

    def facts(self) -> dict[str, object]:
        return {**vars(self), "options": list(self.options)}


MOST_QUESTIONS = 40


@transaction.atomic
def question_add(*, survey: Survey, draft: QuestionDraft) -> Question:
    """At the end. Raises Conflict (`survey_published`, `too_many_questions`)."""
    found = draft_of(survey)
    positions = list(found.questions.values_list("position", flat=True))
    if len(positions) >= MOST_QUESTIONS:
        raise Conflict(
            f"A survey holds {MOST_QUESTIONS} questions at most; few people answer more.", code="too_many_questions"
        )
    return Question.objects.create(survey=found, position=max(positions, default=-1) + 1, **draft.facts())


@transaction.atomic
def question_edit(*, survey: Survey, question: Question, draft: QuestionDraft) -> None:
    draft_of(survey)
    Question.objects.filter(pk=question.pk).update(**draft.facts())


@transaction.atomic
def question_delete(*, survey: Survey, question: Question) -> None:
    draft_of(survey)
    Question.objects.filter(pk=question.pk).delete()


@transaction.atomic
def question_move(*, survey: Survey, question: Question, up: bool) -> None:
    """One place up or down; at the end of the list nothing happens."""
    rows = list(draft_of(survey).questions.all())
    place = next((n for n, row in enumerate(rows) if row.pk == question.pk), None)
    if place is None:
        return
    other = place - 1 if up else place + 1
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    for position, row in enumerate(rows):
        row.position = position
    Question.objects.bulk_update(rows, ["position"])
