"""The narrow numbers of the class say what the results say: after each kind of end, after any sequence of them, and after a rebuild."""

import random
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from courseplatform.accounts.merging import account_merge
from courseplatform.core.errors import AppError
from courseplatform.courses.models import Enrolment
from grading.course_file.assignment_item import item_of
from grading.models import ClassPoint, GradeEvent, Result, Run, Submission
from grading.models.assignments import ActiveRule
from grading.ranks.class_numbers import numbers_of
from grading.selectors.class_points import class_picture, owners_of, standing_attempts_of
from grading.services.assignment_editing import assignment_save
from grading.services.class_points import class_points_rebuild
from grading.services.parked import run_reject, run_release
from grading.services.runs import run_again, run_cancel
from grading.services.versions import attempt_choose
from hardware import leases
from hardware.models import Outcome, Status
from tests.grading.handing_in.test_hand_in_races import at_once
from tests.grading.late_days.test_late_days import make_team
from tests.grading.ranks.classroom import DEVICE, document, lease, measured, students, with_device
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
EVIDENCE = [{"code": "faster", "title": "Too fast", "sentence": "It does 900 GMAC/s.", "facts": {}}]
WHY = "Looked at it, twice."


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def table():
    return sorted(
        (str(row.submission_id), row.result_id, str(row.numbers), row.kind) for row in ClassPoint.objects.all()
    )


def by_hand(lab):
    """The class without the narrow rows: the newest result of the model of each active attempt, read as a whole."""
    found = {}
    for row in Submission.objects.filter(assignment=lab, is_active=True).select_related("team", "person"):
        newest = Result.objects.filter(run__submission=row.measured_pk).order_by("pk").last()
        enrolled = Enrolment.objects.filter(course=lab.course, person=row.person, role="student", is_active=True)
        if newest is None or not (row.team_id or enrolled.exists()):
            continue
        facts = {
            "metrics": newest.metrics,
            "quality": newest.quality,
            "environment": newest.environment,
            "earned": newest.earned,
        }
        found[("team", row.team_id) if row.team_id else ("person", row.person_id)] = numbers_of(facts, lab.device)
    return found


def check(lab):
    """Maintained, rebuilt from nothing, and counted by hand: the same."""
    lab.refresh_from_db()
    assert {one.key: one.numbers for one in standing_attempts_of(lab)} == by_hand(lab)
    held = table()
    assert class_points_rebuild(assignment=lab) == 0
    ClassPoint.objects.all().delete()
    class_points_rebuild(assignment=lab)
    assert table() == held


def accuracies(lab):
    return sorted(one.numbers.value("accuracy") for one in standing_attempts_of(lab))


def test_a_result_brings_its_numbers_with_it_and_only_the_active_attempt_stands(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path, accuracy=0.8, earned="2.00")
    measured(cast, cast.ruth, tmp_path, accuracy=0.7, earned="5.00")
    measured(cast, cast.daniel, tmp_path, accuracy=0.9)
    assert ClassPoint.objects.count() == 3
    assert accuracies(cast.lab) == [0.7, 0.9]
    check(cast.lab)


@pytest.mark.parametrize(
    "outcome", [Outcome.REFUSED, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.INFRASTRUCTURE, Outcome.CANCELLED]
)
def test_a_run_without_a_result_is_in_no_class(cast, tmp_path, outcome):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    leases.lease_finish(lease(), outcome=outcome, result={"code": "why", "message": "Why."})
    assert not ClassPoint.objects.exists() and not standing_attempts_of(cast.lab)


@pytest.mark.parametrize(("decide", "stands"), [(run_release, [0.95]), (run_reject, [])])
def test_a_parked_run_stands_only_after_it_is_released(cast, tmp_path, decide, stands):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    leases.lease_park(lease(), result={"evidence": EVIDENCE, "document": document(accuracy=0.95)}, why="too fast")
    assert not ClassPoint.objects.exists() and not standing_attempts_of(cast.lab)
    decide(
        visit=cast.visit(cast.helen), run=Run.objects.select_related("submission__assignment__course").get(), reason=WHY
    )
    assert accuracies(cast.lab) == stands
    check(cast.lab)


def test_a_run_again_replaces_the_numbers_and_one_that_fails_leaves_them(cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path, accuracy=0.8)
    run_again(visit=cast.visit(cast.helen), run=run)
    leases.lease_finish(lease(), outcome=Outcome.INFRASTRUCTURE, result={"code": "x", "message": "x"})
    assert accuracies(cast.lab) == [0.8]
    run_again(visit=cast.visit(cast.helen), run=run)
    leases.lease_finish(lease(), outcome=Outcome.MEASURED, result=document(accuracy=0.85))
    assert accuracies(cast.lab) == [0.85]
    assert ClassPoint.objects.count() == 1
    check(cast.lab)


def test_another_choice_is_another_standing_attempt_at_once(cast, tmp_path):
    cast.lab.active_rule = ActiveRule.CHOSEN
    cast.lab.save()
    first = measured(cast, cast.ruth, tmp_path, accuracy=0.8)
    measured(cast, cast.ruth, tmp_path, accuracy=0.9)
    assert accuracies(cast.lab) == [0.9]
    attempt_choose(visit=cast.visit(cast.ruth), submission=first.submission)
    assert accuracies(cast.lab) == [0.8]


def test_a_deleted_attempt_takes_its_numbers_with_it(cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path)
    submission = run.submission
    GradeEvent.objects.all()._raw_delete(GradeEvent.objects.db)  # of a graded attempt nothing is ever deleted
    Run.objects.get(pk=run.pk).delete()
    submission.delete()
    assert not ClassPoint.objects.exists() and not standing_attempts_of(cast.lab)


def test_where_the_newest_result_is_deleted_the_rebuild_brings_the_one_before(cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path, accuracy=0.8)
    run_again(visit=cast.visit(cast.helen), run=run)
    leases.lease_finish(lease(), outcome=Outcome.MEASURED, result=document(accuracy=0.85))
    GradeEvent.objects.all()._raw_delete(GradeEvent.objects.db)
    Result.objects.order_by("pk").last().delete()
    assert not ClassPoint.objects.exists()
    assert class_points_rebuild(assignment=cast.lab) == 1
    assert accuracies(cast.lab) == [0.8]


def test_the_staff_and_who_has_left_are_in_no_class(cast, tmp_path):
    measured(cast, cast.helen, tmp_path, accuracy=0.6)
    measured(cast, cast.ruth, tmp_path, accuracy=0.7)
    measured(cast, cast.daniel, tmp_path, accuracy=0.8)
    Enrolment.objects.filter(person=cast.daniel).update(is_active=False)
    assert accuracies(cast.lab) == [0.7]


def test_a_team_stands_once(cast, tmp_path):
    cast.lab.is_individual = False
    cast.lab.save()
    team = make_team(cast, cast.ruth, cast.daniel)
    measured(cast, cast.ruth, tmp_path, accuracy=0.7, earned="1.00")
    measured(cast, cast.daniel, tmp_path, accuracy=0.8, earned="2.00")
    assert [(one.key, one.numbers.value("accuracy")) for one in standing_attempts_of(cast.lab)] == [
        (("team", team.pk), 0.8)
    ]
    check(cast.lab)


def test_joined_accounts_stand_once(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path, accuracy=0.7, earned="1.00")
    measured(cast, cast.daniel, tmp_path, accuracy=0.8, earned="2.00")
    account_merge(winner=cast.ruth, loser=cast.daniel, by="helen@example.edu")
    assert [(one.key, one.numbers.value("accuracy")) for one in standing_attempts_of(cast.lab)] == [
        (("person", cast.ruth.pk), 0.8)
    ]
    check(cast.lab)


def test_another_first_device_makes_other_latencies(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path, latency_ms=41.0)
    assert ClassPoint.objects.get().kind == ""
    cast.lab.refresh_from_db()
    held = item_of(cast.lab, set())
    wanted = held | {"bench": held["bench"] | {"devices": [DEVICE]}}
    assignment_save(visit=cast.visit(cast.helen), slug=cast.lab.slug, held=held, item=wanted)
    assert ClassPoint.objects.get().values.value("latency_ms") == 41.0
    cast.lab.__dict__.pop("spec", None)
    cast.lab.refresh_from_db()
    check(cast.lab)


def test_reading_a_class_takes_the_same_few_queries_for_three_as_for_thirty(cast, tmp_path, django_assert_num_queries):
    with_device(cast.lab)
    for person in students(cast, 3):
        run = measured(cast, person, tmp_path, latency_ms=20.0)
    run = Run.objects.select_related(
        "result", "submission__assignment__course", "submission__person", "submission__team"
    ).get(pk=run.pk)
    with django_assert_num_queries(3):
        assert len(class_picture(run).others) == 2
    for person in students(cast, 12, "Kim"):
        measured(cast, person, tmp_path, latency_ms=30.0)
    with django_assert_num_queries(3):
        assert len(class_picture(run).others) == 14


def test_the_class_is_never_older_than_its_rows(cast, tmp_path):
    """Each kind of change to another's attempt is in the next picture, though the numbers of one row are parsed once."""
    with_device(cast.lab)
    run, other = measured(cast, cast.ruth, tmp_path, accuracy=0.7), measured(cast, cast.daniel, tmp_path, accuracy=0.8)
    run = Run.objects.select_related("result", "submission__assignment__course", "submission__person").get(pk=run.pk)
    seen = lambda: sorted(one.value("accuracy") for one in class_picture(run).others)  # noqa: E731
    assert (seen(), class_picture(run).total) == ([0.8], owners_of(run.submission.assignment))
    ClassPoint.objects.filter(submission=other.submission).update(numbers={"accuracy": [0.9]})
    assert seen() == [0.9]
    Submission.objects.filter(pk=other.submission_id).update(is_active=False)
    assert seen() == []
    Submission.objects.filter(pk=other.submission_id).update(is_active=True)
    total = class_picture(run).total
    Enrolment.objects.filter(person=cast.daniel).update(is_active=False)
    assert (seen(), class_picture(run).total) == ([], total - 1)


def test_the_rebuild_mends_what_was_damaged_and_leaves_what_is_newer(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path, accuracy=0.8)
    measured(cast, cast.daniel, tmp_path, accuracy=0.9)
    held = table()
    ClassPoint.objects.filter(submission__person=cast.ruth).update(numbers={"accuracy": [0.1]}, kind="?")
    ClassPoint.objects.filter(submission__person=cast.daniel).delete()
    said = StringIO()
    call_command("class_points", course="odml", assignment="lab1", stdout=said)
    assert said.getvalue() == "odml/lab1: 2 of 2 written anew\n"
    assert table() == held


@pytest.mark.parametrize(
    "wrong", [{"assignment": "lab1"}, {"course": "odml", "assignment": "nothing"}, {"course": "no"}]
)
def test_the_command_says_what_it_does_not_know(cast, wrong):
    with pytest.raises(CommandError):
        call_command("class_points", **wrong)


# -- any sequence --


class World:
    """Random acts of four people on one lab, as they really happen."""

    def __init__(self, cast, tmp_path, seed):
        self.cast, self.tmp_path, self.rng = cast, tmp_path, random.Random(seed)
        self.people = [cast.ruth, cast.daniel, cast.sofia]
        self.helen = cast.visit(cast.helen)
        self.leases = []

    def step(self):
        act = self.rng.choice(
            [
                self.hand_in,
                self.hand_in,
                self.end,
                self.end,
                self.end,
                self.again,
                self.choose,
                self.decide,
                self.cancel,
                self.rule,
            ]
        )
        with suppress(AppError):  # what the site refuses changes nothing
            act()

    def hand_in(self):
        hand_in(self.cast, self.rng.choice(self.people), onnx_like(self.tmp_path, more=self.rng.randbytes(8)))

    def end(self):
        """Of one of the runs that workers hold: they end in another order than they were taken."""
        now = timezone.now() + timezone.timedelta(minutes=1)
        while (found := leases.lease_next(worker="bench@test", kinds=("run",), now=now)) is not None:
            leases.lease_start(found)
            self.leases.append(found)
        if not self.leases:
            return
        mine = self.leases.pop(self.rng.randrange(len(self.leases)))
        made = document(
            accuracy=self.rng.random(),
            latency_ms=self.rng.choice([None, 20.0, 40.0]),
            earned=f"{self.rng.randrange(7)}.00",
        )
        kind = self.rng.randrange(6)
        if kind == 0:
            leases.lease_park(mine, result={"evidence": EVIDENCE, "document": made}, why="too fast")
        elif kind == 1:
            outcome = self.rng.choice([Outcome.REFUSED, Outcome.INFRASTRUCTURE, Outcome.CRASHED])
            leases.lease_finish(mine, outcome=outcome, result={"code": "x", "message": "x"})
        else:
            leases.lease_finish(mine, outcome=Outcome.MEASURED, result=made)

    def runs(self, **where):
        return list(
            Run.objects.filter(**where).select_related(
                "submission__assignment__course", "submission__person", "submission__team"
            )
        )

    def again(self):
        if ended := self.runs(status=Status.FINISHED):
            run_again(visit=self.helen, run=self.rng.choice(ended))

    def decide(self):
        if waiting := self.runs(status=Status.PARKED):
            self.rng.choice([run_release, run_reject])(visit=self.helen, run=self.rng.choice(waiting), reason=WHY)

    def cancel(self):
        if waiting := self.runs(status=Status.QUEUED):
            run_cancel(visit=self.helen, run=self.rng.choice(waiting))

    def choose(self):
        if rows := list(Submission.objects.select_related("assignment__course", "person", "team")):
            attempt_choose(visit=self.helen, submission=self.rng.choice(rows))

    def rule(self):
        held = item_of(self.cast.lab, set())
        wanted = {key: value for key, value in held.items() if key != "active"} | {
            "active": self.rng.choice(["latest", "chosen"])
        }
        assignment_save(visit=self.helen, slug="lab1", held=held, item=wanted)
        self.cast.lab.refresh_from_db()
        self.cast.lab.__dict__.pop("spec", None)


@pytest.mark.parametrize("seed", range(8))
def test_after_any_sequence_the_class_is_what_the_results_say(cast, tmp_path, seed):
    cast.lab.attempts_allowed = 100
    with_device(cast.lab)
    cast.lab.refresh_from_db()
    world = World(cast, tmp_path, seed)
    for _ in range(6):
        world.hand_in()
        world.end()
    for n in range(40):
        world.step()
        if n % 10 == 9:
            assert {one.key: one.numbers for one in standing_attempts_of(cast.lab)} == by_hand(cast.lab)
    assert ClassPoint.objects.count() >= 2
    check(cast.lab)


@pytest.mark.django_db(transaction=True)
def test_workers_that_end_at_once_lose_no_number(cast, tmp_path):
    people = [cast.ruth, cast.ruth, cast.daniel, cast.sofia]
    for person in people:
        hand_in(cast, person, onnx_like(tmp_path, more=person.name.encode() + random.randbytes(4)))
    held = [lease() for _ in people]
    at_once(lambda: leases.lease_finish(held.pop(), outcome=Outcome.MEASURED, result=document()), times=len(people))
    assert ClassPoint.objects.count() == 4
    assert len(standing_attempts_of(cast.lab)) == 3
    check(cast.lab)
