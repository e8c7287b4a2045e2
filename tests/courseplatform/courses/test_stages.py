"""The stages of a project: said in the course file, refused at their line, moved with the course, and days of the course's zone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from courseplatform.courses.course_file.checking import checked
from courseplatform.courses.course_file.reading import FileError, read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import course_import, export_text, plan_import
from courseplatform.courses.course_file.shifting import shifted
from courseplatform.courses.models import Course
from courseplatform.courses.stages import dated_stages, stage_at, stages_of

COURSES = Path(__file__).resolve().parents[3] / "courses"
FILE = """\
course: {slug: small, title: Small, zone: America/New_York, starts_on: 2023-08-29, ends_on: 2023-12-08}
assignments:
  - {slug: sharing, kind: writeup, short: Sharing, due: "2023-10-27 23:59"}
project:
  stages:
    - {key: inference, title: Inference, from: 2023-10-09, until: 2023-10-27, budget_mah: 4000, assignment: sharing}
    - {key: updates, title: Updates on the device, from: 2023-10-28, until: 2023-11-21, budget_mah: 2500.5}
    - maximizing power
"""


def course_of(text=FILE):
    return course_import(plan=plan_import(text.encode()))[0]


def refusal(text):
    with pytest.raises(FileError) as caught:
        checked(read(text.encode()))
    return [(finding.code, finding.line) for finding in caught.value.findings]


@pytest.mark.django_db
def test_stages_come_back_from_the_course_as_the_file_says_them():
    course = course_of()
    inference, updates, power = stages_of(course)
    assert (inference.key, inference.first, inference.last, inference.assignment) == (
        "inference", date(2023, 10, 9), date(2023, 10, 27), "sharing",
    )  # fmt: skip
    assert updates.budget_mah == Decimal("2500.5")
    assert (power.key, power.title, power.is_dated, power.budget_mah) == (
        "maximizing-power", "maximizing power", False, Decimal(4000),
    )  # fmt: skip
    assert dated_stages(course) == [inference, updates]
    course.file_text = ""
    assert plan_import(export_text(course).encode()).changes == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("key: updates,", "key: inference,", [("twice", 7)]),
        ("from: 2023-10-28, until: 2023-11-21, ", "from: 2023-10-28, ", [("missing_key", 7)]),
        ("until: 2023-11-21", "until: 2023-10-27", [("ends_before_it_begins", 7)]),
        ("from: 2023-10-28", "from: 2023-10-27", [("stages_overlap", 7)]),
        ("assignment: sharing", "assignment: shearing", [("no_such_assignment", 6)]),
        ("budget_mah: 2500.5", "budget_mah: 0", [("too_small", 7)]),
        ("budget_mah: 2500.5", "budget: 2500", [("unknown_key", 7)]),
        ("key: updates, ", "", [("missing_key", 7)]),
        ("until: 2023-11-21", 'until: "soon"', [("wrong_form", 7)]),
        ("- maximizing power", "- 3", [("wrong_type", 8)]),
        (
            "zone: America/New_York, starts_on: 2023-08-29, ends_on: 2023-12-08", "summary: x",
            [("missing_key", 3), ("missing_key", 6), ("missing_key", 7)],
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_at_its_line(old, new, wanted):
    assert old in FILE
    assert refusal(FILE.replace(old, new)) == wanted


def test_the_days_of_stages_move_with_the_course_and_names_alone_stay():
    moved = shifted(checked(read(FILE.encode())), date(2024, 8, 27), file_parts.schema).tree
    assert [item.get("from") if isinstance(item, dict) else item for item in moved["project"]["stages"]] == [
        "2024-10-07", "2024-10-26", "maximizing power",
    ]  # fmt: skip


def test_a_stage_begins_and_ends_at_midnight_of_the_courses_zone():
    inference, updates = dated_stages(Course(zone="America/New_York", facts=checked(read(FILE.encode()))))
    assert inference.ends_at == updates.begins_at == datetime(2023, 10, 28, 4, tzinfo=UTC)
    before, at = inference.ends_at - timedelta(microseconds=1), inference.ends_at
    assert stage_at([inference, updates], before) is inference
    assert stage_at([inference, updates], at) is updates
    assert updates.ends_at == datetime(2023, 11, 22, 5, tzinfo=UTC)  # the clocks went back on Nov 5
    assert stage_at([inference, updates], updates.ends_at) is None
    assert stage_at([inference, updates], inference.begins_at - timedelta(seconds=1)) is None


def test_a_midnight_that_the_clocks_skip_belongs_to_the_day_that_begins():
    facts = {"project": {"stages": [{"key": "a", "title": "A", "from": "2017-10-14", "until": "2017-10-14"},
                                    {"key": "b", "title": "B", "from": "2017-10-15", "until": "2017-10-16"}]}}  # fmt: skip
    first, second = dated_stages(Course(zone="America/Sao_Paulo", facts=facts))
    assert second.begins_at.astimezone(UTC) == datetime(
        2017, 10, 15, 3, tzinfo=UTC
    )  # 01:00 there, the first minute of that day
    assert stage_at([first, second], datetime(2017, 10, 15, 3, tzinfo=UTC)) is second
    assert stage_at([first, second], datetime(2017, 10, 15, 2, 59, tzinfo=UTC)) is first


@pytest.mark.parametrize("slug", ["cmu-11-767-f21", "cmu-11-767-f23"])
def test_the_three_stages_of_11_767_have_a_charge_each_and_no_days(slug):
    stages = stages_of(Course(zone="America/New_York", facts=checked(read((COURSES / f"{slug}.yaml").read_bytes()))))
    assert [stage.title for stage in stages] == [
        "inference", "performing training/updates for interactive ML", "maximizing power",
    ]  # fmt: skip
    assert {stage.budget_mah for stage in stages} == {Decimal(4000)}
    assert not any(stage.is_dated for stage in stages)


@pytest.mark.django_db
def test_the_page_projects_tells_stages_with_their_days_and_a_budget_of_their_own(client):
    course = course_of(FILE.replace("title: Small,", "title: Small, public: true,"))
    page = " ".join(client.get(f"/courses/{course.slug}/projects/").content.decode().split())
    assert "<li>Inference, Mon Oct 9 to Fri Oct 27</li>" in page
    assert "<li>Updates on the device, Sat Oct 28 to Tue Nov 21, 2500.5 mAh</li>" in page
    assert "<li>maximizing power</li>" in page
