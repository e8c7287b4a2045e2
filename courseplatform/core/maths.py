"""TeX formulas to MathML Core: a maintained converter, then a tree of our own that holds nothing but what browsers draw.

The converter writes what stands in the formula into its output as it is (`\\text{<script>}`, `\\href`), so its tree is never printed: each
element is copied by name into an allow-list, each attribute by pattern, each text escaped. What cannot be drawn raises BadTex with a
sentence; nothing else is ever raised, whatever the formula holds.
"""

import re
from functools import lru_cache
from html import escape, unescape
from xml.etree.ElementTree import Element  # made here, nothing is parsed  # nosec B405

from latex2mathml.converter import convert_to_element
from latex2mathml.symbols_parser import convert_symbol

MOST_CHARACTERS, MOST_LEVELS, MOST_ELEMENTS = 2000, 40, 3000

TAGS = frozenset(
    {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover",
     "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom"}
)  # fmt: skip
# Elements with a fixed number of children; fewer means that something was left out ("\\frac{a}").
CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}
LEAVES = frozenset({"mi", "mn", "mo", "mtext"})
LENGTH = re.compile(r"[+-]?(?:\d{1,2}(?:\.\d{1,4})?|\.\d{1,4})(?:em|ex|px|pt|mu|rem)?")
WORD = re.compile(r"true|false|prefix|infix|postfix|block|inline|[+-]?\d")
ATTRIBUTES = {
    "display": WORD, "stretchy": WORD, "fence": WORD, "form": WORD, "largeop": WORD, "movablelimits": WORD, "symmetric": WORD,
    "accent": WORD, "accentunder": WORD, "displaystyle": WORD, "scriptlevel": WORD, "minsize": LENGTH, "maxsize": LENGTH,
    "lspace": LENGTH, "rspace": LENGTH, "width": LENGTH, "height": LENGTH, "depth": LENGTH, "voffset": LENGTH, "linethickness": LENGTH,
}  # fmt: skip
# Spaces that older MathML had words for.
NAMED_SPACES = {"negativethinmathspace": "-0.167em", "negativemediummathspace": "-0.222em", "negativethickmathspace": "-0.278em",
                "thinmathspace": "0.167em", "mediummathspace": "0.222em", "thickmathspace": "0.278em"}  # fmt: skip
# MathML Core knows `mathvariant` only as "normal". The rest: letters of their own, or a class of base.css.
LETTERS = {"double-struck": "mathbb", "script": "mathcal", "fraktur": "mathfrak"}
CLASSES = {"bold": "bf", "bold-italic": "bf", "sans-serif": "sf", "monospace": "tt", "bold-sans-serif": "bf"}
CELLS = {"left": "left", "right": "right"}
SIGNS, BEFORE_SIGNS = (
    frozenset("+−±∓"),
    frozenset("=≠≈≡<>≤≥≪≫∈→←↦∼,;:(/[{|·×"),
)  # where a sign belongs to the number after it
BRACKETS = frozenset("⌊⌋⌈⌉⟨⟩‖")  # come as identifiers or as stretching signs; written alone they are neither
FORBIDDEN = re.compile(
    r"\\(newcommand|renewcommand|providecommand|newenvironment|DeclareMathOperator|g?def|let|href|url|style|class|cssId|require|input|"
    r"include|unicode|verb)(?![a-zA-Z])"
)
# Environments that mean the same to a reader as one the converter knows.
SAME = re.compile(r"\\(begin|end)\s*\{(?:aligned|align|eqnarray\*?|gathered|gather\*?|split|multline\*?)\}")
WRAPPERS = re.compile(
    r"\\(?:begin|end)\s*\{(?:equation\*?|displaymath|math)\}|\\(?:label|eqref|ref)\s*\{[^{}]*\}|\\(?:nonumber|notag)\b"
)


class BadTex(Exception):
    """A formula that cannot be drawn; the text says why."""


def tex_to_mathml(tex: str, *, is_block: bool) -> str:
    """MathML as HTML text, made of allowed elements only. Raises BadTex."""
    found = _converted(tex.strip(), is_block)
    if isinstance(found, BadTex):
        raise BadTex(str(found))
    return found


@lru_cache(maxsize=4096)
def _converted(tex: str, is_block: bool) -> str | BadTex:
    """The answer for one formula, refusals too: a live preview asks for the same ones again and again."""
    try:
        return _convert(tex, is_block)
    except BadTex as error:
        return BadTex(str(error))


def _convert(tex: str, is_block: bool) -> str:
    if not tex:
        raise BadTex("the formula is empty")
    if len(tex) > MOST_CHARACTERS:
        raise BadTex(f"the formula is longer than {MOST_CHARACTERS} characters")
    if found := FORBIDDEN.search(tex):
        raise BadTex(f"\\{found[1]} is not taken in formulas here")
    tex = SAME.sub(r"\\\1{align*}", WRAPPERS.sub("", tex))
    _check_braces(tex)
    try:
        tree = convert_to_element(tex, display="block" if is_block else "inline")
        return _Copy().element(tree, 0)
    except BadTex:
        raise
    except RecursionError as error:
        raise BadTex("the formula is nested too deeply") from error
    # A parser that answers broken text with whichever error its lists and tables give.
    except (LookupError, ValueError, TypeError, AttributeError, RuntimeError, StopIteration, ArithmeticError) as error:
        raise BadTex("the formula is not complete, or not TeX that is known here") from error
    except Exception as error:
        if not type(error).__module__.startswith("latex2mathml"):
            raise
        raise BadTex("the formula is not complete, or not TeX that is known here") from error


def _check_braces(tex: str) -> None:
    depth = deepest = 0
    for mark in re.findall(r"\\.|[{}]", tex, re.DOTALL):
        depth += (mark == "{") - (mark == "}")
        deepest = max(deepest, depth)
        if depth < 0:
            raise BadTex("a } has no {")
    if depth:
        raise BadTex("a { is not closed")
    if deepest > MOST_LEVELS:
        raise BadTex("the formula is nested too deeply")


class _Copy:
    """Copies a tree of the converter into text, element by allowed element."""

    def __init__(self) -> None:
        self.elements = 0

    def element(self, source: Element, level: int) -> str:
        self.elements += 1
        if level > MOST_LEVELS or self.elements > MOST_ELEMENTS:
            raise BadTex("the formula is nested too deeply" if level > MOST_LEVELS else "the formula is too large")
        tag = source.tag if source.tag in TAGS else "mrow"
        text = unescape(source.text or "")
        if tag in LEAVES:
            return self._leaf(tag, text, source.attrib)
        inner = self._children(list(source), level)
        if text:  # "mod" and its like, written straight into a row
            inner.insert(0, f"<mtext>{escape(text)}</mtext>")
        if tag in CHILDREN and len(inner) != CHILDREN[tag]:
            raise BadTex("a part of the formula is missing")
        return f"<{tag}{_attributes(tag, source.attrib)}>{''.join(inner)}</{tag}>"

    def _children(self, sources: list[Element], level: int) -> list[str]:
        """Upright letters in a row are one word: round, not r o u n d."""
        joined: list[str] = []
        word = before = ""
        for child in sources:
            text = unescape(child.text or "")
            if child.tag == "mo" and text in SIGNS and before in BEFORE_SIGNS:
                child.set("form", "prefix")
            before = text if child.tag == "mo" else ""
            if child.tag == "mi" and child.get("mathvariant") == "normal" and len(text) == 1 and text.isalpha():
                word += text
                continue
            if word:
                joined.append(_upright(word))
                word = ""
            joined.append(self.element(child, level + 1))
        return [*joined, _upright(word)] if word else joined

    def _leaf(self, tag: str, text: str, attributes: dict[str, str]) -> str:
        if tag == "mi" and text.startswith("\\"):
            raise BadTex(f"{text[:40]} is not known here")
        if text == "&":
            raise BadTex("& stands outside of a matrix or an align")
        if "\\" in text and tag != "mtext":
            raise BadTex(f"{text[:40]} is not known here")
        if tag == "mo" and len(text) > 1 and text.isalpha() and "movablelimits" not in attributes:
            tag = "mi"  # the name of a function: no operator's space before its bracket
        elif text in BRACKETS:
            tag, attributes = "mo", {"stretchy": "false", **attributes}
        variant = attributes.get("mathvariant", "")
        if letter := LETTERS.get(variant):
            text = "".join(_letter(letter, character) for character in text)
        return f"<{tag}{_attributes(tag, attributes)}>{escape(text)}</{tag}>"


def _upright(word: str) -> str:
    return f"<mi>{escape(word)}</mi>" if len(word) > 1 else f'<mi mathvariant="normal">{escape(word)}</mi>'


def _letter(command: str, character: str) -> str:
    code = convert_symbol(f"\\{command}{{{character}}}") if character.isascii() and character.isalnum() else None
    return chr(int(code, 16)) if code else character


def _attributes(tag: str, source: dict[str, str]) -> str:
    kept: dict[str, str] = {}
    for name, written in source.items():
        value = NAMED_SPACES.get(written, written)
        if name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value):
            kept[name] = value
    variant = source.get("mathvariant", "")
    if tag == "mi" and variant in ("normal", "bold", *LETTERS):
        kept["mathvariant"] = "normal"
    if variant in CLASSES and tag in LEAVES:
        kept["class"] = CLASSES[variant]
    if tag == "mtd" and (side := CELLS.get(source.get("columnalign", ""))):
        kept["class"] = side
    return "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
