"""In class, on a phone: one tap a credit, undo in place, who is here. Every button is a form that works without a script."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.error_pages import wants_json
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Session
from courseplatform.participation.forms import EntryForm, a_uuid, attendance_modes, new_key
from courseplatform.participation.models import Attendance, Credit
from courseplatform.participation.scheme import EachScheme, percent_words
from courseplatform.participation.selectors import entry as reading
from courseplatform.participation.selectors import sessions as lessons
from courseplatform.participation.selectors.standings import course_facts, course_scheme, participation_percents
from courseplatform.participation.services.attendance import attendance_fill, attendance_record
from courseplatform.participation.services.credits import credit_describe, credit_record, credit_withdraw

SHORT_WORDS = {
    Attendance.Mode.IN_PERSON: "Room",
    Attendance.Mode.VIRTUAL: "Zoom",
    Attendance.Mode.EXCUSED: "Excused",
    Attendance.Mode.ABSENT: "Absent",
}
SLIP_WORDS = "entered by mistake, and undone at once"


@course_page(STAFF)
@require_safe
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    now, scheme = timezone.now(), course_scheme(visit.course)
    session, context = _session_part(request, visit)
    rows = reading.roster(visit, session, now)
    query = request.GET.get("q", "")[:120]
    tab, tabs = reading.show(rows, request.GET.get("tab", ""), query)
    kinds = reading.entry_kinds(scheme)
    context |= reading.sent(rows)
    context["rows"] = [{"row": row, "buttons": row.buttons(kinds)} for row in context["rows"]]
    if request.GET.get("part") == "rows":
        return render(request, "participation/_entry_list.html", context)
    context |= {
        "tab": tab, "tabs": tabs, "query": query, "kinds": kinds, "heads": [reading.BUTTONS[Credit.Kind(kind)][1] for kind in kinds],
        "log": reading.log(visit, session, now), "entry_key": new_key(),
        "each": scheme if isinstance(scheme, EachScheme) else None, "rule": _rule(scheme), "last": _last(request, visit),
        "modes": _mode_counts(rows),
    }  # fmt: skip
    return render(request, "participation/entry.html", context)


def _session_part(request: HttpRequest, visit: Visit) -> tuple[Session | None, dict[str, Any]]:
    now, found = timezone.now(), lessons.class_sessions(visit.course)
    session = lessons.session_chosen(visit, found, request.GET.get("session", ""), now)
    is_today = session is not None and session.held_on == timezone.localdate(now, visit.course.tz)
    return session, {
        "session": session,
        "session_words": lessons.session_words(visit.course, session, now) if session and session.held_on else "",
        "is_today": is_today,
        "options": lessons.session_options(visit.course, found, session),
        "now_is": now,
        "page_keys": [("/", "find a student; Enter goes to the first who fits")],
        "queue_key": f"participation:{visit.course.slug}:{visit.person.pk}",
    }


def _rule(scheme: Any) -> str:
    if scheme is None:
        return "no scheme: entries are noted"
    most = f"at most {percent_words(scheme.cap)}"
    return f"{percent_words(scheme.each)} each, {most}" if isinstance(scheme, EachScheme) else f"bonus, {most}"


def _mode_counts(rows: list[reading.Row]) -> dict[str, int]:
    counts = {str(mode): sum(row.mode == mode for row in rows) for mode in Attendance.Mode}
    return counts | {"unknown": sum(not row.mode for row in rows)}


def _last(request: HttpRequest, visit: Visit) -> dict[str, Any] | None:
    """The entry that this page was sent back for, with what it changed."""
    if not (key := request.GET.get("last")):
        return None
    credit = _credit(visit, key)
    return {"credit": credit, "text": _text(visit, credit)}


def _text(visit: Visit, credit: Credit) -> str:
    standing = participation_percents(visit.course).get(credit.person_id)
    scheme = course_scheme(visit.course)
    count = course_facts(visit.course).get(credit.person_id)
    return reading.count_words(count.count(scheme.kinds if scheme else Credit.Kind.values) if count else 0, standing)


def _credit(visit: Visit, key: str) -> Credit:
    """By the key of the tap. Raises NotHere for another course's."""
    found = (
        Credit.objects.filter(course=visit.course, client_key=a_uuid(key))
        .select_related("person", "session", "course")
        .first()
    )
    if found is None:
        raise NotHere("There is no such entry in this course.", code="no_such_entry")
    return found


@course_page(STAFF)
@require_POST
def record(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Takes one tap. With the script the answer is JSON, without it the page again; the same key counts once."""
    form = EntryForm.of(request.POST)
    person = reading.student_get(visit, form.person, only_active=False)
    if person is None:
        raise NotHere("This person is no student of this course; nothing was recorded.", code="not_a_student")
    session = lessons.session_get(visit, form.session) if form.session else None
    credit, created = credit_record(
        visit=visit, person=person, kind=form.kind, client_key=form.client_key, session=session, age=form.age
    )
    return _answer(request, visit, credit, status=201 if created else 200)


@course_page(STAFF)
@require_POST
def withdraw(request: HttpRequest, visit: Visit) -> HttpResponse:
    credit = _credit(visit, request.POST.get("client_key", ""))
    credit_withdraw(visit=visit, credit=credit, why=SLIP_WORDS)
    return _answer(request, visit, credit, status=200)


@course_page(STAFF)
@require_POST
def describe(request: HttpRequest, visit: Visit) -> HttpResponse:
    credit = credit_describe(
        visit=visit, credit=_credit(visit, request.POST.get("client_key", "")), reason=request.POST.get("reason", "")
    )
    return _answer(request, visit, credit, status=200)


def _answer(request: HttpRequest, visit: Visit, credit: Credit, *, status: int) -> HttpResponse:
    if not wants_json(request):
        return HttpResponseRedirect(_back(request, visit, credit))
    scheme = course_scheme(visit.course)
    standing = participation_percents(visit.course).get(credit.person_id)
    counts = course_facts(visit.course).get(credit.person_id)
    row = reading.log_row(credit, scheme, reading.place_of(credit, scheme))
    count = counts.count(scheme.kinds if scheme else Credit.Kind.values) if counts else 0
    return JsonResponse(
        {
            "person": credit.person_id, "count": count, "text": reading.count_words(count, standing),
            "is_at_cap": standing is not None and standing.is_at_cap, "percent": float(standing.percent) if standing else 0,
            "client_key": str(credit.client_key),
            "log_html": render_to_string("participation/_log_entry.html", {"e": row, "visit": visit}, request),
        },
        status=status,
    )  # fmt: skip


def _back(request: HttpRequest, visit: Visit, credit: Credit) -> str:
    query = {"session": request.POST.get("session", "") or (credit.session_id or ""), "tab": request.POST.get("tab", ""),
             "q": request.POST.get("q", "")[:120], "last": credit.client_key}  # fmt: skip
    address = reverse("participation:entry", args=[visit.course.slug])
    return f"{address}?{urlencode({name: value for name, value in query.items() if value})}"


@course_page(STAFF)
@require_safe
def attendance(request: HttpRequest, visit: Visit) -> HttpResponse:
    session, context = _session_part(request, visit)
    rows = reading.roster(visit, session, timezone.now()) if session else []
    query = request.GET.get("q", "")[:120]
    reading.search(rows, query)
    context |= reading.sent(rows)
    context["choices"] = [(mode.value, mode.label, SHORT_WORDS[mode]) for mode in Attendance.Mode]
    if request.GET.get("part") == "rows":
        return render(request, "participation/_attendance_list.html", context)
    context |= {"counts": _mode_counts(rows), "query": query}
    return render(request, "participation/attendance.html", context)


@course_page(STAFF)
@require_POST
def attendance_save(request: HttpRequest, visit: Visit) -> HttpResponse:
    session = lessons.session_get(visit, request.POST.get("session", ""))
    if mode := request.POST.get("everybody"):
        changed = attendance_fill(visit=visit, session=session, mode=mode)
    else:
        changed = attendance_record(visit=visit, session=session, modes=attendance_modes(request.POST))
    if wants_json(request):
        return JsonResponse({"changed": changed})
    query = {"session": session.pk, "saved": changed} | ({"q": q} if (q := request.POST.get("q", "")[:120]) else {})
    return HttpResponseRedirect(f"{reverse('participation:attendance', args=[visit.course.slug])}?{urlencode(query)}")
