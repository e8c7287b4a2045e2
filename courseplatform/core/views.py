"""Pages that belong to no course: the front, the style page, the documents, health."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from courseplatform.core import health
from courseplatform.core.audience import public
from courseplatform.core.errors import NotHere
from courseplatform.core.markdown import render_markdown

COLOURS = (
    "ink", "ink-2", "ink-3", "ground", "inset", "sunken", "line", "line-2", "field", "accent", "accent-soft", "good", "warn", "bad",
    "neutral", "plot-0", "plot-1", "plot-2", "plot-3", "plot-4", "plot-5", "plot-6",
)  # fmt: skip
DOCUMENTS = {"measurement": "How things are measured", "glossary": "Glossary"}


@require_GET
@public
def style(request: HttpRequest) -> HttpResponse:
    """Every component in one place, in the theme of the visitor."""
    return render(request, "core/style.html", {"colours": COLOURS})


@require_GET
@public
def document(request: HttpRequest, name: str) -> HttpResponse:
    """One of the documents in docs/ that the pages link to."""
    if name not in DOCUMENTS:
        raise NotHere("There is no such page.")
    text = (Path(settings.BASE_DIR) / "docs" / f"{name}.md").read_text(encoding="utf-8")
    return render(request, "core/document.html", {"title": DOCUMENTS[name], "html": render_markdown(text)})


@require_GET
@public
def healthz(request: HttpRequest) -> HttpResponse:
    found = health.check()
    return JsonResponse(found, status=200 if found["status"] == "ok" else 503)
