"""Markdown to safe HTML, for the whole product: no raw HTML, formulas to MathML, then an allow-list on what came out.

What people write is hostile until proven otherwise. Limits keep the time bounded: the parser needs seconds for a megabyte of brackets.
Who stores the HTML stores RENDERER beside it, and renders again when that has changed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from courseplatform.core import maths
from courseplatform.core.errors import AppError, BadInput, TooLarge

RENDERER = 2  # raise it with every change of what comes out
MOST_REMEMBERED = 20_000  # characters of a text whose page this process remembers, of 1,024 texts
MOST_CHARACTERS = 100_000
MOST_OF = {
    "[": 3000,
    "$": 6000,
    "|": 20_000,
    "<": 10_000,
    "&": 10_000,
    "*": 20_000,
    "_": 30_000,
    "\\": 30_000,
    "`": 20_000,
    "\n": 10_000,
}
MOST_NESTING = 20

# What begins a link, an emphasis, code, a formula, a table or an entity anywhere; and a block at the beginning of a line.
INLINE_MARK = re.compile(r"[\\`*_\[\]<>~|$&]")
LINE_MARK = re.compile(r"^(\d*)([#+=.)-])", re.MULTILINE)
ESCAPED_MARK = re.compile(r"\\([!-/:-@\[-`{-~])")

ImageUrl = Callable[[str], str | None]

TAGS = {
    "p", "br", "hr", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li", "h2", "h3", "h4", "a", "img", "span", "div",
    "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", *maths.TAGS,
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href"}, "div": {"role", "tabindex", "aria-label"}, "img": {"src", "alt", "loading", "crossorigin"}, "ol": {"start"}, "mi": {"mathvariant"},
    **{tag: set(maths.ATTRIBUTES) for tag in maths.TAGS - {"mi"}},
}  # fmt: skip
CLASSES = {
    "span": {"tex-note", "no-image", "caption"}, "code": {"bad-tex"}, "div": {"equation", "scroll"}, "td": {"left", "right", "center"},
    "th": {"left", "right", "center"}, "mtd": {"left", "right"}, **{tag: {"bf", "sf", "tt"} for tag in maths.LEAVES},
}  # fmt: skip
SCHEMES = {"http", "https", "mailto"}
# Blocks that a line of the source leads to. A table's rows have no box that can carry a mark.
NUMBERED = {"paragraph_open", "heading_open", "fence", "code_block", "math_block", "table_open", "list_item_open", "hr"}


@dataclass
class Facts:
    """What a text holds, for the checks of who reads it. Lines count from 1 and are those of the block."""

    formulas: int = 0
    bad_formulas: list[tuple[int, str, str]] = field(default_factory=list)  # line, TeX, why
    images: list[tuple[int, str, str, bool]] = field(default_factory=list)  # line, source, text, is there
    links: list[tuple[int, str]] = field(default_factory=list)
    headings: list[tuple[int, int, str]] = field(default_factory=list)  # line, level as written, text
    words: int = 0


def escaped(text: str) -> str:
    """Plain words (a name, a reason) inside a text that is read as Markdown: they come out as they were written, and link nowhere."""
    lines = [line.strip() for line in re.split(r"\r\n?|\n", text)]
    return LINE_MARK.sub(r"\1\\\2", INLINE_MARK.sub(r"\\\g<0>", "\n".join(lines)))


def quoted(text: str) -> str:
    """Somebody's plain words as a quotation of a Markdown text; nothing for none."""
    return "\n".join(f"> {line}" for line in escaped(text.strip()).split("\n")) if text.strip() else ""


def unescaped(text: str) -> str:
    """A Markdown text for a reader who sees it unrendered: without the backslashes before marks."""
    return ESCAPED_MARK.sub(r"\1", text)


def render_markdown(text: str, *, image_url: ImageUrl | None = None, line_numbers: bool = False) -> SafeString:
    """HTML of a text. Scripts, styles, foreign images and links other than http, https and mailto are dropped; an h1 becomes an h2.

    Args:
        image_url: the address of an image by its source in the text, or None: then its words stand there, with a note. Without it no
            image is shown.
        line_numbers: blocks carry `data-line`, the line of the source at which they begin, from 1.

    A text beyond the limits is shown as it was written, without marks: one that is stored must not take down the page it stands on.
    """
    try:
        if image_url is None and len(text) < MOST_REMEMBERED:
            return _plain(text, line_numbers)
        return read_markdown(text, image_url=image_url, line_numbers=line_numbers)[0]
    except AppError:
        return format_html("<pre>{}</pre>", text[:MOST_CHARACTERS])


@lru_cache(maxsize=1024)
def _plain(text: str, line_numbers: bool) -> SafeString:
    """The same words are the same page: what a course shows to everybody is read once."""
    return read_markdown(text, line_numbers=line_numbers)[0]


def read_markdown(
    text: str, *, image_url: ImageUrl | None = None, line_numbers: bool = False
) -> tuple[SafeString, Facts]:
    """`render_markdown`, and what the text holds.

    Raises:
        TooLarge: code `markdown_too_large` above MOST_CHARACTERS.
        BadInput: code `markdown_too_dense` for more brackets, formulas or lines than any text needs.
    """
    check_size(text)
    facts = Facts()
    env = {"image_url": image_url, "facts": facts, "line_numbers": line_numbers}
    html = _parser().render(text, env)
    clean = nh3.clean(
        html, tags=TAGS, attributes={**ATTRIBUTES, "*": {"data-line"}} if line_numbers else ATTRIBUTES, allowed_classes=CLASSES,
        url_schemes=SCHEMES,
    )  # fmt: skip
    return mark_safe(clean), facts  # noqa: S308 cleaned by nh3 above  # nosec B308, B703


def check_size(text: str) -> None:
    """Raises TooLarge or BadInput for what would take too long to read; see read_markdown."""
    if len(text) > MOST_CHARACTERS:
        raise TooLarge(
            f"This text has {len(text):,} characters; {MOST_CHARACTERS:,} is the most that is rendered. Split it, or shorten it.",
            code="markdown_too_large",
        )
    for mark, most in MOST_OF.items():
        if text.count(mark) > most:
            name = "lines" if mark == "\n" else f"of the character {mark}"
            raise BadInput(f"This text has more than {most:,} {name}. Shorten it.", code="markdown_too_dense")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MOST_NESTING}).enable("table")
    # No blank lines in a formula: the search for its end would look through the whole text each time.
    dollarmath_plugin(
        parser, allow_labels=False, allow_space=False, allow_digits=False, allow_blank_lines=False, double_inline=True
    )
    parser.core.ruler.push("house", _house_rules)
    for name, rule in {
        "math_inline": _formula,
        "math_inline_double": _formula,
        "math_block": _equation,
        "image": _image,
        "table_open": _table,
        "table_close": _table_end,
    }.items():
        parser.add_render_rule(name, rule)  # fmt: skip
    return parser


def _house_rules(state: StateCore) -> None:
    """One heading above, line numbers, cells without inline styles, and the facts."""
    facts: Facts = state.env["facts"]
    for opened, words, closed in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if opened.type == "th_open" and not words.content:  # the corner of a table heads nothing
            opened.tag = closed.tag = "td"
    for before, token in zip([None, *state.tokens], state.tokens, strict=False):
        line = (token.map[0] + 1) if token.map else 0
        if token.type in ("heading_open", "heading_close"):
            level = int(token.tag[1])
            token.tag = f"h{min(max(level, 2), 4)}"
        if state.env["line_numbers"] and token.type in NUMBERED and line and not token.hidden:
            token.attrSet("data-line", str(line))
        if token.type in ("td_open", "th_open"):
            _align(token)
        if token.type == "inline":
            if before is not None and before.type == "heading_open":
                facts.headings.append(
                    (
                        line,
                        len(before.markup) if before.markup[0] == "#" else "=-".index(before.markup[0]) + 1,
                        token.content,
                    )
                )
            _read_inline(token, line, state.env)
        elif token.type == "math_block":
            _read_formula(token, line, facts, is_block=True)


def _align(token: Token) -> None:
    style = str(token.attrs.pop("style", ""))
    if style.startswith("text-align:"):
        token.attrSet("class", style.removeprefix("text-align:"))


def _read_inline(token: Token, line: int, env: Any) -> None:
    facts: Facts = env["facts"]
    for child in token.children or []:
        if child.type == "text":
            facts.words += len(child.content.split())
            if "$$" in child.content:  # left over: what begins here has no end, or a blank line before it
                facts.formulas += 1
                facts.bad_formulas.append(
                    (line, child.content[:200], "a $$ has no other $$ before the next blank line")
                )
        elif child.type.startswith("math_inline"):
            _read_formula(child, line, facts, is_block=child.type.endswith("double"))
        elif child.type == "link_open":
            facts.links.append((line, str(child.attrGet("href") or "")))
        elif child.type == "image":
            source, ask = str(child.attrGet("src") or ""), env["image_url"]
            url = ask(source) if ask else None
            child.meta["url"] = url
            facts.images.append((line, source, child.content.strip(), url is not None))


def _read_formula(token: Token, line: int, facts: Facts, *, is_block: bool) -> None:
    """The formula as HTML, kept on its token."""
    facts.formulas += 1
    tex = token.content.strip()
    try:
        token.meta["html"] = maths.tex_to_mathml(tex, is_block=is_block)
    except maths.BadTex as error:
        facts.bad_formulas.append((line, tex, str(error)))
        token.meta["html"] = (
            f'<code class="bad-tex">{escape(tex[:500])}</code> <span class="tex-note">not shown as a formula: {escape(str(error))}</span>'
        )


def _formula(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return str(tokens[index].meta["html"])


def _table(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """A table scrolls by itself where it is wider than the text; a page must not."""
    table = renderer.renderToken(tokens, index, options, env)
    return f'<div class="scroll" role="group" tabindex="0" aria-label="Table">{table}'


def _table_end(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return f"{renderer.renderToken(tokens, index, options, env)}</div>\n"


def _equation(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    return f'<div class="equation"{renderer.renderAttrs(token)}>{token.meta["html"]}</div>\n'


def _image(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    words = renderer.renderInlineAsText(token.children or [], options, env)
    url, caption = token.meta.get("url"), str(token.attrGet("title") or "")
    if env["image_url"] is None:
        return escape(words)
    if url is None:
        source = str(token.attrGet("src") or "")[:200]
        return f'<span class="no-image">{escape(words or "image")} (no image {escape(source)} is attached)</span>'
    below = f'<span class="caption">{escape(caption)}</span>' if caption else ""
    return f'<img src="{escape(url)}" alt="{escape(words)}" loading="lazy" crossorigin="anonymous">{below}'
