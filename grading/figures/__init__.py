"""The figures of the result page, in their order. What each is, stands in its module."""

from collections.abc import Callable, Mapping

from grading.figures.accuracy import accuracy
from grading.figures.base import Figure, Given
from grading.figures.class_front import class_front
from grading.figures.devices import devices
from grading.figures.energy import energy
from grading.figures.host import first_ten, spread
from grading.figures.latency import latency
from grading.figures.layers import layers
from grading.figures.memory import memory
from grading.figures.on_board import heat, on_board, power
from grading.figures.roofline import roofline
from grading.figures.stages import stages
from grading.figures.step_memory import step_memory
from grading.figures.training import training
from grading.figures.training_batch import batch

__all__ = ["FIGURES", "OF_ATTEMPTS", "WHERE_ASKED", "Figure", "Given", "figure_of", "figures_of"]

FIGURES: dict[str, Callable[[Given], Figure]] = {
    "latency": latency,
    "layers": layers,
    "memory": memory,
    "roofline": roofline,
    "energy": energy,
    "accuracy": accuracy,
    "devices": devices,
    "class": class_front,
}
# Those that stand below another figure and have an address of their own.
UNDER: dict[str, Callable[[Given], Figure]] = {"first-ten": first_ten, "spread": spread}
# Those that need the owner's other attempts.
OF_ATTEMPTS = frozenset({"latency"})
# None for a result of one model; it stands before all others.
OF_PIPELINES: dict[str, Callable[[Given], Figure | None]] = {"stages": stages}
# None where no board measured; after the latency.
ON_BOARDS: dict[str, Callable[[Given], Figure | None]] = {"board": on_board}
UNDER_ON_BOARDS: dict[str, Callable[[Given], Figure | None]] = {"board-heat": heat, "board-power": power}
# None where the lab does not ask for it, or the result was stored before it was there.
WHERE_ASKED: dict[str, Callable[[Given], Figure | None]] = {
    "training": training,
    "training-batch": batch,
    "step-memory": step_memory,
}

BY_SLUG: tuple[Mapping[str, Callable[[Given], Figure | None]], ...] = (
    FIGURES,
    UNDER,
    WHERE_ASKED,
    OF_PIPELINES,
    ON_BOARDS,
    UNDER_ON_BOARDS,
)

# Of a training step these come first, and those that speak of inferences on a charge not at all.
STEPS_FIRST, NOT_OF_STEPS = ("accuracy", "step-memory"), frozenset({"energy"})


def figures_of(given: Given) -> list[Figure]:
    """All that there are of one result, in their order."""
    first, *others = FIGURES
    found = [figure_of(given, slug) for slug in (*OF_PIPELINES, first, *ON_BOARDS, *others, *WHERE_ASKED)]
    known = [figure for figure in found if figure is not None]
    return sorted(known, key=lambda figure: figure.slug not in STEPS_FIRST) if given.of_steps else known


def figure_of(given: Given, slug: str) -> Figure | None:
    """None for a figure that this result does not have."""
    is_unscored = slug == "accuracy" and not given.spec.is_scored
    if is_unscored or (given.of_steps and slug in NOT_OF_STEPS):
        return None
    build = next((table[slug] for table in BY_SLUG if slug in table), None)
    return build(given) if build else None
