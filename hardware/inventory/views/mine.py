"""What I have, in all courses: also for somebody who left a course with a board at home, who confirms it and reports damage here."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.core.audience import signed_in
from courseplatform.core.errors import AppError, BadInput
from hardware.inventory.access import item_for
from hardware.inventory.selectors.mine import everywhere, own_visit
from hardware.inventory.services.cases import case_report
from hardware.inventory.services.loans import loan_accept, loan_say


@signed_in
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, refusal: AppError | None = None) -> HttpResponse:
    context = {"courses": everywhere(_person(request), timezone.now()), "refusal": refusal, "key": uuid4()}
    return render(request, "hardware/stock/mine.html", context, status=refusal.http_status if refusal else 200)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@signed_in
@require_POST
def accept(request: HttpRequest, loan: int) -> HttpResponse:
    visit, row = own_visit(_person(request), loan, timezone.now())
    loan_accept(visit=visit, loan=row)
    messages.success(request, "You confirmed what you have.")
    return redirect("my_hardware")


@signed_in
@require_POST
def say(request: HttpRequest, loan: int) -> HttpResponse:
    """`about`: the tag of the thing that is damaged; without it the words are a note on the loan."""
    visit, row = own_visit(_person(request), loan, timezone.now())
    text, tag = request.POST.get("text", "")[:300], request.POST.get("about", "")
    try:
        if tag:
            case_report(visit=visit, item=item_for(visit, tag), what=text)
        else:
            loan_say(visit=visit, loan=row, text=text, key=_key(request))
    except AppError as error:
        return _page(request, error)
    messages.success(request, "The staff are told. Keep it until they answer.")
    return redirect("my_hardware")


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError as error:
        raise BadInput("The form came without its key. Open the page again.", code="bad_key") from error
