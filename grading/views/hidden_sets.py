"""The hidden sets of a course: listed with what they hold and who sent them, sent, and deleted while nothing uses them. Their files are never given out."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from grading.ml_tasks.registry import TASKS, USUAL
from grading.selectors.editing import hidden_rows
from grading.services.hidden_sets import MOST_BYTES, hidden_set_add, hidden_set_remove
from grading.views.editing import FORM_METHODS, INSTRUCTORS


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    error: AppError | None = None
    if request.method == "POST" and "remove" in request.POST:
        return _removed(request, visit)
    if request.method == "POST":
        try:
            made = hidden_set_add(
                visit=visit,
                title=request.POST.get("title", ""),
                task=request.POST.get("task", USUAL),
                **_files(request),
            )
        except AppError as refused:
            error = refused
        else:
            messages.success(
                request,
                f"{made.title} is here, with {made.count} inputs. Choose it where an assignment measures models.",
            )
            return redirect("grading:hidden_sets", course=visit.course.slug)
    context = {
        "rows": hidden_rows(visit),
        "error": error,
        "title": request.POST.get("title", ""),
        "task": request.POST.get("task", USUAL),
        "tasks": TASKS.values(),
        "most_mb": MOST_BYTES >> 20,
    }
    return render(request, "grading/hidden_sets.html", context, status=error.http_status if error else 200)


def _removed(request: HttpRequest, visit: Visit) -> HttpResponse:
    try:
        title = hidden_set_remove(visit=visit, slug=request.POST["remove"])
        messages.success(request, f"{title} is deleted, with its files.")
    except Conflict as error:
        messages.error(request, error.message)
    return redirect("grading:hidden_sets", course=visit.course.slug)


def _files(request: HttpRequest) -> dict[str, Any]:
    """Raises what the upload handler refused, or BadInput (`no_file`)."""
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    found = {name: request.FILES.get(name) for name in ("inputs", "labels")}
    if found["inputs"] is None:  # whether labels are needed, their task says
        said = "Choose the file of the inputs. After a refusal both have to be chosen again."
        raise BadInput(said, code="no_file", details={"field": "inputs"})
    return found
