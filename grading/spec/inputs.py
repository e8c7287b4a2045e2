"""What a lab gives to a model: shapes by layout, the type and range of the stored numbers, and what is done to them first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from grading.spec.reader import Reader

RANGES = {"float32": (0.0, 1.0), "uint8": (0.0, 255.0), "int8": (-128.0, 127.0)}  # the usual ones
CHANNEL = "C"  # the letter of a layout that `mean` and `std` go along


@dataclass(frozen=True)
class Normalise:
    """(x / divide_by - mean) / std, in float32. mean, std: one number for all, or one for each channel; empty: 0 and 1."""

    divide_by: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        said = [f"divided by {self.divide_by:g}"] if self.divide_by != 1 else []
        said += [f"minus {_numbers(self.mean)}"] if self.mean else []
        said += [f"divided by {_numbers(self.std)}"] if self.std else []
        return ", then ".join(said)


@dataclass(frozen=True)
class InputSpec:
    """`shapes`: layout name -> shape with batch, all layouts of the same picture. Stored values are `dtype` in `low` to `high`.

    normalise: what the lab does to them before a model sees them, which makes float32 of them; None: they are given as they are.
    """

    shapes: Mapping[str, tuple[int, ...]]
    low: float
    high: float
    note: str = ""
    dtype: str = "float32"
    normalise: Normalise | None = None

    @property
    def given_dtype(self) -> str:
        """What arrives at a model."""
        return "float32" if self.normalise else self.dtype

    @property
    def first(self) -> tuple[int, ...]:
        """One input as it is stored, without the batch."""
        return next(iter(self.shapes.values()))[1:]


def read_input(source: Reader) -> InputSpec:
    """Raises SpecError."""
    shapes = {str(name): source.sub("shapes").whole_numbers(str(name)) for name in source.sub("shapes").raw}
    dtype = source.choice("dtype", tuple(RANGES), "float32")
    low, high = RANGES[dtype]
    found = InputSpec(
        shapes,
        source.number("low", low),
        source.number("high", high),
        source.text("note", ""),
        dtype,
        _normalise(source),
    )
    source.done("shapes", "normalise")
    return found


def _normalise(source: Reader) -> Normalise | None:
    if "normalise" not in source.raw:
        return None
    reader = source.sub("normalise")
    found = Normalise(reader.number("divide_by", 1.0), _listed(reader, "mean"), _listed(reader, "std"))
    reader.done()
    return found


def _listed(reader: Reader, key: str) -> tuple[float, ...]:
    """One number, or a list of them."""
    if isinstance(reader.raw.get(key), list | tuple):
        values = Reader({str(n): value for n, value in enumerate(reader.take_list(key))}, f"{reader.place}.{key}")
        return tuple(values.number(name) for name in values.raw)
    return (reader.number(key),) if key in reader.raw else ()


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)


def wrong_input(given: InputSpec) -> Iterator[str]:
    """Sentences that begin with the place."""
    if not given.shapes:
        yield "spec.input.shapes: give at least one layout with its shape."
    if len({prod(shape) for shape in given.shapes.values()}) > 1:
        yield "spec.input.shapes: the layouts are of different sizes, so they cannot be of one picture."
    if given.low >= given.high:
        yield "spec.input.high: the highest value must be above the lowest."
    least, most = RANGES[given.dtype]
    if given.dtype != "float32" and not least <= given.low <= given.high <= most:
        yield f"spec.input.low: {given.dtype} holds whole numbers from {least:g} to {most:g}."
    yield from _wrong_normalise(given)


def _wrong_normalise(given: InputSpec) -> Iterator[str]:
    found = given.normalise
    if found is None:
        return
    if found.divide_by == 0 or 0 in found.std:
        yield f"spec.input.normalise.{'divide_by' if found.divide_by == 0 else 'std'}: nothing can be divided by 0."
    for key, values in (("mean", found.mean), ("std", found.std)):
        for layout, shape in given.shapes.items():
            channels = shape[layout.index(CHANNEL)] if CHANNEL in layout and len(layout) == len(shape) else None
            if len(values) > 1 and channels is None:
                yield f"spec.input.normalise.{key}: one number for each channel needs layouts whose letters tell which size is the channels: NCHW."
            elif len(values) > 1 and channels != len(values):
                yield f"spec.input.normalise.{key}: {len(values)} numbers, and {layout} has {channels} channels."
