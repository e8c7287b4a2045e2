"""The desk: what lies there, when it is handed in, and what an attempt keeps of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, NotHere, TooMany
from grading import piece_rules
from grading.hand_in_rules import attempts_left, missing_of, pieces_of
from grading.models import GradeEvent, LateVerdict, Piece, Result, Run, Submission
from grading.models.assignments import ActiveRule
from grading.models.owners import Owner
from grading.receipts import verify
from grading.run_end import run_ended
from grading.services.handing_in import desk_hand_in
from grading.services.late_days import late_days_count
from grading.services.late_favours import extension_give
from grading.services.pieces import piece_remove, pieces_sweep, statement_save
from grading.services.submissions import submission_create
from grading.services.versions import attempt_choose
from hardware.models import Outcome
from tests.grading.parts import NOTES, REPORT, put_report, put_text
from tests.grading.test_late_days import due_ago, make_team, with_policy
from tests.people import hand_in, make_cast, make_lab, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
WHO = {"key": "who", "kind": "contributions", "title": "Who did what"}


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def essay(cast):
    """Work without a model: a report of one page, and notes that may come."""
    return make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[REPORT, NOTES | {"required": False}])


def lab_with(cast, *parts, **fields):
    cast.lab.parts = list(parts)
    for name, value in fields.items():
        setattr(cast.lab, name, value)
    cast.lab.save()
    return type(cast.lab).objects.get(pk=cast.lab.pk)


def desk(person, lab, key=None, now=None):
    return submission_create(person=person, assignment=lab, upload=None, upload_key=key or uuid4(), now=now)[0]


def ended(submission, outcome, earned=None):
    """Its run has ended so."""
    run = Run.objects.get(submission=submission)
    Run.objects.filter(pk=run.pk).update(status="finished", outcome=outcome)
    if earned is None:
        run_ended(run.job, outcome, {})
        return
    lines = [{"key": "a", "title": "A", "earned": f"{earned:.2f}", "of": "7.00"}]
    facts = {"report": {}, "host": {}, "quality": {}, "environment": {}, "metrics": {}, "points": lines}
    run_ended(run.job, outcome, {**facts, "earned": str(earned), "of": "7"})


def active(person):
    return Submission.objects.get(person=person, is_active=True)


def test_what_replaces_a_part_leaves_the_old_one_with_the_attempt(cast, essay, tmp_path):
    first = put_report(cast.ruth, essay, tmp_path)
    attempt = desk(cast.ruth, essay)
    second = put_report(cast.ruth, essay, tmp_path)
    first.refresh_from_db()
    assert first.removed_at is not None and [p.pk for p in pieces_of(owner=Owner(cast.ruth), assignment=essay)] == [
        second.pk
    ]
    assert list(attempt.pieces.values_list("pk", flat=True)) == [first.pk]
    assert first.file.open().read() != second.file.open().read()


def test_the_very_same_part_again_is_no_other_piece(cast, essay):
    assert put_text(cast.ruth, essay, "Nothing new.").pk == put_text(cast.ruth, essay, "Nothing new.").pk
    assert Piece.objects.count() == 1


def test_the_same_upload_twice_is_one_piece(cast, essay):
    key = uuid4()
    first = put_text(cast.ruth, essay, "Said.", upload_key=key)
    put_text(cast.ruth, essay, "Said otherwise.")
    assert put_text(cast.ruth, essay, "Said.", upload_key=key) == first and Piece.objects.count() == 2


def test_a_key_that_was_used_for_something_else_saves_nothing_and_says_so(cast, essay, tmp_path):
    key = uuid4()
    put_report(cast.ruth, essay, tmp_path, upload_key=key)
    other = make_lab(cast.course, "other", bench_spec={}, short="Other", parts=[NOTES])
    for act in (
        lambda: put_report(cast.ruth, essay, tmp_path, upload_key=key),  # another file
        lambda: put_text(cast.ruth, essay, "Said.", upload_key=key),  # another part
        lambda: put_text(cast.ruth, other, "Said.", upload_key=key),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "upload_key_used"
    assert Piece.objects.count() == 1
    put_text(cast.daniel, essay, "Said.", upload_key=key)  # the keys of another person are others


def test_there_is_a_bound_to_how_many_parts_are_put_in_an_hour(cast, essay, monkeypatch):
    monkeypatch.setattr(piece_rules, "PER_HOUR", 2)
    put_text(cast.ruth, essay, "Long ago.", now=timezone.now() - timedelta(minutes=61))
    for n in range(2):
        put_text(cast.ruth, essay, f"Version {n}")
    with pytest.raises(TooMany) as refused:
        put_text(cast.ruth, essay, "One more.")
    assert refused.value.code == "too_many_parts"
    assert put_text(cast.ruth, essay, "Version 1").text == "Version 1"  # the same again is none
    put_text(cast.daniel, essay, "My first.")


def test_a_complete_desk_is_handed_in_by_itself_while_that_is_free(cast, essay, tmp_path):
    put_text(cast.ruth, essay, "Optional.")
    assert desk_hand_in(person=cast.ruth, assignment=essay) is None  # the report is missing
    put_report(cast.ruth, essay, tmp_path)
    made = desk_hand_in(person=cast.ruth, assignment=essay)
    assert (made.number, made.counts, made.is_active or active(cast.ruth).pk == made.pk) == (1, True, True)
    assert made.pieces.count() == 2 and made.model is None


def test_a_late_desk_waits_for_a_click(cast, essay, tmp_path):
    with_policy(cast)
    put_report(cast.ruth, due_ago(essay, hours=3), tmp_path)
    assert desk_hand_in(person=cast.ruth, assignment=essay) is None
    made = desk(cast.ruth, essay)
    assert LateVerdict.objects.get(assignment=essay, person=cast.ruth).days_late == 1 and made.counts


def test_without_a_policy_the_due_time_alone_says_what_is_free(cast, essay, tmp_path):
    put_report(cast.ruth, due_ago(essay, minutes=1), tmp_path)
    assert desk_hand_in(person=cast.ruth, assignment=essay) is None


def test_parts_without_a_model_use_up_no_attempt(cast, essay, tmp_path):
    essay.attempts_allowed = 1
    essay.save()
    for number in (1, 2, 3):
        put_report(cast.ruth, essay, tmp_path)
        assert desk_hand_in(person=cast.ruth, assignment=essay).number == number
    assert attempts_left(owner=Owner(cast.ruth), assignment=essay) == 1


def test_an_empty_desk_is_no_hand_in(cast, essay):
    with pytest.raises(Conflict) as refused:
        desk(cast.ruth, essay)
    assert refused.value.code == "desk_empty" and not Submission.objects.exists()


def test_the_same_desk_twice_is_one_hand_in(cast, essay, tmp_path):
    put_report(cast.ruth, essay, tmp_path)
    first = desk(cast.ruth, essay)
    assert desk(cast.ruth, essay).pk == first.pk and Submission.objects.count() == 1


def test_a_report_beside_a_model_keeps_the_model_and_its_points(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    measured = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    ended(measured, Outcome.MEASURED, 5)
    put_report(cast.ruth, lab, tmp_path)
    made = desk_hand_in(person=cast.ruth, assignment=lab)
    assert (made.model_from, made.sha256, made.number) == (measured, "", 2)
    assert active(cast.ruth).pk == made.pk and Run.objects.count() == 1
    assert attempts_left(owner=Owner(cast.ruth), assignment=lab) == lab.attempts_allowed - 1


def test_a_report_that_comes_while_the_model_is_measured_counts_with_it(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    waiting = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    put_report(cast.ruth, lab, tmp_path)
    made = desk(cast.ruth, lab)
    assert (made.counts, made.model_from) == (True, waiting)
    ended(waiting, Outcome.MEASURED, 3)
    made.refresh_from_db()
    assert made.counts is True and made.is_active


def test_of_two_models_the_better_one_counts_with_the_newest_report_beside_it(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    good = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(good, Outcome.MEASURED, 6)
    put_report(cast.ruth, lab, tmp_path)
    worse = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    ended(worse, Outcome.MEASURED, 2)
    assert active(cast.ruth).pk == good.pk  # without the report: the page says so, and offers it
    made = desk(cast.ruth, lab)
    assert (active(cast.ruth).pk, made.model_from) == (made.pk, good)


def test_a_refused_model_takes_nothing_from_the_report_that_came_with_it(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    attempt = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    ended(attempt, Outcome.REFUSED)
    attempt.refresh_from_db()
    assert (attempt.counts, attempt.spares_attempt, attempt.is_active) == (True, True, True)
    assert attempts_left(owner=Owner(cast.ruth), assignment=lab) == lab.attempts_allowed


def test_a_refused_model_alone_is_no_hand_in(cast, tmp_path):
    attempt = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    ended(attempt, Outcome.REFUSED)
    attempt.refresh_from_db()
    assert (attempt.counts, attempt.is_active) == (False, False)


def test_the_same_bytes_are_one_attempt_until_another_part_lies_beside_them(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab).pk == first.pk
    put_report(cast.ruth, lab, tmp_path)
    made = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert (made.number, Run.objects.count()) == (2, 2)


def test_a_choice_goes_along_with_the_report_that_stands_beside_it(cast, tmp_path):
    lab = lab_with(cast, REPORT, active_rule=ActiveRule.CHOSEN)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(first, Outcome.MEASURED, 6)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab), Outcome.MEASURED, 2)
    attempt_choose(visit=cast.visit(cast.ruth), submission=first)
    put_report(cast.ruth, lab, tmp_path)
    made = desk(cast.ruth, lab)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"3"), lab=lab), Outcome.MEASURED, 7)
    assert (made.model_from, active(cast.ruth).pk) == (first, made.pk)


def test_a_member_puts_a_part_for_the_team_and_the_receipt_goes_to_all(cast, tmp_path):
    team = make_team(cast, cast.ruth, cast.daniel)
    essay = make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[REPORT, WHO], is_individual=False)
    put_report(cast.daniel, essay, tmp_path, team=team)
    owner = Owner(cast.ruth, team)
    assert [
        part.key for part in missing_of(owner=owner, assignment=essay, pieces=pieces_of(owner=owner, assignment=essay))
    ] == ["who"]
    made = desk(cast.ruth, essay)
    assert (made.team, made.pieces.get().person) == (team, cast.daniel)
    alone = Owner(cast.sofia)
    put_report(cast.sofia, essay, tmp_path)
    assert missing_of(owner=alone, assignment=essay, pieces=pieces_of(owner=alone, assignment=essay)) == []


def test_the_receipt_names_every_part_with_its_hash(cast, essay, tmp_path):
    report = put_report(cast.ruth, essay, tmp_path)
    put_text(cast.ruth, essay, "Said.")
    facts = verify(desk(cast.ruth, essay).signature)
    assert (
        facts["file"] is None and {part["part"]: part["sha256"] for part in facts["parts"]}["report"] == report.sha256
    )
    assert {part["part"] for part in facts["parts"]} == {"report", "notes"}


def test_a_statement_alone_is_nothing_to_hand_in(cast, essay):
    essay.needs_statement = True
    essay.save()
    statement_save(owner=Owner(cast.ruth), assignment=essay, text="Nobody.")
    with pytest.raises(Conflict) as refused:
        desk(cast.ruth, essay)
    assert refused.value.code == "desk_empty"


def test_what_is_taken_away_is_gone_from_the_desk_and_stays_with_the_attempt(cast, essay):
    piece = put_text(cast.ruth, essay, "Said.")
    attempt = desk(cast.ruth, essay)
    piece_remove(owner=Owner(cast.ruth), piece=piece)
    assert pieces_of(owner=Owner(cast.ruth), assignment=essay) == [] and attempt.pieces.count() == 1
    with pytest.raises(NotHere):
        piece_remove(owner=Owner(cast.ruth), piece=piece)


def test_what_left_the_desk_a_week_ago_is_deleted_unless_it_was_handed_in(cast, essay, tmp_path):
    handed = put_report(cast.ruth, essay, tmp_path)
    desk(cast.ruth, essay)
    replaced = put_report(cast.ruth, essay, tmp_path)
    stands = put_report(cast.ruth, essay, tmp_path)
    soon, later = timezone.now() + timedelta(days=6), timezone.now() + timedelta(days=8)
    assert pieces_sweep(now=soon) == 0 and pieces_sweep(now=later) == 1
    assert set(Piece.objects.all()) == {handed, stands}
    assert {folder.name for folder in (tmp_path / "media" / "pieces").iterdir()} == {str(handed.pk), str(stands.pk)}
    assert not replaced.file.storage.exists(replaced.file.name)


def test_a_part_that_the_assignment_lost_can_still_be_taken_away_but_not_in_a_withdrawn_one(cast, essay, client):
    piece = put_text(cast.ruth, essay, "Said.")
    essay.parts = [REPORT]
    essay.is_withdrawn = True
    essay.save()
    client.force_login(cast.ruth)
    address = f"/courses/odml/pieces/{piece.pk}/remove/"
    assert client.post(address).status_code == 404 and Piece.objects.standing().exists()
    type(essay).objects.update(is_withdrawn=False)
    assert client.post(address, follow=True).status_code == 200 and not Piece.objects.standing().exists()


@pytest.mark.parametrize(("fields", "code"), [
    ({"parts": []}, "nothing_taken"), ({"released_at": timezone.now() + timedelta(days=1)}, "not_released"),
])  # fmt: skip
def test_nothing_is_put_where_nothing_is_taken(cast, essay, fields, code):
    for name, value in fields.items():
        setattr(essay, name, value)
    essay.save()
    with pytest.raises(Conflict) as refused:
        put_text(cast.ruth, type(essay).objects.get(pk=essay.pk), "Said.")
    assert refused.value.code == code and not Piece.objects.exists()


def test_who_is_not_in_the_course_has_no_desk(cast, essay):
    with pytest.raises(NotHere):
        put_text(cast.oscar, essay, "Said.")


def test_a_measured_attempt_is_not_lost_to_a_later_report_without_one(cast, tmp_path):
    """The results of an attempt stay its own: the one that keeps its model shows them, and writes none."""
    lab = lab_with(cast, REPORT)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    ended(first, Outcome.MEASURED, 4)
    put_report(cast.ruth, lab, tmp_path)
    desk(cast.ruth, lab)
    assert list(Result.objects.values_list("run__submission", flat=True)) == [first.pk]


def test_a_hand_in_never_counts_from_before_the_desk_became_what_it_is(cast, essay, tmp_path):
    """The report arrived whole before the due time and was put afterwards, beside notes that are younger than the due time."""
    with_policy(cast)
    due_ago(essay, minutes=10)
    parked, noted = essay.due_at - timedelta(minutes=2), essay.due_at + timedelta(minutes=3)
    put_text(cast.ruth, essay, "After the due time.", now=noted)
    put_report(cast.ruth, essay, tmp_path, now=parked)
    assert desk_hand_in(person=cast.ruth, assignment=essay, now=parked) is None
    assert desk(cast.ruth, essay, now=parked).received_at == noted
    assert LateVerdict.objects.get(assignment=essay, person=cast.ruth).days_late == 1


def test_a_report_goes_along_with_the_model_that_turns_out_better_though_it_came_later(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab), Outcome.MEASURED, 3)
    better = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    report = put_report(cast.ruth, lab, tmp_path)
    made = desk_hand_in(person=cast.ruth, assignment=lab)
    arrived = made.received_at
    ended(better, Outcome.MEASURED, 6)
    made.refresh_from_db()
    assert (made.is_active, made.model_from, made.received_at) == (True, better, arrived)
    assert made.pieces.get() == report and GradeEvent.objects.latest("pk").points == 6


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.INFRASTRUCTURE])
def test_the_report_that_came_with_a_model_that_failed_stands_beside_the_one_before(cast, tmp_path, outcome):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    good = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(good, Outcome.MEASURED, 3)
    put_report(cast.ruth, lab, tmp_path)
    failed = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    ended(failed, outcome)
    failed.refresh_from_db()
    assert (failed.is_active, failed.model, failed.counts) == (True, good, True)
    assert attempts_left(owner=Owner(cast.ruth), assignment=lab) == lab.attempts_allowed - 1


def test_after_a_fault_of_ours_the_same_file_is_measured_again(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab), Outcome.INFRASTRUCTURE)
    again = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert (again.number, Run.objects.count()) == (2, 2)
    ended(again, Outcome.MEASURED, 5)
    assert active(cast.ruth).pk == again.pk


def test_the_measured_part_of_the_grade_follows_the_desk(cast, tmp_path):
    lab = lab_with(cast, REPORT, active_rule=ActiveRule.BEST)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(first, Outcome.MEASURED, 5)
    second = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    ended(second, Outcome.MEASURED, 2)
    second.refresh_from_db()
    attempt_choose(visit=cast.visit(cast.helen), submission=second)  # staff had a reason
    put_report(cast.ruth, lab, tmp_path)
    made = desk_hand_in(person=cast.ruth, assignment=lab)
    assert (active(cast.ruth).pk, made.model_from) == (made.pk, second)
    assert GradeEvent.objects.latest("pk").points == 2
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"3"), lab=lab), Outcome.MEASURED, 6)
    assert GradeEvent.objects.latest("pk").points == 6  # a model after the choice ends it


def test_what_the_late_policy_does_not_take_displaces_nothing_that_it_takes(cast, tmp_path):
    lab = lab_with(cast, REPORT, late_rules={"no_late": True})
    with_policy(cast)
    put_report(cast.ruth, lab, tmp_path)
    good = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(good, Outcome.MEASURED, 4)
    Submission.objects.filter(pk=good.pk).update(received_at=timezone.now() - timedelta(hours=2))
    lab = due_ago(lab, hours=1)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab), Outcome.MEASURED, 7)
    assert active(cast.ruth).pk == good.pk
    put_report(cast.ruth, lab, tmp_path)
    desk(cast.ruth, lab)
    assert active(cast.ruth).pk == good.pk and LateVerdict.objects.get(person=cast.ruth).accepted
    extension_give(
        visit=cast.visit(cast.helen), assignment=lab, owners=[Owner(cast.ruth)], reason="ill", units=2
    )  # fmt: skip
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert active(cast.ruth).measured_pk != good.pk


def test_a_desk_that_lacks_a_part_again_is_not_handed_in_by_itself(cast, essay, tmp_path):
    put_text(cast.ruth, essay, "Notes alone.")
    with pytest.raises(Conflict) as refused:
        submission_create(person=cast.ruth, assignment=essay, upload=None, upload_key=uuid4(), only_complete=True)
    assert refused.value.code == "desk_incomplete"


def test_the_first_statement_goes_with_a_hand_in_of_its_own(cast, essay, tmp_path):
    put_report(cast.ruth, essay, tmp_path)
    first = desk_hand_in(person=cast.ruth, assignment=essay)
    essay.needs_statement = True
    essay.save()
    fresh = type(essay).objects.get(pk=essay.pk)
    statement_save(owner=Owner(cast.ruth), assignment=fresh, text="Nobody.")
    made = desk_hand_in(person=cast.ruth, assignment=fresh)
    assert (first.statement, made.statement, made.is_active) == ("", "Nobody.", True)


def test_what_is_of_another_kind_now_lies_on_no_desk(cast, essay, tmp_path):
    put_text(cast.ruth, essay, "A text.")
    essay.parts = [REPORT, {"key": "notes", "kind": "table", "title": "Notes"}]
    essay.save()
    assert pieces_of(owner=Owner(cast.ruth), assignment=type(essay).objects.get(pk=essay.pk)) == []


def test_a_statement_that_is_asked_for_once_the_file_is_here_makes_nothing_late(cast, essay, tmp_path):
    essay.needs_statement = True
    essay.save()
    due_ago(essay, minutes=1)
    arrived = essay.due_at - timedelta(seconds=30)
    put_report(cast.ruth, essay, tmp_path, now=arrived)
    statement_save(owner=Owner(cast.ruth), assignment=type(essay).objects.get(pk=essay.pk), text="Nobody.")
    assert desk(cast.ruth, essay, now=arrived).received_at == arrived
