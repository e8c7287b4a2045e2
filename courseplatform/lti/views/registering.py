"""Dynamic registration, as an administrator of an LMS sees it."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courseplatform.core.audience import public
from courseplatform.core.errors import AppError
from courseplatform.lti.models import origin_of
from courseplatform.lti.services.registering import platform_register
from courseplatform.lti.views.frames import framed, refusal


@public
@require_safe
def register(request: HttpRequest, invite: str) -> HttpResponseBase:
    """The LMS opens this in a frame with the address of its configuration; the link of the operator is what lets it in."""
    asked = request.GET
    try:
        found = platform_register(
            token=invite, configuration_url=asked.get("openid_configuration", ""), registration_token=asked.get("registration_token", "")
        )  # fmt: skip
    except AppError as error:
        return framed(refusal(request, error))
    answer = framed(render(request, "lti/registered.html", {"platform": found}))
    answer._csp_replace["frame-ancestors"] = [origin_of(found.site_url)]  # type: ignore[attr-defined]  # it is switched off yet
    return answer
