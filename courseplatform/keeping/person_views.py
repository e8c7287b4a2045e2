"""The operators' page for deleting a person: what would go is shown first, and done when the address is typed."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import operators
from courseplatform.keeping.erasing import NOWHERE, Erased, person_erase, person_erase_preview
from courseplatform.keeping.models import DeletionRequest

MOST = 20  # people of one name


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def person_page(request: HttpRequest, person: User) -> HttpResponse:
    """Found by the whole address or the whole name: operators see no list of people, but for those who ask for it themselves."""
    sent = request.POST if request.method == "POST" else request.GET
    asked, error = str(sent.get("who", "")).strip(), None
    found = _found(asked)
    if request.method == "POST":
        try:
            done = _erase(request, person, found)
        except AppError as refusal:
            error = refusal
        else:
            messages.success(request, f"Deleted. What stays is called {done.name}.")
            return redirect("leaving:person")
    return render(
        request,
        "keeping/person.html",
        _context(request, asked, found, error),
        status=error.http_status if error else 200,
    )


def _found(asked: str) -> list[User]:
    if not asked:
        return []
    alive = User.objects.exclude(email__endswith=f"@{NOWHERE}")
    by_address = list(alive.filter(email__iexact=asked))
    return by_address or list(alive.filter(name__iexact=asked).order_by("email")[:MOST])


def _erase(request: HttpRequest, by: User, found: list[User]) -> Erased:
    """Raises BadInput: `not_found`, `not_confirmed`, `no_reason`; Conflict: `still_staff`, `erased_already`, `demo_account`."""
    if len(found) != 1:
        raise BadInput(
            "Nobody, or more than one person, is called so. Find one by the address first.", code="not_found"
        )
    if request.POST.get("typed", "").strip().lower() != found[0].email:
        said = "The address that you typed is not that of this person. Nothing was deleted."
        raise BadInput(said, code="not_confirmed", details={"field": "typed"})
    return person_erase(person=found[0], by=by.email, why=request.POST.get("why", ""))


def _context(request: HttpRequest, asked: str, found: list[User], error: AppError | None) -> dict[str, Any]:
    person = found[0] if len(found) == 1 else None
    preview, refusal = None, None
    if person is not None:
        try:
            preview = person_erase_preview(person=person)
        except AppError as why_not:
            refusal = why_not
    open_requests = DeletionRequest.objects.filter(ended_at=None).select_related("person").order_by("asked_at", "pk")
    return {
        "asked": asked, "found": found, "person": person, "preview": preview, "refusal": refusal, "error": error, "why": request.POST.get("why", ""),
        "requests": list(open_requests[:MOST]), "their_request": next((one for one in open_requests if one.person_id == getattr(person, "pk", 0)), None),
        "courses": list(person.enrolments.select_related("course").order_by("-pk")) if person else [],
    }  # fmt: skip
