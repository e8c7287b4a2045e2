"""Everybody left over into teams within size: a pure function, so that what was previewed is what is applied.

Rule, in this order: teams below the least size are filled first, those nearest to it before others; of the rest, as few as possible go into
other teams with room (the emptiest first), and the others form new teams whose sizes differ by at most one. Who goes where is drawn by lot
from `seed`: nobody is placed by name or by the time of enrolment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

Key = int


@dataclass
class Plan:
    """`joins`: team -> people who join it; `new`: groups of new teams; `left`: whom no legal size has a place for."""

    joins: dict[Key, list[Key]] = field(default_factory=dict)
    new: list[list[Key]] = field(default_factory=list)
    left: list[Key] = field(default_factory=list)


def sizes_of_new(count: int, least: int, most: int) -> list[int] | None:
    """Sizes of the fewest teams that hold exactly `count` people, as even as possible; None when there are none."""
    if count == 0:
        return []
    teams = -(-count // most)
    if teams * least > count:
        return None
    small, larger = divmod(count, teams)
    return [small + 1] * larger + [small] * (teams - larger)


def plan(people: Sequence[Key], open_teams: dict[Key, int], *, least: int, most: int, seed: int) -> Plan:
    """Place `people`.

    Args:
        people: those without a team, in a stable order.
        open_teams: team -> its size now; only teams that may take somebody.
        seed: the lot; the same arguments give the same plan.
    """
    rng = Random(seed)  # noqa: S311 a lot for seats, not a secret
    waiting, found, filled = list(people), Plan(), dict(open_teams)
    rng.shuffle(waiting)

    def seat(team: Key) -> None:
        found.joins.setdefault(team, []).append(waiting.pop())
        filled[team] += 1

    small = sorted((team for team, size in filled.items() if size < least), key=lambda team: least - filled[team])
    for team in small:
        while waiting and filled[team] < least:
            seat(team)
    while sizes_of_new(len(waiting), least, most) is None:
        room = [team for team, size in filled.items() if size < most]
        if not room:
            break
        seat(min(room, key=lambda team: filled[team]))
    sizes = sizes_of_new(len(waiting), least, most)
    while sizes is None:  # no room anywhere: as few as possible stay without a team
        found.left.append(waiting.pop())
        sizes = sizes_of_new(len(waiting), least, most)
    for size in sizes:
        found.new.append([waiting.pop() for _ in range(size)])
    return found
