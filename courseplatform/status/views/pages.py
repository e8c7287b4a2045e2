"""What anybody may read: how the site is now, tonight, and how it was."""

from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseNotModified
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseplatform.core.audience import public
from courseplatform.core.tables import csv_response
from courseplatform.courses.zones import zone_words
from courseplatform.status.hooks import registry
from courseplatform.status.selectors import page
from courseplatform.status.selectors import past as past_part
from courseplatform.status.selectors.now import state
from courseplatform.status.selectors.past import past

KEPT = 64  # renderings that one process remembers: one for each kind of reader, for five seconds
_rendered: "OrderedDict[object, str]" = OrderedDict()


def _live_html(looker: page.Looker) -> str:
    """Rendered once in five seconds for all who see the same: 600 people of one course cost one rendering."""
    key = (state.get().at, past.get().at, looker, get_language())
    found = _rendered.get(key)
    if found is None:
        found = render_to_string("status/_live.html", page.live_part(looker) | {"looker": looker})
        _rendered[key] = found
        while len(_rendered) > KEPT:
            _rendered.popitem(last=False)
    return found


@require_safe
@public
def index(request: HttpRequest) -> HttpResponse:
    looker = page.looker_of(request.user)
    with timezone.override(looker.zone):
        acts = [act for read in registry.acts.values() for act in read(timezone.now())] if looker.is_operator else []
        context: dict[str, object] = {
            "live": _live_html(looker),
            "looker": looker,
            "acts": acts,
            "zone_note": _zone_note(looker),
        }
        if looker.is_operator:
            context |= {"notices": state.get().banners, **page.operators_part()}
        return render(request, "status/index.html", context)


@require_safe
@public
def live(request: HttpRequest) -> HttpResponse:
    """The part that changes. Who has it already gets 304 and no body."""
    looker = page.looker_of(request.user)
    with timezone.override(looker.zone):
        html = _live_html(looker)
        if looker.is_operator:
            html += render_to_string("status/_operators.html", page.operators_part())
    tag = f'"{sha256(html.encode()).hexdigest()[:24]}"'
    fresh = request.headers.get("If-None-Match", "").removeprefix("W/") == tag
    response = HttpResponseNotModified() if fresh else HttpResponse(html)
    response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
    response["Vary"] = "Cookie"
    return response


def _zone_note(looker: page.Looker) -> str:
    zone = datetime.now(ZoneInfo(looker.zone))
    return f"All times {zone_words(looker.zone)} ({zone:%Z})"


@require_safe
@public
def waits_csv(request: HttpRequest) -> HttpResponse:
    now_is = state.get()
    rows = [
        [now_is.at.isoformat(), line.kind, line.title, line.waiting, "" if line.oldest_s is None else round(line.oldest_s), line.running]
        for line in now_is.lines
    ]  # fmt: skip
    return csv_response("status-waits.csv", ("at", "kind", "title", "waiting", "oldest_s", "running"), rows)


def _wait_csv(name: str, series: list[tuple[datetime, float]]) -> HttpResponse:
    return csv_response(name, ("at", "oldest_wait_s"), [[at.isoformat(), round(wait, 1)] for at, wait in series])


@require_safe
@public
def tonight_csv(request: HttpRequest) -> HttpResponse:
    return _wait_csv("status-tonight.csv", past.get().series.get(past_part.LIVE, []))


@require_safe
@public
def nights(request: HttpRequest) -> HttpResponse:
    looker = page.looker_of(request.user)
    context = {"nights": past_part.nights(ZoneInfo(looker.zone)), "zone_note": _zone_note(looker)}
    return render(request, "status/nights.html", context)


@require_safe
@public
def night(request: HttpRequest, night: str) -> HttpResponse:
    looker = page.looker_of(request.user)
    with timezone.override(looker.zone):
        context = {"part": page.night(looker, night), "zone_note": _zone_note(looker)}
        return render(request, "status/night.html", context)


@require_safe
@public
def night_csv(request: HttpRequest, night: str) -> HttpResponse:
    found = page.night(page.looker_of(request.user), night)
    return _wait_csv(f"status-{found['night']}.csv", found["series"])


@require_safe
@public
def incidents(request: HttpRequest) -> HttpResponse:
    """Of a hundred and twenty days; alerts are for operators."""
    looker = page.looker_of(request.user)
    since = timezone.now() - timedelta(days=120)
    zone = ZoneInfo(looker.zone)
    rows = [
        page.incident_row(one, zone) for one in past_part.incidents_since(since) if one.is_public or looker.is_operator
    ]
    context = {"rows": rows, "looker": looker, "zone_note": _zone_note(looker)}
    return render(request, "status/incidents.html", context)
