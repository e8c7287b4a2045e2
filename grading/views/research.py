"""Whether one's results may be used for research; and for instructors whether the course asks."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from grading.selectors.research import research_page
from grading.services.research import research_consent, research_rule_set

PAGE = "grading:research"


@course_page()
@require_safe
def research(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/research.html", research_page(visit))


@course_page()
@require_POST
def consent(request: HttpRequest, visit: Visit) -> HttpResponse:
    is_given = request.POST.get("answer") == "yes"
    research_consent(visit=visit, is_given=is_given)
    said = (
        "Your results are included from now on."
        if is_given
        else "Your results are not included in any export from now on."
    )
    messages.success(request, said)
    return redirect(PAGE, course=visit.course.slug)


@course_page(frozenset({Role.INSTRUCTOR}))
@require_POST
def rule(request: HttpRequest, visit: Visit) -> HttpResponse:
    asks, reason = request.POST.get("asks") == "yes", request.POST.get("reason", "")
    try:
        research_rule_set(visit=visit, asks=asks, reason=reason)
    except BadInput as error:
        context = research_page(visit) | {"error": error, "typed": reason}
        return render(request, "grading/research.html", context, status=error.http_status)
    messages.success(request, "Students are asked." if asks else "Students are not asked; all results are included.")
    return redirect(PAGE, course=visit.course.slug)
