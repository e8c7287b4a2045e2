"""The page Retention of a course: what is kept how long, what leaves when, and the switch that keeps everything."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from courseplatform.keeping.retention.forms import PolicyForm
from courseplatform.keeping.retention.plan import plan_of, policy_of
from courseplatform.keeping.retention.services import hold_begin, hold_end, policy_set

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(INSTRUCTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    if request.method != "POST":
        return _page(request, visit)
    form = PolicyForm(plan_of(visit.course, timezone.now()), request.POST)
    if not form.is_valid():
        return _page(request, visit, form, status=422)
    changed = policy_set(visit=visit, days=form.days())
    messages.success(request, "The days are changed." if changed else "The days are so already.")
    return redirect("keeping:retention", course=visit.course.slug)


@course_page(INSTRUCTORS)
@require_POST
def hold(request: HttpRequest, visit: Visit) -> HttpResponse:
    try:
        hold_begin(visit=visit, reason=request.POST.get("reason", ""))
    except AppError as error:
        return _page(request, visit, error=error, status=error.http_status)
    messages.success(request, "Everything is kept until somebody lifts this.")
    return redirect("keeping:retention", course=visit.course.slug)


@course_page(INSTRUCTORS)
@require_POST
def release(request: HttpRequest, visit: Visit) -> HttpResponse:
    hold_end(visit=visit)
    messages.success(request, "The days hold again. Nothing leaves within the next thirty days.")
    return redirect("keeping:retention", course=visit.course.slug)


def _page(
    request: HttpRequest, visit: Visit, form: PolicyForm | None = None, error: AppError | None = None, status: int = 200
) -> HttpResponse:
    policy = policy_of(visit.course)
    lines = plan_of(visit.course, timezone.now(), policy)
    form = form or PolicyForm(lines)
    context: dict[str, Any] = {
        "policy": policy, "rows": [(line, form[line.kind.key]) for line in lines], "form": form, "error": error,
        "is_on": settings.RETENTION, "typed": request.POST.get("reason", ""),
    }  # fmt: skip
    return render(request, "keeping/retention.html", context, status=status)
