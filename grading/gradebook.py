"""The course grade: what one person earned of each component, and why. Pure: no database, no clock.

A scheme has components (labs 60 %, scribe duties 5 %); a component is fed by pieces, each with points of so many. A piece that is
settled (graded, or missing and worth nothing) counts at once; what is still ahead or with the graders does not, so that the standing
says "so far" of what was decided so far. Nothing is rounded before it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

ZERO, ALL, CENT = Decimal(0), Decimal(100), Decimal("0.01")
# Division is cut at 28 digits: a sum of thirds may miss a half by 1e-26, and would be rounded to the wrong side of it.
_EXACT = Decimal("1e-12")


class State(StrEnum):
    """graded: it counts. grading: handed in, not released or not marked. missing: due, nothing there; counts 0. excused: as if it were not
    part of the component. ahead: not due. uncounted: has points, and stands outside the grade (a Lab 0)."""

    GRADED = "graded"
    GRADING = "grading"
    MISSING = "missing"
    EXCUSED = "excused"
    AHEAD = "ahead"
    UNCOUNTED = "uncounted"


SETTLED = frozenset({State.GRADED, State.MISSING})


@dataclass(frozen=True)
class Piece:
    """One piece of work in a component.

    points: out of `of`; more than `of` with extra credit. weight: percent of the course grade that it gives; None: an even share.
    says: where the points come from, in words. url: the page of that. is_turned_in: for the conditions of passing. source: what it comes
    from by itself (participation, scribe, ...); "" for an assignment.
    """

    key: str
    title: str
    points: Decimal | None
    of: Decimal
    state: State
    weight: Decimal | None = None
    says: str = ""
    url: str = ""
    is_turned_in: bool = False
    source: str = ""


@dataclass(frozen=True)
class Component:
    """A part of the grade. percent: its weight. count: how many pieces it will have, where the scheme says so; fewer that exist leave
    their share ahead. drop_lowest: so many settled pieces with the lowest share do not count. cap: no more than this percent.
    is_bonus: stands above the 100 %. work: slugs of the assignments that feed it. sources: what feeds it by itself.
    """

    key: str
    title: str
    percent: Decimal
    group: str = ""
    count: int = 0
    drop_lowest: int = 0
    cap: Decimal | None = None
    is_bonus: bool = False
    work: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """So many of these have to be turned in to pass, whatever they are worth."""

    turned_in: int
    of: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Curve:
    """A step after the sum: add: percent points; times: a factor; root: 10 times the square root. most: nobody is lifted above it."""

    kind: str
    by: Decimal = ZERO
    most: Decimal = ALL
    why: str = ""

    def of(self, percent: Decimal) -> Decimal:
        lifted = {
            "add": percent + self.by,
            "times": percent * self.by,
            "root": 10 * max(percent, ZERO).sqrt(),
        }[self.kind]
        return min(lifted, max(self.most, percent))

    @property
    def title(self) -> str:
        words = {
            "add": f"{plain(abs(self.by))} percent {'point' if abs(self.by) == 1 else 'points'} {'more' if self.by >= 0 else 'less'}",
            "times": f"times {plain(self.by)}",
            "root": "10 times the square root",
        }  # fmt: skip
        return words[self.kind]


@dataclass(frozen=True)
class Letter:
    """A letter, from this percent on."""

    name: str
    least: Decimal


@dataclass(frozen=True)
class Scheme:
    components: tuple[Component, ...]
    conditions: tuple[Condition, ...] = ()
    curve: tuple[Curve, ...] = ()
    letters: tuple[Letter, ...] = ()
    are_letters_shown: bool = True


@dataclass(frozen=True)
class Line:
    """One piece in the sum. percent: what it gives of the course grade; None: nothing is decided. weight: what it can give. arithmetic: the sum."""

    piece: Piece
    weight: Decimal
    percent: Decimal | None
    arithmetic: str
    is_dropped: bool = False


@dataclass(frozen=True)
class Part:
    """A component of one person. earned: percent of the course grade. so_far: what its settled pieces could have given. says: cap and drops."""

    component: Component
    lines: tuple[Line, ...]
    earned: Decimal
    so_far: Decimal
    says: str = ""


@dataclass(frozen=True)
class Pass:
    """A condition of passing: how many are there, and whether it can still be met."""

    condition: Condition
    have: int
    ahead: int

    @property
    def holds(self) -> bool:
        return self.have >= self.condition.turned_in

    @property
    def is_lost(self) -> bool:
        return self.have + self.ahead < self.condition.turned_in


@dataclass(frozen=True)
class Lift:
    """A step of the curve as it was for one person."""

    step: Curve
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class Standing:
    """A person's course grade.

    earned: percent of the grade that is sure by now, bonus included. so_far: what could have been earned by now without bonus.
    percent: how good that is, in %: earned of so_far, with the bonus on top and after the curve; None: nothing is decided. letter: of `percent`.
    """

    parts: tuple[Part, ...]
    earned: Decimal
    so_far: Decimal
    percent: Decimal | None
    lifts: tuple[Lift, ...] = ()
    letter: str = ""
    passes: tuple[Pass, ...] = field(default=())

    @property
    def fails(self) -> bool:
        """A condition of passing cannot be met any more."""
        return any(one.is_lost for one in self.passes)


def shown(value: Decimal) -> Decimal:
    """With two decimals, a half upwards."""
    return value.quantize(_EXACT).quantize(CENT, ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """2.5, 15: at most two decimals, none that say nothing."""
    found = shown(value)
    return f"{found.normalize():f}" if found else "0"


def standing_of(scheme: Scheme, pieces: Mapping[str, Sequence[Piece]]) -> Standing:
    """The standing of one person.

    Args:
        pieces: key of a component -> its pieces, in the order of the page.
    """
    parts = tuple(part_of(component, pieces.get(component.key, ())) for component in scheme.components)
    total = total_of(scheme, [(part.earned, part.so_far) for part in parts])
    everything = {piece.key: piece for part in parts for piece in pieces.get(part.component.key, ())}
    passes = tuple(pass_of(condition, everything) for condition in scheme.conditions)
    return Standing(parts, total.earned, total.so_far, total.percent, total.lifts, total.letter, passes)


class Total(NamedTuple):
    """What the parts add up to; the fields are those of Standing."""

    earned: Decimal
    so_far: Decimal
    percent: Decimal | None
    lifts: tuple[Lift, ...]
    letter: str


def total_of(scheme: Scheme, sums: Sequence[tuple[Decimal, Decimal]]) -> Total:
    """sums: earned and so far of each component, in the order of the scheme."""
    core, bonus, so_far = ZERO, ZERO, ZERO
    for component, (earned, could) in zip(scheme.components, sums, strict=True):
        if component.is_bonus:
            bonus += earned
        else:
            core, so_far = core + earned, so_far + could
    uncurved = core * ALL / so_far + bonus if so_far else None
    lifts = () if uncurved is None else _lifted(scheme.curve, uncurved)
    percent = lifts[-1].after if lifts else uncurved
    return Total(core + bonus, so_far, percent, lifts, letter_of(scheme.letters, percent))


def _lifted(curve: Iterable[Curve], percent: Decimal) -> tuple[Lift, ...]:
    lifts: list[Lift] = []
    for step in curve:
        before = lifts[-1].after if lifts else percent
        lifts.append(Lift(step, before, step.of(before)))
    return tuple(lifts)


def letter_of(letters: Iterable[Letter], percent: Decimal | None) -> str:
    """By the percent as it is shown: 89.995 is 90.00, and so a letter from 90 on. "" where there is none."""
    if percent is None:
        return ""
    found = shown(percent)
    reached = [letter for letter in letters if found >= letter.least]
    return max(reached, key=lambda letter: letter.least).name if reached else ""


class TurnedIn(Protocol):
    """What a condition asks of a piece."""

    @property
    def state(self) -> State: ...

    @property
    def is_turned_in(self) -> bool: ...


def pass_of(condition: Condition, pieces: Mapping[str, TurnedIn]) -> Pass:
    """pieces: by key; those that the condition names are asked."""
    mine = [pieces[key] for key in condition.of if key in pieces]
    have = sum(piece.is_turned_in for piece in mine)
    # What is with the graders and was handed in elsewhere may be there: nobody is told that passing is lost before that is known.
    ahead = sum(not piece.is_turned_in and piece.state in (State.AHEAD, State.GRADING) for piece in mine)
    return Pass(condition, have, ahead)


def part_of(component: Component, pieces: Sequence[Piece]) -> Part:
    """A component: even shares or stated weights, the lowest dropped, capped.

    An excused piece leaves its weight to the others, a dropped one too. An even share is of the pieces that the scheme states, so that a
    third of three labs that exist of four is still worth a quarter.
    """
    counted = [piece for piece in pieces if piece.state not in (State.EXCUSED, State.UNCOUNTED)]
    excused = sum(piece.state is State.EXCUSED for piece in pieces)
    dropped = _dropped(component, counted)
    weights = _weights(component, counted, excused, dropped)
    lines = [_line(component, piece, weights.get(id(piece)), id(piece) in dropped) for piece in pieces]
    settled = [line for line in lines if line.piece.state in SETTLED and not line.is_dropped]
    earned = sum((line.percent for line in settled if line.percent is not None), ZERO)
    so_far = sum((line.weight for line in settled), ZERO)
    says = [f"the lowest {len(dropped)} dropped"] if dropped else []
    if component.cap is not None and earned > component.cap:
        says.append(f"{plain(earned)} % is capped at {plain(component.cap)} %")
        earned = component.cap
    return Part(component, tuple(lines), earned, so_far, "; ".join(says))


def _share(piece: Piece) -> Decimal:
    """How good it is, as a part of one."""
    return (piece.points or ZERO) / piece.of if piece.of else ZERO


def _dropped(component: Component, counted: Sequence[Piece]) -> set[int]:
    """The lowest settled pieces; at least one settled piece stays, or nothing would be left to count."""
    settled = [piece for piece in counted if piece.state in SETTLED]
    most = min(component.drop_lowest, max(len(settled) - 1, 0))
    return {id(piece) for piece in sorted(settled, key=_share)[:most]}


def _weights(component: Component, counted: Sequence[Piece], excused: int, dropped: set[int]) -> dict[int, Decimal]:
    """Percent of the course grade that each piece can give.

    Where something is dropped or excused, what still counts is stretched to fill the component. Otherwise stated weights stand as they are
    stated, also where they do not add up: the course file's findings say that, and nothing is mended in silence.
    """
    total = max(component.count - excused, len(counted))
    if not total:
        return {}
    even = component.percent / total
    weights = {id(piece): even if piece.weight is None else piece.weight for piece in counted}
    if not dropped and not excused:
        return weights
    held = sum((weight for key, weight in weights.items() if key not in dropped), ZERO) + (total - len(counted)) * even
    stretch = component.percent / held if held else ZERO
    return {key: weight * stretch for key, weight in weights.items()}


def _line(component: Component, piece: Piece, weight: Decimal | None, is_dropped: bool) -> Line:
    weight = weight if weight is not None else ZERO
    if piece.state is State.UNCOUNTED:
        return Line(piece, ZERO, None, "outside the grade")
    if piece.state is State.EXCUSED:
        return Line(piece, ZERO, None, "excused: the others count for it")
    if piece.state not in SETTLED:
        return Line(piece, weight, None, f"up to {plain(weight)} %, open")
    if is_dropped:
        return Line(piece, weight, None, "among the lowest, dropped", is_dropped=True)
    percent = _share(piece) * weight
    points = plain(piece.points or ZERO)
    missing = "missing, " if piece.state is State.MISSING else ""
    return Line(
        piece, weight, percent, f"{missing}{points} of {plain(piece.of)} × {plain(weight)} % = {plain(percent)} %"
    )


def supposed(pieces: Mapping[str, Sequence[Piece]], points: Mapping[str, Decimal]) -> dict[str, list[Piece]]:
    """What if: the same pieces, some of them with these points. Key of a piece -> points."""
    return {
        component: [
            replace(piece, points=points[piece.key], state=State.GRADED, is_turned_in=True)
            if piece.key in points and piece.state is not State.UNCOUNTED
            else piece
            for piece in row
        ]
        for component, row in pieces.items()
    }
