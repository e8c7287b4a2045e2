"""{% translate %}, {% blocktranslate %} and the language of a page, in every template without a load (settings, builtins).

They are Django's, with one difference: where the site has one language they are resolved when the template is compiled, to the plain text and
variables that stood there before. So a page of an English site costs what it did, and whoever marks a text need not count.
"""

from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, Node, NodeList, Parser, TextNode, Token, TokenType, VariableNode
from django.template.context import Context
from django.templatetags import i18n
from django.utils import translation
from django.utils.safestring import SafeString

register = template.Library()


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    node = i18n.do_translate(parser, token)
    expression = getattr(node, "filter_expression", None)  # absent in the form that only marks
    literal = expression and not expression.filters and getattr(expression.var, "literal", None)
    if settings.USE_I18N or node.asvar or not isinstance(literal, str):
        return node
    return TextNode(literal.replace("%%", "%"))


@register.tag
def blocktranslate(parser: Parser, token: Token) -> Node:
    node = i18n.do_block_translate(parser, token)
    if settings.USE_I18N or node.plural or node.asvar or node.trimmed:
        return node
    found = [_node(parser, one) for one in node.singular]
    return Plain(found, node.extra_context)


def _node(parser: Parser, token: Token) -> Node:
    if token.token_type == TokenType.TEXT:
        return TextNode(token.contents)
    return VariableNode(parser.compile_filter(token.contents))


class Plain(Node):
    """The text between the tags, with what `with` names."""

    def __init__(self, nodes: list[Node], names: dict[str, FilterExpression]) -> None:
        self.nodelist, self.names = NodeList(nodes), names

    def render(self, context: Context) -> SafeString:
        if not self.names:
            return self.nodelist.render(context)
        with context.push(**{name: value.resolve(context) for name, value in self.names.items()}):
            return self.nodelist.render(context)


@register.tag
def page_language(parser: Parser, token: Token) -> Node:
    """lang="en" for the element of the whole page; lang="ar" dir="rtl" for a language that is written from the right."""
    return PageLanguage() if settings.USE_I18N else TextNode(_attributes(settings.LANGUAGE_CODE))


class PageLanguage(Node):
    def render(self, context: Any) -> SafeString:
        return SafeString(_attributes(translation.get_language() or settings.LANGUAGE_CODE))  # of our settings  # nosec B703


def _attributes(code: str) -> str:
    from_the_right = code.split("-", maxsplit=1)[0] in {one.split("-")[0] for one in settings.LANGUAGES_BIDI}
    return f'lang="{code}"' + (' dir="rtl"' if from_the_right else "")
