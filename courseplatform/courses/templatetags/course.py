"""The bar of a course, also on error pages, where no context processor has run."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from courseplatform.core.drawn import drawn
from courseplatform.courses.sections import nav_links

register = template.Library()


@register.simple_tag(takes_context=True)
def course_nav(context: dict[str, Any], css_class: str = "", *, flat: bool = False) -> SafeString | str:
    """The links of the course for who asks. flat: all in one list (the phone's menu), else daily ones and a menu of the rest."""
    visit, request = context.get("visit"), context.get("request")
    if not visit:
        return ""
    match = getattr(request, "resolver_match", None)
    links = nav_links(visit, match.view_name if match else "")
    return drawn(
        "components/_course_nav.html", slug=visit.course.slug, css_class=css_class, flat=flat,
        links=links if flat else [link for link in links if not link["in_more"]],
        more=[] if flat else [link for link in links if link["in_more"]],
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def course_shortcuts(context: dict[str, Any]) -> SafeString | str:
    visit = context.get("visit")
    links = [link for link in nav_links(visit, "") if link["key"]] if visit else []
    return drawn("components/_course_shortcuts.html", links=links)
