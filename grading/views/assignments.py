"""Assignments, handing in, receipts, and the staff's list of hand-ins."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.clock import shared_now
from courseplatform.core.errors import AppError, Conflict
from courseplatform.core.markdown import render_markdown
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.metrics.hand_ins import received
from courseplatform.teams.selectors.membership import members_at
from grading.forms.handing_in import FileForm, check_envelope, upload_key_of
from grading.grade_facts import items_of
from grading.handing_in.hand_in_rules import CLOSED, attempts_left, owner_of
from grading.handing_in.upload_purpose import HAND_IN, target_of
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.submissions import Submission
from grading.selectors import assignments as reading
from grading.selectors import headings, late_panel, staff
from grading.selectors.desk import desk
from grading.selectors.editing import withdrawn_of
from grading.selectors.my_grade import grade_link
from grading.selectors.points_try import device_profiles, trial_html
from grading.selectors.receipt import receipt as reading_receipt
from grading.selectors.reruns import of_before_words
from grading.selectors.results import takeover_part
from grading.selectors.return_page import return_part
from grading.services.submissions import submission_create


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    context = {"rows": reading.assignment_rows(visit, timezone.now()), "withdrawn": withdrawn_of(visit)}
    return render(request, "grading/assignments.html", context)


@course_page()
@require_safe
def detail(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = reading.assignment_get(visit, assignment)
    return render(request, "grading/assignment.html", lab_page(visit, found))


def lab_page(
    visit: Visit, assignment: Assignment, error: AppError | None = None, typed: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the lab page shows, also after a refusal. `typed`: what was written into a part and refused, {part, values}."""
    now = timezone.now()
    attempts = reading.attempts(visit, assignment)
    owner = owner_of(person=visit.person, assignment=assignment, now=now)
    left = _left(owner, assignment, attempts)
    blocked = reading.blocked(owner, assignment, now, left)
    returning = return_part(visit, assignment, now)
    payer = returning["back"]["owner"] if returning else owner  # who brings back may be a person where a team hands in
    table = late_panel.table_for(visit, assignment, payer, now) if payer else None
    members = members_at(owner.team, now) if owner.team else []
    context = {
        "assignment": assignment,
        "deadline": headings.deadline(visit, assignment, attempts, table, now),
        "now_is": now,
        "summary_html": render_markdown(assignment.summary),
        "can_hand_in": blocked is None,
        "blocked": blocked,
        "upload_key": uuid4(),
        "desk_key": uuid4(),
        "request_key": uuid4(),
        "late_rule": visit.course.late_rule,
        "late": late_panel.panel(table, assignment, payer, now) if table else None,
        "team": owner.team,
        "members": members,
        "attempts": attempts,
        "desk": desk(assignment, owner, members, attempts, table, now, typed),
        "closed": blocked is not None and blocked.code in CLOSED,
        "error": error,
        "grade_link": grade_link(visit, assignment),
        "before": of_before_words(assignment) if visit.is_staff else {},
        "rubric": [item for item in items_of(assignment) if not item.is_withdrawn],
    } | returning
    if assignment.takes_model:
        context["limits"] = reading.limits(owner, assignment, now, left)
    if assignment.bench_spec:
        context["spec_rows"] = reading.spec_rows(assignment, device_profiles(visit))
        context["trial_html"] = trial_html(visit, assignment, attempts)
    return context


def _left(owner: Owner, assignment: Assignment, attempts: list[reading.Attempt]) -> int:
    if not assignment.takes_model:
        return 0
    return attempts_left(owner=owner, assignment=assignment) if attempts else assignment.attempts_allowed


@course_page()
@require_POST
def hand_in(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """Takes the model, or the upload that holds it; with `without_model` what lies on the desk. With JavaScript the answer is JSON, without
    it a page; both say the same."""
    found = reading.assignment_get(visit, assignment)
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        submission, created = _arrived(request, visit, found)
    except AppError as error:
        if wants_json:
            return JsonResponse(error.to_json(), status=error.http_status)
        return render(request, "grading/assignment.html", lab_page(visit, found, error), status=error.http_status)
    received(request, submission.size_bytes)
    url = submission.get_absolute_url() + ("" if created else "?same=1")
    if wants_json:
        return JsonResponse(
            {"receipt": submission.receipt, "url": url, "created": created}, status=201 if created else 200
        )
    return HttpResponseRedirect(url)


def _arrived(request: HttpRequest, visit: Visit, assignment: Assignment) -> tuple[Submission, bool]:
    now = shared_now()
    if request.content_type == "multipart/form-data":
        check_envelope(request)  # before anything is read of it
    if request.POST.get("without_model"):
        key = upload_key_of(request)
        _check_cost(request, visit, assignment, now)
        return submission_create(person=visit.person, assignment=assignment, upload=None, upload_key=key, now=now)
    form, target = FileForm.of(request), target_of(assignment)
    with form.arrived(person=visit.person, purpose=HAND_IN, target=target, now=now) as file:
        return submission_create(
            person=visit.person, assignment=assignment, upload=file.upload, upload_key=file.upload_key, now=file.at
        )


def _check_cost(request: HttpRequest, visit: Visit, assignment: Assignment, now: datetime) -> None:
    """Raises Conflict (`cost_changed`) where handing in costs something else now than the page said."""
    shown = request.POST.get("shown_cost")
    owner = owner_of(person=visit.person, assignment=assignment, now=now)
    table = late_panel.table_for(visit, assignment, owner, now)
    if shown is not None and shown != late_panel.cost_key(table, assignment, now):
        cost = late_panel.cost_of_now(table) if table is not None else "It is late by now."
        said = f"Since this page was loaded the cost has changed. {cost or 'It is free now.'} Nothing is handed in yet: press the button again."
        raise Conflict(said, code="cost_changed")


@course_page()
@require_safe
def receipt(request: HttpRequest, visit: Visit, submission: UUID) -> HttpResponse:
    found = reading.submission_get(visit, submission)
    now, is_own = timezone.now(), not visit.is_staff
    owner = owner_of(person=visit.person, assignment=found.assignment, now=now)
    table = late_panel.table_for(visit, found.assignment, owner, now) if is_own else None
    context = reading_receipt(found) | {
        "submission": found,
        "run": found.runs.first(),
        "attempts": reading.attempts(visit, found.assignment, found.person),
        "is_own": is_own,
        "existing": request.GET.get("same") == "1",
        "late": late_panel.panel(table, found.assignment, owner, now) if table else None,
    }
    context |= takeover_part(visit, context["run"]) if context["run"] else {}
    return render(request, "grading/receipt.html", context)


@course_page(STAFF)
@require_safe
def submissions(request: HttpRequest, visit: Visit) -> HttpResponse:
    chosen = staff.SubmissionFilter.of(request.GET)
    context = {
        "rows": staff.submission_rows(visit, chosen),
        "filters": staff.filter_choices(visit, chosen),
        "query": request.GET.urlencode(),
    }
    return render(request, "grading/submissions.html", context)


@course_page(STAFF)
@require_safe
def submissions_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = staff.submission_rows(visit, staff.SubmissionFilter.of(request.GET), limit=None)
    return csv_response(f"{visit.course.slug}-submissions.csv", staff.COLUMNS, [staff.csv_row(row) for row in rows])
