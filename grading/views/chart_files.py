"""A chart as files: the figure for static/js/plots.js, and its rows as CSV. For every page of analytics."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse, JsonResponse

from courseplatform.core.tables import csv_response
from grading.analytics.chart import Chart, chart_of, plain


def chart_plot(charts: Sequence[Chart], key: str) -> HttpResponse:
    """Raises Http404 where there is no such chart, or where it has nothing to draw."""
    found = chart_of(charts, key)
    if found is None or (figure := found.figure) is None:
        raise Http404
    return JsonResponse(figure)


def chart_csv(charts: Sequence[Chart], key: str, stem: str) -> HttpResponse:
    """stem: what the file's name begins with, such as `demo-lab-3`. Raises Http404 where there is no such chart."""
    found = chart_of(charts, key)
    if found is None:
        raise Http404
    return table_csv(f"{stem}-{key}.csv", found.columns, found.rows)


def table_csv(file_name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> HttpResponse:
    return csv_response(file_name, columns, [[plain(cell) for cell in row] for row in rows])
