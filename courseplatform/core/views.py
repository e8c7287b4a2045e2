"""Pages that belong to no course: the front, the style page, the documents, health."""

from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseplatform.core import documents, health
from courseplatform.core.audience import public

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


@require_safe
@public
def security_contact(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a hole (RFC 9116): the address from which the site writes."""
    until = (timezone.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    lines = (f"Contact: mailto:{address}", f"Expires: {until}", "Preferred-Languages: en", f"Canonical: {settings.SITE_URL}{request.path}",
             f"Policy: {settings.SITE_URL}/docs/threat-model/")  # fmt: skip
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


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
def document(request: HttpRequest, name: str = documents.FRONT) -> HttpResponse:
    """One of the documents in docs/, or their front page."""
    return render(
        request, "core/document.html", {"document": documents.document(name), "is_front": name == documents.FRONT}
    )


@require_safe
@public
def healthz(request: HttpRequest) -> HttpResponse:
    found = health.check()
    return JsonResponse(found, status=200 if found["status"] == "ok" else 503)
