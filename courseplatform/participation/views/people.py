"""What everybody has: the student's own page, the staff's table, and one person with a credit to give or to take back."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, BadInput, NotHere
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.participation.forms import a_number, a_uuid, new_key
from courseplatform.participation.models import Credit
from courseplatform.participation.selectors import people as reading
from courseplatform.participation.selectors.entry import student_get
from courseplatform.participation.selectors.sessions import class_sessions, session_get, session_options
from courseplatform.participation.selectors.standings import course_scheme
from courseplatform.participation.services.credits import credit_give, credit_withdraw


@course_page()
@require_safe
def mine(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A student's own; staff have none, and are shown everybody's."""
    if visit.is_staff:
        return redirect("participation:people", course=visit.course.slug)
    return render(request, "participation/mine.html", reading.person_page(visit.course, visit.person, timezone.now()))


@course_page(STAFF)
@require_safe
def everybody(request: HttpRequest, visit: Visit) -> HttpResponse:
    chosen = reading.PeopleFilter.of(request.GET)
    rows = reading.person_rows(visit, chosen)
    context = {
        "rows": rows, "filters": chosen.options(), "query": request.GET.urlencode(), "has_scheme": course_scheme(visit.course) is not None,
        "at_cap": sum(row.standing is not None and row.standing.is_at_cap for row in rows), "total": sum(row.total for row in rows),
    }  # fmt: skip
    return render(request, "participation/people.html", context)


@course_page(STAFF)
@require_safe
def everybody_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = reading.person_rows(visit, reading.PeopleFilter.of(request.GET))
    return csv_response(
        f"{visit.course.slug}-participation.csv", reading.COLUMNS, [reading.csv_row(row) for row in rows]
    )


@course_page(STAFF)
@require_safe
def person_detail(request: HttpRequest, visit: Visit, person: int) -> HttpResponse:
    return render(request, "participation/person.html", _person_page(visit, _student(visit, person)))


def _student(visit: Visit, person: int) -> User:
    """Also one who left: the credits stand. Raises NotHere for anybody else."""
    found = student_get(visit, person, only_active=False) if person < 1 << 62 else None
    if found is None:
        raise NotHere("There is no such student in this course.")
    return found


def _person_page(visit: Visit, person: User, **more: Any) -> dict[str, Any]:
    scheme = course_scheme(visit.course)
    kinds = scheme.kinds if scheme else Credit.Kind.values
    sessions = class_sessions(visit.course)
    return (
        reading.person_page(visit.course, person, timezone.now())
        | {
            "student": person,
            "kinds": [(kind, Credit.Kind(kind).label) for kind in kinds],
            "channels": Credit.Channel.choices,
            "options": session_options(visit.course, sessions, None),
            "client_key": new_key(),
            "form": {},
        }
        | more
    )


@course_page(STAFF)
@require_POST
def give(request: HttpRequest, visit: Visit, person: int) -> HttpResponse:
    found, post = _student(visit, person), request.POST
    try:
        credit_give(
            visit=visit, person=found, kind=post.get("kind", ""), client_key=a_uuid(post.get("client_key", "")),
            session=session_get(visit, post["session"]) if post.get("session") else None, channel=post.get("channel", ""),
            reason=post.get("reason", ""),
        )  # fmt: skip
    except BadInput as error:
        return _again(request, visit, found, give_error=error, form=post)
    return redirect("participation:person", course=visit.course.slug, person=found.pk)


@course_page(STAFF)
@require_POST
def withdraw(request: HttpRequest, visit: Visit, person: int) -> HttpResponse:
    found = _student(visit, person)
    key = a_number(request.POST.get("credit", ""))
    credit = Credit.objects.filter(course=visit.course, person=found, pk=key).select_related("person", "course").first()
    if credit is None:
        raise NotHere("This person has no such credit.")
    try:
        credit_withdraw(visit=visit, credit=credit, why=request.POST.get("why", ""))
    except BadInput as error:
        return _again(request, visit, found, withdraw_error=error, withdraw_of=credit.pk)
    return redirect("participation:person", course=visit.course.slug, person=found.pk)


def _again(request: HttpRequest, visit: Visit, person: User, **more: Any) -> HttpResponse:
    error = next(value for value in more.values() if isinstance(value, AppError))
    return render(request, "participation/person.html", _person_page(visit, person, **more), status=error.http_status)
