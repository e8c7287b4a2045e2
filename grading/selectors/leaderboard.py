"""What the page of a leaderboard reads: the class by nicknames; names only for the staff."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.teams.models import Team
from grading.anonymity import names_hidden, numbers_of
from grading.handing_in.hand_in_rules import owner_of
from grading.models.assignments import Assignment
from grading.models.class_points import Nickname
from grading.models.owners import Owner
from grading.ranks import leaderboard as pure
from grading.ranks.class_front import FEWEST_OTHERS
from grading.ranks.class_numbers import basis_of, head_of, is_less_better, kind_words, label_of, said, usual_metrics
from grading.ranks.leaderboard import Board, Entry
from grading.selectors.class_points import Key, StandingAttempt, key_of, owners_of, standing_attempts_of, word_of
from hardware.course_devices import profiles_of

Row = dict[str, Any]


def is_shown(assignment: Assignment) -> bool:
    """Whether students see it."""
    return bool(assignment.leaderboard.get("shown"))


def board_get(visit: Visit, assignment: Assignment, by: str, kind: str, now: datetime) -> Board:
    """The ranking with everybody in it; what of it the visitor may see is `Board.listed`. Raises NotHere where no model is measured.

    A fixed number of queries, whatever the size of the class.
    """
    if not assignment.takes_model:
        raise NotHere(f"No model is measured in {assignment.short}, so there is no leaderboard.")
    owner = owner_of(person=visit.person, assignment=assignment, now=now)
    own = key_of(owner) if visit.role == Role.STUDENT else None
    found = standing_attempts_of(assignment)
    nicknames = nicknames_of(visit)
    entries = [_entry(one, nicknames.get(one.key), own) for one in found]
    if names_hidden(visit, assignment):
        numbers = numbers_of(visit, assignment)
        names = [f"Report {numbers[one.key]}" if one.key in numbers else "A report" for one in found]
        entries = [replace(entry, name=name, nickname="") for name, entry in zip(names, entries, strict=True)]
    elif visit.is_staff:
        entries = _named(found, entries)
    return pure.board_of(entries, pure.metrics_of(assignment.leaderboard, usual_metrics(assignment.spec)), by, kind)


def _entry(one: StandingAttempt, nickname: Nickname | None, own: Key | None) -> Entry:
    return Entry(
        numbers=one.numbers, number=one.number, nickname=nickname.name if nickname else "", nickname_pk=nickname.pk if nickname else None,
        is_you=one.key == own,
    )  # fmt: skip


def _named(found: list[StandingAttempt], entries: list[Entry]) -> list[Entry]:
    people = dict(
        User.objects.filter(pk__in=[key for kind, key in (one.key for one in found) if kind == "person"]).values_list(
            "pk", "name"
        )
    )
    teams = dict(
        Team.objects.filter(pk__in=[key for kind, key in (one.key for one in found) if kind == "team"]).values_list(
            "pk", "name"
        )
    )
    return [
        replace(entry, name=(teams if one.key[0] == "team" else people).get(one.key[1], ""))
        for one, entry in zip(found, entries, strict=True)
    ]


def nicknames_of(visit: Visit) -> dict[Key, Nickname]:
    """By owner."""
    rows = Nickname.objects.standing().filter(course=visit.course)
    return {("team", row.team_id) if row.team_id else ("person", row.person_id or 0): row for row in rows}


@dataclass(frozen=True)
class Seen:
    """What of a ranking the visitor may see: students only where the staff switched it on, and from so many others on that nobody is told apart."""

    board: Board
    is_shown: bool
    is_few: bool
    may_see: bool
    rows: list[pure.Row]


def seen_by(visit: Visit, assignment: Assignment, by: str, kind: str, now: datetime) -> Seen:
    """Raises NotHere."""
    board, shown = board_get(visit, assignment, by, kind, now), is_shown(assignment)
    is_few = not visit.is_staff and len(board.rows) - bool(board.you) < FEWEST_OTHERS
    may_see = visit.is_staff or (shown and not is_few)
    rows = list(board.rows) if visit.is_staff else board.listed
    return Seen(board, shown, is_few, may_see, rows if may_see else [])


def page(visit: Visit, assignment: Assignment, by: str, kind: str, now: datetime) -> dict[str, Any]:
    seen = seen_by(visit, assignment, by, kind, now)
    board = seen.board
    return {
        "assignment": assignment, "board": board, "is_shown": seen.is_shown, "is_few": seen.is_few, "may_see": seen.may_see,
        "fewest": FEWEST_OTHERS, "word": word_of(assignment), "rows": [_row(row, board) for row in seen.rows],
        "total": owners_of(assignment), "ranked": len(board.rows),
        "columns": _columns(board), "kinds": _kinds(board, _device_names(assignment)), "sentence": _sentence(board, visit, assignment),
        "query": urlencode({"by": board.by, "kind": board.kind}), **_own_name(visit, assignment, now),
    }  # fmt: skip


def endpoint(visit: Visit, assignment: Assignment, by: str, kind: str, now: datetime) -> dict[str, Any]:
    """The same for the API; of a ranking that one may not see not even how many are in it."""
    seen = seen_by(visit, assignment, by, kind, now)
    board = seen.board
    rows = [
        {"place": row.place, "entry": row.entry, "values": {
            metric: row.entry.numbers.values[metric][0] for metric, cell in zip(board.metrics, row.cells, strict=True) if cell}}
        for row in seen.rows
    ]  # fmt: skip
    return {
        "is_shown": seen.is_shown, "is_few": seen.is_few, "board": board, "ranked": len(board.rows) if seen.may_see else None, "rows": rows,
        "kinds": _kinds(board, _device_names(assignment)) if seen.may_see else [],
    }  # fmt: skip


def _device_names(assignment: Assignment) -> dict[str, str]:
    return {slug: profile.name for slug, profile in profiles_of(assignment.course, with_retired=True).items()}


def _row(row: pure.Row, board: Board) -> Row:
    cells = [
        {"text": cell, "words": _words(metric, row), "is_by": metric == board.by}
        for metric, cell in zip(board.metrics, row.cells, strict=True)
    ]
    return {
        "entry": row.entry,
        "place": row.place,
        "cells": cells,
        "by": next(cell["text"] for cell in cells if cell["is_by"]),
    }


def _words(metric: str, row: pure.Row) -> str:
    """89.4 % accuracy: with its unit and its name, where there is no head above it."""
    value = row.entry.numbers.value(metric)
    label = label_of(metric)
    return (
        ""
        if value is None
        else said(metric, value)
        if metric == "macs"
        else f"{said(metric, value)} {label[0].lower()}{label[1:]}"
    )


def _columns(board: Board) -> list[Row]:
    return [
        {
            "metric": metric, "label": head_of(metric), "is_by": metric == board.by, "basis": basis_of(metric, board.kind),
            "query": urlencode({"by": metric, "kind": board.kind}), "sort": "ascending" if is_less_better(metric) else "descending",
        }
        for metric in board.metrics
    ]  # fmt: skip


def _kinds(board: Board, names: dict[str, str]) -> list[Row]:
    return [
        {"kind": kind, "words": kind_words(kind, names), "count": count, "is_chosen": kind == board.kind, "query": urlencode({"by": board.by, "kind": kind})}
        for kind, count in board.kinds
    ]  # fmt: skip


def _sentence(board: Board, visit: Visit, assignment: Assignment) -> str:
    """Where the visitor stands, in one sentence."""
    label = label_of(board.by)
    what = label if label[:2].isupper() else label.lower()
    word = word_of(assignment)
    if board.you is not None:
        place, count = board.you.place, len(board.rows)
        where = f"share places {place.first} to {place.last}" if place.is_tie else f"have place {place.first}"
        return f"You {where} of {count} by {what}."
    if visit.role != Role.STUDENT:
        listed = sum(1 for row in board.rows if row.entry.nickname)
        return f"{len(board.rows)} {word}s are ranked by {what}; {listed} chose a nickname."
    if any(one.is_you for one in board.left_out):
        return f"Your attempt has no {what} that can be ranked here."
    return f"You have no measured attempt of {assignment.short} yet."


def _own_name(visit: Visit, assignment: Assignment, now: datetime) -> dict[str, Any]:
    """The nickname of the visitor, or of their team; and one that the staff took down, while none was chosen since."""
    if visit.role != Role.STUDENT:
        return {"may_choose": False}
    owner = owner_of(person=visit.person, assignment=assignment, now=now)
    mine = _names_of(visit, owner)
    standing = mine.filter(taken_down_at=None).first()
    down = None if standing else mine.exclude(taken_down_at=None).order_by("-taken_down_at").first()
    return {"may_choose": True, "nickname": standing, "taken_down": down, "team": owner.team}


def _names_of(visit: Visit, owner: Owner) -> Any:
    rows = Nickname.objects.filter(course=visit.course)
    return rows.filter(team=owner.team) if owner.team else rows.filter(person=owner.person)
