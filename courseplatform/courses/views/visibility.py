"""Who sees the course: a draft is opened, or taken back, after a look at what follows."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from courseplatform.courses import public_pages
from courseplatform.courses import visibility as reading
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from courseplatform.courses.services.visibility import visibility_set


@course_page(frozenset({Role.INSTRUCTOR}))
def visibility(request: HttpRequest, visit: Visit) -> HttpResponse:
    if request.method == "POST":
        return _set(request, visit)
    course, found = visit.course, reading.choices(visit.course)
    chosen = next((each for each in found if each.value == request.GET.get("to") and not each.is_now), None)
    context = {
        "choices": found,
        "chosen": chosen,
        "follows": reading.what_follows(course, chosen.value) if chosen else [],
        "pages": reading.visitor_pages(course),
        "findings": public_pages.findings(course),
    }
    return render(request, "courses/visibility.html", context)


def _set(request: HttpRequest, visit: Visit) -> HttpResponse:
    course = visibility_set(visit=visit, to=request.POST.get("to", ""), seen=request.POST.get("seen", ""))
    label, _ = reading.SAYS[course.visibility]
    messages.success(request, f"Who sees this course: {label.lower()}.")
    return redirect("courses:visibility", course=course.slug)
