"""Sign in and out, who one is, and which version this is."""

from __future__ import annotations

import getpass
import json
import os
import platform
from typing import Any

from courseplatform.cli.client import places, sign_in
from courseplatform.cli.client.built import VERSION
from courseplatform.cli.client.line import Answer, Broken, Line
from courseplatform.cli.client.session import Session
from courseplatform.cli.client.sign_in import SignIn
from courseplatform.cli.client.text import clean, table, when
from courseplatform.cli.client.words import DONE, NoLine, WrongUse

VERSION_ADDRESS = "/cli/version"


def login(session: Session) -> int:
    """`login [SITE]`: asks for the token, tries it, and keeps both."""
    options, console = session.options, session.console
    said = options.site or os.environ.get(sign_in.SITE_VARIABLE) or places.read(places.SIGN_IN).get("site")
    if not said:
        raise WrongUse("Which site? milliamp login https://SITE", "no_site")
    site = sign_in.origin_of(str(said), insecure_http=options.insecure_http)
    found = SignIn(site, _token(session, site), options.insecure_http)
    me = Line(found, console.say).get("me")
    sign_in.keep(found, str(me["email"]))
    if options.json:
        console.json(me)
        return DONE
    console.out(f"Signed in to {site} as {clean(me['name'])} ({clean(me['email'])}).")
    console.lines(_token_lines(me))
    return DONE


def _token(session: Session, site: str) -> str:
    """Never an argument: those stand in histories and lists of processes."""
    if session.options.token_file:
        return sign_in.token_from(session.options.token_file)
    if said := os.environ.get(sign_in.TOKEN_VARIABLE):
        return sign_in.token_of(said)
    if not session.console.can_ask:
        raise WrongUse(
            "Nobody is here to type a token. Name its file: --token-file FILE, or - for standard input.", "no_token"
        )
    session.console.say(f"Make a token at {site}/accounts/tokens/ and paste it here; it is not shown.")
    return sign_in.token_of(getpass.getpass("Token: "))


def _token_lines(me: dict[str, Any]) -> list[str]:
    token = me["token"]
    if token is None:
        return []
    scopes = ", ".join(clean(one) for one in token["scopes"])
    lines = [f"Token {clean(token['name'])} ({clean(token['prefix'])}...): {scopes}; until {when(token['expires_at'])}"]
    if "hand_in" not in token["scopes"]:
        lines.append("It only reads: to hand in, make one with the scope hand_in.")
    return lines


def logout(session: Session) -> int:
    """`logout`."""
    site = sign_in.site_known()
    was_there = places.remove(places.SIGN_IN)
    places.remove(places.NAMES)
    if session.options.json:
        session.console.json({"signed_out": was_there})
    elif was_there:
        session.console.out(f"Signed out. The token still lives: revoke it at {site}/accounts/tokens/")
    else:
        session.console.out("Nobody was signed in here.")
    return DONE


def whoami(session: Session) -> int:
    """`whoami`."""
    me = session.me
    if session.options.json:
        session.console.json({**me, "site": session.line.site})
        return DONE
    session.console.out(f"{clean(me['name'])} ({clean(me['email'])}) at {session.line.site}")
    session.console.lines(_token_lines(me))
    return DONE


def version(session: Session) -> int:
    """`version`: this program's, and that which the site serves, where one is known and answers."""
    site = sign_in.site_known()
    served = _served(site) if site else None
    facts = {"version": VERSION, "python": platform.python_version(), "site": site or None, "served": served}
    if session.options.json:
        session.console.json(facts)
        return DONE
    session.console.lines(table([("milliamp", VERSION), ("Python", facts["python"])]))
    if served and served.get("version") != VERSION:
        session.console.say(f"{site} serves {clean(served.get('version', ''))}. To have that one: {site}/cli/")
    return DONE


def _served(site: str) -> dict[str, Any] | None:
    """What the site says of the file that it serves. No token goes along."""
    try:
        answer: Answer = Line(SignIn(site, "")).once("GET", VERSION_ADDRESS, None, {})
        found = json.loads(answer.body.decode("utf-8"))
    except (Broken, NoLine, ValueError):
        return None
    return found if isinstance(found, dict) and answer.status == 200 else None
