"""The participation scheme of a course file: facts in, percent and an explanation that can be followed by hand out. No database.

Two shapes. Each credit worth a fixed percent up to a cap (CMU 11-767: 1 % each, at most 15 %), or a bonus of parts up to a cap
(MIT 6.S965: the top ten contributors 3 %, the survey 1 %, a karma point 1 %, together at most 4 %).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from courseplatform.core.numbers import NARROW

QUESTION, ANSWER, KARMA, EVALUATION, OTHER = "question", "answer", "karma", "evaluation", "other"
CONTRIBUTIONS = (QUESTION, ANSWER)
NOTHING = Decimal(0)


@dataclass(frozen=True)
class EachScheme:
    """`each` percent for a credit, at most `cap` percent. what: what earns one, in the course's words."""

    each: Decimal
    cap: Decimal
    what: str

    kinds: tuple[str, ...] = (QUESTION, ANSWER, OTHER)


@dataclass(frozen=True)
class Part:
    """One way to earn a bonus. top: how many contributors get it (0: whoever has done it). channels: where a contribution must have
    been made; empty means anywhere."""

    key: str
    title: str
    percent: Decimal
    top: int = 0
    note: str = ""
    channels: frozenset[str] = frozenset()

    @property
    def kinds(self) -> tuple[str, ...]:
        if self.top:
            return CONTRIBUTIONS
        return (self.key,) if self.key in (KARMA, EVALUATION) else (OTHER,)


@dataclass(frozen=True)
class BonusScheme:
    cap: Decimal
    parts: tuple[Part, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can be credited, in the order of the parts."""
        return tuple(dict.fromkeys(kind for part in self.parts for kind in part.kinds))


Scheme = EachScheme | BonusScheme


@dataclass(frozen=True)
class Line:
    """One line of the sum. arithmetic: what was multiplied or compared, in words."""

    label: str
    arithmetic: str
    percent: Decimal


@dataclass(frozen=True)
class Standing:
    """What one person has. percent: what counts, at most `cap`. above: what was earned beyond the cap. count: credits that count."""

    count: int
    percent: Decimal
    cap: Decimal
    above: Decimal
    lines: tuple[Line, ...]

    @property
    def is_at_cap(self) -> bool:
        return self.cap > 0 and self.percent >= self.cap

    @property
    def share(self) -> float:
        return float(self.percent / self.cap) if self.cap else 0.0

    @property
    def words(self) -> str:
        """11 of 15 %."""
        return f"{figure(self.percent)} of {figure(self.cap)}{NARROW}%"

    @property
    def sentence(self) -> str:
        """The whole sum in one sentence, for a grade book."""
        sums = "; ".join(f"{line.label}: {line.arithmetic}" for line in self.lines)
        beyond = (
            f" {percent_words(self.above)} above the cap of {percent_words(self.cap)} do not count."
            if self.above
            else ""
        )
        return f"{sums}. Counts: {percent_words(self.percent)}.{beyond}"


def figure(value: Decimal) -> str:
    """11, 0.5: no zeros that say nothing."""
    return f"{value.normalize():f}" if value else "0"


def percent_words(value: Decimal) -> str:
    return f"{figure(value)}{NARROW}%"


def scheme_of(facts: Any) -> Scheme | None:
    """The scheme that a course file gives at `participation`, or None where it gives none that can be read."""
    if not isinstance(facts, Mapping) or (cap := _percent(facts.get("cap_percent"))) is None:
        return None
    if facts.get("bonus"):
        parts = tuple(part for fact in _list(facts.get("parts")) if (part := _part(fact)) is not None)
        return BonusScheme(cap, parts) if parts else None
    each = _percent(facts.get("each_percent"))
    return EachScheme(each, cap, str(facts.get("what") or "question or answer")) if each is not None else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _part(fact: Any) -> Part | None:
    if not isinstance(fact, Mapping) or (percent := _percent(fact.get("percent"))) is None:
        return None
    key, top = str(fact.get("key") or OTHER), fact.get("top")
    return Part(
        key=key, title=str(fact.get("title") or key), note=str(fact.get("note") or ""), percent=percent, top=top if isinstance(top, int) and top > 0 else 0,
        channels=frozenset(str(name) for name in _list(fact.get("channels"))),
    )  # fmt: skip


def _percent(value: Any) -> Decimal | None:
    """A positive number of percent, or None."""
    try:
        found = Decimal(str(value)) if not isinstance(value, bool) else NOTHING
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 < found <= 100 else None


@dataclass(frozen=True)
class Facts:
    """What counts for one person: how many credits by (kind, channel)."""

    credits: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def count(self, kinds: Iterable[str], channels: frozenset[str] = frozenset()) -> int:
        wanted = set(kinds)
        return sum(
            n for (kind, channel), n in self.credits.items() if kind in wanted and (not channels or channel in channels)
        )


def standings(scheme: Scheme, facts: Mapping[int, Facts]) -> dict[int, Standing]:
    """The standing of everybody in `facts`, which must hold the whole class: the place among the contributors depends on all."""
    if isinstance(scheme, EachScheme):
        return {person: _each(scheme, own) for person, own in facts.items()}
    lines: dict[int, list[Line]] = {person: [] for person in facts}
    for part in scheme.parts:
        counts = {person: own.count(part.kinds, part.channels) for person, own in facts.items()}
        ranking = Ranking(counts.values(), part.top) if part.top else None
        for person, count in counts.items():
            lines[person].append(_bonus_line(part, count, ranking))
    return {person: _capped(own.count(scheme.kinds), scheme.cap, tuple(lines[person])) for person, own in facts.items()}


def _each(scheme: EachScheme, own: Facts) -> Standing:
    count = own.count(scheme.kinds)
    earned = count * scheme.each
    counted = f"{count} {'credit' if count == 1 else 'credits'} × {percent_words(scheme.each)}"
    line = Line("Questions and answers", f"{counted} = {percent_words(earned)}", earned)
    return _capped(count, scheme.cap, (line,))


def _capped(count: int, cap: Decimal, lines: tuple[Line, ...]) -> Standing:
    earned = sum((line.percent for line in lines), NOTHING)
    percent = min(earned, cap)
    return Standing(count, percent, cap, earned - percent, lines)


class Ranking:
    """Who is among the `top` by count. A place is one more than the people with a greater count, so a tie at the last place is
    decided for the student: all of them are in."""

    def __init__(self, counts: Iterable[int], top: int) -> None:
        self.top, self._people = top, Counter(count for count in counts if count > 0)

    def place(self, count: int) -> int:
        return 1 + sum(n for other, n in self._people.items() if other > count)

    def holds(self, count: int) -> bool:
        return count > 0 and self.place(count) <= self.top

    def shared_by(self, count: int) -> int:
        return self._people[count]

    @property
    def least(self) -> int:
        """The smallest count that is among the top; 1 while places are free."""
        inside = [count for count in self._people if self.place(count) <= self.top]
        return min(inside) if inside and sum(self._people.values()) >= self.top else 1


def _bonus_line(part: Part, count: int, ranking: Ranking | None) -> Line:
    if ranking is not None:
        return _top_line(part, count, ranking)
    if not count:
        return Line(part.title, "not yet", NOTHING)
    noted = "noted" if count == 1 else f"noted {count} times, counts once"
    return Line(part.title, f"{noted}: {percent_words(part.percent)}", part.percent)


def _top_line(part: Part, count: int, ranking: Ranking) -> Line:
    made = f"{count} {'contribution' if count == 1 else 'contributions'}"
    if not ranking.holds(count):
        needed = f"the top {part.top} begin at {ranking.least}"
        return Line(part.title, f"{made}; {needed}", NOTHING)
    shared = ranking.shared_by(count)
    tie = f", shared by {shared}, and a tie is decided for the student" if shared > 1 else ""
    return Line(
        part.title, f"{made}, place {ranking.place(count)} of the top {part.top}{tie}: {percent_words(part.percent)}", part.percent
    )  # fmt: skip


def how_to_earn(scheme: Scheme | None) -> list[str]:
    """The rule as sentences for a student."""
    if scheme is None:
        return ["The course file names no rule for participation; what you do is noted and seen, and gives no percent."]
    if isinstance(scheme, EachScheme):
        return [
            f"{scheme.what[:1].upper()}{scheme.what[1:]}: {percent_words(scheme.each)} each, up to {percent_words(scheme.cap)} of the grade.",
            "In the room, on Zoom and in the course's forum count alike. What comes after the cap is noted and gives no more percent.",
        ]
    return [
        *(_part_rule(part) for part in scheme.parts),
        f"Together at most {percent_words(scheme.cap)}, on top of the grade. A tie at the last place is decided for the student.",
    ]


def _part_rule(part: Part) -> str:
    whom = f" for the {part.top} people with the most questions and answers" if part.top else ""
    return f"{part.title}: {percent_words(part.percent)}{whom}. {part.note}".rstrip()
