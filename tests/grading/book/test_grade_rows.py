"""The narrow rows of grades always say what the fold of the events says, whatever happens in whatever order."""

import random
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.merging import account_merge
from courseplatform.core.errors import AppError
from grading.course_file.assignment_item import item_of
from grading.grade_facts import grade_for
from grading.models import GradeEvent, GradeNow, RubricItem
from grading.services.assignment_rows import assignment_apply
from grading.services.grade_rows import differing, grades_now_write, wanted_of
from grading.services.grades import grade_give, grade_override
from grading.services.late_days import late_days_count
from grading.services.late_favours import extension_give, owners_in
from grading.services.late_settings import late_policy_save
from grading.services.releasing import grades_release, grades_take_back
from tests.courseplatform.teams.builders import make_student, make_team
from tests.grading.api.results import measured
from tests.grading.grades.grades import answer, decide, escalate, give, graded, regrade_of, seen, with_rubric
from tests.grading.late_days.staff import PERSONAL, handed_in, late_cast, state

pytestmark = pytest.mark.django_db
D = Decimal


def is_true(lab):
    """Every row says what the events fold to, and no row is missing."""
    lab = type(lab).objects.select_related("course").get(pk=lab.pk)
    return differing(lab, wanted_of(lab)) == {}


@pytest.fixture(autouse=True)
def _commits(monkeypatch):
    """The tests run inside one transaction, which never commits: what follows a commit follows at once."""
    now = SimpleNamespace(atomic=transaction.atomic, on_commit=lambda act: act())
    monkeypatch.setattr("grading.services.late_days.transaction", now)


def test_a_mark_writes_the_row(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    row = GradeNow.objects.get()
    assert (row.points, row.of, row.is_complete, row.is_set_by_hand) == (3, 12, True, False)
    assert row.last_event == GradeEvent.objects.last().pk


def test_a_team_has_a_row_each(cast):
    with_rubric(cast, is_individual=False)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    give(cast, cast.ruth, report=2)
    assert sorted(GradeNow.objects.values_list("person", "points")) == sorted([(cast.ruth.pk, 2), (cast.daniel.pk, 2)])


def test_a_measurement_writes_the_row(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path)
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab)
    assert (GradeNow.objects.get().measured, is_true(cast.lab)) == (D("6.38"), True)


def test_lateness_and_its_end_write_the_row():
    cast = late_cast(PERSONAL | {"bank": {"days": 0, "owner": "person"}})
    with_rubric(cast)
    submission = handed_in(cast, cast.ruth, is_active=True, counts=True)
    give(cast, cast.ruth, report=3, plot=2)
    before = GradeNow.objects.get()
    assert (before.late, before.points) == ("Late: 20 % of the maximum is lost, so at most 80 %", D("2.60"))
    extension_give(
        visit=cast.visit(cast.helen), assignment=submission.assignment, owners=owners_in(cast.course, [cast.ruth]),
        units=2, reason="ill",
    )  # fmt: skip
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert (GradeNow.objects.get().late, GradeNow.objects.get().points) == ("", 5)


def test_another_kind_of_penalty_of_the_same_percent_writes_the_row():
    """The verdict stays as it is, word for word; what it takes does not."""
    cast = late_cast(PERSONAL | {"bank": {"days": 0, "owner": "person"}})
    with_rubric(cast)
    handed_in(cast, cast.ruth, is_active=True, counts=True)
    give(cast, cast.ruth, report=3, plot=2)
    policy = PERSONAL | {"bank": {"days": 0, "owner": "person"}, "penalty": {"kind": "percent_of_earned", "each": 10}}
    late_policy_save(visit=cast.visit(cast.helen), policy=policy)
    assert GradeNow.objects.get().points == 4
    assert is_true(cast.lab)


def apply(lab, **changes):
    lab = type(lab).objects.select_related("course").get(pk=lab.pk)
    assignment_apply(row=lab, item=item_of(lab, set()) | changes, position=lab.position)


def rubric(*items):
    return [{"key": key, "title": key.title(), "points": points} for key, points in items]


def test_another_rubric_writes_everybodys_row(cast):
    lab = graded(cast)
    give(cast, cast.daniel, report=1, plot=1)
    apply(lab, rubric=rubric(("report", 3)), points=20)
    assert sorted(GradeNow.objects.values_list("points", "of")) == [(1, 20), (2, 20)]
    assert is_true(lab)


def test_a_regrade_writes_the_row(cast):
    row = regrade_of(cast)
    answer(cast, row, "3")
    assert is_true(cast.lab)
    escalate(cast, row)
    decide(cast, row, "1")
    assert (GradeNow.objects.get().points, is_true(cast.lab)) == (2, True)


def test_joined_accounts_have_one_row_of_all_events(cast):
    with_rubric(cast)
    twin = make_student(cast, "Ruthie")
    give(cast, cast.ruth, report=1)
    give(cast, twin, report=2, plot=1)
    account_merge(winner=cast.ruth, loser=twin, by="Olu")
    assert GradeNow.objects.get(person=cast.ruth).points == grade_for(cast.lab, cast.ruth).points == 3


@pytest.mark.parametrize("seed", range(4))
def test_random_histories_leave_no_row_behind(cast, seed):
    """Marks, sums by hand, releases, rubrics, teams, late work and extensions, in an order that nobody thought of."""
    chance = random.Random(seed)
    state(cast, PERSONAL | {"bank": {"days": chance.randrange(2), "owner": "person"}})
    lab = with_rubric(cast)
    lab.due_at = timezone.now() - timedelta(hours=30)
    lab.save()
    acts = (_mark, _mark, _by_hand, _rubric, _release, _hand_in, _extension, _policy)
    for number in range(25):
        with suppress(AppError):
            chance.choice(acts)(cast, lab, chance, number)
        assert is_true(lab), f"after step {number}"
    assert GradeNow.objects.filter(points__isnull=False).exists()


def _person(cast, chance):
    return chance.choice((cast.ruth, cast.daniel, cast.sofia))


def _mark(cast, lab, chance, number):
    person = _person(cast, chance)
    marks = {key: chance.choice((None, D(0), D("0.5"), D(1))) for key in chance.sample(("report", "plot"), 1)}
    note = chance.choice(("", "look again"))
    grade_give(visit=cast.visit(cast.amit), assignment=lab, person=person, seen=seen(lab, person), marks=marks, reason="x", note=note)  # fmt: skip


def _by_hand(cast, lab, chance, number):
    person, points = _person(cast, chance), chance.choice((None, D(7), D("11.25")))
    grade_override(visit=cast.visit(cast.amit), assignment=lab, person=person, seen=seen(lab, person), points=points, reason="x")  # fmt: skip


def _rubric(cast, lab, chance, number):
    items = chance.sample((("report", 3), ("plot", 2), ("extra", 1)), chance.randint(1, 3))
    apply(lab, rubric=rubric(*items), points=chance.choice((0, 5, 12)))


def _release(cast, lab, chance, number):
    visit = cast.visit(cast.helen)
    if chance.random() < 0.5:
        grades_release(visit=visit, assignment=lab)
    else:
        grades_take_back(visit=visit, assignment=lab, reason="looked at again")


def _hand_in(cast, lab, chance, number):
    lab = type(lab).objects.get(pk=lab.pk)
    person = _person(cast, chance)
    lab.submissions.filter(person=person).update(is_active=False)
    handed_in(cast, person, lab=lab, number=number + 1, ago=timedelta(hours=chance.choice((0, 20, 40))), is_active=True, counts=True)  # fmt: skip


def _extension(cast, lab, chance, number):
    person = _person(cast, chance)
    owners = owners_in(cast.course, [person])
    lab = type(lab).objects.get(pk=lab.pk)
    extension_give(visit=cast.visit(cast.helen), assignment=lab, owners=owners, units=1, reason="ill")
    late_days_count(course=cast.course, people={person.pk})


def _policy(cast, lab, chance, number):
    penalty = {"kind": chance.choice(("percent_of_max", "percent_of_earned", "cap")), "each": chance.choice((10, 20))}
    late_policy_save(visit=cast.visit(cast.helen), policy=PERSONAL | {"penalty": penalty})


def test_the_command_finds_what_was_changed_behind_its_back_and_mends_it(cast):
    lab = graded(cast)
    RubricItem.objects.filter(key="plot").update(is_withdrawn=True)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("gradebook", "--check", stdout=said)
    assert said.getvalue().splitlines() == ["odml/lab1: 1", "1 rows differ"]
    call_command("gradebook", "--mend", stdout=said)
    call_command("gradebook", "--check", stdout=said)
    assert said.getvalue().splitlines()[-1] == "0 rows differ"
    assert grades_now_write(lab) == 0


def test_the_migration_fills_the_rows_of_what_was_graded_before(tmp_path):
    """With lateness, a measurement, a withdrawn item and a sum by hand."""
    cast = late_cast(PERSONAL | {"bank": {"days": 0, "owner": "person"}})
    lab = with_rubric(cast)
    handed_in(cast, cast.ruth, is_active=True, counts=True)
    give(cast, cast.ruth, report=3, plot=2)
    give(cast, cast.daniel, report=1, plot=1)
    grade_override(visit=cast.visit(cast.amit), assignment=lab, person=cast.daniel, seen=seen(lab, cast.daniel), points=D(7), reason="x")  # fmt: skip
    apply(lab, rubric=rubric(("report", 3)), points=12)
    GradeNow.objects.all().delete()
    import_module("grading.migrations.0033_fill_grades_now").forwards(apps, None)
    assert GradeNow.objects.count() == 2
    assert is_true(lab)
