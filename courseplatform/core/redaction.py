"""What must not stand in a log. A processor of structlog, for every line of every process.

Keys in addresses that open something without signing in: the link with which a password can be chosen, an invitation, the address of a
private calendar, the link that stops mails, the link to a file on the host of uploaded content, and what is on its way between an LMS or
a sign-in service and this site. Access tokens, of people and of boards, wherever somebody wrote them. And the secrets of this deployment:
what its environment holds under a name that says so, and the passwords in its addresses.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

LINK_KEY = re.compile(
    r"(/password/reset/key/(?=[0-9A-Za-z]+-)|/people/invitation/|/calendar/(?=[\w-]{16,}\.)|/notifications/stop/"
    r"|/lti/(?:register|enter|connect|link|pick)/|/lti/login/\?|/content/)[^\s\"'<>]+"
)
# What OIDC, SAML and OAuth send along in addresses and in forms that somebody wrote down.
SENT = re.compile(
    r"((?<![\w-])(?:code|id_token|access_token|refresh_token|client_secret|SAMLResponse|password|signature)=)[^&\s\"'<>]+",
    re.IGNORECASE,
)
BEARER = re.compile(r"((?:Bearer|Basic) )[\w.~+/=-]{6,}", re.IGNORECASE)
TOKEN = re.compile(r"(mlp_|milliamp_run_)[\w-]{5,}")  # what the pages show of one, mlp_ab12, stays
SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|_KEY$|_KEY_ID$")
SHORTEST = 8  # a shorter secret is a word that stands in many lines
GONE = "[redacted]"


class Secrets:
    """The values that this process knows and nobody should read; filled by the settings, once."""

    known: re.Pattern[str] | None = None


def secrets_of(environ: Mapping[str, str]) -> set[str]:
    """Of names that say so, and of addresses with a password in them, as they are written and as they are meant."""
    found = {value for name, value in environ.items() if SECRET_NAME.search(name)}
    for name, value in environ.items():
        if name.endswith(("_URL", "_DSN")) and "@" in value:
            authority = urlsplit(value).netloc.rpartition("@")[0]
            found |= {authority.partition(":")[2]}
    return found


def keep_secret(values: Iterable[str]) -> None:
    """From now on these stand in no line."""
    found = {
        form for value in values if len(value) >= SHORTEST for form in (value, quote(value, safe=""), unquote(value))
    }
    ordered = sorted(found, key=len, reverse=True)
    Secrets.known = re.compile("|".join(map(re.escape, ordered))) if ordered else None


def without_link_keys(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every text of the event, whoever wrote the line: the path of a request, a message of Django's, a traceback, and what lies in them."""
    for name, value in event.items():
        event[name] = _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value


def _text(text: str) -> str:
    if Secrets.known is not None:
        text = Secrets.known.sub(GONE, text)
    text = LINK_KEY.sub(rf"\1{GONE}", text)
    text = BEARER.sub(rf"\1{GONE}", text)
    text = SENT.sub(rf"\1{GONE}", text)
    return TOKEN.sub(rf"\1{GONE}", text)
