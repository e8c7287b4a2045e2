"""The leaderboard of a lab: seen, named, switched, exported."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from grading.handing_in.hand_in_rules import owner_of
from grading.ranks.leaderboard import csv_table
from grading.selectors import leaderboard as reading
from grading.selectors.assignments import assignment_get
from grading.selectors.class_points import word_of
from grading.services.leaderboards import leaderboard_switch
from grading.services.nicknames import nickname_choose, nickname_remove, nickname_take_down

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page()
@require_safe
def detail(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    return _shown(request, visit, assignment)


def _shown(
    request: HttpRequest, visit: Visit, slug: str, refused: AppError | None = None, typed: str = ""
) -> HttpResponse:
    found = assignment_get(visit, slug)
    context = reading.page(visit, found, request.GET.get("by", ""), request.GET.get("kind", ""), timezone.now())
    context |= {"error": refused, "typed": typed}
    return render(request, "grading/leaderboard.html", context, status=refused.http_status if refused else 200)


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    board = reading.board_get(visit, found, request.GET.get("by", ""), request.GET.get("kind", ""), timezone.now())
    table = csv_table(board, word_of(found))
    return csv_response(f"{found.slug}-leaderboard.csv", table.columns, table.rows)


@course_page()
@require_POST
def nickname(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """Choose one, or take it away. A refused one stays in its field with the reason below."""
    found, typed = assignment_get(visit, assignment), request.POST.get("nickname", "")
    owner = owner_of(person=visit.person, assignment=found, now=timezone.now())
    try:
        if "remove" in request.POST:
            nickname_remove(visit=visit, owner=owner)
            messages.success(request, "Your nickname is taken away: you are counted, and not listed.")
        else:
            made = nickname_choose(visit=visit, owner=owner, text=typed)
            messages.success(request, f"You stand as {made.name} on the leaderboards of this course.")
    except AppError as refused:
        return _shown(request, visit, assignment, refused, typed)
    return redirect("grading:leaderboard", course=visit.course.slug, assignment=found.slug)


@course_page(INSTRUCTORS)
@require_POST
def switch(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    row = leaderboard_switch(visit=visit, slug=assignment, shown=request.POST.get("shown") == "on")
    said = "see" if row.leaderboard.get("shown") else "do not see"
    messages.success(request, f"Students {said} the leaderboard of {row.short} now.")
    return redirect("grading:leaderboard", course=visit.course.slug, assignment=row.slug)


@course_page(STAFF)
@require_POST
def take_down(request: HttpRequest, visit: Visit, assignment: str, nickname: int) -> HttpResponse:
    found = assignment_get(visit, assignment)
    try:
        gone = nickname_take_down(visit=visit, pk=nickname, reason=request.POST.get("reason", ""))
    except AppError as refused:
        return _shown(request, visit, assignment, refused)
    messages.success(request, f"{gone.name} is taken down. Whoever chose it reads your reason and can choose another.")
    return redirect("grading:leaderboard", course=visit.course.slug, assignment=found.slug)
