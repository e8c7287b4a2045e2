"""What visitors, members and operators read, and what many who look cost."""

import re
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseplatform.core import health
from courseplatform.status.models import Deed, Incident, Sample, SiteNotice
from courseplatform.status.selectors import now as now_part
from courseplatform.status.selectors.past import LIVE
from courseplatform.status.services.watching import watch
from hardware import holds
from hardware.models import LineHold, WorkerSign
from hardware.workers import sign_on
from tests.courseplatform.status.builders import forget, night_kept
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
PUBLIC = (
    "/status/",
    "/status/live/",
    "/status/waits.csv",
    "/status/tonight.csv",
    "/status/nights/",
    "/status/incidents/",
)


@pytest.fixture
def alive(cast, tmp_path):
    """A course in which a run waits, and workers that live."""
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    health.beat("ordinary")
    health.beat("bench")
    sign_on("bench@secret-host:17")
    return cast


def text(client, address="/status/"):
    return client.get(address).content.decode()


def test_a_visitor_reads_kinds_and_no_name_of_a_person_a_lab_or_a_machine(alive, client):
    canaries = (
        alive.lab.title, alive.course.title, "ruth", "Ruth", "Adeyemi", alive.ruth.email, "secret-host", "bench@",
    )  # fmt: skip
    for address in (*PUBLIC, f"/status/nights/{night_kept()}/"):
        said = text(client, address)
        assert [one for one in canaries if one in said] == [], address


def test_a_member_reads_the_labs_of_their_own_courses_alone(alive, client):
    client.force_login(alive.daniel)
    assert alive.lab.title in text(client)
    forget()
    client.force_login(alive.lena)
    assert alive.lab.title not in text(client)


def test_a_student_reads_nothing_of_what_is_for_operators(alive, client):
    client.force_login(alive.ruth)
    said = text(client)
    assert "For operators" not in said
    assert "Hold back" not in said


def test_an_operator_reads_measures_and_acts(alive, client):
    watch(now=timezone.now())
    forget()
    client.force_login(alive.olu)
    said = text(client)
    assert "Processors, wanted of all" in said
    assert "Restart bench-1 after its run" in said


def test_600_who_look_within_seconds_cost_the_database_one_look(alive, client, monkeypatch):
    stands = time.monotonic()
    monkeypatch.setattr(now_part.time, "monotonic", lambda: stands)
    text(client, "/status/live/")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        for _ in range(600):
            client.get("/status/live/")
    assert len(asked) == 0


def test_a_member_who_looks_again_costs_who_they_are_and_nothing_more(alive, client):
    client.force_login(alive.ruth)
    text(client, "/status/live/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/status/live/")
    assert len(asked) <= 4, [one["sql"] for one in asked]


def test_who_has_the_newest_part_gets_no_body(alive, client):
    first = client.get("/status/live/")
    again = client.get("/status/live/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_cache_that_is_away_costs_queries_and_breaks_nothing(alive, client, monkeypatch):
    monkeypatch.setattr(cache, "get", lambda *args, **kwargs: None)
    monkeypatch.setattr(cache, "get_many", lambda *args, **kwargs: {})
    monkeypatch.setattr(cache, "set", lambda *args, **kwargs: None)
    assert "Everything works" in text(client)
    with CaptureQueriesContext(connection) as asked:
        client.get("/status/live/")
    assert len(asked) == 0


def test_the_whole_state_is_a_bounded_number_of_queries(alive, client):
    with CaptureQueriesContext(connection) as asked:
        text(client)
    assert len(asked) < 60


def test_a_night_that_is_none_is_404(client):
    assert client.get("/status/nights/tuesday/").status_code == 404
    assert client.get("/status/nights/1999-01-01/").status_code == 404


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York", "Asia/Kolkata", "Pacific/Honolulu"])
def test_each_night_of_the_list_opens_wherever_its_reader_is(alive, client, zone):
    alive.ruth.zone = zone
    alive.ruth.save()
    client.force_login(alive.ruth)
    for hour in range(0, 48, 3):
        Sample.objects.create(name=LIVE, at=timezone.now() - timedelta(hours=hour), value=1)
    listed = re.findall(r'href="(/status/nights/[^"]+)"', text(client, "/status/nights/"))
    assert len(listed) in (2, 3)
    assert [client.get(address).status_code for address in listed] == [200] * len(listed)


def test_times_are_in_the_zone_of_the_reader_and_the_zone_is_named(alive, client):
    client.force_login(alive.ruth)
    alive.ruth.zone = "Asia/Tokyo"
    alive.ruth.save()
    assert "All times Tokyo time (JST)" in text(client)


def notice(client, **fields):
    now = timezone.now()
    words = {"text": "Mail is switched off tonight", "starts_at": f"{now:%Y-%m-%dT%H:%M}", "ends_at": f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}"}  # fmt: skip
    return client.post("/status/notice/", words | fields)


def test_a_notice_stands_on_every_page_until_it_is_taken_back(
    alive, client, django_capture_on_commit_callbacks, django_assert_num_queries
):
    alive.olu.zone = "UTC"
    alive.olu.save()
    client.force_login(alive.olu)
    with django_capture_on_commit_callbacks(execute=True):
        assert notice(client).status_code == 302
    assert "Mail is switched off tonight" in text(client, "/docs/glossary/")
    assert Deed.objects.get().by == alive.olu.email
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/status/notice/{SiteNotice.objects.get().pk}/take-back/")
    forget()
    assert "Mail is switched off tonight" not in text(client, "/docs/glossary/")


def test_a_notice_that_would_be_over_is_refused_with_what_to_do(alive, client):
    client.force_login(alive.olu)
    answer = notice(client, ends_at="2020-01-01T10:00")
    assert answer.status_code == 422
    assert "Choose an end that is still to come" in answer.content.decode()
    assert not SiteNotice.objects.exists()


def test_planned_maintenance_closes_the_site_for_all_but_operators_and_says_until_when(
    alive, client, django_capture_on_commit_callbacks
):
    alive.olu.zone = "UTC"
    alive.olu.save()
    client.force_login(alive.olu)
    with django_capture_on_commit_callbacks(execute=True):
        notice(client, closes_site="on", text="The database moves")
    assert client.get("/").status_code == 200
    client.logout()
    closed = client.get("/")
    assert (closed.status_code, int(closed["Retry-After"]) > 0) == (503, True)
    assert "The database moves" in closed.content.decode()
    assert client.get("/status/").status_code == 200
    assert client.get("/accounts/login/").status_code == 200
    client.force_login(alive.ruth)
    assert client.post(f"/courses/{alive.course.slug}/").status_code == 503


@pytest.mark.parametrize(
    "address",
    ["login/", "login/second-factor/", "login/passkey/", "single-sign-on/", "single-sign-on/back/", "saml/", "saml/finish/", "again/code/",
     "again/passkey/", "second-factor/prove/", "password/reset/", "logout/"],
)  # fmt: skip
def test_while_the_site_is_closed_operators_come_in_by_every_way_to_its_last_step(
    alive, client, django_capture_on_commit_callbacks, address
):
    alive.olu.zone = "UTC"  # as the notice is written
    alive.olu.save()
    client.force_login(alive.olu)
    with django_capture_on_commit_callbacks(execute=True):
        notice(client, closes_site="on", text="The database moves")
    client.logout()
    assert client.get("/").status_code == 503
    assert client.get(f"/accounts/{address}").status_code != 503


def test_an_operator_writes_an_incident_and_closes_it(alive, client):
    client.force_login(alive.olu)
    client.post(
        "/status/incidents/new/", {"title": "The power went", "says": "Back soon", "opened_at": "2026-01-02T10:00"}
    )
    row = Incident.objects.get()
    client.post(f"/status/incidents/{row.pk}/close/")
    row.refresh_from_db()
    assert row.closed_at is not None
    assert "The power went" in text(client, "/status/incidents/")


def test_reruns_are_held_back_and_let_go_and_each_act_is_logged(alive, client):
    client.force_login(alive.olu)
    client.post("/status/acts/hold-reruns/")
    assert holds.held_now() == {LineHold.What.RERUNS}
    client.post("/status/acts/let-go-reruns/")
    assert holds.held_now() == frozenset()
    assert [deed.what for deed in Deed.objects.order_by("pk")] == ["Held back re-runs", "Let re-runs go on"]


def test_a_worker_is_asked_to_restart_after_its_run(alive, client):
    client.force_login(alive.olu)
    client.post("/status/acts/restart-1/")
    assert WorkerSign.objects.get().leave_asked_at is not None
    assert client.post("/status/acts/restart-1/").status_code == 404


def test_a_student_can_do_none_of_it(alive, client):
    client.force_login(alive.ruth)
    assert client.post("/status/acts/hold-measuring/").status_code == 403
    assert not LineHold.objects.exists()


def test_a_page_on_which_somebody_waits_says_what_is_slow(alive, client):
    from grading.models import Run

    Run.objects.update(queued_at=timezone.now() - timedelta(minutes=12))
    watch(now=timezone.now())
    forget_memory_only()
    client.force_login(alive.ruth)
    run = Run.objects.get()
    said = text(client, run.get_absolute_url())
    assert re.search(r"Benchmarking is slow: <a href=\"/status/\"", said)


def forget_memory_only():
    from courseplatform.status import banner

    banner.forget()
