"""Answering a survey, so that an answer and a name never meet.

Answers hold no person, no time and random ids. The completions of a survey are all written anew, in random order, with each answer: what
a database keeps beside its rows (their place on disk, the number of the transaction that wrote them) then says the same about everybody.
docs/surveys.md says what an operator could see all the same.
"""

import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.notices.models.surveys import Answer, Completion, Phase, Survey

shuffle = secrets.SystemRandom().shuffle


@transaction.atomic
def survey_answer(*, visit: Visit, survey: Survey, values: dict[int, str], now: datetime | None = None) -> None:
    """Record one person's answers, once.

    Args:
        values: question -> answer, checked by the form; empty answers are not stored.

    Raises:
        Forbidden: code `students_only`.
        Conflict: code `survey_not_open`, or `already_answered`: then the first answers stand.
    """
    if visit.role != Role.STUDENT:
        raise Forbidden("Surveys are answered by students. Staff see the results after its end.", code="students_only")
    found = Survey.objects.select_for_update().select_related("course").get(pk=survey.pk)  # one answer after the other
    if found.phase(now or timezone.now()) != Phase.OPEN:
        raise Conflict("This survey is not open, so nothing was recorded.", code="survey_not_open")
    done = set(Completion.objects.filter(survey=found).values_list("person", flat=True))
    if visit.person.pk in done:
        raise Conflict("You have answered this survey already; those answers stand.", code="already_answered")
    known = set(found.questions.values_list("pk", flat=True))
    answers = [
        Answer(question_id=question, value=value) for question, value in values.items() if value and question in known
    ]
    shuffle(answers)
    Answer.objects.bulk_create(answers)
    _complete(found, done | {visit.person.pk})


def _complete(survey: Survey, people: set[int]) -> None:
    rows = [Completion(survey=survey, person_id=person) for person in people]
    shuffle(rows)
    Completion.objects.filter(survey=survey).delete()
    Completion.objects.bulk_create(rows)
