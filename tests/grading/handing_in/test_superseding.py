"""A newer attempt in the place of an older one that waits: what the page offers, what it costs, and what happens when a worker is faster."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from courseplatform.core.errors import AppError, Conflict
from grading.handing_in.hand_in_rules import attempts_left
from grading.models import Run, Submission
from grading.models.assignments import NewerAttempt
from grading.services.superseding import run_take_over
from hardware import leases
from hardware.models import Job, Outcome
from tests.grading.queue.line_builders import taken, waiting
from tests.people import make_cast

pytestmark = pytest.mark.django_db


def take_over(client, person, run):
    client.force_login(person)
    return client.post(f"{run.get_absolute_url()}take-place/", follow=True)


def test_the_newer_is_measured_in_the_place_of_the_older_and_the_older_says_so(client, cast, tmp_path):
    old = waiting(cast, tmp_path, cast.ruth)
    waiting(cast, tmp_path, cast.daniel)
    new = waiting(cast, tmp_path, cast.ruth)
    client.force_login(cast.ruth)
    offered = "Attempt 1 still waits in front of this one"
    assert offered in client.get(new.get_absolute_url()).content.decode()
    assert offered in client.get(new.submission.get_absolute_url()).content.decode()  # where a hand-in leads
    assert offered not in client.get(old.get_absolute_url()).content.decode()
    assert "First in line" in take_over(client, cast.ruth, new).content.decode()
    page = client.get(old.get_absolute_url()).content.decode()
    assert "A newer attempt took its place" in page and "not counted as an attempt" in page
    old.submission.refresh_from_db()
    assert old.submission.counts is False
    assert taken().job_id == new.pk


def test_the_page_says_when_the_older_came_in_time_and_the_newer_is_late(client, cast, tmp_path):
    waiting(cast, tmp_path, cast.ruth)
    new = waiting(cast, tmp_path, cast.ruth)
    Submission.objects.filter(pk=new.submission_id).update(due_at=timezone.now() - timedelta(hours=1))
    client.force_login(cast.ruth)
    assert "came in time and this one is late" in client.get(new.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("spoil", "status", "code"),
    [("measured", 409, "nothing_waits"), ("again", 409, "nothing_waits"), ("lab", 403, "both_are_measured"), ("staff", 403, "owner_only")],
)  # fmt: skip
def test_where_no_place_can_be_taken_over_the_page_says_why(client, cast, tmp_path, spoil, status, code):
    waiting(cast, tmp_path, cast.ruth)
    new = waiting(cast, tmp_path, cast.ruth)
    if spoil == "measured":
        taken()
    if spoil == "again":
        take_over(client, cast.ruth, new)
    if spoil == "lab":
        cast.lab.newer_attempt = NewerAttempt.WAIT
        cast.lab.save()
    answer = take_over(client, cast.helen if spoil == "staff" else cast.ruth, new)
    assert answer.status_code == status and code in answer.content.decode()
    assert Job.objects.filter(outcome=Outcome.CANCELLED).count() == (spoil == "again")


def test_nobody_takes_over_the_place_of_another(client, cast, tmp_path):
    waiting(cast, tmp_path, cast.daniel)
    new = waiting(cast, tmp_path, cast.ruth)
    assert take_over(client, cast.daniel, new).status_code == 404
    assert take_over(client, cast.ruth, new).status_code == 409


def test_where_the_lab_has_it_so_the_newer_takes_the_place_by_itself_unless_it_is_late(cast, tmp_path):
    cast.lab.newer_attempt = NewerAttempt.REPLACE
    cast.lab.save()
    first, second = waiting(cast, tmp_path, cast.ruth), waiting(cast, tmp_path, cast.ruth)
    cast.lab.due_at = timezone.now() - timedelta(minutes=5)
    cast.lab.save()
    late = waiting(cast, tmp_path, cast.ruth)
    runs = {run.pk: run for run in Run.objects.all()}
    assert runs[first.pk].error_code == "superseded" and runs[second.pk].turn == 0
    assert (runs[second.pk].status, runs[late.pk].status) == ("queued", "queued")
    taken()
    cast.lab.due_at = timezone.now() + timedelta(days=1)
    cast.lab.save()
    assert waiting(cast, tmp_path, cast.ruth).turn > runs[late.pk].turn - 1  # in the place of the late one
    assert Run.objects.get(pk=late.pk).error_code == "superseded"


@pytest.fixture
def used_up(cast, tmp_path):
    """A lab with two attempts, and Ruth's run of the second; the first is being measured."""
    cast.lab.attempts_allowed = 2
    cast.lab.save()
    waiting(cast, tmp_path, cast.ruth)
    taken()
    return waiting(cast, tmp_path, cast.ruth)


def test_who_has_no_attempts_left_replaces_the_one_that_waits_and_uses_no_further_one(client, cast, tmp_path, used_up):
    client.force_login(cast.ruth)
    page = client.get(cast.lab.get_absolute_url()).content.decode()
    assert "All attempts are used, and attempt 2 still waits." in page
    third = waiting(cast, tmp_path, cast.ruth)
    old, new = Run.objects.get(pk=used_up.pk), Run.objects.get(pk=third.pk)
    assert (old.error_code, new.status, new.turn) == ("superseded", "queued", used_up.turn)
    assert Submission.objects.get(pk=old.submission_id).counts is False
    assert attempts_left(owner=third.submission.owner, assignment=cast.lab) == 0
    assert taken().job_id == third.pk


def test_it_can_be_replaced_again_while_it_waits_and_not_once_it_is_being_measured(cast, tmp_path, used_up):
    waiting(cast, tmp_path, cast.ruth)
    waiting(cast, tmp_path, cast.ruth)
    taken()
    with pytest.raises(AppError, match="All 2 attempts of Lab 1 are used") as caught:
        waiting(cast, tmp_path, cast.ruth)
    assert caught.value.code == "no_attempts_left"
    assert Run.objects.exclude(error_code="superseded").count() == 2


@pytest.mark.parametrize("spoil", ["the lab measures every attempt", "the new one would be late"])
def test_where_the_waiting_one_may_not_be_replaced_nothing_is_handed_in(client, cast, tmp_path, used_up, spoil):
    if spoil == "the lab measures every attempt":
        cast.lab.newer_attempt = NewerAttempt.WAIT
    else:
        cast.lab.due_at = timezone.now() - timedelta(minutes=5)
    cast.lab.save()
    Submission.objects.update(received_at=timezone.now() - timedelta(hours=1))
    client.force_login(cast.ruth)
    assert "All 2 attempts of Lab 1 are used" in client.get(cast.lab.get_absolute_url()).content.decode()
    with pytest.raises(AppError):
        waiting(cast, tmp_path, cast.ruth)
    assert Run.objects.get(pk=used_up.pk).status == "queued"


def test_a_place_that_a_worker_takes_at_that_moment_leaves_nothing_handed_in(cast, tmp_path, used_up, monkeypatch):
    def too_late(*_, **__):
        raise Conflict("The earlier one waits no more.", code="being_measured")

    monkeypatch.setattr(leases, "job_take_over", too_late)
    with pytest.raises(AppError, match="attempt 2 is being measured by now") as caught:
        waiting(cast, tmp_path, cast.ruth)
    assert caught.value.code == "no_attempts_left"
    assert Submission.objects.count() == 2 and Run.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_database
@pytest.mark.parametrize("round_", range(4))
def test_a_worker_that_takes_one_of_the_two_at_that_moment_leaves_nothing_lost_and_nothing_twice(
    settings, tmp_path, round_
):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    cast = make_cast()
    old, new = waiting(cast, tmp_path, cast.ruth), waiting(cast, tmp_path, cast.ruth)
    visit, start, said = cast.visit(cast.ruth), threading.Barrier(4), []

    def taking_over():
        run = Run.objects.select_related("submission__assignment__course", "submission__person").get(pk=new.pk)
        start.wait()
        try:
            run_take_over(visit=visit, run=run)
            said.append("taken over")
        except AppError as error:
            said.append(error.code)
        finally:
            connection.close()

    def leasing(worker):
        start.wait()
        try:
            leases.lease_next(worker=worker, kinds=("run",))
        finally:
            connection.close()

    threads = [threading.Thread(target=taking_over) for _ in range(2)]
    threads += [threading.Thread(target=leasing, args=(f"w{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    found = {run.pk: run for run in Run.objects.all()}
    assert len(said) == 2 and said.count("taken over") <= 1
    assert set(said) <= {"taken over", "nothing_waits", "being_measured", "already_finished", "not_waiting"}
    if "taken over" in said:
        assert (found[old.pk].outcome, found[old.pk].attempt, found[new.pk].status) == ("cancelled", 0, "leased")
    else:
        assert {found[old.pk].status, found[new.pk].status} == {"leased"} and not found[old.pk].outcome
