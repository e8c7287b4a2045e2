"""TFLite models on LiteRT (the runtime that was called TensorFlow Lite)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hardware.ondevice.session import Options, TensorSpec, fault_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LiteRtSession:
    """A model loaded by LiteRT with the delegate it takes by itself (XNNPACK)."""

    runtime = "LiteRT"
    faults: tuple[type[Exception], ...] = (RuntimeError, ValueError, TypeError, IndexError)

    def __init__(self, path: str, options: Options) -> None:
        # Heavy, and only this format needs it.
        try:
            import ai_edge_litert as package
            from ai_edge_litert.interpreter import Interpreter
        except ModuleNotFoundError:
            # The same runtime under its old name, which is the last with wheels for 32-bit Arm.
            import tflite_runtime as package
            from tflite_runtime.interpreter import Interpreter

        self.version = str(getattr(package, "__version__", "unknown"))
        try:
            self._interpreter = Interpreter(model_path=path, num_threads=options.threads)
            self._interpreter.allocate_tensors()
        except self.faults as error:
            raise fault_of("load", error) from error
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self.inputs = [_spec(detail) for detail in inputs]
        self.outputs = [_spec(detail) for detail in outputs]
        self._input_indices = [int(detail["index"]) for detail in inputs]
        self._output_indices = [int(detail["index"]) for detail in outputs]

    def run(self, arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """See Session.run. The outputs are copies."""
        return self.bind(arrays)()

    def bind(self, arrays: list[NDArray[Any]]) -> Callable[[], list[NDArray[Any]]]:
        """See Session.bind. Copying in and out belongs to an inference of this runtime."""
        given, runtime = list(zip(self._input_indices, arrays)), self._interpreter

        def infer() -> list[NDArray[Any]]:
            for index, array in given:
                runtime.set_tensor(index, array)
            runtime.invoke()
            return [runtime.get_tensor(index) for index in self._output_indices]

        return infer

    def has_changed(self) -> bool:
        """Weights are read only here; variables show in the answers, which are compared."""
        return False


def _spec(detail: dict[str, Any]) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    return TensorSpec(
        name=str(detail["name"]),
        shape=tuple(int(size) for size in detail["shape"]),
        dtype=detail["dtype"].__name__,
        scale=float(scale) or None,  # 0 means: not quantised
        zero_point=int(zero_point),
    )


def load(path: str, options: Options) -> LiteRtSession:
    """Load the model at ``path``. Raises ModelError."""
    return LiteRtSession(path, options)
