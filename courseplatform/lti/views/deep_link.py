"""Deep linking: an instructor in the LMS picks what of ours stands in the course there."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from courseplatform.core.audience import public
from courseplatform.core.errors import AppError
from courseplatform.lti.errors import LaunchRefused
from courseplatform.lti.models import Launch
from courseplatform.lti.services.launches import cookie_of, launch_get
from courseplatform.lti.services.picking import picked_answer, picker_of
from courseplatform.lti.views.frames import framed, in_frame


@public
@csrf_exempt  # in a frame no form token comes along; the address is one launch's own, and the cookie of its browser is asked for
@in_frame
@require_http_methods(["GET", "HEAD", "POST"])
def pick(request: HttpRequest, lti_launch: UUID) -> HttpResponseBase:
    launch = _launch(request, lti_launch)
    if request.method != "POST":
        return _page(request, launch, None)
    try:
        answer = picked_answer(launch=launch, keys=request.POST.getlist("key"))
    except AppError as error:
        return _page(request, launch, error)
    response = render(request, "lti/return.html", {"answer": answer, "launch": launch})
    return framed(response, sends_to=answer.url)


def _launch(request: HttpRequest, pk: UUID) -> Launch:
    launch = launch_get(pk)
    if request.COOKIES.get(cookie_of(launch.state)) != launch.state:
        raise LaunchRefused("This was opened in another browser. Open it from the LMS again.", code="state_mismatch")
    if not launch.deep_link:
        raise LaunchRefused("The LMS did not ask to pick anything.", code="nothing_to_pick")
    return launch


def _page(request: HttpRequest, launch: Launch, error: AppError | None) -> HttpResponseBase:
    context = {"launch": launch, "picker": picker_of(launch), "error": error, "chosen": request.POST.getlist("key")}
    return render(request, "lti/pick.html", context, status=error.http_status if error else 200)
