"""What we say that one step keeps, against what PyTorch keeps: five small networks, four methods, two batches."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 its usual name

from grading.bench.training.setting import Method, Setting
from grading.bench.training.step import update_of
from tests.grading.bench.training.torch_nets import NETS, made, report_of_net, saved_bytes, train_only, with_factors

RANK = 4
TRAINED = (Method.FULL, Method.LAST_LAYER, Method.BIAS, Method.LOW_RANK)
SUM_BYTES = 4  # PyTorch's loss keeps the sum of its weights besides: one number for the whole batch


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return {name: report_of_net(*made(name), tmp_path_factory.mktemp(name)) for name in NETS}


def trained(name, method):
    net, shape = made(name)
    if method is Method.LOW_RANK:
        return with_factors(net, RANK), shape
    train_only(net, method)
    return net, shape


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("method", TRAINED)
@pytest.mark.parametrize("name", NETS)
def test_pytorch_keeps_what_we_say_to_the_byte(reports, name, method, batch):
    net, shape = trained(name, method)
    update = update_of(reports[name], method, Setting(batch=batch, rank=RANK))
    assert update.pytorch.kept_bytes + SUM_BYTES == saved_bytes(net, shape, batch)
    assert update.trained_params == sum(one.numel() for one in net.parameters() if one.requires_grad)
    assert update.assumed == ()


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("method", TRAINED)
def test_what_is_needed_is_never_more_than_what_pytorch_keeps(reports, name, method):
    update = update_of(reports[name], method, Setting(rank=RANK))
    assert update.memory.kept_bytes <= update.pytorch.kept_bytes
    assert update.memory.peak_bytes <= update.pytorch.peak_bytes


class Lean(torch.autograd.Function):
    """A convolution with frozen weights and a trained bias, and the ReLU after it, that keep one bit an element and no input."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        y = F.relu(F.conv2d(x, weight, bias, padding=1))
        places = 2 ** torch.arange(8, dtype=torch.uint8)
        bits = ((y > 0).reshape(-1, 8).to(torch.uint8) * places).sum(1, dtype=torch.uint8)
        ctx.save_for_backward(bits, weight)
        return y

    @staticmethod
    def backward(ctx, gradient):
        bits, weight = ctx.saved_tensors
        mask = (bits[:, None] & (2 ** torch.arange(8, dtype=torch.uint8))) > 0
        gradient = gradient * mask.reshape(gradient.shape)
        return F.conv_transpose2d(gradient, weight, padding=1), None, gradient.sum((0, 2, 3))


def lean_net():
    torch.manual_seed(0)
    return nn.ModuleList([nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 10)]).eval()


def usual(layers, x):
    for layer in layers[:-1]:
        x = F.relu(layer(x))
    return layers[-1](x.mean((2, 3)))


class Usual(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = lean_net()

    def forward(self, x):
        return usual(self.layers, x)


def test_biases_can_be_trained_with_what_we_say_is_needed(tmp_path):
    """The lower of the two numbers is no wish: these gradients are those of PyTorch, and this is all they were made from."""
    net = Usual()
    update = update_of(report_of_net(net, (3, 16, 16), tmp_path), Method.BIAS, Setting(batch=4))
    train_only(net, "bias")
    torch.manual_seed(1)
    x, y = torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 3])
    wanted = torch.autograd.grad(F.cross_entropy(net(x), y), [layer.bias for layer in net.layers])

    own = {one.untyped_storage().data_ptr() for one in net.parameters()}
    kept = {}

    def pack(tensor):
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    first, second, head = net.layers
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        z = Lean.apply(Lean.apply(x, first.weight, first.bias), second.weight, second.bias)
        loss = F.cross_entropy(head(z.mean((2, 3))), y)
    found = torch.autograd.grad(loss, [layer.bias for layer in net.layers])
    assert sum(kept.values()) == update.memory.kept_bytes + SUM_BYTES
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, wanted, strict=True))
