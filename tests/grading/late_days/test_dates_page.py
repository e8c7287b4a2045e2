"""The dates of an assignment edited on their page, and what an import of a course file says about them."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone

from courseplatform.courses.course_file.service import course_export
from courseplatform.courses.models import Course, ScheduleChange
from courseplatform.notices.models.notifications import Notification
from grading.forms.late_dates import DatesForm
from grading.models import LateEntry, LateVerdict
from grading.models.runs import Result, Run
from hardware.models import Status
from tests.grading.late_days.staff import address, apply, handed_in, late_cast, preview
from tests.people import make_lab

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def cast(data_dir):
    found = late_cast()
    found.lab.set_dates(due=wall(timezone.now() - timedelta(hours=30)))
    found.lab.save()
    return found


@pytest.fixture
def helen(client, cast):
    client.force_login(cast.helen)
    return client


def wall(at):
    return f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def posted(lab, **changes):
    form = DatesForm(lab)
    found = {field.html_name: field.value() for field in form}
    found = {name: "on" if value is True else value for name, value in found.items() if value not in (None, "", False)}
    return {name: value for name, value in (found | changes).items() if value is not None}


def url_of(cast):
    return address(cast, f"assignments/{cast.lab.slug}/dates/")


def test_a_later_due_time_shows_whose_cost_changes_and_then_gives_the_days_back(helen, cast):
    handed_in(cast, cast.ruth)
    later = wall(timezone.now() + timedelta(days=2)).split()
    values = posted(cast.lab, due_day=later[0], due_clock=later[1])
    page, digest = preview(helen, url_of(cast), values)
    rows = [(c.person.name, c.words_before, c.words_after) for c, _ in page.context["preview"]["rows"]]
    assert rows == [("Ruth", "2 of the bank, at most 100 %", "at most 100 %")]
    assert apply(helen, url_of(cast), values, digest).status_code == 302
    cast.lab.refresh_from_db()
    assert cast.lab.due_wall == " ".join(later)
    assert [line.days for line in LateEntry.objects.filter(person=cast.ruth)] == [3, -2, 2]


def test_members_are_told_of_another_due_time_once(helen, cast):
    values = posted(cast.lab, due_day="2027-01-15", due_clock="17:00")
    _, digest = preview(helen, url_of(cast), values)
    apply(helen, url_of(cast), values, digest)
    assert ScheduleChange.objects.get().sentence == "Lab 1 is due Fri Jan 15, 17:00 EST now."
    assert Notification.objects.filter(kind="schedule", person=cast.ruth).count() == 1
    cast.lab.refresh_from_db()
    assert cast.lab.sequence == 1


def test_a_cap_alone_is_told_to_nobody(helen, cast):
    handed_in(cast, cast.ruth)
    values = posted(cast.lab, cap_kind="number", cap="1")
    page, digest = preview(helen, url_of(cast), values)
    assert [c.words_after for c, _ in page.context["preview"]["rows"]] == ["1 of the bank, at most 90 %"]
    assert apply(helen, url_of(cast), values, digest).status_code == 302
    cast.lab.refresh_from_db()
    assert cast.lab.late_rules == {"cap": 1}
    assert LateVerdict.objects.get().max_percent == 90
    assert not ScheduleChange.objects.exists()


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        ({"no_late": "on"}, {"no_late": True}),
        ({"cap_kind": "none"}, {"cap": None}),
        ({"cutoff_kind": "units", "cutoff_units": "2"}, {"cutoff": {"units": 2}}),
        ({"cutoff_kind": "at", "cutoff_day": "2027-01-15"}, {"cutoff": "2027-01-15"}),
        ({"cutoff_kind": "at", "cutoff_day": "2027-01-15", "cutoff_clock": "12:00"}, {"cutoff": "2027-01-15 12:00"}),
    ],
)
def test_each_late_field_is_written_as_the_course_file_says_it_and_read_back(helen, cast, values, rules):
    sent = posted(cast.lab, **values)
    _, digest = preview(helen, url_of(cast), sent)
    assert apply(helen, url_of(cast), sent, digest).status_code == 302
    cast.lab.refresh_from_db()
    assert cast.lab.late_rules == rules
    form = DatesForm(cast.lab, posted(cast.lab))
    assert form.is_valid()
    assert form.dates().late_rules == rules


def test_a_day_whose_hour_nobody_stated_stays_a_day(helen, cast):
    values = posted(cast.lab, due_day="2027-01-15", due_clock=None, released_day="2027-01-01")
    _, digest = preview(helen, url_of(cast), values)
    apply(helen, url_of(cast), values, digest)
    cast.lab.refresh_from_db()
    assert (cast.lab.due_wall, cast.lab.released_wall) == ("2027-01-15", "2027-01-01")
    assert cast.lab.due_at.astimezone(NEW_YORK).strftime("%H:%M") == "23:59"


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"due_day": "2027-03-14", "due_clock": "02:30"}, "due_day", "no_such_time"),
        ({"due_day": "2027-01-01", "released_day": "2027-01-02"}, "due_day", "ends_before_it_begins"),
        ({"cap_kind": "number"}, "cap", "missing"),
        ({"cutoff_kind": "units"}, "cutoff_units", "missing"),
        ({"cutoff_kind": "at"}, "cutoff_day", "missing"),
        ({"active_rule": "loudest"}, "active_rule", "invalid_choice"),
        ({}, "__all__", "no_change"),
    ],
)
def test_a_refusal_stands_beside_its_field_with_its_code(helen, cast, values, field, code):
    page, digest = preview(helen, url_of(cast), posted(cast.lab, **values))
    assert (page.status_code, digest) == (422, "")
    assert [error.code for error in page.context["form"].errors[field].data] == [code]


def measured(cast, person, number, earned, *, active):
    submission = handed_in(cast, person, number=number, is_active=active, ago=timedelta(hours=5 - number))
    run = Run.objects.create(submission=submission, kind="run", status=Status.FINISHED, outcome="measured")
    Result.objects.create(
        run=run, report={}, host={}, metrics={}, quality={}, points=[], environment={}, earned=earned, of=10
    )
    return submission


def test_another_rule_for_attempts_chooses_again(helen, cast):
    best = measured(cast, cast.ruth, 1, 9, active=True)
    newest = measured(cast, cast.ruth, 2, 5, active=False)
    values = posted(cast.lab, active_rule="latest")
    _, digest = preview(helen, url_of(cast), values)
    assert apply(helen, url_of(cast), values, digest).status_code == 302
    best.refresh_from_db()
    newest.refresh_from_db()
    assert (best.is_active, newest.is_active) == (False, True)


def test_only_instructors_change_dates(client, cast):
    client.force_login(cast.amit)
    assert client.get(url_of(cast)).status_code == 403


def test_the_export_holds_the_dates_and_the_dry_run_of_an_import_says_whose_cost_it_changes(cast, tmp_path):
    make_lab(cast.course, "report", kind="report", short="Report", bench_spec={}, due_at=None)
    cast.lab.bench_spec = {}
    cast.lab.late_rules = {"cap": 2}
    cast.lab.save()
    handed_in(cast, cast.ruth)
    tree = yaml.safe_load(course_export(cast.course.slug))
    assert [item.get("cap") for item in tree["assignments"]] == [2, None]
    file = tmp_path / "course.yaml"
    file.write_text(yaml.safe_dump(tree))
    assert dry_run(file) == ["no changes"]
    tree["assignments"][0]["cap"] = 0
    file.write_text(yaml.safe_dump(tree))
    lines = dry_run(file)
    assert lines[0].startswith("would update odml (")
    assert "  ~ assignments[lab1].cap: 2 -> 0" in lines
    assert lines[-1] == (
        "note: 1 late-day cost would change: Ruth, Lab 1: 2 of the bank, at most 100 %, then at most 80 %."
    )
    tree["assignments"][0]["cap"], tree["assignments"][0]["due"] = 2, wall(timezone.now() - timedelta(hours=29))
    file.write_text(yaml.safe_dump(tree))
    assert dry_run(file)[-1] == "note: Nobody's late-day cost would change."
    tree["course"]["title"] = "Another"
    tree["assignments"][0]["due"] = cast.lab.due_wall
    file.write_text(yaml.safe_dump(tree))
    assert not [line for line in dry_run(file) if line.startswith("note:")]
    assert Course.objects.get(slug="odml").title == "On-Device Machine Learning"
    assert LateVerdict.objects.get().free_days_used == 2


def dry_run(file: Path):
    out = StringIO()
    call_command("import_course", str(file), "--dry-run", stdout=out)
    return out.getvalue().splitlines()
