"""What is there: courses, labs with what handing in would cost, where the hand-ins are."""

from __future__ import annotations

from typing import Any

from courseplatform.cli.client import places
from courseplatform.cli.client.cost import short
from courseplatform.cli.client.session import Session
from courseplatform.cli.client.text import clean, distance, fitting, instant, table, zone
from courseplatform.cli.client.words import DONE, WrongUse


def courses(session: Session) -> int:
    """`courses [--use SLUG]`."""
    if session.options.use:
        if session.options.use not in [one["slug"] for one in session.courses]:
            raise WrongUse(f"You are in no course {clean(session.options.use)}.", "no_course")
        places.choose(courses={**places.choices().get("courses", {}), session.line.site: session.options.use})
    if session.options.json:
        session.console.json(session.courses)
        return DONE
    chosen = places.choices().get("courses", {}).get(session.line.site)
    rows = [
        ("*" if one["slug"] == chosen else "", one["slug"], one["title"], one["term"], one["role"])
        for one in session.courses
    ]
    session.console.lines(
        table(rows, ("", "Course", "Title", "Term", "You are"), gives=2, columns=session.console.columns)
    )
    return DONE


def labs(session: Session) -> int:
    """`labs [--all]`."""
    course = session.course()
    found = list(session.line.pages("courses", course, "assignments"))
    places.names_keep(course, [one["slug"] for one in found])
    if session.options.json:
        session.console.json(found)
        return DONE
    shown = [one for one in found if session.options.all or one["takes_anything"]]
    rows = [
        _row(one) for one in sorted(shown, key=lambda one: (one["mine"]["due_at"] is None, one["mine"]["due_at"] or ""))
    ]
    if not rows:
        session.console.out(f"There is no work in {clean(course)} yet.")
        return DONE
    session.console.lines(fitting([_only(rows, one) for one in (ALL, NARROW, NARROWEST)], session.console.columns))
    return DONE


HEADS = ("Lab", "Title", "Due", "", "Now it costs", "Left", "State", "Measured")
RIGHT = ("Left", "Measured")
ALL, NARROW, NARROWEST = (0, 1, 2, 3, 4, 5, 6, 7), (0, 2, 3, 4, 5, 6), (0, 3, 4, 6)


def _only(rows: list[tuple[str, ...]], kept: tuple[int, ...]) -> tuple[list[tuple[str, ...]], list[str], list[int]]:
    """The same table with these columns alone."""
    heads = [
        "Due" if kept == NARROWEST and n == 3 else f"Due, {zone()}" if HEADS[n] == "Due" else HEADS[n] for n in kept
    ]
    return [tuple(row[n] for n in kept) for row in rows], heads, [at for at, n in enumerate(kept) if HEADS[n] in RIGHT]


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    mine = one["mine"]
    due = instant(mine["due_at"]).astimezone() if mine["due_at"] else None
    points = f"{mine['earned']} of {mine['of']}" if mine["earned"] is not None else ""
    attempts = f"{mine['attempts_left']} of {one['attempts_allowed']}" if one["takes_model"] else ""
    return (
        one["slug"], one["title"] or one["short"], f"{due:%a} {due.day} {due:%b %H:%M}" if due else "-",
        distance(mine["due_at"]) if mine["due_at"] else "", short(one), attempts, mine["state"], points,
    )  # fmt: skip


def open_work(session: Session) -> int:
    """`status` without a lab: every lab to which something was handed in, and what of it is in line or running now."""
    course = session.course()
    found = [one for one in session.line.pages("courses", course, "assignments") if one["mine"]["submission"]]
    if session.options.json:
        session.console.json(found)
        return DONE
    if not found:
        session.console.out(f"Nothing was handed in to {clean(course)} yet.")
        return DONE
    rows = [(*_row(one)[:2], *_row(one)[6:]) for one in found]
    heads = ("Lab", "Title", "State", "Measured")
    session.console.lines(table(rows, heads, right=(3,), gives=1, columns=session.console.columns))
    return DONE


def address(session: Session) -> int:
    """`open LAB`: where its page is."""
    found = session.assignment()
    where = session.page(found["course"], "assignments", found["slug"])
    if session.options.json:
        session.console.json({"url": where})
    else:
        session.console.out(where)
    return DONE
