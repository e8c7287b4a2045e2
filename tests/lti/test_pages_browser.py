"""The pages of the LMS in a real browser: nothing that axe objects to, no error of a script, nothing wider than a phone."""

import pytest

from courseplatform.lti.models import Identity
from grading.models.passback import PassbackScore
from grading.passback.sending import passback_run
from grading.passback.switching import passback_compare, passback_start
from tests.browsing import axe_finds, shot
from tests.grading.grades.grades import give, released, with_rubric
from tests.lti.launching import connect, newest

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sites(cast, platform, lms, client, live_server, browser):
    """Addresses of all pages, with something on each: (name, who, address)."""
    cast.lab.bench_spec, cast.lab.hidden_set = {}, None
    lab = with_rubric(cast, points=5)
    helen = lms.person("Helen", sub="sub-helen", roles=["Instructor"])
    Identity.objects.create(platform=platform, sub=helen, person=cast.helen, how="test")
    link_at = browser.open(helen)["Location"]
    link = newest()
    connect(cast, platform, lms)
    for person in (cast.ruth, cast.daniel):
        sub = lms.person(person.name, sub=f"sub-{person.name.lower()}")
        Identity.objects.create(platform=platform, sub=sub, person=person, how="test")
        give(cast, person, report=2, plot=1.25)
    released(cast)
    passback_start(visit=cast.visit(cast.helen), assignment=lab)
    del lms.people["sub-daniel"]
    passback_run()
    lms.scores[1, "sub-ruth"][-1]["scoreGiven"] = 2.6
    passback_compare(visit=cast.visit(cast.helen), assignment=lab)
    assert PassbackScore.objects.filter(state="failed").count() == 1 and link.person == cast.helen
    return [
        ("operators", cast.olu, "/lti/"), ("platform", cast.olu, f"/lti/platforms/{platform.pk}/"), ("new", cast.olu, "/lti/new/"),
        ("course", cast.helen, "/courses/odml/lti/"), ("passback", cast.helen, f"/courses/odml/assignments/{lab.slug}/passback/"),
        ("unlinked", cast.amit, "/courses/odml/assignments/lab1/grades/"), ("link", cast.helen, link_at),
    ]  # fmt: skip


@pytest.mark.parametrize("width", [360, pytest.param(1440, marks=pytest.mark.whole)])
def test_the_pages_are_fit_for_everybody(sites, page_of, width):
    wrong = []
    for name, person, address in sites:
        page = page_of(person, width)
        assert page.goto(address).status == 200, address
        wrong += [(name, one) for one in axe_finds(page) + page.wrong]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "wider than the window"))
        shot(page, f"{name}-{width}")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        shot(page, f"{name}-{width}-dark")
    assert wrong == []
