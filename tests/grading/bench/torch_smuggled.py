"""Models that bring their input to the weights on a way that does not look like one; see test_inspection_habits.py.

What is computed from constants alone costs nothing when the model runs, and is not counted. Each of these has one layer
of sixteen by four, and must count as that.
"""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 its usual name


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(16, 4)
        self.register_buffer("zeros", torch.zeros(1, 16))
        self.register_buffer("one", torch.ones(1))


class ByNumbers(Layer):
    """Each value of the input becomes a number, and each number a factor of a constant."""

    def forward(self, x):
        parts = [self.one * float(x[0, place].item()) for place in range(16)]
        return self.dense(torch.stack(parts, 1)) + x.sum() * 0


class ByWrittenMemory(Layer):
    """The view was made while its memory still held a constant."""

    def forward(self, x):
        held = self.zeros.clone()
        seen = held.view(1, 16)
        held.add_(x)
        return self.dense(seen)


class ByUnsetMemory(Layer):
    def forward(self, x):
        held = torch.empty_like(self.zeros)
        seen = held.view(1, 16)
        held.copy_(x)
        return self.dense(seen)


class ByStatistics(Layer):
    """Batch normalisation in training mode writes the mean of its input where nobody looks."""

    def forward(self, x):
        mean, spread = self.zeros[0].clone(), self.zeros[0] + 1
        seen = mean.view(1, 16)
        both = F.batch_norm(torch.cat([x, x]), mean, spread, None, None, True, 1.0, 1e-5)
        return self.dense(seen) + both.sum() * 0


class ByData(Layer):
    """Behaves: this is how older code leaves out gradients."""

    def forward(self, x):
        return self.dense(x.data)


class Guessed(Layer):
    """Behaves. But whoever looks for the first layer in a branch that is not taken must not run what stands there."""

    def __init__(self):
        super().__init__()
        self.has_begun = False

    def forward(self, x):
        if self.has_begun:
            x = F.linear(x, self.dense.weight.zero_())
        return self.dense(x)


SCRIPTED = (ByNumbers, ByWrittenMemory, ByUnsetMemory, ByStatistics, ByData, Guessed)
EXPORTED = (ByWrittenMemory, ByUnsetMemory, ByStatistics)
