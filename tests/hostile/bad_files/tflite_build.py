"""TFLite models as objects of LiteRT's own flatbuffer schema, to change and to write out again."""

import tempfile
from pathlib import Path

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from grading.demo.tflite_builder import Builder
from tests.grading.bench.tiny import CODE, KIND, NONE, one_tflite, tiny_tflite
from tests.hostile.bad_files.case import Case


def base() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return tiny_tflite(Path(folder) / "m").read_bytes()


def model_of(content: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def packed(model: schema.ModelT) -> bytes:
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def one(code: int, *constants, shape=(1, 4), output=(1, 4), options=NONE) -> schema.ModelT:
    with tempfile.TemporaryDirectory() as folder:
        path = one_tflite(Path(folder) / "m", code, constants, shape, output, options)
        return model_of(path.read_bytes())


def case(name: str, model: schema.ModelT | bytes, why: str, *codes: str, may_run: bool = False) -> Case:
    content = model if isinstance(model, bytes) else packed(model)
    return Case(f"tflite-{name}.tflite", content, why, codes, may_run)


def changed(change) -> schema.ModelT:
    model = model_of(base())
    change(model)
    return model


__all__ = ["CODE", "KIND", "Builder", "base", "case", "changed", "model_of", "one", "packed", "schema"]
