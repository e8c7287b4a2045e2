"""Crafted archives, made from a minimal honest one without torch."""

import io
import json
import zipfile

import pytest

from hardware.ondevice.pt2 import Pt2Error, sanitise

META = {"dtype": 7, "sizes": [{"as_int": 1}], "device": {"type": "cpu", "index": None}}
SPEC = '[1, {"type": null, "context": null, "children_spec": []}]'


def program():
    return {
        "graph_module": {
            "graph": {
                "inputs": [],
                "outputs": [],
                "nodes": [
                    {"target": "torch.ops.aten.relu.default", "inputs": [], "metadata": {"nn_module_stack": "x"}}
                ],
                "tensor_values": {"x": META},
                "custom_obj_values": {},
            },
            "signature": {"input_specs": [{"user_input": {"arg": {"as_tensor": {"name": "x"}}}}], "output_specs": []},
            "module_call_graph": [{"fqn": "", "signature": {"in_spec": SPEC, "out_spec": SPEC}}, {"fqn": "a"}],
            "metadata": {"a": 1},
        },
        "guards_code": ["L['x'].size()[0] % 2 == 0"],
    }


def members():
    config = {"config": {"w": {"path_name": "weight_0", "use_pickle": False, "tensor_meta": META}}}
    return {
        "m/archive_format": b"pt2",
        "m/models/model.json": json.dumps(program()).encode(),
        "m/data/weights/model_weights_config.json": json.dumps(config).encode(),
        "m/data/weights/weight_0": b"\0\0\0\0",
        "m/data/constants/model_constants_config.json": b'{"config": {}}',
        "m/data/sample_inputs/model.pt": b"a pickle that would run",
    }


def save(path, content, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return str(path)


def edited(change):
    document, content = program(), members()
    change(document)
    content["m/models/model.json"] = json.dumps(document).encode()
    return content


def test_what_would_run_is_gone_from_the_copy(tmp_path):
    copy = io.BytesIO()
    sanitise(save(tmp_path / "m.pt2", members()), copy)
    with zipfile.ZipFile(copy) as archive:
        cleaned = json.loads(archive.read("m/models/model.json"))
        assert archive.read("m/data/sample_inputs/model.pt") == b""
        assert archive.read("m/data/weights/weight_0") == b"\0\0\0\0"
    assert cleaned["guards_code"] == []
    assert cleaned["graph_module"]["metadata"] == {}
    assert [call["fqn"] for call in cleaned["graph_module"]["module_call_graph"]] == [""]
    assert cleaned["graph_module"]["graph"]["nodes"][0]["metadata"] == {}


GUARDS = [
    "L['y'].size()[0] == L['x'].size()[0]",
    "(L['x'].size()[1]*(L['x'].size()[0] // 2)) != L['d']['a'].stride()[1]",
    "L['args'][0].storage_offset() == 0 and not Max(1, L['n']) >= 2.5",
]
CODE_AS_GUARDS = [
    "__import__('os').system('true')",
    "L['x'].__class__",
    "(lambda: 1)()",
    "9**9**9 == 1",
    "L['a\\'b'] == 1",
    7,
]


@pytest.mark.parametrize("guard", GUARDS)
def test_guards_as_torch_writes_them_pass(tmp_path, guard):
    given = members()
    program = json.loads(given["m/models/model.json"]) | {"guards_code": [guard]}
    sanitise(save(tmp_path / "m.pt2", given | {"m/models/model.json": json.dumps(program).encode()}), io.BytesIO())


@pytest.mark.parametrize("guard", CODE_AS_GUARDS)
def test_guards_that_are_other_code_are_refused(tmp_path, guard):
    given = members()
    program = json.loads(given["m/models/model.json"]) | {"guards_code": [guard]}
    with pytest.raises(Pt2Error) as caught:
        sanitise(save(tmp_path / "m.pt2", given | {"m/models/model.json": json.dumps(program).encode()}), io.BytesIO())
    assert caught.value.code == "code_in_guards"


def node(target):
    return lambda document: document["graph_module"]["graph"]["nodes"][0].update(target=target)


def size(expression):
    def change(document):
        document["graph_module"]["graph"]["tensor_values"]["x"] = META | {
            "sizes": [{"as_expr": {"expr_str": expression, "hint": None}}]
        }

    return change


def argument(value):
    return lambda document: document["graph_module"]["graph"]["nodes"][0].update(inputs=[{"arg": value}])


def device(document):
    document["graph_module"]["graph"]["tensor_values"]["x"] = META | {"device": {"type": "cuda", "index": 0}}


def tree(document):
    spec = '[1, {"type": "os.system", "context": null, "children_spec": []}]'
    document["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = spec


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (node("torch.load"), "custom_operator"),
        (node("torch.ops.aten.from_file.default"), "custom_operator"),
        (node("torch.ops.mine.op.default"), "custom_operator"),
        (node("torch.ops.aten.relu.default.__class__"), "custom_operator"),
        (node("torch.ops.higher_order.cond"), "control_flow"),
        (node("_operator.methodcaller"), "custom_operator"),
        (argument({"as_graph": {}}), "control_flow"),
        (argument({"as_operator": "torch.load"}), "custom_operator"),
        (argument({"as_custom_obj": {}}), "custom_operator"),
        (size("9**9**9**9"), "bad_expression"),
        (size("__import__('os')"), "bad_expression"),
        (size("open"), "bad_expression"),
        (size("1" * 301), "bad_expression"),
        (device, "device_not_cpu"),
        (tree, "custom_operator"),
        (lambda document: document.pop("graph_module"), "bad_archive"),
    ],
)
def test_a_graph_that_is_more_than_a_graph_is_refused(tmp_path, change, code):
    with pytest.raises(Pt2Error) as caught:
        sanitise(save(tmp_path / "m.pt2", edited(change)), io.BytesIO())
    assert caught.value.code == code


@pytest.mark.parametrize("expression", ["Symbol('s77', positive=True, integer=True)", "2*s0 + 1", "FloorDiv(s0, 2)"])
def test_sizes_as_torch_prints_them_pass(tmp_path, expression):
    sanitise(save(tmp_path / "m.pt2", edited(size(expression))), io.BytesIO())


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("m/data/aotinductor/model.so", b"\x7fELF", "compiled_code"),
        ("m/data/constants/custom_obj_0", b"", "custom_operator"),
        ("m/data/constants/opaque_obj_0", b"", "custom_operator"),
        ("m/data/weights/model.pt", b"", "bad_archive"),
        ("m/models/other.json", b"{}", "bad_archive"),
        ("m/../evil", b"", "bad_archive"),
        ("other/archive_version", b"0", "legacy_archive"),
        ("m/archive_format", b"zip", "bad_archive"),
        ("m/data/weights/weight_0", b"", "bad_archive"),
        ("m/models/model.json", b"[" * 100_000, "bad_archive"),
    ],
)
def test_a_member_that_does_not_belong_is_refused(tmp_path, name, data, code):
    with pytest.raises(Pt2Error) as caught:
        sanitise(save(tmp_path / "m.pt2", members() | {name: data}), io.BytesIO())
    assert caught.value.code == code


def test_pickled_weights_are_refused(tmp_path):
    config = {"config": {"w": {"path_name": "weight_0", "use_pickle": True, "tensor_meta": META}}}
    content = members() | {"m/data/weights/model_weights_config.json": json.dumps(config).encode()}
    with pytest.raises(Pt2Error) as caught:
        sanitise(save(tmp_path / "m.pt2", content), io.BytesIO())
    assert caught.value.code == "pickled_weights"


def test_the_older_form_is_refused(tmp_path):
    with pytest.raises(Pt2Error) as caught:
        sanitise(save(tmp_path / "m.pt2", {"version": b"8.2", "serialized_state_dict.json": b""}), io.BytesIO())
    assert caught.value.code in {"legacy_archive", "bad_archive"}


def test_a_compressed_archive_is_refused(tmp_path):
    with pytest.raises(Pt2Error) as caught:
        sanitise(save(tmp_path / "m.pt2", members(), zipfile.ZIP_DEFLATED), io.BytesIO())
    assert caught.value.code == "bad_archive"


def test_a_truncated_archive_is_refused(tmp_path):
    path = tmp_path / "m.pt2"
    save(path, members())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Pt2Error):
        sanitise(str(path), io.BytesIO())
