"""Sheets: who has one, what a save keeps, and what its end writes into the grade."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grading.grade_facts import grade_for
from grading.models import GradeEvent, GradeRelease, GradingSheet
from grading.services.grades import grade_give
from grading.services.sheet_finishing import sheet_finish, sheet_item_finish
from grading.services.sheets import sheet_open, sheet_release, sheet_reopen, sheet_save, sheet_touch, sheets_prepare
from tests.courseplatform.teams.builders import make_team
from tests.grading.desk.desks import GOOD, again, claimed, essay, hand_in_report, sheet_of
from tests.grading.grades.grades import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(cast):
    return essay(cast)


@pytest.fixture
def sheet(cast, lab, tmp_path):
    return sheet_of(cast, lab, tmp_path)


def save(cast, sheet, ticks=None, comment="", revision=None, person=None, **more):
    sheet = again(sheet)
    return sheet_save(
        visit=cast.visit(person or cast.amit), sheet=sheet, revision=sheet.revision if revision is None else revision,
        ticks=GOOD if ticks is None else ticks, comment=comment, **more,
    )  # fmt: skip


def finish(cast, sheet, ticks=None, comment="", person=None, seen=0, **more):
    sheet = again(sheet)
    return sheet_finish(
        visit=cast.visit(person or cast.amit), sheet=sheet, revision=sheet.revision, ticks=GOOD if ticks is None else ticks,
        comment=comment, seen=seen, **more,
    )  # fmt: skip


def seen(lab, person):
    return grade_for(lab, person).seen


def test_each_report_that_counts_has_one_sheet_however_often_it_is_asked(cast, lab, tmp_path):
    for person in (cast.ruth, cast.daniel):
        hand_in_report(person, lab, tmp_path)
    for _ in range(3):
        sheets_prepare(assignment=lab)
    assert {row.person for row in GradingSheet.objects.all()} == {cast.ruth, cast.daniel}
    assert sorted(GradingSheet.objects.values_list("number", flat=True)) == [1, 2]


def test_a_claim_is_seen_by_the_others_and_kept_from_them(cast, sheet):
    claimed(cast, sheet)
    assert refused(lambda: claimed(cast, sheet, cast.ines)) == "claimed"
    assert sheet_open(visit=cast.visit(cast.ines), sheet=again(sheet)).claimed_by == cast.amit  # who reads along


def test_a_claim_whose_page_was_silent_for_ten_minutes_is_free(cast, sheet):
    now = timezone.now()
    claimed(cast, sheet, now=now)
    assert refused(lambda: claimed(cast, sheet, cast.ines, now=now + timedelta(minutes=9))) == "claimed"
    sheet_touch(visit=cast.visit(cast.amit), sheet=again(sheet), now=now + timedelta(minutes=9))
    assert refused(lambda: claimed(cast, sheet, cast.ines, now=now + timedelta(minutes=11))) == "claimed"
    assert claimed(cast, sheet, cast.ines, now=now + timedelta(minutes=20)).claimed_by == cast.ines


def test_who_is_taken_over_is_told_and_what_was_ticked_stays(cast, sheet):
    claimed(cast, sheet)
    save(cast, sheet, comment="Half of it.")
    taken = claimed(cast, sheet, cast.ines, take_from=cast.amit.pk)
    assert (taken.claimed_by, taken.ticks, taken.comment) == (cast.ines, GOOD, "Half of it.")
    for act in (
        lambda: save(cast, sheet, {}, "Mine."),
        lambda: sheet_touch(visit=cast.visit(cast.amit), sheet=again(sheet)),
        lambda: finish(cast, sheet),
    ):
        assert refused(act) == "taken_over"
    assert again(sheet).comment == "Half of it."


def test_a_report_is_taken_only_from_whom_the_page_named(cast, sheet):
    claimed(cast, sheet)
    assert refused(lambda: claimed(cast, sheet, cast.ines, take_from=cast.helen.pk)) == "claimed"


def test_of_two_tabs_the_older_one_is_refused_and_a_repeated_save_is_not(cast, sheet):
    claimed(cast, sheet)
    assert save(cast, sheet, revision=0).revision == 1
    assert save(cast, sheet, revision=0).revision == 1  # its answer was lost: the same once more
    assert refused(lambda: save(cast, sheet, {}, "Other.", revision=0)) == "stale_sheet"
    assert again(sheet).ticks == GOOD


def test_a_save_keeps_only_what_the_rubric_knows(cast, sheet):
    claimed(cast, sheet)
    save(cast, sheet, {"report": ["complete", "gone", "complete"], "nowhere": ["x"], "why": "1"})
    assert again(sheet).ticks == {"report": ["complete"]}


def test_done_gives_the_marks_and_the_comment_and_lets_it_go(cast, lab, sheet):
    claimed(cast, sheet)
    done = finish(cast, sheet, {"report": ["complete", "no-unit"], "why": ["why"]}, "Add the unit.")
    assert (done.done_by, done.claimed_by, f"{done.points:.2f}") == (cast.amit, None, "2.75")
    grade = grade_for(lab, cast.ruth)
    assert (f"{grade.points:.2f}", grade.line_of("report").options) == ("2.75", ("complete", "no-unit"))
    assert [row.reason for row in GradeEvent.objects.filter(kind="note")] == ["Add the unit."]


def test_an_item_without_a_mark_is_named_and_extra_credit_needs_none(cast, lab, sheet):
    claimed(cast, sheet)
    assert refused(lambda: finish(cast, sheet, {"report": ["complete"]})) == "no_mark"
    assert again(sheet).ticks == {"report": ["complete"]} and not GradeEvent.objects.exists()  # saved, not given
    finish(cast, sheet, {"report": [], "why": ["only"]})
    assert f"{grade_for(lab, cast.ruth).points:.2f}" == "0.50"


def test_a_report_that_is_done_is_opened_again_and_its_comment_is_not_said_twice(cast, lab, sheet):
    claimed(cast, sheet)
    finish(cast, sheet, comment="Once.")
    assert refused(lambda: save(cast, sheet)) == "done_already"
    sheet_reopen(visit=cast.visit(cast.ines), sheet=again(sheet))
    finish(cast, sheet, GOOD | {"why": ["why"]}, "Once.", cast.ines, seen(lab, cast.ruth))
    assert f"{grade_for(lab, cast.ruth).points:.2f}" == "3.00"
    assert GradeEvent.objects.filter(kind="note").count() == 1


def test_the_same_marks_once_more_are_done_without_an_event(cast, lab, sheet):
    claimed(cast, sheet)
    finish(cast, sheet)
    count = GradeEvent.objects.count()
    sheet_reopen(visit=cast.visit(cast.amit), sheet=again(sheet))
    assert finish(cast, sheet, seen=seen(lab, cast.ruth)).done_at
    assert GradeEvent.objects.count() == count


def test_a_grade_that_changed_meanwhile_is_not_written_over(cast, lab, sheet):
    claimed(cast, sheet)
    finish(cast, sheet)
    sheet_reopen(visit=cast.visit(cast.amit), sheet=again(sheet))
    assert refused(lambda: finish(cast, sheet, GOOD | {"why": ["why"]}, seen=0)) == "stale_grade"
    assert again(sheet).done_at is None and again(sheet).ticks["why"] == ["why"]


def test_after_the_release_the_comment_is_the_reason_of_a_change(cast, lab, sheet):
    claimed(cast, sheet)
    finish(cast, sheet)
    GradeRelease.objects.create(assignment=lab, is_released=True, by="Helen", at=timezone.now())
    sheet_reopen(visit=cast.visit(cast.amit), sheet=again(sheet))
    changed, last = GOOD | {"why": ["why"]}, seen(lab, cast.ruth)
    assert refused(lambda: finish(cast, sheet, changed, seen=last)) == "reason_missing"
    finish(cast, sheet, changed, "It does say why.", seen=last)
    assert GradeEvent.objects.last().reason == "It does say why."


def test_a_report_that_was_handed_in_again_is_open_again_with_its_ticks(cast, lab, sheet, tmp_path):
    claimed(cast, sheet)
    finish(cast, sheet)
    newer = hand_in_report(cast.ruth, lab, tmp_path)
    sheets_prepare(assignment=lab)
    found = again(sheet)
    assert (found.submission, found.done_at, found.is_again, found.ticks) == (newer, None, True, GOOD)


def test_what_was_marked_to_the_end_elsewhere_is_done(cast, lab, tmp_path):
    for person, ticks in ((cast.ruth, GOOD), (cast.daniel, {"why": ["why"]})):
        hand_in_report(person, lab, tmp_path)
        grade_give(visit=cast.visit(cast.ines), assignment=lab, person=person, seen=0, ticks=ticks)
    sheets_prepare(assignment=lab)
    found = {row.person: row for row in GradingSheet.objects.all()}
    assert (found[cast.ruth].done_by, f"{found[cast.ruth].points:.2f}") == (cast.ines, "2.75")
    assert found[cast.daniel].done_at is None
    assert claimed(cast, found[cast.daniel]).ticks == {"why": ["why"]}


def test_marks_that_stand_already_are_on_the_sheet_when_it_is_opened(cast, lab, sheet):
    grade_give(visit=cast.visit(cast.ines), assignment=lab, person=cast.ruth, seen=0, ticks=GOOD)
    assert claimed(cast, sheet).ticks == GOOD


def test_a_teams_report_is_graded_for_all_of_it(cast, tmp_path):
    lab = essay(cast, is_individual=False)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    hand_in_report(cast.ruth, lab, tmp_path, team=team)
    sheets_prepare(assignment=lab)
    sheet = GradingSheet.objects.get()
    claimed(cast, sheet)
    finish(cast, sheet)
    assert {f"{grade_for(lab, one).points:.2f}" for one in (cast.ruth, cast.daniel)} == {"2.75"}


def test_by_question_a_report_is_done_with_its_last_item(cast, lab, sheet):
    visit = cast.visit(cast.amit)

    def answer(item, ticks):
        found = claimed(cast, sheet)
        return sheet_item_finish(
            visit=visit, sheet=found, item=item, revision=found.revision, ticks=found.ticks | ticks, comment="", seen=0
        )

    assert refused(lambda: answer("why", {})) == "no_mark"
    assert answer("why", {"why": ["why"]}).done_at is None and again(sheet).claimed_by is None
    assert answer("report", {"report": ["complete"]}).done_at
    assert f"{grade_for(lab, cast.ruth).points:.2f}" == "3.00"


def test_time_is_counted_while_the_page_speaks(cast, sheet):
    now = timezone.now()
    claimed(cast, sheet, now=now)
    for seconds in (20, 40, 3000):  # the last gap is somebody at lunch
        sheet_touch(visit=cast.visit(cast.amit), sheet=again(sheet), now=now + timedelta(seconds=seconds))
    assert again(sheet).seconds_spent == 20 + 20 + 60


def test_opening_another_report_frees_one_that_was_only_looked_at(cast, lab, sheet, tmp_path):
    other = sheet_of(cast, lab, tmp_path, cast.daniel)
    visit = cast.visit(cast.amit)
    sheet_open(visit=visit, sheet=again(sheet))
    sheet_open(visit=visit, sheet=again(other))
    assert again(sheet).claimed_by is None and again(other).claimed_by == cast.amit
    save(cast, other)
    sheet_open(visit=visit, sheet=again(sheet))
    assert again(other).claimed_by == cast.amit  # begun: it stays


def test_releasing_frees_it_and_nobody_elses(cast, sheet):
    claimed(cast, sheet)
    sheet_release(visit=cast.visit(cast.ines), sheet=again(sheet))
    assert again(sheet).claimed_by == cast.amit
    sheet_release(visit=cast.visit(cast.amit), sheet=again(sheet))
    assert again(sheet).claimed_by is None
    assert refused(lambda: save(cast, sheet)) == "claim_lost"
