"""The list, one paper, proposals, and the student's order."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.content.serving import PDF, serve_stored
from courseplatform.core.errors import BadInput, NotHere
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Reader, Visit, course_page, public_course_page
from courseplatform.courses.models import STAFF
from courseplatform.seminar.forms import AnswerForm, OrderForm, PaperForm, ProposalForm
from courseplatform.seminar.models import Paper
from courseplatform.seminar.selectors import papers as reading
from courseplatform.seminar.selectors import slots
from courseplatform.seminar.services import papers as writing
from courseplatform.seminar.services.rounds import ranking_save
from courseplatform.seminar.views.doors import only_students


@public_course_page
@require_safe
def index(request: HttpRequest, reader: Reader) -> HttpResponse:
    """For visitors the list of papers; for members their duties, the orders, and all slots."""
    if reader.visit is None:
        return render(request, "seminar/public_list.html", reading.public_page(reader.course))
    context = reading.member_page(reader.visit, request.GET, timezone.now())
    htmx = getattr(request, "htmx", None)
    if htmx and not htmx.history_restore_request and context["rankings"]:
        found = next((item for item in context["rankings"] if htmx.target == f"round-{item['round'].pk}"), None)
        if found is not None:
            return render(request, "seminar/_ranking.html", {"r": found})
    return render(request, "seminar/papers.html", context)


@course_page()
@require_safe
def papers_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = [
        [row.day or "", row.paper.title, row.paper.authors, row.paper.venue, row.paper.year or "", row.paper.url, row.paper.topic]
        for row in reading.public_papers(visit.course)
    ]  # fmt: skip
    return csv_response(
        f"{visit.course.slug}-papers.csv", ("Date", "Title", "Authors", "Venue", "Year", "Link", "Topic"), rows
    )


@course_page()
@require_safe
def slots_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = slots.slot_rows(visit.course, None, timezone.now(), staff=visit.is_staff)
    return csv_response(f"{visit.course.slug}-presentations.csv", slots.CSV_COLUMNS, slots.csv_rows(rows))


@course_page()
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A student proposes a paper; staff put one on the list."""
    form = (PaperForm if visit.is_staff else ProposalForm)(request.POST or None, request.FILES or None)
    made: list[Paper] = []

    def make() -> None:
        if visit.is_staff:
            made.append(writing.paper_list(visit=visit, facts=form.facts))
        else:
            made.append(writing.paper_propose(visit=visit, facts=form.facts, reason=form.cleaned_data["reason"]))

    if request.method == "POST":
        _check_upload(request)
        if form.attempt(make):
            messages.success(
                request,
                "The paper is on the list." if visit.is_staff else "Proposed. The staff were told, and answer here.",
            )
            return redirect(made[0])
    return render(request, "seminar/paper_form.html", {"form": form}, status=422 if form.errors else 200)


def _check_upload(request: HttpRequest) -> None:
    """A file that was refused on its way (too large, disk full) is told as such."""
    refused = getattr(request, "upload_refused", None)
    if refused is not None:
        raise refused
    if not request.POST:
        raise BadInput("This form came without its fields. Load the page again.", code="empty_form")


@course_page()
@require_safe
def paper(request: HttpRequest, visit: Visit, paper: str) -> HttpResponse:
    return _paper_page(request, visit, reading.paper_get(visit, paper), AnswerForm(visit.course))


def _paper_page(request: HttpRequest, visit: Visit, found: Paper, form: AnswerForm) -> HttpResponse:
    context = reading.paper_page(visit, found) | {"form": form}
    if context["may_answer"]:
        context["counters"] = reading.countering_choices(visit.course)
    return render(request, "seminar/paper.html", context, status=422 if form.errors else 200)


@course_page()
@require_http_methods(["GET", "HEAD", "POST"])
def paper_change(request: HttpRequest, visit: Visit, paper: str) -> HttpResponse:
    found = reading.paper_get(visit, paper)
    if not reading.paper_page(visit, found)["may_change"]:
        if request.method == "POST":
            raise NotHere("Only staff, and whoever proposed it while it is open, change a paper.")
        return redirect(found)
    kind = PaperForm if visit.is_staff else ProposalForm
    names = ("title", "authors", "venue", "year", "url", "topic", "reason")
    form = kind(request.POST or None, request.FILES or None, initial={name: getattr(found, name) for name in names})
    if request.method == "POST":
        _check_upload(request)
        if form.attempt(
            lambda: writing.paper_change(visit=visit, paper=found, facts=form.facts, reason=form.cleaned_data["reason"])
        ):
            messages.success(request, "Saved.")
            return redirect(found)
    return render(
        request, "seminar/paper_form.html", {"form": form, "paper": found}, status=422 if form.errors else 200
    )


@course_page(STAFF)
@require_POST
def paper_answer(request: HttpRequest, visit: Visit, paper: str) -> HttpResponse:
    found, form = reading.paper_get(visit, paper), AnswerForm(visit.course, request.POST)
    if form.attempt(lambda: writing.paper_answer(visit=visit, paper=found, **form.cleaned_data)):
        messages.success(request, f"Answered. {found.proposed_by or 'The student'} was told.")
        return redirect(found)
    return _paper_page(request, visit, reading.paper_get(visit, paper), form)


@course_page()
@require_POST
def paper_withdraw(request: HttpRequest, visit: Visit, paper: str) -> HttpResponse:
    """Off the list, back onto it, or a proposal taken back."""
    found = reading.paper_get(visit, paper)
    page = reading.paper_page(visit, found)
    if page["may_restore"]:
        writing.paper_restore(visit=visit, paper=found)
        messages.success(request, "The paper is on the list again.")
    elif page["may_withdraw"]:
        writing.paper_withdraw(visit=visit, paper=found)
        messages.success(request, "Withdrawn. It is kept, and can be found by the staff.")
    else:
        raise NotHere("This paper is not yours to withdraw.")
    return redirect(found) if visit.is_staff else redirect("seminar:list", course=visit.course.slug)


@course_page()
@require_safe
def paper_pdf(request: HttpRequest, visit: Visit, paper: str) -> HttpResponseBase:
    """Always as a download: what a PDF may run is not ours to run."""
    found = reading.paper_get(visit, paper)
    if not found.pdf:
        raise NotHere("No PDF of this paper is kept here.")
    return serve_stored(request, found.pdf, name=f"{found.slug}.pdf", media_type=PDF)


@course_page()
@require_POST
def order_save(request: HttpRequest, visit: Visit) -> HttpResponse:
    only_students(visit)
    form = OrderForm(visit.course, request.POST)
    if not form.is_valid():
        raise BadInput("This order cannot be read. Load the page of papers again, and rank anew.", code="bad_order")
    ranking = ranking_save(visit=visit, found=form.cleaned_data["round"], order=form.keys)
    messages.success(request, f"Your order of {len(ranking.order)} is saved. You can change it until the last moment.")
    return redirect(f"/courses/{visit.course.slug}/papers/#round-{ranking.round_id}")
