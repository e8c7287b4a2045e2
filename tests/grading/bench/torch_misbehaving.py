"""Models of PyTorch that behave differently when they are graded: counters, chance, branches on what was put in, endless loops."""

import torch
from torch.nn import functional as F  # noqa: N812 its usual name

from tests.grading.bench.torch_behaving import Base, Normalising


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


def hook(self, given: tuple[torch.Tensor], answer: torch.Tensor) -> torch.Tensor:
    return answer @ torch.ones(4, 4)


def hooked():
    module = Normalising()
    module.register_forward_hook(hook)
    return module


ATTACKS = (
    CounterInBuffer, CounterInView, CounterInList, CounterInNestedList, CounterInStatistics, CounterInAttribute, Chance,
    AlwaysDropping, FileOnTheSecondCall, BranchOnValue, BranchOnWrittenValue, BranchOnListedValue, BranchOnTupledValue, BranchOnUnsetMemory,
    RowsByMask, RowsByCount, PickedFromList, LongText, SameObject, Distinct, SetInList, Raising, Endless, EndlessTensors, hooked,
)  # fmt: skip


EXPORTED_ATTACKS = (ExportedCounter, ExportedRows, ExportedMask, ExportedChance)
