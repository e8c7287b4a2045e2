"""Training of the labs' small networks: seconds, one thread and a fixed seed, so that the same machine gives the same weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from grading.labs.nets import Array, Net, activations, arrays_of, scores

BATCH, SEED = 64, 11767


@dataclass(frozen=True)
class Teacher:
    """Soft targets. logits (n, classes); temperature, and the share of the loss that is the teacher's (Hinton et al., 2015)."""

    logits: Array
    temperature: float = 4.0
    share: float = 0.9


@dataclass(frozen=True)
class Way:
    """epochs; rate: of Adam, falling to zero along a cosine. low, high: of the values, which are brought to 0 to 1 for training."""

    epochs: int
    rate: float = 4e-3
    high: float = 1.0


def fitted(
    net: Net,
    inputs: Array,
    labels: NDArray[np.int64],
    way: Way,
    *,
    teacher: Teacher | None = None,
    masks: Sequence[Array] | None = None,
) -> Net:
    """The network trained on inputs (n, *shape) with labels (n,). masks: ones and zeros for each array; what is zero stays zero."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    arrays = [torch.from_numpy(array.copy()) for array in arrays_of(net)]
    arrays[0] *= way.high  # the inputs are divided by as much
    held = [torch.from_numpy(mask) for mask in masks] if masks else None
    given, truth = torch.from_numpy(inputs / way.high).float(), torch.from_numpy(labels)
    soft = None if teacher is None else torch.from_numpy(teacher.logits)
    _descend(net, arrays, (given, truth, soft), way, teacher, held)
    arrays[0] /= way.high
    return net.with_arrays([array.detach().numpy() for array in arrays])


def _descend(
    net: Net, arrays: list[Any], data: tuple[Any, Any, Any], way: Way, teacher: Teacher | None, masks: Any
) -> None:
    """Change the arrays in place."""
    given, truth, soft = data
    for array in arrays:
        array.requires_grad_()
    optimizer = torch.optim.Adam(arrays, lr=way.rate)
    steps = way.epochs * -(-len(truth) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    for _ in range(way.epochs):
        for batch in torch.randperm(len(truth)).split(BATCH):
            *_, out = activations(net, given[batch], arrays)
            out = out.flatten(1)
            loss = functional.cross_entropy(out, truth[batch])
            if teacher is not None:
                loss = (1 - teacher.share) * loss + teacher.share * _apart(out, soft[batch], teacher.temperature)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if masks:
                with torch.no_grad():
                    for array, mask in zip(arrays, masks, strict=True):
                        array.mul_(mask)
    for array in arrays:
        array.requires_grad_(False)


def _apart(out: Any, soft: Any, temperature: float) -> Any:
    """Divergence from the teacher at a temperature, times its square so that gradients keep their size."""
    ours, theirs = functional.log_softmax(out / temperature, 1), functional.softmax(soft / temperature, 1)
    return functional.kl_div(ours, theirs, reduction="batchmean") * temperature**2


def accuracy(net: Net, inputs: Array, labels: NDArray[np.int64]) -> float:
    return float((scores(net, inputs).argmax(1).numpy() == labels).mean())
