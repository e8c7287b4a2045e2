"""The page about research."""

from typing import Any

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from grading.models.research import ResearchConsent, ResearchRule
from grading.research.coarse import FEWEST
from grading.research.reading import consenting


def research_page(visit: Visit) -> dict[str, Any]:
    rule = ResearchRule.objects.filter(course=visit.course).first()
    said = ResearchConsent.objects.filter(course=visit.course, person=visit.person).last()
    found: dict[str, Any] = {
        "rule": rule, "asks": rule is None or rule.asks, "said": said, "fewest": FEWEST,
        "is_instructor": visit.role == Role.INSTRUCTOR, "is_student": visit.role == Role.STUDENT,
    }  # fmt: skip
    if visit.role == Role.INSTRUCTOR:
        students = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT).count()
        found |= {"students": students, "included": len(consenting(visit.course))}
    return found
