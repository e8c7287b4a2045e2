"""torch.export: graphs that are damaged, too large, or that name what is no tensor operator."""

import json
from collections.abc import Iterator

from tests.hostile.bad_files.archive import (
    LEAF,
    Members,
    call,
    meta,
    named,
    program,
    torch_export,
    weights_config,
    zipped,
)
from tests.hostile.bad_files.case import TOUCH, Case, cuts, flips


def case(name: str, members: Members | bytes, why: str, *codes: str, may_run: bool = False) -> Case:
    content = members if isinstance(members, bytes) else zipped(members)
    return Case(f"export-{name}.pt2", content, why, codes, may_run)


def changed(change) -> Members:
    document = program()
    change(document, document["graph_module"]["graph"])
    return torch_export(document)


def cases() -> Iterator[Case]:
    whole = zipped(torch_export())
    size = len(whole)
    yield from cuts(
        "export",
        "pt2",
        whole,
        {"early": 90, "third": size // 3, "half": size // 2, "directory": size - 200, "end": size - 3},
    )
    yield from flips("export", "pt2", whole, 14)
    yield from _targets()
    yield from _expressions()
    yield from _graphs()
    yield from _weights()
    yield from _documents()


def target(name: str) -> Members:
    return changed(lambda document, graph: graph["nodes"][1].__setitem__("target", name))


def _targets() -> Iterator[Case]:
    names = {
        "system": "os.system", "eval": "builtins.eval", "exec": "builtins.exec",
        "dotted": "torch.ops.aten.relu.default.__class__", "import": "importlib.import_module",
        "load": "torch.load", "hub": "torch.hub.load", "load-library": "torch.ops.load_library", "from-file": "torch.ops.aten.from_file.default",
        "print": "torch.ops.aten._print.default", "cond": "torch.ops.higher_order.cond", "while": "torch.ops.higher_order.while_loop",
        "inductor": "torch.ops.inductor._alloc_from_pool.default", "custom": "torch.ops.mylib.run.default",
        "empty": "", "long": "torch.ops.aten." + "a" * 100_000,
        "unknown": "torch.ops.aten.frobnicate.default", "overload": "torch.ops.aten.relu.frobnicate", "newline": "torch.ops.aten.relu.default\n",
        "getattr": "builtins.getattr", "power": "_operator.pow", "quantised": "torch.ops.quantized.linear.default",
        "call-torchbind": "torch.ops.higher_order.call_torchbind",
    }  # fmt: skip
    for word, name in names.items():
        yield case(f"target-{word}", target(name), f"calls {name[:40]!r}")
    for word, value in {"number": 7, "list": ["torch"], "none": None}.items():
        yield case(
            f"target-{word}",
            changed(lambda document, graph, v=value: graph["nodes"][1].__setitem__("target", v)),
            f"calls a {word}",
        )


def sized(expression: str, **ranges) -> Members:
    def change(document, graph):
        size = {"as_expr": {"expr_str": expression, "hint": {"as_int": 4}}}
        graph["tensor_values"]["x"]["sizes"][0] = size
        document["range_constraints"] = ranges or {"s0": {"min_val": 2, "max_val": 100}}

    return changed(change)


def _expressions() -> Iterator[Case]:
    texts = {
        "powers": "9**9**9**9", "call": f"__import__('os').system('{TOUCH}')", "lambda": "(lambda: 1)()", "attribute": "Integer(1).__class__",
        "long": "1+" * 50_000 + "1", "brackets": "(" * 250 + "1" + ")" * 250, "deep": "Mul(" * 60 + "2" + ")" * 60, "factorial": "factorial(10**8)",
        "shift": "1<<10**9", "empty": "", "text": "'a'*10**9", "huge": "9" * 200, "open": "open('/etc/passwd')", "division": "Symbol('s0')//0",
        "products": "*".join(["9999999999"] * 27), "mod": "Mod(9999999999, 0)", "comma": "s0,s0", "unicode": "s\u0660",
    }  # fmt: skip
    for word, expression in texts.items():
        yield case(
            f"size-{word}",
            sized(expression),
            f"a size that reads {expression[:30]!r}",
            may_run=word in {"deep", "brackets"},
        )
    yield case("size-free", sized("Symbol('s0', positive=True, integer=True)"), "a free size", may_run=True)
    for word, low, high in (("empty-range", 50, 3), ("negative-range", -9, -2), ("far-range", 2**60, 2**62)):
        yield case(
            f"size-{word}",
            sized("Symbol('s0', positive=True, integer=True)", s0={"min_val": low, "max_val": high}),
            f"a free size from {low} to {high}",
            may_run=True,
        )
    yield case(
        "size-guards",
        changed(lambda d, g: d.__setitem__("guards_code", [f"__import__('os').system('{TOUCH}')"])),
        "guards that are code",
        "code_in_guards",
    )


def _graphs() -> Iterator[Case]:
    def nodes(*made, **values):
        def change(document, graph):
            graph["nodes"] = list(made) + graph["nodes"][1:]
            graph["tensor_values"] |= values

        return changed(change)

    relu = "torch.ops.aten.relu.default"
    many = [call(relu, f"r{i}", self=named(f"r{i - 1}" if i else "x")) for i in range(50_000)]
    yield case(
        "nodes-50000",
        nodes(*many, **{f"r{i}": meta(1, 4) for i in range(50_000)}),
        "50,000 operators",
        "too_many_operators",
    )
    yield case("no-nodes", changed(lambda d, g: g.__setitem__("nodes", [])), "no operators")
    yield case("unsorted", changed(lambda d, g: g["nodes"].reverse()), "operators in the wrong order", "unsorted_nodes")
    yield case("twice", changed(lambda d, g: g["nodes"].append(g["nodes"][0])), "an operator twice")
    yield case(
        "missing-value",
        changed(lambda d, g: g["nodes"][1]["inputs"][0].__setitem__("arg", named("nothing"))),
        "reads what nothing makes",
    )
    yield case(
        "missing-argument",
        changed(lambda d, g: g["nodes"][0].__setitem__("inputs", [])),
        "an operator without arguments",
    )
    yield case(
        "more-arguments",
        changed(lambda d, g: g["nodes"][1]["inputs"].append({"name": "odd", "arg": {"as_int": 1}, "kind": 1})),
        "an argument too many",
    )
    yield case("no-tensor-values", changed(lambda d, g: g.__setitem__("tensor_values", {})), "no sizes of tensors")
    yield case("no-inputs", changed(lambda d, g: g.__setitem__("inputs", [])), "no inputs")
    yield case("no-outputs", changed(lambda d, g: g.__setitem__("outputs", [])), "no outputs")
    yield case("no-signature", changed(lambda d, g: d["graph_module"].__setitem__("signature", {})), "no signature")
    yield case(
        "custom-object",
        changed(lambda d, g: g["custom_obj_values"].__setitem__("o", {"name": "o", "class_fqn": "os.system"})),
        "a custom object",
    )
    yield case("custom-argument", changed(lambda d, g: g["nodes"][1]["inputs"][0].__setitem__("arg", {"as_custom_obj": {"name": "o", "class_fqn": "C"}})),
               "a custom object as an argument", "custom_operator")  # fmt: skip
    inner = {"as_graph": {"name": "g", "graph": program()["graph_module"]["graph"]}}
    yield case(
        "graph-argument",
        changed(lambda d, g: g["nodes"][1]["inputs"][0].__setitem__("arg", inner)),
        "a graph in the graph",
        "control_flow",
    )
    unknown = {"as_nothing": 1}
    yield case(
        "argument-unknown",
        changed(lambda d, g: g["nodes"][1]["inputs"][0].__setitem__("arg", unknown)),
        "a kind of argument that does not exist",
    )
    for word, shape in {"negative": (-1, 4), "huge": (2**40, 2**40), "zero": (0, 4), "large": (40_000, 40_000)}.items():
        yield case(
            f"input-{word}",
            changed(lambda d, g, s=shape: g["tensor_values"].__setitem__("x", meta(*s))),
            f"an input of the size {shape}",
        )
    yield case(
        "input-unfit",
        changed(lambda d, g: g["tensor_values"].__setitem__("x", meta(1, 7))),
        "an input that does not fit its weights",
    )
    for dtype in (99, -1, 0):
        yield case(
            f"input-type{dtype}",
            changed(lambda d, g, t=dtype: g["tensor_values"].__setitem__("x", meta(1, 4, dtype=t))),
            f"numbers of type {dtype}",
        )
    big = call("torch.ops.aten.full.default", "mm", size={"as_ints": [100_000, 100_000]}, fill_value={"as_float": 1.0})
    yield case("fill-40g", nodes(big), "fills 40 GB")
    forever = call("torch.ops.aten.randn.default", "mm", size={"as_ints": [2**40]})
    yield case("random-4t", nodes(forever), "4 TB of chance")
    gpu = changed(lambda d, g: g["tensor_values"]["x"].__setitem__("device", {"type": "cuda", "index": 0}))
    yield case("gpu", gpu, "exported on a GPU", "device_not_cpu")
    tree = LEAF.replace("null", '"torch.nn.Module"', 1)
    yield case(
        "tree-type",
        changed(
            lambda d, g: d["graph_module"]["module_call_graph"][0]["signature"].__setitem__("out_spec", f"[1, {tree}]")
        ),
        "an output of another class",
    )
    deep = '{"type": "builtins.list", "context": "null", "children_spec": [' * 3000 + LEAF + "]}" * 3000
    yield case(
        "tree-deep",
        changed(
            lambda d, g: d["graph_module"]["module_call_graph"][0]["signature"].__setitem__("out_spec", f"[1, {deep}]")
        ),
        "an output 3,000 deep",
    )


def _weights() -> Iterator[Case]:
    yield case(
        "weights-short",
        torch_export(data__weights__weight_0=b"\0" * 3),
        "a weight of three bytes for eight numbers",
        "damaged_model",
    )
    yield case("weights-empty", torch_export(data__weights__weight_0=b""), "a weight without bytes")
    # torch.export writes all the memory of a weight that is a slice, so more bytes than it needs are honest.
    yield case(
        "weights-long", torch_export(data__weights__weight_0=bytes(4096)), "a weight with bytes left over", may_run=True
    )
    for word, path in {
        "up": "../../models/model.json",
        "absolute": "/etc/passwd",
        "missing": "weight_7",
        "empty": "",
        "dots": "x/../weight_0",
        "nul": "weight_0\0",
    }.items():
        yield case(f"weights-path-{word}", torch_export(config=weights_config(path_name=path)), f"a weight in {path!r}")
    for word, shape in {"huge": (2**20, 2**20), "negative": (-4, 2), "overflow": (2**62, 2**62)}.items():
        yield case(
            f"weights-{word}",
            torch_export(config=weights_config(tensor_meta=meta(*shape))),
            f"a weight of the size {shape}",
        )
    for word, key, value in (("offset", "storage_offset", {"as_int": 2**40}), ("strides", "strides", [{"as_int": 2**40}, {"as_int": 1}]),
                             ("strides-negative", "strides", [{"as_int": -2}, {"as_int": 1}]), ("layout", "layout", 1), ("type", "dtype", 99)):  # fmt: skip
        yield case(
            f"weights-{word}",
            torch_export(config=weights_config(tensor_meta=meta(4, 2) | {key: value})),
            f"a weight whose {key} is {value}",
        )
    for word, value in {"nan": b"\0\0\xc0\x7f", "inf": b"\0\0\x80\x7f"}.items():
        yield case(
            f"weights-{word}",
            torch_export(data__weights__weight_0=value * 8),
            f"weights are {word}",
            "weights_not_finite",
        )
    yield case(
        "weights-missing", {k: v for k, v in torch_export().items() if "weight_0" not in k}, "no member for a weight"
    )
    yield case("weights-unnamed", torch_export(config={"config": {}}), "a weight that the list does not name")


def _documents() -> Iterator[Case]:
    for word, content in {"empty": b"", "list": b"[]", "garbage": b"{" * 9, "deep": b"[" * 100_000 + b"]" * 100_000,
    "number": b"1" * 1_000_000, "nan": b'{"a": NaN}',
                          "utf16": json.dumps(program()).encode("utf-16"), "keys-twice": b'{"graph_module": 1, "graph_module": 2}'}.items():  # fmt: skip
        yield case(
            f"json-{word}",
            torch_export() | {"m/models/model.json": content},
            f"a graph that is {word}",
            may_run=word == "utf16",
        )
    for member in (
        "archive_format",
        "models/model.json",
        "data/weights/model_weights_config.json",
        "data/sample_inputs/model.pt",
    ):
        yield case(
            f"without-{member.replace('/', '-')}",
            {k: v for k, v in torch_export().items() if k != f"m/{member}"},
            f"without {member}",
        )
    yield case(
        "version-99",
        changed(lambda d, g: d.__setitem__("schema_version", {"major": 99, "minor": 0})),
        "a version of the format that does not exist",
        "newer_format",
    )
    yield case(
        "opset-99",
        changed(lambda d, g: d.__setitem__("opset_version", {"aten": 9999})),
        "a version of the operators that does not exist",
        "newer_opset",
    )
    guards = {
        "class": "L['x'].__class__",
        "power": "9**9**9 == L['x'].size()[0]",
    }
    for word, guard in guards.items():
        guarded = changed(lambda d, g, text=guard: d.__setitem__("guards_code", [text]))
        yield case(f"guards-{word}", guarded, f"a guard that reads {guard[:40]!r}", "code_in_guards")
    yield case(
        "verifier",
        changed(lambda d, g: d.__setitem__("verifiers", ["os.system"])),
        "a check that does not exist",
        may_run=True,
    )
    yield case(
        "compiled",
        torch_export(data__aotinductor__model__model_so=b"\x7fELF"),
        "compiled code",
        "compiled_code",
        "bad_archive",
    )
    yield case("unknown-member", torch_export(odd=b"x"), "a member that is no part of a model")
    yield case("two-models", torch_export(models__second_json=b"{}"), "two models")
