"""The page of an assignment as its students see it, inside another page. Nothing of it can be sent from there."""

from dataclasses import replace

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.models.assignments import Assignment
from grading.views.assignments import lab_page


def lab_html(request: HttpRequest, visit: Visit, slug: str) -> SafeString:
    """As it is in the database now: in the transaction of a trial, as it would be. A draft is shown as it will be once it is published."""
    student = replace(visit, role=Role.STUDENT)
    row = Assignment.objects.select_related("course", "hidden_set").get(course=visit.course, slug=slug)
    row.is_draft = False
    context = {**lab_page(student, row), "visit": student, "layout": "layouts/inside.html"}
    return render_to_string("grading/assignment.html", context, request)
