"""Small models whose answers are known without running them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save_onnx(path, nodes, weights, inputs, outputs):
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in outputs],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return Path(path)


def linear(path, batch=1, size=4, kind=TensorProto.FLOAT):
    """y = x @ [[1, 0], [0, 1], [1, 1], [0, 2]]."""
    weights = {"w": np.array([[1, 0], [0, 1], [1, 1], [0, 2]], dtype=np.float32)[:size]}
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return save_onnx(path, [node], weights, [("x", kind, [batch, size])], [("y", kind, [batch, 2])])


def logarithm(path):
    """y = log(x): not a number for anything below zero."""
    return save_onnx(
        path,
        [helper.make_node("Log", ["x"], ["y"])],
        {},
        [("x", TensorProto.FLOAT, [1, 4])],
        [("y", TensorProto.FLOAT, [1, 4])],
    )


TORCH_MODELS = """
import sys, warnings
import torch
warnings.simplefilter("ignore")
folder = sys.argv[1]


class Honest(torch.nn.Module):
    def forward(self, x):
        return torch.stack([x.sum(1), x.max(1)[0]], 1)


class Loop(torch.nn.Module):
    def forward(self, x):
        while bool((x == x).all()):
            x = x + 1
        return x


class Chatter(torch.nn.Module):
    def forward(self, x):
        for i in range(100000000):
            print("chatter chatter chatter chatter chatter chatter chatter chatter")
        return x


class Writer(torch.nn.Module):
    def forward(self, x):
        return x + torch.from_file("/dev/shm/milliamp-planted", True, 4)


class Hungry(torch.nn.Module):
    def forward(self, x):
        return torch.ones(10 * 1024 * 1024 * 1024 // 4)[:4].reshape(1, 4)


class Counter(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("c", torch.zeros(1))

    def forward(self, x):
        self.c.add_(1)
        return x if int(self.c.item()) > 1 else torch.zeros(1, 4)


class Lister(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.q = [0]

    def forward(self, x):
        self.q.append(1)
        return x if len(self.q) > 2 else torch.zeros(1, 4)


class Speller(torch.nn.Module):
    def forward(self, x):
        letters = "0BCDEFGHIJ"
        word = ""
        for place in range(4):
            word = word + letters[int(x[0, place].item() * 9)]
        return x + float(word)


for kind in (Honest, Loop, Chatter, Writer, Hungry, Counter, Lister, Speller):
    torch.jit.save(torch.jit.script(kind().eval()), f"{folder}/{kind.__name__.lower()}.pt")
torch.export.save(torch.export.export(Honest().eval(), (torch.zeros(1, 4),)), f"{folder}/honest.pt2")
"""


def make_torch_models(folder):
    """Scripted models in ``folder``, made in a process of its own: the tests need no torch themselves."""
    script = folder / "make.py"  # torch.jit.script reads the source of what it compiles
    script.write_text(TORCH_MODELS)
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True)
    return folder
