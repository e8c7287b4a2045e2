"""Devices of a course: what is taken, who did what, what stays when one goes, and that no other course sees them."""

import pytest
import yaml

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.courses.models import ScheduleChange
from hardware import course_devices
from hardware.course_devices import (
    device_add,
    device_change,
    device_delete,
    device_restore,
    device_retire,
    last_change,
    profiles_of,
)
from hardware.forms import DeviceForm, bytes_of, size_words
from hardware.hooks import use_sources
from hardware.models import CourseDevice
from hardware.profile_reading import ProfileFaults, profile_of, text_of, values_of, without_defaults
from hardware.profiles import FOLDER, load_profiles
from tests.hardware.builders import device_of_course, values_like

pytestmark = pytest.mark.django_db


def test_a_device_of_a_course_stands_beside_the_shipped_ones_there_and_nowhere_else(cast):
    row = device_of_course(cast)
    found = profiles_of(cast.course)
    assert set(found) == {*load_profiles(), "jetson-orin"}
    assert found["jetson-orin"].name == "Jetson Orin Nano"
    assert set(profiles_of(cast.other_course)) == set(load_profiles())
    assert list(row.changes.values_list("by", "sentence")) == [
        (cast.helen.email, "The device Jetson Orin Nano is added.")
    ]
    assert ScheduleChange.objects.filter(course=cast.course, sentence="The device Jetson Orin Nano is added.").exists()


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("laptop", "comes with Milliamp"), ("phone-mid", "comes with Milliamp"), ("new", "address of another page"), ("Mine", "small letters"),
        ("-a", "small letters"), ("a" * 41, "small letters"), ("", "small letters"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_an_address_is_refused(cast, slug, said):
    with pytest.raises(BadInput, match=said):
        device_of_course(cast, slug)


def test_a_name_is_given_once_and_what_is_wrong_with_a_profile_is_told(cast):
    device_of_course(cast)
    with pytest.raises(Conflict) as taken:
        device_of_course(cast)
    assert taken.value.code == "name_taken"
    with pytest.raises(ProfileFaults, match="cores is 0"):
        device_of_course(cast, "other", cores=0)


def test_a_course_has_a_bounded_number_of_devices(cast, monkeypatch):
    monkeypatch.setattr(course_devices, "MOST_DEVICES", 1)
    device_of_course(cast)
    with pytest.raises(BadInput, match="at most 1"):
        device_of_course(cast, "second")


def test_a_change_says_what_was_changed_and_not_over_somebody_elses(cast):
    row, visit = device_of_course(cast), cast.visit(cast.ines)
    seen = last_change(row)
    values = row.facts | {"cores": 6, "nominal_current_ma": 900}
    device_change(visit=visit, slug=row.slug, values=values, seen=seen)
    said = row.changes.first()
    assert (said.by, said.sentence) == (
        cast.ines.email, "The device Jetson Orin Nano is changed: cores, nominal current ma.",
    )  # fmt: skip
    assert said.facts["cores"] == 6
    with pytest.raises(Conflict, match="meanwhile"):
        device_change(visit=visit, slug=row.slug, values=values | {"cores": 8}, seen=seen)
    with pytest.raises(BadInput, match="nothing is changed"):
        device_change(visit=visit, slug=row.slug, values=values, seen=last_change(row))


def test_a_retired_device_counts_nothing_new_and_can_come_back(cast):
    row, visit = device_of_course(cast), cast.visit(cast.helen)
    device_retire(visit=visit, slug=row.slug)
    device_retire(visit=visit, slug=row.slug)  # twice is as once
    assert "jetson-orin" not in profiles_of(cast.course)
    assert "jetson-orin" in profiles_of(cast.course, with_retired=True)
    device_restore(visit=visit, slug=row.slug)
    assert "jetson-orin" in profiles_of(cast.course)
    assert row.changes.count() == 3


def test_what_something_refers_to_is_not_deleted(cast, monkeypatch):
    row, visit = device_of_course(cast), cast.visit(cast.helen)
    monkeypatch.setattr("hardware.hooks.use_sources", [lambda course, slug: f"{course.slug} measures on {slug}"])
    with pytest.raises(Conflict) as refused:
        device_delete(visit=visit, slug=row.slug)
    assert refused.value.code == "device_in_use"
    assert "odml measures on jetson-orin" in refused.value.message
    monkeypatch.setattr("hardware.hooks.use_sources", [])
    device_delete(visit=visit, slug=row.slug)
    assert not CourseDevice.objects.exists()
    assert ScheduleChange.objects.filter(sentence="The device Jetson Orin Nano is deleted.").exists()


def test_a_lab_and_a_result_say_that_they_use_a_device(cast):
    row = device_of_course(cast)
    assert use_sources  # grading registers
    said = [source(cast.course, row.slug) for source in use_sources]
    assert said == [""] * len(said)
    cast.lab.bench_spec = cast.lab.bench_spec | {"devices": ["laptop", "jetson-orin"]}
    cast.lab.save()
    with pytest.raises(Conflict, match="Lab 1 names it"):
        device_delete(visit=cast.visit(cast.helen), slug=row.slug)


def test_nobody_reaches_the_device_of_another_course(cast):
    device_of_course(cast)
    amit = cast.visit(cast.amit, cast.other_course)
    with pytest.raises(NotHere):
        device_retire(visit=amit, slug="jetson-orin")


def test_a_row_that_cannot_be_read_any_more_takes_no_page_down(cast):
    row = device_of_course(cast)
    CourseDevice.objects.filter(pk=row.pk).update(facts={"name": "Old"})
    assert set(profiles_of(cast.course)) == set(load_profiles())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_that_is_taken_down_says_the_same_and_so_does_the_form(path):
    values, _ = values_of(path.read_text(encoding="utf-8"))
    kept = without_defaults(values)
    again, _ = values_of(text_of(kept))
    assert again == kept
    assert profile_of("x", again) == profile_of("x", values)
    shown = DeviceForm(initial=profile_of("x", values).__dict__)
    sent = {name: shown[name].value() for name in shown.fields}
    form = DeviceForm({name: value for name, value in sent.items() if value is not False})
    assert form.is_valid(), form.errors
    assert without_defaults(form.values()) == kept


@pytest.mark.parametrize(
    ("text", "value"),
    [("512 MiB", 512 << 20), ("4GiB", 4 << 30), ("320 KB", 320_000), ("1.5 kib", 1536), ("4096", 4096), ("7 bytes", 7)],
)
def test_sizes_are_read_as_people_write_them(text, value):
    assert bytes_of(text) == value
    assert bytes_of(size_words(value)) == value


def test_what_the_form_cannot_read_stands_beside_its_field():
    form = DeviceForm(
        {"name": "x", "ram_bytes": "much", "sources": "no colon here", "runtime_bytes": "tflite: 6 MiB\ntflite: 7 MiB"}
    )
    assert not form.is_valid()
    assert "Write a size" in form.errors["ram_bytes"][0]
    assert "a colon" in form.errors["sources"][0]
    assert "stands twice" in form.errors["runtime_bytes"][0]


def test_a_file_of_the_course_may_name_its_device(cast):
    """The check of the course file knows devices of the course, and those of no other one."""
    from courseplatform.courses.course_file.reading import FileError
    from courseplatform.courses.course_file.service import plan_import

    device_of_course(cast)
    text = "course: {slug: %s, title: X}\ndevices:\n  - {slug: jetson-orin, name: Orin}\n"
    plan_import((text % cast.course.slug).encode())
    with pytest.raises(FileError) as refused:
        plan_import((text % cast.other_course.slug).encode())
    assert [finding.code for finding in refused.value.findings] == ["unknown_device"]


def test_a_lab_in_the_editor_may_name_a_device_of_its_course_and_is_held_to_what_that_loads(cast):
    from grading.course_file.assignment_item import item_of, session_days
    from grading.course_file.item_check import refused_in_item

    device = device_of_course(cast, formats={"onnx": "onnxruntime"})
    cast.lab.refresh_from_db()
    item = item_of(cast.lab, session_days(cast.course))
    item["bench"] = item["bench"] | {"devices": [device.slug], "formats": ["onnx"]}
    assert refused_in_item(item, cast.course) == []
    item["bench"] |= {"run_on": "board", "formats": ["onnx", "torchscript"]}
    (refused,) = refused_in_item(item, cast.course)
    assert "no runtime of the Jetson Orin Nano loads torchscript" in refused.sentence
    assert "unknown_device" in {
        one.code for one in refused_in_item(item | {"bench": item["bench"] | {"devices": ["toaster"]}}, cast.course)
    }


def test_yaml_of_a_device_is_a_mapping_that_a_person_can_read(cast):
    assert yaml.safe_load(text_of(device_of_course(cast).facts))["name"] == "Jetson Orin Nano"
    assert device_add  # the service that the builder calls
    assert values_like("laptop")["kind"] == "laptop"
