"""All steps that a TorchScript file holds, taken or not: what may stand in none of them."""

from collections.abc import Iterator
from typing import Any

from grading.bench.errors import BenchError

NAMESPACES = {"aten", "quantized", "prims", "prim"}
# Files, other threads, other machines, and Python.
FORBIDDEN = {"aten::from_file", "aten::save", "aten::wait", "aten::fork", "aten::to_here", "prim::fork", "prim::rpc_sync",
             "prim::rpc_async", "prim::rpc_remote", "prim::awaitable", "prim::awaitable_wait", "prim::awaitable_nowait",
             "prim::PythonOp", "prim::IgnoredPythonOp", "aten::set_grad_enabled"}  # fmt: skip
# Calls that were not written out where they stand: nobody sees what they do.
UNSEEN = {"prim::CallMethod", "prim::CallFunction", "prim::Closure"}


def check_all_steps(module: Any, graph: Any) -> None:
    """Raises BenchError: custom_operator, control_flow."""
    if module._c._get_forward_hooks() or module._c._get_forward_pre_hooks():
        raise BenchError("control_flow", "This model carries hooks, which run beside its graph and cannot be counted. "
                         "Save it again without them.")  # fmt: skip
    for node in every_node(graph):
        check_step(node)


def check_step(node: Any) -> None:
    """Raises BenchError: custom_operator, control_flow."""
    kind = node.kind()
    if kind in FORBIDDEN or kind.partition("::")[0] not in NAMESPACES:
        raise BenchError("custom_operator", f"This model calls {kind[:80]}, which cannot be measured here. "
                         "Use PyTorch's own tensor operators.")  # fmt: skip
    if kind in UNSEEN or node.hasAttribute("Subgraph"):
        raise BenchError("control_flow", f"This model holds the step {kind[:60]}, whose work cannot be counted from the "
                         "file. Save it with torch.jit.trace.")  # fmt: skip


def every_node(block: Any) -> Iterator[Any]:
    """The nodes of a graph or block and of all blocks inside them."""
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from every_node(inner)
