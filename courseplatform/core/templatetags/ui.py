"""Template tags of the design system: icons, badges, the basis of a number, numbers and times as people read them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from html import escape  # that of Django asks of each word whether it is a lazy one
from itertools import chain
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from courseplatform.core import numbers
from courseplatform.core.drawn import drawn
from courseplatform.core.image_files import MOST_BYTES

register = template.Library()
register.simple_tag(drawn)

BASIS = {
    "counted": "counted",
    "modelled": "modelled",
    "measured": "measured",
    "shown": "shown, not graded",
    "extrapolated": "extrapolated, not graded",
}
# Each basis has a shape of its own, so that none is told by colour.
SHAPES = {
    "counted": '<rect x="1" y="1" width="8" height="8" fill="currentColor"/>',
    "modelled": '<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor"/><path d="M5 1a4 4 0 0 1 0 8z" fill="currentColor"/>',
    "measured": '<circle cx="5" cy="5" r="4.5" fill="currentColor"/>',
    "shown": '<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="1.4"/>',
    "extrapolated": '<path d="M5 1.2 9.2 9H.8z" fill="none" stroke="currentColor"/>',
}


# typed: what is safe already is another word than one to be escaped.
@register.simple_tag
@lru_cache(maxsize=1000, typed=True)
def icon(name: str, more: str = "") -> SafeString:
    """An icon of the sprite; decoration only, the word beside it says the same."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>', more, static("img/icons.svg"), name
    )


@register.simple_tag
def badge(found: Any) -> SafeString:
    """A badge from an object with tone, icon and word."""
    return _badge(found.tone, found.icon, found.word)


@lru_cache(maxsize=1000, typed=True)
def _badge(tone: str, name: str, word: str) -> SafeString:
    return format_html('<span class="badge {}">{}{}</span>', tone, icon(name), word)


@register.simple_tag
def image_bytes() -> int:
    """The most that a picture in a form may have, for static/js/shrink.js."""
    return MOST_BYTES


@register.simple_tag
def basis(name: str, words: str = "") -> SafeString:
    """How a number was got: shape and word; `words` where more is to be said than the usual word."""
    shape, word = SafeString(SHAPES[name]), words or BASIS[name]  # of our own table  # nosec B703
    return format_html('<span class="basis"><svg viewBox="0 0 10 10" aria-hidden="true">{}</svg>{}</span>', shape, word)


@register.simple_tag
def dense_rows(rows: Iterable[Iterable[Any]]) -> SafeString:
    """The rows of a plain table, numbers from the second column on. By one function: a class of 500 in a loop of the template took 60 ms."""
    found = [tuple(row) for row in rows]
    if (plain := _plain_rows(found)) is not None:
        return plain
    drawn = []
    for row in found:
        first, *others = (escape(cell) if type(cell) is str else conditional_escape(localize(cell)) for cell in row)
        numbers_of_row = "".join(f'<td class="num">{cell}</td>' for cell in others)
        drawn.append(f"<tr><td>{first}</td>{numbers_of_row}</tr>\n")
    return SafeString("".join(drawn))  # each cell was escaped above  # nosec B703


NEXT_CELL, NEXT_ROW = "\x1e", "\x1f"


def _plain_rows(rows: list[tuple[Any, ...]]) -> SafeString | None:
    """The same where every cell is a plain word: all are escaped at once, and tags come where one ended. None where it is not so."""
    if not rows or not all(rows) or set(map(type, chain.from_iterable(rows))) != {str}:
        return None
    text = NEXT_ROW.join(map(NEXT_CELL.join, rows))
    if text.count(NEXT_ROW) + text.count(NEXT_CELL) != sum(map(len, rows)) - 1:  # a cell holds such a sign
        return None
    drawn = escape(text).replace(NEXT_CELL, '</td><td class="num">').replace(NEXT_ROW, "</td></tr>\n<tr><td>")
    return SafeString(f"<tr><td>{drawn}</td></tr>\n")  # escaped as a whole  # nosec B703


@register.simple_tag
def amount(share: float, tone: str = "", is_top: bool = False) -> SafeString:
    """A bar in a cell of a table. tone: a class of ours. By one function, because tables have hundreds."""
    css = f"bar-of-amount{' top' if is_top else ''}{f' {tone}' if tone else ''}"
    return SafeString(  # a class and a number  # nosec B703
        f'\n<svg class="{css}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{meter_width(share)}" height="8" rx=".5" /></svg>\n'
    )


@register.simple_tag
def in_words(moment: datetime) -> SafeString:
    """in 3 h 12 min, 4 days ago: the absolute time on hover; static/js/times.js keeps it true."""
    gap = numbers.span(abs(moment - timezone.now()))
    return _ticking(moment, f"in {gap}" if moment > timezone.now() else f"{gap} ago", "")


@register.simple_tag
def length_of(moment: datetime) -> SafeString:
    """3 h 12 min: how far away a moment is, without saying in which direction; it ticks too."""
    return _ticking(moment, numbers.span(abs(moment - timezone.now())), "bare")


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """01:44:44 EST: the server's clock; static/js/times.js lets it go on."""
    local = timezone.localtime(moment)
    zone, shown = f"{local:%Z}", f"{local:%H:%M:%S %Z}"
    return format_html('<time datetime="{}" data-clock="{}">{}</time>', local.isoformat(), zone, shown)


def _ticking(moment: datetime, words: str, form: str) -> SafeString:
    local = timezone.localtime(moment)
    absolute = f"{local:%a %b %-d, %Y, %H:%M:%S %Z}"
    return format_html(
        '<time datetime="{}" title="{}" data-relative="{}">{}</time>', local.isoformat(), absolute, form, words
    )


@register.simple_tag
def at(moment: datetime | None) -> SafeString | str:
    """What `zoned` says, for static/js/times.js to say in the form of the reader's country. Not for mails and files."""
    if moment is None:
        return ""
    return SafeString(
        f'<time datetime="{timezone.localtime(moment).isoformat()}" data-at>{zoned(moment)}</time>'
    )  # a time's own words  # nosec B703


@register.filter
def when(moment: datetime | None) -> str:
    """Fri Nov 3, 23:59"""
    return f"{timezone.localtime(moment):%a %b %-d, %H:%M}" if moment else ""


@register.filter
def zoned(moment: datetime | None) -> str:
    """Fri Nov 3, 23:59 EDT"""
    return f"{timezone.localtime(moment):%a %b %-d, %H:%M %Z}" if moment else ""


@register.filter
def hour(moment: datetime | None) -> str:
    """23:59"""
    return f"{timezone.localtime(moment):%H:%M}" if moment else ""


@register.filter
def clock_time(moment: datetime | None) -> str:
    """23:59:07"""
    return f"{timezone.localtime(moment):%H:%M:%S}" if moment else ""


@register.filter
def points(value: Decimal | float | str | None) -> str:
    return "–" if value in (None, "") else numbers.points(float(str(value)))


@register.filter
def signed(value: Decimal | float) -> str:
    """What something gives or takes, with its sign: +2.00, \N{MINUS SIGN}0.25, 0.00."""
    return f"{value:{'+' if value else ''}.2f}".replace("-", "\N{MINUS SIGN}")


@register.filter
def count(value: float) -> str:
    return numbers.count(value)


@register.filter
def size(value: float) -> str:
    return numbers.size(value)


@register.filter
def disk(value: float) -> str:
    return numbers.disk(value)


@register.filter
def span(value: timedelta) -> str:
    return numbers.span(value)


@register.filter
def meter_width(share: float, width: int = 100) -> str:
    """Length of a meter's fill; a value past the limit is drawn to scale with the limit marked."""
    return f"{width * min(share, 1.0):.1f}"


@register.filter
def limit_place(share: float, width: int = 100) -> str:
    """Where the limit stands on a full meter whose value is past it."""
    return f"{width / share:.1f}" if share > 1 else f"{width}"


@register.filter
def minus(value: float, other: float) -> float:
    return float(value) - float(other)


@register.filter
def plus(value: float, other: float) -> float:
    return float(value) + float(other)
