"""What a page weighs as it is sent. Plots are fetched when one scrolls to them, so Plotly does not count."""

import gzip
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
MOST_BYTES = 150_000
PAGES = (
    "",
    "courses/odml/",
    "courses/odml/schedule/",
    "courses/odml/assignments/",
    "courses/odml/assignments/lab1/",
    "courses/odml/announcements/",
    "courses/odml/surveys/",
    "courses/odml/calendar/",
    "notifications/",
    "notifications/settings/",
    "accounts/tokens/",
    "style/",
)


def sent_bytes(content, name):
    return len(content) if name.endswith(".woff2") else len(gzip.compress(content, 6))


def loaded_by(html):
    """The static files that a page names, and those that its style sheets name. The spare Latin-extended font is not loaded by English pages."""
    names = set(re.findall(r'(?:src|href)="/static/([^"#]+)', html))
    for sheet in [name for name in names if name.startswith("css/")]:
        names |= {f"fonts/{font}" for font in re.findall(r"fonts/([\w-]+\.woff2)", (STATIC / sheet).read_text())}
    return names - {"fonts/inter-ext.woff2"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_light_as_sent(cast, client, page):
    client.force_login(cast.ruth)
    response = client.get(f"/{page}", follow=True)
    names = loaded_by(response.content.decode())
    assert "css/tokens.css" in names
    assert not [name for name in names if "plotly" in name]
    total = sent_bytes(response.content, "page") + sum(sent_bytes((STATIC / name).read_bytes(), name) for name in names)
    assert total < MOST_BYTES, f"{total} bytes"
