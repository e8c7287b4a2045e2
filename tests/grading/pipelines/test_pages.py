"""A pipeline on the pages: what the lab asks for, what is refused at once, how far a run is, what a result tells, and its form."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from courseplatform.core.errors import BadInput
from grading.course_file.assignment_item import item_of, session_days
from grading.course_file.item_check import refused_in_item
from grading.hidden_sets.fit import misfits
from grading.measuring import worker
from grading.models import Assignment, Run, Submission
from grading.models.runs import Phase, step_of
from grading.spec import BenchSpec
from hardware.models import Job, Status
from tests.grading.bench.tiny import tiny_onnx
from tests.grading.editing.editing import form_of, sent
from tests.grading.measuring.test_worker import StillHeart
from tests.grading.pipelines.stages import DEMO, THREE, TWO, cut_in_two, dense, upload
from tests.people import hand_in, make_lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(cast, data_dir):
    return make_lab(cast.course, "two", bench_spec=TWO, short="Lab 2")


@pytest.fixture
def run_it(cast, monkeypatch):
    """Hand in and measure in the real sandbox."""
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)

    def run(lab, file, person=None):
        made = hand_in(cast, person or cast.ruth, file, lab=lab).runs.get()
        Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        assert worker.work_once("bench@test")
        return Run.objects.select_related("result", "submission__assignment__course").get(pk=made.pk)

    return run


def stored(cast, slug, **fields):
    """As it comes out of the database."""
    return Assignment.objects.get(pk=make_lab(cast.course, slug, **fields).pk)


def page_of(client, person, url):
    client.force_login(person)
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# -- the lab ----------------------------------------------------------------------------------------------------------


def test_the_lab_shows_a_place_for_each_stage_and_takes_a_zip(client, cast, two):
    page = page_of(client, cast.ruth, two.get_absolute_url())
    assert "Hand in a pipeline of 2 models" in page
    assert page.count("data-stage=") == 2
    assert "is given what Encoder answers" in page
    assert 'accept=".zip"' in page
    assert "js/stages.js" in page
    assert "Encoder, then Classify" in page


def test_a_lab_of_one_model_knows_no_stages(client, cast, data_dir):
    page = page_of(client, cast.ruth, cast.lab.get_absolute_url())
    assert "data-stage" not in page
    assert "Hand in a model" in page


def test_what_each_stage_is_given_is_said_with_how_often(client, cast, data_dir):
    lab = make_lab(cast.course, "three", bench_spec=THREE)
    page = page_of(client, cast.ruth, lab.get_absolute_url())
    assert "is measured on made-up numbers, 1×1×6×6, 2 times for each input" in page
    assert "is measured on made-up numbers, its own input" in page


# -- handing in -------------------------------------------------------------------------------------------------------


def test_a_pipeline_is_one_attempt_with_one_file(cast, two, tmp_path):
    submission = hand_in(cast, cast.ruth, upload(tmp_path / "both.zip", cut_in_two(tmp_path)), lab=two)
    assert (submission.format, submission.file_name, submission.number) == ("pipeline", "both.zip", 1)
    assert Path(submission.model_file.path).name == "model.zip"


@pytest.mark.parametrize(
    ("members", "code"),
    [([("encode.onnx", b"x")], "stage_missing"), ([("detect.onnx", b"x")], "unknown_stage"), ([("encode.onnx/", b"")], "in_a_folder")],
)  # fmt: skip
def test_a_wrong_zip_is_refused_before_anything_is_recorded(cast, two, tmp_path, members, code):
    with pytest.raises(BadInput) as refused:
        hand_in(cast, cast.ruth, upload(tmp_path / "wrong.zip", members), lab=two)
    assert refused.value.code == code
    assert not Submission.objects.exists()


def test_a_single_model_is_told_how_the_zip_has_to_be(client, cast, two):
    client.force_login(cast.ruth)
    url = reverse("grading:hand_in", args=["odml", "two"])
    with (DEMO / "digits-narrow.onnx").open("rb") as file:
        answer = client.post(url, {"model": file, "upload_key": "8b2f5a5e-3d5b-4c8e-9a3f-0f2f3b9b7c11"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This is no zip archive. The lab takes one .zip with a model for each stage: encode and classify" in page


# -- running ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "step"),
    [("timing", (Phase.TIMING, 0)), ("timing:2", (Phase.TIMING, 2)), ("", (None, 0)), ("odd:2", (None, 2)), ("check:x", (Phase.CHECK, 0))],
)  # fmt: skip
def test_a_phase_may_name_its_stage(phase, step):
    assert step_of(phase) == step


def test_the_page_of_a_run_says_which_stage_is_measured(client, cast, two, tmp_path):
    run = hand_in(cast, cast.ruth, upload(tmp_path / "both.zip", cut_in_two(tmp_path)), lab=two).runs.get()
    now = timezone.now()
    Job.objects.filter(pk=run.pk).update(
        status=Status.RUNNING, phase="timing:2", progress_done=200, progress_total=3000, leased_at=now, started_at=now, phase_started_at=now
    )  # fmt: skip
    page = page_of(client, cast.ruth, run.get_absolute_url())
    assert "Measuring: classify, 2 of 2, timing on the host" in page
    assert "classify, 2 of 2: 200 of 3 000" in page


# -- the result -------------------------------------------------------------------------------------------------------


def test_the_result_tells_the_stages_and_every_figure_reads_them(
    client, cast, two, tmp_path, run_it, django_assert_max_num_queries
):
    run = run_it(two, upload(tmp_path / "both.zip", cut_in_two(tmp_path)))
    with django_assert_max_num_queries(43):  # two of them once in a session: whether this person is of any staff
        page = page_of(client, cast.ruth, run.get_absolute_url())
    assert page.index('id="stages"') < page.index('id="latency"')
    assert "Encoder takes" in page
    assert "frames a second on the Raspberry Pi 4, 4 GB." in page
    assert "encode.onnx," in page
    rows = (
        client.get(reverse("grading:run_csv", args=["odml", run.pk, "stages"])).content.decode("utf-8-sig").splitlines()
    )
    assert [row.split(",")[0] for row in rows] == ["Stage", "encode", "classify"]
    told = client.get(reverse("grading:run_json", args=["odml", run.pk])).json()
    assert [stage["key"] for stage in told["report"]["stages"]] == ["encode", "classify"]
    assert len(told["environment"]["stages"]) == 2
    points = client.get(reverse("grading:run_result_csv", args=["odml", run.pk])).content.decode()
    assert "stage,encode,Encoder: work," in points
    other = page_of(client, cast.ruth, f"{run.get_absolute_url()}?board=jetson-nano-4gb")
    assert "frames a second on the Jetson Nano, 4 GB." in other


def test_a_result_that_is_not_scored_has_no_figure_of_accuracy(client, cast, data_dir, tmp_path, run_it):
    lab = make_lab(cast.course, "three", bench_spec=THREE)
    members = [
        ("detect.onnx", (DEMO / "digits-narrow.onnx").read_bytes()),
        ("landmarks.onnx", tiny_onnx(tmp_path / "l.onnx").read_bytes()),
        dense(tmp_path / "gaze.onnx", 6, 10),
    ]
    run = run_it(lab, upload(tmp_path / "three.zip", members))
    page = page_of(client, cast.ruth, run.get_absolute_url())
    assert 'id="accuracy"' not in page
    assert ", 2 times" in page
    assert client.get(reverse("grading:run_csv", args=["odml", run.pk, "accuracy"])).status_code == 404
    for url in (lab.get_absolute_url(), run.submission.get_absolute_url(), reverse("courses:home", args=["odml"])):
        assert client.get(url).status_code == 200
    client.force_login(cast.helen)
    assert client.get(reverse("grading:submissions", args=["odml"]), {"assignment": "three"}).status_code == 200
    assert client.get(reverse("grading:leaderboard", args=["odml", "three"])).status_code in (200, 404)


def test_a_refused_pipeline_names_the_stage_and_what_to_do(client, cast, two, tmp_path, run_it):
    encode, classify = cut_in_two(tmp_path)
    swapped = [("encode.onnx", classify.read_bytes()), ("classify.onnx", encode.read_bytes())]
    run = run_it(two, upload(tmp_path / "swapped.zip", swapped))
    page = page_of(client, cast.ruth, run.get_absolute_url())
    assert run.outcome == "refused"
    assert "encode.onnx: This model expects an input of 1×8×4×4" in page
    assert "The check comes before an attempt is counted" in page


def test_two_attempts_are_compared_stage_by_stage(client, cast, two, tmp_path, run_it):
    for name in ("digits-narrow.onnx", "digits-middle.onnx"):
        folder = tmp_path / name
        folder.mkdir()
        run_it(two, upload(folder / "both.zip", cut_in_two(folder, name)))
    page = page_of(client, cast.ruth, reverse("grading:compare", args=["odml", "two"]))
    assert "Encoder: latency" in page
    assert "Classify: work" in page


# -- the form and the file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [TWO, THREE])
def test_stages_come_back_from_the_form_as_they_were(cast, data_dir, spec):
    row = stored(cast, "three", bench_spec=spec)
    form = form_of(row, sent(row))
    assert form.is_valid(), [one.errors for one in (form, form.bench, *form.stages)]
    assert form.item() == item_of(row, session_days(row.course))


def test_a_wrong_stage_is_refused_at_its_field(cast, data_dir):
    row = stored(cast, "three", bench_spec=THREE)
    form = form_of(row, sent(row, **{"stages-1-calls": "17"}))
    assert form.is_valid()
    for refused in refused_in_item(form.item(), row.course):
        form.refuse(refused)
    assert [error.code for error in form.stages.forms[1].errors["calls"].data] == ["bench_spec"]


def test_taking_all_stages_away_leaves_a_lab_of_one_model(cast, data_dir):
    row = stored(cast, "two", bench_spec=TWO)
    form = form_of(row, sent(row, **{"stages-count": "0"}))
    assert form.is_valid()
    assert "pipeline" not in form.item()["bench"]


def test_a_family_and_a_pipeline_exclude_each_other(cast, data_dir):
    row = stored(cast, "two", bench_spec=TWO)
    item = item_of(row, session_days(row.course))
    item["parts"] = [{"key": "family", "kind": "models", "title": "Family", "least": 2, "most": 4, "vary": ["depth"]}]
    assert "measured one by one" in " ".join(one.sentence for one in refused_in_item(item, row.course))


def test_labels_of_any_task_serve_a_pipeline_that_is_not_scored():
    facts = {"task": "anomaly", "shape": [1, 8, 8], "low": 0, "high": 16, "count": 4}
    assert misfits(BenchSpec.parse(THREE), facts) == []
    assert misfits(BenchSpec.parse(TWO), facts) != []


def test_the_rows_of_a_page_stay_bounded_whatever_the_pipeline(client, cast, two, django_assert_max_num_queries):
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(30):
        client.get(two.get_absolute_url())
