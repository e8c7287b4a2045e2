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
    unknown = [name for name in options.types if not isinstance(getattr(torch, name, None), torch.dtype)]
    if unknown:
        raise ModelError("type_not_supported", f"PyTorch has no numbers of the type {unknown[0]}.")
    types = [*options.types, *["float32"] * len(options.shapes)]
    inputs = [
        TensorSpec(f"input_{index}", shape, dtype)
        for index, (shape, dtype) in enumerate(zip(options.shapes, types, strict=False))
    ]
    return TorchSession("TorchScript", module, inputs)
