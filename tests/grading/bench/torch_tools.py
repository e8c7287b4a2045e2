"""Models of PyTorch as TorchQuant and the LC toolkit leave them; see test_tools.py."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 its usual name

from tests.grading.bench.torch_layers import exported, traced


class Grid(nn.Module):
    """A weight on a grid of 4 bits: the float weight, rounded when the model runs, with its scale as a buffer."""

    def __init__(self, layer):
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self.register_buffer("scale", layer.weight.abs().amax() / 7)

    def grid(self):
        return torch.clamp(torch.round(self.weight / self.scale), -8, 7) * self.scale


class GridConv(Grid):
    def forward(self, x):
        return F.conv2d(x, self.grid(), self.bias, padding=1)


class GridLinear(Grid):
    def forward(self, x):
        return F.linear(x, self.grid(), self.bias)


def pruned():
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)).eval()
    model[0].weight.data[[1, 4, 5]] = 0
    return model


def make(folder):
    """name -> (file, input shapes), in a folder of their own."""
    folder = folder / "tools"
    folder.mkdir()
    image = torch.rand(1, 1, 6, 6)
    quantised = nn.Sequential(GridConv(nn.Conv2d(1, 4, 3)), nn.ReLU(), nn.Flatten(), GridLinear(nn.Linear(144, 3)))
    files = {}
    for name, model in {"fake quantised": quantised, "lc pruned": pruned()}.items():
        files[f"{name} traced"] = (traced(model, [image], folder / f"{name}.pt"), [(1, 1, 6, 6)])
        files[f"{name} exported"] = (exported(model, [image], folder / f"{name}.pt2"), [])
    return files
