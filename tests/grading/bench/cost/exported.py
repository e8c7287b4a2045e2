"""Writes one network in the three formats of PyTorch and prints what each is predicted to take, as JSON. A process of its own."""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from grading.bench.inspection.__main__ import look_into
from grading.bench.report import Report

SHAPE = (1, 3, 64, 64)


def layer(given, out, size=1, stride=1, groups=1, activation=nn.ReLU6):
    made = [nn.Conv2d(given, out, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(out)]
    return nn.Sequential(*made, *([activation()] if activation else []))


class Bottleneck(nn.Module):
    """As of MobileNet V3: widen, depthwise 5x5, squeeze and excite, narrow, add."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Sequential(
            layer(16, 64, activation=nn.Hardswish), layer(64, 64, 5, groups=64, activation=nn.Hardswish)
        )
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(64, 16, 1), nn.ReLU(), nn.Conv2d(16, 64, 1), nn.Hardsigmoid()
        )
        self.narrow = layer(64, 16, activation=None)

    def forward(self, x):
        wide = self.wide(x)
        return x + self.narrow(wide * self.gate(wide))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.middle = layer(3, 16, 3, 2), Bottleneck()
        self.last = layer(16, 32, 3, activation=nn.SiLU)
        self.pool, self.classes = nn.MaxPool2d(2), nn.Linear(32 * 16 * 16, 10)

    def forward(self, x):
        return self.classes(torch.flatten(self.pool(self.last(self.middle(self.stem(x)))), 1))


def main(folder):
    network, sample = Network().eval(), torch.zeros(SHAPE)
    torch.onnx.export(network, (sample,), folder / "n.onnx", dynamo=False, opset_version=17)
    torch.jit.trace(network, sample).save(str(folder / "n.pt"))
    torch.export.save(torch.export.export(network, (sample,)), folder / "n.pt2")
    found = {}
    for name, format_name in (("n.onnx", "onnx"), ("n.pt", "torchscript"), ("n.pt2", "torch_export")):
        report = look_into(folder / name, format_name, [SHAPE])
        found[format_name] = report.to_json() if isinstance(report, Report) else report
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
