"""Lecture highlights: the list, writing one, and the staff's answer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import NotHere
from courseplatform.core.markdown import render_markdown
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.seminar.forms import AssignForm, HighlightForm
from courseplatform.seminar.models import Highlight
from courseplatform.seminar.selectors import highlights as reading
from courseplatform.seminar.services import highlights as writing


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    context = reading.list_page(visit, timezone.now())
    if visit.is_staff:
        context["form"] = AssignForm(visit.course)
    return render(request, "seminar/highlights.html", context)


@course_page()
@require_safe
def highlights_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = [
        [
            row["highlight"].session.held_on,
            row["highlight"].session.heading,
            row["by"],
            row["due_at"] or "",
            row["badge"].word,
        ]
        for row in reading.list_page(visit, timezone.now())["rows"]
    ]
    return csv_response(f"{visit.course.slug}-highlights.csv", ("Date", "Lecture", "By", "Due", "State"), rows)


@course_page(STAFF)
@require_POST
def assign(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = AssignForm(visit.course, request.POST)
    if form.attempt(lambda: writing.highlight_assign(visit=visit, **form.cleaned_data)):
        messages.success(request, "Assigned. The writers were told.")
        return redirect("seminar:highlights", course=visit.course.slug)
    return render(
        request, "seminar/highlights.html", reading.list_page(visit, timezone.now()) | {"form": form}, status=422
    )


@course_page()
@require_http_methods(["GET", "HEAD", "POST"])
def highlight(request: HttpRequest, visit: Visit, highlight: int) -> HttpResponse:
    """Read it; write it (`do`: save, submit, preview)."""
    found = reading.highlight_get(visit, highlight)
    if request.method != "POST":
        return _page(request, visit, found, HighlightForm(initial={"text": found.text, "version": found.version}))
    if not reading.highlight_page(visit, found, timezone.now())["is_mine"] and not visit.is_staff:
        raise NotHere("Only its writers, and the staff, change a highlight.")
    form, do = HighlightForm(request.POST), request.POST.get("do")
    if do == "preview" and form.is_valid():
        return _page(request, visit, found, form, preview=form.cleaned_data["text"])
    write = writing.highlight_submit if do == "submit" else writing.highlight_save
    if form.attempt(lambda: write(visit=visit, highlight=found, **form.cleaned_data)):
        messages.success(
            request,
            "Handed in. The staff were told." if do == "submit" else "Saved as a draft. It is not handed in yet.",
        )
        return redirect(found)
    return _page(request, visit, found, form)


def _page(
    request: HttpRequest, visit: Visit, found: Highlight, form: HighlightForm, preview: str | None = None
) -> HttpResponse:
    """After a clash the field keeps one's own text, with the other one beside it, and the next save is based on what is there now."""
    current = Highlight.objects.get(pk=found.pk)
    is_clash = bool(form.non_field_errors()) and form.is_bound and str(form.data.get("version")) != str(current.version)
    context = reading.highlight_page(visit, found, timezone.now()) | {
        "form": form, "version": current.version if is_clash or not form.is_bound else form.data.get("version"),
        "other_text": current.text if is_clash else "", "preview": None if preview is None else render_markdown(preview),
    }  # fmt: skip
    return render(request, "seminar/highlight.html", context, status=422 if form.errors else 200)


@course_page(STAFF)
@require_POST
def answer(request: HttpRequest, visit: Visit, highlight: int) -> HttpResponse:
    """`do`: publish, return (with `wish`), cancel."""
    found = reading.highlight_get(visit, highlight)
    do = request.POST.get("do")
    if do == "publish":
        writing.highlight_publish(visit=visit, highlight=found)
        messages.success(request, "Published on the schedule. Its writers were told.")
    elif do == "cancel":
        writing.highlight_cancel(visit=visit, highlight=found)
        messages.success(request, "No longer asked for. Its writers were told.")
        return redirect("seminar:highlights", course=visit.course.slug)
    else:
        writing.highlight_return(visit=visit, highlight=found, wish=request.POST.get("wish", "")[:4000])
        messages.success(request, "Returned. Its writers were told what is to be changed.")
    return redirect(found)
