"""What the labs stand on: their data, their numbers to compare with, and the ways into a course."""

from hashlib import sha256
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from courseplatform.core.errors import Conflict
from courseplatform.courses.course_file.service import course_import, plan_import
from courseplatform.courses.models import Enrolment, Role
from grading.bench.inspection.__main__ import look_into
from grading.demo.run_models import accuracy_of, scores_of
from grading.hidden_sets.fit import misfits
from grading.labs import data
from grading.labs.catalogue import BY_SLUG, LABS
from grading.labs.files import DEMO
from grading.labs.installing import entries, hidden_sets_make, lab_add
from grading.labs.nets import Plan, digits_net, drawn, scores, separable
from grading.labs.onnx_file import write_onnx
from grading.labs.tflite_file import write_tflite
from grading.labs.widening import widened
from grading.models import Assignment, HiddenSet
from grading.selectors.editing import copyable
from grading.spec import BenchSpec
from tests.parts import REFERENCE_MODELS, ROOT

SETS = {"labs-digits": data.DIGITS, "labs-images": data.IMAGE_SET, "labs-keywords": data.KEYWORD_SET}
COURSE_FILE = ROOT / "courses" / "labs.yaml"
# In courses/labs.yaml: lab, baseline, the file whose numbers they are.
OURS = [
    ("benchmarking", "widest", "family/mlp_d3_w128_8.onnx"), ("pruning", "dense", "digits-wide.onnx"),
    ("quantization", "float32", "digits-middle.tflite"), ("distillation", "teacher", "digits-wide.onnx"),
]  # fmt: skip
OF_MLPERF = [
    ("keyword-spotting", "ds_cnn", "kws_dscnn_int8.tflite"),
    ("image-classification", "resnet8", "ic_resnet8_int8.tflite"),
]


def counted(path):
    report = look_into(path, path.suffix[1:], [])
    return {
        "macs": report.macs, "params": report.params, "model_bytes": path.stat().st_size, "peak_activation_bytes": report.peak_activation_bytes,
    }  # fmt: skip


def baseline(slug, name):
    return BenchSpec.parse(entries()[slug]["bench"]).baselines[name]


@pytest.mark.parametrize(("slug", "name", "file"), OURS)
def test_a_baseline_of_ours_has_the_numbers_of_its_file(slug, name, file):
    said, real = dict(baseline(slug, name).metrics), counted(DEMO / file)
    inputs, labels = data.DIGITS.hidden()
    real["accuracy"] = round(accuracy_of(scores_of(DEMO / file, inputs), labels), 4)
    assert said == {key: real[key] for key in said}
    assert "accuracy" in said


@pytest.mark.part("reference_models")
@pytest.mark.parametrize(("slug", "name", "file"), OF_MLPERF)
def test_a_baseline_of_mlperf_tiny_costs_what_its_file_costs(slug, name, file):
    path, said = REFERENCE_MODELS / file, baseline(slug, name)
    assert dict(said.metrics) == counted(path)
    assert f"SHA-256 {sha256(path.read_bytes()).hexdigest()[:8]}," in said.source


@pytest.mark.parametrize(("slug", "name"), [(slug, name) for slug, name, _ in OF_MLPERF])
def test_a_model_trained_for_other_data_stands_for_its_cost_alone(slug, name):
    assert "accuracy" not in baseline(slug, name).metrics
    assert "cost only" in baseline(slug, name).source


@pytest.mark.parametrize("slug", SETS)
def test_the_same_seed_gives_the_same_data_and_nothing_hidden_is_public(slug):
    (inputs, labels), (public, _), (again, _) = SETS[slug].hidden(), SETS[slug].public(), SETS[slug].hidden()
    assert np.array_equal(inputs, again)
    assert (inputs.dtype, labels.dtype) == (np.float32, np.int64)
    known = {picture.tobytes() for picture in public}
    assert not [one for one in inputs if one.tobytes() in known]
    assert np.bincount(labels).min() >= 20, "every class is there"


@pytest.mark.parametrize(
    ("slug", "classes"), [("image-classification", data.IMAGE_CLASSES), ("keyword-spotting", data.KEYWORD_CLASSES)]
)
def test_classes_are_called_in_the_spec_as_the_data_have_them(slug, classes):
    assert BenchSpec.parse(entries()[slug]["bench"]).classes == classes


def test_a_wider_network_answers_the_same_and_costs_more(tmp_path):
    net = drawn((3, 16, 16), [Plan("conv", 4), *separable(6, 2), *separable(8)], 5, 3)
    inputs = np.random.default_rng(1).uniform(0, 1, (4, 3, 16, 16)).astype(np.float32)
    for times, until in ((3, None), (7, 2)):
        wider = widened(net, times, until)
        assert np.allclose(scores(wider, inputs), scores(net, inputs), atol=1e-5)
        small, large = (counted(write_onnx(one, tmp_path / f"{n}.onnx")) for n, one in enumerate((net, wider)))
        assert large["macs"] > 2 * small["macs"]


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 49, 10), (2, 7, 5)])
def test_a_network_answers_the_same_in_every_format(tmp_path, shape):
    net = drawn(shape, [Plan("conv", 4, stride=2), *separable(6, 2), *separable(8)], 5, 3)
    inputs = np.random.default_rng(1).uniform(0, 1, (3, *shape)).astype(np.float32)
    for path in (write_onnx(net, tmp_path / "net.onnx"), write_tflite(net, tmp_path / "net.tflite")):
        assert np.allclose(scores_of(path, inputs), scores(net, inputs), atol=1e-4), path.suffix


def test_the_demos_network_read_back_answers_as_its_file():
    path = DEMO / "digits-middle.onnx"
    inputs = data.DIGITS.hidden()[0][:20]
    assert np.allclose(scores(digits_net(path), inputs), scores_of(path, inputs), atol=1e-3)


# -- into a course ----------------------------------------------------------------------------------------------------


def labs(*arguments):
    out, err = StringIO(), StringIO()
    call_command("labs", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_lists_every_lab_with_how_its_short_submission_falls_short():
    said, _ = labs()
    for lab in LABS:
        assert lab.slug in said
        assert lab.short in said


@pytest.mark.django_db
def test_the_command_puts_labs_into_a_course_as_drafts_that_can_be_published(cast):
    said, _ = labs("--course", "odml", "--lab", "pruning", "--lab", "energy")
    rows = Assignment.objects.filter(slug__in=("pruning", "energy")).order_by("slug")
    assert [(row.is_draft, row.due_at, misfits(row.spec, row.hidden_set.facts)) for row in rows] == [
        (True, None, [])
    ] * 2
    assert "+ Lab 2: Pruning: /courses/odml/assignments/pruning/, a draft without dates" in said
    assert rows[0].rubric.count() == 2
    with pytest.raises(CommandError, match="Nothing was put into the course"):
        labs("--course", "odml", "--lab", "pruning")


@pytest.mark.django_db
def test_a_lab_that_is_there_already_is_left_as_it_was(cast):
    row = lab_add(course=cast.course, lab=BY_SLUG["pruning"])
    Assignment.objects.filter(pk=row.pk).update(title="Ours")
    with pytest.raises(Conflict) as refused:
        lab_add(course=cast.course, lab=BY_SLUG["pruning"])
    assert refused.value.code == "twice"
    assert Assignment.objects.get(pk=row.pk).title == "Ours"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--lab", "prunning"), "There is no lab prunning"), (("--course", "nowhere"), "There is no course nowhere")],
)
def test_what_is_not_there_is_named(arguments, said):
    with pytest.raises(CommandError, match=said):
        labs(*arguments)


@pytest.mark.django_db
def test_hidden_sets_are_made_once_for_the_site_and_only_their_owner_reads_them(data_dir):
    assert {row.slug for row in hidden_sets_make()} == {lab.hidden.slug for lab in LABS}
    assert hidden_sets_make() == []
    row = HiddenSet.objects.get(slug="labs-keywords")
    path = data_dir / "hidden" / row.inputs_file
    assert (row.course, row.count, path.stat().st_mode & 0o777) == (None, data.HIDDEN, 0o600)
    assert len(list(path.parent.iterdir())) == 2 * len({lab.hidden.slug for lab in LABS}), "nothing else is left behind"


def test_what_students_train_on_and_the_submissions_are_written_as_files(tmp_path):
    labs(
        "--lab",
        "benchmarking",
        "--write-public",
        str(tmp_path / "public"),
        "--write-reference",
        str(tmp_path / "models"),
    )
    assert len(np.load(tmp_path / "public" / "benchmarking" / "labels.npy")) == len(data.DIGITS.public()[1])
    folder = tmp_path / "models" / "benchmarking"
    assert sorted(path.name for path in folder.glob("*.onnx")) == ["mlp_d1_w32_8.onnx", "mlp_d3_w128_8.onnx"]
    assert len(list((folder / "family").iterdir())) == 12


@pytest.mark.django_db
def test_an_instructor_copies_one_lab_out_of_the_course_of_labs_in_the_browser(client, cast):
    """New course from the file, then New assignment, a copy: no command."""
    hidden_sets_make()
    course, _ = course_import(plan=plan_import(COURSE_FILE.read_bytes()))
    Enrolment.objects.create(course=course, person=cast.helen, role=Role.INSTRUCTOR)
    assert [len(rows) for of, rows in copyable(cast.visit(cast.helen)) if of == course] == [len(LABS)]
    source = Assignment.objects.get(course=course, slug="quantization")
    client.force_login(cast.helen)
    asked = {"start": "copy", "source": source.pk, "dates": "empty", "short": "Lab 7", "title": "", "slug": ""}
    assert client.post(reverse("grading:assignment_new", args=["odml"]), asked).status_code == 302
    row = Assignment.objects.get(course=cast.course, slug="lab-7")
    assert (row.title, row.is_draft, row.hidden_set, row.bench_spec) == (
        "Quantization",
        True,
        source.hidden_set,
        source.bench_spec,
    )
