"""The batch of tensors in a TFLite file that leaves it free: the file stores 1 for it, also where it is another number.

TensorFlow writes a dilated convolution as SPACE_TO_BATCH_ND, convolution, BATCH_TO_SPACE_ND: there the picture is cut
into pieces that lie in the batch. The runtime computes these sizes anew, and so is it done here.
"""

from collections.abc import Callable
from math import prod
from typing import Any

from numpy.typing import NDArray

from grading.bench.inspection.tflite_operators import BROADCAST, SAME_SIZE, WINDOWS, Step

CUTTING = {"SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"}
KEEPING = (WINDOWS.keys() | BROADCAST | SAME_SIZE | {"PAD", "PADV2", "MIRROR_PAD"}) - {"RESHAPE", "SQUEEZE", "EXPAND_DIMS",
                                                                                     "TRANSPOSE"}  # fmt: skip


def settle_batch(step: Step, numbers: Callable[[int], NDArray[Any] | None], *, free: bool) -> None:
    """Give the output of an operator the batch that follows from its input.

    Args:
        numbers: of an input that is stored, by its place.
        free: the file leaves the batch of the output open.
    """
    given = [tensor for tensor in step.given if tensor is not None and not tensor.constant and tensor.shape]
    output = step.outputs[0]
    if not given or not output.shape:
        return
    batch = output.shape[0]
    if step.op in CUTTING:
        block = numbers(1)
        pieces = max(prod(block.reshape(-1).tolist()), 1) if block is not None else 1
        batch = given[0].shape[0] * pieces if step.op == "SPACE_TO_BATCH_ND" else given[0].shape[0] // pieces
    elif free and step.op in KEEPING:
        batch = max((tensor.shape[0] for tensor in given if len(tensor.shape) == len(output.shape)), default=batch)
    output.shape = (batch, *output.shape[1:])
