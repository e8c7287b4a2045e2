"""Both PyTorch formats as dictionaries of members, written by hand: no torch is needed to make them.

A TorchScript archive holds its classes as text, its attributes as a pickle (data.pkl) and one member for each weight;
a .pt2 of torch.export holds a graph as JSON (models/model.json) and one member for each weight.
"""

import io
import json
import struct
import zipfile

from tests.hostile.bad_files.case import text

Members = dict[str, bytes]
HONEST = "return torch.relu(torch.mm(x, self.w))"
WEIGHTS = struct.pack("<8f", *[0.5] * 8)


def zipped(members: Members | list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return made.getvalue()


# -- TorchScript ------------------------------------------------------------------------------------------------------


def number(value: int) -> bytes:
    return (
        b"\x8a\x08" + (value % 2**64).to_bytes(8, "little")
        if not 0 <= value < 2**31
        else b"J" + value.to_bytes(4, "little")
    )


def sizes(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(key: str = "0", shape=(4, 2), strides=(2, 1), count=8, offset=0, kind="FloatStorage", place="cpu") -> bytes:
    """The pickle of a tensor whose bytes lie in data/KEY, as torch.jit.save writes it."""
    storage = (
        b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text(place) + number(count) + b"tQ"
    )
    made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + sizes(shape) + sizes(strides)
    return made + b"\x89ccollections\nOrderedDict\n)RtR"


def data_pickle(attributes: dict[str, bytes], name: str = "M") -> bytes:
    state = b"".join(text(key) + value for key, value in attributes.items())
    return b"\x80\x02c__torch__\n" + name.encode() + b"\n)\x81}(" + state + b"ub."


def code(body: str, declared: str = "", more: str = "", result: str = "Tensor", argument: str = "x: Tensor") -> bytes:
    lines = [f"    {line}" for line in body.splitlines()]
    head = ["class M(Module):", '  __parameters__ = ["w", ]', "  __buffers__ = []", "  w : Tensor", "  training : bool"]
    head += [f"  {line}" for line in declared.splitlines()]
    head += [f"  def forward(self: __torch__.M,\n    {argument}) -> {result}:"]
    return ("\n".join([*head, *lines]) + "\n" + more).encode()


def torchscript(
    body: str = HONEST, attributes: dict[str, bytes] | None = None, weights: bytes = WEIGHTS, **more
) -> Members:
    """An archive whose forward has this body, in the form that torch.jit.save writes (one line an operation)."""
    state = {"w": tensor(), "training": b"\x89"} | (attributes or {})
    return {
        "m/data.pkl": data_pickle(state),
        "m/code/__torch__.py": code(body, **more),
        "m/data/0": weights,
        "m/constants.pkl": b"\x80\x02).",
        "m/version": b"3\n",
        "m/byteorder": b"little",
    }


# -- torch.export -----------------------------------------------------------------------------------------------------

CPU = {"type": "cpu", "index": None}
LEAF = '{"type": null, "context": null, "children_spec": []}'
IN_SPEC = (
    f'[1, {{"type": "builtins.tuple", "context": "null", "children_spec": [{{"type": "builtins.tuple", "context": "null", '
    f'"children_spec": [{LEAF}]}}, {{"type": "builtins.dict", "context": "[]", "children_spec": []}}]}}]'
)


def meta(*shape: int, dtype: int = 7) -> dict:
    strides = [1]
    for size in shape[:0:-1]:
        strides.insert(0, strides[0] * size)
    return {
        "dtype": dtype, "sizes": [{"as_int": size} for size in shape], "requires_grad": False, "device": dict(CPU),
        "strides": [{"as_int": size} for size in strides[: len(shape)]], "storage_offset": {"as_int": 0}, "layout": 7,
    }  # fmt: skip


def named(name: str) -> dict:
    return {"as_tensor": {"name": name}}


def call(target: str, result: str, **arguments: dict) -> dict:
    inputs = [{"name": name, "arg": value, "kind": 1} for name, value in arguments.items()]
    return {
        "target": target,
        "inputs": inputs,
        "outputs": [named(result)],
        "metadata": {},
        "is_hop_single_tensor_return": None,
        "name": result,
    }


def program() -> dict:
    """x (1, 4) times w (4, 2), then relu."""
    nodes = [
        call("torch.ops.aten.mm.default", "mm", self=named("x"), mat2=named("p_w")),
        call("torch.ops.aten.relu.default", "relu", self=named("mm")),
    ]
    specs = [{"parameter": {"arg": {"name": "p_w"}, "parameter_name": "w"}}, {"user_input": {"arg": named("x")}}]
    signature = {
        "inputs": [],
        "outputs": [],
        "in_spec": IN_SPEC,
        "out_spec": f"[1, {LEAF}]",
        "forward_arg_names": ["x"],
    }
    return {
        "graph_module": {
            "graph": {
                "inputs": [named("p_w"), named("x")], "outputs": [named("relu")], "nodes": nodes,
                "tensor_values": {"p_w": meta(4, 2), "x": meta(1, 4), "mm": meta(1, 2), "relu": meta(1, 2)},
                "sym_int_values": {}, "sym_bool_values": {}, "is_single_tensor_return": False, "custom_obj_values": {}, "sym_float_values": {},
            },
            "signature": {"input_specs": specs, "output_specs": [{"user_output": {"arg": named("relu")}}]},
            "module_call_graph": [{"fqn": "", "signature": signature}], "metadata": {}, "treespec_namedtuple_fields": {},
        },
        "opset_version": {"aten": 10}, "range_constraints": {}, "schema_version": {"major": 8, "minor": 20}, "verifiers": ["TRAINING"],
        "torch_version": "2.13.0+cpu", "guards_code": [],
    }  # fmt: skip


def weights_config(**more) -> dict:
    return {
        "config": {
            "w": {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": meta(4, 2)} | more
        }
    }


def torch_export(
    document: dict | None = None, config: dict | None = None, constants: dict | None = None, **members: bytes
) -> Members:
    """An archive with this graph. members: further ones, their names with ``__`` for the slash."""
    made = {
        "m/data/weights/weight_0": WEIGHTS,
        "m/data/weights/model_weights_config.json": json.dumps(config or weights_config()).encode(),
        "m/data/constants/model_constants_config.json": json.dumps(constants or {"config": {}}).encode(),
        "m/models/model.json": json.dumps(document or program()).encode(),
        "m/data/sample_inputs/model.pt": sample_inputs(),
        "m/archive_format": b"pt2", "m/archive_version": b"0", "m/byteorder": b"little", "m/.data/version": b"6\n",
    }  # fmt: skip
    return made | {"m/" + name.replace("__", "/"): content for name, content in members.items()}


def sample_inputs(pickled: bytes | None = None) -> bytes:
    """What torch.save writes of ((x,), {}): a zip in the zip."""
    pickled = pickled or b"\x80\x02" + tensor("0", (1, 4), (4, 1), 4) + b"\x85}\x86."
    return zipped(
        {"model/data.pkl": pickled, "model/byteorder": b"little", "model/data/0": bytes(16), "model/version": b"3\n"}
    )
