"""The addresses of SAML: what the provider's administrators read, where a sign-in begins, and where its answer arrives."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.sign_in_views import come_in, refused, safe_next, slow_down
from courseplatform.accounts.single_sign_on import saml
from courseplatform.core.audience import public
from courseplatform.core.errors import AppError, NotHere


def _check_set() -> None:
    if not settings.SAML:
        raise NotHere("There is no such sign-in here.")


@public
@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    _check_set()
    return HttpResponse(saml.saml_metadata(request), content_type="application/samlmetadata+xml")


@public
@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponseBase:
    _check_set()
    if request.user.is_authenticated:
        return HttpResponseRedirect(safe_next(request))
    try:
        slow_down(request)
        return saml.saml_begin(request, safe_next(request, default=""))
    except AppError as error:
        return refused(request, error)


@public
@csrf_exempt
@require_POST
def take(request: HttpRequest) -> HttpResponseBase:
    """Posted by another site, so without a form token: the state of the sign-in, asked for at the next address, stands in its place."""
    _check_set()
    try:
        slow_down(request)
        return saml.saml_keep(request)
    except AppError as error:
        return refused(request, error)


@public
@never_cache
@require_safe
def finish(request: HttpRequest) -> HttpResponseBase:
    _check_set()
    try:
        said, next_url = saml.saml_take(request)
        return come_in(request, said, next_url)
    except AppError as error:
        return refused(request, error)
