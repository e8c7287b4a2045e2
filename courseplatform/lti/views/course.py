"""The page of a course: with which LMS it is connected, its list of names, and the end of the connection."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from courseplatform.lti.hooks import offers_of
from courseplatform.lti.models import Platform, ResourceLink
from courseplatform.lti.selectors import link_of_course
from courseplatform.lti.services.links import link_remove
from courseplatform.lti.services.names import names_import

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(INSTRUCTORS)
@require_safe
def course(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _page(request, visit)


def _page(request: HttpRequest, visit: Visit, error: AppError | None = None) -> HttpResponse:
    link = link_of_course(visit.course)
    placed = {row.key for row in ResourceLink.objects.filter(link=link)} if link else set()
    context = {
        "link": link, "error": error, "platforms": [] if link else Platform.objects.filter(is_active=True),
        "offers": [{"offer": offer, "is_placed": offer.key in placed} for offer in offers_of(visit.course)] if link else [],
    }  # fmt: skip
    return render(request, "lti/course.html", context, status=error.http_status if error else 200)


@course_page(INSTRUCTORS)
@require_POST
def names(request: HttpRequest, visit: Visit) -> HttpResponse:
    try:
        found = names_import(visit=visit)
    except AppError as error:
        return _page(request, visit, error)
    return redirect("roster:import", course=visit.course.slug, roster_import=found.pk)


@course_page(INSTRUCTORS)
@require_POST
def unlink(request: HttpRequest, visit: Visit) -> HttpResponse:
    link_remove(visit=visit)
    messages.success(request, "The connection is ended. What was sent stays in the LMS")
    return redirect("lti:course", course=visit.course.slug)
