"""What people write becomes HTML that cannot harm, in bounded time, with formulas."""

import html
import re
from html.parser import HTMLParser

import pytest

from courseplatform.core import markdown, maths
from courseplatform.core.errors import AppError
from courseplatform.core.markdown import escaped, quoted, read_markdown, render_markdown, unescaped
from courseplatform.core.maths import BadTex, tex_to_mathml


class Tags(HTMLParser):
    """The tags of a page with their attributes, as a browser reads them."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def own_images(source):
    return f"/images/{source}" if source.startswith("fig/") else None


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "![x](javascript:alert(1))",
        "![x](data:image/png;base64,AAAA)",
        "![x](https://elsewhere.example/x.png)",
        '![x](fig/a.png "\\" onerror=alert(1) x=\\"")',
        '![" onerror=alert(1)](fig/a.png)',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
        "$\\text{<script>alert(1)</script>}$",
        "$\\text{<img src=x onerror=alert(1)>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\style{background:url(x)}{x}$",
        "$\\class{x}{x}$",
        "$\\unicode{x3c}script>$",
        "$$\\text{</math><script>alert(1)</script>}$$",
        "`<script>`",
        "```<script>\n<script>alert(1)</script>\n```",
        "<style>*{display:none}</style>",
        "a\0<script>",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_nothing_that_runs_comes_out(text):
    found = Tags()
    found.feed(render_markdown(text, image_url=own_images, line_numbers=True))
    for tag, attributes in found.tags:
        assert tag in markdown.TAGS
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "id", "name")]
        assert attributes.get("href", "https://").startswith(("http://", "https://", "mailto:"))
        assert attributes.get("src", "/images/").startswith("/images/")


def test_an_inline_formula_becomes_mathml():
    assert "<math" in render_markdown("A real value $r$ here.")
    assert "<mi>r</mi>" in render_markdown("A real value $r$ here.")


def test_a_formula_on_its_own_lines_is_an_equation():
    html = render_markdown("$$ r = S\\,(q - Z), \\qquad\nS = \\frac{r_{\\max} - r_{\\min}}{q_{\\max}} $$")
    assert '<div class="equation"><math display="block">' in html
    assert "<mfrac>" in html


def test_upright_letters_are_one_word():
    assert "<mi>round</mi>" in tex_to_mathml("\\mathrm{round}(x)", is_block=False)


def test_lines_that_are_aligned_stay_aligned():
    html = tex_to_mathml("\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}", is_block=True)
    assert html.count("<mtr>") == 2
    assert '<mtd class="right">' in html


def test_money_is_no_formula():
    assert "<math" not in render_markdown("It costs $5 and then $10.")


@pytest.mark.parametrize(
    "tex",
    ["\\frac{a}", "{", "}", "\\left( a", "a & b", "\\nothing", "x^", "\\begin{matrix} a", "\\sqrt", "\\newcommand{\\a}{\\a\\a}\\a",
     "\\def\\a{\\a\\a}\\a", "{" * 60 + "}" * 60, "\\hat" * 400 + " x", "\\sqrt" * 300 + "x", "x" * 2001, " ", "\\right)", "\\end{x}", "\\begin{}"],
)  # fmt: skip
def test_a_formula_that_cannot_be_drawn_says_why(tex):
    with pytest.raises(BadTex) as found:
        tex_to_mathml(tex, is_block=True)
    assert str(found.value)


def test_a_broken_formula_is_shown_as_it_was_written_with_the_reason():
    html = render_markdown("Before $\\frac{a$ after")
    assert '<code class="bad-tex">\\frac{a</code>' in html
    assert "a { is not closed" in html


def test_definitions_that_would_grow_without_end_are_not_taken():
    bomb = "\\newcommand{\\a}{xxxxxxxxxx}" + "".join(
        f"\\newcommand{{\\{b}}}{{{chr(92) + a}{chr(92) + a}}}" for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
    )
    with pytest.raises(BadTex, match="newcommand"):
        tex_to_mathml(bomb + "\\k", is_block=False)


@pytest.mark.parametrize("size", ["rule", "hspace"])
def test_a_space_without_measure_is_dropped(size):
    arguments = "{99999em}{1em}" if size == "rule" else "{99999em}"
    assert "99999" not in tex_to_mathml(f"x\\{size}{arguments}", is_block=False)


def test_every_element_and_attribute_of_a_formula_is_on_the_list():
    """Commands of every kind, read back: what the converter knows more than we do never comes out."""
    from xml.etree.ElementTree import fromstring

    for tex in ("\\fbox{a}", "\\colorbox{red}{a}", "\\color{red} a", "\\cancel{a}", "\\overbrace{a}^{b}", "\\xrightarrow{a}", "\\mathbb{AB}",
                "\\textbf{a}", "\\begin{array}{l|r} a & b \\\\ \\hline c & d \\end{array}", "\\binom{a}{b}", "\\LaTeX", "\\phantom{x}"):  # fmt: skip
        try:
            tree = fromstring(tex_to_mathml(tex, is_block=True))
        except BadTex:
            continue
        for element in tree.iter():
            assert element.tag in maths.TAGS
            assert set(element.attrib) <= {*maths.ATTRIBUTES, "class", "mathvariant"}


def test_an_image_is_shown_from_where_the_application_says():
    html = render_markdown('![Eight levels](fig/a.png "Figure 2")', image_url=own_images)
    assert '<img src="/images/fig/a.png" alt="Eight levels"' in html
    assert "Figure 2" in html


def test_an_image_that_is_not_attached_leaves_its_words():
    html = render_markdown("![Eight levels](other.png)", image_url=own_images)
    assert "<img" not in html
    assert "Eight levels (no image other.png is attached)" in html


def test_headings_begin_below_the_pages_own():
    html = render_markdown("# A\n\n## B\n\n### C\n\n##### E")
    assert [html.count(f"<h{n}>") for n in (1, 2, 3, 4, 5)] == [0, 2, 1, 1, 0]


def test_blocks_know_their_line_only_where_it_is_asked_for():
    text = "# A\n\none\ntwo\n\n$$ x $$\n\n- a\n- b\n"
    assert "data-line" not in render_markdown(text)
    html = render_markdown(text, line_numbers=True)
    assert '<p data-line="3">one' in html
    assert '<div class="equation" data-line="6">' in html
    assert '<li data-line="9">b</li>' in html


def test_a_table_is_aligned_without_inline_styles():
    html = render_markdown("|a|b|\n|-|-:|\n|1|2|")
    assert '<td class="right">2</td>' in html
    assert "style=" not in html


def test_the_facts_name_lines():
    text = "# A\n\nwords and $\\frac{a$\n\n![](fig/a.png) ![x](b.png)\n\n[l](https://example.org/x)\n\n### C\n"
    facts = read_markdown(text, image_url=own_images)[1]
    assert facts.headings == [(1, 1, "A"), (9, 3, "C")]
    assert [(line, why) for line, _, why in facts.bad_formulas] == [(3, "a { is not closed")]
    assert facts.images == [(5, "fig/a.png", "", True), (5, "b.png", "x", False)]
    assert facts.links == [(7, "https://example.org/x")]


def test_an_equation_without_an_end_is_named():
    facts = read_markdown("# A\n\n$$ x = 1\n\nwords\n\n$$ y $$")[1]
    assert [line for line, _, _ in facts.bad_formulas] == [3]


@pytest.mark.parametrize("size", [markdown.MOST_CHARACTERS + 1, 1 << 20, 5 << 20])
def test_a_text_that_is_too_long_is_refused_before_it_is_read(size):
    with pytest.raises(AppError) as found:
        read_markdown("a" * size)
    assert found.value.code == "markdown_too_large"


@pytest.mark.parametrize(
    "text", ["[" * 10_000, "$" * 10_000, "![" * 20_000, "a\n" * 20_000, "$a$ " * 20_000, "|" * 40_000]
)
def test_a_text_of_nothing_but_signs_is_refused(text):
    with pytest.raises(AppError) as found:
        read_markdown(text)
    assert found.value.code == "markdown_too_dense"


def test_a_stored_text_beyond_the_limits_is_shown_as_it_was_written():
    assert render_markdown("[<b>" * 4000) == f"<pre>{'[&lt;b&gt;' * 4000}</pre>"


@pytest.mark.parametrize(
    "text", [">" * 10_000, "- " * 10_000, "#" * 10_000, "\0" * 10_000, "> " * 5000 + "a", "<" * 10_000]
)
def test_a_text_nested_without_end_is_read_to_a_bounded_depth(text):
    html = render_markdown(text)
    assert len(html) < 20 * len(text) + 1000
    assert html.count("<blockquote>") <= markdown.MOST_NESTING


PLAIN = [
    "[x](http://evil.example)",
    "![x](http://evil.example/a.png)",
    "<http://evil.example>",
    "[x][1]\n\n[1]: http://evil.example",
    "# Anne-Marie *O'Neil* __Jr.__",
    "1. first\n- second\n+ third\n    fourth",
    "a\r# b\r\n===\n---",
    "| a | b |\n|---|---|\n| c | d |",
    "```x``` ~~~y~~~ $z$ $$w$$ &lt; \\* > quoted",
    "> quoted",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_words_stay_as_they_were_written(text):
    for found in (render_markdown(escaped(text)), render_markdown(f"With {escaped(text)} and more.")):
        read = Tags()
        read.feed(found)
        assert {tag for tag, _ in read.tags} <= {"p"}
    lines = [line.strip() for line in re.split(r"\r\n?|\n", text)]
    words = html.unescape(re.sub(r"</?p>", "", render_markdown(escaped(text))))
    assert words.split() == " ".join(lines).split()
    assert unescaped(escaped(text)) == "\n".join(lines)


def test_a_quotation_holds_every_line():
    assert render_markdown(quoted("one\n# two")) == "<blockquote>\n<p>one\n# two</p>\n</blockquote>\n"
    assert quoted("  \n ") == ""


def test_a_table_scrolls_by_itself():
    html, _ = read_markdown("| a | b |\n|---|---|\n| 1 | 2 |\n\nAfter it.")
    before, _, after = html.partition("<table>")
    assert before.strip() == '<div class="scroll" role="group" tabindex="0" aria-label="Table">'
    assert after.partition("</table>")[2].strip().startswith("</div>")


def test_the_corner_of_a_table_that_heads_nothing_is_no_heading():
    html = render_markdown("| | b |\n|---|---|\n| 1 | 2 |")
    assert "<td></td>\n<th>b</th>" in html and "<th></th>" not in html
