"""The figures Training and Batch and memory on the result page: there where the lab asks, and never a fault with what is stored."""

import csv
import io

import plotly.graph_objects as go
import pytest

from grading.bench.inspection.__main__ import look_into
from grading.bench.training.on_device import training_json
from grading.bench.training.setting import Method, Setting
from grading.figures import WHERE_ASKED, Given, figures_of
from grading.figures.training_batch import batch
from grading.figures.training_rows import MANY
from grading.spec import BenchSpec
from hardware.models import Outcome
from hardware.profiles import load_profiles
from tests.grading.test_pages import coloured, finish
from tests.parts import ROOT
from tests.people import SPEC, hand_in, onnx_like

ALL = load_profiles()
SETTING = Setting(batch=16, optimizer="momentum")
DEVICES = ["rpi-4-4gb", "stm32f746"]


@pytest.fixture(scope="module")
def told():
    report = look_into(ROOT / "grading" / "demo" / "models" / "digits-wide.onnx", "onnx", [])
    return training_json(report, ALL, SETTING, timed=DEVICES)


def given(document, training, devices=DEVICES):
    result = document | {"environment": document["environment"] | ({"training": training} if training else {})}
    return Given(result, BenchSpec.parse(SPEC | {"devices": devices, "training": {}}), ALL)


def made(document, training, slug, **more):
    return WHERE_ASKED[slug](given(document, training, **more))


@pytest.mark.parametrize("slug", WHERE_ASKED)
@pytest.mark.parametrize("training", [None, {}, {"reason": "It was stored before."}, {"methods": [], "devices": {}}])
def test_a_result_that_says_nothing_of_training_has_no_such_figure(document, slug, training):
    assert made(document, training, slug) is None


@pytest.mark.parametrize("slug", ["training", "training-batch"])
def test_each_has_a_finding_rows_and_a_plot_that_plotly_takes(document, told, slug):
    figure = made(document, told, slug)
    assert figure.finding.endswith(".")
    assert {len(row) for row in figure.rows} == {len(figure.columns)}
    if figure.plot:
        go.Figure(**coloured(figure.plot))


def test_the_finding_compares_what_computes_a_gradient_with_the_first_way(document, told):
    # Peaks: 2 x 25 640 + 25 640 of state and 16 x 29 184; biases 26 360 + 16 x 17 024.
    assert made(document, told, "training").finding == (
        "One step of full fine-tuning on 16 inputs needs 531\u202fKiB; biases only needs 55\u202f% of that."
    )


def test_the_bars_are_as_long_as_the_parts_and_the_longest_fills_the_box(document, told):
    rows = made(document, told, "training").shown["methods"]
    widths = [sum(float(part["width"]) for part in row["bar"]) for row in rows]
    assert max(widths) == pytest.approx(100, abs=0.01)
    peaks = [method["peak_bytes"] for method in told["methods"]]
    assert [width / 100 for width in widths] == pytest.approx([peak / max(peaks) for peak in peaks], abs=1e-4)


def test_the_table_holds_each_device_and_way_in_plain_numbers(document, told):
    figure = made(document, told, "training")
    rows = [dict(zip(figure.columns, row, strict=True)) for row in figure.rows]
    assert len(rows) == len(ALL) * len(Method)
    chip = next(row for row in rows if (row["Device"], row["Method"]) == ("stm32f746", "full"))
    assert (chip["Fits"], chip["Step, ms"], chip["Basis"]) == ("no", "", "")
    assert int(chip["Largest batch"]) < 16
    pi = next(row for row in rows if (row["Device"], row["Method"]) == ("rpi-4-4gb", "bias"))
    assert pi["Basis"] == "extrapolated"
    assert float(pi["from"]) < float(pi["Step, ms"]) < float(pi["to"])
    tpu = next(row for row in rows if (row["Device"], row["Method"]) == ("coral-dev-1gb-tpu", "full"))
    assert "computes gradients" in tpu["Why"]


def test_the_batch_that_fits_is_the_last_one_under_the_line(document, told):
    """Read off the table of the plot, as a student would."""
    figure = batch(given(document, told, ["stm32f746"]))
    limit = ALL["stm32f746"].left_bytes
    own = told["devices"]["stm32f746"]["methods"]["full"]
    column = figure.columns.index("Full fine-tuning, bytes")
    sizes = {int(row[0]): int(row[column]) for row in figure.rows}
    below = [size for size, needed in sizes.items() if needed <= limit]
    assert max(below) <= own["largest_batch"] < 2 * max(below)
    assert sizes[16] == own["ram_needed_bytes"] > limit
    assert f"full fine-tuning {own['largest_batch']} inputs fit at once on the STM32F746" in figure.finding


def test_where_no_batch_ends_on_the_labs_board_the_smallest_one_is_drawn_and_it_is_said(document, told):
    figure = made(document, told, "training-batch", devices=["rpi-4-4gb"])
    assert told["devices"]["rpi-4-4gb"]["methods"]["full"]["largest_batch"] > MANY
    assert "On the Raspberry Pi 4, 4 GB more than 4\u2009096 inputs fit; drawn is the STM32F746" in figure.note
    assert "KiB" in figure.plot["layout"]["yaxis"]["title"]["text"]


def test_a_board_that_cannot_train_says_so(document, told):
    figure = made(document, told, "training-batch", devices=["coral-dev-1gb-tpu"])
    assert figure.note.startswith("The Coral Dev Board, 1 GB, Edge TPU cannot train")
    rows = made(document, told, "training", devices=["coral-dev-1gb-tpu"]).shown["methods"]
    assert rows[0]["badge"].word == "no gradients there"


def test_a_device_that_is_gone_and_a_lab_without_one_are_shown_without_a_board(document, told):
    for devices in ([], ["rpi-4-4gb"]):
        stripped = told | {"devices": {slug: one for slug, one in told["devices"].items() if slug != "rpi-4-4gb"}}
        figure = made(document, stripped, "training", devices=devices)
        assert figure.shown["board"] == ""
        assert made(document, stripped, "training-batch", devices=devices) is not None


def test_a_way_that_cannot_be_used_stands_there_with_its_reason(document, told):
    methods = [
        {"method": "imprint", "title": "Weight imprinting", "why": "Its last layer is not fully connected."},
        *(method for method in told["methods"] if method["method"] != "imprint"),
    ]
    rows = made(document, told | {"methods": methods}, "training").shown["methods"]
    assert rows[0]["why"] == "Its last layer is not fully connected."
    assert "bar" not in rows[0]


# -- on the page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def page_of(client, cast, tmp_path, document):
    def get(training):
        cast.lab.bench_spec = SPEC | {"devices": DEVICES, "training": {"batch": 16}}
        cast.lab.save()
        hand_in(cast, cast.ruth, onnx_like(tmp_path))
        run = finish(Outcome.MEASURED, given(document, training).result)
        client.force_login(cast.ruth)
        return run, client.get(run.get_absolute_url()).content.decode()

    return get


@pytest.mark.django_db
def test_the_page_shows_both_with_table_csv_and_plot(client, page_of, told):
    run, page = page_of(told)
    assert 'id="training"' in page
    assert 'id="training-batch"' in page
    assert "No row of this calibration measured training" in page
    assert "extrapolated" in page
    assert "style=" not in page[page.index('id="training"') : page.index('id="attempts"')]
    sent = client.get(f"{run.get_absolute_url()}figures/training-batch.json").json()
    go.Figure(**coloured(sent))
    rows = list(
        csv.reader(io.StringIO(client.get(f"{run.get_absolute_url()}figures/training.csv").content.decode("utf-8-sig")))
    )
    assert len(rows) == 1 + len(ALL) * len(Method)


@pytest.mark.django_db
@pytest.mark.parametrize("training", [None, {"reason": "It was stored before."}])
def test_a_result_that_was_stored_before_is_shown_without_them(client, page_of, training):
    run, page = page_of(training)
    assert 'id="training' not in page
    assert 'id="devices"' in page
    for slug in WHERE_ASKED:
        assert client.get(f"{run.get_absolute_url()}figures/{slug}.csv").status_code == 404


def test_they_come_last_and_only_where_asked(document, told):
    plain = [figure.slug for figure in figures_of(given(document, None))]
    assert [figure.slug for figure in figures_of(given(document, told))] == [*plain, "training", "training-batch"]
