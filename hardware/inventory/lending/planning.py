"""Which item serves which claim on a product, so that as much as possible is served. Pure: no rows, no clock.

Items of a product are alike until one is handed over, so a plan may be changed up to then. Claims are ranges of time; giving them out in the
order in which they begin, each to the item that has been free for the shortest time, serves all that can be served as long as only
loans that have begun are pinned (interval graphs are perfect). A claim on one certain item in the future can make the plan miss one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

FOREVER = datetime.max.replace(tzinfo=UTC)
EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Claim:
    """Somebody has an item of a product in [from_at, until_at). item: the one it has or is planned for; is_pinned: no other will do."""

    key: Any
    from_at: datetime
    until_at: datetime
    item: int | None = None
    is_pinned: bool = False

    def overlaps(self, other: "Claim") -> bool:
        return self.from_at < other.until_at and other.from_at < self.until_at


@dataclass
class Plan:
    """placed: key of a claim -> its item. unserved: keys for which there is none."""

    placed: dict[Any, int]
    unserved: list[Any]


def plan(items: Sequence[int], claims: Iterable[Claim]) -> Plan:
    """Give every claim an item, leaving as many as possible where they are.

    Args:
        items: that can be lent, each once. A pinned claim keeps its item also where that is not among them.
    """
    found = list(claims)
    gentle = _filled(items, found, keep=True)
    if len(gentle.unserved) <= _too_few(items, found):
        return gentle
    anew = _filled(items, found, keep=False)
    return anew if len(anew.unserved) < len(gentle.unserved) else gentle


def _too_few(items: Sequence[int], claims: Iterable[Claim]) -> int:
    """How many stay without an item however it is planned: what is wanted at one instant beyond the items that there are."""
    lendable = set(items)
    changes: Counter[datetime] = Counter()
    held: dict[int, datetime] = {}  # item -> until when it is pinned, so that two on one item count once
    for claim in sorted(claims, key=lambda one: one.from_at):
        from_at = claim.from_at
        if claim.is_pinned and claim.item is not None:
            if claim.item not in lendable:  # what holds an item that serves nobody else takes nothing away
                continue
            from_at = max(from_at, held.get(claim.item, EVER))
            held[claim.item] = max(claim.until_at, from_at)
        if from_at < claim.until_at:
            changes[from_at] += 1
            changes[claim.until_at] -= 1
    wanted = most = 0
    for at in sorted(changes):
        wanted += changes[at]
        most = max(most, wanted)
    return max(most - len(lendable), 0)


def _filled(items: Sequence[int], claims: list[Claim], *, keep: bool) -> Plan:
    taken: dict[int, list[Claim]] = {item: [] for item in items}
    lendable = set(items)
    placed: dict[Any, int] = {}
    floating = []
    # What cannot move first; then what has a place already, so that a newcomer never pushes it away where both fit.
    for claim in sorted(claims, key=lambda one: (not one.is_pinned, one.from_at, one.until_at)):
        stays = keep and claim.item in lendable and _is_free(taken[claim.item], claim)
        if claim.item is not None and (claim.is_pinned or stays):
            taken.setdefault(claim.item, []).append(claim)
            placed[claim.key] = claim.item
        else:
            floating.append(claim)
    unserved = []
    for claim in floating:
        item = _best(items, taken, claim)
        if item is None:
            unserved.append(claim.key)
            continue
        taken[item].append(claim)
        placed[claim.key] = item
    return Plan(placed, unserved)


def _is_free(busy: list[Claim], claim: Claim) -> bool:
    return not any(claim.overlaps(other) for other in busy)


def _best(items: Sequence[int], taken: Mapping[int, list[Claim]], claim: Claim) -> int | None:
    """The free item that came back last before: it leaves the longest gaps to others."""

    def free_since(item: int) -> datetime:
        return max((one.until_at for one in taken[item] if one.until_at <= claim.from_at), default=EVER)

    free = [item for item in items if _is_free(taken[item], claim)]
    return max(free, key=free_since, default=None)
