"""Make a training step of a PyTorch module: one torch.export program that trains itself a little each time it is called.

    export_step(net, "step.pt2", shape=(1, 8, 8), batch=32, trained="last_layer", rule=Rule("momentum", rate=0.1))

`step(x, y)` answers (loss, scores) and writes the new weights into its own buffers. The file can be copied out of this repository: it
needs PyTorch and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

State = dict[str, Any]
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of Adam (Kingma and Ba, 2015)
MOMENTUM = 0.9


@dataclass(frozen=True)
class Rule:
    """How weights follow gradients. optimizer: sgd, momentum or adam. rate: of learning. decay: of the weights, added to the gradient."""

    optimizer: str = "sgd"
    rate: float = 0.1
    decay: float = 0.0


def names_to_train(net: nn.Module, trained: str) -> list[str]:
    """full: all weights; last_layer: those of the module that comes last; bias: biases alone. Raises ValueError."""
    names = [name for name, _ in net.named_parameters()]
    if trained == "full":
        return names
    if trained == "last_layer":
        last = names[-1].rpartition(".")[0]
        return [name for name in names if name.rpartition(".")[0] == last]
    if trained == "bias":
        return [name for name in names if name.endswith("bias")]
    raise ValueError(f"{trained} is not full, last_layer or bias")


def export_step(
    net: nn.Module, path: str | Path, *, shape: tuple[int, ...], batch: int, trained: str = "full", rule: Rule | None = None
) -> Path:  # fmt: skip
    """Write the step of `net` to `path`. shape: of one input, without the batch. Raises ValueError."""
    chosen, rule, net = names_to_train(net, trained), rule or Rule(), net.eval()
    kept = {name: value.detach().clone() for name, value in [*net.named_parameters(), *net.named_buffers()]}
    kept |= first_memory(rule, {name: kept[name] for name in chosen})
    x, y = torch.zeros(batch, *shape), torch.zeros(batch, dtype=torch.int64)
    # The gradient is taken while tracing, so what is exported holds plain operators: forward pass, backward pass and update.
    update = make_fx(_updating(net, list(kept), chosen, rule))(list(kept.values()), x, y)
    update.graph.eliminate_dead_code()
    update = torch.fx.GraphModule(
        nn.Module(), update.graph
    )  # without the weights of `net`: those that train are buffers
    with torch.no_grad():
        program = torch.export.export(Step(update, kept), (x, y))
    torch.export.save(program, str(path))
    return Path(path)


class Step(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Keeps weights and the optimizer's memory as buffers, and writes into them what `update` makes of them."""

    def __init__(self, update: Callable[..., Any], kept: Mapping[str, Any]) -> None:
        super().__init__()
        self.update, self.names = update, [name.replace(".", "_") for name in kept]
        for name, value in zip(self.names, kept.values(), strict=True):
            self.register_buffer(name, value)

    def forward(self, x: Any, y: Any) -> tuple[Any, Any]:
        before = [getattr(self, name) for name in self.names]
        after, loss, scores = self.update(before, x, y)
        for old, new in zip(before, after, strict=True):
            if new is not None:
                old.copy_(new)
        return loss, scores


def _updating(net: nn.Module, names: list[str], chosen: list[str], rule: Rule) -> Callable[..., Any]:
    """A pure function: what is kept, a batch and its labels in; what changes (None: it stays), the loss and the scores out."""

    def update(kept: list[Any], x: Any, y: Any) -> tuple[list[Any], Any, Any]:
        now = dict(zip(names, kept, strict=True))
        live = {name: now[name].detach().requires_grad_() for name in chosen}
        scores = functional_call(net, {name: live.get(name, now[name]) for name in net.state_dict()}, (x,))
        loss = nn.functional.cross_entropy(scores, y)
        gradients = torch.autograd.grad(loss, list(live.values()))
        after: State = {}
        for name, gradient in zip(chosen, gradients, strict=True):
            after |= step_of(rule, name, now, gradient + rule.decay * now[name] if rule.decay else gradient)
        return [after.get(name) for name in names], loss.detach(), scores.detach()

    return update


def first_memory(rule: Rule, weights: Mapping[str, Any]) -> State:
    """What the optimizer remembers before the first step. Raises ValueError."""
    kept: State = {}
    for name, weight in weights.items():
        if rule.optimizer == "momentum":
            kept[f"velocity.{name}"] = torch.zeros_like(weight)
        elif rule.optimizer == "adam":
            kept |= {f"first.{name}": torch.zeros_like(weight), f"second.{name}": torch.zeros_like(weight)}
            kept[f"steps.{name}"] = torch.zeros(())
        elif rule.optimizer != "sgd":
            raise ValueError(f"{rule.optimizer} is not sgd, momentum or adam")
    return kept


def step_of(rule: Rule, name: str, now: Mapping[str, Any], gradient: Any) -> State:
    """The new weight of one name, and what the optimizer remembers of it."""
    weight = now[name]
    if rule.optimizer == "momentum":
        velocity = MOMENTUM * now[f"velocity.{name}"] + gradient
        return {name: weight - rule.rate * velocity, f"velocity.{name}": velocity}
    if rule.optimizer == "adam":
        steps = now[f"steps.{name}"] + 1
        first = BETAS[0] * now[f"first.{name}"] + (1 - BETAS[0]) * gradient
        second = BETAS[1] * now[f"second.{name}"] + (1 - BETAS[1]) * gradient * gradient
        whole, spread = first / (1 - BETAS[0] ** steps), second / (1 - BETAS[1] ** steps)
        moved = weight - rule.rate * whole / (spread.sqrt() + EPSILON)
        return {name: moved, f"first.{name}": first, f"second.{name}": second, f"steps.{name}": steps}
    return {name: weight - rule.rate * gradient}
