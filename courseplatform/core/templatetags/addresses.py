"""`{% url %}` as Django has it, but each address is found once: a page names dozens, and each is sought among all routes."""

from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as url_of_django
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.html import conditional_escape

register = template.Library()
Named = tuple[tuple[str, str], ...]


class Address(URLNode):
    def render(self, context: Context) -> str:
        request: Any = getattr(context, "request", None)
        if self.asvar or hasattr(request, "current_app"):  # may be nowhere; may be another one of the same name
            return super().render(context)
        found = _found(
            self.view_name.resolve(context),
            tuple(str(one.resolve(context)) for one in self.args),
            tuple((name, str(one.resolve(context))) for name, one in self.kwargs.items()),
            getattr(getattr(request, "resolver_match", None), "namespace", None),
            get_urlconf() or settings.ROOT_URLCONF,
            get_script_prefix(),
        )
        return conditional_escape(found) if context.autoescape else found


@lru_cache(maxsize=20_000)
def _found(name: str, args: tuple[str, ...], named: Named, current_app: str | None, urlconf: str, prefix: str) -> str:
    """prefix: what stands before every path; `reverse` asks for it by itself. Raises NoReverseMatch, each time."""
    return reverse(name, urlconf, args=args, kwargs=dict(named), current_app=current_app)


@register.tag
def url(parser: Parser, token: Token) -> Address:
    node = url_of_django(parser, token)
    return Address(node.view_name, node.args, node.kwargs, node.asvar)
