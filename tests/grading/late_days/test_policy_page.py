"""The late policy edited on its page: every field of the contract, what it would say, and whose cost changes."""

from datetime import timedelta

import pytest
import yaml

from courseplatform.courses.course_file.service import course_export, course_import, plan_import
from courseplatform.courses.models import ScheduleChange
from courseplatform.notices.models.notifications import Notification
from grading.course_file.late.checked import refused_in
from grading.course_file.late.schema import POLICY
from grading.forms.late_policy import PolicyForm
from grading.models import LateVerdict
from tests.grading.late_days.staff import PERSONAL, address, apply, handed_in, late_cast, preview, state

pytestmark = pytest.mark.django_db
FULL = {
    "banks": [
        {"name": "labs", "days": 4, "owner": "person", "assignments": ["lab1"]},
        {"name": "rest", "days": 2, "owner": "team"},
    ],
    "unit": {"kind": "hours", "boundary": "06:00", "due_day": "counts", "hours": 12.5, "clock": "elapsed"},
    "edge": "late",
    "minute": "whole",
    "grace": {"minutes": 10.5, "at": "shift"},
    "weekend": "one",
    "cap": 3,
    "spend": "asked",
    "order": "due_date",
    "over": {"rule": "zero", "partial": True},
    "penalty": {"kind": "points", "steps": [1, 2.5], "each": 1, "most": 7, "used_unit_costs": 2},
    "team": "poorest",
    "attempt": "best",
    "pass": {"turned_in": 1, "of": ["lab1"], "note": "A report counts."},
}


@pytest.fixture
def cast(data_dir):
    return late_cast()


@pytest.fixture
def helen(client, cast):
    client.force_login(cast.helen)
    return client


def posted(policy, **changes):
    """What a browser sends when the form of this policy is submitted with some fields changed."""
    form = PolicyForm(policy, [("lab1", "Lab 1")])
    found = {}
    for part in (form, *form.banks):
        for field in part:
            value = field.value()
            if field.widget_type == "checkbox":
                found |= {field.html_name: "on"} if value else {}
            elif value not in (None, ""):
                found[field.html_name] = value
    return {key: value for key, value in (found | changes).items() if value is not None}


def read_back(policy, **changes):
    form = PolicyForm(policy, [("lab1", "Lab 1")], _query(posted(policy, **changes)))
    assert form.is_valid(), form.errors
    return form.tree()


def _query(values):
    from django.http import QueryDict

    found = QueryDict(mutable=True)
    for key, value in values.items():
        found.setlist(key, value if isinstance(value, list) else [value])
    return found


def leaves(schema, path=()):
    for key, below in schema.get("properties", {}).items():
        item = below.get("items", {})
        if "properties" in below or "properties" in item:
            yield from leaves(below if "properties" in below else item, (*path, key))
        else:
            yield (*path, key)


def test_no_field_of_the_contract_is_missing_in_the_form():
    def at(tree, path):
        for step in path:
            tree = tree[0] if isinstance(tree, list) else tree
            tree = tree.get(step)
        return tree

    one_bank = {"bank": {"days": 1, "owner": "team"}}
    missing = [path for path in leaves(POLICY) if at(FULL | one_bank, path) is None]
    assert not missing
    assert read_back(FULL) == FULL
    assert read_back(one_bank) == one_bank


@pytest.mark.parametrize(
    "policy", [PERSONAL, {"bank": {"days": 6, "owner": "person"}, "cap": 6, "penalty": {"steps": [50, 100]}}, {}]
)
def test_a_form_that_is_sent_back_unchanged_says_the_same_policy(policy):
    assert read_back(policy) == policy


def test_what_holds_its_default_stays_unsaid_unless_it_was_said():
    assert read_back(PERSONAL, weekend="counts") == PERSONAL
    said = PERSONAL | {"weekend": "counts"}
    assert read_back(said) == said
    assert read_back(PERSONAL, weekend="skipped") == PERSONAL | {"weekend": "skipped"}


def test_the_preview_says_the_policy_its_oddities_and_whose_cost_changes(helen, cast):
    handed_in(cast, cast.ruth, ago=-timedelta(hours=70))
    page, digest = preview(
        helen, address(cast, "late-days/policy/"), posted(PERSONAL, bank0_days=None) | {"bank0-days": 1}
    )
    assert digest
    rows = [(c.person.name, c.words_before, c.words_after) for c, _ in page.context["preview"]["rows"]]
    assert rows == [("Ruth", "3 of the bank, at most 80 %", "1 of the bank, at most 60 %")]
    assert page.context["sentences"][0] == "1 late day without penalty for each person, over the whole term."
    assert "edge_left_out" in page.content.decode()
    cast.course.refresh_from_db()
    assert cast.course.facts["late_policy"]["policy"] == PERSONAL


def test_applying_writes_the_facts_counts_everybody_and_tells_the_members(helen, cast):
    handed_in(cast, cast.ruth, ago=-timedelta(hours=70))
    url, values = address(cast, "late-days/policy/"), posted(PERSONAL, weekend="skipped") | {"bank0-days": 1}
    _, digest = preview(helen, url, values)
    assert apply(helen, url, values, digest).status_code == 302
    cast.course.refresh_from_db()
    assert cast.course.facts["late_policy"] == {
        "title": "Late days",
        "policy": PERSONAL | {"bank": {"days": 1, "owner": "person"}, "weekend": "skipped"},
    }
    assert LateVerdict.objects.get(person=cast.ruth).free_days_used == 1
    assert ScheduleChange.objects.get(course=cast.course).sentence == "The late policy was changed."
    assert set(Notification.objects.filter(kind="schedule").values_list("person__name", flat=True)) >= {"Ruth", "Sofia"}
    assert not Notification.objects.filter(person=cast.helen).exists()


def test_a_first_policy_shows_only_whose_work_it_would_make_cost_something(client, data_dir):
    cast = late_cast()
    cast.course.facts = {}
    cast.course.save()
    client.force_login(cast.helen)
    handed_in(cast, cast.ruth)
    handed_in(cast, cast.daniel, ago=timedelta(hours=40))
    url, values = (
        address(cast, "late-days/policy/"),
        {"bank0-days": 1, "unit_kind": "hours", "penalty_each": 10, "over_partial": "on"},
    )
    page, digest = preview(client, url, values)
    assert [change.person.name for change, _ in page.context["preview"]["rows"]] == ["Ruth"]
    assert apply(client, url, values, digest).status_code == 302
    cast.course.refresh_from_db()
    assert cast.course.facts["late_policy"]["policy"] == PERSONAL | {"bank": {"days": 1, "owner": "person"}}


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"penalty_steps": "50, 20"}, "penalty_steps", "falling_steps"),
        ({"penalty_steps": "a lot"}, "penalty_steps", "not_a_number"),
        ({"penalty_steps": "nan"}, "penalty_steps", "not_a_number"),
        ({"penalty_steps": "-1"}, "penalty_steps", "too_small"),
        ({"unit_hours": "0"}, "unit_hours", "too_small"),
        ({"pass_turned_in": "1"}, "pass_turned_in", "missing_key"),
        ({"penalty_used": "5", "over_partial": None}, "penalty_used", "later_is_cheaper"),
        ({"cap": "-1"}, "cap", "min_value"),
        ({"weekend": "never"}, "weekend", "invalid_choice"),
        ({"penalty_each": "101"}, "penalty_each", "too_large"),
        ({"penalty_steps": "50, 120"}, "penalty_steps", "too_large"),
    ],
)
def test_a_refusal_stands_beside_its_field_with_its_code(helen, cast, values, field, code):
    page, digest = preview(helen, address(cast, "late-days/policy/"), posted(PERSONAL, **values))
    assert (page.status_code, digest) == (422, "")
    assert code in [error.code for error in page.context["form"].errors[field].data]


def test_a_unit_that_is_too_short_is_refused_in_minutes(helen, cast):
    page, _ = preview(helen, address(cast, "late-days/policy/"), posted(PERSONAL, unit_hours="0.001"))
    assert page.context["form"].errors["unit_hours"] == ["unit.hours is 0.001; it is at least 0.0167, which is 1 min."]


@pytest.mark.parametrize(
    ("values", "row", "field", "code"),
    [
        ({"bank1-name": "b", "bank1-days": 1}, 0, "name", "missing_key"),
        (
            {"bank0-name": "b", "bank1-name": "b", "bank1-days": 1, "bank1-assignments": ["lab1"]},
            1,
            "name",
            "name_twice",
        ),
        ({"bank0-name": "a", "bank1-name": "b", "bank1-days": 1}, 1, "days", "two_banks"),
        ({"bank0-name": "a", "bank1-name": "b"}, 1, "days", "missing_key"),
    ],
)
def test_a_refusal_of_a_bank_stands_in_its_row(helen, cast, values, row, field, code):
    page, _ = preview(helen, address(cast, "late-days/policy/"), posted(PERSONAL) | values)
    assert page.status_code == 422
    found = page.context["form"].banks[row].errors
    assert code in [error.code for error in found[field].data], found
    said = page.content.decode()
    assert "Something has to be mended below" in said
    assert "banks[" not in said


def test_the_same_policy_again_changes_nothing(helen, cast):
    page, _ = preview(helen, address(cast, "late-days/policy/"), posted(PERSONAL))
    assert page.status_code == 422
    assert "no_change" in page.content.decode()


def test_what_the_page_takes_an_import_of_the_export_takes_too(helen, cast):
    url, values = (
        address(cast, "late-days/policy/"),
        posted(PERSONAL, weekend="one", penalty_steps="5, 7.5", penalty_most="50"),
    )
    _, digest = preview(helen, url, values)
    assert apply(helen, url, values, digest).status_code == 302
    text = course_export(cast.course.slug)
    assert yaml.safe_load(text)["late_policy"]["policy"]["penalty"] == {"steps": [5, 7.5], "each": 10, "most": 50}
    assert plan_import(text.encode()).changes == []


def test_an_import_shows_that_it_overwrites_the_edit_and_whose_cost_that_changes(helen, cast):
    cast.lab.bench_spec = {}
    cast.lab.save()
    before = course_export(cast.course.slug)
    course_import(plan=plan_import(before.encode()))
    handed_in(cast, cast.ruth, ago=-timedelta(hours=70))
    url, values = address(cast, "late-days/policy/"), posted(PERSONAL) | {"bank0-days": 1}
    _, digest = preview(helen, url, values)
    assert apply(helen, url, values, digest).status_code == 302
    plan = plan_import(before.encode())
    assert plan.changes == ["~ late_policy.policy.bank.days: 1 -> 3"]
    assert plan.notes == [
        "1 late-day cost would change: Ruth, Lab 1: 1 of the bank, at most 60 %, then 3 of the bank, at most 80 %."
    ]
    page = helen.post(address(cast, "file/preview/"), {"text": before})
    assert "1 late-day cost would change" in page.content.decode()
    cast.course.refresh_from_db()
    assert cast.course.facts["late_policy"]["policy"]["bank"]["days"] == 1


def test_a_policy_that_nothing_refuses_is_refused_nowhere():
    assert refused_in(FULL, {"lab1"}) == []
    assert [one.code for one in refused_in(FULL, set())] == ["unknown_assignment"] * 2


def test_a_policy_with_many_banks_has_a_row_for_each_and_free_ones(helen, cast):
    state(cast, FULL)
    page = helen.get(address(cast, "late-days/policy/"))
    assert len(page.context["form"].banks) == 4


@pytest.mark.parametrize("count", [5, 300])
def test_the_preview_makes_few_queries(helen, cast, count, django_assert_max_num_queries):
    from tests.courseplatform.teams.builders import make_students

    make_students(cast, count)
    helen.get(address(cast, "late-days/policy/"))
    with django_assert_max_num_queries(60):
        _, digest = preview(helen, address(cast, "late-days/policy/"), posted(PERSONAL) | {"bank0-days": 1})
    assert digest
