"""A leaderboard from plain values: who is ranked by which number, who shares a place, what the columns say. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grading.ranks.class_numbers import ClassNumbers, head_of, is_less_better, known_metrics, shown, tolerance_of
from grading.ranks.places import Place, places
from grading.spec import MODELLED

MOST_METRICS = 8


@dataclass(frozen=True)
class Entry:
    """One owner's standing attempt. nickname: "" for one who chose none. name: of the owner, for the staff alone."""

    numbers: ClassNumbers
    number: int
    nickname: str = ""
    nickname_pk: int | None = None
    is_you: bool = False
    name: str = ""
    url: str = ""


@dataclass(frozen=True)
class Row:
    """place: by the metric that is sorted by. cells: by metric, "" where there is no number of this kind."""

    entry: Entry
    place: Place
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """One ranking. by: its metric. kind: of latency and energy, "" where none is asked for; kinds: those that the class has, with how many
    are of it. rows: everybody who is ranked, best first. left_out: who has no number of this metric and kind."""

    metrics: tuple[str, ...]
    by: str
    kind: str
    kinds: tuple[tuple[str, int], ...]
    rows: tuple[Row, ...] = ()
    left_out: tuple[Entry, ...] = ()

    @property
    def you(self) -> Row | None:
        return next((row for row in self.rows if row.entry.is_you), None)

    @property
    def listed(self) -> list[Row]:
        """What one who is not staff sees: names that were chosen, and one's own row."""
        return [row for row in self.rows if row.entry.nickname or row.entry.is_you]

    @property
    def unlisted(self) -> int:
        return len(self.rows) - len(self.listed)


def metrics_of(held: Mapping[str, Any], usual: Sequence[str]) -> tuple[str, ...]:
    """What the lab ranks: the metrics that it names, else the usual ones. A name that nobody knows any more is passed over."""
    known = known_metrics()
    named = [str(metric) for metric in held.get("metrics", []) if metric in known]
    return tuple(dict.fromkeys(named or usual))[:MOST_METRICS]


def board_of(entries: Sequence[Entry], metrics: Sequence[str], by: str = "", kind: str = "") -> Board:
    """Rank the entries.

    Args:
        by: one of `metrics`; another one, or "", is the first. kind: of latency and energy; one that nobody has, or "", is the visitor's own,
            else the most common.
    """
    by = by if by in metrics else metrics[0]
    kinds = _kinds(entries, metrics)
    kind = _kind(entries, kinds, kind)
    ranked = [one for one in entries if _value(one, by, kind) is not None]
    values = [value for one in ranked if (value := _value(one, by, kind)) is not None]
    found = places(values, is_less_better=is_less_better(by), tolerance=tolerance_of(by))
    order = sorted(
        range(len(ranked)),
        key=lambda n: (found[n].first, values[n] if is_less_better(by) else -values[n], ranked[n].nickname.casefold()),
    )
    rows = [Row(ranked[n], found[n], tuple(_cell(ranked[n], metric, kind) for metric in metrics)) for n in order]
    left = tuple(one for one in entries if _value(one, by, kind) is None)
    return Board(tuple(metrics), by, kind, tuple(kinds), tuple(rows), left)


def _kinds(entries: Sequence[Entry], metrics: Sequence[str]) -> list[tuple[str, int]]:
    if not any(metric in MODELLED for metric in metrics):
        return []
    return Counter(
        one.numbers.kind for one in sorted(entries, key=lambda one: one.numbers.kind) if one.numbers.kind
    ).most_common()


def _kind(entries: Sequence[Entry], kinds: Sequence[tuple[str, int]], asked: str) -> str:
    known = [kind for kind, _ in kinds]
    own = next((one.numbers.kind for one in entries if one.is_you), "")
    return next((kind for kind in (asked, own, *known) if kind in known), "")


def _value(one: Entry, metric: str, kind: str) -> float | None:
    return one.numbers.value(metric) if one.numbers.kind_for(metric) in ("", kind) else None


def _cell(one: Entry, metric: str, kind: str) -> str:
    value = _value(one, metric, kind)
    return "" if value is None else shown(metric, value)


@dataclass(frozen=True)
class Table:
    """For the CSV of the staff."""

    columns: list[str] = field(default_factory=list)
    rows: list[list[object]] = field(default_factory=list)


def csv_table(board: Board, word: str) -> Table:
    """Everybody who is ranked, with names: for the staff."""
    columns = [
        "Place, from",
        "Place, to",
        "Nickname",
        word.capitalize(),
        "Attempt",
        *(head_of(metric) for metric in board.metrics),
        "Kind",
    ]
    rows = [
        [row.place.first, row.place.last, row.entry.nickname, row.entry.name, row.entry.number,
         *(_plain(row.entry, metric, board.kind) for metric in board.metrics), row.entry.numbers.kind]
        for row in board.rows
    ]  # fmt: skip
    return Table(columns, rows)


def _plain(one: Entry, metric: str, kind: str) -> object:
    """The number as a spreadsheet reads it: the same digits, without thin spaces."""
    return _cell(one, metric, kind).replace("\u2009", "")
