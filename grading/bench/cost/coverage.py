"""What a calibration has met, and whether a model is like it: by its operators, never by its name.

Pure Python. A model is close to a network of the calibration when both have almost the same number of operators of each
class: a MobileNet V2 of another width is, one of another depth is not. Only then does the narrow interval hold for it. It is
akin to one when it mixes the classes in almost the same shares: an EfficientNet-Lite of another depth is.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from grading.bench.cost.classes import Work
from grading.bench.cost.features import Step

# Share of the operators that may differ in class or be missing for two networks to be close.
CLOSE = 0.03
# The same of their shares, for a class that was met in one family only to be known from that family.
AKIN = 0.05
# Least share of the multiply-accumulates, or of the elements moved, at which a class matters.
SHARE = 0.05
# How far beyond the smallest and largest network of a calibration its form may be trusted.
BEYOND = 2.0


@dataclass(frozen=True)
class Facts:
    """What is compared: operators of each class, share of each class, MACs and weights of the whole model."""

    counts: dict[str, int]
    shares: dict[str, float]
    macs: int
    weights: int = 0


@dataclass(frozen=True)
class Coverage:
    """networks: the operators by class of each network measured, each once. families: in how many families a class was met.

    macs: of the smallest and the largest network. weights: up to how many the form holds (a board's own
    sweep tells); 0 where nobody looked.
    """

    networks: tuple[dict[str, int], ...]
    families: dict[str, int]
    macs: tuple[int, int]
    weights: int = 0


def facts_of(steps: list[Step]) -> Facts:
    """Without a softmax at the end: some exporters leave it out, and whether a network is like another must not hang on it."""
    if len(steps) > 1 and steps[-1].work == Work.NORMALISE:
        steps = steps[:-1]
    counts = Counter(str(step.work) for step in steps)
    macs, moved = sum(step.macs for step in steps), sum(step.moved for step in steps)
    shares: dict[str, float] = {}
    for work in counts:
        own = [step for step in steps if step.work == work]
        of_macs = sum(step.macs for step in own) / macs if macs else 0.0
        shares[work] = max(of_macs, sum(step.moved for step in own) / moved if moved else 0.0)
    return Facts(dict(counts), shares, macs, sum(step.weights for step in steps))


def coverage_of(met: list[tuple[str, Facts]]) -> Coverage:
    """Of (family, facts) of the networks of a calibration."""
    families: dict[str, set[str]] = {}
    for family, facts in met:
        for work in facts.counts:
            families.setdefault(work, set()).add(family)
    networks = sorted({tuple(sorted(facts.counts.items())) for _, facts in met})
    sizes = [facts.macs for _, facts in met] or [0]
    counted = {work: len(names) for work, names in sorted(families.items())}
    return Coverage(tuple(map(dict, networks)), counted, (min(sizes), max(sizes)))


def is_close(facts: Facts, coverage: Coverage) -> bool:
    """Whether a network with almost the same operators was measured."""
    return any(distance(facts.counts, other) <= CLOSE for other in coverage.networks)


def is_akin(facts: Facts, coverage: Coverage) -> bool:
    """Whether a network that mixes its operators alike was measured."""
    own = _shares(facts.counts)
    return any(distance(own, _shares(other)) <= AKIN for other in coverage.networks)


def _shares(counts: dict[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {work: count / total for work, count in counts.items()}


def distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Operators that the two do not have in common, as a share of all of both: 0 to 1."""
    total = sum(one.values()) + sum(other.values())
    apart = sum(abs(one.get(work, 0) - other.get(work, 0)) for work in {*one, *other})
    return apart / total if total else 0.0


def beyond(facts: Facts, coverage: Coverage) -> float:
    """How many times beyond the sizes for which the form may be trusted, up or down; 1 within them."""
    smallest, largest = coverage.macs
    return max(1.0, facts.macs / max(largest, 1) / BEYOND, smallest / max(facts.macs, 1) / BEYOND)


def flags_of(facts: Facts, coverage: Coverage) -> list[str]:
    """Why a prediction goes beyond its calibration, one sentence each; empty where it does not."""
    akin, said = is_akin(facts, coverage), []
    for work, share in facts.shares.items():
        met = coverage.families.get(work, 0)
        if share <= SHARE or met > 1 or (met == 1 and akin):
            continue
        if met == 0:
            said.append(f"{_sentence(work, share)} was never met in this calibration.")
        else:
            said.append(f"{_sentence(work, share)} was met in one family of networks only.")
    smallest, largest = coverage.macs
    if facts.macs > BEYOND * largest:
        said.append(
            f"It has {_rounded(facts.macs / max(largest, 1))} times the multiply-accumulates of the largest network measured."
        )
    if coverage.weights and facts.weights > coverage.weights:
        times = _rounded(facts.weights / coverage.weights)
        said.append(
            f"It has {times} times the weights up to which this calibration holds: larger ones may fit no cache of the board."
        )
    if facts.macs * BEYOND < smallest:
        said.append(
            f"It has {_rounded(smallest / max(facts.macs, 1))} times fewer multiply-accumulates than the smallest network measured."
        )
    return said


def _rounded(times: float) -> str:
    """Two digits tell it all: 2.5, 27000."""
    return f"{times:.1f}" if times < 10 else f"{float(f'{times:.2g}'):.0f}"


def _sentence(work: str, share: float) -> str:
    return f"{work[0].upper()}{work[1:]} ({100 * share:.0f} % of the work or of the data moved)"
