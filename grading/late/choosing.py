"""Which of several attempts is judged, where what they come to decides it."""

from collections import defaultdict
from collections.abc import Iterator

from grading.late.facts import HandIn, Policy
from grading.late.money import Outcome, final_percent

Tried = list[tuple[HandIn, Outcome]]


def last_affordable(policy: Policy, tried: Tried) -> HandIn:
    """The last attempt that the bank covers in full, else the first: then all of them are late."""
    free = [hand_in for hand_in, outcome in tried if outcome.is_free]
    return free[-1] if free else tried[0][0]


def best(policy: Policy, tried: Tried) -> HandIn:
    """The highest final percentage; among equals what is taken, costs the bank least, is least late, and then the last.

    What has no percentage yet stands after what has one, by its maximum.
    """

    def worth(one: tuple[HandIn, Outcome]) -> tuple[object, ...]:
        hand_in, outcome = one
        final = final_percent(policy, outcome, hand_in.raw_percent)
        mark = outcome.maximum if final is None else final
        return (outcome.accepted, final is not None, mark, -outcome.charged, -outcome.lateness.days_late)

    return max(reversed(tried), key=worth)[0]


def sharing(pools: dict[str, list[HandIn]]) -> Iterator[dict[str, list[HandIn]]]:
    """Person -> attempts, apart for each group of people who share one."""
    left = dict(pools)
    holders: dict[str, list[str]] = defaultdict(list)
    for person, pool in pools.items():
        for hand_in in pool:
            holders[hand_in.id].append(person)
    while left:
        waiting, group = [next(iter(left))], {}
        while waiting:
            person = waiting.pop()
            if person in left:
                group[person] = left.pop(person)
                waiting += [other for hand_in in group[person] for other in holders[hand_in.id]]
        yield group
