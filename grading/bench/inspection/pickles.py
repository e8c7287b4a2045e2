"""Read a pickle without running it: which calls it would make, and whether its tensors fill the bytes they claim.

Both PyTorch formats are zip archives with pickles in them. Their loaders call what a pickle names, some of them anything.
Here nothing is resolved: a call is two words and its arguments. What exporters write is known; the rest is refused, also
where no loader of ours would open that member.
"""

import pickletools  # lists opcodes, runs none  # nosec B403
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from grading.bench.errors import BenchError

MOST_STEPS = 5_000_000
MOST_NESTED = 2_000  # values in each other; the readers of PyTorch call themselves for each, and crash at some depth
MARK = object()
# What torch.save and torch.jit.save write. Classes of the model itself are only named, and built by torch's own reader.
KNOWN = {
    "collections OrderedDict", "_codecs encode", "__builtin__ set", "torch Size", "torch device", "torch.serialization _get_layout", "builtins set",
    "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3",
    "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state", "torch._utils _rebuild_qtensor",
    "torch._utils _rebuild_sparse_tensor", "torch._utils _rebuild_meta_tensor_no_storage", "torch.storage UntypedStorage",
    "torch.storage TypedStorage", "torch.storage _UntypedStorage", "torch per_tensor_affine", "torch per_channel_affine",
    "torch.jit._pickle build_intlist", "torch.jit._pickle build_tensorlist", "torch.jit._pickle build_doublelist",
    "torch.jit._pickle build_boollist", "torch.jit._pickle build_tensor_from_id", "torch.jit._pickle restore_type_tag",
    "torch.nn.parameter Parameter", "torch._tensor _rebuild_from_type_v2",
}  # fmt: skip
TYPES = {
    "float32", "float64", "float16", "bfloat16", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64",
    "complex128", "complex32", "quint8", "qint8", "qint32", "quint4x2", "quint2x4", "uint16", "uint32", "uint64",
    "strided", "sparse_coo", "contiguous_format", "preserve_format",
}  # fmt: skip
# Bytes of an element of each kind of storage.
STORAGES = {
    "FloatStorage": 4, "DoubleStorage": 8, "HalfStorage": 2, "BFloat16Storage": 2, "CharStorage": 1, "ByteStorage": 1,
    "ShortStorage": 2, "IntStorage": 4, "LongStorage": 8, "BoolStorage": 1, "ComplexFloatStorage": 8, "QInt8Storage": 1,
    "ComplexDoubleStorage": 16, "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    "UntypedStorage": 1, "_UntypedStorage": 1,
}  # fmt: skip
REBUILDING = {"torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3",
              "torch._utils _rebuild_qtensor"}  # fmt: skip
ENDLESS = 1 << 62  # more bytes than any record has
MODEL_CLASSES = "__torch__."
# What zipfile raises about an archive, or a member, that is not whole.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError,
              ValueError)  # fmt: skip
DAMAGED = "A member of this archive is damaged: {name} cannot be read. Save the model again."


@dataclass(frozen=True)
class Named:
    """Something that a pickle names; never looked up."""

    name: str


class Group(tuple[Any, ...]):  # noqa: SLOT001 a tuple takes no slots of its own
    """A tuple of a pickle that knows how deep it is."""

    depth = 0


@dataclass
class Heap:
    """A list, a dictionary or an object of a pickle: only how deep it is."""

    depth: int = 0


@dataclass(frozen=True)
class Storage:
    """Memory that tensors share: where its bytes lie, and how many elements it has."""

    key: str
    elements: int


def shown(name: str) -> str:
    """The name of a member as a sentence may say it."""
    return name[:80].replace(".py", "").replace("\0", " ")


def check_pickle(data: bytes, name: str, size: Callable[[str], int | None]) -> None:
    """Walk one pickle, or several one after another.

    Args:
        size: bytes of the record with this key, None where there is none.
    """
    stream = BytesIO(data)
    while stream.tell() < len(data):
        try:
            _Walk(name, size).run(pickletools.genops(stream))
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, UnicodeError) as error:
            raise BenchError("damaged_model", DAMAGED.format(name=shown(name))) from error


class _Walk:
    """The stack of an unpickler that builds nothing."""

    def __init__(self, name: str, size: Callable[[str], int | None]) -> None:
        self.name, self.size = name, size
        self.stack: list[Any] = []
        self.marks: list[int] = []  # where on the stack
        self.memo: dict[int, Any] = {}

    def run(self, steps: Iterator[Any]) -> None:
        for count, (step, value, _) in enumerate(steps):
            if count > MOST_STEPS:
                raise BenchError(
                    "too_large", f"The member {shown(self.name)} of this archive is too long to be checked."
                )
            self._step(step.name, value)

    def _step(self, step: str, value: Any) -> None:
        if step in PUSHING:
            self.stack.append(PUSHING[step](value))
        elif step in CONSUMING:
            getattr(self, CONSUMING[step])(step, value)
        elif step not in ("PROTO", "FRAME", "STOP"):
            raise self._refused(step.lower())

    def _refused(self, what: str) -> BenchError:
        said = f"The member {shown(self.name)} of this archive would call {what[:80]} when it is loaded."
        hint = "No exported model does that: save it again with torch.jit.save or torch.export.save."
        return BenchError("code_in_pickle", f"{said} {hint}", details={"member": shown(self.name)})

    def _marked(self) -> list[Any]:
        place = self.marks.pop()
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _mark(self, _: str, __: Any) -> None:
        self.marks.append(len(self.stack))
        self.stack.append(MARK)
        self._around(self.marks)

    def _around(self, held: Iterable[Any]) -> int:
        """How deep something is that holds these."""
        depth = 1 + max((getattr(item, "depth", 0) for item in held), default=0)
        if max(depth, len(self.marks)) > MOST_NESTED:
            said = f"The member {shown(self.name)} of this archive holds values more than {MOST_NESTED:,} deep in each other."
            raise BenchError("damaged_model", f"{said} Save the model again.")
        return depth

    def _put(self, _: str, value: Any) -> None:
        place = len(self.memo) if value is None else value
        if place > MOST_STEPS:  # the readers of PyTorch make a list of that length
            raise IndexError
        self.memo[place] = self.stack[-1]

    def _get(self, _: str, value: Any) -> None:
        self.stack.append(self.memo[value])

    def _tuple(self, step: str, _: Any) -> None:
        count = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}.get(step)
        if count is None:
            items = self._marked()
        else:
            items = self.stack[-count:]
            del self.stack[-count:]
        made = Group(items)
        made.depth = self._around(items)
        self.stack.append(made)

    def _collection(self, _: str, __: Any) -> None:
        self.stack.append(Heap(self._around(self._marked())))

    def _fill(self, step: str, _: Any) -> None:
        if step in ("APPENDS", "SETITEMS", "ADDITEMS"):
            items = self._marked()
        else:
            count = 2 if step == "SETITEM" else 1
            if len(self.stack) <= count:
                raise IndexError
            items = self.stack[-count:]
            del self.stack[-count:]
        self._deepen(self.stack[-1], items)

    def _deepen(self, holder: Any, items: list[Any]) -> None:
        depth = self._around(items)
        if isinstance(holder, Heap):
            holder.depth = max(holder.depth, depth)

    def _pop(self, step: str, _: Any) -> None:
        if step == "POP_MARK" or (self.stack and self.stack[-1] is MARK):
            self._marked()
        else:
            self.stack.pop()

    def _global(self, step: str, value: Any) -> None:
        if step == "STACK_GLOBAL":
            second, first = self.stack.pop(), self.stack.pop()
            value = f"{first} {second}"
        module, _, kind = str(value).partition(" ")
        known = module == "torch" and (kind in TYPES or kind in STORAGES)
        if not (value in KNOWN or known or module.startswith(MODEL_CLASSES) or module == MODEL_CLASSES[:-1]):
            raise self._refused(f"{module}.{kind}")
        self.stack.append(Named(str(value)))

    def _call(self, step: str, _: Any) -> None:
        given, called = self.stack.pop(), self.stack.pop()
        if not isinstance(called, Named):
            raise self._refused("something that it made itself")
        if called.name in REBUILDING and isinstance(given, tuple):
            self._check_tensor(given)
        self.stack.append(Heap(self._around([given])))

    def _build(self, _: str, __: Any) -> None:
        state = self.stack.pop()
        self._deepen(self.stack[-1], [state])

    def _storage(self, _: str, __: Any) -> None:
        """A persistent id: ('storage', kind, key, device, elements)."""
        given = self.stack.pop()
        if not isinstance(given, tuple) or len(given) < 5 or not isinstance(given[1], Named):
            raise self._refused("a storage that is none")
        kind, key, elements = given[1].name.rpartition(" ")[2], str(given[2]), given[4]
        have, each = self.size(key), STORAGES.get(kind, 1)
        need = elements * each if isinstance(elements, int) else -1
        if have is None:
            said = f"Weights in {shown(self.name)} lie in a member {shown(key)} that is not in this archive."
            raise BenchError("damaged_model", f"{said} Save the model again, and upload it whole.")
        if need < 0 or have < need or (have != ENDLESS and have - need >= each):
            said = f"Weights in {shown(self.name)} say that they have {need:,} bytes, and there are {have:,}."
            raise BenchError("damaged_model", f"{said} Save the model again, and upload it whole.")
        self.stack.append(Storage(key, elements))

    def _check_tensor(self, given: tuple[Any, ...]) -> None:
        storage, offset, sizes, strides = given[:4]
        if not isinstance(storage, Storage):
            return
        numbers = [offset, *sizes, *strides]
        fits = all(isinstance(number, int) and number >= 0 for number in numbers) and len(sizes) == len(strides)
        last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=False))
        if not fits or (0 not in sizes and last >= storage.elements):
            said = f"A tensor in {shown(self.name)} is larger than the numbers that are stored for it."
            raise BenchError("damaged_model", f"{said} Save the model again, and upload it whole.")


def _itself(value: Any) -> Any:
    return value


PUSHING: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
         "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), _itself),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "NONE"), lambda _: None),
    **dict.fromkeys(("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET"), lambda _: Heap()),
    "EMPTY_TUPLE": lambda _: (), "NEWTRUE": lambda _: True, "NEWFALSE": lambda _: False,
}  # fmt: skip
CONSUMING = {
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), "_put"),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), "_get"),
    **dict.fromkeys(("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"), "_tuple"),
    **dict.fromkeys(("LIST", "DICT", "FROZENSET"), "_collection"),
    **dict.fromkeys(("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS"), "_fill"),
    **dict.fromkeys(("POP", "POP_MARK"), "_pop"), **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), "_global"),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), "_call"), "BUILD": "_build", "BINPERSID": "_storage", "MARK": "_mark",
}  # fmt: skip
