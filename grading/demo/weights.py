"""The weights of the demo's network as arrays, in PyTorch's layouts: what the exporters read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """Shapes with c channels in the first layer and d after the pointwise one.

    conv (c, channels of the picture, 3, 3); depthwise (c, 1, 3, 3); pointwise (d, c, 1, 1); dense (10, d * 16), whose
    input is flattened in the order (d, 4, 4).
    """

    conv: Array
    conv_bias: Array
    depthwise: Array
    depthwise_bias: Array
    pointwise: Array
    pointwise_bias: Array
    dense: Array
    dense_bias: Array

    @property
    def first(self) -> int:
        return int(self.conv.shape[0])

    @property
    def second(self) -> int:
        return int(self.pointwise.shape[0])
