"""How long the matching takes, by sizes and by how much students want the same. Prints a table.

python -m tests.load.matching
"""

import random
import sys
import time
from collections.abc import Sequence

from courseplatform.seminar.matching import LEFT_OUT, Slot, Student, drawn_order, match
from courseplatform.seminar.pareto import improvement

SIZES = ((60, 40, 3), (60, 40, 2), (78, 26, 3), (80, 26, 3), (200, 70, 3), (600, 200, 3))
SHAPES = ("random", "five each", "all the same", "no preferences")


def case(shape: str, students: int, slots: int, places: int) -> tuple[list[Student], list[Slot]]:
    rng, keys = random.Random(shape), list(range(slots))

    def order() -> Sequence[int]:
        if shape == "all the same":
            return keys
        return [] if shape == "no preferences" else rng.sample(keys, 5 if shape == "five each" else slots)

    return [Student(key, tuple(order())) for key in range(students)], [Slot(key, places) for key in keys]


def main() -> int:
    print(
        f"{'students':>8} {'slots':>6} {'places':>7}  {'orders':16} {'match, s':>9} {'check, s':>9} {'first':>6} {'not ranked':>11} {'no place':>9}"
    )
    for students, slots, places in SIZES:
        for shape in SHAPES:
            if students * slots > 20_000 and shape in ("random", "all the same"):
                continue  # nobody ranks two hundred papers
            people, offered = case(shape, students, slots, places)
            begun = time.perf_counter()
            found = match(people, offered, drawn_order(range(students), "load"))
            matched = time.perf_counter()
            assert improvement(people, offered, found.places) is None
            checked = time.perf_counter()
            print(
                f"{students:8} {slots:6} {places:7}  {shape:16} {matched - begun:9.3f} {checked - matched:9.3f} "
                f"{found.counts.get(1, 0):6} {found.counts.get(LEFT_OUT, 0):11} {len(found.unplaced):9}"
            )
    print(
        "limit: 60 students and 40 papers in under 1 s; every matching above was searched for an improvement, none has one"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
