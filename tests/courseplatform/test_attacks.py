"""What somebody tries at every address: to be sent on to another site, to have a form of another site taken, to come past the second factor."""

import json
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from courseplatform.accounts.models import AccountMerge, User
from courseplatform.core.audience import Audience
from tests.courseplatform.test_access import METHODS, addresses_of
from tests.people import make_cast

pytestmark = pytest.mark.django_db
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/x",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "http:///evil.example",
)
NAMES = (
    "next",
    "back",
    "url",
    "to",
    "return",
    "return_to",
    "redirect",
    "redirect_uri",
    "target_link_uri",
    "RelayState",
    "continue",
)
# Posted by others, each with something in the place of the form token: a state that this browser alone has, or the key of one mail.
BY_OTHERS = ("/accounts/saml/take/", "/lti/login/", "/lti/launch/", "/lti/pick/", "/notifications/stop/")
OF_THE_STAFF = (Audience.COURSE_STAFF, Audience.COURSE_INSTRUCTORS, Audience.COURSE_MEMBERS)


@pytest.fixture(scope="module")
def shared(module_dir):
    people = make_cast()
    return people, addresses_of(people, module_dir)


@pytest.fixture
def cast(shared):
    return shared[0]


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


@pytest.mark.parametrize("name", [None, "ruth", "helen", "olu"])
def test_no_address_leads_to_another_site_whatever_it_is_asked(client, shared, name):
    people, addresses = shared
    if name:
        client.force_login(getattr(people, name))
    led = 0
    for number, (address, _) in enumerate(addresses):
        if "logout" in address:
            continue
        asked = dict.fromkeys(NAMES, ELSEWHERE[number % len(ELSEWHERE)])
        place = client.get(address, asked, headers={"Referer": ELSEWHERE[0]}).headers.get("Location", "")
        assert urlsplit(place).netloc in ("", "testserver") and not place.startswith(("//", "/\\", "javascript")), (
            address,
            place,
        )
        led += bool(place)
    assert led > 3


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/accounts/logout/", "/accounts/again/", "/accounts/second-factor/later/"]
)
def test_no_form_of_an_account_leads_to_another_site(client, cast, address, place):
    if address != "/accounts/login/":
        client.force_login(cast.helen)
    sent = {"login": "helen@example.edu", "password": "correct horse", "next": place}
    for answer in (client.post(address, sent), client.post(f"{address}?next={place}", sent | {"next": ""})):
        assert urlsplit(answer.headers.get("Location", "/")).netloc in ("", "testserver")
        assert not answer.headers.get("Location", "").startswith(("//", "/\\", "javascript"))


@pytest.mark.parametrize("name", ["ruth", "helen", "olu"])
def test_no_address_takes_a_form_of_another_site(shared, name):
    """A browser that is signed in is made to send it: without the form token nothing is done."""
    people, addresses = shared
    browser, asked, taken = Client(enforce_csrf_checks=True), 0, []
    browser.force_login(getattr(people, name))
    for address, audience in addresses:
        methods = METHODS[address] & {"POST", "PUT", "PATCH", "DELETE"}
        if audience == Audience.RUNNERS or address.startswith("/api/runner/") or address.startswith(BY_OTHERS):
            continue  # a board has a token, which no browser sends by itself
        for method in methods:
            kind = "application/offset+octet-stream" if method == "PATCH" else "application/x-www-form-urlencoded"
            answer = browser.generic(
                method,
                address,
                b"a=b",
                content_type=kind,
                headers={"Tus-Resumable": "1.0.0", "Origin": "https://evil.example"},
            )
            taken += [] if answer.status_code in (403, 404, 405) else [(method, address, answer.status_code)]
            asked += 1
    assert taken == []
    assert asked > 150


def test_without_a_form_token_a_visitor_posts_to_those_few_alone(shared):
    _, addresses = shared
    browser, taken = Client(enforce_csrf_checks=True), []
    for address, audience in addresses:
        if audience == Audience.PUBLIC and "POST" in METHODS[address] and not address.startswith("/api/"):
            taken += [address] if browser.post(address, {"a": "b"}).status_code not in (403, 404, 405) else []
    assert [address for address in taken if not address.startswith(BY_OTHERS)] == []


def leads_to_the_factor(answer):
    if answer.status_code == 302:
        return answer["Location"].startswith((reverse("mfa_index"), reverse("accounts:factor_prove")))
    return answer.status_code == 403 and "second_factor_needed" in answer.content.decode()


@pytest.mark.parametrize("name", ["helen", "amit", "olu"])
def test_without_the_second_factor_no_address_shows_the_staff_anything(client, shared, settings, name):
    people, addresses = shared
    settings.STAFF_SECOND_FACTOR = "required"
    client.force_login(getattr(people, name))
    wanted = (Audience.OPERATORS,) if name == "olu" else OF_THE_STAFF if name == "helen" else OF_THE_STAFF[::2]
    past, asked = [], 0
    for address, audience in addresses:
        if audience in wanted:
            answer = client.get(address)
            asked += 1
            if not leads_to_the_factor(answer) and answer.status_code not in (404, 405):
                past.append((address, answer.status_code))
    assert past == []
    assert asked > (3 if name == "olu" else 150)


@pytest.mark.parametrize("step", ["look", "operator"])
def test_without_the_second_factor_an_operator_joins_nobodys_account_to_their_own(client, cast, settings, step):
    settings.STAFF_SECOND_FACTOR = "required"
    client.force_login(cast.olu)
    answer = client.post(
        "/accounts/merge/", {"step": step, "keep": "olu@example.edu", "other": "helen@example.edu", "why": "mine now"}
    )
    assert leads_to_the_factor(answer)
    assert client.get("/accounts/merge/").status_code == 200  # what is one's own is joined by the passwords of both
    assert not AccountMerge.objects.exists()


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Server"]
)
def test_a_header_about_the_host_changes_no_link_in_a_mail(client, cast, header):
    said = "host=evil.example" if header == "Forwarded" else "evil.example"
    client.post("/accounts/password/reset/", {"email": "ruth@example.edu"}, headers={header: said})
    assert len(mail.outbox) == 1 and "evil.example" not in mail.outbox[0].body


@pytest.mark.parametrize("way", ["password", "demo", "invitation"])
def test_a_key_that_was_planted_in_the_browser_opens_nothing_after_the_sign_in(client, cast, settings, way):
    """Somebody puts the cookie of a session of theirs into the browser of another, and waits until that one has signed in."""
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key
    if way == "password":
        client.post("/accounts/login/", {"login": "ruth@example.edu", "password": "correct horse"})
    elif way == "demo":
        settings.DEMO = True
        User.objects.filter(pk=cast.ruth.pk).update(is_demo=True)
        client.post("/accounts/demo/", {"email": "ruth@example.edu"})
    else:
        client.post(invited(cast), {"password1": "a quite long one 7", "password2": "a quite long one 7"})
    assert client.cookies["sessionid"].value != session.session_key
    assert client.get("/accounts/profile/").status_code == 200
    thief = Client()
    thief.cookies["sessionid"] = session.session_key
    assert thief.get("/accounts/profile/").status_code == 302


def invited(cast):
    from courseplatform.roster.services.invitations import invitations_create, token_of

    person = User.objects.create(email="new@example.edu", name="New")
    person.set_unusable_password()
    person.save()
    enrolment = cast.course.enrolments.create(person=person, role="student")
    made = invitations_create(enrolments=[enrolment], by="helen@example.edu")[0]
    return reverse("roster:invitation", kwargs={"course": cast.course.slug, "token": token_of(made)})


def test_health_says_no_more_than_how_it_is(client, db, monkeypatch):
    """Whoever asks: no path, no address of a machine, no version, and of a fault its kind alone."""
    from courseplatform.core import health

    def broken():
        raise OSError(13, "Permission denied", "/srv/milliamp/data/secret")

    monkeypatch.setitem(health.PROBES, "database", broken)
    found = json.loads(client.get("/healthz").content)
    assert set(found) == {"status", "checks"} and found["checks"]["database"] == "failing: PermissionError"
    assert "/srv" not in json.dumps(found)
