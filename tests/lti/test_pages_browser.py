"""The pages of the LMS in a real browser: nothing that axe objects to, no error of a script, nothing wider than a phone."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from courseplatform.lti.models import Identity
from grading.models.passback import PassbackScore
from grading.passback.sending import passback_run
from grading.passback.switching import passback_compare, passback_start
from tests.grading.grades.grades import give, released, with_rubric
from tests.lti.launching import connect, newest
from tests.parts import chromium_path

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("LTI_SHOTS", "")


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
def test_the_pages_are_fit_for_everybody(sites, client, live_server, width):
    wrong = []
    with sync_playwright() as playwright:
        args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=args)
        for name, person, address in sites:
            client.force_login(person)
            context = browser.new_context(base_url=live_server.url, viewport={"width": width, "height": 900})
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
            page = context.new_page()
            page.on(
                "console", lambda said, name=name, kept=wrong: said.type == "error" and kept.append((name, said.text))
            )
            assert page.goto(address).status == 200, address
            wrong += [
                (name, one["id"], one["nodes"][0]["html"][:120]) for one in Axe().run(page).response["violations"]
            ]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append((name, "wider than the window"))
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
                page.evaluate("document.documentElement.dataset.theme = 'dark'")
                page.screenshot(path=f"{SHOTS}/{name}-{width}-dark.png", full_page=True)
            context.close()
        browser.close()
    assert wrong == []
