"""Who gets which slot: a fair matching of students to slots by their orders. Pure functions over whole numbers; no Django, no floats.

**Objective.** Among all ways to give each student at most one slot that is not forbidden to them, with no more people in a slot than it
has places, take one that is best in this order:

1. as many students as possible have a place;
2. as many as possible of the `least` places of the slots are filled (teams of two or three need two);
3. as many students as possible have their first choice, then as many as possible their second, and so on; what a student left out comes
   after everybody's last choice, all equal (a rank-maximal matching);
4. where two are equal in all of this, the one that is better for whoever is drawn first, then for the second, and so on.

**Nobody can be made better off without making another worse off.** Take a matching M of this kind and suppose another one, M', in which
nobody is worse off and somebody is better off. Everybody who has a place in M has one in M' (having none is worse than any slot), so M'
places at least as many, hence as many. If M' filled fewer of the `least` places it would leave a team short, which is not allowed; it
cannot fill more by 2. For every rank k, at least as many students have a rank of k or better in M' as in M, and for some k more do. At
the smallest such k the number with rank k is greater in M' while the numbers for ranks 1 to k-1 are equal: M' is better by 3. So there
is no such M'. (`pareto.py` looks for one all the same, by another way, before a matching is published.)

**How.** One cost for each pair, a whole number in which the levels above are digits, each larger than everything below it together;
then the Hungarian method with several places to a column: students come in drawn order, each by the cheapest augmenting path. For n
students, m slots: O(n * n * m) operations on numbers of about (m + n) * log2(n + m) bits; 80 students and 26 slots take some 0.1 s.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

LEFT_OUT = 0  # the rank of a slot that the student did not rank


class MatchingError(ValueError):
    """The input makes no sense. `code`: unknown_slot, ranked_twice, bad_places, same_key, bad_draw."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Slot:
    """most: places. least: people wanted at the least; filled as far as there are students."""

    key: int
    most: int
    least: int = 0


@dataclass(frozen=True)
class Student:
    """order: keys of slots, best first; may be empty. forbidden: slots that this student must not get, ranked or not."""

    key: int
    order: tuple[int, ...] = ()
    forbidden: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Matching:
    """places: student -> slot. ranks: student -> 1 for the first choice, LEFT_OUT for a slot not ranked. short: slot -> missing people."""

    places: dict[int, int]
    ranks: dict[int, int]
    unplaced: tuple[int, ...]
    short: dict[int, int]

    @property
    def counts(self) -> dict[int, int]:
        """Rank -> students, in the order of the ranks, LEFT_OUT last."""
        found = Counter(self.ranks.values())
        return {rank: found[rank] for rank in sorted(found, key=lambda rank: (rank == LEFT_OUT, rank))}


def drawn_order(keys: Iterable[int], seed: str) -> list[int]:
    """The students in the order of the SHA-256 of `seed:key`: nobody can choose it, anybody can do it again."""
    return sorted(keys, key=lambda key: (sha256(f"{seed}:{key}".encode()).digest(), key))


def match(students: Sequence[Student], slots: Sequence[Slot], draw: Sequence[int]) -> Matching:
    """The matching of the objective above. `draw` names every student once. The order of `students` and `slots` means nothing.

    Raises:
        MatchingError: see its codes. More students than places are no error: they are `unplaced`.
    """
    _check(students, slots, draw)
    by_key = {student.key: student for student in students}
    rows = [by_key[key] for key in draw]
    table = _Table(rows, sorted(slots, key=lambda slot: slot.key))
    column_of = assign(table.costs, table.capacities)
    places = {
        row.key: table.slot_of[column] for row, column in zip(rows, column_of, strict=True) if table.slot_of[column]
    }
    found = {student: slot.key for student, slot in places.items() if slot is not None}
    sizes = Counter(found.values())
    return Matching(
        places=found,
        ranks={student: rank_of(by_key[student], slot) for student, slot in found.items()},
        unplaced=tuple(row.key for row in rows if row.key not in found),
        short={slot.key: slot.least - sizes[slot.key] for slot in slots if sizes[slot.key] < slot.least},
    )  # fmt: skip


def wishes(student: Student) -> list[int]:
    """The order without what is forbidden: the first that remains is the first choice."""
    return [key for key in student.order if key not in student.forbidden]


def rank_of(student: Student, slot: int) -> int:
    order = wishes(student)
    return order.index(slot) + 1 if slot in order else LEFT_OUT


def _check(students: Sequence[Student], slots: Sequence[Slot], draw: Sequence[int]) -> None:
    known = {slot.key for slot in slots}
    if len(known) != len(slots) or len({student.key for student in students}) != len(students):
        raise MatchingError("same_key", "Two students or two slots have the same key.")
    for slot in slots:
        if not 0 <= slot.least <= slot.most:
            raise MatchingError("bad_places", f"Slot {slot.key} wants {slot.least} to {slot.most} people.")
    for student in students:
        if unknown := [key for key in student.order if key not in known]:
            raise MatchingError("unknown_slot", f"Student {student.key} ranks slot {unknown[0]}, which is not offered.")
        if len(set(student.order)) != len(student.order):
            raise MatchingError("ranked_twice", f"Student {student.key} ranks a slot twice.")
    if sorted(draw) != sorted(student.key for student in students):
        raise MatchingError("bad_draw", "The draw does not name every student once.")


class _Table:
    """Rows are students in drawn order; columns are the `least` places of each slot, its other places, and nowhere."""

    def __init__(self, rows: Sequence[Student], slots: Sequence[Slot]) -> None:
        self.capacities: list[int] = []
        self.slot_of: list[Slot | None] = []
        wanted: list[bool] = []
        for slot in slots:
            for places, is_least in ((slot.least, True), (slot.most - slot.least, False)):
                if places:
                    self.capacities.append(places)
                    self.slot_of.append(slot)
                    wanted.append(is_least)
        self.capacities.append(len(rows))
        self.slot_of.append(None)
        self.costs = _costs(rows, self.slot_of, wanted)


def _costs(rows: Sequence[Student], slot_of: Sequence[Slot | None], wanted: Sequence[bool]) -> list[list[int | None]]:
    """Cost of each pair; None: forbidden. The last column is nowhere.

    Levels, lowest first: the draw (a digit of base `ranks + 3` for each student, the first drawn the highest), the ranks (a digit of base
    n + 1 for each rank), the least places, having a place at all. n digits of one level never reach one of the next.
    """
    n, deepest = len(rows), max((len(wishes(row)) for row in rows), default=0)
    last, nowhere = deepest + 1, deepest + 2
    digit = [(deepest + 3) ** (n - 1 - place) for place in range(n)]
    level = (deepest + 3) ** n
    gain = [0, *(level * (n + 1) ** (last - rank) for rank in range(1, last + 1))]
    least_gain, none_cost = level * (n + 1) ** (last + 1), level * (n + 1) ** (last + 3)
    table: list[list[int | None]] = []
    for place, row in enumerate(rows):
        ranks = {key: rank for rank, key in enumerate(wishes(row), start=1)}
        line: list[int | None] = []
        for slot, is_least in zip(slot_of[:-1], wanted, strict=True):
            assert slot is not None
            rank = ranks.get(slot.key, last)
            cost = rank * digit[place] - gain[rank] - (least_gain if is_least else 0)
            line.append(None if slot.key in row.forbidden else cost)
        table.append([*line, none_cost + nowhere * digit[place]])
    return table


def assign(costs: Sequence[Sequence[int | None]], capacities: Sequence[int]) -> list[int]:
    """The cheapest assignment of every row to a column with room: the Hungarian method (Kuhn 1955; Munkres 1957), row by row.

    Some column must be open to every row and have room for all. Returns the column of each row.
    """
    columns = range(len(capacities))
    members: list[list[int]] = [[] for _ in columns]
    row_price, column_price = [0] * len(costs), [0] * len(capacities)
    for new in range(len(costs)):
        reach: dict[int, int] = {}  # column -> cheapest reduced cost so far
        came: dict[int, int] = {}  # column -> the row that would move there
        done: dict[int, int] = {}  # column in the tree -> its distance
        fresh, base = [new], 0
        while True:
            for row in fresh:
                line, price = costs[row], row_price[row] - base
                for column in columns:
                    cost = line[column]
                    if cost is None or column in done:
                        continue
                    reduced = cost - price - column_price[column]
                    if column not in reach or reduced < reach[column]:
                        reach[column], came[column] = reduced, row
            # Of equals one with room: the search ends there, and students without wishes cost nothing.
            nearest = min(reach, key=lambda column: (reach[column], len(members[column]) >= capacities[column], column))
            base = done[nearest] = reach.pop(nearest)
            if len(members[nearest]) < capacities[nearest]:
                break
            fresh = members[nearest]
        _reprice(new, base, done, members, row_price, column_price)
        _augment(nearest, came, members, new)
    found = {row: column for column in columns for row in members[column]}
    return [found[row] for row in range(len(costs))]


def _reprice(
    new: int, base: int, done: dict[int, int], members: list[list[int]], row_price: list[int], column_price: list[int]
) -> None:
    """Keep every reduced cost at zero or more, and at zero on the matching."""
    row_price[new] += base
    for column, distance in done.items():
        column_price[column] -= base - distance
        for row in members[column]:
            row_price[row] += base - distance


def _augment(column: int, came: dict[int, int], members: list[list[int]], new: int) -> None:
    """Along the path: each row moves to the column that was reached from it."""
    holder = {row: at for at, rows in enumerate(members) for row in rows}
    while True:
        row = came[column]
        members[column].append(row)
        if row == new:
            return
        column = holder[row]
        members[column].remove(row)
