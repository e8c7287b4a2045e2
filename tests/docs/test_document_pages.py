"""The documents as pages: chapters that a link can lead to, and no link to one that is not there."""

import re
from urllib.parse import urljoin

import pytest

from courseplatform.core.documents import names
from tests.parts import ROOT

DOCUMENTS = sorted(names())
LINK = re.compile(r"""name='(\w+)' %\}#([\w-]+)""")


def chapters(client, name):
    return re.findall(r'<section class="prose" id="([^"]+)"', client.get(f"/docs/{name}/").content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_chapter_stands_on_the_page_once_and_is_led_to_from_its_head(client, name):
    page, found = client.get(f"/docs/{name}/").content.decode(), chapters(client, name)
    assert found == list(dict.fromkeys(found))
    assert len(found) == (ROOT / "docs" / f"{name}.md").read_text().count("\n## ")
    assert [page.count(f'href="#{slug}"') for slug in found] == [1] * len(found)


@pytest.mark.django_db
def test_what_leads_to_a_chapter_finds_it(client):
    asked = {pair for path in (ROOT / "templates").rglob("*.html") for pair in LINK.findall(path.read_text())}
    assert asked
    assert [pair for pair in asked if pair[1] not in chapters(client, pair[0])] == []


def test_a_page_of_a_course_leads_to_the_chapter_and_not_to_the_head_of_a_document():
    whole = re.compile(r"""name='\w+' %\}["']""")
    pages = [
        path for name in ("grading", "hardware", "accounts") for path in (ROOT / "templates" / name).rglob("*.html")
    ]
    assert [path.name for path in pages if whole.search(path.read_text())] == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/docs/", "/docs/students/"])
def test_every_link_of_a_document_leads_to_a_page(client, address):
    page = client.get(address).content.decode().partition("<main")[2].partition("</main>")[0]
    found = {link for link in re.findall(r'<a href="([^"#]+)', page) if not link.startswith("http")}
    assert len(found) > 1
    assert [link for link in found if client.get(urljoin(address, link)).status_code != 200] == []
