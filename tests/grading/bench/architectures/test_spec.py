"""Descriptions that strangers write: what can be said, and a sentence with the place for what cannot."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.bench.architectures.catalogue import ARCHITECTURES
from grading.bench.architectures.spec import KINDS, MOST_BYTES, load_spec, read_spec
from grading.bench.errors import BenchError
from grading.bench.report import report_of
from tests.parts import ROOT

SCHEMA = json.loads((ROOT / "docs" / "arch-spec.schema.json").read_text())
GUIDE = (ROOT / "docs" / "arch-spec.md").read_text()
ENCODER = {
    "input": [16, 32],
    "layers": [
        {"kind": "layer_norm", "name": "norm"},
        {"kind": "dense", "name": "query", "channels": 32},
        {"kind": "dense", "name": "key", "channels": 32, "inputs": ["norm"]},
        {"kind": "dense", "name": "value", "channels": 32, "inputs": ["norm"]},
        {"kind": "matmul", "inputs": ["query", "key"], "transposed": True, "heads": 4},
        {"kind": "softmax", "name": "weights"},
        {"kind": "matmul", "inputs": ["weights", "value"], "heads": 4},
        {"kind": "dense", "channels": 32, "name": "mixed"},
        {"kind": "add", "inputs": ["input", "mixed"]},
    ],
}
PICTURE = {
    "input": [3, 32, 32],
    "quantised": True,
    "comment": "all that a picture can go through",
    "layers": [
        {
            "kind": "conv",
            "name": "stem",
            "channels": 16,
            "size": [3, 5],
            "stride": 2,
            "padding": [1, 2],
            "activation": "relu6",
        },
        {"kind": "depthwise", "size": 5, "activation": "hard_swish"},
        {"kind": "conv", "name": "narrow", "channels": 16, "groups": 4, "dilation": 2, "size": 3, "bias": False},
        {"kind": "add", "inputs": ["stem", "narrow"], "activation": "relu", "name": "sum"},
        {"kind": "concat", "inputs": ["sum", "narrow", "layer2"]},
        {"kind": "shuffle"},
        {"kind": "scale", "activation": "silu"},
        {"kind": "max_pool", "size": 2},
        {"kind": "slice", "channels": 8, "name": "part"},
        {"kind": "transposed", "channels": 4, "size": 2, "stride": 2},
        {"kind": "resize", "scale": 2},
        {"kind": "mean_pool", "size": 3, "stride": 1, "padding": "same"},
        {"kind": "activation", "activation": "sigmoid", "name": "gate"},
        {"kind": "multiply", "inputs": ["gate", "layer12"]},
        {"kind": "tokens"},
        {"kind": "dense", "channels": 5, "name": "first"},
        {"kind": "global_pool", "inputs": ["part"]},
        {"kind": "flatten", "name": "flat"},
    ],
    "outputs": ["first", "flat"],
}


def counted(spec):
    return report_of(read_spec(spec), size=0, sha256="0" * 64)


def refused(spec):
    with pytest.raises(BenchError) as caught:
        read_spec(spec)
    return caught.value


def layers(*given, size=(3, 8, 8)):
    return {"input": list(size), "layers": list(given)}


def test_a_named_architecture_takes_its_parameters():
    report = counted({"architecture": "mobilenet_v2", "width": 0.5, "resolution": 160})
    assert report.macs / 1e6 == pytest.approx(50, rel=0.02)
    assert report.inputs[0].shape == (1, 3, 160, 160)


def test_the_encoder_of_a_transformer_can_be_said():
    report = counted(ENCODER)
    # four dense layers 16 x 32 x 32, two products of 16 x 16 x 32
    assert report.macs == 4 * 16 * 32 * 32 + 2 * 16 * 16 * 32
    assert report.outputs[0].shape == (1, 16, 32)


def test_every_kind_of_layer_can_be_said():
    assert {layer["kind"] for spec in (ENCODER, PICTURE) for layer in spec["layers"]} == set(KINDS)
    report = counted(PICTURE)
    assert [tensor.shape for tensor in report.outputs] == [(1, 1024, 5), (1, 8)]


@pytest.mark.parametrize(
    "spec", [ENCODER, PICTURE, *({"architecture": name} for name in ARCHITECTURES)], ids=lambda s: str(s)[:40]
)
def test_what_the_reader_takes_the_schema_takes(spec):
    jsonschema.validate(spec, SCHEMA)


@pytest.mark.parametrize("name", [*KINDS, *ARCHITECTURES])
def test_the_guide_explains_every_kind_and_every_architecture(name):
    assert f"`{name}`" in GUIDE


def test_the_examples_of_the_guide_can_be_read():
    examples = [json.loads(text.split("```")[0]) for text in GUIDE.split("```json")[1:]]
    assert len(examples) == 2
    for example in examples:
        jsonschema.validate(example, SCHEMA)
        assert counted(example).macs > 0


CONV = {"kind": "conv", "name": "conv3", "channels": 4}
BAD = {
    "layer 1 \"conv3\", size": layers({**CONV, "size": -3}),
    "layer 1 \"conv3\", stride": layers({**CONV, "stride": 0}),
    "layer 1 \"conv3\", channels": layers({**CONV, "channels": 1.5}),
    "layer 1 \"conv3\", bias": layers({**CONV, "bias": 1}),
    "layer 1 \"conv3\", padding": layers({**CONV, "padding": "full"}),
    "layer 1 \"conv3\", activation": layers({**CONV, "activation": "sin"}),
    "conv has no key 'colour'": layers({**CONV, "colour": 1}),
    "conv needs the key channels": layers({"kind": "conv"}),
    "is no kind of layer": layers({"kind": "lstm"}),
    "another layer has this name": layers(CONV, CONV),
    "without cycles": layers({**CONV, "inputs": ["later"]}, {**CONV, "name": "later", "inputs": ["conv3"]}),
    "3 channels in and 4 out do not divide into 2 groups": layers({**CONV, "groups": 2}),
    "it takes 2 inputs, not 1": layers({"kind": "add"}),
    "do not go together": layers(CONV, {"kind": "add", "inputs": ["input", "conv3"]}),
    "larger than the 8 it slides over": layers({**CONV, "size": 9, "padding": "valid"}),
    "needs a picture": layers({"kind": "conv", "channels": 3}, size=(8,)),
    "columns do not meet": layers({"kind": "matmul", "inputs": ["input", "input"]}, size=(3, 8)),
    "differs in another axis": layers(CONV, {"kind": "max_pool", "size": 2, "name": "p"}, {"kind": "concat", "inputs": ["p", "conv3"]}),
    "expected a list of 1 to": {"input": [3, 8, 8], "layers": []},
    "input: expected": {"input": [3, 8, 8, 8], "layers": [CONV]},
    "the key 'weights' is not known": {**layers(CONV), "weights": []},
    "outputs: expected a list of names": {**layers(CONV), "outputs": ["nobody"]},
    "'lenet' is not known": {"architecture": "lenet"},
    "it has no parameter 'depth'": {"architecture": "mobilenet_v1", "depth": 3},
    "mobilenet_v1, width: expected a number": {"architecture": "mobilenet_v1", "width": 1e9},
    "resnet, depth: expected one of 18": {"architecture": "resnet", "depth": 19},
    "expected an object with the key": [1, 2],
    "layer 1: expected an object": layers("conv"),
    "inputs is a list of 1 to 1,000 names": layers({"kind": "concat", "inputs": ["input"] * 1_001}),
    "names, not 'input'": layers({**CONV, "inputs": "input"}),
    "vision_transformer: with these parameters": {"architecture": "vision_transformer", "heads": 7},
}  # fmt: skip


@pytest.mark.parametrize("said", BAD)
def test_a_refusal_names_the_place(said):
    error = refused(BAD[said])
    assert error.code == "bad_spec"
    assert said in error.message
    assert "docs/arch-spec.md" in error.message


def test_a_network_beyond_any_device_is_refused():
    wide = {"kind": "conv", "channels": 1_048_576, "size": 65_536}
    assert "layer 1" in refused(layers(wide, wide)).message
    long = {"kind": "conv", "channels": 4096, "size": 129}
    assert refused(layers(*[long] * 5_000, size=(4096, 1024, 1024))).code == "too_large"


@pytest.mark.parametrize("layer", [{"kind": "resize", "scale": 16}, {"kind": "concat", "inputs": ["layer1", "layer1"]}])
def test_sizes_that_grow_from_layer_to_layer_are_refused_early(layer):
    many = [{"kind": "conv", "channels": 2}]
    count = len(layer.get("inputs", [0]))
    many += [{**layer, "inputs": [f"layer{index}"] * count} for index in range(1, 9_000)]
    assert "larger than any device" in refused(layers(*many)).message


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"architecture": "mobilenet_v1", "width": NaN}', "NaN is no number"),
        (b'{"architecture": "mobilenet_v1", "width": 1e999}', "expected a number"),
        (b'{"input": [3], "input": [4]}', "a key stands twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "too many digits"),
        (b"{", "line 1, column 2"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_description_is_refused(tmp_path, raw, said):
    path = tmp_path / "network.json"
    path.write_bytes(raw)
    with pytest.raises(BenchError) as caught:
        load_spec(path)
    assert caught.value.code == "bad_spec"
    assert said in caught.value.message


def test_a_mark_that_says_utf_8_is_no_part_of_the_description(tmp_path):
    path = tmp_path / "network.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"architecture": "mobilenet_v1"}).encode())
    assert load_spec(path).operators


def test_a_file_of_ten_megabytes_is_refused_unread(tmp_path):
    path = tmp_path / "network.json"
    path.write_bytes(b" " * 10_000_000)
    with pytest.raises(BenchError) as caught:
        load_spec(path)
    assert caught.value.code == "spec_too_large"
    assert f"{MOST_BYTES:,}" in caught.value.message


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BenchError) as caught:
        load_spec(tmp_path / "nothing.json")
    assert caught.value.code == "file_missing"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["input", "layers", "kind", "channels", "size", "inputs", "name", "architecture", "width", "outputs"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_whatever_is_written_is_read_or_refused_with_a_sentence(raw):
    said = "."
    try:
        read_spec(raw)
    except BenchError as error:
        said = error.message
    assert said.endswith(".")
