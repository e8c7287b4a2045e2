"""Spreading students over lectures evenly. Pure: the same people, lectures and number give the same plan, so that a preview holds."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

MOST_TIMES = 10


def spread(people: Sequence[int], sessions: Sequence[int], *, times: int, seed: str) -> Mapping[int, list[int]]:
    """Each person scribes `times` sessions; the sizes of the teams differ by one at most.

    The turns are laid over the sessions in order, everybody's first turn before anybody's second, so that one person's turns lie far
    apart. Who comes when within a turn follows from a hash: no one is first for the sake of a name. Nobody is twice at a session: with
    fewer sessions than turns, the rest is dropped.

    Returns: people by session, for every session, in order.
    """
    plan: dict[int, list[int]] = {session: [] for session in sessions}
    if not people or not sessions:
        return plan
    times = min(times, MOST_TIMES, len(sessions))
    turns = [person for turn in range(times) for person in sorted(people, key=lambda p: _order(seed, turn, p))]
    places = [sessions[(2 * slot + 1) * len(sessions) // (2 * len(turns))] for slot in range(len(turns))]
    for slot in range(len(turns)):
        _settle(turns, places, slot, plan)
    return plan


def _settle(turns: list[int], places: list[int], slot: int, plan: dict[int, list[int]]) -> None:
    """Give the place to the person whose turn it is; who is there already changes places with a later one of the same turn, else an earlier."""
    person, place = turns[slot], places[slot]
    if person not in plan[place]:
        plan[place].append(person)
        return
    for later in range(slot + 1, len(turns)):
        other = turns[later]
        if other not in plan[place] and places[later] != place:
            turns[slot], turns[later] = other, person
            plan[place].append(other)
            return
    for there in plan.values():  # nobody comes after: change with somebody who has been placed
        for index, other in enumerate(there):
            if person not in there and other not in plan[place]:
                there[index] = person
                plan[place].append(other)
                return


def _order(seed: str, turn: int, person: int) -> bytes:
    return sha256(f"{seed} {turn} {person}".encode()).digest()
