"""The pages of a closed course offer nothing that its door (closing.py) would refuse.

One place instead of a condition in each template: the door reads the finished page, finds where each form leads, and asks of that route what it
will ask when the form comes. A form that goes on is left as it is. Of one that is refused, what was typed into it stays to be read and cannot be
changed; a button alone is taken away, and so is a link that looks like a button and leads to a page with nothing but such a form.
"""

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve

from courseplatform.core.audience import Audience, audience_of
from courseplatform.core.templatetags.ui import icon
from courseplatform.courses.closing import GOES_ON, SAFE
from courseplatform.courses.models import Course

OF_A_COURSE = {Audience.COURSE_PUBLIC, Audience.COURSE_MEMBERS, Audience.COURSE_STAFF, Audience.COURSE_INSTRUCTORS}
# Pages that are nothing but a form say so in a word of their route, `grading:assignment_edit`.
FORM_PAGES = re.compile(
    r"(?:\w+_)?(?:add|edit|change|describe|import|fill|found|invite|book|propose|publish|remove|grant|accommodation|excuse|extension|assign|spread|merge"
    r"|reserve)|(?:\w+_)?new(?:_\w+)?"
)
SAID = "This course is closed: nothing is changed here any more."

ATTRIBUTES = r"""(?:[^>"']|"[^"]*"|'[^']*')*"""
FORM = re.compile(rf"<form\b({ATTRIBUTES})>(.*?)</form>", re.S)
POSTS = re.compile(r"""\smethod=["']?post\b""", re.I)
FIELD = re.compile(rf"<(input|select|textarea)\b({ATTRIBUTES})>")
BUTTON = re.compile(rf"<button\b({ATTRIBUTES})>(.*?)</button>\s*", re.S)
LINK = re.compile(rf"<a\b({ATTRIBUTES})>.*?</a>\s*", re.S)
HTMX = re.compile(r"""\shx-[\w-]+="[^"]*\"""")
EMPTY = re.compile(rf"<(?:div|span|p)\b{ATTRIBUTES}>\s*</(?:div|span|p)>|<input\b{ATTRIBUTES}>|\s+")


def as_closed(response: HttpResponseBase, request: HttpRequest, course: Course) -> HttpResponseBase:
    """The answer of a view of this course, as it is where the course is open or the answer is no page."""
    if course.closed_at is None or request.method not in SAFE or response.streaming:
        return response
    if response.get("Content-Type", "").startswith("text/html"):
        html = response.content.decode(response.charset)  # type: ignore[attr-defined]
        response.content = _Page(html, request.path, course.slug).closed().encode(response.charset)  # type: ignore[attr-defined]
    return response


def _value(name: str, attributes: str) -> str:
    found = re.search(rf"""\s{name}=(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", attributes)
    return unescape(next(filter(None, found.groups()), "")) if found else ""


class _Page:
    """html: a page, or a part of one, that was asked for at `path`."""

    def __init__(self, html: str, path: str, slug: str) -> None:
        self.html, self.path, self.slug = html, path, slug
        self.ids: set[str] = set()  # of refused forms: their fields and buttons may stand anywhere

    def closed(self) -> str:
        html = FORM.sub(self._form, self.html)
        if self.ids:
            html = FIELD.sub(lambda one: self._elsewhere(one, one[1]), html)
            html = BUTTON.sub(lambda one: self._elsewhere(one, "button"), html)
        return LINK.sub(self._link, html)

    def _route(self, address: str) -> ResolverMatch | None:
        """Where an address of this page leads, where that is a page of this course."""
        whole = urlsplit(urljoin(self.path, address))
        if whole.netloc:
            return None
        try:
            found = resolve(whole.path)
        except Resolver404:
            return None
        is_ours = found.kwargs.get("course") == self.slug and audience_of(found.func) in OF_A_COURSE
        return found if is_ours else None

    def _form(self, form: re.Match[str]) -> str:
        attributes, inner = form[1], form[2]
        route = self._route(_value("action", attributes)) if POSTS.search(attributes) else None
        if route is None or route.view_name in GOES_ON:
            return form[0]
        self.ids |= {_value("id", attributes)} - {""}
        inner, seen = HTMX.sub("", inner), [one for one in FIELD.finditer(inner) if _is_seen(one)]
        if not seen:
            return self._without_buttons(attributes, inner)
        reason = "" if _is_in_a_cell(self.html, form.start()) else f'<p class="note">{icon("lock")} {SAID}</p>'
        if all(_value("type", one[2]) == "file" for one in seen):  # nothing was typed that could be read
            return reason
        inner = FIELD.sub(lambda one: _disabled(one, one[1]) if _is_seen(one) else one[0], inner)
        return f"<form data-closed{attributes}>{_buttons_off(inner)}{reason}</form>"

    @staticmethod
    def _without_buttons(attributes: str, inner: str) -> str:
        """Words around the buttons stay. What a script of the page may look for stays, too, where nobody sees it."""
        left = BUTTON.sub(lambda one: "" if _sends(one) else one[0], inner)
        if EMPTY.sub("", EMPTY.sub("", left)):
            return f"<form{attributes}>{left}</form>"
        return f"<form hidden{attributes}>{_buttons_off(inner)}</form>" if " data-" in attributes + inner else ""

    def _elsewhere(self, found: re.Match[str], tag: str) -> str:
        attributes = found[2] if tag != "button" else found[1]
        return _disabled(found, tag) if _value("form", attributes) in self.ids else found[0]

    def _link(self, link: re.Match[str]) -> str:
        if "btn" not in _value("class", link[1]).split():
            return link[0]
        route = self._route(_value("href", link[1]))
        if route is None or route.view_name in GOES_ON:
            return link[0]
        return "" if FORM_PAGES.fullmatch(route.url_name or "") else link[0]


def _is_seen(field: re.Match[str]) -> bool:
    """Also a field that only finds among the rows of a form is none that is sent."""
    return field[1] != "input" or _value("type", field[2]) not in {"hidden", "search"}


def _sends(button: re.Match[str]) -> bool:
    return _value("type", button[1]) in {"", "submit"}


def _buttons_off(inner: str) -> str:
    return BUTTON.sub(lambda one: _disabled(one, "button") if _sends(one) else one[0], inner)


def _disabled(found: re.Match[str], tag: str) -> str:
    """The attribute goes in front, whatever follows it; the reason is heard and shown at a button that has no other."""
    title = f' title="{SAID}"' if tag == "button" and " title=" not in found[0] else ""
    return f"<{tag} disabled{title}{found[0][len(tag) + 1 :]}"


def _is_in_a_cell(html: str, at: int) -> bool:
    return html.rfind("<td", 0, at) > html.rfind("</td>", 0, at)
