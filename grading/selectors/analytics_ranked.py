"""Quantiles without fetching every value: the database puts the rows in order and hands out those that the quantiles lie between."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.db.models import Count, Expression, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber


@dataclass
class Ranked:
    """count: of all rows. values: place in their order, from 1, -> value: the first, the last, and those around each quantile."""

    count: int
    values: dict[int, Any] = field(default_factory=dict)


def ranked(rows: "QuerySet[Any]", value: Expression | F, parts: Sequence[Fraction], of: str = "") -> dict[Any, Ranked]:
    """Group -> its values in order. of: the field, or annotation, whose groups are ranked each for itself; "": all rows, under None. One query.

    The database divides whole numbers by whole numbers, which gives the place below a quantile (grading/analytics/quantiles.py).
    """
    group: dict[str, Any] = {"partition_by": [F(of)]} if of else {}
    found = rows.order_by().annotate(ranked_value=value)
    found = found.annotate(
        ranked_place=Window(RowNumber(), order_by=F("ranked_value").asc(), **group),
        ranked_count=Window(Count("pk"), **group),
    )
    wanted = Q(ranked_place=1) | Q(ranked_place=F("ranked_count"))
    for part in parts:
        low = (F("ranked_count") - 1) * part.numerator / part.denominator + 1
        wanted |= Q(ranked_place=low) | Q(ranked_place=low + 1)
    fields = ("ranked_count", "ranked_place", "ranked_value", *((of,) if of else ()))
    groups: dict[Any, Ranked] = {}
    for count, place, value_here, *key in found.filter(wanted).values_list(*fields):
        groups.setdefault(key[0] if key else None, Ranked(count)).values[place] = value_here
    return groups
