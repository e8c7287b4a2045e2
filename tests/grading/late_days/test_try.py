"""Trying a hand-in that nobody made, and the course as a file for late_report, whose report says what the site says."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.utils import timezone

from grading.course_file.late.report import late_report
from grading.course_file.late.schema import LATE_FILE
from grading.late_rows.facts import everybody, facts_of
from grading.models import LateRequest, LateVerdict, Submission
from grading.selectors.late_export import late_report_text, unique_names
from grading.services.late_favours import (
    accommodation_give,
    excuse_give,
    extension_give,
    grant_give,
    late_request_make,
    owners_in,
)
from tests.courseplatform.teams.builders import make_student, make_students, make_team
from tests.grading.late_days.staff import OF_TEAMS, PERSONAL, address, handed_in, late_cast, state
from tests.people import make_lab

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def cast(data_dir):
    return late_cast()


@pytest.fixture
def helen(client, cast):
    client.force_login(cast.helen)
    return client


def asked(cast, owner, **after_due):
    at = (cast.lab.due_at + timedelta(**after_due)).astimezone(NEW_YORK)
    return {"owner": owner, "assignment": cast.lab.pk, "at": f"{at:%Y-%m-%dT%H:%M:%S}"}


def test_a_made_up_hand_in_is_explained_line_by_line_and_nothing_is_written(helen, cast):
    page = helen.get(address(cast, "late-days/try/"), asked(cast, f"p{cast.ruth.pk}", hours=100))
    (found,) = page.context["verdicts"]
    assert (found.verdict.days_late, found.verdict.free_days_used, found.maximum) == (5, 3, "80 %")
    assert "5 - 3 = 2 uncovered: the bank pays 3." in page.content.decode()
    assert not Submission.objects.exists()
    assert not LateVerdict.objects.exists()


def test_a_made_up_hand_in_of_a_team_is_each_members(helen, cast):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=cast.lab.due_at - timedelta(days=1))
    page = helen.get(address(cast, "late-days/try/"), asked(cast, f"t{team.pk}", hours=1))
    assert {found.person.name for found in page.context["verdicts"]} == {"Ruth", "Daniel"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"at": "yesterday"}, "wrong_form"),
        ({"at": "2027-03-14T02:30"}, "no_such_time"),
        ({"owner": "p0"}, "invalid_choice"),
        ({"owner": "nobody"}, "invalid_choice"),
        ({"assignment": "999999999999999999999999"}, "invalid_choice"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_its_code(helen, cast, values, code):
    page = helen.get(address(cast, "late-days/try/"), asked(cast, f"p{cast.ruth.pk}", hours=1) | values)
    assert page.status_code == 422
    assert code in page.content.decode()


def test_a_team_without_members_then_is_nobodys(helen, cast):
    team = make_team(cast, "Magpie", cast.ruth)
    page = helen.get(address(cast, "late-days/try/"), asked(cast, f"t{team.pk}", hours=-1000))
    assert "nobody_judged" in page.content.decode()


def test_a_course_without_a_policy_tries_nothing(helen, cast):
    cast.course.facts = {}
    cast.course.save()
    page = helen.get(address(cast, "late-days/try/"), asked(cast, f"p{cast.ruth.pk}", hours=1))
    assert "no_late_policy" in page.content.decode()
    assert helen.get(address(cast, "late-days/late-report.yaml")).status_code == 409


# -- the file


def a_term(cast):
    """Something of everything that facts are made of."""
    visit = cast.visit(cast.helen)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=cast.lab.due_at - timedelta(days=9))
    lab2 = make_lab(
        cast.course,
        "lab2",
        short="Lab 2",
        due_at=cast.lab.due_at + timedelta(hours=3),
        late_rules={"cap": None, "cutoff": {"units": 3}},
    )
    lab3 = make_lab(
        cast.course, "lab3", short="Lab 3", due_at=cast.lab.due_at, late_rules={"cutoff": "2027-01-01 12:00", "cap": 1}
    )
    make_lab(cast.course, "lab4", short="Lab 4", due_at=cast.lab.due_at, late_rules={"no_late": True})
    make_lab(cast.course, "talk", short="Talk", kind="presentation", bench_spec={}, due_at=None)
    mine = owners_in(cast.course, [cast.ruth])
    grant_give(visit=visit, owners=mine, days=3, reason='ill: a \u2028line, "quotes" and\ttabs', since=None)
    grant_give(visit=visit, owners=mine, days=-1, reason="one too many")
    grant_give(visit=visit, owners=owners_in(cast.course, [cast.sofia]), days=1, reason="later", since=date(2026, 1, 1))
    extension_give(
        visit=visit,
        assignment=lab2,
        owners=owners_in(cast.course, teams=[team]),
        units=1,
        keeps_penalty=True,
        reason="kit",
    )
    until = (cast.lab.due_at + timedelta(days=1)).astimezone(NEW_YORK)
    extension_give(visit=visit, assignment=cast.lab, owners=mine, until=f"{until:%Y-%m-%d %H:%M}", reason="ill")
    accommodation_give(visit=visit, person=cast.sofia, extra_days=1, reason="letter", kinds=["lab"])
    excuse_give(visit=visit, assignment=lab3, person=cast.daniel, reason="ill")
    twin = make_student(cast, "Ruth2")
    twin.name = "Ruth"
    twin.save()
    for person, lab, hours, more in (
        (cast.ruth, cast.lab, 40, {"is_active": True}), (cast.sofia, cast.lab, 100, {}), (twin, cast.lab, 10, {}), (cast.daniel, lab3, 60, {}),
        (cast.sofia, lab3, 60, {"counts": False}), (cast.ruth, lab3, 200, {}), (twin, lab2, 90, {}),
    ):  # fmt: skip
        handed_in(cast, person, lab=lab, ago=timezone.now() - cast.lab.due_at - timedelta(hours=hours), **more)
    handed_in(cast, cast.daniel, team=team, lab=lab2, ago=timezone.now() - lab2.due_at - timedelta(hours=60))
    return team


POLICIES = {
    "personal": PERSONAL,
    "team": OF_TEAMS,
    "banks": {
        "banks": [{"name": "labs", "days": 2, "owner": "person", "assignments": ["lab1", "talk"]}, {"name": "rest", "days": 1, "owner": "team"}],
        "penalty": {"kind": "percent_of_earned", "steps": [50, 100]}, "weekend": "one", "pass": {"turned_in": 2, "of": ["lab1", "lab2", "talk"]},
    },
    "asked": PERSONAL | {"spend": "asked", "attempt": "best", "team": "poorest", "over": {"rule": "zero"}},
}  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_the_report_of_the_file_says_what_the_site_says(cast, name):
    a_term(cast)
    if name == "asked":
        state(cast, POLICIES[name])
        late_request_make(
            owner=owners_in(cast.course, [cast.sofia])[0], assignment=cast.lab, units=1, request_key="0" * 32
        )
        assert LateRequest.objects.exists()
    state(cast, POLICIES[name])
    facts = facts_of(everybody(type(cast.course).objects.get(pk=cast.course.pk)))
    names, site = unique_names(facts.circle), facts.assessment()
    report = late_report(late_report_text(facts.circle.course).encode())
    there = {(v["person"], v["assignment"]): v for v in report["verdicts"]}
    assert len(site.verdicts) >= 6
    assert set(there) == {(names[v.person], v.assignment) for v in site.verdicts}
    for verdict in site.verdicts:
        found = there[names[verdict.person], verdict.assignment]
        assert found["explanation"] == [_named(line, facts, names, verdict) for line in verdict.explanation]
        assert (found["days_late"], found["free_days_used"], found["accepted"]) == (
            verdict.days_late, verdict.free_days_used, verdict.accepted
        )  # fmt: skip
        assert found["submission_id"] == verdict.submission_id
        assert found["charged_to"] == (verdict.charged_to and names[verdict.charged_to])
    for owner, banks in site.balances.items():
        held = report["balances"][names[owner]]
        assert held == (banks if any(bank.name for bank in facts.policy.banks) else sum(banks.values()))
    assert {who: one["ok"] for who, one in report["passes"].items()} == {names[k]: v.ok for k, v in site.passes.items()}


def _named(line, facts, names, verdict):
    """The site calls both Ruths Ruth; the file cannot."""
    payer = verdict.charged_to
    return (
        line.replace(f"in the bank of {facts.circle.names[payer]}:", f"in the bank of {names[payer]}:")
        if payer
        else line
    )


def test_the_download_is_a_file_with_names_and_without_addresses(helen, cast):
    a_term(cast)
    answer = helen.get(address(cast, "late-days/late-report.yaml"))
    assert answer["Content-Disposition"] == 'attachment; filename="odml-late-days.yaml"'
    text = answer.content.decode()
    assert "@" not in text
    tree = yaml.safe_load(text)
    assert {"Ruth", "Daniel", "Sofia"} < set(tree["people"])
    assert set(tree) <= set(LATE_FILE["properties"])


def test_a_correction_below_nothing_is_refused_in_words(helen, cast):
    grant_give(visit=cast.visit(cast.helen), owners=owners_in(cast.course, [cast.ruth]), days=-1, reason="x")
    answer = helen.get(address(cast, "late-days/late-report.yaml"))
    assert answer.status_code == 409
    assert "late_report file cannot say" in answer.content.decode()


def test_tas_neither_try_nor_take_the_file(client, cast):
    client.force_login(cast.amit)
    for page in ("late-days/try/", "late-days/late-report.yaml", "late-days/policy/"):
        assert client.get(address(cast, page)).status_code == 403


@pytest.mark.parametrize("count", [5, 600])
def test_the_file_makes_the_same_queries_for_5_people_and_for_600(cast, count, django_assert_max_num_queries):
    make_students(cast, count)
    with django_assert_max_num_queries(15):
        text = late_report_text(cast.course)
    assert len(yaml.safe_load(text)["people"]) == count + 3
