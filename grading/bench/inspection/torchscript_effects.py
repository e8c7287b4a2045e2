"""What an operator does besides computing: draws a number, writes into its arguments, takes its sizes from values.

Schemas: aten/src/ATen/native/native_functions.yaml; `(a!)` there marks what is written to.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from grading.bench.errors import BenchError

# Answers that differ from call to call, or from process to process.
UNKNOWABLE = {"prim::TimePoint", "prim::id", "aten::seed", "aten::initial_seed", "aten::manual_seed", "aten::data_ptr",
              "aten::hash", "aten::_version"}  # fmt: skip
# These write their running statistics without saying so in the schema.
NORMS = {"batch_norm", "instance_norm", "native_batch_norm", "_native_batch_norm_legit", "_batch_norm_impl_index"}
# As many results as values are of some kind.
DATA_SIZED = {"nonzero", "nonzero_numpy", "argwhere", "masked_select", "unique_dim", "unique_consecutive", "_unique",
              "_unique2", "unique_dim_consecutive", "bincount", "coalesce", "segment_reduce", "histogramdd"}  # fmt: skip
COUNTED_OUT = {"arange", "linspace", "logspace", "range"}
MASKS = {torch.bool, torch.uint8}


@dataclass(frozen=True)
class Overload:
    """What a node calls: the schema, its arguments' names, how many of them come without a name, and the call."""

    schema: Any
    names: tuple[str, ...]
    plain: int
    call: Callable[..., Any]

    def run(self, named: dict[str, Any]) -> Any:
        """Call it with all of its arguments, in the order of the schema."""
        given = list(named.values())
        return self.call(*given[: self.plain], **dict(list(named.items())[self.plain :]))


@cache
def overload(kind: str, text: str) -> Overload | None:
    """The very overload that a node names: by the arguments alone PyTorch may choose another ("area" for a device).

    Args:
        text: the schema as the node gives it. None is returned where PyTorch knows none of that kind.
    """
    schema = next((each for each in torch._C._jit_get_schemas_for_operator(kind) if str(each) == text), None)
    if schema is None:
        return None
    # PyTorch's binding to one overload knows no lists of any type.
    if re.search(r"[( ]t\d?\b|[( ]Dict|tVal", text):
        call = torch._C._jit_get_operation(kind)[0]
    else:
        call = torch._C._get_operation_overload(kind, schema.overload_name)[0]
    plain = next((place for place, each in enumerate(schema.arguments) if each.kwarg_only), len(schema.arguments))
    return Overload(schema, tuple(each.name for each in schema.arguments), plain, call)


@cache
def _has_tag(kind: str, overload: str, tag: Any) -> bool:
    return tag in torch._C._get_operation_overload(kind, overload)[2]


def draws(kind: str, overload: str, named: dict[str, Any]) -> bool:
    """Whether the operator's answer is left to chance, or to something else that nobody can know beforehand."""
    if kind in UNKNOWABLE:
        return True
    dropout = named.get("dropout")
    if not _has_tag(kind, overload, torch.Tag.nondeterministic_seeded) and not (
        isinstance(dropout, float) and dropout > 0
    ):
        return False
    in_training = named.get("train", named.get("training"))
    return not (in_training is False or 0 in [named[key] for key in ("dropout_p", "p") if key in named])


def random_model(kind: str) -> BenchError:
    return BenchError("random_model", f"This model draws a random number while it answers ({kind[:60]}), so the same "
                      "input can be answered differently each time. Save it without that step, after model.eval().")  # fmt: skip


def leaves_memory(kind: str) -> bool:
    """Whether the operator gives memory as it finds it."""
    base = kind.rpartition("::")[2].lstrip("_").removeprefix("new_")
    return base.startswith(("empty", "resize"))


def written(kind: str, schema: Any, named: dict[str, Any]) -> list[str]:
    """Names of the arguments that the operator writes to."""
    base = kind.rpartition("::")[2]
    found = [each.name for each in schema.arguments if each.alias_info is not None and each.alias_info.is_write]
    if base in NORMS and (named.get("training") or named.get("use_input_stats")):
        found += [name for name in ("running_mean", "running_var") if isinstance(named.get(name), torch.Tensor)]
    return found


def sizes_follow_values(kind: str, schema: Any, named: dict[str, Any], tainted: set[str]) -> bool:
    """Whether the sizes of what comes out hang on values (not sizes) of the tainted arguments."""
    if not tainted or not any("Tensor" in str(each.type) for each in schema.returns):
        return False
    base = kind.rpartition("::")[2]
    if base in DATA_SIZED or "sparse" in base or "nested" in base or (base == "where" and len(schema.arguments) == 1):
        return True
    if base in {"index", "_unsafe_index"}:
        has_mask = any(isinstance(mask, torch.Tensor) and mask.dtype in MASKS for mask in named["indices"])
        return has_mask and "indices" in tainted
    if _has_tag(kind, schema.overload_name, torch.Tag.dynamic_output_shape):
        return True
    if base == "one_hot" and named.get("num_classes") == -1:
        return True
    if {"repeats", "tensor_indices_or_sections", "lengths", "batch_sizes"} & tainted:
        return True
    return any(_is_a_size(base, each, named[each.name]) for each in schema.arguments if each.name in tainted)


def _is_a_size(base: str, argument: Any, value: Any) -> bool:
    """Everything that is neither a tensor nor a number to compute with: sizes, places, switches."""
    kind = str(argument.type)
    if "Tensor" in kind or value is None:
        return False
    return base in COUNTED_OUT or kind not in {"number", "float", "complex", "Optional[number]", "Optional[float]"}
