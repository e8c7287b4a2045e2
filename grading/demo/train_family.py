"""Train the family of the demo's Lab 1: twelve feed-forward nets for the digits, by depth, width and size of the input.

    python -m grading.demo.train_family

Run by hand, as train.py: the products lie in models/family/ and are committed. One seed and one thread for all of them, so that what
differs is what their names say. The smaller input is the mean of 2 x 2 pixels, as the worker makes it of the hidden pictures.
"""

from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from onnx import TensorProto, helper, numpy_helper, save_model
from torch import nn

from grading.demo.digits import averaged, hidden_split, public_split
from grading.demo.run_models import accuracy_of, scores_of

FAMILY = Path(__file__).parent / "models" / "family"
SEED, BATCH, LEARNING_RATE, EPOCHS = 11767, 64, 3e-3, 40
INPUT_SCALE = 0.0625  # a power of two, folded into the first weights
SIDES, DEPTHS_WIDTHS = (4, 8), ((1, 8), (1, 32), (2, 32), (2, 64), (3, 64), (3, 128))
OPSET, IR_VERSION = 17, 8


def train(side: int, depth: int, width: int) -> Any:
    """An nn.Sequential that takes (n, 1, side, side) with values 0 to 16 and gives scores (n, 10)."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    sizes = [side * side, *[width] * depth]
    layers: list[nn.Module] = [nn.Flatten()]
    for given, made in pairwise(sizes):
        layers += [nn.Linear(given, made), nn.ReLU()]
    model, loss = nn.Sequential(*layers, nn.Linear(width, 10)), nn.CrossEntropyLoss()
    pictures, truth = public_split()
    inputs, labels = torch.from_numpy(averaged(pictures, side)) * INPUT_SCALE, torch.from_numpy(truth)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            loss(model(inputs[batch]), labels[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        linear_layers(model)[0].weight.mul_(INPUT_SCALE)
    return model.eval()


def linear_layers(model: Any) -> list[Any]:
    return [layer for layer in model if isinstance(layer, nn.Linear)]


def write(model: Any, side: int, target: Path) -> None:
    """Input `image` 1 x 1 x side x side float32, output `scores` 1x10: Flatten, then Gemm and Relu in turn."""
    nodes, constants, last = [helper.make_node("Flatten", ["image"], ["flat"])], [], "flat"
    layers = linear_layers(model)
    for n, layer in enumerate(layers, 1):
        is_last = n == len(layers)
        made = "scores" if is_last else f"dense{n}"
        nodes.append(helper.make_node("Gemm", [last, f"w{n}", f"b{n}"], [made], name=f"dense{n}", transB=1))
        constants += [numpy_helper.from_array(layer.weight.detach().numpy(), f"w{n}"),
                      numpy_helper.from_array(layer.bias.detach().numpy(), f"b{n}")]  # fmt: skip
        if not is_last:
            nodes.append(helper.make_node("Relu", [made], [f"relu{n}"], name=f"relu{n}"))
            last = f"relu{n}"
    graph = helper.make_graph(
        nodes, "digits", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, side, side])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])], constants,
    )  # fmt: skip
    opset = helper.make_opsetid("", OPSET)
    made = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="milliamp-demo")
    save_model(made, str(target))


def main() -> None:
    FAMILY.mkdir(parents=True, exist_ok=True)
    hidden, truth = hidden_split()
    sums = []
    for side in SIDES:
        for depth, width in DEPTHS_WIDTHS:
            target = FAMILY / f"mlp_d{depth}_w{width}_{side}.onnx"
            write(train(side, depth, width), side, target)
            quality = accuracy_of(scores_of(target, averaged(hidden, side)), truth)
            sums.append(f"{sha256(target.read_bytes()).hexdigest()}  {target.name}\n")
            print(f"{target.name:24} {target.stat().st_size:8} bytes, hidden {quality:.4f}")
    (FAMILY / "SHA256SUMS").write_text("".join(sorted(sums, key=lambda line: line.split()[1])), encoding="utf-8")


if __name__ == "__main__":
    main()
