"""The page of a result: another board, its downloads, own attempts, what does not fit."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.utils import timezone

from grading.advice import too_big
from grading.models import Run
from grading.selectors import run_attempts
from grading.selectors.results import run_get
from hardware import leases
from hardware.models import Outcome
from tests.grading.figures.results import BOARD, document_of, plain, spec_with
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


def finish(result):
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=Outcome.MEASURED, result=result)
    return Run.objects.get(pk=lease.job_id)


@pytest.fixture
def lab(cast):
    """The lab with a board and limits."""
    spec = spec_with("latency_ms", "peak_activation_bytes", "model_bytes")
    raw = dict(cast.lab.bench_spec) | {
        "devices": [BOARD],
        "criteria": cast.lab.bench_spec["criteria"][:2]
        + [
            {
                "key": c.key,
                "title": c.title,
                "metric": c.metric,
                "points": 1,
                "rule": {"kind": "steps", "steps": [list(step) for step in c.rule.steps]},
            }
            for c in spec.criteria[2:]
        ],
    }
    cast.lab.bench_spec = raw
    cast.lab.save()
    return spec


def attempt(cast, tmp_path, spec, n=1, **network):
    hand_in(cast, cast.ruth, onnx_like(tmp_path, more=bytes([n])))
    return finish(document_of(spec, modules=True, **network))


def page_of(client, person, run, query=""):
    client.force_login(person)
    answer = client.get(run.get_absolute_url() + query)
    assert answer.status_code == 200
    return plain(unescape(answer.content.decode()))


def test_the_page_shows_costs_and_hints_of_the_labs_board(client, cast, lab, tmp_path):
    page = page_of(client, cast.ruth, attempt(cast, tmp_path, lab))
    assert "17.9 ms (17-19): no points, 12.9 ms above the line for all." in page
    assert "What would help" in page and "under the line at 9.00 ms" in page
    assert 'data-tree="layers"' in page and "start and end" in page
    assert "The peak is 882 KiB" in page


def test_a_page_that_was_kept_says_at_once_what_has_changed(client, cast, lab, tmp_path):
    run = attempt(cast, tmp_path, lab)
    assert "By hand" not in page_of(client, cast.ruth, run) + page_of(client, cast.ruth, run)
    result = run.result
    result.points[0] |= {"title": "By hand", "earned": "0.25"}
    result.save()
    assert "By hand" in page_of(client, cast.ruth, run)
    cast.lab.short, cast.lab.attempts_allowed = "Lab Z", 77
    cast.lab.save()
    assert "1 of 77 counted attempts used" in page_of(client, cast.ruth, run)
    attempt(cast, tmp_path, lab, 2)
    assert "2 of 77 counted attempts used" in page_of(client, cast.ruth, run)


def class_of(page):
    return page[page.index('id="class"') :].split("</section>")[0]


def test_the_figure_of_the_class_says_at_once_who_has_come(client, cast, lab, tmp_path):
    run = attempt(cast, tmp_path, lab)
    alone = class_of(page_of(client, cast.ruth, run))
    assert class_of(page_of(client, cast.ruth, run)) == alone
    hand_in(cast, cast.daniel, onnx_like(tmp_path, more=b"zz"))
    finish(document_of(lab, modules=True))
    assert class_of(page_of(client, cast.ruth, run)) != alone


def test_another_board_is_shown_when_it_is_asked_for_and_its_figures_ask_the_same(client, cast, lab, tmp_path):
    run = attempt(cast, tmp_path, lab)
    page = page_of(client, cast.ruth, run, "?board=jetson-nano-4gb")
    assert '<option value="jetson-nano-4gb" selected>' in page
    assert "figures/layers.csv?board=jetson-nano-4gb" in page and "figures/roofline.json?board=jetson-nano-4gb" in page
    assert "17.9 ms (17-19)" in page  # what is graded is that of the lab's board
    mine = client.get(f"{run.get_absolute_url()}figures/layers.csv").content
    other = client.get(f"{run.get_absolute_url()}figures/layers.csv?board=jetson-nano-4gb").content
    assert mine != other


@pytest.mark.parametrize("board", ["none", "../x", "<b>", "x" * 500])
def test_an_unknown_board_is_a_clear_sentence(client, cast, lab, tmp_path, board):
    run = attempt(cast, tmp_path, lab)
    client.force_login(cast.ruth)
    for address in ("", "figures/layers.json", "figures/layers.csv"):
        answer = client.get(run.get_absolute_url() + address, {"board": board})
        assert answer.status_code == 422
        assert "unknown_board" in answer.content.decode()


def test_the_points_and_metrics_come_as_csv(client, cast, lab, tmp_path):
    run = attempt(cast, tmp_path, lab)
    client.force_login(cast.ruth)
    answer = client.get(f"{run.get_absolute_url()}result.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    points = [row for row in rows if row["Kind"] == "points"]
    assert [row["Key"] for row in points] == [line["key"] for line in run.result.points] + ["all"]
    assert sum(Decimal(row["Earned"]) for row in points[:-1]) == Decimal(points[-1]["Earned"]) == run.result.earned
    metrics = {row["Key"]: float(row["Value"]) for row in rows if row["Kind"] == "metric"}
    assert metrics == pytest.approx(run.result.metrics)
    client.force_login(cast.daniel)
    assert client.get(f"{run.get_absolute_url()}result.csv").status_code == 404


def test_a_run_without_a_result_has_no_csv(client, cast, tmp_path):
    run = hand_in(cast, cast.ruth, onnx_like(tmp_path)).runs.get()
    client.force_login(cast.ruth)
    answer = client.get(f"{run.get_absolute_url()}result.csv")
    assert answer.status_code == 409 and "no_result" in answer.content.decode()


def test_figures_below_a_figure_have_their_own_address(client, cast, lab, tmp_path):
    run = attempt(cast, tmp_path, lab)
    client.force_login(cast.ruth)
    for slug in ("first-ten", "spread"):
        assert client.get(f"{run.get_absolute_url()}figures/{slug}.json").json()["data"]
    assert client.get(f"{run.get_absolute_url()}figures/nothing.json").status_code == 404


def test_what_does_not_fit_is_drawn_with_ways_out(client, cast, lab, tmp_path):
    page = page_of(client, cast.ruth, attempt(cast, tmp_path, lab, width=1.0, resolution=224, quantised=False))
    assert "Too big for the lab's memory limit" in page
    assert 'class="overrun"' in page and "Then hand in again." in page
    assert page.index("Too big for the lab's memory limit") < page.index("measured points") < page.index('id="points"')
    assert "does not fit" in page and "Points so far" in page
    assert "style=" not in page.partition('class="overrun"')[2].partition("</svg>")[0]


@pytest.mark.parametrize(
    ("need", "times"),
    [(1.05, "a little more than"), (2.0, "twice"), (2.97, "three times"), (1.2, "1.2 times"), (7.0, "7.0 times")],
)
def test_how_much_too_big_it_is_is_said_as_people_say_it(need, times):
    assert too_big._times(need) == f"{times} the limit"


@pytest.mark.parametrize(
    ("share", "anchor", "below"), [(0.1, "start", "55.0%"), (0.5, "middle", "75.0%"), (0.9, "end", "100%")]
)
def test_words_of_the_drawing_stay_inside_it(share, anchor, below):
    assert (too_big._anchor(share), too_big._over_x(share)) == (anchor, below)


# -- own attempts -----------------------------------------------------------------------------------------------------


def test_attempts_say_latency_inferences_what_changed_and_what_it_brought(client, cast, lab, tmp_path):
    attempt(cast, tmp_path, lab, 1, width=1.0, resolution=160, quantised=False)
    last = attempt(cast, tmp_path, lab, 2, width=0.5, resolution=160, quantised=True)
    newest, first = run_attempts.attempts_of(last)
    assert newest["interval_ms"] == tuple(last.result.environment["devices"][BOARD]["latency_interval_ms"])
    assert newest["changed"].startswith("8.1 bits a weight for 32, ") and "fewer MACs" in newest["changed"]
    assert float(newest["change"]) == pytest.approx(float(newest["earned"] - first["earned"]))
    assert (first["change"], first["changed"]) == ("", "")
    assert run_attempts.with_inferences([newest, first], last.result.environment["devices"][BOARD])
    page = page_of(client, cast.ruth, last)
    assert newest["inferences"].replace("\u2009", " ") in page
    assert "Attempt 1" in client.get(f"{last.get_absolute_url()}figures/latency.csv").content.decode()


def test_an_earlier_attempt_without_modelled_numbers_is_still_a_row(client, cast, lab, tmp_path):
    old = attempt(cast, tmp_path, lab, 1)
    old.result.metrics = {
        key: old.result.metrics[key] for key in ("accuracy", "macs", "model_bytes", "peak_activation_bytes")
    }
    old.result.environment = {}
    old.result.save()
    last = attempt(cast, tmp_path, lab, 2)
    assert "Attempts" in page_of(client, cast.ruth, last)
    assert "Attempt 1" not in client.get(f"{last.get_absolute_url()}figures/latency.csv").content.decode()
    # its own page computes it from its own graph
    assert "Attempt 1" in client.get(f"{old.get_absolute_url()}figures/latency.csv").content.decode()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"macs": 100, "params": 10}, {"macs": 50, "params": 10}, "50 % fewer MACs"),
        ({"macs": 100, "params": 10}, {"macs": 300, "params": 12}, "3.0 times the MACs, 20 % more parameters"),
        ({"macs": 100, "params": 10}, {"macs": 101, "params": 10}, "the same counts"),
        ({"macs": 0, "params": 0}, {"macs": 5, "params": 0}, "the same counts"),
    ],
)
def test_what_changed_in_words(before, after, words):
    rows = [{"format": "onnx", "metrics": metrics} for metrics in (before, after)]
    assert plain(run_attempts.changed_words(*rows)) == words


def test_only_the_newest_result_is_read_whole(cast, lab, tmp_path, django_assert_num_queries):
    """Thirty reports would take seconds: earlier results are read for their flat numbers alone."""
    for n in range(3):
        last = attempt(cast, tmp_path, lab, n + 1)
    run = run_get(cast.visit(cast.ruth), last.pk)
    with django_assert_num_queries(2) as asked:
        run_attempts.attempts_of(run)
    assert all('"report"' not in query["sql"] and '"quality"' not in query["sql"] for query in asked.captured_queries)
