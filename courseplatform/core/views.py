"""Pages that belong to no course: the front, the style page, the documents, health."""

import re
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from courseplatform.core import health
from courseplatform.core.audience import public
from courseplatform.core.errors import NotHere
from courseplatform.core.markdown import render_markdown

COLOURS = (
    ("Ground and ink", "Text is 4.5:1 or better, edges of fields 3:1.", (
        ("ink", "ink"), ("ink-2", "second ink"), ("ink-3", "notes"), ("accent", "actions"), ("ground", "ground"), ("inset", "quiet area"),
        ("sunken", "tracks"), ("line", "line"), ("line-2", "heads of tables"), ("field", "edge of a field"), ("accent-soft", "chosen row"))),
    ("Tones", "Never by colour alone: icon and word too.", (
        ("neutral", "neutral"), ("good", "good"), ("warn", "warn"), ("bad", "bad"))),
    ("Plot colours", "Apart in three simulated colour visions; labels at the data all the same.", (
        ("plot-1", "yours"), ("plot-2", "limit"), ("plot-3", "third"), ("plot-4", "fourth"), ("plot-5", "second part"), ("plot-6", "sixth"),
        ("plot-0", "the others"))),
)  # fmt: skip
SPACES = (4, 8, 12, 16, 20, 24, 32, 48)
METERS = (
    {
        "label": "Memory at the peak",
        "value": "896 KiB",
        "of": "1.00 MiB",
        "share": 0.875,
        "note": "87.5 %; 128 KiB to spare",
    },
    {
        "label": "Over the limit",
        "value": "3.22 MiB",
        "of": "1.00 MiB",
        "share": 3.22,
        "note": "322 %; 2.22 MiB too much",
    },
)
DOCUMENTS = {
    "measurement": "How things are measured",
    "class": "The class: fronts, places and ties",
    "analytics": "Analytics of a class",
    "tasks": "Tasks and their metrics",
    "rules": "Rules of points",
    "grading": "Grades and rubrics",
    "pipelines": "Pipelines: several models in a row",
    "runner-agent": "The agent on a board",
    "inventory": "The stock of hardware",
    "audit": "Audit, sessions, and viewing as a student",
    "glossary": "Glossary",
    "api": "The API",
    "command-line": "The command line",
}


@require_safe
@public
def style(request: HttpRequest) -> HttpResponse:
    """Every component in one place, in the theme of the visitor."""
    groups = [
        {"title": title, "note": note, "colours": [{"token": token, "word": word} for token, word in colours]}
        for title, note, colours in COLOURS
    ]
    return render(request, "core/style.html", {"colours": groups, "spaces": SPACES, "meters": METERS})


@require_safe
@public
def document(request: HttpRequest, name: str) -> HttpResponse:
    """One of the documents in docs/ that the pages link to."""
    if name not in DOCUMENTS:
        raise NotHere("There is no such page.")
    text = (Path(settings.BASE_DIR) / "docs" / f"{name}.md").read_text(encoding="utf-8")
    before, *chapters = re.split(r"^## ", text, flags=re.MULTILINE)
    return render(
        request, "core/document.html", {"title": DOCUMENTS[name], "before": render_markdown(before), "chapters": [_chapter(one) for one in chapters]}
    )  # fmt: skip


def _chapter(text: str) -> dict[str, str]:
    title, _, rest = text.partition("\n")
    return {"slug": slugify(title), "title": title, "html": render_markdown(rest)}


@require_safe
@public
def healthz(request: HttpRequest) -> HttpResponse:
    found = health.check()
    return JsonResponse(found, status=200 if found["status"] == "ok" else 503)
