"""The desk: what lies there, when it is handed in, and what an attempt keeps of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, NotHere, TooMany
from courseplatform.core.leaving import STAYS, leaving_sweep
from grading.handing_in import piece_rules
from grading.handing_in.hand_in_rules import attempts_left, missing_of, pieces_of
from grading.handing_in.receipts import verify
from grading.models import LateVerdict, Piece, Submission
from grading.models.owners import Owner
from grading.services.handing_in import desk_hand_in
from grading.services.pieces import piece_remove, pieces_sweep, statement_save
from grading.services.submissions import submission_create
from tests.grading.handing_in.desks import active, desk
from tests.grading.handing_in.parts import NOTES, REPORT, put_report, put_text
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy
from tests.people import make_cast, make_lab

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
    leaving_sweep(now=timezone.now() + STAYS)
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
