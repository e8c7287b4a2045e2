"""Graders beside each other on the same reports. Pure: sheets in, rows out."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from statistics import fmean
from typing import Any

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.models.desk import GradingSheet


def compared(visit: Visit, sheets: Sequence[GradingSheet]) -> dict[str, Any]:
    """count: samples there are. left: how many of them wait for this grader. rows and graders: what each gave; for a TA only after their own
    are done, because they are marked blindly."""
    chosen = [one for one in sheets if not one.is_blind and one.is_sample]
    marked = [one for one in sheets if one.is_blind and one.grader is not None]
    mine = {one.sample_of_id for one in marked if one.grader_id == visit.person.pk and one.done_at}
    left = sum(one.pk not in mine for one in chosen)
    found: dict[str, Any] = {"count": len(chosen), "left": left, "rows": [], "graders": []}
    if not chosen or (left and visit.role != Role.INSTRUCTOR):
        return found
    given = defaultdict[str, dict[int, Decimal]](dict)
    for one in marked:
        if one.done_at and one.points is not None and one.sample_of_id and one.grader:
            given[one.grader.name][one.sample_of_id] = one.points
    names = sorted(given)
    for report in sorted(chosen, key=lambda one: one.number):
        cells = [given[name].get(report.pk) for name in names]
        said = [cell for cell in cells if cell is not None]
        spread = max(said) - min(said) if len(said) > 1 else None
        found["rows"].append({"sheet": report, "first": report.points, "cells": cells, "spread": spread})
    found["graders"] = [{"name": name, "apart": _apart(given, name)} for name in names]
    return found


def _apart(given: dict[str, dict[int, Decimal]], name: str) -> str:
    """By how much this grader gives more than all graders together, on average over the same reports."""
    differences = []
    for report, points in given[name].items():
        everybody = [found[report] for found in given.values() if report in found]
        if len(everybody) > 1:
            differences.append(float(points) - fmean(map(float, everybody)))
    return f"{fmean(differences):+.2f}".replace("-", "\N{MINUS SIGN}") if differences else ""
