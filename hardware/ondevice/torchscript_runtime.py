"""TorchScript models. Loading one runs code from the file, so this module runs only in a sandbox."""

from __future__ import annotations

from hardware.ondevice.session import ModelError, Options, TensorSpec, fault_of
from hardware.ondevice.torch_session import TORCH_FAULTS, TorchSession, prepare


def load(path: str, options: Options) -> TorchSession:
    """Load the model at ``path``; ``options.shapes`` must name its input shapes. Raises ModelError."""
    torch = prepare(options.threads)
    if not options.shapes:
        raise ModelError("input_shape_unknown", "A TorchScript file does not say what shape its input has.")
    try:
        module = torch.jit.load(path, map_location="cpu").eval()
    except TORCH_FAULTS as error:
        raise fault_of("load", error) from error
    inputs = [TensorSpec(f"input_{index}", shape, "float32") for index, shape in enumerate(options.shapes)]
    return TorchSession("TorchScript", module, inputs)
