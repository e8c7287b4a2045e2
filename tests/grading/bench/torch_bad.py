"""Files of PyTorch that no measurement should begin with; test_bad_files.py says what comes of each."""

import io
import json
import os
import pickle
import zipfile

import torch
from torch import nn


class Malice:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


class Forks(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(4, 4)

    def forward(self, x):
        return torch.jit.wait(torch.jit.fork(self.dense, x))


class Empty(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(4, 4)

    def forward(self, x):
        return torch.cat([self.dense(x), x[:, 2:2]], 1)


def changed(source, target, change):
    """The archive with members changed: change(name, data) -> data, or None to leave one out."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as copy:
        for name in archive.namelist():
            data = change(name, archive.read(name))
            if data is not None:
                copy.writestr(name, data)
    return target


def swapped(ending, data):
    return lambda name, old: data if name.endswith(ending) else old


def shorter(name, data):
    return data[:3] if name.endswith("data/0") else data


def longer(name, data):
    """The bias of 4 numbers is read from place 200 on."""
    return data.replace(b"K\x00(K\x04t(", b"K\xc8(K\x04t(") if name.endswith("/data.pkl") else data


def long_code(source, target, steps):
    """The TorchScript of one ReLU, with so many of them."""

    def change(name, data):
        if b"class ReLU" not in data or not name.endswith(".py"):
            return data
        head, _, _ = data.decode().partition("    _0 =")
        lines = "".join(f"    _{i + 1} = torch.relu({f'_{i}' if i else 'input'})\n" for i in range(steps))
        return f"{head}{lines}    return _{steps}\n".encode()

    return changed(source, target, change)


def long_graph(source, target, steps):
    def change(name, data):
        if not name.endswith("models/model.json"):
            return data
        program = json.loads(data)
        graph = program["graph_module"]["graph"]
        graph["nodes"] *= steps
        return json.dumps(program).encode()

    return changed(source, target, change)


def make(folder):
    """name -> (file, input shapes), in a folder of their own."""
    marker = folder / "marker"
    folder = folder / "bad"
    folder.mkdir()
    row = torch.zeros(1, 4)
    broken = nn.Linear(4, 4).eval()
    broken.weight.data[1, 2] = float("nan")
    good = nn.Linear(4, 4).eval()
    torch.jit.save(torch.jit.trace(good, row), folder / "good.pt")
    torch.jit.save(torch.jit.trace(broken, row), folder / "nan.pt")
    torch.jit.save(torch.jit.script(Forks().eval()), folder / "fork.pt")
    torch.jit.save(torch.jit.trace(Empty().eval(), row), folder / "empty.pt")
    torch.jit.save(torch.jit.script(nn.ReLU()), folder / "relu.pt")
    torch.export.save(torch.export.export(good, (row,)), folder / "good.pt2")
    torch.export.save(torch.export.export(broken, (row,)), folder / "nan.pt2")
    opens = pickle.dumps(Malice(open, str(marker), "w"))
    nested = io.BytesIO()
    torch.save(Malice(open, str(marker), "w"), nested)
    system = pickle.dumps(Malice(os.system, f"touch {marker}"), 2)
    files = {
        "call in the sample inputs": changed(
            folder / "good.pt2", folder / "a.pt2", swapped("sample_inputs/model.pt", nested.getvalue())
        ),
        "call in the traced inputs": changed(folder / "good.pt", folder / "b.pt", swapped("traced_inputs.pkl", system)),
        "call in the debug records": changed(folder / "good.pt", folder / "c.pt", swapped(".debug_pkl", opens)),
        "call in the weights": changed(folder / "good.pt", folder / "d.pt", swapped("/data.pkl", opens)),
        "weights cut short": changed(folder / "good.pt", folder / "e.pt", shorter),
        "tensor beyond its storage": changed(folder / "good.pt", folder / "f.pt", longer),
        "fork": folder / "fork.pt",
        "nan": folder / "nan.pt",
        "nan exported": folder / "nan.pt2",
        "empty": folder / "empty.pt",
        "length": long_code(folder / "relu.pt", folder / "long.pt", 100_000),
        "length exported": long_graph(folder / "good.pt2", folder / "long.pt2", 100_000),
    }
    return {f"bad {name}": (path, [(1, 4)] if path.suffix == ".pt" else []) for name, path in files.items()}
