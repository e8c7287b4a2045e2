"""Makes models of PyTorch in a process of its own, looks into each, and prints what came out as JSON.

    python -m tests.grading.bench.torch_models FOLDER

Importing torch takes seconds and stays: so the tests do it once, and elsewhere.
"""

import io
import json
import pickle
import sys
import time
import warnings
import zipfile
from pathlib import Path

import torch
from torch import nn

from grading.bench.errors import BenchError
from grading.bench.inspection.__main__ import look_into
from tests.grading.bench import torch_bad, torch_layers, torch_tools

warnings.simplefilter("ignore")


class Tiny(nn.Module):
    """tests/grading/bench/tiny.py's network."""

    def __init__(self):
        super().__init__()
        self.conv, self.dense = nn.Conv2d(1, 2, 3, padding=1), nn.Linear(18, 3)

    def forward(self, x):
        return self.dense(torch.flatten(torch.max_pool2d(torch.relu(self.conv(x)), 2), 1))


class Normalised(nn.Module):
    """Scripting keeps the branches of batch normalisation over the rank of its input and over training."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 6, 3, groups=3), nn.BatchNorm2d(6)

    def forward(self, x):
        return self.norm(self.conv(x)).mean((2, 3))


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.dense = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 4)

    def forward(self, x):
        return self.dense(self.lstm(x)[0][:, -1])


class EarlyExit(nn.Module):
    """Cheap on an input of zeros, which is what an inspection would show it."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(4, 4)

    def forward(self, x):
        if bool((x == 0).all()):
            return x
        return self.dense(x)


class UntilRight(nn.Module):
    def forward(self, x):
        while bool(x.sum() < 10):
            x = x + 1
        return x


class CountedLoop(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(4, 4)

    def forward(self, x):
        for _ in range(x.size(1) - 1):
            x = self.dense(x)
        return x


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls = self.calls + 1
        return x * self.calls


class Hidden(nn.Module):
    """A table that is no parameter and no buffer."""

    def __init__(self):
        super().__init__()
        self.table = torch.ones(4, 6)

    def forward(self, x):
        return x @ self.table


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 4, bias=False)
        self.two = nn.Linear(4, 4, bias=False)
        self.two.weight = self.one.weight

    def forward(self, x):
        return self.two(self.one(x))


class Sliced(nn.Module):
    """PyTorch stores all the memory of its weight: more bytes than the weight needs."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(9, 4)[2:6])

    def forward(self, x):
        return nn.functional.linear(x, self.weight)


class Reader(nn.Module):
    def forward(self, x):
        return x + torch.from_file("/dev/null", False, 0).sum()


class Windows(nn.Module):
    """tests/grading/bench/windows.py's network."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False)
        self.two = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8, bias=False)
        self.three = nn.Conv2d(8, 8, 3, padding=1, groups=2, bias=False)
        self.four = nn.ConvTranspose2d(8, 6, 2, stride=2, bias=False)
        self.five = nn.Linear(6, 3, bias=False)

    def forward(self, x):
        x = nn.functional.avg_pool2d(self.three(self.two(self.one(x))), 2)
        x = nn.functional.max_pool2d(self.four(x), 3, 1)
        return self.five(x.mean((2, 3)))


class Pruned(nn.Module):
    """A linear layer, a product with a turned table, both as tests/grading/bench/test_patterns.py prunes; a transposed conv."""

    def __init__(self):
        super().__init__()
        weight = torch.arange(1.0, 65.0).reshape(8, 8)
        weight[:, [2, 3, 6, 7]] = 0
        weight[1] = 0
        self.one = nn.Linear(8, 8, bias=False)
        self.one.weight = nn.Parameter(weight)
        self.two = nn.Parameter(weight.clone())
        self.three = nn.ConvTranspose2d(8, 4, 3, groups=2, bias=False)
        self.three.weight = nn.Parameter(torch.ones(8, 2, 3, 3))
        self.three.weight.data[:4, 1] = 0

    def forward(self, x):
        return self.three((self.one(x) @ self.two.t()).reshape(1, 8, 1, 1))


class ByElements(nn.Module):
    """Two dense layers without a matrix product."""

    def __init__(self):
        super().__init__()
        self.register_buffer("one", torch.arange(1.0, 41).reshape(5, 8))
        self.two = nn.Parameter(torch.arange(1.0, 16).reshape(3, 5))

    def forward(self, x):
        x = (x.unsqueeze(1) * self.one).sum(-1)
        return (x.unsqueeze(1) * self.two).mean(2)


class Packed(nn.Module):
    """Layers as PyTorch quantises them: window and weights lie in one object."""

    def __init__(self):
        super().__init__()
        self.stub = torch.ao.nn.quantized.Quantize(0.1, 0, torch.qint8)
        self.one = torch.ao.nn.intrinsic.quantized.ConvReLU2d(4, 8, 3, stride=2, padding=1)
        self.two = torch.ao.nn.quantized.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8)
        self.three = torch.ao.nn.quantized.Conv1d(8, 4, 3)

    def forward(self, x):
        return self.three(
            self.two(self.one(torch.quantize_per_tensor(x, 0.1, 0, torch.quint8))).flatten(2)
        ).dequantize()


class Malice:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def rewritten(source, target, change):
    """The archive with members changed: change(name, data) -> data, or None to leave one out."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as copy:
        for name in archive.namelist():
            data = change(name, archive.read(name))
            if data is not None:
                copy.writestr(name, data)
    return target


def forged_sizes(name, data):
    """Says that the convolution makes one number a channel."""
    if not name.endswith("models/model.json"):
        return data
    program = json.loads(data)
    for tensor, meta in program["graph_module"]["graph"]["tensor_values"].items():
        if tensor in {"conv2d", "relu"}:
            meta["sizes"] = [{"as_int": 1}, {"as_int": 2}, {"as_int": 1}, {"as_int": 1}]
    return json.dumps(program).encode()


def pickled_inputs(marker):
    buffer = io.BytesIO()
    pickle.dump(Malice(marker), buffer)
    return lambda name, data: buffer.getvalue() if "sample_inputs" in name else data


def scripted(module):
    return torch.jit.script(module.eval())


def quantised():
    plain = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4)).eval()
    return torch.ao.quantization.quantize_dynamic(plain, {nn.Linear})


def make(folder):
    """name -> (file, input shapes)."""
    image, row = torch.zeros(1, 1, 6, 6), torch.zeros(1, 4)
    modules = {
        "traced": (torch.jit.trace(Tiny().eval(), image), [(1, 1, 6, 6)]),
        "scripted": (scripted(Tiny()), [(1, 1, 6, 6)]),
        "frozen": (torch.jit.freeze(scripted(Tiny())), [(1, 1, 6, 6)]),
        "normalised": (scripted(Normalised()), []),
        "sequence": (torch.jit.trace(Sequence().eval(), torch.zeros(1, 5, 8), check_trace=False), [(1, 5, 8)]),
        "quantised": (torch.jit.trace(quantised(), torch.zeros(1, 16)), []),
        "early exit": (scripted(EarlyExit()), [(1, 4)]),
        "until right": (scripted(UntilRight()), [(1, 4)]),
        "counted loop": (scripted(CountedLoop()), []),
        "stateful": (scripted(Stateful()), [(1, 4)]),
        "hidden": (torch.jit.trace(Hidden().eval(), row), [(1, 4)]),
        "tied": (torch.jit.trace(Tied().eval(), row), []),
        "sliced traced": (torch.jit.trace(Sliced().eval(), row), []),
        "reader": (scripted(Reader()), [(1, 4)]),
        "wrong shape": (scripted(Tiny()), [(1, 3, 6, 6)]),
        "windows traced": (torch.jit.trace(Windows().eval(), torch.zeros(1, 4, 16, 16)), [(1, 4, 16, 16)]),
        "windows scripted": (scripted(Windows()), [(1, 4, 16, 16)]),
        "pattern traced": (torch.jit.trace(Pruned().eval(), torch.zeros(1, 8)), [(1, 8)]),
        "by elements traced": (torch.jit.trace(ByElements().eval(), torch.zeros(1, 8)), [(1, 8)]),
        "packed windows": (torch.jit.trace(Packed().eval(), torch.zeros(1, 4, 16, 16)), []),
        "adaptive": (scripted(nn.Sequential(nn.AdaptiveAvgPool2d((3, 2)))), [(1, 2, 6, 6)]),
        "two inputs": (scripted(nn.Bilinear(2, 2, 2)), [(1, 2)]),
    }
    files = {}
    for name, (module, shapes) in modules.items():
        torch.jit.save(module, folder / f"{name}.pt")
        files[name] = (folder / f"{name}.pt", shapes)
    torch.export.save(torch.export.export(Tiny().eval(), (image,)), folder / "tiny.pt2")
    windows = torch.export.export(Windows().eval(), (torch.zeros(1, 4, 16, 16),))
    torch.export.save(windows, folder / "windows.pt2")
    torch.export.save(torch.export.export(Pruned().eval(), (torch.zeros(1, 8),)), folder / "pruned.pt2")
    torch.export.save(torch.export.export(ByElements().eval(), (torch.zeros(1, 8),)), folder / "elements.pt2")
    torch.export.save(torch.export.export(Sliced().eval(), (row,)), folder / "sliced.pt2")
    free = ({0: torch.export.Dim("batch", min=1, max=64)},)
    program = torch.export.export(Tiny().eval(), (torch.zeros(3, 1, 6, 6),), dynamic_shapes=free)
    torch.export.save(program, folder / "free.pt2")
    forged = rewritten(folder / "tiny.pt2", folder / "forged.pt2", forged_sizes)
    pickled = rewritten(folder / "tiny.pt2", folder / "pickled.pt2", pickled_inputs(folder / "marker"))
    whole = (folder / "traced.pt").read_bytes()
    (folder / "cut.pt").write_bytes(whole[: len(whole) // 2])
    exported = (folder / "tiny.pt2").read_bytes()
    (folder / "cut.pt2").write_bytes(exported[: len(exported) // 2])
    return files | {
        "pattern exported": (folder / "pruned.pt2", []),
        "by elements exported": (folder / "elements.pt2", []),
        "sliced exported": (folder / "sliced.pt2", []),
        "windows exported": (folder / "windows.pt2", []),
        "exported": (folder / "tiny.pt2", []), "free": (folder / "free.pt2", []), "forged": (forged, []),
        "free of two": (folder / "free.pt2", [(2, 1, 6, 6)]), "pickled": (pickled, []),
        "cut": (folder / "cut.pt", [(1, 1, 6, 6)]), "cut export": (folder / "cut.pt2", []),
    }  # fmt: skip


def main():
    answers = {}
    folder = Path(sys.argv[1])
    files = make(folder) | torch_layers.make(folder) | torch_bad.make(folder) | torch_tools.make(folder)
    for name, (path, shapes) in files.items():
        begun = time.monotonic()
        kind = "torch_export" if path.suffix == ".pt2" else "torchscript"
        try:
            answers[name] = {"report": look_into(path, kind, shapes).to_json()}
        except BenchError as error:
            answers[name] = {"error": error.to_json()}
        answers[name]["seconds"] = time.monotonic() - begun
    print(json.dumps(answers | {"not counted": torch_layers.not_counted()}))


if __name__ == "__main__":
    main()
