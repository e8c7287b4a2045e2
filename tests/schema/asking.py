"""Who asks, and an answer as text."""

import io
import zipfile
from dataclasses import dataclass

from django.conf import settings
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client

from courseplatform.accounts.models import AccessToken, User
from tests.courseplatform.accounts.builders import make_token

ALL_SCOPES = ("read", "hand_in", "hardware")


@dataclass(frozen=True)
class Role:
    """One row of the table: `who` it is (none: nobody), what is sent to say so, and the scopes of a token (None: no token)."""

    name: str
    who: str
    headers: dict[str, str]
    scopes: tuple[str, ...] | None = None


def token_of(person: User, name: str, scopes: tuple[str, ...]) -> dict[str, str]:
    row, secret = make_token(person, ("read",), name=name)
    AccessToken.objects.filter(pk=row.pk).update(scopes=list(scopes))  # none at all is a token that no page makes
    return {"Authorization": f"Bearer {secret}"}


def session_of(person: User) -> dict[str, str]:
    """The cookies of a browser, and its form token beside them."""
    client, token = Client(), _get_new_csrf_string()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}",
        "X-CSRFToken": token,
    }


def roles_of(world, runner_token: str) -> list[Role]:
    """The roles of the walk over the API."""
    rows = (
        ("student", "ruth", ALL_SCOPES), ("another student", "daniel", ALL_SCOPES), ("student, not of the team", "tariq", ALL_SCOPES),
        ("TA", "amit", ALL_SCOPES), ("instructor", "helen", ALL_SCOPES), ("operator", "olu", ALL_SCOPES),
        ("of another course", "lena", ALL_SCOPES), ("student, read alone", "ruth", ("read",)), ("instructor, no scope", "helen", ()),
        ("dropped student", "mina", ALL_SCOPES),
    )  # fmt: skip
    found = [Role(name, who, token_of(world.people[who], name, scopes), scopes) for name, who, scopes in rows]
    runner = Role("a runner", "", {"Authorization": f"Bearer {runner_token}"})
    return [
        Role("nobody", "", {}),
        Role("student, in a browser", "ruth", session_of(world.people["ruth"])),
        *found,
        runner,
    ]


def text_of(headers, body: bytes) -> str:
    """Head and body of an answer, also what a zip or a workbook holds."""
    said = "\n".join(f"{name}: {value}" for name, value in headers.items())
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"\n".join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())
    return f"{said}\n{body.decode('utf-8', 'replace')}"
