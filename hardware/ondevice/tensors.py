"""Between the numbers of a data set and what a model takes and gives: checks, quantisation, dequantisation.

A data set of float32 is converted, or quantised, to what a model takes. One of whole numbers is given as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hardware.ondevice.session import ModelError, TensorSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

# NumPy has no bfloat16 and no 8-bit floats: such numbers are carried as float32 and cast where torch takes them.
CARRIED = {"bfloat16", "float8_e4m3fn", "float8_e5m2"}
FLOATS = {"float16", "float32", "float64", *CARRIED}
INTEGERS = {"int8", "uint8", "int16"}


def check_input(inputs: list[TensorSpec], given: tuple[int, ...], dtype: str = "float32") -> TensorSpec:
    """The one input of the model, if arrays of shape ``given`` (without the batch) and of ``dtype`` fit it. Raises ModelError."""
    if len(inputs) != 1:
        raise ModelError("input_mismatch", f"This model has {len(inputs)} inputs. The lab gives one.")
    spec = inputs[0]
    wanted = "x".join(map(str, (1, *given)))
    details = {"expects": str(spec), "gives": f"{wanted} {dtype}"}
    if not spec.shape or spec.shape[1:] != given:
        raise ModelError(
            "input_mismatch",
            f"This model expects {spec}. The lab gives {wanted} {dtype}. Export it again with that shape.",
            details=details,
        )
    if dtype != "float32":
        if spec.dtype != dtype:
            said = f"This model expects {spec}. The lab gives {wanted} {dtype}, as it is stored. Export it again with an input of {dtype}."
            raise ModelError("input_mismatch", said, details=details)
        return spec
    if spec.dtype not in FLOATS and not (spec.dtype in INTEGERS and spec.scale):
        why = "" if spec.dtype not in INTEGERS else ", and the file does not say with which scale"
        raise ModelError(
            "input_mismatch",
            f"This model expects {spec}{why}. The lab gives {wanted} float32. Export it again with a float32 input.",
            details=details,
        )
    return spec


def carrier(dtype: str) -> str:
    """NumPy's type for numbers of ``dtype`` on their way to the runtime. Raises ModelError: type_not_supported."""
    import numpy as np

    name = "float32" if dtype in CARRIED else dtype
    try:
        return str(np.dtype(name))
    except TypeError as error:
        said = f"This model takes {dtype} numbers, which cannot be given to it here. Export it with a float32 input."
        raise ModelError("type_not_supported", said) from error


def to_model(batch: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """Real numbers as the model stores them: rounded to the nearest step and clipped where its input is quantised.

    Whole numbers are the model's own already.
    """
    import numpy as np

    if batch.dtype.kind in "iu":
        return np.ascontiguousarray(batch, dtype=carrier(spec.dtype))
    if spec.scale is None or spec.dtype in FLOATS:
        return np.ascontiguousarray(batch, dtype=carrier(spec.dtype))
    bounds = np.iinfo(spec.dtype)
    stored = np.clip(np.rint(batch / spec.scale) + spec.zero_point, bounds.min, bounds.max)
    return np.ascontiguousarray(stored, dtype=spec.dtype)


def to_real(output: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """What the model gives as float32."""
    import numpy as np

    if spec.scale is None or spec.dtype in FLOATS:
        return output.astype(np.float32)
    return ((output.astype(np.float32) - spec.zero_point) * spec.scale).astype(np.float32)


def random_inputs(inputs: list[TensorSpec], seed: int) -> list[NDArray[Any]]:
    """Inputs to time a model with where there is no data: uniform in [0, 1), or any stored value where quantised."""
    import numpy as np

    generator = np.random.default_rng(seed)
    arrays: list[NDArray[Any]] = []
    for spec in inputs:
        if spec.dtype in FLOATS:
            arrays.append(generator.random(spec.shape).astype(carrier(spec.dtype)))
        elif spec.dtype in INTEGERS and spec.scale:
            bounds = np.iinfo(spec.dtype)
            arrays.append(generator.integers(bounds.min, bounds.max, spec.shape, dtype=spec.dtype, endpoint=True))
        else:
            # Perhaps an index into a table: 0 and 1 are the values most likely to be in range.
            arrays.append(generator.integers(0, 2, spec.shape).astype(carrier(spec.dtype)))
    return arrays


def conversions(spec: TensorSpec, output: TensorSpec, dtype: str = "float32") -> list[dict[str, str]]:
    """What was done to the numbers on their way in and out, as findings for the report. dtype: of the data set."""
    found = []
    if dtype != "float32":
        found.append({"code": "input_as_stored", "sentence": f"Inputs were given in {dtype}, as the lab stores them."})
    elif spec.scale and spec.dtype in INTEGERS:
        sentence = (
            f"Inputs were quantised to {spec.dtype} with scale {spec.scale:.6g} and zero point {spec.zero_point}."
        )
        found.append({"code": "input_quantised", "sentence": sentence})
    elif spec.dtype != "float32":
        found.append({"code": "input_converted", "sentence": f"Inputs were converted from float32 to {spec.dtype}."})
    if output.scale and output.dtype in INTEGERS:
        sentence = f"Outputs were turned back from {output.dtype} with scale {output.scale:.6g}."
        found.append({"code": "output_dequantised", "sentence": sentence})
    return found
