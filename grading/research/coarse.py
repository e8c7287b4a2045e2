"""What is made coarse before it leaves, and which groups are too small to leave. Plain values, no database.

Source of the rule: k-anonymity (Samarati and Sweeney, 1998), with suppression. The quasi-identifiers of an attempt are its assignment and
the size of its team; sections are left out altogether.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

FEWEST = 5  # owners who look alike
ANY_SIZE, LARGEST_TEAM, LAST_NUMBER = "", 4, 6
HOURS = 336  # two weeks before and after


@dataclass(frozen=True)
class Attempt:
    """owner and assignment: pseudonyms. values: columns of attempts.csv. latencies_ms: of single inferences."""

    key: str
    owner: str
    assignment: str
    team_size: str
    values: dict[str, Any]
    latencies_ms: tuple[float, ...] = ()


def rounded(value: float | None, digits: int = 2) -> float | int | None:
    """To so many significant digits: a whole count of parameters is as good as a name."""
    if value is None or not math.isfinite(value):
        return None
    if value == 0:
        return 0
    found = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    return int(found) if found == int(found) else found


def hours_after(at: datetime, due: datetime | None) -> int | None:
    """Whole hours after the due instant, negative before it, two weeks at most; None where nothing was due."""
    if due is None:
        return None
    return max(-HOURS, min(HOURS, math.floor((at - due).total_seconds() / 3600)))


def size_word(members: int) -> str:
    return f"{LARGEST_TEAM}+" if members >= LARGEST_TEAM else str(members)


def number_word(number: int) -> str:
    """Which attempt it is; only few people have very many."""
    return f"{LAST_NUMBER}+" if number >= LAST_NUMBER else str(number)


def fit_to_leave(attempts: Iterable[Attempt], fewest: int = FEWEST) -> tuple[list[Attempt], int]:
    """(what may leave, how many attempts stay). In an assignment where any size of team has fewer than `fewest` owners, sizes are left out; an
    assignment with fewer owners is left out whole."""
    by_assignment: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_assignment[attempt.assignment].append(attempt)
    kept: list[Attempt] = []
    stay = 0
    for found in by_assignment.values():
        if len({one.owner for one in found}) < fewest:
            stay += len(found)
            continue
        owners = defaultdict(set)
        for one in found:
            owners[one.team_size].add(one.owner)
        is_fine = all(len(group) >= fewest for group in owners.values())
        kept += found if is_fine else [replace(one, team_size=ANY_SIZE) for one in found]
    return kept, stay
