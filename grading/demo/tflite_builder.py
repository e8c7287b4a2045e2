"""Builds a TFLite file of one subgraph with LiteRT's own flatbuffer schema: no TensorFlow."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from grading.demo.weights import Array

SCHEMA_VERSION = 3
# Version 3 of the depthwise kernel is the first that takes int8 (tensorflow/lite/tools/versioning/op_version.cc).
KERNEL_VERSIONS = {schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3}


@dataclass(frozen=True)
class Scale:
    """real = scale * (stored - zero), with one scale for all, or one for each slice along `axis`."""

    scale: Array
    zero: int = 0
    axis: int = 0


@dataclass
class Builder:
    """Collects tensors, buffers and operators, then writes them."""

    tensors: list[Any] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])  # buffer 0 means: no data
    operators: list[Any] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)

    def activation(self, name: str, shape: tuple[int, ...], kind: int, scale: Scale | None = None) -> int:
        """Add a tensor that is computed; returns its index."""
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), kind, 0
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = [float(value) for value in scale.scale]
            made.quantization.zeroPoint = [scale.zero] * len(scale.scale)
            made.quantization.quantizedDimension = scale.axis
        self.tensors.append(made)
        return len(self.tensors) - 1

    def constant(self, name: str, data: NDArray[Any], kind: int, scale: Scale | None = None) -> int:
        """Add a tensor with its values; returns its index."""
        index = self.activation(name, data.shape, kind, scale)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), dtype=np.uint8)
        self.buffers.append(buffer)
        self.tensors[index].buffer = len(self.buffers) - 1
        return index

    def operator(self, code: int, inputs: list[int], output: int, options: tuple[int, Any]) -> None:
        """Add a step. `options`: the kind from schema.BuiltinOptions with its object."""
        step = schema.OperatorT()
        step.opcodeIndex = self._code(code)
        step.inputs, step.outputs = inputs, [output]
        step.builtinOptionsType, step.builtinOptions = options
        self.operators.append(step)

    def _code(self, code: int) -> int:
        known = [item.builtinCode for item in self.codes]
        if code in known:
            return known.index(code)
        made = schema.OperatorCodeT()
        made.builtinCode = code
        made.deprecatedBuiltinCode = min(code, 127)  # the old field is a byte; readers take the larger of both
        made.version = KERNEL_VERSIONS.get(code, 1)
        self.codes.append(made)
        return len(self.codes) - 1

    def write(self, target: Path, inputs: list[int], outputs: list[int]) -> None:
        """Write the file. Raises OSError."""
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = "main", self.tensors, self.operators
        graph.inputs, graph.outputs = inputs, outputs
        model = schema.ModelT()
        model.version, model.description = SCHEMA_VERSION, "milliamp demo"
        model.subgraphs, model.buffers, model.operatorCodes = [graph], self.buffers, self.codes
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        target.write_bytes(bytes(builder.Output()))
