"""Small models of PyTorch whose numbers a person can work out; see test_inspection_torch_counts.py."""

import copy
import re
import warnings

import torch
from torch import nn
from torch.ao.quantization import QConfig, convert, default_observer, default_weight_observer, prepare, quantize_dynamic
from torch.nn import functional
from torch.nn.utils import prune

from grading.bench.inspection.call import base_of
from grading.bench.inspection.composites import _overloads, can_follow, is_understood
from grading.bench.inspection.fused import FUSED
from grading.bench.inspection.products import COUNTED

warnings.simplefilter("ignore")


class Does(nn.Module):
    """forward is the given function of the module and its inputs; the rest becomes modules, parameters and buffers."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


class Adds(nn.Module):
    """Scripted: sums of whole numbers and of texts are no operators."""

    def __init__(self):
        super().__init__()
        self.dense, self.mode = nn.Linear(8, 4), "sum"

    def forward(self, x):
        length = x.size(0) + x.size(1)
        if self.mode + "s" != "sums":
            length = length + 1
        return self.dense(x) * length


class InBranches(nn.Module):
    """Scripted: its branches hide the weights from whoever looks only at the top of the graph."""

    def __init__(self):
        super().__init__()
        self.layers = quantize_dynamic(nn.Sequential(nn.Linear(16, 8), nn.ReLU()), {nn.Linear})

    def forward(self, x):
        return self.layers(x)


def learned(*shape):
    return nn.Parameter(torch.rand(*shape) + 0.5)


def attention(batch_first=True):
    return nn.MultiheadAttention(8, 2, batch_first=batch_first)


def encoder():
    return nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)


def statically_quantised(module, *inputs):
    module = nn.Sequential(torch.ao.quantization.QuantStub(), module, torch.ao.quantization.DeQuantStub()).eval()
    module.qconfig = QConfig(activation=default_observer, weight=default_weight_observer)
    prepare(module, inplace=True)
    module(*inputs)
    return convert(module, inplace=True)


class Squares(nn.Module):
    """A product of two quantised activations."""

    def __init__(self):
        super().__init__()
        self.product = torch.ao.nn.quantized.FloatFunctional()

    def forward(self, x):
        return self.product.matmul(x, x.transpose(-1, -2))


def pruned():
    layer = nn.Linear(8, 4, bias=False)
    prune.random_unstructured(layer, "weight", 0.5)
    return layer


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense, self.place = nn.Linear(4, 2), learned(1, 2)

    def forward(self, x):
        return self.dense(x) + self.place


def twice(layer):
    return Does(lambda m, x: m.layer(m.layer(x)), layer=layer)


def products():
    """name -> (module, inputs): one product each, after nothing else."""
    return {
        "mv": (Does(lambda m, x: torch.mv(x, m.w), w=learned(6)), [torch.rand(3, 6)]),
        "dot": (Does(lambda m, x: torch.dot(x, m.w), w=learned(6)), [torch.rand(6)]),
        "outer": (Does(lambda m, x: torch.outer(x, m.w), w=learned(5)), [torch.rand(6)]),
        "addmv": (Does(lambda m, x: torch.addmv(m.b, x, m.w), b=learned(3), w=learned(6)), [torch.rand(3, 6)]),
        "addr": (Does(lambda m, x: torch.addr(m.b, x, m.w), b=learned(6, 5), w=learned(5)), [torch.rand(6)]),
        "baddbmm": (Does(lambda m, x: torch.baddbmm(m.b, x, m.w), b=learned(2, 3, 5), w=learned(2, 6, 5)),
                    [torch.rand(2, 3, 6)]),
        "addbmm": (Does(lambda m, x: torch.addbmm(m.b, x, m.w), b=learned(3, 5), w=learned(2, 6, 5)),
                   [torch.rand(2, 3, 6)]),
        "inner": (Does(lambda m, x: torch.inner(x, m.w), w=learned(5, 6)), [torch.rand(2, 3, 6)]),
        "tensordot": (Does(lambda m, x: torch.tensordot(x, m.w, dims=([2, 1], [0, 1])), w=learned(6, 3, 5)),
                      [torch.rand(2, 3, 6)]),
        "bilinear": (nn.Bilinear(3, 4, 5), [torch.rand(2, 3), torch.rand(2, 4)]),
        "multi_dot": (Does(lambda m, x: torch.linalg.multi_dot([x, m.w, m.v]), w=learned(3, 4), v=learned(4, 5)),
                      [torch.rand(2, 3)]),
        "lstm cell": (Does(lambda m, x: m.cell(x)[0], cell=nn.LSTMCell(3, 4)), [torch.rand(2, 3)]),
        "gru cell": (nn.GRUCell(3, 4), [torch.rand(2, 3)]),
        "rnn cell": (nn.RNNCell(3, 4), [torch.rand(2, 3)]),
        "einsum of dots": (Does(lambda m, x: torch.einsum("...d,ed->...e", x, m.w), w=learned(5, 6)),
                           [torch.rand(2, 3, 6)]),
        "einsum of three": (Does(lambda m, x: torch.einsum("bd,de,ef->bf", x, m.w, m.v), w=learned(6, 20),
                                 v=learned(20, 7)), [torch.rand(2, 6)]),
        "weighted rows": (Does(lambda m, x: functional.embedding_bag(m.ids, m.w, mode="sum", per_sample_weights=x),
                               ids=torch.arange(6)[None], w=learned(6, 5)), [torch.rand(1, 6)]),
        "attention": (Does(lambda m, x: m.layer(x, x, x, need_weights=False)[0], layer=attention()),
                      [torch.rand(1, 5, 8)]),
        "encoder": (encoder(), [torch.rand(1, 5, 8)]),
    }  # fmt: skip


def refused():
    solve = Does(lambda m, x: torch.linalg.solve(m.w, x), w=learned(4, 4))
    kept = Does(lambda m, x: torch.linalg.solve(m.w, x), w=torch.eye(4))
    flat = Does(lambda m, x: torch.linalg.solve(m.w.view(4, 4), x), w=nn.Parameter(torch.eye(4).flatten()))
    return {
        "a flat table in a solver": (flat, [torch.rand(4, 2)]),
        "weights in a solver": (solve, [torch.rand(4, 2)]), "a buffer in a solver": (kept, [torch.rand(4, 2)]),
        "spectrum": (Does(lambda m, x: torch.fft.rfft(m.dense(x)).abs(), dense=nn.Linear(4, 4)), [torch.rand(1, 4)]),
    }  # fmt: skip


def stored():
    """What counts as a weight, and once."""
    table = learned(8, 4)
    row = torch.rand(1, 8)
    zeros_added = Does(lambda m, x: m.dense(x) + m.zeros, dense=nn.Linear(8, 4), zeros=torch.zeros(100, 4))
    return {
        "part of a table": (Does(lambda m, x: x + m.table[:, :3], table=learned(1, 9, 2)), [torch.rand(1, 3, 2)]),
        "whole and part": (Does(lambda m, x: x @ m.table + (x[:, :2] @ m.table[:2]), table=table), [row]),
        "two tables joined": (Does(lambda m, x: x @ torch.cat([m.a, m.b], 1), a=learned(8, 2), b=learned(8, 3)), [row]),
        "a scaled table": (Does(lambda m, x: x @ (m.table * 2), table=nn.Parameter(torch.zeros(8, 4))), [row]),
        "whole numbers": (Does(lambda m, x: x @ (m.w.float() * 0.1), w=torch.ones(8, 4, dtype=torch.int8)), [row]),
        "mask": (Does(lambda m, x: m.dense(x) + m.mask, dense=nn.Linear(8, 4), mask=torch.zeros(1, 4)), [row]),
        "zeros added": (zeros_added, [row]),
        "zeros into a weight": (Does(lambda m, x: x @ (m.w + m.zeros), w=learned(8, 4), zeros=torch.zeros(8, 4)), [row]),
        "weights as buffers": (Does(lambda m, x: x @ (m.w * m.one), w=torch.rand(8, 4), one=learned(1)), [row]),
        "one table for two buffers": (
            Does(lambda m, x: (x @ (m.w + m.p)) @ (m.v + m.p), w=torch.rand(8, 8), v=torch.rand(8, 8), p=learned(8, 8)),
            [row],
        ),
        "normalised weights": (torch.nn.utils.weight_norm(nn.Linear(8, 4)), [row]),
        "pruned": (pruned(), [row]),
        "one output": (nn.Linear(8, 1), [row]),
        "dropout": (Does(lambda m, x: m.o(m.d(m.i(x)) + m.i(x)), i=nn.Linear(8, 16), d=nn.Dropout(0.3),
                         o=nn.Linear(16, 2)), [row]),
    }  # fmt: skip


def guessed():
    """Traced models that are looked into without a word about their input."""
    deep = nn.Sequential(*[layer for _ in range(500) for layer in (nn.Linear(8, 8), nn.ReLU())])
    plain = torch.rand(1, 8)
    return {
        "half": (nn.Linear(8, 4).half(), [plain.half()]),
        "bfloat16": (nn.Linear(8, 4).bfloat16(), [plain.bfloat16()]),
        "cast inside": (Does(lambda m, x: m.dense(x.half()).float(), dense=nn.Linear(8, 4).half()), [plain]),
        "transposed first": (nn.ConvTranspose2d(6, 4, 2, stride=2, groups=2), [torch.rand(1, 6, 8, 8)]),
        "a table first": (Does(lambda m, x: x @ m.w, w=learned(8, 4)), [plain]),
        "normalised first": (torch.nn.utils.weight_norm(nn.Linear(8, 4)), [plain]),
        "tokens": (nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 2)), [torch.zeros(1, 3, dtype=torch.int64)]),
        "two": (Does(lambda m, x, y: m.a(x) + m.b(y), a=nn.Linear(8, 4), b=nn.Linear(5, 4)), [plain, torch.rand(1, 5)]),
        "no weights": (Does(lambda m, x: torch.relu(x).mean((2, 3))), [torch.rand(1, 3, 8, 8)]),
        "deep": (deep, [plain]),
        "nothing fits": (Does(lambda m, x: x.view(7, 11, 13).sum(0)), [torch.rand(7, 11, 13)]),
    }  # fmt: skip


def quantised():
    image = torch.rand(1, 3, 8, 8)
    cell = Does(lambda m, x: m.cell(x)[0], cell=nn.LSTMCell(3, 4))
    return {
        "twice": (twice(quantize_dynamic(nn.Sequential(nn.Linear(8, 8)), {nn.Linear})), [torch.rand(1, 8)]),
        "in 16 bits": (quantize_dynamic(nn.Sequential(nn.Linear(8, 4)), {nn.Linear}, torch.float16), [torch.rand(1, 8)]),
        "dynamic lstm": (Does(lambda m, x: m.r[0](x)[0], r=quantize_dynamic(nn.Sequential(nn.LSTM(3, 4)), {nn.LSTM})),
                         [torch.rand(5, 1, 3)]),
        "dynamic cell": (quantize_dynamic(cell, {nn.LSTMCell}), [torch.rand(2, 3)]),
        "transposed": (statically_quantised(nn.ConvTranspose2d(3, 4, 2, stride=2), image), [image]),
        "squares": (statically_quantised(Squares(), torch.rand(1, 4, 8)), [torch.rand(1, 4, 8)]),
    }  # fmt: skip


def narrow():
    """Two sums of four numbers; type of the input."""
    dense = nn.Linear(4, 2, bias=False)
    dense.weight = nn.Parameter(torch.tensor([[1.0, 0, 1, 0], [0, 1, 1, 2]]))
    answers = Does(lambda m, x: m.dense(x).bfloat16(), dense=copy.deepcopy(dense))
    return [("bfloat16 in", dense.bfloat16(), torch.bfloat16), ("bfloat16 out", answers, torch.float32)]


def traced(module, inputs, path):
    with torch.no_grad():
        torch.jit.save(torch.jit.trace(module.eval(), tuple(inputs), check_trace=False), path)
    return path


def exported(module, inputs, path, **options):
    torch.export.save(torch.export.export(module.eval(), tuple(inputs), **options), path)
    return path


def free_sizes(folder):
    least = torch.export.Dim("length", min=8)
    conv, row = nn.Conv1d(3, 4, 5), torch.rand(1, 3, 32)
    auto = torch.export.Dim.AUTO
    return {
        "least": (exported(conv, [row], folder / "least.pt2", dynamic_shapes=({2: least},)), []),
        "least, given": (folder / "least.pt2", [(1, 3, 12)]),
        "automatic": (
            exported(conv, [torch.rand(4, 3, 32)], folder / "auto.pt2", dynamic_shapes=({0: auto, 2: auto},)),
            [],
        ),
        "too short": (folder / "least.pt2", [(1, 3, 2)]),
    }


def make(folder):
    """name -> (file, input shapes), in a folder of their own."""
    folder = folder / "layers"
    folder.mkdir()
    files = {}
    for name, (module, inputs) in (products() | refused() | stored()).items():
        shapes = [tuple(tensor.shape) for tensor in inputs]
        files[f"{name} traced"] = (traced(module, inputs, folder / f"{name}.pt"), shapes)
        files[f"{name} exported"] = (exported(module, inputs, folder / f"{name}.pt2"), [])
    for name, (module, inputs) in guessed().items():
        files[f"guess {name}"] = (traced(module, inputs, folder / f"guess {name}.pt"), [])
    for name, (module, inputs) in quantised().items():
        shapes = [tuple(tensor.shape) for tensor in inputs]
        files[f"quantised {name}"] = (traced(module, inputs, folder / f"quantised {name}.pt"), shapes)
    for name, module, dtype in narrow():
        inputs = [torch.zeros(1, 4, dtype=dtype)]
        files[f"{name} traced"] = (traced(module, inputs, folder / f"{name}.pt"), [(1, 4)])
        files[f"{name} exported"] = (exported(module, inputs, folder / f"{name}.pt2"), [])
    torch.jit.save(torch.jit.script(InBranches().eval()), folder / "scripted.pt")
    torch.jit.save(torch.jit.freeze(torch.jit.script(Frozen().eval())), folder / "constants.pt")
    torch.jit.save(torch.jit.script(Adds().eval()), folder / "adds.pt")
    files["adds"] = (folder / "adds.pt", [(1, 8)])
    files |= {"guess scripted": (folder / "scripted.pt", []), "constants": (folder / "constants.pt", [(1, 4)])}
    return files | free_sizes(folder)


PRODUCTS = re.compile(
    r"conv|linear|matmul|mm|mv|dot|bilinear|attention|attn|lstm|gru|rnn|einsum|outer|inner|^ger$|addr|kron|cdist|multi_head"
)


def not_counted():
    """Operators whose name sounds like a product, and that are neither counted nor followed inside."""
    found = set()
    for op in {schema.name for schema in torch._C._jit_get_all_schemas()}:
        space, _, name = op.partition("::")
        if space not in {"aten", "quantized"} or not PRODUCTS.search(name) or "backward" in name:
            continue
        followed = not is_understood(op) and any(map(can_follow, _overloads(op)))
        if base_of(op) not in COUNTED and op not in FUSED and not followed:
            found.add(op)
    return sorted(found)
