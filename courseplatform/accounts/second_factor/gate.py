"""Where staff need a second factor: STAFF_SECOND_FACTOR says whether they must have one; who has one must have shown it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from courseplatform.accounts.session_facts import FACTS, facts_of
from courseplatform.core.errors import Forbidden


def factor_missing(request: HttpRequest) -> str:
    """`prove`: there is one, and this session has not shown it, as after a sign-in through an LMS. `enrol`: there must be one. Else "".

    No query: what counts was kept at the sign-in.
    """
    facts = facts_of(request)
    if facts["is_proved"] or facts["is_demo"]:
        return ""
    if facts["has_factor"]:
        return "prove"
    return "enrol" if settings.STAFF_SECOND_FACTOR == "required" else ""


def factor_gate(request: HttpRequest) -> HttpResponseRedirect | None:
    """For a page of the staff: where to go first, or None. Marks the request where the page is to remind of it."""
    if missing := factor_missing(request):
        back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("front")
        where = reverse("accounts:factor_prove" if missing == "prove" else "mfa_index")
        return HttpResponseRedirect(f"{where}?{urlencode({'next': back})}")
    facts = request.session[FACTS]
    is_asked = settings.STAFF_SECOND_FACTOR == "asked" and not facts["has_factor"] and not facts["is_demo"]
    request.factor_reminder = is_asked and not facts["is_proved"] and not facts.get("is_later")  # type: ignore[attr-defined]
    return None


def factor_check(request: HttpRequest) -> None:
    """For the API, where a session asks. Raises Forbidden (`second_factor_needed`)."""
    if factor_missing(request):
        message = "Staff need a second factor here. Open any page of the course in this browser: it leads you there."
        raise Forbidden(message, code="second_factor_needed")
