"""Tasks on the pages: a set is sent for one, a lab is edited for one, a result of one and one of before are shown."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseplatform.core.leaving import STAYS, leaving_sweep
from grading.bench.errors import BenchError
from grading.bench.sandbox import detect
from grading.course_file.item_check import refused_in_item
from grading.figures import FIGURES, Given
from grading.measuring.signature import check_signature
from grading.models import HiddenSet, Run
from grading.selectors.compare import compare
from grading.services.assignment_editing import not_ready
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import Outcome
from tests.grading.editing.editing import form_of, sent
from tests.grading.handing_in.test_hidden_sets import npy
from tests.grading.measuring.test_signature import report
from tests.grading.ml_tasks.labs import LABS
from tests.grading.ml_tasks.specs import OF_TASK, criterion, raw
from tests.people import SPEC, hand_in, make_lab, onnx_like

pytestmark = pytest.mark.django_db
PAGE = "/courses/odml/hidden-sets/"


def finish(outcome, result):
    """The next run in line ends."""
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=outcome, result=result)
    return Run.objects.get(pk=lease.job_id)


def of_task(cast, bench, **more):
    """A lab as it comes out of the database."""
    row = make_lab(cast.course, slug="of-task", bench_spec=bench, **more)
    row.refresh_from_db()
    return row


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """What really comes out of the engine for two tasks."""
    box = detect("auto")
    return {
        name: LABS[name]().measure(tmp_path_factory.mktemp(name), box, criterion(main))
        for name, main in (("detection", "map"), ("anomaly", "roc_auc"))
    }


# -- sets -------------------------------------------------------------------------------------------------------------


def send(client, lab, task=None, **more):
    files = {"inputs": npy(lab.inputs)} | ({} if lab.labels is None else {"labels": npy(lab.labels)}) | more
    sent_files = {name: SimpleUploadedFile(f"{name}.npy", content) for name, content in files.items()}
    return client.post(PAGE, {"title": "Sent", "task": task or lab.task} | sent_files)


@pytest.mark.parametrize("name", LABS)
def test_a_set_of_each_task_is_taken_listed_and_fits_its_lab(client, cast, data_dir, name):
    lab = LABS[name]()
    client.force_login(cast.helen)
    assert send(client, lab).status_code == 302
    row = HiddenSet.objects.get(course=cast.course)
    assert row.facts["task"] == lab.task and (row.labels_file == "") is (lab.labels is None)
    kept = sorted(path.name for path in (Path(data_dir) / "hidden").glob("sent-*"))
    assert kept == sorted(filter(None, (row.inputs_file, row.labels_file)))
    page = client.get(PAGE).content.decode()
    assert lab.spec().kind.title in page and lab.spec().kind.labels_words(row.facts) in page
    criteria = raw(lab.task)["criteria"]
    spec = {
        "task": lab.task,
        "input": {"shapes": {"NCHW"[: len(lab.shape)]: lab.shape}, "low": -1000, "high": 1000},
        "criteria": criteria,
    }
    item = of_task(cast, spec | OF_TASK[lab.task] | lab.more, hidden_set=row, is_draft=True)
    assert not_ready(item) == []


def test_labels_of_another_task_are_refused_and_the_choice_is_kept(client, cast, data_dir):
    client.force_login(cast.helen)
    page = send(client, LABS["detection"](), task="sequence")
    assert page.status_code == 422 and "wrong_dtype" in page.content.decode()
    assert '<option value="sequence" selected>' in page.content.decode()
    page = send(client, LABS["autoencoder"](), task="classification")
    assert page.status_code == 422 and "no_file" in page.content.decode()
    page = send(client, LABS["anomaly"](), task="<script>")
    assert (
        page.status_code == 422
        and "unknown_task" in page.content.decode()
        and "<script>alert" not in page.content.decode()
    )
    assert not list((Path(data_dir) / "hidden").glob("sent-*"))


def test_a_set_without_labels_is_deleted_with_its_one_file(client, cast, data_dir, django_capture_on_commit_callbacks):
    client.force_login(cast.helen)
    send(client, LABS["autoencoder"]())
    row = HiddenSet.objects.get(course=cast.course)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(PAGE, {"remove": row.slug})
    leaving_sweep(now=timezone.now() + STAYS)
    assert not list((Path(data_dir) / "hidden").glob("sent-*")) and (Path(data_dir) / "hidden").is_dir()


def test_the_same_inputs_are_not_kept_twice_without_labels_either(client, cast, data_dir):
    client.force_login(cast.helen)
    send(client, LABS["autoencoder"]())
    assert send(client, LABS["autoencoder"]()).status_code == 409


def test_a_set_for_another_task_than_its_lab_says_so_on_the_list(client, cast, data_dir):
    client.force_login(cast.helen)
    send(client, LABS["anomaly"]())
    make_lab(
        cast.course,
        slug="other",
        short="Lab 9",
        bench_spec=raw("regression"),
        hidden_set=HiddenSet.objects.get(course=cast.course),
    )
    said = "Lab 9: The labels of the hidden set are for anomaly, and the lab&#x27;s task is regression."
    assert said in client.get(PAGE).content.decode()


# -- the form of a lab ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", OF_TASK)
def test_the_form_gives_back_the_spec_of_each_task_unchanged(cast, task):
    given = {
        "shapes": {"NCHW": [1, 1, 4, 4]},
        "dtype": "uint8",
        "normalise": {"divide_by": 255, "mean": 0.4914672, "std": [0.25]},
    }
    bench = raw(task, input=given)
    row = of_task(cast, bench)
    form = form_of(row, sent(row))
    assert form.is_valid(), form.bench.errors
    assert form.spec() == bench


def test_the_form_asks_for_what_the_chosen_task_needs(cast):
    row = of_task(cast, raw("anomaly"))
    assert {"positive", "negative"} < set(form_of(row).bench.fields) and "boxes" not in form_of(row).bench.fields
    changed = form_of(row, sent(row, **{"bench-task": "detection", "bench-classes": "cat, dog", "bench-boxes": "7"}))
    assert changed.is_valid(), changed.bench.errors
    assert changed.spec() == {
        "task": "detection",
        "classes": ["cat", "dog"],
        "boxes": 7,
        "input": raw("anomaly")["input"],
        "criteria": raw("anomaly")["criteria"],
    }


def test_tokens_are_taken_one_a_line_a_space_among_them(cast):
    row = of_task(cast, raw("sequence"))
    form = form_of(row, sent(row, **{"bench-vocabulary": "-\r\na\r\n \r\nb,c\r\n\r\n"}))
    assert form.is_valid() and form.spec()["vocabulary"] == ["-", "a", " ", "b,c"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"bench-task": "detection", "bench-classes": "cat"}, "boxes", "bench_spec"),
        ({"bench-classes": ""}, "classes", "bench_spec"),
        ({"bench-mean": "grey"}, "mean", "not_a_number"),
        ({"bench-mean": "1, 2"}, "mean", "bench_spec"),
        ({"bench-divide_by": "0"}, "divide_by", "bench_spec"),
        ({"bench-dtype": "int8", "bench-low": "-200"}, "low", "bench_spec"),
        ({"bench-dtype": "float128"}, "dtype", "invalid_choice"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(client, cast, change, field, code):
    row = of_task(cast, raw("classification"), is_draft=True)
    client.force_login(cast.helen)
    page = client.post(f"/courses/odml/assignments/{row.slug}/edit/", sent(row, **change, step="preview"))
    assert {error.code for error in page.context["form"].bench.errors[field].as_data()} == {code}


@pytest.mark.parametrize(
    ("bench", "sizes", "says"),
    [
        (raw("regression"), [], ""),
        (raw("detection"), [], ""),
        (raw("detection"), [8], "places of the input"),
        (raw("training_step"), [], "learns first"),
    ],
    ids=["regression", "detection", "detection_of_sizes", "training_step"],
)
def test_a_family_is_refused_where_its_variants_could_not_be_compared(cast, bench, sizes, says):
    part = {"key": "all", "kind": "models", "title": "Models", **({"sizes": sizes} if sizes else {})}
    item = {"slug": "family", "kind": "lab", "short": "Family", "bench": bench, "parts": [part]}
    found = [one.sentence for one in refused_in_item(item, cast.course) if one.code == "bench_spec"]
    assert len(found) == (1 if says else 0) and all(says in sentence for sentence in found)


# -- results ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["detection", "anomaly"])
def test_the_page_of_a_result_shows_the_metric_of_its_task(client, cast, tmp_path, documents, name):
    lab = LABS[name]()
    main = {"detection": "map", "anomaly": "roc_auc"}[name]
    row = of_task(cast, json.loads(json.dumps(raw_of(lab, criterion(main)))))
    hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=row)
    run = finish(Outcome.MEASURED, documents[name])
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    figure = FIGURES["accuracy"](Given(documents[name], row.spec, {}))
    title = row.spec.kind.metric(main).title
    assert figure.title in page and f"{title}, %" in page and f"{100 * documents[name]['metrics'][main]:.1f}" in page
    assert client.get(f"{run.get_absolute_url()}figures/accuracy.json").status_code == 200
    assert (
        len(client.get(f"{run.get_absolute_url()}figures/accuracy.csv").content.decode().splitlines())
        == len(figure.rows) + 1
    )
    assert title in client.get("/courses/odml/").content.decode()
    assert row.spec.output.words in client.get(row.get_absolute_url()).content.decode()


def raw_of(lab, *criteria):
    low, high = float(lab.inputs.min()), float(lab.inputs.max())
    return raw(
        lab.task,
        criteria,
        **({"input": {"shapes": {"NCHW"[: len(lab.shape)]: lab.shape}, "low": low, "high": high}} | lab.more),
    )


def test_a_result_of_before_there_were_tasks_is_still_shown(client, cast, tmp_path, document):
    old = json.loads(json.dumps(document))
    for key in ("task", "macro_f1", "macro_f1_interval", "top_k", "top_k_accuracy", "top_k_interval"):
        del old["quality"][key]
    for key in ("macro_f1", "top_k_accuracy"):
        del old["metrics"][key]
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    run = finish(Outcome.MEASURED, old)
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert f"{old['quality']['correct']} of {old['quality']['n']} are right." in page and "Accuracy, %" in page
    assert client.get(f"{run.get_absolute_url()}figures/accuracy.json").json()["data"][0]["type"] == "heatmap"
    assert "Accuracy" in client.get("/courses/odml/").content.decode()


def test_a_lab_that_was_given_another_task_shows_a_dash_for_its_old_results(client, cast, tmp_path, document):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    run = finish(Outcome.MEASURED, document)
    cast.lab.bench_spec = raw("anomaly")
    cast.lab.save()
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url())
    assert page.status_code == 200 and "AUC, %" in page.content.decode()


def test_two_attempts_are_compared_by_the_metric_of_their_task(cast, tmp_path, documents):
    row = of_task(cast, raw_of(LABS["anomaly"](), criterion("roc_auc")))
    for n in range(2):
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=bytes([n])), lab=row)
        other = json.loads(json.dumps(documents["anomaly"]))
        other["metrics"]["roc_auc"] -= 0.1 * (1 - n)
        finish(Outcome.MEASURED, other)
    line = compare(cast.visit(cast.ruth), row, "", "")["metrics"][0]
    assert (line["label"], line["change"], line["tone"]) == ("AUC", "+10.0 points of %", "good")


@pytest.mark.parametrize(
    ("given", "model", "said"),
    [
        ({"dtype": "uint8"}, "float32", "dtype=torch.uint8"),
        ({"dtype": "uint8"}, "float32", "x = x.float() / 255"),
        (
            {"dtype": "uint8", "normalise": {"divide_by": 255}},
            "uint8",
            "Its stored uint8 numbers are divided by 255 before your model sees them.",
        ),
    ],
)
def test_a_model_of_another_type_is_told_its_way_out(client, cast, tmp_path, given, model, said):
    row = of_task(cast, {**SPEC, "input": {"shapes": {"NCHW": [1, 1, 8, 8]}} | given})
    hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=row)
    with pytest.raises(BenchError) as caught:
        check_signature(report(((1, 1, 8, 8), model)), BenchSpec.parse(row.bench_spec), row.short)
    run = finish(Outcome.REFUSED, caught.value.to_json())
    client.force_login(cast.ruth)
    assert said in client.get(run.get_absolute_url()).content.decode()


def test_numpy_reads_what_the_reader_of_ours_lists(tmp_path):
    from grading.hidden_sets.npy import npy_at

    array = np.arange(1_300_000 * 2, dtype=np.float32).reshape(-1, 2)  # more than one piece
    np.save(tmp_path / "a.npy", array)
    rows = npy_at(tmp_path / "a.npy", "labels", ("float32",)).rows()
    assert all(list(row) == other for row, other in zip(rows, array.tolist(), strict=True))
