"""Making and changing an assignment: filled in, looked at, and applied only as it was looked at. Instructors only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Course, Role
from grading.course_file.assignment_item import Item, item_of, session_days
from grading.course_file.assignment_starts import weeks_between
from grading.course_file.item_check import refused_in_item
from grading.course_file.placed import Placed
from grading.forms.editing.criteria import RULE_WORDS
from grading.forms.editing.measured_baseline import CHOSEN, TAKE, with_taken
from grading.forms.editing.new import COPY, NewForm
from grading.forms.editing.parts import KIND_WORDS
from grading.forms.editing.rows import rearranged
from grading.forms.editing.whole import EditForm
from grading.grade_facts import items_of
from grading.models.assignments import Assignment
from grading.selectors import editing as reading
from grading.selectors.assignments import assignment_get
from grading.selectors.measured_baselines import Measured, measured_of
from grading.selectors.points_again import would_get
from grading.selectors.reruns import of_before_words
from grading.services.assignment_copying import assignment_copy
from grading.services.assignment_editing import assignment_create, assignment_save, not_ready, touches_late_days
from grading.services.assignment_rows import was_begun
from grading.views.lab_preview import lab_html
from grading.views.late_steps import Change, Step, preview_context, step_of

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
FORM_METHODS = ["GET", "HEAD", "POST"]


@dataclass
class Seen:
    """What a trial leaves behind of a change that was rolled back."""

    said: list[str] = field(default_factory=list)
    lab: str = ""


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    days = session_days(visit.course)
    held, seen = item_of(found, days), Seen()
    do, runs = request.POST.get("do", ""), measured_of(visit, found)
    data = _arranged(request.POST, do, runs) if do else request.POST if request.method == "POST" else None
    facts: dict[str, Any] = {"days": days, "sets": reading.hidden_choices(visit)}
    form = EditForm(found, held, data, is_quiet=bool(do), **facts)
    is_same = not do and request.POST.get("step") == "preview" and form.is_valid() and form.item() == held
    step = (
        Step()
        if do or is_same
        else step_of(request, visit, form, lambda: _change(request, visit, held, form, seen), refuse=_refuse(visit))
    )
    if step.is_done:
        before = of_before_words(assignment_get(visit, found.slug))
        said = [f"{before['title']}: see on its page Re-runs what would change."] if before else []
        messages.success(request, " ".join([f"{form.item()['short']} says this now.", *seen.said, *said]))
        return redirect("grading:assignment_edit", course=visit.course.slug, assignment=found.slug)
    probe = EditForm(found, held, data, **facts) if do else form
    context = {"form": form, "assignment": found, "part_kinds": KIND_WORDS, "rule_kinds": RULE_WORDS}
    context |= reading.criteria_context(probe, found, request.POST.dict())
    context["rubric"] = [item for item in items_of(found) if not item.is_withdrawn]
    context |= {"is_begun": was_begun(found), "is_same": is_same, "measured_runs": runs}
    context |= {"is_none_taken": do == TAKE and _chosen(request.POST, runs) is None}
    context |= {"lab": lab_html(request, visit, found.slug)} if is_same else {}
    context |= preview_context(visit, step) | (_preview(visit, found, held, form, seen) if step.trial else {})
    return render(request, "grading/edit.html", context, status=step.status)


def _arranged(sent: QueryDict, do: str, runs: list[Measured]) -> QueryDict:
    """The form after one of its buttons that add, move and take away rows."""
    taken = _chosen(sent, runs) if do == TAKE else None
    return with_taken(sent, taken.source, taken.metrics) if taken else rearranged(sent, do)


def _chosen(sent: QueryDict, runs: list[Measured]) -> Measured | None:
    return next((run for run in runs if run.key == sent.get(CHOSEN)), None)


def _change(request: HttpRequest, visit: Visit, held: Item, form: EditForm, seen: Seen) -> Change:
    item, is_applied = form.item(), request.POST.get("step") == "apply"

    def act() -> None:
        seen.said = assignment_save(visit=visit, slug=held["slug"], held=held, item=item)
        if not is_applied:
            seen.lab = lab_html(request, visit, held["slug"])

    # Nobody's late days have to be compared for another title.
    return Change(act, ["assignment", held, item], people=None if touches_late_days(held, item) else ())


def _refuse(visit: Visit) -> Callable[[forms.Form, BadInput | Conflict], None]:
    def refuse(form: forms.Form, error: BadInput | Conflict) -> None:
        """Everything that is wrong at once, each beside its field."""
        if not isinstance(form, EditForm):
            return
        found = (
            []
            if isinstance(error, Conflict) or error.code == "no_change"
            else refused_in_item(form.item(), visit.course)
        )
        for refused in found or [Placed((), error.code, error.message)]:
            form.refuse(refused)

    return refuse


def _preview(visit: Visit, row: Assignment, held: Item, form: EditForm, seen: Seen) -> dict[str, Any]:
    item = form.item()
    then = reading.with_item(row, item)
    return {
        "lab": seen.lab,
        "changes": reading.changes_between(held, item),
        "consequences": [*reading.consequences(row, held, item), *seen.said, *not_ready(then)],
        "is_told": held.get("due") != item.get("due") and not row.is_draft,
        "points": reading.points_of(item),
        "would": would_get(row, item["bench"]) if item.get("bench") and item["bench"] != held.get("bench") else {},
    }


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    groups = reading.copyable(visit)
    asked = request.GET.get("copy", "")
    source = next(
        (row for course, rows in groups for row in rows if course == visit.course and row.slug == asked), None
    )
    initial = {"start": COPY, "source": f"{source.pk}"} if source else {}
    named = [(_name(course), rows) for course, rows in groups]
    form = NewForm(named, request.POST if request.method == "POST" else None, initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                row, said = _make(visit, form)
                messages.success(
                    request,
                    " ".join([f"{row.short} is a draft; only the staff see it until you publish it.", said]).strip(),
                )
                return redirect("grading:assignment_edit", course=visit.course.slug, assignment=row.slug)
            except BadInput as error:
                form.refuse(Placed(tuple(error.details.get("path", ())), error.code, error.message))
    return render(request, "grading/new.html", {"form": form, "has_sources": bool(groups)}, status=status)


def _make(visit: Visit, form: NewForm) -> tuple[Assignment, str]:
    if not form.is_copy:
        return assignment_create(visit=visit, item=form.item()), ""
    source, is_dated = form.copied_from(), form.cleaned_data["dates"] == "weeks"
    course = source.course
    weeks = 0 if course == visit.course else weeks_between(course.starts_on, visit.course.starts_on)
    row, said = assignment_copy(visit=visit, source=source, names=form.names(), weeks=weeks if is_dated else None)
    if is_dated and weeks is None:
        said = "Its dates are left empty, because one of the courses has no first day to count from."
    return row, said


def _name(course: Course) -> str:
    return " ".join(word for word in (course.number, course.title, course.term) if word)
