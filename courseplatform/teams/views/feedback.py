"""Peer feedback: the rounds, one form, and how far the class is."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from courseplatform.core.errors import BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.teams.forms.rounds import RoundForm, default_questions
from courseplatform.teams.models.feedback import FeedbackRound
from courseplatform.teams.selectors import feedback as reading
from courseplatform.teams.selectors.membership import is_member
from courseplatform.teams.services.feedback import feedback_round_change, feedback_round_create, feedback_submit
from courseplatform.teams.views.common import done, form_page, now, own_team, saved, sent


@course_page()
@require_safe
def rounds(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = reading.round_rows(visit, now(), own_team(visit))
    return render(request, "teams/rounds.html", {"rows": rows})


@course_page(STAFF)
def new_round(request: HttpRequest, visit: Visit) -> HttpResponse:
    at = now().replace(second=0, microsecond=0)
    before = {"opens_at": at, "closes_at": at + timedelta(days=1), "questions": default_questions()}
    form = RoundForm(sent(request), course=visit.course, initial=before)
    if form.is_valid():
        made = saved(form, lambda: feedback_round_create(visit=visit, **form.cleaned_data))
        if made:
            return done(request, "The round is set up", "teams:round", course=visit.course.slug, feedback_round=made.pk)
    return form_page(request, "teams/round_form.html", form, round=None)


@course_page(STAFF)
def round_progress(request: HttpRequest, visit: Visit, feedback_round: int) -> HttpResponse:
    found = reading.round_get(visit, feedback_round)
    before = {"opens_at": found.opens_at, "closes_at": found.closes_at, "teams": found.presents.all()}
    form = RoundForm(sent(request), course=visit.course, is_new=False, initial=before)
    if form.is_valid() and saved(form, lambda: feedback_round_change(visit=visit, round_=found, **form.cleaned_data)):
        return done(request, "Saved", "teams:round", course=visit.course.slug, feedback_round=found.pk)
    at = now()
    return form_page(
        request, "teams/round.html", form, round=found, progress=reading.progress(found, at), is_open=found.is_open(at)
    )


@course_page()
def fill(request: HttpRequest, visit: Visit, feedback_round: int, team: str) -> HttpResponse:
    found = reading.round_get(visit, feedback_round)
    about = reading.presenting_get(found, team)
    if is_member(about, visit.person):
        return redirect("teams:received", course=visit.course.slug, team=about.slug)
    errors: dict[str, str] = {}
    typed = {key: str(value)[:4000].replace("\0", "") for key, value in request.POST.items()}
    if request.method == "POST":
        answers = {question.pk: typed.get(f"q{question.pk}", "") for question in found.questions.all()}
        try:
            feedback_submit(visit=visit, round_=found, team=about, answers=answers)
            return _next(request, visit, found, about.name)
        except BadInput as error:
            errors = {str(error.details.get("field", "")): error.message}
    mine = reading.form_of(found, about, visit)
    context = {
        "round": found, "team": about, "is_open": found.is_open(now()), "mine": mine,
        "fields": reading.form_fields(found, mine, typed, errors), "has_errors": bool(errors),
    }  # fmt: skip
    return render(request, "teams/fill.html", context, status=422 if errors else 200)


def _next(request: HttpRequest, visit: Visit, round_: FeedbackRound, name: str) -> HttpResponse:
    """On to the next team that waits, or to the list when all are done."""
    row = next(row for row in reading.round_rows(visit, now(), own_team(visit)) if row["round"].pk == round_.pk)
    waiting = [item["team"] for item in row["teams"] if not item["is_done"]]
    said = f"Your feedback on team {name} is recorded"
    if waiting:
        return done(
            request, said, "teams:fill", course=visit.course.slug, feedback_round=round_.pk, team=waiting[0].slug
        )
    return done(request, said, "teams:rounds", course=visit.course.slug)
