"""Which site, with which token: from the environment, or from the file that `login` wrote."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from courseplatform.cli.client import places
from courseplatform.cli.client.words import SignedOut, WrongUse

TOKEN_VARIABLE, SITE_VARIABLE = "MILLIAMP_TOKEN", "MILLIAMP_SITE"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
START, MOST_LETTERS = "mlp_", 200
HEADER = "authorization:"


@dataclass(frozen=True)
class SignIn:
    """site: scheme, host and port, and no path."""

    site: str
    token: str
    insecure_http: bool = False


def origin_of(said: str, *, insecure_http: bool = False) -> str:
    """The origin of any address of a site. Raises WrongUse: `not_a_site`, or `insecure_http` for one that a token must not be sent to."""
    text = said.strip()
    if text and "://" not in text:
        text = f"{'http' if text.split('/')[0].split(':')[0] in LOOPBACK else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise WrongUse(f"{said[:80]} is not the address of a site. Write it as https://example.org", "not_a_site")
    if parts.scheme == "http" and host not in LOOPBACK and not insecure_http:
        said = "Without TLS everybody on the way could read the token. Use https, or allow it: --insecure-http"
        raise WrongUse(said, "insecure_http")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def token_of(said: str) -> str:
    """The secret in a line: bare, or as the header that curl reads. Raises WrongUse, code `not_a_token`."""
    line = next((one.strip() for one in said.splitlines() if one.strip()), "")
    if line.lower().startswith(HEADER):
        line = line[len(HEADER) :].strip()
    secret = line.split(" ")[-1]
    if not secret.startswith(START) or not secret.isascii() or len(secret) > MOST_LETTERS:
        raise WrongUse(f"This is no access token: one begins with {START}.", "not_a_token")
    return secret


def token_from(file: str) -> str:
    """- is standard input. Raises WrongUse: `cannot_read`, `not_a_token`."""
    try:
        said = sys.stdin.read(4096) if file == "-" else Path(file).expanduser().read_text(encoding="utf-8")[:4096]
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is no text"
        raise WrongUse(f"{file} cannot be read: {said}.", "cannot_read") from error
    return token_of(said)


def current(*, insecure_http: bool = False) -> SignIn:
    """Raises SignedOut where nobody is signed in, or WrongUse."""
    if said := os.environ.get(TOKEN_VARIABLE):
        site = os.environ.get(SITE_VARIABLE)
        if not site:
            raise WrongUse(
                f"{TOKEN_VARIABLE} is set, but not {SITE_VARIABLE}: it says which site it is for.", "no_site"
            )
        return SignIn(origin_of(site, insecure_http=insecure_http), token_of(said), insecure_http)
    kept = places.read(places.SIGN_IN)
    if not kept.get("site") or not kept.get("token"):
        raise SignedOut("Nobody is signed in here. Say: milliamp login https://SITE", "signed_out")
    if places.is_read_by_others(places.SIGN_IN):
        where = places.folder() / places.SIGN_IN
        raise SignedOut(
            f"Other people of this machine can read {where}. Sign in again: milliamp login", "open_to_others"
        )
    allowed = insecure_http or bool(kept.get("insecure_http"))
    return SignIn(origin_of(str(kept["site"]), insecure_http=allowed), token_of(str(kept["token"])), allowed)


def keep(found: SignIn, email: str) -> None:
    """Raises WrongUse."""
    document = {"site": found.site, "token": found.token, "email": email, "insecure_http": found.insecure_http}
    places.write(places.SIGN_IN, document)


def site_known() -> str:
    """The site that was signed in to, or ""; for what needs no token."""
    said = os.environ.get(SITE_VARIABLE) or places.read(places.SIGN_IN).get("site") or ""
    try:
        return origin_of(str(said), insecure_http=True) if said else ""
    except WrongUse:
        return ""
