"""What a hostile or broken LMS does to scores on their way: none is lost, none holds up another, nothing grows for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.lti.wire import services
from grading.models.passback import Passback, PassbackTry
from grading.passback.plan import MOST_TRIES
from grading.passback.sending import passback_run
from grading.passback.switching import passback_resume
from tests.grading.grades.grades import give, released
from tests.lti.test_passback import score_of, start

pytestmark = pytest.mark.django_db

CIRCLE = b'[{"id": "x", "resourceId": "other"}]'


@pytest.mark.parametrize(
    "fault",
    [
        ("/lineitems", b"[7]"), ("/lineitems", b"[[]]"), ("/lineitems", b"{}"), ("/lineitems", b"[" * 100_000), ("/lineitems", b"null"),
        ("/token", b"[]"), ("/token", b'{"access_token": 7}'), ("/token", b'{"access_token": "a\\nb"}'), ("/token", b'{"access_token": "\\u00e9"}'),
        ("/token", b'{"access_token": "a", "expires_in": "soon"}'), ("/token", b'{"access_token": "a", "expires_in": 1e999}'),
        ("/token", 503, {"Retry-After": "Mon, 01 Jan 2020 00:00:00 +99999999999999"}), ("/token", 429, {"Retry-After": "9" * 5000}),
        ("/token", 503, {"Retry-After": "-1"}), ("/token", 302, {"Location": "https://elsewhere.example.com/"}),
    ],
    ids=lambda fault: ascii(fault)[:70],
)  # fmt: skip
def test_an_odd_answer_holds_nothing_up_for_ever(cast, lab, lms, fault):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults.append(fault)
    passback_run()
    passback_resume(visit=cast.visit(cast.helen), assignment=lab)
    services._tokens.clear()
    passback_run(now=timezone.now() + timedelta(days=2))
    assert [score["scoreGiven"] for score in lms.sent("sub-ruth")] == [3]


@pytest.mark.parametrize(
    "column",
    [
        b'{"id": 7}',
        b'{"id": {}}',
        b'{"id": "https://elsewhere.example.com/1"}',
        b'{"id": ""}',
        b'{"id": "%s"}' % (b"x" * 2000),
    ],
)
@pytest.mark.real_database
def test_a_column_that_is_no_address_of_the_lms_is_said(cast, lab, lms, column):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults += [("/lineitems", b"[]"), ("/lineitems", column)]
    passback_run()
    row = Passback.objects.get()
    assert row.problem or row.resume_at > timezone.now()
    assert not lms.sent("sub-ruth")


def test_a_gradebook_that_never_ends_is_left(cast, lab, lms, monkeypatch):
    monkeypatch.setattr(services, "MOST_PAGES", 5)
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults += [("/lineitems", CIRCLE, {"Link": f'<{lms.url}/api/lineitems>; rel="next"'})] * 50
    passback_run()
    assert lms.count("/lineitems", "GET") == 5 and not lms.items
    assert score_of(cast.ruth).state == "pending" or score_of(cast.ruth).problem


def test_a_fault_of_ours_with_one_assignment_leaves_the_others_alone(cast, lab, lms, monkeypatch):
    give(cast, cast.ruth, report=2, plot=1)
    give(cast, cast.daniel, report=2, plot=1)
    released(cast)
    start(cast, lab)
    send, broken = services.Gradebook.send, ["sub-ruth"]

    def once(self, url, score):
        if broken and score.sub == broken[0]:
            raise RuntimeError("a fault of ours")
        return send(self, url, score)

    monkeypatch.setattr(services.Gradebook, "send", once)
    passback_run()
    broken.clear()
    later = timezone.now() + timedelta(hours=1)
    passback_run(now=later)
    assert len(lms.sent("sub-ruth")) == len(lms.sent("sub-daniel")) == 1


def test_a_score_that_the_lms_never_took_is_not_called_sent(cast, lab, lms):
    """Away for a moment, and meanwhile somebody graded in the LMS by hand: ours is older, and is sent with a new time."""
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults += [("/scores", 503)]
    passback_run()
    later = timezone.now() + timedelta(hours=1)
    lms.scores[1, "sub-ruth"] = [
        {"timestamp": f"{later - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}.000Z", "scoreGiven": 1, "scoreMaximum": 5}
    ]
    for hours in (1, 2, 3):
        passback_run(now=timezone.now() + timedelta(hours=hours))
    assert [score["scoreGiven"] for score in lms.sent("sub-ruth")] == [1, 3] and score_of(cast.ruth).state == "sent"


def test_an_lms_that_always_has_a_newer_score_is_asked_a_bounded_number_of_times(cast, lab, lms):
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    start(cast, lab)
    lms.faults += [("/scores", 409)] * 100
    for hours in range(0, 400, 7):
        passback_run(now=timezone.now() + timedelta(hours=hours))
    assert score_of(cast.ruth).state == "failed" and PassbackTry.objects.count() == MOST_TRIES
