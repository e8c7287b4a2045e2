"""A family as it leaves the house: tables, plots and their names beside the dots."""

import csv
import io
import json
import re
import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader

from courseplatform.core import numbers
from courseplatform.core.errors import Unavailable
from grading.families import drawing
from grading.families.front import Family
from grading.families.placing import Box, Face, place
from grading.families.plots import PAGE, plotly_of, plots_of
from grading.families.tables import csv_table, latex_table
from grading.selectors import family_page
from tests.grading.families.builders import (
    PAGE_URL,
    edit,
    variant,
)

pytestmark = pytest.mark.django_db


def test_the_csv_has_a_row_for_each_variant_with_its_fronts(cast, family, client):
    client.force_login(cast.ruth)
    answer = client.get(f"{PAGE_URL}table.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(answer)))
    assert [row["name"] for row in rows] == ["d1_w8_8", "d2_w8_8", "d3_w8_8"]
    middle = rows[1]
    assert (middle["depth"], middle["input"], middle["macs"], middle["flops"]) == ("2", "8x8", "400", "800")
    assert (middle["accuracy"], middle["knee"], middle["front_by_flops"]) == ("0.8", "yes", "yes")


def test_the_json_says_the_basis_of_its_numbers(cast, family, client):
    client.force_login(cast.ruth)
    found = json.loads(client.get(f"{PAGE_URL}table.json").content)
    assert found["knee"] == "d2_w8_8"
    assert set(found["basis"]) == {"counted", "measured", "shown, not graded"}
    assert [row["latency_high_ms"] for row in found["variants"]] == pytest.approx([0.012, 0.024, 0.06])


def test_the_latex_table_lets_no_name_be_a_command(cast, family, client):
    client.force_login(cast.ruth)
    piece = family[0]
    edit(client, [piece], **{f"{piece.pk}:name": r"\input{x}_50%", f"{piece.pk}:depth": ""})
    said = client.get(f"{PAGE_URL}table.tex").content.decode()
    assert r"\textbackslash{}input\{x\}\_50\%" in said
    assert r"\toprule" in said and said.count(r" \\") == 4
    assert r"\textbf{2~$\times$~8}" in said


@pytest.mark.parametrize("slug", ["accuracy-flops", "accuracy-latency", "latency-flops"])
def test_each_plot_opens_as_what_it_claims_to_be(cast, family, client, slug):
    client.force_login(cast.ruth)
    png = client.get(f"{PAGE_URL}figures/{slug}.png")
    assert png.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png.content[16:24]) == (1360, 840)  # 680 x 420, twice
    assert png["Content-Disposition"] == f'attachment; filename="lab1-{slug}.png"'
    svg = ET.fromstring(client.get(f"{PAGE_URL}figures/{slug}.svg").content)
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert "<text" not in client.get(f"{PAGE_URL}figures/{slug}.svg").content.decode()  # outlines: no font is missing
    assert len(PdfReader(io.BytesIO(client.get(f"{PAGE_URL}figures/{slug}.pdf").content)).pages) == 1
    figure = client.get(f"{PAGE_URL}figures/{slug}.json").json()
    marks = [trace["marker"] for trace in figure["data"] if trace["mode"] == "markers"]
    assert [mark["size"] for mark in marks] == [8, 8, 12]  # a colour for each depth; the knee large and on top


def test_a_plot_is_drawn_once_and_without_its_title_where_that_is_asked(cast, family, client, tmp_path, monkeypatch):
    client.force_login(cast.ruth)
    first = client.get(f"{PAGE_URL}figures/accuracy-flops.png").content
    bare = client.get(f"{PAGE_URL}figures/accuracy-flops.png?title=0").content
    assert first != bare
    monkeypatch.setattr(drawing, "CHILD", Path("/nowhere.py"))
    assert client.get(f"{PAGE_URL}figures/accuracy-flops.png").content == first
    assert client.get(f"{PAGE_URL}figures/latency-flops.png").status_code == 503


@pytest.mark.parametrize(("slowest", "unit", "shown"), [(0.06, "µs", 6.39), (0.2, "ms", 0.00639)])
def test_times_below_a_tenth_of_a_millisecond_are_read_in_microseconds(slowest, unit, shown):
    """In one unit for the whole family; what programs read stays in milliseconds."""
    family = Family((variant("a", 10, 0.5, 0.00639), variant("b", 20, 0.6, slowest)))
    by_time, by_work = plots_of(family)[1:]
    assert by_time.x.label.split(" (")[0] == by_work.y.label.split(" (")[0] == f"latency on the host, {unit}"
    assert by_time.dots[0].x == by_time.line[0][0] == by_work.dots[0].y == by_work.line[0][1] == pytest.approx(shown)
    assert f", {numbers.digits(shown)} {unit} (" in plotly_of(by_time)["data"][1]["text"][0]
    assert family_page._table(family)[0]["latency"] == numbers.digits(shown)
    latex = latex_table(family, "A family")
    assert f"Latency, {'$' + chr(92) + 'mu$s' if unit == 'µs' else 'ms'}" in latex and f"& {shown:.3g} &" in latex
    heads, rows = csv_table(family)
    assert rows[0][heads.index("latency_ms")] == 0.00639


def test_a_drawing_that_fails_is_our_fault(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    plot = plots_of(Family((variant("a", 10, 0.5, 1), variant("b", 20, 0.6, 2))))[0]
    monkeypatch.setattr(drawing, "CHILD", Path("/nowhere.py"))
    with pytest.raises(Unavailable) as refused:
        drawing.picture(plot, "png")
    assert refused.value.code == "not_drawn"


def test_odd_names_do_not_break_a_plot(settings, tmp_path):
    """A dollar begins a formula in Matplotlib, and `<` a tag in Plotly."""
    settings.DATA_DIR = tmp_path
    plot = plots_of(Family((variant("$x_", 10, 0.5, 1), variant("<b>", 20, 0.6, 2))))[0]
    assert drawing.picture(plot, "png")[:4] == b"\x89PNG"


def test_where_dots_crowd_some_names_are_left_out_but_never_the_chosen_one():
    family = Family(tuple(variant(f"variant {n}", 100 + n, 0.9 + n / 1000, 1.0, is_chosen=n == 5) for n in range(12)))
    for plot in plots_of(family):
        words = plot.placed(PAGE)
        assert 0 < len(words) < 12  # where twelve dots crowd, some go without
        assert any(plot.dots[word.index].is_chosen for word in words)


def test_no_two_names_lie_on_each_other_or_on_a_dot():
    face = Face(letter=6, line=12, width=300, height=200)
    dots = [(20 + 40 * n, 100 - 4 * n) for n in range(6)]
    boxes = []
    for word in place(dots, ["2 × 128"] * 6, range(6), face):
        x, y = dots[word.index][0] + word.dx, dots[word.index][1] + word.dy
        left = x - {"left": 0, "right": 42, "center": 21}[word.xanchor]
        top = y - {"top": 0, "bottom": 12, "middle": 6}[word.yanchor]
        boxes.append(Box(left, top, left + 42, top + 12))
    assert len(boxes) > 3
    for n, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[n + 1 :])
        assert not any(box.left < x < box.right and box.top < y < box.bottom for x, y in dots)


def test_the_light_colours_are_those_of_the_tokens():
    tokens = (Path(drawing.__file__).resolve().parents[2] / "static" / "css" / "tokens.css").read_text()
    light = dict(re.findall(r"(--[\w-]+): (#\w{6})", tokens[: tokens.index("@media")]))
    assert {name: light[name] for name in drawing.LIGHT} == drawing.LIGHT
