"""The feeds, and the page that gives their addresses."""

import hashlib

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_POST, require_safe

from courseplatform.calendars import selectors, tokens
from courseplatform.calendars.services import feed_of, feed_renew
from courseplatform.core.audience import public
from courseplatform.courses.access import Reader, Visit, course_page, public_course_page


@public_course_page
@require_safe
def course_ics(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The dates of a course: what is public where the course is, else what the member sees who asks."""
    person = reader.visit.person if reader.visit and not reader.course.is_open else None
    name = f"{reader.course.slug}.ics"
    return _ics(request, selectors.course_feed(reader.course, person), name, is_public=person is None)


@public
@require_safe
def person_ics(request: HttpRequest, token: str) -> HttpResponse:
    """All courses of a person. Whoever has the address may read it: calendar programs cannot sign in."""
    return _ics(request, selectors.person_feed(tokens.person_of(token)), "courses.ics")


@public
@require_safe
def person_course_ics(request: HttpRequest, token: str, course: str) -> HttpResponse:
    """One course of a person."""
    return _ics(request, selectors.person_feed(tokens.person_of(token), course), f"{course}.ics")


def _ics(request: HttpRequest, text: bytes, name: str, *, is_public: bool = False) -> HttpResponse:
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["ETag"] = etag = quote_etag(hashlib.sha256(text).hexdigest()[:32])
    # Asked again each time, and answered with 304 when nothing has changed.
    response["Cache-Control"] = "public, max-age=300" if is_public else "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response) or response


@public_course_page
@require_safe
def page(request: HttpRequest, reader: Reader) -> HttpResponse:
    """How to get the dates into one's own calendar. A person's address is made when it is first looked at."""
    course, person = reader.course, reader.visit.person if reader.visit else None
    items = selectors.course_items(course, person)
    context = {
        "reader": reader,
        "coming": selectors.coming_rows(items, timezone.now()),
        "count": len(items),
        "public_url": _absolute(request, reverse("calendars:course", args=[course.slug])) if course.is_open else "",
    }
    if person is not None and person.seen_by is not None:
        context["is_looked_at"] = True  # whoever has the address reads all courses of the student, and goes on doing so
    elif person is not None:
        feed = feed_of(person=person)
        token = tokens.token_of(feed)
        context |= {
            "feed": feed,
            "mine": _absolute(request, reverse("feeds:person", args=[token])),
            "mine_here": _absolute(request, reverse("feeds:person_course", args=[token, course.slug])),
        }
    return render(request, "calendars/page.html", context)


def _absolute(request: HttpRequest, path: str) -> dict[str, str]:
    """The address as text, and in the form that opens a calendar program."""
    url = request.build_absolute_uri(path)
    return {"https": url, "webcal": f"webcal://{url.split('://', 1)[1]}"}


@course_page()
@require_POST
def renew(request: HttpRequest, visit: Visit) -> HttpResponse:
    feed_renew(person=visit.person)
    messages.success(request, "You have a new address. The old one stopped working just now.")
    return redirect("calendars:page", course=visit.course.slug)
