"""The pages around a hand-in: what they say in each state, and that they ask the database the same for three people as for thirty."""

from datetime import timedelta

import plotly.graph_objects as go
import pytest
from django.core.cache import cache
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.courses.models import Enrolment, Role
from grading.bench.errors import BenchError
from grading.bench.on_device import Choice, device_json
from grading.bench.report import Report
from grading.figures import FIGURES, Given
from grading.figures.board_rows import budget_words
from grading.measuring import measure_run, worker
from grading.models import Run
from grading.selectors import run_attempts
from grading.services.runs import run_again
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import Outcome
from hardware.profiles import load_profiles
from tests.parts import ROOT
from tests.people import SPEC, hand_in, make_lab, make_user, onnx_like

MODELS = ROOT / "grading" / "demo" / "models"
pytestmark = pytest.mark.django_db


def finish(outcome, result):
    """The next run in line ends."""
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=outcome, result=result)
    return Run.objects.get(pk=lease.job_id)


@pytest.fixture
def measured(cast, tmp_path, document):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    return finish(Outcome.MEASURED, document)


# -- a measured run ---------------------------------------------------------------------------------------------------


def test_the_result_page_gives_points_their_arithmetic_and_the_fit(client, cast, measured, document):
    client.force_login(cast.ruth)
    page = client.get(measured.get_absolute_url()).content.decode()
    assert f'{document["earned"]} <span class="rest">of {document["of"]} measured points</span>' in page
    for line in document["points"]:
        assert line["title"] in page and line["earned"] in page
    assert f"{document['quality']['correct']} of {document['quality']['n']} are right." in page
    assert measured.submission.sha256 not in page  # the hash on the page is the measured file's
    assert document["report"]["sha256"] in page


@pytest.mark.parametrize("slug", FIGURES)
def test_each_figure_is_one_that_plotly_takes_and_has_its_table(client, cast, measured, document, slug):
    figure = FIGURES[slug](Given(document, BenchSpec.parse(SPEC), load_profiles()))
    assert figure.finding.endswith(".")
    assert figure.rows
    assert {len(row) for row in figure.rows} == {len(figure.columns)}
    client.force_login(cast.ruth)
    sent = client.get(f"{measured.get_absolute_url()}figures/{slug}.json").json()
    if figure.plot is None:
        assert sent == {}
    else:
        go.Figure(**coloured(sent))  # plotly's own validators know every key and every type
    table = client.get(f"{measured.get_absolute_url()}figures/{slug}.csv").content.decode()
    assert len(table.strip().splitlines()) == len(figure.rows) + 1


def test_a_result_holds_each_device_of_the_course_and_operators_only_of_the_labs(document):
    devices = document["environment"]["devices"]
    assert set(devices) == set(load_profiles())
    one = devices["rpi-4-4gb"]
    assert (one["fits"], one["name"], one["battery_hours"]) == (True, "Raspberry Pi 4, 4 GB", pytest.approx(4000 / 600))
    assert (one["latency_ms"] is None) == bool(one["reason"])
    assert all(device["operators"] == [] for device in devices.values())  # the lab names none
    assert "fits" not in document["environment"]


def test_a_course_says_by_what_hours_on_a_charge_are_counted(cast, document):
    assert document["environment"]["budget"] == {"convention": "nominal_current", "volts": 5.0, "capacity_mah": 4000.0}
    assert worker.budget_of(cast.course) == Choice()
    cast.course.facts = cast.course.facts | {
        "budget": {"convention": "load_minus_idle", "volts": 3.85, "capacity_mah": 2000}
    }
    choice = worker.budget_of(cast.course)
    assert choice == Choice(convention="load_minus_idle", volts=3.85, capacity_mah=2000)
    words = budget_words(measure_run.budget_json(choice)).replace("\u202f", " ").replace("\u2009", " ")
    assert words == "Hours on 2 000 mAh at 3.85 V: of each device by what the model adds to an idle board."
    half = device_json(Report.from_json(inspected(document)), load_profiles()["rpi-4-4gb"], Choice(capacity_mah=2000))
    assert half["battery_hours"] == pytest.approx(2000 / 600)


def inspected(document):
    """The report as the sandbox gave it."""
    return {key: value for key, value in document["report"].items() if key != "file"}


def coloured(value):
    """As static/js/plots.js does it: names of tokens become colours, nothing else does."""
    if isinstance(value, str):
        return "#123456" if value.startswith("--") else value
    if isinstance(value, list):
        return [coloured(item) for item in value]
    return {key: coloured(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_the_parts_of_the_memory_add_up_to_what_is_live(document):
    rows = FIGURES["memory"](Given(document, BenchSpec.parse(SPEC), load_profiles())).rows
    assert all(int(read) + int(written) + int(kept) == int(live) for _, _, read, written, kept, live in rows)
    assert max(int(row[-1]) for row in rows) == document["report"]["peak_activation_bytes"]


def test_the_layers_add_up_to_the_whole_model(document):
    rows = FIGURES["layers"](Given(document, BenchSpec.parse(SPEC), load_profiles())).rows
    assert sum(int(row[5]) for row in rows) == document["report"]["macs"]
    assert sum(int(row[7]) for row in rows) == document["report"]["params"]


def test_a_result_whose_drawing_was_stored_without_places_is_still_drawn(client, cast, measured, document):
    old = [
        line | {"drawing": line["drawing"] and {k: v for k, v in line["drawing"].items() if k != "beyond"}}
        for line in document["points"]
    ]
    for line in old:
        for label in (line["drawing"] or {}).get("labels", []):
            label.pop("is_placed", None)
    measured.result.points = old
    measured.result.save()
    client.force_login(cast.ruth)
    page = client.get(measured.get_absolute_url()).content.decode()
    assert page.count('class="rule-drawing"') == 2


def test_the_table_of_a_figure_is_a_button_with_scripts_and_a_summary_without(client, cast, measured):
    client.force_login(cast.ruth)
    page = client.get(measured.get_absolute_url()).content.decode()
    assert '<button type="button" class="linkish" data-unfold="memory-table" aria-controls="memory-table"' in page
    assert "<summary>Table</summary>" in page


# -- a run that was stopped -------------------------------------------------------------------------------------------

STOPPED = [
    (Outcome.REFUSED, BenchError("input_mismatch", "This model expects 1×3×32×32.", details={"shape": [1, 1, 8, 8], "compare": [
        {"label": "Input shape", "yours": "1×3×32×32", "gives": "1×1×8×8", "same": False}]}), "before an attempt is counted"),
    (Outcome.TIMED_OUT, BenchError("timed_out", "The model was still running after 60 s.", outcome="timed_out"), "One attempt, because"),
    (Outcome.OUT_OF_MEMORY, BenchError("out_of_memory", "It needed more.", outcome="out_of_memory"), "One attempt, because"),
    (Outcome.CRASHED, BenchError("crashed_signal", "The runtime crashed.", outcome="crashed"), "One attempt, because"),
    (Outcome.MISBEHAVED, BenchError("output_flood", "The model printed more.", outcome="misbehaved"), "One attempt, because"),
    (Outcome.INFRASTRUCTURE, BenchError("infrastructure", "Our machine failed.", outcome="infrastructure"), "not counted as an attempt"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "error", "cost"), STOPPED, ids=[str(outcome) for outcome, _, _ in STOPPED])
def test_a_stopped_run_says_what_happened_what_to_do_and_what_it_cost(client, cast, tmp_path, outcome, error, cost):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    run = finish(outcome, error.to_json())
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert error.message in page and error.code in page and cost in page
    assert "What to do" in page


def test_what_a_model_says_is_never_markup(client, cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path, name="<img src=x onerror=alert(1)>.onnx"))
    error = BenchError(
        "crashed_signal", "<script>alert(2)</script>", outcome="crashed", details={"stderr": "<b onload=x>"}
    )
    run = finish(Outcome.CRASHED, error.to_json())
    client.force_login(cast.ruth)
    for address in (
        run.get_absolute_url(),
        run.submission.get_absolute_url(),
        f"/courses/{cast.course.slug}/assignments/lab1/",
    ):
        page = client.get(address).content.decode()
        assert "<img src=x" not in page and "<script>alert" not in page and "<b onload" not in page


# -- before and around it ---------------------------------------------------------------------------------------------


def test_a_waiting_run_says_its_place_in_line(client, cast, tmp_path):
    hand_in(cast, cast.daniel, onnx_like(tmp_path))
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    client.force_login(cast.ruth)
    page = client.get(submission.runs.get().get_absolute_url()).content.decode()
    assert "Second in line" in page
    assert 'hx-trigger="every 1s"' in page


def test_when_a_run_has_ended_the_live_part_tells_the_browser_to_load_the_result(client, cast, measured):
    client.force_login(cast.ruth)
    answer = client.get(f"{measured.get_absolute_url()}live/")
    assert (answer.status_code, answer["HX-Refresh"]) == (200, "true")


@pytest.mark.parametrize(
    ("due_in", "words"), [(timedelta(days=2), "left"), (timedelta(minutes=2), "left"), (timedelta(hours=-5), "late")]
)
def test_the_lab_page_counts_to_the_due_time(client, cast, due_in, words):
    cast.lab.due_at = timezone.now() + due_in
    cast.lab.save()
    client.force_login(cast.ruth)
    page = client.get(cast.lab.get_absolute_url()).content.decode()
    assert (
        f'data-relative="bare">{numbers.span(abs(due_in))}' in page
        or f'data-relative="bare">{numbers.span(abs(due_in) - timedelta(seconds=1))}' in page
    )
    assert f"</time> {words}</h2>" in page
    assert ("tone-warn" in page) == (due_in < timedelta(hours=1))


def test_staff_see_the_attempts_of_the_student_on_the_receipt(client, cast, measured):
    client.force_login(cast.amit)
    page = client.get(measured.submission.get_absolute_url()).content.decode()
    assert str(measured.submission.number) in page and "None yet" not in page
    assert "Hand in another" not in page


def test_the_home_says_what_the_best_attempt_has_reached(client, cast, measured, document):
    client.force_login(cast.ruth)
    page = client.get(cast.course.get_absolute_url()).content.decode()
    assert f"Your best attempt has {document['earned']} of {document['of']} measured points." in page
    client.force_login(cast.daniel)
    assert "Your best attempt" not in client.get(cast.course.get_absolute_url()).content.decode()


PAGES = {
    "home": ("", 28), "schedule": ("schedule/", 34), "assignments": ("assignments/", 13), "lab": ("assignments/lab1/", 18),
    "submissions": ("submissions/", 14), "csv": ("submissions.csv", 12),
}  # fmt: skip


def more_students(cast, tmp_path, document, first, last):
    for n in range(first, last):
        person = make_user(f"Student{n}")
        Enrolment.objects.create(course=cast.course, person=person, role=Role.STUDENT)
        hand_in(cast, person, onnx_like(tmp_path, more=bytes([n])))
        finish(Outcome.MEASURED, document)


@pytest.mark.parametrize("who", ["ruth", "amit"])
def test_a_page_asks_as_often_for_thirty_people_as_for_three(
    client, cast, tmp_path, document, who, django_assert_max_num_queries
):
    client.force_login(getattr(cast, who))
    hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"zz"))
    finish(Outcome.MEASURED, document)
    asked = []
    for first, last in ((0, 3), (3, 30)):
        more_students(cast, tmp_path, document, first, last)
        for name, (path, most) in PAGES.items():
            if who == "ruth" and name in ("submissions", "csv"):
                continue
            cache.clear()  # or a look of the staff within ten minutes is not written again, and the second time asks less
            with django_assert_max_num_queries(most) as queries:
                assert client.get(f"/courses/{cast.course.slug}/{path}").status_code == 200
            asked.append((name, len(queries)))
    half = len(asked) // 2
    assert asked[:half] == asked[half:]


def test_the_result_page_asks_as_often_for_ten_attempts_as_for_one(
    client, cast, tmp_path, document, django_assert_max_num_queries
):
    client.force_login(cast.ruth)
    asked = []
    for attempt in range(10):
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=bytes([attempt + 1])))
        run = finish(Outcome.MEASURED, document)
        with django_assert_max_num_queries(21) as queries:
            assert client.get(run.get_absolute_url()).status_code == 200
        asked.append(len(queries))
    assert len(set(asked)) == 1


def test_a_refused_model_leaves_overdue_work_overdue(client, cast, tmp_path):
    cast.lab.due_at = timezone.now() - timedelta(days=3)
    cast.lab.save()
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    finish(Outcome.REFUSED, BenchError("input_mismatch", "Another shape.").to_json())
    client.force_login(cast.ruth)
    home = client.get(cast.course.get_absolute_url()).content.decode()
    assert "<h2 >Overdue</h2>" in home.replace("<h2>", "<h2 >")
    assert "overdue" in client.get(f"/courses/{cast.course.slug}/assignments/").content.decode()
    client.force_login(cast.amit)
    assert "0 of 3" in client.get(cast.course.get_absolute_url()).content.decode()


def test_a_lab_handed_in_on_time_is_not_called_late(client, cast, tmp_path, document):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    finish(Outcome.MEASURED, document)
    cast.lab.due_at = timezone.now() + timedelta(seconds=1)
    cast.lab.submissions.update(due_at=cast.lab.due_at)
    cast.lab.due_at -= timedelta(days=2)
    cast.lab.save()
    client.force_login(cast.ruth)
    page = client.get(cast.lab.get_absolute_url()).content.decode()
    assert "Handed in on time" in page and "another attempt would be late" in page
    client.force_login(cast.daniel)
    assert "You can still hand in" in client.get(cast.lab.get_absolute_url()).content.decode()
    client.force_login(cast.helen)
    assert "Was due" in client.get(cast.lab.get_absolute_url()).content.decode()


def test_an_attempt_measured_twice_is_one_row_and_a_refused_one_is_listed(client, cast, tmp_path, document):
    hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"a"))
    finish(Outcome.REFUSED, BenchError("input_mismatch", "Another shape.").to_json())
    hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"b"))
    first = finish(Outcome.MEASURED, document)
    run_again(visit=cast.visit(cast.helen), run=first)
    second = finish(Outcome.MEASURED, document)
    rows = run_attempts.attempts_of(second)
    assert [(row["number"], row["again"], row.get("earned") is not None) for row in rows] == [
        (2, "run 2", True),
        (1, "", False),
    ]


def test_an_operator_sees_whether_the_site_is_well(client, cast):
    client.force_login(cast.olu)
    page = client.get("/").content.decode()
    assert "Is the site well" in page and "waiting for the first task of worker" in page
    client.force_login(cast.oscar)
    assert "Is the site well" not in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("name", "said"),
    [("model.onnx", "torch.zeros(1, 1, 8, 8)"), ("model.tflite", "keras.Input(batch_shape=(1, 8, 8, 1))")],
)
def test_the_way_out_speaks_the_format_that_was_handed_in(client, cast, tmp_path, name, said):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    submission.format = name.partition(".")[2]
    submission.save()
    compare = [
        {"label": "Input shape", "yours": "1×3×32×32", "gives": "1×1×8×8", "same": False},
        {"label": "Output", "yours": "1×12", "gives": "1×10", "same": False},
    ]
    run = finish(
        Outcome.REFUSED, BenchError("input_mismatch", "Another shape.", details={"compare": compare}).to_json()
    )
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert said in page and "Give its last layer 10 outputs." in page


@pytest.mark.parametrize("who", ["ruth", "helen"])
def test_assignments_stand_in_the_order_in_which_they_are_due(client, cast, who):
    for n, days in enumerate((30, 10, 20), 2):
        make_lab(cast.course, f"lab{n}", short=f"Lab {n}", due_at=timezone.now() + timedelta(days=days))
    client.force_login(getattr(cast, who))
    page = client.get(f"/courses/{cast.course.slug}/assignments/").content.decode()
    assert sorted(("Lab 1:", "Lab 2:", "Lab 3:", "Lab 4:"), key=page.index) == ["Lab 1:", "Lab 3:", "Lab 4:", "Lab 2:"]
