"""How long a step of training takes beside a forward pass: PyTorch on this machine, and the cost model. Prints a table.

python -m tests.load.training_step [times]

In processor time of one thread, because wall time of a busy machine says nothing. The cost model is that of a Raspberry Pi 4; only the
ratio of the two can be compared.
"""

import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 its usual name

from grading.bench.on_device import Choice
from grading.bench.training.on_device import training_json
from grading.bench.training.setting import Method, Setting
from hardware.profiles import load_profiles
from tests.grading.bench.training.torch_nets import report_of_net, train_only
from tests.load.figures import figure, numbers, table

BATCH, TIMES, BOARD = 8, numbers(9)[0], "rpi-4-4gb"
METHODS = (Method.FULL, Method.LAST_LAYER, Method.BIAS)


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a, self.b = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))) + x)


def _normed(read, made, size=3, stride=1, groups=1):
    conv = nn.Conv2d(read, made, size, stride, size // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(made), nn.ReLU6()]


def mobile():
    layers = _normed(3, 32, stride=2)
    for read, made, stride in ((32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1)):
        layers += [*_normed(read, read, stride=stride, groups=read), *_normed(read, made, size=1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


def residual():
    stem = [nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), Block(64), Block(64), nn.MaxPool2d(2), Block(64)]
    return nn.Sequential(*stem, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def connected():
    return nn.Sequential(nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10))


NETS = {"mobile": (mobile, (3, 96, 96)), "residual": (residual, (3, 64, 64)), "connected": (connected, (784,))}


def seen(act):
    """Median processor time of one call, in milliseconds."""
    times = []
    for turn in range(TIMES + 2):
        before = process_time()
        act()
        if turn > 1:
            times.append(1000 * (process_time() - before))
    return median(times)


def measured(net, shape, method):
    """(forward pass, step) in milliseconds."""
    train_only(net, method)
    optimizer = torch.optim.SGD([one for one in net.parameters() if one.requires_grad], lr=1e-3)
    x, y = torch.randn(BATCH, *shape), torch.zeros(BATCH, dtype=torch.int64)

    def forward():
        with torch.no_grad():
            net(x)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()

    return seen(forward), seen(step)


def main():
    torch.set_num_threads(1)
    board = {BOARD: load_profiles()[BOARD]}
    row = table(
        "network|10", "what trains|<12", "forward, ms|.1f", "step, ms|.1f", "ratio|.2f", "modelled|.2f", "of seen|.2f"
    )
    for name, (build, shape) in NETS.items():
        torch.manual_seed(0)
        net = build().eval()
        with tempfile.TemporaryDirectory() as folder:
            report = report_of_net(net, shape, Path(folder))
        told = training_json(report, board, Setting(batch=BATCH), Choice())["devices"][BOARD]["methods"]
        for method in METHODS:
            forward, step = measured(net, shape, method)
            ratio = told[method]["latency_ms"] / told[Method.IMPRINT]["latency_ms"]
            row(name, str(method), forward, step, step / forward, ratio, ratio / (step / forward))
    return 0


if __name__ == "__main__":
    sys.exit(figure(main))
