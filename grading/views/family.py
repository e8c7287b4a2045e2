"""The family of variants of an assignment: seen, named, exported."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import BadInput
from courseplatform.core.plot_files import FORMS
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from grading.families import drawing, tables
from grading.families.front import Family
from grading.families.plots import plotly_of
from grading.handing_in.hand_in_rules import owner_of
from grading.models.assignments import Assignment
from grading.models.pieces import Piece
from grading.selectors import family as reading
from grading.selectors import family_page
from grading.selectors.assignments import assignment_get
from grading.services.families import FamilyEdit, family_edit
from grading.services.pieces import piece_remove
from grading.services.variants import variant_again

STOP_POLLING = 286  # htmx reads it so


@course_page()
@require_safe
def detail(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found, seen = _seen(request, visit, assignment)
    context = _page(visit, found, seen) | {"is_editing": "edit" in request.GET and seen.may_edit}
    return render(request, "grading/family.html", context)


@course_page()
@require_safe
def live(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """How far the measuring is; when it has ended, static/js/family.js loads the page, unless somebody is writing in it."""
    found, seen = _seen(request, visit, assignment)
    progress = reading.progress(reading.family_rows(seen.pieces, reading.part_of(found)))
    context = {"visit": visit, "assignment": found, "progress": progress, "query": seen.query}
    response = render(request, "grading/_family_live.html", context)
    if not progress["left"]:
        response["HX-Trigger"] = "family-measured"
        response.status_code = STOP_POLLING
    return response


@course_page()
@require_POST
def edit(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """Names, labels, the chosen one, and what is taken away: one form, all of it or nothing."""
    found = assignment_get(visit, assignment)
    now = timezone.now()
    owner = owner_of(person=visit.person, assignment=found, now=now)
    try:
        changed = family_edit(owner=owner, assignment=found, edit=_edit_of(request.POST), now=now)
    except BadInput as error:
        seen = reading.whose(visit, found, "", "", now)
        context = _page(visit, found, seen, request.POST) | {"is_editing": True, "error": error}
        return render(request, "grading/family.html", context, status=error.http_status)
    messages.success(
        request, f"{changed} variant{'' if changed == 1 else 's'} changed." if changed else "Nothing was changed."
    )
    return HttpResponseRedirect(_address(found))


@course_page()
@require_POST
def remove(request: HttpRequest, visit: Visit, variant: UUID) -> HttpResponse:
    found = _mine(visit, variant)
    piece_remove(owner=owner_of(person=visit.person, assignment=found.assignment, now=timezone.now()), piece=found)
    messages.success(request, f"{found.data['name']} is taken away. What was handed in with it keeps it.")
    return HttpResponseRedirect(_address(found.assignment))


@course_page()
@require_POST
def again(request: HttpRequest, visit: Visit, variant: UUID) -> HttpResponse:
    """Staff may have anybody's measured again: they see first that our machine failed."""
    found = _mine(visit, variant)
    variant_again(owner=found.owner, piece=found)
    is_mine = not visit.is_staff or found.person_id == visit.person.pk
    return HttpResponseRedirect(_address(found.assignment) + ("" if is_mine else f"?person={found.person_id}"))


@course_page()
@require_safe
def csv(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found, family = _family(request, visit, assignment)
    columns, rows = tables.csv_table(family)
    return csv_response(f"{found.slug}-family.csv", columns, rows)


@course_page()
@require_safe
def table_json(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found, family = _family(request, visit, assignment)
    response = JsonResponse(tables.json_table(family), json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-family.json"'
    return response


@course_page()
@require_safe
def latex(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found, family = _family(request, visit, assignment)
    text = tables.latex_table(family, f"{found.short}: the variants of the family")
    response = HttpResponse(text, content_type="application/x-tex; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-family.tex"'
    return response


@course_page()
@require_safe
def plot(request: HttpRequest, visit: Visit, assignment: str, figure: str) -> HttpResponse:
    _, family = _family(request, visit, assignment)
    return JsonResponse(plotly_of(reading.plot_get(family, figure)))


@course_page()
@require_safe
def picture(request: HttpRequest, visit: Visit, assignment: str, figure: str, form: str) -> HttpResponse:
    """`?title=0`: without title and finding, for a report that has a caption of its own."""
    found, family = _family(request, visit, assignment)
    drawn = drawing.picture(reading.plot_get(family, figure), form, with_title=request.GET.get("title") != "0")
    response = HttpResponse(drawn, content_type=FORMS[form])
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-{figure}.{form}"'
    return response


def _seen(request: HttpRequest, visit: Visit, slug: str) -> tuple[Assignment, reading.Whose]:
    found = assignment_get(visit, slug)
    reading.part_of(found)
    person, attempt = request.GET.get("person", ""), request.GET.get("attempt", "")
    return found, reading.whose(visit, found, person, attempt, timezone.now())


def _family(request: HttpRequest, visit: Visit, slug: str) -> tuple[Assignment, Family]:
    found, seen = _seen(request, visit, slug)
    return found, reading.family_of(seen.pieces, found.family)


def _page(visit: Visit, assignment: Assignment, seen: reading.Whose, typed: QueryDict | None = None) -> dict[str, Any]:
    context = family_page.page(assignment, seen) | {"upload_key": uuid4()}
    if visit.is_staff and not seen.pieces:
        context["families"] = reading.family_list(assignment)
    return context | {"form_rows": family_page.form_rows(context["rows"], context["part"], typed)}


def _mine(visit: Visit, variant: UUID) -> Piece:
    found = reading.variant_get(visit, variant)
    reading.part_of(found.assignment)
    return found


def _address(assignment: Assignment) -> str:
    return reverse("grading:family", kwargs={"course": assignment.course.slug, "assignment": assignment.slug})


def _edit_of(post: QueryDict) -> FamilyEdit:
    """Fields are named `<piece>:<label>`; `remove` and `chosen` name pieces. Raises BadInput (`bad_form`)."""
    labels: dict[UUID, dict[str, str]] = {}
    try:
        for name, value in post.items():
            key, colon, label = name.partition(":")
            if colon:
                labels.setdefault(UUID(key), {})[label] = str(value)
        chosen = UUID(str(post["chosen"])) if post.get("chosen") else None
        return FamilyEdit(labels, chosen, frozenset(UUID(str(key)) for key in post.getlist("remove")))
    except ValueError as error:
        raise BadInput(
            "This page is out of date. Load it again, and change the names there.", code="bad_form"
        ) from error
