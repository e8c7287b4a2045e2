"""Late days as the API tells them: the ledger and the verdicts, to whom they concern."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grading.models import LateEntry, LateStale, LateVerdict
from grading.models.owners import Owner
from grading.services.late_days import late_days_count
from grading.services.late_favours import extension_give, grant_give, owners_in
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy
from tests.people import hand_in, make_lab, onnx_like

pytestmark = pytest.mark.django_db
LATE = "courses/odml/late-days"


def count(cast, *people):
    """What follows after the commit, which a test does not reach."""
    for person in people:
        late_days_count(course=cast.course, people={person.pk})
    LateStale.objects.all().delete()


@pytest.fixture
def late(cast, tmp_path):
    """Ruth handed in 30 hours late: two of her three late days are spent."""
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    count(cast, cast.ruth)
    return submission


def test_the_bank_says_what_it_holds_and_by_which_lines(cast, api, late):
    found = api(cast.ruth, ["read"]).read(LATE)
    (bank,) = found["banks"]
    assert (found["person"], found["unit"], found["is_counted"]) == (
        "ruth@example.edu", {"kind": "hours", "hours": 24.0}, True,
    )  # fmt: skip
    assert (bank["team"], bank["balance"]) == (None, 1)
    assert [(line["kind"], line["days"], line["assignment"], line["submission"]) for line in bank["lines"]] == [
        ("policy", 3, None, None), ("spend", -2, "lab1", str(late.pk)),
    ]  # fmt: skip
    assert [line["reason"] for line in bank["lines"]] == ["every student gets 3", "handed in late"]


def test_a_verdict_says_how_it_came_about(cast, api, late):
    (verdict,) = api(cast.ruth).read(LATE)["verdicts"]
    kept = LateVerdict.objects.get()
    assert (verdict["assignment"], verdict["submission"]) == ("lab1", str(late.pk))
    assert (verdict["days_late"], verdict["free_days_used"], verdict["max_percent"]) == (2, 2, "100.00")
    assert verdict["explanation"] == kept.explanation and verdict["explanation"]


def test_staff_read_the_ledger_of_a_member(cast, api, late):
    own = api(cast.ruth).read(LATE)
    for person in (cast.helen, cast.amit):
        assert api(person).read(LATE, {"person": " Ruth@example.edu"}) == own


def test_staff_have_no_bank_of_their_own(cast, api, late):
    found = api(cast.helen).read(LATE)
    assert (found["person"], found["banks"], found["verdicts"]) == ("helen@example.edu", [], [])


def test_a_student_reads_nobody_elses(cast, api, late):
    daniel = api(cast.daniel)
    for asked in ("ruth@example.edu", "nobody@example.edu"):
        answer = daniel.get(LATE, {"person": asked})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert daniel.read(LATE, {"person": "daniel@example.edu"})["verdicts"] == []


def test_who_is_of_another_course_is_nobody_here(cast, api, late):
    assert api(cast.helen).get(LATE, {"person": "lena@example.edu"}).status_code == 404
    for person in (cast.lena, cast.oscar, cast.olu):
        assert api(person).get(LATE).status_code == 404


def test_late_days_of_another_course_stay_there(cast, api, late):
    lab = make_lab(cast.other_course, "theirs")
    LateEntry.objects.create(
        course=cast.other_course, person=cast.amit, kind="grant", days=7, reason="there", actor="x", assignment=lab
    )
    assert api(cast.amit).read(LATE)["banks"] == []


def test_a_course_without_a_rule_has_no_unit_and_no_bank(cast, api):
    found = api(cast.ruth).read(LATE)
    assert (found["unit"], found["banks"], found["verdicts"], found["is_counted"]) == (None, [], [], True)


def test_a_bank_that_the_policy_no_longer_names_keeps_its_lines(cast, api, late):
    with_policy(cast, banks=[{"days": 3, "owner": "person", "name": "labs"}])
    found = {bank["name"]: bank for bank in api(cast.ruth).read(LATE)["banks"]}
    assert (found["labs"]["lines"], found[""]["balance"]) == ([], 1)


def test_a_teams_bank_is_read_by_who_is_in_the_team(cast, api):
    with_policy(cast, bank={"days": 5, "owner": "team"})
    make_team(cast, cast.ruth, cast.daniel)
    count(cast, cast.ruth)
    for person in (cast.ruth, cast.daniel):
        assert [(b["team"], b["balance"]) for b in api(person).read(LATE)["banks"]] == [("magpie", 5)]
    assert api(cast.sofia).read(LATE)["banks"] == []


def test_who_left_a_team_reads_its_bank_no_more(cast, api):
    with_policy(cast, bank={"days": 5, "owner": "team"})
    team = make_team(cast, cast.ruth, cast.daniel)
    count(cast, cast.ruth)
    team.memberships.filter(person=cast.daniel).update(until_at=timezone.now() - timedelta(hours=1))
    assert api(cast.daniel).read(LATE)["banks"] == []


def test_the_reason_of_a_grant_is_told_to_who_got_it(cast, api, late):
    grant_give(visit=cast.visit(cast.helen), owners=[Owner(cast.ruth)], days=2, reason="the site was down")
    line = api(cast.ruth).read(LATE)["banks"][0]["lines"][-1]
    assert (line["kind"], line["days"], line["reason"], line["actor"]) == ("grant", 2, "the site was down", "Helen")


def test_a_line_that_a_favour_for_a_teammate_caused_does_not_tell_its_reason(cast, api, tmp_path):
    with_policy(cast, team="each")
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    count(cast, cast.ruth)
    wall = f"{(timezone.now() + timedelta(days=1)).astimezone(cast.course.tz):%Y-%m-%d %H:%M}"
    both = owners_in(cast.course, [cast.ruth, cast.daniel])
    extension_give(visit=cast.visit(cast.helen), assignment=cast.lab, owners=both, until=wall, reason="Ruth is ill")
    late_days_count(course=cast.course, people={cast.ruth.pk})

    def reason(reader, **asked):
        return next(
            line["reason"] for line in api(reader).read(LATE, asked)["banks"][0]["lines"] if line["kind"] == "refund"
        )

    assert reason(cast.daniel) == "an extension of Lab 1"
    assert reason(cast.helen, person="daniel@example.edu") == "an extension of Lab 1"


def test_a_change_that_waits_to_be_counted_is_said(cast, api, late):
    LateStale.objects.create(course=cast.course, person=cast.ruth, cause="due time moved", actor="Helen")
    assert api(cast.ruth).read(LATE)["is_counted"] is False


@pytest.mark.parametrize("number", [2, 60])
def test_a_ledger_costs_the_same_queries_however_long_it_is(cast, api, late, number, django_assert_max_num_queries):
    for n in range(number):
        lab = make_lab(cast.course, f"more{n}", short=f"M {n}")
        LateEntry.objects.create(
            course=cast.course,
            person=cast.ruth,
            kind="spend",
            days=-1,
            assignment=lab,
            reason="x",
            actor="course policy",
        )
        LateVerdict.objects.create(
            assignment=lab, person=cast.ruth, submission=late, days_late=1, free_days_used=1, penalty_percent=0,
            max_percent=100, accepted=True, explanation=["x"],
        )  # fmt: skip
    helen = api(cast.helen)
    with django_assert_max_num_queries(
        10
    ):  # token, its use, course, member, team, lines, verdicts, the return, whether counted, where names are hidden
        found = helen.read(LATE, {"person": "ruth@example.edu"})
    assert len(found["verdicts"]) == number + 1
