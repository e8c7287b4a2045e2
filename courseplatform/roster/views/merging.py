"""Joining two accounts of one person, seen from a course. Only instructors, and only where nobody's work changes hands."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Enrolment
from courseplatform.roster.selectors.people import enrolment_get
from courseplatform.roster.services.merging import course_accounts_merge, course_accounts_preview
from courseplatform.roster.views.people import INSTRUCTORS


@course_page(INSTRUCTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    """Name the other account, look at what would move, join."""
    found = enrolment_get(visit, enrolment)
    email = (request.POST.get("other") or request.GET.get("other", "")).strip().lower()[:254]
    context, error = {"enrolment": found, "person": found.person, "other": email}, None
    if email:
        try:
            other = _other(visit, email)
            if request.method == "POST":
                merged = course_accounts_merge(visit=visit, one=found.person, other=other, why=request.POST.get("why", ""))  # fmt: skip
                messages.success(request, f"{merged.loser.email} is now part of {merged.winner.email}.")
                return _to_winner(visit, merged.winner)
            winner, loser, report = course_accounts_preview(visit=visit, one=found.person, other=other)
            context |= {"winner": winner, "loser": loser, "report": report}
        except AppError as refused:
            error = refused
    return render(request, "roster/merge.html", context | {"error": error}, status=error.http_status if error else 200)


def _other(visit: Visit, email: str) -> User:
    """Only people of this course can be named here, so that nobody learns who else has an account."""
    person = User.objects.filter(email=email, enrolments__course=visit.course).first()
    if person is None:
        raise NotHere(f"Nobody in this course has the address {email}. Look it up in the list of people.")
    return person


def _to_winner(visit: Visit, winner: User) -> HttpResponse:
    kept = Enrolment.objects.filter(course=visit.course, person=winner).first()
    if kept is None:
        return redirect("roster:people", course=visit.course.slug)
    return redirect("roster:person", course=visit.course.slug, enrolment=kept.pk)
