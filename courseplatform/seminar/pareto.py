"""Can somebody be made better off without making another worse off? Looks for it in a finished matching, whatever made it.

Not the way in which matchings are made (`matching.py`): here slots are nodes, and a student who would rather, or as gladly, be in another
slot is an arrow to it. A free place is an arrow to the node FREE, from which every slot is reached that may lose somebody. An improvement
exists exactly if some arrow of a student who would gain lies on a circle.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from courseplatform.seminar.matching import LEFT_OUT, Slot, Student, rank_of

FREE, NOWHERE = "free", "nowhere"
Node = int | str
Move = tuple[Node, Node, int]  # from, to, who moves


def improvement(
    students: Sequence[Student], slots: Sequence[Slot], places: Mapping[int, int]
) -> list[tuple[int, int]] | None:
    """Moves (student, new slot) that make somebody better off and nobody worse off, or None.

    A slot is not left with fewer people than its `least` by them, where it has these now.
    """
    strict, arrows = _arrows(students, slots, places)
    for start, end, student in strict:
        path = _path(arrows, end, start)
        if path is not None:
            return [(who, int(to)) for _, to, who in [(start, end, student), *path] if who >= 0]
    return None


def _arrows(
    students: Sequence[Student], slots: Sequence[Slot], places: Mapping[int, int]
) -> tuple[list[Move], dict[Node, dict[Node, int]]]:
    """(arrows of students who would gain, all arrows as from -> to -> who; who is -1 for a free place)."""
    size = Counter(places.values())
    strict: list[Move] = []
    arrows: dict[Node, dict[Node, int]] = {FREE: {NOWHERE: -1}, NOWHERE: {}}
    for slot in slots:
        arrows[slot.key] = {FREE: -1} if size[slot.key] < slot.most else {}
        if size[slot.key] > slot.least:
            arrows[FREE][slot.key] = -1
    for student in students:
        here: Node = places.get(student.key, NOWHERE)
        now = _level(student, here)
        for slot in slots:
            level = _level(student, slot.key)
            if slot.key == here or slot.key in student.forbidden or level > now:
                continue
            arrows[here].setdefault(slot.key, student.key)
            if level < now:
                strict.append((here, slot.key, student.key))
    return strict, arrows


def _level(student: Student, where: Node) -> int:
    """Smaller is better: the rank, then all that was left out, then nowhere."""
    if isinstance(where, str):
        return len(student.order) + 2
    rank = rank_of(student, where)
    return len(student.order) + 1 if rank == LEFT_OUT else rank


def _path(arrows: Mapping[Node, Mapping[Node, int]], start: Node, goal: Node) -> list[Move] | None:
    """The shortest way from start to goal, as its arrows."""
    came: dict[Node, Move] = {}
    line, seen = deque([start]), {start}
    while line:
        here = line.popleft()
        if here == goal:
            path: list[Move] = []
            while here != start:
                path.append(came[here])
                here = came[here][0]
            return path[::-1]
        for there, who in arrows[here].items():
            if there not in seen:
                seen.add(there)
                came[there] = (here, there, who)
                line.append(there)
    return None
