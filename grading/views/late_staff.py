"""Everybody's late days, for the staff: the table, and the ledger of one person or team."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from grading.late_rows.facts import policy_for
from grading.selectors import late_ledger, late_staff


@course_page(STAFF)
@require_safe
def balances(request: HttpRequest, visit: Visit) -> HttpResponse:
    chosen, query = late_staff.BalanceFilter.of(request.GET), request.GET.copy()
    query.pop("page", None)
    rows = late_staff.balance_rows(visit, chosen)
    page = Paginator(rows, late_staff.PAGE).get_page(request.GET.get("page", ""))
    context = {
        "rows": page.object_list, "page": page, "count": len(rows), "filters": late_staff.filter_choices(visit.course, chosen),
        "query": query.urlencode(), "has_policy": policy_for(visit.course) is not None, "may_give": visit.role == Role.INSTRUCTOR,
        "spent_all": sum(row.has_spent_all for row in rows),
    }  # fmt: skip
    return render(request, "grading/late_staff_balances.html", context)


@course_page(STAFF)
@require_safe
def balances_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = late_staff.balance_rows(visit, late_staff.BalanceFilter.of(request.GET))
    table = [late_staff.csv_row(row) for row in rows]
    return csv_response(f"{visit.course.slug}-late-days.csv", late_staff.COLUMNS, table)


@course_page(STAFF)
@require_safe
def person(request: HttpRequest, visit: Visit, person: int) -> HttpResponse:
    found = late_ledger.student_get(visit, person)
    context = late_ledger.person_page(visit, found) | {"may_give": visit.role == Role.INSTRUCTOR}
    return render(request, "grading/late_staff_ledger.html", context)


@course_page(STAFF)
@require_safe
def person_csv(request: HttpRequest, visit: Visit, person: int) -> HttpResponse:
    found = late_ledger.student_get(visit, person)
    rows = late_ledger.csv_rows(late_ledger.person_page(visit, found)["lines"])
    return csv_response(f"{visit.course.slug}-late-days-{found.pk}.csv", late_ledger.COLUMNS, rows)


@course_page(STAFF)
@require_safe
def team_csv(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = late_ledger.team_get(visit, team)
    rows = late_ledger.csv_rows(late_ledger.team_page(visit, found)["lines"])
    return csv_response(f"{visit.course.slug}-late-days-{found.slug}.csv", late_ledger.COLUMNS, rows)


@course_page(STAFF)
@require_safe
def team(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = late_ledger.team_get(visit, team)
    context = late_ledger.team_page(visit, found) | {"may_give": visit.role == Role.INSTRUCTOR}
    return render(request, "grading/late_staff_ledger.html", context)
