"""The course grade of the one who asks: a student's page Grades, with what if."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from courseplatform.courses.access import Visit
from grading.selectors.my_book import mine_page


def my_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The whole page; points that are typed ask for the head alone, which says what they would come to."""
    context = mine_page(visit, timezone.now(), request.GET.dict())
    if getattr(request, "htmx", None):
        return render(request, "grading/_my_standing.html", context)
    return render(request, "grading/my_grades.html", context, status=400 if context["refused"] else 200)
