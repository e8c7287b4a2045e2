"""What an LMS and the browsers of its people ask: the login, the message, and the way in."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login as sign_in
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.accounts.client_address import client_address
from courseplatform.accounts.models import User
from courseplatform.accounts.second_factor.gate import factor_gate
from courseplatform.accounts.session_facts import facts_of
from courseplatform.core.api_rules import Pace, counted
from courseplatform.core.audience import public, signed_in
from courseplatform.core.errors import TooMany
from courseplatform.lti.errors import LaunchRefused
from courseplatform.lti.hooks import address_of
from courseplatform.lti.models import GOOD_FOR, Launch
from courseplatform.lti.services.entering import check_may_link, identity_confirm, launch_enter, link_of, member_ensure
from courseplatform.lti.services.keys import key_set
from courseplatform.lti.services.launches import (
    CookieMissing,
    cookie_of,
    launch_get,
    launch_take,
    launch_use,
    login_begin,
)
from courseplatform.lti.services.links import courses_to_link, link_create, services_note
from courseplatform.lti.views.frames import in_frame, is_framed

LOGINS = Pace("lti_login", 300)  # from one address: a lecture hall behind one, when the class opens the lab at once
BACKEND = "courseplatform.accounts.backends.AccountBackend"


@public
@csrf_exempt
@in_frame
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponseBase:
    """Step one: the LMS sends the browser here, and we send it to the LMS's own sign-in with a state that only this browser has."""
    check_pace(request)
    asked = (request.POST if request.method == "POST" else request.GET).dict()
    url, state = login_begin(params={name: str(value) for name, value in asked.items()})
    response = HttpResponseRedirect(url)
    # None: it has to come back with a form that another site sends. That needs https; on plain http browsers take it for two minutes.
    response.set_cookie(
        cookie_of(state), state, max_age=int(GOOD_FOR.total_seconds()), path=reverse("lti:index"), httponly=True,
        secure=request.is_secure(), samesite="None" if request.is_secure() else None,
    )  # fmt: skip
    return response


def check_pace(request: HttpRequest) -> None:
    """Whoever knows an issuer can begin any number of sign-ins, and each is a row. Raises TooMany."""
    if counted(LOGINS, f"address:{client_address(request)}") > LOGINS.per_minute:
        said = "More sign-ins from an LMS began at this address within a minute than the site takes. Wait a minute, and open it again from the LMS."
        raise TooMany(said, code="too_many_logins")


@public
@csrf_exempt
@in_frame
@require_POST
def launch(request: HttpRequest) -> HttpResponseBase:
    """Step two: the signed message. The state in the cookie is what a form token is elsewhere."""
    sent = {name: str(value) for name, value in request.POST.items()}
    try:
        found = launch_take(params=sent, cookies=request.COOKIES)
    except CookieMissing as missing:
        context = {"platform": missing.attempt.platform, "query": urlencode(missing.attempt.asked)}
        return render(request, "lti/new_window.html", context)
    if found.deep_link:
        return redirect("lti:pick", lti_launch=found.pk)
    if is_framed(request):
        return render(request, "lti/open.html", {"launch": found})
    return redirect("lti:enter", lti_launch=found.pk)


@public
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    response = JsonResponse(key_set())
    response["Cache-Control"] = "public, max-age=600"
    return response


@public
@in_frame
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, lti_launch: UUID) -> HttpResponseBase:
    """Step three, in a window of our own: sign in. A browser that did not begin this launch is asked first."""
    found = launch_get(lti_launch)
    is_same_browser = request.COOKIES.get(cookie_of(found.state)) == found.state
    if request.method != "POST" and (request.method == "HEAD" or not is_same_browser):
        return render(request, "lti/enter.html", {"launch": found})
    arrival = launch_enter(launch=found)
    if arrival.person is None:
        return redirect("lti:connect", lti_launch=found.pk)
    sign_in(request, arrival.person, backend=BACKEND)
    return _go_on(request, found, arrival.person)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest, lti_launch: UUID) -> HttpResponseBase:
    """The owner of an account that was there before says whether the LMS may open it."""
    assert isinstance(request.user, User)
    found = launch_get(lti_launch, is_entered=True)
    if request.method == "POST":
        identity_confirm(launch=found, person=request.user)
        messages.success(request, f"{found.platform.name} opens this account from now on")
        return _go_on(request, found, request.user)
    context = {"launch": found, "is_other": found.email != request.user.email}
    return render(request, "lti/connect.html", context)


def _go_on(request: HttpRequest, launch: Launch, person: User) -> HttpResponse:
    """To what was opened in the LMS; an instructor whose course is not connected yet chooses it first."""
    link = link_of(launch)
    if link is None:
        check_may_link(launch)
        return redirect("lti:link", lti_launch=launch.pk)
    member_ensure(link=link, launch=launch, person=person)
    services_note(link=link, launch=launch)
    launch_use(launch, "finished_at")
    return HttpResponseRedirect(address_of(link.course, launch.key))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, lti_launch: UUID) -> HttpResponseBase:
    """Which course of ours the LMS's course is."""
    assert isinstance(request.user, User)
    found = launch_get(lti_launch, is_entered=True)
    if found.person_id != request.user.pk:
        raise LaunchRefused(
            "This was opened by somebody else. Open Milliamp from the LMS yourself.", code="other_account"
        )
    check_may_link(found)
    if facts_of(request)["is_staff"] and (elsewhere := factor_gate(request)):
        return elsewhere  # the LMS has asked for no second factor, and this is an act of the staff
    if request.method == "POST":
        made = link_create(launch=found, person=request.user, slug=request.POST.get("course", ""))
        launch_use(found, "finished_at")
        messages.success(
            request, f"{made.context_title or 'The course of the LMS'} is connected with {made.course.name}"
        )
        return redirect("lti:course", course=made.course.slug)
    return render(request, "lti/link.html", {"launch": found, "courses": courses_to_link(request.user)})
