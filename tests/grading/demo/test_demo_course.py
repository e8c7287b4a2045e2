"""The demo course: facts of Fall 2023 moved to now, what is invented laid over them, and people who hand in."""

import re
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import yaml
from django.conf import settings as django_settings

from courseplatform.accounts.models import User
from courseplatform.courses.access import visit_of
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import export_text, plan_import
from courseplatform.courses.models import Course, DatedItem, Enrolment, OfficeHour, Session
from courseplatform.courses.stages import CHARGE_MAH, stage_at, stages_said
from courseplatform.teams.models import Team
from grading.demo import load
from grading.models import Assignment, Run, Submission
from grading.models.assignments import HiddenSet
from grading.selectors.team_energy import team_energy
from grading.spec import METRICS, BenchSpec
from hardware.profiles import load_profiles

ZONE = ZoneInfo("America/New_York")
TUESDAY = datetime(2026, 11, 24, 10, 12, tzinfo=ZONE)
FACTS = yaml.safe_load((Path(django_settings.BASE_DIR) / "courses" / load.COURSE_FILE).read_text())
OVERLAY = yaml.safe_load((load.HERE / "overlay.yaml").read_text())
LABS = {slug: item for slug, item in OVERLAY["assignments"].items() if "bench" in item}


@pytest.fixture(scope="module")
def loaded(module_dir):
    """The demo, beside a course that was there before it."""
    Course.objects.create(
        slug="other", number="1", title="Another", term="Fall", starts_on=date(2026, 9, 1), ends_on=date(2026, 12, 1)
    )
    assert load.load_demo(now=TUESDAY)
    return module_dir


@pytest.fixture
def demo(loaded, db):
    return Course.objects.get(slug=load.SLUG)


def local(moment):
    return moment.astimezone(ZONE)


@pytest.mark.parametrize("lab", LABS)
def test_the_spec_of_a_lab_parses_and_adds_up_to_its_points_with_what_a_person_grades(lab):
    spec = BenchSpec.parse(LABS[lab]["bench"])
    rubric = next(item for item in FACTS["assignments"] if item["slug"] == lab).get("rubric", [])
    measured = {criterion.group for criterion in spec.criteria}
    graded = [item["points"] for item in rubric if item["title"] not in measured and not item.get("extra")]
    assert spec.points + sum(graded) == LABS[lab]["points"]
    assert {criterion.metric for criterion in spec.criteria} - {""} <= set(METRICS)
    assert spec.device in load_profiles()


def test_every_lab_with_a_spec_is_a_lab_of_the_course():
    assert set(OVERLAY["assignments"]) <= {item["slug"] for item in FACTS["assignments"]}


def test_lectures_are_on_tuesday_and_labs_on_thursday():
    days = {(item["column"], item["date"].weekday()) for item in FACTS["sessions"]}
    assert days == {("lecture", 1), ("lab", 3)}


def test_every_lab_is_released_in_a_session_that_says_so():
    released = {item["date"].isoformat() for item in FACTS["sessions"] if item.get("releases_lab")}
    assert released == {item["released"][:10] for item in FACTS["assignments"] if item["kind"] == "lab"}


def test_the_course_file_holds_no_e_mail_address():
    assert "@" not in (Path(django_settings.BASE_DIR) / "courses" / load.COURSE_FILE).read_text()


def test_all_invented_people_have_addresses_that_reach_nobody():
    assert {person["email"].partition("@")[2] for person in OVERLAY["people"]} == {"example.edu"}


@pytest.mark.parametrize("days", range(7))
def test_today_lies_in_week_10_or_on_the_weekend_before_it(days):
    """So that the lab of that Friday is still to be handed in on every day of the week."""
    today = (TUESDAY + timedelta(days=days)).date()
    first = load.first_day(FACTS["course"]["starts_on"], today)
    course = Course(starts_on=first, zone="America/New_York")
    monday = today + timedelta(days=(7 - today.weekday()) if today.weekday() > 4 else 0)
    assert (first.weekday(), course.week_of(monday)) == (1, 10)


def test_every_session_keeps_its_weekday_and_its_distance(demo):
    moved = list(demo.sessions.order_by("position").values_list("held_on", flat=True))
    apart = {there - item["date"] for there, item in zip(moved, FACTS["sessions"], strict=True)}
    assert len(apart) == 1
    assert apart.pop().days % 7 == 0


def test_due_times_stay_on_the_clock_when_the_clocks_change(demo):
    due = [local(assignment.due_at) for assignment in Assignment.objects.filter(course=demo)]
    assert {(moment.hour, moment.minute) for moment in due} == {(23, 59)}
    assert len({moment.utcoffset() for moment in due}) == 2


def test_something_is_due_this_week_and_something_is_past(demo):
    due = {a.slug: local(a.due_at).date() for a in Assignment.objects.filter(course=demo)}
    assert due["lab3"] == date(2026, 11, 27)
    assert due["lab2"] < TUESDAY.date() < due["lab4"]
    assert not Assignment.objects.get(course=demo, slug="lab4").is_released(TUESDAY)


def test_a_day_without_class_keeps_its_reason_and_no_hours(demo):
    off = Session.objects.filter(course=demo, is_class=False)
    assert [session.title for session in off] == ["Fall Break", "Fall Break", "Election Day", "Thanksgiving", "--"]
    assert {(session.starts_at, session.place) for session in off} == {(None, "")}


def test_a_lecture_highlight_is_due_the_day_after_its_session(demo):
    highlights = DatedItem.objects.filter(session__course=demo, label="Lecture Highlight")
    assert highlights.count() == 9
    assert {item.on - item.session.held_on for item in highlights} == {timedelta(days=1)}


def test_office_hours_to_be_announced_have_no_day(demo):
    assert OfficeHour.objects.filter(course=demo, weekday=None).count() == 2
    clara = OfficeHour.objects.get(course=demo, who="Clara Na")
    assert (clara.weekday, str(clara.starts_at), clara.place) == (1, "13:00:00", "GHC 5417")


def test_the_ten_reports_are_labelled_as_demo_and_nothing_else_is(demo):
    invented = Assignment.objects.filter(course=demo, is_demo=True)
    assert {assignment.slug for assignment in invented} == {f"report{n}" for n in range(1, 11)}
    assert {int(assignment.points) for assignment in invented} == {5}
    assert "Fall 2022" in demo.overlay_note
    assert "Fall 2021" in demo.overlay_note


def test_the_operator_is_in_no_course(demo):
    operator = User.objects.get(is_operator=True)
    assert (operator.name, operator.enrolments.count()) == ("Olu Bakare", 0)
    assert Enrolment.objects.filter(course=demo, is_active=True).count() == len(OVERLAY["people"]) - 1


def test_hand_ins_are_on_time_late_and_missing(demo):
    late = {(s.person.name, s.assignment.slug) for s in Submission.objects.all() if s.received_at > s.assignment.due_at}
    assert late == {("Ana Silva", "lab1"), ("Daniel Park", "lab2")}
    assert Submission.objects.count() == len(OVERLAY["hand_ins"]) + len(OVERLAY["team_work"])
    assert not Submission.objects.filter(person__name="Sofia Lindgren").exists()


def test_every_hand_in_has_a_receipt_and_a_run_in_line(demo):
    assert all(Submission.objects.values_list("receipt", flat=True))
    ended = [fact for fact in OVERLAY["hand_ins"] if fact.get("ends", "takes_over") != "takes_over"]
    superseded = sum(fact.get("ends") == "takes_over" for fact in OVERLAY["hand_ins"])
    assert Counter(Run.objects.values_list("status", flat=True)) == {
        "finished": len(ended) + superseded,
        "queued": len(OVERLAY["hand_ins"]) - len(ended) - superseded,
    }
    assert Run.objects.count() == Submission.objects.exclude(sha256="").count()


@pytest.mark.parametrize("days", range(7))
def test_the_stage_that_is_on_is_the_second_on_every_day_of_the_week(days):
    now = TUESDAY - timedelta(days=1) + timedelta(days=days)
    assert stage_at(_stages_of_demo(now), now).number == 2


def _stages_of_demo(now):
    moved = load.first_day(FACTS["course"]["starts_on"], now.date()) - load.STARTS
    said = [item | {key: str(item[key] + moved) for key in ("from", "until")} for item in OVERLAY["stages"]]
    return list(stages_said(said, CHARGE_MAH, ZONE))


def test_team_magpie_has_used_what_its_readings_say(demo):
    helen = visit_of(User.objects.get(email="helen.castell@example.edu"), demo.slug)
    used = {}
    for name in ("Magpie", "Heron"):
        found = team_energy(helen, Team.objects.get(course=demo, name=name), TUESDAY)
        used[name] = [(int(use.used_mah), use.state.value, len(use.readings)) for use in found.uses]
    assert used["Magpie"] == [(3120, "handed in", 5), (1460, "running", 4), (0, "not begun", 0)]
    assert used["Heron"] == [(4310, "handed in", 2), (0, "running", 0), (0, "not begun", 0)]


def test_the_demo_shows_every_way_in_which_a_run_ends_without_a_worker(demo):
    outcomes = Counter(Run.objects.exclude(outcome="").values_list("outcome", "error_code"))
    assert outcomes == {
        ("timed_out", "timed_out"): 1, ("out_of_memory", "out_of_memory"): 1, ("crashed", "crashed_signal"): 1,
        ("infrastructure", "infrastructure"): 1, ("cancelled", ""): 1, ("cancelled", "superseded"): 1,
    }  # fmt: skip


def test_no_hand_in_lies_in_the_future(demo):
    assert max(Submission.objects.values_list("received_at", flat=True)) <= TUESDAY


def test_the_hidden_digits_are_written_once_and_closed_to_others(demo, loaded):
    hidden = HiddenSet.objects.get(slug="demo-digits")
    folder = loaded / "hidden"
    assert np.load(folder / hidden.inputs_file).shape == (360, 1, 8, 8)
    assert hidden.count == len(np.load(folder / hidden.labels_file)) == 360
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}


def test_loading_again_changes_nothing(demo):
    before = Submission.objects.count(), demo.sessions.count(), User.objects.count()
    assert not load.load_demo(now=TUESDAY + timedelta(days=30))
    assert before == (Submission.objects.count(), demo.sessions.count(), User.objects.count())


def test_loading_leaves_another_course_alone(demo):
    other = Course.objects.get(slug="other")
    assert (other.sessions.count(), other.enrolments.count(), other.is_demo) == (0, 0, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("due - 2 d 3 h", datetime(2026, 11, 18, 9, 0, tzinfo=ZONE)),
        ("due + 5 h", datetime(2026, 11, 20, 17, 0, tzinfo=ZONE)),
        ("now - 20 min", datetime(2026, 11, 24, 9, 52, tzinfo=ZONE)),
        ("now", TUESDAY),
        ("due + 9 d", TUESDAY),
    ],
)
def test_a_hand_in_stands_relative_to_its_due_time_and_never_later_than_now(text, expected):
    assert load._moment(text, datetime(2026, 11, 20, 12, 0, tzinfo=ZONE), TUESDAY) == expected


def test_a_moment_that_cannot_be_read_names_the_place():
    with pytest.raises(ValueError, match=r"hand_ins\.at"):
        load._moment("tomorrow", TUESDAY, TUESDAY)


def keys_of(schema):
    """The keys of a mapping, or of the mappings that a list holds."""
    return set(schema.get("properties") or schema.get("items", {}).get("properties", {}))


def test_every_key_of_the_course_file_is_documented():
    """The tables name each key at the top, and each of a session, an assignment and what lies in them; the rest the schema describes."""
    text = (Path(django_settings.BASE_DIR) / "docs" / "course-file.md").read_text()
    documented = set(re.findall(r"`([a-z_]+)`", text))
    parts = file_parts.schema["properties"]
    keys = set(parts) | keys_of(parts["sessions"]) | keys_of(parts["assignments"])
    for below in ("items", "links"):
        keys |= keys_of(parts["sessions"]["items"]["properties"][below])
    assert keys - documented == set()


def descriptions_missing(schema, place="file"):
    if "description" not in schema and "anyOf" not in schema:
        yield place
    for key, below in schema.get("properties", {}).items():
        yield from descriptions_missing(below, f"{place}.{key}")
    if "items" in schema:
        yield from descriptions_missing(schema["items"], f"{place}[]")


def test_every_key_of_the_schema_says_what_it_means():
    assert list(descriptions_missing(file_parts.schema)) == []


def test_every_due_date_is_listed_under_a_session_that_exists():
    days = {item["date"] for item in FACTS["sessions"]}
    assert {item["listed_under"] for item in FACTS["assignments"]} <= days


def test_the_demo_course_gives_a_file_that_can_be_taken(demo):
    """What its parts laid over it is in the schema too: an instructor who takes the file down can send it back."""
    plan = plan_import(export_text(demo).encode())
    assert plan.changes == []
