"""Making a survey: its words and hours, its questions, and its life."""

from datetime import time, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.courses.zones import zone_words
from courseplatform.notices.forms import QuestionForm, SurveyForm
from courseplatform.notices.models.surveys import LEAST_ANSWERS, Question, Survey
from courseplatform.notices.selectors import surveys as reading
from courseplatform.notices.services import surveys as writing

DATES = ("opens_on", "opens_at", "closes_on", "closes_at")


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    if request.method != "POST":
        today = timezone.localdate(timezone=visit.course.tz)
        values = {
            "title": "Mid-term survey", "opens_on": today, "opens_at": time(9), "closes_on": today + timedelta(days=7),
            "closes_at": time(23, 59), "gives_credit": True, "usual_questions": True, "made_with": uuid4(),
        }  # fmt: skip
        return render(request, "notices/survey_new.html", {"values": values, "errors": {}, "zone": _zone(visit)})
    form = SurveyForm(request.POST)
    if not form.is_valid():
        return render(
            request,
            "notices/survey_new.html",
            {"values": _typed(request, form), "errors": form.errors, "zone": _zone(visit)},
            status=422,
        )
    made = writing.survey_create(
        visit=visit, draft=form.draft(), made_with=form.cleaned_data["made_with"] or uuid4(),
        usual_questions=form.cleaned_data["usual_questions"],
    )  # fmt: skip
    return _to_editor(visit, made)


def _zone(visit: Visit) -> str:
    return zone_words(visit.course.zone or "UTC")


def _typed(request: HttpRequest, form: SurveyForm | QuestionForm) -> dict[str, Any]:
    return {name: request.POST.get(name, "") for name in form.fields}


def _to_editor(visit: Visit, survey: Survey) -> HttpResponse:
    return redirect("notices:survey_edit", course=visit.course.slug, survey=survey.pk)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    if request.method != "POST":
        return render(request, "notices/survey_edit.html", _page(found))
    # Hours that are facts by now are not in the form; they stay what they are.
    kept = {name: getattr(found, name) for name in DATES if name not in request.POST}
    form = SurveyForm({**kept, **request.POST.dict()})
    if form.is_valid():
        try:
            writing.survey_edit(visit=visit, survey=found, draft=form.draft())
        except AppError as error:
            form.add_error(None, error.message)
    if not form.is_valid():
        context = _page(found) | {
            "values": {**kept, **_typed(request, form)},
            "errors": form.errors,
            "general": form.non_field_errors(),
        }
        return render(request, "notices/survey_edit.html", context, status=422)
    messages.success(request, "Saved.")
    return _to_editor(visit, found)


def _page(survey: Survey) -> dict[str, Any]:
    phase = survey.phase()
    names = ("title", "intro", "gives_credit", *DATES)
    return {
        "survey": survey,
        "zone": zone_words(survey.course.zone or "UTC"),
        "phase": phase.value,
        "badge": reading.BADGES[phase],
        "questions": list(survey.questions.all()),
        "kinds": Question.Kind.choices,
        "values": {name: getattr(survey, name) for name in names},
        "question_values": {"kind": Question.Kind.SCALE, "is_required": True},
        "errors": {},
        "question_errors": {},
        "least": LEAST_ANSWERS,
    }


@course_page(STAFF)
@require_POST
def question_add(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found, form = reading.survey_get(visit, survey), QuestionForm(request.POST)
    if not form.is_valid():
        context = _page(found) | {"question_values": _typed(request, form), "question_errors": form.errors}
        return render(request, "notices/survey_edit.html", context, status=422)
    writing.question_add(survey=found, draft=form.draft())
    return _to_editor(visit, found)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def question_edit(request: HttpRequest, visit: Visit, survey: int, question: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    asked = reading.question_get(found, question)
    form = QuestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        writing.question_edit(survey=found, question=asked, draft=form.draft())
        return _to_editor(visit, found)
    stored = {name: getattr(asked, name) for name in ("kind", "text", "is_required", "low", "high")}
    stored["options"] = "\n".join(asked.options)
    is_wrong = request.method == "POST"
    context = {
        "survey": found, "question": asked, "kinds": Question.Kind.choices, "question_errors": form.errors if is_wrong else {},
        "question_values": _typed(request, form) if is_wrong else stored,
    }  # fmt: skip
    return render(request, "notices/question_edit.html", context, status=422 if is_wrong else 200)


@course_page(STAFF)
@require_POST
def question_move(request: HttpRequest, visit: Visit, survey: int, question: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    asked = reading.question_get(found, question)
    writing.question_move(survey=found, question=asked, up=request.POST.get("way") == "up")
    return _to_editor(visit, found)


@course_page(STAFF)
@require_POST
def question_delete(request: HttpRequest, visit: Visit, survey: int, question: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    writing.question_delete(survey=found, question=reading.question_get(found, question))
    return _to_editor(visit, found)


@course_page(STAFF)
@require_POST
def publish(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    writing.survey_publish(visit=visit, survey=found)
    messages.success(request, "Published. Students are told when it opens.")
    return redirect(found)


@course_page(STAFF)
@require_POST
def unpublish(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    writing.survey_unpublish(visit=visit, survey=found)
    return _to_editor(visit, found)


@course_page(STAFF)
@require_POST
def close(request: HttpRequest, visit: Visit, survey: int) -> HttpResponse:
    found = reading.survey_get(visit, survey)
    writing.survey_close(visit=visit, survey=found)
    messages.success(request, "Ended. Results are on this page; it cannot open again.")
    return redirect("notices:survey_results", course=visit.course.slug, survey=found.pk)
