"""Snippets: kept from a comment, listed, removed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.forms.grades import number_of
from grading.selectors.desk_snippets import snippets_of
from grading.services.snippets import snippet_keep, snippet_remove


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    if request.method != "POST":
        return _page(request, visit)
    try:
        if remove := number_of(request.POST.get("remove", "")):
            snippet_remove(visit=visit, pk=remove)
            messages.success(request, "The snippet is removed")
            return HttpResponseRedirect(reverse("grading:desk_snippets", kwargs={"course": visit.course.slug}))
        row = snippet_keep(
            visit=visit, short=request.POST.get("short", ""), text=request.POST.get("text", ""),
            is_shared=bool(request.POST.get("shared")),
        )  # fmt: skip
    except AppError as error:
        if wants_json:
            return JsonResponse(error.to_json(), status=error.http_status)
        return _page(request, visit, error)
    if wants_json:
        return JsonResponse({"id": row.pk, "short": row.short, "text": row.text}, status=201)
    messages.success(request, "The snippet is kept")
    return HttpResponseRedirect(reverse("grading:desk_snippets", kwargs={"course": visit.course.slug}))


def _page(request: HttpRequest, visit: Visit, error: AppError | None = None) -> HttpResponse:
    context = {"snippets": snippets_of(visit), "error": error, "typed": request.POST if error else {}}
    return render(request, "grading/desk/snippets.html", context, status=error.http_status if error else 200)
