"""The few messages of onnx.proto3 that a model needs, as bytes: no library, so that a web process may write one.

Field numbers and types: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. A message is its fields one after the other, each a key
(number of the field and how its value is stored) and the value (https://protobuf.dev/programming-guides/encoding/).
"""

import struct
from collections.abc import Sequence

FLOAT, INT64 = 1, 7
IR_VERSION, OPSET = 8, 17
# AttributeProto.AttributeType
A_FLOAT, A_INT, A_STRING, A_INTS = 1, 2, 3, 7
Attribute = int | float | str | Sequence[int]


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first. Negative numbers are those of 64 bits."""
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def data(field: int, value: bytes) -> bytes:
    """A text, raw bytes, or a message inside a message."""
    return varint(field << 3 | 2) + varint(len(value)) + value


def text(field: int, value: str) -> bytes:
    return data(field, value.encode())


def tensor(name: str, shape: Sequence[int], kind: int, raw: bytes) -> bytes:
    """TensorProto. kind: FLOAT or INT64; raw: little-endian."""
    return b"".join(number(1, size) for size in shape) + number(2, kind) + text(8, name) + data(9, raw)


def value_info(name: str, shape: Sequence[int]) -> bytes:
    """ValueInfoProto of a float tensor."""
    sizes = b"".join(data(1, number(1, size)) for size in shape)
    return text(1, name) + data(2, data(1, number(1, FLOAT) + data(2, sizes)))


def attribute(name: str, value: Attribute) -> bytes:
    """AttributeProto: a whole number, a number, a word, or whole numbers."""
    said = text(1, name)
    if isinstance(value, str):
        return said + text(4, value) + number(20, A_STRING)
    if isinstance(value, float):
        return said + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, A_FLOAT)
    if isinstance(value, int):
        return said + number(3, value) + number(20, A_INT)
    return said + b"".join(number(8, one) for one in value) + number(20, A_INTS)


def node(op: str, inputs: Sequence[str], output: str, attributes: dict[str, Attribute]) -> bytes:
    """NodeProto with one output, named after it."""
    parts = [text(1, name) for name in inputs]
    parts += [text(2, output), text(3, output), text(4, op)]
    return b"".join([*parts, *(data(5, attribute(name, value)) for name, value in attributes.items())])


def model(
    nodes: Sequence[bytes], initializers: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]
) -> bytes:
    """ModelProto."""
    parts = [data(1, one) for one in nodes] + [text(2, "network")]
    parts += (
        [data(5, one) for one in initializers] + [data(11, one) for one in inputs] + [data(12, one) for one in outputs]
    )
    opset = data(8, text(1, "") + number(2, OPSET))
    return number(1, IR_VERSION) + text(2, "milliamp") + data(7, b"".join(parts)) + opset
