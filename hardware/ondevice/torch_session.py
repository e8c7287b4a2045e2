"""What TorchScript and torch.export have in common once a module is there to be called."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from hardware.ondevice.session import ModelError, TensorSpec, fault_of
from hardware.ondevice.tensors import CARRIED

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What torch raises about a file or a graph it does not like; it has no base class of its own.
TORCH_FAULTS: tuple[type[Exception], ...] = (
    RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, OSError,
    EOFError,
)  # fmt: skip


WIDEST_CARRIED = 4  # bytes; float32 and wider are never carried in another type


class TorchSession:
    """A torch module that takes tensors of fixed shapes and returns tensors, alone or nested.

    ``state`` gives a hash of all that the module keeps from one call to the next.
    """

    faults = TORCH_FAULTS

    def __init__(
        self, runtime: str, call: Callable[..., Any], inputs: list[TensorSpec], state: Callable[[], str]
    ) -> None:
        import torch

        self._state, self._loaded = state, state()

        self.runtime = runtime
        self.version = str(torch.__version__)
        self.inputs = inputs
        self._torch = torch
        self._call = call
        self._dtypes = [getattr(torch, spec.dtype) for spec in inputs]
        zeros = [torch.zeros(spec.shape, dtype=dtype) for spec, dtype in zip(inputs, self._dtypes)]
        try:
            outputs = self._invoke(zeros)
        except self.faults as error:
            # The file holds no shapes to check beforehand: running once is how a wrong one shows.
            raise fault_of("run", error) from error
        self.outputs = [
            TensorSpec(f"output_{index}", tuple(output.shape), str(output.dtype).rpartition(".")[2])
            for index, output in enumerate(outputs)
        ]

    def run(self, arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """See Session.run."""
        return [output.numpy() for output in self._invoke(self._tensors_of(arrays))]

    def bind(self, arrays: list[NDArray[Any]]) -> Callable[[], object]:
        """See Session.bind. From tensors to tensors, as PyTorch is called by its users."""
        tensors, call, inference_mode = self._tensors_of(arrays), self._call, self._torch.inference_mode

        def infer() -> object:
            with inference_mode():
                return call(*tensors)

        return infer

    def has_changed(self) -> bool:
        """See Session.has_changed."""
        return self._state() != self._loaded

    def _tensors_of(self, arrays: list[NDArray[Any]]) -> list[Any]:
        given = [self._torch.from_numpy(array) for array in arrays]
        return [one if one.dtype is to else one.to(to) for one, to in zip(given, self._dtypes)]

    def _invoke(self, tensors: list[Any]) -> list[Any]:
        with self._torch.inference_mode():
            outputs = [_plain(tensor) for tensor in tensors_in(self._call(*tensors))]
        if not outputs:
            raise ModelError("output_mismatch", "The model returns no tensor.")
        return outputs


def tensors_in(value: Any) -> Iterable[Any]:
    """All tensors in a nest of tuples, lists and dictionaries, in order."""
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)
    elif hasattr(value, "detach"):
        yield value


def fingerprint(values: Iterable[Any]) -> str:
    """A hash over tensors, numbers, text, and what lists and dictionaries hold of them."""
    found = hashlib.sha256()
    for value in values:
        _add(found, value)
    return found.hexdigest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, (list, tuple)):
        found.update(b"[%d" % len(value))
        for item in value:
            _add(found, item)
    elif isinstance(value, dict):
        found.update(b"{%d" % len(value))
        for key, item in value.items():
            found.update(repr(key).encode())
            _add(found, item)
    elif hasattr(value, "untyped_storage"):
        found.update(f"{value.dtype}{tuple(value.shape)}".encode())
        found.update(_bytes(value))
    elif value is None or isinstance(value, (bool, int, float, complex, str)):
        found.update(repr(value).encode())


def _bytes(tensor: Any) -> Any:
    import torch

    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    return memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy()) if tensor.numel() else b""


def _plain(tensor: Any) -> Any:
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.dtype.itemsize < WIDEST_CARRIED and str(tensor.dtype).rpartition(".")[2] in CARRIED:
        tensor = tensor.float()
    return tensor.to_dense().contiguous() if tensor.is_sparse else tensor.contiguous()


def prepare(threads: int) -> Any:
    """Import torch and make it use ``threads`` threads."""
    import torch

    torch.set_num_threads(threads)
    return torch
