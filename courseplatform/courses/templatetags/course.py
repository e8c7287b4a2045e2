"""The bar of a course, also on error pages, where no context processor has run."""

from typing import Any

from django import template

from courseplatform.courses.sections import nav_links

register = template.Library()


@register.inclusion_tag("components/_course_nav.html", takes_context=True)
def course_nav(context: dict[str, Any], css_class: str = "", *, flat: bool = False) -> dict[str, Any]:
    """The links of the course for who asks. flat: all in one list (the phone's menu), else daily ones and a menu of the rest."""
    visit, request = context.get("visit"), context.get("request")
    match = getattr(request, "resolver_match", None)
    links = nav_links(visit, match.view_name if match else "") if visit else []
    return {
        "slug": visit.course.slug if visit else "", "css_class": css_class, "flat": flat,
        "links": links if flat else [link for link in links if not link["in_more"]],
        "more": [] if flat else [link for link in links if link["in_more"]],
    }  # fmt: skip


@register.inclusion_tag("components/_course_shortcuts.html", takes_context=True)
def course_shortcuts(context: dict[str, Any]) -> dict[str, Any]:
    visit = context.get("visit")
    return {"links": [link for link in nav_links(visit, "") if link["key"]] if visit else []}
