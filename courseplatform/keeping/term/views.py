"""The page End of term of a course: what is unfinished, closing and opening it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.content.serving import serve_stored
from courseplatform.core.errors import AppError, Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.closing import GOES_ON, unfinished_of
from courseplatform.courses.models import Role
from courseplatform.keeping.models import ArchiveStatus, CourseArchive
from courseplatform.keeping.term.archive_jobs import archive_ask, archive_get
from courseplatform.keeping.term.closing import check_typed, course_close, course_open
from courseplatform.keeping.term.planning import deletion_take_back, planned_for

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
PAGE, SHOWN = "keeping:term", 5


@course_page(INSTRUCTORS)
@require_safe
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "keeping/term.html", context_of(visit))


@course_page(INSTRUCTORS)
@require_POST
def close(request: HttpRequest, visit: Visit) -> HttpResponse:
    typed = request.POST.get("typed", "")
    try:
        check_typed(visit.course, typed)
        course_close(course=visit.course, by=visit.by, person=visit.person)
    except AppError as error:
        context = context_of(visit) | {"error": error, "typed": typed}
        return render(request, "keeping/term.html", context, status=error.http_status)
    messages.success(request, "The course is closed. Everything can be read, and nothing is changed any more.")
    return redirect(PAGE, course=visit.course.slug)


@course_page(INSTRUCTORS)
@require_POST
def reopen(request: HttpRequest, visit: Visit) -> HttpResponse:
    course_open(course=visit.course, by=visit.by, person=visit.person)
    messages.success(request, "The course is open again, for everything that was open before.")
    return redirect(PAGE, course=visit.course.slug)


@course_page(INSTRUCTORS)
@require_POST
def keep(request: HttpRequest, visit: Visit) -> HttpResponse:
    deletion_take_back(course=visit.course, person=visit.person)
    messages.success(request, "The course is not deleted.")
    return redirect(PAGE, course=visit.course.slug)


@course_page(INSTRUCTORS)
@require_POST
def archive(request: HttpRequest, visit: Visit) -> HttpResponse:
    archive_ask(visit=visit)
    messages.success(request, "The archive is being made. You are told when it is ready.")
    return redirect(PAGE, course=visit.course.slug)


@course_page(INSTRUCTORS)
@require_safe
def archive_live(request: HttpRequest, visit: Visit, archive: int) -> HttpResponse:
    return render(request, "keeping/_archive.html", {"archive": archive_get(visit, archive)})


@course_page(INSTRUCTORS)
@require_safe
def archive_file(request: HttpRequest, visit: Visit, archive: int) -> HttpResponseBase:
    row = archive_get(visit, archive)
    if row.status != ArchiveStatus.DONE:
        raise Conflict(
            "This archive is not here: it is still being made, or its week is over. Ask for a new one.",
            code="no_archive",
        )
    day = f"{row.ended_at:%Y-%m-%d}"
    return serve_stored(request, row.file, name=f"{visit.course.slug}-archive-{day}.zip", media_type="application/zip")


def context_of(visit: Visit) -> dict[str, Any]:
    unfinished = [] if visit.course.is_closed else unfinished_of(visit.course)
    archives = list(CourseArchive.objects.filter(course=visit.course).select_related("person")[:SHOWN])
    return {
        "unfinished": unfinished,
        "blocking": [one for one in unfinished if one.blocks],
        "goes_on": sorted(set(GOES_ON.values())),
        "archives": archives,
        "planned": planned_for(visit.course),
        "archive_open": any(one.is_open for one in archives),
    }
