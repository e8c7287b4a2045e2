"""Hidden sets that instructors send: what is taken, what is refused, who reads them, and that their files go nowhere."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseplatform.core.errors import BadInput
from courseplatform.core.leaving import STAYS, leaving_sweep
from courseplatform.courses.models import Enrolment, Role, ScheduleChange
from grading.hidden_sets.facts import hidden_facts
from grading.hidden_sets.npy import npy_at
from grading.models import Assignment, HiddenSet
from grading.services.assignment_rows import assignment_apply, usable_sets

pytestmark = pytest.mark.django_db
PAGE = "/courses/odml/hidden-sets/"


@pytest.fixture
def helen(client, cast, data_dir):
    client.force_login(cast.helen)
    return client


def npy(array, **more):
    file = io.BytesIO()
    np.save(file, array, **more)
    return file.getvalue()


INPUTS = np.linspace(0, 1, 5 * 3 * 2 * 2, dtype=np.float32).reshape(5, 3, 2, 2)
LABELS = np.array([0, 1, 2, 1, 0], dtype=np.int64)


def send(client, inputs=None, labels=None, title="Ten hand signs"):
    files = {"inputs": npy(INPUTS) if inputs is None else inputs, "labels": npy(LABELS) if labels is None else labels}
    return client.post(
        PAGE,
        {"title": title} | {name: SimpleUploadedFile(f"../{name}.npy", content) for name, content in files.items()},
    )


def test_a_set_is_read_kept_for_its_owner_alone_and_who_sent_it_is_known(helen, cast, data_dir):
    assert send(helen).status_code == 302
    row = HiddenSet.objects.get(course=cast.course)
    assert row.facts == {
        "task": "classification", "dtype": "float32", "count": 5, "shape": [3, 2, 2], "low": 0.0, "high": 1.0, "classes": 3,
    }  # fmt: skip
    assert (row.count, row.made_by, row.title) == (5, cast.helen.email, "Ten hand signs")
    for name, array in ((row.inputs_file, INPUTS), (row.labels_file, LABELS)):
        path = Path(data_dir) / "hidden" / name
        assert path.stat().st_mode & 0o777 == 0o600
        assert np.array_equal(np.load(path, allow_pickle=False), array)
    assert ScheduleChange.objects.get(sentence__contains=row.slug).is_told is False
    page = helen.get(PAGE).content.decode()
    assert row.inputs_sha256[:16] in page and row.inputs_file not in page


def raw(descr="'<f4'", order="False", shape="(5, 3, 2, 2)", head=None, version=1):
    text = (head or f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}").encode().ljust(117) + b"\n"
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", len(text))
        + text
        + INPUTS.tobytes()
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_npy"),
        (b"PK\x03\x04 an npz", "not_npy"),
        (b"\x93NUMPY", "not_npy"),
        (b"\x93NUMPY\x01\x00\xff\xff", "not_npy"),
        (npy(np.array([{"a": 1}], dtype=object), allow_pickle=True), "wrong_dtype"),
        (npy(INPUTS.astype(np.float64)), "wrong_dtype"),
        (npy(np.asfortranarray(INPUTS)), "fortran_order"),
        (npy(np.zeros((5,), np.float32)), "wrong_shape"),
        (npy(np.zeros((0, 3), np.float32)), "wrong_shape"),
        (npy(np.float32(1)), "wrong_shape"),
        (npy(INPUTS)[:-1], "broken_npy"),
        (npy(INPUTS) + b"x", "broken_npy"),
        (raw(shape="(5, 99999999999)"), "broken_npy"),
        (raw(shape="(99999999999999999999999, 1)"), "wrong_shape"),
        (raw(descr="[('a', '<f4')]"), "not_npy"),
        (raw(head="__import__('os').system('true')"), "not_npy"),
        (raw(head="{'descr': '<f4', 'fortran_order': False, 'shape': (5, -3), }"), "not_npy"),
        (npy(np.where(INPUTS > 0.9, np.nan, INPUTS).astype(np.float32)), "not_finite"),
        (npy(np.where(INPUTS > 0.9, np.inf, INPUTS).astype(np.float32)), "not_finite"),
        (npy(INPUTS[:4]), "counts_differ"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_hostile_and_broken_inputs_are_refused_and_nothing_is_kept(helen, data_dir, content, code):
    page = send(helen, inputs=content) if content else send(helen, inputs=b" ")
    text = page.content.decode()
    assert page.status_code == 422 and code in text and 'value="Ten hand signs"' in text
    assert not list((Path(data_dir) / "hidden").glob("ten-*"))
    assert not HiddenSet.objects.filter(title="Ten hand signs").exists()


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (LABELS.astype(np.int32), "wrong_dtype"), (LABELS.reshape(5, 1), "wrong_shape"), (LABELS - 1, "wrong_label"),
        (LABELS + (1 << 40), "wrong_label"), (LABELS[:3], "counts_differ"),
    ],
    ids=str,
)  # fmt: skip
def test_labels_that_are_no_classes_are_refused(helen, labels, code):
    page = send(helen, labels=npy(labels))
    assert page.status_code == 422 and code in page.content.decode()


def test_the_header_is_read_in_every_version_of_the_format(tmp_path):
    for version in (1, 2, 3):
        path = tmp_path / f"{version}.npy"
        path.write_bytes(raw(version=version))
        assert npy_at(path, "inputs").shape == (5, 3, 2, 2)


def test_what_was_read_is_what_numpy_reads(tmp_path):
    rng = np.random.default_rng(3)
    inputs, labels = rng.normal(size=(400, 7, 450)).astype(np.float32), rng.integers(0, 9, 400)  # more than one piece
    for name, array in (("a", inputs), ("b", labels)):
        np.save(tmp_path / f"{name}.npy", array)
    facts = hidden_facts(tmp_path / "a.npy", tmp_path / "b.npy")
    assert (facts["low"], facts["high"], facts["classes"]) == (
        float(inputs.min()),
        float(inputs.max()),
        int(labels.max()) + 1,
    )


def test_the_same_set_is_not_kept_twice(helen, data_dir):
    send(helen)
    page = send(helen, title="Other words")
    assert page.status_code == 409 and "same_set" in page.content.decode()
    assert len(list((Path(data_dir) / "hidden").glob("*hand-signs*"))) == 2


def test_a_file_that_is_missing_and_a_title_that_is_missing_are_said(helen):
    assert (
        "no_file"
        in helen.post(PAGE, {"title": "x", "inputs": SimpleUploadedFile("a.npy", npy(INPUTS))}).content.decode()
    )
    assert "missing" in send(helen, title=" ").content.decode()


def test_a_set_that_is_too_large_is_refused(helen, monkeypatch):
    monkeypatch.setattr("grading.services.hidden_sets.MOST_BYTES", 100)
    assert send(helen).status_code == 413


@pytest.mark.parametrize(("name", "status"), [("amit", 403), ("ruth", 403), ("lena", 404), ("oscar", 404), (None, 302)])
def test_only_instructors_read_the_list_or_send(client, cast, data_dir, name, status):
    if name:
        client.force_login(getattr(cast, name))
    assert client.get(PAGE).status_code == status
    assert send(client).status_code == status
    assert not HiddenSet.objects.filter(course=cast.course).exists()


def test_sets_of_courses_that_one_does_not_teach_are_not_listed(helen, cast):
    send(helen)
    HiddenSet.objects.filter(course=cast.course).update(course=cast.other_course)
    helen.get(PAGE)  # with the message that it is here
    assert "Ten hand signs" not in helen.get(PAGE).content.decode()


def test_the_list_asks_a_bounded_number_of_queries(helen, cast, django_assert_max_num_queries):
    for n in range(20):
        HiddenSet.objects.create(
            slug=f"s{n}", title=f"S{n}", inputs_file="a", labels_file="b", count=1, course=cast.course
        )
    with django_assert_max_num_queries(15):
        helen.get(PAGE)


def test_a_refusal_names_its_field(tmp_path):
    (tmp_path / "x.npy").write_bytes(b"no")
    with pytest.raises(BadInput) as error:
        npy_at(tmp_path / "x.npy", "labels")
    assert error.value.details == {"field": "labels"}


def test_a_set_that_nothing_uses_is_deleted_with_its_files(helen, cast, data_dir, django_capture_on_commit_callbacks):
    send(helen)
    row = HiddenSet.objects.get(course=cast.course)
    assert f'name="remove" value="{row.slug}"' in helen.get(PAGE).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert helen.post(PAGE, {"remove": row.slug}).status_code == 302
    leaving_sweep(now=timezone.now() + STAYS)
    assert not HiddenSet.objects.filter(pk=row.pk).exists()
    assert not (Path(data_dir) / "hidden" / row.inputs_file).exists()
    assert not (Path(data_dir) / "hidden" / row.labels_file).exists()
    assert ScheduleChange.objects.filter(sentence__endswith=f"({row.slug}) was deleted.").exists()


def test_a_set_in_use_and_a_set_of_others_stay(helen, cast, data_dir):
    send(helen)
    row = HiddenSet.objects.get(course=cast.course)
    lab = Assignment.objects.create(course=cast.course, slug="used", short="Used", hidden_set=row, is_withdrawn=True)
    assert "is what an assignment measures on" in helen.post(PAGE, {"remove": row.slug}, follow=True).content.decode()
    lab.delete()
    HiddenSet.objects.filter(pk=row.pk).update(course=cast.other_course)
    assert helen.post(PAGE, {"remove": row.slug}).status_code == 404
    assert HiddenSet.objects.filter(pk=row.pk).exists()


def test_a_file_names_no_set_of_a_course_that_nobody_here_teaches(cast):
    """Else it would be enough to know its name to ask questions of the test data of others."""
    mine, theirs = cast.course, cast.other_course
    row = HiddenSet.objects.create(slug="of-others", title="Others", count=1, course=theirs)
    lab = Assignment(course=mine, slug="borrowed", short="Borrowed")
    item = {"slug": "borrowed", "kind": "lab", "short": "Borrowed", "hidden_set": "of-others"}
    said = assignment_apply(row=lab, item=item, position=9)
    assert lab.hidden_set is None and "this course has none of that name" in said[0]
    HiddenSet.objects.filter(pk=row.pk).update(course=None)
    assert assignment_apply(row=lab, item=item, position=9) == [] and lab.hidden_set == row
    HiddenSet.objects.filter(pk=row.pk).update(course=theirs)
    assert assignment_apply(row=lab, item=item, position=9) == []  # it measures on it already
    Assignment.objects.filter(pk=lab.pk).delete()
    Enrolment.objects.filter(course=mine, role=Role.INSTRUCTOR).update(is_active=False)
    assert set(usable_sets(mine)) >= {row}  # a command makes a course before anybody teaches it
