"""What leaves a row, and what does not."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseplatform.audit import recording
from courseplatform.audit.here import front_part
from courseplatform.audit.models import Act, AuditRow
from courseplatform.audit.recording import Looked, audit_record, look_record
from courseplatform.audit.registry import audit
from courseplatform.audit.sweep import audit_sweep
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.audit.builders import enrolment_of, lines
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known():
    cache.clear()


def person_page(cast, person):
    return f"/courses/odml/people/{enrolment_of(cast, person).pk}/"


@pytest.fixture
def amit(cast, client):
    client.force_login(cast.amit)
    AuditRow._base_manager.all().delete()  # that he signed in
    return client


def test_a_look_at_a_person_is_one_row_with_whose_it_was(cast, amit):
    answer = amit.get(person_page(cast, cast.ruth), REMOTE_ADDR="128.2.42.99")
    row = AuditRow.objects.get()
    assert (row.actor, row.actor_person, row.act, row.about) == (cast.amit.email, cast.amit, "saw", cast.ruth)
    assert (row.course, row.path, row.network) == (cast.course, person_page(cast, cast.ruth), "128.2.42.0/24")
    assert row.request_id == answer["X-Request-Id"]


def test_the_same_look_within_ten_minutes_is_the_same_row(cast, amit):
    for query in ("", "?a=1", ""):
        amit.get(person_page(cast, cast.ruth) + query)
    amit.get(person_page(cast, cast.daniel))
    assert [whose for *_, whose in lines()] == ["Ruth", "Daniel"]


def looked(cast, now, route="roster:person"):
    parts = {"enrolment": enrolment_of(cast, cast.ruth).pk}
    look_record(Looked(audit.reads[route], cast.amit, cast.course, "/somewhere/", parts), now)
    cache.clear()


def test_after_ten_minutes_it_is_another_row_also_across_a_full_hour(cast):
    now = timezone.now().replace(minute=9, second=50)
    for minutes in (0, 1, 9.9, 10.1):
        looked(cast, now + timedelta(minutes=minutes))
    assert AuditRow.objects.count() == 2


def test_each_export_is_a_row(cast, amit):
    for _ in range(2):
        assert amit.get("/courses/odml/people.csv").status_code == 200
    assert lines() == [("Amit", "exported", "The list of people", "")] * 2


def test_a_submission_and_a_run_are_whose_they_are(cast, amit, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    amit.get(submission.get_absolute_url())
    amit.get(submission.runs.get().get_absolute_url())
    assert [(what, whose) for _, _, what, whose in lines()] == [("A hand-in", "Ruth"), ("A run and its result", "Ruth")]


def test_a_program_with_a_token_is_recorded_as_its_person(cast, client, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    client.get(f"/api/v1/submissions/{submission.pk}/file", **headers_of(cast.amit, ["read"]))
    assert lines() == [("Amit", "exported", "A model that was handed in, by a program", "Ruth")]


def test_what_students_see_of_their_own_is_not_recorded(cast, client, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    client.force_login(cast.ruth)
    assert client.get(submission.get_absolute_url()).status_code == 200
    assert lines() == []


def test_what_was_refused_was_not_seen(cast, client, amit):
    assert amit.get("/courses/odml/people/999999/").status_code == 404
    client.force_login(cast.ruth)
    assert client.get(person_page(cast, cast.daniel)).status_code == 403
    assert lines() == []


def test_a_row_is_rolled_back_with_what_it_tells_of(cast):
    with transaction.atomic():
        audit_record(course=cast.course, person=cast.helen, act=Act.CHANGED, what="something")
        transaction.set_rollback(True)
    assert lines() == []


def test_a_look_that_cannot_be_recorded_is_not_given_out(cast, amit, monkeypatch):
    def locked(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(recording, "_insert", locked)
    answer = amit.get(person_page(cast, cast.ruth))
    assert answer.status_code == 503 and b"writes_busy" in answer.content
    assert cast.ruth.email.encode() not in answer.content


def test_a_look_costs_one_query_and_a_repeated_one_none(cast, amit):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as found:
            amit.get(person_page(cast, cast.ruth))
        counts.append(sum("audit_auditrow" in one["sql"] for one in found.captured_queries))
    assert counts == [1, 0]


def test_staff_who_sign_in_leave_a_row_and_students_do_not(cast, client):
    for person in (cast.ruth, cast.helen, cast.olu):
        client.post("/accounts/login/", {"login": person.email, "password": "correct horse"}, HTTP_USER_AGENT="curl/8")
        client.post("/accounts/logout/")
    assert lines() == [
        ("Helen", "signed_in", "Signed in with curl", ""),
        ("Olu", "signed_in", "Signed in with curl", ""),
    ]


def test_a_persons_own_export_is_recorded_without_a_course(cast, client):
    client.force_login(cast.ruth)
    b"".join(client.post("/accounts/export/download/").streaming_content)
    assert lines() == [("Ruth", "exported", "Everything about oneself", "")]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("128.2.42.99", "128.2.42.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:128.2.42.99", "128.2.42.0/24"),
    ],
)
def test_of_an_address_only_the_front_part_is_kept(address, kept):
    assert front_part(address) == kept


def test_the_sweep_forgets_what_is_older_than_the_setting(cast, settings):
    settings.AUDIT_DAYS = 30
    for days in (31, 29):
        then = timezone.now() - timedelta(days=days)
        audit_record(course=cast.course, person=cast.helen, act=Act.SAW, what=f"{days} days ago", now=then)
    assert audit_sweep()["rows"] == 1
    assert [what for _, _, what, _ in lines()] == ["29 days ago"]


def test_the_row_outlives_the_account(cast):
    audit_record(course=cast.course, person=cast.oscar, act=Act.SAW, what="something", about=cast.oscar)
    cast.oscar.delete()
    row = AuditRow.objects.get()
    assert (row.actor, row.actor_person, row.about) == ("oscar@example.edu", None, None)
