"""ONNX models on ONNX Runtime's CPU provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hardware.ondevice.session import ModelError, Options, TensorSpec, fault_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    **{f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "tensor(bool)": "bool",
}
ERRORS_ONLY = 3


class OnnxSession:
    """A model loaded by ONNX Runtime. Sizes that are free in the file are taken as 1, or from the given shapes."""

    runtime = "ONNX Runtime"

    def __init__(self, path: str, options: Options) -> None:
        import onnxruntime  # heavy, and only this format needs it
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        self.version = str(onnxruntime.__version__)
        # Each of its errors derives from Exception directly.
        named = tuple(
            value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)
        )
        self.faults: tuple[type[Exception], ...] = (*named, RuntimeError, ValueError, TypeError, IndexError)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = ERRORS_ONLY
        settings.use_deterministic_compute = True
        try:
            self._session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        except self.faults as error:
            raise fault_of("load", error) from error
        self.inputs = [
            _spec(value, options.shapes[index] if index < len(options.shapes) else None)
            for index, value in enumerate(self._session.get_inputs())
        ]
        self.outputs = [_spec(value, None) for value in self._session.get_outputs()]
        self._names = [spec.name for spec in self.inputs]

    def run(self, arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """See Session.run."""
        return self.bind(arrays)()

    def bind(self, arrays: list[NDArray[Any]]) -> Callable[[], list[NDArray[Any]]]:
        """See Session.bind."""
        feed = dict(zip(self._names, arrays))
        run = self._session.run
        return lambda: run(None, feed)

    def has_changed(self) -> bool:
        """Weights are read only here, and no operator keeps anything."""
        return False


def _spec(value: Any, shape: tuple[int, ...] | None) -> TensorSpec:
    if value.type not in DTYPES:
        raise ModelError(
            "input_mismatch", f"{value.name!r} is a {value.type}. Only plain tensors can be measured here."
        )
    declared = tuple(size if isinstance(size, int) and size > 0 else 0 for size in value.shape)
    if shape is not None and len(shape) == len(declared):
        declared = tuple(size or shape[place] for place, size in enumerate(declared))
    return TensorSpec(value.name, tuple(size or 1 for size in declared), DTYPES[value.type])


def load(path: str, options: Options) -> OnnxSession:
    """Load the model at ``path``. Raises ModelError."""
    return OnnxSession(path, options)
