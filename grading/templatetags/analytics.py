"""Amounts of points as the tables of analytics say them."""

from decimal import Decimal

from django import template

from grading.analytics.words import points, signed

register = template.Library()


@register.filter
def lost(value: Decimal | None) -> str:
    """What a part loses, with a minus; a plus where it gives more than was to be had; "" where it loses nothing by its nature."""
    return "" if value is None else signed(-value)


@register.filter
def mean_points(value: Decimal) -> str:
    """A mean; below nothing with a true minus."""
    return points(value) if value >= 0 else signed(value)
