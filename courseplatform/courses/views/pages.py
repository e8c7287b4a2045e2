"""The pages of a course that everybody reads, its home, and the front page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.core import health
from courseplatform.core.audience import public, signed_in
from courseplatform.core.badges import Badge
from courseplatform.courses import public_pages, selectors
from courseplatform.courses.access import Reader, Visit, course_page, may_make_courses, public_course_page
from courseplatform.courses.models import Course
from courseplatform.courses.schedule_page import schedule_context
from courseplatform.courses.sections import built_sections, due_marks
from courseplatform.courses.time_rule import time_rules
from courseplatform.courses.tours import tour_note, tour_of


@public_course_page
@require_safe
def home(request: HttpRequest, reader: Reader) -> HttpResponse:
    """A member's home; whoever else may read the course gets its public page."""
    if reader.visit is None:
        return about_page(request, reader, is_home=True)
    visit, now, course = reader.visit, timezone.now(), reader.course
    selectors.with_office_hours(course)
    marks, sessions = due_marks(visit, now), selectors.sessions_near(course, now)
    context = {
        "today_label": f"{timezone.localtime(now):%A, %B %-d, %H:%M %Z}",
        "headline": selectors.headline(course, marks, now),
        "rules": time_rules(course, sessions, marks, now),
        "week": selectors.week_rows(course, sessions, marks, now),
        "sections": built_sections(visit, now),
        "tour": tour_of(request, visit),
    }
    return render(request, "courses/home.html", context)


@course_page()
@require_POST
def tour_seen(request: HttpRequest, visit: Visit) -> HttpResponse:
    tour_note(visit=visit)
    return redirect(visit.course)


def about_page(request: HttpRequest, reader: Reader, *, is_home: bool = False) -> HttpResponse:
    now = timezone.now()
    context = {"course": reader.course, "is_home": is_home, **public_pages.about(reader, now)}
    return render(request, "courses/about.html", context)


@public_course_page
@require_safe
def about(request: HttpRequest, reader: Reader) -> HttpResponse:
    return about_page(request, reader)


def _facts_page(request: HttpRequest, reader: Reader, name: str, facts: dict[str, Any]) -> HttpResponse:
    own = reader.course.facts.get("course", {})
    return render(request, f"courses/{name}.html", {"course": reader.course, "own": own, **facts})


@public_course_page
@require_safe
def policies(request: HttpRequest, reader: Reader) -> HttpResponse:
    return _facts_page(request, reader, "policies", public_pages.policies(reader.course))


@public_course_page
@require_safe
def devices(request: HttpRequest, reader: Reader) -> HttpResponse:
    return _facts_page(request, reader, "devices", public_pages.devices(reader.course))


@public_course_page
@require_safe
def projects(request: HttpRequest, reader: Reader) -> HttpResponse:
    return _facts_page(request, reader, "projects", public_pages.projects(reader.course))


@public_course_page
@require_safe
def schedule(request: HttpRequest, reader: Reader) -> HttpResponse:
    return render(request, "courses/schedule.html", schedule_context(reader, timezone.now()))


@signed_in
@require_safe
def courses(request: HttpRequest) -> HttpResponse:
    """Whoever cuts an address back to `/courses/` wants their own."""
    return redirect("front")


@public
@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """One's own courses; a person in a single course goes straight to it. Visitors learn what Milliamp is."""
    courses = list(Course.objects.of(request.user))
    if len(courses) == 1:
        return redirect(courses[0])
    mine = {course.pk for course in courses}
    context: dict[str, Any] = {
        "courses": [course for course in courses if not course.is_closed],
        "past_courses": [course for course in courses if course.is_closed],
        "may_make": isinstance(request.user, User) and may_make_courses(request.user),
        "public_courses": [c for c in Course.objects.public().filter(closed_at=None) if c.pk not in mine],
    }
    if isinstance(request.user, User) and request.user.is_operator:
        context["health"] = [
            {"name": name, "badge": Badge("good", "check", "well") if said == "ok" else Badge("bad", "octagon", said)}
            for name, said in health.check()["checks"].items()
        ]
    return render(request, "courses/front.html", context)
