"""Surveys as students answer them and as staff read them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import Conflict
from courseplatform.core.markdown import render_markdown
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.notices.forms import AnswerForm
from courseplatform.notices.models.surveys import LEAST_ANSWERS, Survey
from courseplatform.notices.selectors import surveys as reading
from courseplatform.notices.services.answers import survey_answer
from courseplatform.notices.services.survey_clock import survey_end


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    context = {"rows": reading.survey_rows(visit, timezone.now()), "students": reading.student_count(visit.course)}
    return render(request, "notices/surveys.html", context)


@course_page()
@require_safe
def detail(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    return render(request, "notices/survey.html", _page(visit, reading.survey_get(visit, survey)))


def _page(visit: Visit, survey: Survey, form: AnswerForm | None = None, refused: str = "") -> dict[str, Any]:
    now, questions = timezone.now(), list(survey.questions.all())
    phase = survey.phase(now)
    return {
        "survey": survey,
        "phase": phase.value,
        "badge": reading.BADGES[phase],
        "intro": render_markdown(survey.intro),
        "is_done": not visit.is_staff and reading.has_answered(visit, survey),
        "fields": [
            {
                "question": question,
                "scale": [str(n) for n in range(1, 6)],
                "value": form.data.get(question.field_name, "") if form else "",
                "errors": form.errors.get(question.field_name, []) if form else [],
            }
            for question in questions
        ],
        "wrong": len(form.errors) if form else 0,
        "refused": refused,
        "least": LEAST_ANSWERS,
        "answered": survey.completions.count() if visit.is_staff else None,
        "students": reading.student_count(visit.course) if visit.is_staff else None,
    }


@course_page()
@require_POST
def answer(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    form = AnswerForm(request.POST, questions=list(found.questions.all()))
    if not form.is_valid():
        return render(request, "notices/survey.html", _page(visit, found, form), status=422)
    try:
        survey_answer(visit=visit, survey=found, values=form.values())
    except Conflict as error:
        return render(
            request, "notices/survey.html", _page(visit, found, form, error.message), status=error.http_status
        )
    messages.success(request, "Thank you. Your answers are in, without your name.")
    return redirect(found)


@course_page(STAFF)
@require_safe
def results(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    """Whoever reads ends what is over, so that a worker that is down delays no results."""
    found = _ended_if_over(visit, survey)
    shown = reading.results(found, timezone.now())
    context = {
        "survey": found,
        "results": shown,
        "sentence": reading.withheld_sentence(shown) if shown.withheld else "",
    }
    return render(request, "notices/survey_results.html", context)


def _ended_if_over(visit: Visit, survey: int) -> Survey:
    found = reading.survey_get(visit, survey)
    if found.ended_at is None and found.phase() == "closed":
        survey_end(survey=found)
        found.refresh_from_db()
    return found


@course_page(STAFF)
@require_safe
def results_csv(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found = _ended_if_over(visit, survey)
    return csv_response(
        f"{visit.course.slug}-survey-{found.pk}.csv", reading.CSV_COLUMNS, reading.csv_rows(found, timezone.now())
    )


@course_page(STAFF)
@require_safe
def completions_csv(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found = _ended_if_over(visit, survey)
    rows = reading.completion_rows(found, timezone.now())
    return csv_response(f"{visit.course.slug}-survey-{found.pk}-answered.csv", ("name", "e-mail", "answered"), rows)
