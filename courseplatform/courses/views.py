"""The course home and its schedule."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseplatform.accounts.models import User
from courseplatform.core import health
from courseplatform.core.audience import public
from courseplatform.core.badges import Badge
from courseplatform.courses import selectors
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Course
from courseplatform.courses.sections import built_sections, due_marks
from courseplatform.courses.time_rule import time_rule


@course_page()
@require_safe
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    now, course = timezone.now(), visit.course
    marks = due_marks(visit, now)
    context = {
        "today_label": f"{timezone.localtime(now):%A, %B %-d, %H:%M %Z}",
        "headline": selectors.headline(course, marks, now),
        "rule": time_rule(course, marks, now),
        "week": selectors.week_rows(course, marks, now),
        "sections": built_sections(visit, now),
    }
    return render(request, "courses/home.html", context)


@course_page()
@require_safe
def schedule(request: HttpRequest, visit: Visit) -> HttpResponse:
    now, course = timezone.now(), visit.course
    marks = due_marks(visit, now)
    weeks = selectors.schedule_weeks(course, marks, now)
    context = {
        "head": selectors.schedule_head(course, marks),
        "weeks": weeks,
        "has_today": any(week.today_before for week in weeks),
        "today_label": f"Today, {timezone.localtime(now):%A %B %-d}",
        "note": course.overlay_note,
    }
    return render(request, "courses/schedule.html", context)


@public
@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """One's own courses; a person in a single course goes straight to it. Visitors learn what Milliamp is."""
    courses = list(Course.objects.of(request.user))
    if len(courses) == 1:
        return redirect(courses[0])
    context: dict[str, Any] = {"courses": courses}
    if isinstance(request.user, User) and request.user.is_operator:
        context["health"] = [
            {"name": name, "badge": Badge("good", "check", "well") if said == "ok" else Badge("bad", "octagon", said)}
            for name, said in health.check()["checks"].items()
        ]
    return render(request, "courses/front.html", context)
