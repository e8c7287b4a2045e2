"""Deep linking: what an instructor picks in the LMS stands there as links with columns."""

import json

import jwt
import pytest
from jwcrypto.jwk import JWK

from courseplatform.courses.models import Role
from courseplatform.lti.models import CourseLink, Identity
from tests.lti.launching import Browser, code_of, connect, newest
from tests.people import make_lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def helen(cast, platform, lms):
    """Helen, who came in before."""
    connect(cast, platform, lms)
    sub = lms.person("Helen", sub="sub-helen", roles=["Instructor"])
    Identity.objects.create(platform=platform, sub=sub, person=cast.helen, how="test")
    return sub


def pick_page(browser, lms, sub, **settings):
    answer = browser.send(browser.message(sub, **lms.deep_link_claims(**settings)), framed=True)
    assert answer.status_code == 302 and answer["Location"] == f"/lti/pick/{newest().pk}/"
    return answer["Location"]


def test_what_is_picked_comes_back_signed_with_a_column_each(cast, lms, browser, helen):
    make_lab(cast.course, "lab2", short="Lab 2", title="Pruning", bench_spec={}, points=8)
    make_lab(cast.course, "lab9", short="Lab 9", is_draft=True, bench_spec={})
    address = pick_page(browser, lms, helen)
    page = browser.client.get(address)
    assert b"Lab 2: Pruning" in page.content and b"Lab 9" not in page.content
    assert f"frame-ancestors {lms.url}" in page["Content-Security-Policy"]
    answer = browser.client.post(address, {"key": ["lab1", "lab2"]})
    text = answer.content.decode()
    assert f'action="{lms.url}/deep-link-return"' in text and "<script>" not in text
    assert f"form-action 'self' {lms.url}" in answer["Content-Security-Policy"]
    token = text.partition('name="JWT" value="')[2].partition('"')[0]
    key = JWK(**lms.tool_keys()["keys"][0]).export_to_pem()
    said = jwt.decode(token, key, algorithms=["RS256"], audience=lms.issuer, issuer=lms.client_id)
    assert said["https://purl.imsglobal.org/spec/lti-dl/claim/data"] == "opaque-7"
    assert said["https://purl.imsglobal.org/spec/lti/claim/deployment_id"] == lms.deployment_id
    one, two = said["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"]
    assert one["custom"] == {"milliamp_key": "lab1"} and two["title"] == "Lab 2: Pruning"
    assert two["lineItem"] == {"scoreMaximum": 8.0, "label": "Lab 2: Pruning", "resourceId": "lab2", "tag": "milliamp"}
    assert two["url"] == "http://localhost:8000/lti/launch/" and json.dumps(said)
    assert browser.client.post(address, {"key": ["lab1"]}).status_code == 410


def test_one_is_picked_where_the_lms_takes_one(lms, cast, browser, helen):
    make_lab(cast.course, "lab2", short="Lab 2", bench_spec={}, points=8)
    address = pick_page(browser, lms, helen, accept_multiple=False)
    assert b'type="radio"' in browser.client.get(address).content
    answer = browser.client.post(address, {"key": ["lab1", "lab2"]})
    assert answer.status_code == 422 and b"one at a time" in answer.content and b"checked" in answer.content


@pytest.mark.parametrize("keys", [[], ["nonsense"], ["lab9"]])
def test_nothing_or_something_that_is_not_offered_is_said_on_the_page(lms, browser, helen, keys):
    address = pick_page(browser, lms, helen)
    answer = browser.client.post(address, {"key": keys})
    assert answer.status_code == 422 and b"Pick at least one" in answer.content


def test_an_answer_is_never_sent_to_an_address_that_is_not_the_lmss(lms, browser, helen):
    address = pick_page(browser, lms, helen, deep_link_return_url="https://evil.example.com/take")
    answer = browser.client.post(address, {"key": ["lab1"]})
    assert answer.status_code == 403 and b"JWT" not in answer.content and b"evil.example.com" in answer.content


def test_a_student_of_the_course_places_nothing(cast, platform, lms, browser, helen):
    Identity.objects.create(platform=platform, sub="sub-ruth", person=cast.ruth, how="test")
    lms.person("Ruth", sub="sub-ruth", roles=["Instructor"])  # whatever the LMS calls her
    address = pick_page(browser, lms, "sub-ruth")
    assert b"Only the staff" in browser.client.get(address).content
    answer = browser.client.post(address, {"key": ["lab1"]})
    assert answer.status_code == 403 and b"JWT" not in answer.content


def test_the_page_opens_in_the_browser_that_began_it_alone(lms, browser, helen):
    address = pick_page(browser, lms, helen)
    answer = Browser(lms).client.get(address)
    assert answer.status_code == 403 and code_of(answer) == "state_mismatch"


# -- connecting the course -----------------------------------------------------------------------------------------------------


def arrived(cast, platform, lms, browser, person, roles):
    sub = lms.person(person.name, sub="sub-x", roles=roles)
    Identity.objects.create(platform=platform, sub=sub, person=person, how="test")
    return browser.open(sub)


def test_an_instructor_connects_the_course_once(cast, platform, lms, browser):
    answer = arrived(cast, platform, lms, browser, cast.helen, ["Instructor"])
    assert answer["Location"].startswith("/lti/link/")
    assert b"ODML in Canvas" in browser.client.get(answer["Location"]).content
    done = browser.client.post(answer["Location"], {"course": cast.course.slug})
    assert done["Location"] == f"/courses/{cast.course.slug}/lti/"
    link = cast.course.lti_link
    assert link.context_id == "course-1" and link.nrps_url == f"{lms.url}/api/members" and len(link.scopes) == 4
    assert browser.client.post(answer["Location"], {"course": cast.course.slug}).status_code == 410
    assert Browser(lms).open("sub-x")["Location"] == f"/courses/{cast.course.slug}/"


def test_a_course_that_one_does_not_teach_cannot_be_connected(cast, platform, lms, browser):
    answer = arrived(cast, platform, lms, browser, cast.helen, ["Instructor"])
    assert browser.client.post(answer["Location"], {"course": cast.other_course.slug}).status_code == 404
    cast.course.enrolments.filter(person=cast.helen).update(role=Role.TA)
    assert browser.client.post(answer["Location"], {"course": cast.course.slug}).status_code == 404


@pytest.mark.parametrize(
    "roles", [["Learner"], ["http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"]]
)
def test_who_is_no_instructor_there_is_told_to_ask_one(cast, platform, lms, browser, roles):
    answer = arrived(cast, platform, lms, browser, cast.helen, roles)
    assert answer.status_code == 409 and code_of(answer) == "context_not_linked"


def test_nobody_else_goes_on_with_a_launch(cast, platform, lms, browser):
    answer = arrived(cast, platform, lms, browser, cast.helen, ["Instructor"])
    other = Browser(lms)
    other.client.force_login(cast.ines)
    assert other.client.post(answer["Location"], {"course": cast.course.slug}).status_code == 403


def test_the_end_of_the_connection_keeps_people_and_lets_nobody_new_in(cast, platform, lms, browser, helen):
    browser.client.force_login(cast.helen)
    assert browser.client.post("/courses/odml/lti/unlink/").status_code == 302
    assert cast.course.enrolments.filter(is_active=True).count() == 6
    answer = Browser(lms).open(lms.person("Nora Lind"))
    assert code_of(answer) == "context_not_linked"


def test_an_instructor_connects_nothing_before_the_second_factor_that_is_demanded(
    cast, platform, lms, browser, settings
):
    """The LMS has let them in, and has asked for none."""
    settings.STAFF_SECOND_FACTOR = "required"
    answer = arrived(cast, platform, lms, browser, cast.helen, ["Instructor"])
    led = browser.client.post(answer["Location"], {"course": cast.course.slug})
    assert led.status_code == 302 and led["Location"].startswith("/accounts/second-factor/")
    assert not CourseLink.objects.exists()
