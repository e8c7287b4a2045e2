"""The loan desk: one field that takes every scan, and the two acts that follow from it. Scanning only reads; what writes is posted."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import loan_for, stockroom_for
from hardware.inventory.lending.loan_forms import day_end, photo_of
from hardware.inventory.lending.loan_words import holder_words, listed
from hardware.inventory.selectors.cases import cases_named
from hardware.inventory.selectors.desk import Desk, back_panel, borrower_of, lend_panel, progress, scanned, table_of
from hardware.inventory.selectors.loans import loan_page
from hardware.inventory.services.loan_photos import MOST_PHOTOS
from hardware.inventory.services.loans import loan_hand_over, pieces_take_back
from hardware.inventory.services.taking_back import Back
from hardware.inventory.views.scan import CAMERA
from hardware.models import LoanPiece

OVERRIDES = ("overdue_hold", "quota")
MOST_CASES = 10  # that are named after a return


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    desk, refusal = Desk.of(request.GET), None
    code = request.GET.get("code", "").replace("\x00", "")[:2000]
    if code.strip():
        try:
            return _to(visit, scanned(visit, desk, code))
        except AppError as error:
            refusal = error
    return _page(request, visit, desk, refusal)


def _to(visit: Visit, desk: Desk) -> HttpResponse:
    return redirect(f"{reverse('stock:desk', kwargs={'course': visit.course.slug})}?{desk.address()}")


def _page(request: HttpRequest, visit: Visit, desk: Desk, refusal: AppError | None = None) -> HttpResponse:
    stockroom, now = stockroom_for(visit), timezone.now()
    context: dict[str, Any] = {"stockroom": stockroom, "desk": desk, "refusal": refusal, "progress": progress(visit)}
    context["may_override"] = refusal is not None and refusal.code in OVERRIDES
    if desk.back:
        context["back"] = back_panel(visit, stockroom, desk, now, request.POST)
    if desk.tags or desk.numbers:
        context["lend"] = lend_panel(visit, stockroom, desk, now) | _as_sent(request.POST)
    context["broken"] = cases_named(visit, _keys(request.GET.getlist("case")[:MOST_CASES]))
    done = request.GET.get("done", "")
    if done.isascii() and done.isdecimal() and len(done) < 10:
        context["done"] = loan_page(visit, loan_for(visit, int(done)), now)
    response = render(request, "hardware/desk/desk.html", context, status=refusal.http_status if refusal else 200)
    response["Permissions-Policy"] = CAMERA
    return response


def _as_sent(posted: QueryDict) -> dict[str, Any]:
    """What was chosen in a form that came back refused."""
    sent = {name: posted[name][:300] for name in ("due", "day", "note") if name in posted}
    return sent | {"without": posted.getlist("without")}


def _key(posted: QueryDict) -> UUID:
    try:
        return UUID(posted.get("key", ""))
    except ValueError as error:
        raise BadInput("The form came without its key. Scan again.", code="bad_key") from error


@course_page(STAFF)
@require_POST
def hand_over(request: HttpRequest, visit: Visit) -> HttpResponse:
    posted, desk = request.POST, Desk.of(request.POST)
    try:
        photo, borrower = photo_of(request), borrower_of(visit, desk.to)
        table = table_of(stockroom_for(visit), desk)
        conditions = {tag: posted.get(f"condition-{tag}", "") for tag in desk.tags}
        team, taker = borrower.team if borrower else None, posted.get("taken_by", "")
        due_at = day_end(visit.course, posted.get("day", "")) if posted.get("due") == "day" else None
        loan = loan_hand_over(
            visit=visit, pieces=table.hands(conditions, posted.getlist("without")), key=_key(posted), person=borrower.person if borrower else None,
            team=team, taken_by=_taker(visit, taker) if team else None, due_at=due_at,
            is_term=posted.get("due") == "term", note=posted.get("note", ""), is_override=posted.get("override") == "yes",
            photo=photo,
        )  # fmt: skip
    except AppError as error:
        return _page(request, visit, desk, error)
    return redirect(f"{reverse('stock:desk', kwargs={'course': visit.course.slug})}?{urlencode({'done': loan.pk})}")


def _taker(visit: Visit, to: str) -> Any:
    found = borrower_of(visit, f"p{to}") if to else None
    return found.person if found else None


@course_page(STAFF)
@require_POST
def take_back(request: HttpRequest, visit: Visit) -> HttpResponse:
    posted, desk = request.POST, Desk.of(request.POST)
    try:
        result = pieces_take_back(
            visit=visit, pieces=_backs(request, visit), key=_key(posted), note=posted.get("note", ""), photo=photo_of(request)
        )  # fmt: skip
    except AppError as error:
        return _page(request, visit, desk, error)
    who = ", ".join(holder_words(loan) for loan in result.loans)
    verb = "is" if len(result.back) == 1 else "are"
    back = f"{listed(result.back)} {verb} back from {who}" if result.back else f"It was taken back from {who} before"
    still = f"Still out: {listed(result.still_out)}." if result.still_out else "Nothing of it is out any more."
    messages.success(request, f"{back}. {still}")
    broken = urlencode({"case": [case.pk for case in result.cases[:MOST_CASES]]}, doseq=True)
    return redirect(f"{reverse('stock:desk', kwargs={'course': visit.course.slug})}{'?' if broken else ''}{broken}")


def _backs(request: HttpRequest, visit: Visit) -> list[Back]:
    """What is ticked, each with its own condition, words and photo. Raises Conflict (`too_many_photos`)."""
    posted = request.POST
    if len(request.FILES) > MOST_PHOTOS:
        raise Conflict(f"A loan has at most {MOST_PHOTOS} photos.", code="too_many_photos")
    rows = LoanPiece.objects.filter(pk__in=_keys(posted.getlist("piece")[:200]), loan__stockroom=stockroom_for(visit)).select_related("item")  # fmt: skip
    found = []
    for row in rows:
        if row.item is None:
            count = posted.get(f"count-{row.pk}", "")
            number = int(count) if count.isascii() and count.isdecimal() and len(count) < 6 else None
            found.append(Back(piece=row, count=number, is_rest_kept=posted.get(f"kept-{row.pk}") == "yes"))
        else:
            condition, what = posted.get(f"condition-{row.pk}", ""), posted.get(f"what-{row.pk}", "")
            photo = photo_of(request, f"photo-{row.pk}")
            found.append(Back(item=row.item, condition=condition, what=what if condition else "", photo=photo))
    return found


def _keys(texts: Sequence[str]) -> list[int]:
    return [int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) < 19]
