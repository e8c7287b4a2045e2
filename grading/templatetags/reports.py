"""The report in a page: whoever includes templates/grading/desk/_report.html needs to know nothing of what it reads."""

from typing import Any

from django import template

from courseplatform.courses.access import Visit
from grading.models.pieces import Piece
from grading.selectors import annotations

register = template.Library()


@register.simple_tag
def report_facts(report: Piece | None, visit: Visit, hide_names: Any = False) -> dict[str, Any] | None:
    return annotations.report_facts(visit, report or None, hide_names=bool(hide_names))
