"""How one update step is made: what trains, with which optimizer, on how many inputs. Plain values; pages may ask."""

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """What is changed by one step. Sources: docs/measurement.md, Training on the device."""

    FULL = "full"
    LAST_LAYER = "last_layer"
    BIAS = "bias"
    LOW_RANK = "low_rank"
    IMPRINT = "imprint"


METHOD_WORDS = {
    Method.FULL: "Full fine-tuning",
    Method.LAST_LAYER: "Last layer only",
    Method.BIAS: "Biases only",
    Method.LOW_RANK: "Low rank",
    Method.IMPRINT: "Weight imprinting",
}
# State that an optimizer keeps of each trained parameter, and elements that its update reads and writes of each.
OPTIMIZERS = {"sgd": (0, 3), "momentum": (1, 5), "adam": (2, 7)}
MOST_BATCH, MOST_RANK = 4096, 256


@dataclass(frozen=True)
class Setting:
    """methods: in the order in which they are shown; the first is the one that criteria speak of.

    optimizer: one of OPTIMIZERS. batch: inputs of one step. rank: of the two factors that low rank adds to a layer.
    """

    methods: tuple[Method, ...] = tuple(Method)
    optimizer: str = "sgd"
    batch: int = 8
    rank: int = 4

    @property
    def state_per_parameter(self) -> int:
        return OPTIMIZERS[self.optimizer][0]

    @property
    def moved_per_parameter(self) -> int:
        return OPTIMIZERS[self.optimizer][1]
