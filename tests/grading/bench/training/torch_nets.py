"""Small networks of PyTorch that are trained in tests, and what PyTorch itself says one step of them keeps."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 its usual name

from grading.bench.inspection.__main__ import look_into


class Mobile(nn.Module):
    """Stem, an inverted residual with a squeeze, and a head: the blocks of MobileNet V2 and V3."""

    def __init__(self):
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8)
        self.wide, self.wide_norm = nn.Conv2d(8, 24, 1, bias=False), nn.BatchNorm2d(24)
        self.deep, self.deep_norm = nn.Conv2d(24, 24, 3, padding=1, groups=24, bias=False), nn.BatchNorm2d(24)
        self.less, self.more = nn.Conv2d(24, 6, 1), nn.Conv2d(6, 24, 1)
        self.narrow, self.narrow_norm = nn.Conv2d(24, 8, 1, bias=False), nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = F.relu6(self.stem_norm(self.stem(x)))
        y = F.hardswish(self.wide_norm(self.wide(x)))
        y = F.hardswish(self.deep_norm(self.deep(y)))
        gate = F.relu(self.less(F.adaptive_avg_pool2d(y, 1)))
        y = y * F.hardsigmoid(self.more(gate))
        x = x + self.narrow_norm(self.narrow(y))
        return self.head(x.mean((2, 3)))


class Residual(nn.Module):
    """Two blocks of a ResNet without normalisation, an average pool that slides, a sigmoid gate."""

    def __init__(self):
        super().__init__()
        self.first, self.a, self.b = (
            nn.Conv2d(3, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
        )
        self.gate, self.head = nn.Conv2d(8, 8, 1), nn.Linear(8 * 16, 10)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = F.relu(self.b(F.relu(self.a(x))) + x)
        x = F.silu(x) * torch.sigmoid(self.gate(x))
        return self.head(torch.flatten(F.avg_pool2d(x, 4), 1))


class Attention(nn.Module):
    """One head written out: two products of computed matrices, a softmax, layer normalisation, GELU."""

    def __init__(self):
        super().__init__()
        self.norm, self.q, self.k, self.v = nn.LayerNorm(16), nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
        self.up, self.head = nn.Linear(16, 32), nn.Linear(32, 10)

    def forward(self, x):
        y = self.norm(x)
        q, k, v = self.q(y), self.k(y), self.v(y)
        found = torch.softmax(q @ k.transpose(1, 2), -1) @ v
        return self.head(F.gelu(self.up(x + found)).mean(1))


def cnn():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 16, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


def mlp():
    return nn.Sequential(nn.Linear(64, 48), nn.Tanh(), nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 10))


NETS = {
    "cnn": (cnn, (3, 16, 16)), "mobile": (Mobile, (3, 16, 16)), "mlp": (mlp, (64,)), "residual": (Residual, (3, 16, 16)),
    "attention": (Attention, (12, 16)),
}  # fmt: skip


def made(name):
    torch.manual_seed(0)
    build, shape = NETS[name]
    return build().eval(), shape


def report_of_net(net, shape, folder):
    """As a hand-in is read: through the exported file."""
    path = folder / "net.pt2"
    torch.export.save(torch.export.export(net, (torch.zeros(1, *shape),)), path)
    return look_into(path, "torch_export", [])


def train_only(net, method):
    """Set requires_grad as a person would who trains by this method."""
    last = [module for module in net.modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]
    for name, parameter in net.named_parameters():
        parameter.requires_grad = method == "full" or (method == "bias" and name.endswith("bias"))
    for parameter in last.parameters() if method == "last_layer" else ():
        parameter.requires_grad = True


class Factors(nn.Module):
    """A layer with weights that stay, and two factors beside it (LoRA)."""

    def __init__(self, layer, rank):
        super().__init__()
        self.layer = layer
        if isinstance(layer, nn.Linear):
            self.down, self.up = (
                nn.Linear(layer.in_features, rank, bias=False),
                nn.Linear(rank, layer.out_features, bias=False),
            )
        else:
            self.down = nn.Conv2d(layer.in_channels, rank, layer.kernel_size, layer.stride, layer.padding, bias=False)
            self.up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)

    def forward(self, x):
        return self.layer(x) + self.up(self.down(x))


def with_factors(net, rank):
    """Every dense layer gets its factors; depthwise ones stay as they are. Only the factors train."""
    for parameter in net.parameters():
        parameter.requires_grad = False
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear | nn.Conv2d) and getattr(child, "groups", 1) == 1:
                out = getattr(child, "out_features", None) or child.out_channels
                read = child.weight[0].numel()
                setattr(module, name, Factors(child, min(rank, read, out)))
    return net


def saved_bytes(net, shape, batch):
    """Bytes that autograd keeps between forward and backward pass, each piece of memory once; parameters and buffers are none."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*net.parameters(), *net.buffers())}
    found = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage
        return tensor

    x, y = torch.randn(batch, *shape), torch.zeros(batch, dtype=torch.int64)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = F.cross_entropy(net(x), y)
    loss.backward()
    return sum(storage.nbytes() for storage in found.values())
