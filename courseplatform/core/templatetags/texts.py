"""{% translate %}, {% blocktranslate %} and the language of a page, in every template without a load (settings, builtins).

They are Django's, with one difference: where the site has one language they are resolved when the template is compiled, to the plain text and
variables that stood there before. So a page of an English site costs what it did, and whoever marks a text need not count.
"""

from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, Node, NodeList, Parser, TextNode, Token, TokenType, VariableNode
from django.template.context import Context
from django.template.exceptions import TemplateSyntaxError
from django.templatetags import i18n
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import trim_whitespace

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
    if (
        node.counter is not None and _root(node.counter) in node.extra_context
    ):  # Django counts after it has named the others
        msg = f"The name {_root(node.counter)} hides what is counted."
        raise TemplateSyntaxError(msg)
    if settings.USE_I18N or node.asvar:
        return node
    names = dict(node.extra_context)
    if not node.plural or node.counter is None or node.countervar is None:
        return Plain(_nodes(parser, node.singular, names, trimmed=node.trimmed))
    names[node.countervar] = node.counter
    one, many = (_nodes(parser, tokens, names, trimmed=node.trimmed) for tokens in (node.singular, node.plural))
    return Counted(node.counter, one, many)


def _root(expression: FilterExpression) -> str:
    return str(getattr(expression.var, "var", "")).split(".", maxsplit=1)[0]


def _nodes(parser: Parser, tokens: list[Token], names: dict[str, FilterExpression], *, trimmed: bool) -> NodeList:
    """The text with each name replaced by what `with` says it is, which is what stood there before the text was marked."""
    if trimmed:
        tokens = _trimmed(tokens)
    return NodeList(
        TextNode(t.contents) if t.token_type == TokenType.TEXT else _variable(parser, t.contents, names) for t in tokens
    )


def _variable(parser: Parser, name: str, names: dict[str, FilterExpression]) -> Node:
    return VariableNode(names[name] if name in names else parser.compile_filter(name))


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Lines joined as Django joins them, with the variables in between left alone: a NUL stands for each."""
    inner = [t for t in tokens if t.token_type == TokenType.VAR]
    texts = trim_whitespace("".join(t.contents if t.token_type == TokenType.TEXT else "\0" for t in tokens)).split("\0")
    made = [Token(TokenType.TEXT, text) for text in texts]
    return [t for pair in zip_longest(made, inner) for t in pair if t is not None]


class Plain(Node):
    """The text between the tags."""

    def __init__(self, nodes: NodeList) -> None:
        self.nodelist = nodes

    def render(self, context: Context) -> SafeString:
        return self.nodelist.render(context)


class Counted(Node):
    """One of two texts, by a number."""

    child_nodelists = ("one", "many")

    def __init__(self, counter: FilterExpression, one: NodeList, many: NodeList) -> None:
        self.counter, self.one, self.many = counter, one, many

    def render(self, context: Context) -> SafeString:
        count = self.counter.resolve(context)
        if not isinstance(count, int | float | Decimal):  # Django's refusal, found before there is a second language
            msg = "A text that counts needs a number."
            raise TemplateSyntaxError(msg)
        return (self.one if count == 1 else self.many).render(context)


@register.tag
def listing(parser: Parser, token: Token) -> Node:
    """{% listing names %}{% for … %}…{% endfor %}{% endlisting %}: what is drawn there gets a name, for a sentence that holds a list."""
    _, name = token.split_contents()
    nodes = parser.parse(("endlisting",))
    parser.delete_first_token()
    return Listing(name, nodes)


class Listing(Node):
    def __init__(self, name: str, nodes: NodeList) -> None:
        self.name, self.nodelist = name, nodes

    def render(self, context: Context) -> str:
        context[self.name] = self.nodelist.render(context)
        return ""


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
