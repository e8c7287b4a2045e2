"""Default deny: every URL declares its audience, and everybody of the cast is sent to every URL."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from courseplatform.calendars.services import feed_of
from courseplatform.calendars.tokens import token_of
from courseplatform.core.audience import Audience, audience_of
from courseplatform.courses.models import Role
from courseplatform.keeping.models import ArchiveStatus, CourseArchive
from courseplatform.notices.mails import stop_key
from courseplatform.roster.models import RosterImport
from courseplatform.scribe.services.images import image_add
from grading.bench.errors import BenchError
from grading.models import Run
from hardware import leases
from hardware.models import Runner
from tests.courseplatform.accounts.builders import bearer, headers_of, make_token
from tests.courseplatform.audit.test_routes import methods_of
from tests.courseplatform.notices.builders import notices_of
from tests.courseplatform.participation.builders import slack_import
from tests.courseplatform.scribe.builders import duty_of, handed_in, png
from tests.courseplatform.seminar.builders import seminar_objects
from tests.courseplatform.status.builders import night_kept
from tests.courseplatform.teams.builders import make_round, make_slot, make_team
from tests.courseplatform.uploads.builders import begin
from tests.grading.calibrating.calibrations import refit_of
from tests.grading.canvas.files import canvas_file_of
from tests.grading.desk.desks import sheet_for
from tests.grading.energy.builders import power_of
from tests.grading.grades.grades import regrade_of
from tests.grading.handing_in.parts import piece_of
from tests.grading.late_days.staff import late_favours_of
from tests.grading.reruns.reruns import rerun_of
from tests.hardware.builders import device_of_course
from tests.hardware.inventory.builders import stock_objects
from tests.hardware.runners.boards import runner_objects
from tests.lti.launching import platform_of_tests
from tests.people import hand_in, make_cast, make_user, onnx_like

pytestmark = pytest.mark.django_db


def all_patterns(resolver=None, prefix=""):
    for item in (resolver or get_resolver()).url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from all_patterns(item, route)
        elif isinstance(item, URLPattern):
            yield route, item.callback


PATTERNS = sorted(all_patterns(), key=lambda pair: pair[0])


@pytest.mark.parametrize(("route", "view"), PATTERNS, ids=[route or "front" for route, _ in PATTERNS])
def test_every_url_declares_its_audience(route, view):
    assert audience_of(view) in set(Audience)


def test_a_view_without_an_audience_is_nobodys(client, settings):
    settings.ROOT_URLCONF = "tests.courseplatform.undeclared_urls"
    assert client.get("/open/").status_code == 404


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    """The API counts requests by the minute, and here one person asks for everything."""
    cache.clear()


@pytest.fixture(scope="module")
def shared(module_dir):
    """A cast, and the addresses of what it has: everybody looks at the same."""
    people = make_cast()
    people.dora = make_user("Dora")  # she was in the course, and has left it
    people.course.enrolments.create(person=people.dora, role=Role.STUDENT, is_active=False, left_at=timezone.now())
    return people, addresses_of(people, module_dir)


@pytest.fixture
def cast(shared):
    return shared[0]


@pytest.fixture
def addresses(shared):
    return shared[1]


def values_of(cast, tmp_path):
    """What stands for each placeholder of an address: the objects of Ruth."""
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    run = Run.objects.get(submission=submission)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, cast.sofia)
    duty = duty_of(cast, cast.ruth)
    image = image_add(visit=cast.visit(cast.ruth), duty=duty, name="a.png", content=png())
    kept = handed_in(cast, duty)
    seminar = seminar_objects(cast)
    return {
        "<slug:course>": cast.course.slug, "<slug:assignment>": cast.lab.slug, "<uuid:submission>": str(submission.pk),
        "<uuid:run>": str(run.pk), "<slug:figure>": "memory", "<slug:lab_chart>": "attempts", "<slug:chart>": "attempts", "<slug:name>": "glossary",
        "<int:session>": str(cast.course.sessions.first().pk),
        "<int:enrolment>": str(cast.course.enrolments.get(person=cast.ruth).pk),
        "<int:roster_import>": str(RosterImport.objects.create(course=cast.course).pk),
        "<str:token>": token_of(feed_of(person=cast.ruth)), "<str:stop>": stop_key(cast.ruth.pk, "team"),
        **notices_of(cast),
        "<slug:team>": team.slug, "<int:team_slot>": str(make_slot(cast).pk), "<int:feedback_round>": str(make_round(cast, team).pk),
        "<int:team_invitation>": "1", "<int:team_booking>": "1", "<int:board_request>": "1",  # posted to, so not looked at
        "<uuid:upload>": str(begin(cast).pk), "<int:person>": str(cast.ruth.pk), "<uuid:batch>": str(slack_import(cast, tmp_path).pk),
        "<int:duty>": str(duty.pk), "<uuid:image>": str(image.pk), "<int:version>": str(kept.pk), "<int:number>": "1",
        "<slug:paper>": seminar.paper.slug, "<int:slot>": str(seminar.slot.pk), "<int:swap>": str(seminar.swap.pk),
        "<int:round>": str(seminar.round.pk), "<int:matching>": str(seminar.matching.pk), "<int:highlight>": str(seminar.highlight.pk), **late_favours_of(cast),
        "<int:regrade>": str(regrade_of(cast).pk), "<slug:part>": "notes", "<uuid:piece>": str(piece_of(cast, cast.ruth, tmp_path).pk),
        "<uuid:variant>": str(submission.pk),  # posted to, so not looked at
        "<int:nickname>": "1",  # posted to, so not looked at
        **power_of(cast, team), "<int:rerun>": str(rerun_of(cast).pk),
        "<slug:device>": "laptop", "<slug:own_device>": device_of_course(cast).slug, **stock_objects(cast),
        **runner_objects(cast), "<int:meter_reading>": "1", "<int:note>": "1", "<int:lent_item>": "1",  # posted to, so not looked at
        "<int:sheet_number>": str(sheet_for(submission).number),
        "<int:canvas_file>": str(canvas_file_of(cast).pk), "<str:column>": cast.lab.slug,
        "<int:lti_platform>": str(platform_of_tests().pk), "<uuid:lti_launch>": str(submission.pk), "<str:invite>": "made-up",  # no launch: used up
        "<int:browser>": "1",  # posted to, so not looked at
        "<str:night>": night_kept(), "<int:site_notice>": "1", "<int:site_incident>": "1", "<slug:act>": "hold-reruns",  # the last three are posted to
        "<int:archive>": str(CourseArchive.objects.create(course=cast.course, status=ArchiveStatus.FAILED).pk),
        "<int:calibration>": str(refit_of(cast, Runner.objects.filter(course=cast.course).first()).pk),
    }  # fmt: skip


METHODS = {}  # address -> what it takes


def addresses_of(cast, tmp_path):
    """Every URL of the site with the objects of Ruth filled in: (address, audience)."""
    values, found = values_of(cast, tmp_path), []
    for route, view in PATTERNS:
        if audience_of(view) in (Audience.PUBLIC, Audience.SIGNED_IN) and "accounts/" in route and "<" in route:
            continue  # links of the password mails: their keys are tested with the mails
        address = f"/{route}"
        for placeholder, value in values.items():
            address = address.replace(placeholder, value)
        assert "<" not in address
        found.append((address, audience_of(view)))
        METHODS[address] = methods_of(view) - {"OPTIONS"}
    return found


API = "/api/v1/"
# No university signs in here, and nobody has a second factor: tests/sign_in asks for these.
NOT_SET_UP = re.compile(r"/accounts/(single-sign-on|saml|signed-out|second-factor/(codes|app/remove))/")
INSTRUCTORS = {"helen", "ines"}
NAMED = {
    Audience.OPERATORS: {"olu"},
    Audience.COURSE_MAKERS: INSTRUCTORS | {"olu"},
    Audience.COURSE_INSTRUCTORS: INSTRUCTORS,
}
STAFF, MEMBERS = {"helen", "ines", "amit"}, {"helen", "ines", "amit", "ruth", "daniel", "sofia"}


def may_come(name, audience, address):
    if name is None or audience == Audience.PUBLIC:
        return audience == Audience.PUBLIC
    if address.startswith("/api/v1/uploads/") and address != "/api/v1/uploads/":
        return name == "ruth"  # she sends this file, and staff see it when it is handed in
    if address.startswith("/t/"):
        return name in MEMBERS  # a label opens what its course lends
    if audience == Audience.SIGNED_IN:
        return True
    if audience in NAMED:
        return name in NAMED[audience]
    of_ruth = any(
        part in address for part in ("/receipts/", "/runs/", "/pieces/", "/hardware/loans/", "/case-photos/")
    ) or re.search(r"/hardware/requests/\d", address)
    if audience != Audience.COURSE_STAFF and (of_ruth or address.startswith("/api/v1/submissions/")):
        return name in STAFF | {"ruth"}  # the objects are Ruth's
    if audience == Audience.COURSE_MEMBERS and "/regrades/" in address:
        return name in STAFF | {"ruth"}
    if (
        audience != Audience.COURSE_STAFF
        and "/scribe/" in address
        and any(part in address for part in ("/edit/", "/review/", "/images/"))
    ):
        return name in STAFF | {"ruth"}  # she writes these notes, which are not published
    # the course of the cast is not public
    return name in (STAFF if audience == Audience.COURSE_STAFF else MEMBERS)


@pytest.mark.parametrize(
    "name", [None, "helen", "ines", "amit", "ruth", "daniel", "sofia", "lena", "olu", "oscar", "dora"]
)
def test_every_url_with_the_whole_cast(client, cast, addresses, name):
    if name:
        client.force_login(getattr(cast, name))
    for address, audience in addresses:
        if "logout" in address:
            continue
        status = client.get(address).status_code
        assert status < 500 or address == "/healthz", address  # no worker runs in this test, and it says so
        if audience == Audience.MONITOR:
            assert status in (200, 404), (
                name,
                address,
                status,
            )  # asks for a token or an address, never for a person: metrics/test_metrics.py
            continue
        if audience == Audience.RUNNERS:
            assert status == 401, (
                name,
                address,
                status,
            )  # a board has a token of its own, and no person comes in there
            continue
        if may_come(name, audience, address):
            may_be_missing = "figures" in address or NOT_SET_UP.match(address)
            assert status not in (401, 403) and (status != 404 or may_be_missing), (name, address, status)
        elif name is None:
            assert status == (401 if address.startswith(API) else 302), (address, status)
        else:
            assert status in (403, 404, 405), (name, address, status)


@pytest.mark.parametrize("name", ["helen", "olu"])
def test_a_token_is_nobody_outside_the_api(client, cast, addresses, name):
    headers = headers_of(getattr(cast, name), ["read", "hand_in", "hardware"])
    for address, audience in addresses:
        if address.startswith(API) or audience in (Audience.PUBLIC, Audience.COURSE_PUBLIC, Audience.MONITOR):
            continue
        status = client.get(address, **headers).status_code
        assert status == (401 if audience == Audience.RUNNERS else 302), (name, address, status)


@pytest.mark.parametrize("scopes", [["read"], ["hand_in"], ["hardware"], ["read", "hand_in"]], ids="+".join)
@pytest.mark.parametrize("name", ["helen", "ines", "amit", "ruth", "daniel", "sofia", "lena", "olu", "oscar", "dora"])
def test_every_url_with_a_token_of_the_whole_cast(client, cast, addresses, name, scopes):
    """At the API what the session opens, where the scope allows it."""
    headers = headers_of(getattr(cast, name), scopes)
    for address, audience in addresses:
        if not address.startswith(API):
            continue
        status = client.get(address, **headers).status_code
        if audience != Audience.PUBLIC and "read" not in scopes:
            assert status == 403, (name, address, status)
        else:
            too_small = 403 if audience == Audience.COURSE_STAFF and name in MEMBERS else 404  # they know the course
            assert status == (200 if may_come(name, audience, address) else too_small), (name, address, status)


TUS = {"HTTP_TUS_RESUMABLE": "1.0.0", "HTTP_UPLOAD_OFFSET": "0"}
REFUSED = {302, 401, 403, 404, 405}


def refused(client, name, address, audience, headers, asked):
    """Sends every method that changes something to an address, as somebody who may not come; counts in `asked`."""
    for method in sorted(METHODS[address] - {"GET", "HEAD"}):
        kind = "application/offset+octet-stream" if method == "PATCH" else "application/json"  # as tus wants its parts
        answer = client.generic(method, address, b"{}", content_type=kind, **TUS, **headers)
        asked[method] += 1
        assert answer.status_code in REFUSED, (name, method, address, answer.status_code)
        assert answer.status_code != 302 or answer["Location"].startswith("/accounts/login/"), (name, method, address)


@pytest.mark.parametrize("name", [None, "amit", "daniel", "lena", "olu", "oscar", "dora"])
def test_nobody_changes_anything_at_an_address_that_is_for_others(client, cast, addresses, name, record_property):
    if name:
        client.force_login(getattr(cast, name))
    asked = Counter()
    for address, audience in addresses:
        if audience == Audience.RUNNERS or not may_come(name, audience, address):
            refused(client, name, address, audience, {}, asked)
    record_property("asked", dict(asked))
    print(f"access: {name or 'a visitor'} sent {dict(asked)} to what is for others; all refused")
    assert asked["POST"] > 20


def made_up(cast):
    """Headers that open nothing, whoever they look like: (what they are, headers, status of the API)."""
    over, secret = make_token(cast.helen, ["read", "hand_in", "hardware"], name="over")
    type(over).objects.filter(pk=over.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    yield "a token that is over", bearer(secret)
    gone, secret = make_token(cast.helen, ["read", "hand_in", "hardware"], name="gone")
    type(gone).objects.filter(pk=gone.pk).update(revoked_at=timezone.now())
    yield "a token that was revoked", bearer(secret)
    yield "a token that nobody made", bearer("mlp_" + "a" * 43)
    yield "another scheme", {"HTTP_AUTHORIZATION": "Basic aGVsZW46eA=="}
    yield "the token of a board", bearer("milliamp_run_" + "a" * 43)


def test_a_key_that_is_no_good_opens_no_address_with_any_method(client, cast, addresses):
    asked = Counter()
    for what, headers in made_up(cast):
        for address, audience in addresses:
            if audience == Audience.PUBLIC or not address.startswith("/api/"):
                continue
            status = client.get(address, **headers).status_code
            assert status in (401, 405), (what, address, status)
            refused(client, what, address, audience, headers, asked)
    print(f"access: keys that are no good sent {dict(asked)}; all refused")


def test_a_scope_that_reads_changes_nothing(client, cast, addresses):
    asked = Counter()
    for name in ("helen", "ruth", "olu"):
        headers = headers_of(getattr(cast, name), ["read"])
        for address, audience in addresses:
            if address.startswith(API) and audience != Audience.PUBLIC:
                refused(client, name, address, audience, headers, asked)
    print(f"access: tokens that only read sent {dict(asked)}; all refused")
    assert asked["POST"] > 10


def test_every_address_of_the_api_has_an_audience_of_its_own():
    found = {route: audience_of(view) for route, view in PATTERNS if f"/{route}".startswith(API)}
    assert {route for route, audience in found.items() if audience == Audience.PUBLIC} == {"api/v1/schema"}
    assert {route for route, audience in found.items() if audience == Audience.SIGNED_IN} == {
        "api/v1/me",
        "api/v1/courses",
        "api/v1/uploads/",
        "api/v1/uploads/<uuid:upload>/",
    }


@pytest.mark.parametrize("name", ["daniel", "lena", "oscar"])
def test_another_students_run_is_not_there(client, cast, tmp_path, name):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    run = Run.objects.get(submission=submission)
    client.force_login(getattr(cast, name))
    for address in (run.get_absolute_url(), submission.get_absolute_url()):
        assert client.get(address).status_code == 404
    assert client.post(run.get_absolute_url() + "cancel/").status_code == 404
    run.refresh_from_db()
    assert run.status == "queued"


def test_a_ta_here_is_a_student_there(client, cast):
    client.force_login(cast.amit)
    assert client.get(f"/courses/{cast.course.slug}/submissions/").status_code == 200
    assert client.get(f"/courses/{cast.other_course.slug}/submissions/").status_code == 403


def test_an_unknown_outcome_never_crosses_the_boundary():
    with pytest.raises(ValueError):
        BenchError("x", "y", outcome="excellent")


KEPT_BACK = {
    "6.13 of",
    '"6.13"',
    "98.731",
    "0.98731",
    "7654321",
    "7 654 321",
    "0.0314159",
    "Too fast",
    "900 GMAC/s",
    "faster_than",
}


def test_no_address_tells_a_number_of_a_run_that_is_kept_back(client, cast, addresses, mailoutbox):
    """Not to its owner, nor to the rest of the team, in a session or with a token: neither what was measured nor what looks wrong."""
    document = {
        "report": {"macs": 7654321}, "host": {"p50_ms": 0.0314159}, "quality": {"accuracy": 0.98731}, "points": [], "environment": {},
        "metrics": {"accuracy": 0.98731, "macs": 7654321, "params": 10}, "earned": "6.13", "of": "7.00",
    }  # fmt: skip
    evidence = [
        {"code": "faster_than_the_processor", "title": "Too fast", "sentence": "It does 900 GMAC/s.", "facts": {}}
    ]
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_park(lease, result={"evidence": evidence, "document": document}, why="faster_than_the_processor")
    for person in (cast.ruth, cast.daniel):
        client.force_login(person)
        token = headers_of(person, ["read"])
        asked = [(address, {}) for address, _ in addresses if "logout" not in address]
        asked += [(address, token) for address, _ in addresses if address.startswith(API)]
        for address, headers in asked:
            answer = client.get(address, **headers)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            text = body.decode("utf-8", "replace").replace("\u202f", " ").replace("\u2009", " ")
            assert not (found := {one for one in KEPT_BACK if one in text}), (person.name, address, found)
    mine = [mail.body + mail.subject for mail in mailoutbox if set(mail.to) & {cast.ruth.email, cast.daniel.email}]
    assert not any(one in text for text in mine for one in KEPT_BACK)
