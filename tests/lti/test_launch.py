"""A launch: who comes in, and every message that is refused."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment
from courseplatform.lti.models import Identity, Launch, LoginAttempt
from courseplatform.lti.services.launches import launches_sweep
from tests.lti.launching import Browser, code_of, connect, newest
from tests.lti.platform import CLAIM
from tests.people import make_user

pytestmark = pytest.mark.django_db


def test_a_student_who_is_new_here_comes_in_and_is_enrolled(cast, platform, lms, browser):
    connect(cast, platform, lms)
    answer = browser.open(lms.person("Nora Lind"))
    assert answer.status_code == 302 and answer["Location"] == f"/courses/{cast.course.slug}/"
    nora = User.objects.get(email="nora@example.edu")
    assert browser.person == str(nora.pk) and nora.name == "Nora Lind" and not nora.is_operator
    assert Enrolment.objects.get(course=cast.course, person=nora).role == "student"
    assert browser.client.get(answer["Location"]).status_code == 200


def test_who_came_once_is_known_by_the_id_of_the_lms_and_not_by_the_address(cast, platform, lms, browser):
    connect(cast, platform, lms)
    sub = lms.person("Nora Lind")
    browser.open(sub)
    lms.people[sub]["email"] = "helen@example.edu"  # an address that is somebody else's changes nothing
    again = Browser(lms)
    assert again.open(sub).status_code == 302
    assert again.person == str(User.objects.get(email="nora@example.edu").pk)


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (["Learner"], "student"),
        (["Instructor"], "instructor"),
        (["Instructor", "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"], "ta"),
        (["Learner", "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"], "student"),
    ],
)
def test_the_role_is_that_of_the_course_in_the_lms(cast, platform, lms, browser, roles, role):
    connect(cast, platform, lms)
    browser.open(lms.person("Nora Lind", roles=roles))
    assert Enrolment.objects.get(course=cast.course, person__email="nora@example.edu").role == role


@pytest.mark.parametrize(
    "role",
    [
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin",
        "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor",
    ],
)
def test_an_administrator_or_an_observer_of_the_lms_is_nobody_in_the_course(cast, platform, lms, browser, role):
    connect(cast, platform, lms)
    answer = browser.open(lms.person("Nora Lind", roles=[role]))
    assert answer.status_code == 403 and code_of(answer) == "no_role"
    assert not Enrolment.objects.filter(person__email="nora@example.edu").exists()


def test_a_role_that_the_staff_gave_here_stays(cast, platform, lms, browser):
    connect(cast, platform, lms)
    Identity.objects.create(platform=platform, sub="r", person=cast.ruth, how="test")
    browser.open(lms.person("Ruth", sub="r", roles=["Instructor"]))
    assert Enrolment.objects.get(course=cast.course, person=cast.ruth).role == "student"


def test_who_was_taken_off_the_course_here_does_not_come_back_through_the_lms(cast, platform, lms, browser):
    connect(cast, platform, lms)
    Identity.objects.create(platform=platform, sub="r", person=cast.ruth, how="test")
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    assert code_of(browser.open(lms.person("Ruth", sub="r"))) == "dropped_here"


def test_the_account_of_an_operator_is_never_opened(cast, platform, lms, browser):
    connect(cast, platform, lms)
    Identity.objects.create(platform=platform, sub="o", person=cast.olu, how="test")
    answer = browser.open(lms.person("Olu", sub="o"))
    assert code_of(answer) == "operator_account" and browser.person is None
    assert code_of(Browser(lms).open(lms.person("Olu", sub="o2"))) == "operator_account"


# -- an address that is taken already -------------------------------------------------------------------------------


def test_an_account_that_was_there_is_not_opened_before_its_owner_signs_in_and_says_yes(cast, platform, lms, browser):
    connect(cast, platform, lms)
    sub = lms.person("Ruth")
    answer = browser.open(sub)
    assert answer["Location"].startswith("/lti/connect/") and browser.person is None
    assert browser.client.get(answer["Location"])["Location"].startswith("/accounts/login/")
    browser.client.force_login(cast.ruth)
    assert b"Let Canvas open this account" in browser.client.get(answer["Location"]).content
    assert not Identity.objects.exists()
    done = browser.client.post(answer["Location"])
    assert done["Location"] == f"/courses/{cast.course.slug}/"
    assert Identity.objects.get().person == cast.ruth
    again = Browser(lms)
    again.open(sub)
    assert again.person == str(cast.ruth.pk)


def test_nobody_else_can_say_yes_for_an_account(cast, platform, lms, browser):
    connect(cast, platform, lms)
    answer = browser.open(lms.person("Ruth"))
    browser.client.force_login(cast.daniel)
    assert browser.client.post(answer["Location"]).status_code == 403
    assert not Identity.objects.exists()


@pytest.mark.parametrize("claims", [{"email_verified": False}, {}])
def test_an_address_that_the_lms_does_not_stand_for_opens_and_makes_nothing(cast, platform, lms, browser, claims):
    """The take-over: somebody sets the address of a TA in an LMS that lets people choose it."""
    connect(cast, platform, lms)
    if not claims:
        type(platform).objects.update(vouches_for_addresses=False)
    for sub in (lms.person("Amit"), lms.person("Nobody")):
        answer = Browser(lms).open(sub, **claims)
        assert answer.status_code == 403 and code_of(answer) == "address_not_proven"
    assert not Identity.objects.exists() and not User.objects.filter(email="nobody@example.edu").exists()


def test_an_address_that_the_message_calls_verified_is_believed_without_a_promise_of_the_platform(
    cast, platform, lms, browser
):
    type(platform).objects.update(vouches_for_addresses=False)
    connect(cast, platform, lms)
    browser.open(lms.person("Nora Lind"), email_verified=True)
    assert browser.person == str(User.objects.get(email="nora@example.edu").pk)


def test_without_an_address_nobody_is_made(cast, platform, lms, browser):
    connect(cast, platform, lms)
    assert code_of(browser.open(lms.person("Nora Lind", email=""))) == "no_address"


def test_an_account_of_a_list_that_nobody_used_is_opened_in_its_own_course_alone(cast, platform, lms):
    connect(cast, platform, lms)
    listed = User.objects.create_user(email="listed@example.edu", name="Listed")
    Enrolment.objects.create(course=cast.course, person=listed, role="student")
    sub = lms.person("Listed")
    first = Browser(lms)
    first.open(sub)
    assert first.person == str(listed.pk)
    other = User.objects.create_user(email="other@example.edu", name="Other")
    for course in (cast.course, cast.other_course):
        Enrolment.objects.create(course=course, person=other, role="student")
    assert Browser(lms).open(lms.person("Other"))["Location"].startswith("/lti/connect/")


# -- messages that are refused ---------------------------------------------------------------------------------------


def refused(browser, message, code):
    answer = browser.send(message)
    assert answer.status_code == 403, answer.status_code
    assert code_of(answer) == code and browser.person is None
    assert not Launch.objects.exists()


def test_a_message_that_comes_again_opens_nothing(cast, platform, lms, browser):
    connect(cast, platform, lms)
    message = browser.message(lms.person("Nora Lind"))
    assert browser.send(message).status_code == 302
    again = browser.send(message)
    assert again.status_code == 403 and code_of(again) == "launch_used" and Launch.objects.count() == 1


def test_the_address_that_signs_in_works_once(cast, platform, lms, browser):
    connect(cast, platform, lms)
    address = browser.send(browser.message(lms.person("Nora Lind")))["Location"]
    assert browser.client.get(address).status_code == 302
    for client in (browser.client, Client()):
        again = client.get(address)
        assert again.status_code == 410 and code_of(again) == "link_over"


def test_a_signature_of_somebody_else_is_refused(platform, lms, browser):
    refused(browser, browser.message(lms.person("Nora Lind"), key=lms.stranger), "launch_invalid")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-tool"},
        {"aud": ["10000000000042", "another-tool"]},
        {"aud": ["10000000000042", "another-tool"], "azp": "another-tool"},
        {"iss": "https://another.example.edu"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": 1_700_000_000},
        {"iat": int(time.time()) + 4000},
        {"sub": None},
        {"sub": ""},
        {f"{CLAIM}deployment_id": "2:other"},
        {f"{CLAIM}deployment_id": None},
        {f"{CLAIM}version": "1.1"},
        {f"{CLAIM}roles": None},
        {f"{CLAIM}message_type": "Nonsense"},
    ],
    ids=lambda changes: "-".join(f"{name.rpartition('/')[2]}={value}" for name, value in changes.items())[:60],
)
def test_a_message_with_a_wrong_claim_is_refused(platform, lms, browser, changes):
    refused(browser, browser.message(lms.person("Nora Lind"), **changes), "launch_invalid")


def test_the_nonce_of_another_sign_in_is_refused(platform, lms, browser):
    sub = lms.person("Nora Lind")
    _, other, _ = browser.begin(sub)
    refused(browser, browser.message(sub, nonce=other), "nonce_mismatch")


@pytest.mark.parametrize("nonce", [None, "made-up"])
def test_a_nonce_that_is_not_ours_is_refused(platform, lms, browser, nonce):
    message = browser.message(lms.person("Nora Lind"), nonce=nonce)
    answer = browser.send(message)
    assert answer.status_code == 403 and code_of(answer) in ("nonce_mismatch", "launch_invalid")


@pytest.mark.parametrize("state", ["", "state-made-up"])
def test_a_message_without_a_sign_in_of_ours_is_refused(platform, lms, browser, state):
    refused(browser, browser.message(lms.person("Nora Lind")) | {"state": state}, "state_unknown")


def test_a_deployment_or_a_platform_that_is_switched_off_lets_nobody_in(platform, lms, browser):
    message = browser.message(lms.person("Nora Lind"))
    platform.deployments.update(is_active=False)
    refused(browser, message, "launch_invalid")
    type(platform).objects.update(is_active=False)
    answer = browser.client.get("/lti/login/", {"iss": lms.issuer, "login_hint": "x"})
    assert answer.status_code == 422 and code_of(answer) == "unknown_platform"


def test_a_sign_in_that_took_too_long_is_refused(platform, lms, browser):
    message = browser.message(lms.person("Nora Lind"))
    LoginAttempt.objects.update(made_at=timezone.now() - timedelta(minutes=11))
    refused(browser, message, "launch_too_old")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.e30", "é.é.é", "W10.W10.W10"])
def test_nonsense_in_the_place_of_a_message_is_refused_with_a_sentence(platform, lms, browser, token):
    state, _, _ = browser.begin(lms.person("Nora Lind"))
    refused(browser, {"state": state, "id_token": token}, "launch_invalid")


@pytest.mark.parametrize(
    "changes",
    [
        {f"{CLAIM}context": "course"}, {f"{CLAIM}custom": ["x"]}, {f"{CLAIM}roles": [7]}, {"name": 7, "given_name": []}, {"email": {"a": 1}},
        {f"{CLAIM}resource_link": {"id": 7}},
    ],
    ids=str,
)  # fmt: skip
def test_a_signed_message_of_odd_shape_is_no_fault_of_ours(cast, platform, lms, browser, changes):
    connect(cast, platform, lms)
    assert browser.open(lms.person("Nora Lind"), **changes).status_code in (302, 403, 409)


def test_a_platform_that_has_changed_its_key_is_asked_again(cast, platform, lms, browser):
    connect(cast, platform, lms)
    browser.open(lms.person("Nora Lind"))
    lms.key = lms.stranger
    lms.key = type(lms.key)(**{**lms.key.export(as_dict=True), "kid": "platform-2"})
    message = browser.message(lms.person("Otto"))
    import jwt

    claims = jwt.decode(message["id_token"], options={"verify_signature": False})
    token = jwt.encode(
        claims, lms.key.export_to_pem(private_key=True, password=None), algorithm="RS256", headers={"kid": "platform-2"}
    )
    assert browser.send(message | {"id_token": token}).status_code == 302


def test_a_platform_whose_keys_cannot_be_fetched_is_named_and_nothing_is_used_up(cast, platform, lms, browser):
    connect(cast, platform, lms)
    message = browser.message(lms.person("Nora Lind"))
    lms.faults.append(("/jwks", 0))
    answer = browser.send(message)
    assert answer.status_code == 503 and code_of(answer) == "lms_does_not_answer"
    assert browser.send(message).status_code == 302


# -- frames, cookies and addresses ---------------------------------------------------------------------------------------


def test_in_a_frame_a_page_offers_a_window_and_only_known_sites_may_frame_it(cast, platform, lms, browser):
    connect(cast, platform, lms)
    answer = browser.send(browser.message(lms.person("Nora Lind")), framed=True)
    assert answer.status_code == 200 and browser.person is None
    assert f"frame-ancestors {lms.url};" in answer["Content-Security-Policy"] + ";" and "X-Frame-Options" not in answer
    assert "script-src 'self';" in answer["Content-Security-Policy"] + ";" and "no-store" in answer["Cache-Control"]
    assert f'href="/lti/enter/{newest().pk}/" target="_blank"' in answer.content.decode()
    assert "frame-ancestors 'none'" in browser.client.get("/accounts/login/")["Content-Security-Policy"]


def test_a_browser_that_keeps_our_cookie_back_is_led_to_a_window_and_begins_again_there(cast, platform, lms, browser):
    connect(cast, platform, lms)
    sub = lms.person("Nora Lind")
    message = browser.message(sub)
    other = Browser(lms)
    page = other.send(message, framed=True)
    assert page.status_code == 200 and "Open Milliamp in a window" in page.content.decode()
    assert "login_hint=sub-nora+lind" in page.content.decode() and not Launch.objects.exists()
    assert other.open(sub).status_code == 302 and other.person


def test_a_link_that_somebody_sent_signs_nobody_in_without_a_click(cast, platform, lms, browser):
    """Otherwise a person could be signed in to the account of whoever sent the link, and hand in there."""
    connect(cast, platform, lms)
    address = browser.send(browser.message(lms.person("Nora Lind")))["Location"]
    victim = Client(enforce_csrf_checks=True)
    page = victim.get(address)
    assert page.status_code == 200 and "Is that you?" in page.content.decode() and "_auth_user_id" not in victim.session
    assert victim.post(address).status_code == 403


def test_the_cookie_goes_to_the_pages_of_the_lms_alone_and_cannot_be_read_by_scripts(platform, lms):
    answer = Client().get("/lti/login/", {"iss": lms.issuer, "login_hint": "x"}, secure=True)
    (cookie,) = answer.cookies.values()
    assert cookie["samesite"] == "None" and cookie["secure"] and cookie["httponly"] and cookie["path"] == "/lti/"


def test_the_login_leads_to_the_known_address_of_the_platform_whatever_it_is_asked(platform, lms, browser):
    _, _, query = browser.begin("x", target_link_uri="https://evil.example.com/")
    assert query["redirect_uri"] == "http://localhost:8000/lti/launch/" and query["response_mode"] == "form_post"
    assert query["prompt"] == "none" and query["response_type"] == "id_token"
    for wrong in ({"iss": "https://evil.example.com"}, {"client_id": "other"}, {"iss": ""}):
        answer = browser.client.get("/lti/login/", {"iss": lms.issuer, "login_hint": "x"} | wrong)
        assert answer.status_code == 422 and code_of(answer) == "unknown_platform"
    assert code_of(browser.client.get("/lti/login/", {"iss": lms.issuer})) == "login_incomplete"


def test_a_launch_leads_to_a_page_of_ours_alone(cast, platform, lms, browser):
    connect(cast, platform, lms)
    answer = browser.open(lms.person("Nora Lind"), **{f"{CLAIM}custom": {"milliamp_key": "//evil.example.com/"}})
    assert answer["Location"] == f"/courses/{cast.course.slug}/"


def test_who_is_signed_in_as_somebody_else_becomes_who_opened_it(cast, platform, lms, browser):
    connect(cast, platform, lms)
    browser.client.force_login(make_user("Guest"))
    browser.open(lms.person("Nora Lind"))
    assert browser.person == str(User.objects.get(email="nora@example.edu").pk)


def test_what_a_launch_told_of_a_person_is_gone_a_day_later(cast, platform, lms, browser):
    connect(cast, platform, lms)
    browser.open(lms.person("Nora Lind"))
    assert launches_sweep() == 0
    assert launches_sweep(now=timezone.now() + timedelta(hours=25)) == 1
    assert not LoginAttempt.objects.exists() and Identity.objects.exists()


@pytest.mark.real_database
@pytest.mark.django_db(transaction=True)
def test_of_two_that_bring_the_same_message_at_once_one_comes_in(cast, platform, lms, browser):
    connect(cast, platform, lms)
    message = browser.message(lms.person("Nora Lind"))
    together, codes = threading.Barrier(2), []

    def send():
        client = Client()
        client.cookies = browser.client.cookies
        together.wait(timeout=20)
        codes.append(client.post("/lti/launch/", message, headers={"Sec-Fetch-Dest": "document"}).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(codes) == [302, 403] and Launch.objects.count() == 1
