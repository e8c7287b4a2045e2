"""An attempt against the front: who beats whom, in words and drawn; and that a page and its files tell nobody's name."""

from itertools import pairwise

import plotly.graph_objects as go
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading.families.front import front
from grading.figures import FIGURES, Given
from grading.ranks.class_front import FEWEST_OTHERS, ClassPicture, Spot, finding, spots_of, standing
from grading.ranks.class_numbers import numbers_of
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests.grading.ranks.classroom import DEVICE, LATENCY, document, measured, students, with_device
from tests.people import SPEC

LAB = BenchSpec.parse(SPEC | {"devices": [DEVICE]})
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # it runs beside measurements
SPOTS = st.builds(  # costs are told apart to a billionth, as the front of a class does
    lambda cost, gain: Spot(round(cost, 6), gain, gain), st.floats(1, 100), st.sampled_from([0.7, 0.8, 0.9, 0.95])
)


def spot(cost, gain):
    return Spot(cost, gain, gain)


def say(mine, *others, tolerance=0.05, word="team"):
    return finding(standing(mine, others, tolerance), "latency_ms", "accuracy", word)


def test_the_sentence_of_the_picture():
    said = say(spot(41, 0.894), spot(38, 0.903), spot(20, 0.86), spot(50, 0.95))
    assert (
        said.replace("\u202f", " ")
        == "You are 0.9 points of accuracy under the front: one team reaches 90.3 % at 38.0 ms."
    )


def test_whoever_is_slower_by_less_than_a_tie_counts_as_equally_fast():
    assert standing(spot(40, 0.9), [spot(41.9, 0.92)], 0.05).leader == spot(41.9, 0.92)
    assert standing(spot(40, 0.9), [spot(42.0, 0.92)], 0.05).leader is None


def test_an_equal_accuracy_beats_nobody_within_a_tie_and_does_so_beyond():
    assert standing(spot(40, 0.9), [spot(39, 0.9)], 0.05).leader is None
    said = say(spot(40, 0.9), spot(20, 0.9), spot(20, 0.9))
    assert (
        said.replace("\u202f", " ") == "You have the accuracy of the front, for more: 2 teams reach 90.0 % at 20.0 ms."
    )


def test_on_the_front_nobody_is_named():
    assert (
        say(spot(10, 0.8), spot(20, 0.9))
        == "You are on the front of the class: nobody has a better accuracy at your latency or at less."
    )


@UNHURRIED
@given(st.lists(SPOTS, max_size=25), SPOTS)
def test_without_a_tolerance_the_words_agree_with_the_drawn_front(others, mine):
    found = standing(mine, others, 0.0)
    on_front = mine in front([mine, *others], lambda one: one.cost, lambda one: one.merit)
    assert (found.leader is None) == on_front
    if found.leader is not None:
        assert found.leader.merit >= mine.merit
        assert found.leader.cost <= mine.cost * (1 + 1e-9)


@UNHURRIED
@given(st.lists(SPOTS, min_size=1, max_size=25))
def test_the_front_rises_and_is_beaten_by_nobody(spots):
    steps = front(spots, lambda one: one.cost, lambda one: one.merit)
    assert all(a.cost <= b.cost and a.merit <= b.merit for a, b in pairwise(steps))
    for one in steps:
        assert not any(
            (o.cost <= one.cost and o.merit > one.merit) or (o.cost < one.cost and o.merit >= one.merit) for o in spots
        )


# -- the figure --


def numbers(**facts):
    return numbers_of(document(**facts), DEVICE)


def picture(others, mine=None, **more):
    facts = {"earlier": (), "total": 30, "word": "team", "rule": "best", "is_active": True, "number": 5} | more
    return ClassPicture(
        mine=mine or numbers(accuracy=0.894, latency_ms=41.0, earned="6.38"), others=tuple(others), **facts
    )


def figure(seen, spec=LAB):
    return FIGURES["class"](Given(document(), spec, load_profiles(), class_of=lambda: seen))


def plain(text):
    return text.replace("\u202f", " ").replace("\u2009", " ")


CLASS = [numbers(accuracy=0.80 + 0.02 * n, latency_ms=14.0 + 8 * n) for n in range(8)]


def test_the_figure_is_one_that_plotly_takes_and_has_its_table():
    earlier = ((3, numbers(accuracy=0.852, latency_ms=58.0)), (4, numbers(accuracy=0.879, latency_ms=41.0)))
    found = figure(picture(CLASS, earlier=earlier))
    assert len(found.rows) == 9
    assert found.rows[0] == ["yours, attempt 5", "89.4", "41.0"]
    assert {row[0] for row in found.rows[1:]} == {"another team"}
    assert [float(row[2]) for row in found.rows[1:]] == sorted(float(row[2]) for row in found.rows[1:])
    names = [trace.get("line", {}).get("dash") for trace in found.plot["data"]]
    assert names.count("dot") == 1  # own attempts, up to this one
    assert found.plot["data"][-2]["x"] == [58.0, 41.0, 41.0]
    assert found.plot["data"][-1]["error_x"]["array"] == [pytest.approx(41 * 0.15)]
    go.Figure(**_with_colours(found.plot))


def _with_colours(value):
    if isinstance(value, str):
        return "#123456" if value.startswith("--") else value
    if isinstance(value, list):
        return [_with_colours(item) for item in value]
    return {key: _with_colours(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_places_are_those_among_whom_it_can_be_compared_with():
    others = [*CLASS, numbers(accuracy=0.99, latency_ms=3.0, runtime="onnxruntime@1.17"), numbers(accuracy=0.98)]
    found = figure(picture(others))
    rows = {row["label"]: (row["place"], row["of"]) for row in found.shown["places"]}
    assert rows["Accuracy, %"] == ("6", 11)
    assert rows["Latency, ms"] == ("5", 9)  # 38 ms is before it, and 41 ms is no tie with that
    assert "only modelled numbers" in found.how
    assert "2 with another setting" in found.note
    assert "another team" in found.rows[-1][0]
    assert len(found.rows) == 9


def test_what_boards_measured_and_what_was_modelled_are_never_in_one_plot():
    facts = document(accuracy=0.9, latency_ms=20.0, on="board")
    boards = [numbers_of(facts | {"metrics": facts["metrics"] | {"latency_ms": 20.0}}, DEVICE) for _ in range(6)]
    seen = picture([*CLASS, *boards])
    assert len(spots_of(seen, "latency_ms", "accuracy")) == 9
    mine = boards[0]
    assert len(spots_of(picture([*CLASS, *boards[1:]], mine=mine), "latency_ms", "accuracy")) == 6


def test_where_too_few_have_that_latency_the_next_cost_is_drawn():
    others = [numbers(accuracy=0.8 + 0.01 * n, macs=1000 * n) for n in range(1, 7)]
    found = figure(picture(others, mine=numbers(accuracy=0.85, macs=3500)))
    assert (found.basis, found.columns[2]) == ("counted", "Memory at the peak, KiB")


@pytest.mark.parametrize("count", [0, 1, 4])
def test_with_few_others_nothing_of_them_is_shown(count):
    found = figure(picture(CLASS[:count]))
    assert found.plot is None
    assert found.finding == "The class is not shown yet."
    assert [row[0] for row in found.rows] == ["yours"]
    assert str(FEWEST_OTHERS) in found.how
    assert found.shown == {}


def test_an_attempt_that_is_not_the_active_one_says_so():
    assert "not the active one" in figure(picture(CLASS, is_active=False)).note


def test_a_result_of_before_still_has_its_figure():
    old = {"metrics": {"accuracy": 0.9, "macs": 5}, "quality": {}, "environment": {}, "earned": "3", "report": {}}
    found = figure(picture(CLASS, mine=numbers_of(old, DEVICE)))
    assert found.columns[-1] == "MACs, k"  # the only cost that it has
    assert found.plot is not None


# -- the page --

pytest_db = pytest.mark.django_db


@pytest_db
def test_the_page_draws_the_class_and_tells_nobodys_name(client, cast, tmp_path, document):
    with_device(cast.lab)
    for n, person in enumerate(students(cast, 5, "Zyxwvut")):
        measured(cast, person, tmp_path, accuracy=0.8 + 0.01 * n, latency_ms=20.0 + n)
    measured(cast, cast.ruth, tmp_path, accuracy=0.7, latency_ms=50.0, earned="1.00")
    run = measured(cast, cast.ruth, tmp_path, accuracy=0.81, latency_ms=40.0, earned="5.00")
    real(run, document)
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "You are 3.0 points of accuracy under the front: one student reaches 84.0" in plain(page)
    sent = client.get(f"{run.get_absolute_url()}figures/class.json").content.decode()
    table = client.get(f"{run.get_absolute_url()}figures/class.csv").content.decode()
    assert "attempt 2" in sent and "attempt 1" in sent
    assert len(table.strip().splitlines()) == 7
    for text in (page, sent, table):
        assert "zyxwvut" not in text.lower()
    client.force_login(cast.daniel)
    assert client.get(f"{run.get_absolute_url()}figures/class.json").status_code == 404


def real(run, document):
    """The stored numbers stay; what else the page needs comes from a real measurement."""
    held = run.result
    latency = (
        document["environment"]["devices"][DEVICE]
        | LATENCY
        | {"latency_ms": 40.0, "latency_interval_ms": [36.0, 46.0], "calibration": None}
    )
    held.report, held.host, held.points = document["report"], document["host"], document["points"]
    held.quality = document["quality"] | {"low": 0.79, "high": 0.83}
    held.environment = document["environment"] | {"devices": document["environment"]["devices"] | {DEVICE: latency}}
    held.metrics = document["metrics"] | held.metrics
    held.save()


@pytest_db
def test_with_four_others_the_page_says_why_the_class_is_not_there(client, cast, tmp_path, document):
    for person in students(cast, 4):
        measured(cast, person, tmp_path, accuracy=0.123)
    run = measured(cast, cast.ruth, tmp_path)
    real(run, document)
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "The class is not shown yet." in page and "4 have a measured attempt" in page
    assert client.get(f"{run.get_absolute_url()}figures/class.json").json() == {}
    assert "12.3" not in client.get(f"{run.get_absolute_url()}figures/class.csv").content.decode()
