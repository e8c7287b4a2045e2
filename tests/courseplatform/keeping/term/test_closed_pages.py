"""What a closed course refuses, its pages do not offer: each page is read as a browser reads it, and each form asked where it leads."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import resolve
from django.utils import timezone

from courseplatform.courses.closing import GOES_ON
from courseplatform.courses.models import Course
from tests.courseplatform.keeping.term.test_closed import OF_A_COURSE
from tests.courseplatform.test_access import METHODS, addresses_of
from tests.people import make_cast

pytestmark = pytest.mark.django_db
FIELDS = {"input", "select", "textarea", "button"}


class Page(HTMLParser):
    """The forms of a page, each with what of it can be used, wherever that stands."""

    def __init__(self, html):
        super().__init__()
        self.forms, self.at, self.loose, self.off = [], None, [], 0
        self.feed(html)
        for owner, tag, kind in self.loose:
            for form in self.forms:
                if form["id"] == owner:
                    form["live"].append((tag, kind))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.at = {"id": values.get("id"), "action": values.get("action") or "", "live": [], "method": (values.get("method") or "get").lower()}  # fmt: skip
            self.forms.append(self.at)
        elif tag in FIELDS and "disabled" not in values and values.get("type") not in {"hidden", "search", "button"}:
            if "form" in values:
                self.loose.append((values["form"], tag, values.get("type")))
            elif self.at:
                self.at["live"].append((tag, values.get("type")))

    def handle_endtag(self, tag):
        if tag == "form":
            self.at = None


def refused(html, path):
    """What can be sent from this page although the course's door would refuse it."""
    for form in Page(html).forms:
        target = urlsplit(urljoin(path, form["action"])).path
        route = resolve(target)
        name = route.view_name
        if form["method"] == "post" and getattr(route.func, "audience", "") in OF_A_COURSE and name not in GOES_ON:
            yield from ((name, *one) for one in form["live"])


@pytest.fixture(scope="module")
def shared(module_dir):
    cast = make_cast()
    found = addresses_of(cast, module_dir)
    Course.objects.filter(pk=cast.course.pk).update(closed_at=timezone.now(), closed_by=cast.helen.email)
    cast.course.refresh_from_db()
    return cast, found


@pytest.mark.parametrize("who", ["helen", "ruth"])
def test_no_page_offers_what_its_course_refuses(client, shared, who):
    cast, addresses = shared
    client.force_login(getattr(cast, who))
    pages, offered = 0, {}
    for address, audience in addresses:
        if audience in OF_A_COURSE and "GET" in METHODS[address] and not address.startswith("/api/"):
            answer = client.get(address)
            if answer.status_code == 200 and answer.get("Content-Type", "").startswith("text/html"):
                pages += 1
                if found := list(refused(answer.content.decode(), address)):
                    offered[address] = found
    assert offered == {}
    assert pages > (100 if who == "helen" else 50)


def test_staff_keep_what_goes_on(client, shared):
    cast, _ = shared
    client.force_login(cast.helen)
    base = f"/courses/{cast.course.slug}"
    term = Page(client.get(f"{base}/term/").content.decode())
    assert any(form["action"].endswith("/term/open/") and form["live"] for form in term.forms)
    assert any(form["live"] for form in Page(client.get(f"{base}/retention/").content.decode()).forms if "retention" in form["action"])  # fmt: skip
