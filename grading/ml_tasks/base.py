"""What a task of machine learning is to this site: the plug-in that each module of this package is one of.

A task is one module here, with all that a page needs: its keys in a spec, what its hidden labels look like, what a model has to answer, its
metrics, and its figure. Nothing here imports numpy. How answers are scored stands in the module of the same name in
grading/ml_tasks/scoring/, which only a worker imports. grading/ml_tasks/registry.py names them all.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from grading.figure import Figure, Json
from grading.hidden_sets.npy import Npy

if TYPE_CHECKING:  # the reader's package reads the registry, which reads this
    from grading.spec.reader import Reader

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """A number of a task. unit: one of courseplatform/core/numbers.py UNITS. Its basis is always `measured`."""

    name: str
    title: str
    unit: str = "share"
    more_is_better: bool = True
    basis: str = "measured"


@dataclass(frozen=True)
class Key:
    """A key of a spec that belongs to a task, as the form of an assignment asks for it.

    kind: words (a list), whole (a number), text or choice. usual: what holds where it is left out; None where it has to be given.
    """

    name: str
    label: str
    kind: str = "whole"
    help: str = ""
    usual: Any = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Output:
    """What a model has to answer to one input.

    shape: without the batch. is_exact: whether its sizes must be these; else only how many numbers they hold. words: after "one output of".
    way_out: what to change in a model that answers something else, as an order without a full stop.
    """

    shape: tuple[int, ...]
    words: str
    way_out: str
    is_exact: bool = False

    @property
    def numbers(self) -> int:
        return prod(self.shape)

    @property
    def spelled(self) -> str:
        return "×".join(map(str, (1, *self.shape)))

    def takes(self, shape: tuple[int, ...] | list[int]) -> bool:
        """shape: with the batch, which is one input."""
        sizes = tuple(shape)
        if self.is_exact:
            return sizes == (1, *self.shape)
        return bool(sizes) and sizes[0] == 1 and prod(sizes) == self.numbers


@dataclass(frozen=True)
class Labels:
    """The file of the hidden labels. types: which numbers it may hold. words: its shape and meaning, for who makes one."""

    types: tuple[str, ...]
    words: str


class Task(ABC):
    """One task. `options` is what `read` returned: a frozen dataclass of the task's own keys, frozen with the spec."""

    name: str
    title: str
    main: str  # the metric that tables show of an attempt
    metrics: tuple[Metric, ...]
    keys: tuple[Key, ...]
    labels: Labels
    formats: tuple[str, ...] = ()  # that can be handed in; empty: all that the site knows
    trains = False  # a program that changes its own weights, see hardware/ondevice/training.py

    @abstractmethod
    def read(self, top: "Reader") -> Any:
        """The task's own keys of a spec. Raises SpecError where one is of the wrong type."""

    @abstractmethod
    def wrong(self, options: Any) -> Iterator[str]:
        """What is wrong with them, in sentences that begin with the place: `spec.classes: ...`."""

    @abstractmethod
    def gives(self, options: Any) -> tuple[str, ...]:
        """The names of the metrics that come out with these options."""

    @abstractmethod
    def output(self, options: Any, input_shape: tuple[int, ...]) -> Output:
        """input_shape: of one input, without the batch."""

    @abstractmethod
    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        """What the labels hold, read once when they are sent. labels: None where no file came.

        Raises BadInput (`no_file`, `wrong_shape`, `counts_differ`, `not_finite`, `wrong_label`, `one_class`), with the field `labels`.
        """

    @abstractmethod
    def misfits(self, options: Any, facts: Facts) -> Iterator[str]:
        """Sentences: why a set with these facts cannot measure this lab. Criteria are looked at elsewhere."""

    @abstractmethod
    def labels_words(self, facts: Facts) -> str:
        """What the labels of a set are, in a few words: 10 classes."""

    @abstractmethod
    def figure(self, quality: Json) -> Figure:
        """The figure `accuracy` of the result page. quality: as the scorer wrote it, or a version of it before."""

    def shown(self, options: Any) -> int:
        """How many inputs of the hidden set are no secret."""
        return 0

    def batch(self, options: Any) -> int:
        """How many inputs a file takes at once."""
        return 1

    def takes_words(self, options: Any) -> str:
        """What a model is given beside one input, in sentences; "" where it is that input."""
        return ""

    def answers_words(self, options: Any) -> str:
        """What it answers, where that is more than `output`; else ""."""
        return ""

    def advice(self, quality: Json, lost: Mapping[str, float]) -> list[dict[str, str]]:
        """What would help, where that is no change of the graph: title, text, metric. lost: metric -> points that it lost."""
        return []

    def needs(self, metric: str, facts: Facts) -> str:
        """Why a hidden set with these facts gives no such metric, as a sentence; "" where it does."""
        return ""

    def is_size_free(self, options: Any) -> bool:
        """Whether the labels stay true when an input is averaged down to another side."""
        return True

    def metric(self, name: str) -> Metric:
        """Raises KeyError."""
        return {metric.name: metric for metric in self.metrics}[name]
