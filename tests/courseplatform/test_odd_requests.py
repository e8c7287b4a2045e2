"""Odd values in every address and every form, by the whole cast: a clear answer each, never a crash."""

import os
import re
import sys
import traceback
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import connection, transaction

from tests import parts
from tests.courseplatform.participation.builders import with_scheme
from tests.courseplatform.test_access import PATTERNS, addresses_of, audience_of

HUGE, ENDLESS = "9" * 30, "9" * 5000  # more than a column holds, and more digits than int() reads
# What the fields of a kind are replaced by. Each stands for a way in which a reader of it can fall over.
ODD = {
    "date": ["0202-11-26", "9999-12-31"],
    "datetime-local": ["0202-11-26T10:00", "9999-12-31T23:59", "2026-03-08T02:30"],
    "time": ["24:00"],
    "number": [HUGE, "²"],
    "hidden": [HUGE, ENDLESS],
    "choice": [HUGE, "\0"],
    "text": ["a\0b", "=1+1\r\nBcc: everybody@example.edu \u202e [" + "[" * 3500 + "x" * 10_000],
}  # fmt: skip
DANGEROUS = ("logout", "/demo/", "/healthz")


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # name -> [(kind, value)]

    @property
    def key(self):
        return re.sub(r"\d+|[0-9a-f-]{36}", "N", self.action), tuple(
            sorted(re.sub(r"\d+", "N", n) for n in self.fields)
        )


class Forms(HTMLParser):
    """The forms of a page with what they would send, and all that htmx would get."""

    def __init__(self, address):
        super().__init__()
        self.address, self.forms, self.current, self.outside = address, [], None, []
        self.by_id, self.area, self.select = {}, None, None

    def handle_starttag(self, tag, attrs):
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.current = Form(a.get("action") or self.address, a.get("method", "get").lower())
            self.forms.append(self.current)
            self.by_id[a.get("id")] = self.current
            return
        name = a.get("name")
        form = self.by_id.get(a["form"]) if "form" in a else self.current
        if tag == "option" and self.select is not None:
            target, name = self.select
            target.fields.setdefault(name, []).append(("choice", a.get("value", "")))
        if not name or form is None or "disabled" in a:
            return
        if tag == "select":
            self.select = (form, name)
        elif tag == "textarea":
            form.fields.setdefault(name, []).append(("text", "words"))
        elif tag in ("input", "button"):
            kind = a.get("type", "text" if tag == "input" else "submit")
            kind = "choice" if kind in ("radio", "checkbox", "submit") else kind
            kind = "number" if a.get("inputmode") in ("numeric", "decimal") else kind
            form.fields.setdefault(name, []).append((kind, a.get("value", "on" if kind == "choice" else "")))
            if a.get("formaction"):
                self.forms.append(Form(a["formaction"], form.method, form.fields))

    def handle_endtag(self, tag):
        if tag == "form":
            self.current = None
        if tag == "select":
            self.select = None


def sent(form, odd=None):
    """What the form sends: the first choice, or odd values for all fields of some kinds."""
    data = {}
    for name, options in form.fields.items():
        kind, value = options[-1] if options[0][0] == "choice" else options[0]
        if kind == "file":
            data[name] = SimpleUploadedFile("odd.zip", b"PK\x03\x04\x00\xff" * 40)
            continue
        if kind not in ODD:
            kind = "text"
        if value == "" and kind in ("text", "number", "date", "time"):
            value = {"text": "https://example.edu/a", "number": "2", "date": "2026-11-26", "time": "10:00"}[kind]
        data[name] = odd[kind] if odd and kind in odd else value
    return data


def mutations(form):
    """The form as it is; one kind of its fields odd; then all of them."""
    yield "as it is", sent(form)
    kinds = {k if k in ODD else "text" for options in form.fields.values() for k, _ in options if k != "file"}
    for kind in sorted(kinds):
        for value in ODD[kind]:
            yield f"{kind}={value[:12]!r}", sent(form, {kind: value})
    yield "only NULs", sent(form, dict.fromkeys(ODD, "\0"))


class Witness:
    """Asks like a browser, takes back what was changed, and remembers what crashed."""

    def __init__(self, client):
        self.client, self.crashed, self.seen, self.asked = client, {}, None, 0
        client.raise_request_exception = False
        got_request_exception.connect(self._saw, weak=False)

    def _saw(self, **kwargs):
        self.seen = sys.exc_info()

    def ask(self, method, address, data=None, note="", then=()):
        """then: pages that are looked at after a change, before it is taken back."""
        with transaction.atomic():
            answer = self._one(method, address, data, note)
            if answer.status_code == 302:
                for page in (*then, answer["Location"]):
                    self._one("get", page, {}, f"after {method} {address} {note}")
            transaction.set_rollback(True)
        return answer

    def _one(self, method, address, data, note):
        self.seen, self.asked = None, self.asked + 1
        answer = getattr(self.client, method)(address, data or {})
        if answer.status_code >= 500 and not address.startswith("/healthz"):
            kind, error, trace = self.seen or (None, None, None)
            where = [
                f
                for f in traceback.extract_tb(trace)
                if "site-packages" not in f.filename and "middleware" not in f.filename
            ]
            at = f"{where[-1].filename[-60:]}:{where[-1].lineno}" if where else "?"
            self.crashed.setdefault((f"{kind and kind.__name__}: {str(error)[:90]}", at), (method, address[:90], note))
        return answer

    def done(self):
        got_request_exception.disconnect(self._saw)
        return "\n".join(f"{error} at {where}: {how}" for (error, where), how in sorted(self.crashed.items()))


# In the whole suite another session asks all this on PostgreSQL, which refuses more: a NUL, a number that fits no column.
ASKED_THERE = "MILLIAMP_TEST_RECORD" in os.environ and bool(parts.find("postgresql")[0])
pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture(autouse=True)
def on_one_database():
    if ASKED_THERE and connection.vendor == "sqlite":
        pytest.skip("asked on PostgreSQL")


@pytest.fixture
def addresses(cast, tmp_path):
    return addresses_of(cast, tmp_path)


@pytest.fixture
def witness(client):
    return Witness(client)


WORDS = (
    "q",
    "show",
    "tab",
    "sort",
    "state",
    "status",
    "role",
    "section",
    "kind",
    "other",
    "view",
    "column",
    "text",
    "assignment",
    "person",
)
NUMBERS = ("page", "session", "seed", "times", "past", "paper", "round", "saved", "last", "lab", "duty", "mine", "all")
IN_ADDRESS = {
    "int": [HUGE, ENDLESS], "slug": ["x" * 3000], "uuid": ["00000000-0000-0000-0000-000000000000"],
    "str": ["%00", "x" * 3000],
}  # fmt: skip


@pytest.mark.parametrize("name", ["helen", pytest.param("ruth", marks=pytest.mark.whole)])
def test_odd_keys_in_addresses(cast, addresses, witness, name):
    witness.client.force_login(getattr(cast, name))
    for (route, _), (address, _) in zip([p for p in PATTERNS if keeps(p)], addresses, strict=True):
        parts, filled = re.split(r"(<\w+:\w+>)", f"/{route}"), address
        for place, part in enumerate(parts):
            if not part.startswith("<") or part == "<slug:course>":
                continue
            for odd in IN_ADDRESS[part[1:].partition(":")[0]]:
                with_odd = "".join(odd if n == place else value for n, value in enumerate(values_of(parts, filled)))
                for method in ("get", "post"):
                    witness.ask(method, with_odd)
    assert witness.done() == ""


def keeps(pattern):
    route, view = pattern
    return not (audience_of(view) in ("public", "signed_in") and "accounts/" in route and "<" in route)


def values_of(parts, filled):
    """The parts of a route as they stand in an address."""
    found = re.fullmatch("".join("(.+?)" if part.startswith("<") else f"({re.escape(part)})" for part in parts), filled)
    return found.groups()


@pytest.mark.parametrize("name", ["helen", "ruth", pytest.param(None, marks=pytest.mark.whole)])
def test_odd_questions(cast, addresses, witness, name):
    if name is None:
        cast.course.is_public = True
        cast.course.save()
    else:
        witness.client.force_login(getattr(cast, name))
    for address, _ in addresses:
        if any(word in address for word in DANGEROUS) or witness.ask("get", address).status_code != 200:
            continue
        witness.ask("get", address, dict.fromkeys(WORDS, "a\0b") | dict.fromkeys(NUMBERS, ENDLESS))
        witness.ask("get", address, {"zone": "\x00"})
    assert witness.done() == ""


@pytest.mark.parametrize("name", ["helen", "ruth", pytest.param(None, marks=pytest.mark.whole)])
def test_odd_forms(cast, addresses, witness, name):
    with_scheme(cast.course)
    if name:
        witness.client.force_login(getattr(cast, name))
    known, home = set(), f"/courses/{cast.course.slug}/"
    then = [home, f"{home}schedule/", f"{home}calendar/", f"{home}calendar.ics"]
    for address, _ in addresses:
        if any(word in address for word in DANGEROUS):
            continue
        page = witness.ask("get", address)
        if page.status_code != 200 or "html" not in page["Content-Type"]:
            continue
        reader = Forms(address)
        reader.feed(page.content.decode())
        for form in reader.forms:
            action = form.action.partition("#")[0]
            if form.key in known or form.method not in ("get", "post") or any(word in action for word in DANGEROUS):
                continue
            known.add(form.key)
            for note, data in mutations(form):
                witness.ask(form.method, action, data, note, then if note.startswith("date") else ())
    assert known
    assert witness.done() == ""
