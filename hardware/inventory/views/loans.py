"""Loans: the list of the staff; one of them, for the staff and for who has it; what both may say and do there."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.content.serving import serve_stored
from courseplatform.core.errors import AppError, BadInput, NotHere
from courseplatform.core.image_files import no_image
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import loan_for, stockroom_for
from hardware.inventory.lending.loan_forms import day_end, photo_of
from hardware.inventory.lending.loan_words import due_words
from hardware.inventory.selectors.loans import LoanFilter, loan_page, loans_csv, loans_page
from hardware.inventory.services import loans
from hardware.inventory.services.loan_photos import loan_photo_add
from hardware.models import Loan, LoanPhoto, LoanPiece


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom_for(visit)
    query = request.GET.copy()
    query.pop("page", None)
    context = loans_page(visit, LoanFilter.of(request.GET), request.GET.get("page", ""), timezone.now())
    return render(request, "hardware/loans/loans.html", context | {"query": query.urlencode()})


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom_for(visit)
    return loans_csv(visit, LoanFilter.of({"state": "all"} | request.GET.dict()), timezone.now())


@course_page()
@require_safe
def show(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    return _page(request, visit, loan_for(visit, loan))


def _page(request: HttpRequest, visit: Visit, row: Loan, refusal: AppError | None = None) -> HttpResponse:
    context = loan_page(visit, row, timezone.now()) | {"refusal": refusal, "key": uuid4(), "typed": request.POST.get("text", "")[:300]}  # fmt: skip
    return render(request, "hardware/loans/loan.html", context, status=refusal.http_status if refusal else 200)


def _again(visit: Visit, row: Loan) -> HttpResponse:
    return redirect("stock:loan", course=visit.course.slug, loan=row.pk)


@course_page()
@require_POST
def accept(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    row = loan_for(visit, loan)
    loans.loan_accept(visit=visit, loan=row)
    messages.success(request, "You confirmed what you have.")
    return _again(visit, row)


@course_page()
@require_POST
def say(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    row = loan_for(visit, loan)
    try:
        loans.loan_say(visit=visit, loan=row, text=request.POST.get("text", "")[:300], key=_key(request))
    except AppError as error:
        return _page(request, visit, row, error)
    messages.success(request, "The borrower is told." if visit.is_staff else "The staff are told.")
    return _again(visit, row)


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError as error:
        raise BadInput("The form came without its key. Open the page again.", code="bad_key") from error


@course_page()
@require_POST
def renew(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    row, is_term = loan_for(visit, loan), request.POST.get("due") == "term"
    try:
        until_at = day_end(visit.course, request.POST.get("day", "")) if visit.is_staff and not is_term else None
        row = loans.loan_renew(visit=visit, loan=row, until_at=until_at, is_term=is_term)
    except AppError as error:
        return _page(request, visit, row, error)
    messages.success(request, f"Renewed: {due_words(row.due_at, visit.course.tz, is_term=row.is_term)}.")
    return _again(visit, row)


@course_page(STAFF)
@require_POST
def undo(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    row = loan_for(visit, loan)
    try:
        loans.loan_undo(visit=visit, loan=row)
    except AppError as error:
        return _page(request, visit, row, error)
    messages.success(request, "The hand-over is undone.")
    return redirect("stock:desk", course=visit.course.slug)


@course_page(STAFF)
@require_POST
def lost(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    row, key = loan_for(visit, loan), request.POST.get("piece", "")
    piece = LoanPiece.objects.filter(loan=row, pk=int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else 0).first()  # fmt: skip
    if piece is None:
        raise NotHere("There is no such piece of this loan.")
    try:
        loans.piece_lost(visit=visit, piece=piece, why=request.POST.get("why", ""))
    except AppError as error:
        return _page(request, visit, row, error)
    messages.success(request, "It is recorded as lost, and the borrower is told.")
    return _again(visit, row)


@course_page()
@require_POST
def photo_add(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    row = loan_for(visit, loan)
    try:
        content = photo_of(request)
        if content is None:
            raise no_image()
        loan_photo_add(visit=visit, loan=row, way=request.POST.get("way", ""), content=content)
    except AppError as error:
        return _page(request, visit, row, error)
    return _again(visit, row)


@course_page()
@require_safe
def photo(request: HttpRequest, visit: Visit, loan_photo: int) -> HttpResponseBase:
    """A photo as what its bytes are, to whoever sees the loan."""
    row = LoanPhoto.objects.filter(pk=loan_photo, loan__in=Loan.objects.visible_to(visit)).first()
    if row is None:
        raise NotHere("There is no such photo.")
    name = f"loan-photo.{row.media_type.removeprefix('image/')}"
    return serve_stored(request, row.file, name=name, media_type=row.media_type, is_inline=True)
