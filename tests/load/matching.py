"""How long the matching takes, by sizes and by how much students want the same. Prints a table.

python -m tests.load.matching [most students]
"""

import random
import sys
import time
from collections.abc import Sequence

from courseplatform.seminar.matching import LEFT_OUT, Slot, Student, drawn_order, match
from courseplatform.seminar.pareto import improvement
from tests.load.figures import figure, numbers, say, table

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
    row = table(
        "students|>",
        "slots",
        "places",
        "orders|<16",
        "match, CPU s|.3f",
        "check, CPU s|.3f",
        "first",
        "not ranked",
        "no place",
    )
    (most,) = numbers(600)
    for students, slots, places in (size for size in SIZES if size[0] <= most):
        for shape in SHAPES:
            if students * slots > 20_000 and shape in ("random", "all the same"):
                continue  # nobody ranks two hundred papers
            people, offered = case(shape, students, slots, places)
            begun = time.process_time()
            found = match(people, offered, drawn_order(range(students), "load"))
            matched = time.process_time()
            assert improvement(people, offered, found.places) is None
            checked = time.process_time()
            counts = (found.counts.get(1, 0), found.counts.get(LEFT_OUT, 0), len(found.unplaced))
            row(students, slots, places, shape, matched - begun, checked - matched, *counts)
    say(
        "limit: 60 students and 40 papers in under 1 s; every matching above was searched for an improvement, none has one"
    )
    return 0


if __name__ == "__main__":
    sys.exit(figure(main))
