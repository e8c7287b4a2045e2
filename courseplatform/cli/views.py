"""The command line's page, its file, and which version that is."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from courseplatform.cli.archive import NAME, program
from courseplatform.cli.client.sign_in import LOOPBACK
from courseplatform.cli.client.words import CODES
from courseplatform.cli.steps import sections_of
from courseplatform.core.audience import public
from courseplatform.core.numbers import size


@public
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """How to have it, with the address of this site in each command."""
    found = program()
    shown = {"version": found.version, "sha256": found.sha256, "size": size(len(found.content))}
    site = request.build_absolute_uri("/").rstrip("/")
    is_plain = not request.is_secure() and (urlsplit(site).hostname or "") not in LOOPBACK
    sections = sections_of(site, site + reverse("cli:file"), plain_http=is_plain)
    return render(request, "cli/page.html", {"program": shown, "sections": sections, "codes": CODES})


@public
@require_safe
def file(request: HttpRequest) -> HttpResponse:
    """The program, with its version and its hash in headers."""
    found = program()
    answer = HttpResponse(found.content, content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{NAME}"'
    answer["X-Content-Version"], answer["X-Content-SHA256"] = found.version, found.sha256
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@public
@require_safe
def version(request: HttpRequest) -> JsonResponse:
    """What `milliamp version` asks."""
    found = program()
    return JsonResponse(
        {"version": found.version, "sha256": found.sha256, "bytes": len(found.content), "url": reverse("cli:file")}
    )
