"""From the claims of a checked message to what is kept of it, for a day. Claims that are not read here are kept nowhere."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from courseplatform.accounts.names import clean_name
from courseplatform.courses.models import Role
from courseplatform.lti.errors import LaunchRefused
from courseplatform.lti.models import Deployment, Launch
from courseplatform.lti.scopes import DEEP_LINK, ENDPOINT, LTI, MEMBERSHIP, NAMES_SERVICE

MOST_WISH = 20_000  # letters of what an LMS wants back
KEPT_OF_DEEP_LINK = ("deep_link_return_url", "data", "accept_multiple", "accept_lineitem")


def launch_from(claims: dict[str, Any], deployment: Deployment, state: str) -> Launch:
    """A row that is not saved yet. Raises LaunchRefused (`launch_invalid`) where a claim has a shape that it cannot have."""
    context, resource = _part(claims, f"{LTI}context"), _part(claims, f"{LTI}resource_link")
    custom, endpoint = _part(claims, f"{LTI}custom"), _part(claims, ENDPOINT)
    names, asked = _part(claims, NAMES_SERVICE), _part(claims, DEEP_LINK)
    email = _email(claims.get("email"))
    is_deep_link = claims.get(f"{LTI}message_type") == "LtiDeepLinkingRequest"
    return Launch(
        deployment=deployment, state=state, sub=_text(claims["sub"], must=True), name=_name(claims, email), email=email,
        proves_address=bool(email) and _is_proven(claims, deployment), role=role_of(claims.get(f"{LTI}roles")),
        context_id=_text(context.get("id")), context_title=_text(context.get("title"))[:255],
        key=_text(custom.get("milliamp_key"))[:120], resource_link_id=_text(resource.get("id")),
        services={
            "nrps_url": _address(names.get("context_memberships_url")), "lineitems_url": _address(endpoint.get("lineitems")),
            "lineitem_url": _address(endpoint.get("lineitem")), "scopes": _words(endpoint.get("scope")),
        },
        deep_link={name: _wish(asked.get(name)) for name in KEPT_OF_DEEP_LINK} if is_deep_link else {},
    )  # fmt: skip


def _part(claims: dict[str, Any], name: str) -> dict[str, Any]:
    found = claims.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any, *, must: bool = False) -> str:
    found = value if isinstance(value, str) else ""
    if not can_keep(found) or len(found) > 255 or (must and not found):
        raise _not_kept()
    return found


def _not_kept() -> LaunchRefused:
    return LaunchRefused("The message of the LMS names something that cannot be kept.", code="launch_invalid")


def can_keep(text: str) -> bool:
    """Whether a database takes it: no NUL, and no half of a character, as JSON can write one."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _wish(value: Any) -> Any:
    """What goes back to the LMS as it came: words, or a yes or no."""
    if isinstance(value, str) and (not can_keep(value) or len(value) > MOST_WISH):
        raise _not_kept()
    return value if isinstance(value, str | bool) else None


def _address(value: Any) -> str:
    is_address = isinstance(value, str) and value.startswith(("https://", "http://")) and can_keep(value)
    return str(value) if is_address and len(value) <= 1000 else ""


def _words(value: Any) -> list[str]:
    found = [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
    return [word for word in found if can_keep(word) and len(word) <= 1000][:40]


def _email(value: Any) -> str:
    found = value.strip().lower() if isinstance(value, str) else ""
    try:
        validate_email(found)
    except ValidationError:
        return ""
    return found if len(found) <= 254 else ""


def _is_proven(claims: dict[str, Any], deployment: Deployment) -> bool:
    """What the message says holds; where it says nothing, whether the platform vouches for all its addresses."""
    said = claims.get("email_verified")
    return said in (True, "true") if said is not None else deployment.platform.vouches_for_addresses


def _name(claims: dict[str, Any], email: str) -> str:
    parts = [claims.get(name) for name in ("given_name", "family_name")]
    whole = claims.get("name") or " ".join(part for part in parts if isinstance(part, str))
    try:
        return clean_name(whole[:120]) if isinstance(whole, str) and whole else email.partition("@")[0]
    except ValidationError:
        return email.partition("@")[0]


def role_of(found: Any) -> str:
    """The highest role in the course of the LMS. What somebody is in the institution gives nothing: an administrator there is nobody here.

    Canvas calls a TA an instructor besides, so that is looked for first.
    """
    names = {_role_name(role) for role in found if isinstance(role, str)} if isinstance(found, list) else set()
    for wanted, role in (("TeachingAssistant", Role.TA), ("Instructor", Role.INSTRUCTOR), ("Learner", Role.STUDENT)):
        if wanted in names:
            return role.value
    return ""


def _role_name(role: str) -> str:
    """Learner of `.../membership#Learner`, TeachingAssistant of `.../membership/Instructor#TeachingAssistant`, and short names as they are."""
    if role.startswith((f"{MEMBERSHIP}#", f"{MEMBERSHIP}/")):
        return role.rpartition("#")[2]
    return role if role.isalpha() else ""
