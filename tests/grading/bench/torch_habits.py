"""Models of PyTorch that behave, and models that behave differently when they are graded. Prints what the check says, as JSON.

    python -m tests.grading.bench.torch_habits FOLDER

In a process of its own, as torch_models is.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 its usual name

from grading.bench.errors import BenchError
from grading.bench.inspection.__main__ import look_into
from tests.grading.bench import torch_smuggled

warnings.simplefilter("ignore")


class Base(nn.Module):
    """Sixteen numbers in, four scores out."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(16, 4)


# -- models that behave ---------------------------------------------------------------------------------------------


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(4), nn.BatchNorm2d(4)])

    def forward(self, x):
        y = self.one(x)
        for norm in self.norms:
            y = F.relu(norm(self.two(y)), inplace=True)
        y += x
        return y.mean((2, 3))


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(4, 8, 3, padding="same"), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.ConvTranspose2d(8, 4, 2, stride=2), nn.GroupNorm(2, 4), nn.Hardswish(inplace=True), nn.MaxPool2d(2),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.LayerNorm(16), nn.Linear(16, 4), nn.LogSoftmax(1),
        )  # fmt: skip

    def forward(self, x):
        if x.dim() == 4 and not self.training:
            return self.body(x)
        return self.body(x.unsqueeze(0))


class Interpolated(nn.Module):
    def forward(self, x):
        y = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        y = F.interpolate(y, size=[int(x.shape[2]), int(x.shape[3])], mode="nearest")
        return F.pad(y, [1, 1]).sum((2, 3))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(8, 6, num_layers=2, dropout=0.3, batch_first=True), nn.GRU(6, 4, batch_first=True)

    def forward(self, x):
        y, _ = self.lstm(x)
        z, _ = self.gru(y)
        return z[:, -1]


class ByHand(nn.Module):
    """A recurrent cell in a loop over the length, with a list of outputs."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(8, 4)

    def forward(self, x):
        state = torch.zeros(x.size(0), 4)
        found = []
        for place in range(x.size(1)):
            state = self.cell(x[:, place], state)
            found.append(state)
        return torch.stack(found, 1)[:, -1]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0].mean(1)


class Encoder(nn.Module):
    def __init__(self, fast=True):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=fast)

    def forward(self, x):
        return self.encoder(x).mean(1)


class Named(nn.Module):
    """Features go by name through a dictionary and a tuple, as in models of detection."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(16, 4)
        self.sizes = [4, 4]

    def parts(self, x) -> tuple[torch.Tensor, int]:
        return self.dense(x), x.size(0)

    def forward(self, x):
        found = {}
        y, rows = self.parts(x)
        if rows == 1:
            found["scores"] = y
        for name, value in found.items():
            found[name] = value.view(rows, self.sizes[0])
        return found["scores"]


class Normalising(Base):
    """Numbers taken from the input may be computed with."""

    def forward(self, x):
        return self.dense((x - x.mean()) / (x.std() + 1e-6)) + float(x.max())


# -- models that do not ---------------------------------------------------------------------------------------------


class CounterInBuffer(Base):
    def __init__(self):
        super().__init__()
        self.register_buffer("c", torch.zeros(1))

    def forward(self, x):
        self.c.add_(1)
        if int(self.c.item()) > 1:
            return self.dense(x)
        return torch.zeros(1, 4)


class CounterInView(CounterInBuffer):
    def forward(self, x):
        seen = self.c.view(1)[0:1]
        for part in [seen]:
            part.add_(1)
        return self.dense(x) * self.c


class CounterInList(Base):
    def __init__(self):
        super().__init__()
        self.q = [1]

    def forward(self, x):
        self.q.append(1)
        if len(self.q) > 2:
            return self.dense(x)
        return torch.zeros(1, 4)


class CounterInNestedList(Base):
    def __init__(self):
        super().__init__()
        self.q = [[1]]

    def forward(self, x):
        inner = self.q[0]
        inner[0] = inner[0] + 1
        return self.dense(x)


class CounterInStatistics(Base):
    """Batch normalisation in training mode writes its statistics without saying so in its schema."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(16))
        self.register_buffer("var", torch.ones(16))

    def forward(self, x):
        return self.dense(F.batch_norm(x.repeat(2, 1), self.mean, self.var, None, None, True)[:1])


class CounterInAttribute(Base):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls = self.calls + 1
        return self.dense(x) * self.calls


class Chance(Base):
    def forward(self, x):
        if float(torch.rand(1).item()) < 0.5:
            return torch.zeros(1, 4)
        return self.dense(x)


class AlwaysDropping(Base):
    def forward(self, x):
        return F.dropout(self.dense(x), 0.5, training=True)


class FileOnTheSecondCall(CounterInBuffer):
    def forward(self, x):
        y = self.dense(x)
        if int(self.c.item()) > 1:
            y = y + torch.from_file("/in/inputs.npy", False, 4)
        return y


class BranchOnValue(Base):
    def forward(self, x):
        if bool(x.sum() > 0):
            return self.dense(x)
        return torch.zeros(1, 4)


class BranchOnWrittenValue(Base):
    """The taint must go with the memory: the name `seen` itself comes from nowhere."""

    def forward(self, x):
        seen = torch.zeros(1)
        alias = seen.view(1)
        alias.add_(x.sum())
        if float(seen.item()) > 0:
            return self.dense(x)
        return torch.zeros(1, 4)


class BranchOnTupledValue(Base):
    """The tuple was clean when it was made."""

    def forward(self, x):
        seen = torch.zeros(1)
        both = [(seen, 1)]
        seen.add_(x.sum())
        held, _ = both[0]
        if float(held.item()) > 0:
            return self.dense(x)
        return torch.zeros(1, 4)


class BranchOnListedValue(Base):
    def forward(self, x):
        held = [0.0]
        other = held
        other[0] = float(x.sum())
        if held[0] > 0:
            return self.dense(x)
        return torch.zeros(1, 4)


class BranchOnUnsetMemory(Base):
    def forward(self, x):
        if float(torch.empty(1).item()) != 0:
            return self.dense(x)
        return torch.zeros(1, 4)


class RowsByMask(Base):
    """No row at the check, all of them when it is graded."""

    def forward(self, x):
        rows = x[x.sum(1) > 0]
        return torch.zeros(1, 4) + self.dense(rows).sum(0)


class RowsByCount(Base):
    def forward(self, x):
        count = int((x.sum() > 0).long().item())
        return torch.zeros(1, 4) + self.dense(x.repeat([count, 1])).sum(0)


class PickedFromList(Base):
    def forward(self, x):
        choices = [torch.zeros(0, 16), x]
        return torch.zeros(1, 4) + self.dense(choices[int((x.sum() > 0).long().item())]).sum(0)


class LongText(Base):
    def forward(self, x):
        if len("{}".format(int(x.sum().item()))) > 1:  # noqa: UP032 what TorchScript knows
            return self.dense(x)
        return torch.zeros(1, 4)


class SameObject(Base):
    """Two readings of one list are one object in PyTorch, and two in Python."""

    def __init__(self):
        super().__init__()
        self.q = [1]

    def forward(self, x):
        if self.q is self.q:
            return self.dense(x)
        return torch.zeros(1, 4)


class Distinct(Base):
    def forward(self, x):
        return torch.zeros(1, 4) + self.dense(torch.unique(x)[:1].repeat(16).unsqueeze(0))


class SetInList(Base):
    """Behaves. But PyTorch's binding would change a copy of the list, and the check would see the cheap branch."""

    def forward(self, x):
        held = [0]
        held[0] = 1
        if held[0] == 0:
            return torch.zeros(1, 4)
        return self.dense(x)


class Raising(Base):
    def forward(self, x):
        raise ValueError("only for cats")
        return self.dense(x)


class Endless(Base):
    def forward(self, x):
        count = 0
        while count < 10**15:
            count += 1
        return self.dense(x) + count


class EndlessTensors(Base):
    def forward(self, x):
        count = 0
        while count < 10**15:
            x = x + 1
            count += 1
        return self.dense(x)


class ExportedCounter(CounterInBuffer):
    def forward(self, x):
        self.c.add_(1)
        return self.dense(x) * self.c


class ExportedRows(Base):
    """Which rows there are, without a mask: torch.export allows sizes that are known only when it runs."""

    def forward(self, x):
        rows = torch.nonzero(x.sum(1) > 0).flatten()
        return torch.zeros(1, 4) + self.dense(x[rows]).sum(0)


class ExportedMask(Base):
    def forward(self, x):
        return torch.zeros(1, 4) + self.dense(x[x.sum(1) > 0]).sum(0)


class ExportedChance(Base):
    def forward(self, x):
        return self.dense(x) + torch.rand(1, 4)


EXPORTED_ATTACKS = (ExportedCounter, ExportedRows, ExportedMask, ExportedChance)
EXPORTED = {"residual", "convolutions", "recurrent", "attention", "encoder"}


def hook(self, given: tuple[torch.Tensor], answer: torch.Tensor) -> torch.Tensor:
    return answer @ torch.ones(4, 4)


def hooked():
    module = Normalising()
    module.register_forward_hook(hook)
    return module


BEHAVE = {
    "residual": (Residual, (1, 4, 6, 6)), "convolutions": (Convolutions, (1, 4, 6, 6)),
    "interpolated": (Interpolated, (1, 4, 6, 6)), "recurrent": (Recurrent, (1, 5, 8)), "by hand": (ByHand, (1, 5, 8)),
    "attention": (Attention, (1, 5, 8)), "encoder": (Encoder, (1, 5, 8)),
    "slow encoder": (lambda: Encoder(False), (1, 5, 8)), "named": (Named, (1, 16)), "normalising": (Normalising, (1, 16)),
}  # fmt: skip
ATTACKS = (
    CounterInBuffer, CounterInView, CounterInList, CounterInNestedList, CounterInStatistics, CounterInAttribute, Chance,
    AlwaysDropping, FileOnTheSecondCall, BranchOnValue, BranchOnWrittenValue, BranchOnListedValue, BranchOnTupledValue, BranchOnUnsetMemory,
    RowsByMask, RowsByCount, PickedFromList, LongText, SameObject, Distinct, SetInList, Raising, Endless, EndlessTensors, hooked,
)  # fmt: skip
TRACED = {"residual", "convolutions", "recurrent", "attention", "encoder", "slow encoder", "normalising"}


def make():
    """name -> (module, input shape)."""
    for name, (build, shape) in BEHAVE.items():
        torch.manual_seed(3)
        yield f"{name} scripted", torch.jit.script(build().eval()), shape
        if name in TRACED:
            yield f"{name} traced", torch.jit.trace(build().eval(), torch.rand(shape), check_trace=False), shape
    yield "residual frozen", torch.jit.freeze(torch.jit.script(Residual().eval())), (1, 4, 6, 6)
    for build in (*ATTACKS, *torch_smuggled.SCRIPTED):
        yield build.__name__, torch.jit.script(build().eval()), (1, 16)


def export(folder):
    """name -> (file, input shape)."""
    kinds = [(f"{name} exported", *BEHAVE[name]) for name in sorted(EXPORTED)]
    kinds += [(f"{build.__name__} exported", build, (1, 16)) for build in torch_smuggled.EXPORTED]
    for name, build, shape in [*kinds, *((build.__name__, build, (1, 16)) for build in EXPORTED_ATTACKS)]:
        path = folder / f"{name}.pt2"
        torch.export.save(torch.export.export(build().eval(), (torch.rand(shape),)), path)
        yield name, path, shape


def main():
    answers = {}
    for name, path, shape in export(Path(sys.argv[1])):
        try:
            answers[name] = {"report": look_into(path, "torch_export", [shape]).to_json()}
        except BenchError as error:
            answers[name] = {"error": error.to_json()}
    for name, module, shape in make():
        path = Path(sys.argv[1]) / f"{name}.pt"
        torch.jit.save(module, str(path))
        try:
            answers[name] = {"report": look_into(path, "torchscript", [shape]).to_json()}
        except BenchError as error:
            answers[name] = {"error": error.to_json()}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
