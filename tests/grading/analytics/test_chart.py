"""One chart: its parts, and its files."""

from dataclasses import replace

import pytest
from django.http import Http404
from django.template.loader import render_to_string

from grading.analytics.chart import Chart, chart_of, plain
from grading.views.chart_files import chart_csv, chart_plot

LEFT = Chart("left", "Days left", "Nobody has none left.", ("Days", "Teams"), [["0", "0"]])
USED = Chart(
    "used", "Days used", "One team used 2.", ("Days", "Teams"), [["=2+3", "1\u2009024"], ["–", "−0.50"]],
    draw=lambda: {"data": [], "layout": {}}, height=200, also=(LEFT,),
)  # fmt: skip


def test_a_chart_is_found_by_its_key_also_beside_another() -> None:
    assert chart_of([USED], "left") is LEFT
    assert chart_of([USED], "used") is USED
    assert chart_of([USED], "none") is None


@pytest.mark.parametrize(
    ("cell", "said"),
    [("1\u2009024", "1024"), ("41\u202fms", "41 ms"), ("−0.50", "-0.50"), ("–", ""), (3, "3"), ("2 − 1", "2 − 1")],
)
def test_a_cell_of_a_file_is_read_by_programs(cell: object, said: str) -> None:
    assert plain(cell) == said


def test_its_csv_is_no_formula_and_has_its_name() -> None:
    answer = chart_csv([USED], "used", "demo-lab-3")
    assert answer["Content-Disposition"] == 'attachment; filename="demo-lab-3-used.csv"'
    assert answer.content.decode("utf-8-sig").splitlines() == ["Days,Teams", "'=2+3,1024", ",-0.50"]


def test_what_is_not_drawn_has_no_figure() -> None:
    assert chart_plot([USED], "used").status_code == 200
    for key in ("left", "none"):
        with pytest.raises(Http404):
            chart_plot([USED], key)
    with pytest.raises(Http404):
        chart_csv([USED], "none", "demo")


def test_each_of_two_beside_each_other_has_its_own_table_and_links() -> None:
    page = render_to_string(
        "grading/analytics/_chart.html", {"chart": USED, "base": "/x/analytics/", "query": "?cost=macs"}
    )
    for part in (
        'id="used-table"', 'id="left-table"', "/x/analytics/used.csv?cost=macs", "/x/analytics/left.csv?cost=macs",
        'data-plot-url="/x/analytics/used.json?cost=macs"', 'data-plot-png="used"',
    ):  # fmt: skip
        assert part in page
    assert 'data-plot-png="left"' not in page


def test_without_data_only_the_sentence_stands_there() -> None:
    page = render_to_string(
        "grading/analytics/_chart.html", {"chart": Chart("used", "Days", "Nobody handed in.", more="It will.")}
    )
    assert "Nobody handed in." in page
    assert "It will." in page
    assert "<table" not in page
    assert "data-plot" not in page


def test_a_page_says_where_a_figure_will_be_without_drawing_it() -> None:
    def draw() -> None:
        raise AssertionError("drawn for a page")

    said = render_to_string(
        "grading/analytics/_chart.html", {"chart": replace(USED, draw=draw), "base": "/c/", "query": ""}
    )
    assert 'data-plot="used"' in said and 'data-plot-png="used"' in said
