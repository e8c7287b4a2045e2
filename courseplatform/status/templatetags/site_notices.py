"""The notice of an operator on every page, also on error pages. Asks no database."""

from typing import Any

from django import template

from courseplatform.status.banner import banners_now, slow_now

register = template.Library()


@register.inclusion_tag("status/_notices.html")
def site_notices() -> dict[str, Any]:
    return {"banners": banners_now()}


@register.simple_tag
def site_slow() -> str:
    """What the status page says, where that is not that all is well; else ""."""
    return slow_now()
