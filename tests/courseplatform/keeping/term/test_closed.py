"""A closed course: every address that changes it refuses, but for those that a room has named with a reason."""

import re

import pytest
from django.core.cache import cache
from django.urls import URLPattern, get_resolver, resolve
from django.utils import timezone

from courseplatform.audit.models import AuditRow
from courseplatform.core.audience import Audience, audience_of
from courseplatform.courses.closing import GOES_ON
from courseplatform.courses.models import Course
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.audit.test_routes import named
from tests.courseplatform.test_access import METHODS, TUS, addresses_of
from tests.people import make_cast

pytestmark = pytest.mark.django_db
OF_A_COURSE = {
    Audience.COURSE_PUBLIC,
    Audience.COURSE_MEMBERS,
    Audience.COURSE_STAFF,
    Audience.COURSE_INSTRUCTORS,
}
# Beside the doors of courses: what works there in a closed course, and why.
WITHOUT_A_DOOR = {
    "feeds:person_course": "it is read alone",
    "leaving:course": "an operator plans the deletion of a closed course",
    "leaving:course_keep": "an operator takes back the deletion of a closed course",
    "roster:invitation": "the way into one's account; who is in the course was decided before",
}

# Whoever lets something more go on in a closed course decides it here, too.
DECIDED = (
    "stock:(take_back|return_day_take_back|loan_lost|remind|case_(open|move|note|cost|photo_add))|api:case"
    "|keeping:(retention|retention_hold|retention_release|term_[a-z_]+)|audit:view_as(_stop)?|courses:tour_seen|calendars:renew"
    "|grading:research_consent"
)


def routes(resolver=None, space="", prefix=""):
    for item in (resolver or get_resolver()).url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLPattern):
            yield f"{space}{item.name}", route, item.callback
        else:
            yield from routes(item, f"{space}{item.namespace}:" if item.namespace else space, route)


@pytest.fixture(scope="module")
def shared(module_dir):
    cast = make_cast()
    found = addresses_of(cast, module_dir)
    Course.objects.filter(pk=cast.course.pk).update(closed_at=timezone.now(), closed_by=cast.helen.email)
    cast.course.refresh_from_db()
    return cast, found


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


def writes(addresses):
    for address, audience in addresses:
        if audience in OF_A_COURSE:
            name = resolve(address).view_name
            for method in sorted(METHODS[address] - {"GET", "HEAD"}):
                yield name, method, address


def test_every_address_that_changes_a_closed_course_refuses(client, shared, record_property):
    cast, addresses = shared
    client.force_login(cast.helen)
    before, refused = AuditRow.objects.count(), 0
    for name, method, address in writes(addresses):
        if name in GOES_ON:
            continue
        is_api = address.startswith("/api/")
        answer = client.generic(
            method, address, b"{}", content_type="application/json", HTTP_ACCEPT="application/json", **TUS
        )
        assert answer.status_code == 409, (name, method, answer.status_code, answer.content[:300])
        assert answer.json()["error"]["code"] == "course_closed", (name, is_api)
        assert "is closed since" in answer.json()["error"]["message"]
        refused += 1
    record_property("refused", refused)
    print(f"a closed course refused {refused} ways to change it")
    assert refused > 170
    assert AuditRow.objects.count() == before


@pytest.mark.parametrize("who", ["amit", "ruth"])
def test_whoever_may_not_come_learns_no_more_than_before(client, shared, who):
    cast, addresses = shared
    client.force_login(getattr(cast, who))
    for name, method, address in writes(addresses):
        if name in GOES_ON:
            continue
        answer = client.generic(
            method, address, b"{}", content_type="application/json", HTTP_ACCEPT="application/json", **TUS
        )
        assert answer.status_code in (403, 404, 409), (name, answer.status_code)
        assert answer.status_code != 409 or answer.json()["error"]["code"] == "course_closed", name


def test_a_token_of_the_api_is_refused_alike(client, shared):
    cast, addresses = shared
    headers, asked = headers_of(cast.helen, ["read", "hand_in", "hardware"]), 0
    for name, method, address in writes(addresses):
        if address.startswith("/api/") and name not in GOES_ON:
            answer = client.generic(method, address, b"{}", content_type="application/json", **headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "course_closed"), name
            asked += 1
    assert asked >= 8


def test_a_page_says_it_in_a_sentence_and_leads_back(client, shared):
    cast, _ = shared
    client.force_login(cast.ruth)
    lab = f"/courses/{cast.course.slug}/assignments/{cast.lab.slug}/"
    answer = client.post(f"{lab}hand-in/", {}, HTTP_REFERER=f"http://testserver{lab}")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "This course is closed" in text
    assert "Nothing of what you sent was kept" in text
    assert f'href="{lab}"' in text


def test_what_goes_on_is_named_with_a_reason_and_is_an_address(shared):
    known = {name for name, _ in named()}
    assert sorted(set(GOES_ON) - known) == []
    assert all(len(why.split()) > 4 for why in GOES_ON.values())
    decided = re.compile(DECIDED)
    assert [name for name in sorted(GOES_ON) if not decided.fullmatch(name)] == []


def test_every_address_with_a_course_in_it_has_a_door_that_asks():
    beside = {
        name for name, route, view in routes() if "<slug:course>" in route and audience_of(view) not in OF_A_COURSE
    }
    assert beside == set(WITHOUT_A_DOOR)


def test_what_is_read_is_read_as_before_with_a_quiet_line(client, shared):
    cast, _ = shared
    client.force_login(cast.ruth)
    for path in ("", "schedule/", "grades/", f"assignments/{cast.lab.slug}/"):
        text = client.get(f"/courses/{cast.course.slug}/{path}").content.decode()
        assert "This course is closed since" in text, path


def test_an_upload_for_a_closed_course_is_refused_before_its_first_byte(client, shared):
    cast, _ = shared
    client.force_login(cast.ruth)
    answer = client.post(
        "/uploads/", HTTP_TUS_RESUMABLE="1.0.0", HTTP_UPLOAD_LENGTH="10", HTTP_ACCEPT="application/json",
        HTTP_UPLOAD_METADATA="purpose aGFuZF9pbg==,target b2RtbC9sYWIx,filename bS5vbm54",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "course_closed")


def test_a_closed_course_stands_under_past_courses(client, shared):
    cast, _ = shared
    client.force_login(cast.amit)  # a student of another course, too
    text = client.get("/").content.decode()
    assert text.index("tinyml") < text.index("Past courses") < text.index(f"/courses/{cast.course.slug}/")
