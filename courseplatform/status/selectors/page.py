"""The page as one reader sees it, from what is shared: their zone, the labs of their courses, and for operators what stands under the rule."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from courseplatform.core.lines import LineNow
from courseplatform.courses.models import Enrolment
from courseplatform.courses.zones import zone_words
from courseplatform.status import drawing, words
from courseplatform.status.hooks import Machine, registry
from courseplatform.status.models import Incident, Sample
from courseplatform.status.selectors import past as past_part
from courseplatform.status.selectors.now import State, state
from courseplatform.status.selectors.past import LIVE, Past, past

ORDER = ("live_runs", "board_runs", "reruns", "counts", "mail", "passback")
WIDTHS = (("wide", 860), ("narrow", 340))
Row = dict[str, Any]


@dataclass(frozen=True)
class Looker:
    """Who looks, as far as the page differs by it."""

    is_signed_in: bool
    is_operator: bool
    courses: frozenset[int]
    zone: str


def looker_of(person: User | AnonymousUser) -> Looker:
    """At most one query."""
    if not isinstance(person, User):
        return Looker(False, False, frozenset(), past.get().zone or "UTC")
    rows = Enrolment.objects.of(person).values_list("course", "course__zone")
    zones = [zone for _, zone in rows if zone]
    zone = person.zone or (zones[0] if zones else "") or past.get().zone or "UTC"
    return Looker(True, person.is_operator, frozenset(course for course, _ in rows), zone)


def live_part(looker: Looker) -> Row:
    """All that changes by itself. No query where the shared parts are fresh."""
    now_is, was, zone = state.get(), past.get(), ZoneInfo(looker.zone)
    verdict = words.verdict(
        now_is.lines, troubles=[(one.title, one.is_down) for one in now_is.incidents if one.is_public], silent_s=now_is.silent_s, lost=now_is.lost
    )  # fmt: skip
    return {
        "at": now_is.at, "verdict": verdict, "handed": _handed(now_is),
        "is_timed": now_is.served.half_ms is not None,
        "kinds": _kinds(now_is, looker), "machines": _machines(now_is, looker),
        "tonight": tonight(looker, now_is, was), "broke": _broke(was, zone), "banners": now_is.banners, "zone": zone_words(looker.zone),
    }  # fmt: skip


def operators_part() -> Row:
    """What stands under the rule. No query where the shared parts are fresh."""
    return _for_operators(state.get(), past.get())


def _handed(now_is: State) -> list[tuple[str, str]]:
    handed, served = now_is.handed_in, now_is.served
    every = handed.arrived == handed.with_receipt
    rows = [
        ("Arrived, all with a receipt" if every else "Arrived, with a receipt", f"{numbers.count(handed.with_receipt)} of {numbers.count(handed.arrived)}")
    ]  # fmt: skip
    if served.half_ms is not None and served.slowest_ms is not None:
        rows.append(("Half took less than", words.length(served.half_ms / 1000)))
        rows.append(("Slowest", words.length(served.slowest_ms / 1000)))
    if handed.largest_bytes:
        rows.append(("Largest model", numbers.size(handed.largest_bytes)))
    return rows


def _kinds(now_is: State, looker: Looker) -> Row:
    most = max((line.waiting for line in now_is.lines), default=0)
    rows = []
    for line in sorted(now_is.lines, key=lambda one: ORDER.index(one.kind) if one.kind in ORDER else len(ORDER)):
        rows.append(_kind(line, now_is.result_in.get(line.kind, ""), most))
        if line.kind == "live_runs":
            rows += [
                {
                    "title": one.title,
                    "waiting": one.waiting,
                    "oldest": _oldest(one.oldest_s),
                    "running": one.running,
                    "is_part": True,
                }
                for one in now_is.labs
                if one.course in looker.courses
            ]
    running = sum(line.running for line in now_is.lines)
    return {"rows": rows, "waiting": sum(line.waiting for line in now_is.lines), "running": running}


def _kind(line: LineNow, result_in: str, most: int) -> Row:
    return {
        "title": line.title, "waiting": line.waiting, "oldest": _oldest(line.oldest_s), "running": line.running, "result_in": result_in or "–",
        "badge": words.line_badge(line), "bar": 100 * line.waiting / most if most else 0,
    }  # fmt: skip


def _oldest(oldest_s: float | None) -> str:
    return "–" if oldest_s is None else words.length(oldest_s)


def _machines(now_is: State, looker: Looker) -> Row:
    rows = [
        {"name": _name(one, looker), "what": one.what, "badge": one.badge, "now": one.now, "lasts": _oldest(one.for_s)}
        for one in now_is.machines
    ]
    well = sum(one.is_well for one in now_is.machines)
    return {"rows": rows, "well": well, "all": len(rows)}


def _name(machine: Machine, looker: Looker) -> str:
    """Names of boards are given by the staff of a course."""
    return machine.name if machine.is_worker or looker.is_signed_in else "board"


def tonight(looker: Looker, now_is: State, was: Past) -> Row:
    """The last six hours."""
    zone = ZoneInfo(looker.zone)
    start, end = (now_is.at - past_part.EVENING).astimezone(zone), now_is.at.astimezone(zone)
    oldest = next(
        (0.0 if line.held_back else line.oldest_s or 0.0 for line in now_is.lines if line.kind == "live_runs"), None
    )
    series = [one for one in was.series.get(LIVE, []) if one[0] >= start]
    if oldest is not None:
        series = [*series, (now_is.at, oldest)]
    title = "Tonight" if end.hour >= 18 or end.hour < 5 else "The last six hours"
    return _evening(looker, series, was.incidents, was.dues, start, end, is_now=True) | {"title": title}


def _evening(
    looker: Looker, series: list[tuple[datetime, float]], incidents: list[Incident], dues: Any, start: datetime, end: datetime, *, is_now: bool
) -> Row:  # fmt: skip
    zone = ZoneInfo(looker.zone)
    shown = [one for one in incidents if one.is_public and start <= one.opened_at <= end]
    marks = [
        drawing.Mark(one.opened_at, f"{one.opened_at.astimezone(zone):%H:%M} {one.title}", _lasted(one))
        for one in shown[:6]
    ]
    for due in dues:
        title = due.title if due.course in looker.courses else "work"
        marks.append(drawing.Mark(due.at, f"{title} is due", is_due=True))
    worst = max(series, key=lambda one: one[1], default=None)
    near = [one.title for one in shown if worst is not None and -600 < (one.opened_at - worst[0]).total_seconds() < 60]
    seconds = [((at - start).total_seconds(), wait) for at, wait in series]
    mine = [due for due in dues if due.course in looker.courses]
    return {
        "finding": words.night_words(seconds, names=near), "more": _due_words(mine, zone), "is_demo": False,
        "plots": [
            {"css": css, "plot": drawing.plot(series, start=start, end=end, marks=marks, width=width, is_now=is_now)} for css, width in WIDTHS
        ],
        "day": f"{end:%a %b} {end.day}, {end:%Z}", "series": series, "rows": _table(series, zone),
    }  # fmt: skip


def _due_words(dues: Any, zone: ZoneInfo) -> str:
    said = [f"{due.title} is due at {due.at.astimezone(zone):%H:%M}." for due in dues[:2]]
    return " ".join(said)


def _table(series: list[tuple[datetime, float]], zone: ZoneInfo) -> list[tuple[str, str]]:
    """Every tenth minute, and where the wait was longest."""
    worst = max((wait for _, wait in series), default=0.0)
    return [
        (f"{at.astimezone(zone):%H:%M}", words.length(wait))
        for at, wait in series
        if at.minute % 10 == 0 or (wait == worst and worst > 0)
    ]


def _lasted(one: Incident) -> str:
    return (
        "lasts"
        if one.closed_at is None
        else f"over after {words.length((one.closed_at - one.opened_at).total_seconds())}"
    )


def incident_row(one: Incident, zone: ZoneInfo) -> Row:
    opened = one.opened_at.astimezone(zone)
    is_open = one.closed_at is None
    end = one.closed_at or timezone.now()
    return {
        "pk": one.pk, "when": f"{opened:%a %b} {opened.day}, {opened:%H:%M}", "title": one.title, "says": one.says, "is_open": is_open,
        "lasted": words.length((end - one.opened_at).total_seconds()), "is_demo": one.is_demo,
        "is_written": not one.rule and one.by not in ("the rule", "the demo"),
    }  # fmt: skip


def _broke(was: Past, zone: ZoneInfo) -> Row:
    public = [one for one in was.incidents if one.is_public]
    open_ones = [one for one in public if one.closed_at is None]
    days = past_part.days_of(was, zone)
    watched_h = sum(was.watched.values()) / 60
    down_h = past_part.down_seconds(was.incidents, was.at - timedelta(days=past_part.DAYS), was.at) / 3600
    up_h = max(watched_h - down_h, 0.0)
    up = (
        f"{up_h:.1f} of {watched_h:.1f} h watched up, {numbers.share(up_h / watched_h)}."
        if watched_h
        else "Nothing was watched yet."
    )
    worst = [
        f"{day['day']:%b} {day['day'].day}: nobody could work for {words.length(float(str(day['down_s'])))}"
        for day in days
        if day["down_s"]
    ]
    first: Any = days[0]["day"]
    return {
        "rows": [incident_row(one, zone) for one in public[:5]], "open": len(open_ones), "up": up, "days": drawing.strip(days),
        "from": f"{first:%b} {first.day}", "worst": worst[:3], "more": max(len(public) - 5, 0),
    }  # fmt: skip


def _for_operators(now_is: State, was: Past) -> Row:
    live = next((line for line in now_is.lines if line.kind == "live_runs"), None)
    workers = sum(one.is_worker and one.is_well for one in now_is.machines)
    measures = [_measure(one, was) for one in registry.measures.values() if was.series.get(one.probe)]
    alerts = [one for one in was.incidents if one.opened_at > was.at - timedelta(days=2)]
    log = [(one.opened_at, one.title, _closed_words(one)) for one in alerts]
    log += [(deed.at, f"{deed.what} ({deed.by})", deed.state) for deed in was.deeds]
    return {
        "drain": words.drain_words(live.waiting if live else 0, now_is.pace_s, workers), "measures": measures,
        "unwell": sum(not one["is_well"] for one in measures), "log": sorted(log, key=lambda row: row[0], reverse=True)[:12],
    }  # fmt: skip


def _closed_words(one: Incident) -> str:
    if one.closed_at is None:
        return "open"
    said = "closed by itself" if one.rule or one.by == "the rule" else "closed"
    return f"{said}, {timezone.localtime(one.closed_at):%H:%M}"


def _measure(measure: Any, was: Past) -> Row:
    series = was.series[measure.probe]
    rule, value = registry.rules.get(measure.rule), series[-1][1]
    is_old = was.at - series[-1][0] > timedelta(minutes=5)
    is_well = not is_old and (rule is None or value < rule.opens_at)
    return {
        "title": measure.title, "now": measure.shown(value), "alert": measure.shown(rule.opens_at) if rule else "–", "is_well": is_well,
        "line": drawing.sparkline(series, start=was.at - past_part.EVENING, end=was.at, alert=rule.opens_at if rule else None),
        "word": "well" if is_well else "not read" if is_old else "needs a look",
    }  # fmt: skip


def night(looker: Looker, said: str) -> Row:
    """One evening of before, from noon to noon in the reader's zone. Raises NotHere for a word that is no date, and one of which nothing is kept."""
    try:
        day = date.fromisoformat(said)
    except ValueError as error:
        raise NotHere("There is no such night. Choose one of the list.") from error
    zone = ZoneInfo(looker.zone)
    start = datetime.combine(day, time(12), zone)
    end = datetime.combine(day + timedelta(days=1), time(12), zone)
    found = past_part.series_between(start.astimezone(UTC), end.astimezone(UTC), (LIVE,)).get(LIVE, [])
    if not found:
        raise NotHere("Nothing is kept of this night: nobody watched, or it is more than 120 days ago.")
    incidents = past_part.incidents_since(start, end)
    row = _evening(looker, found, incidents, past_part.dues_between(start, end), start, end, is_now=False)
    shown = [incident_row(one, zone) for one in incidents if one.is_public and one.opened_at >= start]
    is_demo = Sample.objects.filter(at__gte=start, at__lte=end, is_demo=True).exists()
    return row | {"title": f"Night of {day:%a %b} {day.day}", "incidents": shown, "is_demo": is_demo, "night": day}
