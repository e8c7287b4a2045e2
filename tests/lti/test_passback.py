"""Grades on their way to the LMS: only what is released, each once, in order, whatever breaks in between."""

import threading
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.models import CourseLink
from courseplatform.lti.services.names import names_import
from courseplatform.lti.wire import services
from grading.models import Submission
from grading.models.grades import GradeRelease
from grading.models.passback import Passback, PassbackScore, PassbackTry
from grading.passback.plan import LATER, again_at, stamp_after
from grading.passback.sending import passback_run
from grading.passback.switching import (
    passback_compare,
    passback_resume,
    passback_start,
    scores_send_again,
)
from grading.services.releasing import grades_take_back
from tests.grading.grades.grades import give, released
from tests.lti.launching import Browser
from tests.lti.platform import AGS, CLAIM

pytestmark = pytest.mark.django_db


def handed_in_at(lab, person, at):
    return Submission.objects.create(
        assignment=lab, person=person, number=1, received_at=at, is_active=True, upload_key=uuid4(), receipt=uuid4().hex,
    )  # fmt: skip


def start(cast, lab):
    return passback_start(visit=cast.visit(cast.helen), assignment=lab)


def score_of(person):
    return PassbackScore.objects.get(person=person)


def test_a_released_grade_arrives_once_with_its_time_and_its_reason(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1.25)
    released(cast)
    start(cast, lab)
    assert passback_run() == 1
    (score,) = lms.sent("sub-ruth")
    assert (score["scoreGiven"], score["scoreMaximum"]) == (3.25, 5)
    assert (score["activityProgress"], score["gradingProgress"]) == ("Completed", "FullyGraded")
    assert score["comment"] == f"Why: http://localhost:8000/courses/odml/assignments/{lab.slug}/grade/"
    assert (
        lms.items[1]["resourceId"] == lab.slug
        and lms.items[1]["scoreMaximum"] == 5
        and lab.short in lms.items[1]["label"]
    )
    assert "submission" not in score  # nothing was handed in, so no time is made up
    assert passback_run() == 0 and len(lms.sent("sub-ruth")) == 1 and len(lms.items) == 1


def test_the_time_of_the_hand_in_goes_along(cast, lab, lms):
    at = timezone.now() - timedelta(days=1)
    handed_in_at(lab, cast.ruth, at)
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    passback_run()
    (score,) = lms.sent("sub-ruth")
    assert score["submission"]["submittedAt"].startswith(at.strftime("%Y-%m-%dT%H:%M:%S"))
    assert score["https://canvas.instructure.com/lti/submission"]["submitted_at"] == score["submission"]["submittedAt"]


def test_nothing_hidden_and_nothing_incomplete_is_sent(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    start(cast, lab)
    assert passback_run() == 0 and not PassbackScore.objects.exists()
    give(cast, cast.daniel, report=2)  # the plot is not graded
    released(cast)
    assert passback_run() == 1 and not lms.sent("sub-daniel")


def test_grades_that_are_taken_back_before_they_are_sent_stay_here(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults.append(("/token", 503))
    passback_run()
    grades_take_back(visit=cast.visit(cast.helen), assignment=lab, reason="one item was wrong")
    later = timezone.now() + timedelta(hours=1)
    assert passback_run(now=later) == 0 and not lms.sent("sub-ruth")


def test_a_grade_that_changes_is_sent_again_with_a_later_time(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    passback_run()
    give(cast, cast.ruth, report=3, reason="regraded")
    assert passback_run() == 1
    first, second = lms.sent("sub-ruth")
    assert (first["scoreGiven"], second["scoreGiven"]) == (3, 4) and second["timestamp"] > first["timestamp"]


def test_a_newer_grade_takes_the_place_of_one_that_waits(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults.append(("/scores", 503))
    assert passback_run() == 0
    give(cast, cast.ruth, report=3, reason="regraded")
    passback_run(now=timezone.now() + timedelta(minutes=5))
    assert [score["scoreGiven"] for score in lms.sent("sub-ruth")] == [4]


def test_times_never_go_back_even_where_a_clock_does():
    now = timezone.now()
    last = stamp_after(None, now)
    assert stamp_after(last, now - timedelta(days=1)) == last + LATER
    assert stamp_after(last, now + timedelta(seconds=1)) > last and last.microsecond % 1000 == 0


def test_pauses_grow_and_the_lms_is_obeyed():
    now = timezone.now()
    pauses = [(again_at(tries, 0, now) - now).total_seconds() for tries in (1, 2, 5, 50)]
    assert pauses == [30, 60, 900, 6 * 3600]
    assert again_at(1, 7200, now) == now + timedelta(seconds=7200)


# -- what breaks ----------------------------------------------------------------------------------------------------------


AWAY = [
    ("/token", 0), ("/token", 503), ("/api/lineitems", 0), ("/scores", 0), ("/scores", 500), ("/scores", 429, {"Retry-After": "600"}),
]  # fmt: skip


@pytest.mark.parametrize("fault", AWAY, ids=str)
def test_an_lms_that_is_away_and_comes_back_gets_everything_once(cast, lab, lms, fault):
    for person in (cast.ruth, cast.daniel):
        give(cast, person, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults.append(fault)
    assert passback_run() == 0
    calls = len(lms.calls)
    assert passback_run() == 0 and len(lms.calls) == calls  # it is left alone for a while
    row = Passback.objects.get()
    wait = 600 if len(fault) > 2 else 29
    assert row.resume_at > timezone.now() + timedelta(seconds=wait - 5) and row.problem == ""
    assert passback_run(now=timezone.now() + timedelta(hours=1)) == 2
    assert len(lms.sent("sub-ruth")) == len(lms.sent("sub-daniel")) == 1 and len(lms.items) == 1


def test_a_score_that_arrived_and_was_not_marked_is_not_there_twice(cast, lab, lms, monkeypatch):
    """The worker is killed between the LMS's yes and our mark."""
    from grading.passback import sending

    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sending._Sender, "_done", killed)
        with pytest.raises(KeyboardInterrupt):
            passback_run()
    assert score_of(cast.ruth).state == "pending" and len(lms.sent("sub-ruth")) == 1
    assert passback_run(now=timezone.now() + timedelta(minutes=10)) == 1
    assert score_of(cast.ruth).state == "sent" and len(lms.sent("sub-ruth")) == 1
    assert PassbackTry.objects.filter(status=409).count() == 1


def test_a_grade_that_changes_while_it_is_on_its_way_is_sent_too(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    from grading.passback import sending

    real = sending._Sender._column

    def change_meanwhile(self, link):
        sending._Sender._column = real
        give(cast, cast.ruth, report=3, reason="regraded")
        from grading.passback.collecting import passbacks_collect

        passbacks_collect()
        return real(self, link)

    sending._Sender._column = change_meanwhile
    try:
        passback_run()
    finally:
        sending._Sender._column = real
    assert score_of(cast.ruth).state == "pending"
    passback_run(now=timezone.now() + timedelta(seconds=1))
    assert [score["scoreGiven"] for score in lms.sent("sub-ruth")] == [3, 4] and score_of(cast.ruth).state == "sent"


def test_a_token_that_has_ended_is_renewed_within_the_same_try(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    passback_run()
    tokens = lms.count("/token")
    lms.expire_tokens()
    give(cast, cast.ruth, report=3, reason="regraded")
    assert passback_run() == 1 and lms.count("/token") == tokens + 1
    assert PassbackTry.objects.filter(outcome="again").count() == 0


def test_one_token_serves_many_scores_and_each_assertion_is_used_once(cast, lab, lms):
    for person in (cast.ruth, cast.daniel):
        give(cast, person, report=2, plot=1)
    released(cast)
    start(cast, lab)
    assert passback_run() == 2
    assert lms.count("/token") == len(lms.used_jtis) == 1


def test_a_column_that_is_gone_is_said_and_nothing_goes_on_before_somebody_decides(cast, lab, lms, client):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    passback_run()
    lms.items.clear()
    give(cast, cast.ruth, report=3, reason="regraded")
    assert passback_run() == 0 and Passback.objects.get().problem == "lms_gone"
    assert passback_run(now=timezone.now() + timedelta(days=1)) == 0
    client.force_login(cast.amit)
    page = client.get(f"/courses/odml/assignments/{lab.slug}/passback/").content.decode()
    assert "no longer there in the LMS" in page and "Find or make the column anew" in page
    client.post(f"/courses/odml/assignments/{lab.slug}/passback/", {"act": "new_column"})
    lms.items[1] = {"id": f"{lms.url}/api/lineitems/1", "resourceId": "somebody-elses"}
    assert passback_run() == 1 and lms.sent("sub-ruth", item=2)[-1]["scoreGiven"] == 4


@pytest.mark.parametrize("missing", [f"{AGS}score", f"{AGS}lineitem"])
def test_a_scope_that_is_missing_is_said_before_anything_is_started(cast, lab, lms, missing):
    CourseLink.objects.update(scopes=[scope for scope in lms.scopes if scope != missing])
    with pytest.raises(AppError) as refused:
        start(cast, lab)
    assert refused.value.code == "no_grades_service"


def test_a_scope_that_is_taken_away_later_stops_the_sending_and_is_said(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.scopes.remove(f"{AGS}score")
    assert passback_run() == 0 and Passback.objects.get().problem == "lms_no_token"
    lms.scopes.append(f"{AGS}score")
    passback_resume(visit=cast.visit(cast.helen), assignment=lab)
    assert passback_run() == 1


def test_a_key_that_the_lms_does_not_know_is_said(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.tool_keys = lambda: {"keys": []}
    assert passback_run() == 0 and Passback.objects.get().problem == "lms_no_token"


def test_a_person_whom_the_lms_refuses_does_not_hold_up_the_others(cast, lab, lms):
    for person in (cast.ruth, cast.daniel):
        give(cast, person, report=2, plot=1)
    released(cast)
    start(cast, lab)
    ruth = lms.people.pop("sub-ruth")
    assert passback_run() == 1
    assert (score_of(cast.ruth).state, score_of(cast.ruth).problem) == ("failed", "lms_refused")
    lms.people["sub-ruth"] = ruth
    assert scores_send_again(visit=cast.visit(cast.amit), assignment=lab) == 1
    assert passback_run() == 1 and score_of(cast.ruth).state == "sent"
    assert [row.outcome for row in PassbackTry.objects.filter(score__person=cast.ruth)] == ["sent", "asked", "failed"]


def test_a_person_whom_the_lms_does_not_have_yet_gets_the_grade_when_it_does(cast, lab, lms, platform):
    give(cast, cast.sofia, report=2, plot=1)
    released(cast)
    start(cast, lab)
    assert passback_run() == 0
    for person in ("ruth", "daniel"):
        lms.people[f"sub-{person}"]["email"] = f"{person}@example.edu"
    lms.person("Sofia", sub="sub-sofia")
    names_import(visit=cast.visit(cast.helen))
    assert passback_run() == 1 and lms.sent("sub-sofia")


def test_an_address_that_is_not_the_lmss_own_gets_neither_a_token_nor_a_grade(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    Passback.objects.update(column_url="http://127.0.0.1:9/api/lineitems/1")
    assert passback_run() == 0 and Passback.objects.get().problem == "foreign_address"


def test_the_place_that_was_opened_in_the_lms_names_its_own_column(cast, lab, lms, platform):
    lms.items[1] = {"id": f"{lms.url}/api/lineitems/1", "label": "other"}
    lms.items[2] = {"id": f"{lms.url}/api/lineitems/2", "label": "Lab 1"}
    endpoint = {"scope": lms.scopes, "lineitems": f"{lms.url}/api/lineitems", "lineitem": f"{lms.url}/api/lineitems/2"}
    browser = Browser(lms)
    answer = browser.open(
        "sub-ruth",
        **{
            f"{CLAIM}custom": {"milliamp_key": lab.slug}, f"{CLAIM}resource_link": {"id": "place-7"},
            "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint,
        },
    )  # fmt: skip
    assert answer["Location"] == lab.get_absolute_url()
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    passback_run()
    assert len(lms.sent("sub-ruth", item=2)) == 1 and len(lms.items) == 2


def test_what_the_lms_takes_off_a_second_time_is_found_and_said(cast, lab, lms, client):
    handed_in_at(lab, cast.ruth, timezone.now())
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    passback_run()
    assert passback_compare(visit=cast.visit(cast.helen), assignment=lab) == 0
    lms.takes_percent, lms.due = 20, timezone.now() - timedelta(days=1)
    assert passback_compare(visit=cast.visit(cast.helen), assignment=lab) == 1
    assert score_of(cast.ruth).shown == Decimal("2.4")
    client.force_login(cast.helen)
    page = client.get(f"/courses/odml/assignments/{lab.slug}/passback/").content.decode()
    assert "probably takes points for lateness a second time" in page


def test_the_set_up_says_that_our_points_are_after_lateness(cast, lab, client):
    client.force_login(cast.helen)
    page = client.get(f"/courses/odml/assignments/{lab.slug}/passback/").content.decode()
    assert "Our points are after lateness already." in page and "Late policies" in page


def test_the_page_of_a_class_makes_a_bounded_number_of_queries(cast, lab, lms, client, django_assert_max_num_queries):
    for person in (cast.ruth, cast.daniel):
        give(cast, person, report=2, plot=1)
    released(cast)
    start(cast, lab)
    passback_run()
    client.force_login(cast.helen)
    with django_assert_max_num_queries(26):
        page = client.get(f"/courses/odml/assignments/{lab.slug}/passback/").content.decode()
    assert "2 sent" in page and "Sofia" in page


def test_students_do_not_see_the_page(cast, lab, client):
    client.force_login(cast.ruth)
    assert client.get(f"/courses/odml/assignments/{lab.slug}/passback/").status_code == 403


@pytest.mark.parametrize("act", ["", "nonsense", "compare", "again"])
def test_a_button_that_cannot_be_is_answered_with_a_sentence(cast, lab, client, act):
    client.force_login(cast.helen)
    answer = client.post(
        f"/courses/odml/assignments/{lab.slug}/passback/", {"act": act, "score": "x" if act == "again" else ""}
    )
    assert answer.status_code in (409, 422) and b'role="alert"' in answer.content


def test_secrets_stand_in_no_log(cast, lab, lms, caplog):
    caplog.set_level("DEBUG")
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults.append(("/scores", 500))
    passback_run()
    passback_run(now=timezone.now() + timedelta(hours=1))
    assert lms.tokens and not any(token in caplog.text for token in lms.tokens)
    assert "PRIVATE KEY" not in caplog.text and "client_assertion" not in caplog.text


@pytest.mark.real_database
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_score_once(cast, lab, lms):
    for person in (cast.ruth, cast.daniel):
        give(cast, person, report=2, plot=1)
    released(cast)
    start(cast, lab)
    together, failures = threading.Barrier(2), []

    def work():
        try:
            together.wait(timeout=20)
            passback_run()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    passback_run(now=timezone.now() + timedelta(minutes=5))
    assert failures == []
    assert len(lms.sent("sub-ruth")) == len(lms.sent("sub-daniel")) == 1 and len(lms.items) == 1
    assert lms.count("/scores") == 2


def test_a_problem_of_the_lms_is_an_error_with_a_code():
    problem = services.PlatformProblem("x", code="y", status=503)
    assert isinstance(problem, PlatformProblem) and problem.details == {"status": 503}


def test_releasing_wakes_the_worker(cast, lab, django_capture_on_commit_callbacks, monkeypatch):
    from courseplatform.core import wake

    posted = []
    monkeypatch.setattr(wake, "post", lambda *args: posted.append(args))
    monkeypatch.setattr("grading.queue.wake.post", lambda *args: posted.append(args))
    start(cast, lab)
    with django_capture_on_commit_callbacks(execute=True):
        GradeRelease.objects.create(assignment=lab, is_released=True, by="Helen", at=timezone.now())
    assert ("grading.passback", "ordinary") in posted
