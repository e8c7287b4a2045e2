"""Late days as rows: what a hand-in, a favour or a change of team writes into the ledger, and that it always sums to the balance."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.services.joining import membership_end
from grading.late_rows.facts import circle_of, facts_of, person_key, team_key
from grading.models import Extension, LateEntry, LateStale, LateVerdict, Submission
from grading.models.owners import Owner
from grading.services.late_days import late_days_count, late_days_count_stale, late_days_mark_all
from grading.services.late_favours import (
    accommodation_give,
    excuse_give,
    extension_give,
    favour_withdraw,
    grant_give,
    late_request_make,
    owners_in,
)
from grading.services.submissions import submission_create
from grading.tasks import count_late_days
from tests.people import hand_in, make_cast, make_lab, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
PERSONAL = {"bank": {"days": 3, "owner": "person"}, "unit": {"kind": "hours"}, "penalty": {"each": 10}}


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture(autouse=True)
def _commits(request, monkeypatch):
    """The tests run inside one transaction, which never commits: what follows a commit follows at once. One test has real commits."""
    if "transactional_db" not in request.fixturenames:
        now = SimpleNamespace(atomic=transaction.atomic, on_commit=lambda act: act())
        monkeypatch.setattr("grading.services.late_days.transaction", now)


def with_policy(cast, policy=PERSONAL, **changes):
    cast.course.facts = {"late_policy": {"policy": policy | changes}}
    cast.course.save()
    cast.lab.refresh_from_db()
    return cast


def due_ago(lab, **ago):
    lab.due_at = timezone.now() - timedelta(**ago)
    lab.save()
    return lab


def ledger(course, **owner):
    return [(row.kind, row.days) for row in LateEntry.objects.filter(course=course, **owner)]


def balance(course, **owner):
    return LateEntry.objects.filter(course=course, **owner).aggregate(sum=Sum("days"))["sum"]


def make_team(cast, *people, name="Magpie", since=timedelta(days=20)):
    team = Team.objects.create(course=cast.course, name=name, slug=name.lower())
    for person in people:
        Membership.objects.create(
            team=team, course=cast.course, person=person, since_at=timezone.now() - since, begun_by="test"
        )
    return team


def test_a_late_hand_in_is_charged_once_and_says_what_it_was_for(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert ledger(cast.course, person=cast.ruth) == [("policy", 3), ("spend", -2)]
    spent = LateEntry.objects.get(kind="spend")
    assert (spent.assignment, spent.submission) == (cast.lab, submission)
    verdict = LateVerdict.objects.get(person=cast.ruth)
    assert (verdict.days_late, verdict.free_days_used, verdict.max_percent) == (2, 2, 100)


def test_counting_again_writes_nothing(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    before = list(LateEntry.objects.values()), list(LateVerdict.objects.values())
    late_days_count(course=cast.course, people={cast.ruth.pk})
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert before == (list(LateEntry.objects.values()), list(LateVerdict.objects.values()))


def test_a_course_without_a_rule_has_no_ledger(cast, tmp_path):
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert not LateEntry.objects.exists() and not LateVerdict.objects.exists()


def test_a_fault_of_ours_gives_back_what_was_spent(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    Submission.objects.filter(pk=submission.pk).update(counts=False)
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert ledger(cast.course, person=cast.ruth) == [("policy", 3), ("spend", -2), ("refund", 2)]
    assert balance(cast.course, person=cast.ruth) == 3
    assert not LateVerdict.objects.exists()


def test_what_the_bank_does_not_hold_costs_points(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=24 * 4 + 1)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    verdict = LateVerdict.objects.get()
    assert (verdict.free_days_used, verdict.max_percent) == (3, 80)  # 5 units - 3 = 2 uncovered, 2 x 10
    assert balance(cast.course, person=cast.ruth) == 0


def test_a_teams_bank_pays_once_for_a_hand_in_by_any_member(cast, tmp_path):
    with_policy(cast, bank={"days": 5, "owner": "team"})
    team = make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    due_ago(cast.lab, hours=1)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    again, created = submission_create(
        person=cast.daniel, assignment=cast.lab, upload=onnx_like(tmp_path), upload_key=uuid4()
    )
    assert (submission.team, again, created) == (team, submission, False)
    assert ledger(cast.course, team=team) == [("policy", 5), ("spend", -1)]
    assert not LateEntry.objects.filter(person__isnull=False).exists()
    assert set(LateVerdict.objects.values_list("person", flat=True)) == {cast.ruth.pk, cast.daniel.pk}


def test_a_grant_counts_and_a_correction_takes_it_back_by_another_line(cast):
    with_policy(cast)
    owners = owners_in(cast.course, [cast.ruth])
    grant_give(visit=cast.visit(cast.helen), owners=owners, days=2, reason="ill")
    grant_give(visit=cast.visit(cast.helen), owners=owners, days=-1, reason="one too many")
    assert ledger(cast.course, person=cast.ruth) == [("grant", 2), ("policy", 3), ("grant", -1)]
    facts = facts_of(circle_of(cast.course, {cast.ruth.pk}))
    assert facts.assessment().balances[person_key(cast.ruth.pk)] == {"": 4}
    assert balance(cast.course, person=cast.ruth) == 4


def test_an_extension_after_the_fact_gives_the_day_back(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    wall = f"{(timezone.now() + timedelta(days=1)).astimezone(cast.course.tz):%Y-%m-%d %H:%M}"
    owners = owners_in(cast.course, [cast.ruth])
    extension_give(visit=cast.visit(cast.helen), assignment=cast.lab, owners=owners, until=wall, reason="ill")
    assert ledger(cast.course, person=cast.ruth) == [("policy", 3), ("spend", -2), ("refund", 2)]
    refund = LateEntry.objects.get(kind="refund")
    assert (refund.reason, refund.actor) == ("an extension of Lab 1", "Helen")
    favour_withdraw(visit=cast.visit(cast.helen), row=Extension.objects.get(), people=[cast.ruth])
    assert balance(cast.course, person=cast.ruth) == 1


def test_an_accommodation_moves_every_due_time_on_the_wall_clock(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    accommodation_give(visit=cast.visit(cast.helen), person=cast.ruth, extra_days=1, reason="letter of Sep 4")
    assert LateVerdict.objects.get().days_late == 1
    assert "letter" not in str(list(LateEntry.objects.values()))


def test_who_is_excused_is_never_late(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    excuse_give(visit=cast.visit(cast.helen), assignment=cast.lab, person=cast.ruth, reason="conference")
    assert (LateVerdict.objects.get().days_late, balance(cast.course, person=cast.ruth)) == (0, 3)
    with pytest.raises(Conflict) as refused:
        excuse_give(visit=cast.visit(cast.helen), assignment=cast.lab, person=cast.ruth, reason="again")
    assert refused.value.code == "excused_already"


def test_where_days_are_asked_for_only_those_are_spent(cast, tmp_path):
    with_policy(cast, spend="asked")
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert balance(cast.course, person=cast.ruth) == 3
    key = uuid4()
    for _ in range(2):
        late_request_make(owner=Owner(cast.ruth), assignment=cast.lab, units=1, request_key=key)
    assert (balance(cast.course, person=cast.ruth), LateVerdict.objects.get().max_percent) == (2, 90)


def test_a_policy_that_changes_writes_the_difference(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    with_policy(cast, bank={"days": 1, "owner": "person"})
    late_days_mark_all(course=cast.course, cause="policy changed", actor="Helen")
    assert ledger(cast.course, person=cast.ruth) == [("policy", 3), ("spend", -2), ("policy", -2), ("refund", 1)]
    assert ledger(cast.course, person=cast.daniel) == [("policy", 1)]


def test_a_member_who_joins_later_pays_only_for_what_comes_after(cast, tmp_path):
    with_policy(cast)
    team = make_team(cast, cast.ruth)
    cast.lab.is_individual = False
    due_ago(cast.lab, hours=1)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    Membership.objects.create(
        team=team,
        course=cast.course,
        person=cast.daniel,
        since_at=timezone.now() + timedelta(minutes=1),
        begun_by="test",
    )
    late_days_count(course=cast.course, people={cast.daniel.pk})
    assert (balance(cast.course, person=cast.ruth), balance(cast.course, person=cast.daniel)) == (2, 3)


def test_who_leaves_a_team_has_late_days_counted_after_the_commit(transactional_db, cast):
    with_policy(cast)
    team = make_team(cast, cast.ruth, cast.daniel)
    row = Membership.objects.get(person=cast.daniel)
    membership_end(membership=row, at=timezone.now(), by="Helen")
    assert not LateStale.objects.exists()
    assert set(LateEntry.objects.values_list("person", flat=True)) == {cast.ruth.pk, cast.daniel.pk}
    assert team_key(team.pk) in circle_of(cast.course, {cast.daniel.pk}).teams


def test_a_process_that_died_before_counting_is_made_good_by_the_sweep(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    LateStale.objects.create(course=cast.course, person=cast.ruth, cause="due time moved", actor="Helen")
    assert late_days_count_stale() == 1
    assert not LateStale.objects.exists() and ledger(cast.course, person=cast.ruth) == [("policy", 3)]
    assert late_days_count_stale() == 0


def test_a_line_of_the_ledger_is_neither_changed_nor_deleted(cast):
    with_policy(cast)
    late_days_count(course=cast.course, people={cast.ruth.pk})
    row = LateEntry.objects.get()
    row.days = 30
    for attempt in (row.save, row.delete, LateEntry.objects.all().delete, lambda: LateEntry.objects.update(days=9)):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "append_only"
    assert LateEntry.objects.get().days == 3


@pytest.mark.parametrize(
    ("given", "code"),
    [({"days": 0}, "days_out_of_range"), ({"days": 1000}, "days_out_of_range"), ({"days": 1, "reason": "  "}, "reason_missing"),
     ({"days": 1, "bank": "other"}, "no_such_bank")],
)  # fmt: skip
def test_a_grant_that_makes_no_sense_is_refused_with_its_field(cast, given, code):
    with_policy(cast)
    with pytest.raises(BadInput) as refused:
        grant_give(visit=cast.visit(cast.helen), owners=[Owner(cast.ruth)], **({"reason": "ill"} | given))
    assert refused.value.code == code and not LateEntry.objects.exists()


def test_somebody_of_another_course_is_given_nothing(cast):
    with pytest.raises(BadInput) as refused:
        owners_in(cast.course, [cast.lena])
    assert refused.value.code == "not_in_course"


def test_a_circle_takes_the_same_queries_for_five_hand_ins_and_for_fifty(cast, django_assert_max_num_queries):
    with_policy(cast)
    lab = make_lab(cast.course, "lab2", short="Lab 2")
    for n in range(50):
        Submission.objects.create(
            assignment=lab,
            person=cast.ruth,
            number=n,
            size_bytes=1,
            sha256="0",
            upload_key=uuid4(),
            receipt=f"r{n}",
            due_at=lab.due_at,
        )
    with django_assert_max_num_queries(10):
        facts = facts_of(circle_of(cast.course, {cast.ruth.pk}))
    assert len(facts.submissions) == 50


def test_the_worker_counts_whoever_is_new_and_whoever_is_marked(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    LateVerdict.objects.all().delete()
    LateStale.objects.create(course=cast.course, person=cast.ruth, cause="", actor="")
    assert count_late_days() >= 1
    assert LateVerdict.objects.get().person == cast.ruth and balance(cast.course, person=cast.sofia) == 3
    assert not LateStale.objects.exists() and count_late_days() == 0
