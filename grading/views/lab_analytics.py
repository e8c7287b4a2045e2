"""The analytics of one piece of work: the page, each chart as a figure and as CSV, and everything as one table."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.selectors.analytics_lab import LabAnalytics, lab_page
from grading.selectors.assignments import assignment_get
from grading.views.chart_files import chart_csv, chart_plot, table_csv

LONGEST = 40


@course_page(STAFF)
@require_safe
def page(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    return render(request, "grading/analytics/lab.html", lab_page(visit, found, timezone.now(), _cost(request)))


@course_page(STAFF)
@require_safe
def plot(request: HttpRequest, visit: Visit, assignment: str, lab_chart: str) -> HttpResponse:
    return chart_plot(_read(request, visit, assignment).charts(lab_chart), lab_chart)


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, assignment: str, lab_chart: str) -> HttpResponse:
    found = _read(request, visit, assignment)
    return chart_csv(found.charts(lab_chart), lab_chart, f"{visit.course.slug}-{found.assignment.slug}")


@course_page(STAFF)
@require_safe
def csv_of_all(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = _read(request, visit, assignment)
    return table_csv(f"{visit.course.slug}-{found.assignment.slug}-analytics.csv", *found.table())


def _read(request: HttpRequest, visit: Visit, slug: str) -> LabAnalytics:
    return LabAnalytics(visit, assignment_get(visit, slug), timezone.now(), _cost(request))


def _cost(request: HttpRequest) -> str:
    return request.GET.get("cost", "")[:LONGEST]
