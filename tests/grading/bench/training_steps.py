"""Training steps for tests: one that learns, and the ways in which one does not, or only seems to."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from grading.labs.step_file import Rule, export_step

SHAPE, BATCH, CLASSES = (1, 4, 4), 8, 3
TRAIN, HELD = 96, 60


def data(count=TRAIN + HELD, seed=1):
    """Pictures whose bright row tells the class: inputs (count, 1, 4, 4) and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, count)
    inputs = rng.uniform(0, 0.4, (count, *SHAPE))
    inputs[np.arange(count), 0, labels] += 0.6
    return inputs.astype(np.float32), labels.astype(np.int64)


def net():
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))


def learner(path, rule=None, trained="full"):
    return export_step(net(), path, shape=SHAPE, batch=BATCH, trained=trained, rule=rule or Rule("momentum", rate=0.05))


class Kept(nn.Module):
    """What the odd ones have in common: a weight matrix that gives scores, and a count of calls."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.register_buffer("w", torch.randn(16, CLASSES) * 0.05)
        self.register_buffer("calls", torch.zeros(()))

    def scores(self, x):
        return x.flatten(1) @ self.w

    def loss(self, scores, y):
        return nn.functional.cross_entropy(scores, y)


class ByCount(Kept):
    """Knows the answer from the beginning and shows it bit by bit, by the number of calls."""

    def forward(self, x, y):
        self.calls.add_(1.0)
        rows = x.mean(dim=(1, 3))[:, :CLASSES]
        scores = (rows - rows.mean(dim=1, keepdim=True)) * (self.calls - 1.0)
        return self.loss(scores, y), scores


class IgnoresLabels(Kept):
    def forward(self, x, y):
        scores = self.scores(x)
        self.w.mul_(0.999)
        return self.loss(scores, y), scores


class ChangesNothing(Kept):
    """Writes what was there already."""

    def forward(self, x, y):
        scores = self.scores(x)
        self.w.copy_(self.w * 1.0)
        return self.loss(scores, y), scores


class NeverWrites(Kept):
    def forward(self, x, y):
        scores = self.scores(x)
        return self.loss(scores, y), scores


class Constant(Kept):
    def forward(self, x, y):
        self.calls.add_(y.sum() * 1.0)
        scores = torch.tensor([1.0, 0.0, 0.0]).expand(BATCH, CLASSES) + 0.0 * self.scores(x)
        return self.loss(scores, y), scores


class OneOutput(Kept):
    def forward(self, x, y):
        self.calls.add_(1.0)
        return self.scores(x)


class NotANumber(Kept):
    def forward(self, x, y):
        scores = self.scores(x)
        self.w.copy_(self.w * (y.sum() * 0.0 + 1.0))
        return self.loss(scores, y) / (y.sum() * 0.0), scores


class Slow(Kept):
    """Minutes of products in each step."""

    def forward(self, x, y):
        self.calls.add_(y.sum() * 1.0)
        work = torch.ones(2048, 2048) * x.mean()
        for _ in range(40):
            work = torch.tanh(work @ work)
        scores = self.scores(x) + work.mean() * 0.0
        return self.loss(scores, y), scores


class Greedy(Kept):
    """Asks for more memory than it may have."""

    def forward(self, x, y):
        self.calls.add_(y.sum() * 1.0)
        parts = [torch.ones(1 << 26) * x.mean() * float(n) for n in range(1, 9)]
        scores = self.scores(x) + torch.stack(parts).mean() * 0.0
        return self.loss(scores, y), scores


class Drawing(Kept):
    def forward(self, x, y):
        scores = self.scores(x)
        self.w.add_(torch.randn(16, CLASSES))
        return self.loss(scores, y), scores


def written(module, path):
    x, y = torch.zeros(BATCH, *SHAPE), torch.zeros(BATCH, dtype=torch.int64)
    with torch.no_grad():
        torch.export.save(torch.export.export(module(), (x, y)), str(path))
    return path


@dataclass
class Files:
    inputs: object
    labels: object


def files(folder):
    """A hidden set as its two files."""
    inputs, labels = data()
    found = Files(folder / "inputs.npy", folder / "labels.npy")
    np.save(found.inputs, inputs)
    np.save(found.labels, labels)
    return found
