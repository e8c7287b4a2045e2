"""SAML 2.0 by python3-saml, the library of allauth's extra; installed only where it is used.

allauth's own views of it take an assertion that is not signed where the message around it is, and one that was made for another request. So
the library is asked here, more strictly; allauth keeps what was begun, once and for ten minutes, and what another site posts to us.
"""

from typing import Any

import structlog
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.sessions import LoginSession
from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from courseplatform.accounts.single_sign_on.arriving import Asserted
from courseplatform.accounts.single_sign_on.errors import AnswerRefused
from courseplatform.accounts.single_sign_on.providers import Saml
from courseplatform.core.errors import Unavailable

MOST_CHARACTERS = 256 << 10  # of a response in base64
KEPT, COOKIE = "saml_answer", "saml-answer"
POST, REDIRECT = (f"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{way}" for way in ("POST", "Redirect"))
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
RSA_SHA256, SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"
STRONG = {"https://refeds.org/profile/mfa", "http://schemas.microsoft.com/claims/multipleauthn"}
SPACE = {"p": "urn:oasis:names:tc:SAML:2.0:protocol", "a": "urn:oasis:names:tc:SAML:2.0:assertion"}
log = structlog.get_logger(__name__)


def provider_set() -> Saml:
    assert settings.SAML is not None  # the views ask
    return settings.SAML


def _library() -> Any:
    """Raises Unavailable (`saml_not_installed`)."""
    try:
        from onelogin.saml2 import auth
    except ImportError as error:
        message = "SAML is set up here, and its library is not installed: pip install 'django-allauth[saml]'. Tell an operator."
        raise Unavailable(message, code="saml_not_installed") from error
    return auth


def _config(request: HttpRequest) -> dict[str, Any]:
    """What the library asks for. Both the assertion and every reference in it have to be signed, by keys that the settings name."""
    found = provider_set()
    return {
        "strict": True,
        "sp": {
            "entityId": request.build_absolute_uri(reverse("accounts:saml_metadata")),
            "assertionConsumerService": {"url": request.build_absolute_uri(reverse("accounts:saml_take")), "binding": POST},
            "NameIDFormat": UNSPECIFIED,
        },
        "idp": {
            "entityId": found.entity_id,
            "singleSignOnService": {"url": found.sso_url, "binding": REDIRECT},
            "x509certMulti": {"signing": list(found.certificates)},
            "x509cert": found.certificates[0],
        },
        "security": {
            "wantAssertionsSigned": True, "wantNameId": False, "wantAttributeStatement": True, "rejectDeprecatedAlgorithm": True,
            "requestedAuthnContext": False, "allowRepeatAttributeName": True, "allowSingleLabelDomains": True,
            "signatureAlgorithm": RSA_SHA256, "digestAlgorithm": SHA256,
        },
    }  # fmt: skip


def _auth(request: HttpRequest, answer: str = "") -> Any:
    """The library with the address at which answers arrive, whichever of our addresses is asked now."""
    asked = {
        "https": "on" if request.is_secure() else "off",
        "http_host": request.get_host(),
        "script_name": reverse("accounts:saml_take"),
        "get_data": {},
        "post_data": {"SAMLResponse": answer} if answer else {},
    }
    return _library().OneLogin_Saml2_Auth(asked, _config(request))


def saml_begin(request: HttpRequest, next_url: str) -> HttpResponseRedirect:
    """To the provider's own page. Raises Unavailable."""
    auth = _auth(request)
    url = auth.login(return_to="")
    statekit.stash_state(request, provider_id="saml", state={"next": next_url}, state_id=auth.get_last_request_id())
    return HttpResponseRedirect(url)


def saml_keep(request: HttpRequest) -> HttpResponseRedirect:
    """What another site posts comes without our session (SameSite). It is kept for the next address, to which the session comes along.

    Raises AnswerRefused (`assertion_invalid`).
    """
    answer = str(request.POST.get("SAMLResponse", ""))
    if not 0 < len(answer) <= MOST_CHARACTERS:
        raise _refusal("size")
    response = HttpResponseRedirect(reverse("accounts:saml_finish"))
    kept = LoginSession(request, KEPT, COOKIE)
    kept.store.flush()
    kept.store["answer"] = answer
    kept.store.set_expiry(300)
    kept.save(response)
    return response


def saml_take(request: HttpRequest) -> tuple[Asserted, str]:
    """What the provider says of whoever comes back, and where they wanted to go.

    Raises AnswerRefused: `state_unknown`, `cancelled`, `assertion_invalid`.
    """
    kept = LoginSession(request, KEPT, COOKIE)
    answer = str(kept.store.get("answer", ""))
    kept.delete()
    if not answer:
        raise _state_unknown()
    _library()
    try:
        auth = _auth(request, answer)
        request_id = _request_of(answer)
        state = statekit.unstash_state(request, state_id=request_id, provider_id="saml") if request_id else None
        if state is None:
            raise _state_unknown()
        auth.process_response(request_id=request_id)
        if auth.get_errors() or not auth.is_authenticated():
            raise _why(auth)
        _check_confirmation(auth, request_id)
        return _asserted(auth), str(state.get("next") or "")
    except AnswerRefused:
        raise
    except Exception as error:  # a parser of hostile XML: whatever it raises, nobody comes in
        raise _refusal(f"{type(error).__name__}: {error}") from error


def _request_of(answer: str) -> str:
    """The id of our request that a response says it answers. Not believed yet: it only finds what this browser began."""
    from onelogin.saml2.utils import OneLogin_Saml2_Utils
    from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

    root = OneLogin_Saml2_XML.to_etree(OneLogin_Saml2_Utils.b64decode(answer))
    return str(root.get("InResponseTo") or "")


def _check_confirmation(auth: Any, request_id: str) -> None:
    """The assertion itself names our request. The library lets one pass that names none, and the message around it may not be signed."""
    from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

    root = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    found = root.xpath(
        "//a:Assertion[@ID=$id]//a:SubjectConfirmationData/@InResponseTo",
        id=auth.get_last_assertion_id(),
        namespaces=SPACE,
    )
    if request_id not in found or len(set(found)) != 1:
        raise _refusal("subject confirmation names another request")


def _why(auth: Any) -> AnswerRefused:
    reason = str(auth.get_last_error_reason() or "not authenticated")
    if "status code of the Response was not Success" in reason:
        return AnswerRefused(
            f"The sign-in at {provider_set().name} was ended there before it was complete.", code="cancelled"
        )
    return _refusal(reason)


def _refusal(why: str) -> AnswerRefused:
    log.warning("saml_refused", why=why[:200])
    message = "What came back from the other sign-in is not signed by it, is too old, or is for another site. Try again; if it stays, tell an operator."
    return AnswerRefused(message, code="assertion_invalid")


def _state_unknown() -> AnswerRefused:
    message = "This sign-in was begun in another browser, was used already, or is older than ten minutes. Begin again."
    return AnswerRefused(message, code="state_unknown")


def _asserted(auth: Any) -> Asserted:
    """The provider of a university sets its people's addresses: an attribute of it counts as proven."""
    found = provider_set()
    told = auth.get_attributes() | auth.get_friendlyname_attributes()

    def first(name: str) -> str:
        values = told.get(name) or [""]
        return str(values[0] or "").strip()

    subject = first(found.subject)
    if not subject and auth.get_nameid_format() == PERSISTENT:
        subject = str(auth.get_nameid() or "")
    return Asserted(
        issuer=found.entity_id, subject=subject, email=first(found.email), is_proven=True,
        name=first("urn:oid:2.16.840.1.113730.3.1.241") or first("displayName"),
        is_strong=bool(set(auth.get_last_authn_contexts()) & STRONG), label=found.name,
    )  # fmt: skip


def saml_metadata(request: HttpRequest) -> bytes:
    """What the administrators of the provider read about us, as XML."""
    _library()
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    made = OneLogin_Saml2_Settings(settings=_config(request), sp_validation_only=True).get_sp_metadata()
    return made if isinstance(made, bytes) else str(made).encode()
