"""What is read of surveys. Results only after the end, and only of enough people: whoever could watch an answer come in could name it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count

from courseplatform.core.badges import Badge
from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.notices.models.surveys import (
    LEAST_ANSWERS,
    Answer,
    Completion,
    Phase,
    Question,
    Survey,
    SurveyStatus,
)

TEXTS_SHOWN = 30
BADGES = {
    Phase.DRAFT: Badge("neutral", "lock", "draft"),
    Phase.COMING: Badge("neutral", "clock", "opens later"),
    Phase.OPEN: Badge("good", "check", "open"),
    Phase.CLOSED: Badge("neutral", "close", "closed"),
}


def survey_get(visit: Visit, survey: int) -> Survey:
    """Raises NotHere for another course's, and for a student also for a draft."""
    mine = Survey.objects.filter(course=visit.course, pk=survey).select_related("course")
    found = (mine if visit.is_staff else mine.filter(status=SurveyStatus.PUBLISHED)).first()
    if found is None:
        raise NotHere("There is no such survey, or it is not published yet.")
    return found


def question_get(survey: Survey, question: int) -> Question:
    found = Question.objects.filter(survey=survey, pk=question).first()
    if found is None:
        raise NotHere("There is no such question in this survey.")
    return found


def completions(survey: Survey) -> set[int]:
    """The persons who have answered. For credit, ask after the end (`credited`): earlier, each new name would date an answer."""
    return set(Completion.objects.filter(survey=survey).values_list("person", flat=True))


def credited(course: Course) -> list[tuple[Survey, set[int]]]:
    """The ended surveys that give credit, each with the persons who have answered. Two queries."""
    surveys = list(Survey.objects.filter(course=course, gives_credit=True, ended_at__isnull=False))
    found: dict[int, set[int]] = {survey.pk: set() for survey in surveys}
    for survey, person in Completion.objects.filter(survey__in=surveys).values_list("survey", "person"):
        found[survey].add(person)
    return [(survey, found[survey.pk]) for survey in surveys]


def has_answered(visit: Visit, survey: Survey) -> bool:
    return Completion.objects.filter(survey=survey, person=visit.person).exists()


def student_count(course: Course) -> int:
    return Enrolment.objects.filter(course=course, is_active=True, role=Role.STUDENT).count()


def survey_rows(visit: Visit, now: datetime) -> list[dict[str, Any]]:
    """All surveys that this person sees, newest first. The same few queries for 600 people."""
    surveys = (
        Survey.objects.filter(course=visit.course).select_related("course").annotate(answered=Count("completions"))
    )
    if not visit.is_staff:
        surveys = surveys.filter(status=SurveyStatus.PUBLISHED)
    mine = set(
        Completion.objects.filter(person=visit.person, survey__course=visit.course).values_list("survey", flat=True)
    )
    return [
        {
            "survey": survey, "phase": (phase := survey.phase(now)).value, "badge": BADGES[phase], "answered": survey.answered,
            "is_done": survey.pk in mine, "can_answer": phase == Phase.OPEN and not visit.is_staff and survey.pk not in mine,
        }
        for survey in surveys
    ]  # fmt: skip


@dataclass(frozen=True)
class QuestionResult:
    """bars: (word, count, share of the largest) of a scale or a choice. texts: in random order, at most TEXTS_SHOWN."""

    question: Question
    answered: int
    mean: float | None = None
    bars: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Results:
    """`withheld`: empty, `open` or `few`; then there are no questions in it."""

    answered: int
    students: int
    withheld: str
    questions: list[QuestionResult] = field(default_factory=list)


def results(survey: Survey, now: datetime) -> Results:
    """What came out, or why it is not shown."""
    answered, students = survey.completions.count(), student_count(survey.course)
    # The end is a fact in the row, written behind the same lock as the last answer; the hour alone could be a moment early.
    if survey.phase(now) != Phase.CLOSED or survey.ended_at is None:
        return Results(answered, students, "open")
    if answered < LEAST_ANSWERS:
        return Results(answered, students, "few")
    values: dict[int, list[str]] = {}
    for question, value in (
        Answer.objects.filter(question__survey=survey).order_by("pk").values_list("question", "value")
    ):
        values.setdefault(question, []).append(value)
    return Results(answered, students, "", [_result(q, values.get(q.pk, [])) for q in survey.questions.all()])


def _result(question: Question, values: list[str]) -> QuestionResult:
    if question.kind == Question.Kind.TEXT:
        return QuestionResult(question, len(values), texts=values[:TEXTS_SHOWN])
    counts = Counter(values)
    words = [str(n) for n in range(1, 6)] if question.kind == Question.Kind.SCALE else list(question.options)
    most = max(counts.values(), default=0) or 1
    bars = [{"word": word, "count": counts[word], "share": counts[word] / most} for word in words]
    if question.kind == Question.Kind.SCALE:
        bars[0]["end"], bars[-1]["end"] = question.low, question.high
    mean = sum(map(int, values)) / len(values) if values and question.kind == Question.Kind.SCALE else None
    return QuestionResult(question, len(values), mean, bars)


CSV_COLUMNS = ("question", "kind", "answer")


def csv_rows(survey: Survey, now: datetime) -> list[tuple[str, str, str]]:
    """One line an answer, shuffled within its question. Raises Conflict (`results_withheld`) where the page shows none."""
    found = results(survey, now)
    if found.withheld:
        raise Conflict(withheld_sentence(found), code="results_withheld")
    answers = Answer.objects.filter(question__survey=survey).select_related("question")
    return [
        (a.question.text, a.question.kind, a.value) for a in answers.order_by("question__position", "question", "pk")
    ]


def withheld_sentence(found: Results) -> str:
    if found.withheld == "open":
        return "Results are shown after the end: whoever watched the answers come in could tell whose they are."
    return f"Fewer than {LEAST_ANSWERS} people have answered, so results are not shown: they could be guessed to be one person's."


def completion_rows(survey: Survey, now: datetime) -> list[tuple[str, str, str]]:
    """Name, address, answered or not, of the students; after the end only. Raises Conflict (`results_withheld`)."""
    if survey.ended_at is None:
        raise Conflict("Who has answered is listed after the end.", code="results_withheld")
    done = completions(survey)
    students = Enrolment.objects.filter(course=survey.course, is_active=True, role=Role.STUDENT).select_related(
        "person"
    )
    rows = students.order_by("person__name", "person__email")
    return [(e.person.name, e.person.email, "yes" if e.person_id in done else "no") for e in rows]
