"""The part `sessions`: rows that keep their identity over imports, because work refers to them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import ProtectedError

from courseplatform.courses.course_file.course_part import clock_text, clock_value, day_value, rewrite, without_empty
from courseplatform.courses.course_file.difference import SAME_SESSION, named
from courseplatform.courses.course_file.facts import OUTLINE
from courseplatform.courses.course_file.registry import Edited, FilePart
from courseplatform.courses.course_file.words import (
    WEEKDAYS,
    choice,
    clock,
    count,
    day,
    flag,
    line,
    link,
    listed,
    mapping,
    prose,
)
from courseplatform.courses.models import Course, DatedItem, ScheduleChange, Session
from courseplatform.courses.models.schedule import NO_SESSION

LINK = mapping(
    "A link, perhaps to come.",
    ("label",),
    label=line("Slides.", 80),
    kind=choice("What it is.", "slides", "video", "live", "other"),
    url=link("Its address; left out: to come."),
)
ITEM = mapping(
    "A dated line under a session that is not work handed in here.",
    ("label",),
    date=day("The day; left out: that of the session."),
    kind=choice("What it is.", *DatedItem.Kind.values, usual="milestone"),
    label=line("As the source writes it.", 160),
    note=line("What stands beside it."),
    follows=flag("Moves with the session.", default=True),
)
SESSION = mapping(
    "A meeting, a slot of a programme, or a day without class.",
    ("title",),
    date=day("The day."),
    weekday=choice("All that is known of the day of a programme without a date.", *WEEKDAYS),
    from_=clock("Begin."),
    to=clock("End."),
    place=line("The room.", 80),
    column=choice("Where it stands, not what happens in it.", *Session.Column.values),
    kind=choice("What happens in it. Left out: lecture, a lab that is released, no class.", *Session.Kind.values),
    also=listed(choice("A kind.", *Session.Kind.values), "What else happens in it: project hours beside a lab."),
    number=count("The lecture's number; days without class have none."),
    slot=line("What a programme calls it: Keynote 1.", 80),
    title=line("As the source writes it; -- for a slot in which nothing happens."),
    note=line("What stands beside it."),
    class_=flag("Off: no class, and the title says why.", default=True),
    cancelled=flag("Was to be held, and is not.", default=False),
    published=flag("Off: staff only.", default=True),
    releases_lab=flag("A lab is given out in it.", default=False),
    modes=listed(line("in class, Zoom.", 40), "How one takes part."),
    speakers=listed(
        mapping(
            "Somebody who speaks.", ("name",), name=line("Their name.", 120), affiliation=line("Of that day.", 160)
        ),
        "Who speaks.",
    ),
    presenters=listed(line("A name.", 120), "Names as the programme lists them again."),
    abstract=prose("What the talk is about, in your own words."),
    biography=prose("Who speaks, in your own words."),
    outline=OUTLINE,
    links=listed(LINK, "Slides and videos."),
    items=listed(ITEM, "Dated lines."),
)
SAYS_KIND = "says_kind"  # in details: the file names the kind though it is the usual one
DETAILS = ("also", "slot", "modes", "speakers", "presenters", "abstract", "biography", "outline", "links")


def usual_kind(item: dict[str, Any]) -> str:
    """What a session is where the file does not say."""
    if not item.get("class", True):
        return Session.Kind.NONE if item["title"] == NO_SESSION else Session.Kind.HOLIDAY
    return Session.Kind.LAB if item.get("releases_lab") else Session.Kind.LECTURE


def _dump(course: Course) -> list[dict[str, Any]]:
    rows = course.sessions.filter(is_withdrawn=False).order_by("position", "pk").prefetch_related("items")
    return [_session_dump(session) for session in rows]


def _session_dump(session: Session) -> dict[str, Any]:
    details = dict(session.details)
    says_kind = details.pop(SAYS_KIND, False)
    held = without_empty(
        date=session.held_on.isoformat() if session.held_on else None,
        weekday=WEEKDAYS[session.weekday] if session.held_on is None and session.weekday is not None else None,
        from_=clock_text(session.starts_at), to=clock_text(session.ends_at), place=session.place, column=session.column,
        kind=session.kind, number=session.number, title=session.title, note=session.note, **details,
        items=[_item_dump(item, session) for item in session.items.all()],
    )  # fmt: skip
    flags = {
        "class": (session.is_class, True),
        "cancelled": (session.is_cancelled, False),
        "published": (session.is_published, True),
        "releases_lab": (session.releases_lab, False),
    }
    held |= {key: value for key, (value, usual) in flags.items() if value != usual}
    if held["kind"] == usual_kind(held) and not says_kind:
        held.pop("kind")
    return {key: held[key] for key in SESSION["properties"] if key in held}


def _item_dump(item: DatedItem, session: Session) -> dict[str, Any]:
    held = without_empty(
        date=item.on.isoformat() if item.on else None,
        kind=item.kind,
        label=item.label,
        note=item.note,
        follows=False if not item.follows else None,
    )
    if item.kind == DatedItem.Kind.MILESTONE:
        held.pop("kind")
    return held


def _load(course: Course, value: list[dict[str, Any]] | None) -> list[str]:
    wanted = value or []
    left = list(course.sessions.prefetch_related("items"))
    kept: list[str] = []
    for position, (item, session) in enumerate(zip(wanted, _matched(wanted, left), strict=True)):
        _write(session or Session(course=course), item, position)
    for session in left:
        if session.is_withdrawn:
            continue
        try:
            session.delete()
        except ProtectedError:
            Session.objects.filter(pk=session.pk).update(is_withdrawn=True)
            kept.append(f"{session} is no longer in the file; it is hidden and kept, because work refers to it.")
    return kept


def _matched(wanted: list[dict[str, Any]], left: list[Session]) -> list[Session | None]:
    """The row of each wanted session, taken out of `left`: same day, place in the day and title; then the same title; then the same day.

    So a session that was moved, and one that got another title, each stay the row that scribe notes and attendance refer to.
    """
    keys: tuple[tuple[Callable[[dict[str, Any]], Any], Callable[[Session], Any]], ...] = (
        (lambda i: (i.get("date"), i.get("from"), i["title"]), lambda s: (_iso(s), clock_text(s.starts_at), s.title)),
        (SAME_SESSION[0], lambda s: (s.column or None, s.title)),
        (SAME_SESSION[1], lambda s: (_iso(s), clock_text(s.starts_at), s.column or None)),
    )  # fmt: skip
    found: list[Session | None] = [None] * len(wanted)
    for of_item, of_row in keys:
        for n, item in enumerate(wanted):
            if found[n] is None:
                found[n] = next((s for s in left if of_row(s) == of_item(item)), None)
                if (session := found[n]) is not None:
                    left.remove(session)
    return found


def _iso(session: Session) -> str | None:
    return session.held_on.isoformat() if session.held_on else None


def _write(session: Session, item: dict[str, Any], position: int) -> None:
    """Writes the row if it changes, and raises its sequence then, so that calendars take the new one."""
    if session.pk and not session.is_withdrawn and _session_dump(session) == item and session.position == position:
        return
    is_moved = session.pk is None or _session_dump(session) != item
    session.held_on, session.starts_at, session.ends_at = (
        day_value(item.get("date")),
        clock_value(item.get("from")),
        clock_value(item.get("to")),
    )
    session.weekday = WEEKDAYS.index(item["weekday"]) if "weekday" in item else None
    session.place, session.column, session.note = item.get("place", ""), item.get("column", ""), item.get("note", "")
    session.kind, session.number, session.title = (
        item.get("kind") or usual_kind(item),
        item.get("number"),
        item["title"],
    )
    session.is_class, session.is_cancelled = item.get("class", True), item.get("cancelled", False)
    session.is_published, session.releases_lab = item.get("published", True), item.get("releases_lab", False)
    session.details = {key: item[key] for key in DETAILS if key in item}
    if item.get("kind") == usual_kind(item):
        session.details[SAYS_KIND] = True
    session.position, session.is_withdrawn = position, False
    session.sequence += 1 if session.pk and is_moved else 0
    session.save()
    fields = [
        {
            "on": day_value(dated.get("date")), "kind": dated.get("kind", DatedItem.Kind.MILESTONE), "label": dated["label"],
            "note": dated.get("note", ""), "follows": dated.get("follows", True),
        }
        for dated in item.get("items", [])
    ]  # fmt: skip
    rewrite(session.items.all(), lambda: DatedItem(session=session), fields, same=("label", "on"))


def _edited(course: Course, since: datetime | None) -> dict[str, Edited]:
    """Of the log of the schedule: the last change of each session, by the name of its entry as the course holds it."""
    rows = course.sessions.filter(is_withdrawn=False).order_by("position", "pk").prefetch_related("items")
    names = dict(zip([row.pk for row in rows], named([_session_dump(row) for row in rows]), strict=True))
    changes = ScheduleChange.objects.filter(course=course).order_by("at", "pk")
    found = {}
    for change in changes.filter(at__gt=since) if since else changes:
        name = names.get(change.session_id or 0)
        if name is not None:
            found[name] = Edited(change.by, change.at)
    return found


SESSIONS_PART = FilePart(
    "sessions",
    300,
    listed(SESSION, "The schedule, in the order in which it is read.", 1000),
    _dump,
    _load,
    edited=_edited,
)
