"""Files of other tools that students hand in: each has a code, and is told what to export instead."""

import io
import json
import pickle
import struct
import warnings
import zipfile

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from grading.bench.errors import BenchError
from grading.bench.formats import sniff


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


def arrays():
    buffer = io.BytesIO()
    np.savez(buffer, np.ones(3), np.ones((2, 2)))
    return buffer.getvalue()


def forest():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pickle.dumps(MLPClassifier((3,), max_iter=1).fit(np.eye(4), [0, 1, 0, 1]))


def safetensors():
    head = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(8)


TVM_GRAPH = json.dumps({"nodes": [{"op": "null", "name": "x"}], "arg_nodes": [0], "heads": [[0, 0, 0]]}).encode()
# specificationVersion 4, a description, neuralNetworkClassifier (field 403).
CORE_ML = b"\x08\x04\x12\x02\x0a\x00" + b"\x9a\x19\x02\x0a\x00"
# saved_model_schema_version 1, then a meta graph.
SAVED_MODEL = b"\x08\x01\x12\x04\x0a\x02\x12\x00"

FILES = {
    "a library of TVM": (b"\x7fELF\x02\x01\x01", "lib.so", "binary_not_model", "before compilation"),
    "a tar of TVM": (b"\0" * 257 + b"ustar\x0000" + b"\0" * 200, "mod.tar", "archive_not_model", "TVM"),
    "parameters of TVM": (struct.pack("<Q", 0xF7E58D4F05049CB7) + bytes(16), "mod.params", "tvm_not_model", "before compilation"),
    "a graph of TVM": (TVM_GRAPH, "mod.json", "tvm_not_model", "before compilation"),
    "the network of TinyEngine": (b'{"name": "MCUNet", "blocks": []}', "net.json", "json_not_model", ".tflite"),
    "a checkpoint of Flower": (arrays(), "round-3.npz", "checkpoint_not_model", "torch.onnx.export"),
    "weights of Flower": (pickle.dumps([np.ones((3, 3))]), "weights.pkl", "checkpoint_not_model", "torch.jit.save"),
    "old weights of Flower": (pickle.dumps([np.ones(3)], 0), "weights.pkl", "checkpoint_not_model", "torch.jit.save"),
    "one array": (b"\x93NUMPY\x01\x00", "w.npy", "checkpoint_not_model", "torch.onnx.export"),
    "an old file of Keras": (b"\x89HDF\r\n\x1a\n", "model.h5", "hdf5_not_model", "TFLiteConverter"),
    "a file of Keras": (zipped("metadata.json", "config.json", "model.weights.h5"), "m.keras", "keras_not_model", "TFLiteConverter"),
    "a SavedModel": (zipped("saved_model.pb", "variables/variables.index"), "m.zip", "savedmodel_not_model", "TFLiteConverter"),
    "a SavedModel in a folder": (zipped("m/saved_model.pb", "m/fingerprint.pb"), "m.zip", "savedmodel_not_model", "tf2onnx"),
    "the graph of a SavedModel": (SAVED_MODEL, "saved_model.pb", "savedmodel_not_model", "tf2onnx"),
    "safetensors": (safetensors(), "model.safetensors", "safetensors_not_model", "torch.jit.save"),
    "a file of PyTorch Mobile": (
        zipped("m/data.pkl", "m/bytecode.pkl", "m/constants.pkl", "m/code/__torch__.py"), "m.ptl", "mobile_not_model", "torch.jit.save",
    ),
    "a package of Core ML": (zipped("Manifest.json", "Data/com.apple.CoreML/model.mlmodel"), "m.mlpackage.zip", "coreml_not_model", ".onnx"),
    "a model of Core ML": (CORE_ML, "m.mlmodel", "coreml_not_model", ".onnx"),
    "a model of scikit-learn": (forest(), "m.joblib", "sklearn_not_model", "skl2onnx"),
    "one that joblib compressed": (b"\x78\x9c\x01\x02", "m.joblib", "pickle_not_model", "skl2onnx"),
    "a state_dict": (zipped("w/data.pkl", "w/data/0"), "w.pth", "pickle_not_model", "torch.export.save"),
    "an old state_dict": (pickle.dumps({"w": 1}, 2), "w.pth", "pickle_not_model", "torch.export.save"),
    "GGUF": (b"GGUF\x03\0\0\0", "m.gguf", "gguf_not_model", ".onnx"),
    "a graph of ncnn": (b"7767517\n75 83\nInput data 0 1 data\n", "m.param", "ncnn_not_model", ".onnx"),
    "weights of ncnn": (b"\0\0\0\0\x12\x34\x56\x78", "m.bin", "weights_not_model", ".onnx"),
    "an engine of TensorRT": (b"ftrt\x4b\0\0\0", "m.engine", "tensorrt_not_model", ".onnx"),
    "an engine of another version": (b"\x01\x02\x03\x04", "m.plan", "tensorrt_not_model", ".onnx"),
}  # fmt: skip


@pytest.mark.parametrize("what", FILES)
def test_it_is_refused_with_what_to_export_instead(tmp_path, what):
    content, name, code, said = FILES[what]
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(BenchError) as caught:
        sniff(path, name)
    assert caught.value.code == code
    assert said in caught.value.message
    assert caught.value.message.endswith(".")


def test_a_checkpoint_under_the_name_of_a_model_is_told_the_same(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(arrays())
    with pytest.raises(BenchError) as caught:
        sniff(path, "model.onnx")
    assert caught.value.code == "checkpoint_not_model"
