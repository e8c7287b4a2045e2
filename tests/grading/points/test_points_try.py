"""Trying what a lab would give: the sliders, and that their arithmetic is that of a result."""

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.models import Assignment, Result, Submission
from grading.points.lines import points_for
from grading.points.trial import tried
from grading.spec import BenchSpec
from tests.grading.api.results import measured
from tests.grading.editing.editing import sent
from tests.grading.grades.test_rule_pages import BENCH
from tests.grading.measuring.test_left_open import METRICS
from tests.grading.points.rules import FIRST, REFERENCE, criterion, spec_of
from tests.people import SPEC, make_lab

LAB = BenchSpec.parse(BENCH)
HTMX = {"headers": {"HX-Request": "true"}}
METRIC_OF = {"share": "accuracy", "bytes": "model_bytes", "macs": "macs", "ms": "latency_ms"}


def sliders_of(trial):
    rows = [row for _, rows in trial.groups for one in rows for row in (one, *one.parts)]
    return {row.slider.metric: row.slider for row in rows if row.slider}


def test_each_metric_has_one_slider_at_the_first_line_that_needs_it():
    trial = tried(LAB, {})
    assert set(sliders_of(trial)) == {"accuracy", "ram_needed_bytes", "battery_hours", "macs"}
    rows = {row.key: row for _, rows in trial.groups for row in rows}
    assert rows["curve"].slider.metric == "accuracy" and rows["both"].parts[0].slider is None
    assert rows["both"].parts[1].slider.metric == "macs" and rows["few"].slider is None
    assert rows["board"].has_switch and not rows["both"].parts[2].has_switch
    assert [name for name, _ in trial.groups][-1] == "Extra credit"


@pytest.mark.parametrize(
    ("fits", "earned", "says"),
    [(True, "1.00", "fits the Raspberry Pi"), (False, "0.00", "too large, or no runtime there loads it")],
)
def test_whether_it_fits_is_said_by_a_switch(fits, earned, says):
    trial = tried(LAB, {}, fits=fits, device="Raspberry Pi")
    row = next(row for _, rows in trial.groups for row in rows if row.key == "board")
    assert (row.line["earned"], row.line["arithmetic"]) == (earned, says)


@settings(max_examples=200)
@given(st.floats(-10, 2), st.floats(0, 1e10), st.floats(0, 100), st.floats(0, 1e9))
def test_a_trial_gives_what_a_result_with_these_numbers_gives(accuracy, macs, hours, ram):
    trial = tried(LAB, {"accuracy": accuracy, "macs": macs, "battery_hours": hours, "ram_needed_bytes": ram})
    metrics = {metric: float(slider.value) for metric, slider in sliders_of(trial).items()}
    points = points_for(LAB, metrics, {}, {}, fit=None, left_open={})
    told = {line.key: line.earned for line in points.lines if not line.left_open and line.key != "both"}
    assert told == {line.key: line.earned for line in trial.points.lines if line.key in told}
    assert len(told) == 5


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(METRIC_OF)), st.integers(0, 10**9), st.integers(1, 10**9), st.floats(-1e9, 1e10), st.booleans(),
)  # fmt: skip
def test_a_slider_is_a_grid_that_holds_its_value_and_its_rule(unit, start, span, value, is_own):
    scale = 1e-10 if unit == "share" else 1
    low, high = start * scale, (start + span) * scale
    spec = spec_of(criterion({"kind": "ramp", "from": low, "to": high}, METRIC_OF[unit]), **FIRST)
    metric = METRIC_OF[unit]
    trial = tried(spec, {}, start={metric: value}) if is_own else tried(spec, {metric: value})
    slider = sliders_of(trial)[metric]
    first, last, step, at = (Fraction(text) for text in (slider.low, slider.high, slider.step, slider.value))
    assert step > 0 and first <= at <= last
    assert (at - first) % step == 0 or abs(float((at - first) / step) - round((at - first) / step)) < 1e-3
    assert float(first) <= low * (1 + 1e-9) and high <= float(last) * (1 + 1e-9)
    assert (last - first) / step <= 700
    if is_own:
        assert abs(float(at) - value) <= float(step) / 2 * (1 + 1e-6) + 1e-9


@pytest.fixture
def lab(cast):
    cast.lab.bench_spec = BENCH
    cast.lab.save()
    cast.lab.refresh_from_db()
    return cast.lab


def url_of(lab, name="points"):
    return f"/courses/odml/assignments/{lab.slug}/{name}/"


@pytest.mark.django_db
def test_the_lab_page_has_sliders_with_labels_and_no_inline_style(client, lab, cast):
    client.force_login(cast.ruth)
    page = client.get(lab.get_absolute_url()).content.decode()
    part = page[page.index('id="what-if"') : page.index("</form>", page.index('id="what-if"'))]
    ids = re.findall(r'type="range" id="([\w-]+)"', part)
    assert ids == ["try-accuracy", "try-ram_needed_bytes", "try-battery_hours", "try-macs"]
    assert all(f'for="{one}"' in part for one in ids) and "style=" not in part and "<noscript>" in part
    assert "The values start in the middle." in part


@pytest.mark.django_db
def test_a_moved_slider_gets_the_parts_that_change_and_nothing_else(client, lab, cast, django_assert_max_num_queries):
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(12):
        answer = client.get(url_of(lab), {"try-accuracy": "0.95", "try-sent": "yes"}, **HTMX)
    text = answer.content.decode()
    assert "<html" not in text and "<input" not in text
    assert "<b>1.75</b> of 2.00" in text and "1.50 + (95.00 - 90.00) / (100.0 - 90.00) x 0.50 = 1.75" in text
    assert text.count('hx-swap-oob="true"') >= 20
    assert "<b>0.00</b> of 1.00" in text  # sent, and the box of the board was not ticked


@pytest.mark.django_db
def test_without_scripts_the_same_comes_as_a_page(client, lab, cast):
    client.force_login(cast.ruth)
    page = client.get(url_of(lab), {"try-accuracy": "0.95", "try-fits": "yes", "try-sent": "yes"}).content.decode()
    assert "<h1>Lab 1: what would it give</h1>" in page and "<b>1.75</b> of 2.00" in page and 'value="0.95"' in page


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "1e999", "-5", "9" * 400, "0x10", "\x00"])
@pytest.mark.django_db
def test_whatever_is_sent_is_answered(client, lab, cast, value):
    client.force_login(cast.ruth)
    for name in ("try-accuracy", "try-macs", "try-fits", "try-magic"):
        assert client.get(url_of(lab), {name: value}, **HTMX).status_code == 200


@pytest.mark.django_db
def test_it_starts_at_the_own_active_attempt_and_tells_nobody_elses(client, cast, tmp_path, monkeypatch):
    measured(cast, cast.ruth, tmp_path)
    Result.objects.update(metrics=METRICS | {"accuracy": 0.8442, "peak_activation_bytes": 30_000})
    assert Submission.objects.get().is_active
    for person, said, value in (
        (cast.ruth, "The values start at your attempt 1.", "0.844"),
        (cast.daniel, "The values start in the middle.", "0.885"),
    ):
        client.force_login(person)
        page = client.get(cast.lab.get_absolute_url()).content.decode()
        assert said in page and f'value="{value}"' in page
    client.force_login(cast.ruth)
    page = client.get(url_of(cast.lab)).content.decode()
    slider = re.search(r'name="try-peak_activation_bytes" min="0" max="(\d+)" step="(\d+)" value="(\d+)"', page)
    assert int(slider[1]) >= 30_000 and abs(int(slider[3]) - 30_000) <= int(slider[2])


@pytest.mark.django_db
def test_a_lab_without_rules_to_try_has_no_such_page(client, cast):
    cast.lab.bench_spec = SPEC | {"criteria": [criterion({"kind": "pass"})]}
    cast.lab.save()
    client.force_login(cast.ruth)
    assert client.get(url_of(cast.lab)).status_code == 404
    assert "what-if" not in client.get(cast.lab.get_absolute_url()).content.decode()
    report = make_lab(cast.course, slug="report", bench_spec={}, short="Report")
    assert client.get(url_of(report)).status_code == 404


@pytest.mark.django_db
def test_a_draft_is_tried_by_the_staff_alone(client, lab, cast):
    Assignment.objects.update(is_draft=True)
    for person, status in ((cast.ruth, 404), (cast.amit, 200), (cast.lena, 404)):
        client.force_login(person)
        assert client.get(url_of(lab)).status_code == status


@pytest.mark.django_db
def test_the_editor_tries_what_is_in_the_form_and_saves_nothing(client, lab, cast):
    client.force_login(cast.helen)
    page = client.get(url_of(lab, "edit")).content.decode()
    assert 'type="range" id="try-accuracy"' in page and "data-try-within" in page
    data = sent(lab, **{"criteria-1-points": "4", "try-accuracy": "0.95", "try-fits": "yes", "try-sent": "yes"})
    text = client.post(url_of(lab, "edit/points"), data).content.decode()
    assert "<b>3.50</b> of 4.00" in text and "<html" not in text
    assert (
        client.post(url_of(lab, "edit/points"), sent(lab, **{"criteria-1-corners": "odd"}))
        .content.decode()
        .count("cannot be read yet")
        == 1
    )
    lab.refresh_from_db()
    assert lab.bench_spec == BENCH
    client.force_login(cast.amit)
    assert client.post(url_of(lab, "edit/points"), data).status_code == 403


def test_baselines_are_tried_too():
    spec = spec_of(
        criterion({"kind": "at_most", "value": {"baseline": "reference", "times": 0.5}}, "macs"), baselines=REFERENCE
    )
    assert [tried(spec, {"macs": value}).points.earned for value in (2e8, 2.5e8)] == ["2.00", "0.00"]
