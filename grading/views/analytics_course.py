"""The analytics of a course: the page, and each of its charts as a figure and as CSV."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseplatform.core.errors import BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.selectors import analytics_course as reading
from grading.views.chart_files import chart_csv, chart_plot


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A range that cannot be read is refused beside its fields; the page shows the term then."""
    now, error = timezone.now(), None
    try:
        span = reading.range_of(visit, request.GET.dict(), now)
    except BadInput as found:
        span, error = reading.range_of(visit, {}, now), found
    typed = {name: request.GET.get(name, "")[:20] for name in ("weeks", "from", "to")}
    context: dict[str, Any] = reading.course_page(visit, span, now) | {"error": error, "typed": typed}
    return render(request, "grading/analytics/course.html", context, status=error.http_status if error else 200)


@course_page(STAFF)
@require_safe
def plot(request: HttpRequest, visit: Visit, chart: str) -> HttpResponse:
    """Raises BadInput, as the page says it in words."""
    return chart_plot(_charts(request, visit, chart), chart)


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, chart: str) -> HttpResponse:
    return chart_csv(_charts(request, visit, chart), chart, f"{visit.course.slug}-analytics")


def _charts(request: HttpRequest, visit: Visit, key: str) -> Any:
    now = timezone.now()
    found = reading.charts_with(visit, reading.range_of(visit, request.GET.dict(), now), now, key)
    if not found:
        raise Http404
    return found
